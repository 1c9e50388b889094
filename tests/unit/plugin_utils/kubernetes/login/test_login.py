"""Which cluster and as whom, from what an inventory, AWX and the user's files say."""

from __future__ import annotations

import base64
import itertools
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._clock import ServerClock
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.login import _access, _sdk
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.login._access import Access, Way
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.login._login import Login, open_way, way_to

AWX = {"K8S_AUTH_HOST": "https://awx", "K8S_AUTH_API_KEY": "t-awx", "K8S_AUTH_VERIFY_SSL": "True"}
POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}


@pytest.mark.parametrize(
    ("options", "token", "environment", "home", "found"),
    [
        pytest.param({"host": "https://a", "ca_cert": "ca"}, "t", AWX, True,
                     {"host": "https://a", "token": "t", "ca_cert": "ca"}, id="a host before everything"),
        pytest.param({"host": "https://awx/"}, "", AWX, True, {"host": "https://awx/", "token": "t-awx"},
                     id="the credential's token for the credential's host"),
        pytest.param({"host": "https://a"}, "", {"K8S_AUTH_API_KEY": "t"}, True, {"host": "https://a", "token": "t"},
                     id="a token for no host in particular"),
        pytest.param({"kubeconfig": "k", "context": "c"}, "", AWX, True, {"kubeconfig": "k", "context": "c"},
                     id="a kubeconfig before the credential"),
        pytest.param({"context": "c"}, "", {"KUBECONFIG": "e"}, True, {"kubeconfig": "e", "context": "c"},
                     id="a context of the usual file"),
        pytest.param({}, "", {**AWX, "K8S_AUTH_SSL_CA_CERT": "ca"}, True,
                     {"host": "https://awx", "token": "t-awx", "ca_cert": "ca"}, id="the credential"),
        pytest.param({}, "own", AWX, True, {"host": "https://awx", "token": "own"}, id="our token before its own"),
        pytest.param({}, "", {"K8S_AUTH_KUBECONFIG": "k", "K8S_AUTH_CONTEXT": "c", "KUBECONFIG": "e"}, True,
                     {"kubeconfig": "k", "context": "c"}, id="the credential's kubeconfig"),
        pytest.param({}, "", {"KUBECONFIG": "e", **POD}, True, {"kubeconfig": "e"}, id="KUBECONFIG"),
        pytest.param({}, "", POD, True, {"kubeconfig": "~/.kube/config"}, id="the one at home"),
        pytest.param({}, "", POD, False, {"source": "the service account of this pod"}, id="the pod"),
        pytest.param({"kubeconfig": "k"}, "", {**AWX, "K8S_AUTH_VERIFY_SSL": "False"}, True, {"is_verified": True},
                     id="the credential's switch is for the credential"),
        pytest.param({}, "", {**AWX, "K8S_AUTH_VERIFY_SSL": "False"}, True, {"is_verified": False},
                     id="what AWX injects where the credential has no authority"),
        pytest.param({"validate_certs": False}, "", AWX, True, {"is_verified": False}, id="turned off"),
        pytest.param({"is_development": True}, "", AWX, True, {"is_development": True}, id="development"),
    ],
)  # fmt: skip
def test_the_way_to_the_cluster(
    options: dict[str, Any], token: str, environment: dict[str, str], home: bool, found: dict[str, Any]
) -> None:
    way = way_to(options, token, environment, has_home_config=home)
    assert {name: getattr(way, name) for name in found} == found
    if "kubeconfig" in found:
        assert way.host == ""
    assert "t-awx" not in repr(way)


@pytest.mark.parametrize(
    ("options", "environment", "words"),
    [
        ({}, {}, "found none"),
        ({"host": "https://a", "kubeconfig": "k"}, {}, "found both"),
        ({"host": "https://other"}, AWX, "is for https://awx"),
    ],
)
def test_a_way_that_is_refused(options: dict[str, Any], environment: dict[str, str], words: str) -> None:
    with pytest.raises(Refused, match=words) as error:
        way_to(options, "", environment, has_home_config=False)
    assert error.value.hint
    assert "t-awx" not in error.value.message


