"""What Label Studio's own check says of labelling configurations: the error of each, or null."""

from __future__ import annotations

import json
import sys

import django

django.setup()

from core.label_config import validate_label_config  # noqa: E402


def said(config: str) -> str | None:
    try:
        validate_label_config(config)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


print(json.dumps([said(config) for config in json.loads(sys.stdin.readline())]))
