"""What the engine starts to serve the package."""

import sys
from pathlib import Path

# The engine starts this folder, and the project is the one around it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pulumi.provider.experimental import component_provider_host

from pulumi_plugin.stack import LabelStudioStack

if __name__ == "__main__":
    component_provider_host(name="label-studio", components=[LabelStudioStack])
