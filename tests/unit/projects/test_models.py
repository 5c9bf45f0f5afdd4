"""Declared model servers: refused before anything is applied, kept as declared, run with no more than they need."""

from __future__ import annotations

import string
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from components.annotation_project.job.backends import PAUSES, Backends
from components.annotation_project.model_settings import MAXIMUM_NAME, ModelSettings, server_name, shown
from components.kubernetes.names import WORKLOAD
from components.label_studio.endpoints import MODELS
from components.settings.errors import SettingsError
from components.stack.settings import Settings
from tests.unit.projects.fake_label_studio import FakeLabelStudio
from tests.unit.projects.test_components import CATS, POLICY, declared, deployed
from tests.unit.projects.test_components import settings as stack_settings
from tests.unit.projects.test_settings import project
from tests.unit.pulumi_mocks import Program

DEPLOYMENT, SERVICE = "kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Service"
IMAGE = "registry.example.com/sizes:1.0.0"
URL = "https://models.example.com/"
NAME = "label-studio-cats-ml-sizes"
INSIDE = f"http://{NAME}.label-studio.svc.cluster.local:9090"
PRIVATE = "http://10.1.2.3:9090"
RELEASE = "app.kubernetes.io/instance"


def model(name: str = "sizes", **keys: Any) -> dict[str, Any]:
    return {"name": name, **(keys if "url" in keys or "server" in keys else {"url": URL, **keys})}


def run(**keys: Any) -> dict[str, Any]:
    return model(server={"image": IMAGE, **keys})


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ([{"name": "a"}], "needs url or server, and not both"),
        ([{"name": "a", "url": URL, "server": {"image": IMAGE}}], "needs url or server, and not both"),
        ([model(server={"image": IMAGE}, addresses=["any"])], "addresses are for a url"),
        ([model("a" * 31)], "must be at most 30 characters"),
        ([model("A")], "must be a Kubernetes name"),
        ([model(url="ftp://models.example.com")], "must be a URL with a full host name"),
        ([model(url="https://a:b@models.example.com")], "must be a URL with a full host name"),
        ([run(image="sizes")], "must be an image with its registry"),
        ([run(image="registry.example.com/sizes:latest")], "must be pinned by a tag other than latest"),
        ([run(replicas=0)], "greater than or equal to 1"),
        ([run(port=0)], "greater than or equal to 1"),
        ([run(gpus=-1)], "greater than or equal to 0"),
        ([run(env={"PORT": "1"})], "is a variable of the stack's own"),
        ([run(env={"SOURCE_BUCKET": "1"})], "is a variable of the stack's own"),
        ([run(env={"WEIGHTS_TOKEN": "1"})], "put it into a Secret and name it in envSecrets"),
        ([run(env={"PROXY": "http://me:word@proxy.example.com"})], "put it into a Secret and name it in envSecrets"),
        ([run(env={"A": "1"}, envSecrets={"A": {"secretName": "a"}})], "is in env too; keep one"),
        ([model(trainAfter=-1)], "greater than or equal to 0"),
        ([model(), model()], "mlBackends has a name twice"),
        ([model("a", title="B"), model("B".lower(), title="B")], "mlBackends has a title twice"),
        ([model("a", shown=True), model("b", shown=True)], "mlBackends has several with shown: true"),
        ([model("a", predictOnOpen=True), model("b")], "predictOnOpen of a has no effect"),
        ([model("a", predictOnOpen=True, shown=False)], "predictOnOpen of a has no effect"),
        ([model(name) for name in "abcde"], "at most 4 items"),
    ],
)
def test_refuses(models: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        project(mlBackends=models)
    assert message in str(refusal.value)


@given(st.lists(st.sampled_from([None, True, False]), min_size=1, max_size=4))
def test_one_is_shown_at_most(wishes: list[bool | None]) -> None:
    models = tuple(ModelSettings.model_validate(model(f"m{number}", shown=wish)) for number, wish in enumerate(wishes))
    found = shown(models)
    expected = [each for each in models if each.shown or (len(models) == 1 and each.shown is None)]
    assert found == (expected[0] if expected else None)


NAMES = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=MAXIMUM_NAME)


@given(NAMES, NAMES, st.text(string.ascii_lowercase, min_size=1, max_size=40))
def test_names_fit_and_differ(one: str, other: str, stack: str) -> None:
    found = server_name(stack, "p" * 30, one)
    assert len(found) <= WORKLOAD
    assert (found == server_name(stack, "p" * 30, other)) == (one == other)


