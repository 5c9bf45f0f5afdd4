"""Services that do not answer the page: its pods are ready all the same, since none of them would be better off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from components.label_studio.values import APP_NAME, HTTP_PORT

from .reasons import Object, Read

HEALTH = "/health"


def silent_services(read: Read, pods: Iterable[Object]) -> Iterator[str]:
    """Each service that a ready pod of the page waited for in vain within the last minute, and the pod.

    ``read`` gives None where the pod cannot be asked through the API server, which needs the right to ``pods/proxy``.
    """
    for pod in pods:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        if _is_page(pod) and _is_ready(pod):
            health = read(f"/api/v1/namespaces/{namespace}/pods/{name}:{HTTP_PORT}/proxy{HEALTH}") or {}
            yield from (f"{service} to {name} in {namespace}" for service in health.get("away", []))


def _is_page(pod: Object) -> bool:
    return bool(pod["metadata"].get("labels", {}).get("app.kubernetes.io/name") == APP_NAME)


def _is_ready(pod: Object) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
