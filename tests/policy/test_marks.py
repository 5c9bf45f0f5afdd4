"""What the engine says is secret stays known to be so, through the SDK's own reading of a question."""

from __future__ import annotations

from typing import Any

from pulumi_policy import policy as sdk
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY, deserialize_properties

from policies.checks.marks import SecretText, keep_marks
from policies.checks.stack import Stack
from policies.checks.values import plain
from policies.secrets_contained import RULE


def secret(value: Any) -> dict[str, Any]:
    return {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": value}


def read(properties: dict[str, Any]) -> Any:
    keep_marks()
    try:
        return plain(sdk.deserialize_properties(properties))  # type: ignore[attr-defined]
    finally:
        sdk.deserialize_properties = deserialize_properties  # type: ignore[attr-defined]


def test_texts_below_a_secret_are_marked() -> None:
    found = read({"a": secret("x"), "b": "x", "c": secret({"d": ["y", 1]}), "e": {"f": secret("z")}})
    assert found == {"a": "x", "b": "x", "c": {"d": ["y", 1]}, "e": {"f": "z"}}
    marks = [found["a"], found["b"], found["c"]["d"][0], found["e"]["f"]]
    assert [isinstance(value, SecretText) for value in marks] == [True, False, True, True]


def test_a_secret_output_passes_where_a_plain_one_does_not() -> None:
    assert RULE.violations(Stack([], read({"password": secret("hunter2")}))) == []
    found = RULE.violations(Stack([], read({"password": "hunter2"})))
    assert [message for message, _ in found] == [
        "output password is a secret in plain text; write pulumi.Output.secret, or name the Secret instead"
    ]
