"""A stand-in for `pulumi-resource-kubernetes`: any plain kind, custom resources, and Helm releases by the real helm."""
