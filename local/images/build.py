"""The images of the embedded platform: built when asked for, kept by content, imported where they are missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from local.cluster.images import load
from local.images import recipes
from local.images.catalog import DEFINITIONS, REFERENCES
from local.images.oci import Image, names, write_archive

# What the dev stack needs; the rest is built when a test or a person asks for it.
DEFAULT = ("postgresql", "valkey", "minio_client", "minio", "label_studio")
DESCRIPTION = "Built on this machine from Debian, PyPI, Maven and Go modules; stands for {reference}"


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
    """An archive of one image, to be imported by hand; it is written again only when the image has changed."""
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
    names_of = {id(each): name for name, each in built.items()}
    return [names_of[id(each)] for each in load(list(built.values()), ctr)]


def _image(name: str) -> Image:
    definition = DEFINITIONS[name]()
    layers = definition.recipe.layers() if definition.recipe else []
    if definition.entries:
        layers.append(recipes.files(definition.entries))
    labels = {"org.opencontainers.image.description": DESCRIPTION.format(reference=REFERENCES[name])}
    return Image(layers, replace(definition.config, labels=labels), [REFERENCES[name]])
