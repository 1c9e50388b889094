# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PostgreSQL inside its container: queries, a dump that is proven readable, a restore that is all or nothing."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Protocol

from ..app._model import App
from ..core import _files
from ..core._errors import OpsError, Refused
from ._postgres_grants import creating, keeping, literal, quoted

#: what a server says, with its code, as it may speak any language
_TOLD = re.compile(r"\b(?P<code>(?=[A-Z]*\d)[0-9A-Z]{5}): (?P<words>.+)")
#: the classes of what says nothing of the data: no resources, a lock that is not available, somebody who intervened
_BUSY = ("53", "55", "57")
#: a table or a schema that is not there
_NO_TABLE = ("42P01", "3F000")
#: on the server, as an argument list cannot name them all. By its index alone a table would look sound. Left out is
#: what others have for themselves (temporary tables, what this user may not read), and what was never filled.
_READ_ALL = """DO $$
DECLARE one regclass;
BEGIN
PERFORM set_config('enable_indexonlyscan', 'off', true);
FOR one IN SELECT oid FROM pg_class
 WHERE relkind IN ('r', 'm') AND relpersistence <> 't' AND relispopulated
 AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
 AND has_schema_privilege(relnamespace, 'USAGE') AND has_table_privilege(oid, 'SELECT')
LOOP EXECUTE format('SELECT count(*) FROM ONLY %s', one);
END LOOP;
END $$"""
_NOT_VALID = """SELECT 'index ' || indexrelid::regclass FROM pg_index
JOIN pg_class ON oid = indexrelid WHERE NOT indisvalid AND relkind = 'i'
UNION ALL SELECT 'constraint ' || conname || coalesce(' of ' || nullif(conrelid, 0)::regclass, '')
FROM pg_constraint WHERE NOT convalidated ORDER BY 1"""


def listing_entries(listing: str) -> int:
    """How many objects a ``pg_restore --list`` shows."""
    return sum(1 for line in listing.splitlines() if re.match(r"\d+;", line))


def sha256(path: Path) -> str:
    """The digest of a file."""
    digest = hashlib.sha256()
    with open(path, "rb", opener=_files.opened) as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


class Console(Protocol):
    """Where the client programs of the database run: beside the server, so that their version fits."""

    def is_running(self) -> bool:
        """Whether the server's container runs."""

    def run(
        self,
        argv: Sequence[str],
        *,
        doing: str,
        timeout: float,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
        may_repeat: bool = False,
    ) -> str:
        """Run a program to its end, with PGPASSWORD in its environment; ``doing`` completes "... failed".

        With ``may_repeat`` it only reads, and may be run again where the connection to it broke off.
        """


