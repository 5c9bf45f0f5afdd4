"""The Python language host: programs and policy packs by the real CLI."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from local.plugins.language_python.environment import Environment
from local.plugins.server import PluginError
from tests.engine.conftest import NewProgram
from tests.engine.program import PROJECT, Program

_PROGRAM = """
import os, sys
import pulumi

config = pulumi.Config()
pulumi.export("python", sys.prefix)
pulumi.export("stack", pulumi.get_stack())
pulumi.export("project", pulumi.get_project())
pulumi.export("plain", config.require("plain"))
pulumi.export("hidden", config.require_secret("hidden"))
pulumi.export("folder", os.getcwd())
print("printed by the program")
"""


def test_a_program_gets_its_configuration_and_environment(new_program: NewProgram) -> None:
    program = new_program()
    program.write(_PROGRAM, prelude=False)
    program.cli("config", "set", "plain", "text")
    program.cli("config", "set", "--secret", "hidden", "do-not-show")
    run = program.up()
    assert "printed by the program" in run.output
    assert "do-not-show" not in run.output
    assert "do-not-show" not in program.exported()
    assert program.outputs() == {
        "python": str(PROJECT / ".venv"),
        "stack": "test",
        "project": "engine",
        "plain": "text",
        "hidden": "do-not-show",
        "folder": str(program.folder),
    }
    told = program.cli("about", "--json").output
    about = json.loads(told[told.index("{") :])
    assert about["runtime"]["language"] == "python"
    assert any(found["name"] == "pulumi" for found in about["dependencies"])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import pulumi\nraise pulumi.RunError('say this and nothing else')", "error: say this and nothing else"),
        ("def broken():\n    raise ValueError('inside')\nbroken()", "in broken"),
    ],
    ids=["run-error", "traceback"],
)
def test_a_failing_program_says_why(new_program: NewProgram, source: str, message: str) -> None:
    program = new_program()
    program.write(source, prelude=False)
    run = program.preview(check=False)
    assert run.status != 0
    assert message in run.output


def test_environments_are_those_the_project_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pulumi.runtime.proto import language_pb2  # noqa: PLC0415

    def environment(plugin: bool = False, **options: str) -> Environment:
        info = language_pb2.ProgramInfo(root_directory=str(tmp_path), program_directory=str(tmp_path))
        info.options.update(options)
        return Environment.of(info, plugin)

    monkeypatch.delenv("PULUMI_PYTHON_CMD", raising=False)
    assert environment().python == "python3"
    assert environment(plugin=True).virtualenv == tmp_path / "venv"
    assert environment(toolchain="uv").virtualenv == tmp_path / ".venv"
    with pytest.raises(PluginError, match="pulumi install"):
        _ = environment(virtualenv="missing").python
    with pytest.raises(PluginError, match="poetry"):
        environment(toolchain="poetry")
    own = environment(virtualenv=sys.prefix)
    assert own.python == f"{sys.prefix}/bin/python"
    assert own.variables()["PATH"].startswith(f"{sys.prefix}/bin:")
    assert {found["name"] for found in own.plugin_files() if found.get("resource")} >= {"kubernetes", "random"}
    (tmp_path / "requirements.txt").touch()
    commands = environment(virtualenv="new").install_commands(tmp_path)
    assert commands[0] == ["python3", "-m", "venv", str(tmp_path / "new")]
    assert commands[1][:4] == [str(tmp_path / "new/bin/python"), "-m", "pip", "install"]


_PACK = """
import pulumi
from pulumi_policy import EnforcementLevel, PolicyConfigSchema, PolicyPack, ResourceValidationPolicy

def check(args, report):
    if args.resource_type == "random:index/randomPassword:RandomPassword":
        shortest = args.get_config()["shortest"]
        if args.props["length"] < shortest:
            report(f"at least {shortest:g} in stack {pulumi.get_stack()} (preview: {pulumi.runtime.is_dry_run()})")

PolicyPack(
    "lengths",
    [
        ResourceValidationPolicy(
            "long-passwords",
            "Passwords are long",
            check,
            enforcement_level=EnforcementLevel.MANDATORY,
            config_schema=PolicyConfigSchema(properties={"shortest": {"type": "integer"}}),
        )
    ],
)
"""
_PASSWORD = """
import pulumi_random as random
random.RandomPassword("password", length=12)
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    folder.mkdir()
    options = {"virtualenv": str(PROJECT / ".venv")}
    runtime = {"name": "python", "options": options}
    (folder / "PulumiPolicy.yaml").write_text(json.dumps({"runtime": runtime, "version": "0.0.1"}))
    (folder / "__main__.py").write_text(_PACK)
    return folder


def _judged(program: Program, pack: Path, shortest: int) -> tuple[int, str]:
    config = pack / f"config-{shortest}.json"
    config.write_text(json.dumps({"long-passwords": {"shortest": shortest}}))
    run = program.preview(None, "--policy-pack", str(pack), "--policy-pack-config", str(config), check=False)
    return run.status, run.output


def test_a_policy_pack_judges_with_its_configuration(new_program: NewProgram, pack: Path) -> None:
    program = new_program()
    program.write(_PASSWORD, prelude=False)
    status, output = _judged(program, pack, 10)
    assert status == 0, output
    status, output = _judged(program, pack, 20)
    assert status != 0
    assert "at least 20 in stack test (preview: True)" in output


def test_a_policy_pack_that_cannot_start_is_no_pass(new_program: NewProgram, pack: Path) -> None:
    (pack / "__main__.py").write_text("import nothing_of_that_name")
    program = new_program()
    program.write(_PASSWORD, prelude=False)
    status, output = _judged(program, pack, 10)
    assert status != 0
    assert "nothing_of_that_name" in output
