"""The grammars of texts that end in Kubernetes, against the API server, which is asked without making anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.settings.base import Toleration
from components.settings.grammars import hosts, images, kubernetes, quantities, schedules, text
from components.settings.grammars.grammar import Grammar
from scripts.settings_reference import grammars
from tests.engine.cluster import Cluster, Object
from tests.generated_stacks import near
from tests.unit.test_grammars import REFUSED

Make = Callable[[str], Object]


def thing(kind: str = "ConfigMap", version: str = "v1", name: str = "probe", **content: Any) -> Object:
    metadata = {"name": name, **content.pop("metadata", {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **content}


def pod(**content: Any) -> Object:
    container = {"name": "a", "image": "a", **content.pop("container", {})}
    return thing("Pod", spec={"containers": [container], **content})


def claim(size: str) -> Object:
    resources = {"requests": {"storage": size}}
    return thing("PersistentVolumeClaim", spec={"accessModes": ["ReadWriteOnce"], "resources": resources})


def ingress(**spec: Any) -> Object:
    return thing("Ingress", "networking.k8s.io/v1", spec=spec)


def backend() -> Object:
    service = {"name": "a", "port": {"number": 80}}
    return {"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": service}}]}}


def policy(address: str) -> Object:
    network = str(hosts.ADDRESS.read(address))
    peers = [] if network in {hosts.INTERNET, hosts.ANY} else [{"ipBlock": {"cidr": network}}]
    return thing("NetworkPolicy", "networking.k8s.io/v1", spec={"podSelector": {}, "egress": [{"to": peers}]})


def cron(schedule: str) -> Object:
    template = {"spec": {"containers": [{"name": "a", "image": "a"}], "restartPolicy": "Never"}}
    return thing("CronJob", "batch/v1", spec={"schedule": schedule, "jobTemplate": {"spec": {"template": template}}})


def limits(resource: str) -> Make:
    return lambda value: pod(container={"resources": {"limits": {resource: value}}})


# Each type of text that ends in an object, and the object that it ends in.
MAKES: list[tuple[Any, Make]] = [
    (kubernetes.KubernetesName, lambda value: thing("Namespace", name=value)),
    (kubernetes.StackNamespace, lambda value: thing("Namespace", name=value)),
    (kubernetes.ObjectName, lambda value: thing(name=value)),
    (kubernetes.SecretKeyName, lambda value: thing("Secret", stringData={value: "x"})),
    (kubernetes.LabelKey, lambda value: thing(metadata={"labels": {value: "x"}})),
    (kubernetes.LabelValue, lambda value: pod(nodeSelector={"x": value})),
    (kubernetes.LabelValue, lambda value: pod(tolerations=[{"key": "x", "value": value}])),
    (kubernetes.AnnotationKey, lambda value: thing(metadata={"annotations": {value: "x"}})),
    (text.Text, lambda value: thing(metadata={"annotations": {"x": value}})),
    (text.EnvironmentName, lambda value: pod(container={"env": [{"name": value, "value": "x"}]})),
    (quantities.Cpu, limits("cpu")),
    (quantities.Memory, limits("memory")),
    (quantities.VolumeSize, claim),
    (hosts.DnsName, lambda value: ingress(rules=[{"host": value, **backend()}])),
    (hosts.CertificateHost, lambda value: ingress(rules=[backend()], tls=[{"hosts": [value]}])),
    (
        hosts.Network,
        lambda value: thing(
            "Service", spec={"type": "LoadBalancer", "ports": [{"port": 80}], "loadBalancerSourceRanges": [value]}
        ),
    ),
    (hosts.Address, policy),
    (schedules.Cron, cron),
    (images.Image, lambda value: pod(container={"image": value})),
]
NAMES = [next(iter(grammars(kind, kind.__metadata__))).name for kind, _ in MAKES]
# Texts that the server takes and the program refuses, since something behind the server does not: a kubelet, a shell,
# a resolver, a person who forgot a unit. Everything else that is refused here, the server refuses too.
STRICTER: Mapping[str, str] = {
    "namespace of a stack": "namespaces of the cluster are there already",
    "cores": "more digits than a container runtime counts, and numbers in exponents",
    "memory": "sizes that start no container, and numbers in exponents",
    "size of a volume": "sizes that hold no data",
    "DNS name": "labels that no resolver takes, and numbers at the end",
    "host of a certificate": "as of a DNS name",
    "network": "networks that are written as one address of them",
    "environment variable": "names that no shell takes",
    "text": "control characters",
    "image": "the server asks for no form; the kubelet does",
    "cron schedule": "schedules that never run",
}


def grammar_of(kind: Any) -> Grammar:
    return next(iter(grammars(kind, kind.__metadata__)))


def placed(item: Object, namespace: str) -> Object:
    metadata = item["metadata"] if item["kind"] == "Namespace" else {"namespace": namespace, **item["metadata"]}
    return {**item, "metadata": metadata}


@pytest.mark.parametrize(("kind", "make"), MAKES, ids=NAMES)
def test_the_server_takes_the_examples(kind: Any, make: Make, cluster: Cluster, namespace: str) -> None:
    for example in grammar_of(kind).examples:
        assert cluster.would_create(placed(make(example), namespace)) == "", example


@pytest.mark.parametrize(("kind", "make"), MAKES, ids=NAMES)
def test_what_the_program_refuses_the_server_refuses_or_something_behind_it(
    kind: Any, make: Make, cluster: Cluster, namespace: str
) -> None:
    wrong = [
        each for refused, texts in REFUSED if refused is kind for each in texts if each and kind is not hosts.Address
    ]
    taken = [each for each in wrong if not cluster.would_create(placed(make(each), namespace))]
    assert bool(taken) == (grammar_of(kind).name in STRICTER), taken


@pytest.mark.parametrize(("kind", "make"), MAKES, ids=NAMES)
def test_the_server_takes_whatever_the_program_takes(kind: Any, make: Make, cluster: Cluster, namespace: str) -> None:
    grammar = grammar_of(kind)

    @settings(max_examples=40, deadline=None, suppress_health_check=[*HealthCheck])
    @given(near(grammar))
    def check(value: str) -> None:
        try:
            taken = grammar.read(value)
        except ValueError:
            return
        assert cluster.would_create(placed(make(taken), namespace)) == "", value

    check()


def test_tolerations_are_those_that_the_server_takes(cluster: Cluster, namespace: str) -> None:
    keys, values = st.sampled_from([None, "gpu", "example.com/pool"]), st.sampled_from([None, "", "x"])
    operators, effects = st.sampled_from(["Equal", "Exists"]), st.sampled_from([None, "NoSchedule", "NoExecute"])

    @settings(max_examples=60, deadline=None)
    @given(st.fixed_dictionaries({"key": keys, "value": values, "operator": operators, "effect": effects}))
    def check(toleration: Mapping[str, Any]) -> None:
        try:
            read = Toleration.model_validate(toleration)
        except ValueError:
            read = None
        given = {key: value for key, value in toleration.items() if value is not None}
        refusal = cluster.would_create(placed(pod(tolerations=[given]), namespace))
        assert (read is None) == bool(refusal), refusal

    check()
