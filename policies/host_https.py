"""The address that Label Studio tells browsers is an https one with a name."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from pulumi_policy import Severity

from .checks.environment import Environment, environments, is_serving_https, not_literal
from .checks.hosts import EXAMPLE, host_problem
from .checks.releases import label_studio_release
from .checks.resources import Resource
from .checks.rule import Parameters, Rule
from .checks.values import UNKNOWN

MEND = "write LABEL_STUDIO_HOST: https://label-studio.example.com with the name of the ingress"


def check(resource: Resource, parameters: Parameters) -> Iterator[str]:
    """LABEL_STUDIO_HOST is https with a DNS name, that of the ingress; a loopback address where that is allowed."""
    release = label_studio_release(resource)
    ingress = release is not None and release.get("app", "ingress", "enabled") not in (None, False)
    host = release.get("app", "ingress", "host") if release and ingress else None
    for environment in environments(resource):
        variables = environment.setting("HOST")
        if (
            not variables
            and not environment.may_have_more()
            and (parameters["required"] or is_serving_https(environment, resource))
        ):
            yield f"{environment.label}: LABEL_STUDIO_HOST is not set; {MEND}"
        for variable in [*variables, *environment.setting("FRONTEND_HOSTNAME")]:
            if variable.value is UNKNOWN:
                continue
            loopback = parameters["allowLoopback"] and not ingress
            problem = not_literal(variable.value) or _url_problem(variable.value, loopback, host)
            if problem:
                yield f"{environment.label}: {variable.path} {problem}; {MEND}"
        yield from _request_problems(environment)


def _url_problem(value: str, allow_loopback: bool, ingress_host: object) -> str | None:
    try:
        url = urlsplit(value)
        host = url.hostname
        _ = url.port
    except ValueError:
        return "is no URL"
    if url.scheme not in ("http", "https") or not host:
        return "does not begin with https://, so Label Studio ignores it"
    if url.username or url.password:
        return "contains a user or password"
    if allow_loopback and _is_loopback(host):
        return None
    return _https_problem(url, host, ingress_host)


def _https_problem(url: SplitResult, host: str, ingress_host: object) -> str | None:
    if url.scheme != "https":
        return "is plain http"
    if problem := host_problem(host):
        return f"has a host that {problem.split(';')[0]}"
    if isinstance(ingress_host, str) and host != ingress_host.lower():
        return "is not the host of the ingress"
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _request_problems(environment: Environment) -> Iterator[str]:
    if (environment.text("DOMAIN_FROM_REQUEST") or "").lower() in ("true", "yes", "on", "1"):
        yield (
            f"{environment.label}: DOMAIN_FROM_REQUEST lets each request choose the address in its links; "
            f"remove it and write the page's address, {EXAMPLE}"
        )


RULE = Rule(
    name="host-https",
    title="The page's address is https",
    description="LABEL_STUDIO_HOST is an https:// address with a DNS name, the one of the ingress.",
    remediation="Set LABEL_STUDIO_HOST to https:// and the host of the ingress; it follows from labelStudio.ingress.",
    severity=Severity.CRITICAL,
    check=check,
    parameters={
        "required": {"type": "boolean", "default": True, "description": "Whether the address has to be there."},
        "allowLoopback": {
            "type": "boolean",
            "default": False,
            "description": "Whether http:// is fine for a loopback address without an ingress.",
        },
    },
)
