"""Objects that the tables of this folder are made of, each right by itself."""

from __future__ import annotations

import base64
from typing import Any

from tests.policy.support import CONTAINER, HOST, METADATA, RESOURCES, deployment

Given = tuple[str, dict[str, Any]]
PASSWORD = "hunter2Xq9"
VALUE = "zebra-quux-77"
SIGNUP = "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK"
BASE = {key: value for key, value in CONTAINER.items() if key not in ("env", "args")}
OPEN = {**CONTAINER, "env": [entry for entry in CONTAINER["env"] if entry["name"] != SIGNUP]}


def deploy(container: Any = None, **spec: Any) -> Given:
    return "apps/v1:Deployment", deployment(container, **spec)


def page(**env: Any) -> Given:
    kept = [entry for entry in CONTAINER["env"] if entry["name"] not in env]
    return deploy({**CONTAINER, "env": [*kept, *({"name": name, "value": value} for name, value in env.items())]})


def tool(*args: str, **changes: Any) -> Given:
    return deploy({**BASE, "name": "tool", "image": "docker.io/library/tool:1.2.3", "args": list(args), **changes})


def config_map(data: Any, name: str = "settings", **more: Any) -> Given:
    return "core/v1:ConfigMap", {"metadata": {**METADATA, "name": name}, "data": data, **more}


def secret(name: str, **data: str) -> Given:
    return "core/v1:Secret", {"metadata": {**METADATA, "name": name}, "stringData": data}


def ingress(annotations: Any, class_name: str | None = "nginx", tls: bool = True) -> Given:
    backend = {"service": {"name": "ls", "port": {"name": "http"}}}
    rules = [{"host": HOST, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]
    spec: dict[str, Any] = {"rules": rules, **({"ingressClassName": class_name} if class_name else {})}
    if tls:
        spec["tls"] = [{"secretName": "ls-tls", "hosts": [HOST]}]
    return "networking.k8s.io/v1:Ingress", {"metadata": {**METADATA, "annotations": annotations}, "spec": spec}


def service(spec: Any, **annotations: str) -> Given:
    return "core/v1:Service", {"metadata": {**METADATA, "annotations": annotations}, "spec": spec}


def patch(kind: str, **props: Any) -> Given:
    return f"{kind}Patch", {"metadata": METADATA, **props}


def patched_page(**container: Any) -> Given:
    return patch("apps/v1:Deployment", spec={"template": {"spec": {"containers": [{"name": "app", **container}]}}})


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def cnpg(**spec: Any) -> Given:
    image = "ghcr.io/cloudnative-pg/postgresql:17.2"
    given = {"instances": 1, "imageName": image, "resources": RESOURCES, **spec}
    return "postgresql.cnpg.io/v1:Cluster", {"metadata": METADATA, "spec": given}


NGINX = "nginx.ingress.kubernetes.io"
TRAEFIK = "traefik.ingress.kubernetes.io"
AWS = "service.beta.kubernetes.io/aws-load-balancer-ssl"
CERTIFICATE = "arn:aws:acm:eu-west-1:1:certificate/x"


def named(kind: str, **props: Any) -> Given:
    return kind, {"metadata": METADATA, **props}


def cluster(kind: str, **props: Any) -> Given:
    return kind, {"metadata": {"name": "it"}, **props}


def route(section: str, **rule: Any) -> Given:
    spec = {"parentRefs": [{"name": "gateway", "sectionName": section}], "hostnames": [HOST], "rules": [rule]}
    return named("gateway.networking.k8s.io/v1:HTTPRoute", spec=spec)


def cron(container: dict[str, Any]) -> Given:
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    return named("batch/v1:CronJob", spec={"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}})


def beside(*containers: dict[str, Any], **spec: Any) -> Given:
    pod = {"containers": [CONTAINER, *containers], **spec}
    return named("apps/v1:Deployment", spec={"replicas": 1, "template": {"spec": pod}})


def annotated(annotations: dict[str, str]) -> Given:
    template = {"metadata": {"annotations": annotations}, "spec": {"containers": [CONTAINER]}}
    return named("apps/v1:Deployment", spec={"replicas": 1, "template": template})
