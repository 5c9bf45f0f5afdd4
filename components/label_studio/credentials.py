"""The secrets that Label Studio makes its own: the key that signs sessions and tokens, the administrator's password."""

from __future__ import annotations

import pulumi

from ..connections import SecretKey
from ..kubernetes.passwords import generate_password, key_of, store_secret
from .args import LabelStudioArgs


def django_key(name: str, args: LabelStudioArgs, parent: pulumi.Resource) -> SecretKey:
    """Django's SECRET_KEY; another one would end every session and every API token.

    Letters and digits only: django-environ takes a leading "$" for the name of a variable.
    """
    value = generate_password(f"{name}-django-key", args.context, parent)
    return key_of(store_secret(f"{name}-django", args.context, parent, {"secret-key": value}), "secret-key")


def administrator_password(
    name: str, args: LabelStudioArgs, parent: pulumi.Resource
) -> tuple[SecretKey, pulumi.Output[str] | None]:
    """The Secret with the first user's password, and the password where it is generated."""
    if given := args.settings.administrator.existing_secret:
        return given.key, None
    value: pulumi.Output[str] = pulumi.Output.secret(
        generate_password(f"{name}-administrator-password", args.context, parent)
    )
    return key_of(store_secret(f"{name}-administrator", args.context, parent, {"password": value}), "password"), value
