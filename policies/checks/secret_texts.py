"""Secrets within texts: configuration files, command lines, connection strings and documents inside documents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from .secret_forms import form_of, readings
from .secret_names import is_reference, is_secret_name, is_secret_value, words

# `key=x`, `key: x`, `"key": "x"` and `key => x`, anywhere in a line. Bounded, so that no text takes long.
ASSIGNMENT = re.compile(
    r"(?P<key>[A-Za-z_][\w./-]{0,80})(?P<quote>['\"]?)[ \t]{0,8}(?P<sign>=>|:=|=|:(?!//))[ \t]{0,8}"
    r"(?:(?P<mark>['\"])(?P<quoted>[^'\"\n]{1,2000})(?P=mark)|(?P<bare>[^\s'\",;&)\]}]{1,2000}))"
)
DIRECTIVE = re.compile(
    r"(?:^|[\s\"'])(?:config\s+set\s+)?(?P<name>requirepass|masterauth|tls-key-file-pass|sentinel\s+auth-pass\s+\S+)"
    r"[ \t]+['\"]?(?P<value>[^\s'\"]{1,2000})",
    re.MULTILINE | re.IGNORECASE,
)
ACL_USER = re.compile(r"^[ \t]*user[ \t]+\S+[^\n]*[ \t][>#](?P<value>[^\s$]{3,})", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])--?(?P<name>[A-Za-z][\w.-]{1,60})(?:=|[ \t]{1,8})['\"]?(?P<value>[^\s'\"]{1,2000})")
USER_AND_PASSWORD = re.compile(
    r"(?:^|\s)(?:-u|--user|--proxy-user)[ =]?['\"]?[\w.@-]{1,100}:(?![$\{<])[^\s'\"]{1,2000}"
)
SHORT_PASSWORD = re.compile(
    r"\b(?:(?:mysql\w*|mariadb\w*|sshpass)\b[^\n|;]{0,200}?\s-p\s?|(?:redis|valkey)-cli\b[^\n|;]{0,200}?\s-a\s?)"
    r"(?![$\{<\"-])\S{3,}"
)
SQL = re.compile(r"\b(?:password|identified\s{1,8}by)\s{1,8}['\"](?![$\{<:%])[^'\"\n]{1,2000}['\"]", re.IGNORECASE)
PIPED = re.compile(
    r"\b(?:echo|printf)\s{1,8}['\"]?(?![$\{%<'\"])\S{3,200}[^\n|]{0,20}\|[^\n|]{0,200}(?:-stdin\b|\bchpasswd\b)"
)
HEADER = re.compile(
    r"(?:authorization|x-[\w-]{0,40}(?:token|key|secret))['\"]?\s{0,4}:\s{0,4}['\"]?(?:(?:basic|bearer|token)\s+)?"
    r"(?![$\{<%])[\w.+/=~-]{8,}",
    re.IGNORECASE,
)
# `name: PASSWORD` and its `value: x`, in YAML, TOML or XML, and an element of XML.
PAIR = re.compile(
    r"\b(?:name|key)['\"]?\s{0,4}[:=]\s{0,4}['\"]?(?P<key>[\w./-]{1,80})['\"]?[\s,;-]{1,80}['\"]?value['\"]?\s{0,4}[:=]\s{0,4}"
    r"['\"]?(?P<value>[^\s'\",;}>]{1,2000})|<(?P<tag>\w{1,80})>(?P<inner>[^<>\s]{1,2000})</",
    re.IGNORECASE,
)
PLACEHOLDER = re.compile(
    r"[$%{<]|os\.|env\b|None\b|\*+$|\\?\(|f['\"]|str\b|bytes\b|int\b|Optional\b|Secret\w*\b|self\."
)
CODE_LINE = re.compile(r"^(#!|import \w|from [\w.]+ import |def \w+\(|class \w+[(:])", re.MULTILINE)
Language = Literal["python", "shell", "other"] | None
CODE = (".py", ".sh", ".js", ".lua", ".go", ".rb", ".tpl", ".ts")
# `#!/bin/sh` of a script, or the beginning of a command line. A bare word that a shell assigns is a value, not a name.
SHELL = re.compile(r"\s*(?:#!\s{0,4})?(?:/\S{0,100}/)?(?:env\s{1,4})?(?:ba|da|a|k|z)?sh\b")
IDENTIFIER = re.compile(r"[A-Za-z_][\w.]*(\(.*|\[.*)?|\w+\(.*")
CALL = re.compile(r"\w+\(.*")


def in_text(text: str, name: str = "") -> Iterator[str]:
    """What a text assigns a secret to, or the form of one; ``name`` is that of the file that it is."""
    if form := form_of(text):
        yield form
    document = _document(text)
    if document is not None:
        # A document in a document is read by its structure.
        yield from (f"a value for {path}" for path in _in_document(document))
        return
    yield from _directives(text)
    language = _language(text, name)
    for reading in readings(text):
        for match in ASSIGNMENT.finditer(reading):
            if _is_secret(match, language):
                yield f"a value for {match['key']}"
        for match in PAIR.finditer(reading):
            name, value = match["key"] or match["tag"], match["value"] or match["inner"]
            if is_secret_name(name) and is_secret_value(value) and not PLACEHOLDER.match(value):
                yield f"a value for {name}"


def in_arguments(arguments: Sequence[Any]) -> Iterator[str]:
    """What a command line hands over, by options, variables before a command, headers, or by form."""
    texts = [argument for argument in arguments if isinstance(argument, str)]
    line = " ".join(texts)
    yield from in_text(line)
    for match in OPTION.finditer(line):
        name, value = match["name"], match["value"]
        if is_secret_name(name) and is_secret_value(value) and not PLACEHOLDER.match(value) and value[0] != "-":
            yield f"a value for --{name}"
    if PIPED.search(line) or USER_AND_PASSWORD.search(line) or SHORT_PASSWORD.search(line):
        yield "a password"


def _document(text: str) -> Any:
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict | list) else None


def _in_document(tree: Any, depth: int = 0) -> Iterator[str]:
    if depth > 50:
        yield "something nested too deep"
    elif isinstance(tree, dict):
        pair = secret_pair(tree)
        if pair:
            yield pair
        for key, value in tree.items():
            named = is_secret_name(str(key)) or key in ("auth", "_auth")
            if named and is_secret_value(value) and not is_reference(str(key), value, list(map(str, tree))):
                yield str(key)
            elif isinstance(value, str):
                yield from (f"{key} ({found})" for found in in_text(value))
            else:
                yield from _in_document(value, depth + 1)
    elif isinstance(tree, list):
        for value in tree:
            if isinstance(value, str):
                yield from in_text(value)
            else:
                yield from _in_document(value, depth + 1)


def secret_pair(tree: Any) -> str | None:
    """The name in a pair such as ``{name: PASSWORD, value: x}``, where that is a secret."""
    for key in ("name", "key", "header", "Name", "Key", "parameter"):
        name = tree.get(key)
        if isinstance(name, str) and is_secret_name(name):
            value = tree.get("value", tree.get("Value"))
            if value is not None and tree.get("valueFrom") is None and is_secret_value(value):
                return name
    return None


def _directives(text: str) -> Iterator[str]:
    for match in DIRECTIVE.finditer(text):
        if is_secret_value(match["value"]) and not PLACEHOLDER.match(match["value"]):
            yield f"a value for {match['name'].split()[0]}"
    if ACL_USER.search(text):
        yield "a password of a user"
    if SQL.search(text):
        yield "a password in SQL"
    if HEADER.search(text):
        yield "a header with a secret"


def _language(text: str, name: str) -> Language:
    if name.endswith(".sh") or SHELL.match(text):
        return "shell"
    if name.endswith(".py"):
        return "python"
    return "other" if name.endswith(CODE) or CODE_LINE.search(text) else None


def _is_secret(match: re.Match[str], language: Language) -> bool:
    key, value = match["key"], match["quoted"] or match["bare"]
    if not is_secret_name(key) or is_reference(key, value, ()) or not is_secret_value(value):
        return False
    if PLACEHOLDER.match(value) or words(value) == words(key) or is_secret_name(value):
        return False
    if match["quoted"] is not None or language is None:
        return True
    if language == "shell" and (match["sign"] in ("=", ":=") or _is_whole_line(match)):
        return not CALL.fullmatch(value)
    # In a program a bare word is a name; but capitals in front of = may be a shell's, where a bare word is a value.
    is_attribute = language == "python" and "." in key
    return not (IDENTIFIER.fullmatch(value) and (match["sign"] != "=" or key.islower() or is_attribute))


def _is_whole_line(match: re.Match[str]) -> bool:
    """As of YAML in a document that a script writes, and unlike a message with a colon in it."""
    before, after = match.string[: match.start()].rpartition("\n")[2], match.string[match.end() :].partition("\n")[0]
    return not before.strip(" \t-") and not after.strip()
