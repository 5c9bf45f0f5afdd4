"""Helm releases: which one is Label Studio's, and where its chart looks for each value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import yaml

from .resources import Resource
from .values import UNKNOWN, at, items, mapping, plain, walk

RELEASE_TYPE = re.compile(r"kubernetes:helm\.sh/v\d+:(Release|Chart)")
COMPONENT = re.compile(r"label-studio:[\w-]+:LabelStudio\$")
PROJECT = Path(__file__).resolve().parent.parent.parent
# The chart of Alauda AI has the upstream chart as a dependency of this name; its `global` stays on top.
NESTING_CHART = "chart-label-studio"
NESTED_UNDER = "label-studio"


@dataclass(frozen=True)
class Release:
    """A release of any chart. ``values`` are those of the value files with the inline ones laid over them."""

    resource: Resource
    values: Any
    unreadable: tuple[str, ...]

    @property
    def label(self) -> str:
        """How messages call the release."""
        return f"Release {self.resource.name}"

    @property
    def chart(self) -> str:
        """Name of the chart, without repository, folder, version or suffix; empty where it is unknown."""
        given = self.resource.props.get("chart")
        last = given.rstrip("/").rsplit("/", 1)[-1] if isinstance(given, str) else ""
        return re.sub(r"(-v?\d+(\.\d+)+[^/]*)?\.tgz$", "", last).split(":", 1)[0]

    @property
    def is_label_studio(self) -> bool:
        """By its chart, by the component it is part of, or by what its values speak of."""
        if "label-studio" in self.chart or "labelstudio" in self.chart or COMPONENT.search(self.resource.urn):
            return True
        return any("LABEL_STUDIO_" in path.upper() or path.endswith("global.pgConfig") for path, _ in walk(self.values))

    @property
    def is_published(self) -> bool:
        """Whether the chart is one that somebody else publishes, rather than a folder of this project."""
        given = self.resource.props.get("chart")
        fetched = isinstance(given, str) and (given.startswith("oci://") or given.endswith(".tgz"))
        return fetched or bool(at(self.resource.props, "repositoryOpts", "repo"))

    @property
    def is_remote(self) -> bool:
        """Whether the chart has to be fetched, rather than being a folder or archive on this machine."""
        given = self.resource.props.get("chart")
        fetched = isinstance(given, str) and "://" in given
        return fetched or bool(at(self.resource.props, "repositoryOpts", "repo"))

    def path(self, *keys: str) -> str:
        """Where a value of the chart is written in this release, for a message."""
        return ".".join(self._keys(*keys))

    def get(self, *keys: str) -> Any:
        """The value that the chart reads as ``.Values.<keys>``."""
        return at(self.values, *self._keys(*keys))

    def _keys(self, *keys: str) -> tuple[str, ...]:
        return (NESTED_UNDER, *keys) if self.is_nested and keys[0] != "global" else keys

    @property
    def is_nested(self) -> bool:
        """Whether values of the application are under ``label-studio``; an archive may have any name."""
        values = mapping(self.values)
        renamed = self.is_published and NESTED_UNDER in values and "app" not in values
        return self.chart == NESTING_CHART or (renamed and self.chart != NESTED_UNDER)


def release_of(resource: Resource) -> Release | None:
    """The release that a resource is, if it is one."""
    if not RELEASE_TYPE.fullmatch(resource.type):
        return None
    inline = resource.props.get("values")
    files, unreadable = _value_files(resource.props.get("valueYamlFiles"))
    values = UNKNOWN if inline is UNKNOWN else _merge(files, mapping(inline))
    return Release(resource, values, unreadable)


def label_studio_release(resource: Resource) -> Release | None:
    """The release that a resource is, if it installs Label Studio."""
    release = release_of(resource)
    return release if release and release.is_label_studio else None


def _value_files(assets: Any) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    values: Mapping[str, Any] = {}
    unreadable = []
    files = [assets] if assets is UNKNOWN else items(assets)
    for index, asset in enumerate(files):
        try:
            # Keys of YAML may be numbers; those of values are texts.
            values = _merge(values, mapping(plain(yaml.safe_load(_text(asset)))))
        except (OSError, TypeError, ValueError, yaml.YAMLError):
            unreadable.append(f"valueYamlFiles[{index}]")
    return values, tuple(unreadable)


def _text(asset: Any) -> str:
    text = asset.text if isinstance(asset, pulumi.StringAsset) else at(asset, "text")
    path = asset.path if isinstance(asset, pulumi.FileAsset) else at(asset, "path")
    if isinstance(text, str) and not (path and not text):
        return text
    if isinstance(path, str):
        written = (PROJECT / path).read_bytes()
        try:
            return written.decode("utf-8-sig")
        except UnicodeDecodeError:
            return written.decode("latin-1")
    raise TypeError(type(asset).__name__)


def _merge(below: Any, above: Any) -> Any:
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    return {key: _merge(below.get(key), above[key]) if key in above else below[key] for key in {**below, **above}}


def security_contexts(release: Release) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Security contexts that the values write out; what they leave to the chart shows in its rendered manifests."""
    for path, value in walk(release.values):
        if path.lower().endswith("securitycontext") and isinstance(value, Mapping):
            yield path, value
