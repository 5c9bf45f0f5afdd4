"""Keeps what the engine says of values: which of them are secrets.

The SDK (pulumi-policy 1.21) hands secrets to policies as plain values, so that no policy could tell a secret output
from a plain one. Texts that the engine calls secret become ``SecretText`` here, which is a text to every rule.
"""

from __future__ import annotations

from typing import Any

from pulumi_policy import policy as sdk
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY, deserialize_properties


class SecretText(str):
    """A text that the engine keeps encrypted."""

    __slots__ = ()


def keep_marks() -> None:
    """Have the SDK's own server keep the marks."""
    sdk.deserialize_properties = _deserialize  # type: ignore[attr-defined]


def _deserialize(props: dict[str, Any], proxy_secrets: bool = False) -> dict[str, Any]:
    return deserialize_properties(props if proxy_secrets else marked(props), proxy_secrets)


def marked(value: Any, secret: bool = False) -> Any:
    """The tree with every text below a secret's signature marked."""
    if isinstance(value, dict):
        if value.get(SPECIAL_SIG_KEY) == SPECIAL_SECRET_SIG:
            return marked(value.get("value"), True)
        return {key: marked(inner, secret and key != SPECIAL_SIG_KEY) for key, inner in value.items()}
    if isinstance(value, list):
        return [marked(inner, secret) for inner in value]
    return SecretText(value) if secret and isinstance(value, str) else value
