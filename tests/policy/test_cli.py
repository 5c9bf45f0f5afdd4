"""The pack through the real CLI: both stacks pass, and every mutation is stopped by the policy that is named for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.engine import Engine
from policies.pack import FOLDER, RULES, STACK_RULES
from policies.stacks import stack_config
from scripts.preview_api import serving
from tests.policy.mutations import BESIDE, MUTATIONS, RAW, SIGNUP, TLS, Mutation
from tests.policy.support import MEND, METADATA, MISSING, RELEASE, SECRET, UNKNOWN, changed, nested, release

PROGRAMS = Path(__file__).parent / "programs"
# `    - [mandatory] [severity: high]  name  (type: resource)`, then the description, then the message.
VIOLATION = re.compile(r"- \[(\w+)\] .*? ([\w-]+)  \((\S+): (\S+)\)\n\s*(.*)\n\s*(.*)")
CONTEXTS = ("label-studio-local", "production")
MANIFEST = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}
# How a state file marks an asset that is a text (sdk/go/common/resource/asset).
ASSET, TEXT_ASSET = "4dabf18193072939515e22adb298388d", "c44067f5952c0a294b673a41bacd8c17"
OPEN = "{LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK: 0}"


@dataclass(frozen=True)
class Outcome:
    """What a preview ended with and printed."""

    status: int
    printed: str

    @property
    def violations(self) -> dict[str, dict[str, str]]:
        """Level and messages by policy, by the name of the resource."""
        found: dict[str, dict[str, str]] = {}
        for level, policy, _, resource, _, message in VIOLATION.findall(self.printed):
            by_policy = found.setdefault(resource, {})
            by_policy[policy] = f"{by_policy.get(policy, level)}: {message}"
        return found

    @property
    def policies(self) -> set[str]:
        """The policies that are broken."""
        return {policy for messages in self.violations.values() for policy in messages}


class Stacks:
    """The stacks of the project, in a folder of their own, before an API server that has nothing but a name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: set[str] = set()

    def preview(
        self,
        stack: str,
        *,
        settings: Mapping[str, Any] | None = None,
        changes: Sequence[tuple[str, Any, bool]] | None = None,
        pack: Path = FOLDER,
    ) -> Outcome:
        """Preview the real program under a pack; with ``changes``, a transformation makes them to its release."""
        project = FOLDER.parent if changes is None else PROGRAMS / "transformed"
        laid_over = stack_config(stack) if changes is not None else {}
        engine = Engine(self.folder, stack, self.folder / "kubeconfig", project)
        if stack not in self._made:
            engine.create()
            self._made.add(stack)
        engine = engine.with_settings({**laid_over, **(settings or {})})
        # The server knows no kind of an operator, as the program would find out.
        environment = {"TRANSFORMATIONS": json.dumps([*(changes or ())]), "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE": "true"}
        flags = ("--policy-pack", str(pack), *(config_flags(stack) if pack == FOLDER else ()))
        done = engine.operate("preview", *flags, capture=True, check=False, environment=environment)
        return Outcome(done.returncode, done.stdout)

    def analyze(self, stack: str, resources: Sequence[Mapping[str, Any]], config: Path | None = None) -> Outcome:
        """Have the CLI check a stored state, all of it, rather than stop at the first violation."""
        file = self.folder / "state.json"
        file.write_text(json.dumps({"version": 3, "deployment": {"manifest": MANIFEST, "resources": resources}}))
        engine = Engine(self.folder, stack, self.folder / "kubeconfig")
        flags = ("--policy-pack-config", str(config)) if config else config_flags(stack)
        arguments = ("--file", str(file), "--policy-pack", str(FOLDER), *flags)
        done = engine.run("policy", "analyze", *arguments, capture=True, check=False)
        return Outcome(done.returncode, done.stdout)


def config_flags(stack: str) -> tuple[str, str]:
    return "--policy-pack-config", str(FOLDER / f"config.{stack}.json")


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    folder = tmp_path_factory.mktemp("policies")
    with serving(folder / "kubeconfig", *CONTEXTS):
        yield Stacks(folder)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_real_program_breaks_no_policy(stacks: Stacks, stack: str) -> None:
    outcome = stacks.preview(stack)
    assert outcome.status == 0, outcome.printed
    assert "label-studio-policies@" in outcome.printed
    # What a first preview cannot know is said once for each.
    assert outcome.policies == {"unknowns-reported"}
    assert outcome.printed.count("[mandatory]") == 0
    assert "can't run policy" not in outcome.printed
    assert "kubernetes:helm.sh/v3:Release label-studio-release create" in outcome.printed


