"""Objects of the release that somebody deleted: no refresh misses them, and one command makes them again."""

from __future__ import annotations

import io
import json
from functools import partial

import pytest

from local.cluster.api import Object, wait
from local.paths import KUBECONFIG
from scripts import release_objects
from tests.e2e.deployment import Deployment

APP = "label-studio-ls-app"
GONE = [("apps/v1", "Deployment"), ("v1", "Service")]


def identities(stack: Deployment) -> dict[str, str]:
    """What must stay as it is, by kind and name."""
    found = {
        "claims": stack.objects("persistentvolumeclaims"),
        "pods": [pod for pod in stack.objects("pods") if not pod["metadata"]["name"].startswith(APP)],
        "secrets": stack.objects("secrets"),
    }
    return {f"{kind} {each['metadata']['name']}": each["metadata"]["uid"] for kind in found for each in found[kind]}


def changes(stack: Deployment) -> dict[str, str]:
    """What an update with a refresh would change; that it refreshes is no change."""
    return {urn: step for urn, step in stack.steps("--refresh").items() if step != "refresh"}


def test_deleted_objects_are_named_and_made_again(
    dev_stack: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(KUBECONFIG))
    state = json.dumps(dev_stack.engine.export())

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(state))
        status = release_objects.main(["dev", *arguments])
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    assert run() == (0, "all 3 objects of the releases are there\n")
    before = identities(dev_stack)
    metadata = {"name": APP, "namespace": dev_stack.namespace}
    dev_stack.api.delete(Object({"apiVersion": version, "kind": kind, "metadata": metadata}) for version, kind in GONE)
    assert changes(dev_stack) == {}, "a refresh of the release does not see it"

    status, printed = run()
    assert status == 1
    assert [line.split(" of release")[0] for line in printed.splitlines()] == [
        f"{kind} {dev_stack.namespace}/{APP}" for kind in ("Deployment", "Service")
    ]
    assert run("--repair")[0] == 0
    # A pod of the former Deployment may answer until it has ended.
    wait("a new pod of the page", partial(dev_stack.api.available, dev_stack.namespace, APP), 180)
    assert dev_stack.session().version()
    assert run()[0] == 0
    assert identities(dev_stack) == before
    assert changes(dev_stack) == {}
