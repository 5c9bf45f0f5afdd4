"""An Ingress, and the values that make one, have a DNS name and a certificate for it."""

from __future__ import annotations

from typing import Any

import pytest

from policies.ingress_tls import RULE
from tests.policy.support import (
    HOST,
    METADATA,
    MISSING,
    RELEASE,
    SECRET,
    UNKNOWN,
    VALUES,
    changed,
    each,
    expect,
    nested,
    release,
    violations,
)

INGRESS: dict[str, Any] = {
    "metadata": METADATA,
    "spec": {
        "rules": [{"host": HOST, "http": {"paths": [{"path": "/"}]}}],
        "tls": [{"secretName": "ls-tls", "hosts": [HOST]}],
    },
}
ADDRESSES = ["203.0.113.7", "2001:db8::1", "[2001:db8::1]", "10.1", "0x7f.1", f"{HOST}:8443"]
NO_NAMES = [
    f"https://{HOST}",
    f"{HOST}/path",
    "label_studio.example.com",
    "-a.example.com",
    "A.example.com",
    SECRET,
    " ",
]
HOSTS: list[tuple[Any, str | None]] = [
    (HOST, None),
    *((address, "is an IP address or has a port") for address in ADDRESSES),
    *((name, "is no DNS name") for name in NO_NAMES),
    *((nothing, "is missing") for nothing in (MISSING, None, "", 5, [], {})),
]
TLS: list[tuple[Any, str | None]] = [
    ([{"secretName": "a", "hosts": [HOST]}], None),
    ([{"secretName": UNKNOWN, "hosts": [HOST]}], None),
    ([{"secretName": "a", "hosts": ["*.example.com"]}], None),
    ([{"secretName": "a", "hosts": UNKNOWN}], None),
    ([{"secretName": "a", "hosts": [UNKNOWN]}], None),
    ([{"secretName": "b", "hosts": ["other.example.com"]}, {"secretName": "a", "hosts": [HOST]}], None),
    *((nothing, "missing or empty") for nothing in (MISSING, None, [], {}, "yes", True)),
    (UNKNOWN, "known only after the update"),
    *(([{"hosts": [HOST], **entry}], "has no secretName") for entry in ({}, {"secretName": ""}, {"secretName": None})),
    ([{"hosts": [HOST], "secretName": 7}], "has no secretName"),
    (["ls-tls"], "has no secretName"),
    ([{"secretName": "a"}], "has no hosts"),
    ([{"secretName": "a", "hosts": []}], "has no hosts"),
    ([{"secretName": "a", "hosts": HOST}], "has no hosts"),
    ([{"secretName": "a", "hosts": ["other.example.com"]}], "lists the host"),
    ([{"secretName": "a", "hosts": ["*.other.com"]}], "lists the host"),
    ([{"secretName": "a", "hosts": ["*.com"]}], "lists the host"),
    # The entry that lists the host has no certificate.
    ([{"secretName": "a", "hosts": ["b.example.com"]}, {"hosts": [HOST]}], "lists the host"),
]
ANNOTATIONS: list[tuple[Any, str | None]] = [
    ({}, None),
    (None, None),
    (UNKNOWN, "unknown as a whole"),
    ({"nginx.ingress.kubernetes.io/ssl-redirect": "true"}, None),
    ({"nginx.ingress.kubernetes.io/ssl-redirect": "false"}, "plain http"),
    ({"nginx.ingress.kubernetes.io/ssl-redirect": False}, "plain http"),
    ({"nginx.ingress.kubernetes.io/force-ssl-redirect": "False"}, "plain http"),
    ({"kubernetes.io/ingress.allow-http": "true"}, "plain http"),
    ({"traefik.ingress.kubernetes.io/router.entrypoints": "websecure"}, None),
    ({"traefik.ingress.kubernetes.io/router.entrypoints": "web,websecure"}, "plain http"),
]


def values_problems(path: str, value: Any) -> list[list[str]]:
    values = changed(VALUES, path, value)
    return [
        violations(RULE, RELEASE, release(values)),
        violations(RULE, RELEASE, release(nested(values), "3rdparty/chart-label-studio")),
    ]


