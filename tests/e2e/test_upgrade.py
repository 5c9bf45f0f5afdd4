"""The dev stack of an earlier release, made from the inputs of its state, then one `pulumi up` of this program.

The update runs under load, and brings the newest Label Studio; then the older one is refused.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.page import LABELLING
from cli.cluster import Cluster
from cli.stack import Place, SecretKey
from cli.store import Store, open_store
from components.settings.images import NEWEST, OLDEST
from drills.load import Target, lost_annotations, lost_uploads
from drills.load import load as load_of
from local.cluster.api import Api, wait
from local.cluster.images import load
from local.images import build as images
from local.images.catalog import REFERENCES
from local.paths import CONTEXT
from local.tools.build import tool
from tests.e2e.deployment import Deployment
from tests.e2e.label_studio import Session
from tests.e2e.targets import served
from tests.e2e.test_dev_stack import PIXEL
from tests.engine.kubectl import Kubectl
from tests.upgrade import earlier
from tests.upgrade.earlier import EarlierStack

# The stack of `make up` may run beside it.
EARLIER_NAMESPACE, NAMESPACE = "label-studio", "e2e-upgrade"
EARLIER_PORT, PORT = 30080, 30084
TITLE = "Made by the earlier release"
OBJECT = "annotations/1.json"
DUMP = {"app.kubernetes.io/name": "postgresql-dump"}
RELEASE = "kubernetes:helm.sh/v3:Release"
JOB = "kubernetes:batch/v1:Job"
KEEPING = {"persistentvolumeclaims": "", "secrets": "", "services": "", "statefulsets": "apps/v1"}
# Images of servers by their repositories: nobody can pull the patch releases of then. Label Studio's stay apart, and so
# do the earlier PostgreSQL and operator that drills begin with.
SERVERS = {
    reference.partition("@")[0].rpartition(":")[0]: reference
    for name, reference in REFERENCES.items()
    if not name.startswith(("label_studio", "postgresql_15", "former_"))
}


def moved(tree: Any) -> Any:
    """A state or a configuration, in another namespace, at another port, with the servers' images of today."""
    if isinstance(tree, list):
        return [moved(each) for each in tree]
    if isinstance(tree, dict):
        tree = _renamed(tree) if tree.get("kind") == "Namespace" else tree
        return {key: _moved(key, value) for key, value in tree.items()}
    if isinstance(tree, str):
        begin = f"{EARLIER_NAMESPACE}/"
        tree = f"{NAMESPACE}/{tree.removeprefix(begin)}" if tree.startswith(begin) else tree
        tree = SERVERS.get(tree.partition("@")[0].rpartition(":")[0], tree)
        tree = tree.replace(f".{EARLIER_NAMESPACE}.svc", f".{NAMESPACE}.svc")
        return tree.replace(f":{EARLIER_PORT}", f":{PORT}")
    return PORT if tree == EARLIER_PORT else tree


def _moved(key: str, value: Any) -> Any:
    if key == "plaintext":
        return json.dumps(moved(json.loads(value)))
    if key in ("namespace", "kubernetes.io/metadata.name", "id") and value == EARLIER_NAMESPACE:
        return NAMESPACE
    return moved(value)


def _renamed(namespace: dict[str, Any]) -> dict[str, Any]:
    return {**namespace, "metadata": {**namespace["metadata"], "name": NAMESPACE}}


@pytest.fixture(scope="module")
def stack(
    kubeconfig: Path, api: Api, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[EarlierStack, Deployment]]:
    """The stack of the earlier release, serving."""
    load([images.image("label_studio_oldest")])
    stack = earlier.restore("dev", tmp_path_factory.mktemp("upgrade"), kubeconfig, moved)
    deployment, kubectl = Deployment(stack.engine, NAMESPACE, api), Kubectl(kubeconfig, NAMESPACE)
    try:
        make(stack, kubectl)
        deployment.read_outputs()
        yield stack, deployment
    finally:
        # A namespace whose pods may take minutes to stop is looked after again only minutes later.
        kubectl("delete", "deployments,replicasets,statefulsets,jobs", "--all", "--cascade=orphan")
        kubectl("delete", "pods", "--all", "--grace-period=1")
        api.delete([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}])


def make(stack: EarlierStack, kubectl: Kubectl) -> None:
    """Its objects, in their order, each by the field manager that it has in the state."""
    for resource in stack.resources:
        if resource["type"] == RELEASE:
            install(earlier.inputs(resource), kubectl)
        elif resource["type"].startswith("kubernetes:"):
            manager = resource["outputs"]["__fieldManager"]
            flags = ("--server-side", "--field-manager", manager, "--filename", "-")
            kubectl("apply", *flags, given=earlier.inputs(resource))
        if resource["type"] == JOB:
            kubectl("wait", f"job/{resource['id'].partition('/')[2]}", "--for=condition=Complete", "--timeout=120s")


