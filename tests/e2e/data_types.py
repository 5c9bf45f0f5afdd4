"""Small real media of every type of data, and how a person annotates them in the editor."""

from __future__ import annotations

import math
import re
import struct
import subprocess
import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page

SECONDS = 4
RED, SIZE = (220, 20, 20), (320, 240)
TEXT = "Ada Lovelace met Charles Babbage in London and wrote the first program."
HTML = "<h1>Notes on the Engine</h1><p>by Ada Lovelace</p>"


def images(folder: Path) -> None:
    image = Image.new("RGB", SIZE, (190, 200, 60))
    ImageDraw.Draw(image).rectangle((80, 60, 239, 179), fill=RED)
    image.save(folder / "a.png")


def texts(folder: Path) -> None:
    (folder / "a.txt").write_text(TEXT)


def pages(folder: Path) -> None:
    (folder / "a.html").write_text(HTML)


def audio(folder: Path) -> None:
    rate = 16_000
    with wave.open(str(folder / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        tones = (
            int(12_000 * math.sin(2 * math.pi * 440 * it / rate) * (it // 4000 % 2)) for it in range(SECONDS * rate)
        )
        file.writeframes(b"".join(struct.pack("<h", tone) for tone in tones))


def videos(folder: Path) -> None:
    picture = f"testsrc=size=320x240:rate=25:duration={SECONDS}"
    command = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi"]
    command += ["-i", f"sine=frequency=440:duration={SECONDS}", "-pix_fmt", "yuv420p", "-shortest"]
    subprocess.run([*command, "-movflags", "+faststart", str(folder / "a.mp4")], check=True)


def series(folder: Path) -> None:
    rows = [f"{it},{math.sin(it / 10):.3f},{it / 50:.3f}" for it in range(300)]
    (folder / "a.csv").write_text("\n".join(["seconds,speed,height", *rows]) + "\n")


def pairs(folder: Path) -> None:
    images(folder)
    (folder / "a.txt").write_text("How many red boxes are there?")


def choose(page: Page, label: str) -> None:
    """Click on a label or choice, beside which the page shows the key of the keyboard that does the same."""
    page.get_by_text(re.compile(rf"^{re.escape(label)}\s*(\[?\w\]?)?$")).first.click()


def _drag(page: Page, area: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw from one place to another, each a part of the area's width and height."""
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None

    def place(part: tuple[float, float]) -> tuple[float, float]:
        return box["x"] + part[0] * box["width"], box["y"] + part[1] * box["height"]

    page.mouse.move(*place(start))
    page.mouse.down()
    page.mouse.move(*place(((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)))
    page.mouse.move(*place(end), steps=5)
    page.mouse.up()


def draw_box(page: Page, label: str) -> None:
    choose(page, label)
    _drag(page, page.locator(".konvajs-content").first, (0.4, 0.4), (0.6, 0.6))


def draw_polygon(page: Page, label: str) -> None:
    choose(page, label)
    area = page.locator(".konvajs-content").first
    box = area.bounding_box()
    assert box is not None
    for x, y in ((0.3, 0.3), (0.6, 0.3), (0.6, 0.6), (0.3, 0.3)):
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        page.wait_for_timeout(400)


def draw_point(page: Page, label: str) -> None:
    choose(page, label)
    box = page.locator(".konvajs-content").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def mark_word(page: Page, label: str) -> None:
    choose(page, label)
    page.locator(".lsf-richtext__container, [class*=richtext] [class*=container], .htx-richtext").first.dblclick(
        position={"x": 30, "y": 12}
    )


def mark_heading(page: Page, label: str) -> None:
    choose(page, label)
    page.frame_locator("iframe").first.locator("h1").dblclick(position={"x": 20, "y": 15})


def transcribe(page: Page, _label: str) -> None:
    area = page.locator("textarea[name=transcription], textarea").first
    area.fill("a tone, four times")
    area.press("Shift+Enter")


def mark_sound(page: Page, label: str) -> None:
    choose(page, label)
    _drag(page, page.locator("#waveform-layer-main").last, (0.2, 0.5), (0.6, 0.5))


def mark_series(page: Page, label: str) -> None:
    choose(page, label)
    _drag(page, page.locator(".new_brush .overlay, .htx-timeseries-channel .overlay").first, (0.2, 0.5), (0.5, 0.5))


IMAGE = "() => [...document.images].some(it => it.naturalWidth === 320 && it.src.includes('/resolve'))"
VIDEO = "() => [...document.querySelectorAll('video')].some(it => it.readyState >= 2)"


@dataclass(frozen=True)
class Type:
    """``make`` writes files to a folder; ``shown`` is true in the page once the media are there.

    ``result`` is the type of the annotation that ``annotate`` makes with a label; ``formats`` are those beside JSON.
    """

    make: Callable[[Path], None]
    shown: str
    annotate: Callable[[Page, str], None]
    result: str
    formats: tuple[str, ...] = ()
    media: str = ""


def _text(words: str) -> str:
    return f"() => document.body.innerText.includes({words!r})"


TYPES: Mapping[str, Type] = {
    "image-classification": Type(images, IMAGE, choose, "choices", media="image"),
    "image-bbox": Type(images, IMAGE, draw_box, "rectanglelabels", ("COCO", "YOLO", "VOC"), "image"),
    "image-segmentation": Type(images, IMAGE, draw_polygon, "polygonlabels", ("COCO", "YOLO"), "image"),
    "image-keypoints": Type(images, IMAGE, draw_point, "keypointlabels", media="image"),
    "text-classification": Type(texts, _text("Charles Babbage"), choose, "choices"),
    "text-ner": Type(texts, _text("Charles Babbage"), mark_word, "labels", ("CONLL2003",)),
    "html": Type(pages, "() => document.querySelector('iframe')", mark_heading, "hypertextlabels"),
    "audio-classification": Type(audio, "() => document.querySelector('canvas')", choose, "choices", media="audio"),
    "audio-transcription": Type(audio, "() => document.querySelector('canvas')", transcribe, "textarea", media="audio"),
    "video-classification": Type(videos, VIDEO, choose, "choices", media="video"),
    "video-tracking": Type(videos, VIDEO, draw_box, "videorectangle", media="video"),
    "time-series": Type(series, "() => document.querySelector('svg .overlay')", mark_series, "timeserieslabels"),
    "image-and-text": Type(pairs, IMAGE, mark_word, "labels", ("CONLL2003",), "image"),
    "video-and-audio": Type(videos, VIDEO, mark_sound, "labels", media="video"),
}


def label_of(project: Mapping[str, Any]) -> str:
    """What is annotated: the first label, if there is one."""
    return str(next(iter(project["labelConfig"].get("labels", [])), ""))
