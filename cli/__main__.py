"""The command line ``python -m cli``: upload to, synchronize and export from declared projects, with progress."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Annotated

import typer
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from . import browser, jobs, volume
from . import data as _data_commands  # noqa: F401 - each command adds itself
from .app import address, app
from .cluster import Cluster, JobResults
from .errors import ProjectError, Stopped
from .progress import console
from .restart import DEFAULT
from .stack import Stack

TOKENS = [
    "sh",
    "-c",
    'PYTHONPATH="$PYTHONPATH:/label-studio/label_studio" exec python3 /etc/label-studio/settings/api_tokens.py',
]
LOCAL_PORT = 8080


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
            "source": address(project.upload),
            "target": address(project.export) if project.export else None,
            "job": f"failed: {last.problem}" if last.problem else "completed" if last.report else "none has ended yet",
        }
        console.print(f"[bold]{name}[/]")
        # Not a table: addresses are to be copied whole, however narrow the terminal is.
        for fact, value in facts.items():
            if value is not None:
                console.print(f"  {fact:7}{value}", markup=False)
        for title, job in sorted(project.export_jobs.items()):
            console.print(f"  {title}: {_last_export(results.get(job, JobResults()))}", markup=False)


def _last_export(last: JobResults) -> str:
    if last.problem:
        return f"failed: {last.problem}"
    if not last.report:
        return "no export has ended yet"
    where = last.report.get("object") or last.report.get("message")
    return f"{last.report['annotations']} annotations, {where}"


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
