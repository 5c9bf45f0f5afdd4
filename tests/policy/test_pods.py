"""Pods, what they may use, and where everything goes."""

from __future__ import annotations

from typing import Any

import pytest

from policies import namespace_explicit, pods_restricted, provider_explicit, resource_limits
from tests.policy.support import (
    CONTAINER,
    METADATA,
    MISSING,
    RELEASE,
    RESOURCES,
    UNKNOWN,
    VALUES,
    changed,
    deployment,
    each,
    expect,
    nested,
    release,
    violations,
)

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
RESTRICTED = pods_restricted.RULE
CONTEXT = "containers[0].securityContext"
POD = "spec.template.spec"


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("hostNetwork", False, None),
        ("hostNetwork", True, "remove hostNetwork"),
        ("hostPID", True, "remove hostPID"),
        ("hostIPC", UNKNOWN, "remove hostIPC"),
        ("volumes", [{"name": "a", "emptyDir": {}}, {"name": "b", "secret": {"secretName": "x"}}], None),
        ("volumes", [{"name": "a", "hostPath": {"path": "/"}}], "volumes[0] is of type hostPath"),
        ("volumes", [{"name": "a", "nfs": {}}], "volumes[0] is of type nfs"),
        ("volumes", UNKNOWN, None),
        (f"{CONTEXT}", MISSING, "runAsNonRoot: true"),
        (f"{CONTEXT}", None, "runAsNonRoot: true"),
        (f"{CONTEXT}", UNKNOWN, "runAsNonRoot: true"),
        (f"{CONTEXT}.allowPrivilegeEscalation", True, "allowPrivilegeEscalation: false"),
        (f"{CONTEXT}.allowPrivilegeEscalation", MISSING, "allowPrivilegeEscalation: false"),
        (f"{CONTEXT}.allowPrivilegeEscalation", "false", "allowPrivilegeEscalation: false"),
        (f"{CONTEXT}.allowPrivilegeEscalation", UNKNOWN, "allowPrivilegeEscalation: false"),
        (f"{CONTEXT}.privileged", True, "remove securityContext.privileged"),
        (f"{CONTEXT}.capabilities", MISSING, "drop: [ALL]"),
        (f"{CONTEXT}.capabilities.drop", ["NET_RAW"], "drop: [ALL]"),
        (f"{CONTEXT}.capabilities.add", ["NET_BIND_SERVICE"], None),
        (f"{CONTEXT}.capabilities.add", ["SYS_ADMIN"], "remove securityContext.capabilities.add"),
        (f"{CONTEXT}.runAsNonRoot", False, "runAsNonRoot: true"),
        (f"{CONTEXT}.runAsUser", 0, "is root"),
        (f"{CONTEXT}.runAsUser", 1001, None),
        (f"{CONTEXT}.seccompProfile", MISSING, "seccompProfile.type"),
        (f"{CONTEXT}.seccompProfile.type", "Unconfined", "seccompProfile.type"),
        (f"{CONTEXT}.procMount", "Unmasked", "procMount"),
        (f"{CONTEXT}.seLinuxOptions", {"user": "x"}, "seLinuxOptions"),
        (f"{CONTEXT}.appArmorProfile", {"type": "Unconfined"}, "appArmorProfile"),
        ("containers[0].ports", [{"containerPort": 80, "hostPort": 80}], "remove hostPort"),
        ("securityContext", {"sysctls": [{"name": "kernel.msgmax"}]}, "sysctls"),
        ("securityContext", {"runAsUser": 0}, "is root"),
        ("containers", UNKNOWN, "containers cannot be read"),
        ("containers", MISSING, "containers cannot be read"),
        ("containers", [], "containers cannot be read"),
        ("containers[0]", UNKNOWN, "containers cannot be read"),
    ],
)
def test_pods(path: str, value: Any, problem: str | None) -> None:
    props = changed(deployment(), f"{POD}.{path}", value)
    expect(violations(RESTRICTED, DEPLOYMENT, props), problem)
    expect(violations(RESTRICTED, "kubernetes:core/v1:Pod", {"spec": props["spec"]["template"]["spec"]}), problem)


