"""Plain objects call by call against a real API server: names, diffs, replacements, ownership, refusals."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.plugins.kubernetes.client import ApiError, Client
from local.plugins.kubernetes.provider import KubernetesProvider
from local.plugins.properties import UNKNOWN, Secret
from local.plugins.server import Log
from tests.engine.direct import Direct, Engine, FailedError, changes, urn

_CONFIG_MAP = urn("kubernetes:core/v1:ConfigMap")
_SECRET = urn("kubernetes:core/v1:Secret")
_NAMESPACE = urn("kubernetes:core/v1:Namespace")
_SERVICE = urn("kubernetes:core/v1:Service")
_DEPLOYMENT = urn("kubernetes:apps/v1:Deployment")
_STATEFUL_SET = urn("kubernetes:apps/v1:StatefulSet")
_JOB = urn("kubernetes:batch/v1:Job")
_CLAIM = urn("kubernetes:core/v1:PersistentVolumeClaim")
_QUOTA = urn("kubernetes:core/v1:ResourceQuota")


def _live(provider: Direct, resource: str, inputs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """An object that is there, as far as a diff can tell: its checked inputs and a state made of them."""
    checked = provider.check(resource, inputs)
    return checked, {**checked, "__inputs": checked}


def test_names_and_namespaces_are_filled_in(provider: Direct, namespace: str) -> None:
    first = provider.check(_CONFIG_MAP, {"data": {}})
    assert first["metadata"]["name"].startswith("it-")
    assert first["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}
    assert first["metadata"]["namespace"] == namespace
    assert (first["apiVersion"], first["kind"]) == ("v1", "ConfigMap")
    assert provider.check(_CONFIG_MAP, {"data": {}}, first, seed=b"other")["metadata"] == first["metadata"]
    assert provider.check(_CONFIG_MAP, {"data": {}}, seed=b"other")["metadata"]["name"] != first["metadata"]["name"]
    assert "namespace" not in provider.check(_NAMESPACE, {"metadata": {"name": "x"}})["metadata"]
    waiting = provider.check(_CONFIG_MAP, {"metadata": {"name": UNKNOWN, "namespace": "given"}})
    assert waiting["metadata"] == {"name": UNKNOWN, "namespace": "given"}
    with pytest.raises(FailedError, match="generateName"):
        provider.check(_CONFIG_MAP, {"metadata": {"generateName": "x-"}})
    with pytest.raises(FailedError, match="ConfigMapPatch"):
        provider.check(urn("kubernetes:core/v1:ConfigMapPatch"), {"metadata": {"name": "x"}, "kind": "ConfigMap"})


@pytest.mark.parametrize(
    ("resource", "before", "after", "replaced"),
    [
        (_CONFIG_MAP, {"data": {"a": "1"}}, {"data": {"a": "2"}}, ["data.a"]),
        (_CONFIG_MAP, {"data": {"a.b": "1"}}, {"data": {}}, ['data["a.b"]']),
        (_SECRET, {"stringData": {"a": Secret("1")}}, {"stringData": {"a": Secret("2")}}, ["data.a"]),
        (_SECRET, {"type": "Opaque"}, {"type": "example.com/other"}, ["type"]),
        (_SERVICE, {"spec": {"clusterIP": "None"}}, {"spec": {"clusterIP": "198.19.0.77"}}, ["spec.clusterIP"]),
        (_SERVICE, {"spec": {"type": "ClusterIP"}}, {"spec": {"type": "NodePort"}}, []),
        (_DEPLOYMENT, {"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}, []),
        (
            _DEPLOYMENT,
            {"spec": {"selector": {"matchLabels": {"a": "1"}}}},
            {"spec": {"selector": {"matchLabels": {"a": "1", "b": "2"}}}},
            ["spec.selector.matchLabels.b"],
        ),
        (_STATEFUL_SET, {"spec": {"serviceName": "a"}}, {"spec": {"serviceName": "b"}}, ["spec.serviceName"]),
        (
            _STATEFUL_SET,
            {"spec": {"volumeClaimTemplates": [{"spec": {"storageClassName": "a"}}]}},
            {"spec": {"volumeClaimTemplates": [{"spec": {"storageClassName": "b"}}]}},
            ["spec.volumeClaimTemplates[0].spec.storageClassName"],
        ),
        (
            _STATEFUL_SET,
            {"spec": {"template": {"spec": {"hostname": "a"}}}},
            {"spec": {"template": {"spec": {"hostname": "b"}}}},
            [],
        ),
        (
            _JOB,
            {"spec": {"template": {"spec": {"containers": [{"image": "a"}]}}}},
            {"spec": {"template": {"spec": {"containers": [{"image": "b"}]}}}},
            ["spec.template.spec.containers[0].image"],
        ),
        (_JOB, {"spec": {"backoffLimit": 1}}, {"spec": {"backoffLimit": 2}}, []),
        (_CLAIM, {"spec": {"storageClassName": "a"}}, {"spec": {"storageClassName": "b"}}, ["spec.storageClassName"]),
        (
            _CLAIM,
            {"spec": {"resources": {"requests": {"storage": "1Gi"}}}},
            {"spec": {"resources": {"requests": {"storage": "2Gi"}}}},
            [],
        ),
        (_JOB, {"spec": {}}, {"spec": {"template": {"spec": {"hostname": "a"}}}}, ["spec.template"]),
    ],
)
def test_replacements_are_the_official_ones(
    provider: Direct, resource: str, before: dict[str, Any], after: dict[str, Any], replaced: list[str]
) -> None:
    metadata = {"metadata": {"name": "fixed"}}
    _, state = _live(provider, resource, {**metadata, **before})
    answer = provider.diff(resource, state, provider.check(resource, {**metadata, **after}))
    assert changes(answer)
    assert list(answer.replaces) == replaced
    assert answer.deleteBeforeReplace == bool(replaced)


def test_a_new_name_is_a_replacement_that_need_not_wait_for_the_deletion(provider: Direct) -> None:
    _, state = _live(provider, _CONFIG_MAP, {"metadata": {"name": "one"}})
    for metadata in ({"name": "two"}, {"name": "one", "namespace": "elsewhere"}):
        answer = provider.diff(_CONFIG_MAP, state, provider.check(_CONFIG_MAP, {"metadata": metadata}))
        assert answer.replaces
        assert not answer.deleteBeforeReplace
    autonamed, state = _live(provider, _CONFIG_MAP, {"data": {"a": "1"}})
    changed = provider.check(_CONFIG_MAP, {"data": {"a": "2"}}, autonamed)
    assert not provider.diff(_CONFIG_MAP, state, changed).deleteBeforeReplace


def test_mutable_configuration_is_updated_in_place(kubeconfig: Path, engine: Engine) -> None:
    config = {"kubeconfig": str(kubeconfig), "enableConfigMapMutable": "true", "enableSecretMutable": "true"}
    variables = {f"kubernetes:config:{name}": value for name, value in config.items()}
    provider = Direct(KubernetesProvider(Log(engine.address), "helm", "0.0.0"), **variables)
    for resource, more in ((_CONFIG_MAP, {}), (_SECRET, {}), (_CONFIG_MAP, {"immutable": True})):
        metadata = {"metadata": {"name": "fixed"}, **more}
        _, state = _live(provider, resource, {**metadata, "data": {"a": "MQ=="}})
        answer = provider.diff(resource, state, provider.check(resource, {**metadata, "data": {"a": "Mg=="}}))
        assert bool(answer.replaces) == bool(more)
    provider.stop()


def test_what_the_server_rewrites_is_no_change(provider: Direct) -> None:
    container = {"name": "main", "image": "x", "env": [], "resources": {"limits": {"cpu": "0.5", "memory": "1024Mi"}}}
    pod = {"containers": [container], "hostNetwork": False, "tolerations": None, "volumes": []}
    spec = {
        "replicas": 0,
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod},
    }
    identity, state = provider.make(_DEPLOYMENT, {"metadata": {"name": "rewritten"}, "spec": spec})
    checked = provider.check(_DEPLOYMENT, {"metadata": {"name": "rewritten"}, "spec": spec})
    assert not changes(provider.diff(_DEPLOYMENT, state, checked))
    # A default that is asked for in so many words is what is there already; zero is not.
    asked = provider.check(_DEPLOYMENT, {"metadata": {"name": "rewritten"}, "spec": {**spec, "paused": False}})
    assert not changes(provider.diff(_DEPLOYMENT, state, asked))
    fewer = provider.check(
        _DEPLOYMENT, {"metadata": {"name": "rewritten"}, "spec": {**spec, "revisionHistoryLimit": 0}}
    )
    assert changes(provider.diff(_DEPLOYMENT, state, fewer)) == {"spec.revisionHistoryLimit": "UPDATE"}
    more = {**container, "resources": {"limits": {"cpu": "501m", "memory": "1Gi"}}}
    spec = {**spec, "template": {**spec["template"], "spec": {**pod, "containers": [more]}}}  # type: ignore[dict-item]
    grown = provider.check(_DEPLOYMENT, {"metadata": {"name": "rewritten"}, "spec": spec})
    limit = "spec.template.spec.containers[0].resources.limits.cpu"
    assert changes(provider.diff(_DEPLOYMENT, state, grown)) == {limit: "UPDATE"}
    quota = {"metadata": {"name": "quota"}, "spec": {"hard": {"limits.cpu": "1000m", "pods": 5}}}
    _, state = provider.make(_QUOTA, quota)
    assert not changes(provider.diff(_QUOTA, state, provider.check(_QUOTA, quota)))
    provider.delete(_DEPLOYMENT, identity, state | {"kind": "Deployment", "apiVersion": "apps/v1"})


def test_secrets_stay_secret_everywhere(provider: Direct, namespace: str) -> None:
    value = secrets.token_hex(12)
    inputs = provider.check(_SECRET, {"metadata": {"name": "kept"}, "stringData": {"a": Secret(value)}})
    assert isinstance(inputs["data"], Secret)
    identity, state = provider.create(_SECRET, inputs)
    assert isinstance(state["data"], Secret)
    assert isinstance(state["__inputs"]["data"], Secret)
    _, read_state, read_inputs = provider.read(_SECRET, identity, state, inputs)
    assert isinstance(read_state["data"], Secret)
    assert isinstance(read_inputs["data"], Secret)
    # An import knows nothing of the program's marks: what a Secret holds is secret all the same.
    _, imported, imported_inputs = provider.read(_SECRET, f"{namespace}/kept")
    assert isinstance(imported["data"], Secret)
    assert isinstance(imported_inputs["data"], Secret)
    hidden = {"metadata": {"name": "hidden"}, "data": {"open": "o", "closed": Secret(value)}}
    _, state = provider.make(_CONFIG_MAP, hidden)
    assert state["data"]["closed"] == Secret(value)
    assert state["data"]["open"] == "o"

    wrong = {"metadata": {"name": "wrong"}, "data": {"number": Secret({"deep": value})}}
    with pytest.raises(FailedError) as failed:
        provider.create(_SECRET, {**wrong, "apiVersion": "v1", "kind": "Secret"})
    assert value not in str(failed.value)


def test_unknown_values_are_passed_through_a_preview(provider: Direct) -> None:
    inputs = provider.check(_CONFIG_MAP, {"metadata": {"name": "later"}, "data": {"a": UNKNOWN}})
    assert provider.create(_CONFIG_MAP, inputs, preview=True) == ("", inputs)
    known, state = _live(provider, _CONFIG_MAP, {"metadata": {"name": "later"}, "data": {"a": "1"}})
    assert changes(provider.diff(_CONFIG_MAP, state, inputs)) == {"data.a": "UPDATE_REPLACE"}
    assert provider.update(_CONFIG_MAP, state, inputs, preview=True) == inputs
    elsewhere = {"metadata": {"name": "later", "namespace": "not-yet-there"}}
    assert provider.create(_CONFIG_MAP, provider.check(_CONFIG_MAP, elsewhere), preview=True)[0] == ""
    assert known


def test_a_preview_asks_the_server_and_leaves_nothing(provider: Direct, cluster: Client, namespace: str) -> None:
    inputs = provider.check(_SERVICE, {"metadata": {"name": "seen"}, "spec": {"ports": [{"port": 80}]}})
    _, state = provider.create(_SERVICE, inputs, preview=True)
    assert state["spec"]["ports"][0]["protocol"] == "TCP"
    with pytest.raises(ApiError, match="not found"):
        cluster.get("v1", "Service", namespace, "seen")
    bad = provider.check(_SERVICE, {"metadata": {"name": "Bad_Name"}, "spec": {"ports": [{"port": 80}]}})
    with pytest.raises(FailedError, match="Bad_Name"):
        provider.create(_SERVICE, bad, preview=True)


def test_an_object_that_is_there_already_is_not_taken_over(provider: Direct, cluster: Client, namespace: str) -> None:
    metadata = {"name": "taken", "namespace": namespace}
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "theirs"}}
    cluster.create(manifest, dry_run=False)
    inputs = provider.check(_CONFIG_MAP, {"metadata": {"name": "taken"}, "data": {"a": "ours"}})
    assert provider.create(_CONFIG_MAP, inputs, preview=True)[0] == ""
    with pytest.raises(FailedError, match=r"(?s)already exists.*pulumi import"):
        provider.create(_CONFIG_MAP, inputs)
    assert cluster.get("v1", "ConfigMap", namespace, "taken")["data"] == {"a": "theirs"}

    identity, state, found = provider.read(_CONFIG_MAP, f"{namespace}/taken")
    assert identity == f"{namespace}/taken"
    assert found == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "theirs"}}
    wanted = provider.check(_CONFIG_MAP, {"metadata": metadata, "data": {"a": "theirs"}}, found)
    assert not changes(provider.diff(_CONFIG_MAP, state, wanted))
    assert provider.read(_CONFIG_MAP, f"{namespace}/nothing")[0] == ""


def test_fields_left_out_are_removed_and_those_of_others_kept(
    provider: Direct, cluster: Client, namespace: str
) -> None:
    metadata = {"name": "shared", "labels": {"ours": "1", "gone": "1"}}
    _, state = provider.make(_NAMESPACE, {"metadata": {**metadata, "name": f"{namespace}-shared"}})
    name = f"{namespace}-shared"
    theirs = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"theirs": "1"}}}
    cluster.apply(theirs, "someone-else", force=False, dry_run=False)
    wanted = provider.check(_NAMESPACE, {"metadata": {"name": name, "labels": {"ours": "2"}}})
    state = provider.update(_NAMESPACE, state, wanted)
    assert {"ours": "2", "theirs": "1"}.items() <= state["metadata"]["labels"].items()
    assert "gone" not in state["metadata"]["labels"]

    clash = provider.check(_NAMESPACE, {"metadata": {"name": name, "labels": {"ours": "2", "theirs": "2"}}})
    with pytest.raises(FailedError, match=r"someone-else.*\n.*patchForce"):
        provider.update(_NAMESPACE, state, clash)
    kept = provider.update(_NAMESPACE, state, clash, ignore=["metadata.labels.theirs"])
    assert kept["metadata"]["labels"]["theirs"] == "1"
    answer = provider.diff(_NAMESPACE, state, clash, ignore=["metadata.labels"])
    assert not changes(answer)
    clash["metadata"]["annotations"] = {"pulumi.com/patchForce": "true"}
    forced = provider.update(_NAMESPACE, state, clash)
    assert forced["metadata"]["labels"]["theirs"] == "2"
    provider.delete(_NAMESPACE, name, forced)
    with pytest.raises(ApiError, match="not found"):
        cluster.get("v1", "Namespace", "", name)


def test_drift_is_seen_by_a_refresh_and_put_right(provider: Direct, cluster: Client, namespace: str) -> None:
    metadata = {"name": "drift", "labels": {"ours": "1"}}
    inputs = provider.check(_SERVICE, {"metadata": metadata, "spec": {"clusterIP": "None", "ports": [{"port": 1}]}})
    identity, state = provider.create(_SERVICE, inputs)
    live = cluster.get("v1", "Service", namespace, "drift")
    cluster.json_patch(
        live,
        [
            {"op": "replace", "path": "/metadata/labels/ours", "value": "2"},
            {"op": "add", "path": "/metadata/labels/theirs", "value": "1"},
        ],
    )
    assert not changes(provider.diff(_SERVICE, state, inputs)), "without a refresh the state is what counts"
    _, seen, seen_inputs = provider.read(_SERVICE, identity, state, inputs)
    assert seen_inputs["metadata"]["labels"] == {"ours": "2"}
    assert changes(provider.diff(_SERVICE, seen, inputs)) == {"metadata.labels.ours": "UPDATE"}
    with pytest.raises(FailedError, match=r"\.metadata\.labels\.ours"):
        provider.update(_SERVICE, seen, inputs)
    inputs["metadata"]["annotations"] = {"pulumi.com/patchForce": "true"}
    repaired = provider.update(_SERVICE, seen, inputs)
    assert repaired["metadata"]["labels"] == {"ours": "1", "theirs": "1"}


def test_a_lost_cluster_stops_deployments_but_not_previews(kubeconfig: Path, tmp_path: Path, engine: Engine) -> None:
    content = yaml.safe_load(kubeconfig.read_text())
    content["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    lost = tmp_path / "kubeconfig"
    lost.write_text(yaml.safe_dump(content))

    def provider(**more: str) -> Direct:
        variables = {f"kubernetes:config:{name}": value for name, value in {"kubeconfig": str(lost), **more}.items()}
        return Direct(KubernetesProvider(Log(engine.address), "helm", "0.0.0"), **variables)

    direct = provider()
    inputs = direct.check(_CONFIG_MAP, {"metadata": {"name": "x"}})
    assert direct.create(_CONFIG_MAP, inputs, preview=True) == ("", inputs)
    state = {**inputs, "__inputs": inputs}
    for refused in (
        lambda: direct.create(_CONFIG_MAP, inputs),
        lambda: direct.read(_CONFIG_MAP, "default/x", state, inputs),
        lambda: direct.delete(_CONFIG_MAP, "default/x", state),
    ):
        with pytest.raises(FailedError, match="cluster is unreachable"):
            refused()
    forgetful = provider(deleteUnreachable="true")
    assert forgetful.read(_CONFIG_MAP, "default/x", state, inputs)[0] == ""
    forgetful.delete(_CONFIG_MAP, "default/x", state)
    lenient = provider(skipUpdateUnreachable="true")
    assert lenient.read(_CONFIG_MAP, "default/x", state, inputs)[:2] == ("default/x", state)
    nowhere = provider(context="nowhere")
    with pytest.raises(FailedError, match='context "nowhere" does not exist'):
        nowhere.create(_CONFIG_MAP, inputs)


def test_another_cluster_replaces_and_the_same_one_does_not(provider: Direct, kubeconfig: Path, tmp_path: Path) -> None:
    content = yaml.safe_load(kubeconfig.read_text())
    context = content["contexts"][0]
    content["contexts"].append({"name": "alias", "context": context["context"]})
    content["clusters"].append({"name": "other", "cluster": {"server": "https://example.invalid"}})
    content["contexts"].append({"name": "other", "context": {**context["context"], "cluster": "other"}})
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(content))
    here = {"kubeconfig": str(path), "context": context["name"]}

    def replaced(**news: Any) -> list[str]:
        return list(provider.diff_config(here, {**here, **news}).replaces)

    assert replaced(namespace="elsewhere") == []
    assert replaced(context="alias") == []
    assert replaced(context="other") == ["context"]
    assert replaced(kubeconfig=path.read_text()) == []
    assert replaced(kubeconfig=UNKNOWN) == ["kubeconfig"]
    named = {**here, "clusterIdentifier": "one"}
    assert not provider.diff_config(named, {**named, "context": "other"}).replaces
    assert list(provider.diff_config(named, {**named, "clusterIdentifier": "two"}).replaces) == ["clusterIdentifier"]


def test_ctrl_c_ends_a_wait_and_keeps_the_resource(kubeconfig: Path, namespace: str, engine: Engine) -> None:
    variables = {"kubernetes:config:kubeconfig": str(kubeconfig), "kubernetes:config:namespace": namespace}
    direct = Direct(KubernetesProvider(Log(engine.address), "helm", "0.0.0"), **variables)
    direct.cancel()
    metadata = {"name": "interrupted", "annotations": {"pulumi.com/waitFor": "condition=Never"}}
    with pytest.raises(FailedError, match="cancelled while waiting for condition=Never") as failed:
        direct.make(_CONFIG_MAP, {"metadata": metadata})
    assert failed.value.partial.id == f"{namespace}/interrupted"
    direct.stop()


def test_an_unknown_kind_names_the_missing_definition(provider: Direct, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.plugins.kubernetes.resources._ATTEMPTS", 1)
    with pytest.raises(FailedError, match=r'no matches for kind "Thing".*CRDs'):
        provider.make(urn("kubernetes:example.com/v1:Thing"), {"metadata": {"name": "x"}})
