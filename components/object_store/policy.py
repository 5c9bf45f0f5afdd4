"""Bucket policies that give a key no more than its grant says."""

from __future__ import annotations

from typing import Any

from components.object_store.args import Action, BucketGrant

OBJECT_ACTIONS: dict[Action, tuple[str, ...]] = {
    "read": ("s3:GetObject",),
    "write": ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
    "delete": ("s3:DeleteObject",),
}


def policy_document(grant: BucketGrant) -> dict[str, Any]:
    """An IAM policy for the bucket and prefix of the grant.

    Label Studio's connection check lists the prefix exactly as somebody typed it, with or without its last slash.
    """
    bucket = f"arn:aws:s3:::{grant.bucket}"
    objects = [action for name, actions in OBJECT_ACTIONS.items() if name in grant.actions for action in actions]
    statements: list[dict[str, Any]] = [_allow(["s3:GetBucketLocation"], bucket)]
    if "list" in grant.actions:
        statements.append({**_allow(["s3:ListBucket"], bucket), **_prefix_condition(grant.prefix)})
    if objects:
        statements.append(_allow(objects, f"{bucket}/{grant.prefix}*"))
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(actions: list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": [resource]}


def _prefix_condition(prefix: str) -> dict[str, Any]:
    if not prefix:
        return {}
    return {"Condition": {"StringLike": {"s3:prefix": [prefix.rstrip("/"), prefix, f"{prefix}*"]}}}
