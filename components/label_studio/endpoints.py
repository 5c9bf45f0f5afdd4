"""The servers that Label Studio may use although they are in private networks: those that this stack declares."""

from __future__ import annotations

import pulumi

from .args import LabelStudioArgs

VARIABLE = "DECLARED_S3_ENDPOINTS"
RECEIVERS = "DECLARED_WEBHOOK_RECEIVERS"
MODELS = "DECLARED_MODEL_SERVERS"


def declared_endpoints(args: LabelStudioArgs) -> dict[str, pulumi.Input[str]]:
    """What ``files/declared_endpoints.py`` reads: URLs, separated by commas; literal where all are known."""
    own = [args.uploads.endpoint] if args.uploads and args.uploads.endpoint is not None else []
    endpoints = list(dict.fromkeys([*own, *args.connections.storage_endpoints]))
    texts = [endpoint for endpoint in endpoints if isinstance(endpoint, str)]
    if not endpoints:
        return {}
    if len(texts) == len(endpoints):
        return {VARIABLE: ",".join(texts)}
    return {VARIABLE: pulumi.Output.all(*endpoints).apply(",".join)}


def declared_receivers(args: LabelStudioArgs) -> dict[str, pulumi.Input[str]]:
    """The same for receivers of webhooks."""
    receivers = ",".join(dict.fromkeys(args.connections.receivers))
    return {RECEIVERS: receivers} if receivers else {}


def declared_models(args: LabelStudioArgs) -> dict[str, pulumi.Input[str]]:
    """What ``files/declared_models.py`` reads."""
    return {MODELS: " ".join(args.connections.models)} if args.connections.models else {}
