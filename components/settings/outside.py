"""Rules about servers outside of the stack, for which network policies are opened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pulumi

from ..object_store.settings import ExternalStore
from ..postgresql.settings import CnpgPostgres, ExternalPostgres
from ..redis.settings import ExternalRedis
from .grammars.hosts import Addresses
from .network import AMAZON, host_and_port, is_named

if TYPE_CHECKING:
    from ..stack.settings import Settings

Path = tuple[str | int, ...]
# Any region will do for the name of Amazon's servers.
REGION = "us-east-1"


def address_problems(settings: Settings) -> Iterator[tuple[Path, str]]:
    """Servers of which nothing but a name is known, where network policies must be told addresses."""
    if not settings.cluster.network_policies:
        return
    for path, host, addresses in _servers(settings):
        # Of an Output, which only a program can give, nobody knows yet what it is.
        if not addresses and isinstance(host, str) and is_named(host, settings.cluster.domain):
            yield (
                (*path, "addresses"),
                "is required for a host name, which network policies do not know: write its addresses and networks "
                "such as [203.0.113.7, 10.0.0.0/24], or internet for every public address, or any",
            )
    outbound = settings.label_studio.outbound
    for project, declared in enumerate(settings.projects):
        for index, webhook in enumerate(declared.webhooks):
            if webhook.reach(outbound, settings.cluster.domain) is None:
                yield (
                    ("projects", project, "webhooks", index, "addresses"),
                    f"is required, since labelStudio.outbound: {outbound} does not open the port of this URL: write "
                    "addresses and networks of the receiver such as [203.0.113.7, 10.0.0.0/24], or internet",
                )
        for index, model in enumerate(declared.ml_backends):
            receiver = model.receiver()
            if receiver and receiver.reach(outbound, settings.cluster.domain) is None:
                yield (
                    ("projects", project, "mlBackends", index, "addresses"),
                    f"is required, since labelStudio.outbound: {outbound} does not open the port of this URL: write "
                    "addresses and networks of the model server such as [203.0.113.7, 10.0.0.0/24], or internet",
                )


def _servers(settings: Settings) -> Iterator[tuple[Path, pulumi.Input[str], Addresses | None]]:
    match settings.postgresql:
        case ExternalPostgres() as database:
            yield ("postgresql",), database.host, database.addresses
        case CnpgPostgres() as cluster:
            for use, archive in (("backup", cluster.backup), ("restore", cluster.restore)):
                if archive:
                    yield ("postgresql", use), _s3_host(archive.endpoint), archive.addresses
        case _:
            pass
    if isinstance(settings.redis, ExternalRedis) and isinstance(settings.redis.url, str):
        yield ("redis",), settings.redis.address.host, settings.redis.addresses
    store = settings.object_store
    if isinstance(store, ExternalStore):
        yield ("objectStore",), _s3_host(store.endpoint, store.region), store.addresses
    for index, project in enumerate(settings.projects):
        for role, storage in project.storages.items():
            if storage.own_account:
                yield ("projects", index, role), _s3_host(storage.endpoint, storage.region), storage.addresses


def _s3_host(endpoint: pulumi.Input[str] | None, region: str | None = None) -> pulumi.Input[str]:
    if endpoint is None:
        endpoint = AMAZON.format(region=region or REGION)
    return host_and_port(endpoint)[0] if isinstance(endpoint, str) else endpoint
