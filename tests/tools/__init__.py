"""Tests that need programs beside Python: shells, make, Go, servers on the loopback."""
