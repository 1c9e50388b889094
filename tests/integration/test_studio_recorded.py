"""State that 0.1.0 wrote, carried on upon the real engine: its folder in place of that of an application that runs."""

from __future__ import annotations

import json
import shutil
import time
from typing import Any

import pytest

from tests.integration.application import Application
from tests.integration.observed import recreated
from tests.integration.test_studio_failures import request
from tests.unit.support import recorded

VERSION = "0.1.0"
FIRST, CURRENT, KILLED = "0001-v0.1.0", "0004-v0.2.0", "0005-v0.2.1"
OLDEST, BACKUP = "20261129T234944Z-0001-v0.1.0", "20261129T235742Z-0001-v0.1.0"
#: app_keep_backups, which the inventory leaves as it is
KEPT = 5
RECORDS = {
    name.split("/")[1]: json.loads(content) for name, content in recorded.files(VERSION) if name.endswith("record.json")
}


def words(app: Application) -> dict[str, str]:
    """What the recording calls otherwise than this machine: the folder, the ports, the images, the passwords."""
    given, mine = recorded.variables(VERSION), app.variables
    lease = next(json.loads(content) for name, content in recorded.files(VERSION) if name == "lease.json")
    found = {
        recorded.FOLDER: str(app.state),
        given["app_repository"]: mine["app_repository"],
        recorded.NAME: app.name,
        "recorded-postgres-password": app.env["POSTGRES_PASSWORD"],
        "recorded-secret-key": app.env["SECRET_KEY"],
        # its holder was killed a moment ago
        repr(lease["expires"]): repr(time.time() + 600),
    }
    found |= {
        str(value): str(mine["app_environment"][name])
        for name, value in given["app_environment"].items()
        if len(str(value)) > 4
    }
    for release, made in (("0001-v0.1.0", FIRST), ("0002-v0.2.0", CURRENT), ("0002-v0.2.0", "0002-v0.2.0")):
        images = app.read(f"releases/{release}/record.json")["images"]
        found |= {image["id"]: images[service]["id"] for service, image in RECORDS[made]["images"].items()}
    return found


@pytest.fixture(scope="module")
def carried(app: Application) -> Application:
    """The studio at v0.2.0, where 0.1.0 was killed as it deployed the next one."""
    for version in ("v0.1.0", "v0.2.0"):
        run = app.deploy(version)
        assert run.rc == 0, run.output
    changed = words(app)
    shutil.rmtree(app.state)
    recorded.put(VERSION, app.state, changed)
    app.write(app_lease_wait=1)
    return app


def test_its_releases_backups_and_lease_are_known(carried: Application) -> None:
    run = carried.play("releases")
    assert run.rc == 0, run.output
    found: dict[str, Any] = run.stats["doppelganger_ops_releases"]["app"]
    assert {one["id"]: one["status"] for one in found["releases"]} == {
        name: record["status"] for name, record in RECORDS.items()
    }
    assert (found["current"], found["unreadable"]) == (CURRENT, {})
    assert {OLDEST, BACKUP} <= {one["id"] for one in found["backups"]}
    assert found["lease"]["purpose"] == "deploy v0.2.1"


def test_its_lease_keeps_others_out_until_it_is_unlocked(carried: Application) -> None:
    before = carried.read("lease.json")
    run = carried.deploy("v0.2.0")
    assert run.rc != 0
    assert run.target()["status"] == "refused"
    assert carried.read("lease.json") == before
    assert carried.play("unlock", reason="its run was killed").rc == 0
    assert carried.read("lease.json") == {**before, "released": True}


def test_its_interrupted_deployment_is_recovered_and_nothing_is_replaced(carried: Application) -> None:
    before, token = carried.containers(), carried.read("lease.json")["token"]
    run = carried.deploy("v0.2.0")
    assert run.rc == 0, run.output
    assert run.target()["recovered"]["operation"] == "deploy"
    assert carried.read(f"releases/{KILLED}/record.json")["status"] == "bad"
    assert (carried.current()["id"], carried.current()["previous"]) == ("0006-v0.2.0", CURRENT)
    assert recreated(before, carried.containers()) == []
    assert carried.read("lease.json")["token"] > token
    backups = {path.name for path in (carried.state / "backups").iterdir()}
    assert (len(backups), OLDEST in backups, BACKUP in backups) == (KEPT, False, True)
    again = carried.deploy("v0.2.0")
    assert (again.rc, again.target()["status"], again.changed()) == (0, "unchanged", 0)


def test_its_first_release_and_its_data_are_returned_to(carried: Application) -> None:
    run = carried.play("rollback", release=FIRST, backup=BACKUP, confirm=carried.name)
    assert run.rc == 0, run.output
    assert carried.current()["id"] == FIRST
    assert request(f"{carried.url}/api/version")["version"] == "v0.1.0"
    assert carried.read(f"backups/{BACKUP}/backup.json")["restored"]
