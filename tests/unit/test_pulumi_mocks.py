"""The harness tells the truth about inputs, secrets and options; tests of all components rely on it."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s
import pytest

from tests.unit.pulumi_mocks import resolve, run_program

NAMESPACE = "kubernetes:core/v1:Namespace"


def test_options_are_recorded() -> None:
    def program() -> None:
        first = k8s.core.v1.Namespace("first")
        k8s.core.v1.Namespace(
            "second",
            opts=pulumi.ResourceOptions(
                protect=True,
                retain_on_delete=True,
                depends_on=[first],
                ignore_changes=["metadata"],
                custom_timeouts=pulumi.CustomTimeouts(create="5m"),
            ),
        )

    program_ = run_program(program)
    first, second = program_.one(NAMESPACE, "first"), program_.one(NAMESPACE, "second")
    assert (first.protect, first.retain_on_delete, second.protect, second.retain_on_delete) == (
        False,
        False,
        True,
        True,
    )
    assert first.urn in second.dependencies
    assert second.ignore_changes == {"metadata"}
    assert second.custom_timeouts == {"create": "5m"}


def test_the_provider_is_recorded() -> None:
    def program() -> None:
        provider = k8s.Provider("explicit", context="here")
        k8s.core.v1.Namespace("with", opts=pulumi.ResourceOptions(provider=provider))
        k8s.core.v1.Namespace("without")

    program_ = run_program(program)
    assert "::explicit" in program_.one(NAMESPACE, "with").provider
    assert program_.one(NAMESPACE, "without").provider == ""


def test_secrets_are_told_apart_by_path() -> None:
    def program() -> None:
        metadata: k8s.meta.v1.ObjectMetaArgsDict = {
            "name": "plain",
            "labels": {"hidden": pulumi.Output.secret("value"), "open": "value"},
        }
        k8s.core.v1.Namespace("one", metadata=metadata)

    resource = run_program(program).one(NAMESPACE)
    assert resource.inputs["metadata"]["labels"] == {"hidden": "value", "open": "value"}
    assert resource.is_secret("metadata.labels.hidden")
    assert not resource.is_secret("metadata.labels.open") and not resource.is_secret("metadata.name")


def test_what_a_program_returns_is_resolved() -> None:
    assert run_program(lambda: pulumi.Output.concat("a", "b")).result == "ab"
    assert resolve(run_program(lambda: {"x": pulumi.Output.from_input(1)}).result) == {"x": 1}


def test_an_error_of_the_program_is_not_swallowed() -> None:
    def program() -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        run_program(program)


def test_an_error_within_an_output_is_not_swallowed() -> None:
    def program() -> None:
        name = pulumi.Output.from_input("x").apply(lambda value: value[5])
        k8s.core.v1.Namespace("one", metadata={"name": name})

    with pytest.raises(IndexError):
        run_program(program)


def test_runs_do_not_see_each_other() -> None:
    run_program(lambda: k8s.core.v1.Namespace("before"))
    assert [r.name for r in run_program(lambda: k8s.core.v1.Namespace("after"))] == ["after"]
