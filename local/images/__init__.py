"""Container images of the embedded platform, built without a container engine."""
