"""No secret is written out, and the root keys of the object store stay with it."""

from __future__ import annotations

from typing import Any

import pytest

from policies import no_plaintext_secrets, root_keys_contained
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
    expect,
    nested,
    release,
    variable,
    violations,
)

RULE = no_plaintext_secrets.RULE
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
S3 = "global.persistence.config.s3"


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("global.a", "b", None),
        ("global.pgConfig.password", SECRET, "global.pgConfig.password"),
        ("global.pgConfig.password", 12345678, "global.pgConfig.password"),
        ("global.pgConfig.password", UNKNOWN, "global.pgConfig.password"),
        ("global.pgConfig.password", [SECRET], "global.pgConfig.password"),
        ("global.pgConfig.password", None, None),
        ("global.pgConfig.password", MISSING, None),
        ("global.pgConfig.password.secretName", UNKNOWN, None),
        ("global.redisConfig.password", SECRET, "global.redisConfig.password"),
        ("global.redisConfig.host", f"redis://:{SECRET}@redis:6379/1", "a URL with a password"),
        ("global.redisConfig.host", f"rediss://user:{SECRET}@redis:6379/1", "a URL with a password"),
        ("global.redisConfig.host", "redis://:$(REDIS_PASSWORD)@redis:6379/1", None),
        (f"{S3}.accessKey", SECRET, f"{S3}.accessKey"),
        (f"{S3}.secretKey", SECRET, f"{S3}.secretKey"),
        (f"{S3}.secretKey", UNKNOWN, f"{S3}.secretKey"),
        (f"{S3}.secretKey", "", None),
        ("global.persistence.config.azure.storageAccountKey", SECRET, "storageAccountKey"),
        ("global.persistence.config.gcs.applicationCredentialsJSON", "{}x", "applicationCredentialsJSON"),
        ("global.extraEnvironmentVars.SECRET_KEY", SECRET, "SECRET_KEY"),
        ("global.extraEnvironmentVars.POSTGRE_PASSWORD", SECRET, "POSTGRE_PASSWORD"),
        ("global.extraEnvironmentVars.AWS_SECRET_ACCESS_KEY", SECRET, "AWS_SECRET_ACCESS_KEY"),
        ("global.extraEnvironmentVars.LABEL_STUDIO_USER_TOKEN", SECRET, "LABEL_STUDIO_USER_TOKEN"),
        ("global.extraEnvironmentVars.DATABASE", f"postgresql://u:{SECRET}@pg/db", "a URL with a password"),
        ("global.extraEnvironmentVars.LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN", "true", None),
        ("global.extraEnvironmentVars.CERTIFICATE", KEY, "a private key"),
        ("global.extraEnvironmentVars.NOTE", f"Bearer {TOKEN}", "a signed token"),
        ("global.extraEnvironmentVars.NOTE", "AKIAIOSFODNN7EXAMPLE", "an access key of Amazon"),
        ("app.extraEnvironmentVars.LABEL_STUDIO_PASSWORD", SECRET, "LABEL_STUDIO_PASSWORD"),
        ("app.annotations.note", KEY, "a private key"),
        ("app.automountServiceAccountToken", False, None),
        ("app.extraVolumes", [{"name": "a", "secret": {"secretName": "tls"}}], None),
        ("global.redisConfig.ssl", {"redisSslSecretName": "a", "redisSslKeyFileSecretKey": "tls.key"}, None),
        ("postgresql.auth", {"password": SECRET}, "postgresql.auth.password"),
    ],
)
def test_values(path: str, value: Any, problem: str | None) -> None:
    values = changed(VALUES, path, value)
    expect(violations(RULE, RELEASE, release(values)), problem)
    expect(violations(RULE, RELEASE, release(nested(values), "chart-label-studio")), problem)
    assert SECRET not in str(violations(RULE, RELEASE, release(values)))


