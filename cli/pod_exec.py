"""Commands in the containers of a stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kubernetes import client
from kubernetes.stream import stream

from .errors import ProjectError

SECONDS = 120


def run_in_pod(  # noqa: PLR0913 - a place, and what happens there
    api: Any,
    namespace: str,
    pod: str,
    container: str,
    command: Sequence[str],
    *,
    given: str = "",
    seconds: int = SECONDS,
) -> str:
    """What a command prints; ProjectError with its last words where it fails or takes longer than ``seconds``.

    It reads the line ``given`` from its standard input. ``api`` is a client of its own: afterwards it speaks nothing
    but streams.
    """
    core: Any = client.CoreV1Api(api)
    answer = stream(
        core.connect_get_namespaced_pod_exec,
        pod,
        namespace,
        container=container,
        command=list(command),
        stdout=True,
        stderr=True,
        stdin=bool(given),
        tty=False,
        _preload_content=False,
    )
    if given:
        answer.write_stdin(f"{given}\n")
    answer.run_forever(timeout=seconds)
    if answer.returncode != 0:
        raise ProjectError(f"{command[0]} failed in the pod {pod}: {answer.read_stderr().strip()[-500:]}")
    return str(answer.read_stdout())