def together(mutations: Sequence[Mutation]) -> list[list[Mutation]]:
    """Groups to make in one preview: no two of one policy or at one place, and none that hides another one.

    The few that then stand alone differ from others in a spelling only, and are in the stored state below.
    """
    groups: list[list[Mutation]] = []
    for mutation in mutations:
        fitting = (group for group in groups if not any(_collide(mutation, other) for other in group))
        group = next(fitting, None)
        if group is None:
            groups.append([mutation])
        else:
            group.append(mutation)
    return [group for group in groups if len(group) > 2]


def _collide(one: Mutation, other: Mutation) -> bool:
    # An administrator is demanded where sign-up is off only.
    hidden = {one.policy, other.policy} == {"signup-disabled", "administrator-present"}
    return hidden or one.policy == other.policy or one.path.startswith(other.path) or other.path.startswith(one.path)


@pytest.mark.parametrize("group", together(MUTATIONS), ids=lambda group: "+".join(one.name for one in group))
def test_mutations_of_the_real_program_are_blocked_by_the_named_policy(stacks: Stacks, group: list[Mutation]) -> None:
    """A transformation makes them, since the settings refuse most."""
    assert len(MUTATIONS) >= 25
    changes = [(one.path, None if one.value is MISSING else one.value, one.value is MISSING) for one in group]
    outcome = stacks.preview("prod", changes=changes)
    assert outcome.status != 0
    found = outcome.violations["label-studio-release"]
    for one in group:
        assert one.message in found.get(one.policy, ""), (one.name, found)
        assert found[one.policy].startswith("mandatory: ")
        assert MEND.search(found[one.policy])
    assert set(found) == {one.policy for one in group}
    assert SECRET not in outcome.printed


def test_an_unknown_switch_does_not_open_the_door(stacks: Stacks) -> None:
    """The SDK alone would end the policy with a remark, and let the preview pass."""
    outcome = stacks.preview("prod", changes=[(SIGNUP, UNKNOWN, False), ("app.ingress.enabled", UNKNOWN, False)])
    assert outcome.status != 0
    assert set(outcome.violations["label-studio-release"]) == {"signup-disabled", "ingress-tls"}
    assert "can't run policy" not in outcome.printed


@pytest.fixture(scope="module")
def analyzed(stacks: Stacks) -> Outcome:
    """Releases of every flavour and raw resources, each right but for one thing."""
    values = release()["values"]
    others = {
        "nested-signup": release(changed(nested(values), SIGNUP, "off"), "chart-label-studio"),
        "nested-tls": release(changed(nested(values), f"label-studio.{TLS}", []), "chart-label-studio"),
        "whole-output": {**release(), "values": UNKNOWN},
        "value-file": release(valueYamlFiles=[{ASSET: TEXT_ASSET, "text": f"app: {{extraEnvironmentVars: {OPEN}}}"}]),
        "rewritten": release(postrender="./rewrite.sh"),
        "in-kube-system": release(namespace="kube-system"),
        "by-default-provider": release(),
    }
    right = {"right": release()}
    releases = {**right, **{one.name: release(one.values(values)) for one in MUTATIONS}, **others}
    raw = {name: (kind, {"metadata": METADATA, **props}) for name, kind, props, _, _ in RAW}
    beside = {name: (kind, {"metadata": METADATA, **props}) for name, kind, props in BESIDE}
    listed = {**{name: (RELEASE, props) for name, props in releases.items()}, **raw, **beside}
    own, default = provider("stack", {"context": "production"}), provider("default_4_34_2", {})
    return stacks.analyze(
        "prod",
        [
            own,
            default,
            provider("unpinned", {}),
            *(
                state(kind, name, props, default if name == "by-default-provider" else own)
                for name, (kind, props) in listed.items()
            ),
        ],
    )


def state(kind: str, name: str, inputs: Mapping[str, Any], provider: Mapping[str, Any]) -> dict[str, Any]:
    """A resource as `pulumi stack export` writes it."""
    urn = f"urn:pulumi:prod::label-studio::{kind}::{name}"
    reference = f"{provider['urn']}::{provider['id']}"
    return {
        "urn": urn,
        "custom": True,
        "id": name,
        "type": kind,
        "inputs": inputs,
        "outputs": {},
        "provider": reference,
    }


