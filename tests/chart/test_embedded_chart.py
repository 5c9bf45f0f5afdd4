"""The embedded chart with the values that the program makes, for every combination of backends."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from components.label_studio.access_settings import Service
from components.label_studio.embedded_chart import VALUES
from components.label_studio.settings import Autoscaling
from tests.chart.helm import Chart, RefusedError
from tests.unit.label_studio.arguments import (
    HOST,
    INGRESS,
    POSTGRESQL,
    REDIS,
    S3,
    VOLUMES,
    arguments,
    release_values,
)

UPLOADS: dict[str, dict[str, Any]] = {
    **{f"volume-{name}": {"persistence": volume} for name, volume in VOLUMES.items()},
    **{f"s3-{name}": {"s3": s3} for name, s3 in S3.items()},
}
COMBINATIONS = list(itertools.product(POSTGRESQL, REDIS, UPLOADS))


@pytest.mark.parametrize(("postgresql", "redis", "uploads"), COMBINATIONS)
def test_every_combination_of_backends_renders_objects_that_kubernetes_knows(
    chart: Chart, postgresql: str, redis: str, uploads: str
) -> None:
    args = arguments(postgresql=POSTGRESQL[postgresql], redis=REDIS[redis], **UPLOADS[uploads])
    objects = chart.render(release_values(args))
    chart.conforms(objects)
    assert objects.has("PersistentVolumeClaim") == uploads.startswith("volume")
    assert ("REDIS_LOCATION" in objects.environment("app")) == (redis != "none")
    for container in ("db-migrations", "app"):
        variables = objects.environment(container)
        assert variables["POSTGRE_PASSWORD"] == (POSTGRESQL[postgresql].password.name, "password")
        assert ("PGSSLMODE" in variables) == (postgresql != "plain")


def test_the_service_has_the_documented_name_and_type(chart: Chart) -> None:
    for kind in ("LoadBalancer", "NodePort", "ClusterIP"):
        objects = chart.render(release_values(arguments(service=Service(type=kind))))
        assert objects["Service"]["metadata"]["name"] == "demo-ls-app"
        assert objects["Service"]["spec"]["type"] == kind


def test_a_load_balancer_is_the_default_and_can_be_limited(chart: Chart) -> None:
    service = Service(annotations={"example.com/pool": "public"}, load_balancer_source_ranges=("192.0.2.0/24",))
    rendered = chart.render(release_values(arguments(service=service)))["Service"]
    assert rendered["spec"]["type"] == "LoadBalancer"
    assert rendered["spec"]["loadBalancerSourceRanges"] == ["192.0.2.0/24"]
    assert rendered["metadata"]["annotations"] == {"example.com/pool": "public"}


def test_a_node_port_can_be_chosen(chart: Chart) -> None:
    objects = chart.render(release_values(arguments(service=Service(type="NodePort", node_port=30080))))
    assert objects["Service"]["spec"]["ports"] == [
        {"name": "http", "port": 80, "targetPort": "http", "nodePort": 30080}
    ]


def test_an_ingress_speaks_tls_for_its_host(chart: Chart) -> None:
    objects = chart.render(release_values(arguments(ingress=INGRESS)))
    chart.conforms(objects)
    ingress = objects["Ingress"]
    assert ingress["spec"]["ingressClassName"] == "traefik"
    assert ingress["spec"]["tls"] == [{"secretName": "certificate-secret", "hosts": [HOST]}]
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == [HOST]
    assert ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"] == "200m"
    assert objects.environment("app")["LABEL_STUDIO_HOST"] == f"https://{HOST}"


def test_without_an_ingress_there_is_none(chart: Chart) -> None:
    assert not chart.render(release_values(arguments())).has("Ingress")


def test_the_administrator_s_password_reaches_the_application_only(chart: Chart) -> None:
    objects = chart.render(release_values(arguments(redis=REDIS["plain"])))
    assert objects.environment("app")["LABEL_STUDIO_PASSWORD"] == ("demo-administrator", "password")
    for container in ("db-migrations", "nginx"):
        assert "LABEL_STUDIO_PASSWORD" not in objects.environment(container)


def test_nginx_is_given_no_secret_and_no_data(chart: Chart) -> None:
    objects = chart.render(release_values(arguments(redis=REDIS["tls"], s3=S3["tenant"])))
    assert all(isinstance(value, str) for value in objects.environment("nginx").values())
    named = {mount["name"] for mount in objects.container("nginx")["volumeMounts"]}
    # What is mounted for all containers, as the published charts do it: files that may be read by everybody.
    assert named == {"etc-nginx", "tmp-nginx", "stack-settings", "object-store-ca"}


def test_every_container_is_restricted_probed_and_limited(chart: Chart) -> None:
    objects = chart.render(release_values(arguments()))
    assert objects.pod["securityContext"]["runAsNonRoot"] is True
    assert objects.pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert objects.pod["automountServiceAccountToken"] is False
    for container in [*objects.pod["initContainers"], *objects.pod["containers"]]:
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert set(container["resources"]) == {"requests", "limits"}
    for container in objects.pod["containers"]:
        assert {"readinessProbe", "livenessProbe"} <= set(container)


def test_no_probe_waits_a_blind_minute(chart: Chart) -> None:
    objects = chart.render(release_values(arguments(startup_timeout=120)))
    app = objects.container("app")
    assert app["startupProbe"]["periodSeconds"] * app["startupProbe"]["failureThreshold"] == 120
    assert all(app[probe].get("initialDelaySeconds", 0) == 0 for probe in ("startupProbe", "readinessProbe"))


def test_a_volume_for_one_node_is_given_up_before_the_next_pod_wants_it(chart: Chart) -> None:
    strategies = {
        name: chart.render(release_values(arguments(persistence=volume)))["Deployment"]["spec"]["strategy"]
        for name, volume in VOLUMES.items()
    }
    assert strategies == {"once": {"type": "Recreate"}, "many": {"type": "RollingUpdate"}}


def test_protection_keeps_the_claim_when_the_release_is_removed(chart: Chart) -> None:
    kept = chart.render(release_values(arguments(protect=True)))["PersistentVolumeClaim"]
    given_up = chart.render(release_values(arguments(protect=False)))["PersistentVolumeClaim"]
    assert kept["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert "annotations" not in given_up["metadata"]
    assert kept["spec"]["storageClassName"] == "fast"
    assert kept["spec"]["resources"]["requests"]["storage"] == "20Gi"


def test_an_autoscaler_is_left_alone_with_the_number_of_pods(chart: Chart) -> None:
    fixed = chart.render(release_values(arguments(s3=S3["store"], replicas=3)))
    scaled = chart.render(
        release_values(
            arguments(s3=S3["store"], autoscaling=Autoscaling(min_replicas=2, max_replicas=6, target_cpu=70))
        )
    )
    assert fixed["Deployment"]["spec"]["replicas"] == 3
    assert "replicas" not in scaled["Deployment"]["spec"]


def test_only_the_named_certificates_of_redis_are_mounted(chart: Chart) -> None:
    objects = chart.render(release_values(arguments(redis=REDIS["tls"])))
    volume = next(volume for volume in objects.pod["volumes"] if volume["name"] == "redis-certificates")
    assert [item["key"] for item in volume["secret"]["items"]] == ["ca.crt", "tls.crt", "tls.key"]
    variables = objects.environment("app")
    assert variables["REDIS_LOCATION"] == "rediss://app@redis.example.com:6380/2"
    assert variables["REDIS_SSL_CERTS_REQS"] == "required"
    assert variables["REDIS_SSL_CA_CERTS"] == "/opt/heartex/secrets/redis_certs/ca.crt"


def test_a_platform_that_assigns_users_gets_none_from_us(chart: Chart) -> None:
    objects = chart.render(release_values(arguments(run_as_user=None)))
    chart.conforms(objects)
    assert "runAsUser" not in objects.pod["securityContext"]
    assert "fsGroup" not in objects.pod["securityContext"]


DIGEST = f"sha256:{64 * '0'}"


@pytest.mark.parametrize(
    "image",
    [
        "docker.io/heartexlabs/label-studio:1.23.2",
        f"docker.io/heartexlabs/label-studio:1.23.2@{DIGEST}",
        f"registry.example.com:5000/mirror/label-studio@{DIGEST}",
    ],
)
def test_every_container_runs_the_image_of_the_settings(chart: Chart, image: str) -> None:
    pod = chart.render(release_values(arguments(image=image))).pod
    assert {container["image"] for container in [*pod["initContainers"], *pod["containers"]]} == {image}


MINIMAL: dict[str, Any] = {
    "global": {
        "pgConfig": {
            "host": "pg",
            "dbName": "labelstudio",
            "userName": "app",
            "password": {"secretName": "postgre-secret", "secretKey": "password"},
        },
        "extraEnvironmentSecrets": {"SECRET_KEY": {"secretName": "django", "secretKey": "key"}},
    }
}


def _changed(path: str, value: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"global": {**MINIMAL["global"]}}
    node = values
    *parents, last = path.split(".")
    for step in parents:
        node[step] = dict(node.get(step, {}))
        node = node[step]
    node[last] = value
    return values


def test_helm_finds_nothing_to_complain_about(chart: Chart) -> None:
    assert "0 chart(s) failed" in chart.lint(MINIMAL)


def test_the_chart_works_alone_with_the_documented_values(chart: Chart) -> None:
    values = _changed("persistence", {"storageClass": "storage-class-name", "size": "20Gi"})
    values["app"] = {"ingress": {"enabled": True, "host": HOST, "tls": [{"secretName": "certificate-secret"}]}}
    values["global"]["extraEnvironmentVars"] = {"LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": True}
    objects = chart.render(values)
    chart.conforms(objects)
    assert objects["PersistentVolumeClaim"]["spec"]["storageClassName"] == "storage-class-name"
    assert objects["Ingress"]["spec"]["tls"] == [{"secretName": "certificate-secret", "hosts": [HOST]}]
    assert objects.environment("app")["LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK"] == "true"
    assert objects.environment("app")["LABEL_STUDIO_HOST"] == f"https://{HOST}"


def test_the_chart_alone_makes_pods_that_are_as_safe_as_those_of_the_program(chart: Chart) -> None:
    """The defaults of values.yaml are its own, as the program shares the code of its security with other services."""
    alone, program = chart.render(MINIMAL).pod, chart.render(release_values(arguments())).pod
    same = {"securityContext", "automountServiceAccountToken", "enableServiceLinks", "terminationGracePeriodSeconds"}
    assert {key: alone[key] for key in same} == {key: program[key] for key in same}
    for ours, theirs in zip(alone["containers"], program["containers"], strict=True):
        assert ours["securityContext"] == theirs["securityContext"]
        assert (ours["args"], ours["lifecycle"]) == (theirs["args"], theirs["lifecycle"])


@pytest.mark.parametrize(("container", "path"), [("app", "app.args"), ("nginx", "app.nginx.args")])
def test_containers_are_started_by_the_words_of_the_values(chart: Chart, container: str, path: str) -> None:
    args = chart.render(MINIMAL).container(container)["args"]
    assert args == (VALUES["app"] if container == "app" else VALUES["app"]["nginx"])["args"]
    assert chart.render(_changed(path, ["other"])).container(container)["args"] == ["other"]


def test_probes_ask_the_ports_that_the_containers_have(chart: Chart) -> None:
    for container in chart.render(MINIMAL).pod["containers"]:
        probes = [container[kind] for kind in ("startupProbe", "readinessProbe", "livenessProbe") if kind in container]
        asked = {(probe.get("httpGet") or probe["tcpSocket"])["port"] for probe in probes}
        assert asked == {port["containerPort"] for port in container["ports"]}


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("app.replcas", 2, "'replcas' not allowed"),
        ("app.replicas", "two", "got string, want"),
        ("app.ingress.hosts", ["a"], "'hosts' not allowed"),
        ("app.ingress.host", "10.0.0.1", "does not match pattern"),
        ("app.ingress.tls", [{"secret": "x"}], "missing property 'secretName'"),
        ("app.nginx.args", "nginx", "got string, want array"),
        ("app.nginx.args", [], "minItems"),
        ("app.service.type", "Loadbalancer", "value must be one of"),
        ("app.service.nodePort", 70000, "maximum"),
        ("app.readinessProbe.initalDelaySeconds", 5, "'initalDelaySeconds' not allowed"),
        ("app.extraEnvironmentSecrets.A", {"name": "x"}, "missing properties"),
        ("global.pgConfig.database", "x", "'database' not allowed"),
        ("global.pgConfig.host", "", "global.pgConfig.host is required"),
        ("global.redisConfig.host", "sentinel://redis:26379/1", "does not match pattern"),
        ("global.redisConfig.host", "redis://a:6379,redis://b:6379", "does not match pattern"),
        ("global.redisConfig.ssl.redisSslCertReqs", "none", "value must be one of"),
        ("global.persistence.type", "nfs", "value must be one of"),
        ("global.persistence.config.volume.resourcePolicy", "retain", "value must be one of"),
        ("global.extraEnvironmentVars.A B", "x", "does not match pattern"),
        ("global.extraEnvironmentSecrets", {}, "SECRET_KEY is required"),
        ("persistence.size", "20 GB", "does not match pattern"),
        ("label-studio", {"app": {}}, "'label-studio' not allowed"),
    ],
)
def test_a_mistake_in_the_values_is_refused(chart: Chart, path: str, value: Any, words: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        chart.render(_changed(path, value))
    assert words in str(refusal.value)
