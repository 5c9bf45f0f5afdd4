"""The config key ``labelStudio``: what it accepts, derives and refuses, and with which words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from components.label_studio.chart_settings import UpstreamChart
from components.label_studio.environment_settings import (
    BOOLEANS,
    FALSE,
    NUMERIC_BOOLEANS,
    TRUE,
    canonical,
    plain_values,
)
from components.label_studio.settings import LabelStudioSettings, VolumePersistence

INGRESS = {"host": "ls.example.com", "tls": [{"secretName": "certificate"}]}


def parse(**given: Any) -> LabelStudioSettings:
    return LabelStudioSettings.model_validate(given)


def refusal(**given: Any) -> str:
    with pytest.raises(ValidationError) as error:
        parse(**given)
    return "\n".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.value.errors())


def test_nothing_needs_to_be_said() -> None:
    settings = parse()
    assert settings.chart.flavour == "embedded"
    assert settings.signup == "disabled"
    assert settings.service_type == "LoadBalancer"
    assert settings.page_url is None
    assert isinstance(settings.persistence, VolumePersistence)


def test_upstream_chart_is_the_newest_known_one() -> None:
    chart = parse(chart={"flavour": "upstream"}).chart
    assert isinstance(chart, UpstreamChart)
    assert (chart.source, chart.version) == ("https://charts.heartex.com", "2.0.5")


def test_an_ingress_makes_the_address_and_the_service_internal() -> None:
    settings = parse(ingress=INGRESS)
    assert settings.page_url == "https://ls.example.com"
    assert settings.service_type == "ClusterIP"
    assert parse(ingress=INGRESS, service={"type": "NodePort"}).service_type == "NodePort"


def test_a_disabled_ingress_makes_neither() -> None:
    settings = parse(ingress={**INGRESS, "enabled": False})
    assert settings.page_url is None
    assert settings.service_type == "LoadBalancer"


def test_the_documented_host_variable_is_accepted_where_it_says_what_is_derived() -> None:
    settings = parse(ingress=INGRESS, extraEnvironmentVars={"LABEL_STUDIO_HOST": "https://ls.example.com/"})
    assert settings.environment == {}


def test_an_address_loses_its_last_slash() -> None:
    assert parse(url="https://ls.example.com/").page_url == "https://ls.example.com"


@pytest.mark.parametrize(
    ("cpu", "memory", "processes"),
    [("2", "3Gi", 4), ("500m", "4Gi", 2), ("4", "1Gi", 2), ("8", "16Gi", 16), ("2", "400Mi", 1), ("1500m", "8Gi", 4)],
)
def test_processes_follow_the_limits(cpu: str, memory: str, processes: int) -> None:
    resources = {"cpuRequest": "100m", "cpuLimit": cpu, "memory": memory}
    assert parse(resources=resources).processes == processes
    assert parse(resources=resources, uwsgiProcesses=1).processes == 1


def test_an_autoscaler_decides_the_number_of_pods() -> None:
    assert parse(replicas=3).maximum_replicas == 3
    assert parse(replicas=3, autoscaling={"maxReplicas": 5}).maximum_replicas == 5


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"chart": {"flavour": "alauda"}}, "chart.alauda.source: Field required"),
        ({"chart": {"flavour": "bitnami"}}, "does not match any of the expected tags"),
        ({"chart": {"flavour": "embedded", "version": "1"}}, "Extra inputs are not permitted"),
        ({"chart": {"flavour": "upstream", "source": "charts.example.com"}}, "must be a repository (https://…)"),
        ({"chart": {"flavour": "upstream", "source": "http://charts.example.com"}}, "must be a repository (https://…)"),
        ({"chart": {"flavour": "alauda", "source": "oci://r.example.com/c"}}, "version is required, such as 2.0.5"),
        ({"chart": {"flavour": "upstream", "version": None}}, "unless source is an archive"),
        ({"replicas": 0}, "greater than or equal to 1"),
        ({"autoscaling": {"minReplicas": 4, "maxReplicas": 3}}, "maxReplicas must be at least minReplicas (4)"),
        ({"autoscaling": {"targetCpu": 0}}, "greater than or equal to 10"),
        ({"autoscaling": {"maxReplicas": 1, "minReplicas": 1}}, "greater than or equal to 2"),
        ({"resources": {"cpuRequest": "1", "cpuLimit": "2", "memory": "2GB"}}, "must be a number of bytes with a unit"),
        ({"resources": {"cpuRequest": "0", "cpuLimit": "2", "memory": "2Gi"}}, "must be greater than zero"),
        ({"uwsgiProcesses": 0}, "greater than or equal to 1"),
        ({"worker": {"replicas": 0}}, "greater than or equal to 1"),
        ({"persistence": {"type": "nfs"}}, "does not match any of the expected tags"),
        ({"persistence": {"type": "volume", "accessMode": "ReadOnlyMany"}}, "'ReadWriteOnce' or 'ReadWriteMany'"),
        ({"persistence": {"type": "s3", "size": "1Gi"}}, "persistence.s3.size: Extra inputs are not permitted"),
        ({"persistence": {"type": "s3", "urlExpiration": 604801}}, "less than or equal to 604800"),
        ({"service": {"nodePort": 30080}}, "nodePort needs type: NodePort"),
        ({"service": {"type": "NodePort", "nodePort": 8080}}, "greater than or equal to 30000"),
        (
            {"service": {"type": "ClusterIP", "loadBalancerSourceRanges": ["192.0.2.0/24"]}},
            "loadBalancerSourceRanges needs type: LoadBalancer",
        ),
        (
            {"chart": {"flavour": "upstream"}, "service": {"type": "NodePort", "nodePort": 30080}},
            "service.nodePort needs chart.flavour: embedded",
        ),
        (
            {"chart": {"flavour": "upstream"}, "service": {"loadBalancerSourceRanges": ["192.0.2.0/24"]}},
            "service.loadBalancerSourceRanges needs chart.flavour: embedded",
        ),
        ({"ingress": {"host": "10.0.0.1", "tls": INGRESS["tls"]}}, "must be a DNS name, not an IP address"),
        ({"ingress": {"host": "https://ls.example.com", "tls": INGRESS["tls"]}}, "must be a DNS name"),
        ({"ingress": {"host": "ls.example.com"}}, "ingress.tls: Field required"),
        ({"ingress": {"host": "ls.example.com", "tls": []}}, "at least 1 item"),
        (
            {"ingress": {"host": "ls.example.com", "tls": [{"secretName": "c", "hosts": ["other.example.com"]}]}},
            "tls must name a certificate for host",
        ),
        ({"ingress": {**INGRESS, "maxBodySize": "200 MB"}}, "must be a size as nginx writes it"),
        ({"ingress": {**INGRESS, "maxBodySize": "201m"}}, "must be at most 200m"),
        ({"ingress": {**INGRESS, "maxBodySize": "1g"}}, "must be at most 200m"),
        ({"url": "ls.example.com"}, "must be scheme, host and port only"),
        ({"url": "https://ls.example.com/label-studio"}, "must be scheme, host and port only"),
        ({"url": "https://other.example.com", "ingress": INGRESS}, "url contradicts the ingress"),
        ({"signup": "yes"}, "'disabled' or 'enabled'"),
        ({"administrator": {"email": "admin"}}, "must be an e-mail address"),
        ({"administrator": {"email": "Admin@example.com"}}, "must be in lower case"),
        ({"administrator": {"password": "x"}}, "administrator.password: Extra inputs are not permitted"),
        ({"security": {"corsAllowedOrigins": ["*"]}}, "must be scheme, host and port only"),
        ({"runAsUser": 0}, "greater than or equal to 1"),
        ({"outbound": "all"}, "'none', 'internet' or 'everywhere'"),
        ({"startupTimeout": 5}, "greater than or equal to 30"),
        ({"extraEnvironmentVars": {"A B": "x"}}, "must be a name of an environment variable"),
        (
            {"ingress": INGRESS, "extraEnvironmentVars": {"LABEL_STUDIO_HOST": "https://other.example.com"}},
            "follows from the page's address; leave it out",
        ),
        ({"extraEnvironmentVars": {"HOST": "https://ls.example.com"}}, "write labelStudio.url"),
        (
            {"extraEnvironmentSecrets": {"LABEL_STUDIO_HOST": {"secretName": "a"}}},
            "extraEnvironmentSecrets.LABEL_STUDIO_HOST is derived",
        ),
        ({"extraEnvironmentVars": {"DISABLE_SIGNUP_WITHOUT_LINK": "false"}}, "use labelStudio.signup"),
        ({"extraEnvironmentVars": {"heartex_disable_signup_without_link": False}}, "use labelStudio.signup"),
        ({"extraEnvironmentVars": {"label.studio.disable.signup.without.link": False}}, "use labelStudio.signup"),
        ({"extraEnvironmentVars": {"POSTGRE_HOST": "x"}}, "is set by the program; use postgresql"),
        ({"extraEnvironmentVars": {"PGSSLMODE": "disable"}}, "is set by the program; use postgresql"),
        *(
            ({key: {name: value}}, "nothing: it would")
            for key, value in (
                ("extraEnvironmentVars", "x"),
                ("extraEnvironmentSecrets", {"secretName": "a", "secretKey": "b"}),
            )
            for name in ("CMD_WRAPPER", "cmd.wrapper", "ENV_INJECT_SOURCES", "LD_PRELOAD", "PYTHONSTARTUP", "BASH_ENV")
        ),
        ({"extraEnvironmentVars": {"UWSGI_ENV": "A=b"}}, "nothing: it would change what runs"),
        ({"extraEnvironmentVars": {"REDIS_LOCATION": "x"}}, "is set by the program; use redis"),
        ({"extraEnvironmentVars": {"STORAGE_TYPE": "gcs"}}, "use labelStudio.persistence"),
        ({"extraEnvironmentVars": {"SESSION_COOKIE_SECURE": "0"}}, "it follows the scheme of the page's address"),
        ({"extraEnvironmentVars": {"USE_ENFORCE_CSRF_CHECKS": "false"}}, "forged requests are always refused"),
        ({"extraEnvironmentVars": {"SSRF_PROTECTION_ENABLED": "false"}}, "use labelStudio.security.ssrfProtection"),
        ({"extraEnvironmentVars": {"COLLECT_ANALYTICS": "true"}}, "telemetry is off"),
        ({"extraEnvironmentVars": {"DEBUG": "true"}}, "it would show settings"),
        ({"extraEnvironmentVars": {"UWSGI_PROCESSES": 64}}, "use labelStudio.uwsgiProcesses"),
        ({"extraEnvironmentVars": {"LABEL_STUDIO_PASSWORD": "x"}}, "use labelStudio.administrator.existingSecret"),
        ({"extraEnvironmentSecrets": {"SECRET_KEY": {"secretName": "a"}}}, "keeps it in a Secret"),
        ({"extraEnvironmentVars": {"OPENAI_API_KEY": "x"}}, "put it into a Secret"),
        ({"extraEnvironmentVars": {"PROXY": "http://me:hunter2@proxy.example.com"}}, "put it into a Secret"),
        ({"extraEnvironmentVars": {"ENABLE_CSP": ""}}, "must be true or false"),
        ({"extraEnvironmentVars": {"CSRF_COOKIE_HTTPONLY": "maybe"}}, "must be true or false"),
        (
            {"extraEnvironmentVars": {"A": "x"}, "extraEnvironmentSecrets": {"a": {"secretName": "s"}}},
            "is in extraEnvironmentVars too; keep one",
        ),
        ({"replica": 2}, "replica: Extra inputs are not permitted"),
    ],
)
def test_a_mistake_is_refused_with_what_to_write(given: dict[str, Any], words: str) -> None:
    message = refusal(**given)
    assert words in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("LABEL_STUDIO_WEBHOOK_TIMEOUT", ("1", "2.5", 3, 0.5), ("1s", "", "٣", True)),
        ("DATA_UPLOAD_MAX_NUMBER_FILES", ("100", 100), ("1e3", "1.5", 1.5, "many", True)),
        ("LOG_LEVEL", ("DEBUG", "WARN"), ("debug", "LOUD", "")),
    ],
)
def test_variables_that_are_read_at_start_are_what_they_are_read_as(
    name: str, right: tuple[Any, ...], wrong: tuple[Any, ...]
) -> None:
    for value in right:
        assert parse(extraEnvironmentVars={name: value}).environment == {name: str(value)}
    for value in wrong:
        assert f"extraEnvironmentVars.{name}: must be " in refusal(extraEnvironmentVars={name: value})


@pytest.mark.parametrize("name", sorted(BOOLEANS))
def test_booleans_keep_label_studio_able_to_start(name: str) -> None:
    assert {plain_values({name: value})[name] for value in (True, "Yes", "1")} <= TRUE
    assert {plain_values({name: value})[name] for value in (False, "No", 0)} <= FALSE


@pytest.mark.parametrize("name", sorted(NUMERIC_BOOLEANS))
def test_booleans_that_label_studio_reads_as_numbers_become_numbers(name: str) -> None:
    assert plain_values({name: True}) == plain_values({name: "true"}) == {name: "1"}
    assert plain_values({name: False}) == plain_values({name: "off"}) == {name: "0"}


def test_other_values_become_text() -> None:
    assert parse(extraEnvironmentVars={"TASK_LOCK_TTL": 60, "WEBHOOK_TIMEOUT": 2.5, "X": True}).environment == {
        "TASK_LOCK_TTL": "60",
        "WEBHOOK_TIMEOUT": "2.5",
        "X": "true",
    }


@given(name=st.from_regex(r"[A-Z][A-Z_]{0,20}", fullmatch=True), prefix=st.sampled_from(["LABEL_STUDIO_", "HEARTEX_"]))
def test_every_spelling_of_a_variable_is_one(name: str, prefix: str) -> None:
    plain = canonical(name)
    assert canonical(f"{prefix}{plain}") == plain or plain.startswith(("LABEL_STUDIO_", "HEARTEX_"))
    assert canonical(name.lower().replace("_", ".")) == plain


def test_every_field_is_described() -> None:
    schema = LabelStudioSettings.model_json_schema()
    for model in [schema, *schema["$defs"].values()]:
        if model["title"] in {"Resources", "SecretReference", "Scheduling", "Toleration"}:
            continue
        for name, field in model.get("properties", {}).items():
            assert field.get("description"), f"{model['title']}.{name}"
