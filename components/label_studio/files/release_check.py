"""Tells, before a release, whether this image can take the page over. It changes nothing.

It reads the settings, imports every application, connects to the database, and compares the migrations of both. Exit
code 42 says that trying again is pointless. An empty database, that of a first deployment, is not looked at further: no
page runs that a failure could end.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Collection, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

REFUSED = 42
UNREACHABLE = 1
# What to write into the stack file before migrations are let through; none where a backup is made before them.
ADVICE = "UPGRADE_BACKUP_ADVICE"
# What the kubelet passes on as the reason of a failure, in place of the end of the log.
TERMINATION_MESSAGE = Path("/dev/termination-log")
NAMED = 5
Migration = tuple[str, str]


def newer_than(known: Collection[Migration], applied: Sequence[Migration], planned: Collection[Migration]) -> list[str]:
    """Migrations of the database that were ``applied``, in this order, after all that the image knows of the same app.

    Earlier ones that it does not know were merged into others since. An application that the image does not have counts
    unless the image has ``planned`` migrations of its own: then it is the newer one, and has given the application up.
    """
    order = {migration: position for position, migration in enumerate(applied)}
    last: dict[str, int] = {app: -1 for app, _ in known}
    for app, name in set(applied) & set(known):
        last[app] = max(order[app, name], last[app])
    unknown = [migration for migration in applied if migration not in known]
    newer = [it for it in unknown if (order[it] > last[it[0]] if it[0] in last else not planned)]
    return sorted(f"{app}.{name}" for app, name in newer)


def named(migrations: Sequence[str]) -> str:
    """The first of them, and how many there are."""
    rest = len(migrations) - NAMED
    return ", ".join(migrations[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def is_first_deployment() -> bool:
    """Whether the database has no migrations at all, asked without Django, whose start takes seconds."""
    if "POSTGRE_HOST" not in os.environ:
        return False
    try:
        import psycopg as driver  # noqa: PLC0415
    except ImportError:
        # Label Studio before 1.23.
        import psycopg2 as driver  # noqa: PLC0415
    names = {"host": "HOST", "port": "PORT", "dbname": "NAME", "user": "USER", "password": "PASSWORD"}
    connection: Any = driver.connect(**{key: os.environ.get(f"POSTGRE_{name}") for key, name in names.items()})
    try:
        cursor = connection.cursor()
        cursor.execute("SELECT to_regclass('django_migrations') IS NULL")
        return bool(cursor.fetchone()[0])
    finally:
        connection.close()


def compare() -> None:
    """Raise what keeps the image from running; Refusal where its migrations are older than those of the database."""
    import django  # noqa: PLC0415

    django.setup()
    from django.db import connection  # noqa: PLC0415
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    executor = MigrationExecutor(connection)
    loader = executor.loader
    loader.check_consistent_history(connection)
    planned = [(each.app_label, each.name) for each, _ in executor.migration_plan(loader.graph.leaf_nodes())]
    files = loader.disk_migrations
    # Django records what a migration replaces as well, whose files are gone.
    known = set(files).union(*(migration.replaces for migration in files.values()))
    if newer := newer_than(known, recorded(executor.recorder), planned):
        raise RefusedError(
            f"Label Studio {version()} is older than this database, which has the migrations {named(newer)} of a newer "
            "one; migrations do not run backwards. Take an image that is at least as new, or restore a dump of before "
            "the upgrade first, as docs/backup.md says under Dumps."
        )
    if planned and is_used(connection) and (advice := os.environ.get(ADVICE)):
        migrations = named([".".join(each) for each in planned])
        raise RefusedError(
            f"Label Studio {version()} would migrate the database ({migrations}), which does not run backwards, and "
            f"this stack makes no backup of it; {advice}"
        )
    sys.stdout.write(f"Label Studio {version()} starts; {len(planned)} migrations to apply")
    sys.stdout.write(f": {named(['.'.join(each) for each in planned])}.\n" if planned else ".\n")


def is_used(connection: Any) -> bool:
    """Whether anybody has an account; nobody has one in what a first deployment left that ended too early."""
    table = "htx_user"
    if table not in connection.introspection.table_names():
        return False
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name written here
        return bool(cursor.fetchone()[0])


def recorded(recorder: Any) -> list[Migration]:
    """The migrations of the database in the order in which they were applied."""
    return list(recorder.migration_qs.order_by("id").values_list("app", "name")) if recorder.has_table() else []


class RefusedError(Exception):
    """The image must not have this database."""


def version() -> str:
    """The release of Label Studio in this image."""
    return metadata.version("label-studio")


def main() -> int:
    """Compare; the reason of a failure is one line."""
    try:
        if is_first_deployment():
            sys.stdout.write("The database is empty: there is no page to look after.\n")
            return 0
    except Exception as error:
        return failed(f"Label Studio cannot open its database: {error}", UNREACHABLE)
    try:
        compare()
    except RefusedError as error:
        return failed(str(error), REFUSED)
    except Exception as error:
        traceback.print_exc()
        reason = f"{type(error).__name__}: {error}"
        return failed(f"Label Studio {version()} does not start with these settings: {reason}", REFUSED)
    return 0


def failed(reason: str, code: int) -> int:
    """Say why in one line."""
    line = f"{' '.join(reason.split()).rstrip('.')}. The running page was not changed.\n"
    sys.stderr.write(line)
    if TERMINATION_MESSAGE.exists():
        TERMINATION_MESSAGE.write_text(line)
    return code


if __name__ == "__main__":
    sys.exit(main())
