"""S3 with SSRF protection, in the released packages of Label Studio: loopback stands for a private network."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from components.object_store.grants import BucketGrant
from components.object_store.policy import policy_document
from tests.contract.label_studio import VERSIONS, probe
from tests.contract.minio import ROOT, Key, Store, minio

EMPTY = b'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></ListBucketResult>'
REFUSED = "SsrfBlockedUrlError"
# The first release that checks S3 endpoints; older ones are not made to.
CHECKS = "1.23.2"
GRANT = BucketGrant(name="cats-source", bucket="data", prefix="cats/", actions=("list", "read"))
KEY: Key = ("cats-source", "secret-of-cats")


@dataclass
class Server:
    """An S3 server on the loopback that counts who asks, and may send them elsewhere."""

    elsewhere: str = ""
    asked: list[str] = field(default_factory=list)
    port: int = 0


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(self.path)
            self.send_response(307 if server.elsewhere else 200)
            if server.elsewhere:
                self.send_header("Location", f"{server.elsewhere}{self.path}")
            self.send_header("Content-Length", str(len(EMPTY)))
            self.end_headers()
            self.wfile.write(EMPTY)

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.port = http.server_address[1]
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield server
        http.shutdown()


@dataclass
class Trial:
    """What a release did when two servers were declared and one was not."""

    own: Server
    ceph: Server
    stranger: Server
    redirecting: Server
    answers: dict[str, Any]

    @property
    def declared(self) -> list[str]:
        return [f"http://localhost:{self.own.port}", f"http://127.0.0.1:{self.ceph.port}"]

    @property
    def tricks(self) -> list[str]:
        """Other private addresses, in every spelling that might pass for a declared one."""
        own, stranger = self.own.port, self.stranger.port
        return [
            f"http://localhost:{stranger}",
            f"http://127.0.0.1:{stranger}",
            f"http://127.0.0.1:{own}",
            "http://localhost",
            f"http://[::1]:{own}",
            f"http://[::ffff:127.0.0.1]:{own}",
            f"http://[::ffff:7f00:1]:{stranger}",
            f"http://localhost:{own}@127.0.0.1:{stranger}",
            f"http://localhost:{own}%40127.0.0.1:{stranger}",
            f"http://localhost:{own}#@127.0.0.1:{stranger}",
            f"http://localhost:{own}\\@127.0.0.1:{stranger}",
            f"http://127.0.0.1:{stranger}/?x=http://localhost:{own}",
            f"http://127.1:{stranger}",
            f"http://2130706433:{stranger}",
            f"http://0x7f.1:{stranger}",
            f"http://localhost.:{stranger}",
            f"http://rebinding.example:{stranger}",
            f"ftp://localhost:{own}",
        ]


@pytest.fixture(scope="module", params=VERSIONS)
def trial(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    own, ceph, stranger, redirecting = Server(), Server(), Server(), Server()
    with serving(own), serving(ceph), serving(stranger), serving(redirecting):
        redirecting.elsewhere = f"http://127.0.0.1:{stranger.port}"
        trial = Trial(own, ceph, stranger, redirecting, {})
        redirect = f"http://localhost:{redirecting.port}"
        question = {"urls": [*trial.declared, redirect, *trial.tricks], "rebinding": ["rebinding.example"]}
        declared = ",".join([*trial.declared, redirect])
        folder = tmp_path_factory.mktemp("trial")
        trial.answers = probe(request.param, "endpoints", folder, question, DECLARED_S3_ENDPOINTS=declared)
        trial.answers["version"] = request.param
        yield trial


def test_declared_endpoints_are_saved_and_used(trial: Trial) -> None:
    for url in trial.declared:
        assert trial.answers["saved"][url] == "", url
        assert trial.answers["listed"][url] == "", url
    assert trial.own.asked
    assert trial.ceph.asked


def test_a_blank_endpoint_is_amazon(trial: Trial) -> None:
    assert [url.rstrip("/") for url in trial.answers["amazon"]] == [
        "https://s3.amazonaws.com",
        "https://s3.amazonaws.com",
        "https://s3.eu-central-1.amazonaws.com",
    ]


def test_every_other_private_address_stays_refused(trial: Trial) -> None:
    if trial.answers["version"] < CHECKS:
        # Not checked by that release, with or without this program: docs/upgrade.md says so.
        assert not any(trial.answers["saved"].values())
        return
    for url in trial.tricks:
        seen = trial.answers["saved"][url] if "rebinding" not in url else REFUSED
        assert REFUSED in seen or "LabelStudioAPIException" in seen, (url, seen)
        assert trial.answers["listed"][url], url
    assert REFUSED in trial.answers["listed"][f"http://rebinding.example:{trial.stranger.port}"]
    assert trial.stranger.asked == [], "neither a trick nor a redirection got there"
    assert trial.redirecting.asked


def test_other_parts_of_label_studio_know_no_exemption(trial: Trial) -> None:
    for url in trial.declared:
        assert trial.answers["checked elsewhere"][url], url
        assert trial.answers["imported"][url], url


def test_without_a_declaration_the_newest_release_refuses_all(tmp_path: Path) -> None:
    with serving(Server()) as server:
        url = f"http://localhost:{server.port}"
        answers = probe(CHECKS, "endpoints", tmp_path, {"urls": [url]})
        assert REFUSED in answers["saved"][url]
        assert REFUSED in answers["listed"][url]
        assert server.asked == []


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with minio(tmp_path_factory.mktemp("minio")) as server:
        server.grant(KEY, str(GRANT.bucket), GRANT.prefix, json.dumps(policy_document(GRANT)))
        server.client("s3", ROOT).put_object(Bucket="data", Key="cats/cat.jpg", Body=b"a cat")
        yield server


@pytest.mark.parametrize("version", VERSIONS)
def test_a_storage_with_the_endpoint_of_minio_is_read(version: str, store: Store, tmp_path: Path) -> None:
    """As people type it on the page: MinIO's address, bucket, prefix and key."""
    place = {
        "bucket": GRANT.bucket,
        "prefix": GRANT.prefix,
        "s3_endpoint": store.endpoint,
        "aws_access_key_id": KEY[0],
        "aws_secret_access_key": KEY[1],
    }
    question = {"urls": [], "storage": place}
    answers = probe(version, "endpoints", tmp_path, question, DECLARED_S3_ENDPOINTS=store.endpoint)
    assert answers["storage"] == ["a cat"]


@pytest.mark.parametrize("name", ["_SsrfGuardedAWSHTTPSConnection", "validate_url_for_ssrf"])
def test_a_release_that_checks_in_another_way_does_not_start(name: str, tmp_path: Path) -> None:
    refusal = probe(CHECKS, "moved", tmp_path, name, DECLARED_S3_ENDPOINTS="http://store:9000")
    assert refusal[0] == "ImproperlyConfigured"
    assert "Choose another image in images.labelStudio" in refusal[1]


def test_it_starts_where_nobody_needs_the_exemption(tmp_path: Path) -> None:
    for environment in (
        {"DECLARED_S3_ENDPOINTS": ""},
        {"DECLARED_S3_ENDPOINTS": "http://store:9000", "SSRF_PROTECTION_ENABLED": "false"},
    ):
        assert probe(CHECKS, "moved", tmp_path, "validate_url_for_ssrf", **environment) is None
