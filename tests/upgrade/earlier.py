"""Stacks as an earlier release left them, each in a backend of its own."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.engine import Engine

STATES = Path(__file__).with_name("states")
CHART = STATES / "label-studio-0.1.0.tgz"
PASSPHRASE = "upgrade tests"
SUPPLIED = "label-studio:supplied_secrets:SuppliedSecrets$kubernetes:core/v1:Secret"


@dataclass(frozen=True)
class EarlierStack:
    """``config`` is that of its stack file, ``file``; ``state`` is what the backend has, with its secrets readable."""

    engine: Engine
    config: dict[str, Any]
    file: Path
    state: dict[str, Any]

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags of the CLI that mean this stack."""
        return ("--stack", self.engine.stack, "--config-file", str(self.file))

    @property
    def resources(self) -> list[dict[str, Any]]:
        """The resources of the state, each after those that it needs."""
        found: list[dict[str, Any]] = self.state["deployment"]["resources"]
        return found


def restore(
    name: str, folder: Path, kubeconfig: Path, change: Callable[[Any], Any] = lambda tree: tree
) -> EarlierStack:
    """The stack ``name`` of ``states``; ``change`` changes its state and its configuration before they are used."""
    stored = json.loads((STATES / f"{name}.json").read_text())
    stack = str(stored["deployment"]["resources"][0]["urn"].split(":")[2])
    engine = Engine(folder / "home", stack, kubeconfig)
    engine.home.mkdir()
    (engine.home / "passphrase").write_text(PASSPHRASE)
    engine.create()
    engine.replace_state(stored)
    exported = engine.export(show_secrets=True)
    if (state := change(exported)) != exported:
        engine.replace_state(state)
    given = change(yaml.safe_load((STATES / f"{name}.yaml").read_text()))
    file = folder / f"Pulumi.{stack}.yaml"
    salt = stored["deployment"]["secrets_providers"]["state"]["salt"]
    file.write_text(yaml.safe_dump({**given, "encryptionsalt": salt}))
    earlier = EarlierStack(engine, given["config"], file, state)
    for secret, entries in _supplied(earlier).items():
        for key, value in entries.items():
            path = f'label-studio:secrets.{secret}["{key}"]'
            engine.run("config", "set", *earlier.flags, "--secret", "--path", path, capture=True, standard_input=value)
    return earlier


def inputs(resource: dict[str, Any]) -> dict[str, Any]:
    """The inputs of a resource, with its secrets readable."""
    readable: dict[str, Any] = _readable(resource["inputs"])
    return readable


def _readable(tree: Any) -> Any:
    if isinstance(tree, dict):
        return (
            json.loads(tree["plaintext"])
            if "plaintext" in tree
            else {key: _readable(value) for key, value in tree.items()}
        )
    return [_readable(value) for value in tree] if isinstance(tree, list) else tree


def _supplied(stack: EarlierStack) -> dict[str, dict[str, str]]:
    """The Secrets that the stack file had encrypted: name, key, value."""
    found = [inputs(resource) for resource in stack.resources if SUPPLIED in resource["urn"]]
    return {
        secret["metadata"]["name"]: {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
        for secret in found
    }
