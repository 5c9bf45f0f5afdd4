"""The account with which declared projects are applied: made for this, no administrator, its password in a Secret."""

from __future__ import annotations

import pulumi
import pulumi_random as random

from ..kubernetes import network_policy, pods
from ..kubernetes.backing_service import component_inputs, stateful_options
from ..kubernetes.passwords import generate_password, key_of, store_secret
from ..kubernetes.setup_job import SetupJob, run_setup_job
from . import scripts
from .args import Account, AccountArgs

COMPONENT = "projects-account"


class ProjectsAccount(pulumi.ComponentResource):
    """One for all projects; ``account`` can be used once the component is there."""

    account: Account

    def __init__(self, name: str, args: AccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("label-studio:annotation_project:ProjectsAccount", name, component_inputs(args), opts)
        # With a lost Secret, the old account would keep its unknown password: another one gets another name.
        suffix = random.RandomString(
            name, length=6, special=False, upper=False, opts=stateful_options(args, self)
        ).result
        email = pulumi.Output.concat("projects-", suffix, "@", args.domain)
        password = generate_password(name, args, self)
        secret = store_secret(name, args, self, {"email": email, "password": password})
        self.account = Account(key_of(secret, "email"), key_of(secret, "password"))

        files = scripts.script_map(f"{name}-scripts", args, self, {})
        job = SetupJob(
            component=COMPONENT,
            image=args.image,
            user=args.run_as_user,
            script=scripts.command("account"),
            environment=[
                *scripts.environment(args),
                pods.env("ADMINISTRATOR_EMAIL", args.administrator_email),
                pods.secret_env("ADMINISTRATOR_PASSWORD", args.administrator_password),
                pods.secret_env("ACCOUNT_EMAIL", self.account.email),
                pods.secret_env("ACCOUNT_PASSWORD", self.account.password),
            ],
            files=[scripts.script_volume(f"{name}-scripts")],
            mounts=[scripts.script_mount()],
            triggers=[scripts.DIGEST],
            resources=scripts.RESOURCES,
        )
        network_policy.allow(name, args, self, pods.selector(COMPONENT, name), egress=[scripts.to_label_studio()])
        run_setup_job(name, args, job, self, after=[files, secret, *scripts.dependencies(opts)])
        self.register_outputs({"secret": secret.metadata["name"]})
