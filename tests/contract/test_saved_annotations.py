"""Saving an annotation in the released packages of Label Studio: the same answers, by fewer queries."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.label_studio import VERSIONS, probe


@pytest.fixture(scope="module", params=VERSIONS)
def answers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the release answers with fewer_queries.py, and what without it."""
    return [probe(request.param, "saved_annotations", tmp_path_factory.mktemp("saved"), each) for each in (True, False)]


def test_it_costs_half_of_the_queries(answers: Any) -> None:
    ours, upstream = (each["saved"].pop("queries") for each in answers)
    assert ours <= 0.6 * upstream, f"{ours} of {upstream}"


def test_it_answers_and_leaves_behind_the_same(answers: Any) -> None:
    ours, upstream = ({name: value for name, value in each.items() if name != "columns"} for each in answers)
    assert ours == upstream
    assert ours["saved"]["status"] == 201
    assert ours["task"] == [True, 2, True, {"text": "a cat"}]


def test_columns_are_counted_when_data_is_written_and_never_else(answers: Any) -> None:
    # Label Studio itself has text three times after two annotations of the one task.
    assert answers[0]["columns"] == {
        "saved": {"text": 1},
        "data written": {"text": 1, "more": 1},
        "another task": {"text": 2, "more": 1},
        "saved whole": {"text": 2, "more": 1, "last": 1},
    }
