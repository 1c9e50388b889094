"""Every phase of a deployment made to fail, on the real engine: the last good release runs, no data is lost."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest

from tests.fuzz.hostile import DRIPS, GARBAGE, serving
from tests.integration.application import Application, Run


def request(url: str, body: Mapping[str, Any] | None = None) -> Any:
    """Ask the application."""
    data = json.dumps(body).encode() if body is not None else None
    asked = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=5) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def deployed(app: Application) -> Application:
    """The studio at v0.1.0, with a row in its database that has to survive everything."""
    run = app.deploy("v0.1.0")
    assert run.rc == 0, run.output
    request(f"{app.url}/api/projects", {"name": "survivor"})
    return app


def assert_same_release(app: Application, version: str) -> None:
    """The release runs, its data is there, nothing is held and nothing is left behind."""
    assert app.current()["version"] == version
    verified = app.play("verify")
    assert verified.rc == 0, verified.output
    assert request(f"{app.url}/api/version")["version"] == version
    assert "survivor" in json.dumps(request(f"{app.url}/api/projects"))
    assert app.read("lease.json")["released"]
    assert app.read("operation.json")["status"] == "done"
    images = {service: image["id"] for service, image in app.current()["images"].items()}
    assert {service: image for service, (_, _, image) in app.containers().items()} == images
    assert not list(app.state.rglob(".new-*"))


def test_answers_without_an_end_end_the_checks_in_time_and_hold_nothing(deployed: Application) -> None:
    """Whoever answers so is broken, and nobody waits for it longer than its check says."""
    forms = {name: DRIPS[name] for name in ("chunks in drips", "a head in drips")}
    forms |= {name: GARBAGE[name] for name in ("a chunk of negative size", "chunks of one byte without an end")}
    with contextlib.ExitStack() as stack:
        checks = []
        for name, say in forms.items():
            port = stack.enter_context(serving(say, 0.1 if name in DRIPS else 0.0))
            checks.append({"name": name, "kind": "http", "url": f"http://127.0.0.1:{port}/", "timeout": 2})
        checks.append({"name": "well", "kind": "http", "url": f"{deployed.url}/api/version"})
        began = time.monotonic()
        run = deployed.play("verify", app_checks=checks)
    assert run.rc != 0
    assert time.monotonic() - began < 30
    states = {check["name"]: check["state"] for check in run.target()["checks"]}
    assert states == {**dict.fromkeys(forms, "fail"), "well": "pass"}, run.output
    assert deployed.read("lease.json")["released"]


# version, changed variables, the phase that fails, what the sentence has to say
FAILURES = {
    "will not build": ("v0.9.0-build", {}, "images", "Building the images failed"),
    "backup fails": ("v0.2.0", {"app_database_user": "nobody"}, "backup", "nobody"),
    "migration fails half way": ("v0.9.0-migration", {}, "migrate", "The migration failed"),
    "crashes at start": ("v0.9.0-crash", {}, "apply", "app"),
    "never gets healthy": ("v0.9.0-unhealthy", {}, "apply", "unhealthy"),
    "is slow": ("v0.9.0-slow", {}, "verify", "Health endpoint"),
    # it logs each of them as well, which the check of the logs would see first
    "answers 500 after a while": ("v0.9.0-errors", {"without": "logs"}, "soak|verify", "500"),
    "logs errors": ("v0.9.0-logs", {}, "soak|verify", "No error logs"),
    "leaks memory": ("v0.9.0-leak", {"app_soak_seconds": 30}, "apply|verify|soak", "memory"),
}


@pytest.mark.parametrize(("version", "changes", "phase", "says"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failed_phase_undoes_itself(
    deployed: Application, version: str, changes: Mapping[str, Any], phase: str, says: str
) -> None:
    kept = [check for check in deployed.variables["app_checks"] if check["kind"] != changes.get("without")]
    deployed.write(**{"app_checks": kept, **{name: value for name, value in changes.items() if name != "without"}})
    run = deployed.deploy(version)
    deployed.write()

    assert run.rc != 0
    target = run.target()
    assert target["status"] == "rolled_back", run.output
    assert target["failure"]["phase"] in phase.split("|"), run.output
    assert says in target["message"], target["message"]
    assert "schema" in target["message"] or not target["schema_moved"]
    bad = deployed.read(f"releases/{target['release']}/record.json")
    assert bad["status"] == "bad"
    if phase == "migrate":
        assert bad["migration"]["moved"] is True
        assert "The database schema was migrated" in target["message"]
    manifest = json.loads((deployed.state / "evidence" / bad["id"] / "manifest.json").read_text())
    assert manifest["files"]["containers.json"]["state"] == "ok"
    assert_same_release(deployed, "v0.1.0")


def test_the_last_good_release_survives_all_of_them(deployed: Application) -> None:
    run: Run = deployed.play("rollback", release="last good")
    assert run.rc == 0
    assert run.target()["status"] == "unchanged"
    assert_same_release(deployed, "v0.1.0")
