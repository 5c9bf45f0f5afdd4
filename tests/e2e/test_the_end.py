"""The last test of a session: a stack without protection leaves nothing behind."""

from __future__ import annotations

from tests.e2e.deployment import Deployment


def test_destroy_leaves_nothing_where_protection_is_off(dev_stack: Deployment) -> None:
    dev_stack.run("destroy")
    dev_stack.await_namespace_gone()
    volumes = [
        volume["metadata"]["name"]
        for volume in dev_stack.objects("persistentvolumes", everywhere=True)
        if volume["spec"]["claimRef"]["namespace"] == dev_stack.namespace and volume["status"]["phase"] != "Released"
    ]
    assert volumes == []
