"""The job that gives the first administrator another password."""

from __future__ import annotations

from components.label_studio import mounts
from components.label_studio.files.administrator_password import give
from tests.unit.pod_checks import assert_mounts_exist, assert_restricted, pod_of, variables
from tests.unit.test_rotation import JOB, rotated

NAME = "label-studio-administrator-2"


class Account:
    """What the job asks of Django's users."""

    def __init__(self, password: str) -> None:
        self.password, self.saved = password, False

    def check_password(self, password: str) -> bool:
        return password == self.password

    def set_password(self, password: str) -> None:
        self.password = password

    def save(self, update_fields: list[str]) -> None:
        self.saved = update_fields == ["password"]


def test_the_password_is_changed_once() -> None:
    account = Account("first")
    assert give(account, "second") == "has a new password"
    assert account.password == "second" and account.saved
    account.saved = False
    assert give(account, "second") == "has this password already"
    assert not account.saved


def test_the_job_reads_the_database_and_the_password_by_reference() -> None:
    assert not [job for job in rotated().all(JOB) if job.name == NAME]
    job = rotated(administrator=2).one(JOB, NAME)
    # Another image or database password does not undo what somebody changed in the UI since.
    assert job.ignore_changes == {"metadata", "spec"}
    pod = pod_of(job)
    assert_restricted(pod)
    assert_mounts_exist(pod)
    environment = variables(pod["containers"][0])
    assert environment["LABEL_STUDIO_PASSWORD"] == ("label-studio-administrator", "password")
    assert environment["POSTGRE_PASSWORD"] == ("label-studio-postgresql-owner", "password")
    # Modules of Label Studio are where its own programs are.
    assert mounts.CODE in " ".join(pod["containers"][0]["command"])
