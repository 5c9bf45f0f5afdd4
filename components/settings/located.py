"""Errors of a map's entries, each at its key."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError


def refuse_entries(field: str, problems: Iterable[tuple[str | None, str]]) -> None:
    """Raises ValidationError where there are problems: of ``field``'s entry of a name, or of ``field`` for None.

    Each has an empty input, so that no message repeats what was given.
    """
    details = [
        InitErrorDetails(
            # The braces of a message are no placeholders.
            type=PydanticCustomError("entry", "{message}", {"message": message}),
            loc=(field, name) if name else (field,),
            input=(),
        )
        for name, message in problems
    ]
    if details:
        raise ValidationError.from_exception_data(field, details)
