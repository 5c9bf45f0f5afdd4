"""Which images `make up` builds, and what it refuses before anything is changed."""

from __future__ import annotations

import pytest

from components.settings.errors import SettingsError
from local import stack
from local.images.build import DEFAULT
from local.images.wanted import ImageError, of_stack

LABEL_STUDIO = "docker.io/heartexlabs/label-studio"


def test_the_committed_stack_can_be_built() -> None:
    assert of_stack(stack.config()) == DEFAULT


def test_an_older_label_studio_is_built_where_the_settings_name_it() -> None:
    config = {**stack.config(), "label-studio:images": {"labelStudio": f"{LABEL_STUDIO}:1.20.0"}}
    assert of_stack(config) == tuple("label_studio_oldest" if name == "label_studio" else name for name in DEFAULT)


@pytest.mark.parametrize(
    ("images", "told"),
    [
        ({"labelStudio": f"{LABEL_STUDIO}:1.22.0"}, f"{LABEL_STUDIO}:1.23.2 or {LABEL_STUDIO}:1.20.0"),
        ({"postgresql": "docker.io/library/postgres:17.6"}, "images.postgresql is docker.io/library/postgres:17.6"),
        ({"mirror": "registry.example.com/mirror"}, "registry.example.com/mirror/library/postgres"),
    ],
)
def test_an_image_that_cannot_be_built_is_refused_by_its_setting(images: dict[str, str], told: str) -> None:
    with pytest.raises(ImageError, match=r"cannot be built on this machine: write .*make up CONTEXT") as error:
        of_stack({**stack.config(), "label-studio:images": images})
    assert told in str(error.value)


def test_settings_that_are_wrong_are_told_before_anything_begins() -> None:
    with pytest.raises(SettingsError, match="redis"):
        of_stack({**stack.config(), "label-studio:redis": {"backend": "none-of-these"}})
