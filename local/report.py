"""`make status`: what runs and what does not."""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from kubernetes import config
from rich.markup import escape
from rich.table import Table

from cli.errors import ProjectError
from cli.jobs import WORKERS, failed_jobs, summary
from local.cluster import lifecycle, pki
from local.cluster.api import Api, Object, has_condition
from local.cluster.process import Process
from local.paths import CONTEXT, KUBECONFIG, LOGS
from local.terminal import console
from scripts.waiting.reasons import Observer, Reason
from scripts.waiting.silence import silent_services


def status() -> bool:
    """Print the processes, the node and all pods; returns whether everything is as it should be."""
    processes = lifecycle.processes()
    running = [process for process in processes if process.running]
    if not running:
        console.print("Nothing runs. `make up` starts it.")
        return False
    console.print(_process_table(processes))
    healthy = len(running) == len(processes)
    api = running_api()
    if api is None:
        console.print("[red]The API server does not answer[/]: `make logs` shows why.")
        return False
    node_ready = api.node_ready()
    console.print(f"Node: {'[green]ready[/]' if node_ready else '[red]not ready[/]'}")
    pods = api.get("/api/v1/pods")["items"]
    console.print(_pod_table(pods))
    reasons = _reasons(api)
    for reason in reasons:
        console.print(f"[red]Waiting:[/] {escape(str(reason))}", soft_wrap=True)
    if reasons:
        console.print("Type these commands in `make shell`.")
    silent = [f"[red]No answer:[/] {escape(each)}" for each in silent_services(partial(_read, api), pods)]
    for line in [*silent, *last_words(pods), *_failed_jobs(pods)]:
        console.print(line)
    console.print(f"KUBECONFIG={KUBECONFIG} (context {CONTEXT}); logs are in {LOGS}")
    return (
        healthy
        and node_ready
        and not (reasons or silent)
        and all(_is_well(pod) for pod in pods if not _was_replaced(pod, pods))
    )


def _reasons(api: Api) -> list[Reason]:
    """What the stacks of this machine wait for, whose pods may not even be there."""
    namespaces = [each["metadata"]["name"] for each in api.get("/api/v1/namespaces")["items"]]
    kubectl = f"kubectl --context {CONTEXT} --namespace"

    def text(path: str) -> str:
        """A container may go while it is looked at."""
        try:
            return api.text(path)
        except httpx.HTTPError:
            return ""

    looks = [Observer(api.get, name, f"{kubectl} {name}", text=text).reasons() for name in sorted(namespaces)]
    return [reason for look in looks for reason in look]


def _read(api: Api, path: str) -> Object | None:
    """What a pod says; None where it does not answer."""
    try:
        return api.get(path)
    except (httpx.HTTPError, ValueError):
        return None


def last_words(pods: list[Object]) -> Iterator[str]:
    """Why pods of jobs failed that no good one followed, such as those of scheduled exports: the last line of each."""
    for pod in pods:
        if pod["status"].get("phase") == "Failed" and not _was_replaced(pod, pods):
            ended = [each["state"].get("terminated", {}) for each in pod["status"].get("containerStatuses", [])]
            lines = [line for each in ended for line in str(each.get("message", "")).strip().splitlines()[-1:]]
            name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
            yield from (f"[red]Failed[/] {name} in {namespace}: {escape(line)}" for line in lines)


def _failed_jobs(pods: list[Object]) -> Iterator[str]:
    """What failed for good in the queue of each stack, by namespace."""
    workers = {pod["metadata"]["namespace"] for pod in pods if _is_worker(pod)}
    for namespace in sorted(workers):
        connect: Any = config.new_client_from_config
        connection = connect(config_file=str(KUBECONFIG), context=CONTEXT)
        try:
            counted = failed_jobs(connection, namespace, "count")
        except ProjectError as error:
            yield f"[red]Jobs in {namespace}[/]: {error}"
            continue
        color = "red" if counted["failed"] else "green"
        yield f"Failed jobs in {namespace}: [{color}]{counted['failed']}[/]"
        yield from (f"  {escape(line)}" for line in summary(counted))
        if counted["failed"]:
            yield "  `make failed-jobs` lists them, and runs them again with RERUN=1."


def _is_worker(pod: Object) -> bool:
    return "labels" in pod["metadata"] and WORKERS.split("=")[1] in pod["metadata"]["labels"].values() and _is_well(pod)


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


def _was_replaced(pod: Object, pods: list[Object]) -> bool:
    """Whether a pod that failed was followed by a good one of the same owner, or of another run of the same job.

    Jobs that `make sync` or a CronJob makes are one after another; their pods have the same name and instance labels.
    """
    later = [each for each in pods if _created(each) >= _created(pod) and each is not pod and _is_well(each)]
    same = _owners(pod) | _identity(pod)
    return pod["status"].get("phase") == "Failed" and any(same & (_owners(each) | _identity(each)) for each in later)


def _owners(pod: Object) -> set[str]:
    return {each["uid"] for each in pod["metadata"].get("ownerReferences", [])}


def _identity(pod: Object) -> set[str]:
    labels = pod["metadata"].get("labels", {})
    known = [labels.get(f"app.kubernetes.io/{key}") for key in ("name", "instance")]
    return {"/".join([pod["metadata"].get("namespace", ""), *known])} if all(known) else set()


def _created(pod: Object) -> str:
    """In the form of RFC 3339, whose order as text is that of time."""
    return str(pod["metadata"].get("creationTimestamp", ""))


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


def running_api() -> Api | None:
    """The API of the cluster, or None where it does not answer."""
    if not pki.ADMINISTRATOR.exists:
        return None
    api = Api()
    return api if api.ready() else None