def test_pods_inherit_and_set_up_first() -> None:
    bare = changed(
        changed(CONTAINER, "securityContext.runAsNonRoot", MISSING), "securityContext.seccompProfile", MISSING
    )
    pod = {"securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}}
    expect(violations(RESTRICTED, DEPLOYMENT, deployment(bare)), "runAsNonRoot")
    expect(violations(RESTRICTED, DEPLOYMENT, deployment(bare, **pod)), None)
    overridden = changed(CONTAINER, "securityContext.runAsNonRoot", False)
    expect(violations(RESTRICTED, DEPLOYMENT, deployment(overridden, **pod)), "runAsNonRoot")
    for kind in ("initContainers", "ephemeralContainers"):
        expect(violations(RESTRICTED, DEPLOYMENT, deployment(**{kind: [{"name": "x"}]})), "container x")
    expect(violations(RESTRICTED, DEPLOYMENT, {"spec": UNKNOWN}), "cannot be read")
    expect(violations(RESTRICTED, "kubernetes:batch/v1:CronJob", {"spec": {"jobTemplate": None}}), "cannot be read")


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        ({"pod-security.kubernetes.io/enforce": "restricted"}, None),
        *(
            ({"pod-security.kubernetes.io/enforce": level}, "enforce: restricted")
            for level in ("baseline", UNKNOWN, "", None)
        ),
        *each("enforce: restricted", {}, None, UNKNOWN, []),
    ],
)
def test_namespaces(labels: Any, problem: str | None) -> None:
    props = {"metadata": {"name": "a", "labels": labels}}
    expect(violations(RESTRICTED, "kubernetes:core/v1:Namespace", props), problem)
    baseline = {"metadata": {"name": "a", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    levels = {"levels": ["baseline"]}
    expect(violations(RESTRICTED, "kubernetes:core/v1:Namespace", baseline, config=levels), None)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("app.containerSecurityContext", MISSING, None),
        ("app.containerSecurityContext", None, None),
        ("app.containerSecurityContext.enabled", False, "enabled must be true"),
        ("app.containerSecurityContext.enabled", "false", "enabled must be true"),
        ("app.containerSecurityContext.runAsUser", 0, "must not be root"),
        ("app.containerSecurityContext.runAsUser", "0", "must not be root"),
        ("app.containerSecurityContext.runAsUser", UNKNOWN, None),
        ("app.containerSecurityContext.runAsNonRoot", False, "runAsNonRoot must be true"),
        ("app.containerSecurityContext.privileged", True, "privileged must be false"),
        ("app.containerSecurityContext.allowPrivilegeEscalation", True, "allowPrivilegeEscalation must be false"),
        ("app.containerSecurityContext.capabilities", {"add": ["SYS_ADMIN"]}, "capabilities.add must be empty"),
        ("app.podSecurityContext", {"runAsUser": 0}, "app.podSecurityContext.runAsUser"),
    ],
)
def test_values(path: str, value: Any, problem: str | None) -> None:
    values = changed(VALUES, path, value)
    expect(violations(RESTRICTED, RELEASE, release(values)), problem)
    expect(violations(RESTRICTED, RELEASE, release(nested(values), "chart-label-studio")), problem)


LIMITS = resource_limits.RULE
BROKEN: list[tuple[str, Any, str | None]] = [
    ("limits.memory", "2Gi", None),
    ("limits.memory", UNKNOWN, None),
    ("limits.cpu", 2, None),
    ("limits.cpu", 0.5, None),
    ("limits", UNKNOWN, None),
    *(("limits.memory", nothing, "lacks limits.memory") for nothing in (MISSING, None, "", "0", 0, True, [], {})),
    ("limits", MISSING, "lacks limits.cpu, limits.memory"),
    ("requests", None, "lacks requests.cpu, requests.memory"),
    ("requests", [], "lacks requests.cpu, requests.memory"),
]


