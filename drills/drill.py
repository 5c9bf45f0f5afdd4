"""What a drill is: a function that hurts a stack under load, and says whether it did as expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drills.faults import Workload
from drills.load import Ledger, Target
from local.cluster.api import Api


@dataclass(frozen=True)
class Subject:
    """The stack of the drills, with its parts, and where its load goes."""

    api: Api
    namespace: str
    target: Target

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
        return Workload(self.api, self.namespace, kind, f"label-studio-{name}")


@dataclass(frozen=True)
class Observation:
    """What a drill saw, and whether that was expected."""

    text: str
    passed: bool


@dataclass(frozen=True)
class Drill:
    """``hurt`` begins under load; what it returns is asked once the load has ended."""

    expected: str
    hurt: Callable[[Subject], Callable[[Ledger], Observation]]
