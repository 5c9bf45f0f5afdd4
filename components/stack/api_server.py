"""The API server of a stack's cluster, asked directly: one line says why it does not answer."""

from __future__ import annotations

import ssl
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pulumi
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import InsecureRequestWarning
from urllib3.util import create_urllib3_context

from .cluster import ClusterSettings
from .kubeconfig import Access, KubeconfigError, load

TIMEOUTS = (5, 15)
ATTEMPTS = 3


class ClusterError(pulumi.RunError):
    """The cluster cannot be deployed to; one line that names what is wrong and what to do."""


class ApiServer:
    """Requests with the credentials of a context; each raises ClusterError where the server does not answer."""

    def __init__(self, session: requests.Session, access: Access, context: str) -> None:
        self._session, self._access, self._context = session, access, context

    def get(self, path: str) -> requests.Response:
        """The answer, whatever it is."""
        return self.request("GET", path)

    def read(self, path: str) -> Mapping[str, Any] | None:
        """The object at a path; None where it is not there or may not be read."""
        answer = self.get(path)
        return answer.json() if answer.ok else None

    def text(self, path: str) -> str:
        """The text at a path, such as a log; empty where there is none or it may not be read."""
        answer = self.get(path)
        return answer.text if answer.ok else ""

    def request(self, method: str, path: str, **content: Any) -> requests.Response:
        """An answer that is no failure of the server's own; such a one is asked for again."""
        problem = ""
        for attempt in range(ATTEMPTS):
            time.sleep(attempt)
            try:
                answer = self._session.request(method, f"{self._access.server}{path}", timeout=TIMEOUTS, **content)
            except (OSError, ValueError) as error:
                problem = _reason(error)
                continue
            if answer.status_code == 401:
                raise ClusterError(
                    f"the cluster of context {self._context} at {self._access.server} refuses the credentials of the "
                    "kubeconfig (401): log in again. Nothing was changed."
                )
            if answer.status_code < 500:
                return answer
            problem = f"{answer.status_code} {answer.reason}"
        raise ClusterError(
            f"the cluster of context {self._context} does not answer at {self._access.server} ({problem}): see "
            "cluster.context and cluster.kubeconfig, and whether it runs and this machine reaches it. "
            "Nothing was changed."
        )


@contextmanager
def connected(cluster: ClusterSettings) -> Iterator[ApiServer | None]:
    """The API server of the context, or None where only other clients than this one get there."""
    try:
        access = load(cluster.kubeconfig, cluster.context)
    except KubeconfigError as error:
        raise ClusterError(f"cluster.context: {error}. Nothing was changed.") from None
    if not access.is_known:
        yield None
        return
    with _session(access) as session:
        yield ApiServer(session, access, cluster.context)


def _reason(error: BaseException) -> str:
    """The innermost reason, which tells a refused connection from a name that does not exist."""
    inner: Any = error
    while (deeper := getattr(inner, "reason", None) or next(iter(inner.args), None)) and isinstance(
        deeper, BaseException
    ):
        inner = deeper
    text = " ".join(str(inner).split())
    return text.rpartition(">: ")[2] or type(error).__name__


@contextmanager
def _session(access: Access) -> Iterator[requests.Session]:
    with tempfile.TemporaryDirectory() as folder, requests.Session() as session:
        authority = _file(folder, "authority", access.authority) if access.authority else True
        session.mount("https://", _Adapter(authority if access.verify else False, access.server_name))
        session.auth = _Bearer(access.token)
        # As Kubernetes' own clients do: the proxies of the environment are not for this machine.
        session.trust_env = urlsplit(access.server).hostname not in {"localhost", "127.0.0.1", "::1"}
        if access.proxy:
            session.proxies = {"http": access.proxy, "https": access.proxy}
        if access.certificate and access.key:
            # Only files will do; the folder is readable by its owner alone.
            session.cert = (_file(folder, "certificate", access.certificate), _file(folder, "key", access.key))
        yield session


def _file(folder: str, name: str, content: bytes) -> str:
    file = Path(folder, name)
    file.write_bytes(content)
    return str(file)


class _Bearer(AuthBase):
    """The token, if there is one, and nothing of a ``.netrc``."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Adapter(HTTPAdapter):
    """Trusts whom Kubernetes' own clients trust, who are less strict about the form of an authority."""

    def __init__(self, authority: str | bool, server_name: str | None) -> None:
        self._authority, self._server_name = authority, server_name
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        trust = create_urllib3_context()
        trust.verify_flags &= ~ssl.VERIFY_X509_STRICT
        trust.check_hostname = self._authority is not False
        if self._authority is True:
            trust.load_default_certs()
        kwargs |= {"ssl_context": trust}
        if self._server_name:
            kwargs |= {"server_hostname": self._server_name, "assert_hostname": self._server_name}
        super().init_poolmanager(*args, **kwargs)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        # What the environment names (REQUESTS_CA_BUNDLE) is for other servers.
        kwargs["verify"] = self._authority
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InsecureRequestWarning)
            return super().send(request, *args, **kwargs)
