"""What the three stand-in plugins share: the gRPC server, its errors, and talking back to the engine."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from contextlib import contextmanager
from typing import Any, NoReturn

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, status_pb2

# The engine's own limit: states with large manifests go well over gRPC's 4 MiB.
OPTIONS = [("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", 400 << 20)]
# A call blocks its thread while a resource becomes ready, and the engine has as many under way as it likes.
_THREADS = 256


class PluginError(Exception):
    """An operation failed; the message is what the user reads."""


class InitializationError(PluginError):
    """The resource exists but did not become ready: the engine keeps it in the state and tries again next time."""

    def __init__(
        self,
        message: str,
        resource_id: str,
        properties: struct_pb2.Struct,
        reasons: Sequence[str],
        inputs: struct_pb2.Struct | None = None,
    ) -> None:
        super().__init__(message)
        self.detail = provider_pb2.ErrorResourceInitFailed(
            id=resource_id, properties=properties, reasons=[message, *reasons], inputs=inputs
        )


def listen(register: Callable[[grpc.Server], None]) -> tuple[grpc.Server, int]:
    """Serve on a free loopback port."""
    server = grpc.server(futures.ThreadPoolExecutor(_THREADS), interceptors=[_Errors()], options=OPTIONS)
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def serve(register: Callable[[grpc.Server], None]) -> None:
    """Serve, print the port as the engine expects, and end with the engine."""
    server, port = listen(register)
    print(port, flush=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop(0))
    threading.Thread(target=_end_with_parent, args=(server,), daemon=True).start()
    server.wait_for_termination()


def _end_with_parent(server: grpc.Server) -> None:
    """A killed engine cannot tell its plugins to stop."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(2)
    server.stop(0)


class _Errors(grpc.ServerInterceptor):  # type: ignore[misc]
    """Turns exceptions into the statuses that the engine understands."""

    def intercept_service(self, continuation: Any, details: Any) -> Any:
        handler = continuation(details)
        if handler is None:
            return None
        codec = (handler.request_deserializer, handler.response_serializer)
        if handler.unary_unary is not None:

            def call(request: Any, context: grpc.ServicerContext) -> Any:
                with _statuses(details.method, context):
                    return handler.unary_unary(request, context)

            return grpc.unary_unary_rpc_method_handler(call, *codec)

        def stream(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            with _statuses(details.method, context):
                yield from handler.unary_stream(request, context)

        return grpc.unary_stream_rpc_method_handler(stream, *codec)


@contextmanager
def _statuses(method: str, context: grpc.ServicerContext) -> Iterator[None]:
    try:
        yield
    except InitializationError as error:
        _abort(context, str(error), error.detail)
    except PluginError as error:
        _abort(context, str(error))
    except NotImplementedError as error:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"not supported by this stand-in: {error}")
    except Exception as error:
        if context.code() is not None:
            raise
        # Where it happened, but not the exception's own words: they may quote a secret.
        frames = "".join(traceback.format_tb(error.__traceback__)[-3:])
        _abort(context, f"stand-in plugin failed in {method}: {type(error).__name__}\n{frames}")


def _abort(context: grpc.ServicerContext, message: str, detail: Any = None) -> NoReturn:
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
    if detail is not None:
        status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError("abort always raises")


class Log:
    """The engine's log: `status` is the passing line beside a resource, the others stay on the screen."""

    def __init__(self, address: str) -> None:
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address, options=OPTIONS))

    def status(self, urn: str, message: str) -> None:
        """Replace the passing line beside a resource; an empty message clears it."""
        self._send(engine_pb2.INFO, urn, message, ephemeral=True)

    def info(self, urn: str, message: str) -> None:
        """Tell something worth keeping."""
        self._send(engine_pb2.INFO, urn, message)

    def warning(self, urn: str, message: str) -> None:
        """Warn."""
        self._send(engine_pb2.WARNING, urn, message)

    def _send(self, severity: Any, urn: str, message: str, ephemeral: bool = False) -> None:
        request = engine_pb2.LogRequest(severity=severity, message=message, urn=urn, ephemeral=ephemeral)
        try:
            self._engine.Log(request, timeout=10)
        except grpc.RpcError:
            return  # A lost log line must not fail the operation it tells of.
