"""Bucket policies that give a key no more than its grant says, and no way to make another key."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pulumi

from .grants import Action, BucketGrant, Reach

OBJECT_ACTIONS: dict[Action, tuple[str, ...]] = {
    "read": ("s3:GetObject",),
    "versions": ("s3:GetObjectVersion",),
    "write": ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
    "delete": ("s3:DeleteObject",),
}
LISTING_ACTIONS: dict[Action, str] = {"list": "s3:ListBucket", "versions": "s3:ListBucketVersions"}
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
    reaches = [Reach(bucket=str(grant.bucket), prefix=grant.prefix, actions=grant.actions)]
    reaches += [grant.also] if grant.also else []
    if any(PATTERN_CHARACTERS & set(f"{reach.bucket}{reach.prefix}") for reach in reaches):
        raise ValueError(f"bucket and prefix of the grant {grant.name} must be literal, without *, ? and $")
    statements = [statement for reach in reaches for statement in _allowed(reach)]
    return {"Version": "2012-10-17", "Statement": [*statements, NO_DERIVED_KEYS, NO_ADMINISTRATION]}


def _allowed(reach: Reach) -> list[dict[str, Any]]:
    bucket = f"arn:aws:s3:::{reach.bucket}"
    objects = [action for name, actions in OBJECT_ACTIONS.items() if name in reach.actions for action in actions]
    of_bucket = ["s3:GetBucketLocation", *(["s3:GetBucketVersioning"] if "versions" in reach.actions else [])]
    statements = [_allow(of_bucket, bucket)]
    if listing := [action for name, action in LISTING_ACTIONS.items() if name in reach.actions]:
        statements.append({**_allow(listing, bucket), **_prefix_condition(reach.prefix)})
    if objects:
        statements.append(_allow(objects, f"{bucket}/{reach.prefix}*"))
    return statements


def _allow(actions: list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": [resource]}


def _prefix_condition(prefix: str) -> dict[str, Any]:
    if not prefix:
        return {}
    return {"Condition": {"StringLike": {"s3:prefix": [prefix.rstrip("/"), prefix, f"{prefix}*"]}}}
