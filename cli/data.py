"""The commands for the data of declared projects: upload, synchronize, export and download."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import DownloadColumn, MofNCompleteColumn, TimeRemainingColumn, TransferSpeedColumn

from . import downloads, pairs, task_files, training
from . import upload as uploads
from .annotations import Annotations
from .app import Endpoint, address, app, declared
from .cluster import Cluster
from .errors import ProjectError
from .export import FORMATS, Format, Labelled, complete, convert, passes
from .labelling import declared_config, label_config, page_of
from .pairs import Files
from .predictions import Checker, Tasks
from .progress import console, counted, progress
from .snapshots import Snapshot
from .stack import Project
from .store import open_store
from .task_files import Fields, TaskFolder
from .training import Layout

SYNC = ["sh", "-c", "exec python3 -m job.apply sync source target"]
# The job's own limit; it ends itself when a sync gets on no more.
SYNC_SECONDS = 14400.0
# Predictions in one request, which the page has two minutes for.
BATCH = 500
EXPORTS = Path("exports")
DOWNLOADED = ".annotations.db"


@app.command()
def upload(
    context: typer.Context,
    project: str,
    directory: Annotated[str, typer.Argument(help="Folder whose files are uploaded, with the folders in it.")],
    endpoint: Endpoint = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete from the store what was uploaded.")] = False,
) -> None:
    """Upload the files of a folder to the source of a project, without those that are there already."""
    cluster, found = declared(context, project)
    files = uploads.files_of(directory)
    with tempfile.TemporaryDirectory() as made:
        media, tasks = _to_upload(cluster, found, files, Path(made))
        names = {name for _, name in tasks}
        with open_store(cluster, found.upload, endpoint) as store:
            there, missing = uploads.Folder.read(store, [*media, *tasks]).divided()
            if delete:
                with progress("Deleting", len(there), MofNCompleteColumn()) as advance:
                    uploads.delete(store, there, advance)
            else:
                size = sum(source.size for source in missing)
                columns = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
                with progress("Uploading", size, *columns) as advance:
                    uploads.upload(store, (it for it in missing if it.name not in names), advance)
                    # A sync may begin at any moment: what it finds must have its media.
                    uploads.upload(store, (it for it in missing if it.name in names), advance)
    place, here, absent = address(found.upload), _counted(there, names), _counted(missing, names)
    if delete:
        console.print(f"{here} were deleted from {place}; {absent} of the folder were not there")
        return
    console.print(f"{absent} were uploaded to {place}; {here} were there already")
    console.print(f"make sync PROJECT={project} makes tasks of them")


@app.command()
def sync(context: typer.Context, project: str) -> None:
    """Make tasks of new data, and write to the target the annotations that it lacks."""
    cluster, found = declared(context, project)
    with console.status(f"Label Studio synchronizes {project}"):
        report = json.loads(cluster.run_job(found.sync_job, SYNC, SYNC_SECONDS))
    console.print(f"{report['tasks']} tasks at {report['address']}")


@app.command()
def export(
    context: typer.Context,
    project: str,
    kind: Annotated[str, typer.Argument(metavar="|".join(FORMATS))],
    endpoint: Endpoint = None,
    output: Annotated[Path, typer.Option(help="Folder for exports.")] = EXPORTS,
) -> None:
    """Convert the annotations in the target of a project to files."""
    chosen = _format(kind)
    cluster, found = declared(context, project)
    target = downloads.target_of(found)
    # Kept, so that the next export, or this one once more, downloads what is new only.
    with Annotations.open(output / project / DOWNLOADED) as annotations:
        with open_store(cluster, target, endpoint) as store:
            count = downloads.bring_annotations(store, annotations)
        labelled = Labelled(label_config(cluster, found), address(found.upload))
        total, directory = annotations.count_tasks(), output / project / chosen
        with complete(directory) as part, counted("Converting", total * passes(chosen)) as advance:
            written = convert(annotations.tasks(), labelled, chosen, part, advance)
    console.print(f"{count} annotations of {total} tasks are in {directory / written.relative_to(part)}")


@app.command()
def download(  # noqa: PLR0913 - its options
    context: typer.Context,
    project: str,
    kind: Annotated[str, typer.Argument(metavar="|".join(FORMATS))],
    folder: Annotated[Path, typer.Argument(help="Folder for annotations and data, a new one or that of before.")],
    *,
    endpoint: Endpoint = None,
    snapshot: Annotated[
        str | None, typer.Option(help="Name of a state to keep at the first time, and to bring at each later one.")
    ] = None,
) -> None:
    """Bring the annotations of a project and the data that they are about to this machine."""
    chosen = _format(kind)
    cluster, found = declared(context, project)
    if snapshot is not None:
        console.print(Snapshot.of(cluster, endpoint, found, snapshot).download(chosen, folder))
        return
    target, data = downloads.target_of(found), found.data
    if data is None:
        raise ProjectError("the stack does not say yet who may read the data; run pulumi up first")
    layout = Layout(chosen, address(data))
    with training.opened(folder, project, chosen) as (annotations, files):
        with open_store(cluster, target, endpoint) as store:
            count = downloads.bring_annotations(store, annotations)
        files.want(layout.wanted(annotations.tasks()))
        with open_store(cluster, data, endpoint) as store:
            downloads.bring_files(store, files, store.listed())
        labelled, total = Labelled(label_config(cluster, found), layout.source), annotations.count_tasks()
        tasks = (it for it in annotations.tasks() if files.are_there(layout.names(it)))
        downloads.convert_in(folder, layout, labelled, tasks, total)
        downloads.tell_what_is_missing(layout, files)
        downloads.tell_what_is_elsewhere(layout, annotations.tasks())
        console.print(f"{count} annotations of {total} tasks and {files.count()} files are in {folder}")


@app.command()
def predictions(
    context: typer.Context,
    project: str,
    file: Annotated[Path, typer.Argument(help="A line of JSON for each: file, model_version, score, result.")],
) -> None:
    """Import the predictions of a model for people to correct, all of them or none."""
    cluster, found = declared(context, project)
    unknown = ProjectError("the stack does not say yet who imports predictions; run pulumi up first")
    with page_of(cluster, found, unknown) as (page, number):
        labelling = declared_config(cluster, found) or page.label_config(number)
        checker = Checker(labelling, Tasks.of(page.tasks(number), address(found.upload)))
        read = checker.read(file)
        missing = checker.missing(read)
        with progress("Importing", len(missing), MofNCompleteColumn()) as advance:
            for part in (missing[start : start + BATCH] for start in range(0, len(missing), BATCH)):
                page.import_predictions(number, [it.body() for it in part])
                advance(len(part))
    console.print(f"{len(missing)} predictions were imported; {len(read) - len(missing)} were there already")


def _format(kind: str) -> Format:
    chosen: Format | None = next((it for it in FORMATS if it == kind.upper()), None)
    if chosen is None:
        raise ProjectError(f"there is no format {kind}; choose {', '.join(FORMATS)}")
    return chosen


def _to_upload(cluster: Cluster, project: Project, files: Files, made: Path) -> tuple[Files, Files]:
    """Media, and tasks that name them, which are written to the folder ``made``; ProjectError where it is no use."""
    declaration = cluster.declaration(project.declaration)
    options = declaration["storages"]["source"]["options"]
    if options["use_blob_urls"]:
        below = [name for _, name in files if "/" in name]
        if below and not options["recursive_scan"]:
            raise ProjectError(
                f"{project.name} makes no tasks of files in folders, such as {below[0]}: "
                "upload them without, or set source.recursiveScan: true"
            )
        return files, []
    fields = Fields.of(label_config(cluster, project))
    folder = TaskFolder({name: path for path, name in files}, fields, address(project.upload))
    tasks = folder.write(task_files.read(files, fields.tags), made)
    media = folder.media()
    task_files.check_filter(options["regex_filter"], project.upload.prefix, media, tasks)
    if others := len(files) - len(task_files.of_tasks(files) or pairs.texts(files, fields.tags)) - len(media):
        console.print(f"{others} files of the folder are left out, for no task names them")
    return media, tasks


def _counted(sources: Sequence[uploads.Source], tasks: Collection[str]) -> str:
    of_tasks = sum(source.name in tasks for source in sources)
    files = f"{len(sources) - of_tasks} files"
    return f"{files} and {of_tasks} tasks" if tasks else files
