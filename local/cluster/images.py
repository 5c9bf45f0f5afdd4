"""Images of the node's containerd: those of the cluster itself, and the import of any others."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, cast

from local.cluster.errors import ClusterError
from local.cluster.node import SOCKET
from local.images.oci import Config, Entry, Image, Layer, file_layer, write_archive
from local.paths import CACHE
from local.progress import step
from local.tools.build import BUILDS, tool

SYSTEM = CACHE / "system-images"
CTR = ("ctr", "--address", str(SOCKET), "--namespace", "k8s.io")
# Bump when the Debian package should be looked at again.
_HELPER_REVISION = "1"


def load(images: Sequence[Image], client: Sequence[str] = CTR) -> list[Image]:
    """Give the runtime those images that it does not have yet, or has with another content; returns these.

    One archive carries them all, through a pipe, so that a layer of several images is read once and nothing is written
    twice. ``client`` is ctr with its options, for another runtime than the cluster's.
    """
    lines = [line.split() for line in _output(client, "images", "list").splitlines()[1:]]
    present = {fields[0]: fields[2] for fields in lines}
    missing = [image for image in images if any(present.get(name) != image.digest for name in image.names)]
    if missing:
        titles = ", ".join(image.references[0].rpartition("/")[2] for image in missing)
        with step(f"Importing {titles}"):
            _import(missing, client)
    return missing


def system_references() -> Mapping[str, str]:
    """The images of the cluster itself, by the names that the manifests use; a tag changes with what is inside."""
    return {
        "pause": f"label-studio.local/pause:{BUILDS['pause'].key}",
        "coredns": f"label-studio.local/coredns:{BUILDS['coredns'].key}",
        "local_path_provisioner": f"label-studio.local/local-path-provisioner:{BUILDS['local-path-provisioner'].key}",
        "volume_helper": f"label-studio.local/volume-helper:{_HELPER_REVISION}",
    }


def load_system_images() -> None:
    """Give containerd the images of the cluster itself, unless it has them."""
    present = {line.split()[0] for line in _output(CTR, "images", "list").splitlines()}
    for name, reference in system_references().items():
        if reference not in present:
            load([_shell(reference) if name == "volume_helper" else _program(name.replace("_", "-"), reference)])


def _program(name: str, reference: str) -> Image:
    layer = file_layer({name: Entry(tool(name), 0o755)}, SYSTEM / f"{name}.tar")
    return Image([layer], Config(entrypoint=[f"/{name}"]), [reference])


def _shell(reference: str) -> Image:
    """What the provisioner makes and empties directories with: Debian's static busybox, unpacked and not installed."""
    path = SYSTEM / f"volume-helper-{_HELPER_REVISION}.tar"
    layer = Layer.of(path) if path.exists() else _shell_layer(path)
    return Image([layer], Config(command=["/bin/sh"]), [reference])


def _shell_layer(path: Path) -> Layer:
    with tempfile.TemporaryDirectory() as folder:
        for command in (["apt-get", "download", "-qq", "busybox-static"], ["sh", "-c", "dpkg-deb -x *.deb ."]):
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        shell = next(each for each in Path(folder).rglob("busybox") if each.parent.name == "bin")
        links = {f"bin/{applet}": Entry(link="busybox") for applet in ("sh", "mkdir", "rm")}
        return file_layer({"bin/busybox": Entry(shell, 0o755), **links}, path)


def running_tasks() -> list[str]:
    """The ids of containers and sandboxes whose first process lives."""
    lines = [line.split() for line in _output(CTR, "tasks", "list").splitlines()[1:]]
    return [fields[0] for fields in lines if fields[2] != "STOPPED"]


def signal_tasks(name: str) -> None:
    """Send a signal to the first process of every container; one that ends in the meantime is no error."""
    for task in running_tasks():
        with contextlib.suppress(ClusterError):
            _output(CTR, "tasks", "kill", "--signal", name, task)


def _import(images: Sequence[Image], client: Sequence[str]) -> None:
    command = [*client, "images", "import", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        archive, output = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
        # It stops reading when it fails, and then its own words are the ones to tell.
        with contextlib.suppress(BrokenPipeError):
            write_archive(archive, images)
            archive.close()
        printed = output.read().decode(errors="replace")
    if process.returncode:
        raise ClusterError(f"the container runtime did not import the images:\n{printed[-2000:]}")


def _output(client: Sequence[str], *arguments: str) -> str:
    """What the client prints; raises ClusterError with what it complained of."""
    finished = subprocess.run([*client, *arguments], capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise ClusterError(f"ctr {' '.join(arguments[:2])}: {finished.stderr.strip()}")
    return finished.stdout
