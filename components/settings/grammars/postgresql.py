"""Names that end in PostgreSQL and in its operators."""

from __future__ import annotations

import re
from typing import Annotated

from .grammar import Grammar
from .kubernetes import SUBDOMAIN

IDENTIFIER = r"[a-z_][a-z0-9_]{0,62}"
RESERVED_DATABASES = {"postgres", "template0", "template1"}
# Role names that PostgreSQL refuses even in quotes (backend/utils/adt/acl.c).
RESERVED_ROLES = {"public", "none"}
TEMPLATE_FIELD = re.compile(r"\{(\w*)\}", re.ASCII)
TEMPLATE_FIELDS = {"username", "cluster", "tprkind", "tprgroup"}


def _database(value: str) -> str:
    if value in RESERVED_DATABASES:
        raise ValueError("belongs to the server itself; write another name such as labelstudio")
    return value


def _role(value: str) -> str:
    if value.startswith("pg_") or value in RESERVED_ROLES:
        raise ValueError("must not be public or none or begin with pg_, which PostgreSQL reserves, such as labelstudio")
    return value


def _owner(value: str) -> str:
    if value == "postgres":
        raise ValueError("must not be postgres: Label Studio never works as a superuser; write labelstudio")
    return _role(value)


def _secret_name_template(value: str) -> str:
    fields = set(TEMPLATE_FIELD.findall(value))
    if fields - TEMPLATE_FIELDS:
        raise ValueError(f"may only contain {_braced(TEMPLATE_FIELDS)}")
    if not {"username", "cluster"} <= fields:
        raise ValueError("must contain {username} and {cluster}, or two clusters would share a Secret")
    if not re.fullmatch(SUBDOMAIN, TEMPLATE_FIELD.sub("a", value), re.ASCII):
        raise ValueError(TEMPLATE.refusal)
    return value


def _braced(names: set[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))


NAME_RULE = "at most 63 lower-case letters, digits and '_', not beginning with a digit"
DatabaseName = Annotated[str, Grammar("database", NAME_RULE, ("labelstudio", "_ls_2"), IDENTIFIER, _database)]
MaintenanceDatabase = Annotated[str, Grammar("any database", NAME_RULE, ("postgres", "defaultdb"), IDENTIFIER)]
OwnerName = Annotated[str, Grammar("owner of a database", NAME_RULE, ("labelstudio", "_ls_2"), IDENTIFIER, _owner)]
RoleName = Annotated[str, Grammar("role", NAME_RULE, ("postgres", "rds_admin"), IDENTIFIER, _role)]
TEMPLATE = Grammar(
    "name of a role's Secret",
    "the name of a Secret, with fields in braces",
    ("{username}.{cluster}.credentials.{tprkind}.{tprgroup}", "{cluster}-{username}"),
    check=_secret_name_template,
)
SecretNameTemplate = Annotated[str, TEMPLATE]
Team = Annotated[
    str,
    Grammar(
        "team",
        "at most 20 lower-case letters, digits and '-', beginning with a letter",
        ("acid", "team-7"),
        r"[a-z](?:[-a-z0-9]{0,18}[a-z0-9])?",
    ),
]
