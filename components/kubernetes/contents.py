"""What the Secrets and ConfigMaps of the stack contain: pods start again when something that they read changes.

Each pod template carries a digest of it. The digest is keyed with a random value of the stack, since a plain hash of a
password that a person chose could be guessed. Objects that somebody else makes are named for Stakater's Reloader, which
watches them where it is installed (its annotation ``secret.reloader.stakater.com/reload``).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi
import pulumi_random as random
from pulumi import ResourceOptions

# No controller reads names without a prefix.
ANNOTATION = "label-studio-content"
RELOADER = "secret.reloader.stakater.com/reload"
Kind = Literal["ConfigMap", "Secret"]
Data = pulumi.Input[Mapping[str, pulumi.Input[str]]]


@dataclass(frozen=True)
class _Read:
    """An object that a pod reads; ``keys`` is None for all of them."""

    kind: Kind
    name: pulumi.Input[str]
    keys: frozenset[str] | None


@dataclass(frozen=True)
class Contents:
    """The objects made so far. Without a ``key``, the digest of a pod is of ConfigMaps alone, and so may be plain."""

    key: pulumi.Input[str] | None = None
    _data: dict[tuple[str, str], Data] = field(default_factory=dict, repr=False)

    def add(self, kind: Kind, name: str, data: Data) -> None:
        """Remember what an object of the stack contains, before pods that read it are made."""
        self._data[kind, name] = data

    def annotations(self, pod: Mapping[str, Any]) -> dict[str, pulumi.Input[str]]:
        """The annotations of the template of a pod, given by its specification as the SDK takes it."""
        reads = [*_reads(pod)]
        foreign = {
            it.name
            for it in reads
            if it.kind == "Secret" and isinstance(it.name, str) and (it.kind, it.name) not in self._data
        }
        reloaded: dict[str, pulumi.Input[str]] = {RELOADER: ",".join(sorted(foreign))} if foreign else {}
        kinds = ("ConfigMap",) if self.key is None else ("ConfigMap", "Secret")
        return {ANNOTATION: self._digest([it for it in reads if it.kind in kinds]), **reloaded}

    def _digest(self, reads: list[_Read]) -> pulumi.Output[str]:
        made = dict(self._data)

        def content(names: list[str]) -> pulumi.Output[list[Any]]:
            known = [(it, name) for it, name in zip(reads, names, strict=True) if (it.kind, name) in made]
            data = pulumi.Output.all(*(made[it.kind, name] for it, name in known))
            return data.apply(lambda found: [_chosen(*each) for each in zip(known, found, strict=True)])

        names = pulumi.Output.all(*(it.name for it in reads))
        chosen: pulumi.Output[list[Any]] = names.apply(content)
        keyed = pulumi.Output.all(self.key or "", chosen)
        return pulumi.Output.unsecret(keyed.apply(lambda both: _hmac(*both)))


def content_key(name: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """The random key of the digests of a stack; another one would only start all pods again."""
    opts = ResourceOptions(parent=parent, additional_secret_outputs=["result", "bcryptHash"])
    return random.RandomPassword(f"{name}-content-key", length=32, special=False, opts=opts).result


def _reads(tree: Any) -> Iterator[_Read]:
    """Every reference of a pod, in the spelling of the SDK."""
    if isinstance(tree, Mapping):
        for member, value in tree.items():
            if member in ("secret_key_ref", "config_map_key_ref"):
                yield _Read(
                    "Secret" if member.startswith("secret") else "ConfigMap", value["name"], frozenset([value["key"]])
                )
            elif member == "secret":
                yield _Read("Secret", value["secret_name"], _items(value))
            elif member == "config_map":
                yield _Read("ConfigMap", value["name"], _items(value))
            else:
                yield from _reads(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from _reads(value)


def _items(volume: Mapping[str, Any]) -> frozenset[str] | None:
    return frozenset(item["key"] for item in volume["items"]) if "items" in volume else None


def _chosen(read: tuple[_Read, str], data: Mapping[str, str]) -> tuple[str, str, dict[str, str]]:
    it, name = read
    return it.kind, name, {key: value for key, value in data.items() if it.keys is None or key in it.keys}


def _hmac(key: str, content: list[Any]) -> str:
    return hmac.new(
        key.encode(), json.dumps(sorted(content, key=json.dumps), sort_keys=True).encode(), "sha256"
    ).hexdigest()
