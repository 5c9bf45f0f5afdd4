"""Requests a second with connections to the database that are kept, against a new one for each request.

Two pods of the same image run at once; the settings module of the second one has ``CONN_MAX_AGE`` 0, as Label Studio
has it. The same clients ask both in turn.
"""

from __future__ import annotations

import base64
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx

from bench.variants import address, running, served, variant
from components.label_studio.mounts import SETTINGS_MODULE, SETTINGS_VOLUME
from local.cluster.api import Api, Object

CLIENTS = 8
SECONDS = 10.0
ROUNDS = 5
WITHOUT = "\nDATABASES['default']['CONN_MAX_AGE'] = 0\n"
LABELLING = """
<View>
  <Text name="text" value="$text"/>
  <Choices name="kind" toName="text"><Choice value="cat"/><Choice value="dog"/></Choices>
</View>
"""
ANNOTATION = {"result": [{"from_name": "kind", "to_name": "text", "type": "choices", "value": {"choices": ["cat"]}}]}
Request = Callable[[httpx.Client], httpx.Response]


def measure(api: Api) -> Iterator[str]:
    """One line for each kind of request."""
    deployment = served(api)
    kept, new, settings = _pods(api, deployment)
    with running(api, settings, kept, new):
        pods = {"kept": address(api, kept), "new": address(api, new)}
        clients = {
            name: [_log_in(url, *_administrator(api, deployment)) for _ in range(CLIENTS)] for name, url in pods.items()
        }
        project, task = _project(clients["kept"][0])
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


def _administrator(api: Api, deployment: Object) -> tuple[str, str]:
    namespace = deployment["metadata"]["namespace"]
    [app] = [each for each in deployment["spec"]["template"]["spec"]["containers"] if each["name"] == "app"]
    variables = {each["name"]: each for each in app["env"]}
    reference = variables["LABEL_STUDIO_PASSWORD"]["valueFrom"]["secretKeyRef"]
    secret = api.get(f"/api/v1/namespaces/{namespace}/secrets/{reference['name']}")["data"][reference["key"]]
    return str(variables["LABEL_STUDIO_USERNAME"]["value"]), base64.b64decode(secret).decode()


def _log_in(url: str, email: str, password: str) -> httpx.Client:
    http = httpx.Client(base_url=url, timeout=120, trust_env=False)
    http.get("/user/login/").raise_for_status()
    form = {"email": email, "password": password, "csrfmiddlewaretoken": http.cookies["csrftoken"]}
    assert http.post("/user/login/", data=form, headers={"Referer": url}).is_redirect, "the administrator cannot log in"
    http.headers.update({"X-CSRFToken": http.cookies["csrftoken"], "Referer": url})
    return http


def _project(http: httpx.Client) -> tuple[int, int]:
    project = _json(http.post("/api/projects/", json={"title": "Bench", "label_config": LABELLING}))["id"]
    _json(http.post(f"/api/projects/{project}/import", json=[{"text": "a cat"}]))
    return project, _json(http.get("/api/tasks", params={"project": project}))["tasks"][0]["id"]


def _json(response: httpx.Response) -> Object:
    response.raise_for_status()
    document: Object = response.json()
    return document