@pytest.mark.parametrize(
    ("models", "path", "message"),
    [
        ([model(url="https://models.example.com:8443")], "addresses", "does not open the port of this URL"),
        ([run()], "", ""),
        ([model(url=PRIVATE)], "", ""),
    ],
)
def test_networks_are_named(models: list[dict[str, Any]], path: str, message: str) -> None:
    given = {**CATS, "mlBackends": models}
    if not message:
        assert stack_settings(given).projects
        return
    with pytest.raises(ValidationError, match=message) as refusal:
        stack_settings(given)
    assert path in str(refusal.value)


@pytest.mark.parametrize("found", [run(), model(url=PRIVATE)])
def test_private_servers_are_refused_where_label_studio_would_refuse_them(found: dict[str, Any]) -> None:
    base = stack_settings().model_dump(by_alias=True, exclude_unset=True)
    base["labelStudio"]["security"] = {"blockLocalMlBackends": True}
    base["projects"] = [{**CATS, "mlBackends": [found]}]
    with pytest.raises((ValidationError, SettingsError), match="blockLocalMlBackends refuses"):
        Settings.model_validate(base)
    base["projects"] = [{**CATS, "mlBackends": [model()]}]
    assert Settings.model_validate(base)


def test_a_project_with_the_name_of_a_server_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"is the name of another part of projects\[0\]"):
        stack_settings({**CATS, "mlBackends": [run()]}, {**CATS, "name": "cats-ml-sizes"})


@cache
def served() -> Program:
    keys = {
        "gpus": 2,
        "replicas": 3,
        "env": {"A": "b"},
        "envSecrets": {"T": {"secretName": "t", "secretKey": "k"}},
        "scheduling": {"nodeSelector": {"pool": "gpu"}, "tolerations": [{"key": "gpu", "operator": "Exists"}]},
    }
    models = [
        {**run(**keys), "shown": True, "predictOnOpen": True, "trainAfter": 4},
        model("elsewhere", url=PRIVATE, predictAfterSync=True),
    ]
    return deployed({**CATS, "mlBackends": models})


def test_the_job_is_told_of_each_server_and_its_webhook() -> None:
    told = declared(served(), "cats")
    assert told["models"] == {
        "shown": "sizes",
        "predict_on_open": True,
        "servers": [
            {
                "name": "sizes",
                "title": "sizes",
                "url": INSIDE,
                "extra_params": {"predictOnOpen": True, "predictAfterSync": False, "trainAfter": 4},
            },
            {
                "name": "elsewhere",
                "title": "elsewhere",
                "url": PRIVATE,
                "extra_params": {"predictOnOpen": False, "predictAfterSync": True, "trainAfter": 0},
            },
        ],
    }
    assert [it["url"] for it in told["webhooks"]] == [f"{INSIDE}/webhook", f"{PRIVATE}/webhook"]
    assert "models" not in declared(deployed(CATS), "cats")


def test_page_and_workers_know_which_servers_are_declared() -> None:
    found = Settings.declared_models(stack_settings({**CATS, "mlBackends": [run()]}), "label-studio")
    assert found == [f"cats/sizes={INSIDE}"]
    values = served().one("kubernetes:helm.sh/v3:Release").inputs["values"]
    variables = values["global"]["extraEnvironmentVars"]
    assert variables[MODELS] == f"cats/sizes={INSIDE} cats/elsewhere={PRIVATE}"
    assert variables["DECLARED_WEBHOOK_RECEIVERS"] == f"{PRIVATE},{INSIDE}"


def test_a_server_runs_restricted_with_what_it_asks_for() -> None:
    spec = served().one(DEPLOYMENT, NAME).inputs["spec"]
    pod = spec["template"]["spec"]
    [container] = pod["containers"]
    assert (spec["replicas"], container["image"]) == (3, IMAGE)
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod["securityContext"]["runAsNonRoot"]
    assert "runAsUser" not in pod["securityContext"]
    assert pod["automountServiceAccountToken"] is False
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "2"
    assert container["resources"]["requests"]["nvidia.com/gpu"] == "2"
    assert (pod["nodeSelector"], len(pod["tolerations"])) == ({"pool": "gpu"}, 1)
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/health", "port": "http"}
    plain = {it["name"]: it["value"] for it in container["env"] if "value" in it}
    secret = {it["name"]: it["valueFrom"]["secretKeyRef"]["name"] for it in container["env"] if "valueFrom" in it}
    assert plain["PORT"] == "9090"
    assert plain["EXPORT_PREFIX"] == "cats/output/"
    assert plain["SOURCE_PREFIX"] == "cats/input/"
    assert plain["LABEL_STUDIO_URL"].endswith(".label-studio.svc.cluster.local")
    assert secret == {
        "SOURCE_ACCESS_KEY_ID": "label-studio-store-cats-source",
        "SOURCE_SECRET_ACCESS_KEY": "label-studio-store-cats-source",
        "EXPORT_ACCESS_KEY_ID": "label-studio-store-cats-export",
        "EXPORT_SECRET_ACCESS_KEY": "label-studio-store-cats-export",
        "T": "t",
    }
    [port] = served().one(SERVICE, NAME).inputs["spec"]["ports"]
    assert port["port"] == 9090


