# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Monitoring on a host: its files as they are wanted, its containers, a reload, and whether it works."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils import _apply, _command, _engine_actions
from ansible_collections.doppelganger.ops.plugins.module_utils._compose import Compose
from ansible_collections.doppelganger.ops.plugins.module_utils._engine import Project
from ansible_collections.doppelganger.ops.plugins.module_utils._entry import Entry
from ansible_collections.doppelganger.ops.plugins.module_utils._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils._monitoring_checks import (
    Server,
    refuse_wrong,
    wait_for,
    wrong,
)

#: SIOCGIFADDR of ioctl
_ADDRESS_OF_A_DEVICE = 0x8915
COMPOSE_FILE, VARIABLES = "compose.yml", ".env"
#: who runs the servers where we are root: the user that owns nothing, as in the official images
_NOBODY = 65534
#: folders that the servers write to, and folders that hold nothing but what is ours
_DATA = ("data/prometheus", "data/alertmanager")
_OURS = ("prometheus/rules", "secrets", "database", "grafana/dashboards")
#: files that are only read by a service when it starts
_READ_AT_START = {
    "secrets/database_password": "database",
    "secrets/cache_password.json": "cache",
    "database/queries.yml": "database",
}


@dataclass(frozen=True)
class File:
    """A file as it is wanted."""

    path: str
    content: str
    is_secret: bool = False


def differences(folder: Path, wanted: Sequence[File]) -> list[dict[str, str]]:
    """What of the files is different or gone, without what is secret."""
    found = []
    for file in wanted:
        before = _read(folder / file.path)
        if before == file.content:
            continue
        shown = ("(secret)\n" if before is not None else "", "(another secret)\n") if file.is_secret else None
        old, new = shown or (before or "", file.content)
        name = str(folder / file.path)
        found.append({"before_header": name, "after_header": name, "before": old, "after": new})
    return found


def wanted_files(params: Mapping[str, Any]) -> list[File]:
    """The files of a task's parameters, with the secrets as files of their own."""
    found = [File(one["path"], one["content"]) for one in params["files"]]
    for name, value in sorted(params["secrets"].items()):
        if value and name == "cache_password":
            found.append(File("secrets/cache_password.json", json.dumps({params["cache_address"]: value}), True))
        elif value:
            found.append(File(f"secrets/{name}", str(value), True))
    return found


class Setup:
    """One place where monitoring is set up: a compose project, or only a folder with rules."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        self.folder = Path(params["folder"])
        self.project = str(params["project"])
        self.files = wanted_files(params)
        if self.project:
            self.files.append(File(VARIABLES, _variables()))
        self.prometheus = Server("Prometheus", params["prometheus"])
        self.alertmanager = Server("Alertmanager", params["alertmanager"]) if params["alertmanager"] else None
        # is there as long as files were written and nobody has read them yet: a killed run is made good by the next
        self.due = self.folder / f".{params['app']}.reload-due"
        self.was_killed = self.due.exists()

    def stale(self) -> list[Path]:
        """Files of ours that nobody wants any more; a folder of somebody else's is left alone."""
        if not self.project:
            return []
        kept = {self.folder / file.path for file in self.files}
        found = (path for part in _OURS for path in (self.folder / part).glob("*"))
        return sorted(path for path in found if path not in kept)

    def containers_to_change(self) -> list[str]:
        """The services that are not there as the compose file on the disk says."""
        if not self.project or not (self.folder / COMPOSE_FILE).exists():
            return []
        hashes = self._compose().hashes()
        found = Project(self.project).containers()
        sound = {one.service for one in found if one.state == "running" and one.config_hash == hashes.get(one.service)}
        return sorted((set(hashes) - sound) | ({one.service for one in found} - set(hashes)))

    def write(self) -> dict[Path, str | None]:
        """Write what differs, take away what is stale; gives what was there before."""
        before: dict[Path, str | None] = {}
        self.folder.mkdir(parents=True, exist_ok=True)
        self.due.touch()
        for part in _DATA if self.project else ():
            (self.folder / part).mkdir(parents=True, exist_ok=True)
            _give(self.folder / part)
        for file in self.files:
            path = self.folder / file.path
            if (old := _read(path)) != file.content:
                before[path] = old
                _write(path, file.content, file.is_secret)
        for path in self.stale():
            before[path] = _read(path)
            path.unlink()
        return before

    def start(self, before: Mapping[Path, str | None]) -> None:
        """Bring the containers up, where that is for us to do; an exporter reads its password only when it starts."""
        if not self.project:
            return
        up = ("up", "--detach", "--remove-orphans", "--quiet-pull")
        _engine_actions.remove_half_made(Project(self.project))
        self._compose().run(*up, doing="Starting the monitoring", timeout=self.params["timeout"] + 300)
        # which files a run that was killed has written, nobody knows any more
        files = [file for file in _READ_AT_START if self.was_killed or before.get(self.folder / file)]
        wanted = self._compose().hashes() if files else {}
        again = sorted({_READ_AT_START[file] for file in files} & wanted.keys())
        if again:
            self._compose().run("restart", *again, doing="Restarting exporters", timeout=self.params["timeout"] + 60)

    def reload(self, before: Mapping[Path, str | None]) -> None:
        """Have the files read; where they are refused, the old ones come back."""
        servers = [one for one in (self.prometheus, self.alertmanager) if one]
        for server in servers:
            still = wait_for(functools.partial(_not_ready, server), self.params["timeout"], self.hopeless)
            if still:
                raise OpsError(f"Monitoring does not start: {still[0]}", hint="See the log of its container.")
        try:
            for server in servers:
                server.reload()
        except OpsError:
            for path, content in before.items():
                if content is None:
                    path.unlink()
                else:
                    _write(path, content, path.parent.name == "secrets")
            # one of them may have read the new ones already
            for server in servers:
                with contextlib.suppress(OpsError):
                    server.reload()
            raise
        with contextlib.suppress(FileNotFoundError):
            self.due.unlink()

    def wrong(self) -> list[str]:
        """What is wrong with it once it has had the time to get there."""
        params = self.params
        asked = (params["alerts"], params["jobs"], params["app"], self.alertmanager is not None)
        return wait_for(lambda: wrong(self.prometheus, *asked), params["timeout"], self.hopeless)

    def hopeless(self) -> str | None:
        """Why waiting is of no use any more."""
        if not self.project:
            return None
        found = Project(self.project).containers()
        return _apply.terminal_reason(found, sorted({one.service for one in found}))

    def _compose(self) -> Compose:
        return Compose(project=self.project, files=[self.folder / COMPOSE_FILE], directory=self.folder)


