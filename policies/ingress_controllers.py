"""An Ingress whose class the stack itself makes: it has to refuse plain http as the class's controller does it."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from . import ingress_tls
from .checks.resources import Manifest
from .checks.rule import CONFIGURED, Parameters
from .checks.stack import Stack, StackRule, Violation
from .checks.values import at

# What each controller calls itself in an IngressClass.
NAMES = {
    "k8s.io/ingress-nginx": "ingress-nginx",
    "nginx.org/ingress-controller": "ingress-nginx",
    "traefik.io/ingress-controller": "traefik",
    "ingress.k8s.aws/alb": "alb",
    "eks.amazonaws.com/alb": "alb",
    "networking.gke.io/ingress-controller": "gce",
    "azure/application-gateway": "agic",
    "haproxy.org/ingress-controller/haproxy": "haproxy",
    "haproxy-ingress.github.io/controller": "haproxy",
    "projectcontour.io/projectcontour/contour": "contour",
    "ingress-controllers.konghq.com/kong": "kong",
    "openshift.io/ingress-to-route": "openshift",
}
DEFAULT = "ingressclass.kubernetes.io/is-default-class"
UNKNOWN_CONTROLLER = "unknown"


def check(stack: Stack, _: Parameters) -> Iterator[Violation]:
    """The policy on Ingresses again, with the classes that the stack makes."""
    classes = [each for each in stack.manifests if each.kind == "IngressClass" and each.group == "networking.k8s.io"]
    if not classes:
        return
    given = dict(CONFIGURED.get(ingress_tls.RULE.name, {}))
    controllers = {str(at(each.body, "metadata", "name")): _controller(each) for each in classes}
    default = next((_controller(each) for each in classes if each.annotations.get(DEFAULT) == "true"), None)
    parameters = {**given, "controllers": {**controllers, **given.get("controllers", {})}}
    if default:
        parameters["defaultController"] = default
    for resource in stack.resources:
        before = set(ingress_tls.RULE.violations(resource, given))
        # A class of the stack whose controller is known here needs no declaration.
        for message in ingress_tls.RULE.violations(resource, parameters):
            if message not in before:
                yield message, resource.urn


def _controller(manifest: Manifest) -> str:
    return NAMES.get(str(at(manifest.body, "spec", "controller")), UNKNOWN_CONTROLLER)


RULE = StackRule(
    name="ingress-controllers",
    title="Ingress classes are what they are called",
    description="An Ingress of a class that the stack makes refuses plain http as the class's controller does it.",
    remediation="Write the annotation with which that controller refuses or redirects plain http.",
    severity=Severity.CRITICAL,
    check=check,
)
