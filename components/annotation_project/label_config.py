"""A first look at a labelling configuration, before anything is applied; Label Studio itself has the last word.

The rules are those of ``label_studio_sdk.label_interface``, which is far too heavy to import here.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ..settings.errors import shown_name

ROOT = "View"
# Far more than any labelling configuration, and little enough for a ConfigMap with several.
MAXIMUM_BYTES = 256 * 1024
TASK_DATA = re.compile(r"\$\w")


def read_label_config(path: str) -> str:
    """The text of a file below the working directory, which Pulumi sets to that of the program.

    ValueError where it is elsewhere, also by a symbolic link, no regular file, too large, or no text.
    """
    file = Path(path).resolve()
    if not file.is_relative_to(Path.cwd().resolve()):
        raise ValueError("must be in the folder of Pulumi.yaml or below it, such as labels/cats.xml")
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAXIMUM_BYTES:
            raise ValueError(f"must be a regular file of at most {MAXIMUM_BYTES // 1024} KiB")
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError("must be text in UTF-8") from None


def check_label_config(config: str) -> None:
    """ValueError says what Label Studio would refuse, in one line."""
    if len(config.encode()) > MAXIMUM_BYTES:
        raise ValueError(f"must be at most {MAXIMUM_BYTES // 1024} KiB")
    try:
        root = fromstring(config)
    except ParseError as error:
        raise ValueError(f"is not well-formed XML: {error}") from None
    except DefusedXmlException:
        raise ValueError("must not declare XML entities; write what they stand for") from None
    if root.tag != ROOT:
        raise ValueError(f"must have <{ROOT}> as its outermost tag")
    tags = list(root.iter())
    _check_names(tags)
    _check_references(tags)


def _check_names(tags: list[Element]) -> None:
    names = [tag.attrib["name"] for tag in tags if "name" in tag.attrib]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f'has the name "{shown_name(twice[0])}" twice; give each tag its own')


def _check_references(tags: list[Element]) -> None:
    objects = {tag.attrib["name"] for tag in tags if _is_object(tag)}
    if not objects:
        raise ValueError('shows nothing to label: it needs a tag such as <Image name="image" value="$image"/>')
    controls = [tag for tag in tags if "toName" in tag.attrib]
    if not controls:
        raise ValueError('has nothing to label with: it needs a tag such as <Choices name="kind" toName="image">')
    for tag in controls:
        if "name" not in tag.attrib:
            raise ValueError(f"has a <{shown_name(tag.tag)}> with toName but without a name; give it one")
        for target in _targets(tag):
            if target not in objects:
                known = ", ".join(map(shown_name, sorted(objects)))
                raise ValueError(f'has toName="{shown_name(target)}", but shows only: {known}')


def _is_object(tag: Element) -> bool:
    data = (tag.attrib.get(key, "") for key in ("value", "valueList"))
    return "name" in tag.attrib and "toName" not in tag.attrib and any(TASK_DATA.search(value) for value in data)


def _targets(tag: Element) -> Iterator[str]:
    return (name.strip() for name in tag.attrib["toName"].split(","))
