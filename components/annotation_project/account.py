"""The account with which declared projects are applied: made for this, no administrator, its password in a Secret."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_random as random

from ..connections import Peer, ServerPods
from ..kubernetes import network_policy, pods
from ..kubernetes.backing_service import stateful_options
from ..kubernetes.context import StackContext
from ..kubernetes.passwords import generate_password, key_of, store_secret
from ..kubernetes.setup_job import SetupJob, run_setup_job
from . import scripts
from .args import Account, Administrator, Page

COMPONENT = "projects-account"
COMPONENT_OF_PROJECTS = "annotation-project"


class ProjectsAccount(pulumi.ComponentResource):
    """One for all projects; ``account`` can be used once the component is there.

    The jobs of projects may reach the page and those of the ``peers`` that are servers of the stack.
    """

    account: Account

    def __init__(  # noqa: PLR0913 - what its jobs need
        self,
        name: str,
        administrator: Administrator,
        page: Page,
        context: StackContext,
        opts: pulumi.ResourceOptions | None = None,
        *,
        peers: Sequence[Peer | None] = (),
    ) -> None:
        inputs = {"namespace": context.namespace, "administratorEmail": administrator.email}
        super().__init__("label-studio:annotation_project:ProjectsAccount", name, inputs, opts)
        # With a lost Secret, the old account would keep its unknown password: another one gets another name.
        suffix = random.RandomString(
            name, length=6, special=False, upper=False, opts=stateful_options(context, self)
        ).result
        email = pulumi.Output.concat("projects-", suffix, "@", administrator.domain)
        password = generate_password(name, context, self)
        secret = store_secret(name, context, self, {"email": email, "password": password})
        self.account = Account(key_of(secret, "email"), key_of(secret, "password"))

        files = scripts.script_map(f"{name}-scripts", context, self, {})
        job = SetupJob(
            component=COMPONENT,
            image=context.image("label_studio"),
            user=page.user,
            script=scripts.command("account"),
            environment=[
                *scripts.environment(page, context),
                pods.env("ADMINISTRATOR_EMAIL", administrator.email),
                pods.secret_env("ADMINISTRATOR_PASSWORD", administrator.password),
                pods.secret_env("ACCOUNT_EMAIL", self.account.email),
                pods.secret_env("ACCOUNT_PASSWORD", self.account.password),
            ],
            files=[scripts.script_volume(f"{name}-scripts")],
            mounts=[scripts.script_mount()],
            triggers=[scripts.DIGEST],
            resources=scripts.RESOURCES,
        )
        network_policy.allow(name, context, self, pods.selector(COMPONENT, name), egress=[scripts.to_label_studio()])
        servers = [peer for peer in peers if isinstance(peer, ServerPods)]
        network_policy.allow(
            f"{name}-jobs",
            context,
            self,
            {"app.kubernetes.io/name": COMPONENT_OF_PROJECTS},
            egress=[scripts.to_label_studio()],
            peers=servers,
        )
        run_setup_job(name, context, job, self, after=[files, secret, *scripts.dependencies(opts)])
        self.register_outputs({"secret": secret.metadata["name"]})
