"""The job that tries a new image or environment before the release changes: while it fails, the old page stays."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s

from ..kubernetes import pods
from .args import LabelStudioArgs
from .files.release_check import ADVICE, REFUSED
from .jobs import run_file
from .values import Values

COMPONENT = "release-check"


def check_release(  # noqa: PLR0913 - what its pod needs
    name: str,
    args: LabelStudioArgs,
    *,
    values: Values,
    settings_map: str,
    advice: str,
    parent: pulumi.Resource,
    opts: pulumi.ResourceOptions,
) -> k8s.batch.v1.Job:
    """Run it with what the containers of the release are given; each change of that runs it again.

    Migrations of a database that is in use are refused with the ``advice``, unless that is empty.
    """
    # A job of the same digest comes back when a release that it refused is taken back.
    again = pulumi.ResourceOptions(delete_before_replace=True)
    return run_file(
        f"{name}-{COMPONENT}",
        args,
        component=COMPONENT,
        file="release_check.py",
        values=values,
        settings_map=settings_map,
        parent=parent,
        opts=pulumi.ResourceOptions.merge(opts, again),
        variables=[pods.env(ADVICE, advice)] if advice else [],
        fatal_exit_code=REFUSED,
        seconds=args.settings.release_timeout,
    )
