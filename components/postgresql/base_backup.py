"""Makes a base backup of a CloudNativePG cluster and waits for it, unless Label Studio has not been there yet.

It runs in a pod of Label Studio's image, whose Python has a driver for PostgreSQL; libpq reads ``PG*`` by itself. The
pod's service account may read the cluster, and make and read Backups. Exit code 42 says that trying again is pointless.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

Object = Mapping[str, Any]
Ask = Callable[..., Any]

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
API = "postgresql.cnpg.io/v1"
POLL_SECONDS = 3.0
REFUSED = 42
# Of the operator's Backup (api/v1/backup_types.go); others are on the way to one of these, or are mended by it.
COMPLETED, FAILED = "completed", "failed"


def main() -> None:
    """Ends with the exit code 0 when there is a backup or nothing to back up, and otherwise with the reason."""
    purpose, seconds = f"before-{os.environ['VERSION']}", float(os.environ["SECONDS_TO_WAIT"])
    try:
        if not has_tables(os.environ["DATABASE"]):
            print("The database is empty: there is nothing to back up.")  # noqa: T201
            return
        made, problem = back_up(
            os.environ["CLUSTER"], purpose, os.environ["PLUGIN"], asker(os.environ["NAMESPACE"]), seconds=seconds
        )
    except Exception as error:
        reason = " ".join(str(error).split())
        sys.exit(f"No base backup can be made: {reason}. The running page was not changed.")
    if problem:
        print(f"{problem}. The running page was not changed.", file=sys.stderr)  # noqa: T201
        sys.exit(REFUSED)
    print(f"The base backup {made} is complete.")  # noqa: T201


def back_up(  # noqa: PLR0913 - the clock is for tests
    cluster: str,
    purpose: str,
    plugin: str,
    ask: Ask,
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[str, str | None]:
    """The name of a new Backup, and what is wrong with it, if it does not complete within so many ``seconds``."""
    began = clock()
    owner = ask("GET", "clusters", cluster)
    name = ask("POST", "backups", body=_backup(owner, purpose, plugin))["metadata"]["name"]
    phase = "not set"
    while clock() - began < seconds:
        try:
            status = ask("GET", "backups", name).get("status") or {}
        except (OSError, HTTPException, ValueError) as error:
            status = {"phase": f"unknown, as the API server does not answer ({error})"}
        phase = status.get("phase", "not set")
        if phase == COMPLETED:
            return name, None
        if phase == FAILED:
            return name, f"The base backup {name} failed: {status.get('error') or 'its status names no error'}"
        sleep(POLL_SECONDS)
    return name, f"The base backup {name} was not complete after {seconds:.0f} seconds; its phase is {phase}"


def _backup(cluster: Object, purpose: str, plugin: str) -> Object:
    """It goes with its cluster; what is in the archive stays as long as the archive's retention says."""
    about = cluster["metadata"]
    owner = {"apiVersion": API, "kind": "Cluster", "name": about["name"], "uid": about["uid"]}
    return {
        "apiVersion": API,
        "kind": "Backup",
        "metadata": {"generateName": f"{about['name']}-{purpose}-", "ownerReferences": [owner]},
        "spec": {"cluster": {"name": about["name"]}, "method": "plugin", "pluginConfiguration": {"name": plugin}},
    }


def has_tables(database: str) -> bool:
    """Whether Label Studio has its tables in the database; libpq reads where that is."""
    try:
        import psycopg as driver  # noqa: PLC0415
    except ImportError:
        # Label Studio before 1.23.
        import psycopg2 as driver  # noqa: PLC0415
    connection: Any = driver.connect(dbname=database)
    try:
        cursor = connection.cursor()
        cursor.execute("SELECT to_regclass('htx_user') IS NOT NULL")
        return bool(cursor.fetchone()[0])
    finally:
        connection.close()


def asker(namespace: str) -> Ask:
    """Asks the API server as the pod's service account."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    server = f"https://{f'[{host}]' if ':' in host else host}:{port}/apis/{API}/namespaces/{namespace}"
    trust = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))

    def ask(method: str, plural: str, name: str = "", body: Object | None = None) -> Any:
        # The kubelet replaces the token long before it expires.
        headers = {"Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}", "Content-Type": "application/json"}
        data = json.dumps(body).encode() if body else None
        url = f"{server}/{plural}{f'/{name}' if name else ''}"
        request = Request(url, data, headers, method=method)  # noqa: S310 - https, as above
        try:
            with urlopen(request, timeout=20, context=trust) as answer:  # noqa: S310
                return json.load(answer)
        except HTTPError as error:
            said = json.loads(error.read() or b"{}").get("message", "")
            raise OSError(f"{method} {plural}: {error.code} {said}") from None

    return ask


if __name__ == "__main__":
    main()
