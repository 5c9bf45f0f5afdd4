"""Service accounts of jobs that ask the API server, each with the few rights that its job needs."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from . import pods
from .context import StackContext


def job_account(
    name: str, context: StackContext, rules: Sequence[k8s.rbac.v1.PolicyRuleArgsDict], parent: pulumi.Resource
) -> k8s.rbac.v1.RoleBinding:
    """The account ``name`` with these rights in the namespace of the stack; it has them once the binding is there."""
    metadata: k8s.meta.v1.ObjectMetaArgsDict = {
        "name": name,
        "namespace": context.namespace,
        "labels": {"app.kubernetes.io/part-of": pods.PART_OF},
    }
    opts = ResourceOptions(parent=parent)
    account = k8s.core.v1.ServiceAccount(name, metadata=metadata, automount_service_account_token=False, opts=opts)
    role = k8s.rbac.v1.Role(name, metadata=metadata, rules=rules, opts=opts)
    return k8s.rbac.v1.RoleBinding(
        name,
        metadata=metadata,
        role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        subjects=[{"kind": "ServiceAccount", "name": name, "namespace": context.namespace}],
        opts=ResourceOptions(parent=parent, depends_on=[role, account]),
    )
