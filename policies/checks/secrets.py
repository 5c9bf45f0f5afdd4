"""Signs of a secret that is written out: by the name of what holds it, and by its own form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.checks.values import UNKNOWN

# The last words of a name, in upper case and joined by "_", that tell that its value is secret.
SECRET_NAME = re.compile(
    r"(.*_)?(PASS|PASSWD|PASSWORD|PASSPHRASE|PGPASSWORD|SECRET|TOKEN|(SECRET|API|ACCESS|PRIVATE|ACCOUNT|ENCRYPTION)_KEY"
    r"|(ACCESS|SECRET)_KEY_ID|CREDENTIALS?|CREDENTIALS_JSON|SECRET_ACCESS_KEY|ROOT_USER|APIKEY)"
)
# Switches and file names that end like secrets.
HARMLESS_NAME = re.compile(r".*(ENABLE|ENABLED|ALLOW|AUTOMOUNT)_.*|.*_(FILE|PATH|NAME)")
HARMLESS_VALUE = re.compile(r"|true|false|yes|no|on|off|0|1|\$\(\w+\)", re.IGNORECASE)
SECRET_FORMS = {
    "a URL with a password": re.compile(
        r"\b[a-z][a-z0-9+.-]*://[^/\s:@'\"]*:(?!\$|%s|\{|<|\[)[^@\s/'\"]+@", re.IGNORECASE
    ),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an access key of Amazon": re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a signed token": re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"),
}
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# `requirepass x`, `KEY=x`, `key: x` and `"key": "x"` within a text such as a configuration file.
TEXT_ASSIGNMENT = re.compile(
    r"^[ \t]*(?:(?:export|set|user)[ \t]+)?(?:"
    r"(?P<directive>requirepass|masterauth|tls-key-file-pass)[ \t]+(?P<argument>\S+)"
    r"|(?P<quote>['\"]?)(?P<key>[\w.-]+)(?P=quote)[ \t]*(?:=|:[ \t])[ \t]*(?P<mark>['\"])(?P<quoted>[^'\"\n]+)(?P=mark)"
    r"|(?P<bare>[\w.-]+)(?:=|:[ \t]+)(?P<value>[^\s'\"]+)[ \t]*$)",
    re.MULTILINE,
)
PLACEHOLDER = re.compile(r"\$|%|\{|<|os\.|env\b|None\b|\*+$")
ARGUMENT = re.compile(r"--?([\w-]+)[= ]['\"]?([^\s'\"]+)")


def words(name: str) -> str:
    """``secretAccessKey`` and ``secret-access-key`` as ``SECRET_ACCESS_KEY``."""
    return re.sub(r"[-.\s]+", "_", CAMEL.sub("_", name)).upper()


def is_secret_name(name: str) -> bool:
    """Whether what has this name is secret."""
    upper = words(name)
    return bool(SECRET_NAME.fullmatch(upper)) and not HARMLESS_NAME.fullmatch(upper)


def form_of(value: Any) -> str | None:
    """The form of secret that a text contains, if any."""
    if not isinstance(value, str):
        return None
    return next((form for form, pattern in SECRET_FORMS.items() if pattern.search(value)), None)


def is_secret_value(value: Any) -> bool:
    """Whether a value under a secret name is one; an unknown one is, for references have other names."""
    if value is UNKNOWN:
        return True
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    return not HARMLESS_VALUE.fullmatch(str(value))


def is_reference(key: str, siblings: Mapping[str, Any]) -> bool:
    """Whether a key of a values file or custom resource names a Secret, or a key of the Secret that a sibling names."""
    if "xistingSecret" in key or key.endswith("SecretName") or key == "secretName":
        return True
    if key.endswith("ecretKey"):
        return any(sibling.endswith("ecretName") for sibling in siblings)
    # Kubernetes names references so: passwordSecret, superuserSecret. Variables have upper case: CLIENT_SECRET.
    return key.endswith("Secret") and key != "clientSecret" and not key.isupper()


def in_tree(tree: Any, path: str) -> Iterator[tuple[str, str]]:
    """Path and form of each secret that is written out in a tree of values."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            inner = f"{path}.{key}" if path else key
            if is_secret_name(key) and is_secret_value(value) and not is_reference(key, tree):
                yield inner, "a secret by its name"
            else:
                yield from in_tree(value, inner)
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from in_tree(value, f"{path}[{index}]")
    elif form := form_of(tree):
        yield path, form


def in_text(text: str) -> Iterator[str]:
    """The names of what a configuration text assigns a secret to, or its form."""
    if form := form_of(text):
        yield form
    for match in TEXT_ASSIGNMENT.finditer(text):
        name = match["directive"] or match["key"] or match["bare"]
        value = match["argument"] or match["quoted"] or match["value"]
        secret = match["directive"] or (is_secret_name(name) and not is_reference(name, {}))
        if secret and is_secret_value(value) and not PLACEHOLDER.match(value):
            yield f"a value for {name}"


def in_arguments(arguments: list[str]) -> Iterator[str]:
    """Options of a command line with a secret after them."""
    line = " ".join(arguments)
    if form := form_of(line):
        yield form
    for name, value in ARGUMENT.findall(line):
        if (
            is_secret_name(name)
            and is_secret_value(value)
            and not PLACEHOLDER.match(value)
            and not value.startswith("-")
        ):
            yield f"a value for --{name}"
