"""The command line ``python -m cli``: upload to, synchronize and export from declared projects, with progress."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from kubernetes.client.exceptions import ApiException
from rich.progress import DownloadColumn, MofNCompleteColumn, TimeRemainingColumn, TransferSpeedColumn
from urllib3.exceptions import HTTPError

from . import browser, jobs, volume
from . import upload as uploads
from .annotations import Annotations
from .cluster import Cluster, JobResults
from .errors import ProjectError, Stopped
from .export import FORMATS, Format, Labelled, complete, convert, passes
from .progress import console, counted, progress
from .restart import DEFAULT
from .stack import Place, Project, Stack
from .store import Store, open_store

SYNC = ["sh", "-c", "exec python3 -m job.apply sync source target"]
TOKENS = [
    "sh",
    "-c",
    'PYTHONPATH="$PYTHONPATH:/label-studio/label_studio" exec python3 /etc/label-studio/settings/api_tokens.py',
]
# The job's own limit; it ends itself when a sync gets on no more.
SYNC_SECONDS = 14400.0
EXPORTS = Path("exports")
DOWNLOADED = ".annotations.db"
LOCAL_PORT = 8080

Endpoint = Annotated[str | None, typer.Option(help="Another address of the S3 server, such as one of a port-forward.")]

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def choose_stack(
    context: typer.Context,
    stack: Annotated[str | None, typer.Option(help="Stack to work with; by default the selected one.")] = None,
    outputs: Annotated[
        typer.FileText | None,
        typer.Option(help="A file with what pulumi stack output --json printed, or - to read it."),
    ] = None,
) -> None:
    """Work with the declared projects of a stack."""
    context.obj = Stack.read(outputs) if outputs else Stack.ask_pulumi(stack)


@app.command()
def upload(
    context: typer.Context,
    project: str,
    directory: Annotated[str, typer.Argument(help="Folder whose files are uploaded, with the folders in it.")],
    endpoint: Endpoint = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete from the store what was uploaded.")] = False,
) -> None:
    """Upload the files of a folder to the source of a project, without those that are there already."""
    cluster, declared = _declared(context, project)
    files = uploads.files_of(directory)
    _check_folders(cluster, declared, [name for _, name in files])
    with open_store(cluster, declared.upload, endpoint) as store:
        there, missing = uploads.Folder.read(store, files).divided()
        if delete:
            with progress("Deleting", len(there), MofNCompleteColumn()) as advance:
                uploads.delete(store, there, advance)
        else:
            size = sum(source.size for source in missing)
            columns = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
            with progress("Uploading", size, *columns) as advance:
                uploads.upload(store, missing, advance)
    place = _address(declared.upload)
    if delete:
        console.print(f"{len(there)} files were deleted from {place}; {len(missing)} of the folder were not there")
        return
    console.print(f"{len(missing)} files were uploaded to {place}; {len(there)} were there already")
    console.print(f"make sync PROJECT={project} makes tasks of them")


@app.command()
def sync(context: typer.Context, project: str) -> None:
    """Make tasks of new data, and write to the target the annotations that it lacks."""
    cluster, declared = _declared(context, project)
    with console.status(f"Label Studio synchronizes {project}"):
        report = json.loads(cluster.run_job(declared.sync_job, SYNC, SYNC_SECONDS))
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
    chosen: Format | None = next((it for it in FORMATS if it == kind.upper()), None)
    if chosen is None:
        raise ProjectError(f"there is no format {kind}; choose {', '.join(FORMATS)}")
    cluster, declared = _declared(context, project)
    if declared.export is None:
        raise ProjectError(f"the project {project} has no target to export from")
    # Kept, so that the next export, or this one once more, downloads what is new only.
    with Annotations.open(output / project / DOWNLOADED) as annotations:
        with open_store(cluster, declared.export, endpoint) as store:
            count = _download(store, annotations)
        label_config = cluster.declaration(declared.declaration)["label_config"]
        labelled = Labelled(label_config, _address(declared.upload))
        total, directory = annotations.count_tasks(), output / project / chosen
        with complete(directory) as part, counted("Converting", total * passes(chosen)) as advance:
            written = convert(annotations.tasks(), labelled, chosen, part, advance)
    console.print(f"{count} annotations of {total} tasks are in {directory / written.relative_to(part)}")


def _download(store: Store, annotations: Annotations) -> int:
    """Bring the annotations on this machine up to date and return how many there are."""
    listed = {name: etag for name, (_, etag) in store.objects().items()}
    if not listed:
        raise ProjectError(f"there are no annotations in {_address(store.place)} yet")
    missing = annotations.missing(listed)
    with counted("Downloading", len(missing)) as advance:

        def downloaded() -> Iterator[tuple[str, bytes]]:
            for name, content in zip(missing, store.read(missing), strict=True):
                yield name, content
                advance(len(content))

        annotations.keep(listed, downloaded())
    return len(listed)


@app.command(name="open")
def open_page(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port of this machine to forward.")] = None,
) -> None:
    """Print the address of the page, and open a browser if there is one; it may need a forwarded port."""
    deployed: Stack = context.obj
    if deployed.url and not browser.is_of_this_machine(deployed.url):
        if port is not None:
            raise ProjectError(f"the page works under its own address {deployed.url} only; leave PORT out")
        console.print(deployed.url)
        browser.show(deployed.url)
        return
    if deployed.service is None:
        raise ProjectError("the stack has no output serviceName; run pulumi up first")
    cluster = Cluster(deployed.context, deployed.namespace)
    try:
        with cluster.service(deployed.service, deployed.namespace, None, port or LOCAL_PORT) as opened:
            url = f"http://localhost:{opened}"
            console.print(f"{url} leads to the page until you press Ctrl-C")
            browser.show(url)
            threading.Event().wait()
    except Stopped:
        console.print()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise ProjectError(f"port {port or LOCAL_PORT} cannot be opened here ({reason}); write another PORT") from None


@app.command(name="failed-jobs")
def show_failed_jobs(
    context: typer.Context,
    rerun: Annotated[bool, typer.Option(help="Queue them again instead of showing them.")] = False,
    ids: Annotated[list[str] | None, typer.Argument(help="Only these; all without any.")] = None,
) -> None:
    """Show the jobs of the queue that failed for good; each is removed some days after it was shown first."""
    deployed: Stack = context.obj
    cluster = Cluster(deployed.context, deployed.namespace)
    if rerun:
        answer = jobs.failed_jobs(cluster.connect(), deployed.namespace, "rerun", *(ids or []))
        if answer["unknown"]:
            raise ProjectError(f"there is no failed job {answer['unknown'][0]}; run it without --rerun to see them")
        console.print(f"{answer['queued']} jobs are queued again")
        return
    found = jobs.failed_jobs(cluster.connect(), deployed.namespace, "list")
    for line in jobs.lines(found):
        console.print(line, markup=False)
    console.print(f"{len(found)} failed jobs, kept for {jobs.KEEP_DAYS} days from the first time that they were shown")


@app.command()
def restart(
    context: typer.Context,
    part: Annotated[str, typer.Option(help="Such as redis, postgresql or object-store.")] = "",
) -> None:
    """Start the pods of page and workers again, or those of one part, after somebody else changed a Secret."""
    deployed: Stack = context.obj
    cluster = Cluster(deployed.context, deployed.namespace)
    with console.status("Waiting until the new pods are ready"):
        restarted = cluster.restart([part] if part else DEFAULT)
    console.print(f"restarted: {', '.join(restarted)}")


@app.command()
def tokens(context: typer.Context) -> None:
    """List whose API tokens would end if Django's key was rotated."""
    deployed: Stack = context.obj
    if deployed.service is None:
        raise ProjectError("the stack has no output serviceName; run pulumi up first")
    cluster = Cluster(deployed.context, deployed.namespace)
    owners = cluster.in_pod(deployed.service, "app", TOKENS).split()
    console.print("\n".join(owners) if owners else "no API token is signed with the key", markup=False)


