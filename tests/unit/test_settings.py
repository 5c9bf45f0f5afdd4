"""The settings of a whole stack: both committed files are accepted, and each mistake is named with its mend."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings import label_studio_image, load_settings, secret_names
from settings.base import QUANTITY_UNITS, parse_quantity
from settings.errors import SettingsError
from tests.unit.stack_files import configured, settings_of, stack_config

INGRESS = {"host": "label-studio.example.com", "tls": [{"secretName": "tls"}]}

# stack, what is laid over it, the path and a word of the mend that the message must have
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
    ("dev", {"postgresql": {"backend": None}}, "postgresql", "needs the key 'backend'"),
    ("dev", {"postgresql": {"backend": "mysql"}}, "postgresql", "must be one of"),
    ("dev", {"postgresql": {"version": 12}}, "postgresql.version", "13 or higher"),
    ("dev", {"postgresql": {"storage": {"size": "lots"}}}, "postgresql.storage.size", "20Gi"),
    ("dev", {"postgresql": {"storage": {"size": "0"}}}, "postgresql.storage.size", "greater than zero"),
    ("dev", {"postgresql": {"version": 16}}, "postgresql.version", "images.postgresql"),
    (
        "prod",
        {"postgresql": {"backup": {"destinationPath": "s3://b", "endpoint": "http://minio.label-studio.svc:80"}}},
        "postgresql.backup.endpoint",
        "another store",
    ),
    ("dev", {"redis": {"backend": "sentinel"}}, "redis", "must be one of"),
    ("dev", {"objectStore": {"bucket": "Label"}}, "objectStore.bucket", "3 to 63"),
    ("dev", {"objectStore": {"bucket": "192.168.0.1"}}, "objectStore.bucket", "not an IP address"),
    ("dev", {"labelStudio": {"replicas": 0}}, "labelStudio.replicas", "greater than or equal to 1"),
    ("dev", {"labelStudio": {"replicas": 2}}, "labelStudio.persistence", "type: s3"),
    ("dev", {"labelStudio": {"autoscaling": {"maxReplicas": 3}}}, "labelStudio.persistence", "ReadWriteMany"),
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
    ("prod", {"labelStudio": {"persistence": {"type": "volume"}}}, "labelStudio.persistence", "type: s3"),
]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_committed_stacks_are_accepted(stack: str) -> None:
    assert settings_of(stack).cluster.environment == stack


@pytest.mark.parametrize(("stack", "wrong", "path", "mend"), REFUSED, ids=[f"{row[2]}: {row[3]}" for row in REFUSED])
def test_mistakes_are_named_with_their_mend(stack: str, wrong: dict[str, Any], path: str, mend: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of(stack, wrong)
    lines = str(caught.value).splitlines()
    assert any(line.startswith(f"  - {path}: ") and mend in line for line in lines), caught.value


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
            {"labelStudio": {"service": None, "chart": {"flavour": "alauda", "source": "own/chart.tgz"}}},
            "docker.io/heartexlabs/label-studio:1.20.0",
        ),
        ({"images": {"labelStudio": "r.example.com/ls:1.22.0"}}, "r.example.com/ls:1.22.0"),
        ({"images": {"mirror": "r.example.com/m"}}, "r.example.com/m/heartexlabs/label-studio:1.23.2"),
    ],
)
def test_a_stack_file_says_which_label_studio_it_runs(settings: dict[str, Any], image: str) -> None:
    assert label_studio_image(stack_config("dev", settings)) == image
    assert settings_of("dev", settings).image("label_studio") == image


def test_secrets_of_a_stack_file_do_not_keep_it_from_saying_so() -> None:
    config = stack_config("dev", {"secrets": {"redis": {"password": {"secure": "v1:abc"}}}})
    assert label_studio_image(config).endswith(":1.23.2")
    with pytest.raises(SettingsError, match=r"images\.labelStudio"):
        label_studio_image(stack_config("dev", {"images": {"labelStudio": "latest"}}))


@given(st.integers(1, 10**6), st.sampled_from([unit for unit in QUANTITY_UNITS if unit]))
def test_quantities_scale_with_their_unit(number: int, unit: str) -> None:
    assert parse_quantity(f"{number}{unit}") == Decimal(number) * QUANTITY_UNITS[unit]
    assert parse_quantity(f"{number}{unit}") == number * parse_quantity(f"1{unit}")
