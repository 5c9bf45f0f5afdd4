"""The dev stack, from the preview to a queued job, as a person and as a machine see it."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from components.limits import UPLOAD
from components.settings.grammars.quantities import upload_bytes
from local.cluster.api import wait
from tests.e2e.browser import browser_page, log_in, screenshot
from tests.e2e.deployment import Deployment
from tests.e2e.label_studio import Session, sign_up
from tests.e2e.rotations import ROTATIONS, Doors, secret, started_pods, under_load
from tests.e2e.targets import Annotated, pods_of, redis_away, replace_pods
from tests.engine.kubectl import Kubectl

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
# The smallest PNG there is: one transparent pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63000100000005000100"
    "0d0a2db40000000049454e44ae426082"
)


def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: to the docs only when they are to be renewed."""
    return PICTURES if os.environ.get("RENEW_PICTURES") else tmp_path


def test_outputs_name_secrets_but_show_none(dev_stack: Deployment) -> None:
    assert dev_stack.outputs["administratorPassword"] == "[secret]"
    assert dev_stack.outputs["serviceName"] == "label-studio-ls-app"
    assert set(dev_stack.outputs["postgresql"]["passwordSecret"]) == {"name", "key"}


def test_a_person_logs_in_and_sees_label_studio(dev_stack: Deployment, tmp_path: Path) -> None:
    with browser_page() as page:
        page.goto(f"{dev_stack.outputs['url']}/user/login/")
        assert page.locator("text=Sign up").count() == 0, "sign-up is off"
        screenshot(page, pictures(tmp_path) / "login.png")
        log_in(page, dev_stack.outputs["url"], dev_stack.outputs["administrator"], dev_stack.password)
        page.wait_for_selector("text=Create Project")
        assert screenshot(page, pictures(tmp_path) / "home.png").stat().st_size > 10_000


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_the_page_works_under_every_name_of_the_loopback(dev_stack: Deployment, name: str) -> None:
    """Nothing that it loads or sends goes to another origin, so browsers have no reason to refuse it."""
    url = dev_stack.outputs["url"].replace("127.0.0.1", name)
    with dev_stack.session() as session:
        project = session.create_project(f"Reached as {name}")
    requested, failed = [], []
    with browser_page() as page:
        page.on("request", lambda request: requested.append(request.url))
        page.on("pageerror", lambda error: failed.append(str(error)))
        log_in(page, url, dev_stack.outputs["administrator"], dev_stack.password)
        open_page(page, f"{url}/projects/{project}/data")
        page.wait_for_selector("text=Import data to get your project started")
    assert failed == []
    assert any(each.startswith(f"{url}/api/") for each in requested)
    elsewhere = f":{url.rpartition(':')[2]}/"
    assert [each for each in requested if elsewhere in each and not each.startswith(f"{url}/")] == []


def test_a_second_load_of_a_page_comes_from_the_browser(dev_stack: Deployment) -> None:
    """Everything but the page itself and its data is unchanged since the first load, and the browser knows."""
    with dev_stack.session() as session:
        address = f"{dev_stack.outputs['url']}/projects/{session.create_project('Second load')}/data"
    with browser_page() as page:
        with transferred(page) as first:
            log_in(page, dev_stack.outputs["url"], dev_stack.outputs["administrator"], dev_stack.password)
            open_page(page, address)
        with transferred(page) as second:
            open_page(page, address)
    assert sum(first) > 1024**2, "the page has megabytes of its own"
    assert sum(second) < 0.2 * 1024**2, f"{sum(first)} bytes, then {sum(second)}"


def open_page(page: Page, address: str) -> None:
    """Until nothing more is asked for."""
    page.goto(address)
    page.wait_for_load_state("networkidle")


@contextmanager
def transferred(page: Page) -> Iterator[list[float]]:
    """Bytes from the network, headers included, of each answer within the block."""
    devtools = page.context.new_cdp_session(page)
    sizes: list[float] = []
    devtools.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    devtools.send("Network.enable")
    yield sizes
    devtools.detach()


