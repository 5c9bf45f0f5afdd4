"""The roles that open the database of a CloudNativePG cluster, and the superuser that retires them.

Until the first rotation the operator makes the only role, and nobody has a password of the superuser. ``managed.roles``
of the operator cannot rotate it: they are a part of the cluster's resource, which changes before Label Studio does, and
the former role has to be good until afterwards. So a superuser does both, as with a standalone server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from ..connections import PostgresConnection, SecretKey
from ..kubernetes.context import StackContext
from ..kubernetes.passwords import generate_password, generate_passwords, key_of, store_secret
from ..kubernetes.retirement import Retirement
from .logins import SUPERUSER, logins, superuser_credentials
from .settings import CnpgPostgres
from .setup import prepare_database, retire_login

# The operator applies a changed Secret with this label to the role at once.
RELOADED = {"cnpg.io/reload": "true"}


@dataclass(frozen=True, kw_only=True)
class Logins:
    """``user`` opens the database with ``password``, of which ``newest`` is the value; ``former`` did so before.

    The operator gives the owner the password in ``owner_secret``, also where another role opens the database.
    """

    user: str
    password: SecretKey
    newest: pulumi.Output[str]
    owner_secret: pulumi.Input[str]
    former: str | None = None
    superuser: k8s.core.v1.Secret | None = None

    def fields_of_cluster(self) -> dict[str, Any]:
        """What the specification of the cluster says of its superuser."""
        if self.superuser is None:
            return {"enableSuperuserAccess": False}
        return {"enableSuperuserAccess": True, "superuserSecret": {"name": key_of(self.superuser, "password").name}}


def make_logins(name: str, settings: CnpgPostgres, context: StackContext, parent: pulumi.Resource) -> Logins:
    """The Secrets of the roles: each role has one of its own, as the operator refuses another role in the owner's."""
    newest, *former = generate_passwords(f"{name}-owner", context, parent, context.rotation.database_owner)
    user, other = logins(settings.user, context.rotation.database_owner)
    passwords = {user: newest} | ({other: former[0]} if former else {})

    def secret(role: str) -> SecretKey:
        values: dict[str, pulumi.Input[str]] = {"username": role, "password": passwords[role]}
        resource, labels = (f"{name}-owner", RELOADED) if role == settings.user else (f"{name}-owner-2", None)
        return key_of(store_secret(resource, context, parent, values, labels), "password")

    keys = {role: secret(role) for role in passwords}
    only = Logins(user=user, password=keys[user], newest=newest, owner_secret=keys[settings.user].name)
    return replace(only, former=other, superuser=_superuser(name, context, parent)) if former else only


def _superuser(name: str, context: StackContext, parent: pulumi.Resource) -> k8s.core.v1.Secret:
    resource = f"{name}-superuser"
    password = generate_password(resource, context, parent, generation=context.rotation.database_superuser)
    return store_secret(resource, context, parent, {"username": SUPERUSER, "password": password}, RELOADED)


def take_turns(  # noqa: PLR0913 - what its pods need
    name: str,
    context: StackContext,
    connection: PostgresConnection,
    found: Logins,
    parent: pulumi.Resource,
    *,
    spec: Mapping[str, Any],
    after: Sequence[pulumi.Resource],
) -> list[Retirement]:
    """Makes the role that opens the database, once there was another one before it, and retires that one.

    Both again with another ``spec``: a cluster that begins with a backup has the roles of that time.
    """
    if found.superuser is None or found.former is None:
        return []
    admin = superuser_credentials(found.superuser)
    triggers = [pulumi.Output.json_dumps(spec, sort_keys=True)]
    prepare_database(
        f"{name}-setup",
        context,
        connection,
        parent,
        admin=admin,
        passwords=[found.newest],
        triggers=triggers,
        after=after,
    )
    return [retire_login(f"{name}-retirement", context, connection, admin, found.former, triggers=triggers)]
