# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One application on a toy: ``app_directory`` is the machine, and the state is a folder like that of a compose host."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _env_files
from ansible_collections.doppelganger.ops.plugins.module_utils.app._model import App
from ansible_collections.doppelganger.ops.plugins.module_utils.core import _files
from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import LogEnd
from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _plan
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._target import Target
from ansible_collections.doppelganger.ops.plugins.module_utils.state._folder import Store
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import Record
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor

from ._database import ToyDatabase
from ._machine import Machine
from ._project import ToyProject


class ToyTarget(Target):
    """A folder that stands for a machine."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.store = self.files = Store(app.state_dir)
        self.machine = Machine(app.directory)

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> ToyTarget:
        return cls(App.from_dict(params["app"]))

    @functools.cached_property
    def project(self) -> ToyProject:
        """The containers, as files."""
        return ToyProject(self.machine)

    @functools.cached_property
    def redactor(self) -> Redactor:
        """Blanks out the values of the env files."""
        texts = [Path(path).read_text(encoding="utf-8") for path in self.app.env_paths]
        return Redactor([*self.learned, *(secret for text in texts for secret in _env_files.secrets_in(text))])

    @property
    def database(self) -> ToyDatabase:
        return ToyDatabase(self.app, self.machine)

    def drift(self, record: Record) -> list[str]:
        return _plan.drift(record, self.project.containers(), self.app.completed)

    def altered(self, record: Record) -> list[str]:
        return _plan.altered(record, self.project.containers())

    def lacks(self, record: Record) -> list[str]:
        return [name for name, image in record.image_ids.items() if not self.machine.has_image(image)]

    def tidy(self) -> None:
        self.machine.note("tidy")

    def forget(self, record: Record, kept: Sequence[Record]) -> None:
        needed = {image for other in kept for image in other.image_ids.values()}
        for identity in set(record.image_ids.values()) - needed:
            (self.machine.root / f"images/{identity}.json").unlink(missing_ok=True)

    def spare_sources(self, kept: Sequence[Record]) -> list[str]:
        self.machine.note("prune")
        return super().spare_sources(kept)

    def collectors(self, params: Mapping[str, Any]) -> dict[str, Callable[[], str | Sequence[LogEnd]]]:
        self.machine.note(f"collect {params['release']}")
        containers = self.project.containers()
        return {
            "containers.json": lambda: json.dumps([asdict(container) for container in containers]),
            **{f"{one.service}.log": functools.partial(self.project.log_ends, one.service) for one in containers},
        }

    def keep_evidence(self, name: str, files: Mapping[str, str], manifest: Mapping[str, Any], token: int) -> None:
        for file, text in files.items():
            _files.write_text(self.store.path_of(f"evidence/{name}") / file, text)
        self.store.write(f"evidence/{name}/manifest.json", manifest, token=token)

    def evidence_path(self, name: str) -> str:
        return str(self.store.root / "evidence" / name)
