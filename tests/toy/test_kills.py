"""Every phase interrupted by SIGKILL of the whole run: the next run needs no manual step.

One chain: the run that recovers what the one before it left is killed a phase later.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.toy.application import Fleet

#: what is deployed, the moment at which it is killed, by what the toy does then, and the phase that the journal shows
CHAIN = [
    ("v2", "intent {own}", "intent"),
    ("v2", "images {own}", "images"),
    ("v2", "dump", "backup"),
    ("v2", "migrate {own}", "migrate"),
    ("v2", "apply {own}", "apply"),
    ("v2", "ask web", "verify"),
    ("no-apply", "collect {own}", "evidence"),
    ("no-apply", "return 0001-v1", "return"),
]


@pytest.fixture(scope="module")
def chain(fleet: Callable[..., Fleet]) -> Fleet:
    """A toy at v1 with a row in its database that survives everything."""
    made = fleet("toy")
    assert made.deploy("v1", app_keep_bad=20).rc == 0
    made.host.put(rows=["survivor"])
    made.host.calls()
    return made


def name_of(place: int) -> str:
    """The release of a run in the chain, which follows on the good one."""
    return f"{place + 2:04d}-{CHAIN[place][0]}"


def was_recovered(chain: Fleet, place: int) -> None:
    """What holds once a run of the chain was followed by another one."""
    release, phase = name_of(place), CHAIN[place][2]
    record = chain.host.record(release)
    assert (record["status"], record["message"].split()[-2:]) == ("bad", ["phase", f"{phase}."])
    # what is left over goes first, then the evidence is kept, then what ran before is started
    assert chain.host.calls()[:3] == ["tidy", f"collect {release}", "recover 0001-v1"]


@pytest.mark.parametrize("place", range(len(CHAIN)), ids=[phase for _, _, phase in CHAIN])
def test_the_next_deployment_recovers_by_itself(chain: Fleet, place: int) -> None:
    version, moment, phase = CHAIN[place]

    chain.kill_at(moment.format(own=name_of(place)), "deploy", version=version)

    journal = chain.host.read("operation.json")
    assert (journal["status"], journal["release"], chain.host.current()) == ("running", name_of(place), "0001-v1")
    assert [one["name"] for one in journal["phases"]][-1:] == ([] if phase == "intent" else [phase])
    assert [name for name in chain.host.backups() if name.startswith(".")][1:] == []
    if place:
        was_recovered(chain, place - 1)
    else:
        chain.host.calls()


def test_a_rollback_recovers_as_well(chain: Fleet) -> None:
    run = chain.play("rollback", release="last good")

    assert run.rc == 0, run.output
    assert run.target("toy")["recovered"]["phase"] == "return"
    assert chain.host.calls() == ["tidy", f"collect {name_of(len(CHAIN) - 1)}", "apply 0001-v1", "ask web", "prune"]
    assert chain.host.runs() == {"db": "15", "web": "v1"}
    assert chain.host.database()["rows"] == ["survivor"]
    assert [name for name in chain.host.backups() if name.startswith(".")] == []
    assert set(chain.host.records().values()) == {"good", "bad"}
    assert (chain.host.read("operation.json")["status"], chain.host.audit()[-1]) == ("done", "rollback finished")


def test_after_the_new_release_became_the_current_one_there_is_nothing_to_go_back_to(chain: Fleet) -> None:
    chain.kill_at("prune", "deploy", version="v2")
    current = chain.host.current() or ""
    assert (chain.host.read("operation.json")["status"], chain.host.record(current)["version"]) == ("running", "v2")

    run = chain.play("rollback", release="last good")

    assert run.rc == 0, run.output
    assert (chain.host.current(), chain.host.records()[current], chain.host.runs()["web"]) == (current, "good", "v2")
    assert chain.host.read("operation.json")["status"] == "done"


def test_a_killed_restore_loses_nothing(chain: Fleet) -> None:
    chain.host.put(rows=["old"])
    taken = chain.play("backup").target("toy")["backup"]
    chain.host.put(rows=["new"])
    chain.kill_at("restore", "restore", backup=taken, confirm="toy")
    assert chain.host.runs() == {"db": "15", "web": "exited"}
    assert list(chain.host.machine.glob("toy_restore_*")) != []

    run = chain.play("rollback", release="last good")

    assert run.rc == 0, run.output
    assert chain.host.runs() == {"db": "15", "web": "v2"}
    assert chain.host.database()["rows"] == ["new"]
    assert list(chain.host.machine.glob("toy_restore_*")) == []
