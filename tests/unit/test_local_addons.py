"""What the add-ons of the embedded cluster consist of: what needs no running cluster."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from local.addons import barman, cnpg
from local.cluster.api import Object
from local.images.catalog import REFERENCES
from local.tools.build import MODULES

# The shape of the plugin's own manifest.yaml, which is in its Go module.
MANIFEST = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: objectstores.barmancloud.cnpg.io}
---
apiVersion: v1
kind: Secret
metadata: {name: plugin-barman-cloud-8tfddg42gf, namespace: cnpg-system}
data: {SIDECAR_IMAGE: bWFpbg==}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: barman-cloud, namespace: cnpg-system}
spec:
  template:
    spec:
      containers: [{name: barman-cloud, image: "registry.example.com/plugin:main", args: [operator]}]
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: barman-cloud-client, namespace: cnpg-system}
spec: {commonName: barman-cloud-client, secretName: barman-cloud-client-tls, usages: [client auth]}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: barman-cloud-server, namespace: cnpg-system}
spec: {commonName: barman-cloud, dnsNames: [barman-cloud], secretName: barman-cloud-server-tls, usages: [server auth]}
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {name: selfsigned-issuer, namespace: cnpg-system}
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "manifest.yaml").write_text(MANIFEST)
    monkeypatch.setattr(barman, "module_directory", lambda group, name: tmp_path)


def test_the_plugin_uses_only_images_that_are_here() -> None:
    objects = {each["kind"]: each for each in barman.objects()}
    assert objects.keys() == {"CustomResourceDefinition", "Secret", "Deployment"}
    [container] = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == REFERENCES["barman_plugin"]
    assert container["imagePullPolicy"] == "IfNotPresent"
    assert container["args"] == ["operator"]
    assert base64.b64decode(objects["Secret"]["data"]["SIDECAR_IMAGE"]).decode() == REFERENCES["barman_sidecar"]


@pytest.mark.parametrize(
    ("secret", "user", "purpose", "names"),
    [
        ("barman-cloud-client-tls", "barman-cloud-client", ExtendedKeyUsageOID.CLIENT_AUTH, []),
        ("barman-cloud-server-tls", "barman-cloud", ExtendedKeyUsageOID.SERVER_AUTH, ["barman-cloud"]),
    ],
)
def test_certificates_vouch_for_themselves_and_serve_one_purpose(
    secret: str, user: str, purpose: x509.ObjectIdentifier, names: list[str]
) -> None:
    made = {each["metadata"]["name"]: each for each in barman.certificates()}[secret]
    assert made["type"] == "kubernetes.io/tls"
    certificate = x509.load_pem_x509_certificate(made["stringData"]["tls.crt"].encode())
    certificate.verify_directly_issued_by(certificate)
    assert [each.value for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == [user]
    assert list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [purpose]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    alternatives = [each.value for each in certificate.extensions if each.oid == ExtensionOID.SUBJECT_ALTERNATIVE_NAME]
    assert [name for each in alternatives for name in each.get_values_for_type(x509.DNSName)] == names
    assert "PRIVATE KEY" in made["stringData"]["tls.key"]


@pytest.mark.parametrize("there", [False, True])
def test_certificates_that_are_there_stay(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Cluster:
        applied: list[str] = []

        def has(self, item: Object) -> bool:
            return there

        def apply(self, items: Iterable[Object]) -> None:
            self.applied += [each["metadata"]["name"] for each in items]

        def available(self, namespace: str, deployment: str) -> bool:
            return (namespace, deployment) == ("cnpg-system", "barman-cloud")

    monkeypatch.setattr(barman, "Api", Cluster)
    monkeypatch.setattr(barman, "load", lambda images: images)
    monkeypatch.setattr("local.images.build.build", dict.fromkeys)
    barman.install()
    assert ("barman-cloud-server-tls" in Cluster.applied) is not there
    assert "barman-cloud" in Cluster.applied


@pytest.mark.parametrize(
    ("image", "group", "module"),
    [
        (image, release.modules, f"github.com/cloudnative-pg/{module}")
        for release in (cnpg.NEWEST, cnpg.FORMER)
        for image, module in (
            (release.operator, "cloudnative-pg"),
            (release.plugin, "plugin-barman-cloud"),
            (release.sidecar, "plugin-barman-cloud"),
        )
    ],
)
def test_tags_are_the_versions_of_the_modules(image: str, group: str, module: str) -> None:
    tag = REFERENCES[image].rpartition(":")[2].removeprefix("v")
    assert re.search(rf"^\s+{module} v{tag}\b", (MODULES / group / "go.mod").read_text(), re.M)


def test_the_plugin_of_the_former_release_uses_the_images_of_its_time() -> None:
    objects = {each["kind"]: each for each in barman.objects(cnpg.FORMER)}
    [container] = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == REFERENCES["former_barman_plugin"]
    sidecar = base64.b64decode(objects["Secret"]["data"]["SIDECAR_IMAGE"]).decode()
    assert sidecar == REFERENCES["former_barman_sidecar"]


@pytest.mark.parametrize("release", [cnpg.NEWEST, cnpg.FORMER])
def test_the_operator_is_that_of_the_manifest_of_its_release(
    release: cnpg.Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = REFERENCES[release.operator]
    version = image.rpartition(":")[2]
    module = tmp_path / f"cloudnative-pg@v{version}"
    (module / "releases").mkdir(parents=True)
    spec = {"template": {"spec": {"containers": [{"image": image, "imagePullPolicy": "Always"}]}}}
    manifest = [{"kind": "Namespace"}, {"kind": "Deployment", "spec": spec}, None]
    (module / "releases" / f"cnpg-{version}.yaml").write_text(yaml.safe_dump_all(manifest))
    monkeypatch.setattr(cnpg, "module_directory", lambda group, name: {release.modules: module}[group])
    [_, deployment] = cnpg.objects(release)
    assert deployment["spec"]["template"]["spec"]["containers"] == [{"image": image, "imagePullPolicy": "IfNotPresent"}]
