"""How the package ``job`` gets into pods: through a ConfigMap, since Label Studio's image does not have it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from ..kubernetes import network_policy, pods
from ..kubernetes.context import StackContext
from ..kubernetes.pods import PART_OF, ResourceRequirements
from ..label_studio.values import APP_NAME, HTTP_PORT
from ..limits import REQUEST_SECONDS
from . import job
from .args import Page

FILES = {path.name: path.read_text(encoding="utf-8") for path in sorted(Path(job.__file__).parent.glob("*.py"))}
# What ``make export`` converts with, beside the folder of the components in a checkout, and in their package elsewhere.
_CLI = next(folder / "cli" for folder in Path(__file__).parents[1:3] if (folder / "cli" / "export.py").exists())
_CONVERTING = ("__init__", "annotations", "coco", "errors", "export", "files", "listed", "training")
CONVERTER = {f"cli-{name}.py": (_CLI / f"{name}.py").read_text(encoding="utf-8") for name in _CONVERTING}
DIGEST = hashlib.sha256("".join(FILES.values()).encode()).hexdigest()
DIRECTORY = "/opt/annotation-project"
DECLARATION = "declaration.json"
VOLUME = "scripts"
# Python with boto3 was seen to take 90 MiB.
RESOURCES: ResourceRequirements = {
    "requests": {"cpu": "50m", "memory": "192Mi"},
    "limits": {"cpu": "1", "memory": "192Mi"},
}


def script_map(
    name: str, context: StackContext, parent: pulumi.Resource, data: Mapping[str, pulumi.Input[str]]
) -> k8s.core.v1.ConfigMap:
    """The package, and what else a job wants to read."""
    content = {**FILES, **data}
    context.contents.add("ConfigMap", name, content)
    return k8s.core.v1.ConfigMap(
        name,
        metadata={"name": name, "namespace": context.namespace, "labels": {"app.kubernetes.io/part-of": PART_OF}},
        data=content,
        opts=ResourceOptions(parent=parent),
    )


def script_volume(name: str, *data: str, converter: bool = False) -> k8s.core.v1.VolumeArgsDict:
    """The package as a folder, with ``data`` beside it, and the ``converter`` as a package of its own."""
    items: list[k8s.core.v1.KeyToPathArgsDict] = [{"key": file, "path": f"job/{file}"} for file in FILES]
    items += [{"key": file, "path": file.replace("-", "/", 1)} for file in CONVERTER if converter]
    items += [{"key": key, "path": key} for key in data]
    return {"name": VOLUME, "config_map": {"name": name, "items": items}}


def script_mount() -> k8s.core.v1.VolumeMountArgsDict:
    """Where the folder goes."""
    return pods.mount(VOLUME, DIRECTORY, read_only=True)


def command(module: str, *arguments: str) -> str:
    """The shell's command for a module of the package."""
    return " ".join(["exec python3 -m", f"job.{module}", *arguments])


def environment(page: Page, context: StackContext) -> list[k8s.core.v1.EnvVarArgsDict]:
    """What every module wants: where Label Studio is, and where Python finds the package."""
    url = pulumi.Output.concat("http://", page.service, ".", context.namespace, ".svc.", context.cluster_domain)
    return [
        pods.env("LABEL_STUDIO_URL", url),
        pods.env("REQUEST_SECONDS", str(REQUEST_SECONDS)),
        pods.env("PYTHONPATH", DIRECTORY),
        pods.env("PYTHONDONTWRITEBYTECODE", "1"),
    ]


def to_label_studio() -> network_policy.Egress:
    """To the page's pods, by their own port."""
    return network_policy.to_pods({"app.kubernetes.io/name": APP_NAME}, HTTP_PORT)


def dependencies(opts: ResourceOptions | None) -> list[pulumi.Resource]:
    """What a component was told to wait for: Pulumi does not tell it the children, and here the jobs must wait."""
    return (
        [it for it in opts.depends_on if isinstance(it, pulumi.Resource)]
        if opts and isinstance(opts.depends_on, list)
        else []
    )
