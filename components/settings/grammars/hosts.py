"""Names and addresses in networks: DNS names (RFC 1123), IPv4 addresses, networks, and URLs without a path."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import Annotated

from pydantic import BeforeValidator, Field

from .grammar import Grammar
from .kubernetes import SUBDOMAIN

INTERNET = "internet"
ANY = "any"
IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}", re.ASCII)
# Resolvers take a name whose last label is a number for an address, and fail.
NUMERIC_END = re.compile(r"(?:.*\.)?(?:\d+|0[xX][0-9a-fA-F]*)", re.ASCII)
URL_FORM = re.compile(r"(?P<scheme>https?)://(?P<host>[^/:@?#\s\\]+)(?::(?P<port>\d{1,5}))?/?", re.ASCII)
RECEIVER_FORM = re.compile(r"(?P<origin>https?://[^/@?#\s\\]+)(?P<path>/[-A-Za-z0-9._~%/+:,=]{0,1024})?", re.ASCII)
MAXIMUM_PORT = 65535
# Networks are no secrets, and have a form that no credential has.
NEARLY_A_NETWORK = r"[0-9a-fA-F:.]{1,39}(?:/\d{0,3})?"


def _dns_name(value: str) -> str:
    if IPV4.fullmatch(value) or ":" in value:
        raise ValueError("must be a DNS name, not an IP address, such as label-studio.example.com")
    if not re.fullmatch(SUBDOMAIN, value, re.ASCII):
        raise ValueError(DNS_NAME.refusal)
    if NUMERIC_END.fullmatch(value):
        raise ValueError("must be a DNS name whose last part is no number, such as label-studio.example.com")
    return value


def _certificate_host(value: str) -> str:
    return f"*.{_dns_name(value[2:])}" if value.startswith("*.") else _dns_name(value)


def _host(value: str) -> str:
    if "://" in value or "@" in value or "/" in value:
        raise ValueError("must be a host name alone, such as postgres.example.com: no scheme, user, port or path")
    if "," in value:
        raise ValueError("must be one host: write the address that leads to the primary")
    if not is_host(value):
        raise ValueError(HOST.refusal)
    return value


def is_host(value: str) -> bool:
    """Whether it is a DNS name, in letters of any case, or an IPv4 address."""
    if IPV4.fullmatch(value):
        return True
    return bool(re.fullmatch(SUBDOMAIN, value.lower(), re.ASCII)) and not NUMERIC_END.fullmatch(value)


def _origin(value: str) -> str:
    """Scheme, host and port, normalised; ValueError without a sentence for anything else."""
    match = URL_FORM.fullmatch(value)
    port = int(match["port"] or "1") if match else 0
    if not match or not is_host(match["host"]) or not 1 <= port <= MAXIMUM_PORT:
        raise ValueError
    return value.rstrip("/")


def _page_url(value: str) -> str:
    url = _origin(value)
    # Browsers send the Origin header in lower case, which Django compares letter by letter.
    if url != url.lower():
        raise ValueError("must be in lower case, such as https://label-studio.example.com")
    return url


def _s3_url(value: str) -> str:
    if "@" in value:
        raise ValueError("must not contain credentials; name a Secret that holds them")
    return _origin(value)


def _receiver_url(value: str) -> str:
    match = RECEIVER_FORM.fullmatch(value)
    origin, path = (match["origin"], match["path"]) if match else ("", "")
    # Django's URLField, by which Label Studio checks it, takes no name without a dot.
    if "." not in origin:
        raise ValueError(RECEIVER_URL.refusal)
    found = f"{_origin(origin)}{path or '/'}"
    if _is_of_the_node(URL_FORM.fullmatch(origin)):
        raise ValueError("must not lead to the pod itself, or to its node or cloud (127.0.0.0/8, 169.254.0.0/16)")
    return found


def _is_of_the_node(url: re.Match[str] | None) -> bool:
    """Whether the host is an address at which every node finds something else, such as the metadata of its cloud."""
    if not url or not IPV4.fullmatch(url["host"]):
        return False
    address = ip_address(url["host"])
    return address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast


def _address(value: str) -> str:
    if value in {INTERNET, ANY}:
        return value
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        raise ValueError(ADDRESS.refusal) from None
    if not value.isascii() or "%" in value:
        raise ValueError(ADDRESS.refusal)
    if network.prefixlen == 0:
        raise ValueError("is every address there is; write any for that")
    if "/" in value:
        _network(value)
    return str(network)


def _network(value: str) -> str:
    address, slash, length = value.partition("/")
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        raise ValueError(NETWORK.refusal) from None
    if not slash or not length.isdecimal() or not value.isascii() or "%" in value:
        raise ValueError(NETWORK.refusal)
    if ip_network(address).network_address != network.network_address:
        raise ValueError(f"must be a network, {network}, or one address of it without '/'")
    return str(network)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


DNS_NAME = Grammar(
    "DNS name",
    "a DNS name without scheme, port or path",
    ("label-studio.example.com", "localhost", "a-1.b2.example"),
    check=_dns_name,
)
HOST = Grammar(
    "host",
    "a host name or an IPv4 address, without a port",
    ("postgres.example.com", "10.0.0.7", "db"),
    check=_host,
)
URL = Grammar(
    "address of a site",
    "scheme, host and port only",
    ("https://label-studio.example.com", "http://10.0.0.7:8080", "http://localhost:30080"),
    check=_page_url,
)
S3_URL = Grammar(
    "URL of an S3 server",
    "the URL of an S3 server without a path",
    ("https://s3.example.com", "http://minio.storage.svc:9000", "https://10.0.0.7"),
    check=_s3_url,
)
RECEIVER_URL = Grammar(
    "URL of a receiver",
    "a URL with a full host name, without credentials, query and fragment",
    ("https://hooks.example.com/label-studio", "http://receiver.training.svc.cluster.local:8080/", "http://10.0.0.7/a"),
    check=_receiver_url,
)
ADDRESS = Grammar(
    "address or network",
    "an address such as 203.0.113.7, a network such as 10.0.0.0/24, internet or any, "
    "and no host name, which network policies do not know",
    ("203.0.113.7", "10.0.0.0/24", "internet", "any", "2001:db8::/32"),
    check=_address,
    shown=NEARLY_A_NETWORK,
)
NETWORK = Grammar(
    "network",
    "a network in CIDR notation, its length after a '/'",
    ("203.0.113.0/24", "203.0.113.7/32", "2001:db8::/32"),
    check=_network,
    shown=NEARLY_A_NETWORK,
)
DnsName = Annotated[str, DNS_NAME]
CertificateHost = Annotated[
    str,
    Grammar(
        "host of a certificate",
        "a DNS name, or one that begins with '*.' for every name of one level below",
        ("label-studio.example.com", "*.example.com"),
        check=_certificate_host,
    ),
]
HostName = Annotated[str, HOST]
Url = Annotated[str, URL]
HttpUrl = Annotated[str, S3_URL]
ReceiverUrl = Annotated[str, RECEIVER_URL]
Network = Annotated[str, NETWORK]
Address = Annotated[str, ADDRESS]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(_listed), Field(min_length=1, strict=False)]
Port = Annotated[int, Field(ge=1, le=MAXIMUM_PORT)]
