"""The secrets that Label Studio makes its own: the key that signs sessions and tokens, the administrator's password."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from ..connections import SecretKey
from ..kubernetes.passwords import generate_password, generate_passwords, key_of, store_secret
from .args import LabelStudioArgs

# The annotation that tells a preview which key the running page has; no controller reads names without a prefix.
GENERATION = "label-studio-django-key"


@dataclass(frozen=True)
class DjangoKeys:
    """Django's SECRET_KEY, and the one before it: what is signed with it, such as sessions, is still good."""

    newest: SecretKey
    former: SecretKey | None


def django_keys(name: str, args: LabelStudioArgs, parent: pulumi.Resource) -> DjangoKeys:
    """The keys by generation; API tokens are good under the newest only.

    Letters and digits only: django-environ takes a leading "$" for the name of a variable.
    """
    generations = args.context.rotation.django_key
    newest, *former = generate_passwords(f"{name}-django-key", args.context, parent, generations)
    values = {"secret-key": newest, **({"former-key": former[0]} if former else {})}
    secret = store_secret(f"{name}-django", args.context, parent, values)
    return DjangoKeys(key_of(secret, "secret-key"), key_of(secret, "former-key") if former else None)


def administrator_password(
    name: str, args: LabelStudioArgs, parent: pulumi.Resource
) -> tuple[SecretKey, pulumi.Output[str] | None]:
    """The Secret with the first user's password, and the password where it is generated."""
    if given := args.settings.administrator.existing_secret:
        return given.key, None
    generation = args.context.rotation.administrator
    value: pulumi.Output[str] = pulumi.Output.secret(
        generate_password(f"{name}-administrator-password", args.context, parent, generation=generation)
    )
    return key_of(store_secret(f"{name}-administrator", args.context, parent, {"password": value}), "password"), value
