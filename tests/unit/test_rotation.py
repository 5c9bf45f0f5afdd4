"""Counters of ``rotate``: what a higher one makes anew, what stays, and which secrets no stack can rotate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from components.settings.errors import SettingsError
from components.settings.rotation import Rotation
from components.stack.settings import validate_stack
from scripts.rotate import KEY, UnknownSecretError, raised
from tests.generated_stacks import LABELLING
from tests.unit.pod_checks import pod_of, variables
from tests.unit.pulumi_mocks import Program
from tests.unit.stack_files import PROJECT, settings_of, stack_config
from tests.unit.test_composition import composed

PASSWORD = "random:index/randomPassword:RandomPassword"
SECRET = "kubernetes:core/v1:Secret"
JOB = "kubernetes:batch/v1:Job"
RETIREMENTS = "label-studio:kubernetes:Retirements"
PROJECTS = [{"name": "cats", "title": "Cats", "labelConfig": LABELLING, "target": {}}]
# The counter, the password's resource, and the Secret with its value.
COUNTERS = [
    ("databaseOwner", "label-studio-postgresql-owner"),
    ("databaseSuperuser", "label-studio-postgresql-superuser"),
    ("redis", "label-studio-redis"),
    ("objectStoreRoot", "label-studio-store-root"),
    ("pageKey", "label-studio-store-uploads"),
    ("djangoKey", "label-studio-django-key"),
    ("administrator", "label-studio-administrator-password"),
]


def rotated(settings: Mapping[str, Any] | None = None, **counters: Any) -> Program:
    return composed("dev", {**(settings or {}), "rotate": counters})


PROTECTED = {"cluster": {"protectData": True}}


@cache
def never_rotated() -> Program:
    return rotated(PROTECTED)


def passwords(program: Program) -> dict[str, bool]:
    """Each password with its protection."""
    return {each.name: each.protect for each in program.all(PASSWORD)}


def jobs(program: Program) -> set[str]:
    return {each.name for each in program.all(JOB)}


def test_counters_of_one_change_nothing() -> None:
    ones: dict[str, Any] = {name: 1 for name, _ in COUNTERS}
    assert {each.urn for each in rotated(**ones)} == {each.urn for each in composed("dev")}
    component = composed("dev").one(RETIREMENTS)
    assert component.inputs["names"] == ["label-studio-store-retirement"]


@pytest.mark.parametrize(("counter", "name"), COUNTERS)
def test_a_counter_makes_another_value_and_keeps_the_former_one(counter: str, name: str) -> None:
    before, after = passwords(never_rotated()), passwords(rotated(PROTECTED, **{counter: 3}))
    assert after.keys() - before.keys() == {f"{name}-2", f"{name}-3"}
    # Pulumi refuses to delete what is protected, even if nothing wants it any more.
    assert before[name] and after[f"{name}-3"]
    assert not after[name] and not after[f"{name}-2"]


def test_the_keys_of_a_project_have_a_counter_of_their_own() -> None:
    dogs = {**PROJECTS[0], "name": "dogs", "title": "Dogs"}
    program = rotated({"projects": [*PROJECTS, dogs]}, projectKeys={"cats": 2})
    anew = {name for name in passwords(program) if name.endswith("-2")}
    assert anew == {f"label-studio-store-cats-{purpose}-2" for purpose in ("source", "upload", "target", "export")}


def test_the_key_for_snapshots_is_rotated_with_the_others_of_its_project() -> None:
    store = {"backend": "standalone", "versioning": True}
    program = rotated({"projects": PROJECTS, "objectStore": store}, projectKeys={"cats": 2})
    assert "label-studio-store-cats-snapshots-2" in passwords(program)
    kept = variables(pod_of(program.one(JOB, "label-studio-store-retirement"))["containers"][0])["KEPT_USERS"].split()
    assert "label-studio-store-cats-snapshots-2" in kept


def test_former_values_retire_after_everything_that_used_them() -> None:
    program = rotated({"projects": PROJECTS}, databaseOwner=2, redis=2, pageKey=2, projectKeys={"cats": 2})
    component = program.one(RETIREMENTS)
    retirements = [each for each in program.all(JOB) if each.parent == component.urn]
    assert len(retirements) == 3
    users = [program.one("kubernetes:apps/v1:Deployment"), program.one("kubernetes:helm.sh/v3:Release")]
    users.append(program.one(JOB, "label-studio-cats"))
    for job in retirements:
        assert {user.urn for user in users} <= set(job.dependencies), job.name


def test_the_newest_key_of_what_is_declared_is_kept_and_no_other() -> None:
    program = rotated({"projects": PROJECTS}, projectKeys={"cats": 3})
    kept = variables(pod_of(program.one(JOB, "label-studio-store-retirement"))["containers"][0])["KEPT_USERS"].split()
    cats = {f"label-studio-store-cats-{purpose}-3" for purpose in ("source", "upload", "target", "export")}
    assert {*kept} == {"label-studio-store-uploads", *cats}


def test_a_former_role_of_an_operated_database_retires_last() -> None:
    program = composed("prod", {"rotate": {"databaseOwner": 2}})
    job = program.one(JOB, "label-studio-postgresql-retirement")
    assert program.one("kubernetes:helm.sh/v3:Release").urn in job.dependencies
    assert program.one("kubernetes:apps/v1:Deployment").urn in job.dependencies


@pytest.mark.parametrize("counter", ["databaseOwner", "databaseSuperuser"])
def test_a_counter_of_one_changes_nothing_of_an_operated_database(counter: str) -> None:
    def inputs(program: Program) -> dict[str, Any]:
        return {each.urn: each.inputs for each in program.all("kubernetes:postgresql.cnpg.io/v1:Cluster")}

    program, before = composed("prod", {"rotate": {counter: 1}}), composed("prod")
    assert {each.urn for each in program} == {each.urn for each in before}
    assert inputs(program) == inputs(before)


@pytest.mark.parametrize(
    ("generation", "login", "former"), [(2, "labelstudio_2", "labelstudio"), (3, "labelstudio", "labelstudio_2")]
)
def test_two_roles_open_the_database_in_turn(generation: int, login: str, former: str) -> None:
    program = rotated(databaseOwner=generation)
    secret = program.one(SECRET, "label-studio-postgresql-owner").inputs["stringData"]
    assert secret["username"] == login
    made = variables(pod_of(program.one(JOB, "label-studio-postgresql-setup"))["containers"][0])
    assert (made["LOGIN"], made["OWNER"]) == (login, "labelstudio")
    retired = variables(pod_of(program.one(JOB, "label-studio-postgresql-retirement"))["containers"][0])
    assert retired["FORMER_LOGIN"] == former


def test_another_value_starts_those_again_that_read_it() -> None:
    def digests(program: Program) -> dict[str, str]:
        sets = program.all("kubernetes:apps/v1:StatefulSet") + program.all("kubernetes:apps/v1:Deployment")
        templates = {each.name: each.inputs["spec"]["template"]["metadata"] for each in sets}
        page = program.one("kubernetes:helm.sh/v3:Release").inputs["values"]["app"]
        return {name: it["annotations"]["label-studio-content"] for name, it in {**templates, "page": page}.items()}

    before = digests(rotated())
    started = {
        counter: {name for name, digest in digests(rotated({}, **{counter: 2})).items() if digest != before[name]}
        for counter, _ in COUNTERS
    }
    page_and_worker = {"page", "label-studio-worker"}
    assert started == {
        "databaseOwner": page_and_worker,
        "databaseSuperuser": {"label-studio-postgresql"},
        "redis": {"label-studio-redis", *page_and_worker},
        "objectStoreRoot": {"label-studio-store"},
        "pageKey": page_and_worker,
        "djangoKey": page_and_worker,
        "administrator": {"page"},
    }


ZALANDO = {
    "cluster": {"podSecurity": "baseline"},
    "postgresql": {"backend": "zalando", "instances": 2, "walStorage": None},
}
EXTERNAL_REDIS = {"backend": "external", "url": "redis://10.0.0.7:6379/1", "resources": None}


@pytest.mark.parametrize(
    ("stack", "settings", "rotate", "words"),
    [
        ("prod", ZALANDO, {"databaseOwner": 2}, "rotate.databaseOwner: is for backend: standalone or cnpg"),
        ("prod", ZALANDO, {"databaseSuperuser": 2}, "rotate.databaseSuperuser: is for backend: standalone or cnpg"),
        ("prod", {}, {"databaseSuperuser": 2}, "rotate.databaseSuperuser: is of no use yet"),
        ("prod", {}, {"objectStoreRoot": 2}, "rotate.objectStoreRoot: is for backend: standalone"),
        ("dev", {"redis": EXTERNAL_REDIS}, {"redis": 2}, "Secret that redis.password names, then run make restart"),
        (
            "dev",
            {"labelStudio": {"administrator": {"existingSecret": {"secretName": "mine"}}}},
            {"administrator": 2},
            "rotate.administrator: is no password of this stack",
        ),
        ("dev", {}, {"projectKeys": {"cats": 2}}, "rotate.projectKeys.cats: is no declared project"),
        ("dev", {}, {"redis": 0}, "rotate.redis: must be greater than or equal to 1"),
    ],
)
def test_what_a_stack_does_not_make_is_refused(
    stack: str, settings: dict[str, Any], rotate: dict[str, Any], words: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        settings_of(stack, {**settings, "rotate": rotate})
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("secret", "rotate", "expected"),
    [
        ("redis", None, (f"{KEY}.redis", 2)),
        ("redis", {"redis": 4}, (f"{KEY}.redis", 5)),
        ("projectKeys.cats", {"projectKeys": {"cats": 2}}, (f"{KEY}.projectKeys.cats", 3)),
    ],
)
def test_make_rotate_raises_the_counter_by_one(secret: str, rotate: Any, expected: tuple[str, int]) -> None:
    config = keyed(stack_config("dev", {"projects": PROJECTS, **({"rotate": rotate} if rotate else {})}))
    assert raised(config, secret) == expected
    assert validate_stack(config)


def keyed(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key if ":" in key else f"label-studio:{key}": value for key, value in config.items()}


def test_make_rotate_writes_nothing_that_the_settings_refuse() -> None:
    with pytest.raises(UnknownSecretError, match="choose one of databaseOwner"):
        raised(keyed(stack_config("dev")), "database")
    with pytest.raises(SettingsError):
        raised(keyed(stack_config("prod")), "databaseSuperuser")


def test_the_page_on_secrets_has_every_counter_and_every_secret() -> None:
    page = (PROJECT / "docs" / "secrets.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert rows == [field.alias for field in Rotation.model_fields.values()]
    everything = rotated({"projects": PROJECTS}, **{name: 2 for name, _ in COUNTERS}).all(SECRET)
    operated = composed("prod", {"rotate": {"databaseOwner": 2}}).all(SECRET)
    everything += [each for each in operated if "postgresql" in each.name]
    for name in {each.object_name for each in everything}:
        assert f"`{name.replace('-cats-source', '-<project>-source')}`" in page or "-cats-" in name, name
