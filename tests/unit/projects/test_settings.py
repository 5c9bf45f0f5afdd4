"""Declared projects are refused before anything is applied, with the field and its fix."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from components.annotation_project.label_config import MAXIMUM_BYTES
from components.annotation_project.settings import ProjectSettings, is_in_cluster, project_problems

LABELLING = """
<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="cat"/></RectangleLabels>
</View>
"""
CREDENTIALS = {
    "accessKeyId": {"secretName": "s3", "secretKey": "id"},
    "secretAccessKey": {"secretName": "s3", "secretKey": "key"},
}

# What IAM, MinIO or S3 would take for something else than the characters themselves.
PATTERNS = (
    "*/",
    "cats/*",
    "cat?/",
    "${aws:username}/",
    "$",
    "../dogs/",
    "cats/./",
    "cats\\dogs",
    "a\nb",
    'a"b',
    "a%2fb",
)


def project(**keys: Any) -> ProjectSettings:
    return ProjectSettings.model_validate({"name": "cats", "labelConfig": LABELLING, **keys})


@pytest.mark.parametrize("prefix", ["2026-11-26/", "date=2026/part 1/", "Zürich/Bäume/", "a.b_c!(d)'e'/", "データ/"])
def test_prefixes_are_literal(prefix: str) -> None:
    assert project(source={"prefix": prefix}).source.prefix == prefix


def labelling(config: str) -> dict[str, Any]:
    return {"labelConfig": config}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"name": "Cats"}, "must be a Kubernetes name"),
        ({"name": "c" * 31}, "at most 30 characters"),
        ({"name": "ab"}, "title is required for a name of fewer than 3 characters"),
        ({"title": "ab"}, "of 3 to 50 characters"),
        ({"title": "x" * 51}, "of 3 to 50 characters"),
        ({"titel": "Cats"}, "Extra inputs are not permitted"),
        ({"labelConfig": None}, "needs labelConfig or labelConfigFile, and not both"),
        ({"labelConfigFile": "cats.xml"}, "needs labelConfig or labelConfigFile, and not both"),
        (
            {"labelConfig": None, "labelConfigFile": "no-such.xml"},
            "labelConfigFile cannot be read: No such",
        ),
        (labelling("<View><Image"), "labelConfig is not well-formed XML: "),
        (labelling("<Image name='a' value='$a'/>"), "must have <View> as its outermost tag"),
        (labelling('<!DOCTYPE x [<!ENTITY e "v">]><View>&e;</View>'), "must not declare XML entities"),
        (labelling('<View><Choices name="a" toName="a"/></View>'), "shows nothing to label"),
        (labelling('<View><Image name="a" value="$a"/></View>'), "has nothing to label with"),
        (
            labelling('<View><Image name="a" value="$a"/><Choices name="b" toName="c"/></View>'),
            'has toName="c", but shows only: a',
        ),
        (
            labelling('<View><Image name="a" value="$a"/><Choices name="a" toName="a"/></View>'),
            'has the name "a" twice',
        ),
        (
            labelling('<View><Image name="a" value="$a"/><Choices toName="a"/></View>'),
            "has a <Choices> with toName but without a name",
        ),
        ({"schedule": "every day"}, "must be five cron fields"),
        ({"bucket": "My_Bucket"}, "must be an S3 bucket name"),
        ({"source": {"prefix": "/input"}}, "must not begin with '/'"),
        *(
            ({role: {"prefix": prefix}}, "must be taken literally by S3 and by its policies")
            for role in ("source", "target")
            for prefix in PATTERNS
        ),
        ({"source": {"fileFilterRegex": "*.jpg"}}, "is not a regular expression: nothing to repeat"),
        ({"source": {"expirationMinutes": 0}}, "greater than or equal to 1"),
        ({"source": {"endpoint": "https://s3.example.com"}}, "an S3 account of its own, which needs credentials too"),
        ({"source": {"credentials": CREDENTIALS}}, "bucket is required with credentials"),
        ({"source": {"uploadCredentials": CREDENTIALS}}, "uploadCredentials are for an account of its own"),
        ({"target": {"exportCredentials": CREDENTIALS}}, "exportCredentials are for an account of its own"),
        (
            {"target": {"bucket": "b", "credentials": CREDENTIALS, "endpoint": "s3.example.com"}},
            "must be the URL of an S3",
        ),
    ],
)
def test_refuses(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        project(**keys)
    assert message in str(refusal.value)


def test_documented_fields_of_storages_are_all_there() -> None:
    declared = project(
        source={
            "title": "Raw images",
            "bucket": "raw",
            "region": "eu-west-1",
            "endpoint": "https://s3.example.com",
            "credentials": {**CREDENTIALS, "sessionToken": {"secretName": "s3", "secretKey": "token"}},
            "prefix": "data",
            "fileFilterRegex": ".*(jpe?g|png|tiff)",
            "treatEveryBucketObjectAsSource": True,
            "recursiveScan": True,
            "presignedUrls": True,
            "expirationMinutes": 30,
        },
        target={"bucket": "labels", "sseKmsKeyId": "alias/labels", "canDeleteObjects": True},
        schedule="*/15 * * * *",
    )
    assert declared.source.prefix == "data/"
    assert declared.source.own_account
    assert declared.target is not None
    assert not declared.target.own_account


def test_defaults_are_the_documented_ones() -> None:
    declared = project()
    assert declared.page_title == "cats"
    assert declared.source.expiration_minutes == 15
    assert declared.source.treat_every_bucket_object_as_source
    assert declared.source.object_filter is None
    assert declared.source.presigned_urls is None
    assert declared.target is not None
    assert not declared.target.can_delete_objects


@pytest.mark.parametrize(("key", "is_read"), [("a/task-0f.json", True), ("a/b.jsonl", True), ("a/b.json.png", False)])
def test_a_source_of_tasks_reads_no_media_beside_them(key: str, is_read: bool) -> None:
    declared = project(source={"treatEveryBucketObjectAsSource": False}).source
    assert bool(re.match(declared.object_filter or "", key)) is is_read
    own = project(source={"treatEveryBucketObjectAsSource": False, "fileFilterRegex": ".*/tasks$"}).source
    assert own.object_filter == ".*/tasks$"


@pytest.mark.parametrize(
    ("keys", "source", "target"),
    [
        ({}, ("store", "cats/input/"), ("store", "cats/output/")),
        ({"bucket": "own"}, ("own", "cats/input/"), ("own", "cats/output/")),
        ({"source": {"bucket": "raw"}, "target": {"bucket": "done"}}, ("raw", ""), ("done", "")),
        ({"source": {"bucket": "one"}, "target": {"bucket": "one"}}, ("one", "cats/input/"), ("one", "cats/output/")),
        ({"source": {"prefix": "data"}}, ("store", "data/"), ("store", "cats/output/")),
        ({"source": {"bucket": "store"}}, ("store", "cats/input/"), ("store", "cats/output/")),
    ],
)
def test_bucket_layouts(keys: dict[str, Any], source: tuple[str, str], target: tuple[str, str]) -> None:
    declared = project(**keys)
    assert declared.location("source", "store") == source
    assert declared.location("target", "store") == target


def test_labelling_may_be_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "labels" / "cats.xml"
    file.parent.mkdir()
    file.write_text(LABELLING)
    assert project(labelConfig=None, labelConfigFile="labels/cats.xml").labelling == LABELLING
    assert project(labelConfig=None, labelConfigFile=str(file)).labelling == LABELLING


def test_a_file_of_labelling_is_a_small_regular_one_below_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "program"
    below.mkdir()
    monkeypatch.chdir(below)
    (tmp_path / "outside.xml").write_text(LABELLING)
    (below / "link.xml").symlink_to(tmp_path / "outside.xml")
    (below / "large.xml").write_text(LABELLING + " " * MAXIMUM_BYTES)
    (below / "binary.xml").write_bytes(b"\xff\xfe")
    os.mkfifo(below / "pipe.xml")
    for file, words in {
        "../outside.xml": "in the folder of Pulumi.yaml",
        "link.xml": "in the folder of Pulumi.yaml",
        "/dev/zero": "in the folder of Pulumi.yaml",
        "pipe.xml": "a regular file",
        ".": "a regular file",
        "large.xml": "at most 256 KiB",
        "binary.xml": "text in UTF-8",
        "missing.xml": "cannot be read: No such file",
    }.items():
        with pytest.raises(ValidationError, match=f"labelConfigFile .*{words}"):
            project(labelConfig=None, labelConfigFile=file)


def problems(*projects: dict[str, Any], snapshots: str | None = None) -> list[str]:
    given = [{"labelConfig": LABELLING, **keys} for keys in projects]
    declared = TypeAdapter(tuple[ProjectSettings, ...]).validate_python(given)
    return [
        f"{'.'.join(map(str, path))}: {text}" for path, text in project_problems(declared, "store", snapshots=snapshots)
    ]


def test_projects_are_kept_apart() -> None:
    assert problems({"name": "cats"}, {"name": "dogs"}) == []
    assert problems({"name": "cats"}, {"name": "cats", "title": "Others", "bucket": "others"}) == [
        "projects.1.name: is that of projects[0] as well; give each its own"
    ]
    assert problems({"name": "cats", "title": "Pets"}, {"name": "dogs", "title": "Pets"}) == [
        "projects.1.title: is that of projects[0] as well; give each its own"
    ]
    overlapping = problems({"name": "cats"}, {"name": "dogs", "source": {"prefix": "cats"}})
    assert overlapping[0] == ("projects.1.source: overlaps projects[0].source in bucket and prefix; keep them apart")


def test_source_and_target_of_one_project_are_kept_apart() -> None:
    assert "overlaps" in problems({"name": "cats", "source": {"prefix": ""}})[0]


def test_places_of_snapshots_are_nobody_elses() -> None:
    cats, all_of_it = {"name": "cats"}, {"name": "dogs", "source": {"bucket": "store", "prefix": ""}, "target": None}
    assert problems(all_of_it, snapshots="store") == [], "there is nothing to make a snapshot of"
    inside = {**cats, "target": {"prefix": "snapshots/"}}
    assert problems(inside) == problems(inside, snapshots="elsewhere") == []
    assert problems(inside, snapshots="store") == [
        "projects.0.target: overlaps snapshots/cats/, the place of snapshots; write another prefix"
    ]


def test_places_of_different_servers_do_not_overlap() -> None:
    elsewhere = {"bucket": "store", "prefix": "cats/input", "credentials": CREDENTIALS}
    assert problems({"name": "cats"}, {"name": "dogs", "source": elsewhere}) == []


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("http://minio.label-studio.svc.cluster.local:9000", True),
        ("http://minio.data.svc", True),
        ("https://s3.example.com", False),
        (None, False),
    ],
)
def test_addresses_that_browsers_cannot_reach(endpoint: str | None, expected: bool) -> None:
    assert is_in_cluster(endpoint, "cluster.local") is expected
