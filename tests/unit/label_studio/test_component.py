"""What LabelStudio registers: objects, options, order, outputs."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components.connections import RedisConnection, S3Connection, SecretKey, ServerPods
from components.label_studio import LabelStudio, embedded_chart
from components.label_studio.args import LabelStudioArgs
from components.label_studio.settings import Administrator, Autoscaling, S3Persistence
from components.settings.base import SecretReference
from tests.unit.label_studio.arguments import (
    DEPLOYMENT,
    NAME,
    REDIS,
    RELEASE,
    S3,
    arguments,
    deploy,
    program,
)
from tests.unit.pulumi_mocks import resolve, run_program

COMPONENT = "label-studio:label_studio:LabelStudio"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SECRET = "kubernetes:core/v1:Secret"
PASSWORD = "random:index/randomPassword:RandomPassword"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"


def everything(**changes: object) -> LabelStudioArgs:
    return arguments(
        redis=REDIS["plain"],
        s3=S3["store"],
        autoscaling=Autoscaling(min_replicas=2, max_replicas=6, target_cpu=70),
        **changes,
    )


def test_the_component_shows_policies_what_it_was_told() -> None:
    inputs = program(arguments(url="https://ls.example.com")).one(COMPONENT).inputs
    assert inputs["signup"] == "disabled"
    assert inputs["url"] == "https://ls.example.com"
    assert inputs["chart"]["flavour"] == "embedded"


def test_everything_belongs_to_the_component_and_lives_in_the_namespace() -> None:
    registered = program(everything())
    component = registered.one(COMPONENT)
    for resource in registered:
        if resource is not component:
            assert resource.parent == component.urn, resource.name
            assert resource.name.startswith(f"{NAME}-"), resource.name
        if resource.type.startswith("kubernetes:") and "metadata" in resource.inputs:
            assert resource.inputs["metadata"]["namespace"] == "ls", resource.name
    assert registered.one(RELEASE).inputs["namespace"] == "ls"


def test_two_instances_do_not_clash() -> None:
    def both() -> None:
        deploy(everything(), "one")
        deploy(everything(), "two")

    registered = run_program(both)
    urns = [resource.urn for resource in registered]
    objects = [(r.type, r.object_name) for r in registered if "metadata" in r.inputs]
    assert len(urns) == len(set(urns))
    assert len(objects) == len(set(objects))


def test_the_release_is_named_awaited_and_goes_back_when_it_fails() -> None:
    inputs = program(arguments(release_timeout=600)).one(RELEASE).inputs
    assert inputs["name"] == NAME
    assert inputs["atomic"] is True
    assert inputs["cleanupOnFail"] is True
    assert inputs["skipAwait"] is False
    assert inputs["timeout"] == 600
    assert inputs["maxHistory"] > 0
    assert inputs["createNamespace"] is False


def test_a_changed_template_of_the_embedded_chart_changes_the_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Chart.yaml").write_text("name: label-studio")
    monkeypatch.setattr(embedded_chart, "EMBEDDED_CHART", tmp_path)
    before, again = (program(arguments()).one(RELEASE).inputs["description"] for _ in range(2))
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "service.yaml").write_text("kind: Service")
    after = program(arguments()).one(RELEASE).inputs["description"]
    assert before == again != after


def test_what_the_component_waits_for_its_release_waits_for() -> None:
    def ordered() -> LabelStudio:
        database = k8s.core.v1.ConfigMap("database", metadata={"name": "database", "namespace": "ls"})
        options = pulumi.ResourceOptions(depends_on=[database])
        return deploy(arguments(redis=REDIS["plain"]), opts=options)

    registered = run_program(ordered)
    installed = registered.one(RELEASE)
    assert registered.one(CONFIG_MAP, "database").urn in installed.dependencies
    assert registered.one(CONFIG_MAP, "demo-settings").urn in installed.dependencies
    assert installed.urn in registered.one(DEPLOYMENT).dependencies


@pytest.mark.parametrize("single", [True, False])
def test_one_dependency_may_come_without_a_list(single: bool) -> None:
    def ordered() -> None:
        database = k8s.core.v1.ConfigMap("database", metadata={"name": "database", "namespace": "ls"})
        deploy(arguments(), opts=pulumi.ResourceOptions(depends_on=database if single else [database]))

    registered = run_program(ordered)
    assert registered.one(CONFIG_MAP, "database").urn in registered.one(RELEASE).dependencies


def test_without_redis_jobs_run_inline_and_nothing_of_a_queue_exists() -> None:
    registered = program(arguments())
    assert not registered.all(DEPLOYMENT)
    assert "REDIS_LOCATION" not in str(registered.one(RELEASE).inputs["values"])


def test_secrets_are_secret_and_outlive_a_protected_stack() -> None:
    for protect in (True, False):
        registered = program(arguments(protect=protect))
        for secret in registered.all(SECRET):
            assert secret.is_secret("stringData"), secret.name
            assert (secret.protect, secret.retain_on_delete) == (protect, protect)
        assert all(password.protect == protect for password in registered.all(PASSWORD))


def test_the_django_key_is_letters_and_digits() -> None:
    key = program(arguments()).one(PASSWORD, "demo-django-key").inputs
    assert key["special"] is False
    assert key["length"] >= 32


def test_an_administrator_s_own_secret_is_used_and_none_is_made() -> None:
    args = arguments(
        administrator=Administrator(
            email="root@example.com", existing_secret=SecretReference(secret_name="people", secret_key="root")
        )
    )
    registered = program(args)
    app = registered.one(RELEASE).inputs["values"]["app"]
    assert app["extraEnvironmentVars"] == {"LABEL_STUDIO_USERNAME": "root@example.com"}
    assert app["extraEnvironmentSecrets"] == {"LABEL_STUDIO_PASSWORD": {"secretName": "people", "secretKey": "root"}}
    assert [secret.name for secret in registered.all(SECRET)] == ["demo-django"]


def test_outputs() -> None:
    found: list[LabelStudio] = []
    run_program(lambda: found.append(deploy(arguments(url="https://ls.example.com"))))
    (label_studio,) = found
    assert resolve(label_studio.url) == "https://ls.example.com"
    assert resolve(label_studio.service_name) == "demo-ls-app"
    assert resolve(label_studio.administrator_email) == "admin@example.com"
    assert resolve(label_studio.administrator_password.name) == "demo-administrator"
    assert label_studio.generated_password is not None
    assert resolve(label_studio.generated_password.is_secret())


def test_an_autoscaler_and_a_budget_for_several_pods() -> None:
    registered = program(everything())
    scaler = registered.one(AUTOSCALER).inputs["spec"]
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "demo-ls-app"}
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 6)
    assert scaler["metrics"][0]["resource"]["target"]["averageUtilization"] == 70
    budget = registered.one(BUDGET).inputs["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"] == {
        "app.kubernetes.io/name": "ls-app",
        "app.kubernetes.io/instance": NAME,
    }


def test_one_pod_needs_neither() -> None:
    registered = program(arguments())
    assert not registered.all(AUTOSCALER)
    assert not registered.all(BUDGET)
    assert not program(arguments(s3=S3["store"], replicas=2, pod_disruption_budget=False)).all(BUDGET)


def test_outputs_of_other_resources_are_leaves_of_the_values_so_that_a_preview_shows_the_rest() -> None:
    def unknown_hosts() -> None:
        made = k8s.core.v1.Service("server", metadata={"namespace": "ls"})
        host = made.status.apply(str)
        pods = ServerPods({"app": "server"}, 6379)
        redis = RedisConnection(host, 6379, 1, SecretKey("redis", "password"), peer=pods)
        s3 = S3Connection("uploads", "us-east-1", host.apply(lambda name: f"http://{name}:9000"), peer=pods)
        deploy(arguments(redis=redis, s3=s3))

    values = run_program(unknown_hosts, preview=True).one(RELEASE).inputs["values"]
    assert values["global"]["extraEnvironmentVars"]["LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK"] == "true"
    assert values["app"]["ingress"] == {"enabled": False}


@pytest.mark.parametrize("name", ["ls-app", "tools-app", "my-ls-pvc"])
def test_names_that_charts_shorten_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a release"):
        deploy(arguments(), name)


def test_uploads_need_a_place() -> None:
    with pytest.raises(ValueError, match="needs a volume or an S3 bucket"):
        arguments(persistence=S3Persistence(type="s3"))
