"""Build a tool once, keep it in the cache, and hand out its path.

A tool is a package of one of the Go modules beside this file. Its cache key is everything that decides the binary: the
module's go.mod and go.sum (and own sources), the package and the linker flags. Nothing is resolved at build time
(``-mod=readonly``), and go.sum, not a checksum database, vouches for what is downloaded.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.paths import TOOLS
from local.progress import step

MODULES = Path(__file__).resolve().parent


class BuildError(RuntimeError):
    """The Go tool chain failed; the message ends with the last lines it printed."""


@dataclass(frozen=True)
class Tool:
    """One command of one module; ``variables`` are set by the linker, package path and name to value."""

    module: str
    package: str
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def directory(self) -> Path:
        return MODULES / self.module

    @property
    def linker_flags(self) -> str:
        return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in self.variables)])

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that change exactly when the binary may."""
        digest = hashlib.sha256(f"{self.package}\n{self.linker_flags}\n".encode())
        for path in sorted(self.directory.iterdir()):
            if path.suffix in {".mod", ".sum", ".go"}:
                digest.update(path.read_bytes())
        return digest.hexdigest()[:12]


def _kubernetes(command: str) -> Tool:
    version = "k8s.io/component-base/version"
    variables = ((f"{version}.gitVersion", "v1.34.4"), (f"{version}.gitMajor", "1"), (f"{version}.gitMinor", "34"))
    return Tool("kubernetes", f"k8s.io/kubernetes/cmd/{command}", variables)


_BARMAN = "github.com/cloudnative-pg/plugin-barman-cloud"
_CNPG = "github.com/cloudnative-pg/cloudnative-pg"
_ROUTER = "github.com/cloudnativelabs/kube-router/v2"
_TRAEFIK = "github.com/traefik/traefik/v3"

# In the order in which they are wanted: the cluster first, then what deploys to it, then what its images hold.
BUILDS: dict[str, Tool] = {
    "kube-apiserver": _kubernetes("kube-apiserver"),
    "kube-controller-manager": _kubernetes("kube-controller-manager"),
    "kube-scheduler": _kubernetes("kube-scheduler"),
    "kubelet": _kubernetes("kubelet"),
    "kube-proxy": _kubernetes("kube-proxy"),
    "kube-router": Tool("kubernetes", f"{_ROUTER}/cmd/kube-router", ((f"{_ROUTER}/pkg/version.Version", "v2.5.0"),)),
    "pause": Tool("pause", "."),
    "coredns": Tool("kubernetes", "github.com/coredns/coredns"),
    "local-path-provisioner": Tool("local-path-provisioner", "github.com/rancher/local-path-provisioner"),
    "pulumi": Tool(
        "pulumi",
        "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        (("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version", "v3.259.0"),),
    ),
    "helm": Tool(
        "kubernetes",
        "helm.sh/helm/v3/cmd/helm",
        (
            ("helm.sh/helm/v3/internal/version.version", "v3.19.4"),
            # Charts see these as .Capabilities.KubeVersion when no cluster answers.
            ("helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor", "1"),
            ("helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor", "34"),
        ),
    ),
    "mc": Tool("mc", "github.com/minio/mc"),
    "minio": Tool("minio", "github.com/minio/minio"),
    "kubectl": _kubernetes("kubectl"),
    "kubeconform": Tool("kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform"),
    "cnpg-manager": Tool("kubernetes", f"{_CNPG}/cmd/manager"),
    "crane": Tool("crane", "github.com/google/go-containerregistry/cmd/crane"),
    "plugin-barman-cloud": Tool("plugin-barman-cloud", f"{_BARMAN}/cmd/manager"),
    "actionlint": Tool("actionlint", "github.com/rhysd/actionlint/cmd/actionlint"),
    "traefik": Tool("traefik", f"{_TRAEFIK}/cmd/traefik", ((f"{_TRAEFIK}/pkg/version.Version", "v3.6.12"),)),
}


def tool(name: str) -> Path:
    """The path of a tool, built now if it is not in the cache (seconds to ten minutes, see BUILDS for what is large).

    Builds wait for one another, across threads and processes: two at once would only take turns at the memory.
    """
    path = location(name)
    if path.exists():
        return path
    with _turn():
        if not path.exists():
            with step(f"Building {name}"):
                _build(BUILDS[name], path)
    return path


def location(name: str) -> Path:
    """Where a tool is, or will be."""
    command = "manager" if name == "cnpg-manager" else name
    return TOOLS / f"{name}-{BUILDS[name].key}" / command


def module_directory(group: str, module: str) -> Path:
    """Where the sources of a module are, downloaded now if they are not: it may carry manifests beside its code."""
    command = ["go", "mod", "download", "-json", module]
    finished = subprocess.run(command, cwd=MODULES / group, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise BuildError(f"go mod download {module} failed:\n{finished.stdout}{finished.stderr}")
    return Path(json.loads(finished.stdout)["Dir"])


def required_go() -> tuple[int, int]:
    """The language version that the modules ask for."""
    versions = [re.search(r"^go (\d+)\.(\d+)", path.read_text(), re.M) for path in MODULES.glob("*/go.mod")]
    return max((int(found[1]), int(found[2])) for found in versions if found)


@contextmanager
def _turn() -> Iterator[None]:
    TOOLS.mkdir(parents=True, exist_ok=True)
    with (TOOLS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(build: Tool, path: Path) -> None:
    """Compile next to the final place and move there, so that an interrupted build leaves nothing that looks whole."""
    partial = path.parent.with_name(f"{path.parent.name}.partial") / path.name
    # Go refuses to write over what is not a program of its own.
    shutil.rmtree(partial.parent, ignore_errors=True)
    command = ["go", "build", "-mod=readonly", "-trimpath", "-ldflags", build.linker_flags, "-o", str(partial)]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOWORK": "off"}
    finished = subprocess.run(
        [*command, build.package],
        cwd=build.directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise BuildError(f"go build {build.package} failed:\n{finished.stdout[-3000:]}")
    shutil.rmtree(path.parent, ignore_errors=True)
    partial.parent.rename(path.parent)
