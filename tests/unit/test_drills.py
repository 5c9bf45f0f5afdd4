"""What drills say and count; they themselves run on a cluster: make drills."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settings.rotation import Rotation
from drills import operators, releases, rotations
from drills.__main__ import DRILLS, GROUPS, _judge, batches, main
from drills.contents import Contents, counted, differences
from drills.drill import Drill, Observation
from drills.hangs import HEALTH, OK, PAGE, UNAVAILABLE, Answer, Hang, Watch
from drills.load import Ledger, longest
from drills.rotations import Update, _raised
from drills.stack import IMAGES, STACKS
from drills.table import NEVER, Row, keep, table
from local.addons import barman, cnpg
from local.cluster.api import Timeout, wait
from local.images.catalog import REFERENCES
from tests.pages import blocks

PROJECT = Path(__file__).resolve().parents[2]


def test_the_table_in_the_documentation_has_every_drill() -> None:
    """If not: make drills."""
    text = (PROJECT / "docs" / "drills-table.md").read_text()
    run = rf"[0-9a-f]{{7}}\S*, \d{{4}}-\d{{2}}-\d{{2}}|{NEVER} \| - \| - \| -"
    rows = re.findall(rf"^\| ([a-z-]+) \| .* \| (?:{run}) \|$", text, re.M)
    assert rows == list(DRILLS)


def test_the_page_on_drills_names_every_drill() -> None:
    text = (PROJECT / "docs" / "drills.md").read_text()
    assert [name for name in DRILLS if f"`{name}`" not in text] == []


def test_a_drill_that_is_not_there_is_refused_with_the_names_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["page-pod,pages"]) == 2
    assert capsys.readouterr().err.startswith("error: there is no drill pages; choose page-pod, ")


def test_a_gap_is_the_longest_time_without_an_answer() -> None:
    assert Ledger(answered=[4.0, 1.0, 1.5, 9.0]).gap() == 5.0
    assert Ledger().gap() == 0.0


def test_a_failed_drill_stands_out_in_the_table() -> None:
    assert table([row("redis-pod")]).splitlines()[-1] == (
        "| redis-pod | no gap | **failed:** gap 9.0 s / answered: no | 31 | 2 of 70 | abcdef0, 2026-01-01 |"
    )


def test_drills_that_did_not_run_keep_their_rows(tmp_path: Path) -> None:
    file, expected = tmp_path / "table.md", dict.fromkeys(["page-pod", "redis-pod", "store-pod"], "no gap")
    keep(file, [row("page-pod"), row("redis-pod")], expected)
    keep(file, [replace(row("redis-pod"), observed="gap 1.0 s", passed=True)], expected)
    rows = [line.split(" | ")[::2] for line in file.read_text().splitlines() if line.startswith("| ")]
    assert [cells[0] for cells in rows[2:]] == ["| page-pod", "| redis-pod", "| store-pod"]
    assert "gap 9.0 s" in rows[2][1]
    assert [cells[1] for cells in rows[3:]] == ["gap 1.0 s", NEVER]


def test_a_drill_that_breaks_off_has_failed_and_ends_nothing_else() -> None:
    def hurt(_: Any) -> Any:
        raise Timeout("timed out after 600 s waiting for label-studio-ls-app to be ready")

    observation = _judge(Drill("no gap", hurt), cast(Any, None))(Ledger())
    assert not observation.passed
    assert observation.text.startswith("broke off: Timeout: timed out after 600 s")


def row(drill: str) -> Row:
    observed = "gap 9.0 s | answered:\nno"
    return Row(drill, "abcdef0, 2026-01-01", "no gap", observed, 31.4, acknowledged=70, lost=2, passed=False)


def test_a_rotation_raises_its_own_counter_alone() -> None:
    counters = {"redis": 3, "projectKeys": {"cats": 2}}
    assert _raised(counters, "redis") == {"redis": 4, "projectKeys": {"cats": 2}}
    assert _raised(counters, "projectKeys", "dogs") == {"redis": 3, "projectKeys": {"cats": 2, "dogs": 2}}
    assert _raised({}, "pageKey") == {"pageKey": 2}


def test_a_rotation_is_judged_by_pods_and_requests() -> None:
    def passed(ledger: Ledger, *, interrupting: bool = False, **started: int) -> bool:
        update = Update(60.0, Counter(started))
        return update.observation(frozenset({"postgresql"}), ledger, interrupting=interrupting).passed

    calm, refused = Ledger(answered=[1.0, 2.0]), Ledger(answered=[1.0, 2.0], refused=1)
    assert passed(calm, postgresql=1)
    assert not passed(calm, postgresql=2)
    assert not passed(refused, postgresql=1)
    assert passed(refused, interrupting=True, postgresql=1)


def test_every_counter_of_the_settings_has_a_drill() -> None:
    names = {f"rotate-{name.replace('_', '-')}" for name in Rotation.model_fields}
    assert names == {name for name, drill in rotations.DRILLS.items() if drill.stack == "dev"}


def test_a_hang_is_judged_by_what_the_page_did_meanwhile() -> None:
    def told(answers: list[Answer], **expected: float) -> Observation:
        watch = Watch({PAGE: answers, HEALTH: [Answer(1.0, 0.1, OK)]}, began=0.0, hurt=10.0, released=30.0)
        return Hang(lambda _: [], 1, **cast(Any, expected)).judged(watch, 0, "nothing more")

    quiet = [Answer(float(moment), 0.1, OK) for moment in range(10)]
    good = [*quiet, *(Answer(float(moment), 0.2, OK) for moment in range(10, 40, 2))]
    text = told(good).text
    assert "at 0.50 of the quiet rate, p95 0.20 s;" in text
    assert "back after 0.0 s, 0 restarts" in text
    assert told(good).passed
    assert not told(good, rate=0.8).passed
    assert not told(good, page=0.1).passed
    assert not told([*good, Answer(34.0, 0.1, UNAVAILABLE)]).passed
    late = told([*good, Answer(36.0, 0.1, UNAVAILABLE), Answer(37.0, 0.1, OK)])
    assert "back after 7.0 s" in late.text
    assert not late.passed
    assert not told([]).passed


BEFORE: Contents = {"tasks": {"1": "a", "2": "b"}, "log-ins": {"me@example.com": "opens"}}


def test_contents_that_are_the_same_differ_in_nothing() -> None:
    assert differences(BEFORE, BEFORE) == []
    assert counted(BEFORE) == "2 tasks, 1 log-ins"


def test_contents_that_differ_are_named_by_kind_and_way() -> None:
    found: Contents = {"tasks": {"2": "c", "3": "d"}, "log-ins": {"me@example.com": "refused"}, "files": {"7": "e"}}
    assert differences(BEFORE, found) == [
        "tasks missing: 1",
        "tasks changed: 2",
        "tasks never there before: 3",
        "log-ins changed: me@example.com",
        "files never there before: 7",
    ]


def test_what_came_later_may_be_there_as_it_was_and_what_was_there_must_be() -> None:
    later: Contents = {"tasks": {"1": "a", "2": "b", "3": "d", "4": "e"}}
    assert differences(BEFORE, {**BEFORE, "tasks": {"1": "a", "2": "b", "3": "d"}}, later) == []
    assert differences(BEFORE, {**BEFORE, "tasks": {"1": "a", "3": "x"}}, later) == [
        "tasks missing: 2",
        "tasks changed: 3",
    ]


def test_many_that_differ_are_a_few_and_a_number() -> None:
    before: Contents = {"tasks": {str(number): "a" for number in range(1, 13)}}
    assert differences(before, {"tasks": {}}) == ["tasks missing: 1, 2, 3, 4, 5 and 7 more"]


@given(st.dictionaries(st.text(), st.text()), st.dictionaries(st.text(), st.text()))
def test_contents_differ_in_nothing_exactly_when_they_are_the_same(one: dict[str, str], other: dict[str, str]) -> None:
    assert (differences({"tasks": one}, {"tasks": other}) == []) == (one == other)


def test_a_drill_that_runs_alone_is_a_batch_of_its_own() -> None:
    names = ["page-pod", "release-upgrade", "release-dump-restored", "postgresql-major", "redis-pod"]
    assert [*batches(names)] == [names[:2], names[2:3], names[3:4], names[4:]]
    assert [*batches([])] == []


def test_each_drill_has_a_stack_whose_images_are_known() -> None:
    assert {drill.stack for drill in DRILLS.values()} == {*STACKS}
    assert IMAGES.keys() <= STACKS.keys()
    assert {*IMAGES.values()} <= {*REFERENCES}
    assert {name for names in GROUPS.values() for name in names} <= {*DRILLS}


def test_the_blocks_that_the_drills_of_releases_type_are_there() -> None:
    def needing(page: str, needs: str | None) -> int:
        return len([block for block in blocks("console", page=page) if block.needs == needs])

    assert needing("backup", "a stack that was upgraded") == 2
    assert needing("backup", None) == 3
    assert needing("upgrade", "a standalone server of another major version") == 2
    assert needing("backup", operators.BACKUP) == 1
    assert needing("upgrade", operators.MANIFESTS) == 2
    assert needing("upgrade", operators.FORMER_NAMES) == 1


class Refusing:
    """A deployment whose update fails with a text, and whose pods are others afterwards where it ``replaces`` them."""

    def __init__(self, printed: str, *, replaces: bool = False) -> None:
        self.engine = SimpleNamespace(settings={"images": {"postgresql": "old"}})
        self.printed, self.replaces, self.pods = printed, replaces, {"1"}
        self.ran: list[tuple[str, Any]] = []

    def change(self, settings: Any) -> None:
        self.engine.settings = settings

    def refused(self, command: str) -> str:
        self.ran.append((command, self.engine.settings))
        self.pods = {"2"} if self.replaces else self.pods
        return self.printed

    def run(self, command: str) -> None:
        self.ran.append((command, self.engine.settings))


@pytest.mark.parametrize(
    ("printed", "replaces", "ledger", "passed"),
    [
        ("error: no such tag 9\nsee docs", False, Ledger(), True),
        ("error: something else", False, Ledger(), False),
        ("error: no such tag 9, see docs", True, Ledger(), False),
        ("error: no such tag 9, see docs", False, Ledger(refused=1), False),
    ],
)
def test_a_refusal_has_its_reasons_and_nobody_notices_it(
    printed: str, replaces: bool, ledger: Ledger, passed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = Refusing(printed, replaces=replaces)
    monkeypatch.setattr(releases, "served", lambda it: it.pods)
    hurt = releases._refused(lambda _: {"images": {"labelStudio": "new"}}, "no such tag", "see docs")
    observation = hurt(cast(Any, SimpleNamespace(deployment=deployment)))(ledger)
    before = {"images": {"postgresql": "old"}}
    assert deployment.ran == [("up", {"images": {"postgresql": "old", "labelStudio": "new"}}), ("up", before)]
    assert observation.passed is passed, observation.text
    if passed:
        assert "…error: no such tag 9 see docs…" in observation.text


def test_the_page_on_upgrades_names_the_manifests_of_the_releases_that_the_drill_ends_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cnpg, "objects", lambda: [{"kind": "Deployment"}])
    monkeypatch.setattr(barman, "objects", lambda: [{"kind": "Secret"}])
    [apply, _] = releases.commands("upgrade", operators.MANIFESTS)
    assert re.findall(r"--filename (\S+)", apply) == [*operators.manifests()]


def server(*images: str, ready: str = "True") -> dict[str, Any]:
    first, *rest = ({"name": f"c{number}", "image": image} for number, image in enumerate(images))
    spec = {"initContainers": rest, "containers": [first]}
    return {"spec": spec, "status": {"conditions": [{"type": "Ready", "status": ready}]}}


def test_a_server_is_new_once_it_is_ready_with_the_images_of_both_releases() -> None:
    postgresql, former = "postgresql:17", REFERENCES["former_cnpg_operator"]
    operator, sidecar = REFERENCES["cnpg_operator"], REFERENCES["barman_sidecar"]
    assert operators.is_new(server(postgresql, operator, sidecar))
    assert not operators.is_new(server(postgresql, former, sidecar))
    assert not operators.is_new(server(postgresql, operator, REFERENCES["former_barman_sidecar"]))
    assert not operators.is_new(server(postgresql, operator, sidecar, ready="False"))


def test_pods_are_seen_that_come_and_go_meanwhile() -> None:
    there = ["before"]
    with operators.watched(lambda: {there[-1]}) as seen:
        wait("the first", lambda: seen == {"before"}, 5)
        there.append("after")
        wait("the second", lambda: seen == {"before", "after"}, 5)


def test_the_longest_pause_is_that_between_moments_in_a_row() -> None:
    assert longest([4.0, 1.0, 1.5, 9.0]) == 5.0
    assert longest([]) == 0.0


class Database:
    """A stack with an operator, whose servers are replaced by ``apply``, and by an update where it is ``restless``."""

    def __init__(self, *, replaces: bool = True, restless: bool = False) -> None:
        self.replaces, self.restless, self.generation = replaces, restless, 1
        self.typed: list[str] = []
        self.engine = self.api = None
        self.namespace = "drills"

    def objects(self, plural: str, group: str = "", name: str = "") -> list[dict[str, Any]]:
        return [{"spec": {"instances": 1}, "status": {"phase": "Cluster in healthy state"}}]

    def servers(self) -> list[dict[str, Any]]:
        new = server("postgresql:17", REFERENCES["cnpg_operator"], REFERENCES["barman_sidecar"])
        return [{**new, "metadata": {"uid": str(self.generation)}}]

    def type(self, text: str) -> str:
        self.typed.append(text)
        self.generation += self.replaces and "cnpg-1" in text
        return ""

    def run(self, command: str) -> None:
        self.typed.append(command)
        self.generation += self.restless


@pytest.mark.parametrize(
    ("deployment", "saved", "later", "passed"),
    [
        (Database(), [1.0, 9.0], BEFORE, True),
        (Database(replaces=False), [1.0, 9.0], BEFORE, False),
        (Database(restless=True), [1.0, 9.0], BEFORE, False),
        (Database(), [1.0, 90.0], BEFORE, False),
        (Database(), [1.0, 9.0], {**BEFORE, "tasks": {"1": "a"}}, False),
    ],
)
def test_an_upgrade_of_the_operator_is_judged_by_servers_contents_and_seconds(
    deployment: Database, saved: list[float], later: Contents, passed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operators, "type_page", lambda subject, text: subject.deployment.type(text))
    monkeypatch.setattr(operators, "listed", lambda *_: deployment.servers())
    monkeypatch.setattr(operators, "served", lambda _: {"page"})
    monkeypatch.setattr(operators, "LOAD_SECONDS", 0.0)
    monkeypatch.setattr(operators, "kept_contents", lambda *_: BEFORE)
    monkeypatch.setattr(operators, "keep_contents", lambda *_: later)
    judge = operators._upgrade(cast(Any, SimpleNamespace(deployment=deployment)))
    observation = judge(Ledger(saved=saved))
    assert observation.passed is passed, observation.text
    assert len(deployment.typed) == 6
    assert deployment.typed[0] == deployment.typed[4], "a base backup before and after"
    assert deployment.typed[5] == "up"
