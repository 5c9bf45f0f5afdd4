"""Texts that end in Kubernetes objects, by the rules of ``k8s.io/apimachinery/pkg/util/validation``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from .grammar import Grammar
from .text import Text

LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
SUBDOMAIN = rf"(?=.{{1,253}}$){LABEL}(?:\.{LABEL})*"
QUALIFIED = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
LABEL_VALUE = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?"
# Namespaces of Kubernetes itself; the prefix kube- is reserved for more of them.
SYSTEM_NAMESPACES = re.compile(r"default|kube-.*")
ANNOTATIONS_BYTES = 256 * 1024
# Kubernetes takes user ids of 31 bits.
MAXIMUM_ID = 2**31 - 1


def _namespace_of_a_stack(value: str) -> str:
    if SYSTEM_NAMESPACES.fullmatch(value):
        raise ValueError("must not be default or begin with kube-, which belong to the cluster, such as label-studio")
    return value


def _qualified(value: str) -> str:
    *prefix, name = value.split("/")
    well_formed = len(prefix) < 2 and all(re.fullmatch(SUBDOMAIN, part) for part in prefix)
    if not well_formed or not re.fullmatch(QUALIFIED, name):
        raise ValueError(KEY.refusal)
    return value


def _annotation_key(value: str) -> str:
    # The API server looks at prefixes of annotations, but not of labels, in lower case.
    prefix, slash, name = value.rpartition("/")
    _qualified(f"{prefix.lower()}{slash}{name}")
    return value


def _secret_key(value: str) -> str:
    if value.startswith("..") or value == ".":
        raise ValueError("must not be '.' or begin with '..', such as password")
    return value


def _fit(annotations: Mapping[str, str]) -> Mapping[str, str]:
    if sum(len(f"{key}{value}".encode()) for key, value in annotations.items()) > ANNOTATIONS_BYTES:
        raise ValueError("must be at most 256 KiB altogether, keys and values")
    return annotations


KEY = Grammar(
    "label key",
    "an optional DNS name with '/', and at most 63 letters, digits, '-', '_' and '.'",
    ("kubernetes.io/arch", "gpu", "example.com/Pool_1"),
    check=_qualified,
)
KubernetesName = Annotated[
    str,
    Grammar(
        "RFC 1123 label",
        "a Kubernetes name (RFC 1123 label): at most 63 lower-case letters, digits and '-', "
        "beginning and ending with a letter or digit",
        ("label-studio", "a", "0-1"),
        LABEL,
    ),
]
StackNamespace = Annotated[
    str,
    Grammar(
        "namespace of a stack",
        "a Kubernetes name (RFC 1123 label, at most 63 characters), and no namespace of the cluster's own",
        ("label-studio", "team-7"),
        LABEL,
        _namespace_of_a_stack,
    ),
]
OBJECT_NAME = Grammar(
    "RFC 1123 subdomain",
    "a Kubernetes object name (RFC 1123 subdomain): lower-case labels joined by dots, at most 253 characters",
    ("redis-credentials", "registry.example.com", "a.b-c.0"),
    SUBDOMAIN,
)
SECRET_KEY = Grammar(
    "Secret key",
    "a key of a Secret: at most 253 letters, digits, '-', '_' and '.'",
    ("password", "ca.crt", "_A-1"),
    r"[-._a-zA-Z0-9]{1,253}",
    _secret_key,
)
ObjectName = Annotated[str, OBJECT_NAME]
SecretKeyName = Annotated[str, SECRET_KEY]
LabelKey = Annotated[str, KEY]
LabelValue = Annotated[
    str,
    Grammar(
        "label value",
        "at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit, or empty",
        ("amd64", "eu-west-1a", "V_1.0"),
        LABEL_VALUE,
    ),
]
AnnotationKey = Annotated[
    str,
    Grammar(
        "annotation key",
        KEY.rule,
        ("eks.amazonaws.com/role-arn", "note", "Example.com/Pool_1"),
        check=_annotation_key,
    ),
]
Annotations = Annotated[dict[AnnotationKey, Text], AfterValidator(_fit)]
NodeLabels = dict[LabelKey, LabelValue]
UserId = Annotated[int, Field(ge=1, le=MAXIMUM_ID)]
