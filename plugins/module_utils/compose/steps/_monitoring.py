# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Monitoring on a host: its files as they are wanted, its containers, a reload, and whether it works."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...checks.kinds._containers import baseline
from ...core import _command, _files
from ...core._errors import OpsError
from ...core._log_reading import LogEnd
from ...monitoring import _keys
from ...monitoring._files import SECRETS, File, differences, give, mark, owner, read, wanted_files, watcher, write
from ...monitoring._health import refuse_wrong, wait_for, wrong
from ...monitoring._server import Server, Signal
from ...operations._specs import MONITORING_APPLY
from ...operations._step import Step
from ...text._excerpt import excerpt
from ..engine import _actions
from ..engine._cli import Compose
from ..engine._gateway import gateway
from ..engine._project import Project
from ..target._target import ComposeTarget
from . import _apply

COMPOSE_FILE, VARIABLES = "compose.yml", ".env"
_PROMETHEUS = "monitoring-prometheus"
#: folders that the servers write to, and folders that hold nothing but what is ours
_DATA = ("data/prometheus", "data/alertmanager", "data/grafana")
_OURS = ("prometheus/rules", SECRETS, "database", "grafana/dashboards")
#: files that are only read by services when they start
_READ_AT_START = {
    f"{SECRETS}/database/database_password": ["monitoring-database"],
    f"{SECRETS}/cache/cache_password.json": ["monitoring-cache"],
    "database/queries.yml": ["monitoring-database"],
    _keys.PAIR: ["monitoring-host", _PROMETHEUS],
}
#: of what Prometheus says when it refuses its files, the last lines, each up to so many characters
_LINES_SAID, _LINE_AT_MOST = 2, 600


