"""COCO written in parts, since the converter keeps everything that it has converted in memory."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

INDENT = 2


def join(parts: Iterable[dict[str, Any]], source: str, file: Path, moment: datetime | None = None) -> Path:
    """One document of those of the parts, with numbers of its own, and names of images relative to ``source``.

    Its date is the ``moment``, or else that of the last part.
    """
    categories: dict[str, dict[str, Any]] = {}
    images = annotations = 0
    info: Any = {}
    with file.open("w", encoding="utf-8") as output, tempfile.TemporaryFile("w+", encoding="utf-8") as kept:
        output.write('{\n"images": [')
        for part in parts:
            info = part["info"]
            for category in part["categories"]:
                categories.setdefault(category["name"], {**category, "id": len(categories)})
            names = {category["id"]: category["name"] for category in part["categories"]}
            for image in part["images"]:
                own = {"id": image["id"] + images, "file_name": image["file_name"].removeprefix(source)}
                output.write(("," if own["id"] else "") + _text({**image, **own}))
            for annotation in part["annotations"]:
                own = {
                    "id": annotation["id"] + annotations,
                    "image_id": annotation["image_id"] + images,
                    "category_id": categories[names[annotation["category_id"]]]["id"],
                }
                kept.write(("," if own["id"] else "") + _text({**annotation, **own}))
            images += len(part["images"])
            annotations += len(part["annotations"])
        if moment:
            info = {**info, "year": moment.year, "date_created": str(moment)}
        kept.seek(0)
        output.write(f'\n],\n"categories": {_text([*categories.values()])},\n"annotations": [')
        output.writelines(kept)
        output.write(f'\n],\n"info": {_text(info)}\n}}\n')
    return file


def _text(item: Any) -> str:
    return "\n" + json.dumps(item, indent=INDENT, ensure_ascii=False)
