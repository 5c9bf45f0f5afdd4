"""Label Studio: its chart's values and release, queue workers, first administrator, network and scaling rules."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s

from ..connections import SecretKey
from ..kubernetes.backing_service import component_inputs
from ..kubernetes.context import StackContext
from ..kubernetes.ownership import STACK, stack_identity
from ..kubernetes.pods import PART_OF
from ..kubernetes.upgrade_backup import UpgradeBackup, make_backup
from . import mounts
from .administrator import set_password
from .args import Connections, LabelStudioArgs
from .credentials import GENERATION, administrator_password, django_keys
from .embedded_chart import app_version
from .flavours import reshape
from .network import network_policies
from .release import check_name, install
from .release_check import check_release
from .scaling import autoscaler, disruption_budget
from .settings import LabelStudioSettings
from .values import chart_values, service_name
from .worker import worker

__all__ = ["Connections", "LabelStudio", "LabelStudioSettings", "check_name"]


class LabelStudio(pulumi.ComponentResource):
    """Label Studio on its three connections; ``name`` is the name of its release and of what belongs to it.

    ``upgrade_backup`` is what another version waits for; without one it waits for none, and migrates the database.
    """

    url: pulumi.Output[str | None]
    service_name: pulumi.Output[str]
    administrator_email: pulumi.Output[str]
    administrator_password: SecretKey
    generated_password: pulumi.Output[str] | None

    def __init__(  # noqa: PLR0913 - as each component, and what it waits for
        self,
        name: str,
        settings: LabelStudioSettings,
        connections: Connections,
        context: StackContext,
        opts: pulumi.ResourceOptions | None = None,
        *,
        upgrade_backup: UpgradeBackup | None = None,
    ) -> None:
        check_name(name)
        args = LabelStudioArgs(
            settings=settings, connections=connections, context=context.scheduled(settings.scheduling)
        )
        inputs = component_inputs(settings, context, connections=connections)
        super().__init__("label-studio:label_studio:LabelStudio", name, inputs, opts)
        django = django_keys(name, args, self)
        self.administrator_password, self.generated_password = administrator_password(name, args, self)
        settings_map = f"{name}-settings"
        module = _settings_module(settings_map, args, pulumi.ResourceOptions(parent=self))
        # Pulumi does not hand what a component waits for to its children.
        after = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        after = pulumi.ResourceOptions.merge(after, pulumi.ResourceOptions(depends_on=[module]))
        network_policies(name, args, self)

        values = chart_values(args, name, django, self.administrator_password, settings_map)
        backup = upgrade_backup or UpgradeBackup()
        checked = check_release(
            name, args, values=values, settings_map=settings_map, advice=backup.advice, parent=self, opts=after
        )
        after = pulumi.ResourceOptions.merge(after, pulumi.ResourceOptions(depends_on=[checked]))
        if backup.job:
            made = make_backup(backup.job, app_version(args.image), self, after)
            after = pulumi.ResourceOptions.merge(after, pulumi.ResourceOptions(depends_on=[made]))
        release = install(name, args, reshape(values, args.settings.chart.flavour), after)

        with_release = pulumi.ResourceOptions(parent=self, depends_on=[release])
        if self.generated_password is not None and context.rotation.administrator > 1:
            set_password(
                name,
                args,
                values=values,
                password=self.administrator_password,
                settings_map=settings_map,
                parent=self,
                after=[release],
            )
        if args.redis:
            worker(name, args, values, settings_map, with_release)
        if args.settings.autoscaling:
            autoscaler(name, args, args.settings.autoscaling, with_release)
        if args.settings.pod_disruption_budget and args.settings.maximum_replicas > 1:
            disruption_budget(name, args, with_release)
        self.url = pulumi.Output.from_input(args.settings.page_url)
        # Through the release, so that whoever waits for the name waits for the Service.
        self.service_name = release.name.apply(lambda _: service_name(name))
        self.administrator_email = pulumi.Output.from_input(args.settings.administrator.email)
        self.register_outputs(
            {
                "url": self.url,
                "serviceName": self.service_name,
                "administratorEmail": self.administrator_email,
                "administratorPasswordSecret": self.administrator_password.name,
            }
        )


def _settings_module(name: str, args: LabelStudioArgs, opts: pulumi.ResourceOptions) -> k8s.core.v1.ConfigMap:
    generation = args.context.rotation.django_key
    metadata: k8s.meta.v1.ObjectMetaArgsDict = {
        "name": name,
        "namespace": args.context.namespace,
        "labels": {"app.kubernetes.io/part-of": PART_OF},
        "annotations": {STACK: stack_identity(), **({GENERATION: str(generation)} if generation > 1 else {})},
    }
    args.context.contents.add("ConfigMap", name, mounts.SETTINGS_FILES)
    return k8s.core.v1.ConfigMap(name, metadata=metadata, data=mounts.SETTINGS_FILES, opts=opts)
