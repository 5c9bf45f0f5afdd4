"""Layers by recipe, each built once: a key over everything that a layer is made from names it in the cache."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.images.oci import Entry, Layer, file_layer, tree_layer
from local.images.sandbox import HERE, Sandbox, bootstrap
from local.paths import CACHE
from local.progress import step

IMAGES = CACHE / "images"
UNUSED_DAYS = 30


@dataclass(frozen=True)
class Recipe:
    """One layer: a script that runs in the trees of its parents.

    ``script`` and ``inputs`` are paths below this folder; ``arguments`` go to the script; ``tool`` gives a file of
    this machine that the script finds at /mnt/tool (not part of the key: one that leaves something of itself behind has
    its version among the arguments). The tree of a recipe that ``is_base`` is kept for the recipes that stand on it.
    """

    script: str
    suite: str
    parent: Recipe | None = None
    inputs: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    tool: Callable[[], Path] | None = None
    is_base: bool = False

    @property
    def name(self) -> str:
        """What people call it."""
        return " ".join([self.script, *self.arguments, f"({self.suite})"])

    @property
    def key(self) -> str:
        """Changes with the script, its inputs, its parents or the way it is run."""
        digest = hashlib.sha256("\0".join([self.suite, *self.arguments]).encode())
        for path in ("sandbox.py", "debian/enter.sh", self.script, *self.inputs):
            digest.update((HERE / path).read_bytes())
        if self.parent:
            digest.update(self.parent.key.encode())
        return digest.hexdigest()[:32]

    @property
    def chain(self) -> list[Recipe]:
        """Itself and what it stands on, the base first."""
        return [*self.parent.chain, self] if self.parent else [self]

    @property
    def tree(self) -> Path:
        """The files of this layer alone, for recipes on top of it."""
        return IMAGES / "trees" / self.key

    def layers(self) -> list[Layer]:
        """The layers from the base up to this one, built where they are not yet there."""
        return [_cached(recipe.key, recipe._build) for recipe in self.chain]

    def _build(self, target: Path) -> Layer:
        with step(f"Building the layer {self.name}"):
            self._grow()
            layer = tree_layer(self.tree, target)
        if not self.is_base:
            shutil.rmtree(self.tree)
        return layer

    def _grow(self) -> None:
        """Make the tree; it appears under its name only when it is whole."""
        if self.tree.exists():
            return
        if self.parent:
            self.parent._grow()
        partial = self.tree.with_name(f"{self.key}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        upper = partial / "upper"
        (partial / "empty").mkdir(parents=True)
        upper.mkdir()
        if not self.parent:
            bootstrap(self.suite, upper)
        lower = [recipe.tree for recipe in reversed(self.chain[:-1])] or [partial / "empty"]
        sandbox = Sandbox(lower, upper, self.suite, IMAGES / "apt" / self.suite)
        sandbox.run([f"/mnt/input/{self.script}", *self.arguments], self.tool and self.tool())
        upper.rename(self.tree)
        shutil.rmtree(partial)


def files(entries: Mapping[str, Entry]) -> Layer:
    """A layer of files of this repository and of built tools."""
    digest = hashlib.sha256()
    for name, entry in sorted(entries.items()):
        content = entry.content.read_bytes() if isinstance(entry.content, Path) else entry.content or b""
        digest.update(f"{name}\0{entry.mode:o}\0{entry.uid}\0{entry.gid}\0{entry.link}\0".encode())
        digest.update(hashlib.sha256(content).digest())
    return _cached(digest.hexdigest()[:32], lambda target: file_layer(entries, target))


@contextlib.contextmanager
def exclusively() -> Iterator[None]:
    """Let one process at a time build; a second one waits and then finds everything there."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (IMAGES / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def prune() -> None:
    """Forget layers that no image asked for in a month, and what interrupted builds left."""
    outdated = time.time() - UNUSED_DAYS * 86400
    for record in (IMAGES / "layers").glob("*.json"):
        if record.stat().st_mtime < outdated:
            record.with_suffix(".tar").unlink(missing_ok=True)
            record.unlink()
            shutil.rmtree(IMAGES / "trees" / record.stem, ignore_errors=True)
    for interrupted in (IMAGES / "trees").glob("*.partial"):
        shutil.rmtree(interrupted)


def _record(key: str) -> Path:
    return IMAGES / "layers" / f"{key}.json"


def _cached(key: str, build: Callable[[Path], Layer]) -> Layer:
    """The layer named ``key``; its digest is kept beside it, for a large one takes seconds to read."""
    record, path = _record(key), IMAGES / "layers" / f"{key}.tar"
    if record.exists() and path.exists():
        record.touch()
        known = json.loads(record.read_text())
        return Layer(path, known["digest"], known["size"])
    layer = build(path)
    record.write_text(json.dumps({"digest": layer.digest, "size": layer.size}))
    return layer
