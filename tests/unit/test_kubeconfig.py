"""How a context is found in kubeconfig files, and what is said when it is not."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from components.stack.kubeconfig import KubeconfigError, load

SERVER = "https://192.0.2.1:6443"


def write(file: Path, *contexts: str, user: dict[str, Any] | None = None, **cluster: Any) -> Path:
    content = {
        "contexts": [{"name": name, "context": {"cluster": "it", "user": "me"}} for name in contexts],
        "clusters": [{"name": "it", "cluster": {"server": SERVER, **cluster}}],
        "users": [{"name": "me", "user": user or {"token": "hunter2"}}],
    }
    file.write_text(json.dumps(content))
    return file


def test_the_context_that_is_asked_for_and_no_current_one(tmp_path: Path) -> None:
    file = write(tmp_path / "config", "one", "two")
    access = load(str(file), "two")
    assert (access.server, access.token, access.verify, access.is_known) == (SERVER, "hunter2", True, True)
    with pytest.raises(KubeconfigError, match="has no context three; it has one, two"):
        load(str(file), "three")


def test_several_files_are_one_and_the_first_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = write(tmp_path / "1", "one", user={"token": "first"})
    two = write(tmp_path / "2", "one", "two", user={"token": "second"})
    monkeypatch.setenv("KUBECONFIG", f"{one}:{tmp_path / 'not-there'}:{two}")
    assert load(None, "two").token == "first"


def test_files_are_beside_the_kubeconfig_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("PEM")
    (tmp_path / "token").write_text("hunter2\n")
    file = write(tmp_path / "config", "one", user={"tokenFile": "token"}, **{"certificate-authority": "ca.crt"})
    access = load(str(file), "one")
    assert (access.authority, access.token) == (b"PEM", "hunter2")
    (tmp_path / "token").unlink()
    with pytest.raises(KubeconfigError, match="token, which the kubeconfig names, cannot be read: No such file"):
        load(str(file), "one")


def test_data_in_the_file_itself(tmp_path: Path) -> None:
    data = base64.b64encode(b"PEM").decode()
    file = write(tmp_path / "config", "one", user={"client-certificate-data": data, "client-key-data": data})
    access = load(str(file), "one")
    assert (access.certificate, access.key, access.token) == (b"PEM", b"PEM", None)


def plugin(folder: Path, script: str, **keys: Any) -> dict[str, Any]:
    command = folder / "plugin"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", **keys}}


def test_a_credential_plugin_is_run(tmp_path: Path) -> None:
    script = """echo '{"kind": "ExecCredential", "status": {"token": "'$1-$WHO'"}}'"""
    user = plugin(tmp_path, script, args=["for"], env=[{"name": "WHO", "value": "me"}])
    assert load(str(write(tmp_path / "config", "one", user=user)), "one").token == "for-me"


@pytest.mark.parametrize(
    ("script", "reason"),
    [("echo first >&2; echo Log in anew. >&2; exit 1", "Log in anew."), ("echo nonsense", "JSONDecodeError")],
)
def test_a_credential_plugin_that_fails_says_why(tmp_path: Path, script: str, reason: str) -> None:
    file = write(tmp_path / "config", "one", user=plugin(tmp_path, script))
    with pytest.raises(KubeconfigError, match=f"plugin, which the kubeconfig runs for credentials, failed: {reason}"):
        load(str(file), "one")


def test_a_credential_plugin_that_is_not_installed(tmp_path: Path) -> None:
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-plugin"}}
    with pytest.raises(KubeconfigError, match="no-such-plugin, which the kubeconfig runs for credentials, failed"):
        load(str(write(tmp_path / "config", "one", user=user)), "one")


@pytest.mark.parametrize("user", [{"auth-provider": {"name": "gcp"}}, {"username": "a", "password": "b"}])
def test_what_only_other_clients_know_is_left_to_them(tmp_path: Path, user: dict[str, Any]) -> None:
    assert not load(str(write(tmp_path / "config", "one", user=user)), "one").is_known


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no kubeconfig .*; write cluster.kubeconfig or set KUBECONFIG"),
        ("{", "is not YAML"),
        ("[]", "has no context one; it has none at all"),
        ('{"contexts": [{"name": "one", "context": {"cluster": "gone"}}]}', "leads to no cluster"),
    ],
)
def test_what_is_wrong_is_one_line_without_values(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "config"
    if content is not None:
        file.write_text(content)
    with pytest.raises(KubeconfigError, match=message) as caught:
        load(str(file), "one")
    assert "\n" not in str(caught.value)
