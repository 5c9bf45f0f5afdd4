"""The files that Label Studio and its servers may read their settings from: the program's, known by their digests."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from .values import UNKNOWN

FILES = Path(__file__).resolve().parent.parent.parent / "components" / "label_studio" / "files"
# Where the program mounts its modules, and where the image has its own.
DIRECTORY = "/etc/label-studio/settings"
IMAGE_DIRECTORIES = {"/label-studio", "/label-studio/label_studio"}
# What of it is laid over the image's own settings of nginx and uWSGI, and where.
SERVER_FILES = {"/etc/nginx/nginx.conf": "nginx.conf", "/label-studio/deploy/uwsgi.ini": "uwsgi.ini"}
OWN_MODULE = "stack_settings"
IMAGE_MODULES = {"core.settings.label_studio", "label_studio.core.settings.label_studio"}


def digest(text: str) -> str:
    """The digest by which a file is admitted."""
    return f"sha256:{sha256(text.encode()).hexdigest()}"


@cache
def shipped() -> frozenset[str]:
    """The digests of the program's own files."""
    return frozenset(digest(file.read_text(encoding="utf-8")) for file in FILES.iterdir() if file.is_file())


def is_known(text: Any, admitted: frozenset[str]) -> bool:
    """Whether a text is one of the shipped modules or one that the site has reviewed; an unknown one is not."""
    return text is not UNKNOWN and isinstance(text, str) and digest(text) in shipped() | admitted
