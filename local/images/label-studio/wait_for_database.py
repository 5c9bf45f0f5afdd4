"""Wait, for ever as the official image does, until the database accepts a connection with Label Studio's settings.

Whatever libpq reads by itself (PGSSLMODE, PGSSLROOTCERT, ...) counts too.
"""

import os
import sys
import time
from importlib import import_module
from importlib.util import find_spec

# Releases from 1.23 on come with the newer driver.
driver = import_module("psycopg" if find_spec("psycopg") else "psycopg2")

SETTINGS = {
    "host": os.environ["POSTGRE_HOST"],
    "port": os.environ.get("POSTGRE_PORT", "5432"),
    "dbname": os.environ.get("POSTGRE_NAME", "root"),
    "user": os.environ.get("POSTGRE_USER"),
    "password": os.environ.get("POSTGRE_PASSWORD"),
    "connect_timeout": 5,
}


def main() -> None:
    """Try every second; the reason is repeated so that the log of a waiting container explains itself."""
    while True:
        try:
            driver.connect(**SETTINGS).close()
        except driver.OperationalError as error:
            print(f"wait for database: {error}".rstrip(), file=sys.stderr, flush=True)
            time.sleep(1)
        else:
            return


if __name__ == "__main__":
    main()
