"""Images of the node's containerd: those of the cluster itself, and the import of any others."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.cluster.node import SOCKET
from local.images.oci import Config, Entry, Image, file_layer, write_archive
from local.paths import CACHE
from local.tools.build import BUILDS, tool

SYSTEM = CACHE / "system-images"
_CTR = ("/usr/bin/ctr", "--address", str(SOCKET), "--namespace", "k8s.io")
# Bump when the Debian package should be looked at again.
_HELPER_REVISION = "1"


def ctr(*arguments: str) -> str:
    """What containerd's client prints; raises RuntimeError with what it complained of."""
    finished = subprocess.run([*_CTR, *arguments], capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise RuntimeError(f"ctr {' '.join(arguments[:2])}: {finished.stderr.strip()}")
    return finished.stdout


def present() -> dict[str, str]:
    """The images that containerd has: name to manifest digest."""
    lines = [line.split() for line in ctr("images", "list").splitlines()[1:]]
    return {fields[0]: fields[2] for fields in lines}


def import_images(images: Sequence[Image]) -> list[str]:
    """Give containerd those images that it does not have yet, or has with another content; returns their names."""
    known = present()
    missing = [image for image in images if any(known.get(name) != image.digest for name in image.names)]
    if missing:
        command = [*_CTR, "images", "import", "-"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        with contextlib.suppress(BrokenPipeError):  # it says why on its way out
            write_archive(process.stdin, missing)
        _, complaint = process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"ctr images import: {complaint.decode().strip()}")
    return [name for image in missing for name in image.references]


def system_references() -> Mapping[str, str]:
    """The images of the cluster itself, by the names that the manifests use; a tag changes with what is inside."""
    return {
        "pause": f"label-studio.local/pause:{BUILDS['pause'].key}",
        "coredns": f"label-studio.local/coredns:{BUILDS['coredns'].key}",
        "local_path_provisioner": f"label-studio.local/local-path-provisioner:{BUILDS['local-path-provisioner'].key}",
        "volume_helper": f"label-studio.local/volume-helper:{_HELPER_REVISION}",
    }


def import_system_images() -> None:
    """Give containerd the images of the cluster itself, unless it has them."""
    references, known = system_references(), present()
    for name, reference in references.items():
        if reference not in known:
            program = name.replace("_", "-")
            import_images([_shell(reference) if name == "volume_helper" else _program(program, reference)])


def _program(name: str, reference: str) -> Image:
    layer = file_layer({name: Entry(tool(name), 0o755)}, SYSTEM / f"{name}.tar")
    return Image([layer], Config(entrypoint=[f"/{name}"]), [reference])


def _shell(reference: str) -> Image:
    """What the provisioner makes and empties directories with: Debian's static busybox, unpacked and not installed."""
    with tempfile.TemporaryDirectory() as folder:
        for command in (["apt-get", "download", "-qq", "busybox-static"], ["sh", "-c", "dpkg-deb -x *.deb ."]):
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        shell = next(path for path in Path(folder).rglob("busybox") if path.parent.name == "bin")
        links = {f"bin/{applet}": Entry(link="busybox") for applet in ("sh", "mkdir", "rm")}
        layer = file_layer({"bin/busybox": Entry(shell, 0o755), **links}, SYSTEM / "volume-helper.tar")
    return Image([layer], Config(command=["/bin/sh"]), [reference])


def running_tasks() -> list[str]:
    """The ids of containers and sandboxes whose first process lives."""
    lines = [line.split() for line in ctr("tasks", "list").splitlines()[1:]]
    return [fields[0] for fields in lines if fields[2] != "STOPPED"]


def signal_tasks(name: str) -> None:
    """Send a signal to the first process of every container; one that ends in the meantime is no error."""
    for task in running_tasks():
        with contextlib.suppress(RuntimeError):
            ctr("tasks", "kill", "--signal", name, task)
