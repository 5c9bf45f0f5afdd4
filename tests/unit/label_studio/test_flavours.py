"""The values of each chart flavour, key by key against the documented contract."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from components.label_studio.access_settings import Service
from components.label_studio.chart_settings import AlaudaChart, Chart, EmbeddedChart, Flavour, UpstreamChart
from components.label_studio.embedded_chart import VALUES
from components.label_studio.settings import Autoscaling, S3Persistence
from components.limits import REQUEST_SECONDS
from tests.unit.label_studio.arguments import (
    HOST,
    INGRESS,
    POSTGRESQL,
    REDIS,
    S3,
    VOLUMES,
    arguments,
    program,
    release_values,
)

CHARTS: dict[Flavour, Chart] = {
    "embedded": EmbeddedChart(),
    "upstream": UpstreamChart(flavour="upstream"),
    "alauda": AlaudaChart(
        flavour="alauda", source="oci://registry.example.com/charts/chart-label-studio", version="1.20.0-1"
    ),
}
# Where each documented key is, by flavour: {flavour: path of "persistence"}, and the prefix of what is not global.
NESTED = {"embedded": "", "upstream": "", "alauda": "label-studio."}
CLAIM = {
    "embedded": ["persistence"],
    "upstream": ["global.persistence.config.volume"],
    "alauda": ["label-studio.persistence", "global.persistence.config.volume"],
}


def at(values: Any, path: str) -> Any:
    for step in path.split("."):
        values = values[step]
    return values


@pytest.fixture(params=CHARTS)
def flavour(request: pytest.FixtureRequest) -> Flavour:
    chosen: Flavour = request.param
    return chosen


def values_of(flavour: Flavour, **changes: Any) -> dict[str, Any]:
    return release_values(arguments(chart=CHARTS[flavour], **changes))


def test_postgresql(flavour: Flavour) -> None:
    assert values_of(flavour)["global"]["pgConfig"] == {
        "host": "pg.example.com",
        "port": 5433,
        "dbName": "labelstudio",
        "userName": "app",
        "password": {"secretName": "pg-user", "secretKey": "password"},
    }


def test_redis_with_certificates(flavour: Flavour) -> None:
    assert values_of(flavour, redis=REDIS["tls"])["global"]["redisConfig"] == {
        "host": "rediss://app@redis.example.com:6380/2",
        "password": {"secretName": "redis", "secretKey": "password"},
        "ssl": {
            "redisSslCertReqs": "required",
            "redisSslSecretName": "redis-tls",
            "redisSslCaCertsSecretKey": "ca.crt",
            "redisSslCertFileSecretKey": "tls.crt",
            "redisSslKeyFileSecretKey": "tls.key",
        },
    }


def test_redis_without_password_or_certificates(flavour: Flavour) -> None:
    assert values_of(flavour, redis=REDIS["open"])["global"]["redisConfig"] == {
        "host": "redis://redis.example.com:6380/0"
    }


def test_no_redis_leaves_no_trace(flavour: Flavour) -> None:
    values = values_of(flavour)
    assert "redisConfig" not in values["global"]
    assert [volume["name"] for volume in at(values, f"{NESTED[flavour]}app.extraVolumes")] == ["stack-settings"]


def test_claim_of_the_volume(flavour: Flavour) -> None:
    values = values_of(flavour, persistence=VOLUMES["once"])
    for path in CLAIM[flavour]:
        assert at(values, path)["storageClass"] == "fast"
        assert at(values, path)["size"] == "20Gi"
    assert at(values, "global.persistence.type") == "volume"
    assert at(values, "global.persistence.config.volume.accessModes") == ["ReadWriteOnce"]


def test_no_storage_class_means_the_default_one(flavour: Flavour) -> None:
    values = values_of(flavour, persistence=VOLUMES["many"])
    assert all("storageClass" not in at(values, path) for path in CLAIM[flavour])


def test_uploads_in_a_bucket(flavour: Flavour) -> None:
    values = values_of(flavour, s3=S3["store"], persistence=S3Persistence(type="s3", url_expiration=3600))
    assert at(values, "global.persistence") == {
        "enabled": True,
        "type": "s3",
        "config": {
            "s3": {
                "bucket": "uploads",
                "region": "us-east-1",
                "folder": "uploads",
                "endpointUrl": "http://store.ls.svc.cluster.local:9000",
                "urlExpirationSecs": "3600",
                "accessKeyExistingSecret": "store-uploads",
                "accessKeyExistingSecretKey": "accessKeyId",
                "secretKeyExistingSecret": "store-uploads",
                "secretKeyExistingSecretKey": "secretAccessKey",
            }
        },
    }
    assert "persistence" not in (values["label-studio"] if flavour == "alauda" else values)


@pytest.mark.parametrize("kind", ["LoadBalancer", "NodePort", "ClusterIP"])
def test_service_type(flavour: Flavour, kind: Any) -> None:
    assert at(values_of(flavour, service=Service(type=kind)), f"{NESTED[flavour]}app.service.type") == kind


def test_ingress(flavour: Flavour) -> None:
    values = values_of(flavour, ingress=INGRESS)
    assert at(values, f"{NESTED[flavour]}app.ingress") == {
        "enabled": True,
        "host": HOST,
        "className": "traefik",
        "path": "/",
        "pathType": "Prefix",
        "annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "200m", "example.com/owner": "team"},
        "tls": [{"secretName": "certificate-secret", "hosts": [HOST]}],
    }
    assert at(values, "global.extraEnvironmentVars.LABEL_STUDIO_HOST") == f"https://{HOST}"


def test_variables_of_the_stack(flavour: Flavour) -> None:
    values = values_of(flavour, extra_environment_vars={"LOG_LEVEL": "INFO"})
    assert at(values, "global.extraEnvironmentVars.LOG_LEVEL") == "INFO"
    assert at(values, "global.extraEnvironmentVars.LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK") == "true"


def test_only_references_to_secrets(flavour: Flavour) -> None:
    values = values_of(flavour)
    django = {"secretName": "demo-django", "secretKey": "secret-key"}
    administrator = {"secretName": "demo-administrator", "secretKey": "password"}
    assert at(values, "global.extraEnvironmentSecrets.SECRET_KEY") == django
    assert at(values, f"{NESTED[flavour]}app.extraEnvironmentSecrets") == {"LABEL_STUDIO_PASSWORD": administrator}
    assert "made-up" not in str(values)


def test_the_upstream_chart_s_own_servers_stay_off() -> None:
    for values in (values_of("upstream"), values_of("alauda")["label-studio"]):
        assert [values[part] for part in ("postgresql", "redis", "rqworker")] == [{"enabled": False}] * 3


def test_alauda_has_nothing_but_global_and_the_nested_chart() -> None:
    assert set(values_of("alauda")) == {"global", "label-studio"}


def test_charts_without_startup_probes_wait_before_they_kill() -> None:
    app = values_of("upstream", startup_timeout=200)["app"]
    assert "startupProbe" not in app
    assert app["livenessProbe"]["initialDelaySeconds"] == 200
    assert app["readinessProbe"]["initialDelaySeconds"] == 0


def test_an_autoscaler_takes_the_default_number_of_pods_away(flavour: Flavour) -> None:
    values = values_of(flavour, s3=S3["store"], autoscaling=Autoscaling(min_replicas=2, max_replicas=6, target_cpu=70))
    app = at(values, f"{NESTED[flavour]}app")
    assert app["replicas"] is None if flavour != "embedded" else "replicas" not in app


def test_a_platform_that_assigns_users_takes_the_default_one_away() -> None:
    app = values_of("upstream", run_as_user=None)["app"]
    assert app["containerSecurityContext"]["runAsUser"] is None
    assert app["podSecurityContext"]["fsGroup"] is None
    assert "runAsUser" not in app["podSecurityContext"]


@pytest.mark.parametrize(
    ("chart", "expected"),
    [
        (CHARTS["embedded"], {"chart": "charts/label-studio"}),
        (
            CHARTS["upstream"],
            {
                "chart": "label-studio",
                "repositoryOpts": {"repo": "https://charts.heartex.com"},
                "version": "2.0.5",
            },
        ),
        (CHARTS["alauda"], {"chart": "oci://registry.example.com/charts/chart-label-studio", "version": "1.20.0-1"}),
        (AlaudaChart(flavour="alauda", source="packages/label-studio.tgz"), {"chart": "packages/label-studio.tgz"}),
        (
            AlaudaChart(flavour="alauda", source="https://charts.example.com", version="1.2.3"),
            {
                "chart": "chart-label-studio",
                "repositoryOpts": {"repo": "https://charts.example.com"},
                "version": "1.2.3",
            },
        ),
    ],
)
def test_where_a_chart_comes_from(
    chart: Chart, expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(request.config.rootpath)
    release = program(arguments(chart=chart)).one("kubernetes:helm.sh/v3:Release")
    assert {
        key: release.inputs[key] for key in ("chart", "repositoryOpts", "version") if key in release.inputs
    } == expected


def test_tls_of_postgresql_is_checked_by_libpq(flavour: Flavour) -> None:
    values = values_of(flavour, postgresql=POSTGRESQL["verified"])
    variables = at(values, "global.extraEnvironmentVars")
    assert variables["PGSSLMODE"] == "verify-full"
    assert variables["PGSSLROOTCERT"] == "/etc/label-studio/postgresql-ca/ca.crt"
    app = at(values, f"{NESTED[flavour]}app")
    assert app["extraVolumes"][1:] == [
        {"name": "postgresql-ca", "secret": {"secretName": "pg-ca", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}
    ]
    assert app["extraVolumeMounts"][1:-2] == [
        {"name": "postgresql-ca", "mountPath": "/etc/label-studio/postgresql-ca", "readOnly": True}
    ]


def test_settings_of_its_servers_are_laid_over_those_of_the_image(flavour: Flavour) -> None:
    app = at(values_of(flavour), f"{NESTED[flavour]}app")
    [volume] = [each["name"] for each in app["extraVolumes"] if "configMap" in each]
    laid = {each["mountPath"]: each["subPath"] for each in app["extraVolumeMounts"] if "subPath" in each}
    assert laid == {"/etc/nginx/nginx.conf": "nginx.conf", "/label-studio/deploy/uwsgi.ini": "uwsgi.ini"}
    assert {each["name"] for each in app["extraVolumeMounts"] if "subPath" in each} == {volume}


def test_authority_of_the_object_store_is_trusted_besides_the_public_ones(flavour: Flavour) -> None:
    values = values_of(flavour, s3=S3["tenant"])
    assert at(values, "global.customCaCerts") == ["/etc/label-studio/object-store-ca/ca.crt"]


def test_the_page_is_started_by_the_same_words_with_every_chart(flavour: Flavour) -> None:
    """The published charts write each word as it is into a list of YAML."""
    app = at(values_of(flavour), f"{NESTED[flavour]}app")
    assert (app["args"], app["nginx"]["args"]) == (VALUES["app"]["args"], VALUES["app"]["nginx"]["args"])
    for args, task in ((app["args"], "label-studio-uwsgi"), (app["nginx"]["args"], "nginx")):
        assert yaml.safe_load("".join(f"\n            - {word}" for word in args)) == args
        assert args[-2:] == ["/label-studio/deploy/docker-entrypoint.sh", task]


def test_pods_have_the_time_that_requests_need_with_every_chart(flavour: Flavour) -> None:
    app = at(values_of(flavour), f"{NESTED[flavour]}app")
    assert app["terminationGracePeriodSeconds"] - app["preStopDelaySeconds"] > REQUEST_SECONDS


def test_images_are_pulled_as_told(flavour: Flavour) -> None:
    digest = f"sha256:{'0' * 64}"
    values = values_of(flavour, image=f"registry.example.com:5000/mirror/label-studio:1.20.0@{digest}")
    assert at(values, "global.image") == {
        "registry": "registry.example.com:5000",
        "repository": "mirror/label-studio",
        "tag": f"1.20.0@{digest}",
        "pullPolicy": "IfNotPresent",
    }
