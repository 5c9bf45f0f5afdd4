"""What each image is made of, under the names that the settings ask for, so that the same settings work everywhere.

Every image honours the contract of the one whose name it bears (user, commands, paths, variables); what it holds comes
from Debian, from PyPI, from the Go modules of ``local/tools`` and, of one image, from Maven, at the versions to be had
there. Its label ``org.opencontainers.image.description`` says so.
"""

from __future__ import annotations

import platform
import sysconfig
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from uv import find_uv_bin

from components.settings.images import LABEL_STUDIO, NEWEST, OLDEST, ImageSettings
from local.images.oci import ARCHITECTURES, SEARCH_PATH, Config, Entry
from local.images.recipes import Recipe
from local.images.sandbox import HERE
from local.tools.build import tool
from local.tools.maven import Artifact

TRIXIE = Recipe("debian/base.sh", "trixie", is_base=True)
BOOKWORM = Recipe("debian/base.sh", "bookworm", is_base=True)
POSTGRESQL = Recipe("postgresql/install.sh", "trixie", TRIXIE, arguments=("17",), is_base=True)
OPERAND = Recipe("postgresql/operand.sh", "trixie", POSTGRESQL)
# For the move from one major version to another; each release of Debian has one.
POSTGRESQL_15 = Recipe("postgresql/install.sh", "bookworm", BOOKWORM, arguments=("15",))
VALKEY = Recipe("valkey/install.sh", "trixie", TRIXIE)
MICRO = Recipe("minio/programs.sh", "trixie", TRIXIE)
BUSYBOX = Recipe("debian/busybox.sh", "trixie", TRIXIE)
# The Python of the official images is 3.12 for 1.20.0 and 3.13 for 1.23.2. Trixie has 3.13, and no Debian has 3.12.
CPYTHON = Artifact(
    "org.bytedeco:cpython:3.12.1-1.5.10:jar:linux-x86_64",
    "a135fcf4dc01adebf7ea439252276fc3196db80f7e0dd3da0b61f1ec489b68bd",
)
PYTHON = {
    NEWEST: Recipe(
        "label-studio/programs.sh",
        "trixie",
        Recipe("label-studio/python.sh", "trixie", TRIXIE, is_base=True),
        is_base=True,
    ),
    OLDEST: Recipe(
        "label-studio/cpython.sh",
        "bookworm",
        BOOKWORM,
        arguments=(CPYTHON.coordinates,),
        tool=CPYTHON.file,
        is_base=True,
    ),
}


def _uv() -> Path:
    return Path(find_uv_bin())


def _barman(version: str) -> Recipe:
    requirements = f"barman-cloud/requirements-{version}.txt"
    return Recipe(
        "barman-cloud/install.sh",
        "trixie",
        TRIXIE,
        inputs=(requirements,),
        arguments=(requirements,),
        tool=_uv,
    )


BARMAN, FORMER_BARMAN = _barman("3.20.0"), _barman("3.15.0")

REFERENCES: Mapping[str, str] = {
    **{name: value for name, value in ImageSettings().model_dump().items() if value is not None},
    "label_studio": f"{LABEL_STUDIO}:{NEWEST}",
    "label_studio_oldest": f"{LABEL_STUDIO}:{OLDEST}",
    "postgresql_15": "docker.io/library/postgres:15.20-bookworm",
    "cnpg_operator": "ghcr.io/cloudnative-pg/cloudnative-pg:1.30.1",
    "barman_plugin": "ghcr.io/cloudnative-pg/plugin-barman-cloud:v0.15.0",
    "barman_sidecar": "ghcr.io/cloudnative-pg/plugin-barman-cloud-sidecar:v0.15.0",
    "former_cnpg_operator": "ghcr.io/cloudnative-pg/cloudnative-pg:1.27.1",
    "former_barman_plugin": "ghcr.io/cloudnative-pg/plugin-barman-cloud:v0.7.0",
    "former_barman_sidecar": "ghcr.io/cloudnative-pg/plugin-barman-cloud-sidecar:v0.7.0",
    "traefik": "docker.io/library/traefik:v3.6.15",
    "busybox": "docker.io/library/busybox:1.37",
    "sizes": "registry.example.com/sizes:1.0.0",
}


@dataclass(frozen=True)
class Definition:
    """An image: the layers of a recipe, files on top of them (path to entry), and how it starts."""

    config: Config
    recipe: Recipe | None = None
    entries: Mapping[str, Entry] = field(default_factory=dict)


