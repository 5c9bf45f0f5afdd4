"""Traefik as an ingress controller of class ``traefik``, its entry points on 127.0.0.1."""

from __future__ import annotations

import string
from functools import partial
from pathlib import Path

import yaml

from local.cluster.api import Api, Object, wait
from local.cluster.images import load
from local.images import build as images
from local.images.catalog import REFERENCES

NAMESPACE = "ingress"
CLASS = "traefik"
# Below 30086, where the API server gives out no port by itself.
HTTP_PORT = 30042
HTTPS_PORT = 30043
_MANIFEST = Path(__file__).with_suffix(".yaml")


def install() -> None:
    """Bring the controller up; a second time changes nothing."""
    load([*images.build(["traefik"]).values()])
    api = Api()
    api.apply(objects())
    wait("Traefik to be available", partial(api.available, NAMESPACE, "traefik"), 120)


def remove() -> None:
    """Take the controller away."""
    Api().delete(reversed(objects()))


def objects() -> list[Object]:
    """What it consists of."""
    text = string.Template(_MANIFEST.read_text())
    filled = text.substitute(image=REFERENCES["traefik"], http_port=HTTP_PORT, https_port=HTTPS_PORT)
    return [each for each in yaml.safe_load_all(filled) if each]
