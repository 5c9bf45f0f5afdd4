"""The settings of a whole stack: both committed files are accepted, and each mistake is named with its fix."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.postgresql.settings import ExternalPostgres
from components.settings.errors import SettingsError
from components.settings.grammars.quantities import UNITS, parse_quantity
from components.stack.settings import load_settings, secret_names, validate_stack
from tests.unit.stack_files import configured, settings_of, stack_config

VOLUME = {"type": "volume"}
INGRESS = {"host": "label-studio.example.com", "tls": [{"secretName": "tls"}]}

NOTHING = {"storage": None, "resources": None}
DATABASE = {"backend": "external", "password": {"secretName": "pg"}, "tls": {"mode": "require"}, **NOTHING}
KEY = {
    "accessKeyId": {"secretName": "s3", "secretKey": "id"},
    "secretAccessKey": {"secretName": "s3", "secretKey": "key"},
}
ZALANDO = {"postgresql": {"backend": "zalando"}}
ALAUDA = {"redis": {"backend": "alauda", "storage": {"size": "2Gi"}}}
ARCHIVE = {"destinationPath": "s3://backups", "credentials": KEY}
AMAZON = {"backend": "external", "region": "eu-west-1", "bucket": "uploads", **NOTHING}
LABELLING = "<View><Text name='t' value='$t'/><Choices name='c' toName='t'><Choice value='x'/></Choices></View>"
# Servers of which only DNS knows where they are.
NAMED: list[tuple[str, dict[str, Any]]] = [
    ("postgresql", {"postgresql": {**DATABASE, "host": "pg.example.com"}}),
    ("redis", {"redis": {"backend": "external", "url": "redis://redis.example.com", "resources": None}}),
    ("objectStore", {"objectStore": {**AMAZON, "endpoint": "https://s3.example.com"}}),
    ("objectStore", {"objectStore": AMAZON}),
    ("postgresql.backup", {"postgresql": {"backend": "cnpg", "backup": ARCHIVE}}),
    ("postgresql.restore", {"postgresql": {"backend": "cnpg", "restore": {**ARCHIVE, "serverName": "a"}}}),
    (
        "projects[0].source",
        {"projects": [{"name": "cats", "labelConfig": LABELLING, "source": {"bucket": "raw", "credentials": KEY}}]},
    ),
]


def addressed(*addresses: str, **keys: Any) -> dict[str, Any]:
    """A database of somebody else at these addresses."""
    return {"postgresql": {**DATABASE, "host": "pg.example.com", "addresses": list(addresses), **keys}}


# stack, what is laid over it, the path and a word of the fix that the message must have
REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("dev", {"cluster": None}, "cluster", "is required"),
    ("dev", {"postgres": {"backend": "cnpg"}}, "postgres", "did you mean postgresql"),
    ("dev", {"cluster": {"contxt": "x"}}, "cluster.contxt", "did you mean context"),
    ("dev", {"cluster": {"context": None}}, "cluster.context", "is required"),
    ("dev", {"cluster": {"namespace": "Label_Studio"}}, "cluster.namespace", "RFC 1123"),
    ("dev", {"cluster": {"namespace": "x" * 64}}, "cluster.namespace", "63"),
    ("dev", {"cluster": {"environment": "production"}}, "cluster.environment", "'dev' or 'prod'"),
    ("dev", {"cluster": {"podSecurity": "strict"}}, "cluster.podSecurity", "'restricted'"),
    ("dev", {"cluster": {"domain": "10.0.0.1"}}, "cluster.domain", "not an IP address"),
    ("dev", ZALANDO, "cluster.podSecurity", "must be baseline for postgresql.backend zalando with flavor upstream"),
    ("dev", ALAUDA, "cluster.podSecurity", "must be baseline for redis.backend alauda"),
    ("dev", {**ZALANDO, **ALAUDA}, "cluster.podSecurity", "flavor upstream and redis.backend alauda"),
    ("dev", {**ALAUDA, "cluster": {"createNamespace": False}}, "cluster.podSecurity", "baseline"),
    *(
        ("dev", settings, f"{path}.addresses", "or internet for every public address, or any")
        for path, settings in NAMED
    ),
    ("dev", addressed("db.example.com"), "postgresql.addresses[0]", "no host name"),
    ("dev", addressed("10.0.0.7/24"), "postgresql.addresses[0]", "10.0.0.0/24"),
    ("dev", addressed("0.0.0.0/0"), "postgresql.addresses[0]", "write any"),
    ("dev", addressed(), "postgresql.addresses", "at least 1"),
    ("dev", {"postgresql": {"backend": None}}, "postgresql", "needs the key 'backend'"),
    ("dev", {"postgresql": {"backend": "mysql"}}, "postgresql", "must be one of"),
    ("dev", {"postgresql": {"version": 12}}, "postgresql.version", "13 or higher"),
    ("dev", {"postgresql": {"storage": {"size": "lots"}}}, "postgresql.storage.size", "20Gi"),
    ("dev", {"postgresql": {"storage": {"size": "0"}}}, "postgresql.storage.size", "at least 100Mi"),
    ("dev", {"postgresql": {"version": 16}}, "postgresql.version", "images.postgresql"),
    (
        "prod",
        {"postgresql": {"backup": {"destinationPath": "s3://backups", "endpoint": "http://minio.label-studio.svc:80"}}},
        "postgresql.backup.endpoint",
        "another store",
    ),
    ("dev", {"redis": {"backend": "sentinel"}}, "redis", "must be one of"),
    ("dev", {"objectStore": {"bucket": "Label"}}, "objectStore.bucket", "3 to 63"),
    ("dev", {"objectStore": {"bucket": "192.168.0.1"}}, "objectStore.bucket", "not an IP address"),
    ("dev", {"labelStudio": {"replicas": 0}}, "labelStudio.replicas", "greater than or equal to 1"),
    ("dev", {"labelStudio": {"replicas": 2, "persistence": VOLUME}}, "labelStudio.persistence", "type: s3"),
    (
        "dev",
        {"labelStudio": {"autoscaling": {"maxReplicas": 3}, "persistence": VOLUME}},
        "labelStudio.persistence",
        "ReadWriteMany",
    ),
    ("dev", {"labelStudio": {"ingress": {**INGRESS, "host": "10.1.2.3"}}}, "labelStudio.ingress.host", "DNS name"),
    ("dev", {"labelStudio": {"ingress": {"host": "a.example.com"}}}, "labelStudio.ingress.tls", "is required"),
    ("dev", {"labelStudio": {"ingress": {**INGRESS, "tls": []}}}, "labelStudio.ingress.tls", "at least 1"),
    ("dev", {"labelStudio": {"ingress": INGRESS, "url": "http://other.example.com"}}, "labelStudio", "contradicts"),
    (
        "dev",
        {"labelStudio": {"ingress": INGRESS, "extraEnvironmentVars": {"LABEL_STUDIO_HOST": "http://x.example.com"}}},
        "labelStudio",
        "leave it out",
    ),
    (
        "dev",
        {"labelStudio": {"administrator": {"email": "Admin@example.com"}}},
        "labelStudio.administrator.email",
        "lower",
    ),
    ("dev", {"images": {"valkey": "valkey:8"}}, "images.valkey", "with its registry"),
    ("dev", {"images": {"valkey": "docker.io/valkey/valkey:latest"}}, "images.valkey", "pinned"),
    ("dev", {"images": {"mirror": "https://mirror.example.com"}}, "images.mirror", "registry.example.com/mirror"),
    ("prod", {"cluster": {"protectData": False}}, "cluster.protectData", "must be true"),
    ("prod", {"labelStudio": {"signup": "enabled"}}, "labelStudio.signup", "invite"),
    ("prod", {"labelStudio": {"ingress": None}}, "labelStudio.ingress", "TLS"),
    ("prod", {"labelStudio": {"persistence": VOLUME}}, "labelStudio.persistence", "type: s3"),
]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_committed_stacks_are_accepted(stack: str) -> None:
    assert settings_of(stack).cluster.environment == stack


@pytest.mark.parametrize(("stack", "wrong", "path", "fix"), REFUSED, ids=[f"{row[2]}: {row[3]}" for row in REFUSED])
def test_mistakes_are_named_with_their_mend(stack: str, wrong: dict[str, Any], path: str, fix: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of(stack, wrong)
    lines = str(caught.value).splitlines()
    assert any(line.startswith(f"  - {path}: ") and fix in line for line in lines), caught.value


def test_one_error_lists_every_bad_field() -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of("dev", {"cluster": {"namespace": "-"}, "redis": {"backend": "x"}, "postgresql": {"version": 9}})
    assert str(caught.value).count("\n  - ") == 3


def test_no_message_repeats_what_may_be_secret() -> None:
    url = "redis://:hunter2@redis.example.com:6379/1"
    wrong = {"redis": {"backend": "external", "url": url, "password": "hunter2", "pasword": "hunter2"}}
    with pytest.raises(SettingsError) as caught:
        settings_of("dev", {"redis": None} | wrong)
    assert "hunter2" not in str(caught.value)


def test_secrets_in_plain_text_are_refused_and_not_repeated() -> None:
    values = stack_config("dev", {"secrets": {"redis": {"password": "hunter2"}}})
    with configured(values), pytest.raises(SettingsError, match="pulumi config set --secret --path") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


def test_encrypted_secrets_are_accepted_by_name() -> None:
    values = stack_config("dev", {"secrets": {"redis": {"password": "hunter2"}}})
    with configured(values, ["label-studio:secrets"]):
        assert load_settings().cluster.context == "label-studio-local"
        assert secret_names() == ["redis"]


def test_secrets_of_another_shape_are_refused() -> None:
    with (
        configured(stack_config("dev", {"secrets": {"redis": "hunter2"}}), ["label-studio:secrets"]),
        pytest.raises(SettingsError, match="must map names of Secrets") as caught,
    ):
        load_settings()
    assert "hunter2" not in str(caught.value)


def test_a_mirror_takes_the_place_of_every_registry() -> None:
    settings = settings_of("dev", {"images": {"mirror": "registry.example.com/mirror"}})
    assert settings.image("label_studio").startswith("registry.example.com/mirror/heartexlabs/label-studio:")
    assert "@sha256:" in settings.image("minio")


@pytest.mark.parametrize(
    ("settings", "image"),
    [
        ({}, "docker.io/heartexlabs/label-studio:1.23.2"),
        (
            {"labelStudio": {"service": None, "chart": {"flavour": "upstream"}}},
            "docker.io/heartexlabs/label-studio:1.23.2",
        ),
        (
            {"labelStudio": {"service": None, "chart": {"flavour": "alauda", "source": "https://example.com/ls.tgz"}}},
            "docker.io/heartexlabs/label-studio:1.20.0",
        ),
        ({"images": {"labelStudio": "r.example.com/ls:1.22.0"}}, "r.example.com/ls:1.22.0"),
        ({"images": {"mirror": "r.example.com/m"}}, "r.example.com/m/heartexlabs/label-studio:1.23.2"),
    ],
)
def test_a_stack_file_says_which_label_studio_it_runs(settings: dict[str, Any], image: str) -> None:
    assert validate_stack(stack_config("dev", settings)).image("label_studio") == image
    assert settings_of("dev", settings).image("label_studio") == image


def test_secrets_of_a_stack_file_do_not_keep_it_from_saying_so() -> None:
    config = stack_config("dev", {"secrets": {"redis": {"password": {"secure": "v1:abc"}}}})
    assert validate_stack(config).image("label_studio").endswith(":1.23.2")
    with pytest.raises(SettingsError, match=r"images\.labelStudio"):
        validate_stack(stack_config("dev", {"images": {"labelStudio": "latest"}}))


@given(st.integers(1, 10**6), st.sampled_from([unit for unit in UNITS if unit]))
def test_quantities_scale_with_their_unit(number: int, unit: str) -> None:
    assert parse_quantity(f"{number}{unit}") == Decimal(number) * UNITS[unit]
    assert parse_quantity(f"{number}{unit}") == number * parse_quantity(f"1{unit}")


@pytest.mark.parametrize(
    ("addresses", "taken"),
    [
        ("any", ("any",)),
        ("internet", ("internet",)),
        (["10.0.0.7"], ("10.0.0.7/32",)),
        (["10.0.0.0/24", "2001:db8::1"], ("10.0.0.0/24", "2001:db8::1/128")),
        (["internet", "10.0.0.0/24"], ("internet", "10.0.0.0/24")),
    ],
)
def test_addresses_are_networks_or_a_choice(addresses: Any, taken: tuple[str, ...]) -> None:
    database = settings_of("dev", {"postgresql": {**DATABASE, "host": "pg.example.com", "addresses": addresses}})
    assert isinstance(database.postgresql, ExternalPostgres) and database.postgresql.addresses == taken


@pytest.mark.parametrize("host", ["10.0.0.7", "pg.databases.svc", "pg-rw.databases.svc.cluster.local", "a.b.c.svc"])
def test_a_host_may_say_itself_where_it_is(host: str) -> None:
    settings_of("dev", {"postgresql": {**DATABASE, "host": host}})


@pytest.mark.parametrize("host", ["databases.svc", "svc", "pg.databases.svc.example.com", "pg.svc.example.com"])
def test_names_that_only_look_like_a_service_do_not(host: str) -> None:
    with pytest.raises(SettingsError, match=r"postgresql.addresses: is required for"):
        settings_of("dev", {"postgresql": {**DATABASE, "host": host}})


def test_without_network_policies_no_addresses_are_needed() -> None:
    for _, settings in NAMED:
        settings_of("dev", {**settings, "cluster": {"networkPolicies": False}})


@pytest.mark.parametrize(
    "fitting",
    [
        {**ZALANDO, **ALAUDA, "cluster": {"podSecurity": "baseline"}},
        {**ALAUDA, "cluster": {"podSecurity": "privileged"}},
        {"postgresql": {"backend": "zalando", "flavor": "alauda"}},
    ],
)
def test_operators_pods_fit_the_level_of_the_namespace(fitting: dict[str, Any]) -> None:
    settings_of("dev", fitting)
