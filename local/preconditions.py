"""What must be so before anything is changed: each thing that is not is one line that says what to do about it."""

from __future__ import annotations

import ipaddress
import os
import platform
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from local import memory, packages
from local.cluster import network
from local.cluster.process import Process
from local.memory import GIB
from local.paths import CACHE, STATE
from local.tools.build import required_go

MEMORY = 6 * GIB
DISK_FIRST = 15 * GIB
DISK_AGAIN = 4 * GIB
_CONTROLLERS = {"cpu", "memory", "pids"}
_OWN_RANGES = (network.POD_RANGE, network.SERVICE_RANGE, f"{network.NODE_ADDRESS}/32")
_ROUTE_TYPES = {"unicast", "local", "broadcast", "multicast", "throw", "unreachable", "prohibit", "blackhole", "nat"}


class PreconditionError(RuntimeError):
    """Nothing was changed; the message has one line for each thing that is missing."""


def check(page_port: int | None = network.PAGE_PORT) -> None:
    """Raise PreconditionError unless the platform can work on this machine, with the page at this port."""
    if found := problems(page_port):
        raise PreconditionError("\n".join(found))


def problems(page_port: int | None = network.PAGE_PORT) -> list[str]:
    """A line for each thing that is missing, with what to do about it; needs nothing but Python's own library."""
    return [*_machine()] or [*_resources(), *_programs(), *_kernel(), *_ports(page_port), *_routes()]


def _machine() -> Iterator[str]:
    """What makes any further question pointless."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        yield f"this is {platform.system()} on {platform.machine()}; the embedded platform needs Linux on x86_64"
    elif os.geteuid() != 0:
        yield "not root: containers, mounts and network links need it; run `sudo make up`"


def _resources() -> Iterator[str]:
    if memory.total() < MEMORY:
        yield f"{memory.total() / GIB:.1f} GiB of memory; at least {MEMORY // GIB} GiB are needed"
    for folder in (CACHE, STATE):
        wanted = DISK_AGAIN if folder.exists() else DISK_FIRST
        standing = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(standing).free
        if free < wanted:
            yield f"{free / GIB:.1f} GiB free for {folder}; {wanted // GIB} GiB are needed"


def _programs() -> Iterator[str]:
    wanted = required_go()
    found = re.search(r"go(\d+)\.(\d+)", _output("go", "env", "GOVERSION"))
    if not found:
        yield f"no Go: install version {wanted[0]}.{wanted[1]} or newer (https://go.dev/doc/install) and put it on PATH"
    elif (int(found[1]), int(found[2])) < wanted:
        yield f"Go {found[1]}.{found[2]} is too old; install version {wanted[0]}.{wanted[1]} or newer"
    absent = packages.missing(packages.CLUSTER)
    if absent and not shutil.which("apt-get"):
        yield f"no apt-get to install {', '.join(absent)}: the embedded platform needs Debian"


def _kernel() -> Iterator[str]:
    if "overlay" not in Path("/proc/filesystems").read_text() and not _can_load("overlay"):
        yield "the kernel has no overlay file system: containers cannot have their layers"
    if not Path("/proc/sys/net/bridge").exists() and not _can_load("br_netfilter"):
        yield "the kernel has no br_netfilter: network policies could not be enforced between pods"
    absent = _CONTROLLERS - _controllers()
    if absent:
        yield f"no cgroup controllers {', '.join(sorted(absent))} below /sys/fs/cgroup: pods cannot be limited"


def _controllers() -> set[str]:
    unified = Path("/sys/fs/cgroup/cgroup.controllers")
    if unified.exists():
        return set(unified.read_text().split())
    return {path.name for path in Path("/sys/fs/cgroup").glob("*") if path.is_dir()}


def _ports(page_port: int | None) -> Iterator[str]:
    """Ports that somebody else has; those of our own running processes are as they should be."""
    ours = {name for name in network.PORTS if Process(name, ()).running}
    wanted = {name: ports for name, ports in network.PORTS.items() if name not in ours}
    # Whoever listens at a node port would silently be hidden behind it.
    page = (page_port,) if page_port else ()
    for name, ports in {**wanted, "Label Studio": page}.items():
        for port in ports:
            if _is_taken(port):
                yield f"port {port} ({name}) is taken{_holder(port)}; stop that program first"


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return True
    return False


def _holder(port: int) -> str:
    found = re.search(r'\("([^"]+)",pid=(\d+)', _output("ss", "-Hltnp", f"sport = :{port}"))
    return f" by {found[1]}, process {found[2]}" if found else ""


def _routes() -> Iterator[str]:
    """Networks of others (a VPN, say) that overlap those of the cluster."""
    for line in _output("ip", "-4", "route", "show", "table", "main").splitlines():
        words = line.split()
        target = words[1] if words[0] in _ROUTE_TYPES else words[0]
        if target == "default" or network.BRIDGE in words:
            continue
        route = ipaddress.ip_network(target, strict=False)
        own = next((each for each in _OWN_RANGES if route.overlaps(ipaddress.ip_network(each))), None)
        if own:
            yield f"the route {target} of this machine overlaps {own} of the cluster; take it away first (ip route)"


def _can_load(module: str) -> bool:
    command = ["modprobe", "--dry-run", "--quiet", module]
    return bool(shutil.which("modprobe")) and subprocess.run(command, check=False).returncode == 0


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return ""
