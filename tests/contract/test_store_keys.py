"""What a key of a project or of the page can make of itself at a real MinIO: nothing.

Each call is one that hands out, changes or widens a credential (routes of MinIO's cmd/admin-router.go and
cmd/sts-handlers.go). Silo, whose server is no Go module, has the same routes; its own words for them are why the policy
denies all of ``admin:*`` in a statement of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.object_store.grants import BucketGrant
from components.object_store.policy import NO_ADMINISTRATION, NO_DERIVED_KEYS, policy_document
from tests.contract.minio import ROOT, Key, Store, minio

GRANTS = {
    "source": BucketGrant(name="cats-source", bucket="data", prefix="cats/input/", actions=("list", "read")),
    "upload": BucketGrant(name="cats-upload", bucket="data", prefix="cats/input/", actions=("list", "write", "delete")),
    "page": BucketGrant(name="uploads", bucket="uploads", actions=("list", "read", "write", "delete")),
}
KEYS: dict[str, Key] = {name: (f"key-{name}", f"secret-of-{name}") for name in GRANTS}
# A key as earlier releases made it, for what they let it do.
FORMER: Key = ("key-former", "secret-of-former")
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}]}
)

# As the owner of ME: commands of the client, by what they would give.
ATTEMPTS = {
    "an access key of its own": ["admin", "accesskey", "create", "store/"],
    "a chosen access key of its own": [
        *("admin", "user", "svcacct", "add", "store", "ME"),
        *("--access-key", "mine-for-ever", "--secret-key", "a-secret-of-mine"),
    ],
    "an access key with a wide policy": ["admin", "user", "svcacct", "add", "--policy", "POLICY", "store", "ME"],
    "an access key of another user": ["admin", "user", "svcacct", "add", "store", "OTHER"],
    "an access key of root": ["admin", "user", "svcacct", "add", "store", ROOT[0]],
    "another secret for an access key": [
        *("admin", "user", "svcacct", "edit"),
        *("--secret-key", "changed-secret", "store", "CHILD"),
    ],
    "an access key enabled": ["admin", "user", "svcacct", "enable", "store", "CHILD"],
    "a new user": ["admin", "user", "add", "store", "stranger", "a-secret-of-mine"],
    "another user enabled": ["admin", "user", "enable", "store", "OTHER"],
    "a wider policy": ["admin", "policy", "create", "store", "ME", "POLICY"],
    "another policy attached": ["admin", "policy", "attach", "store", "readwrite", "--user", "ME"],
    "a group with a policy": ["admin", "group", "add", "store", "strangers", "ME"],
    "the server's configuration": ["admin", "config", "export", "store"],
    "site replication": ["admin", "replicate", "info", "store"],
    # The last one: it changes what the others begin with.
    "another secret for itself": ["admin", "user", "add", "store", "ME", "changed-secret"],
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with minio(tmp_path_factory.mktemp("minio")) as server:
        for name, grant in GRANTS.items():
            server.grant(KEYS[name], str(grant.bucket), grant.prefix, json.dumps(policy_document(grant)))
        server.client("s3", ROOT).put_object(Bucket="data", Key="cats/input/cat.jpg", Body=b"cat")
        server.client("s3", ROOT).put_object(Bucket="uploads", Key="cat.jpg", Body=b"cat")
        for name, key in {**KEYS, "former": FORMER}.items():
            if name == "former":
                server.grant(key, "data", "cats/input/", json.dumps(former_policy()))
            made = server.mc(ROOT, "admin", "user", "svcacct", "add", *child(key), "store", key[0])
            assert made.returncode == 0, made.stderr
        yield server


def former_policy() -> dict[str, object]:
    """The policy of the source's key without what denies."""
    document = policy_document(GRANTS["source"])
    kept = [each for each in document["Statement"] if each not in (NO_ADMINISTRATION, NO_DERIVED_KEYS)]
    assert len(kept) == len(document["Statement"]) - 2
    return {**document, "Statement": kept}


def child_key(key: Key) -> Key:
    return f"child-{key[0]}", "secret-of-a-child"


def child(key: Key) -> list[str]:
    identifier, secret = child_key(key)
    return ["--access-key", identifier, "--secret-key", secret]


def attempt(store: Store, key: Key, name: str) -> str:
    """What the client answers to the owner of the key; empty where it did what was asked."""
    (store.folder / "policy.json").write_text(POLICY)
    other = next(each for each in KEYS.values() if each != key)
    words = {"ME": key[0], "OTHER": other[0], "CHILD": child_key(key)[0], "POLICY": str(store.folder / "policy.json")}
    done = store.mc(key, *(words.get(word, word) for word in ATTEMPTS[name]))
    return done.stderr + done.stdout if done.returncode else ""


def reads(store: Store, key: Key, token: str | None = None, grant: str = "source") -> bool:
    """Whether the key reads an object that its grant names."""
    place = {"source": ("data", "cats/input/cat.jpg"), "page": ("uploads", "cat.jpg")}[grant]
    try:
        store.client("s3", key, token).get_object(Bucket=place[0], Key=place[1])
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied", error
        return False
    return True


