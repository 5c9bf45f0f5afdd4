"""Makes pulumi_plugin/arguments.py from the settings models: `python -m scripts.plugin_arguments [--check]`.

The SDK makes the schema of the component package from typed dictionaries, which know neither models nor alternatives: a
key with several backends becomes one dictionary with the fields of all of them.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.alias_generators import to_pascal
from pydantic.fields import FieldInfo

from components.stack.settings import Settings
from scripts.reference import PROJECT, write_or_check

PAGE = PROJECT / "pulumi_plugin" / "arguments.py"
INTRODUCTION = '''"""The arguments of the component package, made by `make reference` from the settings; do not edit."""

from typing import Any, NotRequired, TypedDict
'''
WIDTH = 120


def render() -> str:
    """The module, with what is used before what uses it."""
    written: dict[str, str] = {}
    _dictionary("LabelStudioStackArgs", [Settings], written)
    return "\n\n".join([INTRODUCTION, *written.values()])


def _dictionary(name: str, models: list[type[BaseModel]], written: dict[str, str]) -> str:
    """The name of a typed dictionary with the fields of all models, after those that it needs."""
    if name in written:
        return name
    fields: dict[str, list[FieldInfo]] = {}
    for model in models:
        for key, field in model.model_fields.items():
            fields.setdefault(key, []).append(field)
    lines = [f"class {name}(TypedDict):", f'    """{(models[0].__doc__ or "").strip().splitlines()[0]}"""']
    if len(models) > 1:
        lines[1] = f'    """One of {len(models)} kinds, which have these fields between them."""'
    owner = "" if models == [Settings] else name.removesuffix("Args")
    for key, found in fields.items():
        needed = len(found) == len(models) and all(field.is_required() for field in found)
        kind = _type(Union[tuple(field.annotation for field in found)], owner + to_pascal(key), written)  # noqa: UP007
        lines.append(f"    {key}: {kind if needed else f'NotRequired[{kind}]'}")
        lines += _docstring(found[0].description or "Which of the kinds this is.")
    written[name] = "\n".join([*lines[:2], "", *lines[2:]]) + "\n"
    return name


def _docstring(text: str) -> Iterator[str]:
    line = f'    """{text}"""'
    yield line if len(line) <= WIDTH else f"{line}  # noqa: E501"


def _type(annotation: Any, name: str, written: dict[str, str]) -> str:  # noqa: PLR0911 - one for each form
    """What stands for a field's type; an alternative of plain values may be any."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0], name, written)
    if origin in (Union, types.UnionType):
        alternatives = [each for each in inner if each is not type(None)]
        models = [model for each in alternatives if (model := _model(each))]
        if len(models) == len(alternatives) > 1:
            return _dictionary(f"{name}Args", models, written)
        kinds = {_type(each, name, written) for each in alternatives}
        return kinds.pop() if len(kinds) == 1 else "Any"
    if origin is Literal:
        return type(inner[0]).__name__
    if origin is tuple:
        return f"list[{_type(inner[0], name.removesuffix('s'), written)}]"
    if origin is dict:
        return f"dict[str, {_type(inner[1], name, written)}]"
    if model := _model(annotation):
        return _dictionary(f"{model.__name__.removesuffix('Settings')}Args", [model], written)
    return {bool: "bool", int: "int", float: "float", str: "str"}[annotation]


def _model(annotation: Any) -> type[BaseModel] | None:
    if get_origin(annotation) is Annotated:
        return _model(get_args(annotation)[0])
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def main(arguments: list[str] | None = None) -> int:
    """Write the module, or with ``--check`` only say (1) that it is stale."""
    return write_or_check(PAGE, render, arguments)


if __name__ == "__main__":
    sys.exit(main())
