"""Images and versions of PostgreSQL that a stack may run."""

from __future__ import annotations

from typing import Any

import pytest

from components.settings.errors import SettingsError
from tests.unit.stack_files import settings_of

DIGEST = f"@sha256:{'0' * 64}"
SERVERS = {"dev": "postgresql", "prod": "cnpgPostgresql"}


@pytest.mark.parametrize("stack", SERVERS)
@pytest.mark.parametrize("version", [13, 14])
def test_a_version_without_security_releases_is_refused(stack: str, version: int) -> None:
    image = f"registry.example.com/postgres:{version}.5"
    with pytest.raises(SettingsError) as refused:
        settings_of(stack, {"postgresql": {"version": version}, "images": {SERVERS[stack]: image}})
    assert [problem.partition(":")[0] for problem in refused.value.problems] == ["postgresql.version"]
    assert "must be 15 or higher" in refused.value.problems[0]


@pytest.mark.parametrize("version", [15, 18])
def test_every_version_with_security_releases_is_taken(version: int) -> None:
    image = f"registry.example.com/postgres:{version}.1"
    settings = settings_of("dev", {"postgresql": {"version": version}, "images": {"postgresql": image}})
    assert settings.image("postgresql") == image


@pytest.mark.parametrize("tag", ["17.12-alpine", "17.12-alpine3.23", f"17-alpine{DIGEST}"])
def test_variants_for_alpine_are_refused(tag: str) -> None:
    images: dict[str, Any] = {"images": {"postgresql": f"docker.io/library/postgres:{tag}"}}
    with pytest.raises(SettingsError, match=r"images\.postgresql: must not be a variant for Alpine"):
        settings_of("dev", images)


def test_only_psql_is_run_from_that_image_where_an_operator_runs_the_servers() -> None:
    settings_of("prod", {"images": {"postgresql": "docker.io/library/postgres:17.12-alpine"}})
