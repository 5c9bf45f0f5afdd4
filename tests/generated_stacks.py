"""Stack files that nobody wrote: complete ones in which some leaves have values of their grammar, or nearly."""

from __future__ import annotations

import copy
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from components.settings.base import InputOf
from components.settings.grammars.grammar import Grammar
from components.stack.settings import Settings

Path = tuple[str | int, ...]
Leaf = tuple[Path, st.SearchStrategy[Any]]

LABELLING = '<View><Image name="i" value="$image"/><Choices name="c" toName="i"><Choice value="a"/></Choices></View>'
RESOURCES = {"cpuRequest": "100m", "cpuLimit": "1", "memory": "1Gi"}
S3_KEY = {
    "accessKeyId": {"secretName": "s3", "secretKey": "id"},
    "secretAccessKey": {"secretName": "s3", "secretKey": "key"},
}
ARCHIVE = {"destinationPath": "s3://backups/db", "endpoint": "http://minio.stores.svc:9000", "credentials": S3_KEY}
PROJECT: dict[str, Any] = {
    "name": "cats",
    "title": "Cats",
    "labelConfig": LABELLING,
    "source": {"prefix": "cats/in", "fileFilterRegex": ".*png"},
    "target": {"prefix": "cats/out"},
    "schedule": "*/15 * * * *",
}
ELSEWHERE: dict[str, Any] = {
    "name": "dogs",
    "labelConfig": LABELLING,
    "source": {"bucket": "raw", "region": "eu-west-1", "credentials": S3_KEY, "addresses": ["internet"]},
    "target": None,
}
PAGE: dict[str, Any] = {
    "resources": {"cpuRequest": "100m", "cpuLimit": "2", "memory": "3Gi"},
    "persistence": {"type": "volume", "size": "2Gi"},
    "service": {"type": "LoadBalancer", "annotations": {"example.com/scheme": "internal"}},
    "extraEnvironmentVars": {"LOG_LEVEL": "INFO"},
    "scheduling": {"nodeSelector": {"pool": "a"}, "tolerations": [{"key": "gpu", "operator": "Exists"}]},
    "serviceAccountAnnotations": {"example.com/role": "a"},
}
SHARED_PAGE: dict[str, Any] = {
    **PAGE,
    "persistence": {"type": "s3"},
    "service": {},
    "autoscaling": {"minReplicas": 2, "maxReplicas": 3},
    "ingress": {
        "host": "ls.example.com",
        "className": "nginx",
        "annotations": {"example.com/a": "b"},
        "tls": [{"secretName": "tls", "hosts": ["ls.example.com"]}],
    },
}
DEV = {"environment": "dev", "context": "kind", "podSecurity": "baseline", "imagePullSecrets": ["registry"]}
BASES: list[dict[str, Any]] = [
    {
        "cluster": DEV,
        "postgresql": {"backend": "standalone", "resources": RESOURCES, "parameters": {"max_connections": "200"}},
        "redis": {"backend": "standalone", "options": {"slowlog-max-len": "64"}},
        "objectStore": {"backend": "standalone", "storage": {"size": "5Gi", "storageClass": "fast"}},
        "labelStudio": PAGE,
        "projects": [PROJECT],
    },
    {
        "cluster": {**DEV, "ingressNamespace": "ingress"},
        "postgresql": {
            "backend": "cnpg",
            "walStorage": {"size": "1Gi"},
            "parameters": {"max_connections": "400"},
            "backup": {**ARCHIVE, "schedule": "0 0 3 * * *", "retention": "30d"},
            "restore": {**ARCHIVE, "serverName": "old", "targetTime": "2026-01-02T03:04:05Z"},
        },
        "redis": {"backend": "external", "url": "redis://10.0.0.9:6379/1", "password": {"secretName": "redis"}},
        "objectStore": {
            "backend": "external",
            "bucket": "uploads",
            "region": "eu-west-1",
            "endpoint": "https://10.0.0.8:9000",
            "credentials": S3_KEY,
        },
        "labelStudio": SHARED_PAGE,
        "projects": [PROJECT, ELSEWHERE],
        "images": {"mirror": "registry.example.com/mirror"},
    },
    {
        "cluster": DEV,
        "postgresql": {"backend": "zalando", "instances": 2, "parameters": {"max_connections": "400"}},
        "redis": {"backend": "alauda"},
        "objectStore": {"backend": "tenant", "pools": [{"name": "pool-0", "servers": 4, "volumesPerServer": 1}]},
        "labelStudio": SHARED_PAGE,
    },
    {
        "cluster": DEV,
        "postgresql": {
            "backend": "external",
            "host": "pg.example.com",
            "addresses": ["10.0.0.0/24"],
            "password": {"secretName": "pg"},
            "tls": {"mode": "require"},
            "adminCredentials": {"user": "admin", "password": {"secretName": "pg", "secretKey": "admin"}},
        },
        "redis": {"backend": "none"},
        "objectStore": {"backend": "standalone"},
        "labelStudio": {**PAGE, "chart": {"flavour": "embedded"}},
        "projects": [PROJECT],
    },
]
# What a text that nobody meant may contain: other scripts' digits, blanks, controls, syntax of YAML, shells and URLs.
ODD = st.sampled_from([*"aZ09-_./:*@ \n\t\0\\\"'%${}[]#&|", "\u0661", "\u00e9", "\u200b", "\u2028"])
RAW = st.text(max_size=12) | st.lists(ODD, max_size=8).map("".join)


