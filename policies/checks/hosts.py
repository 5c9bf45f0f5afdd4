"""Host names, and whether certificates cover them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .values import UNKNOWN, at, is_given, items

LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
DNS_NAME = re.compile(rf"(?=.{{1,253}}$)(\*\.)?({LABEL}\.)+{LABEL}|{LABEL}")
# A host whose last label is a number is an IPv4 address to browsers (URL standard, "ends in a number").
IP_ADDRESS = re.compile(r"\[.*|[^/]*:[^/]*|(.*\.)?(\d+|0x[0-9a-f]*)\.?", re.IGNORECASE)
EXAMPLE = "such as label-studio.example.com"


def host_problem(host: Any) -> str | None:
    """Why a host is no DNS name, in words that do not repeat it; an unknown one is taken for a name."""
    if host is UNKNOWN:
        return None
    if not isinstance(host, str) or not host:
        return f"is missing; write a DNS name {EXAMPLE}"
    if IP_ADDRESS.fullmatch(host):
        return f"is an IP address or has a port; certificates and Ingresses need a DNS name {EXAMPLE}"
    if not DNS_NAME.fullmatch(host):
        return f"is no DNS name; write one {EXAMPLE}, without scheme, port or path"
    return None


def covers(pattern: str, host: str) -> bool:
    """Whether a certificate for ``pattern`` is one for ``host``; a ``*`` stands for one label."""
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:]
    return pattern == host


def tls_problems(hosts: list[tuple[str, Any]], tls: Any, path: str) -> Iterator[str]:
    """What keeps ``hosts`` (path and host of each) from being served with the certificates of the ``tls`` list."""
    if not isinstance(tls, list) or not tls:
        yield f"{path} is {'known only after the update' if tls is UNKNOWN else 'missing or empty'}; " + _MEND
        return
    covered: list[Any] = []
    for index, entry in enumerate(tls):
        if not is_given(at(entry, "secretName")):
            yield f"{path}[{index}] has no secretName; name the Secret of type kubernetes.io/tls with the certificate"
            continue
        entry_hosts = at(entry, "hosts")
        if entry_hosts is UNKNOWN:
            covered.append(UNKNOWN)
        elif not items(entry_hosts):
            yield f"{path}[{index}] has no hosts; list the host that its certificate is for"
        covered += items(entry_hosts)
    for host_path, host in hosts:
        if isinstance(host, str) and UNKNOWN not in covered and not any(covers(str(name), host) for name in covered):
            yield f"no entry of {path} with a secretName lists the host of {host_path}; add it to its hosts"


_MEND = "write one entry with secretName and hosts for each certificate"
