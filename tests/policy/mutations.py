"""What somebody might do to a stack, and the policy that has to stop it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.policy.support import CONTAINER, METADATA, MISSING, SECRET, changed, deployment

VARS = "global.extraEnvironmentVars"
S3 = "global.persistence.config.s3"
SIGNUP = f"{VARS}.LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK"
TLS = "app.ingress.tls"
CONTEXT = "app.containerSecurityContext"


@dataclass(frozen=True)
class Mutation:
    """A change of the values of the production stack's release.

    ``fixed`` where the embedded chart makes of the values what is right, so that nothing is left to stop.
    """

    name: str
    policy: str
    path: str
    value: Any
    message: str
    fixed: bool = False

    def values(self, values: Mapping[str, Any]) -> Any:
        """The values with the change made."""
        return changed(values, self.path, self.value)


MUTATIONS = [
    Mutation("signup-on", "signup-disabled", SIGNUP, "false", "is off"),
    Mutation("signup-on-boolean", "signup-disabled", SIGNUP, False, "is off"),
    Mutation("signup-missing", "signup-disabled", SIGNUP, MISSING, "is not set"),
    Mutation("signup-misspelt", "signup-disabled", SIGNUP, "enabled", "does not start with it"),
    Mutation("signup-empty", "signup-disabled", SIGNUP, "", "does not start with it"),
    Mutation(
        "signup-overridden",
        "signup-disabled",
        "app.extraEnvironmentVars.LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK",
        "no",
        "is off",
    ),
    Mutation("signup-lower-case", "signup-disabled", SIGNUP.replace("LABEL_STUDIO_D", "label_studio_d"), 0, "is off"),
    Mutation(
        "signup-from-a-secret",
        "signup-disabled",
        "app.extraEnvironmentSecrets.LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK",
        {"secretName": "a", "secretKey": "b"},
        "comes from a Secret",
    ),
    Mutation("tls-empty", "ingress-tls", TLS, [], "missing or empty"),
    Mutation("tls-missing", "ingress-tls", TLS, MISSING, "missing or empty"),
    Mutation("tls-without-secret", "ingress-tls", f"{TLS}[0].secretName", MISSING, "has no secretName"),
    Mutation("tls-without-host", "ingress-tls", f"{TLS}[0].hosts", [], "has no hosts", fixed=True),
    Mutation("tls-for-another-host", "ingress-tls", f"{TLS}[0].hosts", ["a.example.com"], "lists the host"),
    Mutation("ingress-on-an-address", "ingress-tls", "app.ingress.host", "203.0.113.7", "is an IP address"),
    Mutation(
        "ingress-on-http-too",
        "ingress-tls",
        "app.ingress.annotations",
        {"nginx.ingress.kubernetes.io/ssl-redirect": "false"},
        "plain http",
    ),
    Mutation(
        "host-on-http", "host-https", f"{VARS}.LABEL_STUDIO_HOST", "http://label-studio.example.com", "plain http"
    ),
    Mutation(
        "host-is-an-address", "host-https", f"{VARS}.LABEL_STUDIO_HOST", "https://203.0.113.7", "is an IP address"
    ),
    Mutation(
        "no-administrator",
        "administrator-present",
        "app.extraEnvironmentSecrets.LABEL_STUDIO_PASSWORD",
        MISSING,
        "no administrator",
    ),
    Mutation(
        "administrator-in-capitals",
        "administrator-present",
        "app.extraEnvironmentVars.LABEL_STUDIO_USERNAME",
        "Admin@example.com",
        "in lower case",
    ),
    Mutation("load-balancer", "service-exposure", "app.service.type", "LoadBalancer", "without TLS"),
    Mutation("node-port", "service-exposure", "app.service.type", "NodePort", "without TLS"),
    Mutation("service-by-default", "service-exposure", "app.service", MISSING, "ClusterIP"),
    Mutation("cookies-misspelt", "cookies-secure", f"{VARS}.SESSION_COOKIE_SECURE", "true", "neither 0 nor 1"),
    Mutation("cookies-missing", "cookies-secure", f"{VARS}.SESSION_COOKIE_SECURE", MISSING, "is not set"),
    Mutation("csrf-off", "csrf-enforced", f"{VARS}.USE_ENFORCE_CSRF_CHECKS", False, "is off"),
    Mutation("csrf-for-everybody", "csrf-enforced", f"{VARS}.CSRF_TRUSTED_ORIGINS", "https://*", "a pattern"),
    Mutation(
        "secret-variable", "no-plaintext-secrets", f"{VARS}.AWS_SECRET_ACCESS_KEY", SECRET, "AWS_SECRET_ACCESS_KEY"
    ),
    Mutation(
        "secret-in-a-url",
        "no-plaintext-secrets",
        "global.redisConfig.host",
        f"redis://:{SECRET}@redis:6379/1",
        "a URL with a password",
    ),
    Mutation("redis-sentinel", "redis-standalone", "global.redisConfig.host", "redis+sentinel://a:26379", "sentinels"),
    Mutation("redis-cluster", "redis-standalone", "global.redisConfig.host", "redis://a:6379,b:6379", "several hosts"),
    Mutation("image-moves", "images-pinned", "global.image.tag", "latest", "no tag of one release"),
    Mutation("image-from-elsewhere", "image-registries", "global.image.registry", "quay.io", "not allowed"),
    Mutation("pods-as-root", "pods-restricted", f"{CONTEXT}.runAsUser", 0, "root"),
    Mutation("pods-with-privileges", "pods-restricted", f"{CONTEXT}.allowPrivilegeEscalation", True, "false"),
    Mutation("no-limits", "resource-limits", "app.resources.limits", MISSING, "limits.memory"),
    Mutation(
        "more-than-nginx",
        "environment-readable",
        "app.nginx.args",
        ["sh", "-c", "A=0 label-studio-uwsgi & exec nginx"],
        "more than to start nginx",
    ),
    Mutation("no-limits-of-nginx", "resource-limits", "app.nginx.resources", {}, "limits.memory"),
    Mutation("telemetry-on", "telemetry-off", f"{VARS}.COLLECT_ANALYTICS", True, "is on"),
    Mutation("sentry-by-default", "telemetry-off", f"{VARS}.SENTRY_DSN", MISSING, "the vendor's"),
    Mutation("root-key", "root-keys-contained", f"{S3}.secretKeyExistingSecret", "store-root", "root key"),
]

SECRET_VALUE = "zebra-quux-77"
Resources = list[tuple[str, str, dict[str, Any], str, str]]
RAW: Resources = [
    (
        "raw-ingress",
        "kubernetes:networking.k8s.io/v1:Ingress",
        {"spec": {"rules": [{"host": "a.example.com"}]}},
        "ingress-tls",
        "spec.tls is missing",
    ),
    (
        "raw-gateway",
        "kubernetes:gateway.networking.k8s.io/v1:Gateway",
        {"spec": {"listeners": [{"name": "http", "protocol": "HTTP", "port": 80}]}},
        "gateway-routes",
        "is of plain http",
    ),
    (
        "raw-route",
        "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute",
        {"spec": {"hostnames": ["a.example.com"], "parentRefs": [{"name": "gateway"}]}},
        "gateway-routes",
        "plain http too",
    ),
    (
        "raw-service",
        "kubernetes:core/v1:Service",
        {"spec": {"type": "NodePort", "ports": [{"port": 80}]}},
        "service-exposure",
        "write ClusterIP",
    ),
    (
        "raw-secret",
        "kubernetes:core/v1:ConfigMap",
        {"data": {"redis.conf": f"requirepass {SECRET}\n"}},
        "no-plaintext-secrets",
        "a value for requirepass",
    ),
    (
        "raw-settings",
        "kubernetes:core/v1:ConfigMap",
        {"data": {"settings.py": "DISABLE_SIGNUP_WITHOUT_LINK = False\n"}},
        "environment-readable",
        "speaks of Label Studio's settings",
    ),
    (
        "raw-postgresql",
        "kubernetes:postgresql.cnpg.io/v1:Cluster",
        {"spec": {"imageName": "ghcr.io/cloudnative-pg/postgresql:12.22"}},
        "postgresql-version",
        "is PostgreSQL 12",
    ),
    (
        "raw-redis",
        "kubernetes:middleware.alauda.io/v1:Redis",
        {"spec": {"arch": "sentinel"}},
        "redis-standalone",
        "must be standalone",
    ),
    ("raw-tenant", "kubernetes:minio.min.io/v2:Tenant", {"spec": {}}, "data-protected", "cluster.protectData: true"),
    (
        "raw-root-key",
        "kubernetes:core/v1:Secret",
        {"stringData": {"MINIO_ROOT_PASSWORD": SECRET}},
        "root-keys-contained",
        "call it <name>-root",
    ),
    (
        "raw-namespace",
        "kubernetes:core/v1:Namespace",
        {"metadata": {"name": "a"}},
        "pods-restricted",
        "enforce: restricted",
    ),
    (
        "raw-place",
        "kubernetes:core/v1:ConfigMap",
        {"metadata": {"name": "a", "namespace": "default"}},
        "namespace-explicit",
        "shared with everything else",
    ),
    (
        "raw-certificate",
        "kubernetes:gateway.networking.k8s.io/v1:Gateway",
        {"spec": {"listeners": [{"name": "https", "protocol": "HTTPS", "port": 443}]}},
        "gateway-tls",
        "has no certificate",
    ),
    ("raw-kind", "kubernetes:traefik.io/v1alpha1:IngressRoute", {"spec": {}}, "kinds-known", "admittedKinds"),
    (
        "raw-rights",
        "kubernetes:rbac.authorization.k8s.io/v1:Role",
        {"rules": [{"apiGroups": [""], "resources": ["*"], "verbs": ["*"]}]},
        "rights-limited",
        "list the verbs",
    ),
    (
        "raw-copy",
        "kubernetes:core/v1:ConfigMap",
        {"data": {"note": f"it is {SECRET_VALUE}"}},
        "secrets-contained",
        "contains the value of Secret",
    ),
    (
        "raw-source",
        "kubernetes:apps/v1:Deployment",
        deployment({**CONTAINER, "envFrom": [{"secretRef": {"name": "elsewhere"}}]}),
        "environment-whole",
        "unseen",
    ),
    (
        "raw-root-copy",
        "kubernetes:core/v1:Secret",
        {"metadata": {**METADATA, "name": "copy"}, "stringData": {"key": SECRET}},
        "root-keys-separate",
        "is the root key of a store",
    ),
    (
        "raw-class",
        "kubernetes:networking.k8s.io/v1:Ingress",
        {
            "spec": {
                "ingressClassName": "public",
                "rules": [{"host": "a.example.com"}],
                "tls": [{"secretName": "a", "hosts": ["a.example.com"]}],
            }
        },
        "ingress-controllers",
        "serves plain http",
    ),
]
# What others among them are wrong beside, and right by itself.
BESIDE: list[tuple[str, str, dict[str, Any]]] = [
    ("own", "kubernetes:core/v1:Secret", {"stringData": {"password": SECRET_VALUE}}),
    (
        "class",
        "kubernetes:networking.k8s.io/v1:IngressClass",
        {"metadata": {"name": "public"}, "spec": {"controller": "traefik.io/ingress-controller"}},
    ),
]
