"""A rotation under load: who still gets in with what, what requests failed meanwhile, which pods started again."""

from __future__ import annotations

import base64
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import httpx
from botocore.config import Config
from botocore.exceptions import ClientError

from cli.cluster import Cluster
from local.paths import CONTEXT
from tests.e2e.deployment import Deployment
from tests.e2e.label_studio import Session
from tests.engine.kubectl import Kubectl

PAUSE = 0.2
COMPONENT = "app.kubernetes.io/component"
NAME = "app.kubernetes.io/name"
OPERATED = "cnpg.io/cluster"
# What a store says of a key that it does not know, and to one that may do nothing in the bucket of the page.
KEY_REFUSED = ("InvalidAccessKeyId", "SignatureDoesNotMatch")
KEY_OF_ELSEWHERE = "AccessDenied"
Values = Mapping[str, str]


@dataclass
class Load:
    """What happened to requests that wrote a task each, one after the other."""

    session: Session
    project: int
    acknowledged: int = 0
    failed: int = 0
    gap: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)

    def write(self, stop: threading.Event) -> None:
        """Write tasks until told to stop; ``gap`` is the longest time without an acknowledged one, in seconds."""
        last = time.monotonic()
        while not stop.wait(PAUSE):
            answer = self._write()
            if answer == str(httpx.codes.CREATED):
                self.acknowledged += 1
                self.gap, last = max(self.gap, time.monotonic() - last), time.monotonic()
            else:
                self.failed += 1
                self.answers[answer] += 1

    def _write(self) -> str:
        headers = {"X-CSRFToken": self.session.http.cookies["csrftoken"], "Referer": self.session.url}
        task = {"data": {"image": "https://example.com/1.png"}}
        try:
            path = f"/api/projects/{self.project}/import"
            return str(self.session.http.post(path, json=[task], headers=headers, timeout=30).status_code)
        except httpx.HTTPError as error:
            return type(error).__name__

    def lost(self) -> int:
        """How many of the acknowledged tasks are not there."""
        found = self.session.request("GET", f"/api/projects/{self.project}/")["task_number"]
        return self.acknowledged - int(found)


@contextmanager
def under_load(session: Session, title: str) -> Iterator[Load]:
    """Tasks are written into a project of their own meanwhile."""
    load = Load(session, session.create_project(title))
    stop = threading.Event()
    thread = threading.Thread(target=load.write, args=[stop])
    thread.start()
    try:
        yield load
    finally:
        time.sleep(2)
        stop.set()
        thread.join()


@contextmanager
def started_pods(deployment: Deployment) -> Iterator[Counter[str]]:
    """How many pods of servers, page and workers started meanwhile, by their component."""

    def pods() -> dict[str, str]:
        found = [each["metadata"] for each in deployment.objects("pods")]
        return {it["uid"]: _component(it["labels"]) for it in found if _is_served(it)}

    before, seen, stop = pods(), {}, threading.Event()

    def watch() -> None:
        while not stop.wait(1):
            seen.update(pods())

    thread = threading.Thread(target=watch)
    thread.start()
    started: Counter[str] = Counter()
    try:
        yield started
    finally:
        stop.set()
        thread.join()
        seen.update(pods())
        started.update(component for uid, component in seen.items() if uid not in before)


def _component(labels: Mapping[str, str]) -> str:
    return next(labels[key] for key in (COMPONENT, NAME, OPERATED) if key in labels)


def _is_served(metadata: Mapping[str, Any]) -> bool:
    owners = [owner["kind"] for owner in metadata.get("ownerReferences", [])]
    return "Job" not in owners


def secret(deployment: Deployment, name: str) -> dict[str, str]:
    """The keys of a Secret as they are now."""
    [found] = deployment.objects("secrets", name=name)
    return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}


