"""Makes docs/stack-file.schema.json, with which editors complete and check stack files.

``# yaml-language-server: $schema=docs/stack-file.schema.json`` in the first line of a stack file names it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from components.stack.settings import PROJECT, Settings
from components.stack.supplied import SECRETS_KEY
from scripts.reference import DOCS, write_or_check

PAGE = DOCS / "stack-file.schema.json"
ENCRYPTED = {"type": "object", "properties": {"secure": {"type": "string"}}, "required": ["secure"]}
SECRETS = {
    "description": "Secrets to make: name to key to encrypted value, as pulumi config set --secret --path writes them.",
    "anyOf": [
        ENCRYPTED,
        {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": ENCRYPTED}},
    ],
}


def schema() -> dict[str, Any]:
    """The schema of a whole stack file; keys of other packages are theirs."""
    settings = Settings.model_json_schema()
    properties = {f"{PROJECT}:{key}": value for key, value in settings["properties"].items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stack file of Label Studio on Kubernetes",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {**properties, f"{PROJECT}:{SECRETS_KEY}": SECRETS},
                "required": [f"{PROJECT}:{key}" for key in settings["required"]],
                "patternProperties": {f"^(?!{PROJECT}:)": {}},
                "additionalProperties": False,
            }
        },
        "required": ["config"],
        "$defs": settings["$defs"],
    }


def render() -> str:
    """The text of the file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, render))
