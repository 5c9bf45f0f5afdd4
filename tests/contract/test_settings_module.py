"""The mounted settings module in the released packages of Label Studio."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from components.label_studio.environment_settings import INTEGERS, NUMBERS, NUMERIC_BOOLEANS, owned_problems
from tests.contract.label_studio import VERSIONS, package, probe


@pytest.mark.parametrize("version", VERSIONS)
def test_django_keeps_connections_and_looks_after_them(version: str, tmp_path: Path) -> None:
    found = probe(version, "configuration", tmp_path, None)
    assert (found["age"], found["checked"], found["redis"]) == (600, True, False)


@pytest.mark.parametrize("version", VERSIONS)
def test_queues_are_those_of_the_stack(version: str, tmp_path: Path) -> None:
    found = probe(version, "configuration", tmp_path, None, REDIS_LOCATION="redis://redis.invalid:6379/1")
    assert found["queues"] == ["critical", "default", "high", "long", "low"]
    assert found["host"] == "redis.invalid"
    assert (found["age"], found["checked"]) == (600, True)


@pytest.mark.parametrize("version", VERSIONS)
def test_variables_that_the_release_reads_as_numbers_are_known(version: str) -> None:
    [packages] = (package(version).parents[1] / "lib").glob("python3.*/site-packages")
    sources = "\n".join(file.read_text() for file in (packages / "label_studio" / "core" / "settings").glob("*.py"))
    for kind, known in {"int": INTEGERS | NUMERIC_BOOLEANS, "float": NUMBERS}.items():
        read = set(re.findall(rf"\b{kind}\(\s*(?:get_env|os\.environ\.get)\(\s*['\"]([A-Z_]+)['\"]", sources))
        owned = {name for name, _ in owned_problems(read)}
        assert read - owned <= known


@pytest.mark.parametrize("version", VERSIONS)
def test_sessions_of_the_former_key_are_good_and_api_tokens_are_not(version: str, tmp_path: Path) -> None:
    former = {"SECRET_KEY_FALLBACKS": "former-key", "SECRET_KEY_SETTLES_AFTER": "600"}
    found = probe(version, "rotated_key", tmp_path, None, **former)
    good = {
        "newest": {"session": True, "token": True},
        "former": {"session": True, "token": False},
        "other": {"session": False, "token": False},
    }
    # Pods of before, which serve while the new ones start, know the former key alone.
    assert found == {
        "first": {"signs_with": "former", "good": good},
        "later": {"signs_with": "newest", "good": good},
        "stays": True,
    }
