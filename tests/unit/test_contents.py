"""The digests by which pods start again when what they read changes."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.kubernetes.contents import ANNOTATION, RELOADER, Contents
from tests.unit.pulumi_mocks import resolve, run_program

KEY = "a-random-key"
FILES = {"a.conf": "1", "b.conf": "2"}


def pod(secret: Any = "made", key: str = "password", volume: dict[str, Any] | None = None) -> dict[str, Any]:
    variable = {"name": "P", "value_from": {"secret_key_ref": {"name": secret, "key": key}}}
    return {"containers": [{"env": [variable]}], "volumes": [volume] if volume else []}


def contents(key: str | None = KEY, password: str = "first", files: dict[str, str] | None = None) -> Contents:
    made = Contents(key)
    made.add("Secret", "made", {"password": password, "user": "u"})
    made.add("ConfigMap", "files", files or FILES)
    return made


def digest(made: Contents, of: dict[str, Any]) -> str:
    program = run_program(lambda: made.annotations(of)[ANNOTATION])
    return str(resolve(program.result))


def test_another_password_is_another_digest() -> None:
    assert digest(contents(), pod()) == digest(contents(), pod())
    assert digest(contents(), pod()) != digest(contents(password="second"), pod())


def test_the_name_of_a_secret_may_be_an_output() -> None:
    program = run_program(lambda: contents().annotations(pod(pulumi.Output.from_input("made")))[ANNOTATION])
    assert resolve(program.result) == digest(contents(), pod())


def test_the_digest_is_keyed_and_holds_no_password() -> None:
    assert digest(contents(), pod()) != digest(contents("another-key"), pod())
    assert len(digest(contents(), pod())) == 64


def test_without_a_key_secrets_are_left_out() -> None:
    assert digest(contents(None), pod()) == digest(contents(None, password="second"), pod())
    volume = {"name": "v", "config_map": {"name": "files"}}
    assert digest(contents(None), pod(volume=volume)) != digest(
        contents(None, files={"a.conf": "9"}), pod(volume=volume)
    )


@pytest.mark.parametrize(("items", "is_read"), [(None, True), ([{"key": "a.conf", "path": "a"}], False)])
def test_only_the_keys_that_a_volume_has_count(items: Any, is_read: bool) -> None:
    source = {"name": "files", **({"items": items} if items else {})}
    volume = {"name": "v", "config_map": source}
    changed = contents(files={**FILES, "b.conf": "other"})
    assert (digest(contents(), pod(volume=volume)) != digest(changed, pod(volume=volume))) is is_read


def test_a_key_that_is_not_read_does_not_count() -> None:
    assert digest(contents(), pod(key="user")) == digest(contents(password="second"), pod(key="user"))


def test_secrets_of_others_are_named_for_reloader() -> None:
    volume = {"name": "v", "secret": {"secret_name": "certificate"}}
    assert contents().annotations(pod("theirs", volume=volume))[RELOADER] == "certificate,theirs"
    assert RELOADER not in contents().annotations(pod())
