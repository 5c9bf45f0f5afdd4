"""Nothing sets Label Studio's variables, or changes its code, where no policy looks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from pulumi_policy import Severity

from .checks import settings_modules
from .checks.commands import Task
from .checks.environment import Environment, Variable, environments, not_literal
from .checks.pods import Container
from .checks.resources import Resource, entries, manifests
from .checks.rule import Parameters, Rule, reasons
from .checks.values import UNKNOWN, at, is_text, items, mapping

# Shell text and files that the image's entrypoint runs before Label Studio, and that may set any variable again.
WRAPPERS = {"CMD_WRAPPER", "ENV_INJECT_SOURCES"}
# What the loader, shells, Python, uWSGI and OpenSSL read before a program's first line.
LOADERS = re.compile(
    r"LD_.*|GCONV_PATH|GLIBC_TUNABLES|LOCPATH|BASH.*|ENV|SHELLOPTS|IFS|PS4|PATH|PYTHON.*|UWSGI_.*|OPENSSL_(CONF|ENGINES|MODULES)"
    r"|DJANGO_SETTINGS_MODULE|DJANGO_CONFIGURATION|.*[^A-Z0-9a-z_].*"
)
HARMLESS = re.compile(
    r"PYTHON(UNBUFFERED|DONTWRITEBYTECODE|FAULTHANDLER|HASHSEED|IOENCODING|UTF8|MALLOC|OPTIMIZE|DEVMODE)"
    r"|UWSGI_(PROCESSES|THREADS|WORKER_LIFETIME|HARAKIRI|BUFFER_SIZE|LISTEN)"
)
# Compiled code may be kept in a folder that a container makes for itself.
BYTECODE = ("PYTHONPYCACHEPREFIX", "/tmp/bytecode")  # noqa: S108 - of the container
MODULE, PATH = "DJANGO_SETTINGS_MODULE", "PYTHONPATH"
# Folders of the image that hold no code; below any other of its folders a mount would change what runs.
FREE = (
    *(
        "/label-studio/data",
        "/label-studio/files",
        "/label-studio/media",
        "/label-studio/export",
        "/label-studio/uploads",
    ),
    *("/opt/heartex", "/opt/annotation-project", "/etc/label-studio", "/etc/ssl", "/etc/pki", "/etc/ca-certificates"),
    *(
        "/usr/local/share/ca-certificates",
        "/usr/share/ca-certificates",
        "/etc/localtime",
        "/etc/timezone",
        "/etc/hosts",
    ),
    *("/etc/resolv.conf", "/var/run/secrets", "/run/secrets", "/var/secrets", "/var/lib", "/var/log", "/var/cache"),
    *("/dev/shm", "/var/tmp"),  # noqa: S108 - where a volume may be mounted
)
IMAGE = {"bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "label-studio", "opt", "proc", "root", "run",
         "sbin", "sys", "usr", "var", ""}  # fmt: skip
SETTINGS = re.compile(
    r"\b(LABEL_STUDIO_|HEARTEX_)?(DISABLE_SIGNUP_WITHOUT_LINK|(SESSION|CSRF)_COOKIE_SECURE|USE_ENFORCE_CSRF_CHECKS"
    r"|COLLECT_ANALYTICS)\b"
)
# The programs that serve the page, as words of a command line.
STARTING = re.compile(
    r"(^|[\s;&|(\"'/])(label-studio(-uwsgi)?|manage\.py|runserver|uwsgi|gunicorn|daphne|uvicorn)(?=[\s;&|)\"']|$)"
)
WORKING = {None, "", "/", "/label-studio", "/label-studio/label_studio"}


def check(resource: Resource, parameters: Parameters) -> Iterator[str]:
    """Commands, sources, loaders, settings modules and mounts of each container of Label Studio can be followed."""
    for environment in environments(resource, workers=True):
        yield from (f"{environment.label}: {problem}" for problem in _problems(environment, resource, parameters))
    admitted = frozenset(parameters["admittedSettings"])
    for manifest in manifests(resource):
        if manifest.group == "" and manifest.kind in ("ConfigMap", "Secret"):
            for path, text in entries(manifest):
                speaks = SETTINGS.search(text) and not SETTINGS.fullmatch(path.rpartition(".")[2])
                if speaks and not settings_modules.is_known(text, admitted):
                    yield (
                        f"{manifest.label}: {path} speaks of Label Studio's settings, and may set them again; set them "
                        "in env, or list its digest in the parameter admittedSettings with a reason"
                    )


def _problems(environment: Environment, resource: Resource, parameters: Parameters) -> Iterator[str]:
    words = " ".join(environment.container.words) if environment.container else ""
    if environment.task is Task.OPAQUE and not is_text(parameters["admittedCommands"].get(words)):
        yield (
            "its command cannot be analyzed; write args: [label-studio-uwsgi] and set variables in env, or list the "
            "command in the parameter admittedCommands with a reason"
        )
    for path in environment.hidden:
        if not any(f"({name})" in path for name in parameters["admittedSources"]):
            yield (
                f"{path} may set any variable unseen; write the variables out, or list the source in the parameter "
                "admittedSources with a reason"
            )
    admitted = frozenset(parameters["admittedSettings"])
    for variable in environment.variables:
        yield from _variable_problems(variable)
    yield from _module_problems(environment, resource, admitted)
    if environment.container:
        yield from _container_problems(environment.container)
        yield from _side_problems(environment.container, parameters["admittedCommands"])


def _variable_problems(variable: Variable) -> Iterator[str]:
    if variable.name in WRAPPERS and variable.value != "":
        yield f"{variable.path} runs before Label Studio and may change every variable; remove it"
    elif variable.name in (MODULE, PATH):
        if problem := not_literal(variable.value):
            yield f"{variable.path} {problem}"
    elif (variable.name, variable.value) == BYTECODE:
        return
    elif LOADERS.fullmatch(variable.name) and not HARMLESS.fullmatch(variable.name) and variable.value != "":
        yield f"{variable.path} changes what runs before Label Studio's first line; remove it"


def _module_problems(environment: Environment, resource: Resource, admitted: frozenset[str]) -> Iterator[str]:
    module, path = (_last(environment, name) for name in (MODULE, PATH))
    folders = {str(PurePosixPath(folder)) for folder in path.split(":") if folder} if path else set()
    if strange := folders - settings_modules.IMAGE_DIRECTORIES - {settings_modules.DIRECTORY}:
        yield (
            f"{PATH} has {len(strange)} folders that are not the image's; write {settings_modules.DIRECTORY}"
            ":/label-studio"
        )
    if module and module not in settings_modules.IMAGE_MODULES | {settings_modules.OWN_MODULE} and not admitted:
        yield f"{MODULE} is not one of the program's; write {settings_modules.OWN_MODULE}, or remove it"
    if environment.container:
        directory = settings_modules.DIRECTORY if settings_modules.DIRECTORY in folders else None
        yield from _mounted_file_problems(environment.container, resource, admitted, directory)


def _last(environment: Environment, name: str) -> str:
    values = [variable.value for variable in environment.variables if variable.name == name]
    return values[-1] if values and isinstance(values[-1], str) else ""


def _mounted_file_problems(
    container: Container, resource: Resource, admitted: frozenset[str], directory: str | None
) -> Iterator[str]:
    """Settings of servers, and the folder of settings modules if it is used, are of a ConfigMap of known files."""
    fix = "mount the ConfigMap that the program makes, or list the digest in the parameter admittedSettings"
    for mount in container.mounts:
        path = str(mount.get("mountPath"))
        inside = directory is not None and PurePosixPath(path).is_relative_to(directory)
        if not inside and not _is_server_file(mount):
            continue
        place = settings_modules.DIRECTORY if inside else path
        volume = container.pod.volumes.get(str(mount.get("name")), {})
        name = at(volume, "configMap", "name")
        if name is None:
            yield f"{place} is not mounted from a ConfigMap, so it cannot be checked; {fix}"
        elif resource.neighbours is not None:
            entries = resource.neighbours.find("ConfigMap", name)
            if entries is None and not resource.neighbours.may_have(name):
                yield f"the ConfigMap of {place} is not of this stack; {fix}"
            for key, text in mapping(entries).items():
                if not settings_modules.is_known(text, admitted):
                    yield f"the ConfigMap of {place} has an unknown file {key}; {fix}"


def _container_problems(container: Container) -> Iterator[str]:
    if at(container.body, "lifecycle", "postStart") is not None:
        yield "lifecycle.postStart runs while Label Studio starts; remove it"
    if container.body.get("workingDir") not in WORKING:
        yield "workingDir changes where Python looks for modules; remove it"
    for index, mount in enumerate(items(container.body.get("volumeMounts"))):
        path = at(mount, "mountPath")
        if path is UNKNOWN or not (_is_free(path) or _is_server_file(mount)):
            yield f"volumeMounts[{index}] lays something over the image's own files; use a folder such as /mnt"


def _is_server_file(mount: Any) -> bool:
    """Whether it lays the program's settings of a server over those of the image; what they say is asked elsewhere."""
    file = settings_modules.SERVER_FILES.get(str(at(mount, "mountPath")))
    return file is not None and at(mount, "subPath") == file


