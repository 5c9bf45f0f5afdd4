"""The barman-cloud plugin of CloudNativePG, from the manifest in its Go module, beside the operator.

That manifest names images of the main branch and wants cert-manager; here it gets the images of its release and a pair
of certificates that nobody renews, in Secrets of the same names.
"""

from __future__ import annotations

import base64
from functools import partial

import yaml

from local.addons.cnpg import NAMESPACE, NEWEST, Release
from local.cluster import pki
from local.cluster.api import Api, Object, wait
from local.cluster.images import load
from local.images import build as images
from local.images.catalog import REFERENCES
from local.tools.build import module_directory

_MODULE = "github.com/cloudnative-pg/plugin-barman-cloud"
_DEPLOYMENT = "barman-cloud"
_CERT_MANAGER = "cert-manager.io/v1"
_SECONDS = 120


def install(release: Release = NEWEST) -> None:
    """Bring the plugin up; the operator, which it must find, finds it by itself. A second time changes nothing."""
    load([*images.build([release.plugin, release.sidecar]).values()])
    api = Api()
    api.apply(each for each in certificates(release) if not api.has(each))
    api.apply(objects(release))
    wait("the barman-cloud plugin to be available", partial(api.available, NAMESPACE, _DEPLOYMENT), _SECONDS)


def remove(release: Release = NEWEST) -> None:
    """Take the plugin away, with its custom resources; backups stay where they were written."""
    Api().delete([*reversed(objects(release)), *certificates(release)])


def objects(release: Release = NEWEST) -> list[Object]:
    """The module's manifest but for its certificates, its images those of the release that are here."""
    found = [each for each in _manifest(release) if each["apiVersion"] != _CERT_MANAGER]
    for each in found:
        if each["kind"] == "Deployment":
            container = each["spec"]["template"]["spec"]["containers"][0]
            container |= {"image": REFERENCES[release.plugin], "imagePullPolicy": "IfNotPresent"}
        if each["kind"] == "Secret":
            each["data"] = {"SIDECAR_IMAGE": base64.b64encode(REFERENCES[release.sidecar].encode()).decode()}
    return found


def certificates(release: Release = NEWEST) -> list[Object]:
    """The Secrets that cert-manager would make: operator and plugin know each other by these very certificates."""
    return [_secret(each) for each in _manifest(release) if each["kind"] == "Certificate"]


def _secret(certificate: Object) -> Object:
    spec = certificate["spec"]
    signed, key = pki.self_signed(spec["commonName"], spec.get("dnsNames", ()))
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": spec["secretName"], "namespace": certificate["metadata"]["namespace"]},
        "stringData": {"tls.crt": signed, "tls.key": key},
    }


def _manifest(release: Release) -> list[Object]:
    text = (module_directory(release.modules, _MODULE) / "manifest.yaml").read_text()
    return [each for each in yaml.load_all(text, Loader=yaml.CSafeLoader) if each]
