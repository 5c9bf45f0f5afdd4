"""How tests look at settings: what is accepted, and with which words a person is told what is wrong with the rest."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError, create_model

from components.settings.base import SettingsModel
from components.settings.errors import problems_of


def accept(settings_type: Any, given: Mapping[str, Any]) -> Any:
    """The model of what a stack file says."""
    return TypeAdapter(settings_type).validate_python(given)


def refusal(settings_type: Any, given: Mapping[str, Any]) -> str:
    """The lines that a person would read; it fails where the settings are accepted."""
    stack, schema = _stack(settings_type)
    with pytest.raises(ValidationError) as caught:
        stack.model_validate({"section": given})
    return "\n".join(problems_of(caught.value, {"section": given}, schema))


@cache
def _stack(settings_type: Any) -> tuple[type[SettingsModel], Mapping[str, Any]]:
    """Making a schema takes longer than all else that a test does with it."""
    stack = create_model("Stack", __base__=SettingsModel, section=(settings_type, ...))
    return stack, stack.model_json_schema()
