"""Whose an object of the cluster is: this stack's, another stack's, or somebody else's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from .pods import PART_OF

# The annotation by which one object of a stack says whose the others are; no controller reads names without a prefix.
STACK = "label-studio-stack"
RELEASE = "meta.helm.sh/release-name"


def stack_identity() -> str:
    """The stack that runs, as the annotation has it."""
    return f"{pulumi.get_project()}/{pulumi.get_stack()}"


def is_foreign(found: Mapping[str, Any], release: str) -> bool:
    """Whether an object was made by neither this program, in any release, nor by helm for its ``release``.

    Older releases made some without a label, which only their field manager tells from other people's.
    """
    metadata = found["metadata"]
    part_of = (metadata.get("labels") or {}).get("app.kubernetes.io/part-of")
    managers = [str(entry.get("manager")) for entry in metadata.get("managedFields") or []]
    return (
        part_of != PART_OF
        and (metadata.get("annotations") or {}).get(RELEASE) != release
        and not any(manager.startswith("pulumi") for manager in managers)
    )
