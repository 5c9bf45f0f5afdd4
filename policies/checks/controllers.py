"""Ingress controllers: where each ends TLS, when it serves plain http as well, and the annotations that may be set.

Allowed values, not forbidden ones. Sources: the controllers' own pages on annotations (Traefik 3, ingress-nginx 1.14,
AWS Load Balancer Controller 2.13, GKE Ingress, Application Gateway Ingress Controller, HAProxy, Contour, Kong,
OpenShift).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .annotations import ANY, NOTES

TRUE = r"(?i:true)"
NUMBER = r"\d+[a-zA-Z]*"
SWITCH = r"(?i:true|false|on|off)"
NAME = r"[\w.@/-]+"
NAMED = "(the name of one)"
CLASS = "kubernetes.io/ingress.class"


@dataclass(frozen=True)
class Controller:
    """``closes`` are annotations of which one must be there for plain http to be refused or redirected, with the value.

    ``certificates`` are annotations that stand for ``spec.tls``: the certificate is the load balancer's.
    """

    prefixes: tuple[str, ...]
    allowed: Mapping[str, str]
    closes: Mapping[str, str]
    certificates: Mapping[str, str]
    is_proxied: bool = False


def _with_prefix(prefix: str, allowed: Mapping[str, str]) -> dict[str, str]:
    return {f"{prefix}/{name}": pattern for name, pattern in allowed.items()}


NGINX = Controller(
    ("nginx.ingress.kubernetes.io",),
    _with_prefix(
        "nginx.ingress.kubernetes.io",
        {
            "(force-)?ssl-redirect": TRUE,
            "proxy-(body-size|buffer-size|max-temp-file-size|busy-buffers-size)": NUMBER,
            "client-(body|header)-buffer-size": NUMBER,
            "proxy-(connect|read|send)-timeout": NUMBER,
            "proxy-next-upstream(-timeout|-tries)?": r"[\w ]+",
            "proxy-(buffering|request-buffering)": SWITCH,
            "proxy-buffers-number": NUMBER,
            "proxy-http-version": r"1\.[01]",
            "proxy-cookie-(path|domain)": ANY,
            "limit-(connections|rps|rpm|rate|rate-after|burst-multiplier)": NUMBER,
            "limit-whitelist": r"[\d./:, a-fA-F]+",
            "(white|allow|deny|black)list-source-range": r"[\d./:, a-fA-F]+",
            "denylist-source-range": r"[\d./:, a-fA-F]+",
            "affinity(-mode)?": r"\w+",
            "session-cookie-(name|path|max-age|expires|change-on-failure|hash)": r"[\w./-]+",
            "session-cookie-secure": TRUE,
            "session-cookie-samesite": r"\w+",
            "ssl-(ciphers|prefer-server-ciphers)": r"[\w:+!-]+",
            "hsts|hsts-max-age|hsts-include-subdomains|hsts-preload": r"\w+",
            "(enable-cors|enable-access-log|enable-rewrite-log|enable-opentelemetry)": SWITCH,
            "cors-allow-(methods|headers|credentials)|cors-max-age|cors-expose-headers": ANY,
            "cors-allow-origin": r"https://[\w.-]+(, ?https://[\w.-]+)*",
            "auth-(type|secret|secret-type|realm|tls-secret|tls-verify-client|tls-verify-depth)": ANY,
            "auth-tls-pass-certificate-to-upstream": SWITCH,
            "auth-(url|signin)": r"https?://.*",
            "auth-(response-headers|cache-key|cache-duration|always-set-cookie|method|signin-redirect-param)": ANY,
            "backend-protocol": r"(?i:https?)",
            "proxy-ssl-(secret|verify|verify-depth|name|server-name|protocols)": ANY,
            "(load-balance|upstream-hash-by)": ANY,
            "(use-regex|service-upstream|from-to-www-redirect|http2-push-preload)": SWITCH,
            "(enable-modsecurity|enable-owasp-core-rules)": SWITCH,
            "x-forwarded-prefix": NAME,
            "connection-proxy-header": ANY,
            "custom-http-errors|default-backend": NAME,
        },
    ),
    {},
    {},
)
TRAEFIK = Controller(
    ("traefik.ingress.kubernetes.io",),
    _with_prefix(
        "traefik.ingress.kubernetes.io",
        {
            r"router\.entrypoints": r"websecure",
            r"router\.tls": TRUE,
            r"router\.tls\.(certresolver|options)": NAME,
            r"router\.tls\.domains\..*": r"[\w.*, -]+",
            r"router\.(middlewares|priority|pathmatcher)": r"[\w.@, -]+",
            r"service\.(passhostheader|nativelb)": SWITCH,
            r"service\.sticky\.cookie(\..*)?": r"[\w/-]+",
            r"service\.serversscheme": r"https?",
            r"service\.serverstransport": NAME,
        },
    ),
    # `router.tls` makes the router answer https only; `websecure` is the entry point with a certificate.
    {
        r"traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
        "traefik.ingress.kubernetes.io/router.tls": "true",
    },
    {},
)
ALB = Controller(
    ("alb.ingress.kubernetes.io",),
    _with_prefix(
        "alb.ingress.kubernetes.io",
        {
            "certificate-arn": r"arn:aws[\w-]*:(acm|iam):.+",
            "listen-ports": ANY,
            "ssl-redirect": r"443",
            "ssl-policy": r"ELBSecurityPolicy-[\w-]+",
            "scheme": r"internal|internet-facing",
            "target-type": r"ip|instance",
            "backend-protocol(-version)?": r"(?i:https?|http[12]|grpc)",
            "(group|healthcheck|load-balancer|target|tags|subnets|security|manage|inbound|wafv?2?|shield|ip|success|unhealthy"
            "|healthy|mutual|customer|minimum|enable|target-node|target-group|wafv2-acl)[\\w.-]*": ANY,
            "auth-.*": ANY,
        },
    ),
    {},
    {"alb.ingress.kubernetes.io/certificate-arn": r"arn:aws[\w-]*:(acm|iam):.+"},
)
GCE = Controller(
    ("networking.gke.io", "ingress.gcp.kubernetes.io", "cloud.google.com", "kubernetes.io/ingress."),
    {
        "kubernetes.io/ingress.allow-http": r"(?i:false)",
        r"kubernetes.io/ingress.(regional-)?(global-)?static-ip-name": NAME,
        "networking.gke.io/managed-certificates": r"[\w., -]+",
        "networking.gke.io/v1beta1.FrontendConfig": NAME,
        "ingress.gcp.kubernetes.io/pre-shared-cert": r"[\w., -]+",
        "networking.gke.io/certmap": NAME,
        "cloud.google.com/(neg|backend-config)": ANY,
    },
    # The policy reads each FrontendConfig of the stack: it has to redirect.
    {"kubernetes.io/ingress.allow-http": "false", "networking.gke.io/v1beta1.FrontendConfig": NAMED},
    {
        "networking.gke.io/managed-certificates": r"[\w., -]+",
        "ingress.gcp.kubernetes.io/pre-shared-cert": r"[\w., -]+",
        "networking.gke.io/certmap": NAME,
    },
)
AGIC = Controller(
    ("appgw.ingress.kubernetes.io",),
    _with_prefix(
        "appgw.ingress.kubernetes.io",
        {
            "ssl-redirect": TRUE,
            "appgw-ssl-certificate": NAME,
            "appgw-ssl-profile": NAME,
            "(backend|request|connection|cookie|use|health-probe|waf|hostname|override|rewrite|appgw)[\\w-]*": ANY,
        },
    ),
    {"appgw.ingress.kubernetes.io/ssl-redirect": "true"},
    {"appgw.ingress.kubernetes.io/appgw-ssl-certificate": NAME},
)
HAPROXY = Controller(
    ("haproxy.org", "haproxy-ingress.github.io"),
    {
        r"haproxy(\.org|-ingress\.github\.io)/(ssl-redirect|force-ssl-redirect)": TRUE,
        r"haproxy(\.org|-ingress\.github\.io)/(timeout-[\w-]+|[\w-]*body-size|[\w-]*rate-limit[\w-]*|balance-algorithm"
        r"|load-balance|check[\w-]*|cookie-persistence|allow-list|whitelist|affinity|hsts[\w-]*|src-ip-header)": ANY,
    },
    {},
    {},
)
CONTOUR = Controller(
    ("projectcontour.io", "ingress.kubernetes.io"),
    {
        r"ingress\.kubernetes\.io/force-ssl-redirect": TRUE,
        r"projectcontour\.io/(response-timeout|num-retries|per-try-timeout|retry-on|tls-minimum-protocol-version"
        r"|tls-cert-namespace|websocket-routes)": ANY,
    },
    {"ingress.kubernetes.io/force-ssl-redirect": "true"},
    {},
)
KONG = Controller(
    ("konghq.com",),
    {
        r"konghq\.com/protocols": r"https",
        r"konghq\.com/(https-redirect-status-code|strip-path|preserve-host|plugins|methods|regex-priority)": ANY,
    },
    {"konghq.com/protocols": "https"},
    {},
)
OPENSHIFT = Controller(
    ("route.openshift.io", "haproxy.router.openshift.io"),
    {
        r"route\.openshift\.io/termination": r"edge|reencrypt",
        r"haproxy\.router\.openshift\.io/(timeout|balance|hsts_header|ip_(white|allow)list|disable_cookies|cookie_name"
        r"|rate-limit-connections[\w.-]*|rewrite-target)": ANY,
    },
    {},
    {},
)
# A proxy of the site's own ends TLS before this controller, and nothing else reaches it.
PROXIED = Controller(
    (*NGINX.prefixes, *TRAEFIK.prefixes),
    {
        **NGINX.allowed,
        **TRAEFIK.allowed,
        "nginx.ingress.kubernetes.io/(force-)?ssl-redirect": SWITCH,
        r"traefik.ingress.kubernetes.io/router\.entrypoints": r"\w+",
        r"traefik.ingress.kubernetes.io/router\.tls": SWITCH,
    },
    {},
    {},
    is_proxied=True,
)
CONTROLLERS = {
    "ingress-nginx": NGINX,
    "traefik": TRAEFIK,
    "alb": ALB,
    "gce": GCE,
    "agic": AGIC,
    "haproxy": HAPROXY,
    "contour": CONTOUR,
    "kong": KONG,
    "openshift": OPENSHIFT,
    "behind-proxy": PROXIED,
}
# Whatever the controller: certificates, names, and what tools note for themselves.
COMMON = {
    **NOTES,
    r"(acme\.)?cert-manager\.io/.+": ANY,
    r"kubernetes\.io/tls-acme": SWITCH,
    r"external-dns\.alpha\.kubernetes\.io/.+": ANY,
    r"kubernetes\.io/ingress\.class": NAME,
}


def annotation_problem(controller: Controller, name: str, value: Any) -> str | None:
    """Why an annotation may not be set so; None where it may."""
    for pattern, allowed in {**COMMON, **controller.allowed}.items():
        if re.fullmatch(pattern, name):
            fits = isinstance(value, str | bool | int) and re.fullmatch(allowed, str(value), re.DOTALL)
            return None if fits else f"{name} has a value that is not allowed for it"
    return _foreign_problem(name, value)


def _foreign_problem(name: str, value: Any) -> str | None:
    """An annotation of another controller changes nothing, but it has to be one that would be right there."""
    for controller in CONTROLLERS.values():
        if not controller.is_proxied and any(name.startswith(prefix) for prefix in controller.prefixes):
            for pattern, allowed in controller.allowed.items():
                if re.fullmatch(pattern, name) and re.fullmatch(allowed, str(value), re.DOTALL):
                    return None
    return f"{name} is an annotation that the policies do not know, or has a value that is not allowed for it"


def has_certificate(controller: Controller, annotations: Mapping[str, Any]) -> bool:
    """Whether the load balancer's own certificate is named."""
    return any(
        isinstance(annotations.get(name), str) and re.fullmatch(pattern, annotations[name])
        for name, pattern in controller.certificates.items()
    )


