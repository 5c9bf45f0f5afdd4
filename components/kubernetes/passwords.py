"""Passwords that are made once and stay: nothing but a replacement on purpose changes them."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random
from pulumi import ResourceOptions

from ..connections import SecretKey
from .backing_service import retained_options, stateful_options
from .context import StackContext
from .pods import PART_OF


def generate_password(
    name: str, context: StackContext, parent: pulumi.Resource, special: str = ""
) -> pulumi.Output[str]:
    """32 characters that need no escaping in a URL, a shell or a configuration file, each class at least once.

    ``special`` are further characters, for servers that demand one; without them letters and digits only.
    """
    password = random.RandomPassword(
        name,
        length=32,
        min_lower=1,
        min_upper=1,
        min_numeric=1,
        special=bool(special),
        min_special=1 if special else 0,
        override_special=special or None,
        opts=ResourceOptions.merge(
            stateful_options(context, parent), ResourceOptions(additional_secret_outputs=["result", "bcryptHash"])
        ),
    )
    return password.result


def store_secret(
    name: str,
    context: StackContext,
    parent: pulumi.Resource,
    values: Mapping[str, pulumi.Input[str]],
    labels: Mapping[str, str] | None = None,
) -> k8s.core.v1.Secret:
    """A Secret, which outlives the stack together with the data that it opens.

    One with a user name and a password is of the type that operators expect for a role.
    """
    return k8s.core.v1.Secret(
        name,
        metadata={
            "name": name,
            "namespace": context.namespace,
            "labels": {"app.kubernetes.io/part-of": PART_OF, **(labels or {})},
        },
        type="kubernetes.io/basic-auth" if set(values) == {"username", "password"} else "Opaque",
        string_data={key: pulumi.Output.secret(value) for key, value in values.items()},
        opts=retained_options(context, parent),
    )


def key_of(secret: k8s.core.v1.Secret, key: str) -> SecretKey:
    """A reference that waits until the Secret exists."""
    return SecretKey(secret.metadata.apply(lambda metadata: str(metadata.name)), key)
