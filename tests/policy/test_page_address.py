"""The page's address, its cookies, its forms and its first user."""

from __future__ import annotations

from typing import Any

import pytest

from policies import administrator_present, cookies_secure, csrf_enforced, host_https, telemetry_off
from policies.checks.rule import Rule
from tests.policy.support import (
    CONTAINER,
    HOST,
    MISSING,
    PASSWORD,
    RELEASE,
    SECRET,
    UNKNOWN,
    VALUES,
    changed,
    deployment,
    expect,
    nested,
    release,
    variable,
    violations,
)

VARS = "global.extraEnvironmentVars"
FROM_SECRET = {"valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}
DEPLOYMENT = "kubernetes:apps/v1:Deployment"


def both(rule: Rule, name: str, value: Any, **config: Any) -> list[list[str]]:
    """What the rule says of a variable in values (of two flavours) and in a container."""
    values = (
        changed(VALUES, f"{VARS}.{name}", value)
        if value is not MISSING or name in VALUES["global"]["extraEnvironmentVars"]
        else VALUES
    )
    return [
        violations(rule, RELEASE, release(values), config=config),
        violations(rule, RELEASE, release(nested(values), "chart-label-studio"), config=config),
        violations(rule, DEPLOYMENT, variable(name, value), config=config),
    ]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (f"https://{HOST}", None),
        (f"https://{HOST}/", None),
        (f"HTTPS://{HOST}", None),
        (UNKNOWN, None),
        (f"http://{HOST}", "is plain http"),
        ("https://203.0.113.7", "is an IP address"),
        ("https://[2001:db8::1]", "is an IP address"),
        ("http://127.0.0.1:8080", "is plain http"),
        ("https://under_score.example.com", "is no DNS name"),
        (HOST, "does not begin with https://"),
        ("", "does not begin with https://"),
        ("ftp://a.example.com", "does not begin with https://"),
        ("https://[", "is no URL"),
        ("https://a.example.com:port", "is no URL"),
        (f"https://user:{SECRET}@{HOST}", "contains a user or password"),
        (MISSING, "is not set"),
    ],
)
def test_address(value: Any, problem: str | None) -> None:
    for messages in both(host_https.RULE, "LABEL_STUDIO_HOST", value):
        expect(messages, problem)


@pytest.mark.parametrize(("value", "problem"), [(None, "is no text"), ([], "is no text"), (True, "does not begin")])
def test_address_of_another_type(value: Any, problem: str) -> None:
    expect(violations(host_https.RULE, RELEASE, release(changed(VALUES, f"{VARS}.LABEL_STUDIO_HOST", value))), problem)


def test_address_from_elsewhere_or_overridden() -> None:
    expect(violations(host_https.RULE, DEPLOYMENT, variable("LABEL_STUDIO_HOST", FROM_SECRET)), "comes from a Secret")
    other = changed(VALUES, f"{VARS}.LABEL_STUDIO_HOST", "https://other.example.com")
    expect(violations(host_https.RULE, RELEASE, release(other)), "is not the host of the ingress")
    over = changed(VALUES, "app.extraEnvironmentVars.LABEL_STUDIO_HOST", f"http://{HOST}")
    expect(violations(host_https.RULE, RELEASE, release(over)), "app.extraEnvironmentVars")
    expect(violations(host_https.RULE, DEPLOYMENT, variable("FRONTEND_HOSTNAME", "http://a.example.com")), "plain http")
    expect(violations(host_https.RULE, DEPLOYMENT, variable("DOMAIN_FROM_REQUEST", "true")), "each request")


@pytest.mark.parametrize(
    ("url", "ingress", "config", "problem"),
    [
        ("http://127.0.0.1:30080", False, {"allowLoopback": True}, None),
        ("http://localhost:30080", False, {"allowLoopback": True}, None),
        ("http://[::1]:30080", False, {"allowLoopback": True}, None),
        ("http://127.0.0.1:30080", False, {}, "is plain http"),
        ("http://127.0.0.1:30080", True, {"allowLoopback": True}, "is plain http"),
        ("http://203.0.113.7", False, {"allowLoopback": True}, "is plain http"),
        ("http://localhost.example.com", False, {"allowLoopback": True}, "is plain http"),
        (MISSING, False, {"required": False}, None),
        (MISSING, False, {"required": True}, "is not set"),
        (MISSING, True, {"required": False}, "is not set"),
    ],
)
def test_address_without_ingress(url: Any, ingress: bool, config: dict[str, Any], problem: str | None) -> None:
    values = changed(changed(VALUES, f"{VARS}.LABEL_STUDIO_HOST", url), "app.ingress.enabled", ingress)
    expect(violations(host_https.RULE, RELEASE, release(values), config=config), problem)


