"""Backup and restore on the real cluster, with the documented rights: rows come back, PostgreSQL never restarts."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.integration.application import Run
from tests.integration.kube_application import Account, KubeApplication

RELEASE = {"doppelganger-app", "doppelganger-dashboard"}


@pytest.fixture(scope="module")
def studio(kube: KubeApplication) -> KubeApplication:
    """The studio at v0.1.0 with one row, in a pod of each kind."""
    kube.variables["app_environment"]["STUDIO_REPLICAS"] = 1
    kube.variables.update(Account(kube).login())
    kube.write()
    run = kube.deploy("v0.1.0")
    assert run.rc == 0, run.output
    kube.add("before")
    return kube


@pytest.fixture(scope="module")
def backup(studio: KubeApplication) -> str:
    """A backup of that one row."""
    run = studio.play("backup")
    assert run.rc == 0, run.output
    studio.assert_described(run)
    name: str = run.target()["backup"]
    return name


def restore(app: KubeApplication, name: str, **inputs: str) -> Run:
    return app.play("restore", backup=name, **{"confirm": app.name, **inputs})


def databases(app: KubeApplication) -> list[str]:
    """Every database of the server, templates left out."""
    return app.sql("SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1").splitlines()


@contextlib.contextmanager
def happenings(app: KubeApplication) -> Iterator[list[str]]:
    """How many pods each Deployment has, each time that changes while the body runs."""
    columns = "custom-columns=NAME:.metadata.name,PODS:.status.replicas"
    argv = ["kubectl", "--context", app.cluster.context, "--namespace", app.namespace, "get", "deployments"]
    seen: list[str] = []
    watch = subprocess.Popen(
        [*argv, "--watch", "--no-headers", f"--output={columns}"], env=app.cluster.env, text=True,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert watch.stdout is not None
    first = watch.stdout.readline()  # it looks
    yield seen
    watch.terminate()
    output, _ = watch.communicate()
    seen += [" ".join(line.split()) for line in (first + output).splitlines()]


def test_a_backup_is_what_its_record_says(studio: KubeApplication, backup: str) -> None:
    record = studio.backup(backup)
    dump = (studio.state / "backups" / backup / "dump").read_bytes()
    assert dump.startswith(b"PGDMP")
    assert (record["size"], record["sha256"]) == (len(dump), hashlib.sha256(dump).hexdigest())
    assert record["release"] == studio.current()["id"]
    assert record["migration_head"] == studio.sql("SELECT max(version) FROM schema_migrations")


def test_a_restore_brings_the_rows_back_while_the_application_is_stopped(studio: KubeApplication, backup: str) -> None:
    studio.add("after")
    studio.sql("CREATE DATABASE doppelganger_restore_99")
    assert studio.rows() == ["after", "before"]
    mine = studio.uids()

    with happenings(studio) as seen:
        run = restore(studio, backup)

    assert run.rc == 0, run.output
    assert run.target()["status"] == "ok"
    assert studio.rows() == ["before"]
    for name in RELEASE:
        counts = [line.split()[1] for line in seen if line.startswith(f"{name} ")]
        assert (counts[0], counts[-1]) == ("1", "1")
        assert {"0", "<none>"} & set(counts), counts
    phases = [phase["name"] for phase in run.target()["phases"]]
    assert phases.index("stop") < phases.index("restore") < phases.index("apply")
    now = studio.uids()
    assert {name for name in now if now[name] == mine[name]} == {"postgres", "redis"}
    assert databases(studio) == ["doppelganger", "postgres"], "the leftover of an interrupted restore is gone"
    studio.assert_described(run)


def test_a_restore_that_cannot_be_meant_is_refused(studio: KubeApplication, backup: str) -> None:
    before = studio.snapshot()
    for name, inputs, words in (
        (backup, {"confirm": "studio"}, f"confirm must be '{studio.name}'"),
        ("20200101T000000Z-0001-v0.1.0", {}, "20200101T000000Z-0001-v0.1.0"),
    ):
        run = restore(studio, name, **inputs)
        assert run.rc != 0
        assert run.target()["status"] == "refused", run.output
        assert words in run.target()["message"]
        assert studio.snapshot() == before


def test_a_dump_that_is_not_the_recorded_one_is_refused_before_anything_stops(
    studio: KubeApplication, backup: str
) -> None:
    path = studio.state / "backups" / backup / "dump"
    dump = path.read_bytes()
    middle = len(dump) // 2
    path.write_bytes(dump[:middle] + bytes([dump[middle] ^ 1]) + dump[middle + 1 :])
    before = studio.snapshot()
    for playbook, inputs in (("restore", {}), ("rollback", {"release": "v0.1.0"})):
        run = studio.play(playbook, backup=backup, confirm=studio.name, **inputs)
        assert run.rc != 0
        assert run.target()["status"] == "refused", run.output
        assert f"The dump of backup {backup} is damaged: its sha256 is" in run.target()["message"]
        assert studio.snapshot() == before
    path.write_bytes(dump)


def test_a_dump_that_ends_too_early_is_never_a_success_and_leaves_the_data_alone(
    studio: KubeApplication, backup: str
) -> None:
    folder = studio.state / "backups" / backup
    dump = (folder / "dump").read_bytes()[:-400]
    (folder / "dump").write_bytes(dump)
    record = {**studio.backup(backup), "sha256": hashlib.sha256(dump).hexdigest()}
    (folder / "backup.json").write_text(json.dumps(record))
    studio.add("kept")
    mine = studio.uids()

    run = restore(studio, backup)

    assert run.rc != 0
    assert run.target()["status"] == "rolled_back", run.output
    assert run.target()["failure"]["phase"] == "restore"
    assert studio.rows() == ["before", "kept"]
    assert studio.uids()["postgres"] == mine["postgres"]
    assert databases(studio) == ["doppelganger", "postgres"]
    assert studio.play("verify").rc == 0
    studio.assert_described(run)


@pytest.mark.parametrize("playbook", ["backup", "restore"])
def test_a_check_leaves_database_and_backups_alone(studio: KubeApplication, backup: str, playbook: str) -> None:
    inputs = {"backup": backup, "confirm": studio.name} if playbook == "restore" else {}
    before = studio.snapshot()
    run = studio.play(playbook, "--check", "--diff", **inputs)
    assert run.rc == 0, run.output
    assert run.target()["changed"]
    assert studio.snapshot() == before
    studio.assert_described(run)
