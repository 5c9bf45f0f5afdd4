"""Every image that a stack pulls, and how they get into another registry.

`python -m scripts.images <stack>` lists them (`make images`); with `--digests` it asks the registries what tags mean,
with `--mirror REGISTRY` it copies them (`make mirror`), by crane, skopeo or oras, whichever is there. Images of
operators, which are installed apart from the stack, are not among them.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pulumi
import yaml

from policies.checks.dry_run import resources_of
from policies.checks.images import images

PROJECT = Path(__file__).resolve().parent.parent
IMAGES_KEY = "label-studio:images"


@dataclass(frozen=True)
class Client:
    """What a registry client is told: to copy all platforms of an image under its digest, and to say that digest."""

    copy: tuple[str, ...]
    digest: tuple[str, ...]
    scheme: str = ""


# In the order of preference.
CLIENTS = {
    "crane": Client(("copy",), ("digest",)),
    "skopeo": Client(("copy", "--all"), ("inspect", "--format", "{{.Digest}}"), "docker://"),
    "oras": Client(("copy",), ("resolve",)),
}


class ImageError(RuntimeError):
    """A registry client is missing, or refused; the message says which and why."""


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


def copy_command(client: str, reference: Reference, registry: str) -> list[str]:
    """The command with which a client copies one image."""
    words = CLIENTS[client]
    return [client, *words.copy, f"{words.scheme}{reference.source}", f"{words.scheme}{reference.target(registry)}"]


def digest_command(client: str, reference: Reference) -> list[str]:
    """The command with which a client says what a tag means at this moment."""
    words = CLIENTS[client]
    return [client, *words.digest, f"{words.scheme}{reference.source}"]


def installed_client() -> str | None:
    """The first client that is installed."""
    return next((client for client in CLIENTS if shutil.which(client)), None)


def with_digest(reference: Reference) -> Reference:
    """The image by tag and digest; ImageError where no client is there or the registry does not tell."""
    if reference.digest:
        return reference
    client = installed_client()
    if client is None:
        raise ImageError(f"none of {', '.join(CLIENTS)} is installed, and the digest of {reference} is not known here")
    command = digest_command(client, reference)
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - one of CLIENTS
    if done.returncode != 0:
        raise ImageError(f"{reference} has no digest to be had: {done.stderr.strip()}")
    return replace(reference, digest=done.stdout.strip())


def mirror(wanted: Iterable[Reference], registry: str) -> None:
    """Copy the images one after another; ImageError where no client is there or a copy fails."""
    client = installed_client()
    if client is None:
        for reference in wanted:
            sys.stdout.write(f"{shlex.join(copy_command('crane', reference, registry))}\n")
        raise ImageError(f"none of {', '.join(CLIENTS)} is installed; run these commands where one is")
    for reference in wanted:
        sys.stdout.write(f"{reference} -> {reference.target(registry)}\n")
        sys.stdout.flush()
        done = subprocess.run(copy_command(client, reference, registry), check=False)  # noqa: S603 - one of CLIENTS
        if done.returncode != 0:
            raise ImageError(f"{reference} was not copied; those before it were")


def main(arguments: Sequence[str] | None = None) -> int:
    """List or copy; 1 where the stack has no file, or something was not copied."""
    parser = argparse.ArgumentParser(prog="scripts.images", description="List or mirror the images of a stack.")
    parser.add_argument("stack", help="a stack with a file Pulumi.<stack>.yaml, or the path of such a file")
    parser.add_argument("--digests", action="store_true", help="ask the registries for the digests of tags")
    parser.add_argument("--mirror", metavar="REGISTRY", help="copy the images there, such as registry.example.com/ls")
    given = parser.parse_args(arguments)
    try:
        config = yaml.safe_load(stack_file(given.stack).read_text(encoding="utf-8"))["config"]
        wanted = references(without_mirror(config) if given.mirror else config)
        if given.mirror:
            mirror(wanted, given.mirror.rstrip("/"))
        else:
            sys.stdout.writelines(f"{with_digest(each) if given.digests else each}\n" for each in wanted)
    except FileNotFoundError as error:
        sys.stderr.write(f"error: there is no {error.filename}\n")
        return 1
    except (ImageError, pulumi.RunError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
