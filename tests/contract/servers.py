"""Programs of the embedded platform's images, run in their layers without a container."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from pathlib import Path

from local.images import recipes
from local.images.sandbox import Sandbox

# Where a script finds its files and leaves what it writes.
PLACE = "contract"


def run_inside(recipe: recipes.Recipe, folder: Path, files: Mapping[str, str | bytes], script: str) -> Path:
    """Run a shell ``script`` as root in the layers of ``recipe``, with ``files`` in its working directory.

    Returns that directory as it is afterwards. ``folder`` is empty and takes what the script writes anywhere.
    """
    with recipes.exclusively():
        layer = recipe.layers()[-1]
    lower = [each.tree for each in reversed(recipe.chain[:-1])]
    if recipe.is_base:
        lower.insert(0, recipe.tree)
    else:
        lower.insert(0, folder / "layer")
        with tarfile.open(layer.path) as archive:
            archive.extractall(folder / "layer", filter="tar")
    place = folder / "upper" / PLACE
    place.mkdir(parents=True)
    for name, text in files.items():
        (place / name).write_bytes(text.encode() if isinstance(text, str) else text)
    (place / "script.sh").write_text(f"set -eu\ncd /{PLACE}\n{script}")
    sandbox = Sandbox(lower, folder / "upper", recipe.suite, folder / "indexes")
    sandbox.run(["sh", f"/{PLACE}/script.sh"])
    return place
