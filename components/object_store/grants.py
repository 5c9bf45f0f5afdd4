"""Who may use which bucket, and for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi

Action = Literal["list", "read", "versions", "write", "delete"]
"""``versions``: ask whether a bucket keeps former versions of its objects, list them and read each."""

UPLOADS = "uploads"
"""The grant with which Label Studio keeps uploads and exports."""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What a key may do below a second prefix, which is empty or ends with a slash."""

    bucket: str
    prefix: str
    actions: Sequence[Action]


@dataclass(frozen=True, kw_only=True)
class BucketGrant:
    """What one low-privilege key may do below ``prefix``, which is empty or ends with a slash.

    ``name`` is a Kubernetes label and the key of ``ObjectStore.connections``. Another ``generation`` is another key.
    One job makes all keys of a ``group``; without one, a job makes this key alone. ``also`` is where else the key
    may do something; the job makes no bucket there.
    """

    name: str
    bucket: pulumi.Input[str]
    prefix: str = ""
    actions: Sequence[Action] = ("list", "read")
    generation: int = 1
    group: str | None = None
    also: Reach | None = None


def uploads_grant(bucket: pulumi.Input[str], generation: int = 1) -> BucketGrant:
    """Everything below the root of the uploads bucket, and nothing outside of it."""
    actions: Sequence[Action] = ("list", "read", "write", "delete")
    return BucketGrant(name=UPLOADS, bucket=bucket, actions=actions, generation=generation)
