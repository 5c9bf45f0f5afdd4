"""What the settings say of an option is what Valkey does with it: the server of the image, asked itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from components.redis.options import OPTIONS, Option, check_options
from local.images import catalog
from tests.contract.servers import run_inside

SEPARATOR = "one-more"
WORDS = [
    "yes",
    "no",
    "",
    "fast",
    "on",
    "true",
    "1",
    "0",
    "-1",
    "007",
    "+5",
    "1.5",
    "5%",
    "0x10",
    "1e3",
    "99999999999999999999",
]
SIZES = ["1k", "1kb", "1K", "5mb", "5MB", "1g", "1Gb", "1b", "1tb", "1 kb", "-1kb", "1.5mb", "k1"]
BUFFERS = [
    "normal 0 0 0",
    "pubsub 32mb 8mb 60",
    "replica 256mb 64mb 60 pubsub 32mb 8mb 60",
    "slave 1gb 512k 5",
    "master 0 0 0",
    "everybody 0 0 0",
    "normal 0 0",
    "normal -1 0 0",
    "normal 0 0 -1",
    "normal 0 0 soon",
]
PERCENTILES = ["50 99 99.9", "100", "0", "101", "-1", "50 many"]
# Taken for 1 and 500 by this server, and the end of an older one.
CLAMPED = {("hz", "0"), ("hz", "501")}
# Written otherwise than a stack may, and taken by the server: an empty list, what C reads as a number, and an empty
# text for a memory of 0.
PERCENTILE_SPELLINGS = {("latency-tracking-info-percentiles", value) for value in ("", "+5", "0x10")}
EMPTY = {(name, "") for name, option in OPTIONS.items() if option.kind == "memory" and option.minimum == 0}
STRICTER = PERCENTILE_SPELLINGS | EMPTY | CLAMPED
# What the server of this image cannot do, which is without Valkey's own jemalloc; the official one has it.
UNABLE = {("activedefrag", "yes")}


def _values(option: Option) -> Iterator[str]:
    yield from WORDS
    yield from SIZES
    yield from BUFFERS if option.kind == "buffers" else BUFFERS[:1]
    yield from PERCENTILES if option.kind == "percentiles" else PERCENTILES[:1]
    for limit in (option.minimum, option.maximum):
        yield from (str(limit - 1), str(limit), str(limit + 1))


def accepts(name: str, value: str) -> bool:
    try:
        check_options({name: value}, "valkey")
    except ValueError:
        return False
    return True


ASKED = [(name, value) for name, option in OPTIONS.items() for value in dict.fromkeys(_values(option))]
ASKED += [("hash-max-zipmap-entries", "1"), ("hzz", "10"), ("timeout-seconds", "5"), ("list-compress", "1")]


EXAMPLES: Mapping[str, tuple[str, str]] = {
    # Not yes for activedefrag: see UNABLE.
    **{name: ("no", "no" if name == "activedefrag" else "yes") for name, o in OPTIONS.items() if o.kind == "switch"},
    **{name: ("0", "50 99 99.9") for name, option in OPTIONS.items() if option.kind == "percentiles"},
    **{name: (BUFFERS[0], BUFFERS[2]) for name, option in OPTIONS.items() if option.kind == "buffers"},
}


def _extremes() -> Iterator[dict[str, str]]:
    """Every option at its least, and at its greatest."""
    for end in (0, 1):
        values = {name: str((option.minimum, option.maximum)[end]) for name, option in OPTIONS.items()}
        yield {**values, **{name: ends[end] for name, ends in EXAMPLES.items()}}


START = """
for file in all-0 all-1; do
    valkey-server /contract/$file > $file.log 2>&1 &
    for _ in $(seq 50); do valkey-cli -s /contract/$file.socket ping > $file.answer 2>&1 && break || sleep 0.1; done
    kill $!
    wait
done
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the server printed: the second line of each numbered file is wrong, so that no server stays."""
    files = {f"{n}.conf": f"{name} {value or chr(34) * 2}\n{SEPARATOR} 1\n" for n, (name, value) in enumerate(ASKED)}
    for n, values in enumerate(_extremes()):
        own = {"port": "0", "save": '""', "unixsocket": f"/contract/all-{n}.socket"}
        files[f"all-{n}"] = "".join(f"{name} {value}\n" for name, value in {**values, **own}.items())
    script = "for file in *.conf; do valkey-server /contract/$file > $file.out 2>&1 || true; done"
    return run_inside(catalog.VALKEY, tmp_path_factory.mktemp("valkey"), files, script + START)


@pytest.fixture(scope="module")
def refused(folder: Path) -> set[int]:
    """The positions of what the server refuses."""
    lines = {}
    for n in range(len(ASKED)):
        output = (folder / f"{n}.conf.out").read_text()
        match = re.search(r"at line (\d)", output)
        assert match, output
        lines[n] = int(match[1])
    return {n for n, line in lines.items() if line == 1}


def test_each_value_is_taken_as_the_server_takes_it(refused: set[int]) -> None:
    assert len(ASKED) > 1000
    differences = [
        (name, value, "refused" if position in refused else "accepted")
        for position, (name, value) in enumerate(ASKED)
        if accepts(name, value) == (position in refused) and (name, value) not in STRICTER | UNABLE
    ]
    assert differences == []


def test_the_exceptions_are_exceptions(refused: set[int]) -> None:
    for pair in UNABLE:
        assert ASKED.index(pair) in refused and accepts(*pair)
    for pair in STRICTER:
        assert ASKED.index(pair) not in refused and not accepts(*pair)


def test_a_server_starts_with_every_option_at_its_limits(folder: Path) -> None:
    for n, values in enumerate(_extremes()):
        check_options(values, "valkey")
        assert (folder / f"all-{n}.answer").read_text() == "PONG\n", (folder / f"all-{n}.log").read_text()
