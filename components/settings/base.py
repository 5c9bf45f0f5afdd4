"""The common base of all settings models, and the field types they share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pulumi
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, StringConstraints
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

from ..connections import SecretKey

if TYPE_CHECKING:
    InputText = pulumi.Input[str]
else:
    # pydantic reads the marker beside it, InputOf, and could not resolve the names inside pulumi.Input.
    InputText = str

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
DNS_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*")
IPV4_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
BUCKET = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
SECRET_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
# Letters and digits of any language, and the characters that S3 calls safe but for "*" (object key naming guidelines),
# with those of partitions and dates. IAM takes *, ? and $ for patterns and variables.
PREFIX = re.compile(r"[\w!.'()=+@,:& /-]*")
QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?")
QUANTITY_UNITS: dict[str | None, Decimal] = {
    None: Decimal(1),
    "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTP", start=1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTP", start=1)},
}


class SettingsModel(BaseModel):
    """Immutable, refuses unknown keys, and reads the camelCase keys of a stack file."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )


@dataclass(frozen=True)
class InputOf:
    """Marks a field that a program may fill with an Output, as in ``Annotated[InputText, InputOf(DnsName)]``.

    A stack file can never hold one. What it holds, and the schema of the field, are those of ``type``; an Output passes
    unread, since its value is known only after its resource is there.
    """

    type: Any

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            lambda value, validate: value if isinstance(value, pulumi.Output) else validate(value),
            handler.generate_schema(self.type),
        )


def _kubernetes_name(value: str) -> str:
    if not DNS_LABEL.fullmatch(value):
        raise ValueError(
            "must be a Kubernetes name (RFC 1123 label): at most 63 lower-case letters, digits and '-', "
            "beginning and ending with a letter or digit"
        )
    return value


def _object_name(value: str) -> str:
    if not DNS_NAME.fullmatch(value):
        raise ValueError("must be a Kubernetes object name (RFC 1123 subdomain): lower-case labels joined by dots")
    return value


def _dns_name(value: str) -> str:
    if IPV4_ADDRESS.fullmatch(value) or ":" in value:
        raise ValueError("must be a DNS name, not an IP address, such as label-studio.example.com")
    if not DNS_NAME.fullmatch(value):
        raise ValueError("must be a DNS name without scheme, port or path, such as label-studio.example.com")
    return value


def _bucket_name(value: str) -> str:
    if not BUCKET.fullmatch(value) or IPV4_ADDRESS.fullmatch(value):
        raise ValueError(
            "must be an S3 bucket name: 3 to 63 lower-case letters, digits, '.' and '-', "
            "beginning and ending with a letter or digit, and not an IP address"
        )
    return value


def _secret_key(value: str) -> str:
    if not SECRET_KEY.fullmatch(value):
        raise ValueError("must be a key of a Secret: letters, digits, '-', '_' and '.'")
    return value


def parse_quantity(quantity: str) -> Decimal:
    """The number of cores or bytes that a Kubernetes quantity such as ``500m`` or ``2Gi`` stands for."""
    match = QUANTITY.fullmatch(quantity)
    if not match:
        raise ValueError("must be a Kubernetes quantity such as 500m, 2, 512Mi or 20Gi")
    return Decimal(match[1]) * QUANTITY_UNITS[match[2]]


def _quantity(value: str) -> str:
    if parse_quantity(value) <= 0:
        raise ValueError("must be greater than zero, such as 500m, 2, 512Mi or 20Gi")
    return value


def _prefix(value: str) -> str:
    if value.startswith("/") or "//" in value:
        raise ValueError("must not begin with '/' or contain '//', such as input/")
    if not PREFIX.fullmatch(value) or {".", ".."} & set(value.split("/")):
        raise ValueError(
            "must be taken literally by S3 and by its policies: letters, digits, spaces and !-_.'()=+@,:& only, "
            "and no part that is '.' or '..', such as input/"
        )
    return value if not value or value.endswith("/") else f"{value}/"


KubernetesName = Annotated[str, AfterValidator(_kubernetes_name)]
ObjectName = Annotated[str, AfterValidator(_object_name)]
DnsName = Annotated[str, AfterValidator(_dns_name)]
BucketName = Annotated[str, AfterValidator(_bucket_name)]
SecretKeyName = Annotated[str, AfterValidator(_secret_key)]
Quantity = Annotated[str, AfterValidator(_quantity)]
Prefix = Annotated[str, AfterValidator(_prefix)]
Port = Annotated[int, Field(ge=1, le=65535)]
NonEmpty = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class SecretReference(SettingsModel):
    """A key of an existing Secret in the namespace of the stack."""

    secret_name: Annotated[InputText, InputOf(ObjectName)] = Field(description="Name of the Secret.")
    secret_key: SecretKeyName = Field("password", description="Its key.")

    @property
    def key(self) -> SecretKey:
        """The same as connections name it."""
        return SecretKey(self.secret_name, self.secret_key)


class Resources(SettingsModel):
    """Requests and limits of one container; memory is requested and limited alike so that it is never evicted first."""

    cpu_request: Quantity = Field(description="Cores that are reserved, such as 500m.")
    cpu_limit: Quantity = Field(description="Cores at most, such as 2.")
    memory: Quantity = Field(description="Memory that is reserved, and at most, such as 1Gi.")

    def to_kubernetes(self) -> dict[str, dict[str, str]]:
        """The ``resources`` of a container."""
        return {
            "requests": {"cpu": self.cpu_request, "memory": self.memory},
            "limits": {"cpu": self.cpu_limit, "memory": self.memory},
        }


class Storage(SettingsModel):
    """A volume that a StatefulSet or an operator claims; no class means the cluster's default one."""

    size: Quantity = Field(description="Size of the volume, such as 20Gi.")
    storage_class: ObjectName | None = Field(None, description="Storage class; the cluster's default when not given.")


class Toleration(SettingsModel):
    """A node taint that pods accept."""

    key: NonEmpty | None = Field(None, description="Key of the taint; every key when not given.")
    operator: Literal["Equal", "Exists"] = Field("Equal", description="Whether the value has to be equal too.")
    value: str | None = Field(None, description="Value of the taint, for Equal.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        None, description="Effect of the taint; every effect when not given."
    )


class Scheduling(SettingsModel):
    """Where pods may run."""

    node_selector: dict[str, str] = Field({}, description="Labels that a node must have.")
    tolerations: tuple[Toleration, ...] = Field((), description="Taints that the pods accept.")

    def to_kubernetes(self) -> list[Any]:
        """The ``tolerations`` of a pod."""
        return [toleration.model_dump(exclude_none=True) for toleration in self.tolerations]
