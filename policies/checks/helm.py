"""The real helm, and what a chart makes of values under every capability that its templates ask for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from .values import at, walk

PROJECT = Path(__file__).resolve().parent.parent.parent
PLACEHOLDER = "placeholder"
TIMEOUT_SECONDS = 120
NO_HELM = "install helm, or give the path of one in HELM"
# Where the project keeps the helm that it builds itself.
BUILT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "label-studio-pulumi" / "tools"
API_VERSION = re.compile(
    r"\b((?:[a-z0-9-]+\.)+[a-z0-9-]+/v\d\w*(?:/[A-Z]\w+)?|(?:apps|batch|policy|autoscaling)/v\d\w*)\b"
)
KUBE_VERSION = re.compile(r"\b1\.(\d{1,2})(?:\.\d+)?\b")
OLDEST, NEWEST = 25, 37
# What a template can ask that only the cluster, or the moment, answers.
UNFORESEEABLE = re.compile(r"\{\{[^}]*(\blookup\b|\bgetHostByName\b|\.Release\.Revision\b|\.Files\.Lines\b)")


class RenderError(RuntimeError):
    """helm could not render a release; the message is helm's own without the values that it quotes."""


class NoHelmError(RenderError):
    """There is no helm to render with."""


def find_helm() -> str:
    """The path of helm: that in HELM, on the PATH, or that of this project. Raises NoHelmError."""
    given = os.environ.get("HELM") or shutil.which("helm")
    built = sorted(BUILT.glob("helm-*/helm"), key=lambda path: path.stat().st_mtime)
    if given or built:
        return given or str(built[-1])
    raise NoHelmError(f"helm is not installed; {NO_HELM}")


def template_texts(chart: Path) -> dict[str, str]:
    """The text of each file of a chart, a folder or an archive, charts inside charts included."""
    if chart.is_dir():
        texts = {str(file.relative_to(chart)): file for file in sorted(chart.rglob("*")) if file.is_file()}
        inner = [text for name, file in texts.items() if name.endswith(".tgz") for text in template_texts(file).items()]
        return {**{name: file.read_text(errors="replace") for name, file in texts.items()}, **dict(inner)}
    with tarfile.open(chart) as archive:
        members = [member for member in archive if member.isfile()]
        return {each.name: _read(archive, each) for each in members}


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    stream = archive.extractfile(member)
    return stream.read().decode(errors="replace") if stream else ""


def digest(texts: Mapping[str, str]) -> str:
    """The digest of a chart by its files."""
    joined = "\0".join(f"{name}\0{text}" for name, text in sorted(texts.items()))
    return f"sha256:{sha256(joined.encode()).hexdigest()}"


def unforeseeable(texts: Mapping[str, str]) -> bool:
    """Whether a template asks what nobody can answer before it is applied."""
    return any(UNFORESEEABLE.search(text) for name, text in texts.items() if "templates/" in f"/{name}")


def variations(texts: Mapping[str, str]) -> list[tuple[str, ...]]:
    """The flags of every run that is needed to see each branch on capabilities: one where there is none."""
    templates = "\n".join(text for name, text in texts.items() if "templates/" in f"/{name}")
    versions = sorted({each for text in texts.values() for each in API_VERSION.findall(text)})
    runs: list[tuple[str, ...]] = [()]
    if "APIVersions" in templates:
        runs.append(tuple(flag for version in versions for flag in ("--api-versions", version)))
    if "IsUpgrade" in templates or "IsInstall" in templates:
        runs += [(*run, "--is-upgrade") for run in runs]
    if "KubeVersion" in templates:
        minors = {int(minor) for minor in KUBE_VERSION.findall(templates)} | set(range(OLDEST, NEWEST + 1, 3))
        named = {minor + step for minor in minors for step in (-1, 0, 1) if 0 < minor + step < 60}
        runs += [(*run, "--kube-version", f"1.{minor}.0") for run in runs[-1:] for minor in sorted(named)]
    return runs


def render(helm: str, props: Mapping[str, Any], values: Any, namespace: str, flags: Sequence[str] = ()) -> list[Any]:
    """The documents that helm makes of a release's values. Raises RenderError."""
    command = [helm, "template", str(props.get("name") or "release"), str(props.get("chart")), "--namespace", namespace]
    command += ["--skip-tests", "--include-crds", "--values", "-", *flags]
    for flag, value in (("--version", props.get("version")), ("--repo", at(props, "repositoryOpts", "repo"))):
        command += [flag, str(value)] if isinstance(value, str) and value else []
    text = json.dumps(values, default=lambda _: PLACEHOLDER, sort_keys=True)
    done = _run(tuple(command), text)
    if done.returncode != 0:
        raise RenderError(_without_values(done.stderr.strip(), values))
    try:
        return list(_documents(done.stdout))
    except yaml.YAMLError:
        raise RenderError("its manifests are no YAML") from None


def _run(command: tuple[str, ...], values: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - helm itself, with the stack's own values
            command, input=values, cwd=PROJECT, text=True, capture_output=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except FileNotFoundError:
        raise NoHelmError(f"{command[0]} is not installed; {NO_HELM}") from None
    except subprocess.TimeoutExpired:
        raise RenderError(f"helm took more than {TIMEOUT_SECONDS} seconds") from None


def _documents(text: str) -> Iterator[Any]:
    yield from (document for document in yaml.load_all(text, Loader=_loader()) if document)


@cache
def _loader() -> Any:
    # The C parser is ten times as fast, where PyYAML was built with it.
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _without_values(message: str, values: Any) -> str:
    """The message of helm without the values that it quotes: one of them may be a secret."""
    for _, value in walk(values):
        if isinstance(value, str) and value:
            message = message.replace(f"'{value}'", "'…'").replace(f'"{value}"', '"…"')
    return message
