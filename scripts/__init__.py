"""What workflows and make targets call; every one runs the same on a laptop."""
