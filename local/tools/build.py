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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local import memory
from local.paths import TOOLS
from local.progress import step

MODULES = Path(__file__).resolve().parent


class BuildError(RuntimeError):
    """The Go tool chain failed; the message ends with the last lines it printed."""


@dataclass(frozen=True)
class Overlay:
    """A file of a Go module for which Go takes another one, of the folder ``overlays``."""

    module: str
    file: str
    instead: str

    @property
    def path(self) -> Path:
        """The file that Go takes."""
        return MODULES / "overlays" / self.instead


@dataclass(frozen=True)
class Tool:
    """One command of one module, by its import path or its folder in the module.

    One that is ``alone`` cannot be compiled in one go with others of its module. One that is ``rare`` is built when it
    is asked for by its name, and not with all others.
    """

    module: str
    package: str
    alone: bool = False
    rare: bool = False
    overlays: tuple[Overlay, ...] = ()

    @property
    def directory(self) -> Path:
        """Where the module's go.mod is."""
        return MODULES / self.module

    @property
    def binary(self) -> str:
        """What Go calls the program that it makes of the package."""
        return self.package.rpartition("/")[2] if self.package != "." else self.module

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that change exactly when the binary may."""
        digest = hashlib.sha256("\0".join([self.package, *flags(self.module)]).encode())
        for path in sorted(self.directory.rglob("*")):
            if path.suffix in {".mod", ".sum", ".go"}:
                digest.update(path.read_bytes())
        for overlay in self.overlays:
            digest.update(overlay.path.read_bytes())
        return digest.hexdigest()[:12]


_BARMAN = "github.com/cloudnative-pg/plugin-barman-cloud"
_CNPG = "github.com/cloudnative-pg/cloudnative-pg"
_HELM = "helm.sh/helm/v3"
_KUBERNETES = "k8s.io/component-base/version"
_PULUMI = "github.com/pulumi/pulumi"
_ROUTER = "github.com/cloudnativelabs/kube-router/v2"


def required(module: str, path: str) -> str:
    """The version, with its ``v``, at which one of the modules beside this file requires a Go module."""
    text = (MODULES / module / "go.mod").read_text()
    [version] = re.findall(rf"^(?:require )?\s*{re.escape(path)} (v\S+)", text, re.M)
    return str(version)


_KUBERNETES_VERSION = required("kubernetes", "k8s.io/kubernetes")
_MAJOR, _MINOR, _ = _KUBERNETES_VERSION.removeprefix("v").split(".")
# What the linker sets in the programs of a module: package path and name to value. Go ignores what a program lacks.
VARIABLES: Mapping[str, Mapping[str, str]] = {
    "kubernetes": {
        f"{_KUBERNETES}.gitVersion": _KUBERNETES_VERSION,
        f"{_KUBERNETES}.gitMajor": _MAJOR,
        f"{_KUBERNETES}.gitMinor": _MINOR,
        f"{_ROUTER}/pkg/version.Version": required("kubernetes", _ROUTER),
        f"{_HELM}/internal/version.version": required("kubernetes", _HELM),
        # Charts see these as .Capabilities.KubeVersion when no cluster answers.
        f"{_HELM}/pkg/chartutil.k8sVersionMajor": _MAJOR,
        f"{_HELM}/pkg/chartutil.k8sVersionMinor": _MINOR,
        # go.mod names the commit, as the provider's module has no tags of its own.
        "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version": "4.25.0",
    },
    "pulumi": {f"{_PULUMI}/sdk/v3/go/common/version.Version": required("pulumi", f"{_PULUMI}/pkg/v3")},
}

_KINDS = Overlay("github.com/pulumi/pulumi-kubernetes/sdk/v4", "go/kubernetes/yaml/v2/kinds.go", "kinds.go")
# The release asks for version 0.6.0 of two libraries of its own that cannot be had; its go.mod here has those before.
# These two files do with them what the release's own do with the newer ones, but for the sampling of logs.
_DIFFERENCES = (
    Overlay(_CNPG, "cmd/manager/main.go", "cnpg_main.go"),
    Overlay(_CNPG, "pkg/management/postgres/logpipe/fifo.go", "cnpg_fifo.go"),
)
# Programs of one module share what they are made of, and so do modules whose versions agree: what uses the libraries of
# this Kubernetes is in one module, whatever its own go.mod asks for. CloudNativePG needs newer ones.
BUILDS: Mapping[str, Tool] = {
    "kube-apiserver": Tool("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": Tool("kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kube-scheduler": Tool("kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler"),
    "kubelet": Tool("kubernetes", "k8s.io/kubernetes/cmd/kubelet"),
    "kube-proxy": Tool("kubernetes", "k8s.io/kubernetes/cmd/kube-proxy"),
    "kube-router": Tool("kubernetes", f"{_ROUTER}/cmd/kube-router"),
    "coredns": Tool("kubernetes", "./coredns"),
    # It spells an import in another way than the rest (github.com/Sirupsen/logrus), which Go takes for a mistake.
    "local-path-provisioner": Tool("kubernetes", "github.com/rancher/local-path-provisioner", alone=True),
    "pause": Tool("pause", "."),
    "minio": Tool("minio", "github.com/minio/minio"),
    "mc": Tool("minio", "github.com/minio/mc"),
    "pulumi": Tool("pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"),
    "pulumi-resource-kubernetes": Tool("kubernetes", "./pulumi-resource-kubernetes", overlays=(_KINDS,)),
    "helm": Tool("kubernetes", f"{_HELM}/cmd/helm"),
    "kubectl": Tool("kubernetes", "k8s.io/kubernetes/cmd/kubectl"),
    "cnpg-manager": Tool("cloudnative-pg", f"{_CNPG}/cmd/manager", overlays=_DIFFERENCES),
    # It is called as the operator is, so they cannot be written into one folder.
    "plugin-barman-cloud": Tool("cloudnative-pg", f"{_BARMAN}/cmd/manager", alone=True),
    # What a drill upgrades from.
    "former-cnpg-manager": Tool("former-cloudnative-pg", f"{_CNPG}/cmd/manager", rare=True),
    "former-plugin-barman-cloud": Tool("former-cloudnative-pg", f"{_BARMAN}/cmd/manager", alone=True, rare=True),
    "kubeconform": Tool("kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform"),
    "crane": Tool("crane", "github.com/google/go-containerregistry/cmd/crane"),
    "parsers": Tool("parsers", "."),
    "actionlint": Tool("actionlint", "github.com/rhysd/actionlint/cmd/actionlint"),
}
USUAL = tuple(name for name, tool in BUILDS.items() if not tool.rare)


_ENVIRONMENT = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOWORK": "off"}
# Compilers that collect garbage less often take a sixth less time and half as much memory again (the API's packages).
_AMPLE = {"GOGC": "400"}

_running: set[subprocess.Popen[str]] = set()


def flags(module: str) -> list[str]:
    """Go's flags for a module; without debugging information, which the linker would throw away, it compiles faster."""
    variables = [f"-X {name}={value}" for name, value in VARIABLES.get(module, {}).items()]
    return ["-trimpath", "-gcflags=all=-dwarf=false", f"-ldflags={' '.join(['-s', '-w', *variables])}"]


