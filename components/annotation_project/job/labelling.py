"""Labelling configurations made of the installed Label Studio's own templates, with the labels of the declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, tostring

import yaml
from defusedxml.ElementTree import fromstring

from .errors import RefusedError

# Where the official image has the package, whether or not Python finds it.
IMAGE = Path("/label-studio/label_studio")
FOLDER = "annotation_templates"
# For labels beyond those of the template, which alone have a colour there.
COLOURS = (
    *("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#42d4f4", "#f032e6", "#9a6324", "#800000", "#808000"),
    *("#000075", "#469990", "#bfef45", "#ffe119", "#a9a9a9", "#fabed4"),
)


def _of_whole_recordings(root: Element) -> None:
    """Choices for a recording, not for each of its segments, which somebody would have to draw first."""
    for parent in [*root.iter()]:
        for child in [child for child in parent if child.tag == "Labels"]:
            parent.remove(child)
        parent.attrib.pop("perRegion", None)


def _without_heading(root: Element) -> None:
    """No heading that speaks of sentiments, whatever the labels are."""
    for parent in [*root.iter()]:
        for child in parent.findall("Header"):
            parent.remove(child)


def _with_one_question(root: Element) -> None:
    """The first of the questions about an image: the others would have to be in every task."""
    for block in [*root]:
        if {tag.get("value") for tag in block.iter("Text")} & {"$q2", "$q3", "$q4"}:
            root.remove(block)


@dataclass(frozen=True)
class Template:
    """One of Label Studio's, in its ``folder``: the tag of its labels, if it has any, and what its tasks name.

    ``fields`` are those of the template with the names that the same fields have in tasks made by an upload.
    """

    folder: str
    labels: str | None
    fields: Mapping[str, str]
    adapt: Callable[[Element], None] = lambda _: None


TEMPLATES: Mapping[str, Template] = {
    "image-classification": Template("computer-vision/image-classification", "Choice", {"image": "image"}),
    "image-bbox": Template("computer-vision/object-detection-with-bounding-boxes", "Label", {"image": "image"}),
    "image-segmentation": Template("computer-vision/semantic-segmentation-with-polygons", "Label", {"image": "image"}),
    "image-keypoints": Template("computer-vision/keypoints", "Label", {"img": "image"}),
    "text-classification": Template(
        "natural-language-processing/text-classification", "Choice", {"text": "text"}, _without_heading
    ),
    "text-ner": Template("natural-language-processing/named-entity-recognition", "Label", {"text": "text"}),
    "html": Template("structured-data-parsing/html-entity-recognition", "Label", {"html": "html"}),
    "audio-classification": Template(
        "audio-speech-processing/intent-classification", "Choice", {"audio": "audio"}, _of_whole_recordings
    ),
    "audio-transcription": Template("audio-speech-processing/automatic-speech-recognition", None, {"audio": "audio"}),
    "video-classification": Template("videos/video-classification", "Choice", {"video": "video"}),
    "video-tracking": Template("videos/video-object-tracking", "Label", {"video": "video"}),
    "time-series": Template("time-series-analysis/activity-recognition", "Label", {"timeseriesUrl": "csv"}),
    "image-and-text": Template(
        "computer-vision/visual-question-answering", "Label", {"image": "image", "q1": "text"}, _with_one_question
    ),
    "video-and-audio": Template("videos/video-timeline-segmentation", "Label", {"video_url": "video"}),
}


def completed(declaration: Mapping[str, Any]) -> Mapping[str, Any]:
    """The declaration with the XML of its template, if it names one; RefusedError where this release has none such."""
    labelling = declaration.get("labelling")
    return {**declaration, "label_config": label_config(labelling)} if labelling else declaration


def label_config(labelling: Mapping[str, Any], package: Path | None = None) -> str:
    """The XML for ``template``, ``labels`` and, of time series, ``columns``, ``time_column`` and ``time_format``.

    ``frame_rate`` is in frames a second; ``package`` is the folder of the installed Label Studio, found by itself.
    """
    template = TEMPLATES[labelling["template"]]
    root = fromstring(read(template, package or _package()))
    template.adapt(root)
    _rename(root, template)
    if template.labels:
        _label(root, template, labelling["labels"])
    if rate := labelling.get("frame_rate"):
        next(root.iter("Video")).set("framerate", str(rate))
    if series := next(root.iter("TimeSeries"), None):
        _channels(series, labelling["columns"], labelling["time_column"], labelling["time_format"])
    return tostring(root, encoding="unicode").strip()


def read(template: Template, package: Path) -> str:
    """The XML of the template as the package has it."""
    file = package / FOLDER / template.folder / "config.yml"
    if not file.is_file():
        raise RefusedError(f"this release of Label Studio has no template {template.folder}: write the XML itself")
    return str(yaml.safe_load(file.read_text(encoding="utf-8"))["config"])


def _package() -> Path:
    found = find_spec("label_studio")
    folders = [Path(it) for it in (found.submodule_search_locations or ())] if found else []
    return next((it for it in folders if (it / FOLDER).is_dir()), IMAGE)


def _rename(root: Element, template: Template) -> None:
    """Let the template show the fields that tasks have."""
    names = {f"${old}": f"${new}" for old, new in template.fields.items()}
    attributes = [(tag, key) for tag in root.iter() for key, value in tag.items() if value.startswith("$")]
    if {tag.attrib[key] for tag, key in attributes} != names.keys():
        raise _changed(template)
    for tag, key in attributes:
        tag.set(key, names[tag.attrib[key]])


def _label(root: Element, template: Template, labels: Sequence[str]) -> None:
    """Put labels in the place of the template's own, whose colours they take."""
    tag = template.labels or ""
    parents = [parent for parent in root.iter() if parent.find(tag) is not None]
    if len(parents) != 1:
        raise _changed(template)
    colours = [*(it.get("background", "") for it in parents[0].findall(tag)), *COLOURS]
    for old in parents[0].findall(tag):
        parents[0].remove(old)
    for number, label in enumerate(labels):
        new = Element(tag, {"value": label})
        if tag == "Label":
            new.set("background", colours[number % len(colours)] or COLOURS[number % len(COLOURS)])
        parents[0].insert(number, new)


def _channels(series: Element, columns: Sequence[str], time_column: str, time_format: str | None) -> None:
    """Show columns, each in one of the template's channels."""
    channels = series.findall("Channel")
    for channel in channels:
        series.remove(channel)
    for column, channel in zip(columns, _endless(channels), strict=False):
        new = deepcopy(channel)
        new.attrib.pop("units", None)
        new.attrib |= {"column": column, "legend": column}
        series.append(new)
    for name in ("timeFormat", "timeDisplayFormat", "overviewChannels"):
        series.attrib.pop(name, None)
    series.set("timeColumn", time_column)
    if time_format:
        series.attrib |= {"timeFormat": time_format, "timeDisplayFormat": time_format}


def _endless(channels: Sequence[Element]) -> Iterable[Element]:
    while True:
        yield from channels


def _changed(template: Template) -> RefusedError:
    return RefusedError(
        f"the template {template.folder} of this release of Label Studio is not as this program knows it: "
        "write the XML itself"
    )
