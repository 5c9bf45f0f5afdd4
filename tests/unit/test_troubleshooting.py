"""Every error that the program raises has its line in the pages on troubleshooting, and every line has its error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.unit.error_messages import VARYING, Message, Module, fixed_length, messages, normal
from tests.unit.stack_files import PROJECT

PAGES = [PROJECT / "docs" / name for name in ("troubleshooting.md", "troubleshooting-settings.md")]
# Which files each heading is about: their errors have lines there, and its lines are of their errors.
# Tables without a column "Error" tell of other programs, or of what people see.
SECTIONS: dict[str, tuple[str, ...]] = {
    "Before anything changes": (
        "__main__.py",
        "components/stack/**/*.py",
        "components/*.py",
        "components/kubernetes/**/*.py",
        "components/label_studio/**/*.py",
        "components/postgresql/*.py",
        "policies/*_*.py",
        "policies/checks/**/*.py",
        "components/settings/errors.py",
    ),
    "PostgreSQL: the job `…-setup`": ("components/postgresql/**/*",),
    "Label Studio": ("components/label_studio/files/*.py",),
    "Object store: the jobs `…-setup` and `…-check`": ("components/object_store/**/*",),
    "Declared projects: the jobs `…-<project>`": ("components/annotation_project/**/*",),
    "`make projects`, `make upload`, `make sync`, `make export`": ("cli/**/*.py", "Makefile"),
    "Images, policies, pages: the other make targets": (
        "Makefile",
        "*.mk",
        "scripts/*.py",
        "policies/*.py",
        *(f"policies/checks/{name}.py" for name in ("configuration", "dry_run", "helm")),
    ),
    "GitHub Actions": (".github/**/*.yml", "scripts/ci/*", "scripts/stack_without_secrets.py"),
    "The chart without the program": ("charts/**/*",),
    "The embedded platform, before it starts": ("local/preconditions.py",),
    "The embedded platform, at work": ("local/*.py", "local/[!p]*/**/*"),
    "The plugins of the embedded platform": ("local/plugins/**/*.py",),
    "Any key": ("components/settings/errors.py",),
    "Names, sizes, addresses": (
        "components/settings/base.py",
        "components/settings/services.py",
        "components/settings/network.py",
        "components/settings/outside.py",
    ),
    "`cluster`": ("components/stack/cluster.py", "components/stack/settings.py"),
    "`postgresql`": (
        "components/postgresql/*settings.py",
        "components/postgresql/parameter*.py",
        "components/stack/settings.py",
        "components/stack/database_connections.py",
    ),
    "`redis`": ("components/redis/settings.py", "components/redis/options.py"),
    "`objectStore`": ("components/object_store/settings.py",),
    "`labelStudio`": ("components/label_studio/*settings.py", "components/stack/settings.py"),
    "`projects`": (
        "components/annotation_project/settings.py",
        "components/annotation_project/project_names.py",
        "components/annotation_project/label_config.py",
    ),
    "`images`": ("components/settings/images.py",),
    "`secrets`": ("components/stack/settings.py",),
}
# What nobody needs to run the program.
BESIDE = {"tests", "bench", "build", "dist", "exports"}
KINDS = {".py", ".sh", ".mk", ".tpl", ".yml", ".yaml"}
# Whose words an error without words of its own passes on: those of another error or program, or a name.
PASSED_ON = re.compile(r"\b(error|stderr|answer|kind)\b")
# A line may leave out the end of a long message.
ENOUGH = 40


@dataclass(frozen=True)
class Quote:
    """What a line of a page quotes of a message."""

    section: str
    text: str

    def tells(self, message: str) -> bool:
        """Whether the message has these words, and they are enough to know it by."""
        parts = [part.strip() for part in self.text.split(VARYING)]
        found = re.search(".*".join(map(re.escape, parts)), message)
        return bool(found) and fixed_length(self.text) >= min(fixed_length(message) / 2, ENOUGH)


def quotes(page: str) -> Iterator[Quote]:
    """The code in the columns that are called "Error"."""
    section, column = "", None
    for line in page.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif not line.startswith("|"):
            column = None
        elif "Error" in cells:
            column = cells.index("Error")
        elif column is not None:
            for _, code in re.findall(r"(`+)(.+?)\1(?!`)", cells[column]):
                yield Quote(section, normal(code))


def product_files() -> list[Path]:
    folders = [each for each in PROJECT.glob("[!.]*") if each.is_dir() and each.name not in BESIDE]
    files = [path for folder in [*folders, PROJECT / ".github"] for path in folder.rglob("*") if path.is_file()]
    return sorted(path for path in [*PROJECT.glob("*"), *files] if path.suffix in KINDS or path.name == "Makefile")


@cache
def sections_of(file: str) -> set[str]:
    return {section for section, patterns in SECTIONS.items() if any(Path(file) in FILES[each] for each in patterns)}


FILES = {
    pattern: {path.relative_to(PROJECT) for path in PROJECT.glob(pattern)}
    for patterns in SECTIONS.values()
    for pattern in patterns
}
MESSAGES = sorted({message for path in product_files() for message in messages(path)})
QUOTES = [quote for page in PAGES for quote in quotes(page.read_text())]


def is_told(message: Message) -> bool:
    sections = sections_of(message.file)
    return any(quote.section in sections and quote.tells(message.text) for quote in QUOTES)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: f"{message.file}: {message.text[:60]}")
def test_each_error_has_its_line(message: Message) -> None:
    sections = sections_of(message.file)
    assert sections, f"SECTIONS has no heading for the errors of {message.file}"
    assert is_told(message), (
        f"no line below {' or '.join(sorted(sections))} has the error of {message.file}: {message.text}"
    )


def test_an_error_without_words_passes_on_those_of_another() -> None:
    modules = [Module(path, path.read_text()) for path in product_files() if path.suffix == ".py"]
    wordless = [error for module in modules for error in module.wordless()]
    assert wordless
    assert [error for error in wordless if not PASSED_ON.search(error)] == []


@pytest.mark.parametrize("quote", QUOTES, ids=lambda quote: f"{quote.section}: {quote.text[:60]}")
def test_each_line_has_its_error(quote: Quote) -> None:
    known = [message for message in MESSAGES if quote.section in sections_of(message.file)]
    assert any(quote.tells(message.text) for message in known), f"{quote.section} tells of no error: {quote.text}"


@pytest.mark.parametrize(
    ("file", "addition"),
    [
        (
            "components/redis/settings.py",
            'def _new(value: str) -> str:\n    raise ValueError(f"{value} was lost in the sea")',
        ),
        ("components/redis/settings.py", 'def _new() -> None:\n    raise ValueError("must be a number of fish")'),
        ("local/preconditions.py", 'def _routes() -> Iterator[str]:\n    yield "the sea is closed on Mondays"'),
        ("scripts/images.py", 'sys.stderr.write("error: the image sank in the sea\\n")'),
        ("policies/pack.py", 'raise PolicyCrashError("the rule " "was lost in the sea")'),
    ],
)
def test_a_new_error_without_a_line_is_found(file: str, addition: str) -> None:
    source = (PROJECT / file).read_text()
    found = Module(PROJECT / file, f"{source}\n\n{addition}\n").messages() - set(MESSAGES)
    assert [is_told(message) for message in found] == [False]


def test_sections_are_those_of_the_pages() -> None:
    headings = {heading for page in PAGES for heading in re.findall(r"^## (.+)$", page.read_text(), re.M)}
    assert set(SECTIONS) - headings == set()
    assert {pattern for pattern, files in FILES.items() if not files} == set()
