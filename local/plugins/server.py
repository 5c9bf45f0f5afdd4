"""What the two stand-in plugins share: the gRPC server and its errors."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any, NoReturn

import grpc

# The engine's own limit: states with large manifests go well over gRPC's 4 MiB.
OPTIONS = [("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", 400 << 20)]
# A call blocks its thread while a resource becomes ready, and the engine has as many under way as it likes.
_THREADS = 256


class PluginError(Exception):
    """An operation failed; the message is what the user reads."""


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


def _abort(context: grpc.ServicerContext, message: str) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError("abort always raises")
