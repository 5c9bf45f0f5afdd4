"""Label Studio's templates in settings: which names and labels are taken, and the XML that comes of them."""

from __future__ import annotations

import json
import unicodedata
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from defusedxml.ElementTree import fromstring
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from components.annotation_project.job import labelling
from components.annotation_project.job.errors import RefusedError
from components.annotation_project.job.labelling import COLOURS, TEMPLATES
from components.annotation_project.label_config import check_label_config
from components.annotation_project.label_template import LONGEST, WITHOUT_LABELS, LabelTemplate, TemplateName
from components.annotation_project.settings import TASK_OBJECTS, ProjectSettings
from components.settings.errors import problems_of
from components.stack.settings import Settings
from tests.unit.stack_files import PROJECT

TABLE = json.loads((PROJECT / "components" / "annotation_project" / "templates.json").read_text())
XML = """
<View>
  <!-- what LABEL stands for -->
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image">
    <Label value="Airplane" background="green"/><Label value="Car" background="blue"/>
  </RectangleLabels>
</View>
"""
SERIES = """
<View>
  <TimeSeriesLabels name="label" toName="ts"><Label value="Run" background="red"/></TimeSeriesLabels>
  <TimeSeries name="ts" valueType="url" value="$timeseriesUrl" sep="," timeColumn="time" timeFormat="%Y"
              overviewChannels="velocity">
    <Channel column="velocity" units="miles/h" displayFormat=",.1f" strokeColor="#1f77b4" legend="Velocity"/>
  </TimeSeries>
</View>
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with two of the templates."""
    folder = tmp_path_factory.mktemp("package")
    for name, text in {"image-bbox": XML, "time-series": SERIES}.items():
        place = folder / labelling.FOLDER / TEMPLATES[name].folder
        place.mkdir(parents=True)
        (place / "config.yml").write_text(yaml.safe_dump({"title": name, "config": text}))
    return folder


def project(**template: Any) -> ProjectSettings:
    return ProjectSettings.model_validate({"name": "cats", "labelConfig": template})


def declared(**template: Any) -> dict[str, Any]:
    return LabelTemplate.model_validate(template).declared


def test_settings_job_and_table_have_the_same_names() -> None:
    names = [*get_args(TemplateName)]
    assert names == [*TEMPLATES]
    assert {name for name, template in TEMPLATES.items() if template.labels is None} == WITHOUT_LABELS
    for table in TABLE.values():
        assert {name: it["template"] for name, it in table.items()} == {
            name: template.folder for name, template in TEMPLATES.items()
        }


TEXTS = st.text(
    st.sampled_from("<>&\"'$ \t\n;]{}=ame\ufffe\ufffféß名🐈\u200d\u0301\x00") | st.characters(), max_size=20
)


@given(labels=st.lists(TEXTS, min_size=1, max_size=30))
def test_any_labels_are_refused_or_in_the_xml_as_they_are(package: Path, labels: list[str]) -> None:
    try:
        settings = LabelTemplate.model_validate({"template": "image-bbox", "labels": labels})
    except ValidationError:
        assume(any(is_refused(label) for label in labels) or len({it.strip() for it in labels}) < len(labels))
        return
    config = labelling.label_config(settings.declared, package)
    check_label_config(config)
    assert [it.get("value") for it in fromstring(config).iter("Label")] == [label.strip() for label in labels]


def is_refused(label: str) -> bool:
    """What no label may have, said in another way."""
    text = label.strip()
    controls = any(unicodedata.category(it) in {"Cc", "Cs"} or it in "\ufffe\uffff" for it in text)
    variable = any(one == "$" and (two.isalnum() or two in "_[].{}") for one, two in pairwise(text))
    return not 1 <= len(text) <= LONGEST or controls or variable or text.endswith(("name=", "toName="))


@given(label=TEXTS)
def test_no_label_is_refused_without_a_reason(label: str) -> None:
    try:
        LabelTemplate.model_validate({"template": "text-ner", "labels": [label]})
    except ValidationError:
        # A combining mark after "$" is no letter to Python's pattern either.
        assert is_refused(label)
    else:
        assert not is_refused(label)


def test_labels_keep_the_colours_of_the_template_and_get_more(package: Path) -> None:
    labels = [f"label {number}" for number in range(40)]
    root = fromstring(labelling.label_config(declared(template="image-bbox", labels=labels), package))
    colours = [it.get("background") for it in root.iter("Label")]
    assert colours[:4] == ["green", "blue", *COLOURS[:2]]
    assert all(colours)


