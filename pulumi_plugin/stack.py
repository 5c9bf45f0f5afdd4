"""The whole stack as one component of a package.

Unlike all other modules this one must not postpone its annotations: the SDK makes the package's schema from them, and
fails on texts (`pulumi.provider.experimental.analyzer`).
"""

import pulumi
from pulumi import ResourceOptions
from pydantic.alias_generators import to_camel

from components.stack.compose import compose
from components.stack.preflight import check_cluster
from components.stack.settings import validate
from pulumi_plugin.arguments import LabelStudioStackArgs

TYPE = "label-studio:index:LabelStudioStack"


class LabelStudioStack(pulumi.ComponentResource):
    """A working Label Studio with its PostgreSQL, Redis and S3 store; Secrets of yours are named, never given."""

    url: pulumi.Output[str | None]
    """Address of the page, where it is known."""
    namespace: pulumi.Output[str]
    """Namespace of everything."""
    service_name: pulumi.Output[str]
    """Service of the page."""
    administrator: pulumi.Output[str | None]
    """E-mail address of the first administrator."""
    administrator_password: pulumi.Output[str | None]
    """Their generated password, a secret; null where a Secret of yours has it."""
    object_store_endpoint: pulumi.Output[str | None]
    """URL of the S3 server."""

    def __init__(self, name: str, args: LabelStudioStackArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        settings = validate({to_camel(key): value for key, value in args.items()})
        check_cluster(settings)
        outputs = compose(settings, name=name, parent=self).outputs()
        for output in type(self).__annotations__:
            setattr(self, output, pulumi.Output.from_input(outputs[to_camel(output)]))
        self.register_outputs(outputs)
