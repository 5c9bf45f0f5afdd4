"""What a key may do: no more than its grant, and that on its own prefix only."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.object_store.grants import Action, BucketGrant, Reach
from components.object_store.policy import policy_document

ACTIONS: tuple[Action, ...] = get_args(Action)
OBJECT_ACTION = {
    "read": "s3:GetObject",
    "versions": "s3:GetObjectVersion",
    "write": "s3:PutObject",
    "delete": "s3:DeleteObject",
}
LISTING = {"list": "s3:ListBucket", "versions": "s3:ListBucketVersions"}
prefixes = st.sampled_from(["", "input/", "a/b/"])
grants = st.builds(
    BucketGrant,
    name=st.just("uploads"),
    bucket=st.sampled_from(["cats", "dogs"]),
    prefix=prefixes,
    actions=st.lists(st.sampled_from(ACTIONS), unique=True),
)


def statements(grant: BucketGrant, effect: str) -> list[dict[str, Any]]:
    return [statement for statement in policy_document(grant)["Statement"] if statement["Effect"] == effect]


def allows(grant: BucketGrant, action: str, resource: str, listed: str | None = None) -> bool:
    """A small judge of IAM policies: enough for what a user's own key is allowed."""
    for statement in statements(grant, "Allow"):
        patterns = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix", ["*"])
        if (
            action in statement["Action"]
            and any(fnmatchcase(f"arn:aws:s3:::{resource}", pattern) for pattern in statement["Resource"])
            and any(fnmatchcase(listed or "", pattern) for pattern in patterns)
        ):
            return True
    return False


@given(grants)
def test_exactly_the_granted_actions_on_the_own_prefix(grant: BucketGrant) -> None:
    for name, action in OBJECT_ACTION.items():
        assert allows(grant, action, f"{grant.bucket}/{grant.prefix}cat.jpg") is (name in grant.actions)
    for name, action in LISTING.items():
        assert allows(grant, action, f"{grant.bucket}", grant.prefix) is (name in grant.actions)
    assert allows(grant, "s3:GetBucketVersioning", f"{grant.bucket}") is ("versions" in grant.actions)


@given(grants)
def test_no_other_bucket(grant: BucketGrant) -> None:
    other = "dogs" if grant.bucket == "cats" else "cats"
    for action in (*OBJECT_ACTION.values(), *LISTING.values(), "s3:GetBucketLocation", "s3:GetBucketVersioning"):
        assert not allows(grant, action, f"{other}/{grant.prefix}cat.jpg", grant.prefix)
        assert not allows(grant, action, other, grant.prefix)


@given(grants.filter(lambda grant: grant.prefix != ""))
def test_no_other_prefix(grant: BucketGrant) -> None:
    for action in OBJECT_ACTION.values():
        assert not allows(grant, action, f"{grant.bucket}/other/cat.jpg")
        assert not allows(grant, action, f"{grant.bucket}/cat.jpg")
    for listed in (None, "other/", "i", "inputs/"):
        for action in LISTING.values():
            assert not allows(grant, action, f"{grant.bucket}", listed)


def test_what_a_key_may_do_elsewhere_is_no_more_than_is_said() -> None:
    also = Reach(bucket="cats", prefix="input/", actions=["versions"])
    grant = BucketGrant(name="snapshots", bucket="cats", prefix="kept/", actions=["write"], also=also)
    assert allows(grant, "s3:GetObjectVersion", "cats/input/a.jpg")
    assert not allows(grant, "s3:PutObject", "cats/input/a.jpg")
    assert not allows(grant, "s3:GetObjectVersion", "cats/kept/first")
    assert not allows(grant, "s3:ListBucketVersions", "cats", "kept/")


def test_the_prefix_may_be_listed_as_somebody_typed_it() -> None:
    grant = BucketGrant(name="source", bucket="cats", prefix="input/", actions=["list"])
    for typed in ("input", "input/", "input/2026/"):
        assert allows(grant, "s3:ListBucket", "cats", typed)
    assert not allows(grant, "s3:ListBucket", "cats", "input-of-others")


@given(grants)
def test_nothing_but_s3_and_no_wildcard_actions(grant: BucketGrant) -> None:
    actions = [action for statement in statements(grant, "Allow") for action in statement["Action"]]
    assert all(action.startswith("s3:") and "*" not in action for action in actions)


@given(grants)
def test_every_key_is_denied_administration_and_what_is_made_of_it_everything(grant: BucketGrant) -> None:
    """What a server makes of it: tests/contract/test_store_keys.py."""
    assert statements(grant, "Deny") == [
        {
            "Effect": "Deny",
            "Action": ["s3:*"],
            "Resource": ["arn:aws:s3:::*"],
            "Condition": {"StringEquals": {"aws:principaltype": ["AssumedRole"]}},
        },
        {"Effect": "Deny", "Action": ["admin:*"]},
    ]


@pytest.mark.parametrize("prefix", ["*/", "cats?/", "${aws:username}/", "a/*/b/", "$/"])
def test_a_prefix_is_no_pattern(prefix: str) -> None:
    grant = BucketGrant(name="uploads", bucket="cats", prefix=prefix)
    elsewhere = Reach(bucket="cats", prefix=prefix, actions=["versions"])
    for each in (grant, BucketGrant(name="uploads", bucket="cats", also=elsewhere)):
        with pytest.raises(ValueError, match="bucket and prefix of the grant uploads must be literal"):
            policy_document(each)
