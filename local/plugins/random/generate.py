"""The values themselves, by the rules of the Terraform provider `hashicorp/random` that the official plugin wraps."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import bcrypt

_LOWER = "abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()
_DIGITS = "0123456789"
_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"


@dataclass(frozen=True)
class _Class:
    characters: str
    minimum: int


def text(inputs: Mapping[str, Any]) -> str:
    """A text with at least the asked number of each class. Raises ValueError when the length cannot hold them."""
    length = int(inputs["length"])
    classes = _classes(inputs)
    if sum(kind.minimum for kind in classes) > length:
        raise ValueError("length must be >= minUpper + minLower + minNumeric + minSpecial")
    alphabet = "".join(kind.characters for kind in classes)
    if not alphabet:
        raise ValueError("at least one of lower, upper, numeric and special must be true")
    chosen = [secrets.choice(kind.characters) for kind in classes for _ in range(kind.minimum)]
    chosen += [secrets.choice(alphabet) for _ in range(length - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _classes(inputs: Mapping[str, Any]) -> list[_Class]:
    numeric = inputs.get("numeric", inputs.get("number", True))
    special = inputs.get("overrideSpecial") or _SPECIAL
    wanted = (
        (inputs.get("upper", True), _UPPER, "minUpper"),
        (inputs.get("lower", True), _LOWER, "minLower"),
        (numeric, _DIGITS, "minNumeric"),
        (inputs.get("special", True), special, "minSpecial"),
    )
    return [_Class(characters, int(inputs.get(minimum) or 0)) for on, characters, minimum in wanted if on]


def defaults(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs that only repeat or complete the inputs of a text."""
    numeric = inputs.get("numeric", inputs.get("number", True))
    completed = {
        "lower": True, "upper": True, "special": True,
        "minLower": 0, "minUpper": 0, "minNumeric": 0, "minSpecial": 0,
    }  # fmt: skip
    return {**completed, **inputs, "numeric": numeric, "number": numeric}


def password_hash(password: str) -> str:
    """Its bcrypt hash; bcrypt takes 72 bytes at most, and the official provider cuts there too."""
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(10)).decode()


def identifier(length: int, prefix: str) -> tuple[str, dict[str, Any]]:
    """Random bytes, and the id and spellings under which RandomId shows them."""
    return spellings(secrets.token_bytes(length), prefix)


def spellings(data: bytes, prefix: str) -> tuple[str, dict[str, Any]]:
    """The id (URL-safe base64 without padding) and the outputs of RandomId."""
    url = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    standard = base64.b64encode(data).decode()
    number = int.from_bytes(data, "big")
    shown = {"b64Url": url, "b64Std": standard, "hex": data.hex(), "dec": str(number)}
    return url, {name: prefix + value for name, value in shown.items()}
