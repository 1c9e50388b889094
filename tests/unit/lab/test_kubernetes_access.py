"""Who the cluster's authority vouches for, and who can read that."""

import base64
import os
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from tests.lab.kubernetes import access
from tests.lab.kubernetes.certificates import Authority, Identity
from tests.lab.kubernetes.place import Place

AUTHORITY = Authority.make("an authority")


def issue(identity: Identity) -> x509.Certificate:
    return x509.load_pem_x509_certificate(AUTHORITY.issue(identity).certificate)


@pytest.mark.parametrize(
    ("identity", "subject"),
    [
        (Identity("admin", groups=("system:masters",)), {"CN": ["admin"], "O": ["system:masters"]}),
        (Identity("someone"), {"CN": ["someone"], "O": []}),
        (Identity("someone", groups=("a", "b")), {"CN": ["someone"], "O": ["a", "b"]}),
    ],
    ids=["one group", "no group", "two groups"],
)
def test_a_certificate_names_the_user_and_the_groups(identity: Identity, subject: dict[str, list[str]]) -> None:
    found = issue(identity).subject
    for attribute, oid in (("CN", NameOID.COMMON_NAME), ("O", NameOID.ORGANIZATION_NAME)):
        assert sorted(str(each.value) for each in found.get_attributes_for_oid(oid)) == subject[attribute]


@pytest.mark.parametrize(
    ("identity", "purposes"),
    [
        (Identity("client"), {ExtendedKeyUsageOID.CLIENT_AUTH}),
        (Identity("server", names=("a",)), {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}),
        (Identity("server", addresses=("::1",)), {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}),
    ],
    ids=["no address", "a name", "an address"],
)
def test_only_who_has_an_address_is_a_server(identity: Identity, purposes: set[x509.ObjectIdentifier]) -> None:
    assert set(issue(identity).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == purposes


def test_a_server_is_trusted_under_its_names_alone() -> None:
    certificate = issue(Identity("server", names=("a.example",)))
    policy = PolicyBuilder().store(Store([AUTHORITY.certificate]))
    assert policy.build_server_verifier(x509.DNSName("a.example")).verify(certificate, [])
    with pytest.raises(x509.verification.VerificationError):
        policy.build_server_verifier(x509.DNSName("b.example")).verify(certificate, [])


def test_the_authority_is_one_to_a_strict_reader() -> None:
    extensions = AUTHORITY.certificate.extensions
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert constraints.critical
    assert constraints.value.ca
    assert usage.critical
    assert usage.value.key_cert_sign
    assert usage.value.crl_sign


def test_a_certificate_outlives_the_cache_and_bears_a_clock_put_back() -> None:
    certificate, now = issue(Identity("someone")), datetime.now(UTC)
    assert certificate.not_valid_before_utc < now - timedelta(minutes=30)
    assert certificate.not_valid_after_utc > now + timedelta(days=3000)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    written = Place(tmp_path, "192.0.2.1", "unix:///engine.sock", "cgroupfs", folder=tmp_path / "cluster")
    before = os.umask(0)
    try:
        access.write(written)
    finally:
        os.umask(before)
    return written


def test_no_other_user_reads_what_lets_one_in(place: Place) -> None:
    files = [path for path in place.folder.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


@pytest.mark.parametrize("name", ["kubeconfig", "kubelet.kubeconfig", "kube-proxy.kubeconfig"])
def test_a_kubeconfig_is_whole_in_itself(place: Place, name: str) -> None:
    config = yaml.safe_load(place.config(name).read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    assert cluster["server"] == place.server
    assert [each["name"] for each in config["contexts"]] == [config["current-context"]]
    trust = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    assert len(trust.get_ca_certs()) == 1
    assert b"PRIVATE KEY" in base64.b64decode(user["client-key-data"])
