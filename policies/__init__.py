"""Policies over a Label Studio stack: one rule a file, each a pure check over a resource or a rendered manifest."""
