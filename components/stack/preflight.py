"""What the program asks the cluster before any provider is asked: whether it is there, and has the operators.

The answers of Pulumi's provider to a wrong context are pages of tracebacks, which end with advice that makes Pulumi
forget every resource; and a kind that the cluster does not know passes a preview.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

import pulumi

from ..kubernetes.operated import Kind
from ..kubernetes.ownership import stack_identity
from ..object_store import tenant
from ..object_store.settings import TenantStore
from ..postgresql import cnpg, cnpg_backup, zalando
from ..postgresql.settings import CnpgPostgres, ZalandoPostgres
from ..redis import alauda
from ..redis.settings import AlaudaRedis
from ..settings.errors import SettingsError
from .api_server import ApiServer, ClusterError, connected
from .foreign_objects import DeclaredNames, foreign_problems
from .namespace_owners import namespace_problems
from .rotation_warnings import rotation_warnings
from .server_versions import version_problems
from .settings import Settings
from .volumes import volume_problems

# With it, previews do without a cluster; it is a variable of Pulumi's provider, which then skips what it would ask.
WITHOUT_CLUSTER = "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE"


def check_cluster(settings: Settings) -> None:
    """Raises ClusterError when the cluster of the settings is not there or lacks the kind of a chosen backend.

    SettingsError where a volume that is there cannot become what the settings say, or be read by the server that they
    name, or where the namespace is another's. A preview without a cluster, which the environment asks for, is not
    checked.
    """
    if _is_without_cluster():
        return
    cluster = settings.cluster
    with connected(cluster) as server:
        if server is None:
            return
        server.get("/version")
        missing = [kind for kind in needed_kinds(settings) if not _knows(server, kind)]
        read = cache(server.read)
        warnings = [*rotation_warnings(settings, read)]
        problems = [
            *namespace_problems(settings, read, stack_identity()),
            *volume_problems(settings, read),
            *version_problems(settings, read),
        ]
    if missing:
        kinds = "; ".join(f"{kind.kind} of {kind.api_version}, which {kind.operator} brings" for kind in missing)
        raise ClusterError(
            f"the cluster of context {cluster.context} does not know the kind {kinds}: install the operator first, or "
            "choose another backend. Nothing was changed."
        )
    if problems:
        raise SettingsError(problems)
    for warning in warnings:
        pulumi.warn(warning)


def check_names(settings: Settings, names: DeclaredNames) -> None:
    """SettingsError where somebody else's objects have names that the program declared; it names all of them.

    Only in a preview, which `pulumi up` makes first: an update has begun to make objects by then. A namespace of the
    stack's own has nobody else's.
    """
    if settings.cluster.create_namespace or not pulumi.runtime.is_dry_run() or _is_without_cluster():
        return
    with connected(settings.cluster) as server:
        problems = [*foreign_problems(settings, names, server.read)] if server else []
    if problems:
        raise SettingsError(problems)


def _is_without_cluster() -> bool:
    """Whether this is a preview that does without a cluster, which the environment asks for."""
    return pulumi.runtime.is_dry_run() and os.environ.get(WITHOUT_CLUSTER) == "true"


def needed_kinds(settings: Settings) -> Iterator[Kind]:
    """The kinds of resources that the chosen backends make and that only an operator's cluster knows."""
    database = settings.postgresql
    if isinstance(database, CnpgPostgres):
        yield cnpg.KIND
        if database.backup or database.restore:
            yield cnpg_backup.OBJECT_STORE
        if database.backup:
            yield cnpg_backup.SCHEDULED_BACKUP
        if database.pod_monitor:
            yield cnpg.POD_MONITOR
    if isinstance(database, ZalandoPostgres):
        yield zalando.KIND
    if isinstance(settings.redis, AlaudaRedis):
        yield alauda.KIND
    if isinstance(settings.object_store, TenantStore):
        yield tenant.KIND


def _knows(server: ApiServer, kind: Kind) -> bool:
    answer = server.get(f"/apis/{kind.api_version}")
    if answer.status_code == 404:
        return False
    # Who may not look is not told that something is missing.
    return not answer.ok or kind.kind in {each["kind"] for each in answer.json().get("resources", [])}
