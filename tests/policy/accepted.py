"""What people rightly write beside Label Studio, which no policy may refuse."""

from __future__ import annotations

from policies.checks.settings_modules import FILES, SERVER_FILES
from tests.policy.accepted_access import ACCESS
from tests.policy.accepted_references import REFERENCES
from tests.policy.objects import (
    BASE,
    NGINX,
    OPEN,
    SIGNUP,
    Given,
    beside,
    cluster,
    cnpg,
    config_map,
    cron,
    deploy,
    encoded,
    named,
    page,
    patch,
    patched_page,
)
from tests.policy.support import CONTAINER, HOST, METADATA, RESOURCES, deployment

PROXY = {**BASE, "name": "oauth2-proxy", "image": "docker.io/library/oauth2-proxy:7.6.0"}

BESIDE: dict[str, list[Given]] = {
    "a log-in proxy": [
        beside(
            {
                **PROXY,
                "args": ["--cookie-secret-file=/x", "--cookie-secure=true", "--pass-access-token=true"],
                "env": [
                    {"name": "OAUTH2_PROXY_CLIENT_SECRET", "valueFrom": {"secretKeyRef": {"name": "o", "key": "s"}}}
                ],
            }
        )
    ],
    "a backup": [
        beside(
            {
                **BASE,
                "name": "b",
                "image": "docker.io/library/restic:0.17.1",
                "args": ["backup", "/data"],
                "volumeMounts": [{"name": "data", "mountPath": "/data", "readOnly": True}],
            },
            volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "label-studio-ls-pvc"}}],
        )
    ],
    "an ML backend": [
        deploy(
            {
                **BASE,
                "name": "ml",
                "image": "docker.io/heartexlabs/label-studio-ml-backend:1.0.0",
                "env": [
                    {"name": "LABEL_STUDIO_URL", "value": "http://ls"},
                    {"name": "LABEL_STUDIO_API_KEY", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}},
                ],
            }
        )
    ],
    "a database dump": [
        cron(
            {
                **BASE,
                "name": "d",
                "image": "docker.io/library/postgres:17.2",
                "command": ["sh", "-c", 'pg_dump -h "$PGHOST" | gzip > /backup/$(date +%F).sql.gz'],
                "env": [{"name": "PGPASSWORD", "valueFrom": {"secretKeyRef": {"name": "pg", "key": "password"}}}],
            }
        )
    ],
    "a task of Django": [
        cron(
            {
                **BASE,
                "name": "d",
                "image": CONTAINER["image"],
                "command": ["python3", "/label-studio/label_studio/manage.py", "clearsessions"],
            }
        )
    ],
    "a wait before the start": [
        deploy(
            None,
            initContainers=[
                {
                    **BASE,
                    "name": "w",
                    "image": "docker.io/library/busybox:1.36.1",
                    "command": ["sh", "-c", "until nc -z pg 5432; do sleep 1; done"],
                }
            ],
        )
    ],
    "a migration before the start": [
        deploy(
            None, initContainers=[{**BASE, "name": "m", "image": CONTAINER["image"], "args": ["label-studio-migrate"]}]
        )
    ],
    "a worker": [
        deploy(
            {**CONTAINER, "args": [], "command": ["python3", "/label-studio/label_studio/manage.py", "rqworker", "low"]}
        )
    ],
    "a start by name": [deploy({**CONTAINER, "args": ["label-studio", "start", "--port", "8080"]})],
    "a start by a shell": [deploy({**CONTAINER, "command": ["sh", "-c", "exec label-studio-uwsgi"], "args": []})],
    "variables of the site": [
        page(TZ="Europe/Berlin", NO_PROXY="a", UWSGI_PROCESSES="4", PYTHONUNBUFFERED="1", LOG_LEVEL="INFO")
    ],
    "the program's settings of its servers": [
        deploy(
            {
                **CONTAINER,
                "volumeMounts": [
                    {"name": "s", "mountPath": path, "subPath": file} for path, file in SERVER_FILES.items()
                ],
            },
            volumes=[{"name": "s", "configMap": {"name": "settings"}}],
        ),
        config_map({file: (FILES / file).read_text() for file in SERVER_FILES.values()}),
    ],
    "a lower spelling that nobody reads": [page(DISABLE_SIGNUP_WITHOUT_LINK="false")],
    "variables of a source": [
        deploy({**CONTAINER, "envFrom": [{"configMapRef": {"name": "settings"}}]}),
        config_map({"TZ": "UTC"}),
    ],
    "sign-up in a source": [
        deploy({**OPEN, "envFrom": [{"configMapRef": {"name": "settings"}}]}),
        config_map({SIGNUP: "true"}),
    ],
    "volumes": [
        deploy(
            {
                **CONTAINER,
                "volumeMounts": [
                    {"name": "d", "mountPath": path}
                    for path in (
                        "/label-studio/data",
                        "/label-studio/files",
                        "/models",
                        "/tmp",
                        "/dev/shm",
                        "/opt/heartex/secrets/redis_certs",
                    )
                ],
            },
            volumes=[{"name": "d", "emptyDir": {}}],
        )
    ],
    "a migration job": [("batch/v1:Job", deployment({**CONTAINER, "args": ["label-studio-migrate"], "env": []}))],
}

