"""Ctrl-C reaches the CLI once and is waited for; what a killed update leaves is told from what a live one holds."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.engine import Engine, EngineError
from local.foreground import attend
from local.locks import end_orphans, locks, release

ROOT = Path(__file__).resolve().parents[2]
# Cancels as the CLI does: slower than subprocess.run would wait, and at once when told a second time.
CANCELS = """
import signal, sys, time
told = []
signal.signal(signal.SIGINT, lambda *_: told.append(1))
print("ready", flush=True)
while not told:
    time.sleep(0.05)
for _ in range(40):
    if len(told) > 1:
        print("at once"); sys.exit(3)
    time.sleep(0.05)
print("cancelled"); sys.exit(2)
"""


def tell(*after: float) -> None:
    for seconds in after:
        threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()


def run_child(folder: Path) -> tuple[subprocess.CompletedProcess[str], bool]:
    command = [sys.executable, "-c", CANCELS]
    return attend(command, cwd=folder, env=dict(os.environ), capture=True, standard_input="")


def test_one_ctrl_c_lets_the_child_finish_what_it_cancels(tmp_path: Path) -> None:
    tell(1.0)
    process, stopped = run_child(tmp_path)
    assert (process.returncode, process.stdout, stopped) == (2, "ready\ncancelled\n", True)


def test_the_second_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    tell(1.0, 1.5)
    process, stopped = run_child(tmp_path)
    assert (process.returncode, process.stdout, stopped) == (3, "ready\nat once\n", True)


def test_the_childs_end_when_this_process_is_killed(tmp_path: Path) -> None:
    child = f"import os; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()));{CANCELS}"
    program = f"""
import os, sys
from pathlib import Path
from local.foreground import attend
attend([sys.executable, "-c", {child!r}], cwd=Path("."), env=dict(os.environ), capture=False, standard_input="")
"""
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        parent.kill()
        assert parent.stdout.read() == "cancelled\n"


def test_ctrl_c_in_a_terminal_reaches_the_child_of_make_once(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(f"""
import os, sys
from pathlib import Path
from local.foreground import attend
attend([sys.executable, "-c", {CANCELS!r}], cwd=Path("."), env=dict(os.environ), capture=False, standard_input="")
""")
    (tmp_path / "Makefile").write_text(f"up:\n\t@PYTHONPATH={ROOT} {sys.executable} program.py\n")
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(tmp_path)
        os.execvp("make", ["make", "up"])
    printed = b""
    with suppress(OSError):  # what reading from a terminal says when its last process is gone
        while more := os.read(terminal, 1000):
            printed += more
            if b"ready" in more:
                os.write(terminal, b"\x03")
    os.waitpid(process, 0)
    assert b"cancelled" in printed
    assert b"at once" not in printed
    assert b"Traceback" not in printed


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path, "dev", tmp_path / "kubeconfig")


def lock(engine: Engine, process: int, since: datetime, host: str = "") -> Path:
    """A lock as the CLI writes it."""
    file = engine.state / ".pulumi" / "locks" / "organization" / "label-studio" / "dev" / f"{process}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"pid": process, "username": "root", "hostname": host or socket.gethostname()}
    # Go writes nanoseconds.
    timestamp = f"{since.strftime('%Y-%m-%dT%H:%M:%S')}.123456789Z"
    file.write_text(json.dumps({**content, "timestamp": timestamp}))
    return file


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def running() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_the_lock_of_a_process_that_is_gone_is_taken_away(engine: Engine) -> None:
    with subprocess.Popen(["true"]) as ended:
        pass
    file = lock(engine, ended.pid, now())
    release(engine, 0)
    assert not file.exists()


def test_the_number_of_a_process_that_began_later_is_no_holder(
    engine: Engine, running: subprocess.Popen[bytes]
) -> None:
    file = lock(engine, running.pid, now() - timedelta(minutes=10))
    release(engine, 0)
    assert not file.exists()


def test_the_lock_of_a_live_process_is_kept_and_named(engine: Engine, running: subprocess.Popen[bytes]) -> None:
    file = lock(engine, running.pid, now())
    with pytest.raises(EngineError, match=rf"an update of the stack runs, process {running.pid} of root@"):
        release(engine, 0)
    assert file.exists()


def test_an_update_that_is_being_cancelled_is_waited_for(engine: Engine, running: subprocess.Popen[bytes]) -> None:
    file = lock(engine, running.pid, now())
    threading.Timer(1, running.kill).start()
    threading.Timer(1.1, running.wait).start()
    release(engine, 20)
    assert not file.exists()


def test_the_lock_of_another_host_is_kept_and_named(engine: Engine) -> None:
    file = lock(engine, 4_000_000, now(), host="elsewhere")
    with pytest.raises(EngineError, match=r"root@elsewhere \(process 4000000 there\) has locked the stack since"):
        release(engine, 0)
    assert file.exists()


def test_a_lock_that_cannot_be_read_is_named(engine: Engine) -> None:
    file = lock(engine, 1, now())
    file.write_text("{")
    with pytest.raises(EngineError, match=f"the lock {file} cannot be read"):
        locks(engine)


@pytest.fixture
def engine_address() -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


def plugin(backend: str, address: socket.socket) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", "import time; time.sleep(60)", f"127.0.0.1:{address.getsockname()[1]}"]
    return subprocess.Popen(command, env={**os.environ, "PULUMI_BACKEND_URL": backend})


def test_only_plugins_of_this_stack_without_an_engine_are_ended(engine: Engine, engine_address: socket.socket) -> None:
    with plugin(engine.backend, engine_address) as own, plugin("file:///elsewhere", engine_address) as other:
        time.sleep(0.3)
        end_orphans(engine)
        assert own.poll() is None, "its engine still listens"
        engine_address.close()
        end_orphans(engine)
        assert own.wait(5) == -signal.SIGTERM
        assert other.poll() is None
        other.kill()
