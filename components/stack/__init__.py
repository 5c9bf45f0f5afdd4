"""The whole stack: its settings, what waits for what, and what it tells."""
