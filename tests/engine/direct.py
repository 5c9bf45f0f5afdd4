"""The random stand-in called as the engine calls it, over its own protocol, without the time a CLI run takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from local.plugins.properties import decode_map, encode_map
from local.plugins.server import listen

Properties = dict[str, Any]


class FailedError(Exception):
    """The provider refused."""


class Direct:
    """One provider process's worth of calls. Resources are named by type and name."""

    def __init__(self, provider: provider_pb2_grpc.ResourceProviderServicer, **config: str) -> None:
        self._server, port = listen(
            lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
        )
        self._stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
        self.call(self._stub.Configure, provider_pb2.ConfigureRequest(variables=config or {}, acceptSecrets=True))

    def stop(self) -> None:
        """Release the port."""
        self._server.stop(0)

    @staticmethod
    def call(method: Callable[[Any], Any], request: Any) -> Any:
        """One call, errors decoded as the engine decodes them."""
        try:
            return method(request)
        except grpc.RpcError as error:
            raise FailedError(error.details()) from None

    def check(self, urn: str, news: Properties, olds: Properties | None = None, seed: bytes = b"seed") -> Properties:
        """The inputs as the provider completes them. Failures fail."""
        request = provider_pb2.CheckRequest(
            urn=urn, news=encode_map(news), olds=encode_map(olds or {}), randomSeed=seed
        )
        answer = self.call(self._stub.Check, request)
        if answer.failures:
            raise FailedError("; ".join(f"{failure.property}: {failure.reason}" for failure in answer.failures))
        return decode_map(answer.inputs)

    def diff(
        self,
        urn: str,
        olds: Properties,
        news: Properties,
        ignore: Sequence[str] = (),
        old_inputs: Properties | None = None,
    ) -> Any:
        """The provider's answer as it is."""
        request = provider_pb2.DiffRequest(
            id="id",
            urn=urn,
            olds=encode_map(olds),
            news=encode_map(news),
            ignoreChanges=ignore,
            old_inputs=encode_map(old_inputs or {}),
        )
        return self.call(self._stub.Diff, request)

    def create(
        self, urn: str, properties: Properties, preview: bool = False, timeout: float = 60
    ) -> tuple[str, Properties]:
        """Id and state."""
        request = provider_pb2.CreateRequest(
            urn=urn, properties=encode_map(properties), preview=preview, timeout=timeout
        )
        answer = self.call(self._stub.Create, request)
        return answer.id, decode_map(answer.properties)

    def make(self, urn: str, inputs: Properties, timeout: float = 60) -> tuple[str, Properties]:
        """Check and create, as an update does."""
        return self.create(urn, self.check(urn, inputs), timeout=timeout)

    def read(
        self, urn: str, resource_id: str, state: Properties | None = None, inputs: Properties | None = None
    ) -> tuple[str, Properties, Properties]:
        """Id (empty when it is gone), state and inputs."""
        request = provider_pb2.ReadRequest(
            urn=urn, id=resource_id, properties=encode_map(state or {}), inputs=encode_map(inputs or {})
        )
        answer = self.call(self._stub.Read, request)
        return answer.id, decode_map(answer.properties), decode_map(answer.inputs)


def urn(kind: str, name: str = "it") -> str:
    """A URN of this type."""
    return f"urn:pulumi:test::engine::{kind}::{name}"


def changes(answer: Any) -> Mapping[str, str]:
    """The paths of a diff and what becomes of each."""
    return {path: provider_pb2.PropertyDiff.Kind.Name(found.kind) for path, found in answer.detailedDiff.items()}