@pytest.mark.parametrize(("path", "value", "problem"), BROKEN)
def test_limits(path: str, value: Any, problem: str | None) -> None:
    resources = changed(RESOURCES, path, value)
    container = {**CONTAINER, "resources": resources}
    expect(violations(LIMITS, DEPLOYMENT, deployment(container)), problem)
    expect(violations(LIMITS, DEPLOYMENT, deployment(initContainers=[container])), problem)
    expect(
        violations(LIMITS, "kubernetes:minio.min.io/v2:Tenant", {"spec": {"pools": [{"resources": resources}]}}),
        problem,
    )
    for kind in ("postgresql.cnpg.io/v1:Cluster", "acid.zalan.do/v1:postgresql", "middleware.alauda.io/v1:Redis"):
        expect(violations(LIMITS, f"kubernetes:{kind}", {"spec": {"resources": resources}}), problem)
    store = {"spec": {"instanceSidecarConfiguration": {"resources": resources}}}
    expect(violations(LIMITS, "kubernetes:barmancloud.cnpg.io/v1:ObjectStore", store), problem)
    for key in ("app.resources", "app.nginx.resources", "app.initContainer.resources"):
        values = changed(VALUES, key, resources)
        expect(violations(LIMITS, RELEASE, release(values)), problem)
        expect(violations(LIMITS, RELEASE, release(nested(values), "chart-label-studio")), problem)


def test_limits_that_are_not_there_at_all() -> None:
    expect(violations(LIMITS, DEPLOYMENT, deployment({"name": "app"})), "lacks requests.cpu")
    expect(violations(LIMITS, RELEASE, release(changed(VALUES, "app.resources", MISSING))), "app.resources lacks")
    expect(violations(LIMITS, "kubernetes:postgresql.cnpg.io/v1:Cluster", {}), "spec.resources lacks")
    expect(violations(LIMITS, DEPLOYMENT, {}), "cannot be read")


PROVIDER = provider_explicit.RULE


@pytest.mark.parametrize(
    ("kind", "provider", "problem"),
    [
        ("kubernetes:core/v1:Secret", "stack", None),
        ("kubernetes:core/v1:Secret", "default_4_34_2", "default provider"),
        ("kubernetes:core/v1:Secret", "default", "default provider"),
        ("kubernetes:core/v1:Secret", None, "default provider"),
        ("kubernetes:postgresql.cnpg.io/v1:Cluster", "default", "default provider"),
        (RELEASE, "default", "default provider"),
        ("kubernetes:helm.sh/v4:Chart", None, None),
        ("random:index/randomPassword:RandomPassword", "default", None),
        ("label-studio:redis:Redis", None, None),
    ],
)
def test_providers_of_resources(kind: str, provider: str | None, problem: str | None) -> None:
    expect(violations(PROVIDER, kind, {}, provider=provider), problem)


@pytest.mark.parametrize(
    ("context", "problem"),
    [("prod", None), (UNKNOWN, None), *((nothing, "cluster.context") for nothing in ("", " ", None, MISSING, 5, []))],
)
def test_providers_are_pinned(context: Any, problem: str | None) -> None:
    props = {} if context is MISSING else {"context": context}
    expect(violations(PROVIDER, "pulumi:providers:kubernetes", props), problem)
    expect(violations(PROVIDER, "pulumi:providers:random", {}), None)


NAMESPACE = namespace_explicit.RULE


@pytest.mark.parametrize(
    ("namespace", "problem"),
    [
        ("label-studio", None),
        (UNKNOWN, None),
        *((nothing, "is missing") for nothing in ("", None, MISSING, 5, [])),
        ("default", "shared with everything else"),
        ("kube-system", "shared with everything else"),
    ],
)
def test_where_resources_go(namespace: Any, problem: str | None) -> None:
    given = {} if namespace is MISSING else {"namespace": namespace}
    expect(violations(NAMESPACE, "kubernetes:core/v1:ConfigMap", {"metadata": {"name": "a", **given}}), problem)
    expect(violations(NAMESPACE, "kubernetes:minio.min.io/v2:Tenant", {"metadata": given}), problem)
    expect(violations(NAMESPACE, RELEASE, {**changed(release(), "namespace", MISSING), **given}), problem)
    expect(violations(NAMESPACE, "kubernetes:core/v1:ConfigMapList", {"items": [{"metadata": given}]}), problem)


def test_what_has_no_namespace() -> None:
    for kind in ("core/v1:Namespace", "rbac.authorization.k8s.io/v1:ClusterRole", "storage.k8s.io/v1:StorageClass"):
        expect(violations(NAMESPACE, f"kubernetes:{kind}", {"metadata": METADATA}), None)
    expect(violations(NAMESPACE, "kubernetes:core/v1:ConfigMap", {}), "is missing")
    expect(violations(NAMESPACE, "kubernetes:core/v1:ConfigMap", {"metadata": UNKNOWN}), None)
    expect(violations(NAMESPACE, "random:index/randomPassword:RandomPassword", {}), None)
