"""OCI images: layers, a configuration and names, written as one layout archive that ``ctr images import`` reads.

Format: https://github.com/opencontainers/image-spec (image-layout.md and its neighbours). Layers stay uncompressed:
the archive never leaves the machine and unpacking is what an import waits for. The same content gives the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import platform
import stat
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any

# One time for everything that is written; any constant would do (2025-01-01, so that zip tools accept it too).
EPOCH = 1735689600
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LAYER = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True)
class Layer:
    """An uncompressed tar in the file system; ``digest`` as in a descriptor, ``size`` in bytes."""

    path: Path
    digest: str
    size: int

    @classmethod
    def of(cls, path: Path) -> Layer:
        """Describe an existing tar."""
        with path.open("rb") as stream:
            return cls(path, f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}", path.stat().st_size)


@dataclass(frozen=True)
class Entry:
    """What a layer holds at one path: a file (bytes or the path of one), a directory (None) or a link (``link``)."""

    content: bytes | Path | None = None
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    link: str = ""


@dataclass(frozen=True)
class Config:
    """How a container of the image starts, in the terms of the image specification."""

    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    directory: str = ""
    ports: Sequence[int] = ()
    stop_signal: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    def document(self, layers: Sequence[Layer]) -> bytes:
        """The configuration blob."""
        runtime: dict[str, Any] = {
            "User": self.user,
            "Env": [f"{name}={value}" for name, value in {"PATH": SEARCH_PATH, **self.environment}.items()],
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.command),
            "WorkingDir": self.directory,
            "ExposedPorts": {f"{port}/tcp": {} for port in self.ports},
            "StopSignal": self.stop_signal,
            "Labels": dict(self.labels),
        }
        return _json(
            {
                "created": "1970-01-01T00:00:00Z",
                "architecture": ARCHITECTURES[platform.machine()],
                "os": "linux",
                "config": {key: value for key, value in runtime.items() if value},
                "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
            }
        )


@dataclass(frozen=True)
class Image:
    """An image and the names it is known by."""

    layers: Sequence[Layer]
    config: Config
    references: Sequence[str]

    @cached_property
    def config_document(self) -> bytes:
        """The configuration blob."""
        return self.config.document(self.layers)

    @cached_property
    def manifest(self) -> bytes:
        """The manifest blob."""
        return _json(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": _descriptor(CONFIG, self.config_document),
                "layers": [{"mediaType": LAYER, "digest": each.digest, "size": each.size} for each in self.layers],
            }
        )

    @property
    def digest(self) -> str:
        """The manifest's digest: it changes exactly when something in the image does."""
        return _digest(self.manifest)

    @property
    def names(self) -> list[str]:
        """Every name under which the runtime looks for the image."""
        return [name for reference in self.references for name in names(reference)]


def names(reference: str) -> list[str]:
    """The stored names that answer for a reference as a pod spec writes it.

    ``repository:tag@digest`` becomes ``repository@digest`` before containerd's CRI looks it up (reference/docker,
    ParseDockerRef: a digest wins and the tag is dropped); the tagged name is kept for people and for pods that use it.
    """
    tagged, separator, digest = reference.partition("@")
    if not separator:
        return [reference]
    repository, colon, tag = tagged.rpartition(":")
    if not colon or "/" in tag:
        return [reference]
    return [tagged, f"{repository}@{digest}"]


def tree_layer(tree: Path, target: Path) -> Layer:
    """Write a directory as a layer.

    The upper directory of an overlay mount is understood: its whiteouts and opaque directories become the ``.wh.``
    files of the image specification. Extended attributes other than these are not kept.
    """
    with _layer(target) as archive:
        for path in _walk(tree):
            name = str(path.relative_to(tree))
            information = path.lstat()
            if stat.S_ISCHR(information.st_mode) and information.st_rdev == 0:
                _add(archive, str(Path(name).parent / f".wh.{path.name}"), Entry(b""))
                continue
            if stat.S_ISSOCK(information.st_mode):
                continue
            member = archive.gettarinfo(path, name)
            _normalize(member)
            if member.isreg():
                with path.open("rb") as content:
                    archive.addfile(member, content)
            else:
                archive.addfile(member)
            if member.isdir() and _is_opaque(path):
                _add(archive, f"{name}/.wh..wh..opq", Entry(b""))
    return Layer.of(target)


def file_layer(entries: Mapping[str, Entry], target: Path) -> Layer:
    """Write a layer of the given paths (relative to the root, parents of mode 0755 are implied)."""
    with _layer(target) as archive:
        for name in sorted(entries):
            _add(archive, name, entries[name])
    return Layer.of(target)


def write_archive(target: IO[bytes], images: Sequence[Image]) -> None:
    """Write images as one OCI layout; a layer that several of them share is written once."""
    with tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        _add(archive, "oci-layout", Entry(_json({"imageLayoutVersion": "1.0.0"})))
        _add(archive, "index.json", Entry(_index(images)))
        written: set[str] = set()
        for image in images:
            blobs: dict[str, bytes | Path] = {each.digest: each.path for each in image.layers}
            blobs |= {_digest(document): document for document in (image.config_document, image.manifest)}
            for digest, content in blobs.items():
                if digest not in written:
                    _add(archive, f"blobs/sha256/{digest.removeprefix('sha256:')}", Entry(content))
                    written.add(digest)


def _index(images: Sequence[Image]) -> bytes:
    manifests = [
        _descriptor(MANIFEST, image.manifest)
        | {"annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name}}
        for image in images
        for name in image.names
    ]
    return _json({"schemaVersion": 2, "manifests": manifests})


@contextlib.contextmanager
def _layer(target: Path) -> Iterator[tarfile.TarFile]:
    """A tar that appears under its name only when it is whole."""
    partial = target.with_name(f"{target.name}.partial.{os.getpid()}")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as archive:
            yield archive
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def _walk(tree: Path) -> Iterator[Path]:
    for path in sorted(tree.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)


def _is_opaque(directory: Path) -> bool:
    try:
        return os.getxattr(directory, "trusted.overlay.opaque") == b"y"
    except OSError:
        return False


def _normalize(member: tarfile.TarInfo) -> None:
    member.uname = member.gname = ""
    member.mtime = EPOCH


def _add(archive: tarfile.TarFile, name: str, entry: Entry) -> None:
    member = tarfile.TarInfo(name)
    member.mode, member.uid, member.gid = entry.mode, entry.uid, entry.gid
    _normalize(member)
    if entry.link:
        member.type, member.linkname, member.mode = tarfile.SYMTYPE, entry.link, 0o777
        archive.addfile(member)
    elif entry.content is None:
        member.type = tarfile.DIRTYPE
        archive.addfile(member)
    elif isinstance(entry.content, bytes):
        member.size = len(entry.content)
        archive.addfile(member, io.BytesIO(entry.content))
    else:
        member.size = entry.content.stat().st_size
        with entry.content.open("rb") as content:
            archive.addfile(member, content)


def _descriptor(media_type: str, document: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": _digest(document), "size": len(document)}


def _digest(document: bytes) -> str:
    return f"sha256:{hashlib.sha256(document).hexdigest()}"


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
