"""Lets a plugin import Pulumi's protocol bindings without the rest of the `pulumi` package.

Importing `pulumi` itself takes about a second, three times that for three plugins, at every run of the CLI. The
bindings are all that a plugin needs. Only the executables made by `install.py` call this, never a test or a program.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType


def register() -> None:
    """Put `pulumi` and `pulumi.runtime` in `sys.modules` as bare packages whose `__init__` never runs."""
    spec = importlib.util.find_spec("pulumi")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the stand-in plugins need the `pulumi` package in the same environment")
    root = spec.submodule_search_locations[0]
    for name, folder in (("pulumi", root), ("pulumi.runtime", f"{root}/runtime")):
        module = ModuleType(name)
        module.__path__ = [folder]
        sys.modules[name] = module
