"""Attacks that no schema tells of: what people have tried, and its relatives."""

from __future__ import annotations

from tests.policy.objects import (
    AWS,
    CERTIFICATE,
    NGINX,
    OPEN,
    SIGNUP,
    TRAEFIK,
    Given,
    cnpg,
    config_map,
    deploy,
    encoded,
    ingress,
    page,
    patch,
    patched_page,
    secret,
    service,
)
from tests.policy.refused_secrets import SECRETS
from tests.policy.support import CONTAINER, METADATA, RESOURCES, deployment

UNKNOWN_KINDS = [
    "traefik.io/v1alpha1:IngressRoute",
    "networking.istio.io/v1:VirtualService",
    "route.openshift.io/v1:Route",
    "projectcontour.io/v1:HTTPProxy",
    "k8s.nginx.org/v1:VirtualServer",
    "helm.toolkit.fluxcd.io/v2:HelmRelease",
    "argoproj.io/v1alpha1:Application",
    "helm.cattle.io/v1:HelmChart",
    "argoproj.io/v1alpha1:Rollout",
    "serving.knative.dev/v1:Service",
    "apps.openshift.io/v1:DeploymentConfig",
    "keda.sh/v1alpha1:ScaledJob",
    "postgresql.cnpg.io/v1:Pooler",
    "core/v1:Endpoints",
    "gateway.networking.k8s.io/v1alpha2:TCPRoute",
    "gateway.networking.k8s.io/v1:TLSRoute",
    "kyverno.io/v1:ClusterPolicy",
    "external-secrets.io/v1alpha1:PushSecret",
    "elbv2.k8s.aws/v1beta1:TargetGroupBinding",
]
REPORTS = {"cluster": {"name": "a"}, "name": "reports"}
ENVIRONMENT: dict[str, list[Given]] = {
    "a source of the stack": [
        deploy({**OPEN, "envFrom": [{"configMapRef": {"name": "settings"}}]}),
        config_map({SIGNUP: "no"}),
    ],
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
    "put together": [
        deploy({**OPEN, "env": [{"name": "NO", "value": "no"}, *OPEN["env"], {"name": SIGNUP, "value": "$(NO)"}]})
    ],
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
        f"settings of a server: {case}": [
            ("pulumi:providers:kubernetes", {"context": "production"}),
            deploy({**CONTAINER, "volumeMounts": [mount]}, volumes=[{"name": "s", "configMap": {"name": "settings"}}]),
            config_map({"uwsgi.ini": "[uwsgi]\nenv = A=b\n"}),
        ]
        for case, mount in {
            "unknown": {"name": "s", "mountPath": "/label-studio/deploy/uwsgi.ini", "subPath": "uwsgi.ini"},
            "under another name": {"name": "s", "mountPath": "/etc/nginx/nginx.conf", "subPath": "uwsgi.ini"},
            "with their folder": {"name": "s", "mountPath": "/label-studio/deploy"},
        }.items()
    },
    **{
        f"the loader: {name}": [page(**{name: value})]
        for name, value in {
            "PYTHONSTARTUP": "/mnt/a.py",
            "LD_PRELOAD": "/mnt/a.so",
            "BASH_ENV": "/mnt/a",
            "UWSGI_ENV": "A=b",
            "PYTHONPYCACHEPREFIX": "/mnt/code",
            "PYTHONPATH": "/mnt/code",
            "DJANGO_SETTINGS_MODULE": "a.settings",
            "PATH": "/mnt/bin",
            "OPENSSL_CONF": "/mnt/o",
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
            ("sh", "-c", 'trap \'exit $?\' TERM; "$0" "$@" & wait $!', "label-studio-uwsgi"),
        )
    },
    "a probe that starts the page": [
        deploy({**CONTAINER, "livenessProbe": {"exec": {"command": ["sh", "-c", f"{SIGNUP}=0 label-studio start &"]}}})
    ],
    "a patch": [patched_page(env=[{"name": SIGNUP, "value": "false"}])],
    "a patch of the wrapper": [patched_page(env=[{"name": "CMD_WRAPPER", "value": "env A=b"}])],
    "a patch of the sources": [patched_page(envFrom=[{"secretRef": {"name": "a"}}])],
    "a patch of the command": [patched_page(command=["env", "-u", SIGNUP, "label-studio-uwsgi"])],
    "a patch that deletes": [patched_page(env=[{"name": SIGNUP, "$patch": "delete"}])],
}

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
        ingress(
            {
                "alb.ingress.kubernetes.io/certificate-arn": CERTIFICATE,
                "alb.ingress.kubernetes.io/listen-ports": '[{"HTTP":80}]',
            },
            "alb",
            tls=False,
        )
    ],
    "a snippet": [ingress({f"{NGINX}/server-snippet": "listen 80;"})],
    "an annotation of nobody": [ingress({"ingress.example.com/plain": "yes"})],
    "a FrontendConfig that redirects nothing": [
        ("networking.gke.io/v1beta1:FrontendConfig", {"metadata": METADATA, "spec": {"sslPolicy": "a"}})
    ],
    "a class that lies": [
        ingress({}, "nginx"),
        (
            "networking.k8s.io/v1:IngressClass",
            {"metadata": {"name": "nginx"}, "spec": {"controller": "traefik.io/ingress-controller"}},
        ),
    ],
    "a patch of an annotation": [
        (
            "networking.k8s.io/v1:IngressPatch",
            {"metadata": {**METADATA, "annotations": {f"{NGINX}/ssl-redirect": "false"}}},
        )
    ],
    "a patch of the class": [patch("networking.k8s.io/v1:Ingress", spec={"ingressClassName": "gce"})],
    "a patch of the rules": [patch("networking.k8s.io/v1:Ingress", spec={"rules": [{"host": "a.example.com"}]})],
    "a patch of the certificates": [patch("networking.k8s.io/v1:Ingress", spec={"tls": []})],
    "a balancer": [service({"type": "LoadBalancer", "ports": [{"port": 80}]})],
    "a balancer on 443 before plain http": [
        service({"type": "LoadBalancer", "ports": [{"port": 443, "name": "https", "targetPort": 8085}]})
    ],
    "a balancer with TLS on one of two ports": [
        service(
            {"type": "LoadBalancer", "ports": [{"port": 80}, {"port": 443}]},
            **{f"{AWS}-cert": CERTIFICATE, f"{AWS}-ports": "443"},
        )
    ],
    "an address of the node": [service({"externalIPs": ["203.0.113.7"], "ports": [{"port": 80}]})],
    "a patch of the type": [patch("core/v1:Service", spec={"type": "NodePort"})],
    "a port of the node": [deploy({**CONTAINER, "ports": [{"containerPort": 8080, "hostPort": 80}]})],
    "a service of the operator": [
        cnpg(managed={"services": {"additional": [{"serviceTemplate": {"spec": {"type": "LoadBalancer"}}}]}})
    ],
    "a database that calls another host": [
        (
            "postgresql.cnpg.io/v1:Database",
            {"metadata": METADATA, "spec": {**REPORTS, "servers": [{"name": "there", "fdw": "postgres_fdw"}]}},
        )
    ],
    "a database that runs a library": [
        (
            "postgresql.cnpg.io/v1:Database",
            {"metadata": METADATA, "spec": {**REPORTS, "fdws": [{"name": "own", "handler": "own_handler"}]}},
        )
    ],
    "a role that may do everything": [
        ("postgresql.cnpg.io/v1:DatabaseRole", {"metadata": METADATA, "spec": {**REPORTS, "superuser": True}})
    ],
    "a store that is exposed": [
        ("minio.min.io/v2:Tenant", {"metadata": METADATA, "spec": {"exposeServices": {"minio": True}}})
    ],
    "a database that is exposed": [
        (
            "acid.zalan.do/v1:postgresql",
            {
                "metadata": METADATA,
                "spec": {"enableMasterLoadBalancer": True, "postgresql": {"version": "16"}, "resources": RESOURCES},
            },
        )
    ],
    "a queue that is exposed": [
        (
            "middleware.alauda.io/v1:Redis",
            {
                "metadata": METADATA,
                "spec": {"arch": "standalone", "expose": {"type": "NodePort"}, "resources": RESOURCES},
            },
        )
    ],
    **{kind: [(kind, {"metadata": METADATA, "spec": {}})] for kind in UNKNOWN_KINDS},
}

