"""The application of the command line, and what its commands have in common."""

from __future__ import annotations

from typing import Annotated

import typer

from .cluster import Cluster
from .stack import Place, Project, Stack

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


def declared(context: typer.Context, project: str) -> tuple[Cluster, Project]:
    """The cluster of the stack, and one of its projects."""
    deployed: Stack = context.obj
    return Cluster(deployed.context, deployed.namespace), deployed.project(project)


def address(place: Place) -> str:
    """A place as people write it."""
    return f"s3://{place.bucket}/{place.prefix}"
