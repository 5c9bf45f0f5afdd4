"""What the network lets through to and from Label Studio's pods."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.connections import S3Connection
from tests.unit.label_studio.arguments import REDIS, S3, arguments, program

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"


def policy(name: str, **changes: Any) -> dict[str, Any]:
    spec: dict[str, Any] = program(arguments(**changes)).one(POLICY, f"demo-{name}").inputs["spec"]
    return spec


def ports(rule: dict[str, Any]) -> set[int]:
    return {port["port"] for port in rule["ports"]}


def service_ports(**changes: Any) -> set[int]:
    (rule,) = [rule for rule in policy("page", **changes)["egress"] if "to" not in rule and rule]
    return ports(rule)


def test_anybody_may_ask_for_the_page_but_nothing_else() -> None:
    (rule,) = policy("page")["ingress"]
    assert "from" not in rule
    assert ports(rule) == {8085}


def test_or_only_the_ingress_controller_and_pods_beside_it() -> None:
    (rule,) = policy("page", ingress_namespace="traefik")["ingress"]
    assert rule["from"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "traefik"}}},
        {"podSelector": {}},
    ]


def test_nobody_may_ask_a_worker_for_anything() -> None:
    worker = policy("worker", redis=REDIS["plain"])
    assert worker["ingress"] == []
    assert worker["policyTypes"] == ["Ingress", "Egress"]


def test_workers_may_go_where_the_page_may() -> None:
    changes = {"redis": REDIS["plain"], "s3": S3["store"]}
    assert policy("worker", **changes)["egress"] == policy("page", **changes)["egress"]


@pytest.mark.parametrize(
    ("s3", "port"),
    [
        (S3["store"], 9000),
        (S3["tenant"], 443),
        (S3["amazon"], 443),
        (S3Connection("b", "r", "http://s3.example.com"), 80),
        (S3Connection("b", "r", pulumi.Output.from_input("https://s3.example.com:8443")), 8443),
    ],
)
def test_the_port_of_every_service_is_open(s3: S3Connection, port: int) -> None:
    assert service_ports(s3=s3, redis=REDIS["tls"]) == {5433, 6380, port}


def test_without_redis_its_port_is_shut() -> None:
    assert service_ports() == {5433}


def test_the_internet_leaves_out_private_networks_and_metadata_services() -> None:
    *_, rule = policy("page")["egress"]
    assert ports(rule) == {80, 443}
    ipv4 = next(peer["ipBlock"] for peer in rule["to"] if peer["ipBlock"]["cidr"] == "0.0.0.0/0")
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(ipv4["except"])


def test_outbound_connections_can_be_forbidden_or_free() -> None:
    assert len(policy("page", outbound="none")["egress"]) == 2
    assert policy("page", outbound="everywhere")["egress"][-1] == {}


def test_policies_can_be_left_out() -> None:
    assert not program(arguments(network_policies=False, redis=REDIS["plain"])).all(POLICY)
