"""The common base of all settings models, and the field types they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar

import pulumi
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, Strict, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

from ..connections import SecretKey
from .grammars.kubernetes import LabelKey, LabelValue, NodeLabels, ObjectName, SecretKeyName
from .grammars.quantities import Cpu, Memory, VolumeSize, parse_quantity

if TYPE_CHECKING:
    InputText = pulumi.Input[str]
else:
    # pydantic reads the marker beside it, InputOf, and could not resolve the names inside pulumi.Input.
    InputText = str

Item = TypeVar("Item")
# A list of YAML, which models keep as a tuple.
ListOf = Annotated[tuple[Item, ...], Strict(False)]


class SettingsModel(BaseModel):
    """Immutable, refuses unknown keys and other types, and reads the camelCase keys of a stack file."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
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

    cpu_request: Cpu = Field(description="Cores that are reserved, such as 500m.")
    cpu_limit: Cpu = Field(description="Cores at most, such as 2.")
    memory: Memory = Field(description="Memory that is reserved, and at most, such as 1Gi.")

    @model_validator(mode="after")
    def _request_is_within_the_limit(self) -> Self:
        if parse_quantity(self.cpu_request) > parse_quantity(self.cpu_limit):
            raise ValueError("cpuRequest must be at most cpuLimit: write a smaller request or a higher limit")
        return self

    def to_kubernetes(self) -> dict[str, dict[str, str]]:
        """The ``resources`` of a container."""
        return {
            "requests": {"cpu": self.cpu_request, "memory": self.memory},
            "limits": {"cpu": self.cpu_limit, "memory": self.memory},
        }


class Storage(SettingsModel):
    """A volume that a StatefulSet or an operator claims; no class means the cluster's default one."""

    size: VolumeSize = Field(description="Size of the volume, such as 20Gi.")
    storage_class: ObjectName | None = Field(None, description="Storage class; the cluster's default when not given.")


class Toleration(SettingsModel):
    """A node taint that pods accept."""

    key: LabelKey | None = Field(None, description="Key of the taint; every key when not given.")
    operator: Literal["Equal", "Exists"] = Field("Equal", description="Whether the value has to be equal too.")
    value: LabelValue | None = Field(None, description="Value of the taint, for Equal.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        None, description="Effect of the taint; every effect when not given."
    )

    @model_validator(mode="after")
    def _value_and_key_fit_the_operator(self) -> Self:
        if self.operator == "Exists" and self.value:
            raise ValueError("value is for operator: Equal; leave it out, or write operator: Equal")
        if self.operator == "Equal" and self.key is None:
            raise ValueError("key is required with operator: Equal; or write operator: Exists for every taint")
        return self


class Scheduling(SettingsModel):
    """Where pods may run."""

    node_selector: NodeLabels = Field({}, description="Labels that a node must have.")
    tolerations: ListOf[Toleration] = Field((), description="Taints that the pods accept.")

    def to_kubernetes(self) -> list[Any]:
        """The ``tolerations`` of a pod."""
        return [toleration.model_dump(exclude_none=True) for toleration in self.tolerations]
