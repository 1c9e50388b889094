"""Every verb and every status of the Python API, on the real engine."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml

import doppelganger_ops as ops
from doppelganger_ops import Status, events
from doppelganger_ops.executor import Running
from doppelganger_ops.job import Job
from doppelganger_ops.schemas import problems
from tests.integration.application import Application
from tests.integration.embedding import Recorder, RunFolders, in_phase, nothing_left, wait_until

#: how a run ends that is ended, or that had nobody
ENDED = (Status.CANCELLED, Status.TIMED_OUT, Status.NO_HOSTS)
VERBS = {name for name in ops.__all__ if isinstance(getattr(ops, name), ops.Verb)} - {"observe"}


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    """Who runs everything in this file."""
    executor = Recorder(tmp_path_factory.mktemp("reports"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("doppelganger_ops.api.DEFAULT", executor)
        yield executor


@pytest.fixture(scope="module")
def app(app: Application) -> Application:
    """The studio with a soak that is over at once, and a lease that nobody waits for long."""
    app.variables.update({"app_soak_seconds": 1, "app_lease_ttl": 3})
    app.write()
    return app


@pytest.fixture(scope="module")
def held(recorder: Recorder) -> tuple[int, int]:
    """The threads and descriptors of this process before the first run."""
    return threading.active_count(), len(os.listdir("/proc/self/fd"))


@pytest.fixture(autouse=True)
def leaves_nothing(run_folders: RunFolders, recorder: Recorder, held: tuple[int, int]) -> Iterator[None]:
    """After each test no folder of a run is there, and each report is what its schema describes."""
    yield
    assert run_folders.left() == []
    recorder.read()


def well(result: ops.Outcome[ops.Target]) -> ops.Target:
    """The one target of a run that left nothing behind, and whose JSON is what the schema says."""
    assert problems("run", json.loads(result.to_json())) == []
    assert result.run.survivors == ()
    nothing_left(result.run.id)
    return result.targets["app"]


def test_a_target_that_knows_nothing_yet(app: Application) -> None:
    found = ops.releases(inventory=app.inventory)
    assert (found.status, found.targets["app"].current) == (Status.UNCHANGED, None)
    # in check mode: which packages it would install is this machine's affair
    lacking = ops.prepare(inventory=app.inventory, check=True).targets["app"]
    assert lacking.status is (Status.OK if lacking.packages else Status.UNCHANGED), lacking.message


def test_the_first_deployment(app: Application) -> None:
    seen: list[events.Event] = []
    result = ops.deploy(version="v0.1.0", inventory=app.inventory, on_event=seen.append).raise_for_status()
    target = well(result)
    assert (target.status, target.release_before, target.version) == (Status.OK, None, "v0.1.0")
    assert target.release_after == app.read("current.json")["release"]
    began = [event.phase for event in seen if isinstance(event, events.PhaseStarted)]
    assert began == ["preflight", "lease", "images", "backup", "migrate", "apply", "verify", "record"]
    assert began == [event.phase for event in seen if isinstance(event, events.PhaseFinished)]
    passed = {event.name for event in seen if isinstance(event, events.CheckPassed)}
    assert passed == {check.name for check in target.checks if check.state == "pass"}
    waited = [event.detail for event in seen if isinstance(event, events.Waiting) and event.phase == "apply"]
    assert [detail for detail in waited if "services are up" in detail], waited
    assert isinstance(seen[0], events.RunStarted)
    assert isinstance(seen[-1], events.RunFinished)


def test_again_changes_nothing(app: Application) -> None:
    result = ops.deploy(version="v0.1.0", inventory=app.inventory)
    assert (well(result).status, result.changed) == (Status.UNCHANGED, False)


def test_what_would_be_done(app: Application) -> None:
    result = ops.deploy(version="v0.2.0", inventory=app.inventory, check=True)
    target = well(result)
    assert (target.status, target.check_mode) == (Status.OK, True)
    assert app.current()["version"] == "v0.1.0"


def test_jinja_in_a_callers_text_stays_text(app: Application) -> None:
    reason = "{{ 7 * 7 }} {% raw %} {{ lookup('pipe', 'touch /tmp/doppelganger-was-here') }}"
    target = well(ops.deploy(version="v0.2.0", reason=reason, inventory=app.inventory))
    assert target.status is Status.OK
    assert target.schema_moved is True
    assert app.current()["reason"] == reason
    assert not Path("/tmp/doppelganger-was-here").exists()


class Unchecked(ops.ProcessExecutor):
    """Runs jobs with inputs that nobody has checked."""

    def __init__(self, inputs: dict[str, Any]) -> None:
        super().__init__()
        self._inputs = inputs

    def start(self, job: Job) -> Running:
        return super().start(replace(job, inputs=self._inputs))


def deep(text: str) -> Any:
    found: Any = text
    for _ in range(400):
        found = [found]
    return found


def test_variables_of_a_caller_run_nothing(app: Application, tmp_path: Path) -> None:
    """Ansible read them as JSON or, where that failed, as YAML, in which text is a template."""
    canary = tmp_path / "ran"
    template = f"{{{{ lookup('pipe', 'touch {canary}') }}}}"
    for other in ({"__ansible_vault": "x"}, {"__ansible_unsafe": 1}, {"__ansible_type": "x"}, deep("x")):
        hostile = {"app_environment": {"A": template}, "app_soak_seconds": template, "unrelated": other}
        with pytest.raises(ops.InputError, match="unrelated"):
            ops.verify(inventory=app.inventory, variables=hostile)
        with pytest.raises(ops.StartError):
            ops.verify(inventory=app.inventory, executor=Unchecked(hostile))
    assert not canary.exists()


def test_text_in_variables_is_no_template_wherever_it_is(app: Application, tmp_path: Path) -> None:
    canary = tmp_path / "ran"
    template = f"{{{{ lookup('pipe', 'touch {canary}') }}}}"
    result = ops.verify(
        inventory=app.inventory,
        verbosity=5,
        variables={
            "app_environment": {**app.variables.get("app_environment", {}), "A": template},
            "app_checks": [{"name": template, "kind": "containers"}],
            "app_metric_words": {"x": template},
            "reason": template,
            "unrelated": {template: [template, {template: template}]},
        },
    )
    assert [check.name for check in well(result).checks] == [template]
    assert not canary.exists()


@pytest.mark.parametrize("version", ["{{ 7 * 7 }}", "--help\nv2"])
def test_a_version_that_does_not_fit_is_refused(app: Application, version: str) -> None:
    result = ops.deploy(version=version, inventory=app.inventory)
    assert well(result).status is Status.REFUSED
    assert "version" in result.message


def test_a_release_that_fails_is_rolled_back(app: Application) -> None:
    handle = ops.deploy.start(version="v0.9.0-crash", inventory=app.inventory)
    result = handle.wait()
    target = well(result)
    assert target.status is Status.ROLLED_BACK
    assert target.failure is not None
    assert target.failure.phase == "apply"
    assert target.evidence is not None
    assert Path(target.evidence).is_dir()
    assert app.current()["version"] == "v0.2.0"
    seen = list(handle.events())
    assert [event.phase for event in seen if isinstance(event, events.PhaseFailed)] == ["apply"]
    began = [event.phase for event in seen if isinstance(event, events.PhaseStarted)]
    assert began[-4:] == ["evidence", "return", "verify return", "record"]
    (back,) = [event for event in seen if isinstance(event, events.RolledBack)]
    assert back.release == target.release_after
    with pytest.raises(ops.NotSuccessful, match="rolled_back"):
        result.raise_for_status()


def test_backup_and_restore(app: Application) -> None:
    taken = well(ops.backup(inventory=app.inventory, reason="before the tests")).backup
    assert taken is not None
    refused = ops.restore(backup=taken, confirm="another", inventory=app.inventory)
    assert well(refused).status is Status.REFUSED
    handle = ops.restore.start(backup=taken, confirm=app.name, inventory=app.inventory)
    assert well(handle.wait()).status is Status.OK
    began = [event.phase for event in handle.events() if isinstance(event, events.PhaseStarted)]
    assert began[2:] == ["backup", "stop", "restore", "apply", "verify", "integrity", "record"]


@pytest.mark.parametrize("phase", ["backup", "migrate"])
def test_cancelled_while_the_database_is_at_it(app: Application, phase: str) -> None:
    """The other phases are in test_api_ends.py; each run recovers from the one before."""
    handle = ops.deploy.start(version="v0.2.1", inventory=app.inventory)
    in_phase(handle, phase, handle.cancel)
    result = handle.wait(60)
    nothing_left(handle.id)
    assert result.status is Status.CANCELLED
    assert phase in [one.name for one in result.targets["app"].phases]


def test_roll_back_to_a_version(app: Application) -> None:
    target = well(ops.rollback(release="v0.1.0", inventory=app.inventory))
    assert target.status is Status.OK
    assert app.current()["version"] == "v0.1.0"
    known = ops.releases(inventory=app.inventory).targets["app"]
    assert known.current == target.release_after
    assert {release["status"] for release in known.releases} == {"good", "bad", "left"}


def test_verify(app: Application) -> None:
    target = well(ops.verify(inventory=app.inventory))
    assert target.status is Status.UNCHANGED
    assert all(check.state in ("pass", "skipped") for check in target.checks)


def test_monitor(app: Application) -> None:
    handle = ops.monitor.start(inventory=app.inventory)
    target = well(handle.wait())
    assert target.metrics
    measured = [event for event in handle.events() if isinstance(event, events.MetricMeasured)]
    assert [event.name for event in measured] == [metric.name for metric in target.metrics]
    # what it measures is this machine's, which may be busy
    assert (target.status, target.failure is None) in ((Status.UNCHANGED, True), (Status.FAILED, False))


def test_verify_finds_what_is_wrong_and_touches_nothing(app: Application) -> None:
    subprocess.run(["docker", "stop", f"{app.name}-redis-1"], check=True, capture_output=True)
    target = well(ops.verify(inventory=app.inventory))
    subprocess.run(["docker", "start", f"{app.name}-redis-1"], check=True, capture_output=True)
    assert (target.status, target.changed) == (Status.FAILED, False)


def test_lock_and_unlock(app: Application) -> None:
    locked = ops.lock(reason="maintenance {{ 1 }}", inventory=app.inventory)
    assert (locked.status, locked.changed) == (Status.OK, True)
    held = ops.deploy(version="v0.2.0", inventory=app.inventory)
    assert held.status is Status.REFUSED
    assert "maintenance {{ 1 }}" in held.message
    lease = ops.releases(inventory=app.inventory).targets["app"].lease
    assert lease is not None
    assert lease["purpose"] == "maintenance {{ 1 }}"
    assert ops.unlock(reason="done", inventory=app.inventory).status is Status.OK
    assert ops.unlock(reason="done", inventory=app.inventory).status is Status.UNCHANGED


def test_a_return_that_fails_as_well(app: Application) -> None:
    """What should be returned to is removed while the new release fails."""
    release = app.current()

    def take_away(event: events.Event) -> None:
        if isinstance(event, events.PhaseFailed) and event.phase == "apply":
            with contextlib.closing(docker.from_env()) as client:
                client.images.remove(release["images"]["app"]["id"], force=True)

    result = ops.deploy(version="v0.9.0-crash", inventory=app.inventory, on_event=take_away)
    assert well(result).status is Status.ROLLBACK_FAILED
    assert ops.deploy(version="v0.2.0", inventory=app.inventory).status is Status.OK


def test_nobody_to_do_anything_with(app: Application, tmp_path: Path) -> None:
    empty = tmp_path / "hosts.yml"
    for inventory, limit in ((app.inventory, "nobody"), (empty, None)):
        empty.write_text("targets: {hosts: {}}\nother: {hosts: {elsewhere: }}\n")
        found = ops.verify(inventory=inventory, limit=limit)
        assert (found.status, dict(found.targets)) == (Status.NO_HOSTS, {})
        found.to_json()


@pytest.mark.parametrize("text", ["targets: [", "[targets\napp"], ids=["half a list", "half a section"])
def test_an_inventory_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "hosts.yml").write_text(text)
    with pytest.raises(ops.InventoryError, match=r"hosts\.yml"):
        ops.verify(inventory=tmp_path / "hosts.yml")


def test_a_target_that_cannot_be_reached(app: Application, tmp_path: Path) -> None:
    host = {**app.variables, "ansible_host": "127.0.0.1", "ansible_port": 9, "ansible_connection": "ssh"}
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"targets": {"hosts": {"app": host}}}))
    result = ops.deploy(version="v0.2.0", inventory=inventory)
    assert well(result).status is Status.UNREACHABLE


def test_the_command(app: Application, capfd: pytest.CaptureFixture[str]) -> None:
    from doppelganger_ops import cli

    assert cli.main(["status", "-i", str(app.inventory), "-q"]) == 0
    assert "runs." in capfd.readouterr().out
    assert cli.main(["deploy", "v0.2.0", "-i", str(app.inventory), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["status"] == "unchanged"
    assert cli.main(["deploy", "no such", "-i", str(app.inventory)]) == 3


def test_forty_runs_in_a_row_leave_nothing(app: Application, recorder: Recorder, held: tuple[int, int]) -> None:
    """All of the above, and as many more as there have to be."""
    current = ops.releases(inventory=app.inventory).targets["app"].current
    while recorder.runs < 40:
        found = ops.releases(inventory=app.inventory)
        assert (found.status, found.targets["app"].current) == (Status.UNCHANGED, current)
        nothing_left(found.run.id)
    threads, descriptors = held
    wait_until(lambda: threading.active_count() <= threads)
    assert threading.active_count() <= threads
    assert len(os.listdir("/proc/self/fd")) <= descriptors + 2


def test_there_was_a_report_of_every_ending(recorder: Recorder) -> None:
    """What was ended has none: Ansible could not finish."""
    endings = {status.value for status in Status if status not in ENDED} - {Status.SKIPPED.value}
    assert {report["status"] for report in recorder.reports} == endings
    assert {report["operation"] for report in recorder.reports} == VERBS
    assert [report for report in recorder.reports if report["releases"]]
    assert {report["operation"] for report in recorder.reports if report["said"]} == {"lock", "unlock", "prepare"}
