"""The config key ``redis``: the queue of Label Studio's background jobs."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..settings.base import InputOf, InputText, Resources, Scheduling, SecretReference, SettingsModel, Storage
from ..settings.grammars.hosts import Addresses
from ..settings.grammars.kubernetes import KubernetesName, ObjectName, SecretKeyName
from ..settings.grammars.quantities import parse_quantity
from ..settings.grammars.redis import RedisAddress, RedisUrl, parse_redis_url
from ..settings.located import refuse_entries
from ..settings.network import ADDRESSES
from ..settings.services import ServerCertificate
from .options import OptionName, OptionText, option_problems

Options = dict[OptionName, OptionText]


class _Server(SettingsModel):
    resources: Resources = Field(
        Resources(cpu_request="100m", cpu_limit="500m", memory="256Mi"),
        description="Requests and limits of the server; data may take three quarters of the memory.",
    )
    storage: Storage = Field(Storage(size="2Gi"), description="Volume of the append-only file.")
    options: Options = Field({}, description="Further server options such as slowlog-max-len.")
    scheduling: Scheduling = Field(Scheduling(), description="Nodes that the server may run on.")

    @model_validator(mode="after")
    def _options_work(self) -> Self:
        server = self.version if isinstance(self, AlaudaRedis) else "valkey"
        refuse_entries("options", option_problems(self.options, server))
        return self

    @property
    def max_memory_bytes(self) -> int:
        """How much data the server takes; the rest of its memory is for buffers and rewriting the append-only file."""
        return int(parse_quantity(self.resources.memory) * 3 / 4)

    @model_validator(mode="after")
    def _rewrite_fits(self) -> Self:
        if parse_quantity(self.storage.size) < parse_quantity(self.resources.memory) * 2:
            raise ValueError(
                "storage.size must be at least twice resources.memory: while the append-only file is rewritten, "
                "the old and the new one exist"
            )
        return self


class StandaloneRedis(_Server):
    """One Valkey server in a StatefulSet."""

    backend: Literal["standalone"]
    tls: ServerCertificate | None = Field(
        None, description="Certificate of the server, for its Service's name; without one it speaks plain text."
    )


class AlaudaRedis(_Server):
    """A Redis resource of Alauda Data Services with the architecture standalone."""

    backend: Literal["alauda"]
    version: Literal["6.0", "7.2"] = Field("7.2", description="Version of Redis; the operator is tested with these.")
    tls: bool = Field(False, description="Let the operator have a certificate issued by cert-manager.")
    operator_namespace: KubernetesName = Field("operators", description="Namespace of the operator.")


class RedisSsl(SettingsModel):
    """The five keys of ``global.redisConfig.ssl`` as Label Studio documents them."""

    redis_ssl_cert_reqs: Literal["", "optional", "required"] = Field(
        "required", description="Whether the server's certificate is verified; empty means that it is not."
    )
    redis_ssl_secret_name: Annotated[InputText, InputOf(ObjectName)] = Field(
        description="Secret that holds the certificates."
    )
    redis_ssl_ca_certs_secret_key: SecretKeyName | Literal[""] = Field("ca.crt", description="Its key with the CA.")
    redis_ssl_cert_file_secret_key: SecretKeyName | Literal[""] = Field(
        "", description="Its key with the client's certificate, when the server demands one."
    )
    redis_ssl_key_file_secret_key: SecretKeyName | Literal[""] = Field(
        "", description="Its key with the client's private key, when the server demands a certificate."
    )

    @model_validator(mode="after")
    def _keys_go_together(self) -> Self:
        if bool(self.redis_ssl_cert_file_secret_key) != bool(self.redis_ssl_key_file_secret_key):
            raise ValueError("redisSslCertFileSecretKey and redisSslKeyFileSecretKey go together: give both or none")
        if self.redis_ssl_cert_reqs and not self.redis_ssl_ca_certs_secret_key:
            raise ValueError(
                f"redisSslCertReqs {self.redis_ssl_cert_reqs} needs redisSslCaCertsSecretKey, such as ca.crt"
            )
        return self


class ExternalRedis(SettingsModel):
    """A standalone server outside of the stack."""

    backend: Literal["external"]
    url: Annotated[InputText, InputOf(RedisUrl)] = Field(
        description="redis://host:6379/1, without a password; rediss:// where the server speaks TLS."
    )
    addresses: Addresses | None = Field(None, description=ADDRESSES)
    password: SecretReference | None = Field(None, description="Key of a Secret that holds the password.")
    ssl: RedisSsl | None = Field(None, description="Certificates for TLS, needed with rediss://.")

    @property
    def address(self) -> RedisAddress:
        """The parts of a ``url`` that is no Output."""
        return parse_redis_url(str(self.url))

    @model_validator(mode="after")
    def _tls_has_certificates(self) -> Self:
        if not isinstance(self.url, str):
            return self
        if self.address.tls and self.ssl is None:
            raise ValueError("a rediss:// url needs ssl with redisSslSecretName, the Secret with the server's CA")
        if self.address.user and self.password is None:
            raise ValueError("url names a user, so password is needed: a reference to the Secret that holds it")
        return self


class NoRedis(SettingsModel):
    """No Redis: Label Studio runs its jobs within requests of the page."""

    backend: Literal["none"]


RedisSettings = Annotated[StandaloneRedis | AlaudaRedis | ExternalRedis | NoRedis, Field(discriminator="backend")]
