"""Runs a rule as the engine does, over the resources that the tables of this folder change bit by bit."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from pulumi_policy import PolicyProviderResource, PolicyResourceOptions, ResourceValidationArgs
from pulumi_policy.policy import PolicyCustomTimeouts
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policies.checks.resources import Resource
from policies.checks.rule import Rule

UNKNOWN = UNKNOWN_STRING_VALUE
MISSING = object()
RELEASE = "kubernetes:helm.sh/v3:Release"
SECRET = "hunter2-Xq9"
MEND = re.compile(
    r"\b(write|remove|use|put|name|set|give|call|add|take|list|pass|append|keep|refer|must (be|not|come)|has to be"
    r"|needs)\b"
)
HOST = "label-studio.example.com"
RESOURCES = {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}
VARIABLES = {
    "LABEL_STUDIO_HOST": f"https://{HOST}",
    "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
    "SESSION_COOKIE_SECURE": "1",
    "CSRF_COOKIE_SECURE": "1",
    "CSRF_TRUSTED_ORIGINS": f"https://{HOST}",
    "COLLECT_ANALYTICS": "false",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
}
PASSWORD = {"secretName": "ls-administrator", "secretKey": "password"}
VALUES: dict[str, Any] = {
    "global": {
        "image": {"registry": "docker.io", "repository": "heartexlabs/label-studio", "tag": "1.20.0"},
        "pgConfig": {"host": "pg", "password": {"secretName": "pg", "secretKey": "password"}},
        "redisConfig": {"host": "redis://redis:6379/1", "password": {"secretName": "redis", "secretKey": "password"}},
        "extraEnvironmentVars": VARIABLES,
        "extraEnvironmentSecrets": {"SECRET_KEY": {"secretName": "ls-django", "secretKey": "key"}},
        "persistence": {
            "enabled": True,
            "type": "s3",
            "config": {
                "s3": {
                    "bucket": "uploads",
                    "accessKeyExistingSecret": "ls-uploads",
                    "accessKeyExistingSecretKey": "accessKeyId",
                    "secretKeyExistingSecret": "ls-uploads",
                    "secretKeyExistingSecretKey": "secretAccessKey",
                }
            },
        },
    },
    "app": {
        "extraEnvironmentVars": {"LABEL_STUDIO_USERNAME": "admin@example.com"},
        "extraEnvironmentSecrets": {"LABEL_STUDIO_PASSWORD": PASSWORD},
        "service": {"type": "ClusterIP"},
        "ingress": {"enabled": True, "host": HOST, "tls": [{"secretName": "ls-tls", "hosts": [HOST]}]},
        "resources": RESOURCES,
        "nginx": {"resources": RESOURCES},
        "initContainer": {"resources": RESOURCES},
        "containerSecurityContext": {"enabled": True, "runAsUser": 1001, "runAsNonRoot": True},
    },
    "postgresql": {"enabled": False},
}
CONTAINER: dict[str, Any] = {
    "name": "app",
    "image": "docker.io/heartexlabs/label-studio:1.20.0",
    "args": ["label-studio-uwsgi"],
    "resources": RESOURCES,
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "env": [
        *({"name": name, "value": value} for name, value in VARIABLES.items()),
        {"name": "LABEL_STUDIO_USERNAME", "value": "admin@example.com"},
        {
            "name": "LABEL_STUDIO_PASSWORD",
            "valueFrom": {"secretKeyRef": {"name": "ls-administrator", "key": "password"}},
        },
    ],
}
METADATA = {"name": "it", "namespace": "label-studio"}


def changed(tree: Any, path: str, value: Any) -> Any:
    """The tree with ``value`` at ``a.b[0].c``; MISSING takes the key away. Only what is on the path is copied."""
    steps: list[Any] = [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", path)]
    return _changed(tree, steps, value)


def _changed(tree: Any, steps: list[Any], value: Any) -> Any:
    if not steps:
        return value
    copied = list(tree) if isinstance(tree, list) else dict(tree or {})
    step, *rest = steps
    if value is MISSING and not rest:
        del copied[step]
    else:
        inner = copied[step] if isinstance(copied, list) else copied.get(step)
        copied[step] = _changed(inner, rest, value)
    return copied


def each(problem: str | None, *values: Any) -> list[tuple[Any, str | None]]:
    """The same outcome for several values of different types."""
    return [(value, problem) for value in values]


def release(values: Any = None, chart: str = "charts/label-studio", **props: Any) -> dict[str, Any]:
    """The inputs of a release, compliant where nothing else is said."""
    return {"name": "ls", "namespace": "label-studio", "chart": chart, "values": values or VALUES, **props}


def nested(values: Any) -> dict[str, Any]:
    """Values as Alauda's chart takes them."""
    return {"global": values.get("global"), "label-studio": {key: values[key] for key in values if key != "global"}}


def deployment(container: Any = None, **spec: Any) -> dict[str, Any]:
    """The inputs of a Deployment with one container, compliant where nothing else is said."""
    pod = {"containers": [container or CONTAINER], **spec}
    return {"metadata": METADATA, "spec": {"replicas": 1, "template": {"spec": pod}}}


def variable(name: str, value: Any) -> dict[str, Any]:
    """A Deployment whose container has this variable; MISSING takes it away, None leaves its value out."""
    entries = [entry for entry in CONTAINER["env"] if entry["name"] != name]
    if value is not MISSING:
        entries.append(
            {"name": name, **({} if value is None else value if isinstance(value, dict) else {"value": value})}
        )
    return deployment({**CONTAINER, "env": entries})


def violations(
    rule: Rule,
    resource_type: str,
    props: Mapping[str, Any],
    *,
    protect: bool = True,
    provider: str | None = "stack",
    urn: str | None = None,
    config: Mapping[str, Any] | None = None,
) -> list[str]:
    """What a rule finds in one resource, given as the engine gives it: in proxies that raise at unknown values."""
    options = PolicyResourceOptions(protect, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])
    given = provider and PolicyProviderResource("pulumi:providers:kubernetes", {"context": "it"}, "urn", provider)
    arguments = ResourceValidationArgs(
        resource_type,
        unknown_checking_proxy(copy.deepcopy(dict(props))),
        urn or f"urn:pulumi:dev::label-studio::{resource_type}::it",
        "it",
        options,
        given or None,
        config,
    )
    return rule.violations(Resource.of(arguments), config)


def expect(messages: list[str], fragment: str | None) -> None:
    """``None`` stands for no violation; anything else has to be in one of the messages, which tell what to write."""
    if fragment is None:
        assert messages == []
        return
    assert any(fragment in message for message in messages), messages or "no violation"
    assert all(MEND.search(message) for message in messages), messages
    assert all(SECRET not in message for message in messages)
