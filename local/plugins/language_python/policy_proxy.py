"""Stands between the engine and a Python policy pack.

The engine tells the stack's name and configuration to a running analyzer (ConfigureStack), but the `pulumi_policy`
package reads them from its environment at start. So a small analyzer answers first, the pack starts once the
configuration is known, and every other call is handed on as it came, byte for byte.
"""

from __future__ import annotations

import json
import threading
from concurrent import futures
from typing import Any, NoReturn

import grpc
from pulumi.runtime.proto import analyzer_pb2

from local.plugins.server import OPTIONS

_CONFIGURE = "/pulumirpc.Analyzer/ConfigureStack"
_HANDSHAKE = "/pulumirpc.Analyzer/Handshake"


class PolicyProxy(grpc.GenericRpcHandler):  # type: ignore[misc]
    """An analyzer that waits for the real one."""

    def __init__(self) -> None:
        self._configured = threading.Event()
        self._attached = threading.Event()
        self._configuration: bytes | None = None
        self._pack: grpc.Channel | None = None
        self._failure = ""
        self._server = grpc.server(futures.ThreadPoolExecutor(16), handlers=(self,), options=OPTIONS)
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def environment(self) -> dict[str, str]:
        """Wait for the stack's configuration and say it in the variables that `pulumi_policy` reads.

        Empty when the engine asks something else first, as `pulumi policy publish` does.
        """
        self._configured.wait()
        if self._configuration is None:
            return {}
        request = analyzer_pb2.AnalyzerStackConfigureRequest.FromString(self._configuration)
        variables = {
            "PULUMI_ORGANIZATION": request.organization,
            "PULUMI_PROJECT": request.project,
            "PULUMI_STACK": request.stack,
            "PULUMI_DRY_RUN": str(request.dry_run).lower(),
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
        }
        return {name: value for name, value in variables.items() if value}

    def attach(self, port: int) -> None:
        """Hand on to the pack on this port from now on."""
        self._pack = grpc.insecure_channel(f"127.0.0.1:{port}", options=OPTIONS)
        if self._configuration is not None:
            try:
                self._pack.unary_unary(_CONFIGURE)(self._configuration, wait_for_ready=True, timeout=60)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNIMPLEMENTED:
                    raise
        self._attached.set()

    def fail(self, reason: str) -> None:
        """The pack ended: whoever waits for it gets the reason."""
        self._failure = reason
        self._configured.set()
        self._attached.set()

    def stop(self) -> None:
        """Release the port."""
        self._server.stop(0)

    def service(self, details: Any) -> Any:
        """One handler for every method (gRPC's name for it)."""
        method: str = details.method
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self._call(method, request, context))

    def _call(self, method: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        if method == _HANDSHAKE:
            return b""
        if method == _CONFIGURE:
            self._configuration = request
            self._configured.set()
            return b""
        self._configured.set()
        self._attached.wait()
        if self._pack is None:
            return _abort(context, grpc.StatusCode.UNKNOWN, f"policy pack not started: {self._failure}")
        try:
            answer: bytes = self._pack.unary_unary(method)(request)
        except grpc.RpcError as error:
            return _abort(context, error.code(), error.details())
        return answer


def _abort(context: grpc.ServicerContext, code: grpc.StatusCode, message: str) -> NoReturn:
    context.abort(code, message)
    raise AssertionError("abort always raises")
