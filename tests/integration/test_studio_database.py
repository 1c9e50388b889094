"""Backups, restores and integrity on the real engine: PostgreSQL never restarts, and no row is lost or invented."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.integration.application import Application, Run
from tests.integration.observed import assert_described, everything
from tests.integration.test_studio_failures import request


@pytest.fixture(scope="module")
def deployed(app: Application) -> Application:
    """The studio at v0.1.0, with one row."""
    run = app.deploy("v0.1.0")
    assert run.rc == 0, run.output
    add(app, "before")
    return app


def add(app: Application, name: str) -> None:
    request(f"{app.url}/api/projects", {"name": name})


def rows(app: Application) -> list[str]:
    """The names of the projects, as the application gives them."""
    return sorted(project["name"] for project in request(f"{app.url}/api/projects")["projects"])


def in_postgres(app: Application, *command: str, stdin: Path | None = None) -> str:
    """Run something in the database's container."""
    argv = ["docker", "exec", "--interactive", app.containers()["postgres"][0], *command]
    with stdin.open("rb") if stdin else contextlib.nullcontext(subprocess.DEVNULL) as stream:
        return subprocess.run(argv, check=True, capture_output=True, stdin=stream).stdout.decode().strip()


def sql(app: Application, statement: str) -> str:
    """The answer of the database."""
    login = ["--username", "doppelganger_user", "--dbname", "doppelganger"]
    return in_postgres(app, "psql", *login, "--tuples-only", "--no-align", "--command", statement)


def databases(app: Application) -> list[str]:
    """Every database of the server, templates left out."""
    return sql(app, "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1").splitlines()


def backups(app: Application) -> list[str]:
    return sorted(path.name for path in (app.state / "backups").iterdir())


def back_up(app: Application) -> str:
    """Take a backup and return its id."""
    run = app.play("backup")
    assert run.rc == 0, run.output
    assert_described(app, run)
    name: str = run.target()["backup"]
    return name


def restore(app: Application, name: str) -> Run:
    return app.play("restore", backup=name, confirm=app.name)


@contextlib.contextmanager
def happenings(app: Application) -> Iterator[list[tuple[str, str]]]:
    """What happens to the containers while the body runs, in its order: service, and stop, start or the command."""
    seen: list[tuple[str, str]] = []
    filters = {"label": f"com.docker.compose.project={app.name}", "type": "container"}
    with contextlib.closing(docker.from_env()) as client:
        stream = client.events(filters=filters, decode=True)

        def read() -> None:
            for one in stream:
                seen.append((one["Actor"]["Attributes"]["com.docker.compose.service"], one["Action"]))

        reader = threading.Thread(target=read)
        reader.start()
        yield seen
        stream.close()
        reader.join()


def assert_sound(app: Application, postgres: tuple[str, str, str]) -> None:
    """The application works, the database never restarted, and no other database was left behind."""
    verified = app.play("verify")
    assert verified.rc == 0, verified.output
    assert app.containers()["postgres"] == postgres
    assert databases(app) == ["doppelganger", "postgres"]
    assert app.read("lease.json")["released"]


def test_a_backup_is_what_its_record_says(deployed: Application) -> None:
    name = back_up(deployed)
    record = deployed.read(f"backups/{name}/backup.json")
    path = deployed.state / "backups" / name / "dump"
    dump = path.read_bytes()
    assert dump.startswith(b"PGDMP")
    assert record["size"] == len(dump)
    assert record["sha256"] == hashlib.sha256(dump).hexdigest()
    listing = in_postgres(deployed, "pg_restore", "--list", stdin=path).splitlines()
    assert any("TABLE DATA public projects" in line for line in listing)
    assert record["entries"] == sum(1 for line in listing if line and not line.startswith(";"))
    assert record["release"] == deployed.current()["id"]
    assert record["migration_head"] == sql(deployed, "SELECT max(version) FROM schema_migrations")


def test_a_restore_brings_exactly_the_rows_of_the_backup_back(deployed: Application) -> None:
    name, postgres = back_up(deployed), deployed.containers()["postgres"]
    sql(deployed, "CREATE DATABASE doppelganger_restore_99")
    add(deployed, "after")
    assert rows(deployed) == ["after", "before"]

    with happenings(deployed) as seen:
        run = restore(deployed, name)

    assert run.rc == 0, run.output
    assert run.target()["status"] == "ok"
    assert rows(deployed) == ["before"]
    stopped = max(seen.index(("app", "stop")), seen.index(("dashboard", "stop")))
    started = min(seen.index(("app", "start")), seen.index(("dashboard", "start")))
    restored = [at for at, (_, action) in enumerate(seen) if action.startswith("exec_start: pg_restore --username")]
    assert stopped < restored[0] < started
    assert ("postgres", "stop") not in seen
    assert_sound(deployed, postgres)  # and so the leftover of an interrupted restore is gone
    assert_described(deployed, run)


