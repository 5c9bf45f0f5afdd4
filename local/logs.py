"""`make logs`: the newest log lines, of every part or of one; the page comes first, processes of the cluster last."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from local.cluster import lifecycle
from local.cluster.api import Api, Object
from local.cluster.process import Process, last_lines
from local.paths import LOGS
from local.report import running_api
from local.terminal import console

# What people call these pods, by their label app.kubernetes.io/name.
_NAMES = {"ls-app": "page", "ls-worker": "worker", "object-store": "store", "object-store-setup": "store-setup"}
_FIRST = ("page", "worker")
_SYSTEM_NAMESPACES = {"kube-system", "local-path-storage"}
# What a ReplicaSet, a Job or a StatefulSet adds to the name of its owner.
_GENERATED = re.compile(r"(-[a-f0-9]{6,10})?-[a-z0-9]{5}$|-\d+$")


class UnknownPartError(RuntimeError):
    """No part has this name; the message lists those that there are."""


@dataclass(frozen=True)
class PodPart:
    """One pod, and the name that `make logs` knows it by."""

    pod: Object

    @property
    def title(self) -> str:
        """The namespace and the name of the pod."""
        return f"{self.pod['metadata']['namespace']}/{self.pod['metadata']['name']}"

    @property
    def name(self) -> str:
        """The name of the part, such as ``page``."""
        metadata = self.pod["metadata"]
        label = metadata.get("labels", {}).get("app.kubernetes.io/name")
        return _NAMES.get(label, label) if label else _GENERATED.sub("", metadata["name"])

    def is_called(self, part: str) -> bool:
        """Whether somebody who writes this means the pod: its part, or the beginning of its name."""
        return self.name == part or self.title.startswith(part) or self.title.partition("/")[2].startswith(part)

    @property
    def order(self) -> tuple[bool, int, str]:
        """What people ask about first comes first."""
        rank = _FIRST.index(self.name) if self.name in _FIRST else len(_FIRST)
        return self.pod["metadata"]["namespace"] in _SYSTEM_NAMESPACES, rank, self.title


def show(part: str, lines: int, follow: bool) -> bool:
    """Print the newest lines of the parts of this name, or of all; whether there were any. Raises UnknownPartError."""
    api = running_api()
    pods = sorted(map(PodPart, api.get("/api/v1/pods")["items"] if api else []), key=lambda pod: pod.order)
    processes = lifecycle.processes()
    chosen_pods = [pod for pod in pods if pod.is_called(part)]
    chosen = [process for process in processes if process.name.startswith(part)]
    if part and not chosen_pods and not chosen:
        names = dict.fromkeys([*(pod.name for pod in pods), *(process.name for process in processes)])
        raise UnknownPartError(f"no part is called {part}; PART is one of {', '.join(names)}")
    if follow:
        return _follow([*_files(chosen_pods), *(process.log for process in chosen if process.log.exists())], lines)
    found = False
    for title, text in [*_pod_logs(api, chosen_pods, lines), *_process_logs(chosen, lines)]:
        found = True
        console.rule(title, align="left")
        console.print(text, markup=False)
    return found


def _follow(files: list[Path], lines: int) -> bool:
    """Until Ctrl-C, which is the way to end it and no failure."""
    if not files:
        return False
    try:
        subprocess.run(["tail", "-n", str(lines), "-F", *map(str, files)], check=False)
    except KeyboardInterrupt:
        console.print()
    return True


def _files(pods: list[PodPart]) -> list[Path]:
    return [path for pod in pods for path in sorted(LOGS.glob(f"pods/{pod.title.replace('/', '_')}_*/*/*.log"))]


def _process_logs(processes: list[Process], lines: int) -> Iterator[tuple[str, str]]:
    for process in processes:
        if process.log.exists():
            yield process.name, last_lines(process.log, lines)


def _pod_logs(api: Api | None, pods: list[PodPart], lines: int) -> Iterator[tuple[str, str]]:
    """Logs of containers; of one that restarted and is not ready, what it said before it ended."""
    for pod in pods if api else []:
        namespace, _, name = pod.title.partition("/")
        status = pod.pod["status"]
        for container in [*status.get("containerStatuses", []), *status.get("initContainerStatuses", [])]:
            path = f"/api/v1/namespaces/{namespace}/pods/{name}/log"
            previous = not container["ready"] and container["restartCount"] and "waiting" in container["state"]
            query = {"container": container["name"], "tailLines": str(lines), "previous": str(bool(previous)).lower()}
            try:
                text = api.text(path, **query) if api else ""
            except httpx.HTTPStatusError as error:
                text = error.response.json().get("message", "no log")
            yield f"{pod.name}: {pod.title} {container['name']}", text.rstrip() or "(empty)"
