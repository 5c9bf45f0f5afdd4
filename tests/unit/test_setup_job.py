"""What the name of a set-up Job tells: that it has to run again, and no password."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pulumi

from components.kubernetes.context import StackContext
from components.kubernetes.setup_job import DIGEST, SetupJob, run_setup_job
from tests.unit.pulumi_mocks import run_program

GUESSED = "password1"


def job_of(*passwords: str) -> Any:
    """The Job of a program whose passwords are these."""

    def program() -> None:
        job = SetupJob(
            component="it",
            image="docker.io/library/it:1",
            user=999,
            script="true",
            environment=[],
            passwords=[pulumi.Output.secret(password) for password in passwords],
        )
        run_setup_job("it", StackContext(namespace="it"), job, pulumi.ComponentResource("a:b:C", "parent"))

    return run_program(program).one("kubernetes:batch/v1:Job")


def test_another_password_is_another_job() -> None:
    assert job_of("a").object_name == job_of("a").object_name
    assert len({job_of(*passwords).object_name for passwords in ((), ("a",), ("b",), ("a", "b"), ("ab",))}) == 5


def test_the_name_is_readable_and_keyed_by_the_password() -> None:
    job = job_of(GUESSED)
    assert not job.is_secret("metadata.name")
    digest = job.object_name.rpartition("-")[2]
    assert len(digest) == DIGEST
    for text in (GUESSED, json.dumps(GUESSED), json.dumps([GUESSED])):
        assert not hashlib.sha256(text.encode()).hexdigest().startswith(digest)
