"""Nothing that the generator of attacks makes of the API's kinds gets past the pack."""

from __future__ import annotations

from collections import Counter

import pytest

from policies.checks.marks import SecretText
from tests.policy import attacks, refused
from tests.policy.judge import refusals
from tests.policy.objects import PASSWORD, VALUE, Given
from tests.policy.support import CONTAINER


def test_the_generator_reaches_the_whole_api() -> None:
    found = Counter(kind.group for kind in attacks.kinds())
    assert len(attacks.kinds()) > 60
    assert {"", "apps", "batch", "networking.k8s.io", "rbac.authorization.k8s.io", "postgresql.cnpg.io"} <= set(found)
    assert sum(1 for _ in attacks.with_open_pods()) > 100
    assert sum(1 for _ in attacks.with_secrets()) > 3000


def test_no_kind_runs_an_open_page() -> None:
    through = [name for name, kind, props in attacks.with_open_pods() if not refusals((kind, props))]
    assert through == []


def test_no_annotation_is_acted_on_unseen() -> None:
    """What else is wrong with these objects does not count: none has a complete pod."""
    tried = list(attacks.with_annotations())
    assert len(tried) > 50
    through = [
        name
        for name, kind, props in tried
        if not any(message.startswith("kinds-known") and "annotation" in message for message in refusals((kind, props)))
    ]
    assert through == []


def test_no_text_of_any_kind_takes_a_secret() -> None:
    through = [
        name
        for name, kind, props in attacks.with_secrets()
        if not any(message.startswith("no-plaintext-secrets") for message in refusals((kind, props)))
    ]
    assert through == []


@pytest.mark.parametrize("kind", attacks.kinds(), ids=lambda kind: kind.type)
def test_no_spelling_hides_an_object(kind: attacks.Kind) -> None:
    props = {**kind.object(), "metadata": {**attacks.METADATA, "annotations": {"example.com/note": attacks.TOKEN}}}
    assert [name for name, given, inputs in attacks.spellings(kind.type, props) if not refusals((given, inputs))] == []


@pytest.mark.parametrize("given", refused.ALL.values(), ids=refused.ALL.keys())
def test_what_no_schema_tells_of_is_refused(given: list[Given]) -> None:
    found = refusals(*given)
    assert found
    assert not any(PASSWORD in message or VALUE in message for message in found)


def test_a_plain_output_is_no_secret() -> None:
    for outputs in (
        {"password": "hunter2"},
        {"address": "postgres://u:hunter2@h/db"},
        {"nested": {"apiToken": "x1y2z3"}},
    ):
        assert refusals(outputs=outputs)
    assert not refusals(outputs={"password": SecretText("hunter2"), "url": "https://a.example.com", "secretName": "a"})


@pytest.mark.parametrize("kind", attacks.kinds(), ids=lambda kind: kind.type)
def test_a_container_that_is_right_passes_where_an_open_one_does_not(kind: attacks.Kind) -> None:
    """A generator whose objects are refused for another reason would show nothing."""
    for path, _, definition in attacks.places(kind):
        if definition == attacks.POD_SPEC:
            assert refusals((kind.type, attacks.placed(kind, path, {"containers": [CONTAINER]}))) == set()
