"""What becomes of each kind of operation that was pending when an update was killed."""

from __future__ import annotations

import copy
from typing import Any

import httpx
import pytest

from local import recovery
from local.engine import EngineError

Record = dict[str, Any]
NAMESPACE: Record = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "there"}}
LIVE: Record = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {
        "name": "there",
        "managedFields": [
            {"manager": "kube-controller-manager", "operation": "Update"},
            {"manager": "pulumi-kubernetes-1a2b", "operation": "Apply"},
        ],
    },
}
RELEASE: Record = {"name": "page", "namespace": "there", "values": {}}


class Cluster:
    """An API server that has a namespace, and the records of one helm release."""

    def __init__(self, *revisions: str) -> None:
        self.records: list[Record] = [
            {"metadata": {"name": f"page.v{number}", "namespace": "there", "labels": labels}}
            for number, status in enumerate(revisions, 1)
            if (labels := {"status": status, "version": str(number)})
        ]

    def get(self, path: str, **query: str) -> Record:
        answers: dict[str, Record] = {
            "/api/v1": {"resources": [{"kind": "Namespace", "name": "namespaces", "namespaced": False}]},
            "/api/v1/namespaces/there": LIVE,
        }
        if path.endswith("/secrets"):
            statuses = query["labelSelector"].partition("(")[2].partition(")")[0].split(",")
            records = self.records if "/there/" in path else []
            return {"items": [each for each in records if each["metadata"]["labels"]["status"] in statuses]}
        if path in answers:
            return answers[path]
        response = httpx.Response(404)
        raise httpx.HTTPStatusError("not found", request=httpx.Request("GET", "http://api"), response=response)

    def delete(self, objects: list[Record]) -> None:
        self.records = [each for each in self.records if each["metadata"] not in [item["metadata"] for item in objects]]

    @property
    def revisions(self) -> list[str]:
        return [each["metadata"]["labels"]["status"] for each in self.records]


class Stack:
    """An engine that keeps a state and remembers its operations."""

    def __init__(self, pending: list[Record], resources: list[Record]) -> None:
        self.deployment: Record = {"pending_operations": pending, "resources": resources}
        self.operations: list[tuple[str, ...]] = []

    def export(self, show_secrets: bool = False) -> Record:
        return {"version": 3, "deployment": copy.deepcopy(self.deployment)}

    def replace_state(self, state: Record) -> None:
        self.deployment = {**state["deployment"], "pending_operations": []}

    def operate(self, *arguments: str, capture: bool) -> None:
        assert capture
        self.operations.append(arguments)


def resource(kind: str, inputs: Record, name: str = "x", **more: Any) -> Record:
    return {"urn": f"urn:pulumi:dev::label-studio::{kind}::{name}", "type": kind, "inputs": inputs, **more}


def namespace(name: str, **more: Any) -> Record:
    return resource("kubernetes:core/v1:Namespace", {**NAMESPACE, "metadata": {"name": name}}, **more)


def settle(kind: str, pending: Record, resources: tuple[Record, ...] = (), cluster: Cluster | None = None) -> Stack:
    stack = Stack([{"type": kind, "resource": pending}], [*resources])
    recovery.settle(stack, cluster or Cluster())  # type: ignore[arg-type]
    assert stack.deployment["pending_operations"] == []
    return stack


@pytest.fixture(autouse=True)
def nothing_else_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "release", lambda _: None)
    monkeypatch.setattr(recovery, "end_orphans", lambda _: None)


def test_without_pending_operations_nothing_is_done() -> None:
    stack = Stack([], [namespace("there")])
    recovery.settle(stack, Cluster())  # type: ignore[arg-type]
    assert (stack.deployment["resources"], stack.operations) == ([namespace("there")], [])


def test_half_made_revisions_of_a_cancelled_update_are_removed_too() -> None:
    cluster = Cluster("pending-install")
    stack = Stack([], [namespace("there", id="there")])
    recovery.settle(stack, cluster)  # type: ignore[arg-type]
    assert (cluster.revisions, stack.operations) == ([], [])


