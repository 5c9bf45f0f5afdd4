"""A root key is known by its value: no other Secret may hold it, and no two stores share one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from policies.checks.contents import Known, known_secrets
from policies.checks.pods import pods
from policies.checks.resources import Manifest
from policies.checks.root_keys import CONFIGURATION, ROOT_VARIABLE, is_root_entry, references, uses_label_studio
from policies.checks.rule import Parameters
from policies.checks.stack import Stack, StackRule, Violation
from policies.checks.values import at

MEND = "give it a key of its own"


def check(stack: Stack, _: Parameters) -> Iterator[Violation]:
    """Whose root key each Secret holds, by content, and which pods of Label Studio read it under any name."""
    secrets = known_secrets(stack)
    owners = _owners(stack)
    values = {known.value: known for known in secrets if _is_root(known, owners)}
    holders = {known.holder: values[known.value] for known in secrets if known.value in values and known.holder}
    for resource in stack.resources:
        for pod in pods(resource):
            if not uses_label_studio(pod):
                continue
            for path, name, key in references(pod):
                held = [known for known in secrets if known.holder == name and key in (None, known.key)]
                if name in holders and any(known.value in values for known in held):
                    yield f"{pod.manifest.label}: {path} hands over the object store's root key; {MEND}", resource.urn
    yield from _shared(stack, secrets, owners, values)


def _owners(stack: Stack) -> dict[str, str]:
    """The Secrets that servers take their root keys from, each with the server's name."""
    owners: dict[str, str] = {}
    for manifest in stack.manifests:
        if manifest.group == "minio.min.io" and manifest.kind == "Tenant":
            name = at(manifest.body, "spec", "configuration", "name")
            owners.update({name: manifest.label} if isinstance(name, str) else {})
    for resource in stack.resources:
        for pod in pods(resource):
            for container in pod.containers:
                for entry in container.body.get("env") or []:
                    name = at(entry, "valueFrom", "secretKeyRef", "name")
                    if isinstance(name, str) and ROOT_VARIABLE.fullmatch(str(at(entry, "name"))) and not container.ends:
                        owners[name] = pod.manifest.label
    return owners


def _is_root(known: Known, owners: Mapping[str, Any]) -> bool:
    return is_root_entry(known.key) or (known.holder in owners and not known.key.lower().endswith("user"))


def _shared(
    stack: Stack, secrets: list[Known], owners: Mapping[str, str], values: Mapping[str, Known]
) -> Iterator[Violation]:
    """Two servers, or a Secret that no server reads and that is not called a root one, with the same value."""
    by_value: dict[str, set[str]] = {}
    for known in secrets:
        if known.value in values and known.holder:
            by_value.setdefault(known.value, set()).add(known.holder)
    for holders in by_value.values():
        servers = {owners[holder] for holder in holders if holder in owners}
        if len(servers) > 1:
            yield f"{' and '.join(sorted(servers))} have one root key; {MEND}", ""
        for holder in sorted(holders - set(owners)):
            if not _is_kept(stack, holder):
                yield f"Secret {holder}: it holds the root key of a store; {MEND}", ""


def _is_kept(stack: Stack, holder: str) -> bool:
    """Whether a Secret says itself that it is for root keys: by its keys, as the set-up of the store reads it."""
    for manifest in stack.manifests:
        if manifest.kind == "Secret" and _name(manifest) == holder:
            parts = [manifest.body.get("data"), manifest.body.get("stringData")]
            keys = {key for part in parts if isinstance(part, Mapping) for key in part}
            return holder.endswith("-root") or any(is_root_entry(key) or key == CONFIGURATION for key in keys)
    return False


def _name(manifest: Manifest) -> Any:
    return at(manifest.body, "metadata", "name")


RULE = StackRule(
    name="root-keys-separate",
    title="Every store has a root key of its own",
    description="The value of a root key is in its store's Secrets only, and no pod of Label Studio reads it.",
    remediation="Refer to the Secret of the bucket's own key, and make a root key for each store.",
    severity=Severity.CRITICAL,
    check=check,
)
