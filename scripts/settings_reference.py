"""Makes docs/settings.md from the settings models: `python -m scripts.settings_reference [--check]`."""

from __future__ import annotations

import inspect
import json
import re
import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from components.settings.base import InputOf
from components.settings.grammars.grammar import Grammar
from components.stack.settings import Settings
from components.stack.supplied import SECRETS_KEY
from scripts.reference import DOCS, table, write_or_check

PAGE = DOCS / "settings.md"
HEAD = ("Key", "Type", "Default", "Meaning")
UNIONS = (Union, types.UnionType)
NAMES: Mapping[Any, str] = {
    float: "number",
    bool: "boolean",
    type(None): "null",
}
# What collections are called, and which of their arguments is the type of an element.
COLLECTIONS: Mapping[Any, tuple[str, int]] = {tuple: ("list", 0), dict: ("map", 1)}
INTRODUCTION = f"""# Settings

<!-- Made by `make reference` from the settings models of components/; do not edit. -->

A stack file `Pulumi.<stack>.yaml` holds these keys below `config`, each with the prefix `label-studio:`.
Unknown keys are refused. `pulumi config set --path 'label-studio:postgresql.version' 17` changes one.

Besides them there is `label-studio:{SECRETS_KEY}`: Secrets that the program makes in the namespace, name to key to
value, encrypted in the stack file. Settings refer to them as to any other Secret:

```console
pulumi config set --secret --path 'label-studio:{SECRETS_KEY}.redis-secret.password'
```
"""
GRAMMAR_HEAD = ("Type of a text", "What it must be", "Examples")
GRAMMARS = """## Texts

Each text has one of these types. A value of another form is refused with the rule of the table.
"""


def render() -> str:
    """The whole page."""
    sections = [INTRODUCTION]
    for name, field in Settings.model_fields.items():
        key = _key(name, field)
        sections.append(f"## {key}\n\n{field.description} {_presence(field)}\n")
        sections += [_top_level(key, model) for model in models(field.annotation)]
    sections.append("## Types\n")
    sections += [f"### {model.__name__}\n\n{_about(model)}\n\n{_table(model)}\n" for model in nested_models()]
    sections.append(f"{GRAMMARS}\n{table(GRAMMAR_HEAD, [_grammar_row(grammar) for grammar in all_grammars()])}\n")
    return "\n".join(sections).rstrip() + "\n"


def models(annotation: Any) -> list[type[BaseModel]]:
    """The models that a field may hold, in the order of its union."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return [annotation]
    inner = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
    return [model for argument in inner for model in models(argument)]


def nested_models() -> list[type[BaseModel]]:
    """Every model below the keys of a stack file, by name."""
    top = {model for field in Settings.model_fields.values() for model in models(field.annotation)}
    found: set[type[BaseModel]] = set()
    pending = list(top)
    while pending:
        for field in pending.pop().model_fields.values():
            new = set(models(field.annotation)) - found - top
            found |= new
            pending += new
    return sorted(found, key=lambda model: model.__name__)


def _top_level(key: str, model: type[BaseModel]) -> str:
    if "backend" not in model.model_fields:
        return f"{_table(model)}\n"
    backend = get_args(model.model_fields["backend"].annotation)[0]
    return f"### {key}: {backend}\n\n{_about(model)}\n\n{_table(model)}\n"


def _about(model: type[BaseModel]) -> str:
    return inspect.cleandoc(model.__doc__ or "").replace("``", "`")


def _table(model: type[BaseModel]) -> str:
    fields = sorted(model.model_fields.items(), key=lambda item: not is_tag(item[1]))
    return table(HEAD, [_row(name, field) for name, field in fields])


def _row(name: str, field: FieldInfo) -> tuple[str, str, str, str]:
    meaning = field.description or (f"Chooses the {name}." if is_tag(field) else "")
    return f"`{_key(name, field)}`", _type(field.annotation, field.metadata), _default(field), meaning


def is_tag(field: FieldInfo) -> bool:
    """Whether the field has one possible value, which tells the members of a union apart."""
    return get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1


def _key(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _presence(field: FieldInfo) -> str:
    return "Required." if field.is_required() else "Optional."


def grammars(annotation: Any, metadata: Iterable[Any] = ()) -> Iterator[Grammar]:
    """Every grammar of a type, of what it contains, and of the texts that an Output of a program stands for."""
    yield from (each for each in metadata if isinstance(each, Grammar))
    for each in [*(wrapped.type for wrapped in metadata if isinstance(wrapped, InputOf)), *get_args(annotation)]:
        is_annotated = get_origin(each) is Annotated
        yield from grammars(get_args(each)[0], each.__metadata__) if is_annotated else grammars(each)


def all_grammars() -> list[Grammar]:
    """Every grammar of the settings, by name."""
    fields = [field for model in every_model() for field in model.model_fields.values()]
    found = {grammar for field in fields for grammar in grammars(field.annotation, field.metadata)}
    return sorted(found, key=lambda grammar: grammar.name.lower())


def every_model() -> list[type[BaseModel]]:
    """Every model of a stack file."""
    top = [model for field in Settings.model_fields.values() for model in models(field.annotation)]
    return [*dict.fromkeys([*top, *nested_models()])]


def _grammar_row(grammar: Grammar) -> tuple[str, str, str]:
    anchor = f'<a id="{_anchor(grammar)}"></a>{grammar.name}'
    return anchor, grammar.rule, ", ".join(f"`{example}`" for example in grammar.examples)


def _anchor(grammar: Grammar) -> str:
    return "-".join(["grammar", *re.findall(r"\w+", grammar.name.lower())])


def _bounds(metadata: Iterable[Any]) -> str:
    """The range of a number as words."""
    lowest = next((each.ge for each in metadata if isinstance(each, Ge)), None)
    highest = next((each.le for each in metadata if isinstance(each, Le)), None)
    if lowest is not None and highest is not None:
        return f", {lowest} to {highest}"
    return f", {lowest} or more" if lowest is not None else ""


def _type(annotation: Any, metadata: Iterable[Any] = ()) -> str:  # noqa: PLR0911 - one for each form
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0], annotation.__metadata__)
    for each in metadata:
        if isinstance(each, InputOf):
            return _type(each.type)
        if isinstance(each, Grammar):
            return f"[{each.name}](#{_anchor(each)})"
    if origin is Literal:
        return " or ".join(f"`{json.dumps(value)}`" for value in inner)
    if origin in UNIONS:
        return " or ".join(dict.fromkeys(_type(option) for option in inner))
    if origin in COLLECTIONS:
        name, position = COLLECTIONS[origin]
        return f"{name} of {_type(inner[position])}"
    if annotation is int:
        return f"integer{_bounds(metadata)}"
    return NAMES.get(annotation) or f"[{annotation.__name__}](#{annotation.__name__.lower()})"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, BaseModel) and not value.model_fields_set:
        return "its defaults"
    return f"`{json.dumps(_plain(value), default=str)}`"


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, render))
