"""Targets whose state is whole, on both stores, and what each operation reads first: for tests that damage a file."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.gates import _verify
from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _backup, _info, _lifecycle, _prune
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._target import Target
from ansible_collections.doppelganger.ops.plugins.module_utils.state import _journal
from ansible_collections.doppelganger.ops.plugins.module_utils.state._folder import Store
from ansible_collections.doppelganger.ops.plugins.module_utils.state._lease import Lease
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target import _layout as state
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._store import KubeStore
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._target import Files, KubeTarget
from tests.unit.support.kube import FakeCluster
from tests.unit.support.making import app, backup, journal, record_file

BACKUP = "20261123T204105Z-0001-v1"
DATABASE = {"database_service": "db", "database_name": "shop", "database_user": "shop"}
#: each kind of state file, and what is in it
WHOLE: dict[str, Any] = {
    "lease.json": {"holder": "ana@console", "purpose": "deploy v2", "kind": "operation", "token": 7,
                   "acquired": 1000.0, "renewed": 1040.5, "expires": 1100.5, "released": False},
    "operation.json": journal(token=7, phases=[{"name": "backup", "state": "running"}]),
    "current.json": {"release": "0001-v1"},
    "digests.json": {"schema": 1, "key": "0123456789abcdef" * 4},
    "releases/0001-v1/record.json": record_file(1, "v1", config={"env": "e", "inputs": "i", "services": {"web": "x"}}),
    "releases/0001-v1/compose.json": {"services": {"web": {"image": "x"}}, "x-secrets": ["canary"],
                                      "x-contents": {"/etc": "/srv/a"}},  # it has to be there
    "releases/0002-v2/record.json": record_file(2, "v2", "bad"),
    f"backups/{BACKUP}/backup.json": backup(id=BACKUP),
}  # fmt: skip


class _Engine:
    def has_image(self, _: str) -> bool:
        return True

    def containers(self, **_: Any) -> list[Any]:
        return []


class OnHost(ComposeTarget):
    """A compose host without an engine."""

    project = cast(Any, _Engine())


class InCluster(KubeTarget):
    """A namespace of a cluster that is a dict."""

    project = cast(Any, _Engine())

    cluster: Any

    def __init__(self, folder: Path) -> None:
        self.app = app(name="shop", platform="kubernetes", state_dir=str(folder), **DATABASE)
        self.cluster = FakeCluster()
        self.state = self.store = KubeStore(self.cluster, self.app.name)
        self.files = Files(str(folder), self.state)
        self.registry_password = ""

    def lacks(self, record: Any) -> list[str]:
        return []

    def drift(self, record: Any) -> list[str]:
        return []

    def differences(self, record: Any) -> list[str]:
        return []


def on_host(folder: Path) -> Target:
    """A compose host whose state is whole."""
    target = OnHost(app(state_dir=str(folder), **DATABASE))
    for name in WHOLE:
        target.store.write(name, WHOLE[name])
    return target


def in_cluster(folder: Path) -> InCluster:
    """A namespace whose state is whole, and its backups on the controller."""
    target = InCluster(folder)
    for name in WHOLE:
        if name != "lease.json":
            (Store(str(folder)) if name.startswith("backups") else target.store).write(name, WHOLE[name])
    target.cluster.create(state.lease_object(Lease.from_dict(WHOLE["lease.json"]), "shop"))
    return target


def spoil(target: Target, name: str, content: bytes) -> None:
    """Put something else into a state file."""
    if isinstance(target, InCluster) and not name.startswith("backups"):
        kind, item, key = state.place_of(name)
        secret = target.cluster.objects["Secret", state.object_name("shop", kind, item)]
        secret["data"] = {**secret["data"], key: base64.b64encode(content).decode()}
        return
    (target.files.root / name).write_bytes(content)


def _call(step: Any, target: Target, check_mode: bool = True, **params: Any) -> Any:
    defaults = {name: option.get("default") for name, option in step.spec.items()}
    return step.run(target, {**defaults, "operator": "bo@console", "reason": "a test", **params}, check_mode)


WANTED = {"version": "v3", "source": record_file()["source"], "env": "e", "inputs": "i", "services": ["web"]}
#: what each operation asks of the state before it does anything
OPERATIONS: dict[str, Callable[[Target], Any]] = {
    "releases": lambda target: _call(_info.INFO, target),
    "deploy": lambda target: (
        _info.situation(target),
        _call(_lifecycle.START, target, operation="deploy", subject="v3", wanted=WANTED),
    ),
    "planning": lambda target: target.digests.of({"A": "1"}),
    "rollback": lambda target: _call(_lifecycle.RESOLVE, target, release="v1"),
    "verify": lambda target: (_verify.what_ought_to_run(target.store, {}), target.redactor),
    "restore": lambda target: _backup.read(target, BACKUP),
    "lock": lambda target: _call(_info.LOCK, target, state="present"),
    "unlock": lambda target: _call(_info.LOCK, target, state="absent"),
    "the end": lambda target: (_journal.Operation(target.store, 7, 60).journal(), _prune.prune(target, 7)),
}


def unlock(target: Target) -> dict[str, Any]:
    """Take the lease away."""
    found: dict[str, Any] = _call(_info.LOCK, target, False, state="absent")
    return found


def as_bytes(data: Any) -> bytes:
    """A state file as it is written."""
    return json.dumps(data).encode()
