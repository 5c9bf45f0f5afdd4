"""What a stack says about its declared projects, in its outputs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, Self, TextIO

from .errors import ProjectError

# Those that not every project has.
PLACES = ("export", "data", "snapshots", "versions")


@dataclass(frozen=True)
class SecretKey:
    """One key of a Secret in the namespace of the stack."""

    name: str
    key: str

    @classmethod
    def of(cls, output: Mapping[str, str] | None) -> Self | None:
        """The reference in an output, if there is one."""
        return cls(output["name"], output["key"]) if output else None


@dataclass(frozen=True)
class Place:
    """Where people upload to or export from, and the Secrets with the key that may."""

    bucket: str
    prefix: str
    region: str
    endpoint: str | None
    access_key_id: SecretKey | None
    secret_access_key: SecretKey | None
    session_token: SecretKey | None
    ca: SecretKey | None

    @classmethod
    def of(cls, output: Mapping[str, Any]) -> Self:
        """The place in an output of a stack."""
        return cls(
            bucket=output["bucket"],
            prefix=output["prefix"],
            region=output["region"],
            endpoint=output.get("endpoint"),
            access_key_id=SecretKey.of(output.get("accessKeyId")),
            secret_access_key=SecretKey.of(output.get("secretAccessKey")),
            session_token=SecretKey.of(output.get("sessionToken")),
            ca=SecretKey.of(output.get("ca")),
        )


@dataclass(frozen=True)
class Project:
    """One declared project; ``declaration`` is a ConfigMap, ``sync_job`` a CronJob to make jobs of.

    ``data`` is the source with a key that may read it, ``account`` the e-mail address and password of the account of
    declared projects; stacks of older releases do not tell them. ``snapshots`` is where snapshots are, and ``versions``
    the source with the key that reads versions for them; without versions in the store there are none.
    ``export_jobs`` are the CronJobs of scheduled exports by what they write; ``service`` is the one of the page.
    """

    name: str
    declaration: str
    sync_job: str
    upload: Place
    export: Place | None = None
    data: Place | None = None
    account: tuple[SecretKey, SecretKey] | None = None
    snapshots: Place | None = None
    versions: Place | None = None
    export_jobs: Mapping[str, str] = field(default_factory=dict)
    service: str | None = None


@dataclass(frozen=True)
class Stack:
    """The facts of a stack that has been deployed."""

    context: str
    namespace: str
    projects: Mapping[str, Project]
    url: str | None = None
    service: str | None = None
    uploads: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, outputs: Mapping[str, Any]) -> Self:
        """The facts in the outputs."""
        try:
            declared = outputs["projects"]
            projects = {name: _project(name, it, outputs.get("serviceName")) for name, it in declared.items()}
            uploads = {"endpoint": outputs.get("objectStoreEndpoint"), **outputs.get("buckets", {}).get("uploads", {})}
            url, service = outputs.get("url"), outputs.get("serviceName")
            return cls(outputs["context"], outputs["namespace"], projects, url, service, uploads)
        except KeyError as error:
            raise ProjectError(f"the stack has no output {error}; run pulumi up first") from None

    @classmethod
    def read(cls, file: TextIO) -> Self:
        """The facts in what ``pulumi stack output --json`` printed."""
        try:
            outputs = json.load(file)
        except ValueError:
            raise ProjectError("the outputs are not what pulumi stack output --json prints") from None
        return cls.of(outputs)

    @classmethod
    def ask_pulumi(cls, name: str | None) -> Self:
        """The stack of this name, or the selected one, as the Pulumi CLI knows it."""
        command = ["pulumi", "stack", "output", "--json", "--non-interactive", *(["--stack", name] if name else [])]
        try:
            process = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        except FileNotFoundError:
            raise ProjectError("the pulumi command is not installed") from None
        if process.returncode != 0:
            lines = process.stderr.strip().splitlines()
            raise ProjectError(f"pulumi cannot say what the stack has: {lines[-1] if lines else 'no reason given'}")
        return cls.read(StringIO(process.stdout))

    def project(self, name: str) -> Project:
        """The declared project of this name."""
        if name not in self.projects:
            known = ", ".join(sorted(self.projects)) or "none"
            raise ProjectError(f"no project {name} is declared; the stack has: {known}")
        return self.projects[name]


def _project(name: str, output: Mapping[str, Any], service: str | None) -> Project:
    return Project(
        name=name,
        declaration=output["declaration"],
        sync_job=output["syncJob"],
        upload=Place.of(output["upload"]),
        account=_account(output.get("account")),
        export_jobs=output.get("exportJobs", {}),
        service=service,
        **{name: Place.of(output[name]) for name in PLACES if name in output},
    )


def _account(output: Mapping[str, Any] | None) -> tuple[SecretKey, SecretKey] | None:
    if output is None:
        return None
    email, password = (SecretKey(output[it]["name"], output[it]["key"]) for it in ("email", "password"))
    return email, password
