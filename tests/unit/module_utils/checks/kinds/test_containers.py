"""The containers' verdicts: one line for each way a container can stand."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.checks.kinds._containers import (
    ContainersProbe,
    baseline,
    broken,
    look,
    standing,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._answers import container_from
from ansible_collections.doppelganger.ops.plugins.module_utils.running._containers import Container
from ansible_collections.doppelganger.ops.plugins.module_utils.running._project import Project
from ansible_collections.doppelganger.ops.plugins.module_utils.running._scene import Scene


def container(service: str = "app", **given: Any) -> Container:
    values: dict[str, Any] = {
        "id": f"id-{service}",
        "name": f"studio-{service}-1",
        "service": service,
        "number": 1,
        "oneoff": False,
        "state": "running",
        "health": "none",
        "exit_code": 0,
        "oom_killed": False,
        "restart_count": 0,
        "created_at": "2026-01-01T00:00:00.5Z",
        "started_at": "2026-01-01T00:00:01Z",
        "finished_at": "",
        "image_id": "sha256:1",
        "image": "app:1",
        "config_hash": "abc",
        "error": "",
        "health_output": "",
    }
    return Container(**{**values, **given})


@pytest.mark.parametrize(
    ("given", "options", "state", "final", "reason"),
    [
        pytest.param({}, {}, "pass", False, "app is running", id="running without a health check"),
        pytest.param({"health": "healthy"}, {}, "pass", False, "app is running", id="healthy"),
        pytest.param({"health": "starting"}, {}, "inconclusive", False, "has not passed yet", id="starting"),
        pytest.param(
            {"health": "unhealthy", "health_output": "no"}, {}, "fail", True, "app is unhealthy: no", id="unhealthy"
        ),
        pytest.param({"health": "unhealthy"}, {}, "fail", True, "its health check says nothing", id="unhealthy, mute"),
        pytest.param({"state": "exited", "exit_code": 1}, {}, "fail", True, "app exited with code 1", id="crashed"),
        pytest.param({"state": "exited"}, {}, "fail", True, "app exited with code 0", id="ended"),
        pytest.param({"state": "exited"}, {"may_complete": True}, "pass", False, "app has completed", id="completed"),
        pytest.param(
            {"state": "exited", "exit_code": 1}, {"may_complete": True}, "fail", True, "code 1", id="did not complete"
        ),
        pytest.param(
            {"state": "exited", "exit_code": 137, "oom_killed": True},
            {},
            "fail",
            True,
            "app was killed for lack of memory",
            id="oom",
        ),
        pytest.param({"state": "exited", "exit_code": 137}, {}, "fail", True, "code 137 (killed, ", id="killed"),
        pytest.param(
            {"state": "exited", "exit_code": 127, "error": "no such file"},
            {},
            "fail",
            True,
            "code 127 (command not found): no such file",
            id="no command",
        ),
        pytest.param({"state": "dead"}, {}, "fail", True, "app is dead", id="dead"),
        pytest.param({"state": "created"}, {}, "inconclusive", False, "created and not started yet", id="created"),
        pytest.param(
            {"state": "created", "error": "port in use"},
            {},
            "fail",
            True,
            "could not be started: port in use",
            id="cannot start",
        ),
        pytest.param(
            {"state": "restarting", "exit_code": 3},
            {"restarts": 1},
            "fail",
            True,
            "exited with code 3 and is being restarted",
            id="restarting",
        ),
        pytest.param(
            {"state": "restarting", "exit_code": 3, "oom_killed": True},
            {"restarts": 1},
            "fail",
            True,
            "killed for lack of memory and is being",
            id="restarting, oom",
        ),
        pytest.param(
            {"state": "restarting", "exit_code": 3},
            {"max_restarts": 2, "restarts": 2},
            "inconclusive",
            False,
            "is being restarted after",
            id="restarting, tolerated",
        ),
        pytest.param(
            {"state": "restarting"},
            {"max_restarts": 2, "restarts": 3},
            "fail",
            True,
            "2 restarts allowed",
            id="restarting, too often",
        ),
        pytest.param({}, {"restarts": 1}, "fail", True, "keeps restarting: restarted once, 0 allowed", id="restarted"),
        pytest.param(
            {"oom_killed": True},
            {"restarts": 1},
            "fail",
            True,
            "keeps restarting: restarted once after it was killed for lack of memory, 0 allowed",
            id="restarted for lack of memory",
        ),
        pytest.param(
            {"exit_code": 137},
            {"restarts": 1},
            "fail",
            True,
            "restarted once after it exited with code 137 (killed, often for lack of memory), 0 allowed",
            id="restarted after an end of which only the code is known",
        ),
        pytest.param(
            {},
            {"restarts": 3, "max_restarts": 2},
            "fail",
            True,
            "restarted 3 times, 2 allowed",
            id="restarted too often",
        ),
        pytest.param(
            {}, {"restarts": 2, "max_restarts": 2}, "pass", False, "app is running", id="restarted, tolerated"
        ),
        pytest.param(
            {"oom_killed": True}, {}, "pass", False, "app is running", id="a child was killed once, the service runs"
        ),
        pytest.param({"state": "paused"}, {}, "fail", True, "app is paused", id="paused"),
        pytest.param({"state": "removing"}, {}, "fail", False, "app is removing", id="removing"),
        pytest.param({"state": ""}, {}, "fail", False, "in no known state", id="unknown"),
    ],
)
def test_standing(given: dict[str, Any], options: dict[str, Any], state: str, final: bool, reason: str) -> None:
    found = standing(container(**given), **options)
    assert (found.state, found.final) == (state, final)
    assert reason in found.reason


APP, DB = container("app", health="healthy"), container("db")
CRASHED = container("app", state="exited", exit_code=1)
STARTING = container("app", health="starting")


@pytest.mark.parametrize(
    ("containers", "wanted", "state", "reason"),
    [
        pytest.param([APP, DB], ["app", "db"], "pass", "2 running, 1 healthy", id="all stand"),
        pytest.param([DB], [], "pass", "1 running", id="whatever there is"),
        pytest.param([APP], ["app", "db"], "fail", "db has no container", id="missing"),
        pytest.param([], ["db"], "fail", "db has no container", id="none of those"),
        pytest.param([], [], "fail", "there is no container at all", id="none"),
        pytest.param([STARTING, DB], ["app", "db"], "inconclusive", "has not passed yet", id="starting"),
        pytest.param([STARTING], ["app", "db"], "fail", "db has no container", id="missing is worse than starting"),
        pytest.param([CRASHED, DB], ["app", "db"], "fail", "app exited with code 1", id="crashed"),
        pytest.param([CRASHED, DB], ["db"], "pass", "1 running", id="crashed, and not ours"),
        pytest.param(
            [container("db", state="exited", exit_code=2), CRASHED],
            [],
            "fail",
            "db exited with code 2; app exited",
            id="both",
        ),
    ],
)
def test_look(containers: list[Container], wanted: list[str], state: str, reason: str) -> None:
    outcome = look(containers, wanted, {}, {})
    assert outcome.state == state
    assert reason in outcome.reason


@pytest.mark.parametrize(
    ("containers", "replicas", "state", "reason"),
    [
        pytest.param([APP], {"app": 3}, "fail", "app has 1 of 3 containers", id="one of three"),
        pytest.param([], {"app": 3}, "fail", "app has no container", id="none of three"),
        pytest.param([], {"app": 0}, "pass", "0 running", id="none is what was asked for"),
        pytest.param([APP], {"app": 0}, "pass", "1 running", id="more than that is not for this check"),
        pytest.param([APP, container("app", number=2, id="2")], {"app": 2}, "pass", "2 running", id="two of two"),
        pytest.param([APP, container("app", id="2")], {"app": 2}, "fail", "1 of 2", id="two containers of one pod"),
        pytest.param([CRASHED], {"app": 2}, "fail", "app exited with code 1", id="what has ended decides"),
    ],
)
def test_as_many_as_there_should_be(
    containers: list[Container], replicas: dict[str, int], state: str, reason: str
) -> None:
    outcome = look(containers, ["app"], {}, {}, replicas)
    assert outcome.state == state
    assert reason in outcome.reason


class Pods:
    """An application with these containers."""

    def __init__(self, *containers: Container) -> None:
        self._containers = list(containers)

    def containers(self) -> list[Container]:
        return self._containers

    def log_ends(self, service: str, limit_bytes: int) -> list[Any]:
        return []


@pytest.mark.parametrize(
    ("containers", "services", "may_rest", "state"),
    [
        pytest.param([], [], True, "pass", id="a release of which nothing keeps running"),
        pytest.param([], [], False, "fail", id="no release at all"),
        pytest.param([], ["app"], True, "fail", id="one that is missing"),
        pytest.param([CRASHED], [], True, "fail", id="one that runs badly all the same"),
    ],
)
def test_nothing_may_run_where_nothing_is_to(
    containers: list[Container], services: list[str], may_rest: bool, state: str
) -> None:
    scene = Scene(cast(Project, Pods(*containers)), services, may_rest=may_rest)
    assert ContainersProbe(scene, {"services": None})().state == state


def test_a_terminal_state_ends_all_and_shows_the_culprit() -> None:
    outcome = look([CRASHED, DB], [], {}, {})
    assert (outcome.final, outcome.ends_all) == (True, "app exited with code 1")
    assert broken([CRASHED, DB], [], {}, {}) == [CRASHED]
    assert outcome.observed["containers"]["studio-app-1"]["exit_code"] == 1


def test_completed_services_are_an_option() -> None:
    assert look([container("init", state="exited"), DB], [], {}, {"completed": ("init",)}).state == "pass"


@pytest.mark.parametrize(
    ("since", "before"),
    [(0, 4), (1767225599.0, 0), (1767225600.6, 4)],
    ids=["no release", "made by the release", "made before the release"],
)
def test_restarts_are_counted_from_the_release(since: float, before: int) -> None:
    assert baseline([container(restart_count=4)], since) == {"id-app": before}


def test_a_restart_that_is_under_way_counts() -> None:
    assert baseline([container(restart_count=4, state="restarting")], 0) == {"id-app": 3}


def test_old_restarts_are_no_failure() -> None:
    assert look([container(restart_count=4)], [], {"id-app": 4}, {}).state == "pass"
    assert look([container(restart_count=5)], [], {"id-app": 4}, {}).state == "fail"


def test_reading_what_the_engine_says() -> None:
    seen = {
        "Id": "c1",
        "Name": "/studio-app-1",
        "Created": "2026-01-01T00:00:00.5Z",
        "Image": "sha256:1",
        "RestartCount": 2,
        "State": {
            "Status": "running",
            "ExitCode": 0,
            "OOMKilled": False,
            "StartedAt": "2026-01-01T00:00:01Z",
            "FinishedAt": "0001-01-01T00:00:00Z",
            "Error": "",
            "Health": {"Status": "unhealthy", "Log": [{"Output": "first"}, {"Output": "last\n"}]},
        },
        "Config": {
            "Image": "app:1",
            "Labels": {
                "com.docker.compose.service": "app",
                "com.docker.compose.container-number": "2",
                "com.docker.compose.oneoff": "True",
                "com.docker.compose.config-hash": "abc",
            },
        },
    }
    found = container_from(seen)
    assert (found.service, found.number, found.oneoff, found.restart_count) == ("app", 2, True, 2)
    assert (found.health, found.health_output, found.config_hash) == ("unhealthy", "last", "abc")
    assert container_from({"Id": "c2"}).health == "none"
