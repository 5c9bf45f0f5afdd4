"""Releases that cannot work, an upgrade, a downgrade, and the way back; another major version of PostgreSQL."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from components.settings.images import LABEL_STUDIO, NEWEST, OLDEST
from drills.contents import Contents, counted, differences, read
from drills.drill import Drill, Judge, Observation, Subject
from drills.load import Ledger, Target, load
from drills.pods import NONE_SECONDS
from local.cluster.api import wait
from local.cluster.images import load as import_images
from local.engine import merge
from local.images import build
from local.images.catalog import REFERENCES
from tests.e2e.label_studio import sign_up
from tests.e2e.targets import pods_of, served
from tests.e2e.typed import environment, type_commands
from tests.pages import blocks

PAGE, IMAGES, POSTGRESQL = "label-studio:labelStudio", "label-studio:images", "label-studio:postgresql"
SECOND_PERSON = "second@example.com"
# Seconds until an annotation of the new release is in the bucket, and of load where a drill makes its own; characters
# that are told before a reason and after it.
TARGET_SECONDS, LOAD_SECONDS = 180.0, 20.0
TOLD_CHARACTERS = 60
# The shortest time that a registry is asked for an image.
PULL = {"releaseTimeout": 60, "startupTimeout": 30}
Settings = Mapping[str, Any]


def _image(reference: str) -> Settings:
    return {IMAGES: {"labelStudio": reference}}


def _unreadable(subject: Subject) -> Settings:
    """A variable with which Label Studio does not start; as it is in a Secret, only Label Studio can see that."""
    subject.deployment.engine.set_secret("wrong", "age", "a fortnight")
    return {PAGE: {"extraEnvironmentSecrets": {"MAX_SESSION_AGE": {"secretName": "wrong", "secretKey": "age"}}}}


def _by_digest(_: Subject) -> Settings:
    """The older release by its digest alone, which tells no version."""
    oldest = build.image("label_studio_oldest")
    reference = f"{LABEL_STUDIO}@{oldest.digest}"
    import_images([replace(oldest, references=[reference])])
    return _image(reference)


def _refused(change: Callable[[Subject], Settings], *reasons: str) -> Callable[[Subject], Judge]:
    """An update with this change ends with the ``reasons``, and nobody notices; so does its correction."""

    def hurt(subject: Subject) -> Judge:
        deployment = subject.deployment
        before, pods = deployment.engine.settings, served(deployment)
        deployment.change(merge(before, change(subject)))
        began = time.monotonic()
        try:
            printed = deployment.refused("up")
        finally:
            deployment.change(before)
        seconds = time.monotonic() - began
        kept = served(deployment) == pods
        deployment.run("up")
        corrected = served(deployment) == pods

        def judge(ledger: Ledger) -> Observation:
            missing = [reason for reason in reasons if reason not in printed]
            told = (
                f"refused after {seconds:.0f} s: {_line_with(printed, reasons[0])}; pods {unchanged(kept)}, and "
                f"{unchanged(corrected)} by the correction; {ledger.refused} requests failed"
            )
            told += "".join(f"; {reason!r} is not told" for reason in missing)
            return Observation(told, kept and corrected and ledger.refused == 0 and not missing)

        return judge

    return hurt


def unchanged(same: bool) -> str:
    """What is said of pods that are the same as before, or are not."""
    return "unchanged" if same else "replaced"


def _line_with(printed: str, reason: str) -> str:
    """The reason as it was printed, with what stands around it."""
    before, found, after = " ".join(printed.split()).partition(reason)
    return f"…{before[-TOLD_CHARACTERS:]}{found}{after[:TOLD_CHARACTERS]}…" if found else "without the reason"


def prepare_contents(subject: Subject) -> None:
    """Another person, and some annotations and files; what there is now is kept beside the stack."""
    people = {str(subject.target.email): subject.target.password(), SECOND_PERSON: secrets.token_urlsafe(12)}
    with subject.target.session() as session:
        token = session.request("GET", "/api/invite")["token"]
    answer = sign_up(subject.target.url, token, SECOND_PERSON, people[SECOND_PERSON])
    assert answer.status_code == httpx.codes.FOUND, f"{SECOND_PERSON} has no account: {answer.status_code}"
    with load(subject.target):
        time.sleep(LOAD_SECONDS)
    _file(subject, "people").write_text(json.dumps(people))
    keep_contents(subject, "before")


def _file(subject: Subject, name: str) -> Path:
    """In the folder of the stack's state, which nobody else may read and which goes with it."""
    return subject.deployment.engine.home / f"{name}.json"


