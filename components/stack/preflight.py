"""What the program asks the cluster before any provider is asked: whether it is there, and has the operators.

The answers of Pulumi's provider to a wrong context are pages of tracebacks, which end with advice that makes Pulumi
forget every resource; and a kind that the cluster does not know passes a preview.
"""

from __future__ import annotations

import os
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

from ..kubernetes.operated import Kind
from ..object_store import tenant
from ..object_store.settings import TenantStore
from ..postgresql import cnpg, cnpg_backup, zalando
from ..postgresql.settings import CnpgPostgres, ZalandoPostgres
from ..redis import alauda
from ..redis.settings import AlaudaRedis
from ..settings.errors import SettingsError
from .kubeconfig import Access, KubeconfigError, load
from .settings import Settings
from .volumes import volume_problems

# With it, previews do without a cluster; it is a variable of Pulumi's provider, which then skips what it would ask.
WITHOUT_CLUSTER = "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE"
TIMEOUTS = (5, 15)
ATTEMPTS = 3


class ClusterError(pulumi.RunError):
    """The cluster cannot be deployed to; one line that names what is wrong and what to do."""


def check_cluster(settings: Settings) -> None:
    """Raises ClusterError when the cluster of the settings is not there or lacks the kind of a chosen backend.

    SettingsError where a volume that is there cannot become what the settings say. A preview without a cluster, which
    the environment asks for, is not checked.
    """
    if pulumi.runtime.is_dry_run() and os.environ.get(WITHOUT_CLUSTER) == "true":
        return
    cluster = settings.cluster
    try:
        access = load(cluster.kubeconfig, cluster.context)
    except KubeconfigError as error:
        raise ClusterError(f"cluster.context: {error}. Nothing was changed.") from None
    if not access.is_known:
        return
    with _session(access) as session:
        _ask(session, access, cluster.context, "/version")
        missing = [kind for kind in needed_kinds(settings) if not _knows(session, access, cluster.context, kind)]
        volumes = [*volume_problems(settings, lambda path: _read(session, access, cluster.context, path))]
    if missing:
        kinds = "; ".join(f"{kind.kind} of {kind.api_version}, which {kind.operator} brings" for kind in missing)
        raise ClusterError(
            f"the cluster of context {cluster.context} does not know the kind {kinds}: install the operator first, or "
            "choose another backend. Nothing was changed."
        )
    if volumes:
        raise SettingsError(volumes)


def _read(session: requests.Session, access: Access, context: str, path: str) -> Mapping[str, Any] | None:
    answer = _ask(session, access, context, path)
    return answer.json() if answer.ok else None


def needed_kinds(settings: Settings) -> Iterator[Kind]:
    """The kinds of resources that the chosen backends make and that only an operator's cluster knows."""
    database = settings.postgresql
    if isinstance(database, CnpgPostgres):
        yield cnpg.KIND
        if database.backup or database.restore:
            yield cnpg_backup.OBJECT_STORE
        if database.backup:
            yield cnpg_backup.SCHEDULED_BACKUP
        if database.pod_monitor:
            yield cnpg.POD_MONITOR
    if isinstance(database, ZalandoPostgres):
        yield zalando.KIND
    if isinstance(settings.redis, AlaudaRedis):
        yield alauda.KIND
    if isinstance(settings.object_store, TenantStore):
        yield tenant.KIND


def _knows(session: requests.Session, access: Access, context: str, kind: Kind) -> bool:
    answer = _ask(session, access, context, f"/apis/{kind.api_version}")
    if answer.status_code == 404:
        return False
    # Who may not look is not told that something is missing.
    return not answer.ok or kind.kind in {each["kind"] for each in answer.json().get("resources", [])}


def _ask(session: requests.Session, access: Access, context: str, path: str) -> requests.Response:
    problem = ""
    for attempt in range(ATTEMPTS):
        time.sleep(attempt)
        try:
            answer = session.get(f"{access.server}{path}", timeout=TIMEOUTS)
        except (OSError, ValueError) as error:
            problem = _reason(error)
            continue
        if answer.status_code == 401:
            raise ClusterError(
                f"the cluster of context {context} at {access.server} refuses the credentials of the kubeconfig (401): "
                "log in anew. Nothing was changed."
            )
        if answer.status_code < 500:
            return answer
        problem = f"{answer.status_code} {answer.reason}"
    raise ClusterError(
        f"the cluster of context {context} does not answer at {access.server} ({problem}): see cluster.context and "
        "cluster.kubeconfig, and whether it runs and this machine reaches it. Nothing was changed."
    )


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
