"""What several services share of Kubernetes: names, pods, volumes, network rules, set-up Jobs."""
