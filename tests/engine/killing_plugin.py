"""A plugin on the PATH that kills the engine as it creates a resource: run as `pulumi-resource-<name>`.

It starts the real plugin of the same name from the CLI's own folder, and passes every call on as it is. The file named
by KILL_AT says at which type to kill and when: before the real plugin is asked, while it works, or after it answered.
It is deleted as that happens, so that the next run lives.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2

LIMITS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
WORKS_FOR = 3.0


class Forwarder(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Passes calls on to the real plugin."""

    def __init__(self, port: int) -> None:
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", LIMITS)
        self._engine = os.getppid()

    def service(self, details: Any) -> Any:
        def call(request: bytes, context: Any) -> bytes:
            when = self._when(details.method, request)
            if when == "before":
                self._kill()
            if when == "during":
                threading.Timer(WORKS_FOR, self._kill).start()
            try:
                answer: bytes = self._channel.unary_unary(details.method)(request)
            except grpc.RpcError as error:
                context.set_trailing_metadata(error.trailing_metadata())
                context.abort(error.code(), error.details())
            if when:
                self._kill()
            return answer

        return grpc.unary_unary_rpc_method_handler(call)

    def _when(self, method: str, request: bytes) -> str:
        """When to kill the engine in this call, or nothing."""
        order = Path(os.environ["KILL_AT"])
        if not method.endswith("/Create") or not order.exists():
            return ""
        wanted, when = order.read_text().split()
        create = provider_pb2.CreateRequest.FromString(request)
        if create.preview or f"::{wanted}::" not in create.urn.replace("$", "::"):
            return ""
        order.unlink()
        return when

    def _kill(self) -> None:
        try:
            os.kill(self._engine, signal.SIGKILL)
        except ProcessLookupError:
            return
        time.sleep(1)


def main() -> None:
    """Serve until the engine or the real plugin is gone."""
    [real] = Path(os.environ["PULUMI_HOME"], "plugins").glob(f"*/{Path(sys.argv[0]).name}")
    with subprocess.Popen([real, *sys.argv[1:]], stdout=subprocess.PIPE, text=True) as plugin:
        assert plugin.stdout
        server = grpc.server(futures.ThreadPoolExecutor(32), options=LIMITS)
        server.add_generic_rpc_handlers([Forwarder(int(plugin.stdout.readline()))])
        print(server.add_insecure_port("127.0.0.1:0"), flush=True)
        server.start()
        plugin.wait()


if __name__ == "__main__":
    main()
