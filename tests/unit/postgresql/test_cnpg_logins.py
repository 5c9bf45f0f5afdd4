"""Two roles in turn open the database of a CloudNativePG cluster, which has a superuser for that from then on."""

from __future__ import annotations

from typing import Any

import pytest

from components.postgresql.cnpg_backup import ORIGIN
from tests.unit.pod_checks import pod_of, variables
from tests.unit.postgresql.cnpg import CLUSTER, cluster_settings, deploy_settings
from tests.unit.pulumi_mocks import Program, resolve

SECRET = "kubernetes:core/v1:Secret"
JOB = "kubernetes:batch/v1:Job"
ARCHIVE = {"destinationPath": "s3://backups/ls", "addresses": "internet"}


def deploy(generation: int, **settings: Any) -> Program:
    return deploy_settings(cluster_settings(**settings), databaseOwner=generation)


def secrets(program: Program) -> dict[str, str]:
    """The user name in each Secret."""
    return {each.name: each.inputs["stringData"]["username"] for each in program.all(SECRET)}


def retired(program: Program) -> dict[str, Any]:
    """The variables of what retires the former role; the stack makes its Job once nothing uses that role."""
    [retirement] = program.result.retirements
    return variables({"env": [each for each in retirement.job.environment if each["name"] == "FORMER_LOGIN"]})


def test_nobody_is_a_superuser_before_the_first_rotation() -> None:
    program = deploy(1)
    assert secrets(program) == {"db-owner": "labelstudio"}
    assert not program.result.retirements
    connection = program.result.connection
    # It is an input of LabelStudio, which would change otherwise.
    assert (connection.user, connection.owner) == ("labelstudio", None)
    assert {each.name for each in program.all(JOB)} == {"db-rollout"}
    spec = program.one(CLUSTER).inputs["spec"]
    assert spec["enableSuperuserAccess"] is False
    assert "superuserSecret" not in spec and "managed" not in spec


@pytest.mark.parametrize(
    ("generation", "user", "secret", "former"),
    [
        (2, "labelstudio_2", "db-owner-2", "labelstudio"),
        (3, "labelstudio", "db-owner", "labelstudio_2"),
        (4, "labelstudio_2", "db-owner-2", "labelstudio"),
    ],
)
def test_two_roles_take_turns(generation: int, user: str, secret: str, former: str) -> None:
    program = deploy(generation)
    connection = program.result.connection
    assert (connection.user, connection.owner, resolve(connection.password.name)) == (user, "labelstudio", secret)
    setup = variables(pod_of(program.one(JOB, "db-setup"))["containers"][0])
    assert (setup["LOGIN"], setup["OWNER"], setup["ADMIN"]) == (user, "labelstudio", "postgres")
    assert setup["LOGIN_PASSWORD"] == (secret, "password")
    assert setup["ADMIN_PASSWORD"] == ("db-superuser", "password")
    assert retired(program) == {"FORMER_LOGIN": former}


@pytest.mark.parametrize("generation", [2, 3])
def test_the_operator_finds_each_role_in_the_secret_that_it_reads(generation: int) -> None:
    """It refuses to go on with a Secret of another role, and applies what it is told to watch."""
    program = deploy(generation)
    assert secrets(program) == {"db-owner": "labelstudio", "db-owner-2": "labelstudio_2", "db-superuser": "postgres"}
    spec = program.one(CLUSTER).inputs["spec"]
    assert spec["bootstrap"]["initdb"]["secret"] == {"name": "db-owner"}
    assert spec["enableSuperuserAccess"] is True
    assert spec["superuserSecret"] == {"name": "db-superuser"}
    watched = {each.name for each in program.all(SECRET) if "cnpg.io/reload" in each.inputs["metadata"]["labels"]}
    assert watched == {"db-owner", "db-superuser"}


def test_the_specification_changes_at_the_first_rotation_only() -> None:
    specs = [deploy(generation).one(CLUSTER).inputs["spec"] for generation in (2, 3)]
    assert specs[0] == specs[1]


def test_the_former_password_stays_as_it_was_until_its_role_is_retired() -> None:
    def password(generation: int) -> Any:
        return deploy(generation).one(SECRET, "db-owner").inputs["stringData"]["password"]

    assert password(1) == password(2) != password(3)


def test_the_roles_are_made_again_in_a_cluster_that_begins_with_a_backup() -> None:
    """It has those of the backup, with the passwords of then."""

    def names(**settings: Any) -> set[str]:
        program = deploy(2, **settings)
        assert (ORIGIN in str(program.one(CLUSTER).inputs["spec"])) is ("restore" in settings)
        [retirement] = program.result.retirements
        return {program.one(JOB, "db-setup").object_name, str(resolve(retirement.job.triggers[0]))}

    assert not names() & names(restore=ARCHIVE)
