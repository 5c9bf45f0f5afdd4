"""The provider: every input forces a replacement, values are made once and only read from the state afterwards."""
# ruff: noqa: N802  (method names are the protocol's)

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from local.plugins.properties import UNKNOWN, Secret, decode_map, encode_map, has_unknown, mark_secrets, plain
from local.plugins.random import generate
from local.plugins.server import PluginError, serve

_PASSWORD = "random:index/randomPassword:RandomPassword"  # noqa: S105
_STRING = "random:index/randomString:RandomString"
_ID = "random:index/randomId:RandomId"
_PURE_OUTPUTS = {
    _PASSWORD: ("result", "bcryptHash"),
    _STRING: ("result",),
    _ID: ("b64Std", "b64Url", "dec", "hex"),
}


class RandomProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Three resource types of the official provider."""

    def __init__(self, version: str) -> None:
        self._version = version

    def Handshake(self, *_: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, *_: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self._version)

    def GetSchema(self, *_: Any) -> Any:
        return provider_pb2.GetSchemaResponse(schema=f'{{"name": "random", "version": "{self._version}"}}')

    def CheckConfig(self, request: Any, _: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, *_: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, *_: Any) -> Any:
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, _: Any) -> Any:
        kind = _type(request.urn)
        if kind not in _PURE_OUTPUTS:
            raise NotImplementedError(kind)
        required = "byteLength" if kind == _ID else "length"
        failures = []
        if required not in request.news.fields:
            failures.append(provider_pb2.CheckFailure(property=required, reason="missing required property"))
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def Diff(self, request: Any, _: Any) -> Any:
        """Compare what was asked for with what is asked for; keepers with null values count as absent."""
        olds, news = (_comparable(decode_map(part)) for part in (request.old_inputs, request.news))
        changed = sorted(key for key in {*olds, *news} if olds.get(key) != news.get(key))
        changed = [key for key in changed if key not in request.ignoreChanges]
        kinds = provider_pb2.PropertyDiff
        detail = {key: kinds(kind=_kind(kinds, key in olds, key in news), inputDiff=True) for key in changed}
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some if changed else none,
            replaces=changed,
            diffs=changed,
            detailedDiff=detail,
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, _: Any) -> Any:
        kind = _type(request.urn)
        inputs = decode_map(request.properties)
        if request.preview or has_unknown(inputs):
            outputs = inputs | dict.fromkeys(_PURE_OUTPUTS[kind], UNKNOWN)
            return provider_pb2.CreateResponse(properties=encode_map(outputs))
        try:
            identity, outputs = _MAKERS[kind](plain(inputs))
        except ValueError as error:
            raise PluginError(str(error)) from None
        return provider_pb2.CreateResponse(id=identity, properties=encode_map(mark_secrets(outputs, inputs)))

    def Read(self, request: Any, _: Any) -> Any:
        """A refresh finds what the state holds; an import takes the id for the value."""
        if request.properties.fields:
            return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)
        identity, inputs, outputs = _import(_type(request.urn), request.id)
        return provider_pb2.ReadResponse(
            id=identity, properties=encode_map(inputs | outputs), inputs=encode_map(inputs)
        )

    def Update(self, request: Any, _: Any) -> Any:
        return provider_pb2.UpdateResponse(properties=request.olds)

    def Delete(self, *_: Any) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, *_: Any) -> Any:
        return empty_pb2.Empty()

    def Attach(self, *_: Any) -> Any:
        return empty_pb2.Empty()


def _type(urn: str) -> str:
    """The type token: `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>`."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _comparable(inputs: Mapping[str, Any]) -> dict[str, Any]:
    compared = plain(inputs)
    keepers = {key: value for key, value in (compared.get("keepers") or {}).items() if value is not None}
    rest = {key: value for key, value in compared.items() if key != "keepers" and value is not None}
    return {**rest, "keepers": keepers} if keepers else rest


def _kind(kinds: Any, before: bool, after: bool) -> Any:
    if before and after:
        return kinds.UPDATE_REPLACE
    return kinds.ADD_REPLACE if after else kinds.DELETE_REPLACE


def _make_password(inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    result = generate.text(inputs)
    hidden = {"result": Secret(result), "bcryptHash": Secret(generate.password_hash(result))}
    return "none", generate.defaults(inputs) | hidden


def _make_string(inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    result = generate.text(inputs)
    return result, generate.defaults(inputs) | {"result": result}


def _make_id(inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    identity, shown = generate.identifier(int(inputs["byteLength"]), str(inputs.get("prefix") or ""))
    return identity, inputs | shown


_MAKERS: dict[str, Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]] = {
    _PASSWORD: _make_password,
    _STRING: _make_string,
    _ID: _make_id,
}


def _import(kind: str, identity: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Id, inputs and outputs of a value that exists already. An id of RandomId may be `<prefix>,<base64>`."""
    if kind == _ID:
        prefix, _, url = identity.rpartition(",")
        data = base64.urlsafe_b64decode(url + "=" * (-len(url) % 4))
        inputs: dict[str, Any] = {"byteLength": len(data)} | ({"prefix": prefix} if prefix else {})
        return *generate.spellings(data, prefix)[:1], inputs, generate.spellings(data, prefix)[1]
    inputs = {"length": len(identity)}
    completed = generate.defaults(inputs)
    if kind == _STRING:
        return identity, inputs, completed | {"result": identity}
    hidden = {"result": Secret(identity), "bcryptHash": Secret(generate.password_hash(identity))}
    return "none", inputs, completed | hidden


def main(version: str) -> None:
    """Serve until the engine ends."""
    provider = RandomProvider(version)
    serve(lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server))
