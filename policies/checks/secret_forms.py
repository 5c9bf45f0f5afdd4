"""Texts that are secret by their own form: tokens of known services, private keys, addresses with a password.

The forms of services come from a detector that is kept (bc-detect-secrets); those here are what it does not have.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import unquote

# The forms of services, as classes of detect_secrets.plugins.
DETECTORS = {
    "aws": "AWSKeyDetector",
    "azure_storage_key": "AzureStorageKeyDetector",
    "discord": "DiscordBotTokenDetector",
    "github_token": "GitHubTokenDetector",
    "jwt": "JwtTokenDetector",
    "mailchimp": "MailchimpDetector",
    "npm": "NpmDetector",
    "private_key": "PrivateKeyDetector",
    "sendgrid": "SendGridDetector",
    "slack": "SlackDetector",
    "square_oauth": "SquareOAuthDetector",
    "stripe": "StripeDetector",
    "twilio": "TwilioKeyDetector",
}
FORMS = {
    "a URL with a password": re.compile(
        r"\b[a-zA-Z][a-zA-Z0-9+.-]{0,30}://[^/\s:@'\"]{0,200}:(?!\$|%s|\{|<|\[)[^@\s/'\"]{1,300}@"
    ),
    "a URL with a token": re.compile(r"\bhttps?://(?!\$|\{|<)[^/\s:@'\"]{20,300}@"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY( BLOCK)?-----|\bAGE-SECRET-KEY-1[A-Z0-9]{20,}"),
    "an access key of Amazon": re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a signed token": re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"),
    "a token of a known service": re.compile(
        r"\b(github_pat_\w{22,}|glpat-[\w-]{20}|gl[a-z]{2,5}-[\w-]{20,}|xox[abeoprs]-[\w-]{10,}|sk-ant-[\w-]{20,}"
        r"|sk-(proj-)?[\w-]{32,}|hf_[A-Za-z0-9]{30,}|AIza[\w-]{35}|ya29\.[\w-]{20,}|dop_v1_[a-f0-9]{64}|pypi-[\w-]{40,}"
        r"|dckr_(pat|oat)_[\w-]{20,}|hv[sbr]\.[\w-]{20,}|s\.[A-Za-z0-9]{24}|shp(at|ca|pa|ss)_[a-fA-F0-9]{32}|lin_api_\w{32,}"
        r"|dapi[a-f0-9]{32}|pul-[a-f0-9]{40}|sntrys_[\w+/=-]{30,}|glsa_\w{32,}|rk_live_\w{20,}|sk_(live|test)_\w{20,}"
        r"|whsec_\w{20,}|EAAC\w{30,}|ATATT3\w{30,}|NRAK-[A-Z0-9]{27}|figd_[\w-]{30,}|nvapi-[\w-]{40,}|r8_\w{37}"
        r"|LTAI[A-Za-z0-9]{12,20}|ops_eyJ\w{50,}|tskey-[\w-]{20,}|cfut_\w{30,}|npm_[A-Za-z0-9]{36})"
    ),
    "a shared signature": re.compile(r"[?&]sig=[A-Za-z0-9%+/=]{20,}"),
    "a line of a password file": re.compile(
        r"^[\w.@-]{1,64}:(\$(2[abxy]|apr1|[156y]|argon2\w*)\$|\{SHA\})\S{10,}", re.MULTILINE
    ),
    "a line of .npmrc": re.compile(r":_(auth|authToken|password)\s{0,4}=\s{0,4}['\"]?(?![$%{<])[^\s'\"]{8,}"),
    "a line of .netrc": re.compile(r"\blogin\s{1,8}\S{1,200}\s{1,8}password\s{1,8}(?![$<{])\S"),
    "a line of .pgpass": re.compile(
        r"^[\w.*-]{1,253}:(\d{2,5}|\*):[\w*-]{1,63}:[\w*-]{1,63}:(?![$<{*])[^\s:]{4,}$", re.MULTILINE
    ),
}
ENCODED = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
LONGEST = 1_000_000
LINE = 4_000


def form_of(value: Any) -> str | None:
    """The form of secret that a text contains, if any; base64 and percent signs are looked through."""
    if not isinstance(value, str) or len(value) < 6:
        return None
    return next((found for text in readings(value) if (found := _form(text))), None)


def readings(value: str) -> Iterator[str]:
    """The text itself, and what it says in its other spellings."""
    text = value[:LONGEST]
    yield text
    if "%" in text:
        yield unquote(text)
    if "\\" in text:
        yield text.replace('\\"', '"').replace("\\/", "/").replace("\\n", "\n")
    for match in ENCODED.finditer(text):
        if decoded := _decoded(match[0]):
            yield decoded


@cache
def _form(text: str) -> str | None:
    for form, pattern in FORMS.items():
        if pattern.search(text):
            return form
    for line in text.splitlines():
        for start in range(0, len(line), LINE):
            if _detected(line[start : start + LINE + 200]):
                return "a token of a known service"
    return None


@cache
def detectors() -> tuple[Any, ...]:
    """The detectors; importing them takes a fifth of a second, which the pack spends while the program starts."""
    return tuple(getattr(import_module(f"detect_secrets.plugins.{name}"), each)() for name, each in DETECTORS.items())


def _detected(line: str) -> bool:
    return any(next(iter(detector.analyze_string(line)), None) is not None for detector in detectors())


def _decoded(text: str) -> str | None:
    for alternatives in (None, b"-_"):
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=alternatives, validate=True)
            decoded = raw.decode("utf-8")
        except ValueError:
            continue
        return decoded if decoded.isprintable() or "\n" in decoded else None
    return None
