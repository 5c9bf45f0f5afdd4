"""What is good in a new pod after a rotation, which key it signs with, and whether a session outlives the change."""

from __future__ import annotations

import json
import os
import time
from unittest import mock

import django

django.setup()

import jwt  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.sessions.backends.signed_cookies import SessionStore  # noqa: E402
from django.core import signing  # noqa: E402
from django.core.signals import request_started  # noqa: E402
from rest_framework_simplejwt.exceptions import TokenError  # noqa: E402
from rest_framework_simplejwt.tokens import AccessToken  # noqa: E402
from users.models import User  # noqa: E402

SALT = "django.contrib.sessions.backends.signed_cookies"
CLAIMS = {"token_type": "access", "exp": time.time() + 60, "jti": "1", "user_id": 1}
KEYS = {"newest": os.environ["SECRET_KEY"], "former": "former-key", "other": "another-key"}
LATER = time.monotonic() + float(os.environ["SECRET_KEY_SETTLES_AFTER"])


def session(key: str) -> bool:
    store = SessionStore(signing.dumps({"user": 1}, key=key, salt=SALT, compress=True))
    return bool(store.load() == {"user": 1})


def token(key: str) -> bool:
    try:
        AccessToken(jwt.encode(CLAIMS, key, "HS256"))
    except TokenError:
        return False
    return True


def good() -> dict[str, dict[str, bool]]:
    return {name: {"session": session(key), "token": token(key)} for name, key in KEYS.items()}


def signs_with() -> str:
    """The name of the key, as a request finds it."""
    request_started.send(sender=None)
    return {key: name for name, key in KEYS.items()}[settings.SECRET_KEY]


user = User(password="a hash")
first = {"signs_with": signs_with(), "good": good()}
opened = user.get_session_auth_hash()
with mock.patch.object(time, "monotonic", lambda: LATER):
    later = {"signs_with": signs_with(), "good": good()}
stays = opened != user.get_session_auth_hash() and opened in user.get_session_auth_fallback_hash()
print(json.dumps({"first": first, "later": later, "stays": stays}))