def near(grammar: Grammar) -> st.SearchStrategy[str]:
    """Texts that are right or nearly: of the pattern, and examples of which one character is another one or gone."""

    def changed(example: str) -> st.SearchStrategy[str]:
        at, gone = st.integers(0, len(example)), st.integers(0, 1)
        return st.builds(lambda at, gone, more: example[:at] + more + example[at + gone :], at, gone, st.just("") | ODD)

    examples = st.sampled_from(grammar.examples)
    of_pattern = [st.from_regex(grammar.pattern, fullmatch=True)] if grammar.pattern else []
    return st.one_of(examples, examples.flatmap(changed), *of_pattern)


@st.composite
def stack_files(draw: st.DrawFn) -> dict[str, Any]:
    """The keys of a stack file in which one to three leaves are other than somebody wrote them."""
    given: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(BASES)))
    leaves = [*leaves_of(Settings, given, ())]
    for path, values in draw(st.lists(st.sampled_from(leaves), min_size=1, max_size=3)):
        put(given, path, draw(values))
    return given


def put(given: Any, path: Path, value: Any) -> None:
    """Set what is at a path; what an earlier change took away stays away."""
    *above, last = path
    try:
        for step in above:
            given = given[step]
        given[last] = value
    except (KeyError, IndexError, TypeError):
        return


def leaves_of(model: type[BaseModel], given: Mapping[str, Any], path: Path) -> Iterator[Leaf]:
    """Every field of the models that are chosen, with values for it; those within lists and nested models too."""
    for name, field in model.model_fields.items():
        key = field.alias or name
        value = given.get(key)
        nested = [*models(field.annotation)]
        if nested and isinstance(value, Mapping):
            yield from leaves_of(chosen(nested, value), value, (*path, key))
        elif nested and isinstance(value, list):
            for index, each in enumerate(value):
                yield from leaves_of(chosen(nested, each), each, (*path, key, index))
        elif not is_tag(field):
            yield (*path, key), values_of(field.annotation, tuple(field.metadata))


def is_tag(field: FieldInfo) -> bool:
    """Whether the field has one possible value, which tells the members of a union apart."""
    return get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is not dict:
        for inner in get_args(annotation):
            yield from models(inner)


def chosen(options: list[type[BaseModel]], given: Mapping[str, Any]) -> type[BaseModel]:
    """The model that takes what is given."""
    for option in options:
        try:
            TypeAdapter(option).validate_python(given)
        except ValidationError:
            continue
        return option
    raise AssertionError(f"no model takes {given}")


def values_of(annotation: Any, metadata: tuple[Any, ...] = ()) -> st.SearchStrategy[Any]:  # noqa: PLR0911
    """Values of a type, right and nearly right."""
    origin, inner = get_origin(annotation), get_args(annotation)
    for each in metadata:
        if isinstance(each, Grammar):
            return near(each) | RAW
        if isinstance(each, InputOf):
            return values_of(each.type)
    if origin is Annotated:
        return values_of(inner[0], annotation.__metadata__)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(values_of, inner))
    if origin is Literal:
        return st.sampled_from(inner) | RAW
    if origin is tuple:
        return st.lists(values_of(inner[0]), max_size=2)
    if origin is dict:
        return st.dictionaries(values_of(inner[0]), values_of(inner[1]), max_size=2)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return model_values(annotation)
    plain = {int: st.integers(-1, 70000) | st.booleans(), bool: st.booleans() | st.integers(0, 1)}
    return {**plain, float: st.floats(-1, 10), type(None): st.none(), str: RAW}[annotation]


def model_values(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings with the required keys of a model and some others."""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    found = {key: values_of(field.annotation, tuple(field.metadata)) for key, field in fields.items()}
    needed = {key: found[key] for key, field in fields.items() if field.is_required()}
    return st.fixed_dictionaries(needed, optional={key: found[key] for key in found.keys() - needed.keys()})
