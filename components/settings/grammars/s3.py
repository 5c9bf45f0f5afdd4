"""Texts that end in S3 requests: buckets, prefixes of object keys, regions, keys of encryption."""

from __future__ import annotations

import re
from typing import Annotated

from .grammar import Grammar
from .hosts import IPV4

BUCKET = re.compile(r"(?!.*(?:\.\.|\.-|-\.))[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
# What Amazon keeps for itself ("Bucket naming rules"), and the one name that MinIO does (cmd/generic-handlers.go).
RESERVED_BUCKET = re.compile(r"(?:xn--|sthree-|amzn-s3-demo-).*|.*(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)|minio")
# Letters and digits of any language, and the characters that S3 calls safe but for "*" (object key naming guidelines),
# with those of partitions and dates. IAM takes *, ? and $ for patterns and variables.
PREFIX = re.compile(r"[\w!.'()=+@,:& /-]*")
# A key has 1,024 bytes at most, a part of it 255 where a file system keeps it (MinIO); the rest is for names of files.
PREFIX_BYTES = 512
PART_BYTES = 255
AMAZON_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2}", re.ASCII)


def _bucket_name(value: str) -> str:
    if not BUCKET.fullmatch(value) or IPV4.fullmatch(value):
        raise ValueError(BUCKET_NAME.refusal)
    if RESERVED_BUCKET.fullmatch(value):
        raise ValueError("is a name that S3 servers keep for themselves; write another one, such as label-studio-data")
    return value


def _prefix(value: str) -> str:
    if value.startswith("/") or "//" in value:
        raise ValueError("must not begin with '/' or contain '//', such as input/")
    parts = value.split("/")
    if not PREFIX.fullmatch(value) or any(part in {".", ".."} or part != part.strip() for part in parts):
        raise ValueError(KEY_PREFIX.refusal)
    if len(value.encode()) > PREFIX_BYTES or any(len(part.encode()) > PART_BYTES for part in parts):
        raise ValueError(f"must be at most {PREFIX_BYTES} bytes long, and each part at most {PART_BYTES}")
    return value if not value or value.endswith("/") else f"{value}/"


def _destination(value: str) -> str:
    bucket, _, path = value.removeprefix("s3://").rstrip("/").partition("/")
    if not value.startswith("s3://"):
        raise ValueError(DESTINATION.refusal)
    try:
        _bucket_name(bucket)
        _prefix(path)
    except ValueError:
        raise ValueError(DESTINATION.refusal) from None
    return value.rstrip("/")


def check_region(region: str | None, endpoint: object) -> None:
    """ValueError for a region that becomes part of the name of one of Amazon's servers, and is none of Amazon's."""
    if region is not None and endpoint is None and not AMAZON_REGION.fullmatch(region):
        raise ValueError("region must be one of Amazon's, such as eu-central-1; or write endpoint for another server")


BUCKET_NAME = Grammar(
    "bucket",
    "an S3 bucket name: 3 to 63 lower-case letters, digits, '.' and '-', "
    "beginning and ending with a letter or digit, no two of '.' and '-' side by side but '--', and not an IP address",
    ("label-studio-data", "a.b-c", "123"),
    check=_bucket_name,
)
KEY_PREFIX = Grammar(
    "prefix of object keys",
    "taken literally by S3 and by its policies: letters, digits, spaces and !-_.'()=+@,:& only, "
    "and no part that is '.' or '..' or begins or ends with a space",
    ("input/", "team 7/data", "Größe/2026=11"),
    check=_prefix,
)
DESTINATION = Grammar(
    "bucket with a path",
    "s3://, a valid name of a bucket, and optionally a path, a prefix of object keys",
    ("s3://backups/label-studio", "s3://backups"),
    check=_destination,
)
BucketName = Annotated[str, BUCKET_NAME]
Prefix = Annotated[str, KEY_PREFIX]
DestinationPath = Annotated[str, DESTINATION]
Region = Annotated[
    str,
    Grammar(
        "region",
        "the name of a region: at most 63 letters, digits, '-' and '_'",
        ("eu-central-1", "us-east-1", "RegionOne"),
        r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?",
    ),
]
KmsKey = Annotated[
    str,
    Grammar(
        "KMS key",
        "the id, the alias or the ARN of a KMS key",
        ("1234abcd-12ab-34cd-56ef-1234567890ab", "alias/labels", "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"),
        r"[A-Za-z0-9][A-Za-z0-9:/_.-]{0,2047}",
    ),
]
# A folder of an archive below a path, as barman-cloud names it.
ServerName = Annotated[
    str,
    Grammar(
        "name of an archived server",
        "at most 63 letters, digits, '.', '_' and '-'",
        ("label-studio-postgresql", "db_1.old"),
        r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?",
    ),
]