def label_studio(version: str) -> Definition:
    """Label Studio, uWSGI and nginx in one image, as the official one has them."""
    requirements = f"label-studio/requirements-{version}.txt"
    python = PYTHON[version]
    environment = {
        "PATH": f"/label-studio/.venv/bin:{SEARCH_PATH}",
        "HOME": "/label-studio",
        "LS_DIR": "/label-studio",
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "DJANGO_SETTINGS_MODULE": "core.settings.label_studio",
        "LABEL_STUDIO_BASE_DATA_DIR": "/label-studio/data",
        "OPT_DIR": "/opt/heartex/instance-data/etc",
    }
    return Definition(
        Config(
            entrypoint=["/label-studio/deploy/docker-entrypoint.sh"],
            command=["label-studio"],
            environment=environment,
            user="1001",
            directory="/label-studio",
            ports=[8080],
        ),
        Recipe(
            "label-studio/install.sh",
            python.suite,
            python,
            inputs=(requirements,),
            arguments=(requirements,),
            tool=_uv,
        ),
        {
            **{
                f"label-studio/deploy/{name}": _file(f"label-studio/{name}")
                for name in ("docker-entrypoint.sh", "wait_for_database.py", "uwsgi.ini")
            },
            "etc/nginx/nginx.conf": _file("label-studio/nginx.conf"),
            "usr/share/nginx/html/50x.html": Entry(b"<!DOCTYPE html>\n<h1>An error occurred.</h1>\n"),
        },
    )


def postgresql(recipe: Recipe) -> Definition:
    """PostgreSQL of the major version of the recipe, under the contract of the Docker official image."""
    [major] = recipe.arguments
    environment = {
        "PATH": f"{SEARCH_PATH}:/usr/lib/postgresql/{major}/bin",
        "LANG": "en_US.utf8",
        "PG_MAJOR": major,
        "PGDATA": "/var/lib/postgresql/data",
    }
    return Definition(
        Config(
            entrypoint=["docker-entrypoint.sh"],
            command=["postgres"],
            environment=environment,
            ports=[5432],
            # Clients are told to go, instead of being waited for (postgres documentation, Shutting Down the Server).
            stop_signal="SIGINT",
        ),
        recipe,
        {
            "usr/local/bin/docker-entrypoint.sh": _file("postgresql/docker-entrypoint.sh"),
            "usr/local/bin/docker-ensure-initdb.sh": Entry(link="docker-entrypoint.sh"),
        },
    )


def cnpg_postgresql() -> Definition:
    """PostgreSQL as CloudNativePG wants it (docs/src/container_images.md of the operator): programs on the path."""
    environment = {"PATH": f"{SEARCH_PATH}:/usr/lib/postgresql/17/bin", "LANG": "en_US.utf8"}
    return Definition(Config(command=["bash"], environment=environment, user="26", ports=[5432]), OPERAND)


def cnpg_operator(program: str) -> Definition:
    """The operator alone in its image; it finds the instance manager of each architecture by its path."""
    manager = f"operator/manager_{ARCHITECTURES[platform.machine()]}"
    return Definition(
        Config(entrypoint=["/manager"], user="65532:65532", directory="/"),
        entries={
            "etc/passwd": Entry(b"nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n"),
            "etc/group": Entry(b"nonroot:x:65532:\n"),
            "home/nonroot": Entry(mode=0o700, uid=65532, gid=65532),
            "tmp": Entry(mode=0o1777),
            manager: Entry(tool(program), mode=0o755),
            "manager": Entry(link=manager),
        },
    )


def barman_plugin(program: str) -> Definition:
    """The backup plugin of the operator: one program, which listens to it."""
    return Definition(
        Config(entrypoint=["/manager"], user="65532:65532", directory="/"),
        entries={
            "etc/passwd": Entry(b"nonroot:x:65532:65532:nonroot:/nonexistent:/sbin/nologin\n"),
            "tmp": Entry(mode=0o1777),
            "manager": Entry(tool(program), mode=0o755),
        },
    )


def barman_sidecar(program: str, barman: Recipe) -> Definition:
    """The same program beside each server and in recovery jobs, with Barman's cloud commands on the path."""
    return Definition(
        Config(
            entrypoint=["/manager"],
            environment={"PATH": f"/opt/barman-cloud/bin:{SEARCH_PATH}", "LANG": "C.UTF-8"},
            user="26:26",
        ),
        barman,
        {"manager": Entry(tool(program), mode=0o755)},
    )


