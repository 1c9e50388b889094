"""A version that fails in each phase: evidence first, then what ran before, verified and recorded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.toy.application import SECRET, Fleet

#: version → the phase that fails, and whether the schema has moved by then
FAILING = {
    "no-images": ("images", None),
    "no-migrate": ("migrate", True),
    "no-apply": ("apply", False),
    "no-verify": ("verify", False),
    "no-soak": ("soak", False),
}


@pytest.fixture(scope="module")
def deployed(fleet: Callable[..., Fleet]) -> Fleet:
    """A toy with a good release, to which it returns each time."""
    made = fleet("toy")
    assert made.deploy("v1").rc == 0
    return made


@pytest.mark.parametrize("version", FAILING)
def test_a_release_that_fails_is_undone(deployed: Fleet, version: str) -> None:
    host, (phase, moved) = deployed.host, FAILING[version]
    before = host.records()
    host.calls()

    run = deployed.deploy(version, app_soak_seconds=1 if phase == "soak" else 0)

    [release] = host.records().keys() - before.keys()
    record = host.record(release)
    assert (run.rc, run.result["status"]) == (2, "rolled_back")
    target = run.target("toy")
    assert (target["failure"]["phase"], target["release_before"], target["release_after"]) == (
        phase,
        "0001-v1",
        "0001-v1",
    )
    assert host.records().items() <= {**before, release: "bad"}.items()
    assert (host.current(), host.runs()) == ("0001-v1", {"db": "15", "web": "v1"})
    assert (record["migration"] or {}).get("moved") is moved
    assert record["evidence"] == str(host.state / "evidence" / release)
    assert [one["name"] for one in record["phases"] if one["state"] == "failed"] == [phase]
    done = [call for call in host.calls() if not call.startswith("ask")]
    assert done[-3:] == [f"collect {release}", "return 0001-v1", "prune"]
    manifest = host.read(f"evidence/{release}/manifest.json")["files"]
    assert {name for name, about in manifest.items() if about["state"] == "ok"} == {
        "failure.json", "journal.json", "containers.json", "web.log", "db.log"}  # fmt: skip
    # the evidence is of what failed, not of what came back
    assert host.read(f"evidence/{release}/failure.json")["phase"] == phase
    if phase in ("apply", "verify", "soak"):
        assert record["images"]["web"]["id"] in (host.state / f"evidence/{release}/containers.json").read_text()
    assert host.read("operation.json")["status"] == "done"
    assert host.audit()[-2:] == ["lease released", "deploy finished"]


def test_no_secret_is_left_in_what_was_kept(deployed: Fleet) -> None:
    kept = {name: data for name, data in deployed.host.files().items() if name.startswith("state/")}
    assert any(b"cannot connect with ********" in data for data in kept.values())
    assert not [name for name, data in kept.items() if SECRET.encode() in data]


def test_evidence_of_the_newest_bad_releases_is_kept(deployed: Fleet) -> None:
    bad = [release for release, status in deployed.host.records().items() if status == "bad"]
    assert bad == ["0004-no-apply", "0005-no-verify", "0006-no-soak"]  # app_keep_bad
    assert sorted(path.name for path in (deployed.host.state / "evidence").iterdir()) == bad


def test_a_first_deployment_that_fails_is_stopped(fleet: Callable[..., Fleet]) -> None:
    made = fleet("toy")

    run = made.deploy("no-verify")

    assert (run.rc, run.result["status"]) == (2, "failed")
    assert made.host.records() == {"0001-no-verify": "bad"}
    assert made.host.runs() == {"db": "15", "web": "exited"}
    done = [call for call in made.host.calls() if not call.startswith("ask")]
    assert done[-3:] == ["collect 0001-no-verify", "return stopped", "prune"]


def test_where_the_return_fails_as_well_it_says_so_and_the_next_run_makes_it_good(deployed: Fleet) -> None:
    host = deployed.host
    image = host.machine / f"images/{host.record('0001-v1')['images']['web']['id']}.json"
    good = image.read_text()
    image.write_text('{"version": "v1", "fails": "apply"}')

    failed = deployed.deploy("no-apply")
    image.write_text(good)
    host.calls()
    again = deployed.play("rollback", release="last good")

    assert (failed.rc, failed.result["status"]) == (2, "rollback_failed")
    assert host.records()["0007-no-apply"] == "bad"
    assert host.record("0007-no-apply")["evidence"] == str(host.state / "evidence/0007-no-apply")
    assert (again.rc, again.result["status"]) == (0, "ok")
    assert host.calls() == ["apply 0001-v1", "ask web", "prune"]
    assert (host.current(), host.runs()) == ("0001-v1", {"db": "15", "web": "v1"})
