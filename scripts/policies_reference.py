"""Makes docs/policies.md from the policy pack: `python -m scripts.policies_reference [--check]`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from policies.checks.rule import Rule
from policies.checks.stack import StackRule
from policies.pack import NAME, RULES, STACK_RULES, level, load_config
from scripts.reference import DOCS, table, write_or_check

PAGE = DOCS / "policies.md"
ENVIRONMENTS = ("dev", "prod")
EVERY: tuple[Rule | StackRule, ...] = (*RULES, *STACK_RULES)
INTRODUCTION = f"""# Policies

<!-- Made by `make reference` from the pack in policies/; do not edit. -->

The pack `{NAME}` looks at every resource before the engine touches it. A mandatory violation
stops a preview or an update; an advisory one is shown. Level and parameters of each policy are in
`policies/config.<environment>.json`:

```console
pulumi preview --policy-pack policies --policy-pack-config policies/config.dev.json
```

[How to work with them](policies-use.md) says what a closed world means, how something is admitted or waived, and what
the policies over the whole stack see when. [The kinds that they know](policies-kinds.md) is the table of that world.
"""


def render() -> str:
    """The whole page."""
    configs = {environment: load_config(environment) for environment in ENVIRONMENTS}
    rows = [
        (f"[{rule.name}](#{rule.name})", rule.title, *(level(rule, config).value for config in configs.values()))
        for rule in EVERY
    ]
    overview = table(("Policy", "Title", *ENVIRONMENTS), rows)
    return "\n".join([INTRODUCTION, f"{overview}\n", *(_section(rule, configs) for rule in EVERY)]).rstrip() + "\n"


def _section(rule: Rule | StackRule, configs: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    text = f"## {rule.name}\n\n{rule.description}\n\n**Remediation:** {rule.remediation}\n\n"
    text += f"**Severity:** {rule.severity.value}\n"
    if not rule.parameters:
        return text
    rows = [
        (
            f"`{name}`",
            _json(schema["default"]),
            *(_json(config.get(rule.name, {}).get(name, schema["default"])) for config in configs.values()),
            str(schema.get("description", "")),
        )
        for name, schema in rule.parameters.items()
    ]
    return f"{text}\n{table(('Parameter', 'Default', *ENVIRONMENTS, 'Meaning'), rows)}\n"


def _json(value: Any) -> str:
    return f"`{json.dumps(value)}`"


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, render))
