"""Variables that decide whether Label Studio starts, who may log in, and what it tells others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.label_studio.settings import Security
from tests.unit.label_studio.arguments import REDIS, S3, VOLUMES, arguments, release_values


def variables(**changes: Any) -> dict[str, str]:
    found: dict[str, str] = release_values(arguments(**changes))["global"]["extraEnvironmentVars"]
    return found


def test_behind_tls_cookies_are_secure_and_forms_trusted() -> None:
    found = variables(url="https://ls.example.com")
    assert found["LABEL_STUDIO_HOST"] == "https://ls.example.com"
    assert found["CSRF_TRUSTED_ORIGINS"] == "https://ls.example.com"
    # bool(int("true")) would stop Label Studio at start
    assert found["SESSION_COOKIE_SECURE"] == found["CSRF_COOKIE_SECURE"] == "1"


def test_without_tls_cookies_still_come_back() -> None:
    found = variables(url="http://10.0.0.7:30080")
    assert found["CSRF_TRUSTED_ORIGINS"] == "http://10.0.0.7:30080"
    assert found["SESSION_COOKIE_SECURE"] == found["CSRF_COOKIE_SECURE"] == "0"


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:30080", "http://localhost:8080", "http://127.9.9.9:30080"])
def test_an_address_that_is_not_the_same_for_everybody_is_left_out(url: str | None) -> None:
    assert not {"LABEL_STUDIO_HOST", "CSRF_TRUSTED_ORIGINS"} & set(variables(url=url))


def test_the_origin_of_a_proxy_with_tls_is_named_also_on_the_loopback() -> None:
    assert variables(url="https://localhost")["CSRF_TRUSTED_ORIGINS"] == "https://localhost"


def test_nobody_is_told_anything() -> None:
    found = variables()
    assert found["COLLECT_ANALYTICS"] == "false"
    assert found["SENTRY_DSN"] == found["FRONTEND_SENTRY_DSN"] == ""
    assert found["APP_WEBSERVER"] == "uwsgi"
    assert found["LATEST_VERSION_CHECK"] == "false"


def test_the_number_of_processes_is_not_that_of_the_node_s_cores() -> None:
    assert variables(uwsgi_processes=3)["UWSGI_PROCESSES"] == "3"


@pytest.mark.parametrize(("processes", "waiting"), [(1, "1"), (2, "1"), (3, "1"), (4, "1,2"), (5, "1,2")])
def test_half_of_the_processes_are_for_requests_that_wait(processes: int, waiting: str) -> None:
    assert variables(uwsgi_processes=processes)["WAITING_PROCESSES"] == waiting


def test_compiled_code_is_kept_where_a_container_may_write() -> None:
    found = variables()
    assert found["PYTHONDONTWRITEBYTECODE"] == "", "the image forbids it"
    assert found["PYTHONPYCACHEPREFIX"] == "/tmp/bytecode"


def test_an_attempt_to_reach_the_database_ends() -> None:
    assert variables()["PGCONNECT_TIMEOUT"] == "5"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"s3": S3["store"]}, {"when_required"}), ({"persistence": VOLUMES["once"]}, {None})],
    ids=["a store of the stack", "no store"],
)
def test_only_amazon_is_sent_checksums_that_it_does_not_demand(
    changes: dict[str, Any], expected: set[str | None]
) -> None:
    names = ("AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION")
    assert {variables(**changes).get(name) for name in names} == expected


@pytest.mark.parametrize(("signup", "value"), [("enabled", "false"), ("disabled", "true")])
def test_signup(signup: str, value: str) -> None:
    assert variables(signup=signup)["LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK"] == value


def test_protection_is_on_unless_told_otherwise() -> None:
    strict, open_ = (
        variables(),
        variables(
            security=Security(
                ssrf_protection=False,
                block_local_ml_backends=True,
                clean_svg=False,
                local_files=True,
                cors_allowed_origins=("https://a.example.com", "https://b.example.com"),
            )
        ),
    )
    expected = {
        "SSRF_PROTECTION_ENABLED": ("true", "false"),
        "ML_BLOCK_LOCAL_IP": ("false", "true"),
        "SVG_SECURITY_CLEANUP": ("true", "false"),
        "ENABLE_LOCAL_FILES_STORAGE": ("false", "true"),
        "LOCAL_FILES_SERVING_ENABLED": ("false", "true"),
        "CORS_ALLOW_ALL_ORIGINS": ("false", None),
        "CORS_ALLOWED_ORIGINS": (None, "https://a.example.com,https://b.example.com"),
    }
    assert {name: (strict.get(name), open_.get(name)) for name in expected} == expected


def test_further_variables() -> None:
    assert variables(extra_environment_vars={"LOG_LEVEL": "INFO"})["LOG_LEVEL"] == "INFO"


def test_stores_other_than_amazon_need_the_newer_signature() -> None:
    assert variables(s3=S3["store"])["STORAGE_AWS_S3_SIGNATURE_VERSION"] == "s3v4"
    assert "STORAGE_AWS_S3_SIGNATURE_VERSION" not in variables()


def test_a_session_token_comes_from_its_secret() -> None:
    secrets = release_values(arguments(s3=S3["session"]))["global"]["extraEnvironmentSecrets"]
    assert secrets["AWS_SESSION_TOKEN"] == {"secretName": "aws", "secretKey": "token"}


@pytest.mark.parametrize("redis", REDIS)
def test_the_settings_module_is_in_every_container(redis: str) -> None:
    values = release_values(arguments(redis=REDIS[redis]))
    found = values["global"]["extraEnvironmentVars"]
    assert found["DJANGO_SETTINGS_MODULE"] == "stack_settings"
    directory = found["PYTHONPATH"].split(":")[0]
    assert {"name": "stack-settings", "mountPath": directory, "readOnly": True} in values["app"]["extraVolumeMounts"]
    assert {"name": "stack-settings", "configMap": {"name": "demo-settings"}} in values["app"]["extraVolumes"]


def test_s3_servers_of_the_stack_are_declared() -> None:
    ceph = ["https://ceph.example.com:8443", "http://10.1.2.3:9000"]
    declared = variables(s3=S3["store"], storage_endpoints=[*ceph, "http://store.ls.svc.cluster.local:9000"])
    assert declared["DECLARED_S3_ENDPOINTS"] == ",".join(["http://store.ls.svc.cluster.local:9000", *ceph])
    # Uploads on a volume, projects in the bucket.
    assert variables(s3=S3["tenant"], persistence=VOLUMES["once"])["DECLARED_S3_ENDPOINTS"] == (
        "https://minio.ls.svc.cluster.local"
    )


def test_a_server_whose_address_is_an_output_is_declared_too() -> None:
    s3 = replace(S3["store"], endpoint=pulumi.Output.from_input("http://store.other:9000"))
    declared = variables(s3=s3, storage_endpoints=["https://ceph.example.com"])["DECLARED_S3_ENDPOINTS"]
    assert declared == "http://store.other:9000,https://ceph.example.com"


def test_amazon_needs_no_declaration() -> None:
    found = variables(s3=S3["amazon"])
    assert "DECLARED_S3_ENDPOINTS" not in found
    # It would take the place of every endpoint that is left blank.
    assert "S3_ENDPOINT" not in found
