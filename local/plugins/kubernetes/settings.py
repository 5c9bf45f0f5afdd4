"""The provider's own configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from local.plugins.server import PluginError

_PREFIX = "kubernetes:config:"


@dataclass(frozen=True)
class Settings:
    """The arguments of `kubernetes.Provider` that this stand-in knows."""

    kubeconfig: str = ""
    context: str = ""
    cluster: str = ""
    namespace: str = ""
    delete_unreachable: bool = False
    skip_update_unreachable: bool = False
    enable_patch_force: bool = False
    upsert_existing_objects: bool = False
    enable_config_map_mutable: bool = False
    enable_secret_mutable: bool = False

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Settings:
        """From the engine's variables; the environment decides where they are silent, as for the official plugin."""

        def text(name: str) -> str:
            return variables.get(_PREFIX + name, "")

        def flag(name: str, variable: str, default: str = "false") -> bool:
            return variables.get(_PREFIX + name, os.environ.get(f"PULUMI_K8S_{variable}", default)) == "true"

        if not flag("enableServerSideApply", "ENABLE_SERVER_SIDE_APPLY", "true"):
            raise PluginError("this stand-in knows server-side apply only: leave enableServerSideApply on")
        if text("renderYamlToDirectory"):
            raise PluginError("this stand-in does not know renderYamlToDirectory")
        return cls(
            kubeconfig=text("kubeconfig"),
            context=text("context"),
            cluster=text("cluster"),
            namespace=text("namespace"),
            delete_unreachable=flag("deleteUnreachable", "DELETE_UNREACHABLE"),
            skip_update_unreachable=flag("skipUpdateUnreachable", "SKIP_UPDATE_UNREACHABLE"),
            enable_patch_force=flag("enablePatchForce", "ENABLE_PATCH_FORCE"),
            upsert_existing_objects=flag("upsertExistingObjects", "UPSERT_EXISTING_OBJECTS"),
            enable_config_map_mutable=flag("enableConfigMapMutable", "ENABLE_CONFIGMAP_MUTABLE"),
            enable_secret_mutable=flag("enableSecretMutable", "ENABLE_SECRET_MUTABLE"),
        )
