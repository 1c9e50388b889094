# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The database of a toy: a file with the head of its schema and with rows. A dump of it is a copy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.app._model import App
from ansible_collections.doppelganger.ops.plugins.module_utils.databases._postgres import Database, sha256

from ._machine import Machine

FILE = "database.json"


class ToyDatabase(Database):
    """Answers what the steps ask a database, without a client program."""

    def __init__(self, app: App, machine: Machine) -> None:
        self.app = app
        self.name = app.database_name
        self.machine = machine

    def is_running(self) -> bool:
        found = self.machine.read(f"containers/{self.app.database_service}.json")
        return found is not None and found["state"] == "running"

    def content(self) -> dict[str, Any]:
        """What is in it."""
        self._must_run()
        return self.machine.read(FILE) or {"head": None, "rows": []}

    def migrate(self, head: str) -> None:
        """Move the schema."""
        self.machine.write(FILE, {**self.content(), "head": head})

    def migration_head(self) -> str | None:
        head: str | None = self.content()["head"] if self.is_running() else None
        return head

    def dump(self, path: Path, timeout: float) -> dict[str, Any]:
        del timeout
        path.write_text(json.dumps(self.content()), encoding="utf-8")
        self.machine.note("dump")
        return {"size": path.stat().st_size, "sha256": sha256(path), "entries": len(self.content()["rows"])}

    def restore(self, path: Path, side: str, timeout: float) -> None:
        del timeout
        self.drop_leftovers()
        self._must_run()
        self.machine.write(f"{side}.json", json.loads(path.read_text(encoding="utf-8")))
        self.machine.note("restore")
        (self.machine.root / f"{side}.json").replace(self.machine.root / FILE)

    def drop_leftovers(self) -> None:
        for path in self.machine.root.glob(f"{self.name}_restore_*.json"):
            path.unlink()

    def unreadable(self, database: str | None = None) -> str | None:
        del database
        return "a row cannot be read" if None in self.content()["rows"] else None

    def not_valid(self) -> list[str]:
        return []
