"""The real Pulumi CLI on a stack whose state and passphrase live in a folder of their own.

Nothing of the user's is written: not ~/.pulumi, not the stack file. The CLI puts an encryption salt into the stack file
that it is given, so each operation is given a file made again of three, one laid over the other:

1. ``home/machine/Pulumi.<stack>.yaml``: what is true of this machine only, and the salt;
2. the project's own ``Pulumi.<stack>.yaml``: what its user decided;
3. ``settings``: what a test asks for.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from local.foreground import attend
from local.plugins import install

PROJECT = Path(__file__).resolve().parent.parent
SECRETS = "label-studio:secrets"
SALT = "encryptionsalt"


class EngineError(RuntimeError):
    """A command of the CLI failed; the message is what it printed."""


class Interrupted(EngineError):  # noqa: N818 - it says what happened
    """Somebody stopped a command, which cancelled what it was doing and kept what it had done."""


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
        # The state, its backups and the passphrase are for nobody else.
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.state, self.machine_file.parent):
            folder.mkdir(parents=True, exist_ok=True)
        if not self._passphrase.exists():
            self._passphrase.touch(mode=0o600)
            self._passphrase.write_text(secrets.token_hex(32))
        # Here, since the CLI writes the salt of a new stack into the stack file of the folder that it runs in.
        stub = {"name": self.project_name, "runtime": "python"}
        (self.machine_file.parent / "Pulumi.yaml").write_text(yaml.safe_dump(stub))
        self._in_machine_folder("stack", "select", "--create", "--stack", self.stack)

    def run(
        self,
        *arguments: str,
        capture: bool = False,
        check: bool = True,
        environment: Mapping[str, str] | None = None,
        standard_input: str = "",
        folder: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run the CLI in the project, or in ``folder``; what it prints goes to the terminal unless ``capture``."""
        process, stopped = attend(
            [self.command, *arguments, "--non-interactive"],
            cwd=folder or self.project,
            env={**self.environment, **(environment or {})},
            capture=capture,
            standard_input=standard_input,
        )
        if stopped and process.returncode != 0:
            raise Interrupted("stopped; what was done until then is kept, and the same command goes on from there")
        if check and process.returncode != 0:
            raise EngineError(f"pulumi {' '.join(arguments[:1])} failed ({process.returncode})\n{process.stdout or ''}")
        return process

    def operate(self, command: str, *flags: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Preview, up, refresh or destroy, without a question."""
        self.write()
        agreed = () if command == "preview" else ("--yes", "--skip-preview")
        given = ("--stack", self.stack, "--config-file", str(self.stack_file))
        return self.run(command, *given, *agreed, *flags, **options)

    def set_secret(self, name: str, key: str, value: str) -> None:
        """Keep a key of a Secret encrypted beside the stack file, as `pulumi config set --secret` does within it."""
        path = f'{SECRETS}.{name}["{key}"]'
        flags = ("--stack", self.stack, "--secret", "--path", path)
        self._in_machine_folder("config", "set", *flags, standard_input=value)

    def set_config(self, path: str, value: str) -> None:
        """Write a setting where it is: into the user's file if that has the key, or else into that of this machine."""
        flags = ("config", "set", "--stack", self.stack, "--path", path, value)
        if path.partition(".")[0] in read(self.project_file)["config"]:
            self.run(*flags, "--config-file", str(self.project_file), capture=True)
        else:
            self._in_machine_folder(*flags)

    def outputs(self, show_secrets: bool = False) -> dict[str, Any]:
        """The outputs of the stack; secret ones are masked unless asked for."""
        printed = self._on_stack("output", "--json", *(("--show-secrets",) if show_secrets else ()))
        outputs: dict[str, Any] = json.loads(printed[printed.index("{") :])
        return outputs

    def export(self, show_secrets: bool = False) -> dict[str, Any]:
        """The state as it is stored, with its secrets encrypted unless asked for."""
        state: dict[str, Any] = json.loads(self._on_stack("export", *(("--show-secrets",) if show_secrets else ())))
        return state

    def replace_state(self, state: Mapping[str, Any]) -> None:
        """Store another state in the place of that which ``export`` gave; the CLI drops its pending operations."""
        flags = ("--stack", self.stack)
        self.run("stack", "import", *flags, capture=True, standard_input=json.dumps(state))

    def unprotect(self) -> None:
        """Let everything be deleted that was protected."""
        flags = ("--all", "--yes", "--stack", self.stack)
        self.run("state", "unprotect", *flags, capture=True, check=False)

    def with_settings(self, settings: Mapping[str, Any]) -> Engine:
        """The same stack with these settings laid over its own."""
        engine = replace(self, settings=settings)
        engine.write()
        return engine

    def _on_stack(self, command: str, *flags: str) -> str:
        return self.run("stack", command, "--stack", self.stack, *flags, capture=True).stdout

    def _in_machine_folder(self, *arguments: str, standard_input: str = "") -> None:
        self.run(*arguments, capture=True, folder=self.machine_file.parent, standard_input=standard_input)

    @property
    def state(self) -> Path:
        """The folder that is the CLI's backend."""
        return self.home / "state"

    @property
    def backend(self) -> str:
        """The address of that folder, as the CLI and its plugins are told it."""
        return f"file://{self.state}"

    @property
    def machine_file(self) -> Path:
        """What is true of this machine only, in the form of a stack file; it lies under the project's."""
        return self.home / "machine" / f"Pulumi.{self.stack}.yaml"

    @property
    def project_file(self) -> Path:
        """The stack file of the user."""
        return self.project / f"Pulumi.{self.stack}.yaml"

    @property
    def stack_file(self) -> Path:
        """What the CLI is given: all of them together."""
        return self.home / f"Pulumi.{self.stack}.yaml"

    @cached_property
    def project_name(self) -> str:
        """The project's name, which is a part of the identity of each of its stacks."""
        return str(yaml.safe_load((self.project / "Pulumi.yaml").read_text())["name"])

    @property
    def _passphrase(self) -> Path:
        return self.home / "passphrase"

    def write(self) -> None:
        """Make the stack file again that the CLI is given; EngineError where its secrets have another key."""
        machine, own = read(self.machine_file), read(self.project_file)
        config = merge(merge(machine["config"], own["config"]), self.settings)
        salt = {SALT: salt} if (salt := machine.get(SALT)) else {}
        if salt and own.get(SALT, salt[SALT]) != salt[SALT] and _has_secrets(own["config"]):
            raise EngineError(
                f"{self.project_file.name} has secrets that this machine cannot decrypt, since another stack encrypted "
                "them: set each of them again with `pulumi config set --secret` in `make shell`, after taking the old "
                "ones and the line encryptionsalt out of the file"
            )
        self.stack_file.parent.mkdir(parents=True, exist_ok=True)
        self.stack_file.write_text(yaml.safe_dump({**own, "config": config, **salt}))

    @cached_property
    def command(self) -> Path:
        """The CLI, which finds its plugins beside itself and in the PULUMI_HOME of ``environment``."""
        return install.prepare(self.home) / "pulumi"

    @cached_property
    def environment(self) -> dict[str, str]:
        """What a process needs in which `pulumi` speaks of this stack."""
        path = os.pathsep.join([str(self.command.parent), os.environ["PATH"]])
        return {
            # A backend, a passphrase or an option that somebody exported is meant for another stack.
            **{name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")},
            "PATH": path,
            "KUBECONFIG": str(self.kubeconfig),
            "PULUMI_HOME": str(self.home / "pulumi"),
            "PULUMI_BACKEND_URL": self.backend,
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self._passphrase),
            # A stack file without a salt has that of the state, not a new one.
            "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }


def read(stack_file: Path) -> dict[str, Any]:
    """A stack file, which may be empty or not there, with a `config` in any case; EngineError where it is none."""
    try:
        content = (yaml.safe_load(stack_file.read_text()) if stack_file.exists() else None) or {}
        return {**content, "config": content.get("config") or {}}
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        raise EngineError(f"{stack_file} is no stack file: {error}") from None


def merge(below: Any, above: Any) -> Any:
    """Mappings merge key by key; anything else is replaced by what lies above. None removes a key."""
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    merged = {
        key: merge(below[key], above[key]) if key in below and key in above else value
        for key, value in {**below, **above}.items()
    }
    return {key: value for key, value in merged.items() if value is not None}


def _has_secrets(config: Any) -> bool:
    """Whether an encrypted value is anywhere in it."""
    if isinstance(config, Mapping):
        return set(config) == {"secure"} or any(_has_secrets(value) for value in config.values())
    return isinstance(config, list) and any(_has_secrets(value) for value in config)
