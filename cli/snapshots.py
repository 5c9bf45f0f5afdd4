"""Downloads that can be repeated: an immutable manifest in the bucket says which versions of what they consist of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from . import downloads, manifest, training, versions
from .annotations import Annotations
from .app import address
from .cluster import Cluster
from .errors import ProjectError
from .export import Format, Labelled
from .fetch import Fetch
from .files import Files
from .labelling import label_config
from .listed import digest
from .manifest import Facts, Manifest
from .progress import console
from .stack import Place, Project
from .store import open_store
from .training import Layout

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
CONVERTER = "label-studio-sdk"


@dataclass(frozen=True)
class Snapshot:
    """One by its name; ``export`` is where annotations are, ``kept`` where snapshots are, ``data`` has the versions."""

    cluster: Cluster
    endpoint: str | None
    project: Project
    name: str
    export: Place
    kept: Place
    data: Place

    @classmethod
    def of(cls, cluster: Cluster, endpoint: str | None, project: Project, name: str) -> Snapshot:
        """The snapshot of a project; ProjectError where it can have none, or none of this name."""
        if not NAME.fullmatch(name):
            raise ProjectError(
                f"SNAPSHOT={name} is no name: write up to 100 letters, digits, dots, hyphens and underscores, and "
                "begin with a letter or digit"
            )
        target = downloads.target_of(project)
        if project.snapshots is None or project.versions is None:
            raise ProjectError(
                "the buckets of the stack keep no versions, so no snapshot could be repeated: write "
                "objectStore.versioning: true and run pulumi up"
            )
        return cls(cluster, endpoint, project, name, target, project.snapshots, project.versions)

    def download(self, kind: Format, folder: Path) -> str:
        """Bring it to a folder, after making it if nobody did before; what there is now, in a sentence."""
        with training.opened(folder, f"{self.project.name}, snapshot {self.name}", kind) as (annotations, files):
            made = self._read(folder)
            if made is None:
                self._make(kind, annotations, files)
                made = self._read(folder)
            if made is None:
                raise ProjectError(
                    f"{address(self.kept)} does not have the snapshot {self.name} that was written to it"
                )
            self._restore(made, kind, files)
            facts = made.facts
            return (
                f"{facts.annotations} annotations of {facts.tasks} tasks and {files.count()} files are in {folder}, as "
                f"snapshot {self.name} of {facts.created} (SHA-256 {digest(made.file)})"
            )

    @property
    def _object(self) -> str:
        return self.name + manifest.SUFFIX

    def _read(self, folder: Path) -> Manifest | None:
        """The manifest in the bucket, if there is one."""
        state = folder / training.STATE
        with open_store(self.cluster, self.kept, self.endpoint) as store:
            # The key can write over what is there, but never delete it: what was written first counts.
            if (listed := versions.first(store, self._object)) is None:
                return None
            Fetch(store, state / "parts")(listed, file := state / f"snapshot{manifest.SUFFIX}")
        return Manifest.read(file, self.name, self.project.name)

    def _make(self, kind: Format, annotations: Annotations, files: Files) -> None:
        """Write the manifest of what there is now to the bucket."""
        layout = Layout(kind, address(self.data))
        with open_store(self.cluster, self.kept, self.endpoint) as store:
            versions.check(store)
        with open_store(self.cluster, self.data, self.endpoint) as store:
            versions.check(store)
        with open_store(self.cluster, self.export, self.endpoint) as store:
            downloads.bring_annotations(store, annotations)
        with open_store(self.cluster, self.data, self.endpoint) as store:
            files.want(layout.wanted(annotations.tasks()))
            downloads.bring_files(store, files, versions.newest(store))
        downloads.tell_what_is_missing(layout, files)
        file = files.root / training.STATE / f"made{manifest.SUFFIX}"
        self._write(file, layout, annotations, files)
        with open_store(self.cluster, self.kept, self.endpoint) as store:
            versions.write_once(store, self._object, file)

    def _write(self, file: Path, layout: Layout, annotations: Annotations, files: Files) -> None:
        def complete() -> Iterator[dict[str, Any]]:
            return (task for task in annotations.tasks() if files.are_there(layout.names(task)))

        counts = [len(task["annotations"]) for task in complete()]
        # Other files of tasks that are left out belong to no snapshot.
        files.want(layout.wanted(complete()))
        facts = Facts(
            name=self.name,
            project=self.project.name,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            bucket=self.data.bucket,
            prefix=self.data.prefix,
            label_config=label_config(self.cluster, self.project),
            converter=_converter(),
            objects=sum(1 for _ in files.digested()),
            tasks=len(counts),
            annotations=sum(counts),
        )
        manifest.write(file, facts, files.digested(), complete())

    def _restore(self, made: Manifest, kind: Format, files: Files) -> None:
        """Bring the versions that the manifest names, and convert the tasks in it."""
        facts = made.facts
        place = replace(self.data, bucket=facts.bucket, prefix=facts.prefix)
        layout = Layout(kind, address(place))
        files.want(layout.wanted(made.tasks()))
        with open_store(self.cluster, place, self.endpoint) as store:
            downloads.bring_files(store, files, made.objects())
        labelled = Labelled(facts.label_config, layout.source, facts.moment)
        downloads.convert_in(files.root, layout, labelled, made.tasks(), facts.tasks)
        downloads.tell_what_is_elsewhere(layout, made.tasks())
        if facts.converter != (now := _converter()):
            console.print(
                f"the snapshot was made with {facts.converter}, and {now} may write other files of annotations"
            )


def _converter() -> str:
    return f"{CONVERTER} {version(CONVERTER)}"
