"""A production-shaped stack: CloudNativePG by its operator, two replicas, uploads in S3, TLS on the ingress."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx

from local.addons import traefik
from local.cluster.control_plane import AUDIT_LOG
from tests.e2e.browser import browser_page, log_in
from tests.e2e.deployment import Deployment
from tests.e2e.label_studio import Session
from tests.e2e.prod.conftest import HOST
from tests.e2e.test_dev_stack import PIXEL


def test_nothing_that_the_provider_made_was_there_before(prod_stack: Deployment) -> None:
    """Server-side apply takes over what exists; newer providers refuse it, so no stack may rely on it."""
    applied = [event for event in provider_events() if prod_stack.namespace in event["requestURI"]]
    first: dict[str, int] = {}
    for event in applied:
        first.setdefault(event["requestURI"].partition("?")[0], event["responseStatus"]["code"])
    assert len(first) > 30
    assert {path: code for path, code in first.items() if code != httpx.codes.CREATED} == {}


def provider_events() -> Iterator[dict[str, Any]]:
    """What Pulumi's provider asked the API server to make, from the audit log; not what previews only try."""
    for line in AUDIT_LOG.read_text().splitlines():
        event = json.loads(line)
        ours = event["userAgent"].startswith("pulumi-kubernetes")
        if ours and event["verb"] in ("create", "patch") and "dryRun" not in event["requestURI"]:
            yield event


def test_a_person_logs_in_over_https_with_secure_cookies(prod_stack: Deployment) -> None:
    with browser_page(f"--host-resolver-rules=MAP {HOST}:443 127.0.0.1:{traefik.HTTPS_PORT}") as page:
        log_in(page, f"https://{HOST}", prod_stack.outputs["administrator"], prod_stack.password)
        page.wait_for_selector("text=Create Project")
        cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    assert {"sessionid", "csrftoken"} <= cookies.keys()
    assert all(cookies[name]["secure"] for name in ("sessionid", "csrftoken"))


def test_forged_logins_are_refused(session: Session) -> None:
    """Label Studio 1.20 checks its forms; calls to its API rely on the SameSite attribute of the cookie instead."""
    form = {
        "email": "a@example.com",
        "password": "a-password",
        "csrfmiddlewaretoken": session.http.cookies["csrftoken"],
    }
    evil = {"Origin": "https://evil.example"}
    assert session.http.post("/user/login/", data=form, headers=evil).status_code == httpx.codes.FORBIDDEN
    assert session.http.post("/user/login/", data={}).status_code == httpx.codes.FORBIDDEN


def test_two_replicas_share_uploads_through_the_object_store(prod_stack: Deployment, session: Session) -> None:
    [deployment] = prod_stack.objects("deployments", "apps/v1", name=prod_stack.outputs["serviceName"])
    assert deployment["status"]["readyReplicas"] == 2
    address = session.upload(session.create_project("Shared"), "pixel.png", PIXEL, "image/png")
    for _ in range(6):
        assert session.http.get(address, follow_redirects=True).content == PIXEL
    claims = {claim["metadata"]["name"] for claim in prod_stack.objects("persistentvolumeclaims")}
    assert claims, "the data services have volumes"
    assert not any("ls-pvc" in claim for claim in claims), "uploads are on no volume"


def test_the_database_is_a_verified_cluster(prod_stack: Deployment) -> None:
    [cluster] = prod_stack.objects("clusters", "postgresql.cnpg.io/v1")
    assert cluster["status"]["readyInstances"] == 2
    assert prod_stack.outputs["postgresql"]["sslmode"] == "verify-full"
    [account] = prod_stack.objects("serviceaccounts", name=cluster["metadata"]["name"])
    assert account["metadata"]["annotations"]["example.com/role"] == "backups"


def test_a_second_up_changes_nothing(prod_stack: Deployment) -> None:
    prod_stack.run("up", "--expect-no-changes")


def test_destroy_refuses_to_touch_protected_data(prod_stack: Deployment) -> None:
    def data() -> set[str]:
        return {claim["metadata"]["uid"] for claim in prod_stack.objects("persistentvolumeclaims")}

    before = data()
    printed = prod_stack.run("destroy", check=False)
    assert "protected" in printed
    assert data() == before
    assert prod_stack.objects("clusters", "postgresql.cnpg.io/v1")
