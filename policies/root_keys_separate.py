"""A root key is known by its value: no other Secret may hold it, and no two stores share one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pulumi_policy import Severity

from .checks.contents import SHORTEST, STAND_INS
from .checks.pods import pods
from .checks.resources import Manifest, entries
from .checks.root_keys import CONFIGURATION, ROOT_VARIABLE, is_root_entry, references, uses_label_studio
from .checks.rule import Parameters
from .checks.secret_names import is_secret_name
from .checks.secret_texts import ASSIGNMENT
from .checks.stack import Stack, StackRule, Violation
from .checks.values import at, items

MEND = "give it a key of its own"
USER = ("user", "USER")


@dataclass(frozen=True)
class Entry:
    """One entry of a Secret of the stack."""

    secret: str
    key: str
    text: str
    urn: str


def check(stack: Stack, _: Parameters) -> Iterator[Violation]:
    """Whose root key each Secret holds, by content, and which pods of Label Studio read it under any name."""
    listed = [each for manifest in stack.manifests for each in _entries(manifest)]
    owners = _owners(stack)
    values = {value for entry in listed for value in _root_values(entry, owners)}
    held = [entry for entry in listed if any(value in entry.text for value in values)]
    for resource in stack.resources:
        for pod in pods(resource):
            for path, name, key in references(pod) if uses_label_studio(pod) else ():
                if any(entry.secret == name and key in (None, entry.key) for entry in held):
                    yield f"{pod.manifest.label}: {path} hands over the object store's root key; {MEND}", resource.urn
    kept = {entry.secret for entry in listed if is_root_entry(entry.key) or entry.key == CONFIGURATION} | set(owners)
    for entry in held:
        if entry.secret not in kept:
            yield f"Secret {entry.secret}: {entry.key} is the root key of a store; {MEND}", entry.urn
    yield from _shared(held, values, owners)


def _entries(manifest: Manifest) -> Iterator[Entry]:
    name = at(manifest.body, "metadata", "name")
    if manifest.group == "" and manifest.kind == "Secret" and isinstance(name, str):
        for path, text in entries(manifest):
            yield Entry(name, path.split(".", 1)[1], text, manifest.resource.urn)


def _owners(stack: Stack) -> dict[str, str]:
    """The Secrets that servers take their root keys from, each with the server's name."""
    owners: dict[str, str] = {}
    for manifest in stack.manifests:
        name = at(manifest.body, "spec", "configuration", "name")
        if (manifest.group, manifest.kind) == ("minio.min.io", "Tenant") and isinstance(name, str):
            owners[name] = manifest.label
    for resource in stack.resources:
        for pod in pods(resource):
            for container in pod.containers:
                for entry in items(container.body.get("env")):
                    name = at(entry, "valueFrom", "secretKeyRef", "name")
                    is_root = ROOT_VARIABLE.fullmatch(str(at(entry, "name")))
                    if isinstance(name, str) and is_root and not container.ends:
                        owners[name] = pod.manifest.label
    return owners


def _root_values(entry: Entry, owners: Mapping[str, str]) -> Iterator[str]:
    """The secret half of a root key in an entry; the user's name is none."""
    found: list[str] = []
    if entry.key == CONFIGURATION:
        found = [
            each["quoted"] or each["bare"] for each in ASSIGNMENT.finditer(entry.text) if is_secret_name(each["key"])
        ]
        found = [value for value in found if not value.endswith(USER)]
    elif (is_root_entry(entry.key) or entry.secret in owners) and not entry.key.lower().endswith(
        ("user", "crt", "name")
    ):
        found = [entry.text]
    yield from (value for value in found if len(value) >= SHORTEST and value not in STAND_INS)


def _shared(held: list[Entry], values: set[str], owners: Mapping[str, str]) -> Iterator[Violation]:
    for value in sorted(values):
        servers = {owners[entry.secret] for entry in held if entry.secret in owners and value in entry.text}
        if len(servers) > 1:
            yield f"{' and '.join(sorted(servers))} have one root key; {MEND}", ""


RULE = StackRule(
    name="root-keys-separate",
    title="Every store has a root key of its own",
    description="The value of a root key is in its store's Secrets only, and no pod of Label Studio reads it.",
    remediation="Refer to the Secret of the bucket's own key, and make a root key for each store.",
    severity=Severity.CRITICAL,
    check=check,
)
