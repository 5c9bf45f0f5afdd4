"""A public host name that leads to a port of this machine, with the certificate still checked for that name."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx


class LoopbackTransport(httpx.HTTPTransport):
    """Sends every request to 127.0.0.1:``port``; the certificate must be for the host of the URL, and of ``ca``."""

    def __init__(self, port: int, ca: Path) -> None:
        super().__init__(verify=ssl.create_default_context(cafile=str(ca)))
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Lead one request astray, but leave its URL as it was: cookies belong to the public name."""
        public = request.url
        request.extensions["sni_hostname"] = public.host
        request.url = public.copy_with(scheme="https", host="127.0.0.1", port=self._port)
        try:
            return super().handle_request(request)
        finally:
            request.url = public
