"""What goes wrong between the cluster and the machine that it runs on."""

from __future__ import annotations


class ClusterError(RuntimeError):
    """The machine or the cluster refused; the message says what, with the words of whoever did."""
