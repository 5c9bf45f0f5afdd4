"""Property values as Pulumi sends them: a protobuf Struct with signed wrappers for what JSON cannot say.

Signatures: `sdk/go/common/resource/sig` of pulumi/pulumi, part of the plugin protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2

SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105
# One sentinel for each type; the engine accepts the string's for any of them.
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS = {
    _UNKNOWN,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
}


@dataclass(frozen=True)
class Secret:
    """A value that the engine must keep encrypted."""

    value: Any

    def __repr__(self) -> str:
        """Never the value: a secret may end up in a traceback."""
        return "Secret(...)"


class Unknown:
    """A value that is known only once the resource it comes from is made."""

    def __repr__(self) -> str:
        """The same words as the CLI's."""
        return "output<unknown>"


UNKNOWN = Unknown()


def decode(value: struct_pb2.Value) -> Any:
    """A protobuf value as plain Python, with `Secret` and `UNKNOWN` where JSON has no word."""
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
        case "bool_value":
            return value.bool_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "list_value":
            return [decode(item) for item in value.list_value.values]
        case "struct_value":
            return _decode_struct(value.struct_value)
    return None


def decode_map(struct: struct_pb2.Struct) -> dict[str, Any]:
    """The properties of a resource."""
    return {key: decode(value) for key, value in struct.fields.items()}


def _decode_struct(struct: struct_pb2.Struct) -> Any:
    fields = decode_map(struct)
    match fields.get(SIGNATURE):
        case None:
            return fields
        case signature if signature == _SECRET:
            inner = fields["value"]
            return inner if isinstance(inner, Secret) else Secret(inner)
    raise ValueError("assets, archives, resource references and output values are not supported by this stand-in")


def encode(value: Any) -> struct_pb2.Value:  # noqa: PLR0911
    """The opposite of `decode`."""
    match value:
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case Unknown():
            return struct_pb2.Value(string_value=_UNKNOWN)
        case Secret():
            return encode({SIGNATURE: _SECRET, "value": value.value})
        case bool():
            return struct_pb2.Value(bool_value=value)
        case int() | float():
            return struct_pb2.Value(number_value=value)
        case str():
            return struct_pb2.Value(string_value=value)
        case Mapping():
            return struct_pb2.Value(struct_value=encode_map(value))
        case list() | tuple():
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[encode(item) for item in value]))
    raise TypeError(f"cannot send a {type(value).__name__} to the engine")


def encode_map(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """The opposite of `decode_map`."""
    return struct_pb2.Struct(fields={key: encode(value) for key, value in properties.items()})


def plain(value: Any) -> Any:
    """The same value without its secret wrappers, at any depth."""
    match value:
        case Secret():
            return plain(value.value)
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
    return value


def _contains(value: Any, wrapper: type) -> bool:
    if isinstance(value, wrapper):
        return True
    match value:
        case Secret():
            return _contains(value.value, wrapper)
        case Mapping():
            return any(_contains(item, wrapper) for item in value.values())
        case list():
            return any(_contains(item, wrapper) for item in value)
    return False


def has_unknown(value: Any) -> bool:
    """Whether anything in it is not known yet."""
    return _contains(value, Unknown)


def has_secret(value: Any) -> bool:
    """Whether anything in it is secret."""
    return _contains(value, Secret)


def mark_secrets(outputs: dict[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs, secret where the inputs are.

    Objects are walked; in a list one secret makes the whole list secret, since a server may reorder it. Same rule as
    the official providers'.
    """
    marked = dict(outputs)
    for key, given in inputs.items():
        if key not in marked or isinstance(marked[key], Secret):
            continue
        if isinstance(marked[key], dict) and isinstance(given, Mapping):
            marked[key] = mark_secrets(marked[key], given)
        elif has_secret(given):
            marked[key] = Secret(marked[key])
    return marked
