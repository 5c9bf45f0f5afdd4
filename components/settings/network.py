"""Where servers outside of the stack are: network policies know addresses and namespaces, but no host names."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

AMAZON = "https://s3.{region}.amazonaws.com"


ADDRESSES = "Its addresses and networks, for network policies; or internet for every public one, or any."


def namespace_of(host: str, cluster_domain: str) -> str | None:
    """The namespace of a Service of the cluster, by its name in DNS; None for every other host."""
    *names, last = host.rstrip(".").removesuffix(f".{cluster_domain}").split(".")
    return names[-1] if len(names) >= 2 and last == "svc" else None


def network_of(host: str) -> str | None:
    """The network of one address that a host is written as; None for a name."""
    try:
        return str(ip_network(ip_address(host)))
    except ValueError:
        return None


def is_named(host: str, cluster_domain: str) -> bool:
    """Whether only DNS knows where the host is, so that network policies must be told."""
    return namespace_of(host, cluster_domain) is None and network_of(host) is None


def is_loopback(url: str) -> bool:
    """Whether it is plain http to the machine of whoever asks; behind a proxy with TLS the host has a meaning."""
    parts = urlsplit(url)
    try:
        return parts.scheme == "http" and ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.scheme == "http" and parts.hostname == "localhost"


def host_and_port(url: str) -> tuple[str, int]:
    """Of an http or https URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme]
