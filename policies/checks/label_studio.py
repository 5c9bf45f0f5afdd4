"""By what a container of Label Studio is known: its image, its command, its variables, or what it mounts."""

from __future__ import annotations

import re
from collections.abc import Set

from .pods import Container
from .values import at

# Images of the vendor's other programs have names that begin the same.
IMAGE = re.compile(r"(?!label-studio-(ml-backend|sdk|converter)\b)[^/]*label-?studio[^/]*", re.IGNORECASE)
COMMAND = re.compile(r"(.*/)?label-studio(-[a-z]+)?|.*/label_studio/manage\.py|.*label_studio.*(wsgi|asgi).*")
PREFIX = re.compile(r"(LABEL_STUDIO|HEARTEX)_")
# Variables of the SDK, and of ML backends, which are clients of Label Studio.
CLIENT = re.compile(r"LABEL_STUDIO_(URL|HOST|HOSTNAME|API_KEY|ACCESS_TOKEN|TOKEN|PROJECT(_ID)?|ML_\w+)")
# Settings that no other program has: those of the database under Label Studio's own spelling, and of the page.
VARIABLES = re.compile(r"POSTGRE_(HOST|PORT|NAME|USER|PASSWORD)|DJANGO_DB|DISABLE_SIGNUP_WITHOUT_LINK")
SETTINGS_MODULE = "DJANGO_SETTINGS_MODULE"
# What charts call the container of the page.
NAMES = {"app", "label-studio", "ls-app"}
HOME = "/label-studio"
CLAIM = re.compile(r".*-ls-pvc")
SETTINGS_MAP = re.compile(r"(.*-)?label-studio-settings|.*ls-settings")


def is_label_studio(container: Container, variables: Set[str]) -> bool:
    """Whether the container runs Label Studio, under whatever name; ``variables`` are the names that it sees."""
    return (
        _by_patch(container)
        or _by_image(container)
        or _by_words(container)
        or _by_variables(variables)
        or _by_mounts(container)
    )


def _by_patch(container: Container) -> bool:
    """A patch without an image may be one of Label Studio: what it sets is looked at as if it were."""
    if not container.pod.manifest.is_patch or "image" in container.body:
        return False
    return any(container.body.get(key) is not None for key in ("env", "envFrom")) or container.name in NAMES


def _by_image(container: Container) -> bool:
    image = container.body.get("image")
    return isinstance(image, str) and bool(IMAGE.fullmatch(image.partition("@")[0].rsplit("/", 1)[-1]))


def _by_words(container: Container) -> bool:
    words = [part for word in container.words for part in word.split()]
    return any(COMMAND.fullmatch(word) for word in words)


def _by_variables(variables: Set[str]) -> bool:
    return any(
        (PREFIX.match(name) and not CLIENT.fullmatch(name)) or VARIABLES.fullmatch(PREFIX.sub("", name))
        for name in variables
    )


def _by_mounts(container: Container) -> bool:
    volumes = container.pod.volumes
    for mount in container.mounts:
        path, volume = mount.get("mountPath"), volumes.get(str(mount.get("name")), {})
        claim, config = at(volume, "persistentVolumeClaim", "claimName"), at(volume, "configMap", "name")
        if mount.get("readOnly") is True and not (isinstance(config, str) and SETTINGS_MAP.fullmatch(config)):
            continue
        below_home = isinstance(path, str) and (path == HOME or path.startswith(f"{HOME}/"))
        known = (isinstance(claim, str) and CLAIM.fullmatch(claim)) or (
            isinstance(config, str) and SETTINGS_MAP.fullmatch(config)
        )
        if below_home or known:
            return True
    return False
