"""A small Pulumi program in a folder of its own, driven by the real CLI with the plugins of the embedded platform."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
PASSPHRASE = "engine tests"
_PRELUDE = """
import json, os
import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

namespace = os.environ.get("TEST_NAMESPACE")
cluster = k8s.Provider(
    "cluster",
    **{
        "kubeconfig": os.environ["TEST_KUBECONFIG"],
        "namespace": namespace,
        **json.loads(os.environ["TEST_PROVIDER"]),
    },
)
on = pulumi.ResourceOptions(provider=cluster)
"""


@dataclass
class Run:
    """What one command of the CLI did."""

    status: int
    output: str
    events: list[dict[str, Any]]

    @property
    def steps(self) -> dict[str, str]:
        """The last operation on each resource, by its name in the program."""
        steps: dict[str, str] = {}
        for event in self.events:
            if details := event.get("resourcePreEvent", {}).get("metadata"):
                steps[details["urn"].split("::", 3)[3]] = details["op"]
        return steps

    def operations(self, name: str) -> list[str]:
        """Every operation on one resource, in order."""
        found = (event.get("resourcePreEvent", {}).get("metadata", {}) for event in self.events)
        return [details["op"] for details in found if details.get("urn", "").endswith(f"::{name}")]

    @property
    def changed(self) -> dict[str, str]:
        """The steps that change something, without the stack itself."""
        quiet = ("same", "refresh", "read")
        return {name: op for name, op in self.steps.items() if op not in quiet and not name.startswith("engine-")}


@dataclass
class Program:
    """One project with one stack."""

    folder: Path
    binaries: Path
    kubeconfig: Path
    namespace: str
    provider: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "state").mkdir(exist_ok=True)
        options = {"virtualenv": str(PROJECT / ".venv")}
        project = {"name": "engine", "runtime": {"name": "python", "options": options}}
        (self.folder / "Pulumi.yaml").write_text(json.dumps(project))
        self.cli("stack", "init", "test")

    def write(self, source: str, prelude: bool = True) -> None:
        """The program, after the provider that every program here has."""
        (self.folder / "__main__.py").write_text((_PRELUDE if prelude else "") + dedent(source))

    def up(self, source: str | None = None, *flags: str, check: bool = True) -> Run:
        """Deploy, with a new source when there is one."""
        if source is not None:
            self.write(source)
        return self.cli("up", "--yes", "--skip-preview", *flags, check=check)

    def preview(self, source: str | None = None, *flags: str, check: bool = True) -> Run:
        """Show what would be done."""
        if source is not None:
            self.write(source)
        return self.cli("preview", *flags, check=check)

    def refresh(self, *flags: str, check: bool = True) -> Run:
        """Take over what the cluster holds."""
        return self.cli("refresh", "--yes", "--skip-preview", *flags, check=check)

    def destroy(self) -> Run:
        """Remove everything."""
        return self.cli("destroy", "--yes", "--skip-preview")

    def state(self) -> dict[str, dict[str, Any]]:
        """The resources of the state by their names, secrets in plain text."""
        exported = json.loads(self.cli("stack", "export", "--show-secrets").output)
        return {found["urn"].split("::", 3)[3]: found for found in exported["deployment"].get("resources", [])}

    def exported(self) -> str:
        """The state as it is stored."""
        return self.cli("stack", "export").output

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets in plain text."""
        outputs: dict[str, Any] = json.loads(self.cli("stack", "output", "--json", "--show-secrets").output)
        return outputs

    def cli(self, *arguments: str, check: bool = True, variables: Mapping[str, str] | None = None) -> Run:
        """Run one command; a failing one fails the test unless it is expected to."""
        log = self.folder / "events"
        log.unlink(missing_ok=True)
        logged = ("--event-log", str(log)) if arguments[0] in ("up", "preview", "refresh", "destroy") else ()
        process = subprocess.run(
            ["pulumi", *arguments, *logged, "--non-interactive", "--color=never"],
            cwd=self.folder,
            env={**self._environment(), **(variables or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if arguments[:1] == ("stack",) else subprocess.STDOUT,
            text=True,
            check=False,
        )
        if check and process.returncode != 0:
            raise AssertionError(f"pulumi {' '.join(arguments)} failed:\n{process.stdout}{process.stderr or ''}")
        events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return Run(process.returncode, process.stdout, events)

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(self.binaries), os.environ["PATH"]])
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")},
            "PATH": path,
            "PULUMI_HOME": str(self.binaries.parent / "pulumi"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DEBUG_COMMANDS": "true",
            "TEST_KUBECONFIG": str(self.kubeconfig),
            "TEST_NAMESPACE": self.namespace,
            "TEST_PROVIDER": json.dumps(self.provider),
        }
