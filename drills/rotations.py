"""Each secret rotated under load, while the page has two pods."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from drills.drill import Drill, Judge, Observation, Subject
from drills.load import Ledger
from drills.pods import NONE_SECONDS
from drills.stack import PROJECT
from local.paths import KUBECONFIG
from tests.e2e.rotations import PAGE, ROTATIONS, WORKER, Doors, Rotation, started_pods
from tests.engine.kubectl import Kubectl

PAGES = 2
LABEL_STUDIO, COUNTERS = "label-studio:labelStudio", "label-studio:rotate"
PROJECT_KEYS = Rotation(
    f"projectKeys.{PROJECT}", f"label-studio-store-{PROJECT}-target", Doors.store, readers=frozenset()
)
# CloudNativePG's servers learn a password while they run.
CNPG_OWNER = replace(ROTATIONS["databaseOwner"], door=Doors.cnpg)
CNPG_SUPERUSER = replace(ROTATIONS["databaseSuperuser"], door=Doors.cnpg, readers=frozenset(), interrupting=False)


@dataclass(frozen=True)
class Update:
    """The update that followed a raised counter."""

    seconds: float
    started: Counter[str]

    def observation(
        self, readers: frozenset[str], ledger: Ledger, doors: str = "", *, interrupting: bool = False
    ) -> Observation:
        """Whether pods started once that read the secret, no others, and no request failed that could succeed."""
        pods = ", ".join(f"{name} {count}" for name, count in sorted(self.started.items())) or "none"
        told = f"gap {ledger.gap():.1f} s, {ledger.refused} requests failed, update {self.seconds:.0f} s, pods: {pods}"
        once = self.started == {name: PAGES if name == PAGE else 1 for name in readers}
        served = interrupting or (ledger.refused == 0 and ledger.gap() <= NONE_SECONDS)
        return Observation(told + doors, once and served)


def _update(subject: Subject, counter: str) -> Update:
    deployment = subject.deployment
    settings = deployment.engine.settings
    began = time.monotonic()
    with started_pods(deployment) as started:
        deployment.change({**settings, COUNTERS: _raised(settings.get(COUNTERS, {}), *counter.split("."))})
        deployment.run("up")
    deployment.read_outputs()
    return Update(time.monotonic() - began, started)


def _raised(counters: Mapping[str, Any], name: str, *names: str) -> dict[str, Any]:
    return {**counters, name: _raised(counters.get(name, {}), *names) if names else counters.get(name, 1) + 1}


def _two_pages(subject: Subject) -> None:
    deployment = subject.deployment
    settings = deployment.engine.settings
    page = settings[LABEL_STUDIO]
    if page.get("replicas") != PAGES:
        deployment.change({**settings, LABEL_STUDIO: {**page, "replicas": PAGES}})
        deployment.run("up")
        subject.page.await_ready()


def _rotate(rotation: Rotation, subject: Subject) -> Judge:
    """The former value opens nothing afterwards, and the new one does."""
    deployment = subject.deployment
    doors = Doors(deployment, Kubectl(KUBECONFIG, deployment.namespace))
    former = rotation.values(deployment)
    update = _update(subject, rotation.counter)
    opens = [rotation.door(doors, values) for values in (former, rotation.values(deployment))]
    told = "; former value {}, new one {}".format(*("accepted" if each else "refused" for each in opens))

    def judge(ledger: Ledger) -> Observation:
        seen = update.observation(rotation.readers, ledger, told, interrupting=rotation.interrupting)
        return Observation(seen.text, seen.passed and opens == [False, True])

    return judge


def _rotate_django(subject: Subject) -> Judge:
    """Sessions, such as those of the load, stay."""
    update = _update(subject, "djangoKey")
    return lambda ledger: update.observation(frozenset({PAGE, WORKER}), ledger)


def _rotate_owner_first(subject: Subject) -> None:
    """CloudNativePG's superuser has a password once the owner's was rotated."""
    _two_pages(subject)
    if "databaseOwner" not in subject.deployment.engine.settings.get(COUNTERS, {}):
        _update(subject, "databaseOwner")


def _drill(rotation: Rotation) -> Drill:
    return Drill(_expected(rotation.interrupting), partial(_rotate, rotation), prepare=_two_pages)


def _expected(interrupting: bool = False) -> str:
    return f"pods that read it start once, the former value is refused{'' if interrupting else ', no request fails'}"


def _name(counter: str) -> str:
    """Such as rotate-database-owner."""
    words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in counter.partition(".")[0])
    return f"rotate-{words}"


DRILLS: Mapping[str, Drill] = {
    **{_name(each.counter): _drill(each) for each in (*ROTATIONS.values(), PROJECT_KEYS)},
    _name("djangoKey"): Drill(_expected(), _rotate_django, prepare=_two_pages),
    "rotate-database-owner-cnpg": replace(_drill(CNPG_OWNER), stack="cnpg"),
    "rotate-database-superuser-cnpg": replace(_drill(CNPG_SUPERUSER), prepare=_rotate_owner_first, stack="cnpg"),
}
