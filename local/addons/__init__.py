"""What a production-shaped stack expects of its cluster, for tests: operators and an ingress controller."""