def _read(subject: Subject) -> Contents:
    return read(subject.target, json.loads(_file(subject, "people").read_text()))


def keep_contents(subject: Subject, name: str) -> Contents:
    """What there is now, kept beside the stack under a name."""
    contents = _read(subject)
    _file(subject, name).write_text(json.dumps(contents))
    return contents


def kept_contents(subject: Subject, name: str) -> Contents:
    """What there was when it was kept under a name."""
    contents: Contents = json.loads(_file(subject, name).read_text())
    return contents


def _version(target: Target) -> str:
    with target.session() as session:
        return session.version()


def _upgrade(subject: Subject) -> Judge:
    """To the newest release; afterwards queue, export, in-cluster S3 and log-ins are tried."""
    deployment = subject.deployment
    deployment.change(merge(deployment.engine.settings, _image(REFERENCES["label_studio"])))
    began = time.monotonic()
    deployment.run("up")
    seconds = time.monotonic() - began
    # The load goes on with the new release.
    time.sleep(LOAD_SECONDS)

    def judge(ledger: Ledger) -> Observation:
        before, after = kept_contents(subject, "before"), keep_contents(subject, "after")
        wrong = [*differences(before, after, later=after), *_broken(subject, ledger)]
        told = (
            f"{OLDEST} -> {_version(subject.target)} in {seconds:.0f} s, {ledger.gap():.1f} s without the page, "
            f"{ledger.refused} requests failed; {', '.join(wrong) or 'queue, export, S3 and log-ins work'}"
        )
        return Observation(told, not wrong and ledger.gap() <= NONE_SECONDS and _version(subject.target) == NEWEST)

    return judge


def _broken(subject: Subject, ledger: Ledger) -> list[str]:
    """What does not work after an upgrade."""
    newest = max(ledger.annotations, default=0)
    with subject.target.session() as session:
        project = subject.target.project(session)
        queued = session.export_snapshot(project)["status"]
        exported = session.request("GET", f"/api/projects/{project}/export?exportType=JSON")
    until = time.monotonic() + TARGET_SECONDS
    while not (in_bucket := newest in subject.exported()) and time.monotonic() < until:
        time.sleep(5)
    checks = {
        "the queue makes no export": queued == "completed",
        "the export lacks annotations": {newest} <= {each["id"] for task in exported for each in task["annotations"]},
        f"annotation {newest} is not in the bucket": in_bucket,
    }
    return [what for what, is_well in checks.items() if not is_well]


def _upgrade_first(subject: Subject) -> None:
    if _version(subject.target) != NEWEST:
        prepare_contents(subject)
        with load(subject.target) as ledger:
            judge = _upgrade(subject)
        judge(ledger)


def type_page(subject: Subject, text: str) -> str:
    """What a page tells people to type, where the dumps of this stack are kept."""
    deployment = subject.deployment
    return type_commands(text, deployment.engine.home, environment(deployment.engine), deployment.namespace)


def commands(page: str, needs: str | None = None) -> list[str]:
    """The blocks of a page that need just this."""
    return [block.text for block in blocks("console", page=page) if block.needs == needs]


