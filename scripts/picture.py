"""Draws the architecture of a stack from its state: `pulumi stack export | python -m scripts.picture FILE.svg`.

A box is a component with the kinds of its resources; an arrow leads from a component to one that it needs. Only names
and types are read, never values.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from scripts.state import StateError, resource_records

COMPONENT = "label-studio:"
WIDTH, LINE, PADDING = 250, 18, 14
COLUMN_GAP, ROW_GAP, MARGIN = 90, 26, 24
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2933 } .title { font-weight: 600; font-size: 15px }
.name { fill: #52606d } rect { fill: #f5f9ff; stroke: #2f6fde; stroke-width: 1.5 }
path { fill: none; stroke: #7b8794; stroke-width: 1.5 } marker path { fill: #7b8794; stroke: none }
"""


@dataclass(frozen=True)
class Graph:
    """The components of a stack by URN: their types and names, what they consist of, and whom they need."""

    resources: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, file: TextIO) -> Graph:
        """The graph in what ``pulumi stack export`` printed. Raises StateError."""
        return cls({resource["urn"]: resource for resource in resource_records(file)})

    @cached_property
    def components(self) -> list[str]:
        """URNs of the components, in the order of their types and names: that of the state changes with each update."""
        return sorted(urn for urn, resource in self.resources.items() if resource["type"].startswith(COMPONENT))

    def owner(self, urn: str) -> str | None:
        """The component that a resource is part of."""
        while urn in self.resources and not self.resources[urn]["type"].startswith(COMPONENT):
            urn = self.resources[urn].get("parent", "")
        return urn if urn in self.resources else None

    def parts(self, component: str) -> list[str]:
        """The kinds of the component's resources with their numbers."""
        kinds = Counter(
            resource["type"].rpartition(":")[2]
            for urn, resource in self.resources.items()
            if urn != component and self.owner(urn) == component
        )
        return [f"{number} {kind}" for kind, number in sorted(kinds.items())]

    @cached_property
    def needs(self) -> dict[str, set[str]]:
        """Whom each component needs directly; what follows from another need is left out."""
        direct: dict[str, set[str]] = {component: set() for component in self.components}
        for urn, resource in self.resources.items():
            owner = self.owner(urn)
            if owner:
                owners = {self.owner(other) for other in resource.get("dependencies", [])}
                direct[owner] |= {other for other in owners if other and other != owner}
        return {
            component: {other for other in needed if not self._reaches(direct, needed - {other}, other)}
            for component, needed in direct.items()
        }

    @staticmethod
    def _reaches(edges: Mapping[str, set[str]], start: set[str], goal: str) -> bool:
        seen: set[str] = set()
        pending = list(start)
        while pending:
            component = pending.pop()
            if component == goal:
                return True
            pending += edges[component] - seen
            seen.add(component)
        return False

    def depth(self, component: str) -> int:
        """The column of a component: right of everything that it needs."""
        return max((self.depth(other) + 1 for other in self.needs[component]), default=0)


@dataclass(frozen=True)
class Box:
    """Where a component is drawn."""

    left: int
    top: int
    title: str
    name: str
    parts: Sequence[str]

    @property
    def height(self) -> int:
        """Height in pixels."""
        return LINE * (len(self.parts) + 2) + 2 * PADDING


def boxes(graph: Graph) -> dict[str, Box]:
    """A place for each component, column by column."""
    placed: dict[str, Box] = {}
    bottom: Counter[int] = Counter()
    for component in graph.components:
        column = graph.depth(component)
        resource = graph.resources[component]
        kind, name = resource["type"].rpartition(":")[2], component.rpartition("::")[2]
        left = MARGIN + column * (WIDTH + COLUMN_GAP)
        box = Box(left, MARGIN + bottom[column], kind, name, graph.parts(component))
        bottom[column] += box.height + ROW_GAP
        placed[component] = box
    return placed


def draw(graph: Graph) -> str:
    """The picture as SVG."""
    placed = boxes(graph)
    width = max((box.left + WIDTH for box in placed.values()), default=0) + MARGIN
    height = max((box.top + box.height for box in placed.values()), default=0) + MARGIN
    svg = Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width} {height}", role="img")
    SubElement(svg, "title").text = "The components of a stack, their resources, and whom each component needs"
    SubElement(svg, "style").text = STYLE
    _arrow_head(SubElement(svg, "defs"))
    SubElement(svg, "rect", width=str(width), height=str(height), style="fill: #ffffff; stroke: none")
    for component, others in graph.needs.items():
        for other in sorted(others):
            SubElement(svg, "path", {"d": _curve(placed[component], placed[other]), "marker-end": "url(#head)"})
    for box in placed.values():
        _draw_box(svg, box)
    indent(svg)
    return tostring(svg, encoding="unicode") + "\n"


def _arrow_head(definitions: Element) -> None:
    size = {"markerWidth": "9", "markerHeight": "9", "refX": "9", "refY": "4.5", "orient": "auto"}
    SubElement(SubElement(definitions, "marker", {"id": "head", **size}), "path", d="M0,0 L9,4.5 L0,9 Z")


def _curve(start: Box, end: Box) -> str:
    x, y = start.left, start.top + start.height // 2
    to_x, to_y = end.left + WIDTH, end.top + end.height // 2
    bend = COLUMN_GAP // 2
    return f"M{x},{y} C{x - bend},{y} {to_x + bend},{to_y} {to_x},{to_y}"


def _draw_box(svg: Element, box: Box) -> None:
    position = {"x": str(box.left), "y": str(box.top), "width": str(WIDTH), "height": str(box.height), "rx": "8"}
    SubElement(svg, "rect", position)
    for number, (text, style) in enumerate(_lines(box), start=1):
        place = {"x": str(box.left + PADDING), "y": str(box.top + PADDING + number * LINE - 5), "class": style}
        SubElement(svg, "text", place).text = text


def _lines(box: Box) -> Iterator[tuple[str, str]]:
    yield box.title, "title"
    yield box.name, "name"
    yield from ((part, "part") for part in box.parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw what standard input, or a file, says; 1 where that is no state."""
    parser = argparse.ArgumentParser(prog="scripts.picture", description="Draw the components of a stack.")
    parser.add_argument("picture", type=Path, help="SVG file to write")
    parser.add_argument("state", nargs="?", type=argparse.FileType("r"), default=sys.stdin, help="exported state")
    given = parser.parse_args(arguments)
    try:
        given.picture.write_text(draw(Graph.read(given.state)), encoding="utf-8")
    except StateError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
