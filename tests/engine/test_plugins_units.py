"""The stand-ins' pure parts, and where they are installed."""

from __future__ import annotations

import subprocess
import sys
import threading
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from local.plugins import install
from local.plugins.kubernetes import conditions, differences, kubeconfig, objects, readiness
from local.plugins.kubernetes.awaiting import Awaiter, NotReadyError
from local.plugins.kubernetes.client import ApiError, Kind, NoClient, unreachable
from local.plugins.kubernetes.helm import Chart, Helm, HelmError, checksum
from local.plugins.kubernetes.reasons import redact
from local.plugins.kubernetes.settings import Settings
from local.plugins.naming import unique_name, urn_name, urn_type
from local.plugins.properties import (
    UNKNOWN,
    Asset,
    Secret,
    decode,
    encode,
    has_secret,
    has_unknown,
    mark_secrets,
    plain,
    secret_texts,
)
from local.plugins.server import Log, PluginError

_LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.just(UNKNOWN)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(), inner, max_size=3)
        | inner.filter(lambda value: not isinstance(value, Secret)).map(Secret)
    ),
    max_leaves=10,
)


@given(_VALUES)
def test_every_value_survives_the_wire(value: Any) -> None:
    assert decode(encode(value)) == value


@given(_VALUES)
def test_nothing_secret_is_left_in_a_plain_value(value: Any) -> None:
    assert not has_secret(plain(value))
    assert has_unknown(plain(value)) == has_unknown(value)


def test_assets_are_sent_back_as_they_came(tmp_path: Path) -> None:
    fields = {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", "text": "words"}
    asset = decode(encode(Asset(fields)))
    assert asset.text() == "words"
    assert decode(encode(asset)) == asset
    (tmp_path / "file").write_text("from a file")
    assert Asset({"path": str(tmp_path / "file")}).text() == "from a file"
    with pytest.raises(ValueError, match="only text and file"):
        Asset({"uri": "https://example.invalid"}).text()


def test_a_secret_never_shows_itself() -> None:
    assert "hush" not in repr(Secret("hush"))
    assert secret_texts({"a": Secret({"b": ["one", "two"]}), "c": "three"}) == {"one", "two"}


def test_outputs_are_secret_where_the_inputs_are() -> None:
    inputs = {"a": {"b": Secret("x"), "c": "y"}, "list": ["p", Secret("q")], "gone": Secret("z")}
    outputs = {"a": {"b": "x", "c": "y", "d": "more"}, "list": ["q", "p"], "e": "f"}
    marked = mark_secrets(outputs, inputs)
    assert marked["a"] == {"b": Secret("x"), "c": "y", "d": "more"}
    assert marked["list"] == Secret(["q", "p"])
    assert marked["e"] == "f"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("1000m", 1),
        ("0.5", Decimal("0.5")),
        ("1Gi", 2**30),
        ("1024Mi", 2**30),
        ("1e3", 1000),
        ("1E", 10**18),
        ("100u", Decimal("0.0001")),
        ("-2k", -2000),
        ("words", None),
        ("1GiB", None),
        ("", None),
    ],
)
def test_quantities(text: str, value: Decimal | int | None) -> None:
    assert differences.quantity(text) == value


def test_a_quantity_is_one_only_where_the_server_takes_it_for_one() -> None:
    old = {"env": {"value": "1000m"}, "limits": {"cpu": "1000m"}}
    new = {"env": {"value": "1"}, "limits": {"cpu": "1"}}
    assert [change.path for change in differences.changes(old, new, lenient=True)] == [("env", "value")]
    assert len(list(differences.changes(old, new, lenient=False))) == 2


def test_paths_are_written_and_covered_as_the_engine_does() -> None:
    path = ("spec", "ports", 0, 'a."b')
    assert differences.render(path) == 'spec.ports[0]["a.\\"b"]'
    assert differences.covers("spec.ports[*].name", "spec.ports[3].name")
    assert differences.covers("spec.ports", "spec.ports[3].name")
    assert differences.covers('data["a.b"]', 'data["a.b"]')
    assert not differences.covers("spec.port", "spec.ports[3].name")


def test_pruning_and_uniting_shapes() -> None:
    live = {"a": 1, "list": [{"x": 1, "y": 2}, {"x": 3}], "other": 5}
    assert objects.prune(live, {"a": 0, "list": [{"x": 0}]}) == {"a": 1, "list": [{"x": 1}]}
    assert objects.union({"a": {"b": 1}, "l": [{"x": 1}]}, {"a": {"c": 2}, "l": [{"y": 1}, {"z": 1}]}) == {
        "a": {"b": 1, "c": 2},
        "l": [{"x": 1, "y": 1}, {"z": 1}],
    }


