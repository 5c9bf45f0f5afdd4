"""The files of Label Studio's volume, on their way to the bucket of a stack that is to have none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .cluster import Cluster
from .errors import ProjectError
from .stack import Place, SecretKey, Stack

SCRIPT = Path(__file__).with_name("uploads_to_bucket.py").read_text()
CLAIM = "label-studio-ls-pvc"
# What the program looks for before it lets the volume go, and what makes helm leave the claim.
COPIED = "label-studio/copied-to"
KEEP = ("helm.sh/resource-policy", "keep")
SECONDS = 24 * 3600


def copy_uploads(deployed: Stack) -> tuple[int, int]:
    """Copy, and mark the claim; how many files there are, and how many were copied now. Nothing is deleted."""
    if deployed.service is None:
        raise ProjectError("the stack has no output serviceName; run pulumi up first")
    cluster = Cluster(deployed.context, deployed.namespace)
    place = place_of(deployed.uploads)
    keys = {
        "aws_access_key_id": place.access_key_id,
        "aws_secret_access_key": place.secret_access_key,
        "aws_session_token": place.session_token,
    }
    given = {
        "bucket": place.bucket,
        "prefix": place.prefix,
        "ca": cluster.secret(place.ca) if place.ca else None,
        "client": {
            "endpoint_url": place.endpoint,
            "region_name": place.region,
            **{name: cluster.secret(key) for name, key in keys.items() if key},
        },
    }
    said = cluster.in_pod(deployed.service, "app", ["python3", "-c", SCRIPT], json.dumps(given), SECONDS)
    done = json.loads(said.splitlines()[-1])
    cluster.annotate_claim(CLAIM, {COPIED: place.bucket, **dict([KEEP])})
    return int(done["files"]), int(done["copied"])


def place_of(uploads: Mapping[str, Any]) -> Place:
    """The bucket of uploads, in an output; earlier releases of this program named the Secret of its key alone."""
    if "accessKeyId" in uploads or "region" in uploads:
        return Place.of(uploads)
    secret = uploads["keySecret"]["name"]
    keys = (SecretKey(secret, "access-key"), SecretKey(secret, "secret-key"))
    return Place(uploads["bucket"], uploads["prefix"], "us-east-1", uploads["endpoint"], *keys, None, None)