def provider(name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    kind = "pulumi:providers:kubernetes"
    urn = f"urn:pulumi:prod::label-studio::{kind}::{name}"
    return {"urn": urn, "custom": True, "id": name, "type": kind, "inputs": inputs, "outputs": inputs}


EXPECTED = [
    *((one.name, one.policy, one.message) for one in MUTATIONS),
    *((name, policy, message) for name, _, _, policy, message in RAW),
    ("nested-signup", "signup-disabled", "is off"),
    ("nested-tls", "ingress-tls", "label-studio.app.ingress.tls"),
    ("whole-output", "release-checkable", "unknown as a whole"),
    ("value-file", "signup-disabled", "is off"),
    ("rewritten", "release-checkable", "rewrites the manifests"),
    ("in-kube-system", "namespace-explicit", "shared with everything else"),
    ("by-default-provider", "provider-explicit", "default provider"),
    ("unpinned", "provider-explicit", "cluster.context"),
]


@pytest.mark.parametrize(("name", "policy", "message"), EXPECTED)
def test_a_stored_state_is_checked_by_the_named_policy(analyzed: Outcome, name: str, policy: str, message: str) -> None:
    assert analyzed.status != 0
    found = analyzed.violations.get(name, {})
    assert policy in found, (found, analyzed.printed[-3000:])
    assert found[policy].startswith("mandatory: ")
    assert message in analyzed.printed
    assert MEND.search(found[policy])


def test_the_right_ones_among_them_pass(analyzed: Outcome) -> None:
    assert not {"right", *(name for name, _, _ in BESIDE)} & analyzed.violations.keys()
    assert "can't run policy" not in analyzed.printed


def test_no_message_tells_a_secret(analyzed: Outcome) -> None:
    assert SECRET not in analyzed.printed


def test_every_policy_stops_something(analyzed: Outcome) -> None:
    assert analyzed.policies == {*(rule.name for rule in RULES), *(rule.name for rule in STACK_RULES)} - {
        "unknowns-reported"
    }


@pytest.mark.parametrize(
    ("stack", "settings", "policies"),
    [
        ("dev", {"labelStudio": {"signup": "enabled"}}, {"signup-disabled"}),
        (
            "prod",
            {
                "cluster": {"podSecurity": "baseline"},
                "images": {"labelStudio": "quay.io/somebody/label-studio:develop"},
                "labelStudio": {
                    "service": {"type": "LoadBalancer"},
                    "ingress": {"annotations": {"kubernetes.io/ingress.allow-http": "true"}},
                },
            },
            {"image-registries", "images-pinned", "ingress-tls", "pods-restricted", "service-exposure"},
        ),
    ],
)
def test_settings_of_the_real_program(stacks: Stacks, stack: str, settings: dict[str, Any], policies: set[str]) -> None:
    outcome = stacks.preview(stack, settings={f"label-studio:{key}": value for key, value in settings.items()})
    assert outcome.status != 0
    assert outcome.policies - {"unknowns-reported"} == policies, outcome.printed
    assert SECRET not in outcome.printed


def test_an_exception_waives_one_policy_for_one_resource(stacks: Stacks, tmp_path: Path) -> None:
    own = provider("stack", {"context": "production"})
    open_page = {"metadata": METADATA, "spec": {"type": "NodePort", "ports": [{"port": 80}]}}
    page = state("kubernetes:core/v1:Service", "page", open_page, own)
    match = {"policies": ["service-exposure"], "targets": [page["urn"]]}
    content = json.loads((FOLDER / "config.prod.json").read_text())
    content["exceptions"] = {"meter": {"reason": "a meter in the cellar", "match": [match]}}
    config = tmp_path / "config.json"
    config.write_text(json.dumps(content))
    outcome = stacks.analyze("prod", [own, page], config)
    # Waived, and still reported: with the name of the exception and its reason.
    assert outcome.status == 0, outcome.printed
    assert "service-exposure" in outcome.printed
    assert "meter: a meter in the cellar" in outcome.printed


def test_a_policy_that_crashes_stops_the_preview_though_it_is_advisory(stacks: Stacks) -> None:
    outcome = stacks.preview("dev", pack=PROGRAMS / "crashing")
    assert outcome.status != 0
    assert (
        "policy crashing crashed on kubernetes:helm.sh/v3:Release label-studio-release: ValueError" in outcome.printed
    )
    assert "invalid literal" not in outcome.printed


def test_a_pack_that_does_not_start_stops_the_preview(stacks: Stacks) -> None:
    outcome = stacks.preview("dev", pack=PROGRAMS / "broken")
    assert outcome.status != 0
    assert "create" not in outcome.printed
