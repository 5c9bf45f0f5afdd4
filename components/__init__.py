"""The parts of a stack: backing services, Label Studio and its namespace."""
