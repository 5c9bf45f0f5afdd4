"""From settings to a running stack: which component is told what, and what waits for what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random
from pulumi import ResourceOptions

from ..annotation_project.from_settings import declare_projects, project_grants
from ..label_studio import LabelStudio
from ..label_studio.from_settings import Connections, label_studio_args
from ..namespace import Namespace, NamespaceArgs
from ..object_store import ObjectStore
from ..object_store.from_settings import UPLOADS, object_store_args, uploads_grant
from ..postgresql import PostgreSQL
from ..postgresql.from_settings import postgresql_args
from ..redis import Redis
from ..redis.from_settings import redis_args
from ..supplied_secrets import SuppliedSecrets
from .cluster import ClusterSettings
from .context import Translation
from .outputs import Parts
from .settings import SecretValues, Settings


@dataclass(frozen=True)
class SuppliedValues:
    """The Secrets that the stack file holds encrypted."""

    names: list[str]
    values: pulumi.Output[SecretValues]


def compose(
    settings: Settings,
    supplied: SuppliedValues | None = None,
    name: str = "label-studio",
    parent: pulumi.Resource | None = None,
) -> Parts:
    """Make every resource of the stack; ``name`` begins the names of them all, and all are below ``parent``."""
    opts = ResourceOptions(parent=parent, providers=_providers(settings.cluster, name, parent))
    namespace = Namespace(name, _namespace_args(settings.cluster), opts)
    translation = Translation(settings, namespace.name)
    if supplied and supplied.names:
        SuppliedSecrets(f"{name}-supplied", namespace.name, supplied.names, supplied.values, opts)

    postgresql = PostgreSQL(f"{name}-postgresql", postgresql_args(translation), opts)
    redis = Redis(f"{name}-redis", redis_args(translation), opts)
    grants = [uploads_grant(settings), *project_grants(settings)]
    object_store = ObjectStore(f"{name}-store", object_store_args(translation, grants), opts)

    connections = Connections(postgresql.connection, redis.connection, object_store.connections[UPLOADS])
    label_studio = LabelStudio(
        name,
        label_studio_args(translation, connections),
        ResourceOptions.merge(opts, ResourceOptions(depends_on=[postgresql, redis, object_store])),
    )
    projects = declare_projects(name, translation, label_studio, object_store, opts)
    return Parts(settings, label_studio, object_store, connections, projects)


def _providers(cluster: ClusterSettings, name: str, parent: pulumi.Resource | None) -> list[pulumi.ProviderResource]:
    """Explicit providers: nothing ever goes to the cluster that happens to be current."""
    kubeconfig = str(Path(cluster.kubeconfig).expanduser()) if cluster.kubeconfig else None
    kubernetes = k8s.Provider(
        f"{name}-kubernetes",
        context=cluster.context,
        kubeconfig=kubeconfig,
        # An object is what it is in every cluster of this name, wherever its API server has moved to.
        cluster_identifier=cluster.context,
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        opts=ResourceOptions(parent=parent),
    )
    return [kubernetes, random.Provider(f"{name}-random", opts=ResourceOptions(parent=parent))]


def _namespace_args(cluster: ClusterSettings) -> NamespaceArgs:
    return NamespaceArgs(
        name=cluster.namespace,
        create=cluster.create_namespace,
        pod_security=cluster.pod_security,
        network_policies=cluster.network_policies,
        protect=cluster.protect_data,
    )
