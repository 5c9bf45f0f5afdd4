"""Puts the stand-in plugins where the Pulumi CLI finds them, but only those whose official plugin cannot be had.

The CLI takes a plugin from the PATH before it looks into its own cache, so a stand-in must not be there when the
official one is. One that is missing is asked for once with `pulumi plugin install`; a refusal is remembered in a file
that may be deleted to ask again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from local.tools.build import BuildError, tool

_ROOT = Path(__file__).resolve().parents[2]
_DOWNLOAD_SECONDS = 30
_EXECUTOR = "pulumi-language-python-exec"


@dataclass(frozen=True)
class Plugin:
    """An official plugin, and the package here that can stand in for it."""

    kind: str
    name: str
    version: str
    package: str

    @property
    def executable(self) -> str:
        return f"pulumi-{self.kind}-{self.name}"


def plugins() -> tuple[Plugin, ...]:
    """What a stack of this program needs, in the versions of the installed SDKs."""
    return (
        Plugin("language", "python", version("pulumi"), "language_python.host"),
        Plugin("resource", "kubernetes", version("pulumi-kubernetes"), "kubernetes.provider"),
        Plugin("resource", "random", version("pulumi-random"), "random.provider"),
    )


def plugin_path(home: Path) -> tuple[str, ...]:
    """What to put before the PATH: nothing where every official plugin is at hand, else the stand-ins' folder.

    ``home`` is the folder whose `pulumi` is the CLI's PULUMI_HOME.
    """
    missing = [plugin for plugin in plugins() if not _official(plugin, home / "pulumi")]
    folder = home / "stand-ins"
    write(folder, missing)
    if not missing:
        return ()
    _warn(missing)
    return (str(folder),)


def write(folder: Path, wanted: Sequence[Plugin]) -> None:
    """Make a folder that holds these stand-ins as executables, and nothing else.

    What is right already is left alone: another run of the CLI may be using it at this moment.
    """
    if not wanted:
        shutil.rmtree(folder, ignore_errors=True)
        return
    folder.mkdir(parents=True, exist_ok=True)
    scripts = {plugin.executable: _script(folder, plugin) for plugin in wanted}
    kept = {*scripts, *(_executor_name(plugin) for plugin in wanted if plugin.kind == "language")}
    for path in folder.iterdir():
        if path.name not in kept and not path.name.startswith("."):
            path.unlink()
    for plugin in wanted:
        executor = folder / _executor_name(plugin)
        if plugin.kind == "language" and not executor.exists():
            _place(executor, _executor(plugin.version).read_text())
        if not (path := folder / plugin.executable).exists() or path.read_text() != scripts[plugin.executable]:
            _place(path, scripts[plugin.executable])


def _place(path: Path, content: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(content)
    partial.chmod(0o755)
    partial.replace(path)


def _official(plugin: Plugin, pulumi_home: Path) -> bool:
    beside_cli = Path(tool("pulumi")).resolve().parent / plugin.executable
    cached = pulumi_home / "plugins" / f"{plugin.kind}-{plugin.name}-v{plugin.version}"
    if beside_cli.exists() or cached.is_dir() or _on_path(plugin.executable):
        return True
    refused = pulumi_home.parent / "unavailable" / f"{plugin.kind}-{plugin.name}-v{plugin.version}"
    if refused.exists():
        return False
    if _download(plugin, pulumi_home) and cached.is_dir():
        return True
    refused.parent.mkdir(parents=True, exist_ok=True)
    refused.write_text("`pulumi plugin install` could not get it; delete this file to try again\n")
    return False


def _on_path(executable: str) -> bool:
    """Whether the PATH has it, and not as a stand-in that an outer run put there."""
    found = shutil.which(executable)
    return found is not None and Path(found).parent.name != "stand-ins"


def _download(plugin: Plugin, pulumi_home: Path) -> bool:
    command = [str(tool("pulumi")), "plugin", "install", plugin.kind, plugin.name, plugin.version, "--non-interactive"]
    environment = {**os.environ, "PULUMI_HOME": str(pulumi_home), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=_DOWNLOAD_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _script(folder: Path, plugin: Plugin) -> str:
    """What starts the stand-in with this very interpreter, whatever the engine's folder and PATH are."""
    arguments = {
        "python": f"Path({str(folder / _executor_name(plugin))!r}), engine, {plugin.version!r}",
        "kubernetes": f"engine, {str(tool('helm'))!r}, {plugin.version!r}",
        "random": f"{plugin.version!r}",
    }[plugin.name]
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


def _executor_name(plugin: Plugin) -> str:
    return f"{_EXECUTOR}-{plugin.version}"


def _executor(sdk: str) -> Path:
    """Pulumi's own script that runs a Python program; it comes with the Go module of the SDK, not with the wheel."""
    module = f"github.com/pulumi/pulumi/sdk/v3@v{sdk}"
    command = ["go", "mod", "download", "-json", module]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"{' '.join(command)} failed: {done.stderr.strip() or done.stdout.strip()}")
    return Path(json.loads(done.stdout)["Dir"], "python", "cmd", _EXECUTOR)


def _warn(missing: list[Plugin]) -> None:
    names = ", ".join(f"{plugin.executable} {plugin.version}" for plugin in missing)
    print(
        f"WARNING: the official Pulumi plugins cannot be downloaded here: {names}.\n"
        "         Using the stand-ins in local/plugins instead. They are good for this stack on this machine, and for "
        "nothing else.",
        file=sys.stderr,
    )
