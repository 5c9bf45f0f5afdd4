"""Writes the stack file of a stack that is like dev or prod, with a project and every image by its digest.

`python -m scripts.ci.official_stack dev|prod CONTEXT` writes Pulumi.<context>.yaml. What a kind cluster lacks is left
out of the one like prod: an ingress with its certificate, and MinIO's operator, which is archived.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from components.settings.images import LABEL_STUDIO, NEWEST, ImageSettings
from scripts.images import ImageError, Reference, with_digest

PROJECT = Path(__file__).resolve().parents[2]
KEY = "label-studio:"
LABELLING = """
<View>
  <Image name="image" value="$image"/>
  <Choices name="kind" toName="image"><Choice value="form"/><Choice value="table"/></Choices>
</View>
"""
DECLARED = [{"name": "official", "title": "Official images", "labelConfig": LABELLING}]
# What production has, as small as one machine needs it.
LIKE_PROD: Mapping[str, Mapping[str, Any]] = {
    "postgresql": {"backend": "cnpg", "instances": 2},
    "labelStudio": {"replicas": 2, "persistence": {"type": "s3"}, "service": {"type": "ClusterIP"}},
}


def configuration(shape: str, context: str, images: Mapping[str, str]) -> dict[str, Any]:
    """The ``config`` of the stack file."""
    config: dict[str, Any] = yaml.safe_load((PROJECT / "Pulumi.dev.yaml").read_text())["config"]
    # Counters are those of another stack's secrets.
    config.pop(f"{KEY}rotate", None)
    config[f"{KEY}cluster"] |= {"context": context}
    for part, settings in LIKE_PROD.items() if shape == "prod" else ():
        config[f"{KEY}{part}"] |= settings
    return {**config, f"{KEY}images": dict(images), f"{KEY}projects": DECLARED}


def pinned() -> dict[str, str]:
    """Every image of the settings with its tag and digest, by its key; ImageError where a registry does not tell."""
    defaults = ImageSettings(label_studio=f"{LABEL_STUDIO}:{NEWEST}")
    fields = {name: field.alias or name for name, field in ImageSettings.model_fields.items() if name != "mirror"}
    return {key: str(with_digest(reference(getattr(defaults, name)))) for name, key in fields.items()}


def reference(image: str) -> Reference:
    """An image of the settings in its parts."""
    tagged, _, digest = image.partition("@")
    name, _, tag = tagged.rpartition(":")
    return Reference(name, tag, digest or None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file, and print the images."""
    parser = argparse.ArgumentParser(prog="scripts.ci.official_stack", description="Write a stack file for a check.")
    parser.add_argument("shape", choices=("dev", "prod"))
    parser.add_argument("context", help="the context of the kubeconfig, which becomes the name of the stack")
    given = parser.parse_args(arguments)
    try:
        images = pinned()
    except ImageError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.writelines(f"{image}\n" for image in images.values())
    content = {"config": configuration(given.shape, given.context, images)}
    (PROJECT / f"Pulumi.{given.context}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
