"""Declared model servers with the released packages of Label Studio; loopback stands for a Service."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page

from components.annotation_project.declaration import model_webhook
from components.annotation_project.job.api import LabelStudio
from components.annotation_project.job.backends import Backends
from components.annotation_project.job.webhooks import LIST, Webhooks
from components.settings.images import NEWEST
from local.cluster.api import wait
from tests.contract.label_studio import VERSIONS, served
from tests.contract.minio import REGION, ROOT, Store, minio
from tests.contract.test_webhooks import opened
from tests.e2e.browser import browser_page, log_in, screenshot
from tests.e2e.test_dev_stack import pictures
from tests.models.sizes import LABELLING, Bucket, Example, Model, server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

WIDTHS = (10, 20, 30, 40, 60, 70, 80, 90)
PROJECT = {"label_config": LABELLING, "tasks": [{"width": width} for width in WIDTHS]}
BUCKET = "sizes"
NOWHERE = "http://127.0.0.1:9"
LARGE = 25
# Tasks that are opened while a server is silent, half a second apart; and seconds until predictions come again.
SILENT_OPENINGS, BACK_SECONDS = 12, 10.0
# Seconds to connect that no other part of a request takes, on a machine that has much to do.
CONNECT_SECONDS = 2.0
# Columns of the Data Manager besides those about predictions.
HIDDEN = (
    *("inner_id", "total_annotations", "annotations_results", "annotations_ids", "file_upload", "storage_filename"),
    *("created_at", "updated_at", "updated_by", "avg_lead_time", "draft_exists", "completed_at", "annotators"),
    *("cancelled_annotations", "total_predictions", "predictions_results"),
)


@contextmanager
def modelled(read: Any = lambda: ()) -> Iterator[tuple[Model, str]]:
    model = Model(read)
    with server(model, ("127.0.0.1", 0)) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield model, f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()


def declared(url: str, *, opening: bool = True, after: int = 0, name: str = "sizes") -> dict[str, Any]:
    params = {"predictOnOpen": opening, "predictAfterSync": False, "trainAfter": after}
    server = {"name": name, "title": "Sizes", "url": url, "extra_params": params}
    return {"shown": "Sizes", "predict_on_open": opening, "servers": [server]}


def backends(api: LabelStudio, page: Any) -> Backends:
    return Backends(api, page["project"], "cats", pause=lambda _: None)


def environment(*urls: str) -> dict[str, str]:
    return {
        "DECLARED_MODEL_SERVERS": " ".join(f"cats/sizes={url}" for url in urls),
        "DECLARED_WEBHOOK_RECEIVERS": ",".join(urls),
        # As the stack has it: network policies open the declared servers alone.
        "ML_BLOCK_LOCAL_IP": "false",
    }


def choose(api: LabelStudio, page: Any, number: int) -> None:
    choice = "large" if WIDTHS[number] > LARGE else "small"
    region = {"from_name": "size", "to_name": "text", "type": "choices", "value": {"choices": [choice]}}
    api.request("POST", f"/api/tasks/{page['tasks'][number]}/annotations/", json={"result": [region]})


def predictions(api: LabelStudio, page: Any, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.request("GET", f"/api/tasks/{page['tasks'][number]}/")["predictions"]
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_a_declared_server_predicts_and_learns_until_it_is_declared_no_more(version: str, tmp_path: Path) -> None:
    def read() -> list[Example]:
        return [(float(width), "large" if width > LARGE else "small") for width in WIDTHS[:4]]

    with modelled(read) as (model, url), served(version, tmp_path, PROJECT, **environment(url)) as page:
        api = opened(page)
        hooks = Webhooks(api, page["project"], "cats")
        hooks.apply([model_webhook(url)])
        assert backends(api, page).apply(declared(url, after=4)) == []
        assert backends(api, page).apply(declared(url, after=4)) == []
        [made] = api.request("GET", "/api/ml", project=page["project"])
        assert (made["title"], made["model_version"], made["state"]) == ("Sizes", "sizes-0", "CO")
        assert [it["url"] for it in api.request("GET", LIST, project=page["project"])] == [f"{url}/webhook"]
        project = api.request("GET", f"/api/projects/{page['project']}/")
        assert (project["model_version"], project["evaluate_predictions_automatically"]) == ("Sizes", True)

        [predicted] = predictions(api, page, 3)
        assert (predicted["result"][0]["value"]["choices"], predicted["model_version"]) == (["small"], "sizes-0")
        assert 0.5 < predicted["score"] < 1
        for number in range(3):
            choose(api, page, number)
        assert "START_TRAINING" not in model.events
        choose(api, page, 3)
        assert model.events.count("START_TRAINING") == 1
        assert model.events.count("ANNOTATION_CREATED") == 4
        deadline = time.monotonic() + 10
        while model.trainings == 0 and time.monotonic() < deadline:
            time.sleep(0.1)
        [made] = api.request("GET", "/api/ml", project=page["project"])
        assert made["model_version"] == "sizes-1"
        assert predictions(api, page, 4)[0]["model_version"] == "sizes-1"
        choose(api, page, 4)
        assert model.events.count("START_TRAINING") == 1, "four more are needed"

        token = model.token
        assert status(page, token, "GET", f"/api/projects/{page['project']}/") == 200
        hooks.apply([])
        assert backends(api, page).apply(None) == []
        assert api.request("GET", "/api/ml", project=page["project"]) == []
        assert api.request("GET", LIST, project=page["project"]) == []
        assert status(page, token, "GET", f"/api/projects/{page['project']}/") == 401
        project = api.request("GET", f"/api/projects/{page['project']}/")
        assert (project["model_version"], project["evaluate_predictions_automatically"]) == ("", False)


def status(page: Any, token: str, method: str, path: str, **options: Any) -> int:
    headers = {"Authorization": f"Token {token}"}
    url = f"http://127.0.0.1:{page['port']}{path}"
    # One that asks for predictions makes some 60 transactions, each of which waits for a disk that others use too.
    return httpx.request(method, url, headers=headers, timeout=60, **options).status_code


@pytest.mark.parametrize("version", VERSIONS)
def test_its_token_is_for_one_project_alone(version: str, tmp_path: Path) -> None:
    with modelled() as (model, url), served(version, tmp_path, PROJECT, **environment(url)) as page:
        api = opened(page)
        backends(api, page).apply(declared(url))
        choose(api, page, 0)
        own, task = page["project"], page["tasks"][0]
        other = api.request("POST", "/api/projects/", json={"title": "Other", "label_config": LABELLING})["id"]
        strange = api.request("POST", f"/api/projects/{other}/tasks/", json={"data": {"width": 1}})["id"]
        annotation = api.request("GET", f"/api/tasks/{task}/annotations/")[0]["id"]
        prediction = {"result": [], "score": 0.5, "model_version": "own"}
        allowed: list[tuple[str, str, Any]] = [
            ("GET", f"/api/projects/{own}/", None),
            ("GET", f"/api/projects/{own}/tasks/", None),
            ("GET", f"/api/projects/{own}/export?exportType=JSON", None),
            ("GET", f"/api/tasks?project={own}&fields=all", None),
            ("GET", f"/api/tasks/{task}/", None),
            ("GET", f"/api/tasks/{task}/annotations/", None),
            ("GET", f"/api/annotations/{annotation}/", None),
            ("GET", f"/api/predictions?project={own}", None),
            ("POST", "/api/predictions/", {**prediction, "task": task}),
            ("POST", f"/api/projects/{own}/import/predictions", [{**prediction, "task": task}]),
        ]
        refused: list[tuple[str, str, Any]] = [
            ("GET", f"/api/projects/{other}/", None),
            ("GET", "/api/projects/", None),
            ("GET", f"/api/projects/{other}/export?exportType=JSON", None),
            ("GET", f"/api/tasks?project={other}", None),
            ("GET", f"/api/tasks?project={own}&project={other}", None),
            ("GET", f"/api/tasks?project={own}&view=1", None),
            ("GET", f"/api/tasks?project={own}", {"project": other}),
            ("GET", "/api/tasks", None),
            ("GET", f"/api/tasks/{strange}/", None),
            ("GET", f"/api/tasks/{strange}/annotations/", None),
            ("GET", "/api/predictions", None),
            ("GET", f"/api/projects/{own}/validate/", None),
            ("GET", "/api/users/", None),
            ("GET", "/api/current-user/whoami", None),
            ("GET", "/api/current-user/token", None),
            ("GET", "/api/invite", None),
            ("GET", f"/api/ml?project={own}", None),
            ("GET", f"/api/webhooks/?project={own}", None),
            ("GET", f"/api/storages/s3/?project={own}", None),
            ("POST", "/api/jwt/settings", {"legacy_api_tokens_enabled": True}),
            ("POST", "/api/predictions/", {**prediction, "task": strange}),
            ("POST", "/api/predictions/", {**prediction, "task": task, "project": other}),
            ("POST", f"/api/projects/{other}/import/predictions", [{**prediction, "task": strange}]),
            ("PATCH", f"/api/projects/{own}/", {"title": "Taken"}),
            ("PATCH", f"/api/tasks/{task}/", {"data": {"width": 2}}),
            ("POST", f"/api/tasks/{task}/annotations/", {"result": []}),
            ("DELETE", f"/api/tasks/{task}/", None),
            ("DELETE", f"/api/projects/{own}/", None),
            ("DELETE", f"/api/projects/{own}/tasks/", None),
            ("GET", f"/storage-data/uploaded/?filepath=upload/{other}/a.png", None),
            ("GET", f"/data/upload/{other}/a.png", None),
        ]
        for method, path, body in allowed:
            assert status(page, model.token, method, path, json=body) in (200, 201), (method, path)
        for method, path, body in refused:
            assert status(page, model.token, method, path, json=body) in (401, 403), (method, path)
        assert status(page, f"{model.token}x", "GET", f"/api/projects/{own}/") == 401
        # What is no part of the API knows nothing of tokens.
        assert status(page, model.token, "GET", "/projects/") in (302, 401, 403)
        # Its server is declared for this URL alone.
        patched = api.request("GET", "/api/ml", project=own)[0]
        with modelled() as (_, elsewhere):
            api.request("PATCH", f"/api/ml/{patched['id']}", json={"url": elsewhere, "project": own})
            assert status(page, model.token, "GET", f"/api/projects/{own}/") == 401


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_that_is_away_keeps_nobody_from_annotating(version: str, tmp_path: Path) -> None:
    with modelled() as (model, url), served(version, tmp_path, PROJECT, **environment(url, NOWHERE)) as page:
        api = opened(page)
        [refusal] = backends(api, page).apply(declared(NOWHERE))
        assert refusal.startswith(f"mlBackends sizes: Label Studio does not reach {NOWHERE}, or its /health")
        by_hand = {"project": page["project"], "url": url, "title": "Own"}
        api.request("POST", "/api/ml", json=by_hand)
        assert not model.token.startswith("model-server."), "nobody declared it"
        assert backends(api, page).apply(declared(url)) == []
        assert model.token.startswith("model-server.")
        model.answer = lambda *_: None  # type: ignore[method-assign]
        began = time.monotonic()
        choose(api, page, 0)
        assert predictions(api, page, 1) == []
        assert time.monotonic() - began < 10
        away = httpx.get(f"http://127.0.0.1:{page['port']}/health").json()["away"]
        assert "model server Sizes" in away
        backends(api, page).apply(None)
        assert [it["title"] for it in api.request("GET", "/api/ml", project=page["project"])] == ["Own"]


@contextmanager
def silenced(http: HTTPServer) -> Iterator[None]:
    """Its port takes no connections: with a full backlog the kernel drops what asks for one."""
    http.shutdown()
    waiting = []
    try:
        while True:
            try:
                waiting.append(socket.create_connection(("127.0.0.1", http.server_port), timeout=0.3))
            except TimeoutError:
                break
        yield
    finally:
        for connection in waiting:
            connection.close()
        threading.Thread(target=http.serve_forever, daemon=True).start()


def opening(api: LabelStudio, page: Any, number: int) -> tuple[bool, float]:
    """Whether a task has predictions, and the seconds until it is open."""
    began = time.monotonic()
    return bool(predictions(api, page, number)), time.monotonic() - began


@pytest.mark.parametrize("version", VERSIONS)
def test_one_person_waits_for_a_silent_server_and_nobody_asks_whether_it_is_back(version: str, tmp_path: Path) -> None:
    limit = {"ML_CONNECTION_TIMEOUT": str(CONNECT_SECONDS)}
    with server(Model(lambda: ()), ("127.0.0.1", 0)) as http:
        url = f"http://127.0.0.1:{http.server_address[1]}"
        threading.Thread(target=http.serve_forever, daemon=True).start()
        with served(version, tmp_path, PROJECT, IN_UWSGI="1", **limit, **environment(url)) as page:
            api = opened(page)
            assert backends(api, page).apply(declared(url)) == []
            assert opening(api, page, 0)[0]
            with silenced(http):
                found = []
                for _ in range(SILENT_OPENINGS):
                    found.append(opening(api, page, 1))
                    time.sleep(0.5)
                assert not any(predicted for predicted, _ in found)
                waited = [number for number, (_, seconds) in enumerate(found) if seconds >= CONNECT_SECONDS]
                assert waited == [0]
                assert "model server" in httpx.get(f"http://127.0.0.1:{page['port']}/health").json()["away"]
            wait("predictions", lambda: opening(api, page, 1)[0], BACK_SECONDS)
        http.shutdown()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_slow_answer_of_a_model_that_works_is_followed_by_others(version: str, tmp_path: Path) -> None:
    """With a limit of a second: the next person is told what the model predicts."""
    limit = {"ML_TIMEOUT_PREDICT": "1", "IN_UWSGI": "1"}
    with modelled() as (model, url), served(version, tmp_path, PROJECT, **limit, **environment(url)) as page:
        api, predict = opened(page), model.answer
        assert backends(api, page).apply(declared(url)) == []

        def slowly(*given: Any) -> Any:
            time.sleep(1.3)
            return predict(*given)

        model.answer = slowly  # type: ignore[assignment, method-assign]
        assert not opening(api, page, 0)[0]
        model.answer = predict  # type: ignore[method-assign]
        assert opening(api, page, 1)[0]


def storage(page: Any, store: Store, **keys: Any) -> dict[str, Any]:
    identifier, secret = ROOT
    return {
        "project": page["project"],
        "bucket": BUCKET,
        "region_name": REGION,
        "s3_endpoint": store.endpoint,
        "aws_access_key_id": identifier,
        "aws_secret_access_key": secret,
        **keys,
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_tasks_are_predicted_after_each_sync_and_learnt_from_in_the_bucket(version: str, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    with minio(tmp_path / "store") as store:
        client = store.client("s3", ROOT)
        client.create_bucket(Bucket=BUCKET)
        for width in WIDTHS:
            client.put_object(Bucket=BUCKET, Key=f"in/{width}.json", Body=json.dumps({"width": width}).encode())
        identifier, secret = ROOT
        place = {"PREFIX": "out/", "BUCKET": BUCKET, "ENDPOINT": store.endpoint, "REGION": REGION}
        keys = {"ACCESS_KEY_ID": identifier, "SECRET_ACCESS_KEY": secret}
        bucket = Bucket({f"EXPORT_{name}": value for name, value in {**place, **keys}.items()})
        allowed = {"DECLARED_S3_ENDPOINTS": store.endpoint}
        empty = {**PROJECT, "tasks": []}
        with (
            modelled(bucket.read) as (model, url),
            served(version, tmp_path, empty, **environment(url), **allowed) as page,
        ):
            api = opened(page)
            found = declared(url, opening=False, after=4)
            found["servers"][0]["extra_params"]["predictAfterSync"] = True
            assert backends(api, page).apply(found) == []
            source = api.request(
                "POST", "/api/storages/s3/", json=storage(page, store, prefix="in/", use_blob_urls=False)
            )
            api.request("POST", "/api/storages/export/s3", json=storage(page, store, prefix="out"))
            api.request("POST", f"/api/storages/s3/{source['id']}/sync")
            listed = api.request("GET", f"/api/tasks?project={page['project']}&page_size=100&fields=all")["tasks"]
            tasks = {int(task["data"]["width"]): task for task in listed}
            assert {width: versions_of(task) for width, task in tasks.items()} == {
                width: ["sizes-0"] for width in WIDTHS
            }
            assert {*by_score(api, page)[:2]} == {40, 60}, "the least sure of them first"
            for width in WIDTHS[:4]:
                region = {"from_name": "size", "to_name": "text", "type": "choices"}
                value = {"choices": ["large" if width > LARGE else "small"]}
                body = {"result": [{**region, "value": value}]}
                api.request("POST", f"/api/tasks/{tasks[width]['id']}/annotations/", json=body)
            deadline = time.monotonic() + 40
            while model.trainings == 0 and time.monotonic() < deadline:
                time.sleep(0.2)
            assert model.threshold == LARGE
            api.request("POST", f"/api/storages/s3/{source['id']}/sync")
            listed = api.request("GET", f"/api/tasks?project={page['project']}&page_size=100&fields=all")["tasks"]
            assert [versions_of(task) for task in listed] == [["sizes-0", "sizes-1"]] * len(WIDTHS)
            assert {*by_score(api, page)[:2]} == {20, 30}, "of the newest version"


@pytest.mark.parametrize("version", VERSIONS)
def test_scores_sort_tasks_before_anybody_chooses_a_version(version: str, tmp_path: Path) -> None:
    scores = dict(zip(WIDTHS, (0.9, 0.3, 0.7, 0.1, 0.5, 0.8, 0.6, 0.2), strict=True))
    with served(version, tmp_path, PROJECT) as page:
        api = opened(page)
        for task, score in zip(page["tasks"], scores.values(), strict=True):
            for each, name in ((1 - score, "first"), (score, "second")):
                body = {"task": task, "result": [], "score": each, "model_version": name}
                api.request("POST", "/api/predictions/", json=body)
        assert by_score(api, page) == sorted(WIDTHS, key=lambda width: scores[width])
        api.request("PATCH", f"/api/projects/{page['project']}/", json={"model_version": "first"})
        assert by_score(api, page) == sorted(WIDTHS, key=lambda width: -scores[width])


def test_a_person_accepts_and_corrects_predictions(tmp_path: Path) -> None:
    """In the browser, with the newest release: a task opens with what the model predicts."""

    def read() -> list[Example]:
        return [(float(width), "large" if width > LARGE else "small") for width in WIDTHS[:4]]

    with (
        modelled(read) as (model, url),
        served(NEWEST, tmp_path, PROJECT, **environment(url)) as page,
        browser_page() as tab,
    ):
        api, address = opened(page), f"http://127.0.0.1:{page['port']}"
        assert backends(api, page).apply(declared(url, after=4)) == []
        log_in(tab, address, "projects@example.com", "password")
        for number, width in enumerate(WIDTHS[:4]):
            submit(tab, f"{address}/projects/{page['project']}/data?task={page['tasks'][number]}", width > LARGE)
            [saved] = api.request("GET", f"/api/tasks/{page['tasks'][number]}/annotations/")
            [region] = saved["result"]
            assert region["value"]["choices"] == ["large" if width > LARGE else "small"]
            assert saved["parent_prediction"] == predictions(api, page, number)[0]["id"]
        wait("a training", lambda: model.trainings == 1, 20)
        assert {*by_score(api, page)[:2]} == {40, 60}, "there is no prediction of the newest version yet"
        every = {"selectedItems": {"all": True, "excluded": []}}
        api.request("POST", f"/api/dm/actions?id=retrieve_tasks_predictions&project={page['project']}", json=every)
        assert {*by_score(api, page)[:2]} == {20, 30}
        tab.goto(f"{address}/projects/{page['project']}/data?tab={versions_tab(api, page)}")
        tab.get_by_text(re.compile("sizes-[01],sizes-[01]")).first.wait_for()
        tab.wait_for_timeout(1000)
        screenshot(tab, pictures(tmp_path) / "model-versions.png")


def submit(tab: Page, address: str, correct: bool) -> None:
    """Accept what is chosen in advance, or choose the other one."""
    tab.goto(address)
    tab.locator("input[name=small]:checked").wait_for()
    tab.wait_for_timeout(1000)
    if correct:
        tab.locator("input[name=large]").click()
    tab.locator("button[aria-label=submit], button:has-text('Submit')").first.click()
    tab.locator("button[aria-label=update], button:has-text('Update')").first.wait_for()


def versions_tab(api: LabelStudio, page: Any) -> int:
    """A tab of the Data Manager that shows versions and scores, the least sure first."""
    hidden = {"explore": [f"tasks:{name}" for name in HIDDEN], "labeling": []}
    data = {"title": "Unsure first", "ordering": ["tasks:predictions_score"], "hiddenColumns": hidden}
    return int(api.request("POST", "/api/dm/views/", json={"project": page["project"], "data": data})["id"])


def by_score(api: LabelStudio, page: Any) -> list[int]:
    """The widths of all tasks as the Data Manager sorts them by *Prediction score*."""
    query = json.dumps({"ordering": ["tasks:predictions_score"]})
    found = api.request("GET", f"/api/tasks?project={page['project']}&page_size=100&query={quote(query)}")["tasks"]
    return [int(task["data"]["width"]) for task in found]


def versions_of(task: Any) -> list[str]:
    return sorted(str(prediction["model_version"]) for prediction in task["predictions"])


def test_the_model_learns_a_threshold() -> None:
    model = Model(lambda: [(10.0, "small"), (30.0, "large")])
    before = model.version
    assert model.predict({"data": {"width": 30}})["result"][0]["value"]["choices"] == ["small"]
    model.train(2)
    assert (model.threshold, model.version) != (20.0, before)
    told = model.predict({"data": {"width": 30}})
    assert told["result"][0]["value"]["choices"] == ["large"]
    assert json.dumps(told)
