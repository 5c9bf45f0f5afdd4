"""Servers that an operator of the cluster runs for a resource.

The status of the resource does not tell whether a change has arrived: until the operator looks at it, it is that of
the time before. So a job of this program's own looks at the servers themselves, and ends with what ails them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from .. import network_policy, pods
from ..accounts import job_account
from ..backing_service import retained_options
from ..context import StackContext
from ..setup_job import SetupJob, run_setup_job

COMPONENT = "rollout"
CHECK = Path(__file__).with_name("check.py").read_text(encoding="utf-8")
# Of Label Studio's image.
USER = 1001
# As long as three database servers with much data may take to restart one after the other.
SECONDS = 1800
# The job ends by itself before its deadline, because only then can it say why.
MARGIN_SECONDS = 60
RESOURCES: pods.ResourceRequirements = {
    "requests": {"cpu": "10m", "memory": "64Mi"},
    "limits": {"cpu": "200m", "memory": "64Mi"},
}


@dataclass(frozen=True)
class Kind:
    """A kind of resource that only a cluster with its ``operator`` knows."""

    api_version: str
    kind: str
    plural: str
    operator: str

    @property
    def group(self) -> str:
        """The part of ``api_version`` before the slash."""
        return self.api_version.partition("/")[0]


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """What is waited for: fields of the resource's ``status`` and its ``conditions``, and what its servers run.

    ``selector`` tells the pods of the servers from all others; an operator that runs them without ``stateful_sets`` has
    their number in ``servers``. ``container`` has the ``image``, or a ``version`` in ``version_variable`` or, without
    one, at the beginning of its image's tag.
    """

    selector: Mapping[str, str]
    container: str
    status: Mapping[str, str] = field(default_factory=dict)
    conditions: Mapping[str, str] = field(default_factory=dict)
    image: pulumi.Input[str] | None = None
    version: str | None = None
    version_variable: str | None = None
    stateful_sets: Sequence[str] = ()
    servers: int = 0


@dataclass(frozen=True, kw_only=True)
class OperatedServers:
    """A resource and what is waited for; ``metadata`` has at least the name, the namespace is added."""

    kind: Kind
    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]
    rollout: Rollout

    @property
    def name(self) -> str:
        """The name in the cluster."""
        return str(self.metadata["name"])

    def expected(self) -> dict[str, Any]:
        """The arguments of ``check.py``."""
        return {
            "api_version": self.kind.api_version,
            "kind": self.kind.kind,
            "plural": self.kind.plural,
            "name": self.name,
            **asdict(self.rollout),
            "selector": ",".join(f"{key}={value}" for key, value in self.rollout.selector.items()),
        }


def run_operated_servers(
    name: str,
    context: StackContext,
    servers: OperatedServers,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource] = (),
) -> k8s.batch.v1.Job:
    """The resource, which takes its data along when it is deleted, and the job that ends when its servers are ready.

    Every change of the specification runs the job again.
    """
    resource = k8s.apiextensions.CustomResource(
        name,
        api_version=servers.kind.api_version,
        kind=servers.kind.kind,
        metadata={"namespace": context.namespace, **servers.metadata},
        spec=servers.spec,
        opts=ResourceOptions.merge(retained_options(context, parent), ResourceOptions(depends_on=list(after))),
    )
    job_name = f"{name}-rollout"
    account = job_account(job_name, context, _rules(servers), parent)
    job = SetupJob(
        component=COMPONENT,
        # The check needs Python 3, which Label Studio's image has.
        image=context.image("label_studio"),
        user=USER,
        script='exec python3 -c "$CHECK"',
        environment=[
            pods.env("CHECK", CHECK),
            pods.env("EXPECTED", pulumi.Output.json_dumps(servers.expected())),
            pods.env("NAMESPACE", context.namespace),
            pods.env("SECONDS_TO_WAIT", str(SECONDS - MARGIN_SECONDS)),
        ],
        triggers=[pulumi.Output.json_dumps(servers.spec, sort_keys=True)],
        resources=RESOURCES,
        service_account=job_name,
        retried=False,
        seconds=SECONDS,
    )
    egress = [network_policy.to_api_server()]
    network_policy.allow(job_name, context, parent, pods.selector(COMPONENT, job_name), egress=egress)
    return run_setup_job(job_name, context, job, parent, after=[resource, account])


def _rules(servers: OperatedServers) -> list[k8s.rbac.v1.PolicyRuleArgsDict]:
    rules: list[k8s.rbac.v1.PolicyRuleArgsDict] = [
        {
            "api_groups": [servers.kind.group],
            "resources": [servers.kind.plural],
            "resource_names": [servers.name],
            "verbs": ["get"],
        },
        {"api_groups": [""], "resources": ["pods", "events"], "verbs": ["list"]},
    ]
    if servers.rollout.stateful_sets:
        names = list(servers.rollout.stateful_sets)
        rules.append({"api_groups": ["apps"], "resources": ["statefulsets"], "resource_names": names, "verbs": ["get"]})
    return rules
