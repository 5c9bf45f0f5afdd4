"""The policy pack: `pulumi preview --policy-pack policies --policy-pack-config policies/config.prod.json`."""

import sys
from pathlib import Path
from threading import Thread

# The pack is started in its own folder, whose modules must not hide those of the standard library (`secrets`).
FOLDER = Path(__file__).resolve().parent
sys.path[:] = [str(FOLDER.parent), *(entry for entry in sys.path if Path(entry).resolve() != FOLDER)]

from pulumi_policy import EnforcementLevel, PolicyPack  # noqa: E402

from policies.checks.marks import keep_marks  # noqa: E402
from policies.checks.secret_forms import detectors  # noqa: E402
from policies.pack import NAME, RULES, STACK_RULES  # noqa: E402

keep_marks()
# The engine waits for the pack's address, and then for the program: what is slow to import can come meanwhile.
Thread(target=detectors, daemon=True).start()
PolicyPack(
    name=NAME,
    policies=[*(rule.policy() for rule in RULES), *(rule.policy() for rule in STACK_RULES)],
    enforcement_level=EnforcementLevel.MANDATORY,
)
