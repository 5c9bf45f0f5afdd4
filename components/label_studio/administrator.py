"""The job that gives the first administrator another password: Label Studio sets one only as it makes the account."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from ..connections import SecretKey
from ..kubernetes import pods
from .args import LabelStudioArgs
from .jobs import run_file
from .values import Values

COMPONENT = "administrator-password"


def set_password(  # noqa: PLR0913 - what its pod needs
    name: str,
    args: LabelStudioArgs,
    *,
    values: Values,
    password: SecretKey,
    settings_map: str,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource],
) -> None:
    """Run it once the page has its database."""
    run_file(
        # Not again for another image or database password: somebody may have changed the password since.
        f"{name}-administrator-{args.context.rotation.administrator}",
        args,
        component=COMPONENT,
        file="administrator_password.py",
        values=values,
        settings_map=settings_map,
        parent=parent,
        opts=pulumi.ResourceOptions(depends_on=list(after)),
        variables=[
            pods.env("LABEL_STUDIO_USERNAME", args.settings.administrator.email),
            pods.secret_env("LABEL_STUDIO_PASSWORD", password),
        ],
        once=True,
    )
