# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One application on one compose host: its model, its state, its engine, and what must not be shown of it."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils import _compose, _envfile, _releases, _sealed
from ansible_collections.doppelganger.ops.plugins.module_utils._engine import Project
from ansible_collections.doppelganger.ops.plugins.module_utils._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils._model import App
from ansible_collections.doppelganger.ops.plugins.module_utils._operation import Operation
from ansible_collections.doppelganger.ops.plugins.module_utils._redact import Redactor
from ansible_collections.doppelganger.ops.plugins.module_utils._store import Store

#: the options that every module of an operation takes
APP_SPEC: dict[str, Any] = {"app": {"type": "dict", "required": True}}
PHASE_SPEC: dict[str, Any] = {**APP_SPEC, "token": {"type": "int", "required": True, "no_log": False}}


class Target:
    """What the steps of an operation share."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.store = Store(app.state_dir)

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Target:
        """The target of a module's parameters."""
        return cls(App.from_dict(params["app"]))

    @functools.cached_property
    def project(self) -> Project:
        """The containers, through the engine."""
        return Project(self.app.name)

    @functools.cached_property
    def redactor(self) -> Redactor:
        """Blanks out the values of the env files, as they are now and as each kept release had them."""
        values: list[str | None] = [*_sealed.unseal(self.store.root)]
        for path in self.app.env_paths:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                values += _envfile.parse(Path(path).read_text(encoding="utf-8")).values()
        return Redactor(values)

    @contextlib.contextmanager
    def shown_safely(self) -> Iterator[None]:
        """Errors of the body lose their secrets before anybody sees them."""
        try:
            yield
        except OpsError as error:
            error.message = self.redactor.text(error.message)
            error.data = self.redactor.data(error.data)
            raise

    @contextlib.contextmanager
    def phase(self, name: str, token: int) -> Iterator[Operation]:
        """Do the body as a phase of the operation that holds the lease ``token``."""
        operation = Operation(self.store, token, self.app.lease_ttl)
        with operation.phase(name), self.shown_safely():
            yield operation

    # releases

    def records(self) -> list[dict[str, Any]]:
        """All release records, oldest first."""
        names = self.store.folders("releases")
        found = (self.store.read(f"releases/{name}/record.json") for name in names)
        return [record for record in found if record is not None]

    def record(self, release: str) -> dict[str, Any]:
        """One release record."""
        found = self.store.read(f"releases/{release}/record.json")
        if found is None:
            raise OpsError(
                f"There is no record of release {release} in {self.store.root}.",
                hint="List them with playbooks/releases.yml.",
            )
        return found

    def save(self, record: Mapping[str, Any], token: int) -> None:
        """Write a release record, for the holder of the lease."""
        self.store.write(f"releases/{record['id']}/record.json", record, token=token)

    def current(self) -> str | None:
        """The id of the release that was last seen to work and ought to run, None before the first one."""
        found = self.store.read("current.json")
        return found["release"] if found else None

    def last_good(self) -> dict[str, Any] | None:
        """The record to return to."""
        found = _releases.last_good(self.records(), self.current())
        return dict(found) if found else None

    def rendered(self, release: str) -> Path:
        """Where a release's rendered configuration is."""
        return self.store.root / "releases" / release / "compose.json"

    def compose_of(self, release: str) -> _compose.Compose:
        """The compose project as a release recorded it."""
        return _compose.of_release(self.app, self.rendered(release))
