"""The random stand-in: what it makes, what replaces it, what stays secret."""

from __future__ import annotations

import base64
import string
from collections.abc import Iterator
from typing import Any

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.plugins.properties import UNKNOWN, Secret
from local.plugins.random import generate
from local.plugins.random.provider import RandomProvider
from tests.engine.direct import Direct, FailedError, changes, urn

_PASSWORD = urn("random:index/randomPassword:RandomPassword")
_STRING = urn("random:index/randomString:RandomString")
_ID = urn("random:index/randomId:RandomId")


@pytest.fixture(scope="module")
def random() -> Iterator[Direct]:
    direct = Direct(RandomProvider("0.0.0"))
    yield direct
    direct.stop()


def test_a_password_is_secret_and_so_is_its_hash(random: Direct) -> None:
    identity, state = random.make(_PASSWORD, {"length": 80, "overrideSpecial": "-_"})
    assert identity == "none"
    assert isinstance(state["result"], Secret)
    assert isinstance(state["bcryptHash"], Secret)
    password = state["result"].value
    assert len(password) == 80
    assert set(password) <= set(string.ascii_letters + string.digits + "-_")
    assert bcrypt.checkpw(password.encode()[:72], state["bcryptHash"].value.encode())
    assert {state[key] for key in ("lower", "upper", "numeric", "number", "special")} == {True}
    assert random.read(_PASSWORD, "none", state, {"length": 80})[1] == state


@given(
    st.integers(4, 40), st.booleans(), st.booleans(), st.booleans(), st.lists(st.integers(0, 1), min_size=4, max_size=4)
)
def test_texts_hold_what_was_asked_for(length: int, lower: bool, upper: bool, numeric: bool, least: list[int]) -> None:
    inputs = {
        "length": length,
        "lower": lower,
        "upper": upper,
        "numeric": numeric,
        "minLower": least[0],
        "minUpper": least[1],
        "minNumeric": least[2],
        "minSpecial": least[3],
    }
    text = generate.text(inputs)
    assert len(text) == length
    for wanted, characters, minimum in (
        (lower, string.ascii_lowercase, least[0]),
        (upper, string.ascii_uppercase, least[1]),
        (numeric, string.digits, least[2]),
    ):
        found = sum(character in characters for character in text)
        assert found >= minimum if wanted else found == 0


def test_a_preview_knows_no_value(random: Direct) -> None:
    identity, state = random.create(_PASSWORD, {"length": 12}, preview=True)
    assert identity == ""
    assert state["result"] is UNKNOWN
    assert state["length"] == 12


@pytest.mark.parametrize(
    ("news", "replaced"),
    [
        ({"length": 20, "keepers": {"a": "1"}}, []),
        ({"length": 21, "keepers": {"a": "1"}}, ["length"]),
        ({"length": 20, "keepers": {"a": "2"}}, ["keepers"]),
        ({"length": 20}, ["keepers"]),
        ({"length": 20, "keepers": {"a": "1", "b": None}}, []),
        ({"length": 20, "keepers": {"a": UNKNOWN}}, ["keepers"]),
        ({"length": 20, "keepers": {"a": "1"}, "special": False}, ["special"]),
    ],
)
def test_every_change_of_an_input_is_a_replacement(random: Direct, news: dict[str, Any], replaced: list[str]) -> None:
    olds = {"length": 20, "keepers": {"a": "1"}}
    answer = random.diff(_PASSWORD, {**olds, "result": Secret("x")}, news, old_inputs=olds)
    assert list(answer.replaces) == replaced
    assert all(kind.endswith("_REPLACE") for kind in changes(answer).values())


def test_a_value_is_never_made_anew_by_accident(random: Direct) -> None:
    inputs = {"length": 20}
    _, state = random.make(_PASSWORD, inputs)
    assert not random.diff(_PASSWORD, state, inputs, old_inputs=inputs).replaces


def test_impossible_lengths_are_refused(random: Direct) -> None:
    with pytest.raises(FailedError, match="length must be >="):
        random.make(_PASSWORD, {"length": 2, "minLower": 3})
    with pytest.raises(FailedError, match="length: missing required property"):
        random.check(_PASSWORD, {})
    with pytest.raises(FailedError, match="at least one of"):
        random.make(_PASSWORD, {"length": 2, "lower": False, "upper": False, "numeric": False, "special": False})


def test_strings_and_ids(random: Direct) -> None:
    identity, state = random.make(_STRING, {"length": 8, "special": False})
    assert identity == state["result"]
    identity, state = random.make(_ID, {"byteLength": 4, "prefix": "x-"})
    data = bytes.fromhex(state["hex"].removeprefix("x-"))
    assert len(data) == 4
    assert base64.urlsafe_b64decode(identity + "==") == data
    assert int(state["dec"].removeprefix("x-")) == int.from_bytes(data, "big")


def test_an_imported_password_keeps_its_value(random: Direct) -> None:
    identity, state, inputs = random.read(_PASSWORD, "known-already")
    assert (identity, inputs) == ("none", {"length": 13})
    assert state["result"] == Secret("known-already")


def test_other_types_are_refused_by_name(random: Direct) -> None:
    with pytest.raises(FailedError, match=r"not supported by this stand-in: random:index/randomPet:RandomPet"):
        random.check(urn("random:index/randomPet:RandomPet"), {})
