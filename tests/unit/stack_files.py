"""The committed stack files, as the engine hands their configuration to the program."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from pulumi.runtime import config

from components.stack.settings import Settings, load_settings
from local.engine import merge

PROJECT = Path(__file__).resolve().parents[2]


def stack_config(stack: str, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The keys of a stack file with further settings laid over them."""
    committed = yaml.safe_load((PROJECT / f"Pulumi.{stack}.yaml").read_text())["config"]
    merged: dict[str, Any] = merge(committed, {f"label-studio:{key}": value for key, value in (settings or {}).items()})
    return merged


@contextmanager
def configured(values: Mapping[str, Any], secret_keys: Sequence[str] = ()) -> Iterator[None]:
    """The configuration of the running program, as the engine encodes it: texts as they are, all else as JSON."""
    encoded = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    config.set_all_config(encoded, list(secret_keys))
    try:
        yield
    finally:
        config.set_all_config({}, [])


def settings_of(stack: str, settings: Mapping[str, Any] | None = None) -> Settings:
    """The settings of a committed stack with further ones laid over them."""
    with configured(stack_config(stack, settings)):
        return load_settings()
