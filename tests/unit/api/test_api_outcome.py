"""What a run ended with, for everything that a stream may and may not have said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from doppelganger_ops import outcome
from doppelganger_ops.errors import NotSuccessful, UnexpectedResult
from doppelganger_ops.job import Ended
from doppelganger_ops.result import RunInfo, Target
from doppelganger_ops.schemas import problems
from doppelganger_ops.status import Status
from tests.unit.api import scripted

RUN = RunInfo("r1", "2026-11-25T10:00:00Z", 1.0, 0)
NOBODY: dict[str, int] = {}


def seen(*raws: dict[str, Any]) -> outcome.Seen:
    found = outcome.Seen()
    for raw in [scripted.play(), *raws]:
        found.take(raw)
    return found


FAILED = scripted.task("failed", "release_apply", msg="boom", kind="failed", error="boom", hint="look")
LOST = scripted.task("unreachable", "release_apply", msg="no route to host")
REFUSED = scripted.task("failed", "app/main", msg="no", kind="refused", reason="invalid_input", error="no", hint="read")
HELD = scripted.task(
    "failed", "app/main", msg="held", kind="lease_held", reason="lease_held", error="held", hint="wait"
)

CASES = [
    ("published ok", [scripted.stats(scripted.result())], Ended(0), Status.OK),
    ("published rolled back", [scripted.stats(scripted.result("rolled_back"))], Ended(2), Status.ROLLED_BACK),
    ("published, then cancelled", [scripted.stats(scripted.result())], Ended(0, "cancelled"), Status.OK),
    ("green on paper, red in the statistics",
     [scripted.stats(scripted.result(), failures={"app": 1})], Ended(2), Status.FAILED),
    ("green on paper, another exit code", [scripted.stats(scripted.result())], Ended(4), Status.FAILED),
    ("green on paper, killed while it ended", [scripted.stats(scripted.result())], Ended(None), Status.FAILED),
    ("cancelled", [scripted.task("start", "release_apply")], Ended(None, "cancelled"), Status.CANCELLED),
    ("timed out", [scripted.task("start", "release_apply")], Ended(None, "timed_out"), Status.TIMED_OUT),
    ("timed out before anything began", [], Ended(None, "timed_out"), Status.TIMED_OUT),
    ("nobody", [scripted.stats(processed=NOBODY)], Ended(0), Status.NO_HOSTS),
    ("failed without a result", [FAILED, scripted.stats(failures={"app": 1})], Ended(2), Status.FAILED),
    ("refused without a result", [REFUSED, scripted.stats(failures={"app": 1})], Ended(2), Status.REFUSED),
    ("lost", [LOST, scripted.stats(dark={"app": 1})], Ended(4), Status.UNREACHABLE),
    ("killed", [scripted.task("start", "release_apply")], Ended(None, None, (), "killed"), Status.FAILED),
    ("green without a result", [scripted.stats()], Ended(0), Status.FAILED),
]  # fmt: skip


@pytest.mark.parametrize(("raws", "ended", "status"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_status_of_an_operation(raws: list[dict[str, Any]], ended: Ended, status: Status) -> None:
    found = outcome.operation_outcome("deploy", ended, seen(*raws), {}, RUN)
    assert found.status is status
    assert found.message
    assert bool(found.reason) is not status.is_good
    assert json.loads(found.to_json())["status"] == status.value


@pytest.mark.parametrize(
    ("raw", "reason"),
    [(FAILED, "task_failed"), (LOST, "host_unreachable"), (REFUSED, "invalid_input"), (HELD, "lease_held")],
)
def test_a_run_without_a_result_has_the_reason_of_its_last_failure(raw: dict[str, Any], reason: str) -> None:
    found = outcome.operation_outcome("deploy", Ended(2), seen(raw, scripted.stats(failures={"app": 1})), {}, RUN)
    assert (found.reason, found.targets["app"].reason) == (reason, reason)
    assert json.loads(found.to_json())["targets"]["app"]["reason"] == reason
    with pytest.raises(NotSuccessful) as error:
        found.raise_for_status()
    assert error.value.reason == reason


def test_a_target_says_everything_that_was_published() -> None:
    published = scripted.target(
        status="rolled_back",
        failure=scripted.failure(),
        recovered={"operation": "deploy", "release": None, "started": "2026-11-25T10:00:00Z", "phase": "apply"},
    )
    found = Target.from_dict(published)
    assert found.status is Status.ROLLED_BACK
    assert found.failure is not None
    assert found.failure.checks[0].state == "fail"
    assert found.recovered is not None
    assert (found.phases[0].name, found.phases[0].seconds) == ("apply", 1.5)
    assert found.to_dict() == published


def test_a_target_that_was_cut_off_has_the_phases_that_were_seen() -> None:
    phases: dict[str, list[dict[str, Any]]] = {
        "app": [{"name": "preflight", "state": "ok", "seconds": 1.0}, {"name": "apply", "state": "running"}]
    }
    found = outcome.operation_outcome("deploy", Ended(None, "cancelled"), seen(), phases, RUN)
    assert found.targets["app"].was_cut_off
    assert [phase.state for phase in found.targets["app"].phases] == ["ok", "running"]
    assert "recovers" in found.hint
    assert found.changed
    found.to_json()


def test_the_worst_target_decides() -> None:
    published = scripted.result(
        "failed", one=scripted.target(), two=scripted.target(status="failed", message="Broke.", hint="Fix it.")
    )
    found = outcome.operation_outcome("deploy", Ended(2), seen(scripted.stats(published)), {}, RUN)
    assert (found.message, found.hint) == ("two: Broke.", "Fix it.")


def test_what_its_schema_does_not_allow_is_an_error_and_no_guess() -> None:
    published = {"doppelganger_ops": {"schema": 1, "operation": "deploy"}}
    with pytest.raises(UnexpectedResult, match="status"):
        outcome.operation_outcome("deploy", Ended(0), seen(scripted.stats(published)), {}, RUN)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.SKIPPED])
def test_raise_for_status(status: Status) -> None:
    published = scripted.result(status.value) if status in list(Status)[:8] else {}
    ended = {Status.CANCELLED: Ended(None, "cancelled"), Status.TIMED_OUT: Ended(None, "timed_out")}.get(
        status, Ended(0)
    )
    hosts = NOBODY if status is Status.NO_HOSTS else {"app": 1}
    found = outcome.operation_outcome("deploy", ended, seen(scripted.stats(published, processed=hosts)), {}, RUN)
    assert found.status is status
    assert problems("run", json.loads(found.to_json())) == []
    if status.is_good:
        assert found.raise_for_status() is found
        return
    with pytest.raises(NotSuccessful, match=status.value) as raised:
        found.raise_for_status()
    assert raised.value.result is found


INFO = {"changed": False, "current": "0001-v1", "releases": [], "table": ["t"], "backups": [], "lease": None,
        "interrupted": None}  # fmt: skip


def test_releases_and_hosts_that_gave_none() -> None:
    found = outcome.releases_outcome(
        "releases",
        Ended(2),
        seen(
            scripted.task("failed", "app/main", host="two", msg="no", kind="refused"),
            scripted.stats({"doppelganger_ops_releases": {"one": INFO}}, processed={"one": 1, "two": 1}),
        ),
        {},
        RUN,
    )
    assert found.status is Status.REFUSED
    assert (found.targets["one"].current, found.targets["two"].message) == ("0001-v1", "no")
    found.to_json()


@pytest.mark.parametrize(
    ("raws", "status", "changed"),
    [
        ([scripted.stats({"doppelganger_ops_lease": {"app": {"changed": True, "sentence": "locked", "lease": {}}}})],
         Status.OK, True),
        ([scripted.stats({"doppelganger_ops_lease": {"app": {"changed": False, "sentence": "free", "was": None}}})],
         Status.UNCHANGED, False),
        ([HELD, scripted.stats(failures={"app": 1})], Status.REFUSED, False),
    ],
    ids=["locked", "not locked", "held"],
)  # fmt: skip
def test_leases(raws: list[dict[str, Any]], status: Status, changed: bool) -> None:
    found = outcome.lease_outcome("lock", Ended(0), seen(*raws), {}, RUN)
    assert (found.status, found.changed) == (status, changed)
    found.to_json()


@pytest.mark.parametrize(
    ("published", "status"),
    [
        ({"changed": False, "missing": ["git"], "packages": ["git"], "summary": "It needs git."}, Status.OK),
        ({"changed": False, "missing": [], "packages": [], "summary": "Nothing is missing."}, Status.UNCHANGED),
        ({"changed": False, "cluster": "1.20", "namespace": "n", "summary": "Nothing is missing."}, Status.UNCHANGED),
    ],
    ids=["installed", "nothing", "a cluster"],
)
def test_preparations(published: dict[str, Any], status: Status) -> None:
    reported = scripted.stats({"doppelganger_ops_prepare": {"app": published}})
    found = outcome.prepare_outcome("prepare", Ended(0), seen(reported), {}, RUN)
    assert (found.status, found.targets["app"].message) == (status, published["summary"])
    found.to_json()


@pytest.mark.parametrize(("changed", "status"), [(True, Status.OK), (False, Status.UNCHANGED)])
def test_monitoring(changed: bool, status: Status) -> None:
    published = {"summary": "24 rules are loaded.", "changed": changed}
    reported = scripted.stats({"doppelganger_ops_observe": {"app": published}})
    found = outcome.observe_outcome("observe", Ended(0), seen(reported), {}, RUN)
    assert (found.status, found.changed, found.message) == (status, changed, "24 rules are loaded.")
    found.to_json()


def test_what_only_looked_when_it_was_cut_off_changed_nothing() -> None:
    phases = {"app": [{"name": "preflight", "state": "ok"}, {"name": "monitor", "state": "running"}]}
    assert not outcome.operation_outcome("monitor", Ended(None, "cancelled"), seen(), phases, RUN).changed


BY_HOST: dict[str, outcome.Judge[Any]] = {
    "lock": outcome.lease_outcome,
    "unlock": outcome.lease_outcome,
    "prepare": outcome.prepare_outcome,
    "observe": outcome.observe_outcome,
}


@pytest.mark.parametrize("ended", [Ended(None, "cancelled"), Ended(None, "timed_out"), Ended(None, None, (), "killed")])
@pytest.mark.parametrize("verb", BY_HOST)
def test_a_host_that_had_begun_when_the_run_was_cut_off_is_named_and_may_be_changed(verb: str, ended: Ended) -> None:
    phases = {"app": [{"name": "lease" if verb in ("lock", "unlock") else verb, "state": "running"}], "two": []}
    found = BY_HOST[verb](verb, ended, seen(), phases, RUN)
    like = outcome.operation_outcome("deploy", ended, seen(), phases, RUN)
    assert {host: (one.status, one.message, one.hint, one.reason) for host, one in found.targets.items()} == {
        host: (one.status, one.message, one.hint, one.reason) for host, one in like.targets.items()
    }
    assert found.hint == outcome.CUT_HINT
    assert found.reason == {"cancelled": "cancelled", "timed_out": "deadline_passed"}.get(
        ended.stopped or "", "no_result"
    )
    assert (found.targets["app"].changed, found.targets["two"].changed, found.changed) == (True, False, True)
    found.to_json()


@pytest.mark.parametrize("verb", BY_HOST)
def test_nothing_had_begun_where_no_host_had(verb: str) -> None:
    found = BY_HOST[verb](verb, Ended(None, "cancelled"), seen(), {}, RUN)
    assert (found.targets, found.changed, found.reason, found.hint) == ({}, False, "cancelled", "")


def test_releases_that_were_cut_off_name_the_host_and_claim_no_change() -> None:
    phases = {"app": [{"name": "releases", "state": "running"}]}
    found = outcome.releases_outcome("releases", Ended(None, "timed_out"), seen(), phases, RUN)
    assert (found.targets["app"].status, found.changed) == (Status.TIMED_OUT, False)
    found.to_json()


@pytest.mark.parametrize(("raw", "changed"), [(HELD, False), (FAILED, True), (LOST, True)])
def test_a_refusal_touched_nothing_and_another_failure_may_have(raw: dict[str, Any], changed: bool) -> None:
    phases = {"app": [{"name": "lease", "state": "failed"}]}
    ended, said = Ended(2), seen(raw, scripted.stats(failures={"app": 1}))
    assert outcome.lease_outcome("lock", ended, said, phases, RUN).changed is changed
    assert outcome.operation_outcome("deploy", ended, said, phases, RUN).changed is changed
