"""A pack that does not even start."""

raise RuntimeError("this pack does not start")
