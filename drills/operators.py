"""CloudNativePG's operator and its backup plugin, upgraded under load as the documentation says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpx
import yaml

from drills.contents import counted, differences
from drills.drill import Drill, Judge, Observation, Subject
from drills.faults import listed
from drills.load import Ledger, longest
from drills.releases import commands, keep_contents, kept_contents, prepare_contents, type_page, unchanged
from local.addons import barman, cnpg
from local.cluster.api import Object, has_condition, wait
from local.cluster.images import load as import_images
from local.images import build
from local.images.catalog import REFERENCES
from tests.e2e.targets import served

RELEASE = cnpg.NEWEST
BACKUP = "a stack with CloudNativePG and `backup`"
MANIFESTS = "CloudNativePG with its plugin, and the manifests of newer releases"
FORMER_NAMES = "CloudNativePG whose plugin was older than 0.8"
SERVERS = "cnpg.io/cluster,cnpg.io/podRole=instance"
# Seconds that the servers may take to be those of the new release, of load with them, between two questions which pods
# there are, and that the last answer may take.
SERVERS_SECONDS, LOAD_SECONDS = 900.0, 20.0
PAUSE_SECONDS, JOIN_SECONDS = 0.1, 4.0
# The longest time in which people may be unable to save an annotation: the switch to another primary.
AWAY_SECONDS = 60.0


@contextmanager
def watched(pods: Callable[[], set[str]]) -> Iterator[set[str]]:
    """The pods that were seen, asked for all the time, for as long as the block lasts.

    The database is not asked: a new connection each time tells whether the Service leads to a primary, and not whether
    people can work, since Label Studio keeps its connections. The load says that.
    """
    seen: set[str] = set()
    stop = threading.Event()

    def go_on() -> None:
        while not stop.wait(PAUSE_SECONDS):
            with suppress(httpx.HTTPError):
                seen.update(pods())

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join(JOIN_SECONDS)


def manifests() -> Mapping[str, list[Object]]:
    """What people download, by the names that docs/upgrade.md has for the files."""
    operator, plugin = (
        REFERENCES[name].rpartition(":")[2].removeprefix("v") for name in (RELEASE.operator, RELEASE.plugin)
    )
    return {f"cnpg-{operator}.yaml": cnpg.objects(), f"plugin-barman-cloud-{plugin}.yaml": barman.objects()}


def _prepare(subject: Subject) -> None:
    """Contents, the images of the new releases, and their manifests beside the stack."""
    import_images([*build.build([RELEASE.operator, RELEASE.plugin, RELEASE.sidecar]).values()])
    for name, objects in manifests().items():
        (subject.deployment.engine.home / name).write_text(yaml.safe_dump_all(objects))
    prepare_contents(subject)


def _servers(subject: Subject) -> list[Object]:
    return listed(subject.deployment.api, subject.deployment.namespace, SERVERS)


def _uids(subject: Subject) -> set[str]:
    return {pod["metadata"]["uid"] for pod in _servers(subject)}


def is_new(pod: Object) -> bool:
    """Whether a server is ready and has instance manager and sidecar of the new releases."""
    containers = [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    wanted = {REFERENCES[RELEASE.operator], REFERENCES[RELEASE.sidecar]}
    return wanted <= {each["image"] for each in containers} and has_condition(pod, "Ready")


def _is_upgraded(subject: Subject) -> bool:
    [cluster] = subject.deployment.objects("clusters", "postgresql.cnpg.io/v1")
    pods = _servers(subject)
    healthy = cluster["status"].get("phase") == "Cluster in healthy state"
    return healthy and len(pods) == cluster["spec"]["instances"] and all(map(is_new, pods))


@dataclass(frozen=True)
class Replacement:
    """The servers' pods by their identities, and what was seen while others took their place."""

    before: set[str]
    after: set[str]
    seconds: float
    seen: set[str]

    @property
    def is_whole(self) -> bool:
        """Whether no server of before is left."""
        return not self.before & self.after

    def __str__(self) -> str:
        replaced = f"{len(self.before)} servers {unchanged(not self.is_whole)} in {self.seconds:.0f} s"
        return f"{replaced} by {len(self.seen - self.before)} pods"


def _replace(subject: Subject, apply: str) -> Replacement:
    before, began = _uids(subject), time.monotonic()
    with watched(lambda: _uids(subject)) as seen:
        type_page(subject, apply)
        wait("the servers of the new release", lambda: _is_upgraded(subject), SERVERS_SECONDS)
        seconds = time.monotonic() - began
        time.sleep(LOAD_SECONDS)
    return Replacement(before, _uids(subject), seconds, seen)


def _upgrade(subject: Subject) -> Judge:
    """Base backup, both manifests, base backup, and an update of the stack that changes nothing."""
    deployment = subject.deployment
    [base_backup], [apply, look] = commands("backup", BACKUP), commands("upgrade", MANIFESTS)
    [delete] = commands("upgrade", FORMER_NAMES)
    type_page(subject, base_backup)
    servers = _replace(subject, apply)
    print(type_page(subject, look), flush=True)
    type_page(subject, delete)
    type_page(subject, base_backup)
    pods = served(deployment) | _uids(subject)
    deployment.run("up")
    same = served(deployment) | _uids(subject) == pods

    def judge(ledger: Ledger) -> Observation:
        earlier, later = kept_contents(subject, "before"), keep_contents(subject, "after")
        wrong, unsaved = differences(earlier, later, later=later), longest(ledger.saved)
        told = (
            f"{servers}, no annotation was saved for {unsaved:.1f} s, gap of the page {ledger.gap():.1f} s, "
            f"{ledger.refused} requests failed; base backups before and after; pods {unchanged(same)} by an update; "
            f"{counted(earlier)}; {', '.join(wrong) or 'none missing or changed'}"
        )
        return Observation(told, servers.is_whole and same and not wrong and unsaved <= AWAY_SECONDS)

    return judge


DRILLS: Mapping[str, Drill] = {
    "cnpg-operator-upgrade": Drill(
        f"every server replaced, no more than {AWAY_SECONDS:.0f} s without a saved annotation; contents are the same; "
        "base backups work before and after",
        _upgrade,
        prepare=_prepare,
        stack="cnpg-former",
    ),
}
