"""Names that projects cannot have, since another part of the stack has objects of that name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

# Network policies and ConfigMaps of the stack, which are called label-studio-<one of these>.
PARTS = {
    "default-deny",
    "dns",
    "page",
    "postgresql",
    "postgresql-backup",
    "postgresql-config",
    "postgresql-dump",
    "postgresql-dumps",
    "postgresql-rollout",
    "postgresql-setup",
    "projects",
    "projects-jobs",
    "projects-scripts",
    "redis",
    "redis-config",
    "redis-rollout",
    "release-check",
    "settings",
    "store",
    "store-retirement",
    "store-rollout",
    "store-setup",
    "store-uploads-check",
    "store-uploads-setup",
    "worker",
}
FORMATS = ("coco", "yolo", "voc", "csv", "json", "json-min", "conll2003")
EXPORTS = [f"{{}}-export-{name}{data}" for name in FORMATS for data in ("", "-with-data")]
OF_A_PROJECT = ("{}-sync", "{}-storages", "{}-webhooks", *EXPORTS)
KEYS = ("upload", "source", "target", "export", "archives")
OF_ITS_KEYS = ("store-{}-setup", *(f"store-{{}}-{key}-check" for key in KEYS))


def taken_names(names: Sequence[str], others: Mapping[str, int] | None = None) -> Iterator[tuple[int, str]]:
    """The position of each project that shares names of objects with another part, and a message for it.

    ``others`` are the positions of projects by names of further objects of theirs.
    """
    taken = {
        form.format(name): f"of projects[{index}]"
        for index, name in enumerate(names)
        for form in (*OF_A_PROJECT, *OF_ITS_KEYS)
    }
    taken |= {name: f"of projects[{index}]" for name, index in (others or {}).items()}
    taken |= dict.fromkeys(PARTS, "of the stack")
    for index, name in enumerate(names):
        if name in taken:
            yield index, f"is the name of another part {taken[name]}; write another one, such as labels"
