"""Requests a second with connections to the database that are kept, against a new one for each request.

Two pods of the same image run at once; the settings module of the second one has ``CONN_MAX_AGE`` 0, as Label Studio
has it. The same clients ask both in turn.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx

from bench.page import ANNOTATION, administrator, log_in, new_project
from bench.variants import address, running, served, variant
from components.label_studio.mounts import SETTINGS_MODULE, SETTINGS_VOLUME
from local.cluster.api import Api, Object

CLIENTS = 8
SECONDS = 10.0
ROUNDS = 5
WITHOUT = "\nDATABASES['default']['CONN_MAX_AGE'] = 0\n"
Request = Callable[[httpx.Client], httpx.Response]


def measure(api: Api) -> Iterator[str]:
    """One line for each kind of request."""
    deployment = served(api)
    kept, new, settings = _pods(api, deployment)
    with running(api, settings, kept, new):
        pods = {"kept": address(api, kept), "new": address(api, new)}
        clients = {
            name: [log_in(url, *administrator(api, deployment)) for _ in range(CLIENTS)] for name, url in pods.items()
        }
        project, task = new_project(clients["kept"][0])
        try:
            yield _line("project list", clients, lambda http: http.get("/api/projects/"))
            yield _line(
                "posting an annotation",
                clients,
                lambda http: http.post(f"/api/tasks/{task}/annotations/", json=ANNOTATION),
            )
        finally:
            clients["kept"][0].delete(f"/api/projects/{project}/").raise_for_status()


def _pods(api: Api, deployment: Object) -> tuple[Object, Object, Object]:
    namespace = deployment["metadata"]["namespace"]
    kept, new = (variant(deployment, f"bench-{name}") for name in ("kept", "new"))
    [volume] = [each for each in new["spec"]["template"]["spec"]["volumes"] if each["name"] == SETTINGS_VOLUME]
    modules = api.get(f"/api/v1/namespaces/{namespace}/configmaps/{volume['configMap']['name']}")["data"]
    module = f"{SETTINGS_MODULE}.py"
    settings = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "bench-new", "namespace": namespace},
        "data": {**modules, module: modules[module] + WITHOUT},
    }
    volume["configMap"] = {"name": "bench-new"}
    return kept, new, settings


def _line(name: str, clients: Mapping[str, list[httpx.Client]], request: Request) -> str:
    rates: dict[str, list[float]] = {pod: [] for pod in clients}
    for pod in clients:
        _rate(clients[pod], request, 2)
    for _ in range(ROUNDS):
        for pod, own in clients.items():
            rates[pod].append(_rate(own, request, SECONDS))
    kept, new = (statistics.median(rates[pod]) for pod in ("kept", "new"))
    ratios = [first / second for first, second in zip(rates["kept"], rates["new"], strict=True)]
    return (
        f"{name}, {CLIENTS} clients: kept connections {kept:.1f}/s, one for each request {new:.1f}/s, "
        f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f} in {ROUNDS} rounds)"
    )


def _rate(clients: list[httpx.Client], request: Request, seconds: float) -> float:
    until = time.monotonic() + seconds

    def ask(http: httpx.Client) -> int:
        answered = 0
        while time.monotonic() < until:
            request(http).raise_for_status()
            answered += 1
        return answered

    began = time.monotonic()
    with ThreadPoolExecutor(len(clients)) as threads:
        answered = sum(threads.map(ask, clients))
    return answered / (time.monotonic() - began)
