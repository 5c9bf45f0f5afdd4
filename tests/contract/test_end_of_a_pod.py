"""The containers of the page, told to end: with the chart's arguments, in every shell that images have."""

from __future__ import annotations

import json
import shlex
import tarfile
from typing import Any

import pytest

from components.label_studio.embedded_chart import VALUES
from components.label_studio.mounts import FILES
from components.settings.images import NEWEST
from local.images import recipes
from local.images.catalog import BUSYBOX, PYTHON
from local.images.sandbox import HERE
from tests.contract.label_studio import PROBES
from tests.contract.servers import run_inside

PROXY = VALUES["app"]["nginx"]["args"]
# The text of the chart, and in place of Label Studio a program that ends as soon as it is told to.
PROGRAM = ["python3", "end.py", "serve"]
APPLICATION = [*VALUES["app"]["args"][:3], *PROGRAM]
SHELLS = {
    # Of Debian, of Red Hat's images, and of Alpine.
    "dash": ["sh"],
    "bash": ["bash", "--posix"],
    "busybox": ["./busybox", "sh"],
}
ARGS = {
    **{name: ([*shell, *PROXY[1:]], [*shell, *APPLICATION[1:]]) for name, shell in SHELLS.items()},
    # What HumanSignal's chart has where nothing else is said.
    "none": (["nginx"], PROGRAM),
}
PREPARE = """\
chmod 755 busybox docker-entrypoint.sh
install -D docker-entrypoint.sh /label-studio/deploy/docker-entrypoint.sh
cp nginx.conf /etc/nginx/nginx.conf
"""
INSIDE = "mount -t tmpfs tmpfs /tmp && ip link set lo up && exec python3 end.py"


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the probe found, by shell; all of them at once."""
    files: dict[str, str | bytes] = {
        "end.py": (PROBES / "end.py").read_text(),
        "nginx.conf": (FILES / "nginx.conf").read_text(),
        "docker-entrypoint.sh": (HERE / "label-studio" / "docker-entrypoint.sh").read_text(),
        "busybox": busybox(),
    }
    started = [
        f"unshare --net --mount sh -c {shlex.quote(f'{INSIDE} {shlex.join([shell, *map(json.dumps, args)])}')}"
        f" > {shell}.log 2>&1 &"
        for shell, args in ARGS.items()
    ]
    place = run_inside(PYTHON[NEWEST], tmp_path_factory.mktemp("end"), files, "\n".join([PREPARE, *started, "wait"]))
    for shell in ARGS:
        assert (place / shell).exists(), (place / f"{shell}.log").read_text()
    return {shell: json.loads((place / shell).read_text()) for shell in ARGS}


def busybox() -> bytes:
    """The program itself, as it is in Debian."""
    with recipes.exclusively():
        layer = BUSYBOX.layers()[-1]
    with tarfile.open(layer.path) as archive:
        [member] = [each for each in archive if each.isfile() and each.name.endswith("bin/busybox")]
        program = archive.extractfile(member)
        assert program
        return program.read()


@pytest.fixture(params=list(SHELLS))
def end(request: pytest.FixtureRequest, ends: dict[str, Any]) -> Any:
    return ends[request.param]


def test_a_running_request_is_answered_whole_and_no_other_one(end: Any) -> None:
    told = end["request"]
    assert (told["answer"], told["exit"], told["open"]) == ("been", 0, False)
    assert told["seconds"] < 3, "when the last request has ended"


def test_a_container_that_still_starts_ends_too(end: Any) -> None:
    assert (end["start"]["exit"], end["start"]["seconds"] < 10) == (0, True)


def test_the_exit_status_is_that_of_nginx(end: Any) -> None:
    assert end["failed"] == 1


def test_an_upload_that_still_arrives_reaches_the_application(end: Any) -> None:
    told = end["upload"]
    assert (told["status"], told["body"], told["exit"]) == (["200"], "been", 0)
    assert told["seconds"] < 4, "when the last connection has ended"


def test_an_application_that_does_not_wait_is_gone_for_an_upload(ends: dict[str, Any]) -> None:
    assert ends["none"]["upload"]["status"] != ["200"], "then the chart need not care"


def test_nginx_alone_cuts_what_it_passes_on(ends: dict[str, Any]) -> None:
    assert ends["none"]["request"]["answer"] != "been", "then the chart need not care"
