"""Declared webhooks: refused before anything is applied, kept as declared, and their secret in no text."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from components.annotation_project.job.errors import RefusedError
from components.annotation_project.job.webhooks import MARK, OWN_ACTIONS, PAUSES, Webhooks, headers, tell
from components.annotation_project.webhook_settings import EXPORT_DONE
from tests.unit.projects.fake_label_studio import FakeLabelStudio
from tests.unit.projects.test_components import CATS, CONFIG_MAP, JOB, POLICY, declared, deployed, pod, secret_variables
from tests.unit.projects.test_components import settings as stack_settings
from tests.unit.projects.test_settings import project
from tests.unit.pulumi_mocks import Program

INSIDE = "http://receiver.training.svc.cluster.local:8080/events"
URL = "https://hooks.example.com/cats"
SECRET = {"secretName": "hooks", "secretKey": "token"}
DONE: dict[str, Any] = {"action": EXPORT_DONE, "project": "cats"}
RELEASE = "app.kubernetes.io/instance"


def webhook(**keys: Any) -> dict[str, Any]:
    return {"url": URL, "actions": ["ANNOTATION_CREATED"], **keys}


def job_webhook(**keys: Any) -> dict[str, Any]:
    """As the declaration has it."""
    return {"url": URL, "actions": ["ANNOTATION_CREATED"], "header": None, "variable": None, **keys}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        *(
            ({"url": url}, "must be a URL with a full host name, without credentials, query and fragment")
            for url in (
                *("hooks.example.com", "ftp://hooks.example.com/", "https://user:word@hooks.example.com/"),
                *("https://hooks.example.com/?token=x", "https://hooks.example.com/#x", "http://receiver:8080/"),
                *("https://hooks.example.com/a b", "https://hooks.example.com:99999/", "http://receiver.1/"),
            )
        ),
        *(
            ({"url": f"http://{address}{rest}"}, "must not lead to the pod itself, or to its node or cloud")
            for address in ("127.0.0.1", "127.1.2.3", "169.254.169.254", "0.0.0.0", "224.0.0.1")
            for rest in ("/", ":8080", ":80/latest/meta-data/")
        ),
        ({"actions": []}, "at least 1 item"),
        ({"actions": ["PROJECT_CREATED"]}, "Input should be 'ANNOTATION_CREATED'"),
        ({"secret": {**SECRET, "header": "X-Token: x"}}, "must be the name of a header"),
        ({"addresses": ["hooks.example.com"]}, "no host name, which network policies do not know"),
    ],
)
def test_refuses(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        project(webhooks=[webhook(**keys)])
    assert message in str(refusal.value)


def test_a_url_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="webhooks has a url twice"):
        project(webhooks=[webhook(), webhook(actions=["EXPORT_DONE"])])


@pytest.mark.parametrize(
    ("url", "outbound", "addresses", "needed"),
    [
        (URL, "internet", None, False),
        (URL, "everywhere", None, False),
        (URL, "none", None, True),
        (URL, "none", ["internet"], False),
        ("https://hooks.example.com:8443/", "internet", None, True),
        ("https://hooks.example.com:8443/", "internet", ["10.1.0.0/16"], False),
        (INSIDE, "none", None, False),
        ("http://10.1.2.3/", "none", None, False),
    ],
)
def test_an_address_is_asked_for_where_nothing_leads_there(
    url: str, outbound: str, addresses: list[str] | None, needed: bool
) -> None:
    given = {**CATS, "webhooks": [webhook(url=url, addresses=addresses)]}
    page = stack_settings().label_studio.model_dump(by_alias=True, exclude_unset=True)
    try:
        stack_settings(given, labelStudio={**page, "outbound": outbound})
    except ValidationError as error:
        [found] = error.errors()
        assert needed
        assert found["loc"] == ("projects", 0, "webhooks", 0, "addresses")
        assert f"labelStudio.outbound: {outbound} does not open the port of this URL" in found["msg"]
    else:
        assert not needed


@cache
def told() -> Program:
    inside = webhook(url=INSIDE, actions=["ANNOTATION_CREATED", "EXPORT_DONE"], secret=SECRET)
    only_exports = {"url": "http://10.1.2.3:81/", "actions": ["EXPORT_DONE"]}
    return deployed({**CATS, "webhooks": [inside, webhook(secret={**SECRET, "header": "X-Token"}), only_exports]})


def test_the_secret_is_a_reference_and_nothing_else() -> None:
    assert [(it["url"], it["header"], it["variable"]) for it in declared(told(), "cats")["webhooks"]] == [
        (INSIDE, "Authorization", "WEBHOOK_0"),
        (URL, "X-Token", "WEBHOOK_1"),
        ("http://10.1.2.3:81/", None, None),
    ]
    job = told().one(JOB, "label-studio-cats")
    assert {name: secret for name, secret in secret_variables(job).items() if "WEBHOOK" in name} == {
        "WEBHOOK_0": "hooks",
        "WEBHOOK_1": "hooks",
    }
    assert "token" not in json.dumps(told().one(CONFIG_MAP, "label-studio-cats").inputs["data"]["declaration.json"])
    assert "WEBHOOK" not in " ".join(pod(job)["containers"][0]["command"])


def test_page_and_workers_reach_what_outbound_does_not_open_and_they_send_to() -> None:
    policy = told().one(POLICY, "label-studio-cats-webhooks").inputs["spec"]
    assert policy["podSelector"] == {"matchLabels": {RELEASE: "label-studio"}}
    [egress] = policy["egress"]
    assert egress["to"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "training"}}}]
    public = deployed({**CATS, "webhooks": [webhook()]})
    assert not [it for it in public.all(POLICY) if it.name == "label-studio-cats-webhooks"]


def test_receivers_in_private_networks_are_declared_to_label_studio() -> None:
    hooks = [webhook(url=INSIDE), webhook(), webhook(url="https://10.1.2.3/a", addresses=["10.1.0.0/16"])]
    found = stack_settings({**CATS, "webhooks": hooks}).webhook_receivers("label-studio")
    assert found == ["http://receiver.training.svc.cluster.local:8080", "https://10.1.2.3"]
    release = told().one("kubernetes:helm.sh/v3:Release")
    assert "http://receiver.training.svc.cluster.local:8080" in json.dumps(release.inputs["values"])


def test_webhooks_are_kept_as_declared_and_those_of_people_left_alone() -> None:
    fake = FakeLabelStudio()
    webhooks = Webhooks(fake.client, 1, "cats")
    fake.webhooks[9] = {"id": 9, "project": 1, "url": URL, "headers": {}, "actions": ["TASKS_CREATED"]}
    fake.webhooks[8] = {"id": 8, "project": 1, "url": URL, "headers": {MARK: "dogs"}, "actions": []}
    both = [*job_webhook()["actions"], EXPORT_DONE]
    webhooks.apply(
        [job_webhook(actions=both), job_webhook(url=INSIDE), job_webhook(url="http://a.b/", actions=both[1:])]
    )
    made = {it["url"]: it for number, it in fake.webhooks.items() if number > 9}
    assert {url: it["actions"] for url, it in made.items()} == {URL: both[:1], INSIDE: both[:1]}
    assert made[URL]["headers"] == {MARK: "cats"}
    assert not made[URL]["send_for_all_actions"]
    fake.requests.clear()
    webhooks.apply([job_webhook(actions=["TASKS_DELETED"])])
    assert fake.changes == ["PATCH /api/webhooks/10/", "DELETE /api/webhooks/11/"]
    assert fake.webhooks[10]["actions"] == ["TASKS_DELETED"]
    webhooks.apply([])
    assert sorted(fake.webhooks) == [8, 9]


def test_a_refusal_names_the_webhook() -> None:
    fake = FakeLabelStudio()
    fake.refuse["POST /api/webhooks/"] = "The URL resolves to a reserved network address"
    with pytest.raises(RefusedError, match=f"webhook {URL}: The URL resolves to a reserved"):
        Webhooks(fake.client, 1, "cats").apply([job_webhook()])


def test_the_secret_is_in_the_header_that_was_named() -> None:
    found = {"WEBHOOK_0": "s3cret\n", "WEBHOOK_1": "two\nlines"}
    assert headers(job_webhook(), "cats", found) == {MARK: "cats"}
    bearer = job_webhook(header="Authorization", variable="WEBHOOK_0")
    assert headers(bearer, "cats", found)["Authorization"] == "Bearer s3cret"
    assert headers({**bearer, "header": "X-Token"}, "cats", found)["X-Token"] == "s3cret"
    with pytest.raises(RefusedError, match="must be one line of printable ASCII") as told:
        headers({**bearer, "variable": "WEBHOOK_1"}, "cats", found)
    assert "two" not in str(told.value)


def test_events_of_this_program_are_sent_until_they_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_0", "s3cret")
    requests: list[httpx.Request] = []
    answers = [503, 302, 204]

    def receive(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if len(requests) == 1:
            raise httpx.ConnectError("refused")
        return httpx.Response(answers.pop(0), headers={"Location": "http://elsewhere.example.com/"})

    pauses: list[float] = []
    hook = job_webhook(actions=[EXPORT_DONE], header="Authorization", variable="WEBHOOK_0")
    tell([hook, job_webhook(url=INSIDE)], "cats", DONE, httpx.MockTransport(receive), pauses.append)
    assert [(str(it.url), it.headers["Authorization"]) for it in requests] == [(URL, "Bearer s3cret")] * 4
    assert json.loads(requests[-1].content) == DONE
    assert pauses == [*PAUSES[:3]]


def test_a_receiver_that_never_takes_it_is_named_without_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_0", "s3cret")
    hook = job_webhook(actions=[EXPORT_DONE], header="Authorization", variable="WEBHOOK_0")
    transport = httpx.MockTransport(lambda _: httpx.Response(401))
    with pytest.raises(RefusedError) as refusal:
        tell([hook, {**hook, "url": INSIDE}], "cats", DONE, transport, lambda _: None)
    assert str(refusal.value) == f"webhooks did not take EXPORT_DONE: {URL} answered 401, {INSIDE} answered 401"


def test_the_program_and_the_settings_know_the_same_events_of_their_own() -> None:
    assert {EXPORT_DONE} == OWN_ACTIONS
