"""Servers on volumes that belong to root and are closed to others, as those of most clusters: fsGroup opens them.

The volumes of the embedded platform's own class are open to every user, so nothing else here would notice its lack.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.paths import KUBECONFIG, STATE
from tests.engine.cluster import Cluster
from tests.engine.conftest import NewProgram
from tests.engine.kubectl import Kubectl, eventually, pod
from tests.engine.program import PROJECT
from tests.engine.servers import SERVERS, USERS, source

CLOSED = 0o755


@pytest.fixture
def folders(cluster: Cluster, kubeconfig: Path, namespace: str) -> Iterator[list[Path]]:
    """Folders of the node that are volumes of a class called as the namespace, one for each server and one more."""
    if kubeconfig.resolve() != KUBECONFIG:
        pytest.skip("the volumes are made on the node's own disk, which is that of the embedded cluster only")
    root = STATE / "volumes-of-root"
    about = {"name": namespace}
    cluster.create(
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": about,
            "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": "WaitForFirstConsumer",
        }
    )
    made = [root / str(number) for number in range(len(SERVERS) + 1)]
    on_a_node = {"key": "kubernetes.io/hostname", "operator": "Exists"}
    for folder in made:
        folder.mkdir(parents=True)
        folder.chmod(CLOSED)
        cluster.create(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": f"{namespace}-{folder.name}"},
                "spec": {
                    "capacity": {"storage": "1Gi"},
                    "accessModes": ["ReadWriteOnce"],
                    "persistentVolumeReclaimPolicy": "Retain",
                    "storageClassName": namespace,
                    "local": {"path": str(folder)},
                    "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [on_a_node]}]}},
                },
            }
        )
    yield made
    for folder in made:
        cluster.delete("v1", "PersistentVolume", "", f"{namespace}-{folder.name}")
    cluster.delete("storage.k8s.io/v1", "StorageClass", "", namespace)
    shutil.rmtree(root, ignore_errors=True)


@pytest.mark.usefixtures("server_images")
def test_a_group_opens_volumes_of_root(
    new_program: NewProgram,
    kubeconfig: Path,
    namespace: str,
    folders: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kubectl = Kubectl(kubeconfig, namespace)
    refused = pod("without-group", "touch /data/x || echo refused; exec /bin/busybox sleep 3600")
    refused["spec"]["securityContext"] = {"runAsUser": USERS["db"]}
    refused["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    refused["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "without-group"}}]
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "without-group"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": namespace,
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    kubectl.apply(claim)
    kubectl.run(refused)
    eventually(True, lambda: "refused" in kubectl("logs", "without-group"))

    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    new_program().up(source("image", storage_class=namespace))
    groups = {folder.stat().st_gid for folder in folders}
    assert groups == {0, *USERS.values()}, "one volume for each server, and that of the pod without a group"
    assert {folder.stat().st_uid for folder in folders} == {0}
