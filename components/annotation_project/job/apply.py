"""Make one project what its declaration says: ``apply`` all of it, or only ``sync`` its storages."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .api import LabelStudio
from .backends import Backends
from .errors import RefusedError, run
from .labelling import completed
from .s3 import Key, Place, is_empty, make_folder
from .storages import ROLES, Storages
from .webhooks import Webhooks

START_SECONDS = 300.0
MARK = "Declared as "

Declaration = Mapping[str, Any]


def main(arguments: list[str]) -> int:
    """``apply`` or ``sync source target``; what to apply and with which keys is in the environment."""
    declaration: Declaration = json.loads(Path(os.environ["DECLARATION"]).read_text(encoding="utf-8"))

    def work() -> str:
        api = LabelStudio.of_environment()
        api.wait(START_SECONDS)
        if not api.log_in(os.environ["ACCOUNT_EMAIL"], os.environ["ACCOUNT_PASSWORD"]):
            raise RefusedError("Label Studio does not know the account for declared projects")
        mode, *roles = arguments
        return apply(api, completed(declaration)) if mode == "apply" else sync(api, declaration, roles)

    return run(f"project {declaration['name']}", work)


def apply(api: LabelStudio, declaration: Declaration) -> str:
    """Create or update project and storages, synchronize them, and report; nothing is changed if anything is wrong."""
    places = {role: Place(role, **storage["place"]) for role, storage in declaration["storages"].items()}
    existing = find_project(api, declaration)
    check_label_config(api, declaration["label_config"], existing)
    empty = [place for place in places.values() if (key := Key.of(place.role)) and is_empty(place, key)]
    for place in sorted(empty, key=lambda place: place.role, reverse=True):
        _make_folder(place)
    project = existing or _create(api, declaration)
    storages = Storages(api, project, declaration["name"])
    if existing:
        api.request("PATCH", f"/api/projects/{project}/", json=project_body(declaration))
    try:
        for place in places.values():
            storages.apply(place, Key.of(place.role), declaration["storages"][place.role])
        Webhooks(api, project, declaration["name"]).apply(declaration["webhooks"])
    except RefusedError:
        if not existing:
            api.request("DELETE", f"/api/projects/{project}/")
        raise
    for role in ROLES:
        if role not in places:
            storages.remove(role)
    # Before the sync, after which servers may be asked; one that is away keeps nothing from being applied.
    refusals = Backends(api, project, declaration["name"]).apply(declaration.get("models"))
    report = sync(api, declaration, ROLES)
    if refusals:
        raise RefusedError("; ".join(refusals))
    return report


def sync(api: LabelStudio, declaration: Declaration, roles: Sequence[str]) -> str:
    """Look for new data in the source, write annotations to the target; a line of JSON says where and how much."""
    project = find_project(api, declaration)
    if project is None:
        raise RefusedError("it is not there; run pulumi up")
    storages = Storages(api, project, declaration["name"])
    statuses = {role: status for role in roles if (status := storages.sync(role))}
    tasks = api.request("GET", f"/api/projects/{project}/")["task_number"]
    address = f"{declaration.get('page') or ''}/projects/{project}"
    return json.dumps({"project": project, "address": address, "tasks": tasks, "sync": statuses})


def find_project(api: LabelStudio, declaration: Declaration) -> int | None:
    """The id of the project that was declared under this name or, once, of one made by hand that has its title."""
    name, title = declaration["name"], declaration["title"]
    everything = list(api.projects())
    marked = [project for project in everything if _declared_name(project) == name]
    if len(marked) > 1:
        raise RefusedError(f"several projects say {_mark(name)!r} in their description; remove it from all but one")
    if marked:
        return int(marked[0]["id"])
    titled = [project for project in everything if project["title"] == title]
    if len(titled) > 1:
        raise RefusedError(f"several projects have the title {title!r}; rename all but one")
    if titled and (other := _declared_name(titled[0])):
        raise RefusedError(f"the title {title!r} is that of the project declared as {other}; declare that name again")
    return int(titled[0]["id"]) if titled else None


def check_label_config(api: LabelStudio, label_config: str, project: int | None) -> None:
    """Label Studio's own check, against the annotations where there are any."""
    path = f"/api/projects/{project}/validate/" if project else "/api/projects/validate/"
    try:
        api.request("POST", path, json={"label_config": label_config})
    except RefusedError as error:
        raise RefusedError(f"label configuration: {error}") from None


def project_body(declaration: Declaration) -> dict[str, str]:
    """What Label Studio is told about the project itself."""
    lines = [declaration["description"], _mark(declaration["name"])]
    return {
        "title": declaration["title"],
        "description": "\n".join(line for line in lines if line),
        "label_config": declaration["label_config"],
    }


def _create(api: LabelStudio, declaration: Declaration) -> int:
    return int(api.request("POST", "/api/projects/", json=project_body(declaration))["id"])


def _make_folder(place: Place) -> None:
    # The source's own key cannot write; whoever uploads can. A whole bucket needs no folder.
    key = Key.of("upload" if place.role == "source" else place.role)
    if place.prefix and key:
        make_folder(place, key)


def _mark(name: str) -> str:
    return f"{MARK}{name} in the settings of the stack, which overwrite changes made here."


def _declared_name(project: Mapping[str, Any]) -> str | None:
    last = str(project.get("description") or "").rpartition("\n")[2]
    name = last.removeprefix(MARK).partition(" ")[0]
    return name if last == _mark(name) else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
