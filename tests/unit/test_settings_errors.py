"""How settings that cannot be used are told: in words of this program, at the path that somebody wrote."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from components.settings.errors import WORDS, SettingsError
from components.settings.grammars.grammar import GRAMMAR_ERROR
from components.stack.settings import Settings, load_settings, validate
from scripts.settings_reference import models, nested_models
from tests.generated_stacks import BASES, leaves_of, put
from tests.unit.stack_files import configured, settings_of, stack_config

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


def test_a_renamed_project_is_told_to_have_its_name_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulumi.get_project", lambda: "annotations")
    renamed = {f"annotations:{key.partition(':')[2]}": value for key, value in stack_config("dev").items()}
    with configured(renamed), pytest.raises(SettingsError) as caught:
        load_settings()
    [line] = caught.value.problems
    assert line.startswith("annotations: is not the prefix of keys, even if the Pulumi project has that name; write ")
    with configured(stack_config("dev")):
        load_settings()


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"cluster": "dev"}, "cluster: must be a mapping, its keys on lines below it"),
        ({"projects": {"a": 1}}, "projects: must be a list, each entry on a line below it that begins with '-'"),
        ({"cluster": {"context": ""}}, "cluster.context: must be the name of a context"),
        ({"postgresql": {"version": "new"}}, "postgresql.version: must be a whole number"),
        ({"labelStudio": {"serviceAccountAnnotations": {"a": 5}}}, f"labelStudio.serviceAccountAnnotations.a: {TEXT}"),
        (
            {"labelStudio": {"extraEnvironmentVars": {"X": ["a"]}}},
            f"labelStudio.extraEnvironmentVars.X: {TEXT}; or a whole number; or a number; or true or false",
        ),
        (
            {"labelStudio": {"extraEnvironmentVars": {"MY_TOKEN": "a"}}},
            "labelStudio.extraEnvironmentVars.MY_TOKEN: looks like a secret; put it into a Secret",
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
    assert str(caught.value).count("\n  - projects[2].source: overlaps projects[") == 2


@pytest.mark.parametrize(("written", "told"), [({"version": 16}, "version (given: 16)"), ({}, "version")])
def test_a_rule_across_keys_shows_what_was_written(written: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings_of("dev", {"postgresql": written, "images": {"postgresql": "registry.example.com/postgres:13"}})
    assert refused.value.problems == [
        f"postgresql.version: must be 13, as in the tag of images.postgresql; or name an image of another {told}"
    ]


# Forms of one credential; nothing of them may be part of a message, wherever somebody wrote them.
CREDENTIALS = (
    "Tr0ub4dor-hunter2",
    "AKIAHUNTER2EXAMPLE77",
    "redis//:hunter2@redis",
    "hunter2",
    "postgresql://ls:hunter2@db/ls",
    "{password: hunter2}",
    "hunter2 with spaces\nand lines",
)
PLACES = [(base, path) for base in BASES for path, _ in leaves_of(Settings, base, ())]


@pytest.mark.parametrize("number", range(len(CREDENTIALS)))
def test_no_place_of_a_stack_file_repeats_a_credential(number: int) -> None:
    for position, (base, path) in enumerate(PLACES):
        credential = CREDENTIALS[number]
        for value in (credential, {credential: credential}, [credential])[position % 3 : position % 3 + 1]:
            given = copy.deepcopy(base)
            put(given, path, value)
            try:
                validate(given)
            except SettingsError as error:
                assert "hunter2" not in str(error).lower(), (path, value)


def test_no_unknown_key_is_repeated_that_may_be_a_credential() -> None:
    for base in BASES:
        for path in {(), *(path[:-1] for _, path in PLACES)}:
            given = copy.deepcopy(base)
            put(given, (*path, "AKIAHUNTER2EXAMPLE77"), "hunter2")
            try:
                validate(given)
            except SettingsError as error:
                assert "hunter2" not in str(error).lower(), path


def test_keys_of_other_packages_are_theirs_and_slips_of_ours_are_named() -> None:
    others = {"aws:region": "eu-west-1", "kubernetes:context": "a", "label-studio-tools:x": "y", "studio:x": "y"}
    with configured({**stack_config("dev"), **others}):
        load_settings()
    for slip in ("label-studo", "labelstudio", "label_studio", "Label-Studio", "lable-studio", "label-studios"):
        with configured({**stack_config("dev"), f"{slip}:images": "{}"}), pytest.raises(SettingsError) as caught:
            load_settings()
        assert f"{slip}: is not a known prefix of keys; did you mean label-studio:?" in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"postgresql": {"port": 70000}}, "postgresql.port: is not a known key"),
        ({"labelStudio": {"replicas": True}}, "labelStudio.replicas: must be a whole number (given: True)"),
        ({"labelStudio": {"replicas": "2"}}, "labelStudio.replicas: must be a whole number (given: '2')"),
        (
            {"labelStudio": {"podDisruptionBudget": 1}},
            "labelStudio.podDisruptionBudget: must be true or false (given: 1)",
        ),
        (
            {"postgresql": {"storage": {"size": "10 GB"}}},
            "postgresql.storage.size: must be a number of bytes with a unit (Mi, Gi, Ti, M, G, T), such as 20Gi "
            "(given: '10 GB')",
        ),
        ({"cluster": {"environment": "Prod"}}, "cluster.environment: must be 'dev' or 'prod' (given: 'Prod')"),
        ({"cluster": {"environment": "hunter2"}}, "cluster.environment: must be 'dev' or 'prod'"),
        ({"cluster": {"namespace": "Hunter2"}}, "cluster.namespace: must be a Kubernetes name"),
    ],
    ids=str,
)
def test_values_are_shown_where_the_type_of_the_field_is_public(wrong: dict[str, Any], line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of("dev", wrong)
    assert [told for told in caught.value.problems if told.startswith(line)], caught.value
    assert "unter2" not in str(caught.value)
