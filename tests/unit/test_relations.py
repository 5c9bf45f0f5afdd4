"""Settings that are right by themselves and wrong beside one another, with the path at which that is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from components.settings.errors import SettingsError
from components.stack.compose import compose
from components.stack.settings import load_settings, validate
from components.stack.supplied import MADE
from tests.generated_stacks import BASES, LABELLING, S3_KEY
from tests.unit.pulumi_mocks import run_program
from tests.unit.stack_files import configured, settings_of, stack_config

GONE = {"storage": None, "resources": None}
BASELINE = {"cluster": {"podSecurity": "baseline"}}
ARCHIVE = {"destinationPath": "s3://backups", "addresses": ["internet"]}
SAME_KEY = {"accessKeyId": {"secretName": "s3"}, "secretAccessKey": {"secretName": "s3"}}

ELSEWHERE = {"bucket": "raw", "credentials": SAME_KEY}


def page(**keys: Any) -> dict[str, Any]:
    return {"labelStudio": keys}


def database(backend: str, **keys: Any) -> dict[str, Any]:
    return {"postgresql": {"backend": backend, **keys}}


def amazon(**keys: Any) -> dict[str, Any]:
    store = {"backend": "external", "bucket": "uploads", "region": "eu-west-1", "addresses": ["internet"]}
    return {"objectStore": {**GONE, **store, **keys}}


def resources(request: str = "100m", limit: str = "2", memory: str = "2Gi") -> dict[str, str]:
    return {"cpuRequest": request, "cpuLimit": limit, "memory": memory}


REFUSED: list[tuple[dict[str, Any], str]] = [
    (page(resources=resources(request="2500m")), "labelStudio.resources: cpuRequest must be at most cpuLimit"),
    ({"redis": {"resources": resources("1", "500m")}}, "redis.resources: cpuRequest must be at most cpuLimit"),
    (
        page(resources=resources(memory="1Gi"), uwsgiProcesses=3),
        "labelStudio: resources.memory must be at least",
    ),
    (
        page(migrationResources=resources(memory="256Mi")),
        "labelStudio: migrationResources.memory must be",
    ),
    (page(worker={"resources": resources(memory="256Mi")}), "labelStudio: worker.resources.memory must be at least"),
    (page(startupTimeout=900), "labelStudio: releaseTimeout must be longer than startupTimeout (900)"),
    (page(scheduling={"tolerations": [{"key": "a", "operator": "Exists", "value": "b"}]}), "labelStudio.scheduling."),
    (
        page(scheduling={"tolerations": [{"operator": "Equal"}]}),
        "labelStudio.scheduling.tolerations[0]: key",
    ),
    (page(chart={"flavour": "alauda", "source": "missing.tgz"}, service=None), "labelStudio.chart.source: must be an"),
    ({"postgresql": {"resources": resources(memory="128Mi")}}, "postgresql: resources.memory must be at least 256Mi"),
    ({"postgresql": {"parameters": {"shared_buffers": "1GB"}}}, "postgresql: resources.memory must be at least 2048Mi"),
    (database("cnpg", user="streaming_replica"), "postgresql.user: is a role that the operator makes"),
    (database("cnpg", user="cnpg_app"), "postgresql.user: is a role that the operator makes"),
    (database("zalando", user="standby") | BASELINE, "postgresql.user: is a role that the operator makes"),
    (database("zalando", user="app_") | BASELINE, "postgresql.user: must not begin or end with '_'"),
    (database("zalando", version=18) | BASELINE, "postgresql: version must be at most 17"),
    (
        database("cnpg", walStorage={"size": "1Gi"}, parameters={"max_wal_size": "2GB"}),
        "postgresql: walStorage.size must be larger than the parameter max_wal_size",
    ),
    (
        database("cnpg") | {"images": {"cnpgPostgresql": f"ghcr.io/a/postgresql@sha256:{'0' * 64}"}},
        "images.cnpgPostgresql: must have a tag that begins with the version",
    ),
    (
        database("cnpg", backup=ARCHIVE, restore={**ARCHIVE, "serverName": "label-studio-postgresql"}),
        "postgresql: backup would write into the archive that restore reads",
    ),
    (
        database("cnpg", backup={**ARCHIVE, "credentials": SAME_KEY}),
        "postgresql.backup.credentials: accessKeyId and secretAccessKey name the same key",
    ),
    ({"images": {"labelStudio": "docker.io/heartexlabs/label-studio:1.15.0"}}, "images.labelStudio: must be 1.20.0 or"),
    (amazon(region="europe"), "objectStore: region must be one of Amazon's"),
    (amazon(credentials=SAME_KEY), "objectStore.credentials: accessKeyId and secretAccessKey name the same key"),
    (amazon(grantCredentials={"uplods": S3_KEY}), "objectStore.grantCredentials.uplods: is no purpose"),
    ({"objectStore": {"bucket": "b" * 55}}, "objectStore.bucket: must be at most 54 characters"),
    (
        {
            **amazon(grantCredentials={"cats-snapshots": S3_KEY}),
            "projects": [{"name": "cats", "labelConfig": LABELLING, "target": None}],
        },
        "objectStore.grantCredentials.cats-snapshots: is no purpose",
    ),
    (
        {
            "objectStore": {"bucket": "data", "versioning": True},
            "projects": [{"name": "cats", "labelConfig": LABELLING, "target": {"prefix": "snapshots/"}}],
        },
        "projects[0].target: overlaps snapshots/cats/, the place of snapshots; write another prefix",
    ),
    (
        {"projects": [{"name": "cats", "labelConfig": LABELLING, "source": ELSEWHERE}]},
        "projects[0].source.credentials: accessKeyId and secretAccessKey name the same key",
    ),
]


@pytest.mark.parametrize(("wrong", "line"), REFUSED, ids=[line[:70] for _, line in REFUSED])
def test_what_does_not_go_together_is_told_at_its_path(wrong: dict[str, Any], line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of("dev", wrong)
    assert [told for told in caught.value.problems if told.startswith(line)], caught.value


ACCEPTED: list[dict[str, Any]] = [
    page(resources={"cpuRequest": 1, "cpuLimit": 2, "memory": "2.5Gi"}),
    page(scheduling={"tolerations": [{"operator": "Exists"}, {"key": "gpu", "value": ""}]}),
    {"postgresql": {"parameters": {"shared_buffers": "200MB", "max_connections": 300}}},
    {"images": {"labelStudio": f"registry.example.com/ls@sha256:{'0' * 64}"}},
    amazon(region="us-gov-west-1"),
    amazon(region="default", endpoint="https://rgw.example.com"),
    amazon(grantCredentials={"uploads": S3_KEY}),
    {**amazon(grantCredentials={"cats-snapshots": S3_KEY}), "projects": [{"name": "cats", "labelConfig": LABELLING}]},
    {"objectStore": {"bucket": "b" * 54}},
    {"cluster": {"imagePullSecrets": ["registry.example.com"]}},
]


@pytest.mark.parametrize("given", ACCEPTED, ids=str)
def test_what_goes_together_is_accepted(given: dict[str, Any]) -> None:
    settings_of("dev", given)


def test_a_wildcard_certificate_covers_names_of_one_level() -> None:
    tls = [{"secretName": "tls", "hosts": ["*.example.com"]}]
    settings_of("dev", page(ingress={"host": "ls.example.com", "tls": tls}))
    with pytest.raises(SettingsError, match="tls must name a certificate for host"):
        settings_of("dev", page(ingress={"host": "a.b.example.com", "tls": tls}))


SECRET_NAMES: list[tuple[Mapping[str, Any], str]] = [
    ({"secrets": {"db": {"password": "a"}}}, ""),
    ({"secrets": {"Db": {"password": "a"}}}, "secrets: each name must be a Kubernetes object name"),
    ({"secrets": {"db": {"pass word": "a"}}}, "secrets.db: each key must be a key of a Secret"),
    ({"secrets": {"db": {"..": "a"}}}, "secrets.db: each key must be a key of a Secret"),
    ({"secrets": {"db": {"password": ""}}}, "secrets: must map names"),
    ({"secrets": {"db": {}}}, "secrets: must map names"),
    ({"secrets": {"db": {"a": "b" * 2**20}}}, "secrets.db: must be at most 1 MiB"),
    (
        {"secrets": {"label-studio-redis": {"password": "a"}}},
        "secrets.label-studio-redis: is the name of",
    ),
    (
        {"secrets": {"admin": {"passwd": "a"}}, **page(administrator={"existingSecret": {"secretName": "admin"}})},
        "labelStudio.administrator.existingSecret: secrets.admin has no key password",
    ),
    (
        {"secrets": {"tls": {"tls.crt": "a", "tls.key": "b"}}, "postgresql": {"tls": {"secretName": "tls"}}},
        "postgresql.tls: secrets.tls has no key ca.crt",
    ),
    (
        {
            "secrets": {"tls": {"tls.crt": "a"}},
            **page(ingress={"host": "a.b", "tls": [{"secretName": "tls"}]}),
        },
        "labelStudio.ingress.tls[0]: secrets.tls has no key tls.key",
    ),
    (
        {"secrets": {"pull": {".dockerconfigjson": "a"}}, "cluster": {"imagePullSecrets": ["pull"]}},
        "cluster.imagePullSecrets[0]: must be of type kubernetes.io/dockerconfigjson",
    ),
]


@pytest.mark.parametrize(("given", "line"), SECRET_NAMES, ids=[line[:60] for _, line in SECRET_NAMES])
def test_secrets_of_the_stack_file_have_what_settings_name(given: dict[str, Any], line: str) -> None:
    with configured(stack_config("dev", given), ["label-studio:secrets"]):
        if not line:
            load_settings()
            return
        with pytest.raises(SettingsError) as caught:
            load_settings()
    assert [told for told in caught.value.problems if told.startswith(line)], caught.value


@pytest.mark.parametrize("base", BASES, ids=lambda base: base["postgresql"]["backend"])
def test_every_secret_that_the_program_makes_is_known_by_its_name(base: Mapping[str, Any]) -> None:
    made = run_program(lambda: compose(validate(base))).all("kubernetes:core/v1:Secret")
    assert made
    assert [secret.object_name for secret in made if not MADE.fullmatch(secret.object_name)] == []
