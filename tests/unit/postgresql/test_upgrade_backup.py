"""The backup that an upgrade of Label Studio waits for: who makes it, what waits for it, and when it is made again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from components.label_studio.files.release_check import ADVICE
from components.postgresql.base_backup import back_up
from components.settings.errors import SettingsError
from components.settings.images import NEWEST, OLDEST
from tests.unit.label_studio.arguments import RELEASE
from tests.unit.operated_checks import JOB
from tests.unit.pod_checks import assert_mounts_exist, assert_restricted, pod_of, variables
from tests.unit.pulumi_mocks import Program, RegisteredResource
from tests.unit.stack_files import settings_of
from tests.unit.test_composition import composed

CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ROLE = "kubernetes:rbac.authorization.k8s.io/v1:Role"
CHECK = "label-studio-release-check"
ARCHIVE = {"destinationPath": "s3://backups/label-studio", "addresses": "internet"}
FOREIGN: dict[str, dict[str, Any]] = {
    "external": {
        "backend": "external",
        "host": "postgres.example.com",
        "addresses": ["10.0.0.7"],
        "password": {"secretName": "postgres"},
        "tls": {"mode": "require"},
        "storage": None,
        "resources": None,
    },
    "zalando": {"backend": "zalando", "flavor": "alauda"},
}
IMAGE = "docker.io/heartexlabs/label-studio"


@cache
def dev() -> Program:
    return composed("dev")


def database(stack: str, **settings: Any) -> Program:
    return composed(stack, {"postgresql": settings})


def backups(program: Program) -> list[RegisteredResource]:
    return [job for job in program.all(JOB) if job.name.startswith(("label-studio-postgresql-dump", BASE))]


BASE = "label-studio-postgresql-backup"


def advice(program: Program) -> str | None:
    """What the check of a release says of migrations."""
    [container] = pod_of(program.one(JOB, CHECK))["containers"]
    found: str | None = variables(container).get(ADVICE)
    return found


@pytest.mark.parametrize(
    "program",
    [dev, lambda: database("prod", backup=ARCHIVE)],
    ids=["standalone", "cnpg"],
)
def test_the_release_waits_for_it_and_it_for_the_check(program: Any) -> None:
    [job] = backups(program())
    assert job.urn in program().one(RELEASE).dependencies
    assert program().one(JOB, CHECK).urn in job.dependencies
    assert job.ignore_changes == {"metadata", "spec"}
    assert advice(program()) is None
    policy = program().one(POLICY, job.name.removesuffix(f"-{NEWEST}"))
    labels = job.inputs["spec"]["template"]["metadata"]["labels"]
    assert policy.inputs["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert_mounts_exist(pod_of(job))


def test_a_dump_is_made_for_each_version_and_for_nothing_else() -> None:
    def name(label_studio: str, **more: Any) -> str:
        [job] = backups(composed("dev", {"images": {"labelStudio": label_studio}, **more}))
        return job.name

    newest = f"label-studio-postgresql-dump-{NEWEST}"
    assert [job.name for job in backups(dev())] == [newest]
    assert name(f"{IMAGE}:{OLDEST}") == f"label-studio-postgresql-dump-{OLDEST}"
    assert name(f"registry.example.com/label-studio:{NEWEST}@sha256:{'0' * 64}") == newest
    assert name(f"{IMAGE}:{NEWEST}", labelStudio={"extraEnvironmentVars": {"LOG_LEVEL": "DEBUG"}}) == newest
    assert name(f"{IMAGE}@sha256:{'ab' * 32}") == "label-studio-postgresql-dump-sha256-ababababababa"


def test_a_dump_goes_to_a_volume_of_its_own() -> None:
    program = database("dev", dumps={"size": "30Gi", "storageClass": "slow", "keep": 5})
    claim, [job] = program.one(CLAIM, "label-studio-postgresql-dumps"), backups(program)
    assert claim.inputs["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "30Gi"}},
        "storageClassName": "slow",
    }
    pod = pod_of(job)
    assert_restricted(pod)
    assert {"name": "dumps", "persistentVolumeClaim": {"claimName": claim.object_name}} in pod["volumes"]
    [container] = pod["containers"]
    found = variables(container)
    assert (found["KEEP"], found["VERSION"], found["DATABASE"]) == ("5", NEWEST, "labelstudio")
    assert found["PGPASSWORD"] == ("label-studio-postgresql-superuser", "password")
    assert container["image"] == settings_of("dev").image("postgresql")


def test_the_volume_is_protected_as_all_data() -> None:
    [claim] = composed("dev", {"cluster": {"protectData": True}}).all(CLAIM)
    assert claim.protect and claim.retain_on_delete
    assert not dev().one(CLAIM).protect


def test_a_dump_verifies_the_server_that_speaks_tls() -> None:
    [job] = backups(database("dev", tls={"secretName": "postgres-tls"}))
    [container] = pod_of(job)["containers"]
    assert variables(container)["PGSSLMODE"] == "verify-full"
    assert_mounts_exist(pod_of(job))


def test_a_base_backup_is_made_by_whoever_may_do_nothing_else() -> None:
    program = database("prod", backup=ARCHIVE)
    [job] = backups(program)
    pod = pod_of(job)
    assert pod["serviceAccountName"] == BASE and pod["automountServiceAccountToken"] is True
    assert program.one(ROLE, BASE).inputs["rules"] == [
        {
            "apiGroups": ["postgresql.cnpg.io"],
            "resources": ["clusters"],
            "resourceNames": ["label-studio-postgresql"],
            "verbs": ["get"],
        },
        {"apiGroups": ["postgresql.cnpg.io"], "resources": ["backups"], "verbs": ["create", "get"]},
    ]
    [container] = pod["containers"]
    found = variables(container)
    assert (found["CLUSTER"], found["VERSION"]) == ("label-studio-postgresql", NEWEST)
    assert found["PGPASSWORD"] == ("label-studio-postgresql-owner", "password")


def test_migrations_of_a_cluster_without_an_archive_want_to_know_who_made_a_backup() -> None:
    program = composed("prod")
    assert backups(program) == []
    said = advice(program) or ""
    assert "write postgresql.backup, and the stack makes one, or write postgresql.upgradeBackup: mine" in said


@pytest.mark.parametrize("settings", FOREIGN.values(), ids=FOREIGN.keys())
def test_migrations_of_a_server_of_others_want_to_know_who_made_a_backup(settings: Mapping[str, Any]) -> None:
    program = database("dev", **settings)
    assert backups(program) == [] and program.all(CLAIM) == []
    assert advice(program) == "write postgresql.upgradeBackup: mine once you have made one"


@pytest.mark.parametrize(
    ("stack", "settings"),
    [("dev", {}), ("prod", {"backup": ARCHIVE}), ("prod", {}), *(("dev", each) for each in FOREIGN.values())],
    ids=["standalone", "cnpg", "cnpg without an archive", *FOREIGN],
)
def test_who_makes_backups_does_not_wait_for_any(stack: str, settings: Mapping[str, Any]) -> None:
    program = database(stack, **settings, upgradeBackup="mine")
    assert backups(program) == [] and program.all(CLAIM) == [] and advice(program) is None


def test_only_a_stack_with_a_server_of_its_own_makes_backups() -> None:
    with pytest.raises(SettingsError, match=r"postgresql\.upgradeBackup: "):
        settings_of("dev", {"postgresql": {**FOREIGN["external"], "upgradeBackup": "stack"}})


class Cluster:
    """An API server that has one cluster, and tells these statuses of its Backup one after the other."""

    def __init__(self, *statuses: Any) -> None:
        self.statuses, self.now = [*statuses], 0.0
        self.made: dict[str, Any] = {}

    def ask(self, method: str, plural: str, name: str = "", body: dict[str, Any] | None = None) -> Any:
        if plural == "clusters":
            return {"metadata": {"name": name, "uid": "42"}}
        if method == "POST":
            assert body
            self.made = body
            return {"metadata": {"name": body["metadata"]["generateName"] + "abcde"}}
        assert name == "db-before-1.23.2-abcde"
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if isinstance(status, Exception):
            raise status
        return {"status": status}

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def back_up(self) -> tuple[str, str | None]:
        return back_up("db", "before-1.23.2", "barman", self.ask, seconds=60, clock=lambda: self.now, sleep=self.sleep)


def test_a_base_backup_is_waited_for() -> None:
    cluster = Cluster({}, {"phase": "running"}, OSError("refused"), {"phase": "completed"})
    assert cluster.back_up() == ("db-before-1.23.2-abcde", None)
    assert cluster.made["spec"] == {
        "cluster": {"name": "db"},
        "method": "plugin",
        "pluginConfiguration": {"name": "barman"},
    }
    [owner] = cluster.made["metadata"]["ownerReferences"]
    assert owner == {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "name": "db", "uid": "42"}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"phase": "failed", "error": "no bucket"}, "failed: no bucket"),
        ({"phase": "failed"}, "failed: its status names no error"),
        ({"phase": "running"}, "was not complete after 60 seconds; its phase is running"),
        ({}, "was not complete after 60 seconds; its phase is not set"),
    ],
)
def test_a_base_backup_that_does_not_come_says_why(status: Any, said: str) -> None:
    name, problem = Cluster(status).back_up()
    assert problem == f"The base backup {name} {said}"