def valkey() -> Definition:
    """Valkey under the contract of its official image."""
    return Definition(
        Config(entrypoint=["docker-entrypoint.sh"], command=["valkey-server"], directory="/data", ports=[6379]),
        VALKEY,
        {"usr/local/bin/docker-entrypoint.sh": _file("valkey/docker-entrypoint.sh")},
    )


def minio() -> Definition:
    """MinIO for its maintained fork, whose image has the server by its own name alone, and the client beside it."""
    return Definition(
        Config(
            entrypoint=["/usr/bin/docker-entrypoint.sh"],
            command=["silo"],
            environment={"HOME": "/tmp", "MC_CONFIG_DIR": "/tmp/.mc"},  # noqa: S108 as in the image it stands for
            ports=[9000],
        ),
        MICRO,
        {
            "usr/bin/silo": Entry(tool("minio"), mode=0o755),
            "usr/bin/mcli": Entry(tool("mc"), mode=0o755),
            "usr/bin/mc": Entry(link="mcli"),
            "usr/bin/docker-entrypoint.sh": _file("minio/docker-entrypoint.sh"),
        },
    )


def minio_client() -> Definition:
    """The client, a shell and coreutils."""
    return Definition(
        Config(entrypoint=["/usr/bin/mc"]),
        MICRO,
        {"usr/bin/mc": Entry(tool("mc"), mode=0o755)},
    )


def traefik() -> Definition:
    """The ingress controller of the production-shaped stack; only tests need it, so it comes as a wheel."""
    return Definition(
        Config(entrypoint=["/usr/local/bin/traefik"], ports=[80]),
        TRIXIE,
        {"usr/local/bin/traefik": Entry(Path(sysconfig.get_path("scripts"), "traefik"), mode=0o755)},
    )


def busybox() -> Definition:
    """A shell of one file, for pods that only prepare a directory."""
    with tarfile.open(BUSYBOX.layers()[-1].path) as layer:
        content, commands = (_member(layer, name) for name in ("usr/bin/busybox", "usr/share/busybox-commands"))
    links = {f"bin/{command}": Entry(link="busybox") for command in commands.decode().split() if command != "busybox"}
    return Definition(
        Config(command=["sh"]),
        entries={
            "bin/busybox": Entry(content, mode=0o755),
            "etc/passwd": Entry(b"root:x:0:0:root:/root:/bin/sh\n"),
            "tmp": Entry(mode=0o1777),
        }
        | links,
    )


def sizes() -> Definition:
    """The model server of the tests, which needs nothing but Python."""
    server = Path(__file__).parents[2] / "tests" / "models" / "sizes.py"
    return Definition(
        Config(entrypoint=["python3", "/opt/sizes.py"], user="1001", ports=[9090]),
        PYTHON[NEWEST],
        {"opt/sizes.py": Entry(server, mode=0o644)},
    )


DEFINITIONS: Mapping[str, Callable[[], Definition]] = {
    "busybox": busybox,
    "postgresql": lambda: postgresql(POSTGRESQL),
    "postgresql_15": lambda: postgresql(POSTGRESQL_15),
    "valkey": valkey,
    "minio_client": minio_client,
    "minio": minio,
    "label_studio": lambda: label_studio(NEWEST),
    "label_studio_oldest": lambda: label_studio(OLDEST),
    "cnpg_postgresql": cnpg_postgresql,
    "cnpg_operator": lambda: cnpg_operator("cnpg-manager"),
    "barman_plugin": lambda: barman_plugin("plugin-barman-cloud"),
    "barman_sidecar": lambda: barman_sidecar("plugin-barman-cloud", BARMAN),
    "former_cnpg_operator": lambda: cnpg_operator("former-cnpg-manager"),
    "former_barman_plugin": lambda: barman_plugin("former-plugin-barman-cloud"),
    "former_barman_sidecar": lambda: barman_sidecar("former-plugin-barman-cloud", FORMER_BARMAN),
    "traefik": traefik,
    "sizes": sizes,
}


def _file(path: str) -> Entry:
    return Entry(HERE / path, mode=0o755 if path.endswith(".sh") else 0o644)


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    content = archive.extractfile(name)
    if content is None:
        raise KeyError(name)
    return content.read()
