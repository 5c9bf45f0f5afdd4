"""The values of Label Studio's chart, in the documented contract, with the names of Secrets only.

Outputs are leaves and nowhere else, and whatever a policy looks at is literal: policies see it in a preview.
``flavours`` re-shapes the result for the charts of others.
"""

from __future__ import annotations

from typing import Any

from ..connections import PostgresConnection, RedisConnection, S3Connection, SecretKey
from ..kubernetes import pods
from . import environment, mounts
from .access_settings import Ingress
from .args import LabelStudioArgs
from .credentials import DjangoKeys
from .embedded_chart import VALUES
from .settings import LabelStudioSettings, S3Persistence, VolumePersistence

Values = dict[str, Any]

APP_NAME = "ls-app"
HTTP_PORT: int = VALUES["app"]["nginx"]["readinessProbe"]["httpGet"]["port"]


def names(release: str) -> dict[str, str]:
    """Labels by which the chart's own Service selects the pods of the page; the same in every flavour."""
    return {"app.kubernetes.io/name": APP_NAME, "app.kubernetes.io/instance": release}


def worker_names(release: str) -> dict[str, str]:
    """Labels that tell the queue workers from all other pods."""
    return pods.selector("ls-worker", release)


def service_name(release: str) -> str:
    """The documented name of the Service (and of the Deployment)."""
    return f"{release}-ls-app"


def claim_name(release: str) -> str:
    """The claim that every flavour makes for uploads."""
    return f"{release}-ls-pvc"


def chart_values(
    args: LabelStudioArgs, release: str, django: DjangoKeys, password: SecretKey, settings_map: str
) -> Values:
    """Values for the embedded chart; ``password`` is the administrator's, ``settings_map`` the settings module's."""
    values: Values = {
        "global": {
            "image": _image(args.image),
            "imagePullSecrets": args.context.placement.pull_secrets(),
            "pgConfig": _postgresql(args.postgresql),
            "extraEnvironmentVars": environment.variables(args),
            "extraEnvironmentSecrets": _references(environment.secrets(args, django)),
            "persistence": _persistence(args),
        },
        "app": {
            **_pods(args, release),
            **_containers(args),
            "extraEnvironmentVars": {"LABEL_STUDIO_USERNAME": args.settings.administrator.email},
            "extraEnvironmentSecrets": _references({"LABEL_STUDIO_PASSWORD": password}),
            "service": _service(args.settings),
            "ingress": _ingress(args.settings.active_ingress),
            "extraVolumes": pods.camel_case(mounts.volumes(args, settings_map)),
            "extraVolumeMounts": pods.camel_case([*mounts.mounts(args), *mounts.server_mounts()]),
        },
    }
    if args.redis:
        values["global"]["redisConfig"] = _redis(args.redis)
    if args.uploads and args.uploads.ca:
        values["global"]["customCaCerts"] = [mounts.OBJECT_STORE_CA.path]
    if args.volume:
        values["persistence"] = _claim(args.volume)
    values["app"]["annotations"] = args.context.contents.annotations(
        _read_by_page(args, values, password, settings_map)
    )
    return values


def _read_by_page(args: LabelStudioArgs, values: Values, password: SecretKey, settings_map: str) -> Values:
    """The part of the page's pods that says what they read; a chart writes the whole."""
    variables = environment.container_environment(values["global"])
    env = [*variables, pods.secret_env("LABEL_STUDIO_PASSWORD", password)]
    volumes = [*mounts.volumes(args, settings_map), *mounts.redis_certificates(args)]
    return {"containers": [{"env": env}], "volumes": volumes}


def _image(reference: str) -> Values:
    """Charts write ``repository:tag``: a digest without a tag is a tag that begins within the repository."""
    registry, path = reference.split("/", 1)
    name, at, digest = path.partition("@")
    repository, _, tag = name.partition(":")
    if digest and not tag:
        algorithm, _, digest = digest.partition(":")
        return _image_values(registry, f"{repository}@{algorithm}", digest)
    return _image_values(registry, repository, f"{tag}{at}{digest}")


def _image_values(registry: str, repository: str, tag: str) -> Values:
    return {"registry": registry, "repository": repository, "tag": tag, "pullPolicy": "IfNotPresent"}


def _references(secrets: environment.Secrets) -> Values:
    return {name: _reference(secret) for name, secret in secrets.items()}


def _reference(secret: SecretKey) -> Values:
    return {"secretName": secret.name, "secretKey": secret.key}


def _postgresql(connection: PostgresConnection) -> Values:
    return {
        "host": connection.host,
        "port": connection.port,
        "dbName": connection.database,
        "userName": connection.user,
        "password": _reference(connection.password),
    }


def _redis(connection: RedisConnection) -> Values:
    values: Values = {"host": environment.redis_location(connection)}
    if connection.password:
        values["password"] = _reference(connection.password)
    if tls := connection.tls:
        values["ssl"] = {
            "redisSslCertReqs": tls.certificate_requirement,
            "redisSslSecretName": tls.secret_name,
            "redisSslCaCertsSecretKey": tls.ca_key,
            "redisSslCertFileSecretKey": tls.certificate_key,
            "redisSslKeyFileSecretKey": tls.private_key_key,
        }
    return values