# Roles that give more than they say: the Secrets, processes and tokens of others.
RIGHTS = {
    "every Secret": ("", ["secrets"], ["list"]),
    "a shell in each pod": ("", ["pods/exec"], ["get"]),
    "tokens of others": ("", ["serviceaccounts/token"], ["create"]),
    "any pod": ("apps", ["deployments"], ["create"]),
    "any job": ("batch", ["jobs", "cronjobs"], ["patch"]),
    "code in each pod": ("admissionregistration.k8s.io", ["mutatingwebhookconfigurations"], ["update"]),
}

STACKS: dict[str, list[Given]] = {
    **{
        f"a role of {name}": [
            (
                "rbac.authorization.k8s.io/v1:Role",
                {"metadata": METADATA, "rules": [{"apiGroups": [group], "resources": resources, "verbs": verbs}]},
            )
        ]
        for name, (group, resources, verbs) in RIGHTS.items()
    },
    "names that a verb ignores": [
        (
            "rbac.authorization.k8s.io/v1:Role",
            {
                "metadata": METADATA,
                "rules": [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"], "verbs": ["list"]}],
            },
        )
    ],
    "two clusters": [
        ("pulumi:providers:kubernetes", {"context": "a"}),
        ("pulumi:providers:kubernetes", {"context": "b"}),
    ],
    "a command": [("command:local:Command", {"create": "kubectl apply -f https://example.com/a.yaml"})],
    "a role of everything": [
        (
            "rbac.authorization.k8s.io/v1:ClusterRole",
            {"metadata": {"name": "a"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]},
        )
    ],
    "an administrator": [
        (
            "rbac.authorization.k8s.io/v1:ClusterRoleBinding",
            {
                "metadata": {"name": "a"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
                "subjects": [],
            },
        )
    ],
    "a token that does not end": [
        (
            "core/v1:Secret",
            {
                "metadata": {**METADATA, "annotations": {"kubernetes.io/service-account.name": "label-studio"}},
                "type": "kubernetes.io/service-account-token",
            },
        )
    ],
    "a token to join the cluster": [
        ("core/v1:Secret", {"metadata": METADATA, "type": "bootstrap.kubernetes.io/token", "data": {}})
    ],
    "a text in a list": [("core/v1:List", {"items": ["text"]})],
    "a field of nobody": [deploy(None, hostSomething=True)],
}
GROUPS = {"environment": ENVIRONMENT, "traffic": TRAFFIC, "secrets": SECRETS, "stacks": STACKS}
ALL = {f"{group}: {name}": given for group, cases in GROUPS.items() for name, given in cases.items()}
