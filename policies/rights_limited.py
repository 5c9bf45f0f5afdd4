"""Rights in the cluster are written out one by one: a wildcard gives those of tomorrow too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pulumi_policy import Severity

from .checks.resources import Manifest, Resource, manifests
from .checks.rule import Parameters, Rule, reasons
from .checks.values import UNKNOWN, at, is_text, items

GROUP = "rbac.authorization.k8s.io"
ROLES = {"Role", "ClusterRole"}
BINDINGS = {"RoleBinding", "ClusterRoleBinding"}
# Verbs that give their holder any other right.
ESCALATING = {"*", "escalate", "bind", "impersonate"}
# Whoever may do this, by any verb, gets what others in the namespace have: their processes, their tokens.
REACHING = {
    *("pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "pods/ephemeralcontainers", "services/proxy"),
    *("nodes/proxy", "serviceaccounts/token", "certificatesigningrequests/approval"),
}
# Whoever writes these decides on pods, and a pod may mount each Secret of its namespace and run as each account.
DECIDING = {
    *("pods", "podtemplates", "replicationcontrollers", "deployments", "replicasets", "statefulsets", "daemonsets"),
    *("jobs", "cronjobs"),
    *("mutatingwebhookconfigurations", "mutatingadmissionpolicies", "mutatingadmissionpolicybindings"),
}
WRITING = {"create", "update", "patch"}
# The API server ignores names for these verbs (kubernetes.io/docs/reference/access-authn-authz/rbac).
NAMELESS = {"create", "list", "watch", "deletecollection"}
ADMINISTRATORS = {"cluster-admin", "admin"}
EVERYBODY = {"system:anonymous", "system:unauthenticated", "system:authenticated", "system:serviceaccounts"}


def check(resource: Resource, parameters: Parameters) -> Iterator[str]:
    """Roles list verbs and resources; bindings give no administrator's role and nothing to everybody."""
    for manifest in manifests(resource):
        if manifest.group == GROUP and manifest.kind in ROLES:
            yield from (f"{manifest.label}: {problem}" for problem in _role_problems(manifest, parameters))
        if manifest.group == GROUP and manifest.kind in BINDINGS:
            yield from (f"{manifest.label}: {problem}" for problem in _binding_problems(manifest))


def _role_problems(manifest: Manifest, parameters: Parameters) -> Iterator[str]:
    if manifest.body.get("aggregationRule"):
        yield "aggregationRule adds rights that are not written here; remove it and list the rules"
    for index, rule in enumerate(items(manifest.body.get("rules"))):
        if ESCALATING & _texts(at(rule, "verbs")):
            yield f"rules[{index}].verbs gives every right; list the verbs that are needed"
        if "*" in _texts(at(rule, "resources")) | _texts(at(rule, "nonResourceURLs")):
            yield f"rules[{index}].resources are all there are; list those that are needed"
        for right in _reaching(rule):
            place = f"{manifest.label} {right}"
            if not is_text(parameters["admittedRights"].get(place)):
                yield (
                    f"rules[{index}] gives {right}, and with it what others have; name the objects in resourceNames "
                    f"where that is enough, or list '{place}' in the parameter admittedRights with a reason"
                )


def _reaching(rule: Any) -> Iterator[str]:
    """The resources by which the rule's holder gets more than the rule says."""
    verbs = _texts(at(rule, "verbs"))
    is_named = bool(items(at(rule, "resourceNames"))) and not verbs & NAMELESS
    for resource in sorted(_texts(at(rule, "resources"))):
        is_wide = resource == "secrets" or (resource in DECIDING and bool(verbs & WRITING))
        if resource in REACHING or (is_wide and not is_named):
            yield resource


def _binding_problems(manifest: Manifest) -> Iterator[str]:
    role = at(manifest.body, "roleRef", "name")
    if role in ADMINISTRATORS or role is UNKNOWN:
        yield "roleRef gives an administrator's rights; name a role with those that are needed"
    for index, subject in enumerate(items(manifest.body.get("subjects"))):
        if str(at(subject, "name")).rpartition(":")[0] in EVERYBODY or at(subject, "name") in EVERYBODY:
            yield f"subjects[{index}] is everybody; name a service account"


def _texts(value: Any) -> set[str]:
    return {str(each) for each in items(value)}


RULE = Rule(
    name="rights-limited",
    title="Rights are limited",
    description="Roles list the rights that they give, and no binding makes an administrator.",
    remediation="List verbs and resources in the role, and bind it to a service account.",
    severity=Severity.HIGH,
    check=check,
    parameters={
        "admittedRights": reasons(
            "Rights, by role and resource, that reach what others have", "Role restarter deployments"
        )
    },
)
