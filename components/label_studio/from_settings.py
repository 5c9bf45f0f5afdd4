"""The config key ``labelStudio`` and the three connections as arguments of the component."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..annotation_project.settings import ProjectSettings
from ..connections import PostgresConnection, RedisConnection, S3Connection
from ..stack.context import Translation, optional_secret_key, secret_key
from . import args
from .access_settings import Ingress
from .chart_settings import Chart, PublishedChart
from .settings import LabelStudioSettings, S3Persistence, VolumePersistence


@dataclass(frozen=True)
class Connections:
    """What the backing services of the stack promise."""

    postgresql: PostgresConnection
    redis: RedisConnection | None
    uploads: S3Connection


def label_studio_args(translation: Translation, connections: Connections) -> args.LabelStudioArgs:
    """Everything that the settings and the backing services say about Label Studio."""
    chosen = translation.settings.label_studio
    persistence = chosen.persistence
    return args.LabelStudioArgs(
        **translation.service(chosen.scheduling),
        image=translation.image("label_studio"),
        chart=_chart(chosen.chart),
        administrator=args.Administrator(
            email=chosen.administrator.email, password=optional_secret_key(chosen.administrator.existing_secret)
        ),
        sizes=_sizes(chosen),
        worker=args.Worker(replicas=chosen.worker.replicas, resources=chosen.worker.resources.to_kubernetes()),
        uwsgi_processes=chosen.processes,
        postgresql=connections.postgresql,
        redis=connections.redis,
        s3=connections.uploads,
        storage_endpoints=storage_endpoints(translation.settings.projects),
        volume=_volume(persistence) if isinstance(persistence, VolumePersistence) else None,
        upload_url_expiration=persistence.url_expiration if isinstance(persistence, S3Persistence) else 0,
        url=chosen.page_url,
        replicas=chosen.replicas,
        autoscaling=_autoscaling(chosen),
        service=_service(chosen),
        ingress=_ingress(chosen.ingress) if chosen.ingress and chosen.ingress.enabled else None,
        signup_enabled=chosen.signup == "enabled",
        legacy_api_tokens=chosen.legacy_api_tokens,
        security=args.Security(**dict(chosen.security)),
        environment=chosen.environment,
        environment_secrets={name: secret_key(value) for name, value in chosen.extra_environment_secrets.items()},
        service_account_annotations=chosen.service_account_annotations,
        run_as_user=chosen.run_as_user,
        pod_disruption_budget=chosen.pod_disruption_budget,
        ingress_namespace=translation.settings.cluster.ingress_namespace,
        outbound=chosen.outbound,
        startup_timeout=chosen.startup_timeout,
        termination_grace_period=chosen.termination_grace_period,
        release_timeout=chosen.release_timeout,
    )


def storage_endpoints(projects: Sequence[ProjectSettings]) -> list[str]:
    """The S3 servers of storages that have an account of their own elsewhere than at Amazon."""
    storages = [storage for project in projects for storage in project.storages.values()]
    return sorted({storage.endpoint for storage in storages if storage.endpoint})


def _chart(chart: Chart) -> args.Chart:
    if isinstance(chart, PublishedChart):
        return args.Chart(flavour=chart.flavour, source=chart.source, version=chart.version)
    return args.Chart(flavour=chart.flavour)


def _sizes(chosen: LabelStudioSettings) -> args.Sizes:
    return args.Sizes(
        app=chosen.resources.to_kubernetes(),
        nginx=chosen.nginx_resources.to_kubernetes(),
        migration=chosen.migration_resources.to_kubernetes(),
    )


def _volume(persistence: VolumePersistence) -> args.Volume:
    return args.Volume(
        size=persistence.size, storage_class=persistence.storage_class, access_mode=persistence.access_mode
    )


def _autoscaling(chosen: LabelStudioSettings) -> args.Autoscaling | None:
    return args.Autoscaling(**dict(chosen.autoscaling)) if chosen.autoscaling else None


def _service(chosen: LabelStudioSettings) -> args.Service:
    return args.Service(**{**dict(chosen.service), "type": chosen.service_type})


def _ingress(ingress: Ingress) -> args.Ingress:
    return args.Ingress(
        host=ingress.host,
        tls=[args.Certificate(secret_name=tls.secret_name, hosts=tls.hosts or (ingress.host,)) for tls in ingress.tls],
        class_name=ingress.class_name,
        annotations=ingress.annotations,
        max_body_size=ingress.max_body_size,
    )
