"""The real Pulumi CLI on a stack whose state, configuration and passphrase live in a folder of their own.

Nothing of the user's is touched: not ~/.pulumi, not the committed stack files (the CLI writes an encryption salt into
the stack file it is given, so it is given a copy).
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from local.plugins import install

PROJECT = Path(__file__).resolve().parent.parent
SECRETS = "label-studio:secrets"


class EngineError(RuntimeError):
    """A command of the CLI failed; the message is what it printed."""


@dataclass(frozen=True)
class Engine:
    """One stack of one project. ``home`` keeps what outlives a command; ``settings`` lie over the stack file."""

    home: Path
    stack: str
    kubeconfig: Path
    project: Path = PROJECT
    settings: Mapping[str, Any] = field(default_factory=dict)

    def create(self) -> None:
        """Make the stack if it is not there yet."""
        state = self.home / "state"
        state.mkdir(parents=True, exist_ok=True)
        if not self._passphrase.exists():
            self._passphrase.touch(mode=0o600)
            self._passphrase.write_text(secrets.token_hex(32))
        self._write()
        self._on_stack("select", "--create")

    def run(
        self,
        *arguments: str,
        capture: bool = False,
        check: bool = True,
        environment: Mapping[str, str] | None = None,
        standard_input: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """Run the CLI in ``folder``; what it prints goes to the terminal unless ``capture``."""
        process = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env={**self.environment, **(environment or {})},
            text=True,
            stdout=subprocess.PIPE if capture else None,
            stderr=subprocess.STDOUT if capture else None,
            input=standard_input,
            check=False,
        )
        if check and process.returncode != 0:
            raise EngineError(f"pulumi {' '.join(arguments[:1])} failed ({process.returncode})\n{process.stdout or ''}")
        return process

    def operate(self, command: str, *flags: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Preview, up, refresh or destroy, without a question."""
        agreed = () if command == "preview" else ("--yes", "--skip-preview")
        return self.run(command, "--stack", self.stack, *agreed, *flags, **options)

    def set_secret(self, name: str, key: str, value: str) -> None:
        """Keep a key of a Secret encrypted in the stack's configuration, as `pulumi config set --secret` does."""
        path = f'{SECRETS}.{name}["{key}"]'
        flags = ("--stack", self.stack, "--secret", "--path", path)
        self.run("config", "set", *flags, capture=True, standard_input=value)

    def outputs(self, show_secrets: bool = False) -> dict[str, Any]:
        """The outputs of the stack; secret ones are masked unless asked for."""
        flags: Sequence[str] = ("--show-secrets",) if show_secrets else ()
        printed = self._on_stack("output", "--json", *flags)
        outputs: dict[str, Any] = json.loads(printed[printed.index("{") :])
        return outputs

    def export(self) -> dict[str, Any]:
        """The state as it is stored, with its secrets encrypted."""
        state: dict[str, Any] = json.loads(self._on_stack("export"))
        return state

    def unprotect(self) -> None:
        """Let everything be deleted that was protected."""
        flags = ("--all", "--yes", "--stack", self.stack)
        self.run("state", "unprotect", *flags, capture=True, check=False)

    def with_settings(self, settings: Mapping[str, Any]) -> Engine:
        """The same stack with these settings laid over its own."""
        engine = Engine(self.home, self.stack, self.kubeconfig, self.project, settings)
        engine._write()
        return engine

    def _on_stack(self, command: str, *flags: str) -> str:
        return self.run("stack", command, "--stack", self.stack, *flags, capture=True).stdout

    @property
    def folder(self) -> Path:
        """The project under another roof, with a stack file of its own; the program stays where it is."""
        return self.home / "project"

    @property
    def stack_file(self) -> Path:
        """The stack's settings, laid over those of the committed file."""
        return self.folder / f"Pulumi.{self.stack}.yaml"

    @property
    def _passphrase(self) -> Path:
        return self.home / "passphrase"

    def _write(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        project = yaml.safe_load((self.project / "Pulumi.yaml").read_text())
        options = project["runtime"]["options"]
        options["virtualenv"] = str((self.project / options["virtualenv"]).resolve())
        project["main"] = os.path.relpath(self.project / project.get("main", "."), self.folder)
        (self.folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        committed = yaml.safe_load((self.project / self.stack_file.name).read_text())
        earlier = yaml.safe_load(self.stack_file.read_text()) if self.stack_file.exists() else {}
        config = merge(committed["config"], self.settings)
        if secrets_given := earlier.get("config", {}).get(SECRETS):
            config[SECRETS] = secrets_given
        salt = {key: earlier[key] for key in ("encryptionsalt",) if key in earlier}
        self.stack_file.write_text(yaml.safe_dump({**committed, "config": config, **salt}))

    @cached_property
    def environment(self) -> dict[str, str]:
        """What a process needs in which `pulumi` speaks of this stack."""
        path = os.pathsep.join([str(install.prepare(self.home)), os.environ["PATH"]])
        return {
            **os.environ,
            "PATH": path,
            "KUBECONFIG": str(self.kubeconfig),
            "PULUMI_HOME": str(self.home / "pulumi"),
            "PULUMI_BACKEND_URL": f"file://{self.home / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self._passphrase),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }


def merge(below: Any, above: Any) -> Any:
    """Mappings merge key by key; anything else is replaced by what lies above. None removes a key."""
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    merged = {
        key: merge(below[key], above[key]) if key in below and key in above else value
        for key, value in {**below, **above}.items()
    }
    return {key: value for key, value in merged.items() if value is not None}
