"""Whatever an Ingress serves, it serves with a certificate of its host, and by https alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_policy import Severity

from .checks.controllers import (
    ALB,
    CLASS,
    CONTROLLERS,
    Controller,
    annotation_problem,
    has_certificate,
    plain_http_problems,
)
from .checks.hosts import host_problem, tls_problems
from .checks.releases import Release, label_studio_release
from .checks.resources import Manifest, Resource, manifests
from .checks.rule import Parameters, Rule, reasons
from .checks.values import UNKNOWN, at, is_text, items, mapping

GROUPS = ("networking.k8s.io", "extensions")


@dataclass(frozen=True)
class Front:
    """An Ingress, from a manifest or from values: what answers, for which hosts, with which certificates."""

    class_name: Any
    annotations: Any
    hosts: list[tuple[str, Any]]
    tls: Any
    tls_path: str
    annotations_path: str


def check(resource: Resource, parameters: Parameters) -> Iterator[str]:
    """Release values and Ingresses: a DNS name for a host, a certificate for each, and no plain http."""
    if release := label_studio_release(resource):
        yield from (f"{release.label}: {problem}" for problem in _value_problems(release, parameters))
    for manifest in manifests(resource):
        if manifest.kind == "Ingress" and manifest.group in GROUPS:
            yield from (f"{manifest.label}: {problem}" for problem in _ingress_problems(manifest, parameters))
        if (manifest.group, manifest.kind) == ("networking.gke.io", "FrontendConfig") and not manifest.is_patch:
            yield from _redirect_problems(manifest)


def _redirect_problems(manifest: Manifest) -> Iterator[str]:
    if at(manifest.body, "spec", "redirectToHttps", "enabled") is not True:
        yield f"{manifest.label}: it does not redirect plain http; write spec.redirectToHttps.enabled: true"


def _value_problems(release: Release, parameters: Parameters) -> Iterator[str]:
    root = release.path("app", "ingress")
    enabled = release.get("app", "ingress", "enabled")
    if enabled is False:
        return
    if enabled is not True:
        # To a chart's template every text is true, "false" too, and what is missing is the chart's own choice.
        state = "is missing" if enabled is None else "is no boolean that can be checked"
        yield f"{root}.enabled {state}; write true, with host and tls, or false"
        return
    host = release.get("app", "ingress", "host")
    hosts = [(f"{root}.host", host)]
    for index, extra in enumerate(items(release.get("app", "ingress", "extraHosts"))):
        hosts.append((f"{root}.extraHosts[{index}].name", at(extra, "name")))
    yield from _host_problems(hosts)
    if isinstance(host, str) and host.startswith("*"):
        yield f"{root}.host is a wildcard; the page has one address, write it"
    front = Front(
        release.get("app", "ingress", "className"),
        release.get("app", "ingress", "annotations"),
        hosts,
        release.get("app", "ingress", "tls"),
        f"{root}.tls",
        f"{root}.annotations",
    )
    yield from _front_problems(front, parameters)


def _ingress_problems(manifest: Manifest, parameters: Parameters) -> Iterator[str]:
    spec = manifest.body.get("spec")
    rules = items(at(spec, "rules"))
    hosts = [(f"spec.rules[{index}].host", at(rule, "host")) for index, rule in enumerate(rules)]
    annotations = at(manifest.body, "metadata", "annotations")
    front = Front(at(spec, "ingressClassName"), annotations, hosts, at(spec, "tls"), "spec.tls", "metadata.annotations")
    if at(spec, "defaultBackend") or at(spec, "backend"):
        yield "spec.defaultBackend answers for hosts without a certificate; write rules with hosts instead"
    if manifest.is_patch and not rules and at(spec, "tls") is None:
        # What the patch does not set stays as it is, but the annotations that it sets have to be allowed.
        controller = _controller(front, parameters)
        if controller and front.class_name is not None:
            yield from plain_http_problems(_class(front, parameters), controller, mapping(front.annotations))
        elif front.class_name is not None:
            yield from _front_problems(front, parameters)
        yield from _annotation_problems(front, controller or CONTROLLERS["ingress-nginx"], parameters)
        return
    if not rules:
        yield "spec.rules is missing or empty, so it answers for every host; write one rule for each host"
    yield from _host_problems(hosts)
    yield from _front_problems(front, parameters)


def _front_problems(front: Front, parameters: Parameters) -> Iterator[str]:
    if front.annotations is UNKNOWN:
        yield f"{front.annotations_path} are unknown as a whole; write them out"
    controller = _controller(front, parameters)
    if controller is None:
        yield (
            "its class is one that the policies do not know; say in the parameter controllers which controller it is: "
            f"{', '.join(CONTROLLERS)}"
        )
        return
    annotations = mapping(front.annotations)
    if not controller.is_proxied:
        if not (controller.certificates and _is_balanced(controller, annotations, front.tls)):
            yield from tls_problems(front.hosts, front.tls, front.tls_path)
        yield from plain_http_problems(_class(front, parameters), controller, annotations)
    yield from _annotation_problems(front, controller, parameters)


def _is_balanced(controller: Controller, annotations: Mapping[str, Any], tls: Any) -> bool:
    # AWS finds a certificate by the hosts where none is named and a listener of HTTPS is asked for.
    by_host = controller is ALB and "HTTPS" in str(annotations.get("alb.ingress.kubernetes.io/listen-ports"))
    return has_certificate(controller, annotations) or (by_host and not tls)


def _class(front: Front, parameters: Parameters) -> str:
    given = front.class_name if front.class_name is not None else mapping(front.annotations).get(CLASS)
    return str(given if is_text(given) else parameters["defaultController"])


def _controller(front: Front, parameters: Parameters) -> Controller | None:
    name = _class(front, parameters)
    known = {**{controller: controller for controller in CONTROLLERS}, **DEFAULT_CLASSES, **parameters["controllers"]}
    return CONTROLLERS.get(known.get(name, ""))


def _annotation_problems(front: Front, controller: Controller, parameters: Parameters) -> Iterator[str]:
    for name, value in mapping(front.annotations).items():
        if is_text(parameters["admittedAnnotations"].get(name)):
            continue
        if problem := annotation_problem(controller, name, value):
            yield (
                f"{front.annotations_path}: {problem}, and it may let the page be read by plain http; remove it, or "
                "list it in the parameter admittedAnnotations with a reason"
            )


def _host_problems(hosts: list[tuple[str, Any]]) -> Iterator[str]:
    for path, host in hosts:
        if problem := host_problem(host):
            yield f"{path} {problem}"


# What installations of the controllers call their class unless somebody changes it.
DEFAULT_CLASSES = {
    "nginx": "ingress-nginx",
    "nginx-internal": "ingress-nginx",
    "nginx-external": "ingress-nginx",
    "internal-nginx": "ingress-nginx",
    "public": "ingress-nginx",
    "webapprouting.kubernetes.azure.com": "ingress-nginx",
    "traefik-external": "traefik",
    "traefik-internal": "traefik",
    "gce-internal": "gce",
    "azure-application-gateway": "agic",
    "azure/application-gateway": "agic",
    "openshift-default": "openshift",
}
RULE = Rule(
    name="ingress-tls",
    title="Ingresses speak TLS",
    description="An Ingress has a DNS name for each host, a certificate that covers it, and serves no plain http.",
    remediation="Give app.ingress (labelStudio.ingress in the stack file) a host that is a DNS name, and tls entries "
    "that each have a secretName and hosts, the host among them; say how the controller refuses plain http.",
    severity=Severity.CRITICAL,
    check=check,
    parameters={
        "controllers": {
            "type": "object",
            "additionalProperties": {"type": "string", "enum": list(CONTROLLERS)},
            "default": {},
            "description": "The controller of each ingress class that is not called after it; behind-proxy where a "
            "proxy of the site ends TLS before it.",
        },
        "defaultController": {
            "type": "string",
            "enum": list(CONTROLLERS),
            "default": "ingress-nginx",
            "description": "The controller of an Ingress without a class.",
        },
        "admittedAnnotations": reasons(
            "Annotations of Ingresses besides the known ones", "nginx.ingress.kubernetes.io/server-snippet"
        ),
    },
)