# with files


def pair() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ana")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1)).sign(key, SHA256())
    )  # fmt: skip
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM), plain


CERTIFICATE, KEY = pair()


def kubeconfig(folder: Path, user: dict[str, Any], **cluster: Any) -> Way:
    authority = base64.b64encode(CERTIFICATE).decode()
    about = {"server": "https://127.0.0.1:1", "certificate-authority-data": authority, **cluster}
    if "certificate-authority" in cluster:
        del about["certificate-authority-data"]
    path = folder / "kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "clusters": [{"name": "c", "cluster": about}],
                "users": [{"name": "u", "user": user}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
        )
    )
    return way_to({"kubeconfig": str(path)}, "", {}, has_home_config=False)


def made_in(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir(exist_ok=True)
    return path


def facts(access: Access) -> tuple[Any, ...]:
    contents = [Path(file).read_bytes() for file in (access.ca_file, access.cert_file, access.key_file) if file]
    return access.server, access.headers(), access.server_name, access.is_verified, contents


def plugin(folder: Path, status: dict[str, Any], code: int = 0) -> dict[str, Any]:
    version = "client.authentication.k8s.io/v1beta1"
    said = json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status})
    path = folder / "plugin"
    path.write_text(f"#!/bin/sh\necho x >>{folder}/asked\necho '{said}'\necho no such user >&2\nexit {code}\n")
    path.chmod(0o700)
    return {"exec": {"apiVersion": version, "command": str(path)}}


def test_keys_of_a_kubeconfig_are_left_in_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    user = {"client-certificate-data": base64.b64encode(CERTIFICATE).decode(),
            "client-key-data": base64.b64encode(KEY).decode()}  # fmt: skip
    for _ in range(2):
        login = open_way(kubeconfig(tmp_path, user))
        assert login.tls is not None
        assert login.tls.verify_mode is ssl.CERT_REQUIRED
        assert login.headers() == {}
        assert list((tmp_path / "tmp").iterdir()) == []


