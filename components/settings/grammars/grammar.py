"""What a text in a stack file may look like: one rule, which the reader, the reference page and the schema share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

# The kind of error that a grammar raises, and the key of its context that says whether the value may be repeated.
GRAMMAR_ERROR = "grammar"
SHOWN = "shown"


@dataclass(frozen=True)
class Grammar:
    """The form of a text, as the metadata of a type: ``Port = Annotated[str, Grammar("port", "a port", ("80",))]``.

    ``rule`` completes the sentence "must be ..."; the first of ``examples`` ends it. ``pattern`` has to match the whole
    text, in ASCII. ``check`` is for what a pattern cannot say: it returns the text to use, or raises ValueError, with a
    sentence of its own where the rule does not say enough. ``shown`` matches the wrong values that an error may repeat:
    without it none is, since what is written in the wrong place may be a credential. ``numbers`` lets YAML's numbers
    stand for their text.
    """

    name: str
    rule: str
    examples: tuple[str, ...]
    pattern: str = ""
    check: Callable[[str], str] | None = None
    shown: str = ""
    numbers: bool = False

    @property
    def refusal(self) -> str:
        """What is said of a text of another form."""
        return f"must be {self.rule}, such as {self.examples[0]}"

    def read(self, text: str) -> str:
        """The text to use; ValueError where the grammar does not take it."""
        if self._matcher and not self._matcher.fullmatch(text):
            raise ValueError(self.refusal)
        try:
            return self.check(text) if self.check else text
        except ValueError as error:
            raise ValueError(str(error) or self.refusal) from None

    @cached_property
    def _matcher(self) -> re.Pattern[str] | None:
        return re.compile(self.pattern, re.ASCII) if self.pattern else None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = core_schema.no_info_after_validator_function(self._validate, handler(source))
        return core_schema.no_info_before_validator_function(_text_of, schema) if self.numbers else schema

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Mapping[str, Any]:
        described: dict[str, Any] = {**handler(schema), "examples": [*self.examples]}
        if self.pattern:
            described["pattern"] = f"^(?:{self.pattern})$"
        return {"anyOf": [described, {"type": "number"}]} if self.numbers else described

    def _validate(self, text: str) -> str:
        try:
            return self.read(text)
        except ValueError as error:
            may_show = bool(self.shown) and re.fullmatch(self.shown, text, re.ASCII) is not None
            context = {"reason": str(error), SHOWN: may_show}
            raise PydanticCustomError(GRAMMAR_ERROR, "{reason}", context) from None


def _text_of(value: Any) -> Any:
    """A number as its text: ``pulumi config set --path`` stores 2 as a number, whatever the field wants."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
