"""Files that an inventory or a repository names and that are none: refused by name, and nobody waits for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _env_files
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.files import _source
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.http import _client
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.login._access import Way
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.login._login import open_way
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests import _files as manifests
from tests.unit.support.making import app
from tests.unit.support.special_files import SPECIAL, make


def tls_of_a_check(path: Path) -> None:
    options = {"url": "https://a/", "headers": {}, "method": "GET", "validate_certs": True, "ca_file": str(path)}
    _client.request_for(options)


def compose_file(path: Path) -> None:
    for source in ("git", "directory"):
        with pytest.raises(Refused):
            _source.read(app(source=source, compose_files=[path.name]), path.parent, "v1")
    _source.read(app(compose_files=[path.name]), path.parent, "v1")


def manifest(path: Path) -> None:
    manifests.read([path], manifests.Context("shop", "shop", "v1"))


def kubeconfig(path: Path) -> None:
    open_way(Way(kubeconfig=str(path), source="it"))


def second_kubeconfig(path: Path) -> None:
    open_way(Way(kubeconfig=f"{path.parent / 'none'}:{path}", source="it"))


def authority(path: Path) -> None:
    open_way(Way("https://a", "token", ca_cert=str(path), source="it"))


def named_by_a_kubeconfig(key: str) -> Callable[[Path], None]:
    def read(path: Path) -> None:
        cluster: dict[str, Any] = {"server": "https://a"}
        user: dict[str, Any] = {"token": "t"} if key == "certificate-authority" else {}
        (cluster if key == "certificate-authority" else user)[key] = str(path)
        if key == "client-key":
            user["client-certificate-data"] = "aaaa"
        text = {
            "current-context": "a",
            "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
            "clusters": [{"name": "a", "cluster": cluster}],
            "users": [{"name": "a", "user": user}],
        }
        (path.parent / "config").write_text(yaml.safe_dump(text))
        open_way(Way(kubeconfig=str(path.parent / "config"), source="it"))

    return read


READERS: dict[str, Callable[[Path], Any]] = {
    "an env file": lambda path: _env_files.read(str(path)),
    "certificates of a check": tls_of_a_check,
    "a compose file": compose_file,
    "a manifest": manifest,
    "a template": lambda path: manifest(path.rename(path.with_suffix(".yml.j2"))),
    "a kubeconfig": kubeconfig,
    "the second kubeconfig": second_kubeconfig,
    "an authority": authority,
    **{f"{key} of a kubeconfig": named_by_a_kubeconfig(key)
       for key in ("certificate-authority", "tokenFile", "client-certificate", "client-key")},
}  # fmt: skip


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("reader", list(READERS))
def test_what_is_no_file_is_refused_by_name_at_once(tmp_path: Path, reader: str, kind: str) -> None:
    if kind == "folder" and reader in ("a manifest", "a template"):
        return  # which is what manifests may be in
    path = make(kind, tmp_path)
    with pytest.raises(Refused, match=rf"(?:{re.escape(str(path))}|a-{kind}\S*) .*a {kind}"):
        READERS[reader](path)
