"""Runs the real program with changes made to the values of its release.

TRANSFORMATIONS lists them as JSON: path, value, and whether the key goes altogether.
"""

import json
import os
import runpy
import sys
from pathlib import Path

import pulumi

PROJECT = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(PROJECT))

from tests.policy.support import MISSING, RELEASE, changed  # noqa: E402


def transform(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    """The release with its values changed; everything else as it is."""
    if args.type_ != RELEASE:
        return None
    values = args.props["values"]
    for path, value, goes in json.loads(os.environ["TRANSFORMATIONS"]):
        values = changed(values, path, MISSING if goes else value)
    return pulumi.ResourceTransformationResult({**args.props, "values": values}, args.opts)


pulumi.runtime.register_stack_transformation(transform)
os.chdir(PROJECT)
runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__")
