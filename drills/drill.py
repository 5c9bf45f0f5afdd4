"""What a drill is: a function that hurts a stack under load, and says whether it did as expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from drills.faults import Workload
from drills.load import Ledger, Target
from tests.e2e.deployment import Deployment


@dataclass(frozen=True)
class Subject:
    """The stack of the drills, with its parts, and where its load goes."""

    deployment: Deployment
    target: Target
    exported: Callable[[], dict[int, Any]]
    """Reads the results of the annotations in the bucket of the project's target, by their numbers."""

    @property
    def page(self) -> Workload:
        """The pods of the page."""
        return self._workload("Deployment", "ls-app")

    @property
    def worker(self) -> Workload:
        """The queue workers."""
        return self._workload("Deployment", "ls-worker")

    @property
    def redis(self) -> Workload:
        """The queue."""
        return self._workload("StatefulSet", "redis")

    @property
    def postgresql(self) -> Workload:
        """The database."""
        return self._workload("StatefulSet", "postgresql")

    @property
    def store(self) -> Workload:
        """The object store."""
        return self._workload("StatefulSet", "store")

    def _workload(self, kind: str, name: str) -> Workload:
        return Workload(self.deployment.api, self.deployment.namespace, kind, f"label-studio-{name}")


@dataclass(frozen=True)
class Observation:
    """What a drill saw, and whether that was expected."""

    text: str
    passed: bool


# What a drill saw, once its load has ended.
Judge = Callable[[Ledger], Observation]


def _nothing(_: Subject) -> None:
    """Most drills take the stack as it is."""


@dataclass(frozen=True)
class Drill:
    """``prepare`` comes before the load, ``hurt`` begins under it; what that returns is asked after the load.

    ``stack`` is the one of drills.stack.STACKS that it is for. One that brings an earlier state back runs ``alone``,
    after whatever was acknowledged before it has reached its target.
    """

    expected: str
    hurt: Callable[[Subject], Judge]
    prepare: Callable[[Subject], None] = _nothing
    stack: str = "dev"
    alone: bool = False
