"""The wheel in an environment of its own, beside a program with modules of the names that this project has."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from local.engine import Engine
from scripts.preview_api import serving
from tests.pages import PROJECT

PROGRAM = """
import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random
import settings
from components import OWN
from label_studio_pulumi.connections import PostgresConnection, SecretKey
from label_studio_pulumi.kubernetes.context import StackContext
from label_studio_pulumi.label_studio import Connections, LabelStudio, LabelStudioSettings
from label_studio_pulumi.redis import ExternalRedis, Redis

assert (settings.OWN, OWN) == ("settings", "components")
cluster = k8s.Provider("cluster", context="somewhere")
opts = pulumi.ResourceOptions(providers=[cluster, random.Provider("random")])
context = StackContext(namespace="labels", network_policies=False)
cache = k8s.core.v1.Service(
    "cache",
    metadata={"namespace": "labels"},
    spec={"ports": [{"port": 6379}]},
    opts=pulumi.ResourceOptions(provider=cluster),
)
url = pulumi.Output.concat("redis://", cache.metadata["name"], ".labels.svc:6379/2")
redis = Redis("queue", ExternalRedis(backend="external", url=url), context, opts)
postgresql = PostgresConnection("pg.example.com", 5432, "labels", "labels", SecretKey("pg", "password"))
connections = Connections(postgresql=postgresql, redis=redis.connection)
LabelStudio("labels", LabelStudioSettings(), connections, context, opts)
pulumi.export("queue", redis.connection.host)
"""


def run(*command: str | Path) -> str:
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--no-deps", "--no-build-isolation", "--quiet", "--disable-pip-version-check", "--wheel-dir", folder)
    run(sys.executable, "-m", "pip", "wheel", *options, PROJECT)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel and the locked versions of what it needs, which are the lowest that it allows."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    run(sys.executable, "-m", "venv", folder)
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
    run(*pip, "--no-compile", "--require-hashes", "-r", PROJECT / "requirements.txt")
    run(*pip, wheel)
    run(folder / "bin" / "python", "-m", "pip", "check")
    return folder


def test_the_wheel_has_one_name_and_what_it_says_of_itself(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        [metadata] = [archive.read(name).decode() for name in names if name.endswith("METADATA")]
    [information] = {name.split("/")[0] for name in names if ".dist-info/" in name}
    assert {name.split("/")[0] for name in names} == {"label_studio_pulumi", information}
    inside = {name.removeprefix("label_studio_pulumi/") for name in names}
    assert {"py.typed", "policies/__main__.py", "cli/__main__.py"} <= inside
    assert {"charts/label-studio/Chart.yaml", "charts/label-studio/files/containers.yaml"} <= inside
    assert f"{information}/licenses/LICENSE" in names
    for line in ("License-Expression: Apache-2.0", "Requires-Dist: pulumi<4,>=3.", "Provides-Extra: policies"):
        assert line in metadata


def test_commands_and_policies_work_below_the_one_name(wheel: Path, environment: Path, tmp_path: Path) -> None:
    """The commands with the packages of these tests, since their extra is in no lock of its own."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    started = subprocess.run(
        [sys.executable, "-m", "label_studio_pulumi.cli", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 0, started.stderr
    assert "upload" in started.stdout
    run(environment / "bin" / "python", "-c", "from label_studio_pulumi.policies.pack import RULES; assert RULES")


def test_a_program_takes_the_output_of_another_resource(environment: Path, tmp_path: Path) -> None:
    folder = tmp_path / "program"
    (folder / "components").mkdir(parents=True)
    (folder / "components" / "__init__.py").write_text("OWN = 'components'\n")
    (folder / "settings.py").write_text("OWN = 'settings'\n")
    (folder / "__main__.py").write_text(PROGRAM)
    runtime = {"name": "python", "options": {"virtualenv": str(environment)}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "annotation", "runtime": runtime}))
    (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": {"pulumi:disable-default-providers": ["*"]}}))
    engine = Engine(tmp_path / "home", "dev", tmp_path / "kubeconfig", folder)
    engine.create()
    with serving(engine.kubeconfig, "somewhere"):
        done = engine.operate("preview", "--diff", capture=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "label-studio:redis:Redis" in done.stdout
    assert "site-packages/label_studio_pulumi/charts/label-studio" in done.stdout