def test_values_of_any_release() -> None:
    expect(violations(RULE, RELEASE, release({"auth": {"password": SECRET}}, "other")), "auth.password")
    expect(violations(RULE, RELEASE, {"values": UNKNOWN, "chart": "label-studio"}), None)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (SECRET, "a value for MINIO_PASSWORD"),
        (UNKNOWN, "a value for MINIO_PASSWORD"),
        (12345678, "a value for MINIO_PASSWORD"),
        ("", None),
        (None, None),
        ("$(OTHER)", None),
        ({"valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}, None),
        (MISSING, None),
    ],
)
@pytest.mark.parametrize("kind", ["apps/v1:Deployment", "apps/v1:StatefulSet", "batch/v1:Job"])
def test_variables(kind: str, value: Any, problem: str | None) -> None:
    expect(violations(RULE, f"kubernetes:{kind}", variable("MINIO_PASSWORD", value)), problem)


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["redis-server", "--requirepass", "$(PASSWORD)"], None),
        (["tool", f"--password={SECRET}"], "a value for password"),
        (["tool", "--access-key", SECRET], "a value for --access-key"),
        (["sh", "-c", f"tool --admin-password '{SECRET}' && true"], "holds a"),
        (["sh", "-c", 'mc alias set store "$URL" "$USER" "$PASSWORD"'], None),
        (["sh", "-c", "set -e\npassword=hunter2hunter\ntool"], "a value for password"),
        (["psql", f"postgresql://u:{SECRET}@pg/db"], "a URL with a password"),
        (["tool", "--password", "--verbose"], None),
        (["tool", "--password-file=/run/secrets/password"], None),
    ],
)
def test_command_lines(args: list[str], problem: str | None) -> None:
    props = deployment({**CONTAINER, "args": args})
    expect(violations(RULE, "kubernetes:apps/v1:Deployment", props), problem)
    expect(violations(RULE, "kubernetes:batch/v1:CronJob", {"spec": {"jobTemplate": {"spec": props["spec"]}}}), problem)


@pytest.mark.parametrize(
    ("key", "text", "problem"),
    [
        ("redis.conf", "appendonly yes\nmaxmemory-policy noeviction\n", None),
        ("redis.conf", f"appendonly yes\nrequirepass {SECRET}\n", "a value for requirepass"),
        ("redis.conf", "requirepass $PASSWORD\n", None),
        ("app.env", f"DB_PASSWORD={SECRET}\n", "a value for DB_PASSWORD"),
        ("app.env", f"export DB_PASSWORD='{SECRET}'\n", "a value for DB_PASSWORD"),
        ("app.env", "DB_PASSWORD=${PASSWORD}\n", None),
        ("app.yaml", f"database:\n  password: {SECRET}\n", "a value for password"),
        ("app.yaml", f'  password: "{SECRET}"\n', "a value for password"),
        ("app.yaml", "passwordSecret: ls-redis\n", None),
        ("app.json", f'{{\n  "password": "{SECRET}"\n}}', "a value for password"),
        ("settings.py", f"PASSWORD = '{SECRET}'\n", "a value for PASSWORD"),
        ("settings.py", "PASSWORD = os.environ['REDIS_PASSWORD']\n", None),
        ("settings.py", "    'PASSWORD': os.environ.get('REDIS_PASSWORD'),\n", None),
        ("settings.py", 'PASSWORD = ""\n', None),
        ("guard.py", "import db\nWrapper.get_new_connection = guarded\n", None),
        ("guard.py", "import db\nsettings.SECRET_KEY = newest\n", None),
        ("guard.py", f"import db\nWrapper.password = '{SECRET}'\n", "a value for Wrapper.password"),
        ("app.properties", "import db\nSpring.password=hunter2hunter\n", "a value for Spring.password"),
        ("run.sh", "password=hunter2hunter tool\n", "a value for password"),
        ("run", "#!/usr/bin/env bash\nexport token=hunter2hunter\n", "a value for token"),
        ("run.sh", ': "${password:=hunter2hunter}"\n', "a value for password"),
        ("run.sh", "cat > app.yaml <<END\ndatabase:\n  password: hunter2hunter\nEND\n", "a value for password"),
        ("run.sh", 'echo "There is no password: refusing"\n', None),
        ("run.sh", 'password=$(cat /run/password)\ntoken=${TOKEN}\nread -r secret < "$file"\n', None),
        ("run.sh", f"curl https://user:{SECRET}@host/\n", "a URL with a password"),
        ("tls.key", KEY, "a private key"),
        ("password", SECRET, "data.password"),
        ("password", UNKNOWN, "data.password"),
        ("ca.crt", "-----BEGIN CERTIFICATE-----\n", None),
        ("other", UNKNOWN, None),
        ("other", None, None),
        ("other", {"password": "x"}, None),
    ],
)
def test_config_maps(key: str, text: Any, problem: str | None) -> None:
    props = {"metadata": METADATA, "data": {key: text}}
    expect(violations(RULE, "kubernetes:core/v1:ConfigMap", props), problem)


@pytest.mark.parametrize("data", [MISSING, None, UNKNOWN, []])
def test_config_maps_that_say_nothing(data: Any) -> None:
    props = {"metadata": METADATA} if data is MISSING else {"data": data}
    expect(violations(RULE, "kubernetes:core/v1:ConfigMap", props), None)


def test_secrets_and_custom_resources() -> None:
    expect(violations(RULE, "kubernetes:core/v1:Secret", {"stringData": {"password": SECRET}}), None)
    alauda = {"spec": {"arch": "standalone", "passwordSecret": "redis"}}
    expect(violations(RULE, "kubernetes:middleware.alauda.io/v1:Redis", alauda), None)
    plain = {"spec": {"auth": {"adminPassword": SECRET}}}
    expect(violations(RULE, "kubernetes:example.com/v1:Thing", plain), "spec.auth.adminPassword")


