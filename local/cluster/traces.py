"""What the cluster changes on the machine outside its own folders, and putting it back.

A record is taken before anything is changed. What is removed later is what the cluster made and the record does not
have: never what was there before, never what somebody else added in the meantime.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.cluster import firewall, network
from local.cluster.process import end
from local.paths import LOGS, RUN, STATE

RECORD = STATE / "before.json"
SYSTEM = Path("/proc/sys")
CGROUPS = Path("/sys/fs/cgroup")
# Set by this program (the first two), by the CNI plugins, by kube-proxy and by the kubelet. ip_forward comes first:
# whenever it changes, the kernel sets the other ones of IPv4 that are named or matched here.
SYSCTLS = (
    "net/ipv4/ip_forward",
    "net/bridge/bridge-nf-call-iptables",
    "net/bridge/bridge-nf-call-ip6tables",
    "net/ipv4/conf/*/forwarding",
    "net/ipv4/conf/all/accept_redirects",
    "net/ipv4/conf/all/route_localnet",
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)
# Loaded before the record is taken (br_netfilter brings sysctls of its own) and left: unloading serves nobody.
MODULES = ("overlay", "br_netfilter", "ip_set", "nf_conntrack")
# Made by containerd, its shims, the CNI library and the kubelet at places that no setting moves.
DIRECTORIES = tuple(map(Path, ("/run/containerd", "/var/lib/cni", "/var/lib/kubelet", "/var/log/containers")))


def record() -> None:
    """Write down how the machine is, unless that was done since it booted."""
    for folder in (STATE, RUN):
        # Volumes can be written by any user, so that any pod can write to its own: only root may get to them.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    for module in MODULES if shutil.which("modprobe") else ():
        subprocess.run(["modprobe", "--quiet", module], check=False, capture_output=True)
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    if RECORD.exists() and json.loads(RECORD.read_text())["boot"] == boot:
        return
    document = {
        "boot": boot,
        "sysctls": {str(path): path.read_text() for name in SYSCTLS for path in sorted(SYSTEM.glob(name))},
        "chains": {family: firewall.chains(family) for family in firewall.FAMILIES},
        "sets": firewall.sets(),
        "directories": [str(path) for path in DIRECTORIES if path.exists()],
        "cgroups": [str(path) for path in _pod_cgroups()],
    }
    partial = RECORD.with_suffix(".partial")
    partial.write_text(json.dumps(document, indent=2))
    partial.rename(RECORD)


def prepare() -> None:
    """Let the machine forward, let bridged packets pass the packet filter, and give it the node's address.

    The guard comes first: nobody else may reach that address at any time.
    """
    firewall.guard()
    for name in SYSCTLS[:2]:
        if (SYSTEM / name).read_text().strip() != "1":
            (SYSTEM / name).write_text("1")
    address = f"{network.NODE_ADDRESS}/32"
    if address not in _ip("-o", "address", "show", "dev", "lo"):
        _ip("address", "add", address, "dev", "lo")


def remove() -> None:
    """Put everything back; does nothing that was done already, so it may be interrupted and run again."""
    if not RECORD.exists():
        return
    before: dict[str, Any] = json.loads(RECORD.read_text())
    end(_shims(), grace=2.0)
    _unmount()
    _remove_links()
    for family in firewall.FAMILIES:
        firewall.remove(family, before["chains"][family])
    firewall.remove_sets(before["sets"])
    firewall.remove_counters()
    for cgroup in _pod_cgroups():
        if str(cgroup) not in before["cgroups"]:
            _remove_cgroup(cgroup)
    _remove_directories({Path(path) for path in before["directories"]})
    for path, value in before["sysctls"].items():
        if Path(path).exists() and Path(path).read_text() != value:
            Path(path).write_text(value)
    shutil.rmtree(RUN, ignore_errors=True)
    RECORD.unlink()


def mounts() -> list[str]:
    """Mount points in the cluster's folders, the innermost first."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4].encode().decode("unicode_escape") for line in lines]
    return [point for point in reversed(points) if point.startswith((f"{STATE}/", f"{RUN}/"))]


def _unmount() -> None:
    for point in mounts():
        if subprocess.run(["umount", point], check=False, capture_output=True).returncode != 0:
            subprocess.run(["umount", "--lazy", point], check=False, capture_output=True)


def _remove_links() -> None:
    """Remove the bridge and the address; the pods' links went with their network namespaces, or are about to."""
    for link in [port.name for port in Path("/sys/class/net", network.BRIDGE, "brif").glob("*")]:
        subprocess.run(["ip", "link", "delete", link], check=False, capture_output=True)
    if Path("/sys/class/net", network.BRIDGE).exists():
        _ip("link", "delete", network.BRIDGE)
    if f"{network.NODE_ADDRESS}/32" in _ip("-o", "address", "show", "dev", "lo"):
        _ip("address", "delete", f"{network.NODE_ADDRESS}/32", "dev", "lo")


def _shims() -> list[int]:
    """Shims of this containerd: they outlive it, and hold the containers."""
    marker = f"{RUN}/containerd.sock".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            arguments = (process / "cmdline").read_bytes().split(b"\0")
            if b"containerd-shim" in arguments[0] and marker in arguments:
                found.append(int(process.name))
    return found


def _pod_cgroups() -> list[Path]:
    """The kubelet's cgroups: one in each hierarchy of version 1, or one in that of version 2."""
    return [path for path in (CGROUPS / "kubepods", *CGROUPS.glob("*/kubepods")) if path.is_dir()]


def _remove_cgroup(cgroup: Path) -> None:
    for folder, _, _ in os.walk(cgroup, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()


def _remove_directories(before: set[Path]) -> None:
    """Take away our links and results, then whatever directory was not there before and holds nothing of others."""
    for path in (*_cni_results(), *_log_links()):
        path.unlink(missing_ok=True)
    for directory in set(DIRECTORIES) - before:
        for folder, _, files in os.walk(directory, topdown=False):
            for name in files:
                if Path(folder, name).is_socket() or name == "kubelet_internal_checkpoint":
                    Path(folder, name).unlink()
            with contextlib.suppress(OSError):
                Path(folder).rmdir()


def _cni_results() -> Iterator[Path]:
    """What the CNI library remembers of our pods; that of a pod's loopback, which names no network, comes first."""
    prefix = f"{network.CNI_NETWORK}-"
    for result in Path("/var/lib/cni/results").glob(f"{prefix}*"):
        pod = result.name.removeprefix(prefix).rpartition("-")[0]
        yield result.with_name(f"cni-loopback-{pod}-lo")
        yield result


def _log_links() -> Iterator[Path]:
    for link in Path("/var/log/containers").glob("*.log"):
        if link.is_symlink() and str(link.readlink()).startswith(f"{LOGS}/"):
            yield link


def _ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout
