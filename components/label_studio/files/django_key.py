"""After a rotation of Django's key, a pod signs with the former one for as long as pods may serve that know no other.

Such a pod ends the session of a browser that the new key has signed, which Label Studio keeps in the cookie itself.
"""

from __future__ import annotations

import os
import time

from django.apps import AppConfig
from django.conf import settings
from django.core.signals import request_started

# Seconds within which an update ends the pods of before.
SECONDS = "SECRET_KEY_SETTLES_AFTER"


class DjangoKey(AppConfig):  # type: ignore[misc]
    """Puts the former key in place once the settings have been read, and the newest one back in a later request."""

    name = "django_key"

    def ready(self) -> None:
        """Both keys are good throughout, so that nothing that either has signed ends."""
        newest, former = settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS
        settings.SECRET_KEY_FALLBACKS = [newest, *former]
        settings.SECRET_KEY = former[0]
        settles = time.monotonic() + float(os.environ.get(SECONDS, "0"))

        def settle(**_: object) -> None:
            if time.monotonic() >= settles:
                settings.SECRET_KEY = newest
                request_started.disconnect(dispatch_uid=self.name)

        request_started.connect(settle, weak=False, dispatch_uid=self.name)
