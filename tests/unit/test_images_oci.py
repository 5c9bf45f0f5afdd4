import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from local.images.oci import Config, Entry, Image, Layer, file_layer, names, tree_layer, write_archive

DIGEST = "sha256:" + "ab" * 32


def read(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        members = opened.getmembers()
        assert len({member.name for member in members}) == len(members), "a blob is written once"
        return {member.name: content.read() for member in members if (content := opened.extractfile(member))}


def written(*images: Image) -> dict[str, bytes]:
    target = io.BytesIO()
    write_archive(target, images)
    return read(target.getvalue())


@pytest.fixture
def layer(tmp_path: Path) -> Layer:
    return file_layer({"bin/tool": Entry(b"#!/bin/sh\n", mode=0o755)}, tmp_path / "layer.tar")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("docker.io/library/busybox:1.37", ["docker.io/library/busybox:1.37"]),
        (
            f"docker.io/pgsty/mc:R@{DIGEST}",
            ["docker.io/pgsty/mc:R", f"docker.io/pgsty/mc@{DIGEST}"],
        ),
        (f"localhost:5000/mc@{DIGEST}", [f"localhost:5000/mc@{DIGEST}"]),
        (f"localhost:5000/mc:1@{DIGEST}", ["localhost:5000/mc:1", f"localhost:5000/mc@{DIGEST}"]),
    ],
)
def test_names_as_the_runtime_looks_them_up(reference: str, expected: list[str]) -> None:
    assert names(reference) == expected


def test_archive_is_a_consistent_layout(layer: Layer) -> None:
    image = Image([layer], Config(entrypoint=["/bin/tool"], user="999:999", ports=[80]), ["a/b:1", "a/b:2"])
    files = written(image)
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads(files["index.json"])
    assert [each["annotations"]["io.containerd.image.name"] for each in index["manifests"]] == ["a/b:1", "a/b:2"]
    for name, content in files.items():
        if name.startswith("blobs/sha256/"):
            assert hashlib.sha256(content).hexdigest() == name.rpartition("/")[2]
    assert {each["digest"] for each in index["manifests"]} == {image.digest}
    manifest = json.loads(files[f"blobs/{image.digest.replace(':', '/')}"])
    config = json.loads(files[f"blobs/{manifest['config']['digest'].replace(':', '/')}"])
    assert config["rootfs"]["diff_ids"] == [layer.digest] == [each["digest"] for each in manifest["layers"]]
    assert config["config"]["Entrypoint"] == ["/bin/tool"]
    assert config["config"]["User"] == "999:999"
    assert config["config"]["ExposedPorts"] == {"80/tcp": {}}
    assert "Cmd" not in config["config"]


def test_images_share_a_layer(layer: Layer) -> None:
    files = written(Image([layer], Config(), ["a:1"]), Image([layer], Config(user="1"), ["b:1"]))
    assert len([name for name in files if name.startswith("blobs/")]) == 5


def test_digest_follows_content(layer: Layer, tmp_path: Path) -> None:
    other = file_layer({"bin/tool": Entry(b"#!/bin/bash\n", mode=0o755)}, tmp_path / "other.tar")
    same = file_layer({"bin/tool": Entry(b"#!/bin/sh\n", mode=0o755)}, tmp_path / "same.tar")
    digests = [Image([each], Config(), ["a:1"]).digest for each in (layer, same, other)]
    assert digests[0] == digests[1] != digests[2]


def test_layer_of_files(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"binary")
    layer = file_layer(
        {"data": Entry(mode=0o1777, uid=7), "mc": Entry(source, mode=0o755), "mcli": Entry(link="mc")},
        tmp_path / "layer.tar",
    )
    with tarfile.open(layer.path) as archive:
        data, binary, link = archive.getmembers()
        assert (data.isdir(), data.mode, data.uid) == (True, 0o1777, 7)
        assert (binary.mode, binary.size) == (0o755, 6)
        assert (link.issym(), link.linkname) == (True, "mc")


def test_layer_of_a_tree_does_not_depend_on_times(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "etc").mkdir(parents=True)
    (tree / "etc/a").write_text("a")
    (tree / "etc/b").hardlink_to(tree / "etc/a")
    (tree / "link").symlink_to("etc/a")
    first = tree_layer(tree, tmp_path / "1.tar")
    os.utime(tree / "etc/a", (1, 1))
    assert tree_layer(tree, tmp_path / "2.tar").digest == first.digest
    with tarfile.open(first.path) as archive:
        members = {member.name: member for member in archive.getmembers()}
    assert list(members) == ["etc", "etc/a", "etc/b", "link"]
    assert members["etc/b"].islnk()
    assert members["link"].issym()


@pytest.mark.skipif(os.geteuid() != 0, reason="making a whiteout (a device node) needs root")
def test_whiteouts_of_an_overlay(tmp_path: Path) -> None:
    upper = tmp_path / "upper"
    (upper / "etc").mkdir(parents=True)
    os.mknod(upper / "etc/gone", 0o020000, os.makedev(0, 0))
    (upper / "var").mkdir()
    os.setxattr(upper / "var", "trusted.overlay.opaque", b"y")
    layer = tree_layer(upper, tmp_path / "layer.tar")
    with tarfile.open(layer.path) as archive:
        assert archive.getnames() == ["etc", "etc/.wh.gone", "var", "var/.wh..wh..opq"]


def test_an_interrupted_layer_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        file_layer({"mc": Entry(tmp_path / "absent")}, tmp_path / "layers/layer.tar")
    assert list((tmp_path / "layers").iterdir()) == []