class Database:
    """The application's database, reached through the client programs of its own container."""

    def __init__(self, app: App, console: Console) -> None:
        self.app = app
        self.console = console
        self.name = app.database_name

    def is_running(self) -> bool:
        """Whether it can be asked anything."""
        return self.console.is_running()

    def _must_run(self) -> None:
        if not self.is_running():
            raise OpsError(
                f"The database service {self.app.database_service} is not running.",
                reason="database_unreachable",
                hint="Start it: playbooks/rollback.yml returns to the last good release.",
            )

    def run(
        self, program: str, *arguments: str, doing: str, timeout: float, database: str | None = None, **more: Any
    ) -> str:
        """Run a client program to its end."""
        self._must_run()
        login = ["--username", self.app.database_user, "--dbname", database or self.name]
        return self.console.run([program, *login, *arguments], doing=doing, timeout=timeout, **more)

    def query(
        self, sql: str, *more: str, timeout: float = 30, database: str | None = None, may_repeat: bool = True
    ) -> str:
        """The answer to a query, unaligned, without a header; ``more`` are further options of psql."""
        options = ("--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", *more)
        return self.run(
            "psql", *options, "--command", sql, doing="The query", timeout=timeout, database=database,
            may_repeat=may_repeat,
        ).strip()  # fmt: skip

    def migration_head(self) -> str | None:
        """The head that the migrations recorded, None where that is unknown (no query, no table yet)."""
        if not self.app.migration_head_query or not self.is_running():
            return None
        try:
            return self.query(self.app.migration_head_query, "--set", "VERBOSITY=verbose") or None
        except OpsError as error:
            told = _TOLD.search(error.message)
            if (told and told["code"] in _NO_TABLE) or f'database "{self.name}" does not exist' in error.message:
                return None
            raise

    def dump(self, path: Path, timeout: float) -> dict[str, Any]:
        """Dump the database in custom format and prove that it can be read; raises when it is empty or unreadable."""
        with open(path, "xb", opener=_files.opened) as stream:
            program = ("pg_dump", "--format=custom")
            self.run(*program, doing="The dump", timeout=timeout, stdout=stream, may_repeat=True)
            # what follows may need it, and may end in a machine that stops
            stream.flush()
            os.fsync(stream.fileno())
        size = path.stat().st_size
        if size == 0:
            raise OpsError(
                f"The dump of {self.name} is empty.",
                reason="backup_failed",
                hint="Check the log of the database service.",
            )
        entries = self.entries(path, timeout)
        return {"size": size, "sha256": sha256(path), "entries": entries}

    def entries(self, path: Path, timeout: float) -> int:
        """How many objects a dump holds, as pg_restore reads it; raises when it cannot."""
        self._must_run()
        with open(path, "rb", opener=_files.opened) as stream:
            doing = "Reading the dump's listing"
            program = ["pg_restore", "--list"]
            listing = self.console.run(program, doing=doing, timeout=timeout, stdin=stream, may_repeat=True)
        return listing_entries(listing)

    def restore(self, path: Path, side: str, timeout: float) -> None:
        """Restore into a database beside the real one, look at it, then swap the two names in one transaction.

        Until the swap the real database is untouched, so an error or a kill before it loses nothing. What the real one
        has of its own goes along with the name.
        """
        self.drop_leftovers()
        keep = keeping(self.name, side)
        try:
            self._create(side, keep)
            self._fill(path, side, timeout)
        except OpsError:
            with contextlib.suppress(OpsError):  # the next restore drops them as well
                self.drop_leftovers()
            raise
        before = f"{side}_before"
        away = f"ALTER DATABASE {quoted(self.name)} RENAME TO {quoted(before)}"
        back = f"ALTER DATABASE {quoted(side)} RENAME TO {quoted(self.name)}"
        self._disconnect_everybody()
        self._maintain(f"BEGIN; {keep}; {away}; {back}; COMMIT")
        with contextlib.suppress(OpsError):  # the data is in its place; the next restore drops what is left
            self._maintain(f"DROP DATABASE {quoted(before)}")

    def _create(self, side: str, keep: str) -> None:
        """Create a database like the real one, and try whether it can be given all that the real one has of its own.

        That is taken back: a setting or a limit could stop the filling, and it may be hours until the swap.
        """
        try:
            create = self.query(creating(self.name, side), database="postgres")
            self._maintain(create, f"BEGIN; {keep}; ROLLBACK")
        except OpsError as error:
            if error.data.get("rc") != 1:  # psql's code for what the server refused
                raise
            raise OpsError(
                f"The restored database cannot have the settings of {self.name}, which was not touched: "
                f"{_said(error.message)}.",
                reason="restore_failed",
                hint=f"Give the role {self.app.database_user} the right to it, or take it away from {self.name} as its "
                "owner or a superuser and set it again afterwards. Then re-run.",
            ) from error

    def _fill(self, path: Path, side: str, timeout: float) -> None:
        with open(path, "rb", opener=_files.opened) as stream:
            options = ("--exit-on-error", "--single-transaction", "--no-password")
            self.run("pg_restore", *options, doing="The restore", timeout=timeout, database=side, stdin=stream)
        unreadable = self.unreadable(side)
        if unreadable:
            raise OpsError(
                f"The restored database cannot be read: {unreadable}. The original was not touched.",
                reason="database_unsound",
            )

    def unreadable(self, database: str | None = None) -> str | None:
        """Read every table once; what the server says of the first that cannot be read, None where all can."""
        options = ("--set", "VERBOSITY=verbose", "--command", "SET statement_timeout = 0")
        try:
            self.query(_READ_ALL, *options, timeout=self.app.backup_timeout, database=database)
        except OpsError as error:
            told = _TOLD.search(error.message)
            if told is None or told["code"].startswith(_BUSY):
                raise
            return told["words"]
        return None

    def not_valid(self) -> list[str]:
        """Indexes and constraints that do not hold yet, or never were to: somebody left them so, nothing broke."""
        return self.query(_NOT_VALID).splitlines()

    def side_name(self, token: int) -> str:
        """The name of the database to restore into."""
        return f"{self.name[:40]}_restore_{token}"

    def drop_leftovers(self) -> None:
        """Drop what an interrupted restore left behind; the real database never has such a name."""
        pattern = f"^{re.escape(self.name[:40])}_restore_[0-9]+(_before)?$"
        query = f"SELECT datname FROM pg_database WHERE datname ~ {literal(pattern)}"  # noqa: S608 literal() quotes
        names = self.query(query, database="postgres")
        for name in names.splitlines():
            self._maintain(f"DROP DATABASE {quoted(name)}")

    def _disconnect_everybody(self) -> None:
        who = f"datname = {literal(self.name)}"
        self._maintain(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {who}")  # noqa: S608 literal() quotes

    def _maintain(self, *statements: str) -> None:
        for statement in statements:
            self.query(statement, timeout=self.app.backup_timeout, database="postgres", may_repeat=False)


def _said(message: str) -> str:
    """What the server said in the error of a query, without psql's words around it."""
    found = re.search(r"ERROR:\s+(.+)", message)
    return found.group(1) if found else message


def sum_problem(found: str, wanted: str) -> str | None:
    """What to say when a dump is not the file that was recorded."""
    if found == wanted:
        return None
    return f"its sha256 is {found[:16]}…, recorded was {wanted[:16]}…"


def refuse_unknown_backup(name: str, known: Sequence[str]) -> None:
    """Refuse a backup id that this target does not have."""
    if name not in known:
        hint = (
            f"Choose one of: {', '.join(reversed(known))}."
            if known
            else "There is none yet: playbooks/backup.yml takes one."
        )
        raise Refused(f"Backup {name!r} was not found on this target.", reason="backup_not_found", hint=hint)
