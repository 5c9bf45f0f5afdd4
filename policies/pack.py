"""All rules of the pack, the mandatory ones of every environment first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulumi_policy import EnforcementLevel

from . import (
    administrator_present,
    cookies_secure,
    csrf_enforced,
    data_protected,
    environment_readable,
    environment_whole,
    gateway_routes,
    gateway_tls,
    host_https,
    image_registries,
    images_pinned,
    ingress_controllers,
    ingress_tls,
    kinds_known,
    namespace_explicit,
    no_plaintext_secrets,
    one_cluster,
    pods_restricted,
    postgresql_version,
    provider_explicit,
    redis_standalone,
    release_checkable,
    resource_limits,
    rights_limited,
    root_keys_contained,
    root_keys_separate,
    secrets_contained,
    service_exposure,
    signup_disabled,
    telemetry_off,
    unknowns_reported,
)
from .checks.configuration import read_config
from .checks.rule import Rule
from .checks.stack import StackRule

NAME = "label-studio-policies"
FOLDER = Path(__file__).resolve().parent
RULES: tuple[Rule, ...] = (
    kinds_known.RULE,
    signup_disabled.RULE,
    environment_readable.RULE,
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
    rights_limited.RULE,
)
STACK_RULES: tuple[StackRule, ...] = (
    environment_whole.RULE,
    secrets_contained.RULE,
    root_keys_separate.RULE,
    gateway_routes.RULE,
    ingress_controllers.RULE,
    one_cluster.RULE,
    unknowns_reported.RULE,
)


def config_file(environment: str) -> Path:
    """What to give as ``--policy-pack-config`` for an environment."""
    return FOLDER / f"config.{environment}.json"


def load_config(environment: str) -> Mapping[str, Mapping[str, Any]]:
    """Level and parameters of each policy in an environment."""
    return read_config(config_file(environment)).policies


def level(rule: Rule | StackRule, config: Mapping[str, Mapping[str, Any]]) -> EnforcementLevel:
    """How strictly a rule is enforced under a configuration."""
    return EnforcementLevel(config.get(rule.name, {}).get("enforcementLevel", rule.level.value))