@pytest.mark.parametrize("name", ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"])
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("1", None),
        ("0", "is off"),
        *((text, "is neither 0 nor 1") for text in ("true", "True", "", "yes", "on", "2", "01", SECRET)),
        (UNKNOWN, "known only after the update"),
    ],
)
def test_cookies(name: str, value: Any, problem: str | None) -> None:
    for messages in both(cookies_secure.RULE, name, value):
        expect(messages, problem)


def test_cookies_follow_one_another_and_the_address() -> None:
    rule = cookies_secure.RULE
    expect(both(rule, "CSRF_COOKIE_SECURE", MISSING)[0], None)
    expect(both(rule, "SESSION_COOKIE_SECURE", MISSING)[0], "is not set")
    assert "true" not in str(violations(rule, RELEASE, release(changed(VALUES, f"{VARS}.SESSION_COOKIE_SECURE", 1))))
    expect(violations(rule, RELEASE, release(changed(VALUES, f"{VARS}.SESSION_COOKIE_SECURE", True))), "neither")
    expect(violations(rule, RELEASE, release(changed(VALUES, f"{VARS}.SESSION_COOKIE_SECURE", None))), "is no text")
    expect(violations(rule, DEPLOYMENT, variable("SESSION_COOKIE_SECURE", FROM_SECRET)), "comes from a Secret")
    plain = changed(changed(VALUES, "app.ingress.enabled", False), f"{VARS}.LABEL_STUDIO_HOST", "http://localhost")
    plain = changed(plain, f"{VARS}.SESSION_COOKIE_SECURE", "0")
    plain = changed(plain, f"{VARS}.CSRF_COOKIE_SECURE", "0")
    expect(violations(rule, RELEASE, release(plain)), None)
    expect(violations(rule, RELEASE, release(plain), config={"always": True}), "is off")
    crash = changed(plain, f"{VARS}.SESSION_COOKIE_SECURE", "false")
    expect(violations(rule, RELEASE, release(crash)), "is neither 0 nor 1")
    over = changed(VALUES, "app.extraEnvironmentVars.SESSION_COOKIE_SECURE", "0")
    expect(violations(rule, RELEASE, release(over)), "app.extraEnvironmentVars")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (MISSING, None),
        *((text, None) for text in ("true", "1", "yes")),
        *((text, "is off") for text in ("false", "0", "off")),
        *((text, "does not start with it") for text in ("", "none", SECRET)),
        (UNKNOWN, "known only after the update"),
    ],
)
def test_forms_of_other_sites(value: Any, problem: str | None) -> None:
    for messages in both(csrf_enforced.RULE, "USE_ENFORCE_CSRF_CHECKS", value):
        expect(messages, problem)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (f"https://{HOST}", None),
        (f"https://{HOST}:8443,https://b.example.com", None),
        (UNKNOWN, None),
        (MISSING, "is not set"),
        ("", "not https://"),
        (f"http://{HOST}", "not https://"),
        (HOST, "not https://"),
        ("https://203.0.113.7", "not https://"),
        (f"https://{HOST},http://{HOST}", "not https://"),
        ("https://*.example.com", "a pattern of hosts"),
        ("*", "a pattern of hosts"),
    ],
)
def test_trusted_origins(value: Any, problem: str | None) -> None:
    for messages in both(csrf_enforced.RULE, "CSRF_TRUSTED_ORIGINS", value):
        expect(messages, problem)


def test_forms_and_what_cannot_be_seen() -> None:
    rule = csrf_enforced.RULE
    for value, problem in ((None, "is no text"), ([], "is no text"), (False, "not https://")):
        broken = changed(VALUES, f"{VARS}.CSRF_TRUSTED_ORIGINS", value)
        expect(violations(rule, RELEASE, release(broken)), problem)
    over = changed(VALUES, "app.extraEnvironmentVars.use_enforce_csrf_checks", False)
    expect(violations(rule, RELEASE, release(over)), "is off")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        *((text, None) for text in ("false", "0", "no", "not", "off")),
        *((text, "is on") for text in ("true", "1", "yes")),
        *((text, "does not start with it") for text in ("", "none", SECRET)),
        (MISSING, "is not set"),
        (UNKNOWN, "known only after the update"),
    ],
)
def test_analytics(value: Any, problem: str | None) -> None:
    for messages in both(telemetry_off.RULE, "COLLECT_ANALYTICS", value):
        expect(messages, problem)


@pytest.mark.parametrize("name", ["SENTRY_DSN", "FRONTEND_SENTRY_DSN"])
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", None),
        (MISSING, "the vendor's"),
        ("https://key@sentry.example.com/1", "is not empty"),
        (f"https://{SECRET}@sentry.example.com/1", "is not empty"),
        (UNKNOWN, "is not empty"),
    ],
)
def test_error_reports(name: str, value: Any, problem: str | None) -> None:
    for messages in both(telemetry_off.RULE, name, value):
        expect(messages, problem)


