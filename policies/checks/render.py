"""What a Release or Chart of the stack would really apply, rendered once for each chart and values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import helm as helms
from .helm import PROJECT, NoHelmError, RenderError
from .releases import Release, release_of
from .resources import Resource, from_document
from .values import UNKNOWN, walk

DEFAULT_NAMESPACE = "default"
METADATA = "Chart.yaml"
# A member of a map of annotations: of pods, Services, service accounts and others.
ANNOTATION = re.compile(r"[aA]nnotations\.[^.]+$")
OWN_CHART = PROJECT / "charts" / "label-studio"


@dataclass(frozen=True)
class Rendering:
    """The manifests of a release, or why there are none; ``digest`` is that of a chart that is here.

    ``is_own`` is true of the embedded chart: where its schema refuses values, helm applies nothing either.
    """

    manifests: tuple[Resource, ...] = ()
    error: str = ""
    digest: str = ""
    unforeseeable: bool = False
    has_no_helm: bool = False
    is_own: bool = False


def rendered(resource: Resource) -> list[Resource]:
    """The manifests of a release as resources; none where it is no release, or cannot be rendered."""
    return list(rendering_of(resource).manifests)


def rendering_of(resource: Resource, helm: str = "") -> Rendering:
    """What helm makes of a release."""
    release = release_of(resource)
    if release is None or not isinstance(resource.props.get("chart"), str) or release.values is UNKNOWN:
        return Rendering()
    props = {key: resource.props.get(key) for key in ("name", "chart", "version", "repositoryOpts")}
    namespace = str(resource.props.get("namespace") or DEFAULT_NAMESPACE)
    texts = _texts(str(props["chart"]), release)
    found = _render(
        helm,
        _key({"name": resource.name, **{key: value for key, value in props.items() if value}}),
        _key(release.values),
        namespace,
        helms.digest(texts) if texts else "",
    )
    documents, error = found
    if error and _has_placeholders(release.values):
        # A placeholder stands for what the update will know, and it may fit nowhere: the update asks again.
        error = ""
    manifests = tuple(from_document(document, resource, namespace) for document in documents)
    digest = helms.digest(texts) if texts else ""
    no_helm = error.endswith(helms.NO_HELM)
    return Rendering(manifests, error, digest, helms.unforeseeable(texts), no_helm, _is_own(texts))


def _has_placeholders(values: Any) -> bool:
    """Whether something is unknown that may not fit as a text; annotations are texts in every chart."""
    return any(value is UNKNOWN for path, value in walk(values) if not ANNOTATION.search(path))


def _is_own(texts: Mapping[str, str]) -> bool:
    """Whether a chart is the embedded one, or a copy of it that names another version of Label Studio."""
    own = _texts_of(str(OWN_CHART), _stamp(OWN_CHART))
    return {**texts, METADATA: ""} == {**own, METADATA: ""}


def _texts(chart: str, release: Release) -> dict[str, str]:
    path = PROJECT / chart
    if release.is_remote or not path.exists():
        return {}
    return _texts_of(str(path), _stamp(path))


@lru_cache(maxsize=32)
def _texts_of(path: str, _: str) -> dict[str, str]:
    try:
        return helms.template_texts(Path(path))
    except OSError:
        return {}


def _stamp(path: Path) -> str:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return str(max((file.stat().st_mtime_ns for file in files), default=0)) + str(len(files))


def _key(value: Any) -> str:
    return json.dumps(value, default=lambda _: helms.PLACEHOLDER, sort_keys=True)


@lru_cache(maxsize=256)
def _render(
    helm: str, props: str, values: str, namespace: str, digest: str
) -> tuple[tuple[Mapping[str, Any], ...], str]:
    given = json.loads(props)
    path = PROJECT / given["chart"]
    texts = _texts_of(str(path), _stamp(path)) if digest else {}
    documents: list[Mapping[str, Any]] = []
    written: set[str] = set()
    try:
        for index, flags in enumerate(helms.variations(texts)):
            try:
                made = helms.render(helm or helms.find_helm(), given, json.loads(values), namespace, flags)
            except NoHelmError:
                raise
            except RenderError:
                # A chart may refuse versions of Kubernetes; the run without flags has to work.
                if index == 0:
                    raise
                continue
            for document in _flat(made):
                text = json.dumps(document, default=str, sort_keys=True)
                if text not in written:
                    written.add(text)
                    documents.append(document)
    except RenderError as error:
        return (), str(error)
    return tuple(documents), ""


def _flat(documents: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """The objects themselves, out of their lists; what is no object counts as one of an unknown kind."""
    for document in documents:
        if isinstance(document, Mapping) and isinstance(document.get("items"), list):
            yield from _flat(document["items"])
        else:
            yield document if isinstance(document, Mapping) else {"apiVersion": "v1", "kind": "unknown"}
