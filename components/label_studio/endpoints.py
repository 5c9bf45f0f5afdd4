"""The S3 servers that Label Studio's storages may use although they are in private networks: those of this stack."""

from __future__ import annotations

import pulumi

from .args import LabelStudioArgs

VARIABLE = "DECLARED_S3_ENDPOINTS"


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
