"""What a person asks when something is wrong: what runs, what does not, and what it said last."""

from __future__ import annotations

import calendar
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from rich.table import Table

from local.cluster import lifecycle, pki
from local.cluster.api import Api, Object, has_condition
from local.cluster.process import Process, last_lines
from local.paths import CONTEXT, KUBECONFIG, LOGS
from local.terminal import console


def status() -> bool:
    """Print the processes, the node and all pods; returns whether everything is as it should be."""
    processes = lifecycle.processes()
    running = [process for process in processes if process.running]
    if not running:
        console.print("Nothing runs. `make up` starts it.")
        return False
    console.print(_process_table(processes))
    healthy = len(running) == len(processes)
    api = _api()
    if api is None:
        console.print("[red]The API server does not answer[/]: `make logs` shows why.")
        return False
    node_ready = api.node_ready()
    console.print(f"Node: {'[green]ready[/]' if node_ready else '[red]not ready[/]'}")
    pods = api.get("/api/v1/pods")["items"]
    console.print(_pod_table(pods))
    console.print(f"KUBECONFIG={KUBECONFIG} (context {CONTEXT}); logs are in {LOGS}")
    return healthy and node_ready and all(_is_well(pod) for pod in pods if not _was_repeated(pod, pods))


def logs(part: str, lines: int, follow: bool) -> bool:
    """Print the newest log lines of the parts whose name begins with ``part``; returns whether there were any."""
    files = [process.log for process in lifecycle.processes() if process.name.startswith(part)]
    if follow:
        chosen = [str(path) for path in files if path.exists()] or [
            str(path) for path in LOGS.glob(f"pods/*{part}*/*/*.log")
        ]
        return bool(chosen) and subprocess.run(["tail", "-n", str(lines), "-F", *chosen], check=False).returncode == 0
    found = False
    for title, text in [*_process_logs(files, lines), *_pod_logs(part, lines)]:
        found = True
        console.rule(title, align="left")
        console.print(text, markup=False)
    return found


def _process_logs(files: list[Path], lines: int) -> Iterator[tuple[str, str]]:
    for path in files:
        if path.exists():
            yield path.stem, last_lines(path, lines)


def _pod_logs(part: str, lines: int) -> Iterator[tuple[str, str]]:
    """Logs of containers; of one that restarted and is not ready, what it said before it ended."""
    api = _api()
    for pod in api.get("/api/v1/pods")["items"] if api else []:
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        if not name.startswith(part.removeprefix(f"{namespace}/")):
            continue
        status = pod["status"]
        for container in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
            path = f"/api/v1/namespaces/{namespace}/pods/{name}/log"
            previous = not container["ready"] and container["restartCount"] and "waiting" in container["state"]
            query = {"container": container["name"], "tailLines": str(lines), "previous": str(bool(previous)).lower()}
            try:
                text = api.text(path, **query) if api else ""
            except httpx.HTTPStatusError as error:
                text = error.response.json().get("message", "no log")
            yield f"{namespace}/{name} {container['name']}", text.rstrip() or "(empty)"


def _process_table(processes: list[Process]) -> Table:
    table = Table("process", "state", "id", "memory", box=None, pad_edge=False)
    for process in processes:
        running = process.running
        state = "[green]running[/]" if running else "[red]not running[/]"
        table.add_row(
            process.name,
            state,
            str(running.pid) if running else "",
            f"{_resident(running.pid)} MiB" if running else "",
        )
    return table


def _pod_table(pods: list[Object]) -> Table:
    table = Table("namespace", "pod", "state", "ready", "restarts", "age", box=None, pad_edge=False)
    for pod in pods:
        containers = pod["status"].get("containerStatuses", [])
        color = "green" if _is_well(pod) else "red"
        table.add_row(
            pod["metadata"]["namespace"],
            pod["metadata"]["name"],
            f"[{color}]{_state(pod)}[/]",
            f"{sum(each['ready'] for each in containers)}/{len(pod['spec']['containers'])}",
            str(sum(each["restartCount"] for each in containers)),
            _age(pod["metadata"]["creationTimestamp"]),
        )
    return table


def _is_well(pod: Object) -> bool:
    return pod["status"].get("phase") == "Succeeded" or has_condition(pod, "Ready")


def _was_repeated(pod: Object, pods: list[Object]) -> bool:
    """Whether another attempt of the same job succeeded."""
    owners = _owners(pod)
    return any(owners & _owners(each) for each in pods if each["status"].get("phase") == "Succeeded")


def _owners(pod: Object) -> set[str]:
    return {each["uid"] for each in pod["metadata"].get("ownerReferences", [])}


def _state(pod: Object) -> str:
    """The reason that a container gives, rather than the phase, which says little."""
    status = pod["status"]
    for container in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
        waiting = container["state"].get("waiting", {}).get("reason")
        if waiting and waiting != "PodInitializing":
            return str(waiting)
    return "Terminating" if "deletionTimestamp" in pod["metadata"] else str(status.get("phase", "Unknown"))


def _age(created: str) -> str:
    seconds = time.time() - _epoch(created)
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return f"{int(seconds)}s"


def _epoch(timestamp: str) -> float:
    return calendar.timegm(time.strptime(timestamp, "%Y-%m-%dT%H:%M:%SZ"))


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 // 1024**2


def _api() -> Api | None:
    if not pki.ADMINISTRATOR.exists:
        return None
    api = Api()
    return api if api.ready() else None
