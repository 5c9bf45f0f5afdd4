"""Where servers outside of the stack are: network policies know addresses and namespaces, but no host names."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

INTERNET = "internet"
ANY = "any"
AMAZON = "https://s3.{region}.amazonaws.com"


def _address(value: str) -> str:
    if value in {INTERNET, ANY}:
        return value
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        raise ValueError(
            "must be an address such as 203.0.113.7, a network such as 10.0.0.0/24, internet or any, "
            "and no host name: network policies know none"
        ) from None
    if network.prefixlen == 0:
        raise ValueError("is every address there is; write any for that")
    if "/" in value and ip_address(value.partition("/")[0]) != network.network_address:
        raise ValueError(f"must be a network, {network}, or one address of it without '/'")
    return str(network)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Address = Annotated[str, AfterValidator(_address)]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(_listed), Field(min_length=1)]
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


def host_and_port(url: str) -> tuple[str, int]:
    """Of an http or https URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme]
