"""Which role opens the database, and who makes and retires it, where the stack rotates its password."""

from __future__ import annotations

import pulumi_kubernetes as k8s

from ..kubernetes.passwords import key_of
from ..settings.base import SecretReference
from .settings import AdminCredentials

SUPERUSER = "postgres"


def logins(owner: str, generation: int) -> tuple[str, str]:
    """The role that opens the database, and the one before it and after it: the owner, or one that becomes the owner.

    Two in turn, so that the former one is good until nothing uses it. PostgreSQL takes 63 bytes for a name.
    """
    alternate = f"{owner[:61]}_2"
    return (owner, alternate) if generation % 2 else (alternate, owner)


def superuser_credentials(secret: k8s.core.v1.Secret) -> AdminCredentials:
    """The superuser, whose password the stack keeps in this Secret."""
    password = key_of(secret, "password")
    return AdminCredentials(
        user=SUPERUSER, password=SecretReference(secret_name=password.name, secret_key=password.key)
    )
