"""An update that is stopped or killed anywhere: the next one goes on, and nothing is made twice or left behind."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from local import recovery
from local.cluster.api import Api, wait
from local.engine import Engine, EngineError, Interrupted
from local.locks import end_orphans, locks
from local.tools.build import tool
from tests.pages import blocks

PLUGINS = ("pulumi-resource-kubernetes", "pulumi-resource-random")
PROGRAM = """
import os
import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

config = pulumi.Config()
image, namespace = config.require("image"), config.require("namespace")
on = pulumi.ResourceOptions(provider=k8s.Provider("cluster", kubeconfig=os.environ["KUBECONFIG"]))
room = k8s.core.v1.Namespace("room", metadata={"name": namespace}, opts=on)
password = random.RandomPassword("password", length=24, opts=pulumi.ResourceOptions(depends_on=[room]))
secret = k8s.core.v1.Secret(
    "secret",
    metadata={"name": "secret", "namespace": room.metadata.name},
    string_data={"password": password.result},
    opts=on,
)
labels = {"app": "set"}
pod = {
    "terminationGracePeriodSeconds": 0,
    "containers": [{
        "name": "shell",
        "image": image,
        "command": ["sleep", "3600"],
        "readinessProbe": {"exec": {"command": ["true"]}, "initialDelaySeconds": 5, "periodSeconds": 1},
    }],
}
stateful = k8s.apps.v1.StatefulSet(
    "set",
    metadata={"name": "set", "namespace": room.metadata.name},
    spec={
        "serviceName": "set",
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    },
    opts=pulumi.ResourceOptions.merge(on, pulumi.ResourceOptions(depends_on=[secret])),
)
k8s.helm.v3.Release(
    "release",
    name="release",
    namespace=room.metadata.name,
    chart="./chart",
    values={"image": image},
    opts=pulumi.ResourceOptions.merge(on, pulumi.ResourceOptions(depends_on=[stateful])),
)
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: release, namespace: {{ .Release.Namespace }}}
spec:
  selector: {matchLabels: {app: release}}
  template:
    metadata: {labels: {app: release}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: shell
          image: {{ .Values.image }}
          command: [sleep, "3600"]
          readinessProbe: {exec: {command: ["true"]}, initialDelaySeconds: 6, periodSeconds: 1}
"""


@pytest.fixture(scope="session")
def api(kubeconfig: Path) -> Api:
    return Api()


@pytest.fixture
def engine(tmp_path: Path, kubeconfig: Path, api: Api, shell_image: str) -> Iterator[Engine]:
    """A small program with a stack of its own, and its objects in the cluster afterwards gone."""
    project, namespace = tmp_path / "project", f"interrupted-{secrets.token_hex(3)}"
    (project / "chart" / "templates").mkdir(parents=True)
    (project / "chart" / "Chart.yaml").write_text("{apiVersion: v2, name: chart, version: 1.0.0}")
    (project / "chart" / "templates" / "deployment.yaml").write_text(DEPLOYMENT)
    (project / "__main__.py").write_text(dedent(PROGRAM))
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (project / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "interrupted", "runtime": runtime}))
    config = {"interrupted:image": shell_image, "interrupted:namespace": namespace}
    (project / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": config}))
    engine = Engine(tmp_path / "home", "dev", kubeconfig, project)
    engine.create()
    yield engine
    api.delete([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}])


@pytest.fixture
def killing(engine: Engine, tmp_path: Path) -> dict[str, str]:
    """The environment in which plugins kill the engine, as the file that KILL_AT names orders."""
    folder = tmp_path / "killing"
    folder.mkdir()
    root = Path(__file__).resolve().parents[2]
    for name in PLUGINS:
        script = f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(root)!r})\n"
        (folder / name).write_text(f"{script}from tests.engine.killing_plugin import main\nmain()\n")
        (folder / name).chmod(0o755)
    path = os.pathsep.join([str(folder), engine.environment["PATH"]])
    return {"PATH": path, "KILL_AT": str(tmp_path / "kill-at")}


def names(engine: Engine) -> list[str]:
    """The types in the state, one for each resource."""
    resources = engine.export()["deployment"]["resources"]
    return sorted(each["type"].rpartition(":")[2] for each in resources)


def complaints(printed: str) -> list[str]:
    """Warnings, errors, and whatever is said of pending operations; not that the provider is older than its SDK."""
    found = [line for line in printed.splitlines() if re.search(r"warning: |error: |pending", line)]
    return [line for line in found if "is expected to have version" not in line]


def assert_whole(engine: Engine, api: Api) -> None:
    """Everything is there once, and an update has neither work nor warnings."""
    done = engine.operate("up", "--expect-no-changes", capture=True)
    assert complaints(done.stdout) == []
    assert names(engine) == [
        *("Namespace", "RandomPassword", "Release", "Secret", "Stack", "StatefulSet"),
        *("kubernetes", "random"),
    ], "the providers end the list"
    assert engine.export()["deployment"].get("pending_operations", []) == []
    namespace = yaml.safe_load(engine.project_file.read_text())["config"]["interrupted:namespace"]
    records = api.get(f"/api/v1/namespaces/{namespace}/secrets", labelSelector="owner=helm")["items"]
    # A cancelled install is a revision too, which failed, and which the next one supersedes.
    assert sorted({each["metadata"]["labels"]["status"] for each in records} - {"superseded"}) == ["deployed"]
    assert api.available(namespace, "release")


@pytest.mark.parametrize(
    "kills",
    [
        ("Namespace before", "RandomPassword before", "StatefulSet before", "Release during"),
        ("Namespace after", "RandomPassword after", "StatefulSet during", "Release after"),
    ],
    ids=["not made", "made"],
)
def test_a_killed_update_is_settled_without_anybodys_help(
    engine: Engine, killing: dict[str, str], api: Api, kills: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    before = engine.project_file.read_bytes()
    for kill in kills:
        kind, when = kill.split()
        full = next(
            each
            for each in (
                *("kubernetes:core/v1:Namespace", "random:index/randomPassword:RandomPassword"),
                *("kubernetes:apps/v1:StatefulSet", "kubernetes:helm.sh/v3:Release"),
            )
            if each.endswith(f":{kind}")
        )
        Path(killing["KILL_AT"]).write_text(f"{full} {when}")
        recovery.settle(engine, api)
        with pytest.raises(EngineError, match=r"pulumi up failed \(-9\)"):
            engine.operate("up", capture=True, environment=killing)
        assert not Path(killing["KILL_AT"]).exists()
        assert len(locks(engine)) == 1
    recovery.settle(engine, api)
    done = engine.operate("up", capture=True)
    assert complaints(done.stdout) == []
    assert_whole(engine, api)
    assert engine.project_file.read_bytes() == before
    capfd.readouterr()


def test_what_the_page_tells_people_to_type_after_a_kill(engine: Engine, killing: dict[str, str], api: Api) -> None:
    Path(killing["KILL_AT"]).write_text("kubernetes:helm.sh/v3:Release during")
    with pytest.raises(EngineError, match=r"pulumi up failed \(-9\)"):
        engine.operate("up", capture=True, environment=killing)
    end_orphans(engine)
    namespace = yaml.safe_load(engine.project_file.read_text())["config"]["interrupted:namespace"]
    [block] = [each for each in blocks("console", page="state") if "was killed" in (each.needs or "")]
    path = os.pathsep.join([*(str(tool(name).parent) for name in ("kubectl", "helm")), engine.environment["PATH"]])
    done = subprocess.run(
        ["bash", "-euxc", f"pulumi stack select dev\n{block.text.replace('label-studio', namespace)}"],
        cwd=engine.project,
        env={**engine.environment, "PATH": path, "PULUMI_SKIP_CONFIRMATIONS": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert_whole(engine, api)


@pytest.mark.parametrize("kind", ["StatefulSet", "Release"])
def test_one_ctrl_c_leaves_neither_lock_nor_pending_operation(engine: Engine, api: Api, kind: str) -> None:
    namespace = yaml.safe_load(engine.project_file.read_text())["config"]["interrupted:namespace"]
    version, path = "apps/v1", f"/api/v1/namespaces/{namespace}/secrets"
    stateful = {"apiVersion": version, "kind": kind, "metadata": {"name": "set", "namespace": namespace}}

    def is_being_made() -> bool:
        if kind == "StatefulSet":
            return api.has(stateful)
        return bool(api.get(path, labelSelector="owner=helm,status=pending-install")["items"])

    def press() -> None:
        wait(f"a {kind}", is_being_made, 120)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(Interrupted):
        engine.operate("up", capture=True)
    thread.join()
    assert locks(engine) == []
    assert engine.export()["deployment"].get("pending_operations", []) == []
    recovery.settle(engine, api)
    done = engine.operate("up", capture=True)
    assert complaints(done.stdout) == []
    assert_whole(engine, api)
