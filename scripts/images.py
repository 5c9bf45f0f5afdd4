"""Every image that a stack pulls, and how they get into another registry.

`python -m scripts.images <stack>` lists them (`make images`), with `--mirror REGISTRY` it copies them (`make mirror`)
by crane, skopeo or oras, whichever is there. Images of operators, which are installed apart from the stack, are not
among them.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import yaml

from policies.checks.dry_run import resources_of
from policies.checks.images import images

PROJECT = Path(__file__).resolve().parent.parent
IMAGES_KEY = "label-studio:images"
# In the order of preference; each copies all platforms of an image and keeps its digest.
COPY = {"crane": ("copy",), "skopeo": ("copy", "--all"), "oras": ("copy",)}


@dataclass(frozen=True, order=True)
class Reference:
    """An image with its registry, and a tag or a digest or both."""

    name: str
    tag: str | None
    digest: str | None

    def __str__(self) -> str:
        return f"{self.name}{f':{self.tag}' if self.tag else ''}{f'@{self.digest}' if self.digest else ''}"

    @property
    def source(self) -> str:
        """What to copy: by the digest alone where there is one, since not every tool takes both."""
        return f"{self.name}@{self.digest}" if self.digest else f"{self.name}:{self.tag}"

    def target(self, registry: str) -> str:
        """Where it has to be for a stack with ``images.mirror: registry``; a copy keeps its digest."""
        path = self.name.split("/", 1)[1]
        return f"{registry}/{path}{f':{self.tag}' if self.tag else f'@{self.digest}'}"


def stack_file(stack: str) -> Path:
    """The file of a stack of this project, or a stack file given by its path."""
    return Path(stack) if stack.endswith(".yaml") else PROJECT / f"Pulumi.{stack}.yaml"


def references(config: Mapping[str, Any]) -> list[Reference]:
    """The images of the composed stack."""
    found = {
        Reference(image.name, image.tag, image.digest)
        for resource in resources_of("images", config)
        for image in images(resource)
        if image.reference is not None
    }
    return sorted(found, key=str)


def without_mirror(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a stack that pulls from the images' own registries."""
    own = {key: value for key, value in config.get(IMAGES_KEY, {}).items() if key != "mirror"}
    return {**config, IMAGES_KEY: own}


def copy_command(tool: str, reference: Reference, registry: str) -> list[str]:
    """The command with which a tool copies one image."""
    scheme = "docker://" if tool == "skopeo" else ""
    return [tool, *COPY[tool], f"{scheme}{reference.source}", f"{scheme}{reference.target(registry)}"]


def mirror(wanted: Iterable[Reference], registry: str) -> int:
    """Copy the images one after another; 1 where no tool is there or a copy fails."""
    tool = next((tool for tool in COPY if shutil.which(tool)), None)
    if tool is None:
        for reference in wanted:
            sys.stdout.write(f"{shlex.join(copy_command('crane', reference, registry))}\n")
        sys.stderr.write(f"error: none of {', '.join(COPY)} is installed; run these commands where one is\n")
        return 1
    for reference in wanted:
        sys.stdout.write(f"{reference} -> {reference.target(registry)}\n")
        sys.stdout.flush()
        done = subprocess.run(copy_command(tool, reference, registry), check=False)  # noqa: S603 - a tool of COPY
        if done.returncode != 0:
            sys.stderr.write(f"error: {reference} was not copied; those before it were\n")
            return 1
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """List or copy; 1 where the stack has no file, or something was not copied."""
    parser = argparse.ArgumentParser(prog="scripts.images", description="List or mirror the images of a stack.")
    parser.add_argument("stack", help="a stack with a file Pulumi.<stack>.yaml, or the path of such a file")
    parser.add_argument("--mirror", metavar="REGISTRY", help="copy the images there, such as registry.example.com/ls")
    given = parser.parse_args(arguments)
    try:
        config = yaml.safe_load(stack_file(given.stack).read_text(encoding="utf-8"))["config"]
        wanted = references(without_mirror(config) if given.mirror else config)
    except FileNotFoundError as error:
        sys.stderr.write(f"error: there is no {error.filename}\n")
        return 1
    except pulumi.RunError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    if given.mirror:
        return mirror(wanted, given.mirror.rstrip("/"))
    sys.stdout.writelines(f"{reference}\n" for reference in wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
