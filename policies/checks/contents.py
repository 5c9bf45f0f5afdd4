"""The values that are secret in a stack, and where they occur: as they are, or in base64, in a URL, in JSON."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .resources import entries
from .secret_names import is_secret_name, words
from .secret_texts import ASSIGNMENT
from .stack import Stack
from .values import walk

SHORTEST = 6
# Entries of Secrets that everybody may know: names, addresses, certificates.
PUBLIC = re.compile(
    r"(.*_)?(USER|USERNAME|USER_NAME|LOGIN|HOST|HOSTNAME|PORT|DATABASE|DBNAME|DB|NAME|REGION|BUCKET|ENDPOINT|EMAIL|SCHEME|TYPE"
    r"|CA_CRT|TLS_CRT|CRT|CERT|PEM|CA|ACCESS_KEY|ACCESS_KEY_ID|ACCESSKEY|ROOT_USER|REALM|ISSUER|NAMESPACE|ADDRESS|URL|URI)"
)
PRIVATE = re.compile(r"PRIVATE KEY|://[^/\s:@]*:[^@\s/]+@")
STAND_INS = {"placeholder", "[secret]", "[unknown]"}
# The program's own configuration key for secrets; the engine hands all configuration to the pack.
CONFIGURATION = "PULUMI_CONFIG"
SECRETS_KEY = ":secrets"
GENERATED = ("random:index/randomPassword:RandomPassword", "random:index/randomString:RandomString")


@dataclass(frozen=True)
class Known:
    """A secret value; ``place`` says whose it is, ``holder`` is the name of the Secret, if it is one's."""

    value: str
    place: str
    holder: str = ""
    key: str = ""

    @property
    def spellings(self) -> set[str]:
        """The value as other formats write it."""
        once = set(_in_base64(self.value))
        return {
            self.value,
            quote(self.value, safe=""),
            json.dumps(self.value)[1:-1],
            json.dumps(self.value, ensure_ascii=False)[1:-1],
            *once,
            *(twice for inner in once for twice in _in_base64(inner)),
        }


def _in_base64(text: str) -> Iterator[str]:
    """What base64 makes of a text wherever it stands in another one, in both alphabets."""
    for shift in range(3):
        inner = _base64_inside(text.encode(), shift)
        if len(inner) >= SHORTEST:
            yield from (inner, inner.replace("+", "-").replace("/", "_"))


def _base64_inside(raw: bytes, shift: int) -> str:
    """The letters that base64 makes of the value wherever it stands, behind ``shift`` other bytes."""
    encoded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
    first = -(-shift * 8 // 6) if shift else 0
    last = (shift + len(raw)) * 8 // 6
    return encoded[first:last]


def known_secrets(stack: Stack) -> list[Known]:
    """The secret values of Secrets, of generated passwords and of the secret configuration."""
    found = [*_of_secrets(stack), *_of_generators(stack), *_of_configuration()]
    return [known for known in found if len(known.value) >= SHORTEST and known.value not in STAND_INS]


def _of_secrets(stack: Stack) -> Iterator[Known]:
    for manifest in stack.manifests:
        if manifest.group == "" and manifest.kind == "Secret":
            for path, text in entries(manifest):
                key = path.split(".", 1)[1]
                for value in _values(key, text):
                    yield Known(value, f"{manifest.label}, {path}", manifest.label.split(" ", 1)[1], key)


def _values(key: str, text: str) -> Iterator[str]:
    """The secret values in one entry of a Secret: the whole text, or what a file assigns."""
    if "\n" in text.strip() or "=" in text or text.lstrip().startswith("{"):
        assigned = [
            match["quoted"] or match["bare"] for match in ASSIGNMENT.finditer(text) if is_secret_name(match["key"])
        ]
        if assigned:
            yield from assigned
            return
    if "PRIVATE KEY" in text:
        yield from (line for line in text.splitlines() if len(line) > 40)
    elif (
        (is_secret_name(key) and not PUBLIC.fullmatch(words(key)))
        or PRIVATE.search(text)
        or (not PUBLIC.fullmatch(words(key)) and _is_random(text.strip()))
    ):
        yield text.strip()


def _is_random(text: str) -> bool:
    """Whether a text of an unknown entry looks like a key: long, of several kinds of letters, and no name of a host."""
    kinds = sum(bool(re.search(kind, text)) for kind in (r"[a-z]", r"[A-Z]", r"\d"))
    is_name = re.fullmatch(r"[a-z0-9.-]+", text) and not re.fullmatch(r"[0-9a-f]{32,}", text)
    return bool(re.fullmatch(r"\S{16,200}", text)) and kinds >= 2 and not is_name


def _of_generators(stack: Stack) -> Iterator[Known]:
    for resource in stack.own:
        result = resource.props.get("result")
        if resource.type in GENERATED and isinstance(result, str):
            yield Known(result, f"RandomPassword {resource.name}")


def _of_configuration() -> Iterator[Known]:
    try:
        given = json.loads(os.environ.get(CONFIGURATION, "{}"))
    except ValueError:
        return
    for key, text in given.items() if isinstance(given, dict) else ():
        if key.endswith(SECRETS_KEY) and isinstance(text, str):
            try:
                tree = json.loads(text)
            except ValueError:
                continue
            for path, value in walk(tree):
                name = path.rpartition(".")[2]
                if isinstance(value, str) and not PUBLIC.fullmatch(words(name)):
                    for each in _values(name, value) if "\n" in value else [value]:
                        yield Known(each, f"the configuration secrets.{path}", path.split(".")[0], name)


def occurrences(secrets: list[Known], tree: Any, path: str = "") -> Iterator[tuple[str, Known]]:
    """Path of each text below ``tree`` that contains one of the values, and which; linear in the size of the tree."""
    spelt = [(spelling, known) for known in secrets for spelling in known.spellings]
    for place, value in walk({"": tree} if isinstance(tree, str) else tree, path):
        if isinstance(value, str):
            for spelling, known in spelt:
                if spelling in value:
                    yield place, known
                    break
        if isinstance(value, Mapping):
            for key in value:
                if any(spelling in str(key) for spelling, _ in spelt):
                    yield f"{place} (a key)", next(known for spelling, known in spelt if spelling in str(key))
