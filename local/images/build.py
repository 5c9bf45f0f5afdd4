"""The images of the embedded platform: built when asked for, kept by content, imported where they are missing."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, cast

from local.images import recipes
from local.images.catalog import DEFINITIONS, REFERENCES
from local.images.oci import Image, names, write_archive
from local.progress import step

# What the dev stack and the node need; the rest is built when a test or a person asks for it.
DEFAULT = ("busybox", "postgresql", "valkey", "minio_client", "minio", "label_studio")
DESCRIPTION = "Built on this machine from Debian, PyPI and Go modules; stands for {reference}"


def references(name: str) -> list[str]:
    """Every name by which the runtime knows the image ``name``."""
    return names(REFERENCES[name])


def image(name: str) -> Image:
    """The image ``name``, built now where a layer of it is not in the cache yet (minutes for the first)."""
    with recipes.exclusively():
        return _image(name)


def build(wanted: Iterable[str] = DEFAULT) -> dict[str, Image]:
    """Build images, and forget layers that no image is made of any more."""
    with recipes.exclusively():
        built = {name: _image(name) for name in wanted}
        recipes.prune()
    return built


def image_tar(name: str) -> Path:
    """An archive of one image, to be imported by hand; it is written anew only when the image has changed."""
    built = image(name)
    path = recipes.IMAGES / "archives" / f"{name}-{built.digest.removeprefix('sha256:')[:32]}.tar"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        for outdated in path.parent.glob(f"{name}-*.tar"):
            outdated.unlink()
        partial = path.with_suffix(".partial")
        with partial.open("wb") as target:
            write_archive(target, [built])
        partial.rename(path)
    return path


def import_images(wanted: Iterable[str], ctr: Sequence[str]) -> list[str]:
    """Build images and import those that the runtime does not have as they are now.

    Args:
        wanted: names of the catalog.
        ctr: the client with its options, such as ``["ctr", "-a", socket, "-n", "k8s.io"]``.

    Returns:
        The names of the images that had to be imported. One archive carries them all, through a pipe, so that a layer
        of several images is read once and nothing of it is written twice.
    """
    built = build(wanted)
    present = _present(ctr)
    missing = {name: each for name, each in built.items() if not _is_present(each, present)}
    if missing:
        with step(f"Importing {len(missing)} images ({', '.join(missing)})"):
            _import(list(missing.values()), ctr)
    return list(missing)


def _image(name: str) -> Image:
    definition = DEFINITIONS[name]()
    layers = definition.recipe.layers() if definition.recipe else []
    if definition.entries:
        layers.append(recipes.files(definition.entries))
    labels = {"org.opencontainers.image.description": DESCRIPTION.format(reference=REFERENCES[name])}
    return Image(layers, replace(definition.config, labels=labels), [REFERENCES[name]])


def _present(ctr: Sequence[str]) -> dict[str, str]:
    """Name to manifest digest of the images that the runtime has."""
    listed = subprocess.run([*ctr, "images", "ls"], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in listed.splitlines()[1:]]
    return {row[0]: row[2] for row in rows}


def _is_present(each: Image, present: dict[str, str]) -> bool:
    return all(present.get(name) == each.digest for name in each.names)


def _import(images: Sequence[Image], ctr: Sequence[str]) -> None:
    with subprocess.Popen(
        [*ctr, "images", "import", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        archive, output = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
        # It stops reading when it fails, and then its own words are the ones to tell.
        with contextlib.suppress(BrokenPipeError):
            write_archive(archive, images)
            archive.close()
        printed = output.read().decode(errors="replace")
    if process.returncode:
        raise RuntimeError(f"the container runtime did not import the images:\n{printed[-2000:]}")
