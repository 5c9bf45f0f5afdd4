"""The generated pages of the documentation are fresh, complete, and told to be stale when they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from components.stack.settings import Settings
from scripts import (
    images_reference,
    kinds_reference,
    plugin_arguments,
    policies_reference,
    reference,
    settings_reference,
    stack_file_schema,
)
from tests.generated_stacks import BASES

PAGES = {
    module.PAGE: module.render
    for module in (
        settings_reference,
        stack_file_schema,
        policies_reference,
        kinds_reference,
        plugin_arguments,
        images_reference,
    )
}


@pytest.mark.parametrize(("page", "render"), PAGES.items(), ids=lambda value: getattr(value, "name", ""))
def test_generated_pages_are_fresh(page: Path, render: Callable[[], str]) -> None:
    assert page.read_text() == render(), "run make reference"


@pytest.mark.parametrize("model", settings_reference.nested_models(), ids=lambda model: model.__name__)
def test_each_setting_says_what_it_means(model: type) -> None:
    for name, field in model.model_fields.items():  # type: ignore[attr-defined]
        assert field.description or settings_reference.is_tag(field), f"{model.__name__}.{name} has no description"


def stack_file(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {"config": {f"label-studio:{key}": value for key, value in keys.items()}}


@pytest.mark.parametrize("base", BASES, ids=lambda base: base["postgresql"]["backend"])
def test_editors_take_what_the_settings_take(base: Mapping[str, Any]) -> None:
    editor = Draft202012Validator(stack_file_schema.schema())
    editor.check_schema(stack_file_schema.schema())
    assert [*editor.iter_errors(stack_file(base))] == []
    mistakes: list[dict[str, Any]] = [{"cluster": {"contxt": "a"}}, {"redis": {"backend": "x"}}, {"redis": None}]
    for wrong in [*mistakes, {"other": {}}]:
        assert [*editor.iter_errors(stack_file({**base, **wrong}))], wrong


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_committed_stack_files_name_the_schema_and_follow_it(stack: str) -> None:
    text = (reference.PROJECT / f"Pulumi.{stack}.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=docs/stack-file.schema.json\n")
    assert [*Draft202012Validator(stack_file_schema.schema()).iter_errors(yaml.safe_load(text))] == []


def test_every_key_and_policy_has_its_section() -> None:
    settings = settings_reference.render()
    for name, field in Settings.model_fields.items():
        assert f"\n## {field.alias or name}\n" in settings
    policies = policies_reference.render()
    assert re.findall(r"^## (.+)$", policies, re.M) == [rule.name for rule in policies_reference.EVERY]


def test_a_stale_page_is_told_and_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "PROJECT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("old")
    assert reference.write_or_check(page, lambda: "new", ["--check"]) == 1
    assert page.read_text() == "old"
    assert reference.write_or_check(page, lambda: "new", []) == 0
    assert reference.write_or_check(page, lambda: "new", ["--check"]) == 0