@pytest.mark.parametrize(
    ("text", "obj", "holds"),
    [
        ("condition=Ready", {"status": {"conditions": [{"type": "ready", "status": "true"}]}}, True),
        ("condition=Ready=False", {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, False),
        ("condition=Ready", {}, False),
        ("jsonpath={.status.phase}=Running", {"status": {"phase": "Running"}}, True),
        ("jsonpath={.status.phase}=Running", {"status": {"phase": "Pending"}}, False),
        ("jsonpath={.status.phase}", {"status": {"phase": "any"}}, True),
        ("jsonpath={.status.ready}=true", {"status": {"ready": True}}, True),
        ("jsonpath={.status.count}=3", {"status": {"count": 3}}, True),
        (
            'jsonpath={.status.conditions[?(@.type=="Ready")].status}=True',
            {"status": {"conditions": [{"type": "Other", "status": "False"}, {"type": "Ready", "status": "True"}]}},
            True,
        ),
        (
            "condition=Ready",
            {
                "metadata": {"generation": 2},
                "status": {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]},
            },
            False,
        ),
    ],
)
def test_conditions(text: str, obj: dict[str, Any], holds: bool) -> None:
    ((told, condition),) = conditions.parse(text)
    assert told == text
    assert condition({"metadata": {}, **obj}) is holds


@pytest.mark.parametrize("text", ["Ready", "jsonpath=.status", "jsonpath={.a[}=1", "[]", '["condition=A", "nonsense"]'])
def test_wrong_conditions_are_named(text: str) -> None:
    with pytest.raises(PluginError, match=r"pulumi\.com/waitFor"):
        conditions.parse(text)


def test_redaction_leaves_nothing_behind() -> None:
    secrets = ["hunter2hunter2", "hunter2", "abc", "first line\nsecond line"]
    text = redact("a hunter2hunter2 b hunter2 abc second line", secrets)
    assert text == "a [secret] b [secret] abc [secret]"


def test_names() -> None:
    urn = "urn:pulumi:dev::project::a:b:C$kubernetes:core/v1:Secret::odd::name"
    assert (urn_type(urn), urn_name(urn)) == ("kubernetes:core/v1:Secret", "odd::name")
    assert unique_name("x-", b"seed") == unique_name("x-", b"seed") != unique_name("x-", b"other")
    assert unique_name("x-", b"") != unique_name("x-", b"")
    assert objects.type_of(urn) == ("v1", "Secret")
    assert (
        Kind("apps/v1", "Deployment", "deployments", True).path("n", "d") == "/apis/apps/v1/namespaces/n/deployments/d"
    )
    assert Kind("v1", "Node", "nodes", False).path("n") == "/api/v1/nodes"


def _kubeconfig(**user: Any) -> dict[str, Any]:
    return {
        "current-context": "one",
        "contexts": [
            {"name": "one", "context": {"cluster": "c", "user": "u"}},
            {"name": "two", "context": {"cluster": "d", "user": "u", "namespace": "own"}},
        ],
        "clusters": [
            {"name": "c", "cluster": {"server": "https://c/"}},
            {"name": "d", "cluster": {"server": "https://d"}},
        ],
        "users": [{"name": "u", "user": user}],
    }


def test_a_kubeconfig_is_a_path_or_text_and_its_context_is_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = yaml.safe_dump(_kubeconfig(token="t"))
    path = tmp_path / "config"
    path.write_text(text)
    for given_config in (text, str(path)):
        assert kubeconfig.load(given_config, "", "").server == "https://c"
        assert kubeconfig.load(given_config, "two", "").namespace == "own"
        assert kubeconfig.load(given_config, "two", "c").server == "https://c"
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'nothing'}:{path}")
    assert kubeconfig.load("", "two", "").server == "https://d"
    with pytest.raises(PluginError, match='context "three" does not exist'):
        kubeconfig.load(text, "three", "")
    with pytest.raises(PluginError, match="credential plugins"):
        kubeconfig.load(yaml.safe_dump(_kubeconfig(exec={})), "", "")
    with pytest.raises(PluginError, match="neither a file") as failed:
        kubeconfig.load("token: [secret", "", "")
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize("name", ["renderYamlToDirectory", "enableServerSideApply"])
def test_what_is_not_supported_is_refused(name: str) -> None:
    value = "folder" if name.startswith("render") else "false"
    with pytest.raises(PluginError, match=name):
        Settings.of({f"kubernetes:config:{name}": value})


@pytest.mark.parametrize("code", [0, 403])
def test_a_failing_look_up_does_not_lose_what_was_created(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    live = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "made", "namespace": "n"}}

    def fail(*_: object) -> readiness.Progress:
        raise ApiError(code, "", "no answer")

    monkeypatch.setattr(readiness, "check_of", lambda _: (fail, 1))
    awaiter = Awaiter(NoClient(unreachable("no answer")), Log("127.0.0.1:1"), threading.Event())
    with pytest.raises(NotReadyError, match=r"waiting for the API server|no answer") as failed:
        awaiter.ready("urn", live, live, 1)
    assert failed.value.live == live


def test_a_chart_s_checksum_is_its_content(tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "a").write_text("1")
    first = checksum(chart)
    (chart / "templates" / "b").write_text("2")
    second = checksum(chart)
    (chart / "templates" / "b").rename(chart / "templates" / "c")
    assert len({first, second, checksum(chart)}) == 3
    (chart / "templates" / "c").unlink()
    assert checksum(chart) == first


