"""The real helm binary. Values go through files that only we can read; no secret is ever an argument."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import yaml

from local.plugins.server import PluginError


class HelmError(PluginError):
    """helm ended with an error; the message is what it printed."""


@dataclass(frozen=True)
class Chart:
    """Where a chart comes from. `repository` is empty for a local path, an OCI reference or `repo/name`."""

    name: str
    version: str = ""
    repository: str = ""
    username: str = ""
    password: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""

    @classmethod
    def of(cls, release: Mapping[str, Any]) -> Chart:
        """The chart of a release's inputs."""
        options = release.get("repositoryOpts") or {}
        version = release.get("version") or (">0.0.0-0" if release.get("devel") else "")
        return cls(
            name=release["chart"],
            version=str(version),
            repository=options.get("repo") or "",
            username=options.get("username") or "",
            password=options.get("password") or "",
            ca_file=options.get("caFile") or "",
            cert_file=options.get("certFile") or "",
            key_file=options.get("keyFile") or "",
        )

    @property
    def local(self) -> Path | None:
        """Its folder or archive on this machine, which goes before any repository of the same name."""
        path = Path(self.name)
        folder = (path / "Chart.yaml").is_file()
        return path if not self.repository and (folder or path.is_file()) else None

    @property
    def oci(self) -> bool:
        """Whether it lies in an OCI registry."""
        return self.name.startswith("oci://")

    def arguments(self) -> list[str]:
        """What names it on helm's command line; nothing secret."""
        flags = {"--version": self.version, "--ca-file": self.ca_file, "--cert-file": self.cert_file}
        flags |= {"--key-file": self.key_file, "--repo": "" if self.username or self.oci else self.repository}
        name = f"chart/{self.name}" if self.username and not self.oci else self.name
        return [name, *(part for flag, value in flags.items() if value for part in (flag, value))]


def checksum(folder: Path) -> str:
    """What identifies the content of a local chart, whatever the order of its files on disk."""
    digest = hashlib.sha256()
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else [folder]
    for path in files:
        digest.update(f"{path.relative_to(folder)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@dataclass(frozen=True)
class Helm:
    """helm against one cluster."""

    binary: str
    kubeconfig: str
    context: str
    cancelled: threading.Event

    def chart(self, chart: Chart) -> dict[str, Any]:
        """The chart's Chart.yaml. Raises HelmError when the chart cannot be had."""
        local = chart.local
        if local is not None and local.is_dir():
            text = (local / "Chart.yaml").read_text()
        else:
            with self._logged_in(chart) as environment:
                text = self._run(["show", "chart", *chart.arguments()], environment)
        metadata: dict[str, Any] = yaml.safe_load(text)
        return metadata

    def update_dependencies(self, folder: Path) -> None:
        """Fetch the charts that a local chart depends on."""
        self._run(["dependency", "update", str(folder)], {})

    def template(self, name: str, namespace: str, chart: Chart, values: Mapping[str, Any], flags: Sequence[str]) -> str:
        """The manifests as helm would render them, without a cluster."""
        with _file(values) as file, self._logged_in(chart) as environment:
            command = ["template", name, *chart.arguments(), "--namespace", namespace, "--values", file, *flags]
            return self._run(command, environment)

    def install(self, name: str, namespace: str, chart: Chart, values: Mapping[str, Any], flags: Sequence[str]) -> None:
        """Install or upgrade. Raises HelmError; a failed release then stays for the next attempt."""
        with _file(values) as file, self._logged_in(chart) as environment:
            command = ["upgrade", "--install", name, *chart.arguments(), "--namespace", namespace, "--values", file]
            self._run([*command, *flags], environment)

    def uninstall(self, name: str, namespace: str, flags: Sequence[str]) -> None:
        """Remove a release; one that is gone already is no error."""
        try:
            self._run(["uninstall", name, "--namespace", namespace, *flags], {})
        except HelmError as error:
            if "not found" not in str(error):
                raise

    def metadata(self, name: str, namespace: str) -> dict[str, Any] | None:
        """Chart, versions, revision and status of a release; None when there is none."""
        try:
            text = self._run(["get", "metadata", name, "--namespace", namespace, "--output", "json"], {})
        except HelmError as error:
            if "not found" in str(error):
                return None
            raise
        found: dict[str, Any] = json.loads(text)
        return found

    def manifest(self, name: str, namespace: str) -> str:
        """What the release put into the cluster, hooks excluded."""
        return self._run(["get", "manifest", name, "--namespace", namespace], {})

    def values(self, name: str, namespace: str) -> dict[str, Any]:
        """The values that the release was given, without the chart's own."""
        text = self._run(["get", "values", name, "--namespace", namespace, "--output", "json"], {})
        found: dict[str, Any] | None = json.loads(text)
        return found or {}

    @contextmanager
    def _logged_in(self, chart: Chart) -> Iterator[Mapping[str, str]]:
        """The environment in which a chart behind a password can be had: logins kept in a folder of their own."""
        if not chart.username:
            yield {}
            return
        with tempfile.TemporaryDirectory(prefix="helm-") as folder:
            environment = {
                "HELM_REGISTRY_CONFIG": f"{folder}/registry.json",
                "HELM_REPOSITORY_CONFIG": f"{folder}/repositories.yaml",
                "HELM_REPOSITORY_CACHE": f"{folder}/cache",
            }
            user = ["--username", chart.username, "--password-stdin"]
            if chart.oci:
                command = ["registry", "login", urlparse(chart.name).netloc, *user]
            else:
                command = ["repo", "add", "chart", chart.repository, *user]
            self._run(command, environment, chart.password)
            yield environment

    def _run(self, arguments: Sequence[str], environment: Mapping[str, str], given: str = "") -> str:
        variables = {**os.environ, **environment}
        if self.kubeconfig:
            variables["KUBECONFIG"] = self.kubeconfig
        if self.context:
            variables["HELM_KUBECONTEXT"] = self.context
        process = subprocess.Popen(
            [self.binary, *arguments],
            env=variables,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        threading.Thread(target=self._end_when_cancelled, args=(process,), daemon=True).start()
        printed, problems = process.communicate(given)
        if process.returncode != 0:
            raise HelmError(problems.strip() or f"helm {arguments[0]} ended with status {process.returncode}")
        return printed

    def _end_when_cancelled(self, process: subprocess.Popen[str]) -> None:
        """helm marks a release as failed when it is told to end; killed, it would leave it locked."""
        while process.poll() is None:
            if self.cancelled.wait(0.5):
                process.terminate()
                return


@contextmanager
def _file(values: Mapping[str, Any]) -> Iterator[str]:
    """A values file in a folder that only we can read."""
    with tempfile.TemporaryDirectory(prefix="helm-values-") as folder:
        path = Path(folder, "values.json")
        path.touch(mode=0o600)
        path.write_text(json.dumps(values))
        yield str(path)
