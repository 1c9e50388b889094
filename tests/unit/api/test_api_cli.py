"""The command: what it starts, what it prints, what it exits with."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from doppelganger_ops import cli, events, executor, outcome, terminal
from doppelganger_ops.status import Status
from tests.unit.api.scripted import failure, play, result, scripted, stats, target, task


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """The command takes two over."""
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.fixture
def inventory(tmp_path: Path) -> str:
    path = tmp_path / "hosts.yml"
    path.write_text("targets: {hosts: {app: }}\n")
    return str(path)


COMMANDS = [
    (["deploy", "v1"], {"version": "v1"}),
    (["deploy", "v1", "--reason", "why"], {"version": "v1", "reason": "why"}),
    (["rollback"], {"release": "last good"}),
    (["rollback", "0001-v1"], {"release": "0001-v1"}),
    (["rollback", "--backup", "b", "--confirm", "shop"], {"release": "last good", "backup": "b", "confirm": "shop"}),
    (["verify"], {}),
    (["backup"], {}),
    (["restore", "b", "--confirm", "shop"], {"backup": "b", "confirm": "shop"}),
]


@pytest.mark.parametrize(("words", "inputs"), COMMANDS, ids=[" ".join(words) for words, _ in COMMANDS])
def test_what_a_command_starts(
    monkeypatch: pytest.MonkeyPatch, inventory: str, words: list[str], inputs: dict[str, str]
) -> None:
    made = scripted(monkeypatch, play(), stats(result()))
    assert cli.main([*words, "-i", inventory, "-q"]) == 0
    assert made.jobs[0].inputs == inputs
    assert Path(made.jobs[0].playbook).stem == words[0]


@pytest.mark.parametrize("status", list(Status)[:8])
def test_the_exit_code_says_the_status(
    monkeypatch: pytest.MonkeyPatch, inventory: str, status: Status, capsys: pytest.CaptureFixture[str]
) -> None:
    published = result(status.value, app=target(status=status.value, message="It so ended."))
    scripted(monkeypatch, play(), stats(published))
    assert cli.main(["deploy", "v1", "-i", inventory, "-q"]) == cli.EXIT_CODES[status]
    assert "It so ended." in capsys.readouterr().out


WRONG = [
    ["deploy", "v1", "--deadline", "nan"],
    ["deploy", "v1", "--deadline", "-1"],
    ["deploy", "v1", "--forks", "0"],
    ["deploy", "v1", "--limit", "a\u202eb"],
    ["deploy", "v1", "--reason", "no text \udcff"],
    ["deploy", "\udcff"],
    ["deploy", "v1", "--keep", "/proc/nothing"],
    ["deploy", "v1", "--environment", "NOT_SET_ANYWHERE"],
    ["verify", "--vault-password-file", "/nowhere"],
    ["verify", "--variables", "/nowhere"],
    ["verify", "-i", "\udcff"],
]


@pytest.mark.parametrize("words", WRONG, ids=[ascii(words) for words in WRONG])
@pytest.mark.parametrize("as_json", [True, False])
def test_what_cannot_be_used_never_ran(
    monkeypatch: pytest.MonkeyPatch, inventory: str, capsys: pytest.CaptureFixture[str], words: list[str], as_json: bool
) -> None:
    made = scripted(monkeypatch, play(), stats(result()))
    assert cli.main([*words, "-i", inventory, *(["--json"] if as_json else [])]) == cli.NEVER_RAN
    assert made.jobs == []
    out, err = capsys.readouterr()
    if as_json:
        assert (json.loads(out)["error"], json.loads(out)["reason"]) == ("InputError", "invalid_input")
    else:
        assert err.startswith("doppelganger-ops: ")


def test_the_exit_codes_are_those_that_scripts_rely_on() -> None:
    assert {status.value: code for status, code in cli.EXIT_CODES.items()} == {
        "ok": 0, "unchanged": 0, "skipped": 0, "failed": 1, "refused": 3, "unreachable": 4, "rolled_back": 5,
        "rollback_failed": 6, "no_hosts": 7, "timed_out": 124, "cancelled": 130,
    }  # fmt: skip


def test_every_status_has_an_exit_code() -> None:
    assert set(cli.EXIT_CODES) == set(Status)
    red = [code for status, code in cli.EXIT_CODES.items() if not status.is_good]
    assert len(set(red)) == len(red)
    assert cli.NEVER_RAN not in red


def test_json_is_the_result_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, inventory: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted(monkeypatch, play(), stats(result()))
    assert cli.main(["deploy", "v1", "-i", inventory, "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["targets"]["app"]["release"] == "0001-v1"
    assert err == ""


def test_each_host_says_why_it_failed(
    monkeypatch: pytest.MonkeyPatch, inventory: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts = {
        name: target(status="failed", failure=failure(), message=f"{name} is full.", hint=f"Mend {name}.")
        for name in ("one", "two")
    }
    scripted(monkeypatch, play(), stats(result("failed", **hosts)))
    assert cli.main(["deploy", "v1", "-i", inventory, "-q"]) == cli.EXIT_CODES[Status.FAILED]
    out = capsys.readouterr().out
    assert [out.count(words) for words in ("one is full.", "two is full.", "Mend one.", "Mend two.")] == [1, 1, 1, 1]


def test_what_a_target_says_does_not_move_the_cursor(
    monkeypatch: pytest.MonkeyPatch, inventory: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted(monkeypatch, play(), stats(result(app=target(checklist=["[ ] No error logs  \x1b[2Jgone"]))))
    assert cli.main(["deploy", "v1", "-i", inventory, "-q"]) == 0
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_who_reads_no_more_does_not_change_how_the_run_ended(
    monkeypatch: pytest.MonkeyPatch, inventory: str, encoding: str
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    scripted(monkeypatch, play(), stats(result(app=target(message="Done …"))))
    with open(writing, "w", encoding=encoding) as gone:
        monkeypatch.setattr("sys.stdout", gone)
        assert cli.main(["deploy", "v1", "-i", inventory, "-q"]) == 0


@pytest.mark.parametrize("as_json", [True, False])
def test_what_never_ran_exits_with_two(
    as_json: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(cli.INVENTORY, raising=False)
    assert cli.main(["verify", *(["--json"] if as_json else [])]) == cli.NEVER_RAN
    out, err = capsys.readouterr()
    assert "-i PATH" in (out if as_json else err)
    if as_json:
        assert json.loads(out)["error"] == "NeverRan"


def test_the_inventory_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, inventory: str) -> None:
    monkeypatch.setenv(cli.INVENTORY, inventory)
    made = scripted(monkeypatch, play(), stats(result()))
    assert cli.main(["verify", "-q"]) == 0
    assert made.jobs[0].inventories == (inventory,)


INFO = {"changed": False, "current": "0001-v1", "releases": [], "table": ["the table"], "backups": [],
        "lease": {"holder": "ann", "purpose": "work"}, "interrupted": None}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "shown", "hidden"),
    [("status", "app: held by ann for work", "the table"), ("releases", "the table", "held by")],
)
def test_status_is_short_and_releases_are_long(
    monkeypatch: pytest.MonkeyPatch, inventory: str, capsys: pytest.CaptureFixture[str], command: str, shown: str,
    hidden: str,
) -> None:  # fmt: skip
    scripted(monkeypatch, play(), stats({f"{outcome.KEY}_releases": {"app": INFO}}))
    assert cli.main([command, "-i", inventory, "-q"]) == 0
    out = capsys.readouterr().out
    assert "0001-v1 is current." in out  # an earlier version has not looked
    assert shown in out
    assert hidden not in out


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        pytest.param({"drift": [], "unseen": ""}, "0001-v1 runs.", id="as recorded"),
        pytest.param({"drift": ["web has no container"], "unseen": ""}, "web has no container.", id="another one"),
        pytest.param({"drift": [], "unseen": "No engine."}, "No engine.", id="nobody could look"),
    ],
)
def test_status_says_that_a_release_runs_where_somebody_has_seen_it(
    monkeypatch: pytest.MonkeyPatch,
    inventory: str,
    capsys: pytest.CaptureFixture[str],
    seen: dict[str, Any],
    said: str,
) -> None:
    scripted(monkeypatch, play(), stats({f"{outcome.KEY}_releases": {"app": {**INFO, **seen}}}))
    assert cli.main(["status", "-i", inventory, "-q"]) == 0
    out = capsys.readouterr().out
    assert said in out
    assert ("0001-v1 is current" in out) is ("runs." not in said)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(["--print-completion", shell])
    assert raised.value.code == 0
    out = capsys.readouterr().out
    assert "rollback" in out
    assert "--deadline" in out


EVENTS: list[tuple[events.Event, str | None]] = [
    (events.PhaseStarted(host="app", phase="apply"), None),
    (events.PhaseFinished(host="app", phase="apply", seconds=1.26, changed=True), "app: apply 1.3 s"),
    (events.PhaseFailed(host="app", phase="soak", seconds=2, kind="failed", error="500", hint=""),
     "app: soak FAILED after 2.0 s: 500"),
    (events.CheckPassed(host="app", name="Page", seconds=0.1), "app:   [x] Page"),
    (events.CheckFailed(host="app", name="Page", state="fail", reason="500"), "app:   [ ] Page: 500"),
    (events.Line(level="warning", text="old"), "old"),
    (events.Line(level="info", text="a table"), None),
]  # fmt: skip


def test_progress_is_plain_lines_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    shown = terminal.Progress(stream)
    for event, _ in EVENTS:
        shown(event)
    shown.close()
    assert stream.getvalue().splitlines() == [line for _, line in EVENTS if line]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_says_what_goes_on_and_ends_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "time", SimpleNamespace(monotonic=lambda: 5.0))
    stream = Terminal()
    shown = terminal.Progress(stream)
    assert shown.__rich__().plain == "starting  (0 s)"
    shown(events.PhaseStarted(host="app", phase="apply"))
    shown(events.Waiting(host="app", phase="apply", seconds=6, detail="2 of 3 [pods]"))
    assert shown.__rich__().plain == "app: apply, 2 of 3 [pods]  (0 s)"
    shown(events.PhaseFinished(host="app", phase="apply", seconds=7, changed=True))
    assert shown.__rich__().plain == "going on  (0 s)"
    shown.close()
    assert "app: apply 7.0 s" in stream.getvalue()
    # the cursor is there again
    assert "\x1b[?25h" in stream.getvalue().rpartition("\x1b[?25l")[2]


def test_the_default_runs_four_at_a_time() -> None:
    slots = executor.ProcessExecutor().slot()
    assert [slots.acquire(blocking=False) for _ in range(5)] == [True] * 4 + [False]
    assert task("ok", "")["host"] == "app"
