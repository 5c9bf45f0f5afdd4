import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from components.settings.images import NEWEST, OLDEST, ImageSettings
from local.images import build, catalog, official, recipes, sandbox
from local.images.oci import Config, Entry, Layer, file_layer
from local.images.recipes import Recipe
from tests.unit.stack_files import settings_of

HERE = sandbox.HERE


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(recipes, "IMAGES", tmp_path)
    return tmp_path


class TestCatalog:
    def test_images_bear_the_names_that_the_settings_ask_for(self) -> None:
        asked = ImageSettings().model_dump(exclude={"mirror", "label_studio"})
        assert asked.items() <= catalog.REFERENCES.items()

    @pytest.mark.parametrize(("flavour", "name"), [("embedded", "label_studio"), ("alauda", "label_studio_oldest")])
    def test_each_release_that_is_a_default_has_an_image(self, flavour: str, name: str) -> None:
        chart = {"flavour": flavour, **({"source": "https://example.com/own.tgz"} if flavour == "alauda" else {})}
        settings = settings_of("dev", {"labelStudio": {"service": None, "chart": chart}})
        assert settings.image("label_studio") == catalog.REFERENCES[name]

    def test_every_name_has_a_definition_and_the_other_way_round(self) -> None:
        assert catalog.DEFINITIONS.keys() == catalog.REFERENCES.keys()
        assert set(build.DEFAULT) <= catalog.DEFINITIONS.keys()

    def test_a_reference_with_a_digest_has_both_names(self) -> None:
        tagged, digested = build.references("minio")
        assert re.fullmatch(r"docker\.io/pgsty/silo:[^@]+", tagged)
        assert re.fullmatch(r"docker\.io/pgsty/silo@sha256:[0-9a-f]{64}", digested)

    @pytest.mark.parametrize("version", [NEWEST, OLDEST])
    def test_label_studio_starts_as_the_official_image_does(self, version: str) -> None:
        definition = catalog.label_studio(version)
        assert definition.config.user == "1001"
        assert definition.config.environment["OPT_DIR"] == "/opt/heartex/instance-data/etc"
        entrypoint = definition.config.entrypoint[0].lstrip("/")
        assert definition.entries[entrypoint].mode == 0o755
        assert {"etc/nginx/nginx.conf", "label-studio/deploy/uwsgi.ini"} <= definition.entries.keys()

    @pytest.mark.parametrize("version", [NEWEST, OLDEST])
    def test_label_studio_is_not_compiled_in_advance_and_its_user_has_no_entry(self, version: str) -> None:
        """Kinder images would hide what a start costs on a real cluster."""
        definition = catalog.label_studio(version)
        assert definition.config.environment["PYTHONDONTWRITEBYTECODE"] == "1"
        scripts = [(HERE / "label-studio" / name).read_text() for name in ("python.sh", "install.sh")]
        assert not any(word in script for script in scripts for word in ("compileall", "useradd"))

    def test_label_studio_runs_on_the_python_of_the_official_image(self) -> None:
        assert (catalog.PYTHON[NEWEST].suite, catalog.PYTHON[OLDEST].suite) == ("trixie", "bookworm")
        assert catalog.CPYTHON.coordinates.startswith("org.bytedeco:cpython:3.12.")
        assert "--python-version 3.12 " in (HERE / f"label-studio/requirements-{OLDEST}.txt").read_text()
        assert re.search(r"^pandas==2\.", (HERE / f"label-studio/requirements-{NEWEST}.txt").read_text(), re.M)

    def test_only_the_oldest_release_fetches_from_maven(self) -> None:
        fetching = [name for name in ("label_studio", "label_studio_oldest") if self.fetches(name)]
        assert fetching == ["label_studio_oldest"]

    def fetches(self, name: str) -> bool:
        recipe = catalog.DEFINITIONS[name]().recipe
        return recipe is not None and any(each.tool == catalog.CPYTHON.file for each in recipe.chain)

    def test_server_and_client_of_the_store_lack_what_the_published_ones_lack(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(catalog, "tool", lambda name: Path("/bin") / name)
        assert catalog.minio().recipe == catalog.minio_client().recipe == catalog.MICRO

    @pytest.mark.parametrize("name", official.COUNTERPARTS)
    def test_an_image_is_what_the_page_on_official_images_says(
        self, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever changes it looks at the official one: see docs/images.md."""
        monkeypatch.setattr(catalog, "tool", lambda name: Path("/bin") / name)
        config, contract = catalog.DEFINITIONS[name]().config, official.COUNTERPARTS[name].embedded
        said = (contract.user, contract.entrypoint, contract.command, contract.ports, contract.signal)
        found = (
            config.user,
            " ".join(config.entrypoint),
            " ".join(config.command),
            " ".join(map(str, config.ports)),
            config.stop_signal,
        )
        assert found == said

    def test_every_image_of_a_stack_is_on_the_page(self) -> None:
        assert official.COUNTERPARTS.keys() >= {*build.DEFAULT, "label_studio_oldest", "cnpg_postgresql"}

    @pytest.mark.parametrize(
        ("path", "package", "version", "least"),
        [
            ("label-studio/requirements-1.20.0.txt", "label-studio", "1.20.0", 100),
            ("label-studio/requirements-1.23.2.txt", "label-studio", "1.23.2", 100),
            ("barman-cloud/requirements-3.15.0.txt", "barman", "3.15.0", 10),
            ("barman-cloud/requirements-3.20.0.txt", "barman", "3.20.0", 9),
        ],
    )
    def test_requirements_are_pinned_by_hash_and_name_no_index(
        self, path: str, package: str, version: str, least: int
    ) -> None:
        text = (HERE / path).read_text()
        assert f"\n{package}=={version} " in text
        assert "://" not in text
        requirements = re.split(r"\n(?=[a-z])", text)[1:]
        assert len(requirements) > least
        for requirement in requirements:
            assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+", requirement)
            assert "--hash=sha256:" in requirement

    def test_the_sidecar_of_backups_finds_barman_and_runs_as_the_server(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """containers/Dockerfile.sidecar of the plugin."""
        monkeypatch.setattr(catalog, "tool", lambda name: Path("/bin") / name)
        definition = catalog.DEFINITIONS["barman_sidecar"]()
        assert (definition.config.user, definition.config.entrypoint) == ("26:26", ["/manager"])
        script = (HERE / "barman-cloud/install.sh").read_text()
        assert re.search(r"^apt-get install .* tar$", script, re.M), "Barman 3.20 unpacks base backups by it"
        home = re.search(r"^home=(\S+)$", script, re.M)
        assert home and definition.config.environment["PATH"].startswith(f"{home[1]}/bin:")

    def test_no_image_file_names_a_package_mirror(self) -> None:
        for path in HERE.rglob("*"):
            if path.is_file() and path.suffix in {".sh", ".py", ".txt", ".in", ".conf", ".ini"}:
                assert not re.search(r"(deb\.debian|pypi|pythonhosted|snapshot)\.(org|net)", path.read_text()), path

    @pytest.mark.parametrize("script", sorted(HERE.rglob("*.sh")), ids=lambda path: str(path.relative_to(HERE)))
    def test_scripts_parse_and_are_executable(self, script: Path) -> None:
        shell = script.read_text().splitlines()[0].removeprefix("#!")
        subprocess.run([shell, "-n", script], check=True)
        assert os.access(script, os.X_OK)


class TestRecipes:
    def test_key_follows_everything_that_makes_the_layer(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        base = Recipe("debian/base.sh", "trixie")
        install = "valkey/install.sh"
        keys = [
            base.key,
            Recipe("debian/base.sh", "bookworm").key,
            Recipe(install, "trixie", base).key,
            Recipe(install, "trixie", Recipe("debian/base.sh", "bookworm")).key,
            Recipe(install, "trixie", base, arguments=("1",)).key,
            Recipe(install, "trixie", base, inputs=("oci.py",)).key,
        ]
        assert len(set(keys)) == len(keys)
        assert base.key == Recipe("debian/base.sh", "trixie", is_base=True).key
        for name in ("sandbox.py", "debian/enter.sh", "debian/base.sh"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes((HERE / name).read_bytes())
        monkeypatch.setattr(recipes, "HERE", tmp_path)
        key = base.key
        assert key == keys[0]
        (tmp_path / "debian/base.sh").write_text("changed")
        assert base.key != key

    def test_layers_are_built_once_from_the_base_up(self, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
        built: list[tuple[str, list[Path]]] = []
        asked: list[str] = []

        def tool() -> Path:
            asked.append("tool")
            return Path("/bin/true")

        def bootstrap(suite: str, tree: Path) -> None:
            (tree / "base").write_text(suite)

        def run(self: sandbox.Sandbox, command: list[str], tool: Path | None = None) -> None:
            assert tool == (Path("/bin/true") if asked else None)
            built.append((command[0], list(self.lower)))
            (self.upper / command[0].replace("/", "-")).write_text(command[0])

        monkeypatch.setattr(recipes, "bootstrap", bootstrap)
        monkeypatch.setattr(sandbox.Sandbox, "run", run)
        base = Recipe("debian/base.sh", "trixie", is_base=True)
        leaf = Recipe("valkey/install.sh", "trixie", base, tool=tool)
        assert not asked, "it may have to be fetched"
        layers = leaf.layers()
        assert [layer.path.exists() for layer in layers] == [True, True]
        assert [command for command, _ in built] == ["/mnt/input/debian/base.sh", "/mnt/input/valkey/install.sh"]
        assert built[1][1] == [base.tree]
        assert leaf.layers() == layers
        assert (len(built), len(asked)) == (2, 1)
        assert base.tree.exists()
        assert not leaf.tree.exists(), "nothing stands on it"

    def test_a_failed_recipe_leaves_no_tree(self, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
        def fail(suite: str, tree: Path) -> None:
            raise sandbox.BuildError("no network")

        monkeypatch.setattr(recipes, "bootstrap", fail)
        recipe = Recipe("debian/base.sh", "trixie")
        with pytest.raises(sandbox.BuildError, match="no network"):
            recipe.layers()
        assert not recipe.tree.exists()
        recipes.prune()
        assert list((cache / "trees").iterdir()) == []

    def test_files_are_a_layer_by_their_content(self, tmp_path: Path) -> None:
        binary = tmp_path / "mc"
        binary.write_bytes(b"1")
        first = recipes.files({"usr/bin/mc": Entry(binary, mode=0o755)})
        assert recipes.files({"usr/bin/mc": Entry(b"1", mode=0o755)}) == first
        binary.write_bytes(b"2")
        assert recipes.files({"usr/bin/mc": Entry(binary, mode=0o755)}).digest != first.digest
        assert recipes.files({"usr/bin/mc": Entry(b"1", mode=0o644)}).digest != first.digest

    def test_only_what_is_long_unused_is_forgotten(self, cache: Path) -> None:
        kept, outdated = recipes.files({"a": Entry(b"a")}), recipes.files({"b": Entry(b"b")})
        long_ago = time.time() - 31 * 86400
        os.utime(outdated.path.with_suffix(".json"), (long_ago, long_ago))
        recipes.prune()
        assert kept.path.exists()
        assert not outdated.path.exists()
        assert not outdated.path.with_suffix(".json").exists()

    def test_use_keeps_a_layer(self) -> None:
        layer = recipes.files({"a": Entry(b"a")})
        os.utime(layer.path.with_suffix(".json"), (0, 0))
        recipes.files({"a": Entry(b"a")})
        recipes.prune()
        assert layer.path.exists()


class TestArchives:
    def listed(self, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
        def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
            return subprocess.CompletedProcess([], 0, stdout="\n".join(lines))

        monkeypatch.setattr("platform.freedesktop_os_release", lambda: {"VERSION_CODENAME": "bookworm"})
        monkeypatch.setattr(subprocess, "run", run)

    def test_addresses_are_those_of_this_machine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.listed(
            monkeypatch,
            "bookworm http://mirror.example/debian/",
            "bookworm-updates http://mirror.example/debian/",
            "bookworm-security http://security.example/",
            "nodistro http://other.example/",
        )
        assert sandbox.archives("trixie") == [
            ("http://mirror.example/debian/", "trixie"),
            ("http://mirror.example/debian/", "trixie-updates"),
            ("http://security.example/", "trixie-security"),
        ]

    def test_without_security_archive_there_is_no_image(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.listed(monkeypatch, "bookworm http://mirror.example/debian/")
        with pytest.raises(sandbox.BuildError, match="bookworm-security"):
            sandbox.archives("trixie")


class TestBuild:
    @pytest.fixture(autouse=True)
    def one_image(self, monkeypatch: pytest.MonkeyPatch) -> None:
        definition = catalog.Definition(Config(command=["sh"]), entries={"bin/sh": Entry(b"#!", mode=0o755)})
        monkeypatch.setattr(build, "DEFINITIONS", {"minio": lambda: definition})

    def test_image_says_what_it_is(self) -> None:
        image = build.image("minio")
        description = image.config.labels["org.opencontainers.image.description"]
        assert description.endswith(f"stands for {catalog.REFERENCES['minio']}")
        assert image.names == build.references("minio")

    def test_archive_is_written_once(self, cache: Path) -> None:
        path = build.image_tar("minio")
        written = path.stat().st_mtime_ns
        assert build.image_tar("minio") == path
        assert path.stat().st_mtime_ns == written
        assert [each.name for each in path.parent.iterdir()] == [path.name]


class TestEntrypoints:
    """The entrypoints with a stand-in for the program that they start, which prints how it was called."""

    def start(self, tmp_path: Path, script: str, program: str, *arguments: str) -> str:
        stand_in = tmp_path / "bin" / program
        stand_in.parent.mkdir(exist_ok=True)
        stand_in.write_text(f'#!/bin/sh\necho {program} "$@"\n')
        stand_in.chmod(0o755)
        environment = {"PATH": f"{stand_in.parent}:{os.environ['PATH']}"}
        done = subprocess.run(
            [HERE / script, *arguments], env=environment, cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    @pytest.mark.parametrize(
        ("arguments", "started"),
        [
            (["server", "/data", "--address", ":9000"], "silo server /data --address :9000"),
            (["minio", "server", "/data"], "silo server /data"),
            (["silo", "server", "/data"], "silo server /data"),
            (["silo"], "silo"),
            (["--version"], "silo --version"),
            (["echo", "hello"], "hello"),
        ],
    )
    def test_minio(self, tmp_path: Path, arguments: list[str], started: str) -> None:
        assert self.start(tmp_path, "minio/docker-entrypoint.sh", "silo", *arguments) == started

    @pytest.mark.parametrize("arguments", [["--version"], ["postgres", "--version"]])
    def test_postgresql_answers_questions_without_a_database(self, tmp_path: Path, arguments: list[str]) -> None:
        started = self.start(tmp_path, "postgresql/docker-entrypoint.sh", "postgres", *arguments)
        assert started == "postgres --version"

    def test_postgresql_has_the_password_in_its_environment_by_the_entrypoint_alone(self, tmp_path: Path) -> None:
        """As with the official image, whose script for init containers starts no server."""
        data, password, tools = tmp_path / "data", tmp_path / "password", tmp_path / "bin"
        for folder in (data, tools):
            folder.mkdir()
        (data / "PG_VERSION").write_text("17")
        password.write_text("sentinel")
        for name, text in {"postgres": "echo started; env", "id": "echo 999"}.items():
            (tools / name).write_text(f"#!/bin/sh\n{text}\n")
            (tools / name).chmod(0o755)
        (tools / "docker-ensure-initdb.sh").symlink_to(HERE / "postgresql/docker-entrypoint.sh")
        environment = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "PGDATA": str(data),
            "POSTGRES_PASSWORD_FILE": str(password),
        }

        def printed(script: Path) -> str:
            return subprocess.run([script], env=environment, check=True, capture_output=True, text=True).stdout

        assert "POSTGRES_PASSWORD=sentinel" in printed(HERE / "postgresql/docker-entrypoint.sh")
        assert printed(tools / "docker-ensure-initdb.sh") == ""

    def test_label_studio_only_mentions_an_authority_that_is_missing(self, tmp_path: Path) -> None:
        python = tmp_path / "bin/python3"
        python.parent.mkdir()
        python.write_text("#!/bin/sh\necho /dev/null\n")
        python.chmod(0o755)
        done = subprocess.run(
            [HERE / "label-studio/docker-entrypoint.sh", "label-studio-migrate"],
            env={
                "PATH": f"{python.parent}:{os.environ['PATH']}",
                "OPT_DIR": str(tmp_path / "opt"),
                "CUSTOM_CA_CERTS": str(tmp_path / "none.crt"),
            },
            check=True,
            capture_output=True,
            text=True,
        )
        assert "there is no certificate file" in done.stderr
        assert (tmp_path / "opt/custom_certs_bundle/cacert.pm").exists()

    def test_valkey(self, tmp_path: Path) -> None:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin/id").write_text("#!/bin/sh\necho 999\n")
        (tmp_path / "bin/id").chmod(0o755)
        started = self.start(tmp_path, "valkey/docker-entrypoint.sh", "valkey-server", "valkey.conf")
        assert started == "valkey-server valkey.conf"


def test_a_layer_record_outlives_no_lost_tar() -> None:
    layer = recipes.files({"a": Entry(b"a")})
    layer.path.unlink()
    assert recipes.files({"a": Entry(b"a")}).path.exists()


def test_layer_description_matches_the_file(tmp_path: Path) -> None:
    layer = file_layer({"a": Entry(b"a")}, tmp_path / "a.tar")
    assert Layer.of(layer.path) == layer
