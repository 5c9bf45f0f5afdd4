"""Which cluster and namespace a stack lives in, and how its namespace is guarded."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..settings.base import ListOf, SettingsModel
from ..settings.grammars.hosts import DnsName
from ..settings.grammars.kubernetes import KubernetesName, ObjectName, StackNamespace, UserId
from ..settings.grammars.text import ContextName, FilePath

Environment = Literal["dev", "prod"]


class ClusterSettings(SettingsModel):
    """The config key ``cluster``."""

    environment: Environment = Field(
        "prod", description="What the stack is for; prod refuses settings under which data can be lost or read."
    )
    context: ContextName = Field(description="Context of the kubeconfig to deploy to; no other one is ever used.")
    kubeconfig: FilePath | None = Field(
        None, description="Path of the kubeconfig file; by default KUBECONFIG or ~/.kube/config."
    )
    namespace: StackNamespace = Field("label-studio", description="Namespace that everything of the stack lives in.")
    create_namespace: bool = Field(
        True,
        description="False when the namespace already exists; network policies then select pods of the stack only.",
    )
    domain: DnsName = Field("cluster.local", description="DNS domain of the cluster's Services.")
    run_as_user: UserId | Literal["image"] | None = Field(
        "image",
        description="User, and group of volumes, of every pod: image for the one of each image; null where the cluster "
        "assigns them, as OpenShift's restricted-v2 does. Pods of an operator have those that it gives them.",
    )
    pod_security: Literal["restricted", "baseline", "privileged"] = Field(
        "restricted", description="Pod security level that the namespace enforces."
    )
    network_policies: bool = Field(
        True, description="Deny all traffic of pods in the namespace but what the parts of the stack need."
    )
    ingress_namespace: KubernetesName | None = Field(
        None, description="Namespace of the ingress controller, the only one to reach the page; any when not given."
    )
    protect_data: bool = Field(
        True, description="Refuse to delete databases, volumes and keys, and keep them when the stack is destroyed."
    )
    image_pull_secrets: ListOf[ObjectName] = Field(
        (), description="Secrets of the namespace with which images are pulled."
    )