def test_telemetry_of_workers_and_of_overriding_variables() -> None:
    rule = telemetry_off.RULE
    worker = {**CONTAINER, "args": ["python3", "/label-studio/label_studio/manage.py", "rqworker", "low"], "env": []}
    expect(violations(rule, DEPLOYMENT, deployment(worker)), "LABEL_STUDIO_COLLECT_ANALYTICS is not set")
    expect(violations(rule, DEPLOYMENT, variable("SENTRY_DSN", None)), None)
    for value, problem in ((None, "is not empty"), (0, "is not empty"), ({}, "is not empty")):
        expect(violations(rule, RELEASE, release(changed(VALUES, f"{VARS}.SENTRY_DSN", value))), problem)
    over = changed(VALUES, "app.extraEnvironmentVars.LABEL_STUDIO_SENTRY_DSN", "https://a.example.com")
    expect(violations(rule, RELEASE, release(over)), "app.extraEnvironmentVars")


SECRETS = "app.extraEnvironmentSecrets"


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("app.extraEnvironmentVars.LABEL_STUDIO_USERNAME", MISSING, "no administrator"),
        ("app.extraEnvironmentVars.LABEL_STUDIO_USERNAME", "Admin@example.com", "in lower case"),
        ("app.extraEnvironmentVars.LABEL_STUDIO_USERNAME", "admin", "in lower case"),
        ("app.extraEnvironmentVars.LABEL_STUDIO_USERNAME", None, "is no text"),
        ("app.extraEnvironmentVars.LABEL_STUDIO_USERNAME", UNKNOWN, None),
        ("app.extraEnvironmentVars", UNKNOWN, "no administrator"),
        (f"{SECRETS}.LABEL_STUDIO_PASSWORD", MISSING, "no administrator"),
        (f"{SECRETS}.LABEL_STUDIO_PASSWORD", None, "needs both"),
        (f"{SECRETS}.LABEL_STUDIO_PASSWORD", SECRET, "needs both"),
        (f"{SECRETS}.LABEL_STUDIO_PASSWORD", UNKNOWN, None),
        (f"{SECRETS}.LABEL_STUDIO_PASSWORD", {"secretName": "a"}, "needs both"),
        (f"{SECRETS}.LABEL_STUDIO_PASSWORD", {"secretName": "", "secretKey": "b"}, "needs both"),
        (f"{SECRETS}.LABEL_STUDIO_PASSWORD", {"secretName": UNKNOWN, "secretKey": "b"}, None),
        (SECRETS, MISSING, "no administrator"),
        (SECRETS, [], "no administrator"),
        ("app", MISSING, "no administrator"),
        # With sign-up open nobody is locked out; another rule minds that.
        (f"{VARS}.LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK", "false", None),
    ],
)
def test_first_user(path: str, value: Any, problem: str | None) -> None:
    values = changed(VALUES, path, value)
    expect(violations(administrator_present.RULE, RELEASE, release(values)), problem)
    expect(violations(administrator_present.RULE, RELEASE, release(nested(values), "chart-label-studio")), problem)


def test_first_user_from_secrets_alone_and_in_global() -> None:
    rule = administrator_present.RULE
    secrets = changed(VALUES, f"{SECRETS}.LABEL_STUDIO_USERNAME", {"secretName": "a", "secretKey": "email"})
    expect(violations(rule, RELEASE, release(changed(secrets, "app.extraEnvironmentVars", {}))), None)
    shared = changed(changed(VALUES, SECRETS, {}), "global.extraEnvironmentSecrets.LABEL_STUDIO_PASSWORD", PASSWORD)
    expect(violations(rule, RELEASE, release(shared)), None)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("LABEL_STUDIO_USERNAME", MISSING, "no administrator"),
        ("LABEL_STUDIO_PASSWORD", MISSING, "no administrator"),
        ("LABEL_STUDIO_PASSWORD", SECRET, "is written out"),
        ("LABEL_STUDIO_PASSWORD", UNKNOWN, "is written out"),
        (
            "LABEL_STUDIO_PASSWORD",
            {"valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}},
            "must come from a Secret",
        ),
        ("LABEL_STUDIO_PASSWORD", {"valueFrom": {"secretKeyRef": {"name": "a"}}}, "needs both"),
        (
            "LABEL_STUDIO_PASSWORD",
            {"valueFrom": {"secretKeyRef": {"name": "a", "key": "b", "optional": True}}},
            "optional",
        ),
        ("LABEL_STUDIO_PASSWORD", FROM_SECRET, None),
    ],
)
def test_first_user_of_a_container(name: str, value: Any, problem: str | None) -> None:
    expect(violations(administrator_present.RULE, DEPLOYMENT, variable(name, value)), problem)
