"""What pods of Label Studio may reach, seen from the pods: the policies that the program makes, on a real network."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.connections import OtherNamespace, Outside, Peer, ServerPods
from components.label_studio.settings import Outbound
from components.label_studio.values import names
from tests.engine.cluster import Cluster
from tests.engine.kubectl import Kubectl, eventually, pod, server
from tests.unit.label_studio.arguments import POSTGRESQL, S3, arguments, deploy
from tests.unit.pulumi_mocks import run_program

RELEASE = "demo"
PAGE = f"{RELEASE}-page"
PORTS = (443, 5432, 6379, 9000)
TENANT = {"v1.min.io/tenant": "store"}
CLUSTER = {"cnpg.io/cluster": "db"}


@pytest.fixture(scope="module")
def kubectl(kubeconfig: Path, namespace: str) -> Kubectl:
    here = Kubectl(kubeconfig, namespace)
    here.run(
        pod("page", "exec /bin/busybox sleep 3600", **names(RELEASE)),
        server("database", *PORTS, **CLUSTER),
        server("store", *PORTS, **TENANT),
        server("stranger", *PORTS, app="stranger"),
    )
    return here


@pytest.fixture(scope="module")
def elsewhere(kubeconfig: Path, cluster: Cluster) -> Iterator[Kubectl]:
    """Two servers in another namespace."""
    name = f"engine-{secrets.token_hex(3)}"
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    there = Kubectl(kubeconfig, name)
    there.run(server("one", *PORTS), server("two", *PORTS))
    yield there
    cluster.delete("v1", "Namespace", "", name)


def allow(kubectl: Kubectl, database: Peer, store: Peer, outbound: Outbound) -> None:
    """The policy that the program makes for the page, in place of the one before."""
    s3 = replace(S3["tenant"], peer=store)
    args = arguments(postgresql=replace(POSTGRESQL["verified"], peer=database), s3=s3, outbound=outbound)
    policies = run_program(lambda: deploy(args, RELEASE)).all("kubernetes:networking.k8s.io/v1:NetworkPolicy")
    spec = next(policy.inputs["spec"] for policy in policies if policy.name == PAGE)
    kubectl.apply(policy(PAGE, spec))


def policy(name: str, spec: Any) -> dict[str, Any]:
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}


def assert_reaches_only(kubectl: Kubectl, allowed: set[str], addresses: list[str]) -> None:
    """The page gets an answer from these addresses, and from no other of the list."""
    eventually(allowed, lambda: kubectl.reached("page", addresses))


def everything(kubectl: Kubectl, elsewhere: Kubectl) -> list[str]:
    here = [kubectl.address(name) for name in ("database", "store", "stranger")]
    there = [elsewhere.address(name) for name in ("one", "two")]
    return [f"{address}:{port}" for address in [*here, *there] for port in PORTS]


@pytest.mark.parametrize("outbound", ["none", "internet"])
def test_services_of_the_stack_are_reached_and_nothing_else(
    kubectl: Kubectl, elsewhere: Kubectl, outbound: Outbound
) -> None:
    """With a tenant the Service's port is 443: that is the port that was open everywhere."""
    database, store = kubectl.address("database"), kubectl.address("store")
    allow(kubectl, ServerPods(CLUSTER, 5432), ServerPods(TENANT, 9000), outbound)
    assert_reaches_only(kubectl, {f"{database}:5432", f"{store}:9000"}, everything(kubectl, elsewhere))


@pytest.mark.parametrize("outbound", ["none", "internet"])
def test_an_external_service_is_reached_at_its_address_alone(
    kubectl: Kubectl, elsewhere: Kubectl, outbound: Outbound
) -> None:
    one = elsewhere.address("one")
    allow(kubectl, Outside([f"{one}/32"], 5432), Outside([f"{one}/32"], 443), outbound)
    assert_reaches_only(kubectl, {f"{one}:5432", f"{one}:443"}, everything(kubectl, elsewhere))


def test_a_namespace_is_a_peer_and_any_address_a_choice(kubectl: Kubectl, elsewhere: Kubectl) -> None:
    listed = everything(kubectl, elsewhere)
    there = {address for address in listed if address.partition(":")[0] in _addresses(elsewhere)}
    allow(kubectl, OtherNamespace(elsewhere.namespace), OtherNamespace(elsewhere.namespace), "none")
    assert_reaches_only(kubectl, there, listed)
    allow(kubectl, Outside(["any"], 5432), Outside(["any"], 5432), "none")
    assert_reaches_only(kubectl, {address for address in listed if address.endswith(":5432")}, listed)


def _addresses(elsewhere: Kubectl) -> set[str]:
    return {elsewhere.address("one"), elsewhere.address("two")}