def plain_http_problems(name: str, controller: Controller, annotations: Mapping[str, Any]) -> Iterator[str]:
    """What is missing for the controller to refuse or redirect plain http."""
    if controller is ALB:
        yield from _alb_problems(annotations)
    elif controller.closes and not any(
        _is_set(annotations.get(annotation), value) for annotation, value in controller.closes.items()
    ):
        first, value = next(iter(controller.closes.items()))
        yield f"{name} also serves plain http unless told otherwise; write {first}: {value}"


def _is_set(given: Any, value: str) -> bool:
    return bool(given) if value == NAMED else str(given).lower() == value


def _alb_problems(annotations: Mapping[str, Any]) -> Iterator[str]:
    listed = annotations.get("alb.ingress.kubernetes.io/listen-ports")
    redirects = str(annotations.get("alb.ingress.kubernetes.io/ssl-redirect")) == "443"
    fix = 'write alb.ingress.kubernetes.io/listen-ports: [{"HTTPS": 443}]'
    if listed is None:
        if not has_certificate(ALB, annotations):
            yield f"alb listens on plain http unless told otherwise; {fix} or certificate-arn"
        return
    try:
        ports = [next(iter(each)) for each in json.loads(str(listed))]
    except (ValueError, TypeError, StopIteration):
        ports = []
    if "HTTPS" not in ports or set(ports) - {"HTTP", "HTTPS"}:
        yield f"alb.ingress.kubernetes.io/listen-ports has no HTTPS; {fix}"
    elif "HTTP" in ports and not redirects:
        yield f"alb.ingress.kubernetes.io/listen-ports has HTTP without ssl-redirect; {fix}, or ssl-redirect: '443'"
