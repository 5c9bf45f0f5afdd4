"""Prints the boxes of a folder as a library for training reads them: file name, class, and corners in pixels."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from supervision import DetectionDataset


def read(kind: str, folder: Path) -> Any:
    images = str(folder / "images")
    match kind:
        case "COCO":
            return DetectionDataset.from_coco(images, str(folder / "result.json"))
        case "YOLO":
            return DetectionDataset.from_yolo(images, str(folder / "labels"), str(folder / "data.yaml"))
        case "VOC":
            return DetectionDataset.from_pascal_voc(images, str(folder / "Annotations"))


dataset = read(sys.argv[1], Path(sys.argv[2]))
found = {
    str(Path(path).relative_to(Path(sys.argv[2]) / "images")): [
        [dataset.classes[number], *map(round, map(float, corners))]
        for number, corners in zip(detections.class_id, detections.xyxy, strict=True)
    ]
    for path, image, detections in dataset
    if image.size
}
print(json.dumps(found))
