"""The dump before an upgrade, by the real programs against a real server: what is in it, what stays, what fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.postgresql.dump import SCRIPT
from components.postgresql.setup import REFUSAL
from local.images import catalog
from tests.contract.servers import run_inside

VERSION = 17
AS_POSTGRES = "setpriv --reuid postgres --regid postgres --clear-groups env PATH=/usr/lib/postgresql/17/bin:$PATH"
# Noise does not compress: it fills the small volume.
TABLES = """
CREATE EXTENSION pg_trgm;
CREATE TABLE htx_user (id integer PRIMARY KEY, noise text);
INSERT INTO htx_user SELECT n, md5(n::text) || md5((n + 1)::text) FROM generate_series(1, 20000) AS n;
"""
RUN = f"""
chown -R postgres:postgres .
mkdir --mode 0700 /dumps
chown postgres:postgres /dumps
cat > inner.sh <<'END'
export PGHOST=/contract PGUSER=postgres DATABASE=labelstudio KEEP=2
initdb -D data -U postgres --no-sync --encoding UTF8 --locale C > /dev/null
pg_ctl -D data -w -o "-k /contract -c listen_addresses= -F" -l server.log start > /dev/null
createdb labelstudio
dump() {{
  code=0
  VERSION=$1 sh dump.sh > "$1.out" 2>&1 || code=$?
  echo "$code" > "$1.code"
  ls -t /dumps > "$1.files"
}}
dump empty
psql -X -q -v ON_ERROR_STOP=1 -d labelstudio -f tables.sql
for version in 1.20.0 1.21.0 1.22.0; do dump "$version"; done
stat --format %a /dumps/before-1.22.0-*.dump > mode
createdb --template template0 --encoding UTF8 restored
pg_restore --exit-on-error --dbname restored /dumps/before-1.22.0-*.dump
psql -X -A -t -d restored -c 'SELECT count(*), sum(id) FROM htx_user' > restored
touch small-now
while [ ! -e small ]; do sleep 0.1; done
dump full
PGHOST=/nowhere dump away
pg_ctl -D data -m fast -w stop > /dev/null
END
{AS_POSTGRES} sh -eu inner.sh &
while [ ! -e small-now ] && kill -0 $!; do sleep 0.1; done
mount -t tmpfs -o size=128k,uid=$(id -u postgres),mode=0700 tmpfs /dumps
touch small
wait $!
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {"dump.sh": SCRIPT, "tables.sql": TABLES}
    return run_inside(catalog.POSTGRESQL, tmp_path_factory.mktemp("postgresql"), files, RUN)


def read(done: Path, name: str) -> str:
    return (done / name).read_text().strip()


def files(done: Path, version: str) -> list[str]:
    """The dumps after that of a version, the newest first, without their time."""
    return [name.rpartition("-")[0] for name in read(done, f"{version}.files").splitlines()]


def test_an_empty_database_is_not_dumped(done: Path) -> None:
    assert read(done, "empty.code") == "0" and files(done, "empty") == []
    assert read(done, "empty.out") == "Database labelstudio is empty: there is nothing to dump."


def test_the_newest_dumps_stay(done: Path) -> None:
    assert files(done, "1.20.0") == ["before-1.20.0"]
    assert files(done, "1.22.0") == ["before-1.22.0", "before-1.21.0"]
    assert read(done, "1.22.0.code") == "0"
    assert read(done, "1.22.0.out").startswith("Database labelstudio is in before-1.22.0-2")
    assert read(done, "mode") == "600"


def test_a_dump_restores_as_it_is_documented(done: Path) -> None:
    assert read(done, "restored") == "20000|200010000"


def test_a_volume_that_is_full_is_the_reason(done: Path) -> None:
    assert read(done, "full.code") == str(REFUSAL)
    said = read(done, "full.out")
    assert said.startswith("The dump of database labelstudio failed: ") and "No space left on device" in said
    assert said.endswith("The running page was not changed.") and "\n" not in said
    # What there is of it takes no room.
    assert files(done, "full") == []


def test_a_server_that_does_not_answer_is_asked_again(done: Path) -> None:
    assert read(done, "away.code") not in ("0", str(REFUSAL))
    assert "/nowhere" in read(done, "away.out")
