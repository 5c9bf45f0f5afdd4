"""A dump of PostgreSQL 15 restored into 17 by the commands of the documentation, without the cluster around them."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from local.images import catalog
from tests.contract.servers import run_inside
from tests.pages import blocks

POD = "label-studio-postgresql-0 -- "
# What Label Studio's tables have: keys, sequences, JSON, extensions and their indexes, an owner who is no superuser.
TABLES = """
CREATE EXTENSION pg_trgm;
CREATE EXTENSION btree_gin;
SET ROLE labelstudio;
CREATE TABLE task (id serial PRIMARY KEY, data jsonb NOT NULL, overlap real);
CREATE TABLE task_completion (id serial PRIMARY KEY, task_id integer REFERENCES task DEFERRABLE, result jsonb);
CREATE INDEX task_data ON task USING gin ((data::text) gin_trgm_ops);
CREATE INDEX task_overlap ON task USING gin (id, overlap);
INSERT INTO task (data, overlap)
  SELECT jsonb_build_object('text', 'ä cat ' || n), n / 3.0 FROM generate_series(1, 5000) AS n;
INSERT INTO task_completion (task_id, result) SELECT n, jsonb_build_array(n) FROM generate_series(1, 5000) AS n;
DELETE FROM task_completion WHERE id % 7 = 0;
"""
CONTENTS = """
SELECT count(*), md5(string_agg(t::text, ',' ORDER BY id)) FROM task AS t;
SELECT count(*), md5(string_agg(t::text, ',' ORDER BY id)) FROM task_completion AS t;
SELECT last_value FROM task_completion_id_seq;
SELECT string_agg(tablename || ' ' || tableowner, ',' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'public';
SELECT string_agg(indexname, ',' ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'public';
SELECT string_agg(extname, ',' ORDER BY extname) FROM pg_extension;
SELECT count(*) FROM task WHERE data::text LIKE '%cat 499%';
"""
RUN = """
chown -R postgres:postgres .
mkdir /etc/postgresql-superuser
echo none > /etc/postgresql-superuser/password
cat > inner.sh <<'END'
export PGHOST=/contract PGUSER=postgres
initdb -D data -U postgres --no-sync --encoding UTF8 --data-checksums > /dev/null
pg_ctl -D data -w -o "-k /contract -c listen_addresses= -F" -l server.log start > /dev/null
psql -X -q -c 'CREATE ROLE labelstudio'
createdb --owner labelstudio labelstudio
sh -eu commands.sh
psql -X -A -t -d labelstudio -f contents.sql > contents
psql -X -A -t -c 'SHOW server_version_num' > version
pg_ctl -D data -m fast -w stop > /dev/null
END
setpriv --reuid postgres --regid postgres --clear-groups env PATH=/usr/lib/postgresql/VERSION/bin:$PATH sh -eu inner.sh
"""


def in_pod(command: str) -> str:
    """The part of a documented command that runs in the server's pod; files are those of the person who types it."""
    assert POD in command
    return command.partition(POD)[2]


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    dump, restore, _ = (block.text for block in blocks("console", page="backup") if not block.needs)
    _, delete = (block.text for block in blocks("console", page="upgrade") if "major version" in (block.needs or ""))
    check = in_pod(delete.partition("\nkubectl --namespace label-studio delete")[0])
    tables = "psql -X -q -v ON_ERROR_STOP=1 -d labelstudio -f tables.sql\n"
    files = {"tables.sql": TABLES, "contents.sql": CONTENTS, "commands.sh": f"{tables}{in_pod(dump)}\n{check}\n"}
    fifteen = run_inside(catalog.POSTGRESQL_15, tmp_path_factory.mktemp("fifteen"), files, RUN.replace("VERSION", "15"))
    dumped = base64.b64encode((fifteen / "labelstudio.dump").read_bytes()).decode()
    commands = f"base64 --decode dumped > labelstudio.dump\n{in_pod(restore)}\n"
    files = {"dumped": dumped, "contents.sql": CONTENTS, "commands.sh": commands}
    seventeen = run_inside(
        catalog.POSTGRESQL, tmp_path_factory.mktemp("seventeen"), files, RUN.replace("VERSION", "17")
    )
    return {15: fifteen, 17: seventeen}


def test_each_server_is_of_its_version(versions: dict[int, Path]) -> None:
    assert {major: (place / "version").read_text()[:2] for major, place in versions.items()} == {15: "15", 17: "17"}


def test_the_newer_server_has_what_the_older_one_had(versions: dict[int, Path]) -> None:
    before, after = ((versions[major] / "contents").read_text().splitlines() for major in (15, 17))
    assert before == after
    assert before[0].startswith("5000|") and before[1].startswith("4286|")
    assert before[3] == "task labelstudio,task_completion labelstudio"
