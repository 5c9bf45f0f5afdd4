"""The scripts of the jobs, with an mc that writes down how it was called."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from components.object_store.external import CHECK_SCRIPT
from components.object_store.store import GRANT_SCRIPT

# Like the image: a shell and coreutils, and nothing else.
COREUTILS = ("cat", "head", "timeout", "sleep")
FAKE_MC = """#!/bin/sh
printf '%s\\n' "$*" >>"$CALLS"
env >>"$CALLS.env"
case "$*" in
  "admin user add"*) cat >"$CALLS.stdin" ;;
  "admin policy attach"*) echo "$ATTACH" >&2; exit "${ATTACH_CODE:-0}" ;;
  "ls granted"*) exit "${GRANTED:-0}" ;;
  "ls store"*) printf '%s' "$PROBLEM" >&2; [ -z "$CODE" ] || exit "$CODE";
    i=0; while [ $i -lt "${KEYS:-9}" ]; do echo key; i=$((i + 1)); done ;;
esac
"""
GRANT = {
    "ROOT_USER": "root",
    "ROOT_PASSWORD": "sentinel-root",
    "ACCESS_KEY_0": "s3-source",
    "SECRET_KEY_0": "sentinel-key",
    "SCHEME": "http",
    "ADDRESS": "s3:9000",
    "REGION": "us-east-1",
    "BUCKET_0": "cats",
    "PREFIX_0": "input/",
    "VERSIONING": "false",
    "KEYS": "0",
    "LISTABLE_0": "true",
    "POLICY_NAME_0": "s3-source",
    "POLICY_0": "{}",
}


def run(script: str, folder: Path, **environment: str) -> tuple[subprocess.CompletedProcess[str], str]:
    tools = folder / "bin"
    tools.mkdir()
    for name in COREUTILS:
        (tools / name).symlink_to(next(p for p in (Path("/usr/bin", name), Path("/bin", name)) if p.exists()))
    (tools / "sleep").unlink()
    for name, text in {"mc": FAKE_MC, "sleep": "#!/bin/sh\n", "env": '#!/bin/sh\nexec /usr/bin/env "$@"\n'}.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    calls = folder / "calls"
    # What the kubelet makes of a command (Kubernetes API, Container: "$$" is reduced to a single "$").
    script = script.replace("$$", "$").replace("/tmp/", f"{folder}/")
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        env={"PATH": str(tools), "CALLS": str(calls), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done, calls.read_text()


def test_a_grant_is_made_in_order(tmp_path: Path) -> None:
    done, calls = run(GRANT_SCRIPT, tmp_path, **GRANT)
    assert done.returncode == 0, done.stderr
    assert calls.splitlines() == [
        "ls root",
        "mb --ignore-existing --region us-east-1 root/cats",
        "mb --ignore-existing root/cats/input/",
        f"admin policy create root s3-source {tmp_path}/policy.json",
        "admin user add root",
        "admin policy attach root s3-source --user s3-source",
        "ls granted/cats/input/",
    ]
    assert (tmp_path / "calls.stdin").read_text() == "s3-source\nsentinel-key\n"


def test_each_key_of_a_group_is_made(tmp_path: Path) -> None:
    second = {"ACCESS_KEY": "s3-target", "SECRET_KEY": "it's $HOME", "BUCKET": "cats", "PREFIX": "output/"}
    second |= {"LISTABLE": "true", "POLICY_NAME": "s3-target", "POLICY": '{"a": "$(id) \\"b\\""}'}
    done, calls = run(GRANT_SCRIPT, tmp_path, **{**GRANT, "KEYS": "0 1"}, **{f"{it}_1": second[it] for it in second})
    assert done.returncode == 0, done.stderr
    assert [line for line in calls.splitlines() if "attach" in line or "granted" in line] == [
        "admin policy attach root s3-source --user s3-source",
        "ls granted/cats/input/",
        "admin policy attach root s3-target --user s3-target",
        "ls granted/cats/output/",
    ]
    assert (tmp_path / "calls.stdin").read_text() == f"s3-target\n{second['SECRET_KEY']}\n"
    assert (tmp_path / "policy.json").read_text() == second["POLICY"]


def test_no_secret_is_on_a_command_line_or_in_the_output(tmp_path: Path) -> None:
    done, calls = run(GRANT_SCRIPT, tmp_path, **GRANT)
    assert "sentinel" not in calls + done.stdout + done.stderr
    assert "MC_HOST_root=http://root:sentinel-root@s3:9000" in (tmp_path / "calls.env").read_text()


def test_versioning_on_demand_and_no_marker_without_a_prefix(tmp_path: Path) -> None:
    _, calls = run(GRANT_SCRIPT, tmp_path, **{**GRANT, "VERSIONING": "true", "PREFIX_0": "", "LISTABLE_0": "false"})
    assert "version enable root/cats" in calls.splitlines()
    assert "mb --ignore-existing root/cats/" not in calls.splitlines()
    assert "ls granted/cats/" not in calls.splitlines()


def test_a_policy_that_is_attached_already_is_no_failure(tmp_path: Path) -> None:
    already = "mc: <ERROR> The specified policy change is already in effect."
    done, _ = run(GRANT_SCRIPT, tmp_path, **GRANT, ATTACH=already, ATTACH_CODE="1")
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"ATTACH": "Access Denied.", "ATTACH_CODE": "1"}, "The policy cannot be attached: Access Denied."),
        ({"GRANTED": "1"}, "The new key cannot list cats/input/."),
    ],
)
def test_the_script_says_what_went_wrong(tmp_path: Path, environment: dict[str, str], words: str) -> None:
    done, _ = run(GRANT_SCRIPT, tmp_path, **GRANT, **environment)
    assert done.returncode != 0
    assert words in done.stderr


CHECK = {"SCHEME": "https", "ADDRESS": "s3.example.com", "BUCKET": "cats", "PREFIX": "", "ACCESS_KEY": "id"}


def test_a_bucket_that_can_be_listed(tmp_path: Path) -> None:
    done, calls = run(CHECK_SCRIPT, tmp_path, **CHECK, SECRET_KEY="sentinel", SESSION_TOKEN="token")
    assert done.returncode == 0, done.stderr
    assert calls.splitlines() == ["ls store/cats/"]
    assert "MC_HOST_store=https://id:sentinel:token@s3.example.com" in (tmp_path / "calls.env").read_text()


def test_a_bucket_that_cannot_be_listed(tmp_path: Path) -> None:
    done, _ = run(CHECK_SCRIPT, tmp_path, **CHECK, SECRET_KEY="sentinel", PROBLEM="Access Denied.", CODE="1")
    assert done.returncode == 1
    assert "cannot be listed with the given key: Access Denied." in done.stderr
    assert "sentinel" not in done.stdout + done.stderr


def test_a_warning_is_no_refusal(tmp_path: Path) -> None:
    """Such as that of mc about a certificate that ends within weeks."""
    done, _ = run(CHECK_SCRIPT, tmp_path, **CHECK, SECRET_KEY="sentinel", PROBLEM="The certificate expires soon.")
    assert done.returncode == 0, done.stderr


def test_a_bucket_of_more_keys_than_a_pipe_holds(tmp_path: Path) -> None:
    done, calls = run(CHECK_SCRIPT, tmp_path, **CHECK, SECRET_KEY="sentinel", KEYS="50000")
    assert done.returncode == 0, done.stderr
    assert len(calls.splitlines()) == 1


def test_a_client_that_was_killed_has_not_listed_anything(tmp_path: Path) -> None:
    done, _ = run(CHECK_SCRIPT, tmp_path, **CHECK, SECRET_KEY="sentinel", CODE="137")
    assert done.returncode == 1
    assert "cannot be listed with the given key: mc ended with status 137" in done.stderr