def test_files_of_the_page_stay_in_the_browser(dev_stack: Deployment) -> None:
    url = f"{dev_stack.outputs['url']}/react-app/main.js"
    first = httpx.get(url)
    assert (first.status_code, first.headers["cache-control"]) == (httpx.codes.OK, "no-cache")
    again = httpx.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == httpx.codes.NOT_MODIFIED


def test_an_upload_that_no_process_could_bear_is_refused_by_nginx(dev_stack: Deployment) -> None:
    """By its announced length, as the official image does: above 250 MiB Django may read without end."""
    status, page = answer_to(dev_stack.outputs["url"], upload_bytes(UPLOAD) + 1)
    assert status == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    assert "This upload is too large" in page
    assert answer_to(dev_stack.outputs["url"], 1)[0] == httpx.codes.FORBIDDEN, "without a CSRF token, but read"


def answer_to(url: str, length: int) -> tuple[int, str]:
    """Status and beginning of the answer to a form that is announced with this length, of which one byte is sent."""
    page = httpx.URL(url)
    with socket.create_connection((page.host, page.port or 80), timeout=60) as connection:
        head = f"POST /user/login/ HTTP/1.1\r\nHost: {page.netloc.decode()}\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(f"{head}x".encode())
        answer = connection.recv(65536).decode()
        return int(answer.split()[1]), answer


def test_wrong_password_and_sign_up_are_refused(dev_stack: Deployment) -> None:
    with Session(dev_stack.outputs["url"]) as session:
        assert session.log_in(dev_stack.outputs["administrator"], "wrong-password").status_code == httpx.codes.OK
        form = {"email": "stranger@example.com", "password": "a-long-password", "allow_newsletters": "false"}
        form["csrfmiddlewaretoken"] = session.http.cookies["csrftoken"]
        answer = session.http.post("/user/signup/", data=form, headers={"Referer": session.url})
        assert answer.status_code == httpx.codes.FORBIDDEN


INVITED, PASSWORD = "invited@example.com", "a-long-password"


def test_invited_people_get_an_account_until_the_link_is_reset(dev_stack: Deployment) -> None:
    url = dev_stack.outputs["url"]
    with dev_stack.session() as administrator:
        token = administrator.request("GET", "/api/invite")["token"]
        organization = administrator.request("GET", "/api/current-user/whoami")["active_organization"]
        assert sign_up(url, token, INVITED, PASSWORD).status_code == httpx.codes.FOUND
        administrator.request("POST", "/api/invite/reset-token")
        assert sign_up(url, token, "late@example.com", PASSWORD).status_code == httpx.codes.FORBIDDEN
    assert token not in dev_stack.logs()
    with Session(url) as invited:
        assert invited.log_in(INVITED, PASSWORD).status_code == httpx.codes.FOUND
        assert invited.request("GET", "/api/current-user/whoami")["active_organization"] == organization


def test_an_upload_is_served_back_and_a_queued_job_runs_on_the_worker(dev_stack: Deployment) -> None:
    with dev_stack.session() as session:
        project = session.create_project("End to end")
        address = session.upload(project, "pixel.png", PIXEL, "image/png")
        assert session.http.get(address).content == PIXEL
        assert session.export_snapshot(project)["status"] == "completed"
    log = dev_stack.logs(**{"app.kubernetes.io/component": "ls-worker"})
    assert "export" in log and "Job OK" in log, log[-3000:]


