"""Passwords that are made once and stay: nothing but another generation of the settings ``rotate`` changes them."""

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
    name: str, context: StackContext, parent: pulumi.Resource, special: str = "", generation: int = 1
) -> pulumi.Output[str]:
    """The newest of ``generate_passwords``."""
    return generate_passwords(name, context, parent, generation, special)[0]


def generate_passwords(
    name: str, context: StackContext, parent: pulumi.Resource, generations: int, special: str = ""
) -> list[pulumi.Output[str]]:
    """One password for each generation, the newest first.

    32 characters that need no escaping in a URL, a shell or a configuration file, each class at least once.
    ``special`` are further characters, for servers that demand one; without them letters and digits only.

    The first has the name that all passwords had before there were generations. Earlier ones stay, without protection:
    Pulumi refuses to delete a protected resource, even one that is no longer wanted.
    """
    return [
        _password(
            name if generation == 1 else f"{name}-{generation}",
            special,
            stateful_options(context, parent) if generation == generations else ResourceOptions(parent=parent),
        )
        for generation in range(generations, 0, -1)
    ]


def _password(name: str, special: str, opts: ResourceOptions) -> pulumi.Output[str]:
    password = random.RandomPassword(
        name,
        length=32,
        min_lower=1,
        min_upper=1,
        min_numeric=1,
        special=bool(special),
        min_special=1 if special else 0,
        override_special=special or None,
        opts=ResourceOptions.merge(opts, ResourceOptions(additional_secret_outputs=["result", "bcryptHash"])),
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
    return _secret(name, context, values, retained_options(context, parent), labels or {})


def store_previous(
    name: str, context: StackContext, parent: pulumi.Resource, passwords: list[pulumi.Output[str]]
) -> SecretKey | None:
    """A Secret with the passwords before the newest, a line each, for jobs that must get in with one of them."""
    _, *previous = passwords
    if not previous:
        return None
    lines = pulumi.Output.all(*previous).apply("\n".join)
    secret = _secret(f"{name}-previous", context, {"passwords": lines}, ResourceOptions(parent=parent), {})
    return key_of(secret, "passwords")


def _secret(
    name: str,
    context: StackContext,
    values: Mapping[str, pulumi.Input[str]],
    opts: ResourceOptions,
    labels: Mapping[str, str],
) -> k8s.core.v1.Secret:
    context.contents.add("Secret", name, values)
    return k8s.core.v1.Secret(
        name,
        metadata={
            "name": name,
            "namespace": context.namespace,
            "labels": {"app.kubernetes.io/part-of": PART_OF, **labels},
        },
        type="kubernetes.io/basic-auth" if set(values) == {"username", "password"} else "Opaque",
        string_data={key: pulumi.Output.secret(value) for key, value in values.items()},
        opts=opts,
    )


def key_of(secret: k8s.core.v1.Secret, key: str) -> SecretKey:
    """A reference that waits until the Secret exists."""
    return SecretKey(secret.metadata.apply(lambda metadata: str(metadata.name)), key)
