"""Which Helm chart installs Label Studio."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from ..settings.base import SettingsModel
from ..settings.grammars.charts import ChartSource, Version
from ..settings.images import NEWEST, OLDEST


class EmbeddedChart(SettingsModel):
    """The chart of this project, ``charts/label-studio``."""

    label_studio: ClassVar[str] = NEWEST
    flavour: Literal["embedded"] = Field("embedded", description="The chart that comes with this project.")


class PublishedChart(SettingsModel):
    """A chart published by others."""

    source: ChartSource
    version: Version | None

    @model_validator(mode="after")
    def _is_pinned(self) -> Self:
        if self.version is None and not self.is_archive:
            raise ValueError("version is required, such as 2.0.5, unless source is an archive (….tgz)")
        return self

    @property
    def is_archive(self) -> bool:
        """Whether the chart is a file, whose version is the one inside."""
        return PurePosixPath(self.source).suffix == ".tgz"


class UpstreamChart(PublishedChart):
    """HumanSignal's chart ``label-studio``; it takes the same values since 1.11.5, the last one for 1.20.0."""

    label_studio: ClassVar[str] = NEWEST
    flavour: Literal["upstream"] = Field(description="HumanSignal's chart.")
    source: ChartSource = Field(
        "https://charts.heartex.com", description="Repository (https://…), OCI reference (oci://…) or archive (….tgz)."
    )
    version: Version | None = Field("2.0.5", description="Version of the chart; ignored for an archive.")


class AlaudaChart(PublishedChart):
    """``chart-label-studio`` of Alauda AI, in which the upstream chart nests under ``label-studio``."""

    label_studio: ClassVar[str] = OLDEST
    flavour: Literal["alauda"] = Field(description="Alauda AI's chart.")
    source: ChartSource = Field(description="Repository (https://…), OCI reference (oci://…) or archive (….tgz).")
    version: Version | None = Field(None, description="Version of the chart; ignored for an archive.")


Flavour = Literal["embedded", "upstream", "alauda"]
Chart = Annotated[EmbeddedChart | UpstreamChart | AlaudaChart, Field(discriminator="flavour")]