ROOT = root_keys_contained.RULE


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("global.a", 1, None),
        (f"{S3}.accessKeyExistingSecret", "store-root", f"{S3}.accessKeyExistingSecret"),
        (f"{S3}.secretKeyExistingSecretKey", "rootPassword", f"{S3}.secretKeyExistingSecretKey"),
        (f"{S3}.accessKeyExistingSecret", UNKNOWN, None),
        ("global.persistence", MISSING, None),
        ("global.persistence", None, None),
        ("global.persistence", [], None),
        ("global.extraEnvironmentSecrets.MINIO_ROOT_USER", {"secretName": "a", "secretKey": "b"}, "MINIO_ROOT_USER"),
        ("global.extraEnvironmentSecrets.KEY", {"secretName": "a", "secretKey": "MINIO_ROOT_USER"}, "KEY"),
        ("global.extraEnvironmentSecrets.KEY", {"secretName": "a", "secretKey": "config.env"}, "KEY"),
        ("global.extraEnvironmentSecrets.KEY", {"secretName": "store-root", "secretKey": "b"}, "KEY"),
        ("app.extraEnvironmentSecrets.KEY", {"secretName": "root", "secretKey": "b"}, "KEY"),
        ("app.extraEnvironmentSecrets.KEY", {"secretName": "roots", "secretKey": "b"}, None),
        ("global.extraEnvironmentVars.MINIO_ROOT_PASSWORD", SECRET, "MINIO_ROOT_PASSWORD"),
        ("app.extraVolumes", [{"name": "a", "secret": {"secretName": "store-root"}}], "mounts"),
    ],
)
def test_root_keys_in_values(path: str, value: Any, problem: str | None) -> None:
    values = changed(VALUES, path, value)
    expect(violations(ROOT, RELEASE, release(values)), problem)
    expect(violations(ROOT, RELEASE, release(nested(values), "chart-label-studio")), problem)


def test_root_keys_in_containers() -> None:
    deploy = "kubernetes:apps/v1:Deployment"
    root = {"valueFrom": {"secretKeyRef": {"name": "store-root", "key": "b"}}}
    expect(violations(ROOT, deploy, variable("AWS_ACCESS_KEY_ID", root)), "env AWS_ACCESS_KEY_ID")
    expect(violations(ROOT, deploy, deployment()), None)
    unknown = {"valueFrom": {"secretKeyRef": {"name": UNKNOWN, "key": "b"}}}
    expect(violations(ROOT, deploy, variable("AWS_ACCESS_KEY_ID", unknown)), None)
    whole = deployment({**CONTAINER, "envFrom": [{"secretRef": {"name": "store-root"}}]})
    expect(violations(ROOT, deploy, whole), "envFrom[0]")
    mounted = deployment(volumes=[{"name": "a", "secret": {"secretName": "store-root"}}])
    expect(violations(ROOT, deploy, mounted), "volumes [0]")
    # The store itself, and the job that makes its keys, need the root key.
    store = deployment(
        {"name": "minio", "image": "docker.io/pgsty/silo:RELEASE.2026-09-16", "env": [{"name": "x", **root}]}
    )
    expect(violations(ROOT, "kubernetes:apps/v1:StatefulSet", store), None)


@pytest.mark.parametrize(
    ("kind", "props", "problem"),
    [
        ("core/v1:Secret", {"metadata": {"name": "store-root"}, "stringData": {"MINIO_ROOT_USER": "a"}}, None),
        ("core/v1:Secret", {"metadata": {"name": UNKNOWN}, "stringData": {"MINIO_ROOT_USER": "a"}}, None),
        (
            "core/v1:Secret",
            {"metadata": {"name": "store"}, "stringData": {"config.env": SECRET}},
            "call it <name>-root",
        ),
        ("core/v1:Secret", {"metadata": {"name": "store"}, "data": {"rootPassword": SECRET}}, "call it <name>-root"),
        ("core/v1:Secret", {"metadata": {"name": "store"}, "data": UNKNOWN}, None),
        ("core/v1:Secret", {"metadata": {"name": "store"}, "data": {"password": SECRET}}, None),
        ("minio.min.io/v2:Tenant", {"spec": {"configuration": {"name": "store-root"}}}, None),
        ("minio.min.io/v2:Tenant", {"spec": {"configuration": {"name": "store"}}}, "call it <name>-root"),
        ("minio.min.io/v2:Tenant", {"spec": None}, None),
    ],
)
def test_secrets_with_root_keys_are_recognisable(kind: str, props: dict[str, Any], problem: str | None) -> None:
    expect(violations(ROOT, f"kubernetes:{kind}", props), problem)
