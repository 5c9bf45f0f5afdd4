"""Every name of ``labelConfig.template`` against the templates of real releases, and what these say of the XML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.pairs import KINDS
from cli.task_files import Fields
from components.annotation_project.job.labelling import TEMPLATES, label_config
from components.annotation_project.label_config import check_label_config
from components.annotation_project.label_template import OF_TEXT, WITHOUT_LABELS, LabelTemplate
from scripts import label_templates
from tests.contract.label_studio import VERSIONS, probe
from tests.unit.projects.test_label_templates import TEXTS, is_refused

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

LABELS = ["Car", "Größe < 3 & \"rot\" 'x'", "1", "true", "🐈", "a, b", "$", "100 $", "{{idx}}", "=", "]]>"]
LISTS = st.lists(TEXTS.filter(lambda it: not is_refused(it)), min_size=1, max_size=8, unique_by=str.strip)


def template(name: str, labels: list[str]) -> LabelTemplate:
    series: dict[str, Any] = {"columns": ["a", "b & c"], "timeFormat": "%H:%M"} if name == "time-series" else {}
    with_labels = {} if name in WITHOUT_LABELS else {"labels": labels}
    return LabelTemplate.model_validate({"template": name, **with_labels, **series})


def rendered(version: str, name: str, labels: list[str]) -> str:
    return label_config(template(name, labels).declared, label_templates.folder(version))


def test_the_table_is_fresh() -> None:
    assert label_templates.TABLE.read_text() == label_templates.render()


@pytest.mark.parametrize("version", VERSIONS)
def test_label_studio_takes_every_template(version: str, tmp_path: Path) -> None:
    cases = {
        f"{name} {len(labels)}": rendered(version, name, labels)
        for name in TEMPLATES
        for labels in ([LABELS[1]], LABELS)
    }
    assert probe(version, "label_configs", tmp_path, [*cases.values()]) == [None] * len(cases)
    for case, config in cases.items():
        check_label_config(config)
        name, count = case.split()
        tag = TEMPLATES[name].labels
        if tag:
            assert [it.get("value") for it in fromstring(config).iter(tag)] == (
                LABELS if int(count) > 1 else [LABELS[1]]
            )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_it_shows_what_an_upload_or_a_sync_makes(version: str, name: str) -> None:
    fields = Fields.of(rendered(version, name, ["a"]))
    assert fields.shown == {*TEMPLATES[name].fields.values()}
    if name in OF_TEXT:
        assert {*fields.tags.values()} <= KINDS.keys(), "files make its tasks"
        assert len({*fields.tags.values()}) == len(fields.tags)
    else:
        assert len(fields.shown) == 1, "an object becomes the one field of a task"
        assert fields.media == fields.shown


@pytest.mark.parametrize("version", VERSIONS)
def test_label_studio_takes_any_labels_that_the_settings_take(version: str, tmp_path: Path) -> None:
    configs: list[str] = []

    @settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from([*TEMPLATES.keys() - WITHOUT_LABELS]), LISTS)
    def collect(name: str, labels: list[str]) -> None:
        configs.append(rendered(version, name, labels))

    collect()
    assert len(configs) > 30
    refused = probe(version, "label_configs", tmp_path, configs)
    assert {config: said for config, said in zip(configs, refused, strict=True) if said} == {}
