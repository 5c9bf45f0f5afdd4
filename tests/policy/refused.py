"""Attacks that no schema tells of, by the policy that has to stop each: what people have tried, and its relatives."""

from __future__ import annotations

import base64
import json
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


UNKNOWN_KINDS = ["traefik.io/v1alpha1:IngressRoute", "networking.istio.io/v1:VirtualService", "route.openshift.io/v1:Route", "projectcontour.io/v1:HTTPProxy", "k8s.nginx.org/v1:VirtualServer", "helm.toolkit.fluxcd.io/v2:HelmRelease", "argoproj.io/v1alpha1:Application", "helm.cattle.io/v1:HelmChart", "argoproj.io/v1alpha1:Rollout", "serving.knative.dev/v1:Service", "apps.openshift.io/v1:DeploymentConfig", "keda.sh/v1alpha1:ScaledJob", "postgresql.cnpg.io/v1:Pooler", "core/v1:Endpoints", "gateway.networking.k8s.io/v1alpha2:TCPRoute", "gateway.networking.k8s.io/v1:TLSRoute", "kyverno.io/v1:ClusterPolicy", "external-secrets.io/v1alpha1:PushSecret", "elbv2.k8s.aws/v1beta1:TargetGroupBinding"]
NGINX = "nginx.ingress.kubernetes.io"
TRAEFIK = "traefik.ingress.kubernetes.io"
AWS = "service.beta.kubernetes.io/aws-load-balancer-ssl"
CERTIFICATE = "arn:aws:acm:eu-west-1:1:certificate/x"
ROOT = secret("store-root", MINIO_ROOT_USER="root", MINIO_ROOT_PASSWORD=VALUE)
COPY = secret("copy", key=VALUE)
FROM_COPY = {"name": "STORAGE_AWS_SECRET_ACCESS_KEY", "valueFrom": {"secretKeyRef": {"name": "copy", "key": "key"}}}

ENVIRONMENT: dict[str, list[Given]] = {
    "a source of the stack": [deploy({**OPEN, "envFrom": [{"configMapRef": {"name": "settings"}}]}), config_map({SIGNUP: "no"})],
    "a source that outranks": [
        deploy(
            {
                **OPEN,
                "env": [*OPEN["env"], {"name": "DISABLE_SIGNUP_WITHOUT_LINK", "value": "true"}],
                "envFrom": [{"configMapRef": {"name": "settings"}}],
            }
        ),
        config_map({SIGNUP: "false"}),
    ],
    "a source with a prefix": [
        deploy({**OPEN, "envFrom": [{"prefix": "LABEL_STUDIO_", "configMapRef": {"name": "settings"}}]}),
        config_map({"DISABLE_SIGNUP_WITHOUT_LINK": "off"}),
    ],
    "a source of nobody": [deploy({**CONTAINER, "envFrom": [{"secretRef": {"name": "elsewhere"}}]})],
    "put together": [deploy({**OPEN, "env": [{"name": "NO", "value": "no"}, *OPEN["env"], {"name": SIGNUP, "value": "$(NO)"}]})],
    "a job that serves": [("batch/v1:Job", deployment(OPEN))],
    "before the others": [deploy(None, initContainers=[{**OPEN, "name": "first"}])],
    "a module with a condition": [config_map({"s.py": "import os\nif os:\n  DISABLE_SIGNUP_WITHOUT_LINK = bool(0)\n"})],
    "a module in base64": [config_map({}, binaryData={"s.py": encoded("DISABLE_SIGNUP_WITHOUT_LINK = False\n")})],
    "a module in a Secret": [secret("s", **{"s.py": "DISABLE_SIGNUP_WITHOUT_LINK = False\n"})],
    "a module under the program's name": [
        ("pulumi:providers:kubernetes", {"context": "production"}),
        deploy(
            {
                **CONTAINER,
                "env": [
                    *CONTAINER["env"],
                    {"name": "DJANGO_SETTINGS_MODULE", "value": "stack_settings"},
                    {"name": "PYTHONPATH", "value": "/etc/label-studio/settings:/label-studio"},
                ],
                "volumeMounts": [{"name": "s", "mountPath": "/etc/label-studio/settings"}],
            },
            volumes=[{"name": "s", "configMap": {"name": "settings"}}],
        ),
        config_map({"stack_settings.py": "globals()['DISABLE_SIGNUP' + '_WITHOUT_LINK'] = False\n"}),
    ],
    **{
        f"the loader: {name}": [page(**{name: value})]
        for name, value in {
            "PYTHONSTARTUP": "/mnt/a.py", "LD_PRELOAD": "/mnt/a.so", "BASH_ENV": "/mnt/a", "UWSGI_ENV": "A=b",
            "PYTHONPATH": "/mnt/code", "DJANGO_SETTINGS_MODULE": "a.settings", "PATH": "/mnt/bin", "OPENSSL_CONF": "/mnt/o",
        }.items()
    },
    **{
        f"a command: {' '.join(command)}": [deploy({**CONTAINER, "command": list(command), "args": []})]
        for command in (
            ("python3", "-c", "import os; os.execvp('label-studio-uwsgi', ['a'])"),
            ("uwsgi", "--ini", "/label-studio/deploy/uwsgi.ini", "--env", f"{SIGNUP}=0"),
            ("python3", "/label-studio/label_studio/manage.py", "runserver", "--settings=a"),
            ("/bin/bash", "-ec", f"export {SIGNUP}=0\nexec label-studio-uwsgi"),
            ("setpriv", "--reset-env", "label-studio-uwsgi"),
            ("sh", "/mnt/start.sh"),
        )
    },
    "a patch": [patched_page(env=[{"name": SIGNUP, "value": "false"}])],
    "a patch of the wrapper": [patched_page(env=[{"name": "CMD_WRAPPER", "value": "env A=b"}])],
    "a patch of the sources": [patched_page(envFrom=[{"secretRef": {"name": "a"}}])],
    "a patch of the command": [patched_page(command=["env", "-u", SIGNUP, "label-studio-uwsgi"])],
    "a patch that deletes": [patched_page(env=[{"name": SIGNUP, "$patch": "delete"}])],
}  # fmt: skip

