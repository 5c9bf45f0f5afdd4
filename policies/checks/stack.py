"""What several resources do together: the whole stack, and rules over it.

The engine asks resource by resource first, with inputs, and at the end once for all of them. The inputs are the same
in a preview and in an update, and free of what a server adds, so the rules look at those; only the outputs of the stack
itself come from the last question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from pulumi_policy import ReportViolation, StackValidationArgs, StackValidationPolicy

from .label_studio import SETTINGS_MAP
from .resources import Manifest, Resource, manifests
from .rule import Declaration, Parameters, PolicyCrashError, Rule, crash, seen
from .values import UNKNOWN, Unknown, at, mapping, plain

STACK_TYPE = "pulumi:pulumi:Stack"
Violation = tuple[str, str]
"""A message, and the URN of the resource that it is about; empty for the stack."""


@dataclass(frozen=True)
class Stack:
    """All resources of a stack, each rendered manifest among them, and the outputs of the stack."""

    own: Sequence[Resource]
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def resources(self) -> list[Resource]:
        """The resources, each with the whole stack as its neighbours."""
        return [replace(resource, neighbours=self) for resource in self.own]

    @cached_property
    def manifests(self) -> list[Manifest]:
        """Every object of the stack."""
        return [manifest for resource in self.resources for manifest in manifests(resource)]

    @cached_property
    def _data(self) -> dict[tuple[str, Any], Mapping[str, Any] | Unknown]:
        found: dict[tuple[str, Any], Mapping[str, Any] | Unknown] = {}
        for manifest in self.manifests:
            if manifest.group == "" and manifest.kind in ("ConfigMap", "Secret"):
                parts = [manifest.body.get(part) for part in ("data", "binaryData", "stringData")]
                entries = (
                    UNKNOWN
                    if UNKNOWN in parts
                    else {key: each for part in parts for key, each in mapping(part).items()}
                )
                found[manifest.kind, at(manifest.body, "metadata", "name")] = entries
        return found

    def find(self, kind: str, name: Any) -> Mapping[str, Any] | Unknown | None:
        """The entries of a ConfigMap or Secret by name; None where the stack makes none of that name."""
        return self._data.get((kind, name)) if isinstance(name, str) else None

    def may_have(self, name: Any) -> bool:
        """Whether a settings map may be there: what a release renders, alone, is not the whole stack."""
        is_whole = any(resource.type.startswith("pulumi:providers:kubernetes") for resource in self.own)
        return not is_whole and isinstance(name, str) and bool(SETTINGS_MAP.fullmatch(name))


StackCheck = Callable[[Stack, Parameters], Iterator[Violation]]


@dataclass(frozen=True, kw_only=True)
class StackRule(Declaration):
    """A rule over the whole stack."""

    check: StackCheck

    def violations(self, stack: Stack, given: Parameters | None = None) -> list[Violation]:
        """What is wrong with the stack. Raises PolicyCrashError where the check itself fails."""
        try:
            return list(dict.fromkeys(self.check(stack, self.configured(given))))
        except PolicyCrashError:
            raise
        except Exception as error:
            raise crash(self.name, STACK_TYPE, error) from None

    def policy(self) -> StackValidationPolicy:
        """The declaration that a policy pack takes."""

        def validate(args: StackValidationArgs, report_violation: ReportViolation) -> None:
            for message, urn in self.violations(asked(args), args.get_config()):
                report_violation(message, urn)

        return StackValidationPolicy(validate=validate, **self.declared())


def asked(args: StackValidationArgs) -> Stack:
    """The stack of the engine's question: the inputs that it asked about before, or else what it has now."""
    outputs: Mapping[str, Any] = {}
    resources: list[Resource] = []
    for each in args.resources:
        if each.resource_type == STACK_TYPE:
            outputs = plain(each.props)
        else:
            resources += seen(each.urn) or [Resource(each.resource_type, each.name, plain(each.props), each.urn)]
    return Stack(resources, outputs)


def repeated(rule: Rule, resources: Sequence[Resource], parameters: Parameters) -> Iterator[Violation]:
    """What a rule over one resource finds when it sees the rest of the stack, and did not find without."""
    for resource in resources:
        alone = set(rule.violations(replace(resource, neighbours=None), parameters))
        for message in rule.violations(resource, parameters):
            if message not in alone:
                yield message, resource.urn