@pytest.mark.parametrize("user", [None, 1234])
def test_the_cluster_decides_about_its_user(user: int | None) -> None:
    base = stack_settings().model_dump(by_alias=True, exclude_unset=True)
    program = deployed({**CATS, "mlBackends": [run(runAsUser=77)]}, cluster={**base["cluster"], "runAsUser": user})
    security = program.one(DEPLOYMENT, NAME).inputs["spec"]["template"]["spec"]["securityContext"]
    assert security.get("runAsUser") == user


def test_the_mirror_has_its_image() -> None:
    program = deployed({**CATS, "mlBackends": [run()]}, images={"mirror": "mirror.example.com/a"})
    [container] = program.one(DEPLOYMENT, NAME).inputs["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "mirror.example.com/a/sizes:1.0.0"


def test_it_reaches_the_store_and_the_page_and_is_reached_by_page_and_workers_alone() -> None:
    policy = served().one(POLICY, NAME).inputs["spec"]
    own = {f"app.kubernetes.io/{key}": value for key, value in {"name": "model-server", "instance": NAME}.items()}
    assert policy["podSelector"]["matchLabels"].items() >= own.items()
    [ingress] = policy["ingress"]
    assert ingress["from"] == [{"podSelector": {"matchLabels": {RELEASE: "label-studio"}}}]
    assert [it["port"] for it in ingress["ports"]] == [9090]
    reached = sorted(
        peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"] for rule in policy["egress"] for peer in rule["to"]
    )
    assert reached == ["ls-app", "object-store"]
    page = served().one(POLICY, f"{NAME}-page").inputs["spec"]
    assert page["podSelector"] == {"matchLabels": {RELEASE: "label-studio"}}
    assert page["egress"][0]["to"][0]["podSelector"]["matchLabels"].items() >= own.items()
    [elsewhere] = served().one(POLICY, "label-studio-cats-models").inputs["spec"]["egress"]
    assert elsewhere["to"] == [{"ipBlock": {"cidr": "10.1.2.3/32"}}]


def told(*names: str, opening: bool = True, url: str = INSIDE) -> dict[str, Any]:
    servers = [{"name": it, "title": it.title(), "url": url, "extra_params": {"trainAfter": 1}} for it in names]
    return {"shown": names[0].title() if names else None, "predict_on_open": opening, "servers": servers}


def test_servers_are_kept_as_declared_and_those_of_people_left_alone() -> None:
    fake = FakeLabelStudio()
    fake.projects[1] = {"id": 1, "title": "Cats"}
    backends = Backends(fake.client, 1, "cats")
    fake.backends[8] = {"id": 8, "project": 1, "url": INSIDE, "title": "Own", "description": "", "extra_params": None}
    fake.backends[9] = {**fake.backends[8], "id": 9, "description": "Declared as sizes of dogs."}
    assert backends.apply(told("sizes", "shapes")) == []
    made = {it["description"]: it["title"] for it in fake.backends.values() if it["id"] > 9}
    assert made == {"Declared as sizes of cats.": "Sizes", "Declared as shapes of cats.": "Shapes"}
    assert fake.projects[1]["model_version"] == "Sizes"
    assert fake.projects[1]["evaluate_predictions_automatically"] is True
    fake.requests.clear()
    assert backends.apply(told("sizes", "shapes")) == []
    assert fake.changes == ["PATCH /api/projects/1/"]
    fake.backends[20] = {**fake.backends[10], "id": 20}
    assert backends.apply(told("sizes", url=PRIVATE, opening=False)) == []
    assert [(it["id"], it["url"]) for it in fake.backends.values()] == [(8, INSIDE), (9, INSIDE), (10, PRIVATE)]
    assert backends.apply(None) == []
    assert [*fake.backends] == [8, 9]
    assert fake.projects[1]["evaluate_predictions_automatically"] is False
    fake.requests.clear()
    backends.apply(None)
    assert fake.changes == [], "what people chose on the page stays"


def test_a_server_that_is_away_is_tried_again_and_told() -> None:
    fake = FakeLabelStudio()
    fake.projects[1] = {"id": 1, "title": "Cats"}
    fake.refuse["POST /api/ml"] = f"Can't connect to ML backend {INSIDE}, health check failed. <a href>Learn more</a>"
    waited: list[float] = []
    [refusal] = Backends(fake.client, 1, "cats", pause=waited.append).apply(told("sizes"))
    assert (
        refusal
        == f"mlBackends sizes: Label Studio does not reach {INSIDE}, or its /health does not answer; see its log"
    )
    assert tuple(waited) == PAUSES