def test_annotations_reach_their_target_although_redis_and_workers_go(dev_stack: Deployment) -> None:
    """The page and the workers start while Redis is away, and nothing but Redis is started again afterwards."""
    with dev_stack.session() as session:
        annotated = Annotated(dev_stack, session)
        annotated.make(4)
        expected = {annotated.annotate()}
        wait("the first object", lambda: annotated.written() == expected, 120)
        with redis_away(dev_stack):
            replace_pods(dev_stack, "ls-worker")
            replace_pods(dev_stack, "ls-app")
            wait("the page", lambda: dev_stack.api.available(dev_stack.namespace, "label-studio-ls-app"), 300)
            expected.add(annotated.annotate())
            with pytest.raises(AssertionError, match=r"503 .*Redis"):
                session.request("POST", f"/api/storages/export/s3/{annotated.target}/sync")
        expected.add(annotated.annotate())
        wait("all objects", lambda: annotated.written() == expected, 300)
        session.request("POST", f"/api/storages/export/s3/{annotated.target}/sync")
    statuses = [each for pod in pods_of(dev_stack, "ls-worker") for each in pod["status"]["containerStatuses"]]
    assert [each["restartCount"] for each in statuses] == [0, 0]


def test_pods_are_restricted_and_use_no_default_account(dev_stack: Deployment) -> None:
    [namespace] = dev_stack.objects("namespaces", everywhere=True, name=dev_stack.namespace)
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for pod in dev_stack.objects("pods"):
        for container in pod["spec"]["containers"]:
            name = f"{pod['metadata']['name']}/{container['name']}"
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
            assert {"cpu", "memory"} <= container["resources"]["limits"].keys(), name


def test_secrets_rotate_while_people_write(
    dev_stack: Deployment, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that was acknowledged is lost, former values open nothing, and each pod starts again once at most."""
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    doors = Doors(dev_stack, Kubectl(kubeconfig, dev_stack.namespace))
    rotations = [ROTATIONS["databaseOwner"], ROTATIONS["objectStoreRoot"]]
    former = [secret(dev_stack, each.secret) for each in rotations]
    assert all(each.door(doors, values) for each, values in zip(rotations, former, strict=True))
    counters = {each.counter: 2 for each in rotations}
    dev_stack.change({**dev_stack.engine.settings, "label-studio:rotate": counters})
    with dev_stack.session() as session:
        with under_load(session, "Rotation") as load, started_pods(dev_stack) as started:
            dev_stack.run("up")
        assert load.acknowledged and load.lost() == 0
    print(f"{load.acknowledged} written, {load.failed} failed, {load.gap:.0f} seconds without one, started: {started}")
    dev_stack.read_outputs()
    assert started == dict.fromkeys(frozenset[str]().union(*(each.readers for each in rotations)), 1)
    newest = [secret(dev_stack, each.secret) for each in rotations]
    assert [each.door(doors, values) for each, values in zip(rotations, former, strict=True)] == [False, False]
    assert [each.door(doors, values) for each, values in zip(rotations, newest, strict=True)] == [True, True]
    assert dev_stack.outputs["postgresql"]["user"] == newest[0]["username"]


def test_a_second_up_and_a_refresh_change_nothing(dev_stack: Deployment) -> None:
    dev_stack.run("up", "--expect-no-changes")
    dev_stack.run("refresh", "--expect-no-changes")


def test_a_setting_changes_only_what_it_is_about(dev_stack: Deployment) -> None:
    dev_stack.change({**dev_stack.engine.settings, "label-studio:redis": {"options": {"slowlog-max-len": "64"}}})
    touched = {urn.rsplit("::", 1)[-1] for urn in dev_stack.steps()}
    assert touched, "the change must be seen"
    assert all(name.startswith("label-studio-redis") for name in touched), touched
    dev_stack.run("up")
    dev_stack.run("preview", "--expect-no-changes")


def test_no_secret_is_anywhere_in_plain_text(dev_stack: Deployment) -> None:
    places = {
        "state": json.dumps(dev_stack.engine.export()),
        "what the CLI printed": "\n".join(dev_stack.log),
        "logs of pods": dev_stack.logs(),
        "pods": json.dumps(dev_stack.objects("pods")),
        "config maps": json.dumps(dev_stack.objects("configmaps")),
        "network policies": json.dumps(dev_stack.objects("networkpolicies", "networking.k8s.io/v1")),
    }
    secrets = dev_stack.secret_values()
    assert len(secrets) >= 6, sorted(secrets)
    leaks = [(name, place) for name, value in secrets.items() for place, text in places.items() if value in text]
    assert leaks == []
