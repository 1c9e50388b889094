"""Bringing a release up, and before it what its migration needs, with compose and an engine that are no real ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine import _actions
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps import _apply, _migrate
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.running._containers import Container
from tests.unit.support.making import container, record, record_file, target


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"restart_count": 7}, None, id="restarted long ago"),
        pytest.param({"restart_count": 7, "oom_killed": True}, None, id="killed long ago"),
        pytest.param({"restart_count": 8, "oom_killed": True}, "web was killed for want of memory", id="killed now"),
        pytest.param({"restart_count": 9}, None, id="it may yet come up"),
        pytest.param({"restart_count": 10}, "web keeps restarting (exit code 0, 3 restarts)", id="a crash loop"),
        pytest.param({"restart_count": 7, "id": "new"}, "web keeps restarting (exit code 0, 7 restarts)", id="another"),
    ],
)
def test_restarts_of_the_past_are_no_reason_to_end_the_wait(changes: dict[str, Any], reason: str | None) -> None:
    assert _apply.terminal_reason([container(**changes)], ["web"], {"id-web": 7}) == reason


def init(**changes: Any) -> Container:
    return container("init", **{"state": "exited", "health": "none", **changes})


@pytest.mark.parametrize(
    ("found", "completed", "missing", "reason"),
    [
        pytest.param(init(), ["init"], [], None, id="it has done its work"),
        pytest.param(init(), [], ["init"], "init exited with code 0", id="it ought to run on"),
        pytest.param(init(exit_code=1), ["init"], ["init"], "init exited with code 1", id="it failed"),
        pytest.param(init(state="dead"), ["init"], ["init"], "init exited with code 0", id="it is dead"),
        pytest.param(init(state="running"), ["init"], [], None, id="it is at work"),
        pytest.param(init(state="created"), ["init"], ["init"], None, id="it has not begun"),
    ],
)
def test_a_service_that_may_end_is_up_once_it_has(
    found: Container, completed: list[str], missing: list[str], reason: str | None
) -> None:
    assert _apply.waiting_for([found], ["init"], completed) == missing
    assert _apply.terminal_reason([found], ["init"], {}, completed) == reason


class Composed:
    """Compose that makes the same of every verb: containers as they are given, or those that are there."""

    def __init__(self, found: list[Container], made: list[Container] | None = None) -> None:
        self.name = "shop"
        self.found = found
        self.made = found if made is None else made
        self.verbs: list[tuple[str, ...]] = []
        self.timeouts: list[float] = []

    def run(self, *verb: str, **_options: Any) -> str:
        self.verbs.append(verb)
        self.timeouts.append(_options["timeout"])
        self.found = self.made
        return ""

    def containers(self, **_options: Any) -> list[Container]:
        return self.found

    def every_container(self) -> list[Container]:
        return self.found

    def events(self, **_options: Any) -> Iterator[None]:
        yield None


def host(folder: Path, composed: Composed, **changes: Any) -> ComposeTarget:
    """A target whose engine and compose are no real ones."""
    made = target(folder, **changes)
    vars(made).update(project=composed, compose_of=lambda _release: composed, record=lambda _release: record())
    made.store.write("releases/0001-v1/compose.json", {"services": {"web": {"stop_grace_period": "1m30s"}, "db": {}}})
    return made


def test_a_database_that_crashed_months_ago_does_not_fail_a_release(tmp_path: Path) -> None:
    composed = Composed([container("web"), container("db", restart_count=3, oom_killed=True)])
    assert _apply.bring_up(host(tmp_path, composed), "0001-v1", []) == []
    assert composed.verbs[0][0] == "up"


def test_a_release_is_up_where_a_service_that_may_end_has_ended(tmp_path: Path) -> None:
    composed = Composed([container("web"), container("db", state="exited", health="none")])
    once = [{"name": "containers", "kind": "containers", "completed": ["db"]}]
    assert _apply.bring_up(host(tmp_path, composed, checks=once), "0001-v1", []) == []
    with pytest.raises(OpsError, match="db exited with code 0"):
        _apply.bring_up(host(tmp_path, composed), "0001-v1", [])


def test_a_release_is_not_up_before_all_of_a_service_are(tmp_path: Path) -> None:
    composed = Composed([container("web"), container("db")])
    made = host(tmp_path, composed, start_timeout=-1)
    config = {**record_file()["config"], "replicas": {"web": 2, "db": 1}}
    vars(made).update(record=lambda _release: record(config=config))
    with pytest.raises(OpsError) as error:
        _apply.bring_up(made, "0001-v1")
    assert error.value.reason == "start_timed_out"
    composed.made = [*composed.made, container("web", number=2, id="second")]
    assert _apply.bring_up(made, "0001-v1") == ["web"]


@pytest.mark.parametrize(
    ("before", "changed"),
    [
        pytest.param([container("web"), container("db")], [], id="nothing"),
        pytest.param([container("web", id="other"), container("db")], ["web"], id="replaced"),
        pytest.param([container("db")], ["web"], id="made"),
        pytest.param([container("web"), container("db"), container("old")], ["old"], id="taken away"),
        pytest.param(
            [container("web", state="exited", started_at="2026-11-22T20:00:00Z"), container("db")],
            ["web"],
            id="started",
        ),
    ],
)
def test_what_bringing_a_release_up_has_changed(before: list[Container], changed: list[str], tmp_path: Path) -> None:
    composed = Composed(before, [container("web"), container("db")])
    assert _apply.bring_up(host(tmp_path, composed), "0001-v1", []) == changed


@pytest.mark.parametrize(
    ("before", "seconds"),
    [
        pytest.param([container("web"), container("db")], 0, id="nothing stops"),
        pytest.param([container("web"), container("db", config_hash="other", stop_grace=70)], 70, id="as it was made"),
        pytest.param([container("web", image_id="other"), container("db")], 90, id="as it is to be"),
        pytest.param([container("web"), container("db"), container("old")], 10, id="one that goes"),
        pytest.param([], 0, id="the first deployment"),
    ],
)
def test_the_time_of_stopping_is_not_that_of_starting(before: list[Container], seconds: int, tmp_path: Path) -> None:
    composed = Composed(before, [container("web"), container("db")])
    _apply.bring_up(host(tmp_path, composed, start_timeout=20), "0001-v1", [])
    assert composed.timeouts == [20 + seconds]


def test_what_was_made_and_not_started_is_made_again(tmp_path: Path) -> None:
    composed = Composed([container("web", state="created"), container("old", state="created"), container("db")],
                        [container("web"), container("db")])  # fmt: skip
    _apply.bring_up(host(tmp_path, composed), "0001-v1", [])
    assert [verb[:2] for verb in composed.verbs] == [("up", "--no-start"), ("up", "--detach")]
    assert composed.verbs[0][-1] == "web"


FOUND_SOURCE = {"type": "found", "repository": "", "commit": "", "digests": {}}


@pytest.mark.parametrize(
    ("before", "strangers", "verbs", "removed"),
    [
        pytest.param([container("web"), container("db")], [], [], [], id="nothing was changed yet"),
        pytest.param(
            [container("web", config_hash="x"), container("db")], ["id-db"],
            [("--no-deps", "web")], [], id="only what is another one by now",
        ),
        pytest.param(
            [container("web", state="stopping"), container("db")], ["id-web", "id-db"],
            [("--no-deps", "web")], [], id="one that was on its way out",
        ),
        pytest.param(
            [container("web"), container("db"), container("new"), container("by-hand")], ["id-by-hand"],
            [], ["id-new"], id="what our release added goes, what somebody started stays",
        ),
    ],
)  # fmt: skip
def test_the_return_to_what_was_found_touches_what_was_changed(
    before: list[Container], strangers: list[str], verbs: list[tuple[str, ...]], removed: list[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    gone: list[str] = []
    ended = [replace(one, state="exited") if one.state == "stopping" else one for one in before]
    composed = Composed(before, [container("web"), container("db")])
    monkeypatch.setattr(_actions, "remove", lambda _project, container: gone.append(container))
    monkeypatch.setattr(_actions, "stop", lambda _project, _container: setattr(composed, "found", ended))
    made = host(tmp_path, composed)
    vars(made).update(record=lambda _release: record(source=FOUND_SOURCE),
                      strangers=lambda: [{"Id": name} for name in strangers])  # fmt: skip
    _apply.bring_up(made, "0001-v1")
    assert ([verb[-2:] for verb in composed.verbs], gone) == (verbs, removed)


@pytest.mark.parametrize(("there", "changed"), [("web", []), ("other", ["web"])])
def test_the_step_says_changed_where_a_container_did(there: str, changed: list[str], tmp_path: Path) -> None:
    made = [container("web", id="web", config_hash="of another Compose"), container("db")]
    on = host(tmp_path, Composed([container("web", id=there), container("db")], made))
    token = on.store.try_acquire(holder="ana@console", purpose="deploy v1", ttl=60).token
    on.store.write("releases/0001-v1/record.json", record_file())
    given = {"state": "running", "phase": "", "predicted": [], "preview": [], "release": "0001-v1", "token": token}
    found = _apply.run(on, given, False)
    assert (found["changed"], found["services"]) == (bool(changed), changed)
    # another Compose has other hashes for the same: what runs now is what the release is
    kept = on.store.read("releases/0001-v1/record.json")
    assert kept is not None
    assert kept["config"]["services"]["web"] == "of another Compose"


SERVICES: dict[str, Any] = {
    "proxy": {"depends_on": {"web": {}}},
    "web": {"depends_on": {"init": {}, "worker": {}}},
    "worker": {"depends_on": {"queue": {}}},
    "init": {},
    "queue": {},
    "db": {},
}


@pytest.mark.parametrize(
    ("there", "started"),
    [
        pytest.param([], ["db", "init", "queue"], id="the first deployment"),
        pytest.param(["db"], ["init", "queue"], id="the database runs"),
        pytest.param(["db", "init", "queue"], [], id="all is there"),
    ],
)
def test_a_migration_has_nothing_started_but_what_it_needs(
    there: list[str], started: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought: list[str] = []
    monkeypatch.setattr(_apply, "bring_up", lambda _target, _release, services: brought.extend(services))
    states = {"init": {"state": "exited", "health": "none"}}
    composed = Composed([container(name, **states.get(name, {})) for name in there])
    once = [{"name": "containers", "kind": "containers", "completed": ["init"]}]
    data = {"database_service": "db", "database_name": "shop", "database_user": "shop"}
    app = {"migration_service": "web", "release_services": ["web", "worker"], "checks": once, **data}
    made = host(tmp_path, composed, **app)
    made.store.write("releases/0001-v1/compose.json", {"services": SERVICES})
    _migrate._ensure_services(made, "0001-v1")
    assert brought == started


@pytest.mark.parametrize(
    ("now", "kept"),
    [
        pytest.param({"web": "hash-web"}, {"web": "hash-web"}, id="the same"),
        pytest.param({"web": "of another Compose"}, {"web": "of another Compose"}, id="of another version of Compose"),
        pytest.param({}, {"web": "hash-web"}, id="none has a container"),
    ],
)
def test_the_hashes_of_what_runs_are_those_of_its_release(
    tmp_path: Path, now: dict[str, str], kept: dict[str, str]
) -> None:
    shop = target(tmp_path)
    token = shop.store.acquire(holder="ana", purpose="rollback", ttl=60, wait=0).token
    made = record()
    shop.save(replace(made, config=replace(made.config, services={"web": "hash-web"})), token)
    found = [container(service, config_hash=digest) for service, digest in now.items()]
    shop.project = SimpleNamespace(containers=lambda: found)  # type: ignore[assignment]
    _apply._note_hashes(shop, made.id, token)
    assert shop.record(made.id).config.services == kept
