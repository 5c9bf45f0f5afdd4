"""What several policies need to read a resource: values, manifests, pods, environments, hosts, images."""
