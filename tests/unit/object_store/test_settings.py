"""Which settings of the object store are refused, and with which words; the arithmetic of pools above all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.object_store.settings import ObjectStoreSettings
from tests.unit.settings_checks import accept, refusal

KEY = {"accessKeyId": {"secretName": "s3", "secretKey": "id"}, "secretAccessKey": {"secretName": "s3"}}


def pool(servers: int = 4, volumes: int = 1, **values: Any) -> dict[str, Any]:
    return {"name": "pool-0", "servers": servers, "volumesPerServer": volumes, **values}


def tenant(*pools: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"backend": "tenant", "pools": list(pools) or [pool()], **values}


def standalone(**values: Any) -> dict[str, Any]:
    return {"backend": "standalone", **values}


def external(**values: Any) -> dict[str, Any]:
    return {"backend": "external", "bucket": "uploads", "region": "eu-central-1", **values}


@pytest.mark.parametrize("settings", [{"backend": "tenant"}, standalone(), external()])
def test_little_is_enough_where_everything_else_can_be_chosen(settings: dict[str, Any]) -> None:
    assert accept(ObjectStoreSettings, settings).bucket


def test_every_field_says_what_it_is_for() -> None:
    models = [accept(ObjectStoreSettings, settings) for settings in (tenant(), standalone(), external())]
    for model in [*models, models[0].pools[0]]:
        for name, field in type(model).model_fields.items():
            assert name == "backend" or field.description, name


REFUSED = [
    ({"backend": "minio"}, "'tenant', 'standalone', 'external'"),
    (tenant(pool(2, 1)), "MinIO needs at least 4: write volumesPerServer: 2 or more"),
    (tenant(pool(3, 1)), "MinIO needs at least 6: write volumesPerServer: 2 or more"),
    (tenant(pool(1, 2)), "one server needs volumesPerServer 1 (no redundancy) or at least 4"),
    (tenant(pool(17, 1)), "17 volumes cannot be divided into erasure sets of equal size"),
    (tenant(pool(0, 4)), "greater than or equal to 1"),
    (tenant(pool(4, 0)), "greater than or equal to 1"),
    (tenant(pool(), pool()), "pools has a name twice"),
    (tenant(pool(), pool(1, 1, name="pool-1")), "each of several pools needs at least 4 volumes"),
    (tenant(pool(name="x" * 21)), "at most 20 characters"),
    (tenant(pool(name="Pool_0")), "must be a Kubernetes name"),
    (tenant(pool(storage={"size": "20GB"})), "must be a number of bytes with a unit"),
    ({"backend": "tenant", "pools": []}, "pools"),
    (standalone(bucket="My_Bucket"), "must be an S3 bucket name"),
    (standalone(bucket="ab"), "3 to 63"),
    (standalone(bucket="192.168.1.1"), "not an IP address"),
    (standalone(storage={"size": "-1Gi"}), "must be a number of bytes with a unit"),
    (standalone(endpoint="https://s3.example.com"), "endpoint: is not a known key"),
    (external(endpoint="s3.example.com"), "must be the URL of an S3 server"),
    (external(endpoint="https://s3.example.com/bucket"), "without a path"),
    (external(endpoint="https://key:hunter2@s3.example.com"), "must not contain credentials"),
    (external(credentials={"accessKeyId": "AKIA", "secretAccessKey": "hunter2"}), "credentials"),
    (external(credentials={"accessKeyId": KEY["accessKeyId"]}), "secretAccessKey: is required"),
    (external(ca={"secretName": "ca", "secretKey": "ca.crt"}), "write endpoint, or remove ca for Amazon S3"),
    (
        external(endpoint="http://s3.example.com", ca={"secretName": "ca", "secretKey": "ca.crt"}),
        "over http nothing is verified",
    ),
    ({"backend": "external", "region": "us-east-1"}, "bucket: is required"),
    ({"backend": "external", "bucket": "uploads"}, "region: is required"),
]


@pytest.mark.parametrize(("settings", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_refused_with_the_reason(settings: dict[str, Any], words: str) -> None:
    message = refusal(ObjectStoreSettings, settings)
    assert words in message
    assert "hunter2" not in message


def test_the_mend_of_the_arithmetic_is_accepted() -> None:
    assert accept(ObjectStoreSettings, tenant(pool(2, 2)))
    assert accept(ObjectStoreSettings, tenant(pool(3, 2)))
    assert accept(ObjectStoreSettings, tenant(pool(1, 1)))
    assert accept(ObjectStoreSettings, tenant(pool(), pool(4, 4, name="pool-1")))


@given(st.integers(min_value=1, max_value=64), st.integers(min_value=1, max_value=64))
def test_every_accepted_pool_can_be_erasure_coded(servers: int, volumes: int) -> None:
    total = servers * volumes
    codable = total == 1 or any(total % size == 0 for size in range(4, 17))
    if codable and (servers != 2 or total >= 4) and (servers != 3 or total >= 6) and total not in {2, 3}:
        assert accept(ObjectStoreSettings, tenant(pool(servers, volumes)))
    else:
        refusal(ObjectStoreSettings, tenant(pool(servers, volumes)))


def test_keys_of_purposes_are_references() -> None:
    model = accept(ObjectStoreSettings, external(credentials=KEY, grantCredentials={"uploads": KEY}))
    assert model.grant_credentials["uploads"].access_key_id.secret_name == "s3"
