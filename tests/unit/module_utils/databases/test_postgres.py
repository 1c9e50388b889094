"""What is said to PostgreSQL, and what its programs' output means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core import _command
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.databases import _postgres, _postgres_grants
from ansible_collections.doppelganger.ops.plugins.module_utils.databases._postgres import Database
from tests.unit.support.making import container, target

# pg_restore 16.4 --list of a dump with one table, 2026-11-23
LISTING = """;
; Archive created at 2026-11-23 20:41:05 UTC
;     dbname: shop
;     TOC Entries: 9
;
; Selected TOC Entries:
;
215; 1259 16386 TABLE public orders shop
3350; 0 16386 TABLE DATA public orders shop
3206; 2606 16392 CONSTRAINT public orders orders_pkey shop
"""


@pytest.mark.parametrize(
    ("listing", "entries"),
    [pytest.param(LISTING, 3, id="a dump"), pytest.param(";\n; TOC Entries: 0\n", 0, id="none"), ("", 0)],
)
def test_a_listing_is_counted(listing: str, entries: int) -> None:
    assert _postgres.listing_entries(listing) == entries


@pytest.mark.parametrize(("text", "sql"), [("shop", '"shop"'), ('a"b', '"a""b"'), ("a;--", '"a;--"')])
def test_an_identifier_is_quoted(text: str, sql: str) -> None:
    assert _postgres_grants.quoted(text) == sql


@pytest.mark.parametrize(("text", "sql"), [("shop", "'shop'"), ("a'b", "'a''b'"), ("'; DROP", "'''; DROP'")])
def test_a_string_is_quoted(text: str, sql: str) -> None:
    assert _postgres_grants.literal(text) == sql


def test_a_sum_is_that_of_the_whole_file(tmp_path: Path) -> None:
    (tmp_path / "dump").write_bytes(b"abc")
    assert _postgres.sha256(tmp_path / "dump").startswith("ba7816bf8f01cfea")


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        pytest.param("a" * 64, None, id="the same"),
        pytest.param("b" * 64, f"its sha256 is {'b' * 16}…, recorded was {'a' * 16}…", id="another file"),
        pytest.param("missing", f"its sha256 is missing…, recorded was {'a' * 16}…", id="no file"),
    ],
)
def test_a_dump_is_compared_with_its_recorded_sum(found: str, problem: str | None) -> None:
    assert _postgres.sum_problem(found, "a" * 64) == problem


@pytest.mark.parametrize(
    ("known", "hint"),
    [
        pytest.param(["1", "2"], "Choose one of: 2, 1.", id="the newest first"),
        pytest.param([], "There is none yet: playbooks/backup.yml takes one.", id="none"),
    ],
)
def test_an_unknown_backup_is_refused_with_those_there_are(known: list[str], hint: str) -> None:
    with pytest.raises(Refused) as error:
        _postgres.refuse_unknown_backup("9", known)
    assert (error.value.reason, error.value.hint) == ("backup_not_found", hint)


class Engine:
    """A project with one database container, without an engine."""

    def __init__(self, state: str = "running") -> None:
        self.state = state

    def containers(self, **_options: Any) -> list[Any]:
        return [container("db", state=self.state), container("web")]

    def environment_of(self, _service: str) -> dict[str, str]:
        return {"POSTGRES_PASSWORD": "canary-1234"}


def database(state_dir: Any, state: str = "running", **changes: Any) -> Database:
    model = {"database_service": "db", "database_name": "shop", "database_user": "owner", **changes}
    found = target(state_dir, **model)
    found.__dict__["project"] = Engine(state)  # where the cached property would be
    return found.database


#: what the server says to the query for it
CREATE = "CREATE DATABASE shop_restore_7 TEMPLATE template0 OWNER owner"


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, Any]]]:
    """The commands that would have been run."""
    commands: list[tuple[list[str], dict[str, Any]]] = []

    def run(argv: list[str], **options: Any) -> str:
        commands.append((argv, options))
        if "CREATE DATABASE" in argv[-1]:
            return CREATE
        if "pg_dump" in argv:
            options["stdout"].write(b"PGDMP")
        return LISTING if "--list" in argv else ""

    monkeypatch.setattr(_command, "run", run)
    return commands


def test_the_password_goes_through_the_environment_and_not_through_arguments(ran: list[Any]) -> None:
    database("/x").query("SELECT 1")
    argv, options = ran[0]
    assert argv[:6] == ["docker", "exec", "--interactive", "--env", "PGPASSWORD", "id-db"]
    assert argv[6:11] == ["psql", "--username", "owner", "--dbname", "shop"]
    assert "canary-1234" not in " ".join(argv)
    assert options["env"] == {"PGPASSWORD": "canary-1234"}


def test_a_query_stops_at_its_first_error(ran: list[Any]) -> None:
    database("/x").query("SELECT 1")
    assert "ON_ERROR_STOP=1" in ran[0][0]


def test_a_database_that_does_not_run_is_named_with_what_starts_it() -> None:
    with pytest.raises(OpsError) as error:
        database("/x", state="exited").query("SELECT 1")
    assert error.value.reason == "database_unreachable"
    assert "playbooks/rollback.yml" in error.value.hint


def test_a_dump_counts_once_it_can_be_read(ran: list[Any], tmp_path: Path) -> None:
    facts = database("/x").dump(tmp_path / "dump", 60)
    assert (facts["size"], facts["entries"]) == (5, 3)
    assert "--format=custom" in ran[0][0]


def test_an_empty_dump_is_no_backup(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_command, "run", lambda *_argv, **_options: "")
    with pytest.raises(OpsError, match="The dump of shop is empty"):
        database("/x").dump(tmp_path / "dump", 60)


def test_a_restore_swaps_only_what_was_found_sound(ran: list[Any], tmp_path: Path) -> None:
    (tmp_path / "dump").write_bytes(b"PGDMP")
    database("/x").restore(tmp_path / "dump", "shop_restore_7", 60)
    steps = [argv[-1] if "psql" in argv else "pg_restore" for argv, _ in ran]
    keep = _postgres_grants.keeping("shop", "shop_restore_7")
    swap = (
        f'BEGIN; {keep}; ALTER DATABASE "shop" RENAME TO "shop_restore_7_before"; '
        'ALTER DATABASE "shop_restore_7" RENAME TO "shop"; COMMIT'
    )
    order = [CREATE, f"BEGIN; {keep}; ROLLBACK", "pg_restore", swap]
    assert [step for step in steps if step in order] == order
    assert steps[-1] == 'DROP DATABASE "shop_restore_7_before"'
    # nobody is connected when the names change, and nothing lies beside when it begins
    assert "pg_terminate_backend" in steps[steps.index(swap) - 1]
    assert "_restore_[0-9]+" in steps[0]
    restore = next(argv for argv, _ in ran if "pg_restore" in argv)
    assert {"--exit-on-error", "--single-transaction"} < set(restore)
    assert restore[restore.index("--dbname") + 1] == "shop_restore_7"


def test_a_restore_that_cannot_be_read_touches_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "dump").write_bytes(b"PGDMP")
    said: list[str] = []

    def run(argv: list[str], **_options: Any) -> str:
        said.append(argv[-1])
        if "count(*)" in argv[-1]:
            raise OpsError('The query failed with code 1: FEHLER:  58P01: could not open file "base/5/16384"', rc=1)
        return ""

    monkeypatch.setattr(_command, "run", run)
    with pytest.raises(OpsError, match=r'could not open file "base/5/16384"') as error:
        database("/x").restore(tmp_path / "dump", "shop_restore_7", 60)
    assert error.value.reason == "database_unsound"
    assert not [sql for sql in said if "RENAME" in sql or "terminate" in sql]
    assert "_restore_[0-9]+" in said[-1]  # what was filled is looked for, to be dropped


@pytest.mark.parametrize(
    "words", ["57014: canceling statement due to statement timeout", "53200: out of shared memory"]
)
def test_who_could_not_look_says_nothing_of_the_data(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    said: list[list[str]] = []

    def run(argv: list[str], **_options: Any) -> str:
        said.append(argv)
        raise OpsError(f"The query failed with code 1: ERROR:  {words}", rc=1)

    monkeypatch.setattr(_command, "run", run)
    with pytest.raises(OpsError, match=words):
        database("/x").unreadable()
    assert "SET statement_timeout = 0" in said[0]


LOST = """ERROR:  the setting log_statement of all roles (permission denied to set parameter "log_statement")
CONTEXT:  PL/pgSQL function inline_code_block line 33 at RAISE"""


def test_a_restore_that_would_lose_what_the_database_has_of_its_own_ends_before_it_is_filled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said: list[str] = []

    def run(argv: list[str], **_options: Any) -> str:
        said.append(argv[-1])
        if "ROLLBACK" in argv[-1]:
            raise OpsError(f"The query failed with code 1: {LOST}", rc=1)
        return "shop_restore_7" if "_restore_[0-9]+" in argv[-1] else CREATE

    monkeypatch.setattr(_command, "run", run)
    with pytest.raises(OpsError) as error:
        database("/x").restore(tmp_path / "dump", "shop_restore_7", 60)
    assert error.value.reason == "restore_failed"
    assert 'log_statement of all roles (permission denied to set parameter "log_statement")' in error.value.message
    assert "Give the role owner the right to it" in error.value.hint
    assert said[-1] == 'DROP DATABASE "shop_restore_7"'
    assert not [sql for sql in said if "RENAME" in sql or "terminate" in sql]


def test_a_database_that_cannot_be_asked_keeps_its_own_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def run(argv: list[str], **_options: Any) -> str:
        if "CREATE DATABASE" in argv[-1]:
            raise OpsError("The query failed with code 2: server closed the connection", rc=2)
        return ""

    monkeypatch.setattr(_command, "run", run)
    with pytest.raises(OpsError, match=r"^The query failed with code 2"):
        database("/x").restore(tmp_path / "dump", "shop_restore_7", 60)


def test_a_name_stays_a_string_in_what_the_server_runs() -> None:
    body = _postgres_grants.keeping("sho'p", "side").removeprefix("DO ")
    assert body == _postgres_grants.literal(body[1:-1].replace("''", "'"))
    assert "datname = ''sho''''p''" in body


@pytest.mark.parametrize(
    ("name", "side"),
    [("shop", "shop_restore_7"), ("x" * 63, "x" * 40 + "_restore_7")],
)
def test_the_side_name_fits_into_an_identifier(name: str, side: str) -> None:
    assert database("/x", database_name=name).side_name(7) == side
    assert len(f"{side}_before") <= 63


@pytest.mark.parametrize(
    ("query", "answer", "head"),
    [
        pytest.param("", "x", None, id="nobody said how"),
        pytest.param("SELECT head", "0002", "0002", id="a head"),
        pytest.param("SELECT head", "", None, id="no row"),
        pytest.param("SELECT head", OpsError('ERROR:  42P01: relation "m" does not exist'), None, id="no table yet"),
        pytest.param("SELECT head", OpsError("FEHLER:  3F000: Schema existiert nicht"), None, id="no schema yet"),
        pytest.param("SELECT head", OpsError('FATAL:  database "shop" does not exist'), None, id="no database yet"),
    ],
)
def test_the_migration_head(
    monkeypatch: pytest.MonkeyPatch, query: str, answer: str | OpsError, head: str | None
) -> None:
    def run(*_argv: Any, **_options: Any) -> str:
        if isinstance(answer, OpsError):
            raise answer
        return answer

    monkeypatch.setattr(_command, "run", run)
    assert database("/x", migration_head_query=query).migration_head() == head


@pytest.mark.parametrize("words", ["server closed the connection", 'ERROR:  42703: column "hea" does not exist'])
def test_a_head_that_cannot_be_asked_for_is_an_error(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    def run(*_argv: Any, **_options: Any) -> str:
        raise OpsError(f"The query failed with code 2: {words}")

    monkeypatch.setattr(_command, "run", run)
    with pytest.raises(OpsError, match=words):
        database("/x", migration_head_query="SELECT head").migration_head()
