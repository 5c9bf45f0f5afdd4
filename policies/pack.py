"""All rules of the pack, the mandatory ones of every environment first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulumi_policy import EnforcementLevel

from policies import (
    administrator_present,
    cookies_secure,
    csrf_enforced,
    data_protected,
    gateway_tls,
    host_https,
    image_registries,
    images_pinned,
    ingress_tls,
    namespace_explicit,
    no_plaintext_secrets,
    pods_restricted,
    postgresql_version,
    provider_explicit,
    redis_standalone,
    release_checkable,
    resource_limits,
    root_keys_contained,
    service_exposure,
    signup_disabled,
    telemetry_off,
)
from policies.checks.rule import Rule

NAME = "label-studio-policies"
FOLDER = Path(__file__).resolve().parent
RULES: tuple[Rule, ...] = (
    signup_disabled.RULE,
    ingress_tls.RULE,
    gateway_tls.RULE,
    host_https.RULE,
    administrator_present.RULE,
    release_checkable.RULE,
    no_plaintext_secrets.RULE,
    root_keys_contained.RULE,
    cookies_secure.RULE,
    csrf_enforced.RULE,
    service_exposure.RULE,
    telemetry_off.RULE,
    redis_standalone.RULE,
    postgresql_version.RULE,
    data_protected.RULE,
    images_pinned.RULE,
    image_registries.RULE,
    pods_restricted.RULE,
    resource_limits.RULE,
    provider_explicit.RULE,
    namespace_explicit.RULE,
)


def config_file(environment: str) -> Path:
    """What to give as ``--policy-pack-config`` for an environment."""
    return FOLDER / f"config.{environment}.json"


def load_config(environment: str) -> Mapping[str, Mapping[str, Any]]:
    """Level and parameters of each policy in an environment."""
    config: dict[str, dict[str, Any]] = json.loads(config_file(environment).read_text())
    return config


def level(rule: Rule, config: Mapping[str, Mapping[str, Any]]) -> EnforcementLevel:
    """How strictly a rule is enforced under a configuration."""
    return EnforcementLevel(config.get(rule.name, {}).get("enforcementLevel", rule.level.value))
