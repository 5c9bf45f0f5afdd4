"""What is still good that was signed with the key before SECRET_KEY: a session, and an API token."""

from __future__ import annotations

import json
import time

import django

django.setup()

import jwt  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.sessions.backends.signed_cookies import SessionStore  # noqa: E402
from django.core import signing  # noqa: E402
from rest_framework_simplejwt.exceptions import TokenError  # noqa: E402
from rest_framework_simplejwt.tokens import AccessToken  # noqa: E402

SALT = "django.contrib.sessions.backends.signed_cookies"
CLAIMS = {"token_type": "access", "exp": time.time() + 60, "jti": "1", "user_id": 1}


def session(key: str) -> bool:
    store = SessionStore(signing.dumps({"user": 1}, key=key, salt=SALT, compress=True))
    return bool(store.load() == {"user": 1})


def token(key: str) -> bool:
    try:
        AccessToken(jwt.encode(CLAIMS, key, "HS256"))
    except TokenError:
        return False
    return True


KEYS = {"newest": settings.SECRET_KEY, "former": "former-key", "other": "another-key"}
print(json.dumps({name: {"session": session(key), "token": token(key)} for name, key in KEYS.items()}))
