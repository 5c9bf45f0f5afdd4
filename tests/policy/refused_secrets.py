"""Secrets in the places and spellings in which people write them out."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

from tests.policy.objects import (
    BASE,
    PASSWORD,
    VALUE,
    Given,
    annotated,
    cnpg,
    config_map,
    deploy,
    encoded,
    patch,
    secret,
    tool,
)
from tests.policy.support import CONTAINER, METADATA

ROOT = secret("store-root", MINIO_ROOT_USER="root", MINIO_ROOT_PASSWORD=VALUE)
COPY = secret("copy", key=VALUE)
FROM_COPY = {"name": "STORAGE_AWS_SECRET_ACCESS_KEY", "valueFrom": {"secretKeyRef": {"name": "copy", "key": "key"}}}


SECRETS: dict[str, list[Given]] = {
    "an option": [tool("tool", "--password", PASSWORD)],
    "an option with =": [tool(f"--db-password={PASSWORD}")],
    "a property": [tool(f"-Ddb.password={PASSWORD}")],
    "curl -u": [tool("curl", "-u", f"admin:{PASSWORD}", "http://a")],
    "curl -H": [tool("curl", "-H", f"Authorization: Bearer {PASSWORD}")],
    "a variable before a command": [tool(command=["sh", "-c", f"PGPASSWORD={PASSWORD} psql"])],
    "mysql -p": [tool("sh", "-c", f"mysql -uroot -p{PASSWORD}")],
    "a password by a pipe": [tool(command=["sh", "-c", f"echo {PASSWORD} | docker login --password-stdin"])],
    "basic authentication": [tool(env=[{"name": "BASIC_AUTH", "value": encoded(f"admin:{PASSWORD}")}])],
    "redis-cli -a": [tool("redis-cli", "-a", PASSWORD, "ping")],
    **{
        f"a plain hash: {name}": [annotated({name: "a" * 64})]
        for name in ("checksum/secret", "checksum/password", "django-secret.sha256")
    },
    "requirepass": [tool("redis-server", "--requirepass", PASSWORD)],
    "a probe": [tool(livenessProbe={"exec": {"command": ["sh", "-c", f"PGPASSWORD={PASSWORD} pg_isready"]}})],
    "a header of a probe": [
        tool(
            livenessProbe={
                "httpGet": {"port": 80, "httpHeaders": [{"name": "Authorization", "value": "Basic YTpiMTIzNDU2"}]}
            }
        )
    ],
    "a hook": [tool(lifecycle={"preStop": {"exec": {"command": ["curl", "-u", f"a:{PASSWORD}"]}}})],
    **{
        f"a variable: {text}": [tool(env=[{"name": "A", "value": text}])]
        for text in (
            f"host=a user=b password={PASSWORD}",
            f"jdbc:postgresql://h/db?user=a&password={PASSWORD}",
            f"Driver=x;UID=a;PWD={PASSWORD}",
            f"mongodb+srv://u:{PASSWORD}@h/x",
            json.dumps({"a": {"client_secret": PASSWORD}}),
        )
    },
    **{
        f"a file: {name}": [config_map({name: text})]
        for name, text in {
            "a.ini": f"[db]\nuser = a\npassword = {PASSWORD}\n",
            "a.toml": f'[db]\npassword="{PASSWORD}"\n',
            "a.xml": f"<a><password>{PASSWORD}</password></a>",
            "a.properties": f"spring.datasource.password={PASSWORD}",
            "a.yaml": f"db: {{user: a, password: {PASSWORD}}}",
            "b.yaml": f"- name: DB_PASSWORD\n  value: {PASSWORD}\n",
            "pgpass": f"pg:5432:db:user:{PASSWORD}",
            "auth": "admin:$apr1$abc$0123456789abcdefghijk/",
            "npmrc": f"//registry.example.com/:_authToken={PASSWORD}",
            "netrc": f"machine a login b password {PASSWORD}",
            "users.acl": f"user default on >{PASSWORD} ~* +@all",
            "escaped": json.dumps(json.dumps({"password": PASSWORD})),
            "in-a-url": f"redis%3A%2F%2F%3A{PASSWORD}%40h%3A6379",
            "encoded": encoded(f"password={PASSWORD}-and-more"),
            "init.sql": f"ALTER USER a WITH PASSWORD '{PASSWORD}';",
            "docker.json": json.dumps({"auths": {"r": {"auth": encoded(f"u:{PASSWORD}")}}}),
            "connection": f"Server=a;User Id=b;Password={PASSWORD};",
            "POSTGRES_PASSWORD": PASSWORD,
            "azure": f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={encoded('x' * 64)}",
            "credentials": "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
        }.items()
    },
    "a binary entry": [config_map({}, binaryData={"a": encoded(f"password={PASSWORD}")})],
    "an annotation": [
        ("core/v1:ConfigMap", {"metadata": {**METADATA, "annotations": {"example.com/password": PASSWORD}}})
    ],
    "a label": [("core/v1:ConfigMap", {"metadata": {**METADATA, "labels": {"token": PASSWORD}}})],
    "a volume": [
        deploy(None, volumes=[{"name": "a", "csi": {"driver": "smb", "volumeAttributes": {"password": PASSWORD}}}])
    ],
    "SQL of a database": [cnpg(bootstrap={"initdb": {"postInitSQL": [f"ALTER USER x WITH PASSWORD '{PASSWORD}'"]}})],
    "a connection of a database": [
        cnpg(externalClusters=[{"name": "a", "connectionParameters": {"password": PASSWORD}}])
    ],
    "a store of secrets that is none": [
        (
            "external-secrets.io/v1:SecretStore",
            {"metadata": METADATA, "spec": {"provider": {"fake": {"data": [{"key": "a", "value": PASSWORD}]}}}},
        )
    ],
    "a template of a SealedSecret": [
        (
            "bitnami.com/v1alpha1:SealedSecret",
            {
                "metadata": METADATA,
                "spec": {"encryptedData": {"a": "AgB"}, "template": {"data": {"password": PASSWORD}}},
            },
        )
    ],
    "a list": [("core/v1:ConfigMapList", {"items": [{"metadata": METADATA, "data": {"password": PASSWORD}}]})],
    "a patch": [patch("core/v1:ConfigMap", data={"password": PASSWORD})],
    "the value of a Secret": [secret("a", password=VALUE), config_map({"a": f"before {VALUE} after"})],
    "the value of a Secret in base64": [secret("a", password=VALUE), config_map({"a": encoded(f"ab {VALUE} c")})],
    "the value of a Secret in base64 twice": [
        secret("a", password=VALUE),
        config_map({"a": encoded(f"x{encoded(f'ab {VALUE} c')}")}),
    ],
    "the value of a Secret in the base64 of URLs": [
        secret("a", password=">>>???~~~zebra"),
        config_map({"a": urlsafe_b64encode(b">>>???~~~zebra").decode().rstrip("=")}),
    ],
    "the value of a Secret in an annotation": [
        secret("a", password=VALUE),
        ("core/v1:ConfigMap", {"metadata": {**METADATA, "annotations": {"a": VALUE}}}),
    ],
    "the value of an encoded Secret": [
        ("core/v1:Secret", {"metadata": METADATA, "data": {"password": encoded(VALUE)}}),
        tool("--key", VALUE),
    ],
    "the value of a generated password": [
        ("random:index/randomPassword:RandomPassword", {"result": "q8" * 12}),
        config_map({"a": "q8" * 12}),
    ],
    "a root key under another name": [ROOT, COPY],
    "a root key under another name, read": [ROOT, COPY, deploy({**CONTAINER, "env": [*CONTAINER["env"], FROM_COPY]})],
    "a root key in a set-up container": [
        deploy(
            None,
            initContainers=[
                {
                    **BASE,
                    "name": "a",
                    "image": "docker.io/library/b:1.2",
                    "envFrom": [{"secretRef": {"name": "store-root"}}],
                }
            ],
        )
    ],
    "a root key of a project": [("label-studio:projects:AnnotationProject", {"credentials": "store-root"})],
}