@dataclass(frozen=True)
class Doors:
    """Whether a server lets somebody in."""

    deployment: Deployment
    kubectl: Kubectl

    def postgresql(self, values: Values) -> bool:
        """With the values of a Secret that has a user name and a password, at the standalone server."""
        return self._postgresql("label-studio-postgresql-0", "postgresql", values)

    def cnpg(self, values: Values) -> bool:
        """The same at CloudNativePG's primary."""
        [cluster] = self.deployment.objects("clusters", "postgresql.cnpg.io/v1")
        return self._postgresql(cluster["status"]["currentPrimary"], "postgres", values)

    def _postgresql(self, pod: str, container: str, values: Values) -> bool:
        user, password = values["username"], values["password"]
        database = "postgres" if user == "postgres" else "labelstudio"
        query = f"psql -h 127.0.0.1 -U {user} -d {database} -c 'SELECT 1'"
        return self._in_pod(pod, container, f"PGPASSWORD={password} {query}")

    def redis(self, values: Values) -> bool:
        """With the password of its Secret."""
        ping = "valkey-cli --no-auth-warning -h 127.0.0.1 ping"
        return self._in_pod(
            "label-studio-redis-0", "redis", f'test "$(REDISCLI_AUTH={values["password"]} {ping})" = PONG'
        )

    def store(self, values: Values) -> bool:
        """With an S3 key, or the administrator's name and password."""
        key = values.get("access-key") or values["root-user"]
        secret_key = values.get("secret-key") or values["root-password"]
        with Cluster(CONTEXT, self.deployment.namespace).service(
            "label-studio-store", self.deployment.namespace, 9000
        ) as port:
            client = boto3.client(
                "s3",
                endpoint_url=f"http://127.0.0.1:{port}",
                aws_access_key_id=key,
                aws_secret_access_key=secret_key,
                region_name="us-east-1",
                config=Config(s3={"addressing_style": "path"}),
            )
            try:
                client.list_objects_v2(Bucket="label-studio")
            except ClientError as error:
                code: str = error.response["Error"]["Code"]
                assert code in {*KEY_REFUSED, KEY_OF_ELSEWHERE}, error
                return code == KEY_OF_ELSEWHERE
            return True

    def page(self, values: Values) -> bool:
        """With the administrator's password."""
        with Session(str(self.deployment.outputs["url"])) as session:
            answer = session.log_in(self.deployment.outputs["administrator"], values["password"])
            return answer.status_code == httpx.codes.FOUND

    def _in_pod(self, pod: str, container: str, script: str) -> bool:
        # The API server hears of it: these are passwords of a stack that lives for a test.
        told = f"{script} >/dev/null 2>&1 && echo in || echo out"
        return self.kubectl("exec", pod, "-c", container, "--", "sh", "-c", told) == "in"


@dataclass(frozen=True)
class Rotation:
    """One counter of ``rotate``: the Secret with its value, the door that it opens, and the pods that read it.

    It is ``interrupting`` where the only pod of a server starts again, and what needs it fails until it is back; or
    where sessions end.
    """

    counter: str
    secret: str
    door: Callable[[Doors, Values], bool]
    readers: frozenset[str]
    interrupting: bool = False

    def values(self, deployment: Deployment) -> dict[str, str]:
        """What is in use now; CloudNativePG has a Secret for each of the owner's two roles."""
        owner = self.counter == "databaseOwner"
        return secret(deployment, deployment.outputs["postgresql"]["passwordSecret"]["name"] if owner else self.secret)


PAGE, WORKER = "ls-app", "ls-worker"
ROTATIONS = {
    each.counter: each
    for each in (
        Rotation("databaseOwner", "label-studio-postgresql-owner", Doors.postgresql, frozenset({PAGE, WORKER})),
        Rotation(
            "databaseSuperuser", "label-studio-postgresql-superuser", Doors.postgresql, frozenset({"postgresql"}), True
        ),
        Rotation("redis", "label-studio-redis", Doors.redis, frozenset({"redis", PAGE, WORKER})),
        Rotation("objectStoreRoot", "label-studio-store-root", Doors.store, frozenset({"object-store"}), True),
        Rotation("pageKey", "label-studio-store-uploads", Doors.store, frozenset({PAGE, WORKER})),
        Rotation("administrator", "label-studio-administrator", Doors.page, frozenset({PAGE}), True),
    )
}
