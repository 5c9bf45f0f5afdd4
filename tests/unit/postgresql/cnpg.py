"""A CloudNativePG cluster on mocks, for the tests of the cluster and of its backups."""

from __future__ import annotations

from typing import Any

import pulumi

from components.kubernetes.backing_service import VolumeClaim
from components.postgresql import CnpgArgs, PostgreSQL
from tests.unit.pulumi_mocks import Program, RegisteredResource, run_program

CLUSTER = "kubernetes:postgresql.cnpg.io/v1:Cluster"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
RESOURCES = {"requests": {"cpu": "1", "memory": "4Gi"}, "limits": {"cpu": "2", "memory": "4Gi"}}


def args(**overrides: Any) -> CnpgArgs:
    values: dict[str, Any] = {
        "namespace": pulumi.Output.from_input("stack"),
        "image": "ghcr.io/cloudnative-pg/postgresql:17.12-standard-trixie",
        "rollout_image": "docker.io/heartexlabs/label-studio:1",
        "client_image": "docker.io/library/postgres:17.12-trixie",
        "version": 17,
        "storage": VolumeClaim(size="50Gi", storage_class="fast"),
        "resources": RESOURCES,
    }
    return CnpgArgs(**{**values, **overrides})


def deploy(**overrides: Any) -> Program:
    return run_program(lambda: PostgreSQL("db", args(**overrides)))


def allowed(policy: RegisteredResource, direction: str) -> set[int]:
    """The ports that a network policy lets through; none where the rule is for all of them."""
    return {port["port"] for rule in policy.inputs["spec"][direction] for port in rule.get("ports", [])}


def empty_paths(value: Any, path: str = "") -> list[str]:
    """Where something is that says nothing: None, or an empty list or mapping."""
    if isinstance(value, dict):
        members = [found for key, member in value.items() for found in empty_paths(member, f"{path}.{key}")]
        return members if value else [path]
    if isinstance(value, list):
        return [found for member in value for found in empty_paths(member, path)] if value else [path]
    return [path] if value is None else []
