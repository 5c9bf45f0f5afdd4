"""Debian packages that the platform runs on, installed if what they bring is not there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from local.progress import step

# What is looked for, and the package that has it. What comes from elsewhere (Docker's containerd, say) is as good.
CLUSTER = {
    "etcd": "etcd-server",
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "iptables-save": "iptables",
    "nft": "nftables",
    "ipset": "ipset",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "debootstrap": "debootstrap",
}
TESTS = {"chromium": "chromium", "ffmpeg": "ffmpeg"}
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
# These packages start a service and enable it for each boot; the platform runs the programs itself.
_SERVICES = {"etcd-server": "etcd", "containerd": "containerd"}


class PackageError(RuntimeError):
    """apt-get failed; the message ends with what it said."""


def missing(wanted: dict[str, str]) -> list[str]:
    """The packages whose program or file is not there."""
    absent = [package for item, package in wanted.items() if not _is_there(item)]
    return list(dict.fromkeys(absent))


def install(wanted: dict[str, str]) -> None:
    """Install what is missing, and nothing that would make apt remove another package."""
    packages = missing(wanted)
    if not packages:
        return
    with step(f"Installing {', '.join(packages)}"):
        _apt("update", "--quiet")
        _apt("install", "--quiet", "--yes", "--no-remove", "--no-install-recommends", *packages)
        for package in set(packages) & set(_SERVICES) if shutil.which("systemctl") else ():
            subprocess.run(["systemctl", "disable", "--now", _SERVICES[package]], check=False, capture_output=True)


def _is_there(item: str) -> bool:
    return Path(item).exists() if item.startswith("/") else shutil.which(item, path=_PATH) is not None


def _apt(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    finished = subprocess.run(
        ["apt-get", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise PackageError(f"apt-get {arguments[0]} failed:\n{finished.stdout[-2000:]}")
