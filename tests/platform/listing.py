"""How the machine is: everything outside its own folders that a cluster could leave behind."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from local.cluster import traces
from local.paths import RUN, STATE, TOOLS

# These change by themselves, on any machine, at any time.
VOLATILE = re.compile(
    r"/proc/sys/(fs/(dentry-state|file-nr|inode-(nr|state)|quota/|aio-nr|binfmt_misc)|kernel/(ns_last_pid|random/|pty/nr)"
    r"|net/netfilter/nf_conntrack_count|net/[^/]+/(conf|neigh)/(veth|cali|docker)|kernel/sched_domain)"
)


def machine() -> dict[str, list[str]]:
    """One entry for each kind of trace."""
    return {
        "processes": sorted(_processes()),
        "mounts": sorted(traces.mounts()),
        "links": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "addresses": _lines("ip", "-o", "address", "show", "dev", "lo"),
        "routes": _lines("ip", "-4", "route"),
        "iptables": _rules("iptables-save"),
        "ip6tables": _rules("ip6tables-save"),
        "tables": _lines("nft", "list", "tables"),
        "sets": _lines("ipset", "list", "-name"),
        "cgroups": sorted(str(path) for path in Path("/sys/fs/cgroup").rglob("kubepods*")),
        "directories": [str(path) for path in (RUN, *traces.DIRECTORIES) if path.exists()],
        "sysctls": sorted(_sysctls()),
    }


def _processes() -> Iterator[str]:
    """Processes that run the cluster's programs or live in its folders."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            cgroups = (folder / "cgroup").read_text()
        except OSError:
            continue
        cluster_tool = command.startswith((f"{TOOLS}/kube-", f"{TOOLS}/kubelet-"))
        if cluster_tool or f"{RUN}/" in command or f"{STATE}/" in command or "/kubepods" in cgroups:
            yield command.strip()


def _rules(command: str) -> list[str]:
    """Chains and rules without their counters."""
    return [line.split(" [")[0] for line in _lines(command) if not line.startswith("#")]


def _sysctls() -> Iterator[str]:
    for path in Path("/proc/sys").rglob("*"):
        if path.is_file() and not VOLATILE.match(str(path)):
            try:
                yield f"{path} {path.read_text().strip()}"
            except (OSError, UnicodeDecodeError):
                continue


def _lines(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
