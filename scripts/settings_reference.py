"""Makes docs/settings.md from the settings models: `python -m scripts.settings_reference [--check]`."""

from __future__ import annotations

import inspect
import json
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from components.stack.settings import SECRETS_KEY, Settings
from scripts.reference import DOCS, table, write_or_check

PAGE = DOCS / "settings.md"
HEAD = ("Key", "Type", "Default", "Meaning")
UNIONS = (Union, types.UnionType)
NAMES: Mapping[Any, str] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "boolean",
    Path: "path",
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


def render() -> str:
    """The whole page."""
    sections = [INTRODUCTION]
    for name, field in Settings.model_fields.items():
        key = _key(name, field)
        sections.append(f"## {key}\n\n{field.description} {_presence(field)}\n")
        sections += [_top_level(key, model) for model in models(field.annotation)]
    sections.append("## Types\n")
    sections += [f"### {model.__name__}\n\n{_about(model)}\n\n{_table(model)}\n" for model in nested_models()]
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
    return f"`{_key(name, field)}`", _type(field.annotation), _default(field), meaning


def is_tag(field: FieldInfo) -> bool:
    """Whether the field has one possible value, which tells the members of a union apart."""
    return get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1


def _key(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _presence(field: FieldInfo) -> str:
    return "Required." if field.is_required() else "Optional."


def _type(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0])
    if origin is Literal:
        return " or ".join(f"`{json.dumps(value)}`" for value in inner)
    if origin in UNIONS:
        return " or ".join(dict.fromkeys(_type(option) for option in inner))
    if origin in COLLECTIONS:
        name, position = COLLECTIONS[origin]
        return f"{name} of {_type(inner[position])}"
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
