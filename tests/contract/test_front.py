"""nginx of the images with the configuration that the program mounts, and with the one that the images bring.

The latter is as the official image's; that it fails here is why the former is mounted.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.label_studio.mounts import FILES
from components.limits import REQUEST_SECONDS, UPLOAD
from components.settings.grammars.quantities import upload_bytes
from components.settings.images import NEWEST, OLDEST
from local.images.catalog import PYTHON
from local.images.sandbox import HERE
from tests.contract.label_studio import PROBES
from tests.contract.probes.front import SIGNATURE, TOKEN
from tests.contract.servers import run_inside
from tests.e2e.certificates import issue

MOUNTED, IMAGE = FILES / "nginx.conf", HERE / "label-studio" / "nginx.conf"
# As in a pod: two addresses, of which nothing listens on the second.
HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
SCRIPT = "cp hosts /etc/hosts; unshare --net python3 front.py"
LIMITS = re.compile(rf"\b{REQUEST_SECONDS}s?;")


@dataclass(frozen=True)
class Found:
    """What the probe found, by question."""

    answers: dict[str, Any]

    def __getitem__(self, question: str) -> Any:
        return self.answers[question]

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of the access log."""
        return [json.loads(line) for line in self.answers["log"].splitlines() if line.startswith("{")]


def found(version: str, configuration: Path, folder: Path) -> Found:
    certificate = issue("store.test", folder)
    files = {
        "tls.crt": certificate.certificate.read_text(),
        "tls.key": certificate.key.read_text(),
        "front.py": (PROBES / "front.py").read_text(),
        "nginx.conf": LIMITS.sub("1s;", configuration.read_text()),
        "hosts": HOSTS,
        "limit": str(upload_bytes(UPLOAD)),
    }
    place = run_inside(PYTHON[version], folder, files, SCRIPT)
    return Found(json.loads((place / "found.json").read_text()))


@pytest.fixture(scope="module", params=[NEWEST, OLDEST])
def front(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    return found(request.param, MOUNTED, tmp_path_factory.mktemp("front"))


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return found(NEWEST, IMAGE, tmp_path_factory.mktemp("official"))


@pytest.mark.parametrize("configuration", [MOUNTED, IMAGE], ids=["mounted", "of the image"])
def test_limits_are_those_that_the_program_knows(configuration: Path) -> None:
    text = configuration.read_text()
    assert re.findall(r"client_max_body_size (\w+);", text) == [UPLOAD]
    assert set(re.findall(r"proxy_read_timeout (\d+)s?;", text)) == {str(REQUEST_SECONDS)}


def test_one_request_that_takes_too_long_closes_the_page_for_nobody(front: Found) -> None:
    assert [answer["status"] for answer in front["slow"]] == [504, 504]
    assert {answer["status"] for answer in front["after"]} == {200}


def test_with_the_image_s_own_configuration_it_does(official: Found) -> None:
    assert {answer["status"] for answer in official["after"]} != {200}


def test_errors_are_for_people_and_for_programs(front: Found) -> None:
    for question in ("slow", "refused", "large"):
        page, api = front[question]
        assert page["text"].startswith("<!DOCTYPE html>"), question
        answer = json.loads(api["text"])
        assert (answer["status_code"], bool(answer["detail"])) == (api["status"], True), question
    page, api = front["large"]
    assert page["status"] == api["status"] == 413
    size = f"{upload_bytes(UPLOAD) // 1024**2} MiB"
    assert size in page["text"] and size in api["text"]
    assert f"{REQUEST_SECONDS} seconds" in front["slow"][0]["text"]


def test_no_token_signature_or_referrer_is_in_a_log(front: Found, official: Found) -> None:
    assert TOKEN not in front["log"] and SIGNATURE not in front["log"]
    assert TOKEN in official["log"], "then the mounted configuration need not care"


def test_the_log_says_what_came_of_each_request(front: Found) -> None:
    told = {(line["method"], line["path"], line["status"]) for line in front.log}
    expected = {
        ("GET", "/slow", 504),
        ("GET", "/user/signup/", 502),
        ("POST", "/api/import", 413),
        ("GET", "/plain", 200),
    }
    assert expected <= told


def test_files_of_the_page_come_from_the_disk_and_stay_in_the_browser(front: Found) -> None:
    assert (front["react"]["status"], front["react"]["text"]) == (200, "main")
    assert front["react"]["headers"]["cache-control"] == "no-cache"
    assert front["react again"]["status"] == 304


@pytest.mark.parametrize("path", ["/plain", "/redirected", "/secure"])
def test_uploads_keep_the_headers_of_the_page(front: Found, official: Found, path: str) -> None:
    wanted = {"x-frame-options", "strict-transport-security", "x-request-id", "content-disposition"}
    answer = front[path]
    assert (answer["status"], answer["text"]) == (200, "object")
    assert wanted <= answer["headers"].keys()
    assert answer["headers"]["filename"] == "export.json"
    assert "x-amz-request-id" not in answer["headers"]
    assert "x-frame-options" not in official["/plain"]["headers"]


def test_stores_are_told_nothing_of_the_person(front: Found, official: Found) -> None:
    for told in front["told"].values():
        assert not {"Cookie", "Authorization", "Referer"} & told.keys()
    assert official["told"]["elsewhere/bucket/moved"]["Cookie"], "then the mounted configuration need not care"


def test_a_store_with_tls_is_asked_by_its_name(front: Found, official: Found) -> None:
    assert front["names"] == ["store.test"]
    assert official["names"] == [None]


def test_what_waits_for_others_has_processes_of_its_own(front: Found, official: Found) -> None:
    ports = list(front["ports"].values())
    assert ports == ["8001"] * 9 + ["8000"] * 7
    assert set(official["ports"].values()) == {"8000"}


def test_a_store_that_hangs_ends_in_an_error(front: Found) -> None:
    assert front["/hanging-store"]["status"] == 504


def test_requests_that_one_client_never_finishes_keep_nobody_out(front: Found, official: Found) -> None:
    assert front["idle"]["status"] == 200
    assert official["idle"]["status"] != 200


def test_connections_on_which_nothing_is_said_end_soon(front: Found, official: Found) -> None:
    """Whatever address they come from: behind an ingress, all clients have the same one."""
    assert len(front["silence"]) == 2
    assert len(official["silence"]) < 2, "then the mounted configuration need not care"
