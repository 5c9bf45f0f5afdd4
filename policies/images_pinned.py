"""The same stack file deploys the same software next month."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pulumi_policy import Severity

from .checks.images import images
from .checks.resources import Resource
from .checks.rule import Parameters, Rule

# A release has two numbers at least: 1.20.0, 17.12-trixie, RELEASE.2026-09-16T00-00-00Z; `17` and `latest` move on.
PINNED_TAG = re.compile(r".*\d+[.-]\d+.*")


def check(resource: Resource, parameters: Parameters) -> Iterator[str]:
    """Every image has a tag that stays where it is, or a digest."""
    for image in images(resource):
        if image.reference is None:
            yield f"{image.label}: its image is missing or malformed; write registry/repository:tag"
        elif parameters["requireDigest"] and not image.digest:
            yield f"{image.label}: its image has no digest; append @sha256:… to it"
        elif not image.digest and not PINNED_TAG.fullmatch(image.tag or ""):
            yield f"{image.label}: its image has no tag of one release; write one such as 1.2.3, or a digest"


RULE = Rule(
    name="images-pinned",
    title="Images are pinned",
    description="Images have the tag of one release, or a digest.",
    remediation="Write a full version such as 1.2.3, or append @sha256:…, in the setting images.",
    severity=Severity.MEDIUM,
    check=check,
    parameters={
        "requireDigest": {"type": "boolean", "default": False, "description": "Whether a tag alone is not enough."}
    },
)
