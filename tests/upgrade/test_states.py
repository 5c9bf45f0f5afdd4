"""Stacks that an earlier release deployed, previewed by this one: nothing that holds data is replaced or deleted."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.engine import Engine
from scripts import preview_api

STATES = Path(__file__).with_name("states")
PASSPHRASE = "upgrade tests"
SUPPLIED = "label-studio:supplied_secrets:SuppliedSecrets$kubernetes:core/v1:Secret"
LOSING = {"replace", "create-replacement", "delete-replaced", "delete", "discard"}
# The name of a set-up Job is a digest of what it does.
REPEATABLE = "kubernetes:batch/v1:Job"


def stack_of(state: dict[str, Any]) -> str:
    return str(state["deployment"]["resources"][0]["urn"].split(":")[2].partition("::")[0])


def supplied(state: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The Secrets that the stack file had encrypted: name, key, value. ``state`` shows its secrets."""
    return {
        resource["inputs"]["metadata"]["name"]: {
            key: base64.b64decode(value).decode()
            for key, value in json.loads(resource["inputs"]["data"]["plaintext"]).items()
        }
        for resource in state["deployment"]["resources"]
        if SUPPLIED in resource["urn"]
    }


def objects(state: dict[str, Any]) -> dict[str, Any]:
    """What the API server has of the stack, by path."""
    found = {}
    for resource in state["deployment"]["resources"]:
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
    name, tmp_path = request.param, tmp_path_factory.mktemp("upgrade")
    state = json.loads((STATES / f"{name}.json").read_text())
    stack, kubeconfig = stack_of(state), tmp_path / "kubeconfig"
    engine = Engine(tmp_path / "home", stack, kubeconfig)
    engine.home.mkdir()
    (engine.home / "passphrase").write_text(PASSPHRASE)
    engine.create()
    engine.replace_state(state)
    readable = engine.export(show_secrets=True)

    file = tmp_path / f"Pulumi.{stack}.yaml"
    given = yaml.safe_load((STATES / f"{name}.yaml").read_text())
    salt = state["deployment"]["secrets_providers"]["state"]["salt"]
    file.write_text(yaml.safe_dump({**given, "encryptionsalt": salt}))
    flags = ("--stack", stack, "--config-file", str(file))
    for secret, entries in supplied(readable).items():
        for key, value in entries.items():
            path = f'label-studio:secrets.{secret}["{key}"]'
            engine.run("config", "set", *flags, "--secret", "--path", path, capture=True, standard_input=value)
    with (
        pytest.MonkeyPatch.context() as patch,
        preview_api.serving(kubeconfig, given["config"]["label-studio:cluster"]["context"]),
    ):
        patch.setattr(preview_api, "ANSWERS", {**preview_api.ANSWERS, **objects(readable)})
        printed = engine.run("preview", *flags, "--json", capture=True).stdout
    steps = json.loads(printed[printed.index("{\n") :])["steps"]
    return [(step["op"], step["urn"].split("::", 2)[2]) for step in steps]


def test_nothing_is_lost(previewed: list[tuple[str, str]]) -> None:
    assert previewed
    lost = [(operation, urn) for operation, urn in previewed if operation in LOSING and REPEATABLE not in urn]
    assert lost == []


def test_what_is_there_is_known_again(previewed: list[tuple[str, str]]) -> None:
    """An object under another URN would be made a second time."""
    kinds = {urn.rpartition("::")[0].rpartition("$")[2] for operation, urn in previewed if operation == "create"}
    assert kinds.isdisjoint(
        {
            *("kubernetes:core/v1:Secret", "kubernetes:apps/v1:StatefulSet", "kubernetes:helm.sh/v3:Release"),
            *("random:index/randomPassword:RandomPassword", "kubernetes:postgresql.cnpg.io/v1:Cluster"),
        }
    )
