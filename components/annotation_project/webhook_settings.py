"""The config key ``projects[].webhooks``: who is told what happens in a project."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..connections import Peer
from ..kubernetes.context import StackContext
from ..settings.base import ListOf, SecretReference, SettingsModel
from ..settings.grammars.hosts import Addresses, ReceiverUrl
from ..settings.grammars.text import HeaderName
from ..settings.network import host_and_port, is_named

# Label Studio's own (``webhooks/models.py`` of 1.20.0 and 1.23.2) without those of the whole organization and those of
# links of labels, which the Community Edition has no page for; the last one is this program's.
Action = Literal[
    "ANNOTATION_CREATED",
    "ANNOTATIONS_CREATED",
    "ANNOTATION_UPDATED",
    "ANNOTATIONS_DELETED",
    "TASKS_CREATED",
    "TASKS_DELETED",
    "PROJECT_UPDATED",
    "EXPORT_DONE",
]
EXPORT_DONE: Action = "EXPORT_DONE"
Outbound = Literal["none", "internet", "everywhere"]
# What ``labelStudio.outbound: internet`` opens.
WEB_PORTS = (80, 443)


class WebhookSecret(SecretReference):
    """What a receiver recognizes Label Studio by."""

    header: HeaderName = Field(
        "Authorization", description="Header that has it; in Authorization it comes after the word Bearer."
    )


class WebhookSettings(SettingsModel):
    """A receiver of events: Label Studio sends each as a POST request with a body in JSON."""

    url: ReceiverUrl = Field(description="Where requests go, with its path; everybody in Label Studio may read it.")
    actions: Annotated[ListOf[Action], Field(min_length=1)] = Field(
        description="Events that are sent; EXPORT_DONE is that of exports."
    )
    secret: WebhookSecret | None = Field(None, description="Secret that each request has in a header.")
    addresses: Addresses | None = Field(
        None,
        description="Addresses and networks of a receiver with a host name, for network policies; "
        "by default the internet, where labelStudio.outbound opens it.",
    )

    def reach(self, outbound: Outbound, cluster_domain: str) -> Addresses | None:
        """What network policies need to be told besides the host; None where they are told too little.

        The addresses are empty where the host says it all: a Service of the cluster, or an address.
        """
        host, port = host_and_port(self.url)
        if self.addresses or not is_named(host, cluster_domain):
            return self.addresses or ()
        if outbound == "everywhere":
            return ("any",)
        return ("internet",) if outbound == "internet" and port in WEB_PORTS else None

    def is_private(self, cluster_domain: str) -> bool:
        """Whether the settings put it into a private network, where Label Studio may then reach it."""
        host, _ = host_and_port(self.url)
        return not is_named(host, cluster_domain) or self.addresses not in (None, ("internet",))


def webhook_peer(webhook: WebhookSettings, outbound: Outbound, context: StackContext) -> Peer | None:
    """Where the receiver is, for network policies; None where a stack without them does not say it."""
    host, port = host_and_port(webhook.url)
    return context.peer(host, port, webhook.reach(outbound, context.cluster_domain))