@pytest.mark.parametrize(
    ("chart", "login", "reference"),
    [
        (Chart("app", "1.0.0", "https://charts.example.invalid", "me", "pass-word"), "repo add", "chart/app"),
        (Chart("oci://registry.example.invalid/app", "", "", "me", "pass-word"), "registry login", "oci://"),
    ],
)
def test_a_repository_s_password_is_read_from_standard_input(
    tmp_path: Path, chart: Chart, login: str, reference: str
) -> None:
    spy, notes = tmp_path / "helm", tmp_path / "notes"
    spy.write_text(f'#!/bin/sh\necho "args $@" >> {notes}\necho "stdin $(cat)" >> {notes}\necho "name: app"\n')
    spy.chmod(0o755)
    assert Helm(str(spy), "", "", threading.Event()).chart(chart) == {"name": "app"}
    lines = notes.read_text().splitlines()
    assert lines[0].startswith(f"args {login}")
    assert lines[1] == "stdin pass-word"
    assert lines[2].startswith(f"args show chart {reference}")
    assert not any("pass-word" in line for line in lines if line.startswith("args"))
    assert not (tmp_path / "repositories.yaml").exists()


def test_a_failing_helm_is_told_in_its_own_words(tmp_path: Path) -> None:
    spy = tmp_path / "helm"
    spy.write_text("#!/bin/sh\necho 'Error: it is broken' >&2\nexit 1\n")
    spy.chmod(0o755)
    with pytest.raises(HelmError, match="it is broken"):
        Helm(str(spy), "", "", threading.Event()).manifest("x", "y")


def test_a_cancelled_helm_is_asked_to_end(tmp_path: Path) -> None:
    spy = tmp_path / "helm"
    spy.write_text("#!/bin/sh\ntrap 'kill $!; echo marked as failed >&2; exit 1' TERM\nsleep 30 & wait\n")
    spy.chmod(0o755)
    cancelled = threading.Event()
    threading.Timer(1, cancelled.set).start()
    with pytest.raises(HelmError, match="marked as failed"):
        Helm(str(spy), "", "", cancelled).manifest("x", "y")


@pytest.fixture
def no_downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A machine on which nothing official is to be found; what was asked for is noted."""
    asked: list[str] = []

    def refuse(plugin: install.Plugin, _: Path) -> bool:
        asked.append(plugin.executable)
        return False

    monkeypatch.setattr(install, "_download", refuse)
    monkeypatch.setattr(install, "tool", lambda name: tmp_path / "tools" / name)
    monkeypatch.setenv("PATH", f"{tmp_path / 'empty'}:/usr/bin:/usr/local/go/bin")
    return asked


def test_stand_ins_are_asked_for_once_and_loudly(
    tmp_path: Path, no_downloads: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    (folder,) = install.plugin_path(home)
    made = sorted(path.name for path in Path(folder).iterdir())
    executables = ["pulumi-language-python", "pulumi-resource-kubernetes", "pulumi-resource-random"]
    assert made == sorted([*executables, f"pulumi-language-python-exec-{version('pulumi')}"])
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "WARNING" in printed.err
    assert all(name in printed.err for name in executables)
    assert sorted(no_downloads) == executables
    before = {path: path.stat().st_ino for path in Path(folder).iterdir()}
    install.plugin_path(home)
    assert sorted(no_downloads) == executables
    assert {path: path.stat().st_ino for path in Path(folder).iterdir()} == before, "another run may be using them"


def test_no_stand_in_where_the_official_plugin_is(
    tmp_path: Path, no_downloads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    language, kubernetes, random = install.plugins()
    (home / "pulumi" / "plugins" / f"resource-random-v{random.version}").mkdir(parents=True)
    beside = tmp_path / "tools" / language.executable
    beside.parent.mkdir()
    beside.touch()
    (folder,) = install.plugin_path(home)
    assert [path.name for path in Path(folder).iterdir()] == [kubernetes.executable]
    assert no_downloads == [kubernetes.executable]

    on_path = tmp_path / "empty" / kubernetes.executable
    on_path.parent.mkdir()
    on_path.touch(mode=0o755)
    assert install.plugin_path(home) == ()
    assert not Path(folder).exists()
    # An outer run's stand-in is no official plugin.
    monkeypatch.setenv("PATH", f"{tmp_path / 'stand-ins'}")
    on_path.parent.rename(tmp_path / "stand-ins")
    assert install.plugin_path(home) != ()


def test_an_executable_starts_fast_and_without_the_whole_sdk(stand_ins: Path) -> None:
    script = (stand_ins / "pulumi-resource-kubernetes").read_text()
    assert script.startswith(f"#!{sys.executable}\n# Stand-in")
    probe = script.replace("main(engine", "(lambda *_: None)(engine") + "\nprint('pulumi.resource' in sys.modules)\n"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
