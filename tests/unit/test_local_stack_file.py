"""Which stack file the CLI is given: the user's is never written, and what it says comes first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from local import machine, pulumi_command
from local.engine import Engine, EngineError, read

PAGE = "label-studio:labelStudio"
SALT = "v1:c2FsdA==:v1:AAAA:AAAA"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """The dev stack of a checkout of its own."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "Pulumi.yaml").write_text("name: label-studio\nruntime: python\n")
    return Engine(tmp_path / "stack", "dev", tmp_path / "kubeconfig", checkout)


def write(file: Path, config: dict[str, Any], **keys: str) -> bytes:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump({"config": config, **keys}))
    return file.read_bytes()


def given(engine: Engine) -> dict[str, Any]:
    engine.write()
    return read(engine.stack_file)


def test_the_users_file_lies_over_that_of_the_machine_and_stays_as_it_is(engine: Engine) -> None:
    write(engine.machine_file, {PAGE: {"url": "http://127.0.0.1:30080", "replicas": 1}}, encryptionsalt=SALT)
    before = write(engine.project_file, {PAGE: {"replicas": 2}})
    assert given(engine) == {
        "config": {PAGE: {"url": "http://127.0.0.1:30080", "replicas": 2}},
        "encryptionsalt": SALT,
    }
    assert engine.project_file.read_bytes() == before


def test_settings_of_a_test_lie_over_both(engine: Engine) -> None:
    write(engine.project_file, {PAGE: {"replicas": 2, "signup": "disabled"}})
    engine = engine.with_settings({PAGE: {"replicas": 3, "signup": None}})
    assert given(engine)["config"] == {PAGE: {"replicas": 3}}


def test_secrets_of_the_shell_are_kept(engine: Engine) -> None:
    write(engine.machine_file, {}, encryptionsalt=SALT)
    secrets = {"label-studio:secrets": {"mine": {"key": {"secure": "v1:AAAA:AAAA"}}}}
    write(engine.project_file, secrets, encryptionsalt=SALT)
    assert given(engine)["config"] == secrets


def test_secrets_of_another_key_are_named(engine: Engine) -> None:
    write(engine.machine_file, {}, encryptionsalt=SALT)
    write(engine.project_file, {"a:b": {"c": [{"secure": "v1:AAAA:AAAA"}]}}, encryptionsalt="v1:b3RoZXI=:v1:AAAA:AAAA")
    with pytest.raises(EngineError, match=r"Pulumi\.dev\.yaml has secrets that this machine cannot decrypt"):
        engine.write()


def test_a_salt_without_secrets_is_no_matter(engine: Engine) -> None:
    write(engine.machine_file, {}, encryptionsalt=SALT)
    write(engine.project_file, {}, encryptionsalt="v1:b3RoZXI=:v1:AAAA:AAAA")
    assert given(engine)["encryptionsalt"] == SALT


@pytest.mark.parametrize("content", ["a: [", "- a list", "just words"])
def test_what_is_no_stack_file_is_named(engine: Engine, content: str) -> None:
    engine.project_file.write_text(content)
    with pytest.raises(EngineError, match=r"Pulumi\.dev\.yaml is no stack file"):
        engine.write()


@pytest.mark.parametrize(
    ("page", "url", "port"),
    [
        ({"service": {"type": "NodePort"}}, "http://127.0.0.1:30080", 30080),
        ({"service": {"type": "NodePort", "nodePort": 31000}}, "http://127.0.0.1:31000", 31000),
        ({"service": {"type": "NodePort"}, "url": "https://ls.example.com"}, "https://ls.example.com", 30080),
        ({"service": {"type": "ClusterIP"}}, None, None),
        ({}, None, None),
        ({"ingress": {"host": "ls.example.com"}, "service": {"type": "NodePort"}}, None, None),
    ],
)
def test_the_address_of_the_machine_gives_way_to_what_the_user_says(
    engine: Engine, page: dict[str, Any], url: str | None, port: int | None
) -> None:
    write(engine.machine_file, {})
    machine.describe(engine)
    write(engine.project_file, {PAGE: page})
    settings = machine.way_in(page)
    found = given(engine.with_settings(settings))["config"][PAGE]
    assert found.get("url") == url
    assert found.get("service", {}).get("nodePort") == port


def test_an_address_that_somebody_wrote_into_the_file_of_the_machine_stays(engine: Engine) -> None:
    write(engine.machine_file, {PAGE: {"url": "http://10.0.0.7:30080", "service": {"nodePort": 30080}}})
    before = engine.machine_file.read_bytes()
    machine.describe(engine)
    assert engine.machine_file.read_bytes() == before


def test_a_port_that_was_asked_for_is_kept(engine: Engine) -> None:
    write(engine.machine_file, {PAGE: {"url": "http://127.0.0.1:30080", "replicas": 2}})
    write(engine.project_file, {PAGE: {"service": {"type": "NodePort"}}})
    assert machine.page_port(engine) == 30080
    assert not machine.describe(engine, machine.chosen_port(engine, "31000"))
    machine.describe(engine, machine.chosen_port(engine, ""))
    assert given(engine)["config"][PAGE] == {
        "url": "http://127.0.0.1:31000",
        "replicas": 2,
        "service": {"nodePort": 31000, "type": "NodePort"},
    }
    assert machine.page_port(engine) == 31000


@pytest.mark.parametrize("port", ["80", "x", "-1", "32768", "30080.0"])
def test_a_port_that_is_none_is_refused(engine: Engine, port: str) -> None:
    with pytest.raises(EngineError, match=rf"PORT is '{port}': write a node port, a number from 30000 to 32767"):
        machine.chosen_port(engine, port)


@pytest.mark.parametrize(
    "page", [{"service": {"type": "NodePort", "nodePort": 31000}}, {"service": {"type": "ClusterIP"}}]
)
def test_a_port_that_the_stack_file_decides_is_refused(engine: Engine, page: dict[str, Any]) -> None:
    write(engine.project_file, {PAGE: page})
    with pytest.raises(EngineError, match=r"PORT has no effect, since Pulumi\.dev\.yaml says"):
        machine.chosen_port(engine, "31001")


@pytest.mark.parametrize(
    ("arguments", "completed"),
    [
        ("up", "up --config-file FILE"),
        ("up --yes", "up --config-file FILE --yes"),
        ("-s dev preview --diff", "-s dev preview --config-file FILE --diff"),
        ("--color never destroy", "--color never destroy --config-file FILE"),
        (
            "preview --stack=organization/label-studio/dev",
            "preview --config-file FILE --stack=organization/label-studio/dev",
        ),
        ("up -s staging", None),
        ("up --stack=staging", None),
        ("up --config-file other.yaml", None),
        ("config set a up", None),
        ("stack ls", None),
        ("-C / up", None),
        ("--help", None),
        ("", None),
    ],
)
def test_operations_of_the_shell_get_the_file_of_this_machines_stack(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, arguments: str, completed: str | None
) -> None:
    monkeypatch.chdir(engine.project)
    monkeypatch.setattr(pulumi_command, "_selected", lambda _: "dev")
    wanted = completed.replace("FILE", str(engine.stack_file)) if completed else arguments
    assert pulumi_command.completed(engine, arguments.split()) == wanted.split()


def test_another_selected_stack_has_its_own_file(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(engine.project)
    monkeypatch.setattr(pulumi_command, "_selected", lambda _: "staging")
    assert pulumi_command.completed(engine, ["up"]) == ["up"]


def test_another_project_is_no_matter(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert pulumi_command.completed(engine, ["up"]) == ["up"]
