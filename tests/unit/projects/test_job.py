"""The scripts of declared projects: idempotent, found again by name, one line of error and then no change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from components.annotation_project.job import REFUSED, apply, errors, s3
from components.annotation_project.job.account import make_account
from components.annotation_project.job.errors import RefusedError, run
from components.annotation_project.job.s3 import Key, Place
from tests.unit.projects.fake_label_studio import FakeLabelStudio

ADMINISTRATOR = ("admin@example.com", "admin-password")
ACCOUNT = ("projects-abc@example.com", "account-password")
STORE: dict[str, Any] = {"bucket": "projects", "region": "us-east-1", "endpoint": "http://store:9000", "ca": None}
MARK = "Declared as cats in the settings of the stack, which overwrite changes made here."


class FakeStore:
    """Remembers folders; ``error`` is raised by every look into a bucket."""

    def __init__(self) -> None:
        self.folders: list[tuple[str, str]] = []
        self.objects: set[str] = set()
        self.error: RefusedError | None = None

    def is_empty(self, place: Place, _: Key) -> bool:
        if self.error:
            raise self.error
        return place.prefix not in self.objects

    def make_folder(self, place: Place, key: Key) -> None:
        self.folders.append((place.prefix, key.access_key_id))


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> FakeStore:
    fake = FakeStore()
    monkeypatch.setattr(apply, "is_empty", fake.is_empty)
    monkeypatch.setattr(apply, "make_folder", fake.make_folder)
    for purpose in ("SOURCE", "TARGET", "UPLOAD"):
        monkeypatch.setenv(f"{purpose}_ACCESS_KEY_ID", purpose.lower())
        monkeypatch.setenv(f"{purpose}_SECRET_ACCESS_KEY", "secret")
    return fake


@pytest.fixture(params=[True, False], ids=["https page", "http page"])
def fake(request: pytest.FixtureRequest) -> FakeLabelStudio:
    return FakeLabelStudio(secure=request.param)


def declaration(**fields: Any) -> dict[str, Any]:
    return {
        "name": "cats",
        "title": "Cats",
        "description": "All of them.",
        "label_config": "<View/>",
        "page": "https://label-studio.example.com",
        "storages": {
            "source": {"title": "in", "place": {**STORE, "prefix": "cats/input/"}, "options": {"presign": False}},
            "target": {"title": "out", "place": {**STORE, "prefix": "cats/output/"}, "options": {}},
        },
        "webhooks": [],
        **fields,
    }


@pytest.mark.usefixtures("store")
def test_creates_project_and_storages_and_says_where(fake: FakeLabelStudio) -> None:
    report = json.loads(apply.apply(fake.client, declaration()))
    assert report == {
        "project": 1,
        "address": "https://label-studio.example.com/projects/1",
        "tasks": 0,
        "sync": {"source": "completed", "target": "completed"},
    }
    assert fake.projects[1]["description"] == f"All of them.\n{MARK}"
    source, target = fake.storages["source"][1], fake.storages["target"][1]
    assert (source["prefix"], source["presign"], source["aws_access_key_id"]) == ("cats/input/", False, "source")
    # Label Studio puts a slash between the prefix and the annotation's number.
    assert (target["prefix"], target["aws_access_key_id"]) == ("cats/output", "target")


@pytest.mark.usefixtures("store")
def test_twice_is_the_same_as_once(fake: FakeLabelStudio) -> None:
    assert apply.apply(fake.client, declaration()) == apply.apply(fake.client, declaration())
    assert [len(fake.projects), len(fake.storages["source"]), len(fake.storages["target"])] == [1, 1, 1]


@pytest.mark.usefixtures("store")
def test_another_title_is_still_the_same_project(fake: FakeLabelStudio) -> None:
    for number in range(5):
        fake.add_project(title=f"Other {number}")
    apply.apply(fake.client, declaration())
    apply.apply(fake.client, declaration(title="Cats and dogs"))
    assert [project["title"] for project in fake.projects.values()][5:] == ["Cats and dogs"]


@pytest.mark.usefixtures("store")
def test_a_project_made_by_hand_is_adopted_by_its_title(fake: FakeLabelStudio) -> None:
    fake.add_project(title="Cats", description="Made by hand.")
    apply.apply(fake.client, declaration())
    assert fake.projects.keys() == {1}
    assert fake.projects[1]["description"].endswith(MARK)


@pytest.mark.usefixtures("store")
def test_storages_made_by_hand_are_left_alone(fake: FakeLabelStudio) -> None:
    by_hand = {"id": 1, "project": 1, "title": "in", "description": None, "status": "initialized"}
    fake.storages["source"][1] = dict(by_hand)
    apply.apply(fake.client, declaration())
    assert fake.storages["source"][1] == by_hand
    assert len(fake.storages["source"]) == 2


@pytest.mark.usefixtures("store")
def test_a_target_that_is_no_longer_declared_is_disconnected(fake: FakeLabelStudio) -> None:
    apply.apply(fake.client, declaration())
    storages = declaration()["storages"]
    apply.apply(fake.client, declaration(storages={"source": storages["source"]}))
    assert (len(fake.storages["source"]), len(fake.storages["target"])) == (1, 0)
    assert len(fake.projects) == 1


def test_folders_that_nothing_is_in_are_made_with_the_keys_that_may_write(
    fake: FakeLabelStudio, store: FakeStore
) -> None:
    apply.apply(fake.client, declaration())
    assert store.folders == [("cats/output/", "target"), ("cats/input/", "upload")]
    store.objects = {"cats/input/", "cats/output/"}
    apply.apply(fake.client, declaration())
    assert len(store.folders) == 2


def test_wrong_keys_change_nothing(fake: FakeLabelStudio, store: FakeStore) -> None:
    store.error = RefusedError("source: wrong keys")
    with pytest.raises(RefusedError, match="source: wrong keys"):
        apply.apply(fake.client, declaration())
    assert fake.changes == []
    assert store.folders == []


def test_a_bad_labelling_configuration_changes_nothing(fake: FakeLabelStudio, store: FakeStore) -> None:
    fake.refuse["POST /api/projects/validate/"] = "toName=x not found"
    with pytest.raises(RefusedError, match="label configuration: toName=x not found"):
        apply.apply(fake.client, declaration())
    assert fake.changes == []
    assert store.folders == []


@pytest.mark.usefixtures("store")
def test_a_new_project_whose_storage_label_studio_refuses_does_not_stay(fake: FakeLabelStudio) -> None:
    fake.refuse["POST /api/storages/export/s3"] = "Cannot connect"
    with pytest.raises(RefusedError, match="target: Cannot connect"):
        apply.apply(fake.client, declaration())
    assert fake.projects == {}


@pytest.mark.usefixtures("store")
def test_an_old_project_whose_storage_label_studio_refuses_stays(fake: FakeLabelStudio) -> None:
    apply.apply(fake.client, declaration())
    fake.refuse["PATCH /api/storages/s3/1"] = "Cannot connect"
    with pytest.raises(RefusedError, match="source: Cannot connect"):
        apply.apply(fake.client, declaration())
    assert fake.projects.keys() == {1}


@pytest.mark.usefixtures("store")
def test_the_title_of_another_declared_project_is_refused(fake: FakeLabelStudio) -> None:
    apply.apply(fake.client, declaration())
    with pytest.raises(RefusedError, match="the title 'Cats' is that of the project declared as cats"):
        apply.apply(fake.client, declaration(name="kittens"))


@pytest.mark.usefixtures("store")
def test_two_projects_with_the_title_are_refused(fake: FakeLabelStudio) -> None:
    fake.add_project(title="Cats")
    fake.add_project(title="Cats")
    with pytest.raises(RefusedError, match="several projects have the title 'Cats'"):
        apply.apply(fake.client, declaration())


@pytest.mark.usefixtures("store")
def test_a_failed_sync_says_why_in_one_line(fake: FakeLabelStudio) -> None:
    fake.sync_status = "failed"
    with pytest.raises(RefusedError, match=r"^source: Label Studio could not synchronize: ValueError: Error load"):
        apply.apply(fake.client, declaration())


@pytest.mark.usefixtures("store")
def test_a_sync_makes_nothing(fake: FakeLabelStudio) -> None:
    with pytest.raises(RefusedError, match="run pulumi up"):
        apply.sync(fake.client, declaration(), ["source"])
    apply.apply(fake.client, declaration())
    before = len(fake.changes)
    assert json.loads(apply.sync(fake.client, declaration(), ["source"]))["sync"] == {"source": "completed"}
    assert fake.changes[before:] == ["POST /api/storages/s3/1/sync"]


def test_the_account_is_made_by_invitation_and_only_once(fake: FakeLabelStudio) -> None:
    assert make_account(fake.client, ADMINISTRATOR, ACCOUNT) == "the account projects-abc@example.com is made"
    assert fake.accounts[ACCOUNT[0]] == ACCOUNT[1]
    assert make_account(fake.client, ADMINISTRATOR, ACCOUNT) == "the account projects-abc@example.com is there"
    assert fake.changes.count("POST /user/signup/") == 1


def test_the_account_is_not_made_with_a_wrong_password_of_the_administrator(fake: FakeLabelStudio) -> None:
    with pytest.raises(RefusedError, match="refuses the password in the administrator's Secret"):
        make_account(fake.client, (ADMINISTRATOR[0], "wrong"), ACCOUNT)
    fake.accounts[ACCOUNT[0]] = "changed"
    with pytest.raises(RefusedError, match="its password was changed"):
        make_account(fake.client, ADMINISTRATOR, ACCOUNT)


@pytest.fixture
def termination_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    log = tmp_path / "termination-log"
    log.touch()
    monkeypatch.setattr(errors, "TERMINATION_LOG", log)
    yield log


def test_exit_code_and_one_line_tell_what_a_person_can_mend(termination_log: Path) -> None:
    def refused() -> str:
        raise RefusedError("the bucket\nis not there")

    assert run("project cats", refused) == REFUSED
    assert termination_log.read_text() == "project cats: the bucket is not there"

    def unreachable() -> str:
        raise httpx.ConnectError("refused")

    assert run("project cats", unreachable) == errors.FAILED
    assert termination_log.read_text() == "project cats: Label Studio does not answer: refused"
    assert run("project cats", lambda: "done") == 0

    def broken() -> str:
        request = httpx.Request("GET", "http://label-studio/user/signup/?token=hidden")
        raise httpx.HTTPStatusError("", request=request, response=httpx.Response(500))

    assert run("account", broken) == errors.FAILED
    assert termination_log.read_text() == "account: Label Studio answered 500 to /user/signup/"


class FakeClient:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def list_objects_v2(self, **_: Any) -> dict[str, Any]:
        raise self.error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("NoSuchBucket", "source: the bucket projects does not exist at http://store:9000"),
        ("InvalidAccessKeyId", "source: wrong keys: http://store:9000 does not know the access key id"),
        ("SignatureDoesNotMatch", "source: wrong keys: http://store:9000 says that the secret access key is wrong"),
        ("ExpiredToken", "source: wrong keys: http://store:9000 says that the session token has expired"),
        ("AccessDenied", "source: the key may not list s3://projects/cats/input/ at http://store:9000"),
        ("SlowDown", "source: http://store:9000 answered SlowDown to ListObjectsV2"),
    ],
)
def test_errors_of_a_store_are_one_line(error: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ClientError({"Error": {"Code": error, "Message": "secret AKIA"}}, "ListObjectsV2")
    monkeypatch.setattr(s3, "connect", lambda *_: FakeClient(answer))
    with pytest.raises(RefusedError) as refusal:
        s3.is_empty(Place("source", **{**STORE, "prefix": "cats/input/"}), Key("id", "secret"))
    assert str(refusal.value) == message


def test_a_store_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    error = EndpointConnectionError(endpoint_url="http://store:9000")
    monkeypatch.setattr(s3, "connect", lambda *_: FakeClient(error))
    with pytest.raises(RefusedError, match=r"source: http://store:9000 cannot be reached \(EndpointConnectionError\)"):
        s3.is_empty(Place("source", **{**STORE, "prefix": "cats/input/"}), Key("id", "secret"))


def test_keys_do_not_show_their_secrets() -> None:
    environment = {"SOURCE_ACCESS_KEY_ID": "AKIA", "SOURCE_SECRET_ACCESS_KEY": "hidden"}
    key = Key.of("source", environment)
    assert key is not None
    assert repr(key) == "Key()"
    assert Key.of("target", environment) is None