#: what a database has of its own: owner, encoding, locale, limit, comment, privileges, and its settings by role
OWN = """
SELECT pg_get_userbyid(datdba), encoding, datcollate, datctype, datlocprovider, datconnlimit,
  shobj_description(oid, 'pg_database'), (SELECT array_agg(privilege::text ORDER BY 1) FROM unnest(datacl) privilege),
  (SELECT array_agg(format('%s %s', setrole::regrole, setconfig) ORDER BY setrole) FROM pg_db_role_setting
   WHERE setdatabase = oid)
FROM pg_database WHERE datname = 'doppelganger'
"""


def test_a_restore_keeps_what_the_database_has_of_its_own(deployed: Application) -> None:
    postgres = deployed.containers()["postgres"]
    for statement in (
        "CREATE ROLE \"a 'reader'\" LOGIN",
        "ALTER DATABASE doppelganger SET timezone TO 'Asia/Tokyo'",
        'ALTER DATABASE doppelganger SET search_path TO "$user", public, "an ""odd, one"',
        "ALTER ROLE \"a 'reader'\" IN DATABASE doppelganger SET statement_timeout TO '5s'",
        "ALTER DATABASE doppelganger SET app.key TO 'it''s = \\secret, 1'",
        "REVOKE CONNECT ON DATABASE doppelganger FROM PUBLIC",
        "GRANT CONNECT ON DATABASE doppelganger TO \"a 'reader'\" WITH GRANT OPTION",
        "ALTER DATABASE doppelganger CONNECTION LIMIT 42",
        "COMMENT ON DATABASE doppelganger IS 'it''s the studio''s'",
    ):
        sql(deployed, statement)
    before, which = sql(deployed, OWN), "SELECT oid FROM pg_database WHERE datname = 'doppelganger'"
    restored = sql(deployed, which)
    assert "Asia/Tokyo" in before

    run = restore(deployed, back_up(deployed))

    assert run.rc == 0, run.output
    assert sql(deployed, which) != restored
    assert sql(deployed, OWN) == before
    assert sql(deployed, "SHOW timezone") == "Asia/Tokyo"
    assert sql(deployed, "SHOW search_path") == '"$user", public, "an ""odd, one"'
    may_connect = "SELECT has_database_privilege('{}', 'doppelganger', 'CONNECT')"
    assert [sql(deployed, may_connect.format(role)) for role in ("pg_monitor", "a ''reader''")] == ["f", "t"]
    assert_sound(deployed, postgres)
    assert_described(deployed, run)


def test_a_restore_nobody_confirmed_is_refused(deployed: Application) -> None:
    before = everything(deployed)
    for confirm in ({}, {"confirm": "studio"}):
        run = deployed.play("restore", backup=backups(deployed)[-1], **confirm)
        assert run.rc != 0
        assert run.target()["status"] == "refused"
        assert f"confirm must be '{deployed.name}'" in run.target()["message"]
        assert everything(deployed) == before


