"""Faults under load: what a stack does when it is hurt, and what it loses."""
