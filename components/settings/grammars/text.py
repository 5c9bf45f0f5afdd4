"""Texts for people and programs: lines, e-mail addresses, file names, regular expressions, versions, XML."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from .grammar import Grammar

LINE_BREAKS = "\n\r\t"
ONE_LINE = r"(?=.*\S)[^\x00-\x1f\x7f]{1,1024}"
# Django's EmailValidator, without the quoted forms that its own log-in form refuses.
EMAIL_USER = re.compile(r"[-!#$%&'*+/=?^_`{}|~0-9a-z]+(?:\.[-!#$%&'*+/=?^_`{}|~0-9a-z]+)*", re.ASCII)
EMAIL_DOMAIN = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!-)(?:[a-z-]{2,63}|xn--[a-z0-9]{1,59})(?<!-)|localhost", re.ASCII
)
MAXIMUM_EMAIL = 254
# What Label Studio's column for it is meant for; the page shows it in full.
MAXIMUM_DESCRIPTION = 2000


def _is_printable(text: str, also: str = "") -> bool:
    """Whether PostgreSQL, XML and terminals take every character: no control characters and no half surrogates."""
    return all(character in also or unicodedata.category(character) not in {"Cc", "Cs"} for character in text)


def _text(value: str) -> str:
    if not _is_printable(value, LINE_BREAKS):
        raise ValueError("must have no control characters but line breaks and tabs")
    return value


def _description(value: str) -> str:
    if len(_text(value)) > MAXIMUM_DESCRIPTION:
        raise ValueError(f"must be at most {MAXIMUM_DESCRIPTION} characters long")
    return value


def _filled(value: str) -> str:
    text = _text(value).strip()
    if not text:
        raise ValueError("must not be empty")
    return text


def line(shortest: int, longest: int) -> Grammar:
    """One line of so many characters, spaces around it not counted."""

    def check(value: str) -> str:
        text = value.strip()
        if not shortest <= len(text) <= longest or not _is_printable(text):
            raise ValueError(grammar.refusal)
        return text

    size = f"{shortest} to {longest} characters"
    grammar = Grammar(f"line of {size}", f"one line of {size}", ("Cats and dogs",), check=check)
    return grammar


def _email(value: str) -> str:
    user, _, domain = value.lower().rpartition("@")
    known = EMAIL_USER.fullmatch(user) and EMAIL_DOMAIN.fullmatch(domain)
    if not known or len(value) > MAXIMUM_EMAIL:
        raise ValueError(EMAIL.refusal)
    if value != value.lower():
        raise ValueError("must be in lower case: Label Studio's login page lower-cases what people type")
    return value


def _pattern(value: str) -> str:
    try:
        re.compile(LINE.read(value))
    except (re.error, RecursionError, OverflowError) as error:
        reason = error.msg if isinstance(error, re.error) else "too large"
        raise ValueError(f"is not a regular expression: {reason}; such as .*(jpe?g|png|tiff)") from None
    return value


# Longer than any path, context or pattern that somebody wrote on purpose.
LINE = line(1, 1024)
EMAIL = Grammar(
    "e-mail address",
    "an e-mail address as Django takes it, in lower case",
    ("admin@example.com", "a.b+c@localhost"),
    check=_email,
)
ContextName = Annotated[
    str, Grammar("context", "the name of a context of the kubeconfig, in one line", ("production",), ONE_LINE)
]
Text = Annotated[str, Grammar("text", "text", ("any text",), check=_text)]
Description = Annotated[
    str,
    Grammar("description", "text of at most 2,000 characters", ("Draw a box around each cat.",), check=_description),
]
Filled = Annotated[str, Grammar("filled text", "text that is not empty", ("<View>…</View>",), check=_filled)]
Email = Annotated[str, EMAIL]
Pattern = Annotated[
    str, Grammar("regular expression", "a regular expression of Python", (".*(jpe?g|png|tiff)",), check=_pattern)
]
FilePath = Annotated[
    str, Grammar("file", "the path of a file, in one line", ("~/.kube/config", "labels/cats.xml"), ONE_LINE)
]
EnvironmentName = Annotated[
    str,
    Grammar(
        "environment variable",
        "a name of an environment variable: letters, digits, '_' and '.', not beginning with a digit or '.'",
        ("LOG_LEVEL", "feature.x"),
        r"[A-Za-z_][A-Za-z0-9_.]{0,252}",
    ),
]
HeaderName = Annotated[
    str,
    Grammar(
        "header",
        "the name of a header: letters, digits and '-'",
        ("Authorization", "X-Webhook-Token"),
        r"[A-Za-z][-A-Za-z0-9]{0,63}",
    ),
]
