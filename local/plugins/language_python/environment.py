"""The Python environment a program asks for in `runtime.options` of its Pulumi.yaml or PulumiPolicy.yaml."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.plugins.server import PluginError

_PLUGIN_FILES = (
    "import glob, json, sys; "
    "print(json.dumps([json.load(open(f)) for p in sys.path if p for f in glob.glob(p + '/*/pulumi-plugin.json')]))"
)
_DISTRIBUTIONS = (
    "import importlib.metadata as m, json; "
    "print(json.dumps(sorted({(d.metadata['Name'], d.version) for d in m.distributions()})))"
)


@dataclass(frozen=True)
class Environment:
    """An interpreter and the virtual environment it belongs to (none: whatever `python3` is on the PATH)."""

    virtualenv: Path | None
    toolchain: str = "pip"

    @classmethod
    def of(cls, info: Any, plugin: bool = False) -> Environment:
        """From the ProgramInfo of a request. As in the official host, a plugin's environment defaults to `venv`."""
        options = {key: value.string_value for key, value in info.options.fields.items()}
        toolchain = options.get("toolchain") or "pip"
        if toolchain not in ("pip", "uv"):
            raise PluginError(
                f"runtime option `toolchain: {toolchain}` is not supported by this stand-in: use pip or uv"
            )
        default = ".venv" if toolchain == "uv" else "venv" if plugin else ""
        name = options.get("virtualenv") or default
        return cls(Path(info.root_directory, name).absolute() if name else None, toolchain)

    @property
    def python(self) -> str:
        """The interpreter. Raises PluginError when the virtual environment is not there."""
        if self.virtualenv is None:
            return os.environ.get("PULUMI_PYTHON_CMD", "python3")
        python = self.virtualenv / "bin" / "python"
        if not python.exists():
            raise PluginError(
                f'The "virtualenv" option in Pulumi.yaml is set to "{self.virtualenv}", which is not a virtual '
                "environment. Make it with `pulumi install`."
            )
        return str(python)

    def variables(self) -> dict[str, str]:
        """The process environment with the virtual environment activated."""
        variables = dict(os.environ)
        if self.virtualenv is not None:
            variables.pop("PYTHONHOME", None)
            variables["VIRTUAL_ENV"] = str(self.virtualenv)
            variables["PATH"] = f"{self.virtualenv / 'bin'}{os.pathsep}{variables.get('PATH', '')}"
        return variables

    def ask(self, code: str) -> Any:
        """What a line of Python prints there, read as JSON."""
        done = subprocess.run(
            [self.python, "-c", code], env=self.variables(), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise PluginError(f"{self.python} failed: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def plugin_files(self) -> list[Mapping[str, Any]]:
        """The `pulumi-plugin.json` of every installed package that has one."""
        files: list[Mapping[str, Any]] = self.ask(_PLUGIN_FILES)
        return files

    def distributions(self) -> list[tuple[str, str]]:
        """Name and version of every installed distribution."""
        return [(name, version) for name, version in self.ask(_DISTRIBUTIONS)]

    def install_commands(self, folder: Path) -> list[list[str]]:
        """What makes the environment and installs what the folder declares."""
        if self.toolchain == "uv":
            return [["uv", "sync", "--project", str(folder)]]
        commands = []
        interpreter = "python3"
        if self.virtualenv is not None:
            interpreter = str(self.virtualenv / "bin" / "python")
            if not Path(interpreter).exists():
                commands.append(["python3", "-m", "venv", str(self.virtualenv)])
        if (folder / "requirements.txt").exists():
            commands.append([interpreter, "-m", "pip", "install", "-r", str(folder / "requirements.txt")])
        elif (folder / "pyproject.toml").exists():
            commands.append([interpreter, "-m", "pip", "install", str(folder)])
        return commands
