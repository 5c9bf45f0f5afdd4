"""The same checks over what the real helm renders from a stack's release."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from local.tools.build import tool
from policies import manifests, stacks
from policies.checks.dry_run import PROJECT, resources_of
from policies.checks.helm import RenderError
from policies.checks.resources import Resource
from policies.findings import findings
from policies.manifests import main, render
from policies.pack import load_config
from policies.stacks import policy_environment, stack_config
from tests.policy.mutations import MUTATIONS, Mutation
from tests.policy.support import MISSING, RELEASE, SECRET, changed

PROD = load_config("prod")


@pytest.fixture(scope="module")
def helm() -> str:
    return str(tool("helm"))


@pytest.fixture(scope="module")
def release() -> Resource:
    """The release of the production stack, as the program registers it."""
    return next(found for found in resources_of("prod", stack_config("prod")) if found.type == RELEASE)


def with_values(release: Resource, values: Any, **props: Any) -> Resource:
    return Resource(release.type, release.name, {**release.props, "values": values, **props}, provider=release.provider)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stack_is_right_in_all_that_it_would_apply(stack: str, helm: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([stack, "--helm", helm]) == 0
    printed = capsys.readouterr().out
    assert printed.endswith("policies: 0 violations\n")
    assert " 0 rendered manifests" not in printed


def test_the_page_is_rendered_and_recognised(helm: str, release: Resource) -> None:
    """A rule that does not recognise the page would accept anything."""
    bare = changed(release.props["values"], "global.extraEnvironmentVars", {})
    found = list(findings(render(with_values(release, bare), helm), PROD))
    expected = {"signup-disabled", "cookies-secure", "telemetry-off"}
    assert expected <= {finding.rule.name for finding in found if "Deployment" in finding.message}


@pytest.fixture(scope="module")
def lenient_chart(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The embedded chart without the schema of its values, which refuses some mutations before any policy sees them."""
    chart = tmp_path_factory.mktemp("chart") / "label-studio"
    without_schema = shutil.ignore_patterns("values.schema.json")
    return str(shutil.copytree(PROJECT / "charts" / "label-studio", chart, ignore=without_schema))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_what_a_mutation_renders_is_blocked(
    mutation: Mutation, helm: str, release: Resource, lenient_chart: str
) -> None:
    mutated = with_values(release, mutation.values(release.props["values"]), chart=lenient_chart)
    found = list(findings(render(mutated, helm), PROD))
    assert (mutation.policy in {finding.rule.name for finding in found}) is not mutation.fixed, found
    assert all(SECRET not in finding.message for finding in found)


def test_a_default_of_the_chart_does_not_slip_past(helm: str, release: Resource) -> None:
    """The values say nothing about the Service; what the chart makes of that is what counts."""
    silent = changed(release.props["values"], "app.service", MISSING)
    found = [finding.message for finding in findings(render(with_values(release, silent), helm), PROD)]
    assert any("Service" in message and "without TLS" in message for message in found), found


def test_a_chart_in_any_flavour_is_rendered_with_its_own_nesting(helm: str, release: Resource, tmp_path: Path) -> None:
    """A chart like Alauda's: the embedded one as its part `label-studio`, with defaults of its own."""
    chart = tmp_path / "chart-label-studio"
    (chart / "charts").mkdir(parents=True)
    (chart / "charts" / "label-studio").symlink_to(PROJECT / "charts" / "label-studio")
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: chart-label-studio\nversion: 1.0.0\n")
    (chart / "values.yaml").write_text(
        "label-studio: {app: {extraEnvironmentVars: {use_enforce_csrf_checks: 'off'}}}\n"
    )
    values = release.props["values"]
    nested = {"global": values["global"], "label-studio": {key: values[key] for key in values if key != "global"}}
    found = list(findings(render(with_values(release, nested, chart=str(chart)), helm), PROD))
    assert {finding.rule.name for finding in found} == {"csrf-enforced"}


def test_what_helm_refuses_is_an_error(helm: str, release: Resource, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = with_values(release, {}, chart="charts/nowhere")
    assert render(nowhere, helm) == []
    assert any("cannot be fetched" in finding.message for finding in findings([nowhere], PROD))
    address = changed(release.props["values"], "global.redisConfig.host", f"http://:{SECRET}@redis")
    with pytest.raises(RenderError, match="/global/redisConfig/host") as refused:
        render(with_values(release, address), helm)
    assert SECRET not in str(refused.value)
    assert main(["dev", "--helm", "no-such-helm"]) == 1
    assert "error: no-such-helm is not installed" in capsys.readouterr().err


def test_wrong_settings_are_an_error_of_one_field_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = changed(stack_config("dev"), "label-studio:labelStudio.signup", "maybe")
    monkeypatch.setattr(manifests, "stack_config", lambda stack: config)
    assert main(["dev"]) == 1
    assert "- labelStudio.signup: must be 'disabled' or 'enabled'" in capsys.readouterr().err


def test_a_stack_without_a_file_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nowhere"]) == 1
    assert "Pulumi.nowhere.yaml" in capsys.readouterr().err


def test_a_mandatory_violation_ends_with_1(
    helm: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = changed(stack_config("dev"), "label-studio:labelStudio.signup", "enabled")
    monkeypatch.setattr(manifests, "stack_config", lambda stack: config)
    assert main(["dev", "--helm", helm]) == 1
    printed = capsys.readouterr().out
    assert "[mandatory] signup-disabled: Release label-studio-release" in printed
    assert "[mandatory] signup-disabled: Deployment label-studio-ls-app, container app" in printed


def test_encrypted_settings_are_placeholders() -> None:
    config = {**stack_config("dev"), "label-studio:secrets": {"own": {"key": {"secure": "v1:abc:def"}}}}
    registered = resources_of("dev", config)
    own = next(found for found in registered if found.type == "kubernetes:core/v1:Secret" and "own" in found.name)
    assert "v1:abc" not in str(own.props)


def test_other_stacks_take_the_configuration_of_their_environment() -> None:
    config = {"label-studio:cluster": {"environment": "dev"}}
    assert policy_environment("feature", config) == "dev"
    assert policy_environment("feature", {}) == "prod"
    assert policy_environment("prod", config) == "prod"


def test_the_file_of_a_stack_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert stacks.main(["dev"]) == 0
    assert capsys.readouterr().out == "policies/config.dev.json\n"
    assert stacks.main(["nowhere"]) == 1
    assert "error: there is no" in capsys.readouterr().err
