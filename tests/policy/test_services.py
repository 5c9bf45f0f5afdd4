"""Backing services, images and the ways into the cluster."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from policies import (
    data_protected,
    image_registries,
    images_pinned,
    postgresql_version,
    redis_standalone,
    release_checkable,
    service_exposure,
)
from tests.policy.support import (
    CONTAINER,
    METADATA,
    MISSING,
    RELEASE,
    SECRET,
    UNKNOWN,
    VALUES,
    changed,
    deployment,
    each,
    expect,
    nested,
    release,
    variable,
    violations,
)

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
DIGEST = f"sha256:{'0a' * 32}"
REDIS = redis_standalone.RULE
ALAUDA = "middleware.alauda.io/v1:Redis"


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        ("redis://redis:6379/1", None),
        ("rediss://redis.example.com:6380/0", None),
        ("redis://redis", None),
        *((nothing, None) for nothing in (MISSING, None, "", UNKNOWN)),
        ("redis://a:6379,b:6379/1", "lists several hosts"),
        ("redis+sentinel://a:26379/mymaster", "sentinels"),
        ("sentinel://a", "sentinels"),
        ("redis://redis:26379/1", "sentinels"),
        ("redis+cluster://a", "a cluster"),
        ("redis", "is no redis://"),
        ("unix:///run/redis.sock", "is no redis://"),
        (f"redis://:{SECRET}@a b", "is no redis://"),
        (["redis://a"], "is no text"),
        (6379, "is no text"),
    ],
)
def test_redis_address(host: Any, problem: str | None) -> None:
    for chart, values in (("label-studio", VALUES), ("chart-label-studio", nested(VALUES))):
        expect(violations(REDIS, RELEASE, release(changed(values, "global.redisConfig.host", host), chart)), problem)
    if isinstance(host, str) and host not in ("", UNKNOWN):
        expect(violations(REDIS, DEPLOYMENT, variable("REDIS_LOCATION", host)), problem)


@pytest.mark.parametrize(
    ("name", "host", "problem"),
    [
        ("REDIS_HOST", "redis.svc", None),
        ("REDIS_HOST", "a,b", "lists several hosts"),
        ("REDIS_HOST", "redis-sentinel", "sentinels"),
        ("LABEL_STUDIO_REDIS_LOCATION", "sentinel://a", "sentinels"),
        ("REDIS_LOCATION", "", None),
    ],
)
def test_redis_variables(name: str, host: str, problem: str | None) -> None:
    expect(violations(REDIS, DEPLOYMENT, variable(name, host)), problem)
    over = changed(VALUES, f"app.extraEnvironmentVars.{name}", host)
    expect(violations(REDIS, RELEASE, release(over)), problem)


@pytest.mark.parametrize(
    ("kind", "spec", "problem"),
    [
        (ALAUDA, {"arch": "standalone"}, None),
        *((ALAUDA, {"arch": arch}, "must be standalone") for arch in ("sentinel", "cluster")),
        *((ALAUDA, *case) for case in each("must be standalone", {}, None, [], {"arch": UNKNOWN})),
        ("databases.spotahome.com/v1:RedisFailover", {}, "no standalone server"),
        ("redis.redis.opstreelabs.in/v1beta2:RedisCluster", {}, "no standalone server"),
        ("redis.redis.opstreelabs.in/v1beta2:RedisSentinel", {}, "no standalone server"),
        ("redis.redis.opstreelabs.in/v1beta2:Redis", {}, None),
        ("rds.valkey.buf.red/v1alpha1:Valkey", {"arch": "replica"}, "must be standalone"),
        ("postgresql.cnpg.io/v1:Cluster", {}, None),
    ],
)
def test_redis_resources(kind: str, spec: Any, problem: str | None) -> None:
    expect(violations(REDIS, f"kubernetes:{kind}", {"metadata": METADATA, "spec": spec}), problem)


def test_redis_servers() -> None:
    server = {
        "name": "valkey",
        "image": f"docker.io/valkey/valkey:8.1@{DIGEST}",
        "args": ["valkey-server", "/etc/x.conf"],
    }
    expect(violations(REDIS, STATEFUL_SET, deployment(server)), None)
    expect(violations(REDIS, STATEFUL_SET, changed(deployment(server), "spec.replicas", 3)), "more than one server")
    expect(violations(REDIS, STATEFUL_SET, changed(deployment(server), "spec.replicas", UNKNOWN)), None)
    for option in ("--sentinel", "--cluster-enabled yes", "--replicaof a 6379"):
        expect(violations(REDIS, STATEFUL_SET, deployment({**server, "args": [option]})), "no standalone server")
    for text, problem in (
        ("appendonly yes", None),
        ("cluster-enabled no", None),
        ("cluster-enabled yes", "configures no standalone"),
        ("sentinel monitor mymaster a 6379 2", "configures no standalone"),
        (UNKNOWN, None),
        (None, None),
    ):
        expect(violations(REDIS, "kubernetes:core/v1:ConfigMap", {"data": {"redis.conf": text}}), problem)


POSTGRESQL = postgresql_version.RULE
CNPG = "kubernetes:postgresql.cnpg.io/v1:Cluster"
ZALANDO = "kubernetes:acid.zalan.do/v1:postgresql"


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        ("docker.io/library/postgres:17.12-trixie", None),
        ("postgres:13", None),
        ("postgres:12.22", "is PostgreSQL 12"),
        ("docker.io/library/postgres:9.6", "is PostgreSQL 9"),
        ("docker.io/library/postgres:latest", "does not say the major version"),
        ("docker.io/library/postgres", "does not say the major version"),
        (f"docker.io/library/postgres@{DIGEST}", "does not say the major version"),
        ("ghcr.io/zalando/spilo-17:4.0-p2", None),
        ("ghcr.io/zalando/spilo-11:2.1", "is PostgreSQL 11"),
        ("registry.example.com:5000/mirror/postgresql:12", "is PostgreSQL 12"),
        ("docker.io/prometheuscommunity/postgres-exporter:0.15", None),
        (UNKNOWN, None),
        (None, None),
        (MISSING, None),
    ],
)
def test_postgresql_servers(image: Any, problem: str | None) -> None:
    props = (
        changed(deployment({"name": "postgresql"}), "spec.template.spec.containers[0].image", image)
        if (image is not MISSING)
        else deployment({"name": "postgresql"})
    )
    expect(violations(POSTGRESQL, STATEFUL_SET, props), problem)


@pytest.mark.parametrize(
    ("kind", "spec", "problem"),
    [
        (CNPG, {"imageName": "ghcr.io/cloudnative-pg/postgresql:17.12-standard-trixie"}, None),
        (CNPG, {"imageName": "ghcr.io/cloudnative-pg/postgresql:12.1"}, "is PostgreSQL 12"),
        (CNPG, {"imageName": f"ghcr.io/cloudnative-pg/postgresql@{DIGEST}"}, "does not say"),
        (CNPG, {"imageName": UNKNOWN}, None),
        (CNPG, {"imageCatalogRef": {"major": 17}}, None),
        (CNPG, {"imageCatalogRef": {"major": 12}}, "is PostgreSQL 12"),
        (CNPG, {"imageCatalogRef": {"major": "x"}}, "does not say"),
        *((CNPG, *case) for case in each("does not say", {}, None, [], {"imageName": 17.0})),
        (ZALANDO, {"postgresql": {"version": "17"}}, None),
        (ZALANDO, {"postgresql": {"version": 16}}, None),
        (ZALANDO, {"postgresql": {"version": "12"}}, "is PostgreSQL 12"),
        (ZALANDO, {"postgresql": {"version": UNKNOWN}}, None),
        (ZALANDO, {"postgresql": {"version": True}}, "does not say"),
        *((ZALANDO, spec, "does not say") for spec in ({}, None, {"postgresql": None}, {"postgresql": "17"})),
    ],
)
def test_postgresql_resources(kind: str, spec: Any, problem: str | None) -> None:
    expect(violations(POSTGRESQL, kind, {"metadata": METADATA, "spec": spec}), problem)


def test_lowest_postgresql_is_a_parameter() -> None:
    spec = {"spec": {"postgresql": {"version": "14"}}}
    expect(violations(POSTGRESQL, ZALANDO, spec, config={"minimum": 16.0}), "needs 16 or higher")


DATA = data_protected.RULE
CLAIMS = {"metadata": METADATA, "spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}}


@pytest.mark.parametrize(
    ("kind", "props", "holds_data"),
    [
        ("apps/v1:StatefulSet", CLAIMS, True),
        ("apps/v1:StatefulSet", changed(CLAIMS, "spec.volumeClaimTemplates", UNKNOWN), True),
        ("apps/v1:StatefulSet", changed(CLAIMS, "spec.volumeClaimTemplates", []), False),
        ("apps/v1:StatefulSet", {"spec": None}, False),
        ("core/v1:PersistentVolumeClaim", {"metadata": METADATA}, True),
        ("core/v1:PersistentVolumeClaim", {}, True),
        ("core/v1:Namespace", {"metadata": None}, True),
        ("postgresql.cnpg.io/v1:Cluster", {}, True),
        ("acid.zalan.do/v1:postgresql", {}, True),
        ("middleware.alauda.io/v1:Redis", {}, True),
        ("minio.min.io/v2:Tenant", {}, True),
        ("example.com/v1:Cluster", {}, False),
        ("apps/v1:Deployment", CLAIMS, False),
    ],
)
def test_data(kind: str, props: dict[str, Any], holds_data: bool) -> None:
    expect(violations(DATA, f"kubernetes:{kind}", props, protect=True), None)
    problem = "cluster.protectData: true" if holds_data else None
    expect(violations(DATA, f"kubernetes:{kind}", props, protect=False), problem)


def test_volumes_stay() -> None:
    kept = {"metadata": {**METADATA, "annotations": {"helm.sh/resource-policy": "keep"}}}
    expect(violations(DATA, "kubernetes:core/v1:PersistentVolumeClaim", kept, protect=False), None)
    unknown = {"metadata": {**METADATA, "annotations": UNKNOWN}}
    expect(violations(DATA, "kubernetes:core/v1:PersistentVolumeClaim", unknown, protect=False), "option protect")
    deleted = changed(CLAIMS, "spec.persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Delete"})
    expect(violations(DATA, STATEFUL_SET, deleted), "write Retain")
    expect(violations(DATA, STATEFUL_SET, changed(CLAIMS, "spec.persistentVolumeClaimRetentionPolicy", UNKNOWN)), None)


PINNED = images_pinned.RULE
IMAGES: list[tuple[Any, str | None]] = [
    ("docker.io/heartexlabs/label-studio:1.20.0", None),
    (f"docker.io/heartexlabs/label-studio@{DIGEST}", None),
    (f"docker.io/pgsty/silo:RELEASE.2026-09-16T00-00-00Z@{DIGEST}", None),
    ("docker.io/library/busybox:1.37", None),
    (UNKNOWN, None),
    ("docker.io/heartexlabs/label-studio:latest", "no tag of one release"),
    ("docker.io/heartexlabs/label-studio:develop", "no tag of one release"),
    ("docker.io/heartexlabs/label-studio:17", "no tag of one release"),
    ("docker.io/heartexlabs/label-studio", "no tag of one release"),
    ("registry.example.com:5000/label-studio", "no tag of one release"),
    *((nothing, "missing or malformed") for nothing in ("", None, MISSING, 5, [], "UPPER CASE", f"{SECRET} x")),
]


@pytest.mark.parametrize(("image", "problem"), IMAGES)
def test_pinned_images_of_pods(image: Any, problem: str | None) -> None:
    pod = changed(deployment(), "spec.template.spec.containers[0].image", image)
    expect(violations(PINNED, DEPLOYMENT, pod), problem)
    expect(violations(PINNED, "kubernetes:batch/v1:CronJob", {"spec": {"jobTemplate": {"spec": pod["spec"]}}}), problem)
    init = deployment(initContainers=[pod["spec"]["template"]["spec"]["containers"][0]])
    expect(violations(PINNED, DEPLOYMENT, init), problem)


@pytest.mark.parametrize(("image", "problem"), [case for case in IMAGES if case[0] not in (MISSING, None)])
def test_pinned_images_of_custom_resources(image: Any, problem: str | None) -> None:
    expect(violations(PINNED, "kubernetes:minio.min.io/v2:Tenant", {"spec": {"image": image}}), problem)
    expect(violations(PINNED, CNPG, {"spec": {"imageName": image}}), problem)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("global.image.tag", "1.20.0", None),
        ("global.image.tag", f"1.20.0@{DIGEST}", None),
        ("global.image.tag", UNKNOWN, None),
        ("global.image.tag", "latest", "no tag of one release"),
        ("global.image.tag", "", "no tag of one release"),
        ("global.image.tag", None, "no tag of one release"),
        ("global.image.tag", MISSING, "no tag of one release"),
        ("global.image", MISSING, "missing or malformed"),
        ("global.image", UNKNOWN, "missing or malformed"),
        ("global.image", "text", "missing or malformed"),
        ("app.metrics.image", {"repository": "nginx/exporter", "tag": "latest"}, "app.metrics.image"),
    ],
)
def test_pinned_images_of_values(path: str, value: Any, problem: str | None) -> None:
    values = changed(VALUES, path, value)
    expect(violations(PINNED, RELEASE, release(values)), problem)
    expect(violations(PINNED, RELEASE, release(nested(values), "chart-label-studio")), problem)


def test_digests_can_be_demanded() -> None:
    expect(violations(PINNED, DEPLOYMENT, deployment(), config={"requireDigest": True}), "append @sha256:")
    exact = deployment({**CONTAINER, "image": f"docker.io/heartexlabs/label-studio:1.20.0@{DIGEST}"})
    expect(violations(PINNED, DEPLOYMENT, exact, config={"requireDigest": True}), None)


REGISTRIES = image_registries.RULE


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        ("docker.io/heartexlabs/label-studio:1.20.0", None),
        ("heartexlabs/label-studio:1.20.0", None),
        ("postgres:17.12", None),
        ("ghcr.io/cloudnative-pg/postgresql:17.12", None),
        ("docker.io/somebody/label-studio:1.20.0", "not allowed"),
        ("docker.io/heartexlabs-fake/label-studio:1.20.0", "not allowed"),
        ("docker.io.example.com/heartexlabs/label-studio:1.20.0", "not allowed"),
        ("quay.io/minio/minio:RELEASE.2025-01-01", "not allowed"),
        ("localhost/library/postgres:17.12", "not allowed"),
        (UNKNOWN, None),
        (None, None),
    ],
)
def test_registries(image: Any, problem: str | None) -> None:
    expect(violations(REGISTRIES, DEPLOYMENT, deployment({**CONTAINER, "image": image})), problem)


def test_registries_of_values_and_of_the_configuration() -> None:
    other = changed(VALUES, "global.image.registry", "registry.example.com/mirror")
    expect(violations(REGISTRIES, RELEASE, release(other)), "not allowed")
    mirror = {"allowed": ["registry.example.com/mirror/"]}
    expect(violations(REGISTRIES, RELEASE, release(other), config=mirror), None)
    expect(violations(REGISTRIES, RELEASE, release(), config=mirror), "not allowed")
    expect(violations(REGISTRIES, RELEASE, release(changed(VALUES, "global.image", MISSING))), None)


EXPOSURE = service_exposure.RULE
CERTIFICATE = {"service.beta.kubernetes.io/aws-load-balancer-ssl-cert": "arn:aws:acm:x"}


@pytest.mark.parametrize(
    ("service", "problem"),
    [
        ({"type": "ClusterIP"}, None),
        ({"type": "LoadBalancer"}, "opens the page without TLS"),
        ({"type": "NodePort"}, "opens the page without TLS"),
        ({"type": "loadbalancer"}, "opens the page without TLS"),
        ({"type": UNKNOWN}, "opens the page without TLS"),
        ({"type": ["ClusterIP"]}, "opens the page without TLS"),
        ({"type": "LoadBalancer", "annotations": CERTIFICATE}, None),
        ({"type": "LoadBalancer", "annotations": {"x": "y"}}, "opens the page without TLS"),
        ({"type": "NodePort", "annotations": CERTIFICATE}, "opens the page without TLS"),
        ({}, "is missing"),
        (None, "is missing"),
        ({"type": None}, "is missing"),
        (MISSING, "is missing"),
        ("LoadBalancer", "is missing"),
    ],
)
def test_exposure_by_values(service: Any, problem: str | None) -> None:
    values = changed(VALUES, "app.service", service)
    expect(violations(EXPOSURE, RELEASE, release(values)), problem)
    expect(violations(EXPOSURE, RELEASE, release(nested(values), "chart-label-studio")), problem)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({}, None),
        (None, None),
        ({"type": "ClusterIP", "ports": [{"port": 80}]}, None),
        ({"type": "ExternalName"}, None),
        ({"type": "LoadBalancer", "ports": [{"port": 80}]}, "opens it without TLS"),
        ({"type": "NodePort", "ports": [{"port": 443}, {"port": 80}]}, "opens it without TLS"),
        ({"type": "LoadBalancer", "ports": [{"port": 443}]}, None),
        ({"type": "LoadBalancer", "ports": [{"name": "https-page", "port": 9000}]}, None),
        ({"type": "LoadBalancer", "ports": []}, "opens it without TLS"),
        ({"type": "LoadBalancer", "ports": UNKNOWN}, "opens it without TLS"),
        ({"type": UNKNOWN}, "opens it without TLS"),
        ({"type": "ClusterIP", "externalIPs": ["203.0.113.7"]}, "externalIPs"),
        ({"type": "ClusterIP", "externalIPs": UNKNOWN}, "externalIPs"),
    ],
)
def test_exposure_by_services(spec: Any, problem: str | None) -> None:
    expect(violations(EXPOSURE, "kubernetes:core/v1:Service", {"metadata": METADATA, "spec": spec}), problem)


def test_exposure_by_a_balancer_that_ends_tls() -> None:
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    props = {"metadata": {**METADATA, "annotations": {"own/certificate": "x"}}, "spec": spec}
    expect(violations(EXPOSURE, "kubernetes:core/v1:Service", props), "opens it without TLS")
    expect(
        violations(EXPOSURE, "kubernetes:core/v1:Service", props, config={"tlsAnnotations": ["own/certificate"]}), None
    )
    expect(violations(EXPOSURE, "kubernetes:serving.knative.dev/v1:Service", props), None)


CHECKABLE = release_checkable.RULE


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, None),
        ({"chart": "cert-manager", "values": {}}, "cannot be fetched"),
        ({"chart": UNKNOWN}, "chart is missing"),
        ({"chart": None}, "chart is missing"),
        ({"chart": 5}, "chart is missing"),
        ({"values": UNKNOWN}, "unknown as a whole"),
        ({"valueYamlFiles": UNKNOWN}, "cannot be read"),
        ({"valueYamlFiles": [UNKNOWN]}, "cannot be read"),
        ({"valueYamlFiles": [pulumi.FileAsset("/nowhere/values.yaml")]}, "cannot be read"),
        ({"valueYamlFiles": [pulumi.RemoteAsset("https://example.com/values.yaml")]}, "cannot be read"),
        ({"valueYamlFiles": [pulumi.StringAsset("a: [")]}, "cannot be read"),
        ({"valueYamlFiles": [pulumi.StringAsset("")]}, None),
        ({"valueYamlFiles": [pulumi.StringAsset("just text")]}, None),
        ({"postrender": "./patch.sh"}, "rewrites the manifests"),
        ({"postrender": UNKNOWN}, "rewrites the manifests"),
        ({"values": changed(VALUES, "postgresql.enabled", True)}, "must be false"),
        ({"values": changed(VALUES, "redis", {"enabled": "true"})}, "must be false"),
        ({"values": changed(VALUES, "postgresql.enabled", MISSING)}, None),
        ({"dependencyUpdate": True}, "fetches charts"),
        ({"reuseValues": True}, "keeps values"),
        ({"somethingNew": "x"}, "cannot read"),
        (
            {"values": changed(VALUES, "postgresql.enabled", MISSING), "chart": "oci://r.example.com/label-studio"},
            "must be",
        ),
        (
            {"values": changed(VALUES, "postgresql", None), "repositoryOpts": {"repo": "https://charts.example.com"}},
            "must",
        ),
    ],
)
def test_releases(change: dict[str, Any], problem: str | None) -> None:
    expect(violations(CHECKABLE, RELEASE, {**release(), **change}), problem)


def test_charts_that_cannot_be_fetched_are_admitted_by_reference_or_digest() -> None:
    reference = "oci://registry.example.com/charts/cert-manager"
    digest = f"sha256:{'a' * 64}"
    for chart, name in ((reference, f"{reference}@1.2.3"), (f"{reference}@{digest}", digest)):
        props = release({"a": 1}, chart, version="1.2.3")
        expect(violations(CHECKABLE, RELEASE, props), "cannot be fetched")
        expect(violations(CHECKABLE, RELEASE, props, config={"admittedCharts": {name: "reviewed"}}), None)
        expect(violations(CHECKABLE, RELEASE, props, config={"admittedCharts": {name: " "}}), "cannot be fetched")
    under = changed(nested(VALUES), "label-studio.postgresql.enabled", True)
    found = violations(CHECKABLE, RELEASE, release(under, "chart-label-studio"))
    assert any("label-studio.postgresql.enabled" in message for message in found)


def test_charts_without_inputs_stand_for_what_they_register() -> None:
    for kind in ("v3:Chart", "v4:Chart"):
        expect(violations(CHECKABLE, f"kubernetes:helm.sh/{kind}", {}), None)
    expect(violations(CHECKABLE, RELEASE, {}), "chart is missing")


def test_without_helm_nothing_is_taken_for_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELM", "/nowhere/helm")
    unique = changed(VALUES, "global.image.tag", "1.20.0-without-helm")
    expect(violations(CHECKABLE, RELEASE, release(unique)), "install helm")
