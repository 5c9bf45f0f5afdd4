"""What ends the validity of a former password or key, once nothing uses it any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from ..connections import Peer
from . import network_policy, pods
from .context import StackContext
from .setup_job import SetupJob, run_setup_job


@dataclass(frozen=True, kw_only=True)
class Retirement:
    """A job for the server at ``peer``, which refuses all but the newest value afterwards."""

    name: str
    job: SetupJob
    peer: Peer | None


class Retirements(pulumi.ComponentResource):
    """Runs the jobs after whatever used a former value has been given the new one."""

    def __init__(
        self,
        name: str,
        retirements: Sequence[Retirement],
        context: StackContext,
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        names = [each.name for each in retirements]
        super().__init__("label-studio:kubernetes:Retirements", name, {"names": names}, opts)
        for each in retirements:
            selector = pods.selector(each.job.component, each.name)
            network_policy.allow(each.name, context, self, selector, peers=[each.peer])
            run_setup_job(each.name, context, each.job, self, after)
        self.register_outputs({"names": names})
