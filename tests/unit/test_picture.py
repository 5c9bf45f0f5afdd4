"""The picture of the architecture says what the state says, and the committed one shows today's components."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

from components.stack.compose import compose
from scripts.picture import Graph, boxes, draw, main
from tests.unit.pulumi_mocks import run_program
from tests.unit.stack_files import PROJECT, settings_of

PICTURE = PROJECT / "docs" / "pictures" / "architecture.svg"
TEXT = "{http://www.w3.org/2000/svg}text"


def resource(type_: str, name: str, parent: str = "", needs: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    return {"urn": f"urn::{type_}::{name}", "type": type_, "parent": parent, "dependencies": list(needs), **more}


SECRET = resource("kubernetes:core/v1:Secret", "key", "urn::label-studio:a:First::first")
STATE = [
    resource("pulumi:pulumi:Stack", "stack"),
    resource("label-studio:a:First", "first", "urn::pulumi:pulumi:Stack::stack"),
    SECRET,
    resource("label-studio:a:Second", "second", needs=(SECRET["urn"],)),
    resource("label-studio:a:Third", "third"),
    resource("kubernetes:core/v1:Pod", "pod", "urn::label-studio:a:Third::third", (SECRET["urn"], "urn::gone")),
    resource(
        "kubernetes:core/v1:Pod", "pod2", "urn::label-studio:a:Third::third", ("urn::label-studio:a:Second::second",)
    ),
    resource("label-studio:a:Replaced", "replaced", delete=True),
]


def graph() -> Graph:
    return Graph.read(io.StringIO(json.dumps({"deployment": {"resources": STATE}})))


def texts(svg: str) -> list[str]:
    return [str(each.text) for each in fromstring(svg).iter(TEXT)]


def test_needs_come_from_dependencies_of_parts_without_what_follows() -> None:
    needs = {
        urn.rpartition("::")[2]: {other.rpartition("::")[2] for other in others}
        for urn, others in graph().needs.items()
    }
    assert needs == {"first": set(), "second": {"first"}, "third": {"second"}}


def test_each_component_stands_right_of_what_it_needs() -> None:
    placed = boxes(graph())
    for component, others in graph().needs.items():
        assert all(placed[other].left < placed[component].left for other in others)


def test_boxes_name_components_and_count_their_parts() -> None:
    assert texts(draw(graph())) == ["First", "first", "1 Secret", "Second", "second", "Third", "third", "2 Pod"]


def test_the_order_of_the_state_is_not_seen() -> None:
    """So that `make picture` changes nothing where nothing changed: a state lists what was updated last."""
    backwards = io.StringIO(json.dumps({"deployment": {"resources": STATE[::-1]}}))
    assert draw(Graph.read(backwards)) == draw(graph())


def test_no_values_are_drawn(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    secret = {**SECRET, "inputs": {"stringData": {"password": "hunter2"}}, "outputs": {"password": "hunter2"}}
    state.write_text(json.dumps({"deployment": {"resources": [STATE[1], secret]}}))
    assert main([str(tmp_path / "picture.svg"), str(state)]) == 0
    assert "hunter2" not in (tmp_path / "picture.svg").read_text()


def test_an_empty_stack_is_an_empty_picture() -> None:
    assert texts(draw(Graph.read(io.StringIO('{"deployment": {}}')))) == []


def test_the_committed_picture_shows_the_dev_stack() -> None:
    program = run_program(lambda: compose(settings_of("dev")))
    components = {each.type.rpartition(":")[2] for each in program if each.type.startswith("label-studio:")}
    assert components <= set(texts(PICTURE.read_text())), "run make picture"
