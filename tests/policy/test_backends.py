"""No backend or flavour that the settings offer breaks a policy of production."""

from __future__ import annotations

from typing import Any

import pytest

from policies.checks.dry_run import resources_of
from policies.checks.render import rendered
from policies.checks.resources import Resource
from policies.findings import findings
from policies.pack import load_config
from policies.stacks import stack_config
from tests.policy.support import RELEASE

KEY = {"accessKeyId": {"secretName": "a", "secretKey": "b"}, "secretAccessKey": {"secretName": "a", "secretKey": "c"}}
ADMINISTRATOR = {"user": "postgres", "password": {"secretName": "pg-admin"}}
CASES: dict[str, dict[str, Any]] = {
    "zalando": {"cluster": {"podSecurity": "baseline"}, "postgresql": {"backend": "zalando"}},
    "zalando of Alauda": {"postgresql": {"backend": "zalando", "flavor": "alauda"}},
    "standalone PostgreSQL": {"postgresql": {"backend": "standalone"}},
    "external PostgreSQL": {
        "postgresql": {
            "backend": "external",
            "host": "pg.example.com",
            "addresses": ["10.0.0.7"],
            "password": {"secretName": "pg"},
            "tls": {"mode": "require"},
            "adminCredentials": ADMINISTRATOR,
        }
    },
    "backups": {
        "postgresql": {
            "backend": "cnpg",
            "backup": {"destinationPath": "s3://backups/ls", "addresses": "internet", "credentials": KEY},
        },
    },
    "rotated passwords": {"rotate": {"databaseOwner": 2, "databaseSuperuser": 2}},
    "a restored database": {
        "postgresql": {
            "backend": "cnpg",
            "restore": {"destinationPath": "s3://backups/ls", "addresses": "internet", "credentials": KEY},
        },
    },
    "Redis of Alauda": {"cluster": {"podSecurity": "baseline"}, "redis": {"backend": "alauda"}},
    # Without workers the page does all the work, and each of its processes keeps connections.
    "no Redis": {
        "redis": {"backend": "none"},
        "labelStudio": {"autoscaling": {"minReplicas": 2, "maxReplicas": 5, "targetCpu": 70}},
    },
    "external Redis": {
        "redis": {
            "backend": "external",
            "url": "redis://redis.example.com:6379/1",
            "addresses": "any",
            "password": {"secretName": "redis"},
        }
    },
    "standalone object store": {"objectStore": {"backend": "standalone"}},
    "external object store": {
        "objectStore": {
            "backend": "external",
            "endpoint": "https://s3.example.com",
            "addresses": ["10.0.0.0/24"],
            "region": "us-east-1",
            "bucket": "label-studio",
            "credentials": KEY,
        }
    },
    "upstream chart": {"labelStudio": {"chart": {"flavour": "upstream"}}},
    "chart of Alauda": {
        "labelStudio": {"chart": {"flavour": "alauda", "source": "https://charts.example.com", "version": "1.20.0"}}
    },
    "archive of Alauda's chart": {
        "labelStudio": {"chart": {"flavour": "alauda", "source": "https://example.com/ls-1.20.0.tgz"}}
    },
    "a volume": {"labelStudio": {"persistence": {"type": "volume", "accessMode": "ReadWriteMany"}}},
    "own Secrets": {"secrets": {"own": {"password": {"secure": "v1:x:y"}}}},
}


@pytest.mark.parametrize("settings", CASES.values(), ids=CASES.keys())
def test_backends_and_flavours(settings: dict[str, Any]) -> None:
    config = dict(stack_config("prod"))
    for key, value in settings.items():
        name = f"label-studio:{key}"
        config[name] = {**config[name], **value} if key in {"cluster", "labelStudio"} else value
    resources = resources_of("prod", config)
    charts = {
        f"{each.props['chart']}@{each.props.get('version')}": "reviewed" for each in resources if is_release(each)
    }
    levels = [config["label-studio:cluster"].get("podSecurity", "restricted")]
    own = {"release-checkable": {"admittedCharts": charts}, "pods-restricted": {"levels": levels}}
    policies = {**load_config("prod"), **own}
    manifests = [manifest for resource in resources for manifest in rendered(resource)]
    found = findings([*resources, *manifests], policies)
    assert [(finding.rule.name, finding.message) for finding in found if finding.blocks] == []


def is_release(resource: Resource) -> bool:
    return resource.type == RELEASE
