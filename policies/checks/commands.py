"""What a container of Label Studio does, by its command: closed forms, and everything else is opaque.

The forms are those of the official image's entrypoint (deploy/docker-entrypoint.sh of Label Studio 1.23.2): ``nginx``,
``label-studio-uwsgi``, ``label-studio-migrate``, and any other command as it is; without one it serves the page.
"""

from __future__ import annotations

import enum
import re
import shlex
from collections.abc import Sequence


class Task(enum.Enum):
    """What the processes of a container are there for."""

    PAGE = "page"
    WORKER = "worker"
    PROXY = "proxy"
    OTHER = "other"
    OPAQUE = "opaque"


ENTRYPOINT = re.compile(r"(\./|/label-studio/)?(deploy/)?docker-entrypoint\.sh")
SHELL = re.compile(r"(.*/)?(ba|da|a|z|k)?sh")
PYTHON = re.compile(r"(.*/)?python(3(\.\d+)?)?")
MANAGE = re.compile(r"(.*/)?manage\.py")
LABEL_STUDIO = re.compile(r"(.*/)?label-studio")
# Launchers that hand their arguments on as they are, with the environment as it is.
LAUNCHERS = {"tini", "dumb-init", "exec", "/sbin/tini", "/usr/bin/tini", "/usr/bin/dumb-init"}
# Texts of the program that start what follows as it is: the worker's makes one file of certificate authorities before,
# those of the page's containers hand on that they are to end.
PRELUDES = {
    'cat "$(python3 -m certifi)" "$OBJECT_STORE_CA" > "$REQUESTS_CA_BUNDLE" && exec "$0" "$@"',
    """trap 'while grep -qs ":1F95 [0-9A-F:]* 01 " /proc/net/tcp /proc/net/tcp6; do sleep 1; done; """
    """kill $! 2>/dev/null; wait $!; exit $?' TERM; "$0" "$@" & wait $!""",
    """trap 'while kill -QUIT $! 2>/dev/null; do sleep 1; done; wait $!; exit $?' TERM; "$0" "$@" & wait $!""",
}
# What set-up Jobs do with a script, their fourth word: they run it until it succeeds.
RETRY = """\
for pause in 1 2 4 8 15 30 60; do
  code=0; sh -c "$1" || code=$?
  [ "$code" != 0 ] || exit 0
  [ "$code" != "$2" ] || exit "$code"
  echo "Trying again in $pause seconds." >&2
  sleep "$pause"
done
exec sh -c "$1"
"""
# A program of the settings directory, which finds the modules of Label Studio where its own programs do.
MOUNTED = re.compile(r"/etc/label-studio/settings/[a-z_]+\.py")
WITH_CODE = re.compile(rf'PYTHONPATH="\$PYTHONPATH:/label-studio/label_studio" exec (python3 {MOUNTED.pattern})')
METACHARACTERS = re.compile(r"[$`;&|<>(){}\n*?~#\\!]")
ASSIGNMENT = re.compile(r"\w+=")
SERVERS = re.compile(r"label.?studio|uwsgi|manage\.py|runserver|gunicorn|daphne|hypercorn|uvicorn|wsgi|django", re.I)
FORMS: dict[tuple[str, ...], Task] = {
    (): Task.PAGE,
    ("label-studio-uwsgi",): Task.PAGE,
    ("uwsgi", "--ini", "/label-studio/deploy/uwsgi.ini"): Task.PAGE,
    ("nginx",): Task.PROXY,
    ("label-studio-migrate",): Task.OTHER,
}
PAGE_OPTIONS = {"-b", "--no-browser", "-p", "--port", "--internal-host", "--log-level", "--data-dir", "--init"}
DJANGO_TASKS = {
    "rqworker": Task.WORKER,
    "rqscheduler": Task.WORKER,
    "runserver": Task.PAGE,
    **dict.fromkeys(
        ("migrate", "locked_migrate", "showmigrations", "check", "collectstatic", "clearsessions", "rqstats"),
        Task.OTHER,
    ),
}
LABEL_STUDIO_TASKS = {"version", "init", "export", "user", "reset_password", "calculate_stats_all_orgs"}


def task_of(command: Sequence[str], args: Sequence[str], *, ends: bool) -> Task:
    """What a container of Label Studio's image does; ``ends`` for one of a job, or that runs before the others."""
    program = _program([*command, *args])
    if program is None:
        return _unless_it_ends(" ".join([*command, *args]), ends)
    if tuple(program) in FORMS:
        return FORMS[tuple(program)]
    if LABEL_STUDIO.fullmatch(program[0]):
        return _of_command_line(program[1:])
    if PYTHON.fullmatch(program[0]) or MANAGE.fullmatch(program[0]):
        return _of_python(program[0 if MANAGE.fullmatch(program[0]) else 1 :], ends)
    return _unless_it_ends(" ".join(program), ends)


def _unless_it_ends(text: str, ends: bool) -> Task:
    """A job may do anything that does not look like a server; what stays has to be of a known form."""
    return Task.OTHER if ends and not SERVERS.search(text) else Task.OPAQUE


def _program(words: Sequence[str]) -> list[str] | None:
    """The words without entrypoint, launchers and shells; None where a shell does more than to start a program."""
    rest = list(words)
    while rest:
        if ENTRYPOINT.fullmatch(rest[0]) or rest[0] in LAUNCHERS:
            rest = rest[1:]
            rest = rest[1:] if rest[:1] == ["--"] else rest
        elif SHELL.fullmatch(rest[0]):
            inner = _of_shell(rest[1:])
            if inner is None:
                return None
            rest = inner
        else:
            return rest
    return rest


def _of_shell(words: Sequence[str]) -> list[str] | None:
    if len(words) == 1 and ENTRYPOINT.fullmatch(words[0]):
        return []
    if len(words) < 2 or not re.fullmatch(r"-[euo]*c", words[0]):
        return None
    text, *further = words[1:]
    if text in PRELUDES:
        return further
    if text == RETRY:
        # Its name, the script, and the exit code of a refusal.
        return ["sh", "-c", *further[1:2]]
    return _of_text(text.strip())


def _of_text(text: str) -> list[str] | None:
    if found := WITH_CODE.fullmatch(text):
        return found[1].split()
    if METACHARACTERS.search(text):
        return None
    try:
        inner = shlex.split(text)
    except ValueError:
        return None
    # `A=b program` and `env A=b program` set variables; an empty text is a shell that reads commands.
    return None if not inner or ASSIGNMENT.match(inner[0]) else inner


def _of_command_line(words: Sequence[str]) -> Task:
    if words and words[0] in LABEL_STUDIO_TASKS:
        return Task.OTHER
    options = [word.partition("=")[0] for word in words if word.startswith("-")]
    return Task.PAGE if set(options) <= PAGE_OPTIONS and (not words or words[0] == "start" or options) else Task.OPAQUE


def _of_python(words: Sequence[str], ends: bool) -> Task:
    if words and MANAGE.fullmatch(words[0]):
        settings = any(word.startswith(("--settings", "--pythonpath")) for word in words)
        return Task.OPAQUE if settings or len(words) < 2 else DJANGO_TASKS.get(words[1], Task.OPAQUE)
    if ends and len(words) == 1 and MOUNTED.fullmatch(words[0]):
        return Task.OTHER
    return _unless_it_ends(" ".join(words), ends)
