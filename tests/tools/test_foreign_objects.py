"""Somebody else's objects with names of the stack, which the program itself asks for in a preview."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.settings.errors import SettingsError
from components.stack import preflight
from components.stack.compose import compose
from components.stack.foreign_objects import DeclaredNames, record_names
from tests.tools.test_preflight import api_server, settings, url_of
from tests.unit.pulumi_mocks import run_program

NAMESPACE = "namespaces/label-studio"
SHARED = {"cluster": {"createNamespace": False}}


def kinds(version: str, **plurals: str) -> dict[str, Any]:
    return {version: {"resources": [{"kind": kind, "name": plural} for kind, plural in plurals.items()]}}


def objects(*names: str, **labels: str) -> dict[str, Any]:
    return {"items": [{"metadata": {"name": name, "labels": labels}} for name in names]}


ANSWERS = {
    **kinds("/api/v1", Secret="secrets", Service="services", ConfigMap="configmaps", ServiceAccount="serviceaccounts"),
    **kinds("/apis/apps/v1", StatefulSet="statefulsets", Deployment="deployments"),
    f"/api/v1/{NAMESPACE}/secrets": objects("label-studio-django", "label-studio-tls"),
    f"/api/v1/{NAMESPACE}/services": objects("label-studio-redis", "label-studio-ls-app", "theirs"),
    f"/api/v1/{NAMESPACE}/configmaps": objects(
        "label-studio-settings", **{"app.kubernetes.io/part-of": "label-studio"}
    ),
    f"/apis/apps/v1/{NAMESPACE}/statefulsets": objects("label-studio-postgresql"),
}


def problems(folder: Path, more: Mapping[str, Any], *, preview: bool = True) -> list[str]:
    names: list[DeclaredNames] = []
    with api_server(kinds=ANSWERS) as server:
        given = settings(folder, url_of(server), more)

        def program() -> None:
            names.append(record_names())
            compose(given)
            preflight.check_names(given, names[0])

        try:
            run_program(program, preview=preview)
        except SettingsError as error:
            return list(error.problems)
    return []


def test_all_of_them_are_named_in_a_preview(tmp_path: Path) -> None:
    said = problems(tmp_path, SHARED)
    assert [" ".join(line.split()[1:3]) for line in said] == [
        "StatefulSet label-studio-postgresql",
        "Secret label-studio-django",
        "Service label-studio-redis",
        "Service label-studio-ls-app",
    ]
    assert all("of the namespace label-studio does not belong to this stack: rename" in line for line in said)


def test_an_update_has_begun_and_a_namespace_of_its_own_has_no_others(tmp_path: Path) -> None:
    assert problems(tmp_path, SHARED, preview=False) == []
    assert problems(tmp_path, {}) == []


def test_a_preview_without_a_cluster_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(preflight.WITHOUT_CLUSTER, "true")
    assert problems(tmp_path, SHARED) == []