def install(release: dict[str, Any], kubectl: Kubectl) -> None:
    """The release, with the chart that it had."""
    cluster = ("--kubeconfig", str(kubectl.kubeconfig), "--kube-context", CONTEXT, "--namespace", kubectl.namespace)
    finished = subprocess.run(
        [tool("helm"), "install", release["name"], earlier.CHART, *cluster, "--values", "-", "--wait", "--timeout=5m"],
        input=json.dumps(release["values"]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr


def bucket(deployment: Deployment) -> AbstractContextManager[Store]:
    """The bucket of the stack, with the key that Label Studio has."""
    output = deployment.outputs["buckets"]["uploads"]
    secret = output["keySecret"]["name"]
    keys = (SecretKey(secret, "access-key"), SecretKey(secret, "secret-key"), None, None)
    endpoint = deployment.outputs["objectStoreEndpoint"]
    place = Place(output["bucket"], output["prefix"], "us-east-1", endpoint, *keys)
    return open_store(Cluster(CONTEXT, NAMESPACE), place)


def identities(deployment: Deployment) -> dict[str, str]:
    """What would have another identity if it had been replaced, helm's records aside: kind, name and UID."""
    return {
        f"{kind} {each['metadata']['name']}": each["metadata"]["uid"]
        for kind, group in KEEPING.items()
        for each in deployment.objects(kind, group)
        if each.get("type") != "helm.sh/release.v1"
    }


def run_up(stack: EarlierStack, image: str = "") -> subprocess.CompletedProcess[str]:
    """`pulumi up`, with another image of Label Studio if there is one."""
    file = stack.file.with_name(f"other-{stack.file.name}") if image else stack.file
    if image:
        given = yaml.safe_load(stack.file.read_text())
        given["config"]["label-studio:images"] = {"labelStudio": image}
        file.write_text(yaml.safe_dump(given))
    flags = ("--stack", stack.engine.stack, "--config-file", str(file))
    return stack.engine.run("up", *flags, "--yes", "--skip-preview", capture=True, check=not image)


def target_of(deployment: Deployment, session: Session) -> tuple[Target, int]:
    """Where a load of annotations and uploads goes, and the project of the annotations."""
    project, uploads = (session.create_project(f"{TITLE}: {what}", LABELLING) for what in ("labels", "uploads"))
    session.request("POST", f"/api/projects/{project}/import", json=[{"text": f"cat {number}"} for number in range(20)])
    tasks = [int(each["id"]) for each in session.request("GET", f"/api/tasks?project={project}&page_size=20")["tasks"]]
    outputs = deployment.outputs
    email, password = str(outputs["administrator"]), deployment.password
    return Target(str(outputs["url"]), email, lambda: password, tasks, uploads), project


def test_the_data_of_an_earlier_release_are_there_after_one_update(
    stack: tuple[EarlierStack, Deployment], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, deployment = stack
    monkeypatch.setenv("KUBECONFIG", str(before.engine.kubeconfig))
    with deployment.session() as session, bucket(deployment) as store:
        assert session.version() == OLDEST
        address = session.upload(session.create_project(TITLE), "pixel.png", PIXEL, "image/png")
        store.client.put_object(Bucket=store.place.bucket, Key=OBJECT, Body=PIXEL)
        target, annotated = target_of(deployment, session)
    known = identities(deployment)

    with load_of(target) as ledger:
        run_up(before)
        # The load goes on with the new release.
        saved = len(ledger.annotations)
        wait("an annotation of the new release", lambda: len(ledger.annotations) > saved, 60)

    deployment.read_outputs()
    with deployment.session() as session, bucket(deployment) as store:
        assert session.version() == NEWEST
        project = session.projects()[TITLE]
        assert session.request("GET", f"/api/tasks?project={project}")["total"] == 1
        assert session.http.get(address).content == PIXEL
        assert store.client.get_object(Bucket=store.place.bucket, Key=OBJECT)["Body"].read() == PIXEL
        assert session.export_snapshot(annotated)["status"] == "completed"
    # The update waited for it.
    assert f"Database labelstudio is in before-{NEWEST}-" in deployment.logs(**DUMP)
    acknowledged = f"{len(ledger.annotations)} annotations, {len(ledger.uploads)} uploads"
    print(f"{OLDEST} -> {NEWEST}, one page on a volume: {acknowledged}; {ledger.gap():.0f} s without the page")
    assert len(ledger.annotations) > 0 and len(ledger.uploads) > 0
    assert lost_annotations(target, annotated, ledger) == set()
    assert lost_uploads(target, ledger) == set()
    assert identities(deployment).items() >= known.items()
    before.engine.run("preview", *before.flags, "--expect-no-changes", capture=True)


def test_a_downgrade_is_refused_while_the_page_runs(
    stack: tuple[EarlierStack, Deployment], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, deployment = stack
    monkeypatch.setenv("KUBECONFIG", str(before.engine.kubeconfig))
    pods = served(deployment)
    refused = run_up(before, REFERENCES["label_studio_oldest"])
    assert refused.returncode != 0
    assert f"Label Studio {OLDEST} is older than this database, which has the migrations core.0003_" in refused.stdout
    assert "docs/backup.md" in refused.stdout
    assert served(deployment) == pods
    with deployment.session() as session:
        assert session.version() == NEWEST
    run_up(before)
    assert served(deployment) == pods
    before.engine.run("preview", *before.flags, "--expect-no-changes", capture=True)