def tool(name: str) -> Path:
    """The path of a tool, built now if it is not in the cache (seconds to minutes)."""
    build([name])
    return location(name)


def build(names: Iterable[str]) -> None:
    """Build those tools that are not in the cache; those of one module in one go, since they share nearly everything.

    Builds of one module wait for one another, across threads and processes.
    """
    for group in together(name for name in names if not location(name).exists()):
        module = BUILDS[group[0]].module
        with _turn(module):
            missing = [name for name in group if not location(name).exists()]
            if missing:
                with step(f"Building {', '.join(missing)}"):
                    _build(module, missing)


def together(names: Iterable[str]) -> list[list[str]]:
    """The tools, in one list for each command that compiles them; those alone come last, as they wait for others."""
    groups: dict[str, list[str]] = {}
    for name in sorted(dict.fromkeys(names), key=lambda name: BUILDS[name].alone):
        groups.setdefault(name if BUILDS[name].alone else BUILDS[name].module, []).append(name)
    return [*groups.values()]


def stop() -> None:
    """End the compilers that this process runs; their builds fail, and leave nothing that looks whole."""
    for running in [*_running]:
        running.terminate()


def location(name: str) -> Path:
    """Where a tool is, or will be."""
    return TOOLS / f"{name}-{BUILDS[name].key}" / BUILDS[name].binary


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
def _turn(module: str) -> Iterator[None]:
    TOOLS.mkdir(parents=True, exist_ok=True)
    with (TOOLS / f".lock-{module}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(module: str, names: Sequence[str]) -> None:
    """Compile beside the final places and move there, so that an interrupted build leaves nothing that looks whole."""
    partial = TOOLS / f"{module}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    packages = [BUILDS[name].package for name in names]
    overlay = _overlay_flags(module, {each for name in names for each in BUILDS[name].overlays})
    with subprocess.Popen(
        ["go", "build", "-mod=readonly", *flags(module), *overlay, "-o", f"{partial}/", *packages],
        cwd=MODULES / module,
        env={**os.environ, **_ENVIRONMENT, **(_AMPLE if memory.is_ample() else {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as compiler:
        _running.add(compiler)
        printed, _ = compiler.communicate()
        _running.discard(compiler)
    if compiler.returncode != 0:
        raise BuildError(f"go build {' '.join(packages)} failed:\n{printed[-3000:]}")
    for name in names:
        path = location(name)
        shutil.rmtree(path.parent, ignore_errors=True)
        path.parent.mkdir()
        (partial / path.name).rename(path)
    partial.rmdir()


def _overlay_flags(group: str, overlays: Iterable[Overlay]) -> list[str]:
    """Go's flag for a go.mod in which modules are replaced by copies with other files.

    Go's own ``-overlay`` takes no files below the module cache.
    """
    files: dict[str, list[Overlay]] = {}
    for each in overlays:
        files.setdefault(each.module, []).append(each)
    replaced = [f"replace {module} => {_with_overlays(group, module, files[module])}\n" for module in sorted(files)]
    if not replaced:
        return []
    modfile = TOOLS / f"{group}.mod"
    modfile.write_text("\n".join([(MODULES / group / "go.mod").read_text(), *replaced]))
    shutil.copyfile(MODULES / group / "go.sum", modfile.with_suffix(".sum"))
    return [f"-modfile={modfile}"]


def _with_overlays(group: str, module: str, overlays: Iterable[Overlay]) -> Path:
    copy = TOOLS / f"{group}.{re.sub('[^a-z0-9]+', '-', module)}"
    shutil.rmtree(copy, ignore_errors=True)
    # The files of the module cache cannot be written to, and neither could their copies.
    shutil.copytree(module_directory(group, module), copy, copy_function=shutil.copyfile)
    for folder in (copy, *(path for path in copy.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    for overlay in overlays:
        shutil.copyfile(overlay.path, copy / overlay.file)
    return copy
