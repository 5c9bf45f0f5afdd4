"""Debian trees without a container engine: debootstrap for the first, a chroot over an overlay for the next."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.images.oci import ARCHITECTURES, SEARCH_PATH

HERE = Path(__file__).resolve().parent
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Where packages come from is this machine's choice; the rest of its environment is none of the image's business.
PASSED_ON = ("http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL")
# However a build ends, and whatever it mounted or started: nothing of it stays.
ISOLATED = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--mount-proc", "--fork", "--kill-child")


class BuildError(RuntimeError):
    """A recipe failed; the message ends with what it printed last."""


def archives(suite: str) -> list[tuple[str, str]]:
    """Address and suite of each Debian archive, taken from apt's own configuration of this machine.

    Raises BuildError where apt is not configured for Debian's archive and security archive.
    """
    release = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)"], check=True, capture_output=True, text=True
    )
    addresses = dict(line.split() for line in listed.stdout.splitlines())
    try:
        main, security = addresses[release], addresses[f"{release}-security"]
    except KeyError as missing:
        raise BuildError(f"apt has no source for {missing}: images are built from Debian's archive") from None
    return [(main, suite), (main, f"{suite}-updates"), (security, f"{suite}-security")]


def bootstrap(suite: str, tree: Path) -> None:
    """Fill ``tree`` with a minimal Debian of ``suite``."""
    main = archives(suite)[0][0]
    options = ["--variant=minbase", f"--keyring={KEYRING}", f"--arch={ARCHITECTURES[platform.machine()]}"]
    _run(["debootstrap", *options, suite, str(tree), main], os.environ)
    for name in ("resolv.conf", "hostname", "machine-id", "apt/sources.list"):
        (tree / "etc" / name).write_text("")
    # Devices are the runtime's; packages and indexes are kept outside (the recipes see other folders there).
    for folder in ("dev", "var/cache/apt", "var/lib/apt/lists"):
        for path in (tree / folder).iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


@dataclass(frozen=True)
class Sandbox:
    """A chroot on an overlay.

    ``lower`` are the trees below (nearest first), none of which changes; what a command changes ends up in ``upper``,
    an existing directory. apt-get sees the archives of ``suite`` and keeps their indexes in the folder ``indexes``.
    """

    lower: Sequence[Path]
    upper: Path
    suite: str
    indexes: Path

    def run(self, command: Sequence[str], tool: Path | None = None) -> None:
        """Run ``command`` as root inside, with this folder at /mnt/input and ``tool`` at /mnt/tool.

        Raises:
            BuildError: the command failed.
        """
        self.indexes.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.upper.parent, prefix="scratch.") as scratch:
            sources = Path(scratch) / "sources.list"
            sources.write_text("".join(f"deb {address} {name} main\n" for address, name in archives(self.suite)))
            environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {
                "PATH": SEARCH_PATH,
                "HOME": "/root",
                "LC_ALL": "C.UTF-8",
                "DEBIAN_FRONTEND": "noninteractive",
                "APT_SOURCES": str(sources),
                "APT_LISTS": str(self.indexes),
                "TOOL": str(tool or ""),
            }
            places = [":".join(str(each) for each in self.lower), str(self.upper), scratch, str(HERE)]
            _run([str(HERE / "debian/enter.sh"), *places, *command], environment)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        [*ISOLATED, *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        last = done.stdout.decode(errors="replace").splitlines()[-30:]
        raise BuildError("\n".join([f"{command[0]} ended with {done.returncode}:", *last]))
