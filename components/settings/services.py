"""Field types that the settings of several backing services share."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from .base import InputOf, InputText, SecretReference, SettingsModel
from .grammars.kubernetes import ObjectName


class ServerCertificate(SettingsModel):
    """TLS of a server in the cluster, from a Secret of type ``kubernetes.io/tls`` that also has the key ``ca.crt``."""

    secret_name: Annotated[InputText, InputOf(ObjectName)] = Field(
        description="Secret with tls.crt, tls.key and ca.crt, made by cert-manager or you."
    )


class S3Key(SettingsModel):
    """An access key of an S3 server: both of its halves, in existing Secrets."""

    access_key_id: SecretReference = Field(description="Key of a Secret that holds the access key id.")
    secret_access_key: SecretReference = Field(description="Key of a Secret that holds the secret access key.")

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        if self.access_key_id.key == self.secret_access_key.key:
            raise ValueError(
                "accessKeyId and secretAccessKey name the same key of the same Secret; write a secretKey for each"
            )
        return self
