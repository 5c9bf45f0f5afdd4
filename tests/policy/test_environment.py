"""What a container of Label Studio finally sees, and where nobody can tell."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policies.checks.commands import Task, task_of
from policies.checks.environment import environments
from policies.checks.settings_modules import FILES, OWN_MODULE
from policies.environment_readable import RULE
from tests.policy.judge import resource
from tests.policy.support import (
    CONTAINER,
    RELEASE,
    UNKNOWN,
    VALUES,
    changed,
    deployment,
    expect,
    nested,
    release,
    violations,
)

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
VARS = "global.extraEnvironmentVars"


def seen(*env: dict[str, Any]) -> dict[str, Any]:
    """The variables of a container with these entries before its own."""
    container = {**CONTAINER, "env": [*env, *CONTAINER["env"]]}
    found = environments(resource(DEPLOYMENT, deployment(container)))[0]
    return {variable.name: variable.value for variable in found.variables}


def plain(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "value": value}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("$(A)", "1"),
        ("a$(A)b$(B)", "a1b2"),
        ("$$(A)", "$(A)"),
        ("$(LATER)", "$(LATER)"),
        ("$(NONE)-$A", "$(NONE)-$A"),
    ],
)
def test_references_to_other_variables_are_put_in(value: str, expected: str) -> None:
    assert seen(plain("A", "1"), plain("B", "2"), plain("X", value), plain("LATER", "3"))["X"] == expected


@pytest.mark.parametrize(
    ("names", "read"),
    [
        (("X", "HEARTEX_X", "LABEL_STUDIO_X"), "LABEL_STUDIO_X"),
        (("HEARTEX_X", "X"), "HEARTEX_X"),
        (("X",), "X"),
        ((), None),
    ],
)
def test_prefixes_outrank_one_another_as_label_studio_reads_them(names: tuple[str, ...], read: str | None) -> None:
    entries = [plain(name, name) for name in names]
    found = environments(resource(DEPLOYMENT, deployment({**CONTAINER, "env": [*CONTAINER["env"], *entries]})))[0]
    assert found.text("X") == read


@pytest.mark.parametrize(
    ("words", "task"),
    [
        ([], Task.PAGE),
        (["label-studio-uwsgi"], Task.PAGE),
        (["./deploy/docker-entrypoint.sh", "label-studio-uwsgi"], Task.PAGE),
        (["tini", "--", "label-studio-uwsgi"], Task.PAGE),
        (["sh", "-c", "exec label-studio-uwsgi"], Task.PAGE),
        (["label-studio", "start", "--port", "8080"], Task.PAGE),
        (["nginx"], Task.PROXY),
        (["label-studio-migrate"], Task.OTHER),
        (["label-studio", "export", "1", "JSON"], Task.OTHER),
        (["python3", "/label-studio/label_studio/manage.py", "rqworker", "low"], Task.WORKER),
        (["python3", "/label-studio/label_studio/manage.py", "shell"], Task.OPAQUE),
        (["label-studio", "start", "--username", "a"], Task.OPAQUE),
        (["sh", "-c", "A=b label-studio-uwsgi"], Task.OPAQUE),
        (["sh", "-c", ". /env; label-studio-uwsgi"], Task.OPAQUE),
        (["env", "label-studio-uwsgi"], Task.OPAQUE),
        (["sh"], Task.OPAQUE),
        (["sh", "-c", "'"], Task.OPAQUE),
    ],
)
def test_commands(words: list[str], task: Task) -> None:
    assert task_of(words, [], ends=False) is task
    assert task_of([], words, ends=False) is task


def test_a_job_may_do_more_than_a_server() -> None:
    assert task_of(["sh", "-c", "exec python3 -m job.apply"], [], ends=True) is Task.OTHER
    assert task_of(["sh", "-c", "rm -rf /tmp/a; ls"], [], ends=True) is Task.OTHER
    assert task_of(["sh", "-c", "ls; label-studio-uwsgi"], [], ends=True) is Task.OPAQUE


def test_the_preludes_are_those_of_the_worker() -> None:
    """The worker's own shell text is known word by word; a change of it has to be made in both places."""
    from components.label_studio.worker import COMMAND, WITH_AUTHORITY  # noqa: PLC0415 - a component, for its text

    assert task_of(["/bin/sh", "-c", WITH_AUTHORITY, *COMMAND], [], ends=False) is Task.WORKER


def words_of(path: str) -> list[str]:
    from components.label_studio.embedded_chart import VALUES as EMBEDDED  # noqa: PLC0415 - a component, as above

    app: dict[str, Any] = EMBEDDED["app"]
    words: list[str] = (app if path == "app.args" else app["nginx"])["args"]
    return words


PAGE_WORDS = [("app.args", Task.PAGE), ("app.nginx.args", Task.PROXY)]


@pytest.mark.parametrize(("path", "task"), PAGE_WORDS)
def test_the_page_is_started_as_the_policies_know_it(path: str, task: Task) -> None:
    words = words_of(path)
    assert task_of([], words, ends=False) is task
    assert task_of(["./deploy/docker-entrypoint.sh"], words, ends=False) is task
    expect(violations(RULE, RELEASE, release(changed(VALUES, path, words))), None)


