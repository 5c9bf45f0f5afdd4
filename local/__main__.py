"""`python -m local`: Label Studio on one bare machine. Makefile targets of the same names call it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Annotated

import typer

from cli import browser
from components.settings.errors import SettingsError
from local import logs as log_lines
from local import machine, packages, platform, preconditions, report, stack, uninstall, version
from local.cluster import lifecycle
from local.cluster.api import Timeout
from local.cluster.errors import ClusterError
from local.cluster.process import StartError
from local.engine import EngineError, Interrupted
from local.images import sandbox, wanted
from local.paths import CACHE, PROJECT, STATE
from local.progress import note
from local.terminal import console, stderr_console
from local.tools import build, maven

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
tools = typer.Typer(no_args_is_help=True, help="The programs built from Go modules.")
cluster = typer.Typer(no_args_is_help=True, help="The Kubernetes cluster alone, without a stack.")
app.add_typer(tools, name="tools")
app.add_typer(cluster, name="cluster")

# Errors whose message is all that a person needs.
EXPECTED = (
    preconditions.PreconditionError,
    packages.PackageError,
    build.BuildError,
    maven.FetchError,
    sandbox.BuildError,
    ClusterError,
    EngineError,
    StartError,
    Timeout,
    SettingsError,
    wanted.ImageError,
    log_lines.UnknownPartError,
    uninstall.NotAgreedError,
)

# All tests: those of stacks in one process; those without a cluster, then those of the engine, beside it
# (tests/conftest.py).
BESIDE = ("--numprocesses", "2", "--dist", "loadfile", "--no-loadscope-reorder", "--verbose")


@app.command()
def up(port: Annotated[str, typer.Option(help="Node port of the page; it is kept for the next time.")] = "") -> None:
    """Serve Label Studio on this machine: build or reuse everything, start the cluster, deploy the dev stack."""
    engine = machine.engine()
    chosen = machine.chosen_port(engine, port)
    platform.prepare(images=wanted.of_stack(stack.config()), page_port=machine.page_port(engine, chosen))
    stack.up(chosen)


@app.command()
def down(
    delete_data: Annotated[bool, typer.Option("--delete-data", help="Also delete the stack's data for good.")] = False,
) -> None:
    """Remove everything that `up` started on this machine; `up` brings it back with its data."""
    lifecycle.stop()
    if delete_data:
        lifecycle.delete()
    elif STATE.exists():
        note(f"data stays in {STATE} (`python -m local down --delete-data` deletes it) and tools in {CACHE}")


@app.command("uninstall")
def remove_everything(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Remove everything that `up` made on this machine: the stack's data, the caches and the Python packages."""
    uninstall.uninstall(agreed=yes)


@app.command("open")
def open_page() -> None:
    """Print the address of the page, and open it in a browser if there is one."""
    url = stack.address()
    print(url)
    browser.show(url)


@app.command()
def status() -> None:
    """Show what runs and what is wrong; exit code 1 if something is."""
    raise typer.Exit(0 if report.status() else 1)


@app.command()
def logs(
    part: Annotated[str, typer.Argument(help="Such as page, worker or etcd; all without it.")] = "",
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many lines of each.")] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they come.")] = False,
) -> None:
    """Show the newest log lines of every part, or of one."""
    if not log_lines.show(part, lines, follow):
        stderr_console.print("There are no logs: nothing has run yet. `make up` starts it.")
        raise typer.Exit(1)


@app.command()
def password() -> None:
    """Show the administrator's password."""
    print(stack.password())


@app.command()
def rotate(secret: str) -> None:
    """Raise the counter of a secret, such as databaseOwner; the next `up` makes a new value."""
    print(stack.rotate(secret))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def preview(context: typer.Context) -> None:
    """Show what `up` would change of the dev stack; arguments go to `pulumi preview`."""
    stack.preview(context.args)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def shell(context: typer.Context) -> None:
    """Open a shell in which pulumi, kubectl and helm work on the dev stack; arguments go to the shell."""
    raise typer.Exit(stack.shell(context.args))


@app.command("version")
def show_version() -> None:
    """Name every part that is deployed or deploys, with its version."""
    for line in version.lines():
        print(line)


@app.command()
def outputs() -> None:
    """Print the outputs of the dev stack as JSON, secrets masked; the commands on projects read them."""
    print(json.dumps(stack.deployed().outputs()))


@app.command()
def state() -> None:
    """Print the state of the dev stack as JSON, secrets encrypted; the picture and policies read it."""
    print(json.dumps(stack.deployed().export()))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Run all tests (or those named) on the cluster, which is removed again if it did not run before."""
    ran, existed = any(process.running for process in lifecycle.processes()), STATE.exists()
    closing = ""
    try:
        platform.prepare(tools=build.USUAL)
        packages.install(packages.TESTS)
        command = [sys.executable, "-u", "-m", "pytest", *(context.args or BESIDE)]
        with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as tests:
            for line in tests.stdout or ():
                print(line, end="", flush=True)
                closing = line.strip() or closing
    finally:
        if not ran:
            lifecycle.stop()
        if not existed:
            lifecycle.delete()
    print(closing)
    raise typer.Exit(tests.returncode)


@tools.command("build")
def build_tools(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which; without it, all but those that only drills need.")
    ] = None,
) -> None:
    """Build tools that are not in the cache, and print their paths."""
    for name in names or build.USUAL:
        if name not in build.BUILDS:
            raise typer.BadParameter(f"{name} is none of {', '.join(build.BUILDS)}")
        console.print(str(build.tool(name)))


@cluster.command("start")
def start_cluster() -> None:
    """Start the cluster, or what of it does not run."""
    preconditions.check()
    packages.install(packages.CLUSTER)
    lifecycle.start()


@cluster.command("stop")
def stop_cluster() -> None:
    """Stop the cluster and take away its traces; its data stays for the next start."""
    lifecycle.stop()


def main() -> None:
    """Run a command; an expected error is its message alone."""
    try:
        app()
    except EXPECTED as error:
        stderr_console.print(f"[red]{type(error).__name__.removesuffix('Error')}:[/]", end=" ")
        stderr_console.print(str(error), markup=False)
        sys.exit(130 if isinstance(error, Interrupted) else 1)
    except PermissionError as error:
        stderr_console.print(f"Permission: only root may use {error.filename}: run the command with sudo", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