def run(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Set monitoring up, and say whether it works."""
    setup = Setup(params)
    diff = differences(setup.folder, setup.files)
    stale = setup.stale()
    services = setup.containers_to_change()
    changed = bool(diff or stale or services or setup.was_killed)
    result = {
        "changed": changed,
        "diff": diff,
        "files": [one["after_header"] for one in diff] + [str(path) for path in stale],
        "services": services,
    }
    if check_mode:
        return {**result, "summary": _foretold(result)}
    if changed:
        before = setup.write()
        setup.start(before)
        setup.reload(before)
    refuse_wrong(setup.wrong(), result)
    watched = f", the targets of {', '.join(params['jobs'])} are up" if params["jobs"] else ""
    return {**result, "summary": f"{len(params['alerts'])} rules are loaded{watched}."}


def _foretold(result: Mapping[str, Any]) -> str:
    if not result["changed"]:
        return "Nothing would change."
    return f"Would write {len(result['files'])} files and reload."


def _not_ready(server: Server) -> list[str]:
    try:
        server.ask("/-/ready")
    except OpsError as error:
        return [error.message]
    return []


def _user() -> tuple[int, int]:
    return (_NOBODY, _NOBODY) if os.geteuid() == 0 else (os.geteuid(), os.getegid())


def _give(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, *_user())


def _variables() -> str:
    """What only the target knows, for the interpolation of the compose file."""
    return f"OPS_USER={':'.join(map(str, _user()))}\nOPS_GATEWAY={_gateway()}\n"


def _gateway() -> str:
    """The address by which containers reach the host: that of the engine's bridge.

    The engine names it only once a container was there; before that its device is asked. None would mean every address.
    """
    shown = '{{(index .IPAM.Config 0).Gateway}},{{index .Options "com.docker.network.bridge.name"}}'
    asked = ["docker", "network", "inspect", "bridge", "--format", shown]
    gateway, _, device = (
        _command.run(asked, doing="Asking for the address of the host", timeout=20).strip().partition(",")
    )
    return gateway or _address_of(device)


def _address_of(device: str) -> str:
    request = struct.pack("256s", device.encode()[:15])
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            return socket.inet_ntoa(fcntl.ioctl(probe, _ADDRESS_OF_A_DEVICE, request)[20:24])
    except OSError as error:
        raise OpsError(
            f"Expected the bridge of the engine to have an address, found none of {device!r}: {error}.",
            hint="See that the engine has its default bridge (docker network inspect bridge).",
        ) from error


def _read(path: Path) -> str | None:
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(encoding="utf-8")
    return None


def _write(path: Path, content: str, is_secret: bool) -> None:
    """Whole or not at all, and readable for the servers; a secret for nobody else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w", encoding="utf-8") as stream:
        stream.write(content)
    if is_secret:
        _give(partial)
    else:
        partial.chmod(0o644)
    partial.replace(path)


ENTRY = Entry(
    spec={
        "app": {"type": "str", "required": True},
        "folder": {"type": "path", "required": True},
        "files": {"type": "list", "elements": "dict", "required": True},
        "secrets": {"type": "dict", "default": {}, "no_log": True},
        "cache_address": {"type": "str", "default": ""},
        "project": {"type": "str", "default": ""},
        "prometheus": {"type": "str", "required": True},
        "alertmanager": {"type": "str", "default": ""},
        "alerts": {"type": "list", "elements": "str", "required": True},
        "jobs": {"type": "list", "elements": "str", "default": []},
        "timeout": {"type": "float", "default": 60.0},
    },
    run=run,
)
