"""Which of the images that can be built here a stack file asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic.alias_generators import to_camel

from components.stack.settings import validate_stack
from local.images.build import DEFAULT
from local.images.catalog import REFERENCES


class ImageError(RuntimeError):
    """A stack file names an image that this machine cannot build; the message says what it can."""


def of_stack(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The names in the catalog, one for each image of a dev stack. Raises ImageError and SettingsError."""
    settings = validate_stack(config)
    return tuple(_named(name, settings.image(name)) for name in DEFAULT)


def _named(name: str, reference: str) -> str:
    for each, built in REFERENCES.items():
        if built == reference:
            return each
    repository = REFERENCES[name].partition("@")[0].rpartition(":")[0]
    ours = [built for built in REFERENCES.values() if built.startswith(f"{repository}:")]
    raise ImageError(
        f"images.{to_camel(name)} is {reference}, which cannot be built on this machine: write {' or '.join(ours)}, or "
        "deploy to a cluster that can pull it, by make up CONTEXT=name"
    )
