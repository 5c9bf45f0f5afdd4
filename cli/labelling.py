"""The labelling configuration of a declared project; where it is a template, Label Studio alone knows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from .cluster import Cluster
from .errors import ProjectError
from .page import Page
from .progress import console
from .stack import Project

# The job that synchronizes nothing and tells the number of the project.
FIND = ["sh", "-c", "exec python3 -m job.apply sync"]
FIND_SECONDS = 600.0


@contextmanager
def page_of(cluster: Cluster, project: Project, unknown: ProjectError) -> Iterator[tuple[Page, int]]:
    """Label Studio's page with the account of declared projects, and the number of this one.

    ``unknown`` is raised where the stack does not say yet what the account and the Service are.
    """
    if project.account is None or project.service is None:
        raise unknown
    with console.status("Asking Label Studio for the project"):
        number = json.loads(cluster.run_job(project.sync_job, FIND, FIND_SECONDS))["project"]
    with cluster.service(project.service, cluster.namespace, None) as port:
        page = Page(f"http://127.0.0.1:{port}")
        page.log_in(*(cluster.secret(key) for key in project.account))
        yield page, number


def label_config(cluster: Cluster, project: Project) -> str:
    """The XML; ProjectError where Label Studio cannot be asked for it."""
    if declared := declared_config(cluster, project):
        return declared
    unknown = ProjectError("the stack does not say yet how to ask Label Studio; run pulumi up first")
    with page_of(cluster, project, unknown) as (page, number):
        return page.label_config(number)


def declared_config(cluster: Cluster, project: Project) -> str:
    """The XML as it is declared; empty where it is a template."""
    return str(cluster.declaration(project.declaration)["label_config"] or "")
