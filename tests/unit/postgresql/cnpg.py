"""A CloudNativePG cluster on mocks, for the tests of the cluster and of its backups."""

from __future__ import annotations

from typing import Any

import pulumi

from components.kubernetes.context import StackContext
from components.postgresql import CnpgPostgres, PostgreSQL
from components.settings.base import Resources, Storage
from components.settings.rotation import Rotation
from tests.unit.pulumi_mocks import Program, RegisteredResource, run_program

CLUSTER = "kubernetes:postgresql.cnpg.io/v1:Cluster"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"


def cluster_settings(**overrides: Any) -> CnpgPostgres:
    values: dict[str, Any] = {
        "backend": "cnpg",
        "storage": Storage(size="50Gi", storage_class="fast"),
        "resources": Resources(cpu_request="1", cpu_limit="2", memory="4Gi"),
    }
    return CnpgPostgres(**{**values, **overrides})


def deploy(**overrides: Any) -> Program:
    return deploy_settings(cluster_settings(**overrides))


def deploy_settings(settings: CnpgPostgres, **rotate: Any) -> Program:
    def program() -> PostgreSQL:
        rotation = Rotation(**rotate)
        return PostgreSQL("db", settings, StackContext(namespace=pulumi.Output.from_input("stack"), rotation=rotation))

    return run_program(program)


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