class Setup:
    """One place where monitoring is set up: a compose project, or only a folder with rules."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        self.folder = Path(params["folder"])
        self.project = str(params["project"])
        self.files = wanted_files(params)
        if self.project:
            self.files.append(File(VARIABLES, _variables()))
        if params["has_key"]:
            content = _keys.pair(self.folder / _keys.PAIR)
            self.files.append(File(_keys.PAIR, content, is_secret=True, is_shared=True))
        self.prometheus = Server("Prometheus", params["prometheus"], self._signal())
        self.alertmanager = Server("Alertmanager", params["alertmanager"]) if params["alertmanager"] else None
        # is there as long as files were written and nobody has read them yet: a killed run is made good by the next
        self.due = self.folder / f".{params['app']}.reload-due"
        self.was_killed = self.due.exists()
        # restarts of the past say nothing about now
        self.before = baseline(Project(self.project).containers(), 0) if self.project else {}

    def stale(self) -> list[Path]:
        """Files of ours that nobody wants any more; a folder of somebody else's is left alone."""
        if not self.project:
            return []
        kept = {self.folder / file.path for file in self.files}
        found = (path for part in _OURS for path in (self.folder / part).rglob("*"))
        return sorted(path for path in found if path not in kept and (path.is_symlink() or not path.is_dir()))

    def containers_to_change(self) -> list[str]:
        """The services that are not there as the compose file on the disk says."""
        if not self.project or not (self.folder / COMPOSE_FILE).exists():
            return []
        hashes = self._compose().hashes()
        found = Project(self.project).containers()
        sound = {one.service for one in found if one.state == "running" and one.config_hash == hashes.get(one.service)}
        return sorted((set(hashes) - sound) | ({one.service for one in found} - set(hashes)))

    def write(self) -> dict[Path, str | None]:
        """Write what differs, remove what is stale; gives what was there before."""
        before: dict[Path, str | None] = {}
        if self.project:
            _files.make_safe(self.folder, _files.MONITORING)
            # containers are given what they mount; nobody else of this host has to look in
            self.folder.chmod(0o700)
        else:  # the folder of somebody's own Prometheus, who owns it
            self.folder.mkdir(parents=True, exist_ok=True)
        mark(self.due)
        for part in _DATA if self.project else ():
            (self.folder / part).mkdir(parents=True, exist_ok=True)
            give(self.folder / part, owner()[1])
        for file in self.files:
            path = self.folder / file.path
            if (old := read(path)) != file.content:
                before[path] = old
                write(path, file)
        for path in self.stale():
            before[path] = read(path)
            path.unlink()
        return before

    def start(self, before: Mapping[Path, str | None]) -> None:
        """Bring the containers up, where that is for us to do; an exporter reads its password only when it starts."""
        if not self.project:
            return
        up = ("up", "--detach", "--remove-orphans", "--quiet-pull")
        _actions.remove_half_made(Project(self.project))
        self._compose().run(*up, doing="Starting the monitoring", timeout=self.params["timeout"] + 300)
        # which files a run that was killed has written, nobody knows any more
        files = [file for file in _READ_AT_START if self.was_killed or before.get(self.folder / file)]
        wanted = self._compose().hashes() if files else {}
        again = sorted({name for file in files for name in _READ_AT_START[file]} & wanted.keys())
        if again:
            self._compose().run("restart", *again, doing="Restarting exporters", timeout=self.params["timeout"] + 60)

    def reload(self, before: Mapping[Path, str | None]) -> None:
        """Have the files read; where they are refused, the old ones come back."""
        servers = [one for one in (self.prometheus, self.alertmanager) if one]
        for server in servers:
            still = wait_for(functools.partial(_not_ready, server), self.params["timeout"], self.hopeless)
            if still:
                raise OpsError(
                    f"Monitoring failed to start: {still[0]}",
                    reason="monitoring_failed",
                    hint="See the log of its container.",
                )
        timeout = self.params["timeout"]
        try:
            for server in servers:
                server.reload(timeout)
        except OpsError:
            self._put_back(before)
            # one of them may have read the new ones already
            for server in servers:
                with contextlib.suppress(OpsError):
                    server.reload(timeout)
            raise
        with contextlib.suppress(FileNotFoundError):
            self.due.unlink()

    def _put_back(self, before: Mapping[Path, str | None]) -> None:
        of_now = {self.folder / file.path: file for file in self.files}
        for path, content in before.items():
            if content is None:
                path.unlink()
                continue
            is_secret = self.folder / SECRETS in path.parents
            file = of_now.get(path, File(str(path), content, is_secret))
            write(path, dataclasses.replace(file, content=content))

    def _signal(self) -> Signal | None:
        """How Prometheus is made to read its files again, but for its own endpoint, which ends it as well."""
        if self.project:
            project = Project(self.project)
            return Signal(
                lambda: _actions.signal(project, _PROMETHEUS, "SIGHUP"),
                lambda since: _errors_in(project.log_ends(_PROMETHEUS, since)),
            )
        if command := self.params["reload_command"]:
            limit = self.params["timeout"]
            return Signal(lambda: _command.run(command, doing="Having Prometheus read its rules", timeout=limit))
        return None

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
        return _apply.terminal_reason(found, sorted({one.service for one in found}), self.before)

    def _compose(self) -> Compose:
        return Compose(project=self.project, files=[self.folder / COMPOSE_FILE], directory=self.folder)


def run(target: ComposeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Set monitoring up, and say whether it works."""
    plan = params["plan"]
    setup = Setup({**plan, "app": target.app.name, "secrets": params["secrets"], "timeout": params["timeout"]})
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
    watched = f", the targets of {', '.join(plan['jobs'])} are up" if plan["jobs"] else ""
    return {**result, "summary": f"{len(plan['alerts'])} rules are loaded{watched}."}


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


def _errors_in(ends: Sequence[LogEnd]) -> str:
    """What a server named as an error last."""
    lines = (line for end in ends for line in end.text.splitlines())
    found = [excerpt(line, _LINE_AT_MOST) for line in lines if "err=" in line]
    return " ".join(found[-_LINES_SAID:])


def _variables() -> str:
    """What only the target knows, for the interpolation of the compose file."""
    users = {"OPS_USER": owner(), "OPS_WATCHER": watcher()}
    found = {**{name: "{}:{}".format(*user) for name, user in users.items()}, "OPS_GATEWAY": gateway()}
    return "".join(f"{name}={value}\n" for name, value in found.items())


MONITORING = Step(spec=MONITORING_APPLY, run=run)
