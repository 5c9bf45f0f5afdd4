"""Makes docs/images.md from what is known of the official images: `python -m scripts.images_reference [--check]`."""

from __future__ import annotations

import sys
from dataclasses import fields

from local.images.catalog import REFERENCES
from local.images.official import COUNTERPARTS, Contract, Counterpart
from scripts.reference import DOCS, table, write_or_check

PAGE = DOCS / "images.md"
INTRODUCTION = """# Official images and those of the embedded platform

<!-- Made by `make reference` from local/images/official.py; do not edit. -->

The embedded platform cannot pull images, so it builds its own, under the same names. The official ones were read in
their build files, and none of them was run. What differs can work here and fail on another cluster, or the reverse.
"""


def render() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(_section(name, each) for name, each in COUNTERPARTS.items())]).rstrip() + "\n"


def _section(name: str, counterpart: Counterpart) -> str:
    rows = [
        (field.name.capitalize(), *(_cell(field.name, each) for each in (counterpart.official, counterpart.embedded)))
        for field in fields(Contract)
    ]
    reference = REFERENCES[name].partition("@")[0]
    source = f"Official source: {counterpart.source}; read on {counterpart.read}."
    return f"## {reference}\n\n{source}\n\n{table(('', 'Official', 'Embedded'), rows)}\n"


def _cell(field: str, contract: Contract) -> str:
    text = str(getattr(contract, field))
    return f"`{text}`" if text and field in ("entrypoint", "command", "signal") else text or "not set"


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, render))
