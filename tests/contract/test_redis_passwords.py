"""The former and the newest password at a real Valkey, by the scripts of its pod and of the job that retires one."""

from __future__ import annotations

import pytest

from components.redis.standalone import ACCESS_SCRIPT, RETIRE_SCRIPT
from local.images import catalog
from tests.contract.servers import run_inside

SOCKET = "/contract/socket"
FILES = {
    "access.sh": ACCESS_SCRIPT.replace("/data/", "/contract/"),
    "retire.sh": RETIRE_SCRIPT.replace('-h "$HOST" -p "$PORT"', f"-s {SOCKET}"),
    "password": "first-password",
}
SCRIPT = f"""
export ACCESS=/contract HOST=h PORT=1 TLS_OPTIONS=
start() {{
    sh access.sh
    valkey-server --port 0 --save '' --unixsocket {SOCKET} --aclfile /contract/users.acl > log 2>&1 &
    for _ in $(seq 50); do [ -S {SOCKET} ] && break || sleep 0.1; done
}}
stop() {{ kill $!; wait; }}
try() {{
    for password in first second third; do
        answer=$(REDISCLI_AUTH=$password-password valkey-cli -s {SOCKET} --no-auth-warning ping 2>&1 || true)
        if [ "$answer" = PONG ]; then printf '%s ' $password; fi
    done >> "$1"
}}
retire() {{ REDISCLI_AUTH=$1-password sh retire.sh; }}

start; try begun; stop
mv password former-password; printf %s second-password > password
start; try rotated
retire second; try retired; stop
start; try restarted; stop
mv password former-password; printf %s third-password > password
start; try again; stop
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Which passwords opened the server at each moment."""
    folder = run_inside(catalog.VALKEY, tmp_path_factory.mktemp("valkey"), FILES, SCRIPT)
    assert "password" not in (folder / "users.acl").read_text()
    return {name: (folder / name).read_text().strip() for name in ("begun", "rotated", "retired", "restarted", "again")}


def test_both_passwords_are_good_until_the_former_one_retires(answers: dict[str, str]) -> None:
    assert answers == {
        "begun": "first",
        "rotated": "first second",
        "retired": "second",
        # The server wrote down that the former one retired.
        "restarted": "second",
        "again": "second third",
    }