def _side_problems(container: Container, admitted: Mapping[str, Any]) -> Iterator[str]:
    """What the kubelet runs in the container starts nothing with an environment of its own."""
    for path in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle.preStop"):
        line = " ".join(map(str, items(at(container.body, *path.split("."), "exec", "command"))))
        if STARTING.search(line) and not is_text(admitted.get(line)):
            yield (
                f"{path}.exec may start Label Studio again, with other variables; ask by httpGet, or list the command "
                "in the parameter admittedCommands with a reason"
            )


def _is_free(path: Any) -> bool:
    if not isinstance(path, str) or ".." in path:
        return False
    pure = PurePosixPath("/" + path.lstrip("/"))
    first = pure.parts[1] if len(pure.parts) > 1 else ""
    return first not in IMAGE or any(pure.is_relative_to(folder) for folder in FREE)


RULE = Rule(
    name="environment-readable",
    title="The environment can be read",
    description="Everything that Label Studio's containers finally see can be computed from what is written.",
    remediation="Start the image's own commands, set variables in env, and mount data where the image has no files.",
    severity=Severity.CRITICAL,
    check=check,
    parameters={
        "admittedCommands": reasons("Commands of Label Studio's containers, words joined by blanks"),
        "admittedSources": reasons("ConfigMaps and Secrets of envFrom that the stack does not make", "Secret/site"),
        "admittedSettings": reasons("Digests of settings modules of the site", "sha256:…"),
    },
)