@app.command()
def copy_uploads(context: typer.Context) -> None:
    """Copy the files of Label Studio's volume to its bucket, before persistence.type becomes s3; nothing is deleted."""
    with console.status("Copying"):
        files, copied = volume.copy_uploads(context.obj)
    console.print(f"the bucket has the {files} files of the volume; {copied} were copied now")


@app.command(name="list")
def list_projects(context: typer.Context) -> None:
    """Show the declared projects, with what their last job said."""
    deployed: Stack = context.obj
    if not deployed.projects:
        console.print("The stack declares no projects: docs/quickstart.md shows how.")
        return
    results = Cluster(deployed.context, deployed.namespace).job_results()
    for name, project in sorted(deployed.projects.items()):
        last = results.get(project.declaration, JobResults())
        facts = {
            "page": last.report.get("address"),
            "tasks": last.report.get("tasks"),
            "source": _address(project.upload),
            "target": _address(project.export) if project.export else None,
            "job": f"failed: {last.problem}" if last.problem else "completed" if last.report else "none has ended yet",
        }
        console.print(f"[bold]{name}[/]")
        # Not a table: addresses are to be copied whole, however narrow the terminal is.
        for fact, value in facts.items():
            if value is not None:
                console.print(f"  {fact:7}{value}", markup=False)


def _check_folders(cluster: Cluster, project: Project, names: Iterable[str]) -> None:
    """ProjectError for files that the project would never make tasks of."""
    source = cluster.declaration(project.declaration)["storages"]["source"]
    below = [name for name in names if "/" in name]
    if below and not source["options"]["recursive_scan"]:
        raise ProjectError(
            f"{project.name} makes no tasks of files in folders, such as {below[0]}: "
            "upload them without, or set source.recursiveScan: true"
        )


def _declared(context: typer.Context, project: str) -> tuple[Cluster, Project]:
    deployed: Stack = context.obj
    return Cluster(deployed.context, deployed.namespace), deployed.project(project)


def _address(place: Place) -> str:
    return f"s3://{place.bucket}/{place.prefix}"


def _stop(*_: object) -> None:
    raise Stopped


def main() -> None:
    """Run the command line; an error that a user can fix is one line."""
    signal.signal(signal.SIGINT, _stop)
    try:
        app()
    except Stopped:
        sys.stderr.write("stopped; what was begun in the cluster goes on\n")
        sys.stderr.flush()
        # Without waiting for threads, each of which may be in the middle of a large file.
        os._exit(130)
    except ProjectError as error:
        sys.stderr.write(f"error: {error}\n")
    except ApiException as error:
        sys.stderr.write(f"error: the cluster refuses what this command needs: {error.reason}\n")
    except HTTPError as error:
        reason = getattr(error, "reason", None) or error
        sys.stderr.write(f"error: the cluster does not answer ({type(reason).__name__})\n")
    else:
        return
    sys.exit(1)


if __name__ == "__main__":
    main()