TRAFFIC: dict[str, list[Given]] = {
    **{f"redirects: {value!r}": [ingress({f"{NGINX}/ssl-redirect": value})] for value in ("0", "off", "FALSE", False)},
    "both entry points": [ingress({f"{TRAEFIK}/router.entrypoints": "websecure, web"}, "traefik")],
    "no TLS of the router": [
        ingress({f"{TRAEFIK}/router.entrypoints": "websecure", f"{TRAEFIK}/router.tls": "false"}, "traefik")
    ],
    "Traefik's default": [ingress({}, "traefik")],
    "Google's default": [ingress({}, "gce")],
    "Kong's default": [ingress({}, "kong")],
    "a class of nobody": [ingress({}, "somebody")],
    "Amazon's http": [ingress({"alb.ingress.kubernetes.io/listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]'}, "alb")],
    "Amazon's certificate without https": [
        ingress({"alb.ingress.kubernetes.io/certificate-arn": CERTIFICATE, "alb.ingress.kubernetes.io/listen-ports": '[{"HTTP":80}]'},
                "alb", tls=False)
    ],
    "a snippet": [ingress({f"{NGINX}/server-snippet": "listen 80;"})],
    "an annotation of nobody": [ingress({"ingress.example.com/plain": "yes"})],
    "a FrontendConfig that redirects nothing": [
        ("networking.gke.io/v1beta1:FrontendConfig", {"metadata": METADATA, "spec": {"sslPolicy": "a"}})
    ],
    "a class that lies": [
        ingress({}, "nginx"),
        ("networking.k8s.io/v1:IngressClass", {"metadata": {"name": "nginx"}, "spec": {"controller": "traefik.io/ingress-controller"}}),
    ],
    "a patch of an annotation": [(
        "networking.k8s.io/v1:IngressPatch", {"metadata": {**METADATA, "annotations": {f"{NGINX}/ssl-redirect": "false"}}})],
    "a patch of the class": [patch("networking.k8s.io/v1:Ingress", spec={"ingressClassName": "gce"})],
    "a patch of the rules": [patch("networking.k8s.io/v1:Ingress", spec={"rules": [{"host": "a.example.com"}]})],
    "a patch of the certificates": [patch("networking.k8s.io/v1:Ingress", spec={"tls": []})],
    "a balancer": [service({"type": "LoadBalancer", "ports": [{"port": 80}]})],
    "a balancer on 443 before plain http": [
        service({"type": "LoadBalancer", "ports": [{"port": 443, "name": "https", "targetPort": 8085}]})
    ],
    "a balancer with TLS on one of two ports": [
        service({"type": "LoadBalancer", "ports": [{"port": 80}, {"port": 443}]}, **{f"{AWS}-cert": CERTIFICATE, f"{AWS}-ports": "443"})
    ],
    "an address of the node": [service({"externalIPs": ["203.0.113.7"], "ports": [{"port": 80}]})],
    "a patch of the type": [patch("core/v1:Service", spec={"type": "NodePort"})],
    "a port of the node": [deploy({**CONTAINER, "ports": [{"containerPort": 8080, "hostPort": 80}]})],
    "a service of the operator": [cnpg(managed={"services": {"additional": [{"serviceTemplate": {"spec": {"type": "LoadBalancer"}}}]}})],
    "a store that is exposed": [("minio.min.io/v2:Tenant", {"metadata": METADATA, "spec": {"exposeServices": {"minio": True}}})],
    "a database that is exposed": [("acid.zalan.do/v1:postgresql", {"metadata": METADATA, "spec": {
        "enableMasterLoadBalancer": True, "postgresql": {"version": "16"}, "resources": RESOURCES}})],
    "a queue that is exposed": [("middleware.alauda.io/v1:Redis", {"metadata": METADATA, "spec": {
        "arch": "standalone", "expose": {"type": "NodePort"}, "resources": RESOURCES}})],
    **{kind: [(kind, {"metadata": METADATA, "spec": {}})] for kind in UNKNOWN_KINDS},
}  # fmt: skip

SECRETS: dict[str, list[Given]] = {
    "an option": [tool("tool", "--password", PASSWORD)],
    "an option with =": [tool(f"--db-password={PASSWORD}")],
    "a property": [tool(f"-Ddb.password={PASSWORD}")],
    "curl -u": [tool("curl", "-u", f"admin:{PASSWORD}", "http://a")],
    "curl -H": [tool("curl", "-H", f"Authorization: Bearer {PASSWORD}")],
    "a variable before a command": [tool(command=["sh", "-c", f"PGPASSWORD={PASSWORD} psql"])],
    "mysql -p": [tool("sh", "-c", f"mysql -uroot -p{PASSWORD}")],
    "redis-cli -a": [tool("redis-cli", "-a", PASSWORD, "ping")],
    "requirepass": [tool("redis-server", "--requirepass", PASSWORD)],
    "a probe": [tool(livenessProbe={"exec": {"command": ["sh", "-c", f"PGPASSWORD={PASSWORD} pg_isready"]}})],
    "a header of a probe": [
        tool(livenessProbe={"httpGet": {"port": 80, "httpHeaders": [{"name": "Authorization", "value": "Basic YTpiMTIzNDU2"}]}})
    ],
    "a hook": [tool(lifecycle={"preStop": {"exec": {"command": ["curl", "-u", f"a:{PASSWORD}"]}}})],
    **{
        f"a variable: {text}": [tool(env=[{"name": "A", "value": text}])]
        for text in (
            f"host=a user=b password={PASSWORD}", f"jdbc:postgresql://h/db?user=a&password={PASSWORD}",
            f"Driver=x;UID=a;PWD={PASSWORD}", f"mongodb+srv://u:{PASSWORD}@h/x", json.dumps({"a": {"client_secret": PASSWORD}}),
        )
    },
    **{
        f"a file: {name}": [config_map({name: text})]
        for name, text in {
            "a.ini": f"[db]\nuser = a\npassword = {PASSWORD}\n", "a.toml": f'[db]\npassword="{PASSWORD}"\n',
            "a.xml": f"<a><password>{PASSWORD}</password></a>", "a.properties": f"spring.datasource.password={PASSWORD}",
            "a.yaml": f"db: {{user: a, password: {PASSWORD}}}", "b.yaml": f"- name: DB_PASSWORD\n  value: {PASSWORD}\n",
            "pgpass": f"pg:5432:db:user:{PASSWORD}", "auth": "admin:$apr1$abc$0123456789abcdefghijk/", "netrc":
            f"machine a login b password {PASSWORD}", "users.acl": f"user default on >{PASSWORD} ~* +@all",
            "escaped": json.dumps(json.dumps({"password": PASSWORD})), "in-a-url": f"redis%3A%2F%2F%3A{PASSWORD}%40h%3A6379",
            "encoded": encoded(f"password={PASSWORD}-and-more"), "init.sql": f"ALTER USER a WITH PASSWORD '{PASSWORD}';",
            "docker.json": json.dumps({"auths": {"r": {"auth": encoded(f"u:{PASSWORD}")}}}),
            "connection": f"Server=a;User Id=b;Password={PASSWORD};", "POSTGRES_PASSWORD": PASSWORD,
            "azure": f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={encoded('x' * 64)}",
            "credentials": "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
        }.items()
    },
    "a binary entry": [config_map({}, binaryData={"a": encoded(f"password={PASSWORD}")})],
    "an annotation": [("core/v1:ConfigMap", {"metadata": {**METADATA, "annotations": {"example.com/password": PASSWORD}}})],
    "a label": [("core/v1:ConfigMap", {"metadata": {**METADATA, "labels": {"token": PASSWORD}}})],
    "a volume": [
        deploy(None, volumes=[{"name": "a", "csi": {"driver": "smb", "volumeAttributes": {"password": PASSWORD}}}])
    ],
    "SQL of a database": [cnpg(bootstrap={"initdb": {"postInitSQL": [f"ALTER USER x WITH PASSWORD '{PASSWORD}'"]}})],
    "a connection of a database": [cnpg(externalClusters=[{"name": "a", "connectionParameters": {"password": PASSWORD}}])],
    "a store of secrets that is none": [("external-secrets.io/v1:SecretStore", {"metadata": METADATA, "spec": {
        "provider": {"fake": {"data": [{"key": "a", "value": PASSWORD}]}}}})],
    "a template of a SealedSecret": [("bitnami.com/v1alpha1:SealedSecret", {"metadata": METADATA, "spec": {
        "encryptedData": {"a": "AgB"}, "template": {"data": {"password": PASSWORD}}}})],
    "a list": [("core/v1:ConfigMapList", {"items": [{"metadata": METADATA, "data": {"password": PASSWORD}}]})],
    "a patch": [patch("core/v1:ConfigMap", data={"password": PASSWORD})],
    "the value of a Secret": [secret("a", password=VALUE), config_map({"a": f"before {VALUE} after"})],
    "the value of a Secret in base64": [secret("a", password=VALUE), config_map({"a": encoded(f"ab {VALUE} c")})],
    "the value of a Secret in an annotation": [
        secret("a", password=VALUE), ("core/v1:ConfigMap", {"metadata": {**METADATA, "annotations": {"a": VALUE}}})
    ],
    "the value of an encoded Secret": [
        ("core/v1:Secret", {"metadata": METADATA, "data": {"password": encoded(VALUE)}}), tool("--key", VALUE)
    ],
    "the value of a generated password": [
        ("random:index/randomPassword:RandomPassword", {"result": "q8" * 12}), config_map({"a": "q8" * 12})
    ],
    "a root key under another name": [ROOT, COPY],
    "a root key under another name, read": [
        ROOT, COPY, deploy({**CONTAINER, "env": [*CONTAINER["env"], FROM_COPY]})
    ],
    "a root key in a set-up container": [
        deploy(None, initContainers=[{**BASE, "name": "a", "image": "docker.io/library/b:1.2", "envFrom": [
            {"secretRef": {"name": "store-root"}}]}])
    ],
    "a root key of a project": [("label-studio:projects:AnnotationProject", {"credentials": "store-root"})],
}  # fmt: skip

STACKS: dict[str, list[Given]] = {
    "two clusters": [("pulumi:providers:kubernetes", {"context": "a"}), ("pulumi:providers:kubernetes", {"context": "b"})],
    "a command": [("command:local:Command", {"create": "kubectl apply -f https://example.com/a.yaml"})],
    "a role of everything": [
        ("rbac.authorization.k8s.io/v1:ClusterRole", {"metadata": {"name": "a"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]})
    ],
    "an administrator": [("rbac.authorization.k8s.io/v1:ClusterRoleBinding", {"metadata": {"name": "a"}, "roleRef": {
        "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}, "subjects": []})],
    "a text in a list": [("core/v1:List", {"items": ["text"]})],
    "a field of nobody": [deploy(None, hostSomething=True)],
}  # fmt: skip
GROUPS = {"environment": ENVIRONMENT, "traffic": TRAFFIC, "secrets": SECRETS, "stacks": STACKS}
ALL = {f"{group}: {name}": given for group, cases in GROUPS.items() for name, given in cases.items()}