def _restore_dump(subject: Subject) -> Judge:
    """The dump that the upgrade made is brought back with the release that it is of, as docs/backup.md says."""
    deployment = subject.deployment
    open_dumps, copy_dump = commands("backup", "a stack that was upgraded")
    _, restore, _ = commands("backup")
    [*_, dump] = sorted(re.findall(r"before-\S+\.dump", type_page(subject, open_dumps)))
    type_page(subject, re.sub(r"before-\S+\.dump", dump, copy_dump))
    began = time.monotonic()
    type_page(subject, restore)
    deployment.change(merge(deployment.engine.settings, _image(REFERENCES["label_studio_oldest"])))
    deployment.run("up")
    subject.page.await_ready()
    seconds = time.monotonic() - began
    found = _read(subject)
    wrong = differences(kept_contents(subject, "before"), found, later=kept_contents(subject, "after"))
    version = _version(subject.target)
    told = f"{version} after {seconds:.0f} s; {counted(found)}; {', '.join(wrong) or 'none missing, changed or other'}"
    return lambda _: Observation(told, not wrong and version == OLDEST)


def _another_major(subject: Subject) -> Judge:
    """Dump, new volume with the other version, restore, as docs/upgrade.md says."""
    deployment = subject.deployment
    before = kept_contents(subject, "before")
    stop, delete = commands("upgrade", "a standalone server of another major version")
    dump, restore, start = commands("backup")
    older = deployment.engine.settings
    newer = {**older, IMAGES: {}, POSTGRESQL: {}}
    server = {pod["metadata"]["uid"] for pod in pods_of(deployment, "postgresql")}
    deployment.change(newer)
    refused = "a server of version 17 does not start on" in deployment.refused("up")
    kept = {pod["metadata"]["uid"] for pod in pods_of(deployment, "postgresql")} == server
    began = time.monotonic()
    for text in (stop, dump, delete):
        type_page(subject, text)
    deployment.run("up", "--refresh")
    for text in (restore, start):
        type_page(subject, text)
    wait("the page", lambda: _version(subject.target) == NEWEST, TARGET_SECONDS)
    seconds = time.monotonic() - began
    found = _read(subject)
    wrong = differences(before, found)
    told = (
        f"without a new volume {'refused' if refused else 'not refused'}, the server {unchanged(kept)}; then moved in "
        f"{seconds:.0f} s; {counted(found)}; {', '.join(wrong) or 'none missing, changed or other'}"
    )
    return lambda _: Observation(told, refused and kept and not wrong)


_UNTOUCHED = "refused with the reason, the page's pods stay, no request fails"
DRILLS: Mapping[str, Drill] = {
    "release-unpullable": Drill(
        _UNTOUCHED,
        # Until then the registry may still get the image.
        _refused(
            lambda _: {**_image(f"{LABEL_STUDIO}:9.9.9"), PAGE: PULL},
            f"{LABEL_STUDIO}:9.9.9",
        ),
        stack="oldest",
    ),
    "release-not-starting": Drill(
        _UNTOUCHED,
        _refused(
            _unreadable,
            f"Label Studio {OLDEST} does not start with these settings: ValueError: ",
            "The running page was not changed",
        ),
        stack="oldest",
    ),
    "release-upgrade": Drill(
        f"nothing lost, no gap of the page above {NONE_SECONDS:.0f} s; queue, export, S3 and log-ins work",
        _upgrade,
        prepare=prepare_contents,
        stack="oldest",
    ),
    "release-downgrade": Drill(
        f"{_UNTOUCHED}; it names the restore",
        _refused(
            lambda _: _image(REFERENCES["label_studio_oldest"]),
            f"Label Studio {OLDEST} is older than this database",
            "docs/backup.md",
        ),
        prepare=_upgrade_first,
        stack="oldest",
    ),
    "release-downgrade-by-digest": Drill(
        f"{_UNTOUCHED}; it names the restore",
        _refused(_by_digest, f"Label Studio {OLDEST} is older than this database", "docs/backup.md"),
        prepare=_upgrade_first,
        stack="oldest",
    ),
    "release-dump-restored": Drill(
        "projects, tasks, annotations, files and log-ins are there as before the upgrade",
        _restore_dump,
        prepare=_upgrade_first,
        stack="oldest",
        alone=True,
    ),
    "postgresql-major": Drill(
        "15 -> 17: refused without a new volume; then contents are the same",
        _another_major,
        prepare=prepare_contents,
        stack="postgresql-15",
        alone=True,
    ),
}
