"""The component package, served by the real engine to a program that knows nothing of it but its name."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from pulumi.provider.experimental.component import ComponentProvider

from local.engine import Engine
from pulumi_plugin.stack import TYPE, LabelStudioStack
from tests.pages import PROJECT

EXAMPLE = yaml.safe_load((PROJECT / "examples" / "component" / "Pulumi.yaml").read_text())
PROGRAM = f"""
import json, os, pulumi

class Remote(pulumi.ComponentResource):
    def __init__(self, name, args):
        super().__init__("{TYPE}", name, {{**args, "url": None}}, remote=True)

pulumi.export("url", Remote("labels", json.loads(os.environ["ARGS"])).url)
"""


@pytest.fixture(scope="module")
def consumer(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The stack of a program in a folder of its own that names the package's folder."""
    folder = tmp_path_factory.mktemp("consumer")
    plugins = {"providers": [{"name": "label-studio", "path": str(PROJECT / "pulumi_plugin")}]}
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    project = {"name": "annotation", "runtime": runtime, "plugins": plugins}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    (folder / "Pulumi.dev.yaml").write_text(
        yaml.safe_dump({"config": {"pulumi:disable-default-providers": ["kubernetes", "random"]}})
    )
    (folder / "__main__.py").write_text(PROGRAM)
    engine = Engine(tmp_path_factory.mktemp("home"), "dev", folder / "kubeconfig", folder)
    engine.create()
    return engine


def preview(consumer: Engine, args: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    environment = {"ARGS": json.dumps(args), "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE": "true"}
    return consumer.operate("preview", capture=True, check=False, environment=environment)


def test_a_whole_stack_is_one_resource_of_another_program(consumer: Engine) -> None:
    done = preview(consumer, EXAMPLE["resources"]["labels"]["properties"])
    assert done.returncode == 0, done.stdout
    assert f"{TYPE} labels create" in done.stdout
    assert "kubernetes:helm.sh/v3:Release labels-release create" in done.stdout
    assert "label-studio:postgresql:PostgreSQL labels-postgresql create" in done.stdout


def test_bad_arguments_are_named_before_anything_is_made(consumer: Engine) -> None:
    args = EXAMPLE["resources"]["labels"]["properties"]
    done = preview(consumer, {**args, "redis": {"backend": "sentinel"}})
    assert done.returncode != 0
    assert "The settings of this stack cannot be used. Nothing was changed." in done.stdout
    assert "- redis" in done.stdout
    assert "kubernetes:" not in done.stdout.replace("providers:kubernetes", "").replace("resource-kubernetes", "")


def test_the_schema_has_the_keys_of_a_stack_file() -> None:
    schema = json.loads(ComponentProvider([LabelStudioStack], "label-studio").schema or "")
    resource = schema["resources"][TYPE]
    assert set(EXAMPLE["resources"]["labels"]["properties"]) <= set(resource["requiredInputs"])
    assert {"projects", "images", "rotate"} == set(resource["inputProperties"]) - set(resource["requiredInputs"])
    assert "url" in resource["properties"]
    for name, argument in resource["inputProperties"].items():
        reference = argument.get("items", argument)["$ref"].rpartition("/")[2]
        assert len(schema["types"][reference]["properties"]) > 3, name
    backends = schema["types"]["label-studio:index:PostgresqlArgs"]
    assert backends["required"] == ["backend"]
    assert backends["properties"]["synchronousReplicas"]["type"] == "integer"
