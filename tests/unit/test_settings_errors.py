"""How settings that cannot be used are told: in words of this program, at the path that somebody wrote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from components.settings.errors import WORDS, SettingsError
from components.settings.grammars.grammar import GRAMMAR_ERROR
from components.stack.settings import Settings
from scripts.settings_reference import models, nested_models
from tests.unit.stack_files import settings_of

WRONG: tuple[Any, ...] = (
    *(None, True, -1, 0, 1.5, 10**9),
    *("", " ", "x", "X" * 3000),
    *([], ["x"], [1], {}, {"x": 1}, {"x": {}}),
)
# Kinds that pydantic leaves to the program, and those that `_message` puts into words by itself.
WORDED = {GRAMMAR_ERROR, "value_error", "missing", "extra_forbidden", "union_tag_not_found", "union_tag_invalid"}
CATS = '<View><Image name="i" value="$image"/><Choices name="c" toName="i"><Choice value="cat"/></Choices></View>'
TEXT = "must be text (a number in quotes is text)"


def everything() -> list[type[BaseModel]]:
    top = [model for field in Settings.model_fields.values() for model in models(field.annotation)]
    return [Settings, *top, *nested_models()]


def kinds(model: type[BaseModel]) -> Iterator[str]:
    """What pydantic calls the errors of a model whose fields have wrong values."""
    for name, field in model.model_fields.items():
        for value in WRONG:
            try:
                model.model_validate({field.alias or name: value})
            except ValidationError as error:
                yield from (details["type"] for details in error.errors())


def test_every_kind_of_error_has_words() -> None:
    found = {kind for model in everything() for kind in kinds(model)}
    assert found - WORDED == WORDS.keys()


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"cluster": "dev"}, "cluster: must be a mapping, its keys on lines below it"),
        ({"projects": {"a": 1}}, "projects: must be a list, each entry on a line below it that begins with '-'"),
        ({"cluster": {"context": ""}}, "cluster.context: must be one line of 1 to 1024 characters"),
        ({"postgresql": {"version": "new"}}, "postgresql.version: must be a whole number"),
        ({"labelStudio": {"serviceAccountAnnotations": {"a": 5}}}, f"labelStudio.serviceAccountAnnotations.a: {TEXT}"),
        (
            {"labelStudio": {"extraEnvironmentVars": {"X": ["a"]}}},
            f"labelStudio.extraEnvironmentVars.X: {TEXT}; or a whole number; or a number; or true or false",
        ),
        (
            {"labelStudio": {"extraEnvironmentVars": {"MY_TOKEN": "a"}}},
            "labelStudio.extraEnvironmentVars: MY_TOKEN looks like a secret; put it into a Secret",
        ),
        (
            {"labelStudio": {"chart": {"flavour": "alauda", "source": "oci://registry.example.com/chart"}}},
            "labelStudio.chart: version is required",
        ),
    ],
    ids=str,
)
def test_a_line_has_the_path_that_was_written(wrong: dict[str, Any], line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of("dev", wrong)
    assert [told for told in str(caught.value).splitlines()[1:] if told.startswith(f"  - {line}")], caught.value
    assert len(str(caught.value).splitlines()) == 2


def test_two_rules_about_one_key_are_two_lines() -> None:
    projects = [{"name": f"cats-{n}", "labelConfig": CATS, "source": {"prefix": "all/"}} for n in range(3)]
    with pytest.raises(SettingsError) as caught:
        settings_of("dev", {"projects": projects})
    assert str(caught.value).count("\n  - projects[2].source: s3://") == 2


@pytest.mark.parametrize(("written", "told"), [({"version": 16}, "version (given: 16)"), ({}, "version")])
def test_a_rule_across_keys_shows_what_was_written(written: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings_of("dev", {"postgresql": written, "images": {"postgresql": "registry.example.com/postgres:13"}})
    assert refused.value.problems == [
        f"postgresql.version: must be 13, as in the tag of images.postgresql; or name an image of another {told}"
    ]