def test_an_object_that_was_made_goes_into_the_state_as_what_its_field_manager_applied() -> None:
    pending = namespace("there")
    stack = settle("creating", pending)
    [made] = stack.deployment["resources"]
    assert (made["id"], made["inputs"]) == ("there", pending["inputs"])
    assert made["outputs"]["__fieldManager"] == "pulumi-kubernetes-1a2b"
    assert stack.operations == [("refresh", "--target", pending["urn"])]


@pytest.mark.parametrize(
    "pending",
    [
        namespace("gone"),
        resource("kubernetes:apps/v1:StatefulSet", {**NAMESPACE, "apiVersion": "apps/v1", "kind": "StatefulSet"}),
        resource("random:index/randomPassword:RandomPassword", {"length": 24}),
        resource("pulumi:providers:kubernetes", {}),
        resource("kubernetes:core/v1:NamespacePatch", NAMESPACE),
        resource("kubernetes:helm.sh/v3:Release", RELEASE),
    ],
)
def test_what_was_not_made_is_left_to_the_next_update(pending: Record) -> None:
    stack = settle("creating", pending)
    assert (stack.deployment["resources"], stack.operations) == ([], [])


def test_what_only_a_person_can_look_up_is_named() -> None:
    with pytest.raises(EngineError, match="only `pulumi refresh` in `make shell` can ask"):
        settle("creating", resource("aws:s3/bucket:Bucket", {}))


@pytest.mark.parametrize(
    ("kind", "before", "after", "made"),
    [
        ("creating", ("pending-install",), [], False),
        ("creating", ("failed",), [], False),
        ("creating", ("deployed",), ["deployed"], True),
        ("updating", ("deployed", "pending-upgrade"), ["deployed"], False),
        ("updating", ("deployed", "failed", "pending-rollback"), ["deployed", "failed"], False),
    ],
)
def test_only_half_made_revisions_of_a_release_are_removed(
    kind: str, before: tuple[str, ...], after: list[str], made: bool
) -> None:
    cluster, pending = Cluster(*before), resource("kubernetes:helm.sh/v3:Release", RELEASE)
    old = () if kind == "creating" else ({**pending, "id": "there/page"},)
    stack = settle(kind, pending, old, cluster)
    assert cluster.revisions == after
    assert [each["id"] for each in stack.deployment["resources"]] == (["there/page"] if made or old else [])
    assert stack.operations == ([("refresh", "--target", pending["urn"])] if made or old else [])


def test_a_release_that_was_being_uninstalled_is_uninstalled_to_the_end() -> None:
    pending = resource("kubernetes:helm.sh/v3:Release", RELEASE, id="there/page")
    stack = settle("deleting", pending, (pending,), Cluster("uninstalling"))
    assert stack.operations == [("destroy", "--target", pending["urn"])]


def test_a_new_object_takes_the_place_of_the_one_it_replaces() -> None:
    """The CLI refuses a state in which something comes before what it depends on."""
    pending = namespace("there")
    first, dependent = resource("random:index:X", {}, "first", id="first"), resource("random:index:X", {}, "y", id="y")
    old, gone = namespace("before", id="before"), namespace("there", id="there", pendingReplacement=True)
    stack = settle("creating", pending, (first, old, gone, dependent))
    assert [(each["id"], each.get("delete", False)) for each in stack.deployment["resources"]] == [
        ("first", False),
        ("there", False),
        ("before", True),
        ("y", False),
    ]


@pytest.mark.parametrize("kind", ["updating", "deleting"])
def test_what_was_being_changed_or_deleted_is_read(kind: str) -> None:
    pending = namespace("there", id="there")
    stack = settle(kind, pending, (pending,))
    assert stack.operations == [("refresh", "--target", pending["urn"])]