@pytest.mark.parametrize("name", ATTEMPTS)
@pytest.mark.parametrize("owner", KEYS)
def test_no_administration(store: Store, owner: str, name: str) -> None:
    answer = attempt(store, KEYS[owner], name)
    assert "Access Denied" in answer or "not allowed" in answer, answer or f"{owner} got {name}"


def test_the_list_holds_what_was_possible(store: Store) -> None:
    """The same calls by a key without the two denials give four credentials: the test above would notice."""
    possible = {name for name in ATTEMPTS if not attempt(store, FORMER, name)}
    assert possible == {
        "an access key of its own",
        "a chosen access key of its own",
        "an access key with a wide policy",
        "another secret for itself",
    }


@pytest.mark.parametrize("spoof", ["x=y", "principaltype=User", "aws%3Aprincipaltype=User"])
def test_an_assumed_role_may_do_nothing(store: Store, spoof: str) -> None:
    def add_to_query(request: Any, **_: Any) -> None:
        request.url += ("&" if "?" in request.url else "?") + spoof

    for owner in ("source", "page"):
        answer = store.client("sts", KEYS[owner]).assume_role(RoleArn="arn:x:ignored:by:minio", RoleSessionName="mine")
        assumed = answer["Credentials"]
        client = store.client("s3", (assumed["AccessKeyId"], assumed["SecretAccessKey"]), assumed["SessionToken"])
        client.meta.events.register("before-sign.s3", add_to_query)
        grant = GRANTS[owner]
        calls: dict[str, dict[str, Any]] = {
            "get_object": {"Bucket": grant.bucket, "Key": f"{grant.prefix}cat.jpg"},
            "put_object": {"Bucket": grant.bucket, "Key": f"{grant.prefix}mine.jpg", "Body": b""},
            "delete_object": {"Bucket": grant.bucket, "Key": f"{grant.prefix}mine.jpg"},
            "list_objects_v2": {"Bucket": grant.bucket, "Prefix": grant.prefix},
        }
        for call, arguments in calls.items():
            with pytest.raises(ClientError, match="AccessDenied"):
                getattr(client, call)(**arguments)


def test_access_keys_that_were_made_before_are_worth_nothing(store: Store) -> None:
    assert reads(store, child_key(FORMER)), "without the denials it is worth as much as the key it was made of"
    for owner in ("source", "page"):
        assert not reads(store, child_key(KEYS[owner]), grant=owner)


@pytest.mark.parametrize("call", ["assume_role_with_web_identity", "get_federation_token", "get_session_token"])
def test_no_other_call_for_temporary_credentials(store: Store, call: str) -> None:
    arguments = {
        "assume_role_with_web_identity": {
            "RoleArn": "arn:minio:iam:::role/of-nobody",
            "RoleSessionName": "mine",
            "WebIdentityToken": "e30.e30.e30",
        },
        "get_federation_token": {"Name": "mine"},
        "get_session_token": {},
    }[call]
    with pytest.raises(ClientError):
        getattr(store.client("sts", KEYS["source"]), call)(**arguments)


def test_the_keys_still_do_what_they_are_for(store: Store) -> None:
    assert reads(store, KEYS["source"])
    assert reads(store, KEYS["page"], grant="page")
    upload = store.client("s3", KEYS["upload"])
    upload.put_object(Bucket="data", Key="cats/input/new.jpg", Body=b"cat")
    assert not reads(store, KEYS["upload"])
    url = store.client("s3", KEYS["source"]).generate_presigned_url(
        "get_object", Params={"Bucket": "data", "Key": "cats/input/cat.jpg"}
    )
    assert url.startswith(store.endpoint)


def test_keys_that_nobody_declares_any_more_open_nothing(store: Store) -> None:
    policy = json.dumps(policy_document(GRANTS["source"]))
    own = "label-studio-store"
    kept, former, undeclared = f"{own}-cats-source-2", f"{own}-cats-source", f"{own}-dogs-with-long-names-source"
    others = f"{own}front-of-somebody-else", "label-studio-store"
    for user in (kept, former, undeclared, *others):
        store.grant((user, KEYS["source"][1]), "data", "cats/input/", policy)
    told = store.retire(own, kept, f"{own}-uploads")
    assert f"The key {undeclared} opens nothing any more." in told.splitlines()
    store.retire(own, kept, f"{own}-uploads")
    opened = {user: lists(store, user) for user in (kept, former, undeclared, *others)}
    assert opened == {kept: True, former: False, undeclared: False, others[0]: True, others[1]: True}
    assert reads(store, KEYS["source"]), "the keys of other stores stay"


def lists(store: Store, user: str) -> bool:
    client = store.client("s3", (user, KEYS["source"][1]))
    try:
        client.list_objects_v2(Bucket="data", Prefix="cats/input/")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidAccessKeyId", error.response
        return False
    return True