def ingress_problems(path: str, value: Any, kind: str = "networking.k8s.io/v1:Ingress") -> list[str]:
    return violations(RULE, f"kubernetes:{kind}", changed(INGRESS, path, value))


@pytest.mark.parametrize(
    ("enabled", "problem"),
    [
        (True, None),
        (False, None),
        *((nothing, "is missing") for nothing in (MISSING, None)),
        *each("is no boolean", "true", "false", "", 1, 0, [], {}, UNKNOWN),
    ],
)
def test_switch(enabled: Any, problem: str | None) -> None:
    for messages in values_problems("app.ingress.enabled", enabled):
        expect(messages, problem)


@pytest.mark.parametrize("path", ["app", "app.ingress"])
@pytest.mark.parametrize("value", [MISSING, None, UNKNOWN, [], "text"])
def test_values_that_say_nothing(path: str, value: Any) -> None:
    for messages in values_problems(path, value):
        expect(messages, "app.ingress.enabled is")


@pytest.mark.parametrize(("host", "problem"), HOSTS)
def test_hosts(host: Any, problem: str | None) -> None:
    for messages in values_problems("app.ingress.host", host):
        expect(messages, problem)
    expect(ingress_problems("spec.rules[0].host", host), problem)


def test_a_host_that_only_the_update_knows_is_asked_for_again() -> None:
    for messages in values_problems("app.ingress.host", UNKNOWN):
        expect(messages, None)
    expect(ingress_problems("spec.rules[0].host", UNKNOWN), None)


@pytest.mark.parametrize(("tls", "problem"), TLS)
def test_certificates(tls: Any, problem: str | None) -> None:
    for messages in values_problems("app.ingress.tls", tls):
        expect(messages, problem)
    expect(ingress_problems("spec.tls", tls), problem)


@pytest.mark.parametrize(("annotations", "problem"), ANNOTATIONS)
def test_annotations(annotations: Any, problem: str | None) -> None:
    for messages in values_problems("app.ingress.annotations", annotations):
        expect(messages, problem)
    expect(ingress_problems("metadata.annotations", annotations), problem)


def test_where_the_values_of_a_flavour_are() -> None:
    plain, under = values_problems("app.ingress.tls", [])
    assert "app.ingress.tls" in plain[0]
    assert "label-studio.app.ingress.tls" in under[0]
    # Values where the chart does not look: the embedded chart knows no `label-studio.app`.
    expect(violations(RULE, RELEASE, release(nested(VALUES), "charts/label-studio")), "app.ingress.enabled is missing")


def test_further_hosts_need_certificates_too() -> None:
    extra = [{"name": "more.example.com", "path": "/"}]
    for messages in values_problems("app.ingress.extraHosts", extra):
        expect(messages, "lists the host of")
    for messages in values_problems("app.ingress.host", "*.example.com"):
        expect(messages, "wildcard")


@pytest.mark.parametrize("kind", ["networking.k8s.io/v1:Ingress", "extensions/v1beta1:Ingress"])
@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("spec.rules", MISSING, "answers for every host"),
        ("spec.rules", UNKNOWN, "answers for every host"),
        ("spec.defaultBackend", {"service": {"name": "x"}}, "without a certificate"),
        ("spec.backend", {"serviceName": "x"}, "without a certificate"),
        ("spec", MISSING, "missing or empty"),
        ("spec", UNKNOWN, "known only after the update"),
        ("spec", None, "missing or empty"),
        ("spec.rules[1]", {"host": "b.example.com"}, "lists the host of spec.rules[1].host"),
        ("spec.rules[1]", {"http": {}}, "spec.rules[1].host is missing"),
        ("metadata", MISSING, None),
    ],
)
def test_ingresses(kind: str, path: str, value: Any, problem: str | None) -> None:
    subject = changed(INGRESS, "spec.rules", [*INGRESS["spec"]["rules"], {}]) if path == "spec.rules[1]" else INGRESS
    expect(violations(RULE, f"kubernetes:{kind}", changed(subject, path, value)), problem)


def test_lists_of_ingresses() -> None:
    listed = {"items": [INGRESS, changed(INGRESS, "spec.tls", [])]}
    expect(violations(RULE, "kubernetes:networking.k8s.io/v1:IngressList", listed), "missing or empty")
