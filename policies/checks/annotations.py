"""Annotations that other software acts on: those of pods and of Services that change nothing that a policy looks at.

A controller may open a Service to the world, attach a pod to another network or put code into its containers because an
annotation says so, so only known ones pass. Annotations of an Ingress are in ``controllers``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .resources import Manifest
from .values import UNKNOWN, at, mapping, walk

ANY = r".*"
# Tools that only note something for themselves, whatever the object. A name without a prefix is read by no controller.
NOTES = {
    r"[\w.-]+": ANY,
    r"(meta\.helm\.sh|helm\.sh|pulumi\.com|argocd\.argoproj\.io|argocd-image-updater\.argoproj\.io)/.+": ANY,
    r"(kubectl|app|deployment|autoscaling\.alpha)\.kubernetes\.io/.+": ANY,
    r"(checksum|config\.kubernetes\.io|([\w-]+\.)?(reloader|forecastle)\.stakater\.com|gethomepage\.dev)/.+": ANY,
    r"(reflector\.v1\.k8s\.emberstack\.com|kustomize\.toolkit\.fluxcd\.io|meta\.flux\.weave\.works)/.+": ANY,
    r"(field|cattle|lifecycle)\.cattle\.io/.+": ANY,
    r"(prometheus\.io|backup\.velero\.io|pre\.hook\.backup\.velero\.io|kubecost\.com|opencost\.io)/.+": ANY,
}
SERVICES = {
    # Load balancers: whether they end TLS is asked of every Service that has one.
    r"service(\.alpha|\.beta)?\.kubernetes\.io/.+": ANY,
    r"(metallb\.universe\.tf|metallb\.io|io\.cilium|lbipam\.cilium\.io|kube-vip\.io)/.+": ANY,
    r"(loadbalancer\.openstack\.org|load-balancer\.hetzner\.cloud|oci\.oraclecloud\.com)/.+": ANY,
    r"kubernetes\.(civo|digitalocean)\.com/.+": ANY,
    r"networking\.gke\.io/(load-balancer-[\w-]+|internal-load-balancer-[\w-]+|weighted-load-balancing)": ANY,
    r"cloud\.google\.com/(app-protocols|backend-config|l4-rbs|load-balancer-type|network-tier)": ANY,
    # A group of endpoints for an Ingress; `exposed_ports` makes one that anything may send to.
    r"cloud\.google\.com/neg": r'\s*\{\s*"ingress"\s*:\s*(true|false)\s*\}\s*',
    # How a controller speaks to the servers behind a route.
    r"(alb|traefik|nginx)\.ingress\.kubernetes\.io/.+": ANY,
    r"ingress\.kubernetes\.io/(service-upstream|affinity|session-cookie-\w+)": ANY,
    r"projectcontour\.io/(upstream-protocol\.\w+|max-\w+(-\w+)*|per-host-max-connections)": ANY,
    r"konghq\.com/(protocol|path|connect-timeout|read-timeout|write-timeout|retries|host-header|plugins)": ANY,
    r"haproxy\.org/[\w-]+": ANY,
    r"(external-dns\.alpha\.kubernetes\.io|networking\.istio\.io)/.+": ANY,
    r"config\.linkerd\.io/opaque-ports": ANY,
    r"service\.(alpha|beta)\.openshift\.io/serving-cert-secret-name": ANY,
}
PODS = {
    r"(cluster-autoscaler\.kubernetes\.io|karpenter\.sh|descheduler\.alpha\.kubernetes\.io)/.+": ANY,
    # The values of these are checked with the security of the pod.
    r"container\.apparmor\.security\.beta\.kubernetes\.io/.+": ANY,
    # A mesh's sidecar beside the containers; one that is told to let a port by changes what the network rules see.
    r"sidecar\.istio\.io/(inject|proxyCPU|proxyMemory|proxyCPULimit|proxyMemoryLimit|rewriteAppHTTPProbers)": ANY,
    r"proxy\.istio\.io/config": r"\s*holdApplicationUntilProxyStarts: true\s*|\{\s*\"holdApplicationUntilProxyStarts\":"
    r"\s*true\s*\}",
    r"traffic\.sidecar\.istio\.io/excludeOutbound(Ports|IPRanges)": ANY,
    r"linkerd\.io/inject": r"enabled|disabled|ingress",
    r"config\.linkerd\.io/(proxy-(cpu|memory)-(request|limit)|opaque-ports|skip-outbound-ports)": ANY,
    # Files with secrets beside the container; one that reads variables from them is found by its command.
    r"vault\.hashicorp\.com/.+": ANY,
    # What an agent on the node does with logs and metrics.
    r"(fluentbit\.io|co\.elastic\.(logs|metrics)|ad\.datadoghq\.com|promtail\.io|k8s\.grafana\.com)/.+": ANY,
    r"(eks\.amazonaws\.com|gke-gcsfuse|controller\.kubernetes\.io)/.+": ANY,
    r"(iam\.amazonaws\.com/role|azure\.workload\.identity/[\w-]+|cni\.projectcalico\.org/ip(v4|v6)pools)": ANY,
    r"(kubernetes|cni\.cilium)\.io/(ingress-bandwidth|egress-bandwidth|limit-ranger|config\.\w+)": ANY,
    r"(cnpg\.io|alpha\.cnpg\.io)/.+": ANY,
}


def unread_annotations(manifest: Manifest, runs_pods: bool) -> Iterator[tuple[str, str]]:
    """The path of each annotation that the policies do not know, and its name; an unknown mapping has no name."""
    if (manifest.group, manifest.kind) == ("", "Service"):
        yield from _unread(manifest.annotations, "metadata.annotations", SERVICES)
    elif manifest.kind == "Gateway":
        given = at(manifest.body, "spec", "infrastructure", "annotations")
        yield from _unread(given, "spec.infrastructure.annotations", SERVICES)
    elif runs_pods:
        if manifest.kind == "Pod":
            yield from _unread(manifest.annotations, "metadata.annotations", PODS)
        for path, value in walk({key: each for key, each in manifest.body.items() if key != "metadata"}):
            if path.rpartition(".")[2] in ("annotations", "podAnnotations", "serviceAnnotations"):
                yield from _unread(value, path, {**PODS, **SERVICES} if "ervice" in path else PODS)


def _unread(annotations: Any, path: str, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if annotations is UNKNOWN:
        yield path, ""
    for name, value in mapping(annotations).items():
        if value is not None and not any(_fits(name, value, *each) for each in {**NOTES, **known}.items()):
            yield path, name


def _fits(name: str, value: Any, pattern: str, allowed: str) -> bool:
    # What only the update knows, such as a checksum, is asked about again.
    return bool(re.fullmatch(pattern, name)) and (
        value is UNKNOWN or bool(re.fullmatch(allowed, str(value), re.DOTALL))
    )