@pytest.mark.parametrize(("path", "task"), PAGE_WORDS)
@given(data=st.data())
def test_whatever_else_starts_the_page_is_opaque(path: str, task: Task, data: st.DataObject) -> None:
    """Another text at any place, or further words at any place."""
    words = words_of(path)
    text = words[2]
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 3)))
    other = (
        text[:begin] + data.draw(st.text(max_size=3) | st.sampled_from(["; label-studio-uwsgi &", "A=0"])) + text[end:]
    )
    assume(other != text)
    assert task_of([], [*words[:2], other, *words[3:]], ends=False) is Task.OPAQUE
    place = data.draw(st.integers(3, len(words)))
    word = data.draw(st.sampled_from(["-c", "env", "A=0", "nginx2", "/mnt/nginx"]))
    assert task_of([], [*words[:place], word, *words[place:]], ends=False) is Task.OPAQUE, task


def test_a_job_may_run_a_program_of_the_settings_directory() -> None:
    from components.kubernetes.setup_job import RETRY  # noqa: PLC0415 - components, for their texts
    from components.label_studio import mounts  # noqa: PLC0415

    for file in mounts.FILES.glob("*.py"):
        script = mounts.command_of(file.name)
        for command in (["sh", "-c", script], ["sh", "-c", RETRY, "setup", script, "42"]):
            assert task_of(command, [], ends=True) is Task.OTHER
            assert task_of(command, [], ends=False) is Task.OPAQUE
    for other in (
        f"{script}; label-studio-uwsgi",
        script.replace("$PYTHONPATH", "/mnt"),
        script.replace("/etc", "/mnt"),
    ):
        assert task_of(["sh", "-c", RETRY, "setup", other, "42"], [], ends=True) is Task.OPAQUE


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (VARS, UNKNOWN, "unknown as a whole"),
        ("app.extraEnvironmentVars", UNKNOWN, "unknown as a whole"),
        ("app.cmdWrapper", "env A=b", "unseen"),
        ("global.cmdWrapper", UNKNOWN, "unseen"),
        ("global.envInjectSources", ["/vault/config"], "unseen"),
        (f"{VARS}.CMD_WRAPPER", "env A=b", "runs before Label Studio"),
        (f"{VARS}.CMD_WRAPPER", "", None),
        (f"{VARS}.PYTHONSTARTUP", "/mnt/a.py", "first line"),
        (f"{VARS}.PYTHONUNBUFFERED", "1", None),
        (f"{VARS}.DJANGO_SETTINGS_MODULE", OWN_MODULE, None),
        (f"{VARS}.DJANGO_SETTINGS_MODULE", "evil", "not one of the program's"),
        (f"{VARS}.PYTHONPATH", "/etc/label-studio/settings:/label-studio", None),
        (f"{VARS}.PYTHONPATH", "/mnt/code", "not the image's"),
        (f"{VARS}.PYTHONPATH", UNKNOWN, "known only after"),
        ("app.args", ["sh", "-c", "A=0 label-studio-uwsgi"], "its command cannot be analyzed"),
        ("app.args", ["label-studio-uwsgi"], None),
        ("app.nginx.args", ["nginx"], None),
        ("app.nginx.args", ["label-studio-uwsgi"], "more than to start nginx"),
        ("app.nginx.args", ["sh", "-c", "A=0 label-studio-uwsgi"], "more than to start nginx"),
        ("app.nginx.args", [], "more than to start nginx"),
        ("app.nginx.args", UNKNOWN, "more than to start nginx"),
        ("app.nginx.args", [UNKNOWN], "more than to start nginx"),
        ("app.extraVolumeMounts", [{"name": "a", "mountPath": "/label-studio/label_studio/core"}], "own files"),
        ("app.extraVolumeMounts", [{"name": "a", "mountPath": "/models"}], None),
        ("app.extraVolumeMounts", [{"name": "a", "mountPath": "/models/../usr/lib"}], "own files"),
    ],
)
def test_values(path: str, value: Any, problem: str | None) -> None:
    values = changed(VALUES, path, value)
    expect(violations(RULE, RELEASE, release(values)), problem)
    expect(violations(RULE, RELEASE, release(nested(values), "chart-label-studio")), problem)


@pytest.mark.parametrize("file", sorted(FILES.glob("*.py")), ids=lambda file: file.name)
def test_modules_of_the_program_are_known(file: Path) -> None:
    text = file.read_text()
    expect(violations(RULE, CONFIG_MAP, {"data": {file.name: text}}), None)
    longer = f"{text}\nSESSION_COOKIE_SECURE = False\n"
    expect(violations(RULE, CONFIG_MAP, {"data": {file.name: longer}}), "speaks of Label Studio's settings")
    admitted = {"admittedSettings": {f"sha256:{sha256(longer.encode()).hexdigest()}": "reviewed"}}
    expect(violations(RULE, CONFIG_MAP, {"data": {file.name: longer}}, config=admitted), None)


def test_what_is_admitted_has_a_reason() -> None:
    given = deployment({**CONTAINER, "command": ["own", "start"], "args": []})
    expect(violations(RULE, DEPLOYMENT, given), "admittedCommands")
    expect(violations(RULE, DEPLOYMENT, given, config={"admittedCommands": {"own start": "a wrapper of ours"}}), None)
    expect(violations(RULE, DEPLOYMENT, given, config={"admittedCommands": {"own start": " "}}), "admittedCommands")
