"""Bucket policies that give a key no more than its grant says, and no way to make another key."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pulumi

from .grants import Action, BucketGrant

OBJECT_ACTIONS: dict[Action, tuple[str, ...]] = {
    "read": ("s3:GetObject",),
    "write": ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
    "delete": ("s3:DeleteObject",),
}
# What IAM takes for a pattern or a variable in a resource or a condition (IAM user guide, Policy elements: Resource).
PATTERN_CHARACTERS = frozenset("*?$")
# MinIO lets every user do some administration of its own (own access keys, own secret), whatever it is allowed, unless
# a policy denies that. Single actions have other names in its forks, and no statement may mix them with those of S3.
NO_ADMINISTRATION: dict[str, Any] = {"Effect": "Deny", "Action": ["admin:*"]}
# No policy keeps a user from AssumeRole, which asks for none (cmd/sts-handlers.go). What it answers, like an access key
# that was made of this one, is an assumed role, which may do nothing.
NO_DERIVED_KEYS: dict[str, Any] = {
    "Effect": "Deny",
    "Action": ["s3:*"],
    "Resource": ["arn:aws:s3:::*"],
    "Condition": {"StringEquals": {"aws:principaltype": ["AssumedRole"]}},
}


def policy_json(grant: BucketGrant) -> pulumi.Output[str]:
    """The policy as text, once the bucket is known."""
    return pulumi.Output.from_input(grant.bucket).apply(
        lambda bucket: json.dumps(policy_document(replace(grant, bucket=bucket)), sort_keys=True)
    )


def policy_document(grant: BucketGrant) -> dict[str, Any]:
    """An IAM policy for the prefix of the grant and its bucket, which is no Output; ValueError for patterns.

    Label Studio's connection check lists the prefix exactly as somebody typed it, with or without its last slash.
    """
    if PATTERN_CHARACTERS & set(f"{grant.bucket}{grant.prefix}"):
        raise ValueError(f"bucket and prefix of the grant {grant.name} must be literal, without *, ? and $")
    bucket = f"arn:aws:s3:::{grant.bucket}"
    objects = [action for name, actions in OBJECT_ACTIONS.items() if name in grant.actions for action in actions]
    statements: list[dict[str, Any]] = [_allow(["s3:GetBucketLocation"], bucket)]
    if "list" in grant.actions:
        statements.append({**_allow(["s3:ListBucket"], bucket), **_prefix_condition(grant.prefix)})
    if objects:
        statements.append(_allow(objects, f"{bucket}/{grant.prefix}*"))
    return {"Version": "2012-10-17", "Statement": [*statements, NO_DERIVED_KEYS, NO_ADMINISTRATION]}


def _allow(actions: list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": [resource]}


def _prefix_condition(prefix: str) -> dict[str, Any]:
    if not prefix:
        return {}
    return {"Condition": {"StringLike": {"s3:prefix": [prefix.rstrip("/"), prefix, f"{prefix}*"]}}}
