"""CloudNativePG's operator, from the manifest of its release, which is part of its Go module."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import yaml

from components.settings.images import ImageSettings
from local.cluster.api import Api, Object, wait
from local.cluster.images import load
from local.images import build as images
from local.tools.build import module_directory

NAMESPACE = "cnpg-system"
_MODULE = "github.com/cloudnative-pg/cloudnative-pg"
_DEPLOYMENT = "cnpg-controller-manager"
_SECONDS = 180


@dataclass(frozen=True)
class Release:
    """Operator and backup plugin of one time: the folder of their Go modules, and their images in the catalog."""

    modules: str
    operator: str
    plugin: str
    sidecar: str


NEWEST = Release("cloudnative-pg", "cnpg_operator", "barman_plugin", "barman_sidecar")
# What a drill upgrades from.
FORMER = Release("former-cloudnative-pg", "former_cnpg_operator", "former_barman_plugin", "former_barman_sidecar")


def install(release: Release = NEWEST) -> None:
    """Bring the operator up, with its custom resources and webhooks; a second time changes nothing."""
    load([*images.build([release.operator, "cnpg_postgresql"]).values()])
    api = Api()
    api.apply(objects(release))
    wait("the CloudNativePG operator to be available", partial(api.available, NAMESPACE, _DEPLOYMENT), _SECONDS)
    # Its webhooks must answer before the first Cluster comes; they do so a moment after the pod is ready.
    wait("the CloudNativePG webhooks to answer", partial(_answers, api), _SECONDS)


def remove(release: Release = NEWEST) -> None:
    """Take the operator away, with its custom resources and whatever clusters there are.

    The resources go first: those with a finalizer need the operator to let them go.
    """
    api, everything = Api(), objects(release)
    definitions = [each for each in everything if each["kind"] == "CustomResourceDefinition"]
    api.delete(definitions)
    api.delete(reversed([each for each in everything if each not in definitions]))


def objects(release: Release = NEWEST) -> list[Object]:
    """The release's manifest, its deployment using only images that are here."""
    directory = module_directory(release.modules, _MODULE)
    version = directory.name.rpartition("@v")[2]
    text = (directory / "releases" / f"cnpg-{version}.yaml").read_text()
    found = [each for each in yaml.load_all(text, Loader=yaml.CSafeLoader) if each]
    for each in found:
        if each["kind"] == "Deployment":
            each["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "IfNotPresent"
    return found


def _answers(api: Api) -> bool:
    probe = {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "metadata": {"name": "probe", "namespace": NAMESPACE},
        "spec": {"instances": 1, "imageName": ImageSettings().cnpg_postgresql, "storage": {"size": "1Gi"}},
    }
    return api.accepts(probe)
