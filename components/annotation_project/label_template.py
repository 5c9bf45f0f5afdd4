"""The other form of ``projects[].labelConfig``: one of Label Studio's own templates, with labels."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from ..settings.base import ListOf, SettingsModel
from ..settings.grammars.grammar import Grammar
from ..settings.grammars.text import Filled, line

TemplateName = Literal[
    "image-classification",
    "image-bbox",
    "image-segmentation",
    "image-keypoints",
    "text-classification",
    "text-ner",
    "html",
    "audio-classification",
    "audio-transcription",
    "video-classification",
    "video-tracking",
    "time-series",
    "image-and-text",
    "video-and-audio",
]
WITHOUT_LABELS = {"audio-transcription"}
# What is in the tasks themselves, while media are objects of their own, each of which becomes a task.
OF_TEXT = {"text-classification", "text-ner", "html", "image-and-text"}
TIME_SERIES = "time-series"
TIME_COLUMN = "time"
TRACKING = "video-tracking"
LONGEST = 128
# With 4 bytes for each character, no more than a labelling configuration may have.
MOST_LABELS = 400
_LINE = line(1, LONGEST)
# The editor puts a field of the task in the place of it.
VARIABLE = re.compile(r"\$[\w\[\].{}]")
# Label Studio looks for names in the XML by a pattern that takes these at the end of a value for one.
LIKE_A_NAME = ("name=", "toName=")
# Characters that XML cannot have, besides those that no line has.
NOT_IN_XML = re.compile("[\ufffe\uffff]")


def _label(value: str) -> str:
    text = _LINE.read(value)
    if VARIABLE.search(text):
        raise ValueError('must have no "$" before a letter or digit: the page would show a field of the task instead')
    if text.endswith(LIKE_A_NAME):
        raise ValueError('must not end with "name=": Label Studio would take it for the name of a tag')
    if NOT_IN_XML.search(text):
        raise ValueError("must have no characters U+FFFE and U+FFFF, which XML does not know")
    return text


Label = Annotated[
    str, Grammar("label", f"one line of 1 to {LONGEST} characters", ("Car", "Größe < 3 & rot"), check=_label)
]


class LabelTemplate(SettingsModel):
    """A labelling configuration made of a template of the installed Label Studio; docs/data-types.md shows each."""

    template: TemplateName = Field(description="What is labelled, and how.")
    labels: ListOf[Label] = Field(
        (), max_length=MOST_LABELS, description="What people choose from; audio-transcription has none."
    )
    columns: ListOf[Label] = Field(
        (), max_length=64, description="Of time-series, and required there: columns of the CSV files that are shown."
    )
    time_column: Label | None = Field(
        None, description="Of time-series: the column of the time; by default time. The files must be sorted by it."
    )
    time_format: Label | None = Field(
        None, description="Of time-series: the form of the times, such as %Y-%m-%d %H:%M:%S; by default numbers."
    )

    frame_rate: float | None = Field(
        None, ge=1, le=1000, description="Of video-tracking: frames a second of all videos; by default 25."
    )

    @model_validator(mode="after")
    def _labels_suit_the_template(self) -> Self:
        if self.template in WITHOUT_LABELS:
            if self.labels:
                raise ValueError(f"labels must be left out: {self.template} has none")
        elif not self.labels:
            raise ValueError(f"labels is required for {self.template}: write what people choose from, such as [Car]")
        return self

    @model_validator(mode="after")
    def _other_keys_suit_the_template(self) -> Self:
        if self.template == TIME_SERIES and not self.columns:
            raise ValueError(f"columns is required for {TIME_SERIES}: write columns of the CSV files, such as [speed]")
        if self.template != TIME_SERIES and (self.columns or self.time_column or self.time_format):
            raise ValueError(f"columns, timeColumn and timeFormat are for {TIME_SERIES}; leave them out")
        if self.template != TRACKING and self.frame_rate is not None:
            raise ValueError(f"frameRate is for {TRACKING}; leave it out")
        if (self.time_column or TIME_COLUMN) in self.columns:
            raise ValueError("columns has timeColumn, which is the axis of the others; leave it out there")
        return self

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for key, values in {"labels": self.labels, "columns": self.columns}.items():
            if len({*values}) < len(values):
                repeated = next(number for number, value in enumerate(values) if value in values[:number])
                raise ValueError(f"{key}[{repeated}] is there twice; give each its own")
        return self

    @property
    def of_text(self) -> bool:
        """Whether tasks are JSON with texts, made by an upload, and not media files themselves."""
        return self.template in OF_TEXT

    @property
    def declared(self) -> dict[str, Any]:
        """What the module ``job.labelling`` reads."""
        series = {
            "columns": self.columns,
            "time_column": self.time_column or TIME_COLUMN,
            "time_format": self.time_format,
        }
        return {
            "template": self.template,
            "labels": [*self.labels],
            **({"frame_rate": self.frame_rate} if self.frame_rate else {}),
            **(series if self.template == TIME_SERIES else {}),
        }


def _form(value: Any) -> str:
    # Each is no key that somebody writes, so that errors name keys only.
    return "LabelTemplate" if isinstance(value, dict | LabelTemplate) else "XML"


LabelConfig = Annotated[
    Annotated[Filled, Tag("XML")] | Annotated[LabelTemplate, Tag("LabelTemplate")], Discriminator(_form)
]
