"""One cluster out of a kubeconfig: its address and credentials."""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.plugins.server import PluginError


@dataclass(frozen=True)
class Cluster:
    """Where the API server is and who we are. Bytes are PEM."""

    server: str
    namespace: str
    authority: bytes | None
    insecure: bool
    certificate: bytes | None
    key: bytes | None
    token: str | None

    def ssl_context(self) -> ssl.SSLContext:
        """What verifies the server and shows the client certificate."""
        authority = self.authority.decode() if self.authority else None
        context = ssl.create_default_context(cadata=authority)
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certificate and self.key:
            # The ssl module reads a certificate chain from a file only; the folder is readable by its owner alone.
            with tempfile.TemporaryDirectory() as folder:
                pair = Path(folder, "client.pem")
                pair.write_bytes(self.certificate + b"\n" + self.key)
                context.load_cert_chain(pair)
        return context


def parse(path_or_content: Any) -> dict[str, Any]:
    """A kubeconfig given as a path, as text or as an object; empty means the ambient one. Raises PluginError."""
    if isinstance(path_or_content, Mapping):
        return dict(path_or_content)
    text = str(path_or_content or "") or _ambient()
    path = Path(text).expanduser() if len(text) < 4096 and "\n" not in text else None
    if path is not None and path.is_file():
        text = path.read_text()
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        # The message of a YAML error quotes the text, which holds credentials.
        raise PluginError("the kubeconfig is neither a file that exists nor valid YAML") from error
    if not isinstance(content, dict):
        raise PluginError(f"the kubeconfig is neither a file that exists nor valid YAML{f': {path}' if path else ''}")
    return content


def _ambient() -> str:
    for candidate in os.environ.get("KUBECONFIG", "").split(os.pathsep):
        if candidate and Path(candidate).exists():
            return candidate
    return "~/.kube/config"


def _named(content: Mapping[str, Any], section: str, name: str) -> dict[str, Any] | None:
    for entry in content.get(section) or []:
        if entry.get("name") == name:
            found: dict[str, Any] = entry.get(section.removesuffix("s")) or {}
            return found
    return None


def active_cluster(content: Mapping[str, Any], context: str, cluster: str) -> dict[str, Any] | None:
    """The cluster's entry that a provider with these settings would use; None when it cannot be told."""
    chosen = _named(content, "contexts", context or content.get("current-context", ""))
    name = cluster or (chosen or {}).get("cluster", "")
    return _named(content, "clusters", name)


def load(path_or_content: Any, context: str, cluster: str) -> Cluster:
    """The cluster of the named context (or the current one). Raises PluginError with what is missing."""
    content = parse(path_or_content)
    wanted = context or content.get("current-context", "")
    chosen = _named(content, "contexts", wanted)
    if chosen is None:
        raise PluginError(f'context "{wanted}" does not exist in the kubeconfig')
    target = active_cluster(content, context, cluster)
    if target is None:
        raise PluginError(f'context "{wanted}" names a cluster that the kubeconfig does not have')
    user = _named(content, "users", chosen.get("user", "")) or {}
    if "exec" in user or "auth-provider" in user:
        raise PluginError("credential plugins (`exec`) are not supported by this stand-in")
    return Cluster(
        server=target["server"].rstrip("/"),
        namespace=chosen.get("namespace") or "default",
        authority=_content(target, "certificate-authority"),
        insecure=bool(target.get("insecure-skip-tls-verify")),
        certificate=_content(user, "client-certificate"),
        key=_content(user, "client-key"),
        token=user.get("token") or _token_file(user),
    )


def _content(entry: Mapping[str, Any], name: str) -> bytes | None:
    if data := entry.get(f"{name}-data"):
        return base64.b64decode(data)
    return Path(entry[name]).read_bytes() if entry.get(name) else None


def _token_file(user: Mapping[str, Any]) -> str | None:
    return Path(user["tokenFile"]).read_text().strip() if user.get("tokenFile") else None
