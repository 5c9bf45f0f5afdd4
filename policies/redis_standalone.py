"""Label Studio supports a standalone Redis only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pulumi_policy import Severity

from .checks.environment import environments
from .checks.pods import pods
from .checks.releases import label_studio_release
from .checks.resources import Manifest, Resource, manifests
from .checks.rule import Parameters, Rule
from .checks.values import UNKNOWN, at, mapping

ADDRESS = re.compile(r"rediss?://([^@/,\s]*@)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d+)?(/\d*)?", re.IGNORECASE)
SENTINEL = re.compile(r"sentinel|:26379\b|\bcluster\+|\+cluster", re.IGNORECASE)
SERVER_IMAGE = re.compile(r"(^|/)(redis|valkey|keydb|dragonfly)[^/]*$", re.IGNORECASE)
OTHER_MODE = re.compile(
    r"^\s*(sentinel\s+monitor|cluster-enabled\s+[\"']?yes|replicaof\s|slaveof\s)"
    r"|--(sentinel|cluster-enabled[ =]yes|replicaof|slaveof)\b",
    re.MULTILINE,
)
RESOURCE_KIND = re.compile(r"(redis|valkey)\w*", re.IGNORECASE)
REPLICATED_KIND = re.compile(r".*(cluster|failover|sentinel|replication)", re.IGNORECASE)
ADDRESS_SETTINGS = ("REDIS_LOCATION", "REDIS_URL", "REDIS_HOST")
MEND = "write one standalone server, redis://host:6379/1"


def check(resource: Resource, _: Parameters) -> Iterator[str]:
    """No sentinel, cluster or replication: in addresses, custom resources, servers and their configuration."""
    if release := label_studio_release(resource):
        host = release.get("global", "redisConfig", "host")
        if host not in (None, "", UNKNOWN) and (problem := _address_problem(host)):
            yield f"{release.label}: global.redisConfig.host {problem}; {MEND}"
    for environment in environments(resource, workers=True):
        for name in ADDRESS_SETTINGS:
            for variable in environment.setting(name):
                if isinstance(variable.value, str) and (problem := _variable_problem(variable.name, variable.value)):
                    yield f"{environment.label}: {variable.path} {problem}; {MEND}"
    for manifest in manifests(resource):
        yield from (f"{manifest.label}: {problem}" for problem in _manifest_problems(manifest))
    for pod in pods(resource):
        for container in pod.containers:
            image = container.body.get("image")
            if isinstance(image, str) and SERVER_IMAGE.search(image.partition("@")[0]):
                if at(pod.manifest.body, "spec", "replicas") not in (None, 0, 1, UNKNOWN):
                    yield f"{container.label}: more than one server; write replicas: 1"
                if OTHER_MODE.search(" ".join(container.words)):
                    yield f"{container.label}: its command line starts no standalone server; remove that option"


def _address_problem(address: Any) -> str | None:
    if not isinstance(address, str):
        return "is no text"
    if SENTINEL.search(address):
        return "leads to sentinels or a cluster"
    if "," in address:
        return "lists several hosts"
    return None if ADDRESS.fullmatch(address) else "is no redis:// or rediss:// address of one server"


def _variable_problem(name: str, value: str) -> str | None:
    if name.endswith("HOST") and "://" not in value and "," not in value and not SENTINEL.search(value):
        return None
    return _address_problem(value) if value else None


def _manifest_problems(manifest: Manifest) -> Iterator[str]:
    if manifest.kind == "ConfigMap":
        for key, text in mapping(manifest.body.get("data")).items():
            if isinstance(text, str) and OTHER_MODE.search(text):
                yield f"data.{key} configures no standalone server; remove sentinel, cluster and replica options"
    if manifest.group and RESOURCE_KIND.fullmatch(manifest.kind):
        if REPLICATED_KIND.fullmatch(manifest.kind):
            yield "this kind is no standalone server; use kind Redis with spec.arch: standalone"
        elif (
            _needs_architecture(manifest)
            and at(manifest.body, "spec", "arch") != "standalone"
            and not (manifest.is_patch and at(manifest.body, "spec", "arch") is None)
        ):
            yield "spec.arch must be standalone"


def _needs_architecture(manifest: Manifest) -> bool:
    return "alauda" in manifest.group or at(manifest.body, "spec", "arch") is not None


RULE = Rule(
    name="redis-standalone",
    title="Redis is standalone",
    description="Label Studio supports a standalone Redis only: no sentinels, no cluster, no replicas.",
    remediation="Use one server and its redis:// address; set spec.arch: standalone for the Redis of Data Services.",
    severity=Severity.HIGH,
    check=check,
)
