"""Secrets whose values the stack file holds encrypted, so that settings can refer to them like to any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from ..kubernetes.contents import Contents


class SuppliedSecrets(pulumi.ComponentResource):
    """One Secret for each of ``names``; ``values`` maps a name to its keys and their values.

    Pods that are made with the same ``contents`` start again when a value changes.
    """

    def __init__(  # noqa: PLR0913 - what its Secrets have, and where
        self,
        name: str,
        namespace: pulumi.Input[str],
        names: Sequence[str],
        values: pulumi.Output[Mapping[str, Mapping[str, str]]],
        opts: ResourceOptions | None = None,
        *,
        contents: Contents | None = None,
    ) -> None:
        super().__init__("label-studio:supplied_secrets:SuppliedSecrets", name, {"names": names}, opts)
        for secret in names:
            # Secret because the configuration it comes from is.
            data = values.apply(partial(_keys_of, secret))
            if contents:
                contents.add("Secret", secret, data)
            k8s.core.v1.Secret(
                f"{name}-{secret}",
                metadata={"name": secret, "namespace": namespace},
                string_data=data,
                opts=ResourceOptions(parent=self),
            )
        self.register_outputs({"names": list(names)})


def _keys_of(secret: str, values: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return dict(values[secret])
