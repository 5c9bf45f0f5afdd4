"""Writes which templates of Label Studio settings may name, by release: `python -m scripts.label_templates`.

It reads the packages that the contract tests install; the table is components/annotation_project/templates.json.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from components.annotation_project.job.labelling import FOLDER, TEMPLATES
from scripts.reference import PROJECT, write_or_check
from tests.contract.label_studio import VERSIONS, package

TABLE = PROJECT / "components" / "annotation_project" / "templates.json"


def folder(version: str) -> Path:
    """Where the release has its package."""
    [found] = (package(version).parents[1] / "lib").glob("python3.*/site-packages/label_studio")
    return found


def names(version: str) -> Mapping[str, Any]:
    """The name that settings use, with Label Studio's own and its folder."""
    return {
        name: {"template": template.folder, "title": _title(folder(version) / FOLDER / template.folder)}
        for name, template in TEMPLATES.items()
    }


def render() -> str:
    """The text of the table."""
    return json.dumps({version: names(version) for version in VERSIONS}, indent=1) + "\n"


def _title(template: Path) -> str:
    return str(yaml.safe_load((template / "config.yml").read_text(encoding="utf-8"))["title"])


if __name__ == "__main__":
    sys.exit(write_or_check(TABLE, render))
