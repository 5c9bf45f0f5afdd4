"""How to reach the API server of a context, as kubectl and Pulumi's provider find it in kubeconfig files.

There is Kubernetes' own client for Python, but it needs some fifteen packages, and importing it takes longer than the
one question that the program asks.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

DEFAULT = "~/.kube/config"
EXEC_SECONDS = 60
Entry = Mapping[str, Any]


class KubeconfigError(ValueError):
    """What is missing in the files, or wrong with them; never one of their values but names and addresses."""


@dataclass(frozen=True)
class Access:
    """An address with credentials; bytes are PEM. Without ``is_known`` only other clients get there."""

    server: str
    authority: bytes | None
    verify: bool
    server_name: str | None
    proxy: str | None
    certificate: bytes | None
    key: bytes | None
    token: str | None
    is_known: bool


def load(path: str | None, context: str) -> Access:
    """The access of the context; without a path by the files of KUBECONFIG, or the one in the home directory."""
    files = _files(path)
    configs = [(file, _parsed(file)) for file in files if file.is_file()]
    where = ", ".join(map(str, files))
    if not configs:
        raise KubeconfigError(f"there is no kubeconfig {where}; write cluster.kubeconfig or set KUBECONFIG")
    contexts = dict(_entries(configs, "contexts"))
    if context not in contexts:
        known = ", ".join(sorted(contexts)) or "none at all"
        raise KubeconfigError(f"the kubeconfig {where} has no context {context}; it has {known}")
    chosen = contexts[context]
    cluster = dict(_entries(configs, "clusters")).get(chosen.get("cluster", ""))
    if not cluster or not cluster.get("server"):
        raise KubeconfigError(f"context {context} of the kubeconfig {where} leads to no cluster that the file has")
    user = dict(_entries(configs, "users")).get(chosen.get("user", ""), {})
    return _access(cluster, {**user, **_from_command(user)})


def _files(path: str | None) -> list[Path]:
    if path:
        return [Path(path).expanduser()]
    listed = [entry for entry in os.environ.get("KUBECONFIG", "").split(os.pathsep) if entry]
    return [Path(entry) for entry in listed] or [Path(DEFAULT).expanduser()]


def _parsed(file: Path) -> Entry:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise KubeconfigError(f"the kubeconfig {file} cannot be read: {type(error).__name__}") from None
    except yaml.YAMLError:
        # Its message quotes the text, which holds credentials.
        raise KubeconfigError(f"the kubeconfig {file} is not YAML") from None
    return content if isinstance(content, Mapping) else {}


def _entries(configs: list[tuple[Path, Entry]], section: str) -> Iterator[tuple[str, Entry]]:
    """By their names; of several with one name the first counts, so that comes last here."""
    for file, content in reversed(configs):
        for entry in reversed(content.get(section) or []):
            yield entry["name"], {**(entry.get(section.removesuffix("s")) or {}), "folder": file.parent}


def _access(cluster: Entry, user: Entry) -> Access:
    return Access(
        server=str(cluster["server"]).rstrip("/"),
        authority=_content(cluster, "certificate-authority"),
        verify=not cluster.get("insecure-skip-tls-verify"),
        server_name=cluster.get("tls-server-name"),
        proxy=cluster.get("proxy-url"),
        certificate=_content(user, "client-certificate"),
        key=_content(user, "client-key"),
        token=user.get("token") or (_content(user, "tokenFile") or b"").decode().strip() or None,
        is_known=not user.keys() & {"auth-provider", "username"}
        and not str(cluster.get("proxy-url", "")).startswith("socks"),
    )


def _content(entry: Entry, key: str) -> bytes | None:
    if data := entry.get(f"{key}-data"):
        return base64.b64decode(data)
    if not entry.get(key):
        return None
    file = Path(entry["folder"], entry[key])
    try:
        return file.read_bytes()
    except OSError as error:
        raise KubeconfigError(f"{file}, which the kubeconfig names, cannot be read: {error.strerror}") from None


def _from_command(user: Entry) -> dict[str, Any]:
    """What a credential plugin prints (``exec``): a token, or a certificate with its key."""
    plugin = user.get("exec")
    if not plugin:
        return {}
    command = str(plugin["command"])
    if os.sep in command:
        command = str(Path(user["folder"], command))
    variables = {entry["name"]: entry["value"] for entry in plugin.get("env") or []}
    request = {"kind": "ExecCredential", "apiVersion": plugin.get("apiVersion"), "spec": {"interactive": False}}
    environment = {**os.environ, "KUBERNETES_EXEC_INFO": json.dumps(request), **variables}
    try:
        done = subprocess.run(  # noqa: S603 - as every client of this kubeconfig runs it
            [command, *(plugin.get("args") or [])],
            env=environment,
            capture_output=True,
            timeout=EXEC_SECONDS,
            check=True,
        )
        status = json.loads(done.stdout)["status"]
    except subprocess.CalledProcessError as error:
        last = (error.stderr.decode(errors="replace").strip().splitlines() or ["no message"])[-1]
        raise KubeconfigError(f"{command}, which the kubeconfig runs for credentials, failed: {last}") from None
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError) as error:
        why = type(error).__name__
        raise KubeconfigError(f"{command}, which the kubeconfig runs for credentials, failed: {why}") from None
    pem = {"client-certificate-data": "clientCertificateData", "client-key-data": "clientKeyData"}
    printed = {key: base64.b64encode(status[name].encode()) for key, name in pem.items() if status.get(name)}
    return {**printed, **({"token": status["token"]} if status.get("token") else {})}
