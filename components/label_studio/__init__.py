"""Label Studio: its chart's values and release, queue workers, first administrator, network and scaling rules."""
