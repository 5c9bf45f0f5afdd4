"""What the network lets through to and from Label Studio's pods."""

from __future__ import annotations

from typing import Any

import pytest

from components.connections import OtherNamespace, Outside, S3Connection
from tests.unit.label_studio.arguments import POSTGRESQL, REDIS, S3, arguments, program

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"


def policy(name: str, **changes: Any) -> dict[str, Any]:
    spec: dict[str, Any] = program(arguments(**changes)).one(POLICY, f"demo-{name}").inputs["spec"]
    return spec


def ports(rule: dict[str, Any]) -> set[int]:
    return {port["port"] for port in rule["ports"]}


def services(**changes: Any) -> list[dict[str, Any]]:
    """The rules of the backing services alone."""
    rules: list[dict[str, Any]] = policy("page", outbound="none", **changes)["egress"]
    return rules


def to_pods(port: int, **labels: str) -> dict[str, Any]:
    return {"to": [{"podSelector": {"matchLabels": labels}}], "ports": [{"protocol": "TCP", "port": port}]}


def to_networks(port: int, *networks: str) -> dict[str, Any]:
    peers = [{"ipBlock": {"cidr": network}} for network in networks]
    return {"to": peers, "ports": [{"protocol": "TCP", "port": port}]}


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


def test_services_of_the_stack_are_named_by_the_labels_and_ports_of_their_pods() -> None:
    verified, plain = POSTGRESQL["verified"], REDIS["plain"]
    assert services(postgresql=verified, redis=plain, s3=S3["tenant"]) == [
        to_pods(5432, **{"cnpg.io/cluster": "pg"}),
        to_pods(6379, app="redis"),
        to_pods(9000, **{"v1.min.io/tenant": "store"}),
    ]


def test_services_of_others_are_named_by_their_addresses() -> None:
    s3 = S3Connection("b", "r", "https://s3.example.com", peer=Outside(["10.3.0.0/24", "10.4.0.7/32"], 443))
    assert services(redis=REDIS["tls"], s3=s3) == [
        to_networks(5433, "10.1.0.0/24"),
        to_networks(6380, "10.2.0.7/32"),
        to_networks(443, "10.3.0.0/24", "10.4.0.7/32"),
    ]


def test_services_in_another_namespace_are_named_by_it() -> None:
    s3 = S3Connection("b", "r", "https://minio.stores.svc", peer=OtherNamespace("stores"))
    *_, rule = services(s3=s3)
    assert rule == {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "stores"}}}]}


def test_every_address_is_open_only_on_demand() -> None:
    *_, public = services(s3=S3["amazon"])
    assert ports(public) == {443}
    assert all(peer["ipBlock"]["except"] for peer in public["to"]), "private networks are left out"
    *_, anywhere = services(s3=S3Connection("b", "r", peer=Outside(["any"], 443)))
    assert anywhere == {"ports": [{"protocol": "TCP", "port": 443}]}


def test_no_rule_but_that_of_the_demand_is_without_a_peer() -> None:
    for outbound in ("none", "internet"):
        for s3 in (S3["store"], S3["tenant"], S3["amazon"]):
            rules = policy("page", outbound=outbound, redis=REDIS["plain"], s3=s3)["egress"]
            assert all(rule.get("to") for rule in rules), f"{outbound} is void"


def test_a_connection_that_does_not_say_where_its_server_is_is_refused() -> None:
    with pytest.raises(ValueError, match="give the connection its peer"):
        services(s3=S3Connection("b", "r", "https://s3.example.com"))


def test_the_internet_leaves_out_private_networks_and_metadata_services() -> None:
    *_, rule = policy("page")["egress"]
    assert ports(rule) == {80, 443}
    ipv4 = next(peer["ipBlock"] for peer in rule["to"] if peer["ipBlock"]["cidr"] == "0.0.0.0/0")
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(ipv4["except"])


def test_outbound_connections_can_be_forbidden_or_free() -> None:
    assert policy("page", outbound="none")["egress"] == [to_networks(5433, "10.1.0.0/24")]
    assert policy("page", outbound="everywhere")["egress"][-1] == {}


def test_policies_can_be_left_out() -> None:
    assert not program(arguments(network_policies=False, redis=REDIS["plain"])).all(POLICY)
