"""Field types that the settings of several backing services share."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from .base import InputOf, InputText, ObjectName, SettingsModel


def _http_url(value: str) -> str:
    url = urlsplit(value)
    if "@" in url.netloc:
        raise ValueError("must not contain credentials; name a Secret that holds them")
    if url.scheme not in {"http", "https"} or not url.hostname or url.path not in {"", "/"} or url.query:
        raise ValueError("must be the URL of an S3 server without a path, such as https://s3.example.com")
    return value.rstrip("/")


HttpUrl = Annotated[str, AfterValidator(_http_url)]


class ServerCertificate(SettingsModel):
    """TLS of a server in the cluster, from a Secret of type ``kubernetes.io/tls`` that also has the key ``ca.crt``."""

    secret_name: Annotated[InputText, InputOf(ObjectName)] = Field(
        description="Secret with tls.crt, tls.key and ca.crt, made by cert-manager or you."
    )
