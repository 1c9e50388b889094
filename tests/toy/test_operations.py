"""Deploy, verify, rollback, lock, backup and restore of a sound application, and what each leaves behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.toy.application import Fleet


@pytest.fixture(scope="module")
def toy(fleet: Callable[..., Fleet]) -> Fleet:
    """One toy; each test goes on where the one before it ended."""
    return fleet("toy")


def test_a_check_of_the_first_deployment_makes_nothing(toy: Fleet) -> None:
    before = toy.host.files()

    run = toy.deploy("v1", "--check")

    assert (run.rc, run.result["status"]) == (0, "ok")
    assert run.target("toy")["services"] == ["db", "web"]
    assert toy.host.files() == before


def test_the_first_deployment(toy: Fleet) -> None:
    run = toy.deploy("v1")

    assert (run.rc, run.result["status"]) == (0, "ok")
    assert toy.host.calls() == [
        "intent 0001-v1",
        "images 0001-v1",
        "migrate 0001-v1",
        "apply 0001-v1",
        "ask web",
        "prune",
    ]
    assert (toy.host.records(), toy.host.current()) == ({"0001-v1": "good"}, "0001-v1")
    assert toy.host.runs() == {"db": "15", "web": "v1"}
    record = toy.host.record("0001-v1")
    assert [gate["state"] for gate in record["gates"]] == ["pass", "pass"]
    assert [phase["name"] for phase in record["phases"]] == ["images", "migrate", "apply", "verify"]
    assert (record["migration"]["moved"], toy.host.database()["head"]) == (True, "1")
    assert toy.host.audit() == ["lease acquired", "lease released", "deploy finished"]


def test_the_same_again_changes_nothing(toy: Fleet) -> None:
    before = toy.host.files()

    run = toy.deploy("v1")

    assert (run.rc, run.result["status"], run.changed("toy")) == (0, "unchanged", 0)
    assert toy.host.calls() == ["ask web"]
    after = toy.host.files()
    # that it was asked is all that there is to see
    assert {name for name in before if after[name] != before[name]} <= {"machine/containers/web.json"}
    assert after.keys() == before.keys()


def test_a_container_that_ended_is_a_reason_to_deploy_again(toy: Fleet) -> None:
    path = toy.host.machine / "containers/web.json"
    path.write_text(path.read_text().replace('"running"', '"exited"'))

    verified = toy.play("verify")
    run = toy.deploy("v1")

    assert (verified.rc, verified.result["status"], verified.changed("toy")) == (2, "failed", 0)
    assert (run.rc, run.result["status"]) == (0, "ok")
    assert toy.host.runs()["web"] == "v1"


def test_a_check_of_the_next_one_changes_nothing(toy: Fleet) -> None:
    before = toy.host.files()

    run = toy.deploy("v2", "--check")

    assert (run.rc, run.target("toy")["services"]) == (0, ["web"])
    assert toy.host.files() == before


def test_the_next_one_backs_up_and_migrates(toy: Fleet) -> None:
    toy.host.calls()
    run = toy.deploy("v2")

    assert (run.rc, run.result["status"]) == (0, "ok")
    release = toy.host.current() or ""
    assert release.endswith("-v2")
    assert [call.split()[0] for call in toy.host.calls()] == [
        "intent", "images", "dump", "migrate", "apply", "ask", "prune"]  # fmt: skip
    assert toy.host.record(release)["backup"] == toy.host.backups()[-1]
    assert toy.host.database()["head"] == "2"


def test_what_it_knows_of_itself(toy: Fleet) -> None:
    run = toy.play("releases")

    found = run.stats["doppelganger_ops_releases"]["toy"]
    assert (found["current"], found["lease"]) == (toy.host.current(), None)
    assert (found["drift"], found["unseen"]) == ([], "")
    assert [record["id"] for record in found["releases"]] == list(toy.host.records())


def test_a_lock_keeps_everybody_out_until_it_is_taken_away(toy: Fleet) -> None:
    toy.host.calls()
    locked = toy.play("lock", reason="maintenance")
    refused = toy.play("rollback", release="v1", variables={"app_lease_wait": 0})
    unlocked = toy.play("unlock", reason="done")

    assert (locked.rc, locked.changed("toy"), unlocked.rc, unlocked.changed("toy")) == (0, 1, 0, 1)
    assert (refused.rc, refused.result["status"]) == (2, "refused")
    assert toy.host.calls() == []  # nothing was touched, and nothing is undone
    assert toy.host.runs()["web"] == "v2"
    assert toy.host.audit()[-2:] == ["lease acquired", "lease unlocked"]


def test_a_rollback_by_name_marks_what_it_leaves(toy: Fleet) -> None:
    left = toy.host.current() or ""

    checked = toy.play("rollback", "--check", release="v1")
    assert (checked.rc, toy.host.runs()["web"], toy.host.current()) == (0, "v2", left)
    run = toy.play("rollback", release="v1", reason="slow")

    assert (run.rc, run.result["status"]) == (0, "ok")
    # the newest of that version
    assert (toy.host.current(), toy.host.runs()["web"]) == ("0002-v1", "v1")
    assert toy.host.records()[left] == "left"
    assert "slow" in toy.host.record(left)["message"]
    assert toy.host.database()["head"] == "2"


def test_a_second_rollback_changes_nothing(toy: Fleet) -> None:
    records = toy.host.records()

    run = toy.play("rollback", release="v1")

    assert (run.rc, run.result["status"], run.changed("toy")) == (0, "unchanged", 0)
    assert toy.host.records() == records


def test_a_rollback_goes_there_and_back_again(toy: Fleet) -> None:
    back, again = (toy.play("rollback", release="previous").target("toy") for _ in range(2))

    assert [(one["status"], one["release_after"][5:]) for one in (back, again)] == [("ok", "v2"), ("ok", "v1")]
    assert toy.host.current() == "0002-v1"


def test_a_restore_gives_back_the_data_and_stops_the_application_meanwhile(toy: Fleet) -> None:
    toy.host.put(rows=["old"])
    taken = toy.play("backup").target("toy")["backup"]
    toy.host.put(rows=["new"])
    toy.host.calls()

    run = toy.play("restore", backup=taken, confirm="toy")

    assert (run.rc, run.result["status"]) == (0, "ok")
    assert toy.host.calls() == ["dump", "stop stopped", "restore", "apply 0002-v1", "ask web", "prune"]
    assert toy.host.database()["rows"] == ["old"]
    assert toy.host.runs()["web"] == "v1"
    assert "database restored" in toy.host.audit()


def test_data_that_does_not_fit_is_put_back(toy: Fleet) -> None:
    """The application does not work with what was restored, so what was there before is restored again."""
    toy.host.put(rows=[None])
    taken = toy.play("backup").target("toy")["backup"]
    toy.host.put(rows=["new"])
    toy.host.calls()

    run = toy.play("restore", backup=taken, confirm="toy")

    assert (run.rc, run.result["status"]) == (2, "rolled_back")
    assert toy.host.database()["rows"] == ["new"]
    assert toy.host.runs()["web"] == "v1"
    done = [call.split()[0] for call in toy.host.calls() if not call.startswith("ask")]
    assert done == ["dump", "stop", "restore", "apply", "collect", "dump", "stop", "restore", "return", "prune"]
