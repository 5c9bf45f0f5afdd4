"""The kinds that the pack knows: what each can do, and the fields in which that shows."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from . import kind_fields, kind_fragments
from .fields import Field, Grammar, Unread, parse
from .resources import Manifest

NO_NAMESPACE = "~"


class Role(enum.Enum):
    """What an object of a kind can do to a stack."""

    PODS = "runs pods"
    TRAFFIC = "lets traffic in"
    MANIFESTS = "applies charts or manifests"
    CONFIGURATION = "holds configuration"
    SECRET = "holds a secret"  # noqa: S105 - what the kind does
    RIGHTS = "gives rights"


@dataclass(frozen=True)
class Kind:
    """One kind; ``in_namespace`` is what the API's discovery documents say."""

    group: str
    name: str
    role: Role
    in_namespace: bool
    fields: str

    @property
    def qualified(self) -> str:
        """The name as parameters write it."""
        return f"{self.group}/{self.name}" if self.group else self.name


def _table() -> Iterator[Kind]:
    for role, kinds in (
        (Role.PODS, kind_fields.PODS),
        (Role.TRAFFIC, kind_fields.TRAFFIC),
        (Role.CONFIGURATION, kind_fields.CONFIGURATION),
        (Role.SECRET, kind_fields.SECRETS),
        (Role.RIGHTS, kind_fields.RIGHTS),
    ):
        for names, fields in kinds.items():
            for name in names.split():
                group, _, kind = name.removeprefix(NO_NAMESPACE).rpartition("/")
                yield Kind(group, kind, role, not name.startswith(NO_NAMESPACE), fields)


KINDS = {(kind.group, kind.name): kind for kind in _table()}
GRAMMAR = Grammar(kind_fragments.FRAGMENTS)


def kind_of(manifest: Manifest) -> Kind | None:
    """What the pack knows of the object's kind."""
    return KINDS.get((manifest.group, manifest.kind))


def needs_namespace(manifest: Manifest) -> bool:
    """Whether an object has to say its namespace; of a kind that the pack does not know nobody can tell."""
    kind = kind_of(manifest)
    return kind.in_namespace if kind else False


def unread_fields(manifest: Manifest, kind: Kind) -> Iterator[Unread]:
    """Every field of the object that the pack does not read."""
    yield from GRAMMAR.unread(manifest.body, _fields(kind.fields))


@cache
def _fields(notation: str) -> Mapping[str, Field]:
    return {**parse(kind_fragments.TOP), **parse(notation)}