def test_a_token_file_is_read_anew_when_the_way_is_opened_anew(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one")
    way = kubeconfig(tmp_path, {"tokenFile": "token"})
    assert open_way(way).headers() == {"authorization": "Bearer one"}
    (tmp_path / "token").write_text("two")
    assert open_way(way).headers() == {"authorization": "Bearer two"}


@pytest.mark.parametrize("user", [{"tokenFile": "token"}, {"token": "secret\n"}])
def test_the_line_break_at_the_end_of_a_token_is_none_of_it(tmp_path: Path, user: dict[str, Any]) -> None:
    (tmp_path / "token").write_text("secret\n")
    assert open_way(kubeconfig(tmp_path, user)).headers() == {"authorization": "Bearer secret"}


@pytest.mark.parametrize("token", ["sec\nret", "sec\r\nX: ret", "secr€t"])
def test_a_token_that_no_header_can_hold_is_refused_and_not_shown(tmp_path: Path, token: str) -> None:
    with pytest.raises(Refused, match="one line of plain characters") as caught:
        open_way(kubeconfig(tmp_path, {"token": token})).headers()
    assert "ret" not in str(caught.value)


def test_an_exec_plugin_gives_a_token_and_is_asked_again_when_it_expires(tmp_path: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    login = open_way(kubeconfig(tmp_path, plugin(tmp_path, {"token": "t", "expirationTimestamp": soon})))
    assert login.headers() == {"authorization": "Bearer t"}
    assert (tmp_path / "asked").read_text().count("x") == 2


def test_an_exec_plugin_that_fails_is_named_instead_of_asking_as_nobody(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"Cannot log in with the kubeconfig .* no such user"):
        open_way(kubeconfig(tmp_path, plugin(tmp_path, {}, code=1)))


def test_an_exec_plugin_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.login import _sdk

    monkeypatch.setattr(_sdk, "_PROGRAM_SECONDS", 0.5)
    user = plugin(tmp_path, {})
    (tmp_path / user["exec"]["command"]).write_text("#!/bin/sh\nsleep 60 & sleep 60\n")
    began = time.monotonic()
    with pytest.raises(Refused, match=r"Cannot log in with the kubeconfig .* did not end"):
        open_way(kubeconfig(tmp_path, user))
    assert time.monotonic() - began < 10


def test_our_token_goes_before_the_one_of_a_kubeconfig(tmp_path: Path) -> None:
    way = kubeconfig(tmp_path, {"token": "theirs"})
    assert open_way(Way(**{**vars(way), "token": "ours"})).headers() == {"authorization": "Bearer ours"}


def test_what_is_usual_is_read_as_the_sdk_reads_it(tmp_path: Path) -> None:
    for name, content in (("ca.crt", CERTIFICATE), ("ana.crt", CERTIFICATE), ("ana.key", KEY), ("token", b"filed")):
        (tmp_path / name).write_bytes(content)
    authority = base64.b64encode(CERTIFICATE).decode()
    certificate = {"client-certificate-data": authority, "client-key-data": base64.b64encode(KEY).decode()}
    users: list[dict[str, Any]] = [
        {"token": "t"}, {"tokenFile": "token"}, {"token": "t", "tokenFile": "token"}, certificate,
        {"client-certificate": "ana.crt", "client-key": "ana.key"},
    ]  # fmt: skip
    clusters: list[dict[str, Any]] = [
        {}, {"certificate-authority": "ca.crt"}, {"server": "https://127.0.0.1:1/"},
        {"tls-server-name": "kubernetes"}, {"insecure-skip-tls-verify": True},
    ]  # fmt: skip
    for user, cluster in itertools.product(users, clusters):
        way = kubeconfig(tmp_path, user, **cluster)
        ours = _access.usual(way, str(made_in(tmp_path, "ours")))
        theirs = _sdk.told(way, str(made_in(tmp_path, "theirs")))
        assert ours is not None
        assert facts(ours) == facts(theirs)
        assert ours.pool.connection_pool_kw["maxsize"] == theirs.pool.connection_pool_kw["maxsize"]
        server_names = [pool.connection_pool_kw.get("server_hostname") for pool in (ours.pool, theirs.pool)]
        assert server_names == [cluster.get("tls-server-name")] * 2


@pytest.mark.parametrize(
    ("user", "cluster", "environment"),
    [
        pytest.param({"exec": {"command": "x"}}, {}, {}, id="a program that logs in"),
        pytest.param({"auth-provider": {"name": "oidc"}}, {}, {}, id="an identity provider"),
        pytest.param({"username": "u", "password": "p"}, {}, {}, id="a password"),
        pytest.param({}, {}, {}, id="no login"),
        pytest.param({"tokenFile": "none"}, {}, {}, id="a file that is missing"),
        pytest.param({"token": "t"}, {"proxy-url": "http://p"}, {}, id="a proxy"),
        pytest.param({"token": "t"}, {}, {"HTTPS_PROXY": "http://p"}, id="a proxy in the environment"),
    ],
)
def test_what_is_not_usual_is_left_to_the_sdk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: dict[str, Any], cluster: dict[str, Any],
    environment: dict[str, str],
) -> None:  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert _access.usual(kubeconfig(tmp_path, user, **cluster), str(tmp_path)) is None


def test_a_pod_reads_its_token_for_each_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    way = way_to({}, "", POD, has_home_config=False)
    monkeypatch.setattr(_access, "_SERVICE_ACCOUNT", tmp_path)
    for name, value in {**POD, "KUBERNETES_SERVICE_PORT": "443"}.items():
        monkeypatch.setenv(name, value)
    assert _access.usual(way, str(tmp_path)) is None
    (tmp_path / "ca.crt").write_bytes(CERTIFICATE)
    (tmp_path / "token").write_text("one")
    login = open_way(way)
    assert login.server == "https://10.0.0.1:443"
    assert login.headers() == {"authorization": "Bearer one"}
    (tmp_path / "token").write_text("two")
    assert login.headers() == {"authorization": "Bearer two"}


def test_the_sdk_is_not_imported_for_what_is_usual(tmp_path: Path) -> None:
    code = "import sys; sys.path[:0] = {path!r}; from {module} import open_way, way_to; {call}; assert not {found}"
    text = code.format(
        path=sys.path, module=open_way.__module__, found="'kubernetes' in sys.modules",
        call=f"open_way(way_to({{'kubeconfig': {kubeconfig(tmp_path, {'token': 't'}).kubeconfig!r}}}, '', {{}}, "
        "has_home_config=False))",
    )  # fmt: skip
    subprocess.run([sys.executable, "-c", text], check=True)


@pytest.mark.parametrize(
    ("options", "cluster", "words"),
    [
        ({}, {"insecure-skip-tls-verify": True}, "found a check that is turned off"),
        ({"validate_certs": False}, {}, "found a check that is turned off"),
        ({}, {"server": "http://127.0.0.1:1"}, "found plain http"),
    ],
)
def test_certificates_are_checked_but_in_development(
    tmp_path: Path, options: dict[str, Any], cluster: dict[str, Any], words: str
) -> None:
    kubeconfig(tmp_path, {"token": "t"}, **cluster)
    given = {"kubeconfig": str(tmp_path / "kubeconfig"), **options}
    with pytest.raises(Refused, match=words) as error:
        open_way(way_to(given, "", {}, has_home_config=False))
    assert "ca_cert" in error.value.hint
    login = open_way(way_to({**given, "is_development": True}, "", {}, has_home_config=False))
    assert isinstance(login, Login)
    assert login.tls is None or login.tls.verify_mode is ssl.CERT_NONE


@pytest.mark.parametrize("text", ["", "- 1\n", "{", "clusters: []\ncontexts: []\nusers: []\n"])
def test_a_kubeconfig_of_no_use_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken"
    path.write_text(text)
    with pytest.raises(Refused) as error:
        open_way(way_to({"kubeconfig": str(path)}, "", {}, has_home_config=False))
    assert str(path) in error.value.message


def test_files_that_are_missing_are_named(tmp_path: Path) -> None:
    for options in ({"kubeconfig": f"{tmp_path}/none"}, {"host": "https://a", "ca_cert": f"{tmp_path}/none"}):
        with pytest.raises(Refused, match=f"{tmp_path}/none"):
            open_way(way_to(options, "t", os.environ, has_home_config=False))


# the clock


@pytest.mark.parametrize(
    ("heard", "ahead"),
    [
        pytest.param([], 0.0, id="nothing"),
        pytest.param([(100, 100.2, 100.3)], 0.0, id="the same second"),
        pytest.param([(99, 100.01, 100.02)], -0.01, id="the server is at most 10 ms behind"),
        pytest.param([(130, 100.0, 100.5)], 29.5, id="the server is ahead"),
        pytest.param([(130, 100.0, 100.5), (131, 100.9, 101.0)], 30.0, id="and a second answer tells more"),
        pytest.param([(40, 100.5, 100.6)], -59.5, id="the server is behind"),
        pytest.param([(130, 100.0, 100.0), (200, 200.0, 200.0)], 0.0, id="a clock was set"),
    ],
)
def test_how_far_the_server_is_ahead(heard: list[tuple[float, float, float]], ahead: float) -> None:
    clock = ServerClock()
    for said, sent, received in heard:
        clock.heard(datetime.fromtimestamp(said, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"), sent, received)
    clock.heard(None, 0, 0)
    clock.heard("yesterday", 0, 0)
    assert clock.ahead == pytest.approx(ahead)
