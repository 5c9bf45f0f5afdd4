"""From settings to a running stack: which component gets which settings, and what waits for what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random
from pulumi import ResourceOptions

from ..annotation_project import project_grants
from ..kubernetes.contents import Contents, content_key
from ..kubernetes.context import StackContext
from ..kubernetes.retirement import Retirements
from ..label_studio import Connections, LabelStudio, check_name
from ..namespace import Namespace
from ..object_store import ObjectStore
from ..object_store.grants import UPLOADS, uploads_grant
from ..postgresql import PostgreSQL
from ..redis import Redis
from ..supplied_secrets import SuppliedSecrets
from .cluster import ClusterSettings
from .database_connections import needed_connections
from .outputs import StackResult
from .projects import declare_projects
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
) -> StackResult:
    """Make every resource of the stack; ``name`` begins the names of them all, and all are below ``parent``.

    ValueError, before any resource is registered, where something cannot have the ``name``.
    """
    check_name(name)
    opts = ResourceOptions(parent=parent, providers=_providers(settings.cluster, name, parent))
    namespace = Namespace(name, settings.cluster, opts)
    context = _context(settings, namespace.name, content_key(name, namespace))
    if supplied and supplied.names:
        SuppliedSecrets(
            f"{name}-supplied", namespace.name, supplied.names, supplied.values, opts, contents=context.contents
        )

    needed = needed_connections(settings)
    postgresql = PostgreSQL(f"{name}-postgresql", settings.postgresql, context, opts, connections=needed)
    redis = Redis(f"{name}-redis", settings.redis, context, opts)
    grants = [
        uploads_grant(settings.object_store.bucket, settings.rotate.page_key),
        *project_grants(
            settings.projects,
            settings.projects_bucket,
            settings.rotate.project_keys,
            snapshots=settings.snapshots_bucket,
        ),
    ]
    object_store = ObjectStore(f"{name}-store", settings.object_store, context, grants, opts)

    connections = Connections(
        postgresql=postgresql.connection,
        redis=redis.connection,
        uploads=object_store.connections[UPLOADS],
        storage_endpoints=settings.storage_endpoints,
        receivers=settings.webhook_receivers(name),
        models=settings.declared_models(name),
    )
    after_services = ResourceOptions.merge(opts, ResourceOptions(depends_on=[postgresql, redis, object_store]))
    label_studio = LabelStudio(
        name,
        settings.label_studio,
        connections,
        context,
        after_services,
        upgrade_backup=postgresql.upgrade_backup,
    )
    projects = declare_projects(name, settings, context, opts, label_studio=label_studio, store=object_store)
    retirements = [*postgresql.retirements, *redis.retirements, *object_store.retirements]
    if retirements:
        users = [label_studio, *(project.component for project in projects.values())]
        Retirements(f"{name}-retirements", retirements, context, users, opts)
    return StackResult(settings, label_studio, object_store, connections, projects)


def _context(settings: Settings, namespace: pulumi.Output[str], key: pulumi.Output[str]) -> StackContext:
    cluster = settings.cluster
    return StackContext(
        namespace=namespace,
        images=settings.resolved_images,
        cluster_domain=cluster.domain,
        network_policies=cluster.network_policies,
        is_shared=not cluster.create_namespace,
        run_as_user=cluster.run_as_user,
        protect=cluster.protect_data,
        image_pull_secrets=cluster.image_pull_secrets,
        ingress_namespace=cluster.ingress_namespace,
        contents=Contents(key),
        rotation=settings.rotate,
    )


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
