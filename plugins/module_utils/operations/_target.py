# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One application on one target: its model, its state, and what an operation may ask of its platform."""

from __future__ import annotations

import abc
import contextlib
import functools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from ..app._model import App
from ..core._digests import Digests
from ..core._errors import OpsError, Refused
from ..core._log_reading import LogEnd
from ..databases._postgres import Database
from ..running._project import Project
from ..state import _releases
from ..state._folder import Store
from ..state._journal import Operation
from ..state._record import Config, Image, Record
from ..state._schema import BadState, NewerState
from ..text._excerpt import quoted_by
from ..text._redaction import Redactor

#: the options that every module of an operation takes
APP_SPEC: dict[str, Any] = {
    "app": {"type": "dict", "required": True},
    "cluster_token": {"type": "str", "default": "", "no_log": True},
}
#: and of those that ask a registry
REGISTRY_SPEC: dict[str, Any] = {"registry_password": {"type": "str", "default": "", "no_log": True}}
PHASE_SPEC: dict[str, Any] = {**APP_SPEC, "token": {"type": "int", "required": True, "no_log": False}}

#: a message is what one command said last, or all that is wrong with a file
_LONGEST_MESSAGE = 16_000


class Target(abc.ABC):
    """What the steps of an operation share. A platform says how it is done there."""

    app: App
    #: leases, journal, records
    store: Store
    #: where dumps are files; the same as ``store`` where that is a folder
    files: Store
    #: secrets that were met on the way and are kept nowhere yet
    learned: Sequence[str] = ()

    @classmethod
    @abc.abstractmethod
    def of(cls, params: Mapping[str, Any]) -> Target:
        """The target of a module's parameters."""

    def __enter__(self) -> Target:
        return self

    def __exit__(self, *_: object) -> None:
        if "project" in vars(self):  # nobody asked the containers otherwise
            self.project.close()

    # what a platform says

    @property
    @abc.abstractmethod
    def project(self) -> Project:
        """The containers."""

    @property
    @abc.abstractmethod
    def redactor(self) -> Redactor:
        """Blanks out what must not be shown."""

    @property
    @abc.abstractmethod
    def database(self) -> Database:
        """The application's database; only asked for where the model names one."""

    @abc.abstractmethod
    def drift(self, record: Record) -> list[str]:
        """Where what runs is not what the release recorded."""

    @abc.abstractmethod
    def lacks(self, record: Record) -> list[str]:
        """What a release would need to come back and is gone."""

    @abc.abstractmethod
    def tidy(self) -> None:
        """Remove what a killed run left running: its migration."""

    @abc.abstractmethod
    def forget(self, record: Record, kept: Sequence[Record]) -> None:
        """Remove what only this release needed, before its record goes."""

    @abc.abstractmethod
    def collectors(self, params: Mapping[str, Any]) -> dict[str, Callable[[], str | Sequence[LogEnd]]]:
        """Of a release that failed: the name of a piece of evidence, and what reads it."""

    @abc.abstractmethod
    def keep_evidence(self, name: str, files: Mapping[str, str], manifest: Mapping[str, Any], token: int) -> None:
        """Keep evidence, without secrets already, where it outlives the release."""

    @abc.abstractmethod
    def evidence_path(self, name: str) -> str:
        """Where people find that evidence."""

    def altered(self, record: Record) -> list[str]:
        """Where something else runs than the release recorded, however well; nothing where the platform does not
        look."""
        return []

    def completed(self, release: str | None) -> Collection[str]:
        """The services of a release that may have ended with code 0, whatever a check says."""
        del release
        return ()

    def differences(self, record: Record) -> list[str]:
        """Both, as far as somebody can tell who only looks, and cheaply."""
        return self.drift(record)

    def wake(self) -> None:
        """Have what somebody paused go on: no operation gets anywhere with it."""
        return  # where nobody can pause anything

    def found(self) -> list[str]:
        """The services that run here and that no release started; none where the platform does not look."""
        return []

    def keep_found(self, release: str, token: int) -> tuple[Mapping[str, Image], Config]:
        """Keep all that those need to be started again as the configuration of ``release``; their images, and the
        digests of that configuration."""
        raise NotImplementedError

    # the same everywhere

    @functools.cached_property
    def digests(self) -> Digests:
        """Makes digests that can be compared with those of this target's records."""
        try:
            return Digests.of_store(self.store)
        except BadState:
            raise
        except Refused:  # that the state cannot be read is reported with all else that is missing
            return Digests()

    def learn(self, values: Sequence[str]) -> None:
        """From now on these are blanked out as well."""
        self.learned = [*self.learned, *values]
        self.__dict__.pop("redactor", None)  # which was worked out without them

    @contextlib.contextmanager
    def shown_safely(self) -> Iterator[None]:
        """Errors of the body lose their secrets before anybody sees them."""
        try:
            with quoted_by(lambda: self.redactor):
                yield
        except OpsError as error:
            error.message = self.redactor.head(error.message, _LONGEST_MESSAGE)
            error.data = self.redactor.data(error.data)
            raise

    @contextlib.contextmanager
    def phase(self, name: str, token: int) -> Iterator[Operation]:
        """Do the body as a phase of the operation that holds the lease ``token``."""
        operation = Operation(self.store, token, self.app.lease_ttl)
        with operation.phase(name), self.shown_safely():
            yield operation

    def history(self) -> tuple[list[Record], dict[str, OpsError]]:
        """The release records that can be read, oldest first, and by id why the others cannot."""
        found, bad = self.store.readable("releases", "record.json")
        return [Record.of(each) for each in found.values()], bad

    def records(self) -> list[Record]:
        """All release records, oldest first, to decide by: one that is damaged counts as bad and is left out.

        Refuses where it is the current one's, and where a newer version of this program has been here.
        """
        found, bad = self.history()
        current = self.current() if bad else None
        for name, error in bad.items():
            if name == current or isinstance(error, NewerState):
                raise error
        return found

    def record(self, release: str) -> Record:
        """One release record."""
        found = self.store.read(f"releases/{release}/record.json")
        if found is None:
            raise OpsError(
                f"There is no record of release {release} in {self.store.where}.",
                reason="release_not_found",
                hint="List them with playbooks/releases.yml.",
            )
        return Record.of(found)

    def save(self, record: Record, token: int) -> None:
        """Write a release record, for the holder of the lease."""
        self.store.write(f"releases/{record.id}/record.json", record.as_data(), token=token)

    def current(self) -> str | None:
        """The id of the release that was last seen to work and should run, None before the first one."""
        found = self.store.read("current.json")
        return found["release"] if found else None

    def last_good(self) -> Record | None:
        """The record to return to."""
        return _releases.last_good(self.records(), self.current())

    def spare_contents(self) -> list[str]:
        """Copies of what releases read that none of them names any more; none where the platform makes none."""
        return []

    def remove_contents(self, name: str, token: int) -> None:
        """Take one of those away; raises OpsError where something would be lost with it."""
        self.files.remove("contents", name, token=token)

    def spare_sources(self, kept: Sequence[Record]) -> list[str]:
        """The checkouts of releases that are not kept."""
        needed = {record.source.commit[:12] for record in kept} | {"mirror.git"}
        return [name for name in self.files.folders("source") if name not in needed]

    def remove_source(self, name: str, token: int) -> None:
        """Take one of those away; raises OpsError where something would be lost with it."""
        self.files.remove("source", name, token=token)

    def running(self, services: Sequence[str]) -> list[str]:
        """Those of the services of which a container runs."""
        return sorted({c.service for c in self.project.containers() if c.service in services and c.state == "running"})
