"""The dashboard's rounds, with runs that follow a script: what it asks, what it does with failures, how it ends."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import doppelganger_ops as ops
from doppelganger_ops import cli, dashboard, terminal
from tests.unit.api.looked import KNOWN, metric
from tests.unit.api.scripted import ScriptedExecutor, play, result, stats, target

#: what all three verbs publish
ALL = {**result("unchanged", app=target(metrics=[metric()])), "doppelganger_ops_releases": {"app": KNOWN}}


@pytest.fixture
def inventory(tmp_path: Path) -> str:
    path = tmp_path / "hosts.yml"
    path.write_text("targets: {hosts: {app: }}\n")
    return str(path)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "LEAST", 0.01)


def until(holds: Callable[[], bool], within: float = 10) -> None:
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.01)


def made(inventory: str, executor: ScriptedExecutor, **more: Any) -> ops.Dashboard:
    return ops.Dashboard(inventory=inventory, executor=executor, port=0, **{"every": 0.02, **more})


def test_it_asks_again_and_again_and_measures_alone(inventory: str) -> None:
    executor = ScriptedExecutor(play(), stats(ALL))
    with made(inventory, executor, limit="app", deadline=7) as board:
        until(lambda: len(executor.jobs) >= 9)
        shown = urllib.request.urlopen(f"{board.url}data.json").read()
    verbs = [Path(job.playbook).stem for job in executor.jobs[:6]]
    assert verbs == ["releases", "verify", "monitor"] * 2
    assert {(job.limit, job.deadline) for job in executor.jobs} == {("app", 7)}
    assert json.loads(shown)["targets"]["app"]["state"] == "fine"


def test_a_look_has_a_deadline_unless_somebody_gives_another(inventory: str) -> None:
    executor = ScriptedExecutor(play(), stats(ALL))
    with made(inventory, executor):
        assert executor.jobs[0].deadline == dashboard.DEADLINE


def test_an_inventory_that_goes_away_is_told_on_the_page_and_may_come_back(inventory: str) -> None:
    with made(inventory, ScriptedExecutor(play(), stats(ALL))) as board:
        until(lambda: "app" in board.data["targets"])
        Path(inventory).rename(f"{inventory}.away")
        until(lambda: bool(board.data["looks"]["monitor"]["error"]))
        found = board.data
        assert "nothing is there" in found["looks"]["monitor"]["error"]
        assert found["targets"]["app"]["state"] == "unseen"
        Path(f"{inventory}.away").rename(inventory)
        until(lambda: board.data["targets"]["app"]["state"] == "fine")


def test_a_result_that_nobody_expected_ends_no_round(inventory: str) -> None:
    broken = result("unchanged", app={"status": "odd"})
    with made(inventory, ScriptedExecutor(play(), stats({**ALL, **broken}))) as board:
        until(lambda: bool(board.data["looks"]["monitor"]["error"]))
        until(lambda: board.data["revision"] > 6)
        assert "schema" in board.data["looks"]["verify"]["error"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("can't start new thread")])
def test_whatever_keeps_a_verb_from_beginning_is_told_of_that_verb_and_tried_again(
    inventory: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(**options: Any) -> None:
        raise error

    with made(inventory, ScriptedExecutor(play(), stats(ALL))) as board:
        until(lambda: "app" in board.data["targets"])
        with monkeypatch.context() as patched:
            patched.setattr(dashboard.VERBS["verify"], "start", fails)
            until(lambda: bool(board.data["looks"]["verify"]["error"]))
            before = board.data["revision"]
            until(lambda: board.data["revision"] > before + 6)
            looks = board.data["looks"]
        assert {verb: look["error"] for verb, look in looks.items()} == {
            "releases": "", "verify": f"{type(error).__name__}: {error}", "monitor": "",
        }  # fmt: skip
        until(lambda: board.data["targets"]["app"]["state"] == "fine")


def test_a_look_that_cannot_be_shown_ends_no_round(inventory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with made(inventory, ScriptedExecutor(play(), stats(ALL))) as board:
        with monkeypatch.context() as patched:
            patched.setattr(board._board, "took", lambda *_: 1 / 0)
            until(lambda: "ZeroDivisionError" in board.data["looks"]["monitor"]["error"])
        until(lambda: "app" in board.data["targets"] and board.data["targets"]["app"]["state"] == "fine")


def test_it_ends_what_is_under_way(inventory: str) -> None:
    goes_on = threading.Event()
    executor = ScriptedExecutor(play(), lambda: goes_on.wait(1.5), stats(ALL))
    board = made(inventory, executor).start()
    until(lambda: len(executor.running) == 2)
    threading.Timer(0.1, goes_on.set).start()
    board.stop()
    assert all(running.cancelled.is_set() for running in executor.running)
    assert board.wait(0)
    assert board.data["targets"] == {}
    assert not any(Path(job.folder).exists() for job in executor.jobs)
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(board.url)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"every": 0.001}, "every must be"),
        ({"every": float("nan")}, "every must be"),
        ({"every": "5"}, "every must be"),
        ({"every": True}, "every must be"),
        ({"every": float("inf")}, "every must be"),
        ({"every": 10**400}, "every must be"),
        ({"grafana_url": 3}, "grafana_url must be"),
        ({"grafana_url": "http://[x/"}, "grafana_url must be"),
        ({"grafana_url": "http://x/\u202e"}, "grafana_url must be"),
        ({"forks": "3"}, "forks must be"),
        ({"grafana_url": "javascript:alert(1)"}, "grafana_url must be"),
        ({"check": True}, "only looks"),
        ({"port": 99999}, "from 0 to 65535"),
        ({"address": "everywhere"}, "IP addresses"),
        ({"inventory": "/nowhere"}, "nothing is there"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing_behind(inventory: str, given: dict[str, Any], said: str) -> None:
    executor = ScriptedExecutor(play(), stats(ALL))
    with pytest.raises(ops.NeverRan, match=said):
        ops.Dashboard(**{"inventory": inventory, "executor": executor, "port": 0, **given}).start()
    assert not any(Path(job.folder).exists() for job in executor.jobs)


# the command


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, inventory: str, interruptible: None) -> Callable[..., int]:
    executor = ScriptedExecutor(play(), stats(ALL))
    monkeypatch.setattr(dashboard, "ProcessExecutor", lambda most: executor)
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]

    def run(*words: str, number: int = signal.SIGTERM) -> int:
        timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), number))
        timer.start()
        try:
            return cli.main(["dashboard", "-i", inventory, *words])
        finally:
            timer.cancel()
            timer.join()
            for each, handler in before:
                signal.signal(each, handler)

    return run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_ended_and_that_is_no_failure(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str], number: int
) -> None:
    assert command("--port", "0", number=number) == 0
    out, err = capsys.readouterr()
    assert out.startswith("The dashboard is at http://127.0.0.1:")
    assert err == ""


def test_the_command_that_cannot_begin_ends_as_one_that_never_ran(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["dashboard", "-i", "/nowhere"]) == cli.NEVER_RAN
    assert "nothing is there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "asked_for", "said"),
    [
        ("http://127.0.0.1:3000/", None, []),
        ("http://127.0.0.1:3001/", None, ["Port 3000 is in use, so this is the next free one."]),
        ("http://127.0.0.1:3001/", 3001, []),
        ("http://[::1]:3000/", None, []),
        ("http://10.0.0.5:3000/", None, ["There is no login: everybody who reaches this address can read it."]),
    ],
)
def test_what_is_worth_knowing_is_said(url: str, asked_for: int | None, said: list[str]) -> None:
    assert terminal.dashboard(url, asked_for) == [f"The dashboard is at {url} until Ctrl-C.", *said]
