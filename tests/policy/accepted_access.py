"""Ways in with TLS as sites have them, which no policy may refuse."""

from __future__ import annotations

from tests.policy.objects import (
    AWS,
    CERTIFICATE,
    NGINX,
    TRAEFIK,
    Given,
    cluster,
    ingress,
    named,
    route,
    service,
)
from tests.policy.support import HOST, METADATA

ALB = "alb.ingress.kubernetes.io"
GATEWAY = {
    "metadata": {**METADATA, "name": "gateway"},
    "spec": {
        "gatewayClassName": "cilium",
        "listeners": [
            {"name": "http", "protocol": "HTTP", "port": 80, "allowedRoutes": {"namespaces": {"from": "Same"}}},
            {
                "name": "tls",
                "protocol": "HTTPS",
                "port": 443,
                "hostname": HOST,
                "tls": {"certificateRefs": [{"name": "ls-tls"}]},
            },
        ],
    },
}


REDIRECT = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}]}
ACCESS: dict[str, list[Given]] = {
    "Amazon's balancer": [
        ingress(
            {
                f"{ALB}/certificate-arn": CERTIFICATE,
                f"{ALB}/listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
                f"{ALB}/ssl-redirect": "443",
                f"{ALB}/scheme": "internal",
                f"{ALB}/target-type": "ip",
                f"{ALB}/healthcheck-path": "/health",
                f"{ALB}/group.name": "tools",
                f"{ALB}/load-balancer-attributes": "idle_timeout.timeout_seconds=600",
            },
            "alb",
            tls=False,
        )
    ],
    "Amazon's certificate by the host": [ingress({f"{ALB}/listen-ports": '[{"HTTPS":443}]'}, "alb", tls=False)],
    "Google's certificate": [
        ingress(
            {
                "kubernetes.io/ingress.class": "gce",
                "kubernetes.io/ingress.allow-http": "false",
                "networking.gke.io/managed-certificates": "label-studio",
                "kubernetes.io/ingress.global-static-ip-name": "label-studio",
            },
            None,
            tls=False,
        ),
        named("networking.gke.io/v1:ManagedCertificate", spec={"domains": [HOST]}),
    ],
    "Google's redirect": [
        ingress(
            {"networking.gke.io/v1beta1.FrontendConfig": "it", "ingress.gcp.kubernetes.io/pre-shared-cert": "a"},
            "gce",
            tls=False,
        ),
        named("networking.gke.io/v1beta1:FrontendConfig", spec={"redirectToHttps": {"enabled": True}}),
    ],
    "Azure's gateway": [
        ingress(
            {
                "appgw.ingress.kubernetes.io/ssl-redirect": "true",
                "appgw.ingress.kubernetes.io/appgw-ssl-certificate": "a",
            },
            "azure-application-gateway",
            tls=False,
        )
    ],
    "Traefik": [ingress({f"{TRAEFIK}/router.entrypoints": "websecure", f"{TRAEFIK}/router.tls": "true"}, "traefik")],
    "OpenShift": [ingress({"route.openshift.io/termination": "edge"}, "openshift-default")],
    "HAProxy": [ingress({"haproxy.org/ssl-redirect": "true"}, "haproxy")],
    "cert-manager and external-dns": [
        ingress(
            {
                "cert-manager.io/cluster-issuer": "letsencrypt",
                "external-dns.alpha.kubernetes.io/hostname": HOST,
                f"{NGINX}/proxy-body-size": "200m",
                f"{NGINX}/proxy-read-timeout": "600",
                f"{NGINX}/proxy-buffering": "off",
                f"{NGINX}/whitelist-source-range": "10.0.0.0/8,192.168.0.0/16",
            }
        )
    ],
    "a log-in before the page": [
        ingress(
            {
                f"{NGINX}/auth-url": "https://oauth2.example.com/oauth2/auth",
                f"{NGINX}/auth-signin": "https://oauth2.example.com/start?rd=$escaped_request_uri",
                f"{NGINX}/auth-secret": "basic-auth",
                f"{NGINX}/auth-type": "basic",
            }
        )
    ],
    "sticky sessions": [ingress({f"{NGINX}/affinity": "cookie", f"{NGINX}/session-cookie-name": "route"})],
    "a class of the stack": [
        ingress({}),
        cluster("networking.k8s.io/v1:IngressClass", spec={"controller": "k8s.io/ingress-nginx"}),
    ],
    "a gateway that redirects": [
        ("gateway.networking.k8s.io/v1:Gateway", GATEWAY),
        route("http", **REDIRECT),
        route("tls", backendRefs=[{"name": "ls", "port": 80}]),
    ],
    "a gateway that is elsewhere": [
        named(
            "gateway.networking.k8s.io/v1:HTTPRoute",
            spec={
                "parentRefs": [{"name": "shared", "namespace": "gateways", "sectionName": "https"}],
                "hostnames": [HOST],
                "rules": [
                    {
                        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                        "backendRefs": [{"name": "a", "port": 80}],
                    }
                ],
            },
        )
    ],
    "a balancer of Amazon": [
        service(
            {"type": "LoadBalancer", "ports": [{"port": 443, "name": "https", "targetPort": 8085}]},
            **{f"{AWS}-cert": CERTIFICATE, f"{AWS}-ports": "https"},
        )
    ],
    "a server that speaks TLS": [
        service({"type": "LoadBalancer", "ports": [{"port": 443, "name": "https", "targetPort": 8443}]})
    ],
    "services that controllers know of": [
        service(
            {"ports": [{"port": 80}]},
            **{
                "prometheus.io/scrape": "true",
                "cloud.google.com/neg": '{"ingress": true}',
                "cloud.google.com/backend-config": '{"default": "label-studio"}',
                "traefik.ingress.kubernetes.io/service.sticky.cookie": "true",
            },
        ),
        service(
            {"type": "LoadBalancer", "ports": [{"port": 443, "name": "https", "targetPort": 8443}]},
            **{"metallb.io/address-pool": "a", "external-dns.alpha.kubernetes.io/hostname": HOST},
        ),
    ],
    "a headless service": [service({"clusterIP": "None", "ports": [{"port": 80}]})],
    "a name elsewhere": [service({"type": "ExternalName", "externalName": "pg.example.com"})],
}
