"""A fingerprint of what people have in a stack, read as they read it, and what differs between two of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import httpx

from drills.load import Target
from tests.e2e.label_studio import Session

PAGE_SIZE = 500
NAMED = 5
OPENS, REFUSED = "opens", "refused"
# By kind, then by identity: a digest of everything that must stay. Both are text, so that it can be kept as JSON.
Contents = Mapping[str, Mapping[str, str]]


def read(target: Target, people: Mapping[str, str]) -> Contents:
    """Projects, tasks, annotations and files of the page, its accounts, and which of ``people`` get in.

    ``people`` has passwords by e-mail address. httpx.HTTPError or AssertionError where the page does not answer.
    """
    with target.session() as session:
        session.http.timeout = httpx.Timeout(120)
        projects = session.request("GET", f"/api/projects/?page_size={PAGE_SIZE}")["results"]
        tasks = [task for project in projects for task in _tasks(session, project["id"])]
        accounts = session.request("GET", "/api/users")
        return {
            "projects": {str(each["id"]): _digest([each["title"], each["label_config"]]) for each in projects},
            "tasks": {str(each["id"]): _digest([each["project"], each["data"]]) for each in tasks},
            "annotations": {
                str(each["id"]): _digest([task["id"], _number(each["completed_by"]), each["result"]])
                for task in tasks
                for each in task["annotations"]
            },
            "files": {number: digest for project in projects for number, digest in _files(session, project["id"])},
            "accounts": {str(each["id"]): _digest(each["email"]) for each in accounts},
            "log-ins": {email: _log_in(target, email, password) for email, password in people.items()},
        }


def differences(expected: Contents, found: Contents, later: Contents | None = None) -> list[str]:
    """A line for each kind and way in which ``found`` is not as ``expected``, with some of the identities.

    What came after ``expected`` was read may be there as well where ``later``, read after that, has the same.
    """
    lines = []
    for kind in [*expected, *(kind for kind in found if kind not in expected)]:
        had, has = expected.get(kind, {}), found.get(kind, {})
        may = {**(later or {}).get(kind, {}), **had}
        ways = {
            "missing": had.keys() - has.keys(),
            "changed": {identity for identity in has.keys() & may.keys() if has[identity] != may[identity]},
            "never there before": has.keys() - may.keys(),
        }
        lines += [f"{kind} {way}: {_named(identities)}" for way, identities in ways.items() if identities]
    return lines


def counted(contents: Contents) -> str:
    """How much there is of each kind, as people say it."""
    return ", ".join(f"{len(items)} {kind}" for kind, items in contents.items())


def _tasks(session: Session, project: int) -> Iterator[dict[str, Any]]:
    page, left = 1, 1
    while left > 0:
        query = f"project={project}&fields=all&page={page}&page_size={PAGE_SIZE}"
        found = session.request("GET", f"/api/tasks?{query}")
        yield from ({**task, "project": project} for task in found["tasks"])
        left, page = int(found["total"]) - page * PAGE_SIZE, page + 1


def _files(session: Session, project: int) -> Iterator[tuple[str, str]]:
    """Numbers and digests of the files that were uploaded into a project; one that cannot be read is a digest less."""
    for each in session.request("GET", f"/api/projects/{project}/file-uploads?all=true"):
        answer = session.http.get(f"/data/{each['file']}", follow_redirects=True)
        content = answer.content if answer.is_success else b""
        yield str(each["id"]), hashlib.sha256(content).hexdigest() if content else f"answered {answer.status_code}"


def _log_in(target: Target, email: str, password: str) -> str:
    with Session(target.url) as session:
        answer = session.log_in(email, password)
        return OPENS if answer.status_code == httpx.codes.FOUND else REFUSED


def _number(person: Any) -> Any:
    """Releases say who it was by a number or by an object."""
    return person["id"] if isinstance(person, dict) else person


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _named(identities: Collection[str]) -> str:
    rest = len(identities) - NAMED
    # Numbers are in their order, and before names.
    ordered = sorted(identities, key=lambda each: (not each.isdigit(), each.zfill(12)))
    return ", ".join(ordered[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