def test_a_dump_that_is_not_the_recorded_one_is_refused_before_anything_stops(deployed: Application) -> None:
    name = back_up(deployed)
    path = deployed.state / "backups" / name / "dump"
    dump = bytearray(path.read_bytes())
    dump[len(dump) // 2] ^= 1
    path.write_bytes(dump)
    before = everything(deployed)

    for playbook, inputs in (("restore", {}), ("rollback", {"release": "v0.1.0"})):
        run = deployed.play(playbook, backup=name, confirm=deployed.name, **inputs)
        assert run.rc != 0
        assert run.target()["status"] == "refused", run.output
        assert f"The dump of backup {name} is damaged: its sha256 is" in run.target()["message"]
        assert everything(deployed) == before


def test_a_restore_that_fails_leaves_the_data_alone_and_is_red(deployed: Application) -> None:
    name, postgres = back_up(deployed), deployed.containers()["postgres"]
    folder = deployed.state / "backups" / name
    dump = (folder / "dump").read_bytes()[:-400]
    (folder / "dump").write_bytes(dump)
    record = {**deployed.read(f"backups/{name}/backup.json"), "sha256": hashlib.sha256(dump).hexdigest()}
    (folder / "backup.json").write_text(json.dumps(record))
    add(deployed, "kept")

    run = restore(deployed, name)

    assert run.rc != 0
    assert run.target()["status"] == "rolled_back", run.output
    assert run.target()["failure"]["phase"] == "restore"
    assert "The restore failed" in run.target()["message"]
    assert rows(deployed) == ["before", "kept"]
    assert_sound(deployed, postgres)
    assert_described(deployed, run)


def test_retention_keeps_the_newest_and_what_a_release_needs(deployed: Application) -> None:
    deployed.write(app_keep_backups=2)
    run = deployed.deploy("v0.2.0")
    assert run.rc == 0, run.output
    needed = run.target()["backup"]
    taken = [back_up(deployed) for _ in range(4)]
    deployed.write()
    restored = [name for name in backups(deployed) if deployed.read(f"backups/{name}/backup.json").get("restored")]
    assert backups(deployed) == [*restored, needed, taken[0], *taken[-2:]]
    assert len(restored) == 1
    assert deployed.current()["backup"] == needed


def test_an_empty_dump_ends_the_deployment_before_the_migration(deployed: Application) -> None:
    postgres, head = deployed.containers()["postgres"], sql(deployed, "SELECT max(version) FROM schema_migrations")
    with a_dump_that_says_nothing(deployed):
        run = deployed.deploy("v0.9.0-migration")
    assert run.rc != 0
    assert run.target()["failure"]["phase"] == "backup"
    assert "The dump of doppelganger is empty." in run.target()["message"]
    assert run.target()["schema_moved"] is False
    assert "migrate" not in [phase["name"] for phase in run.target()["phases"]]
    assert sql(deployed, "SELECT max(version) FROM schema_migrations") == head
    assert deployed.current()["version"] == "v0.2.0"
    assert all((deployed.state / "backups" / name / "backup.json").exists() for name in backups(deployed))
    assert_sound(deployed, postgres)


@contextlib.contextmanager
def a_dump_that_says_nothing(app: Application) -> Any:
    """A ``pg_dump`` in the database's container that ends well and writes nothing."""
    found = in_postgres(app, "sh", "-c", "readlink -f $(command -v pg_dump)")
    in_postgres(app, "mv", found, f"{found}.away")
    script = io.BytesIO()
    with tarfile.open(fileobj=script, mode="w") as archive:
        entry = tarfile.TarInfo(Path(found).name)
        entry.mode, text = 0o755, b"#!/bin/sh\nexit 0\n"
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    with contextlib.closing(docker.from_env()) as client:
        client.containers.get(app.containers()["postgres"][0]).put_archive(str(Path(found).parent), script.getvalue())
    yield
    in_postgres(app, "mv", f"{found}.away", found)


def test_a_rollback_that_fails_after_its_restore_puts_the_data_back(deployed: Application) -> None:
    name, postgres = deployed.current()["backup"], deployed.containers()["postgres"]
    add(deployed, "on the new schema")
    head = sql(deployed, "SELECT max(version) FROM schema_migrations")
    newer = {"name": "The newer one runs", "kind": "http", "url": f"{deployed.url}/api/version",
             "json": {"version": "v0.2.0"}, "timeout": 3}  # fmt: skip
    deployed.write(app_checks=[*deployed.variables["app_checks"], newer])

    run = deployed.play("rollback", release="v0.1.0", backup=name, confirm=deployed.name)
    deployed.write()

    assert run.rc != 0
    assert run.target()["status"] == "rolled_back", run.output
    assert "The newer one runs" in run.target()["message"]
    assert rows(deployed) == ["before", "kept", "on the new schema"]
    assert sql(deployed, "SELECT max(version) FROM schema_migrations") == head
    assert deployed.current()["version"] == request(f"{deployed.url}/api/version")["version"] == "v0.2.0"
    assert_sound(deployed, postgres)
    assert_described(deployed, run)


def test_a_rollback_restores_the_backup_that_it_is_given(deployed: Application) -> None:
    name, postgres = deployed.current()["backup"], deployed.containers()["postgres"]
    rolled = {"release": "v0.1.0", "backup": name, "reason": "tags are wrong"}
    before = everything(deployed)
    refused = deployed.play("rollback", **rolled)
    assert refused.target()["status"] == "refused"
    assert everything(deployed) == before
    head = deployed.read(f"backups/{name}/backup.json")["migration_head"]

    with happenings(deployed) as seen:
        run = deployed.play("rollback", **rolled, confirm=deployed.name)

    assert run.rc == 0, run.output
    assert rows(deployed) == ["before", "kept"]
    assert sql(deployed, "SELECT max(version) FROM schema_migrations") == head
    assert deployed.current()["version"] == request(f"{deployed.url}/api/version")["version"] == "v0.1.0"
    assert ("postgres", "stop") not in seen
    assert_sound(deployed, postgres)
    assert_described(deployed, run)


#: what people and commands that were cut off leave in databases that are sound
LEFT_SO = (
    "CREATE TABLE early (n int)", "INSERT INTO early VALUES (1)",
    "ALTER TABLE early ADD CONSTRAINT later CHECK (n > 1) NOT VALID",
    "CREATE MATERIALIZED VIEW empty AS SELECT 1 AS n WITH NO DATA",
    "CREATE TABLE parted (n int) PARTITION BY RANGE (n)",
    "CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (9)",
    "CREATE INDEX whole ON ONLY parted (n)",
)  # fmt: skip


def test_what_was_left_so_on_purpose_keeps_nobody_from_going_back(deployed: Application) -> None:
    assert deployed.deploy("v0.2.1").rc == 0
    for statement in LEFT_SO:
        sql(deployed, statement)
    add(deployed, "twice")
    add(deployed, "twice")
    with pytest.raises(subprocess.CalledProcessError):
        sql(deployed, "CREATE UNIQUE INDEX CONCURRENTLY half ON projects (name)")
    name = back_up(deployed)

    back = deployed.play("rollback", release="v0.1.0")
    restored = deployed.play("restore", backup=name, confirm=deployed.name)

    assert (back.rc, restored.rc) == (0, 0), back.output + restored.output
    assert "all tables can be read; constraint later of early is not valid; index half is not valid" in back.output
    assert "all tables can be read; constraint later of early is not valid" in restored.output
    assert deployed.read(f"backups/{name}/backup.json")["restored"]
    assert rows(deployed).count("twice") == 2


def test_a_rollback_onto_a_database_that_is_not_sound_is_red(deployed: Application) -> None:
    assert deployed.deploy("v0.2.1").rc == 0
    sql(deployed, "CREATE TABLE lost AS SELECT 1 AS n")
    sql(deployed, "CHECKPOINT")
    folder, path = sql(deployed, "SHOW data_directory").strip(), sql(deployed, "SELECT pg_relation_filepath('lost')")
    in_postgres(deployed, "rm", f"{folder}/{path.strip()}")

    run = deployed.play("rollback", release="v0.1.0")

    assert run.rc != 0
    assert run.target()["failure"]["phase"] == "integrity"
    assert f'could not open file "{path.strip()}"' in run.target()["message"]
    assert (run.target()["status"], run.target()["reason"]) == ("rolled_back", "database_unsound")
    assert deployed.current()["version"] == request(f"{deployed.url}/api/version")["version"] == "v0.2.1"
    assert_described(deployed, run)


#: takes the table's file away while the checklist is gone through
TAKE_AWAY = """ask() { psql -U doppelganger_user -d doppelganger -qAtc "$1"; }
ask CHECKPOINT && cd "$(ask 'SHOW data_directory')" && rm -f "$(ask "SELECT pg_relation_filepath('fragile')")" """


def test_data_that_breaks_after_a_restore_is_put_back_though_it_cannot_be_dumped(deployed: Application) -> None:
    sql(deployed, "DROP TABLE IF EXISTS lost")
    sql(deployed, "CREATE TABLE fragile AS SELECT 1 AS n")
    earlier = back_up(deployed)
    add(deployed, "after the backup")
    breaks = {"name": "Breaks", "kind": "exec", "service": "postgres", "command": ["sh", "-c", TAKE_AWAY]}
    deployed.write(app_checks=[*deployed.variables["app_checks"], breaks])

    run = restore(deployed, earlier)

    deployed.write()
    kept = run.target()["backup"]
    assert (run.rc, run.target()["status"]) == (2, "rolled_back"), run.output
    assert run.target()["failure"]["phase"] == "integrity"
    assert "What was restored could not be kept as well" in run.output
    assert f"The database was put back to backup {kept}." in run.target()["message"]
    assert kept not in ("", earlier)
    assert "after the backup" in rows(deployed)
    sql(deployed, "DROP TABLE fragile")


def test_a_backup_that_fails_stops_nothing_that_nobody_recorded(deployed: Application) -> None:
    before = deployed.containers()
    deployed.write(app_state_dir=str(deployed.folder / "lost"), app_database_name="nowhere")

    run = deployed.play("backup")

    deployed.write()
    assert (run.rc, run.target()["status"]) == (2, "failed"), run.output
    assert "stopped" not in run.target()["message"]
    assert deployed.containers() == before
    assert deployed.play("verify").rc == 0
