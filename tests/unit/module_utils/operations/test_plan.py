"""Whether a deployment would change anything, and why."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _plan
from ansible_collections.doppelganger.ops.plugins.module_utils.running._containers import Container
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import Record
from tests.unit.support.making import container, record, record_file

SOUND = [container("web"), container("db")]


@pytest.mark.parametrize(
    ("version", "reference"),
    [
        pytest.param("v1", "registry.example/shop/web:v1", id="a tag"),
        pytest.param("sha256:ab", "registry.example/shop/web@sha256:ab", id="a digest"),
    ],
)
def test_an_image_is_referred_to_by_tag_or_digest(version: str, reference: str) -> None:
    assert _plan.image_reference("registry.example/shop/web", version) == reference


@pytest.mark.parametrize(
    ("containers", "found"),
    [
        pytest.param(SOUND, [], id="as recorded"),
        pytest.param([container("web", health="none"), container("db")], [], id="without a health check"),
        pytest.param([container("db")], ["web has no container"], id="a container is missing"),
        pytest.param(
            [container("web", image_id="sha256:other"), container("db")],
            ["web runs another image than the release recorded"],
            id="another image",
        ),
        pytest.param(
            [container("web", config_hash="other"), container("db")],
            ["web runs with another configuration than the release recorded"],
            id="another configuration",
        ),
        pytest.param(
            [container("web", state="exited", health="none"), container("db")], ["web is exited, none"], id="stopped"
        ),
        pytest.param(
            [container("web", health="unhealthy"), container("db")], ["web is running, unhealthy"], id="unhealthy"
        ),
        pytest.param(
            [*SOUND, container("web", number=2, state="dead", health="none")], ["web is dead, none"], id="one of two"
        ),
        pytest.param([*SOUND, container("old")], ["old is not part of the release"], id="one too many"),
        pytest.param([], ["db has no container", "web has no container"], id="nothing runs"),
    ],
)
def test_drift_is_what_differs_from_the_record(containers: list[Container], found: list[str]) -> None:
    assert _plan.drift(record(), containers, []) == found


@pytest.mark.parametrize(
    ("containers", "words"),
    [
        pytest.param(SOUND, [], id="as recorded"),
        pytest.param([container("web", state="exited"), SOUND[1]], [], id="how it runs, others say"),
        pytest.param(
            [container("web", image_id="sha256:other"), SOUND[1]], ["web runs another image"], id="another image"
        ),
        pytest.param(
            [container("web", config_hash="x"), SOUND[1]], ["web runs with another configuration"], id="another one"
        ),
        pytest.param([container("web")], ["db has no container"], id="one too few"),
        pytest.param([*SOUND, container("old")], ["old is not part"], id="one too many"),
    ],
)
def test_what_somebody_changed_by_hand(containers: list[Container], words: list[str]) -> None:
    found = _plan.altered(record(), containers)
    assert len(found) == len(words)
    assert all(one.startswith(start) for one, start in zip(found, words))


THREE = {"env": "env", "inputs": "inputs", "services": {"web": "hash-web", "db": "hash-db"}}
ONE, TWO, LAST = (container("web", number=number, id=str(number)) for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("containers", "replicas", "found"),
    [
        pytest.param([ONE, TWO, LAST], {"web": 3}, [], id="all three"),
        pytest.param([LAST], {"web": 3}, ["web has 1 of 3 containers"], id="one of three"),
        pytest.param([], {"web": 3}, ["web has no container"], id="none of three"),
        pytest.param([], {"web": 0}, [], id="none is what was asked for"),
        pytest.param([ONE], {"web": 0}, ["web has more containers than the release recorded: 1, expected 0"], id="one"),
        pytest.param(
            [ONE, TWO], {"web": 1}, ["web has more containers than the release recorded: 2, expected 1"], id="a second"
        ),
        pytest.param([ONE, TWO], None, [], id="nobody wrote down how many"),
        pytest.param([], None, ["web has no container"], id="nobody wrote down how many, and there is none"),
        pytest.param([ONE, container("web", id="sidecar")], {"web": 1}, [], id="a pod of two containers is one"),
        pytest.param(
            [container("web", image_id="x"), container("web", image_id="x", number=2)],
            {"web": 3},
            ["web has 2 of 3 containers", "web runs another image than the release recorded"],
            id="both, and each once",
        ),
    ],
)
def test_how_many_there_are_counts(containers: list[Container], replicas: dict[str, int], found: list[str]) -> None:
    counted = {"replicas": {"db": 1, **replicas}} if replicas is not None else {}
    recorded = record(config={**THREE, **counted})
    there = [*containers, container("db")]
    assert _plan.altered(recorded, there) == found
    assert _plan.drift(recorded, there, []) == found


@pytest.mark.parametrize(
    ("changes", "completed", "found"),
    [
        pytest.param({}, ["db"], [], id="it has done its work"),
        pytest.param({"exit_code": 1}, ["db"], ["db is exited, none"], id="it failed"),
        pytest.param({}, ["web"], ["db is exited, none"], id="it ought to run on"),
        pytest.param(
            {"config_hash": "other"},
            ["db"],
            ["db runs with another configuration than the release recorded"],
            id="it did other work",
        ),
    ],
)
def test_a_service_that_may_end_is_no_drift_once_it_has(
    changes: dict[str, Any], completed: list[str], found: list[str]
) -> None:
    ended = container("db", **{"state": "exited", "health": "none", **changes})
    assert _plan.drift(record(), [container("web"), ended], completed) == found


SOURCE = record_file()["source"]
WANTED = {"version": "v1", "source": SOURCE, "env": "env", "inputs": "inputs"}
FOUND = {"current_record": record(), "interrupted": None, "lease": None, "containers": SOUND}
CUT = {"operation": "deploy", "release": "0002-v2", "phase": "apply"}


@pytest.mark.parametrize(
    ("wanted", "found", "reasons"),
    [
        pytest.param({}, {}, [], id="already up to date"),
        pytest.param({}, {"current_record": None}, ["nothing was deployed here before"], id="the first deployment"),
        pytest.param(
            {},
            {"current_record": record(status="bad")},
            ["the current release 0001-v1 is bad"],
            id="the current release is bad",
        ),
        pytest.param({"version": "v2"}, {}, ["version v1 becomes v2"], id="another version"),
        pytest.param(
            {"source": {**SOURCE, "commit": "e" * 40}},
            {},
            ["version v1 is another commit or image than it was"],
            id="a tag that moved",
        ),
        pytest.param({"env": "new"}, {}, ["the env files changed"], id="other secrets"),
        pytest.param(
            {"inputs": "new"},
            {},
            ["the files or the variables of the application changed"],
            id="other compose files",
        ),
        pytest.param(
            {"version": "v2", "env": "new", "inputs": "new"},
            {},
            ["version v1 becomes v2", "the env files changed"],
            id="other compose files go without saying where more differs",
        ),
        pytest.param({}, {"containers": [container("db")]}, ["web has no container"], id="a container is missing"),
        pytest.param(
            {}, {"interrupted": CUT}, ["deploy of 0002-v2 was interrupted in phase apply"], id="something was cut off"
        ),
        pytest.param({}, {"lease": "held by bo"}, ["the target is held by bo"], id="somebody is at it"),
    ],
)
def test_a_deployment_is_needed_with_its_reasons(
    wanted: dict[str, Any], found: dict[str, Any], reasons: list[str]
) -> None:
    def drifted(record: Record) -> list[str]:
        return _plan.drift(record, {**FOUND, **found}["containers"], [])

    assert _plan.decide({**WANTED, **wanted}, {**FOUND, **found}, drifted) == {
        "needed": bool(reasons),
        "reasons": reasons,
    }
