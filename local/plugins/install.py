"""Gives the Pulumi CLI its plugins: the official ones where they can be had, else what this machine can make.

The Kubernetes provider is then built from Pulumi's own Go module, whose newest version there is older than the SDK. The
language host and the random provider are served as no module: two small stand-ins of ours take their places. All of it
lies where the CLI keeps its own plugins, in a folder of the embedded platform, so that a person's own programs never
meet it, and the CLI does not warn about plugins on the PATH at every run.

An official plugin is asked for once with `pulumi plugin install`; a refusal is remembered in a file that may be deleted
to ask again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from local.tools.build import BuildError, tool

_ROOT = Path(__file__).resolve().parents[2]
_DOWNLOAD_SECONDS = 30
_EXECUTOR = "pulumi-language-python-exec"
# Beside a CLI of ours; whoever finds a plugin in such a folder has found no official one.
_BINARIES = "embedded-cli"
# Marks a folder of the plugin cache that this module filled, whose plugin may still be had from Pulumi one day.
_MARK = ".made-here"


@dataclass(frozen=True)
class Plugin:
    """An official plugin in the version that the installed SDK asks for; ``package`` is its stand-in, if it has one."""

    kind: str
    name: str
    version: str
    package: str = ""

    @property
    def executable(self) -> str:
        """What the CLI starts."""
        return f"pulumi-{self.kind}-{self.name}"

    @property
    def folder(self) -> str:
        """Where the CLI keeps it, below `plugins` of PULUMI_HOME."""
        return f"{self.kind}-{self.name}-v{self.version}"


def plugins() -> tuple[Plugin, ...]:
    """What a stack of this program needs, in the versions of the installed SDKs."""
    return (
        Plugin("language", "python", version("pulumi"), "language_python.host"),
        Plugin("resource", "kubernetes", version("pulumi-kubernetes")),
        Plugin("resource", "random", version("pulumi-random"), "random.provider"),
    )


def prepare(home: Path) -> Path:
    """Make the CLI and every plugin available; ``home``/pulumi is its PULUMI_HOME.

    Returns:
        The folder with the CLI, to be put before the PATH.
    """
    binaries = home / _BINARIES
    binaries.mkdir(parents=True, exist_ok=True)
    _link(tool("pulumi"), binaries / "pulumi")
    for plugin in made_here(home):
        _make(plugin, home)
    return binaries


def made_here(home: Path) -> list[Plugin]:
    """The plugins whose official build is not at hand: stand-ins, and the provider built from its module."""
    return [plugin for plugin in plugins() if not _official(plugin, home)]


def _make(plugin: Plugin, home: Path) -> None:
    """Put the plugin where the CLI looks for it; what is right already is left alone, another run may be using it."""
    if plugin.kind == "language":
        # The CLI takes its language hosts from the folder that it is in itself.
        _place(home / _BINARIES / _EXECUTOR, _executor(plugin.version).read_text())
        _place(home / _BINARIES / plugin.executable, _script(plugin, home))
        return
    folder = _cached(plugin, home)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()
    if plugin.package:
        _place(folder / plugin.executable, _script(plugin, home))
    else:
        _link(tool(plugin.executable), folder / plugin.executable)


def _official(plugin: Plugin, home: Path) -> bool:
    found = shutil.which(plugin.executable)
    if found and Path(found).parent.name != _BINARIES:
        return True
    cached = _cached(plugin, home)
    made = (cached / _MARK).exists()
    if cached.is_dir() and not made:
        return True
    refused = home / "unavailable" / plugin.folder
    if refused.exists():
        return False
    if made:
        shutil.rmtree(cached)
    if _download(plugin, home) and cached.is_dir():
        return True
    refused.parent.mkdir(parents=True, exist_ok=True)
    refused.write_text("`pulumi plugin install` could not get it; delete this file to try again\n")
    return False


def _cached(plugin: Plugin, home: Path) -> Path:
    return home / "pulumi" / "plugins" / plugin.folder


def _download(plugin: Plugin, home: Path) -> bool:
    command = [str(tool("pulumi")), "plugin", "install", plugin.kind, plugin.name, plugin.version, "--non-interactive"]
    environment = {**os.environ, "PULUMI_HOME": str(home / "pulumi"), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=_DOWNLOAD_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _link(source: Path, path: Path) -> None:
    """The same file under another name: the CLI finds what lies beside its own, not beside what a link points to."""
    if path.exists() and path.samefile(source):
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.hardlink_to(source)
    except OSError:
        shutil.copy2(source, partial)
    partial.replace(path)


def _place(path: Path, content: str) -> None:
    if path.exists() and path.read_text() == content:
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(content)
    partial.chmod(0o755)
    partial.replace(path)


def _script(plugin: Plugin, home: Path) -> str:
    """What starts the stand-in with this very interpreter, whatever the engine's folder and PATH are."""
    version = repr(plugin.version)
    arguments = (
        f"Path({str(home / _BINARIES / _EXECUTOR)!r}), engine, {version}" if plugin.kind == "language" else version
    )
    return f"""#!{sys.executable}
# Stand-in for the official {plugin.executable}, which could not be downloaded. Made by local/plugins/install.py.
import sys
from pathlib import Path

sys.path[0] = {str(_ROOT)!r}
from local.plugins.light_pulumi import register

register()
from local.plugins.{plugin.package} import main

engine = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")
main({arguments})
"""


def _executor(sdk: str) -> Path:
    """Pulumi's own script that runs a Python program; it comes with the Go module of the SDK, not with the wheel."""
    module = f"github.com/pulumi/pulumi/sdk/v3@v{sdk}"
    command = ["go", "mod", "download", "-json", module]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"{' '.join(command)} failed: {done.stderr.strip() or done.stdout.strip()}")
    return Path(json.loads(done.stdout)["Dir"], "python", "cmd", _EXECUTOR)
