"""Makes docs/policies-kinds.md from the pack's table of kinds: `python -m scripts.kinds_reference [--check]`."""

from __future__ import annotations

import sys

from policies.checks.kinds import KINDS, Kind, Role
from scripts.reference import DOCS, table, write_or_check

PAGE = DOCS / "policies-kinds.md"
CHECKED_BY = {
    Role.PODS: "pods-restricted, resource-limits, images-pinned, image-registries, environment-readable",
    Role.TRAFFIC: "ingress-tls, gateway-tls, gateway-routes, service-exposure",
    Role.CONFIGURATION: "no-plaintext-secrets, environment-readable",
    Role.SECRET: "secrets-contained, root-keys-contained, root-keys-separate",
    Role.RIGHTS: "rights-limited",
}
RELEASES = "Release and Chart (`helm.sh/v3`, `helm.sh/v4`)"
INTRODUCTION = """# Kinds that the policies know

<!-- Made by `make reference` from policies/checks/kinds.py; do not edit. -->

The policy [kinds-known](policies.md#kinds-known) admits these kinds, and of each the fields that the pack reads. Every
other kind, and every other field, is a violation that names the parameter which admits it with a reason. All of them
are read by [no-plaintext-secrets](policies.md#no-plaintext-secrets) and
[namespace-explicit](policies.md#namespace-explicit), whatever they do.
"""


def render() -> str:
    """The whole page."""
    sections = [_section(role) for role in CHECKED_BY]
    return "\n".join([INTRODUCTION, *sections, _charts()]).rstrip() + "\n"


def _section(role: Role) -> str:
    kinds = sorted((kind for kind in KINDS.values() if kind.role is role), key=lambda kind: kind.qualified)
    rows = [(f"`{kind.qualified}`", "yes" if kind.in_namespace else "no", _links(role)) for kind in kinds]
    heading = f"## {role.value[0].upper()}{role.value[1:]}"
    return f"{heading}\n\n{table(('Kind', 'In a namespace', 'How it is checked'), rows)}\n\n{_fields(kinds)}"


def _links(role: Role) -> str:
    return ", ".join(f"[{name}](policies.md#{name})" for name in CHECKED_BY[role].split(", "))


def _fields(kinds: list[Kind]) -> str:
    """What is read of each kind: names as in a manifest, `*` for all below, `(a|b)` for the values that are allowed."""
    lines = [f"- `{kind.qualified}`: `{' '.join(kind.fields.split())}`" for kind in kinds]
    return "\n".join(["Fields that are read:", "", *lines, ""])


def _charts() -> str:
    link = "[release-checkable](policies.md#release-checkable)"
    rows = [
        (RELEASES, "yes", f"{link}: rendered by helm, and each manifest is checked as if the stack had made it"),
        ("ConfigFile, ConfigGroup, Directory", "yes", "each of their objects is registered, and checked, by itself"),
    ]
    heading = f"## {Role.MANIFESTS.value[0].upper()}{Role.MANIFESTS.value[1:]}"
    return f"{heading}\n\n{table(('Kind', 'In a namespace', 'How it is checked'), rows)}\n"


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, render))
