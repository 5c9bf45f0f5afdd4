"""The config key ``projects[].exports``: annotations that are converted on a schedule."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..settings.base import SettingsModel
from ..settings.grammars.quantities import VolumeSize
from ..settings.grammars.schedules import Cron

# Those of ``make export``, whose code does the work.
Format = Literal["COCO", "YOLO", "VOC", "CSV", "JSON", "JSON_MIN", "CONLL2003"]


class ExportSettings(SettingsModel):
    """One format, as archives in the project's bucket below ``exports/<project>/``."""

    format: Format = Field(description="What the annotations are converted to.")
    schedule: Cron = Field(description="When: five cron fields, UTC.")
    with_data: bool = Field(False, description="Whether archives have the data as well, as make download brings it.")
    keep: int = Field(7, ge=1, le=1000, description="How many of the newest archives are kept.")
    scratch_size: VolumeSize = Field(
        "4Gi",
        description="Disk of the node that a conversion may use; 20,000 small annotations were seen to need 22 MiB.",
    )

    @property
    def title(self) -> str:
        """What tells it from others of the project, and its folder."""
        return f"{self.format}-with-data" if self.with_data else self.format
