"""Stacks that an earlier release deployed, previewed by this one: nothing that holds data is replaced or deleted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts import preview_api
from tests.upgrade.earlier import EarlierStack, restore

LOSING = {"replace", "create-replacement", "delete-replaced", "delete", "discard"}
# The name of a set-up Job is a digest of what it does.
# It opens nothing: with another key of the digests, pods only start again.
CONTENT_KEY = "label-studio-content-key"
REPEATABLE = "kubernetes:batch/v1:Job"
# It keeps nothing. One that selects the pods of several jobs takes the place of those for each.
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"


def objects(stack: EarlierStack) -> dict[str, Any]:
    """What the API server has of the stack, by path."""
    found = {}
    for resource in stack.resources:
        body = resource.get("outputs", {})
        if resource["type"].startswith("kubernetes:") and "kind" in body and "metadata" in body:
            version, kind, metadata = body["apiVersion"], body["kind"], body["metadata"]
            place = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
            root = f"/apis/{version}" if "/" in version else f"/api/{version}"
            plural = preview_api._resource(kind)["name"]
            found[f"{root}{place}/{plural}/{metadata['name']}"] = body
    return found


@pytest.fixture(scope="module", params=["dev", "prod", "external"])
def previewed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """The operations of a preview on a state: kind of operation and URN without the stack's own part."""
    folder = tmp_path_factory.mktemp("upgrade")
    kubeconfig = folder / "kubeconfig"
    stack = restore(request.param, folder, kubeconfig)
    with (
        pytest.MonkeyPatch.context() as patch,
        preview_api.serving(kubeconfig, stack.config["label-studio:cluster"]["context"]),
    ):
        patch.setattr(preview_api, "ANSWERS", {**preview_api.ANSWERS, **objects(stack)})
        printed = stack.engine.run("preview", *stack.flags, "--json", capture=True).stdout
    steps = json.loads(printed[printed.index("{\n") :])["steps"]
    return [(step["op"], step["urn"].split("::", 2)[2]) for step in steps]


def test_nothing_is_lost(previewed: list[tuple[str, str]]) -> None:
    assert previewed
    lost = [(operation, urn) for operation, urn in previewed if operation in LOSING]
    lost = [(operation, urn) for operation, urn in lost if not any(kind in urn for kind in (REPEATABLE, POLICY))]
    assert lost == []


def test_what_is_there_is_known_again(previewed: list[tuple[str, str]]) -> None:
    """An object under another URN would be made a second time."""
    created = [urn for operation, urn in previewed if operation == "create" and not urn.endswith(f"::{CONTENT_KEY}")]
    kinds = {urn.rpartition("::")[0].rpartition("$")[2] for urn in created}
    assert kinds.isdisjoint(
        {
            *("kubernetes:core/v1:Secret", "kubernetes:apps/v1:StatefulSet", "kubernetes:helm.sh/v3:Release"),
            *("random:index/randomPassword:RandomPassword", "kubernetes:postgresql.cnpg.io/v1:Cluster"),
        }
    )
