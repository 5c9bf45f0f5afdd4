"""Ask once whether the database accepts a connection with Label Studio's settings: 1 and the reason if it does not.

There is no time limit but libpq's (PGCONNECT_TIMEOUT). Whatever else libpq reads by itself (PGSSLMODE, PGSSLROOTCERT)
counts too.
"""

import os
import sys
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
}

try:
    driver.connect(**SETTINGS).close()
except driver.OperationalError as error:
    sys.exit(f"wait for database: {error}".rstrip())