def test_columns_of_time_series(package: Path) -> None:
    config = declared(template="time-series", labels=["Run"], columns=["a", "b & c"], timeColumn="s", timeFormat="%H")
    root = fromstring(labelling.label_config(config, package))
    [series] = root.iter("TimeSeries")
    assert (series.get("value"), series.get("timeColumn"), series.get("timeFormat")) == ("$csv", "s", "%H")
    assert [(it.get("column"), it.get("legend")) for it in series] == [("a", "a"), ("b & c", "b & c")]
    assert "units" not in series[0].attrib
    numbers = declared(template="time-series", labels=["Run"], columns=["a"])
    [series] = fromstring(labelling.label_config(numbers, package)).iter("TimeSeries")
    assert series.get("timeColumn") == "time"
    assert not {"timeFormat", "timeDisplayFormat", "overviewChannels"} & {*series.keys()}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "this release of Label Studio has no template computer-vision/object-detection-with-bounding-boxes"),
        (XML.replace("$image", "$picture"), "is not as this program knows it"),
        (XML.replace("<Label ", "<Etikett "), "is not as this program knows it"),
    ],
)
def test_a_release_without_the_template_is_one_line(tmp_path: Path, text: str | None, message: str) -> None:
    place = tmp_path / labelling.FOLDER / TEMPLATES["image-bbox"].folder
    place.mkdir(parents=True)
    if text:
        (place / "config.yml").write_text(yaml.safe_dump({"title": "other", "config": text}))
    with pytest.raises(RefusedError, match=message):
        labelling.label_config(declared(template="image-bbox", labels=["a"]), tmp_path)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ({"template": "image-bbox"}, "labels is required for image-bbox"),
        ({"template": "image-bbox", "labels": []}, "labels is required for image-bbox"),
        ({"template": "audio-transcription", "labels": ["a"]}, "labels must be left out: audio-transcription has none"),
        ({"template": "image-bbox", "labels": ["a", " a "]}, "labels[1] is there twice"),
        ({"template": "image-bbox", "labels": [" "]}, "must be one line of 1 to 128 characters"),
        ({"template": "image-bbox", "labels": ["a\nb"]}, "must be one line of 1 to 128 characters"),
        ({"template": "image-bbox", "labels": ["$image"]}, 'must have no "$" before a letter'),
        ({"template": "image-bbox", "labels": ["toName="]}, 'must not end with "name="'),
        ({"template": "image-bbox", "labels": ["a"], "columns": ["b"]}, "are for time-series; leave them out"),
        ({"template": "image-bbox", "labels": ["a"], "frameRate": 30}, "frameRate is for video-tracking"),
        ({"template": "time-series", "labels": ["a"]}, "columns is required for time-series"),
        ({"template": "time-series", "labels": ["a"], "columns": ["time"]}, "columns has timeColumn"),
        ({"template": "image-boxes", "labels": ["a"]}, "'image-bbox'"),
        ({"template": "image-bbox", "label": ["a"]}, "did you mean labels?"),
        ({"labels": ["a"]}, "labelConfig.template: is required"),
    ],
)
def test_one_line_says_what_is_wrong(template: dict[str, Any], message: str) -> None:
    stack = {"cluster": {"context": "a", "namespace": "b"}, "projects": [{"name": "cats", "labelConfig": template}]}
    with pytest.raises(ValidationError) as refusal:
        Settings.model_validate(stack)
    problems = [it for it in problems_of(refusal.value, stack, Settings.model_json_schema()) if "labelConfig" in it]
    assert len(problems) == 1, problems
    assert problems[0].startswith("projects[0].labelConfig")
    assert message in problems[0]


def test_the_source_follows_from_the_template() -> None:
    assert project(template="image-bbox", labels=["a"]).source.object_filter is None
    text = project(template="text-ner", labels=["a"])
    assert text.source.object_filter == TASK_OBJECTS
    assert not text.source.treat_every_bucket_object_as_source
    same = {"name": "cats", "labelConfig": {"template": "html", "labels": ["a"]}}
    kept = ProjectSettings.model_validate({**same, "source": {"prefix": "a/", "treatEveryBucketObjectAsSource": False}})
    assert kept.source.prefix == "a/"
    with pytest.raises(ValidationError, match="must be false for html"):
        ProjectSettings.model_validate({**same, "source": {"treatEveryBucketObjectAsSource": True}})


def test_the_declaration_names_the_template_and_has_no_xml(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labelling, "_package", lambda: package)
    given_labels = project(template="image-bbox", labels=["a"])
    assert given_labels.labelling is None
    assert given_labels.template is not None
    found = labelling.completed({"label_config": None, "labelling": given_labels.template.declared})
    assert found["label_config"] == labelling.label_config(given_labels.template.declared, package)
    assert labelling.completed({"label_config": "<View/>"}) == {"label_config": "<View/>"}