KINDS: dict[str, list[Given]] = {
    "patches": [
        patch("apps/v1:Deployment", spec={"replicas": 3}),
        patch("core/v1:ServiceAccount", imagePullSecrets=[{"name": "registry"}]),
        patched_page(resources=RESOURCES),
        patched_page(env=[{"name": "LOG_LEVEL", "value": "INFO"}]),
        ("core/v1:NamespacePatch", {"metadata": {"name": "label-studio", "labels": {"team": "a"}}}),
        (
            "networking.k8s.io/v1:IngressPatch",
            {"metadata": {**METADATA, "annotations": {f"{NGINX}/proxy-body-size": "1g"}}},
        ),
    ],
    "charts that register what they are": [
        ("helm.sh/v4:Chart", {}),
        ("helm.sh/v3:Chart", {}),
        ("kubernetes:yaml:ConfigFile", {}),
    ],
    "cluster-wide": [
        cluster("storage.k8s.io/v1:StorageClass", provisioner="ebs.csi.aws.com", parameters={"type": "gp3"}),
        cluster("snapshot.storage.k8s.io/v1:VolumeSnapshotClass", driver="ebs.csi.aws.com", deletionPolicy="Retain"),
        cluster("scheduling.k8s.io/v1:PriorityClass", value=1000),
        cluster("node.k8s.io/v1:RuntimeClass", handler="runsc"),
        cluster(
            "core/v1:PersistentVolume",
            spec={"capacity": {"storage": "1Gi"}, "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "vol-1"}},
        ),
        cluster(
            "rbac.authorization.k8s.io/v1:ClusterRole",
            rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
        ),
        cluster(
            "cert-manager.io/v1:ClusterIssuer",
            spec={
                "acme": {
                    "server": "https://acme.example.com",
                    "email": "a@example.com",
                    "privateKeySecretRef": {"name": "account-key"},
                    "solvers": [{"http01": {"ingress": {"class": "nginx"}}}],
                }
            },
        ),
    ],
    "a certificate": [
        named(
            "cert-manager.io/v1:Certificate",
            spec={
                "secretName": "ls-tls",
                "dnsNames": [HOST],
                "issuerRef": {"name": "le", "kind": "ClusterIssuer"},
                "privateKey": {"algorithm": "ECDSA", "rotationPolicy": "Always"},
            },
        )
    ],
    "metrics": [
        named(
            "monitoring.coreos.com/v1:ServiceMonitor",
            spec={
                "selector": {"matchLabels": {"a": "b"}},
                "endpoints": [
                    {
                        "port": "metrics",
                        "basicAuth": {
                            "username": {"name": "a", "key": "username"},
                            "password": {"name": "a", "key": "password"},
                        },
                    }
                ],
            },
        )
    ],
    "a database": [
        cnpg(
            postgresql={"parameters": {"password_encryption": "scram-sha-256"}},
            monitoring={"enablePodMonitor": True},
            superuserSecret={"name": "su"},
            bootstrap={"initdb": {"database": "a", "owner": "a", "secret": {"name": "x"}}},
        )
    ],
    "a database and a role of their own": [
        named(
            "postgresql.cnpg.io/v1:Database",
            spec={
                "cluster": {"name": "a"},
                "name": "reports",
                "owner": "reports",
                "extensions": [{"name": "pg_trgm", "ensure": "present"}],
            },
        ),
        named(
            "postgresql.cnpg.io/v1:DatabaseRole",
            spec={"cluster": {"name": "a"}, "name": "reports", "login": True, "passwordSecret": {"name": "reports"}},
        ),
    ],
    "quotas": [named("core/v1:ResourceQuota", spec={"hard": {"secrets": "10", "requests.cpu": "4"}})],
    "two providers of one cluster": [
        ("pulumi:providers:kubernetes", {"context": "a", "kubeconfig": "x"}),
        ("pulumi:providers:kubernetes", {"context": "a", "kubeconfig": "x", "enableServerSideApply": "false"}),
    ],
    "rights by name": [
        named(
            "rbac.authorization.k8s.io/v1:Role",
            rules=[
                {"apiGroups": [""], "resources": ["pods", "events"], "verbs": ["list"]},
                {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["pg"], "verbs": ["get"]},
                {"apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["ls"], "verbs": ["patch"]},
                {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "update"]},
            ],
        )
    ],
    "Secrets of each type": [
        named(
            "core/v1:Secret",
            type="kubernetes.io/dockerconfigjson",
            data={".dockerconfigjson": encoded('{"auths": {}}')},
        ),
        named("core/v1:Secret", type="kubernetes.io/tls", data={"tls.crt": "", "tls.key": ""}),
    ],
    "other packages": [
        ("tls:index/privateKey:PrivateKey", {"algorithm": "RSA"}),
        ("random:index/randomPassword:RandomPassword", {}),
    ],
}
GROUPS = {"access": ACCESS, "references": REFERENCES, "beside": BESIDE, "kinds": KINDS}
ALL = {f"{group}: {name}": given for group, cases in GROUPS.items() for name, given in cases.items()}
