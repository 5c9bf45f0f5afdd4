"""The labelling configuration of a declared project; where it is a template, Label Studio alone knows it."""

from __future__ import annotations

import json

from .cluster import Cluster
from .errors import ProjectError
from .page import Page
from .progress import console
from .stack import Project

# The job that synchronizes nothing and tells the number of the project.
FIND = ["sh", "-c", "exec python3 -m job.apply sync"]
FIND_SECONDS = 600.0


def label_config(cluster: Cluster, project: Project) -> str:
    """The XML; ProjectError where Label Studio cannot be asked for it."""
    if declared := cluster.declaration(project.declaration)["label_config"]:
        return str(declared)
    if project.account is None or project.service is None:
        raise ProjectError("the stack does not say yet how to ask Label Studio; run pulumi up first")
    with console.status("Asking for the labelling configuration"):
        number = json.loads(cluster.run_job(project.sync_job, FIND, FIND_SECONDS))["project"]
        with cluster.service(project.service, cluster.namespace, None) as port:
            page = Page(f"http://127.0.0.1:{port}")
            page.log_in(*(cluster.secret(key) for key in project.account))
            return page.label_config(number)
