"""What a preview says of a rotation that ends something for people."""

from __future__ import annotations

from typing import Any

import pytest

from components.stack.rotation_warnings import rotation_warnings
from tests.unit.stack_files import settings_of
from tests.unit.test_rotation import rotated


@pytest.mark.parametrize(
    ("running", "wanted", "is_warned"), [(None, 2, True), (2, 2, False), (2, 3, True), (None, 1, False)]
)
def test_another_key_of_django_ends_api_tokens(running: int | None, wanted: int, is_warned: bool) -> None:
    annotations = {"label-studio-django-key": str(running)} if running else {}
    found: dict[str, Any] = {"metadata": {"annotations": annotations}}
    warned = [*rotation_warnings(settings_of("dev", {"rotate": {"djangoKey": wanted}}), lambda _: found)]
    assert bool(warned) is is_warned
    assert all("every API token ends" in each for each in warned)


def test_a_stack_that_is_not_there_is_not_warned() -> None:
    assert not [*rotation_warnings(settings_of("dev", {"rotate": {"djangoKey": 2}}), lambda _: None)]


def test_the_generation_is_where_a_preview_looks() -> None:
    [settings] = [
        each
        for each in rotated(djangoKey=2).all("kubernetes:core/v1:ConfigMap")
        if each.object_name == "label-studio-settings"
    ]
    assert settings.inputs["metadata"]["annotations"]["label-studio-django-key"] == "2"
