"""What is secret by its name, and what only refers to a secret."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from .values import UNKNOWN

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Words at the end of a name that say which of several secrets it is, or how it is written.
QUALIFIER = re.compile(
    r"_?(OLD|NEW|CURRENT|PREVIOUS|PRIMARY|SECONDARY|MAIN|BACKUP|DEFAULT|VALUE|STRING|TEXT|PLAIN|PLAINTEXT|BASE64|B64|RAW"
    r"|DATA|\d+)$"
)
SECRET = re.compile(
    r"(.*_)?(PASS|PWD|PASSCODE|PASSPHRASE|PASSWD|PASSWORDS?|SECRET|TOKEN|BEARER|AUTHORIZATION|APIKEY|CREDENTIALS?"
    r"|CREDENTIALS_JSON|CONNECTION_STR|(BASIC|HTTP|PROXY)_AUTH|SECRET_ACCESS|ROOT_USER|PRIVATEKEY|SECRETKEY|ACCESSKEY|IDENTITYTOKEN|COOKIE"
    r"|(SECRET|API|ACCESS|PRIVATE|ACCOUNT|ENCRYPTION|SIGNING|MASTER|SHARED|SUBSCRIPTION|AUTH|STORAGE|CLIENT|SERVICE|APP"
    r"|DJANGO|FERNET|HMAC|JWT|SESSION|DEPLOY|INTEGRATION|LICENSE|WEBHOOK)_KEY|(ACCESS|SECRET)_KEY_ID|CONNECTION)"
    r"|.*(PASSWORD|PASSWD|PASSPHRASE|APIKEY|AUTHTOKEN|SECRETKEY|ACCESSKEY|REQUIREPASS|MASTERAUTH|AUTH_PASS)"
)
# Switches, and names of what is public: files, fields, limits, names.
HARMLESS = re.compile(
    r"(.*_)?(ENABLE|ENABLED|DISABLE|DISABLED|ALLOW|USE|REQUIRE|REQUIRED|AUTOMOUNT|RESET|FORGOT|CHANGE|NO|SKIP|MIN|MAX)_.*"
    r"|.*_(FILE|PATH|NAME|DIR|LENGTH|TTL|URL|URI|TYPE|MODE|POLICY|HEADER|FIELD|AGE|SECURE|HTTPONLY|SAMESITE|EXPIRY|LIMIT)"
    r"|(.*_)?(DATABASE|DB|PG)_CONNECTION|CONNECTION|KEEP_ALIVE_CONNECTION|(.*_)?(MAX|NEXT|PAGE|CSRF)_TOKEN"
)
HARMLESS_VALUE = re.compile(
    r"\s*|true|false|yes|no|on|off|0|1|none|null|nil|\$\([\w.-]+\)|\$\{[^}]*\}|\$\w+|\{\{.*\}\}|<[^<>]*>|\*+|\[secret\]",
    re.IGNORECASE | re.DOTALL,
)
# A file's path, or a name in a store of secrets, is where the secret is and not what it is.
LOCATION = re.compile(r"(/[\w.@-]+)+/?|(file|vault|env|awssm|gcpsm|ref\+\w+|secretRef|secret):[^\s]*|arn:aws:[^\s]+")
DNS_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
REFERENCE_ENDS = re.compile(
    r"(?i).*(existing_?-?secret(_?-?(key|name))?|secret_?-?(name|ref)|key_?-?ref|secret_?-?key_?-?name)"
)
VALUE_SECRETS = {"CLIENT_SECRET", "WEBHOOK_SECRET", "SHARED_SECRET", "COOKIE_SECRET", "APP_SECRET", "CONSUMER_SECRET",
                 "JWT_SECRET", "OAUTH_SECRET", "API_SECRET", "ACCESS_SECRET", "SESSION_SECRET"}  # fmt: skip


def words(name: str) -> str:
    """``secretAccessKey`` and ``secret-access-key`` as ``SECRET_ACCESS_KEY``."""
    return re.sub(r"[^A-Za-z0-9]+", "_", CAMEL.sub("_", name)).strip("_").upper()


def is_secret_name(name: str) -> bool:
    """Whether what has this name is secret; of an annotation or header, the part after its prefix counts."""
    upper = words(name.rpartition("/")[2][:200])
    while (shorter := QUALIFIER.sub("", upper)) != upper and shorter:
        upper = shorter
    return bool(SECRET.fullmatch(upper)) and not HARMLESS.fullmatch(upper)


def is_secret_value(value: Any) -> bool:
    """Whether a value under a secret name is one; an unknown one is, for references have other names."""
    if value is UNKNOWN:
        return True
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    text = str(value)
    return not HARMLESS_VALUE.fullmatch(text) and not LOCATION.fullmatch(text)


def is_reference(name: str, value: Any, siblings: Collection[str]) -> bool:
    """Whether a key of a values file or resource names a Secret, or a key of the Secret that a sibling names."""
    last = name.rpartition("/")[2]
    if REFERENCE_ENDS.fullmatch(last) or last.endswith(("SecretRef", "SecretKeySelector")):
        return True
    upper = words(last)
    if upper.endswith("SECRET_KEY") and not last.isupper():
        # `secretName` beside it says of which Secret; a store's `remoteRef` says from where it comes.
        return any(
            words(sibling).endswith("SECRET_NAME") or sibling in ("secret", "name", "remoteRef") for sibling in siblings
        )
    # Kubernetes names references so: passwordSecret, superuserSecret, auth-secret. Variables have upper case.
    named_so = upper.endswith("SECRET") and upper not in VALUE_SECRETS and not last.isupper()
    return named_so and isinstance(value, str) and bool(DNS_NAME.fullmatch(value))