def _persistence(args: LabelStudioArgs) -> Values:
    if args.volume:
        volume = {"accessModes": [args.volume.access_mode], "resourcePolicy": "keep" if args.context.protect else ""}
        return {"enabled": True, "type": "volume", "config": {"volume": volume}}
    persistence, uploads = args.settings.persistence, args.uploads
    assert uploads and isinstance(persistence, S3Persistence), "LabelStudioArgs demands one of both"  # noqa: S101
    return {"enabled": True, "type": "s3", "config": {"s3": _bucket(uploads, persistence.url_expiration)}}


def _bucket(s3: S3Connection, url_expiration: int) -> Values:
    values: Values = {
        "bucket": s3.bucket,
        "region": s3.region,
        "folder": environment.s3_folder(s3),
        "urlExpirationSecs": str(url_expiration),
    }
    if s3.endpoint is not None:
        values["endpointUrl"] = s3.endpoint
    for prefix, secret in (("accessKey", s3.access_key_id), ("secretKey", s3.secret_access_key)):
        if secret:
            values |= {f"{prefix}ExistingSecret": secret.name, f"{prefix}ExistingSecretKey": secret.key}
    return values


def _claim(volume: VolumePersistence) -> Values:
    return {"size": volume.size, **({"storageClass": volume.storage_class} if volume.storage_class else {})}


def _pods(args: LabelStudioArgs, release: str) -> Values:
    values: Values = {
        "deploymentStrategy": {"type": "Recreate"} if args.shares_node else {"type": "RollingUpdate"},
        # The label by which the network policies of the backing services know their clients.
        "podLabels": {"app.kubernetes.io/part-of": pods.PART_OF},
        "serviceAccount": {"create": True, "annotations": dict(args.settings.service_account_annotations)},
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "nodeSelector": dict(args.context.placement.node_selector),
        "tolerations": [dict(toleration) for toleration in args.context.placement.tolerations],
        "terminationGracePeriodSeconds": args.settings.termination_grace_period,
        "preStopDelaySeconds": VALUES["app"]["preStopDelaySeconds"],
        "podSecurityContext": {"enabled": True, **_pod_security(args.context.user(args.settings.run_as_user))},
        "containerSecurityContext": {"enabled": True, **pods.camel_case(pods.container_security())},
    }
    if not args.settings.autoscaling:
        values["replicas"] = args.settings.replicas
    if args.shares_node and args.redis:
        values["affinity"] = {
            "podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [_near_workers(release)]}
        }
    elif args.settings.maximum_replicas > 1:
        values["topologySpreadConstraints"] = [_spread(release)]
    return values


def _near_workers(release: str) -> Values:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": worker_names(release)}}
    return {"weight": 100, "podAffinityTerm": term}


def _pod_security(user: int | None) -> Values:
    """Null takes a chart's default away, where the platform assigns the user."""
    return {"runAsUser": user, "fsGroup": user, **pods.camel_case(pods.user_security(user))}


def _spread(release: str) -> Values:
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": names(release)},
    }


def _containers(args: LabelStudioArgs) -> Values:
    nginx = VALUES["app"]["nginx"]
    started = {"failureThreshold": args.settings.startup_timeout // VALUES["app"]["startupProbe"]["periodSeconds"]}
    return {
        "args": VALUES["app"]["args"],
        "resources": args.settings.resources.to_kubernetes(),
        "initContainer": {"resources": args.settings.migration_resources.to_kubernetes()},
        "nginx": {
            "args": nginx["args"],
            "resources": args.settings.nginx_resources.to_kubernetes(),
            **{probe: _at_once(nginx[probe]) for probe in ("readinessProbe", "livenessProbe")},
        },
        "startupProbe": {**VALUES["app"]["startupProbe"], **started},
        **{probe: _at_once(VALUES["app"][probe]) for probe in ("readinessProbe", "livenessProbe")},
    }


def _at_once(probe: Values) -> Values:
    """The delay is said, since the published charts have another default."""
    return {**probe, "initialDelaySeconds": 0}


def _service(settings: LabelStudioSettings) -> Values:
    service = settings.service
    values: Values = {"type": settings.service_type, "annotations": dict(service.annotations)}
    if service.node_port is not None:
        values["nodePort"] = service.node_port
    if service.load_balancer_source_ranges:
        values["loadBalancerSourceRanges"] = list(service.load_balancer_source_ranges)
    return values


def _ingress(ingress: Ingress | None) -> Values:
    if ingress is None:
        return {"enabled": False}
    limit = {"nginx.ingress.kubernetes.io/proxy-body-size": ingress.max_body_size}
    values: Values = {
        "enabled": True,
        "host": ingress.host,
        "path": "/",
        "pathType": "Prefix",
        "annotations": {**limit, **ingress.annotations},
        "tls": [{"secretName": tls.secret_name, "hosts": list(tls.hosts or (ingress.host,))} for tls in ingress.tls],
    }
    return {**values, **({"className": ingress.class_name} if ingress.class_name else {})}
