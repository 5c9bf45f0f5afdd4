"""References to secrets, and what sounds like one, which no policy may refuse."""

from __future__ import annotations

import json

from tests.policy.objects import (
    Given,
    annotated,
    cluster,
    config_map,
    deploy,
    named,
    secret,
    tool,
)
from tests.policy.support import CONTAINER, METADATA

EXTERNAL_SECRET = {
    "refreshInterval": "1h",
    "secretStoreRef": {"name": "aws", "kind": "ClusterSecretStore"},
    "target": {
        "name": "pg",
        "creationPolicy": "Owner",
        "template": {
            "type": "Opaque",
            "data": {"password": "{{ .password }}", "url": "pg://{{ .user }}:{{ .password }}@h"},
        },
    },
    "dataFrom": [{"extract": {"key": "prod/pg"}}],
    "data": [{"secretKey": "apiToken", "remoteRef": {"key": "prod/token", "property": "token"}}],
}
REFERENCES: dict[str, list[Given]] = {
    "an ExternalSecret": [named("external-secrets.io/v1:ExternalSecret", spec=EXTERNAL_SECRET)],
    "a store in Vault": [
        named(
            "external-secrets.io/v1:SecretStore",
            spec={
                "provider": {
                    "vault": {
                        "server": "https://vault.example.com",
                        "path": "secret",
                        "version": "v2",
                        "auth": {
                            "kubernetes": {"mountPath": "kubernetes", "role": "ls", "serviceAccountRef": {"name": "ls"}}
                        },
                    }
                }
            },
        )
    ],
    "a store of Amazon": [
        cluster(
            "external-secrets.io/v1:ClusterSecretStore",
            spec={
                "provider": {
                    "aws": {
                        "service": "SecretsManager",
                        "region": "eu-west-1",
                        "auth": {
                            "secretRef": {
                                "accessKeyIDSecretRef": {"name": "aws", "key": "access-key"},
                                "secretAccessKeySecretRef": {"name": "aws", "key": "secret-access-key"},
                            }
                        },
                    }
                }
            },
        )
    ],
    "a SealedSecret": [
        named(
            "bitnami.com/v1alpha1:SealedSecret",
            spec={"encryptedData": {"password": "AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq"}, "template": {"type": "Opaque"}},
        )
    ],
    "Secrets": [
        secret("tls", **{"tls.crt": "x", "tls.key": "y"}),
        secret("pg", username="labelstudio", password="zebra-quux-77", host="pg"),
        config_map({"a": "labelstudio at pg"}),
    ],
    "a list of Secrets": [
        ("core/v1:SecretList", {"items": [{"metadata": METADATA, "stringData": {"password": "x1y2z3"}}]})
    ],
    "a root certificate": [
        deploy(
            {**CONTAINER, "volumeMounts": [{"name": "c", "mountPath": "/etc/ssl/private-ca"}]},
            volumes=[
                {"name": "c", "secret": {"secretName": "root-ca", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}
            ],
        )
    ],
    "options that name files": [
        tool(
            "--password-file=/run/secrets/pw",
            "--token-path",
            "/x/token",
            "--secret-name=pg",
            "--tls-private-key=/a/b.key",
            "--client-secret-file",
            "/x",
            "--api-key=$(API_KEY)",
            "--password",
            "$(PASSWORD)",
        )
    ],
    "names that sound secret": [
        config_map(
            {
                "POSTGRES_USER": "a",
                "TOKEN_EXPIRY": "3600",
                "PASSWORD_MIN_LENGTH": "8",
                "SECRET_NAME": "pg",
                "KEY_FILE": "/etc/x",
                "CREDENTIALS_PATH": "/x/y",
            }
        )
    ],
    **{
        f"a file: {name}": [config_map({name: text})]
        for name, text in {
            "redis.conf": "appendonly yes\ntls-key-file /etc/redis/tls.key\nrequirepass $PASSWORD\n",
            "nginx.conf": "server { ssl_certificate_key /k; proxy_set_header Authorization $http_authorization; }",
            "oidc.yaml": "client_id: label-studio\nclient_secret: ${CLIENT_SECRET}\ntoken_endpoint: https://idp/token\n",
            "prometheus.yml": "bearer_token_file: /run/token\nbasic_auth:\n  username: a\n  password_file: /p\n",
            "schema.json": json.dumps({"properties": {"password": {"type": "string"}, "token": {"default": None}}}),
            "label.xml": '<View><Label value="Secret"/><Image name="img" value="$image"/></View>',
            "script.py": "password = os.environ['PASSWORD']\nlogin(user=user, password=password)\n",
            "run.sh": '#!/bin/sh\nPASSWORD=$(cat /run/secrets/password)\nexport PGPASSWORD="$PASSWORD"\npsql\n',
            "ca.crt": "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ0l0\n-----END CERTIFICATE-----\n",
            "digests": f"sha256:{'ab12' * 16}",
        }.items()
    },
    "notes of tools": [
        annotated(
            {
                "vault.hashicorp.com/agent-inject": "true",
                "vault.hashicorp.com/agent-inject-secret-db": "secret/data/db",
                "label-studio-content": "a" * 64,
                "checksum/config": "b" * 64,
                "prometheus.io/scrape": "true",
                "karpenter.sh/do-not-disrupt": "true",
                "controller.kubernetes.io/pod-deletion-cost": "10",
                "gke-gcsfuse/volumes": "true",
                "config.linkerd.io/opaque-ports": "5432",
                "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
                "sidecar.istio.io/inject": "true",
                "traffic.sidecar.istio.io/excludeOutboundPorts": "5432",
                "ad.datadoghq.com/app.logs": '[{"source": "python"}]',
                "secret.reloader.stakater.com/reload": "ls-django",
            }
        )
    ],
}
