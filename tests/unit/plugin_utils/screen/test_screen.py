"""What the output callback shows, line by line, for each thing that can happen."""

from __future__ import annotations

import io
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core import _progress
from ansible_collections.doppelganger.ops.plugins.plugin_utils.results import _result
from ansible_collections.doppelganger.ops.plugins.plugin_utils.screen import _listener, _words
from ansible_collections.doppelganger.ops.plugins.plugin_utils.screen._live_line import (
    LiveLine,
    as_message,
    fitted,
    from_message,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils.screen._screen import FAILED, Line, Screen, Step
from tests.unit.support.results import ENDINGS, FAILING, PASSING, ended


def phase(module: str, name: str = "") -> Step:
    return Step("a task", "deploy", module, name or _words.PHASES[module], is_ours=True)


OTHER = Step("Copy the file")
OURS = Step("App | Read the application model", "app", is_ours=True)
LOOK = phase("release_verify")


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


@pytest.mark.parametrize(
    ("module", "found", "said"),
    [
        ("target_preflight", {"needed": True, "reasons": ["version v1 becomes v2", "the env files differ"]},
         "version v1 becomes v2; the env files differ"),
        ("target_preflight", {"needed": False, "reasons": []}, "already up to date"),
        ("target_preflight", {"needed": False, "unset": ["A", "B"]},
         "already up to date; not set and taken for empty: A, B"),
        ("target_preflight", {"needed": True, "reasons": ["new"], "unset": ["A"]},
         "new; not set and taken for empty: A"),
        ("target_preflight",
         {"needed": True, "reasons": ["new"], "data": {"a/data": "/s/data/a/data", "b": "/s/data/b", "c": "/srv/c"}},
         "new; data in /s/data: a/data, b; data in /srv: c"),
        ("operation_start", {"release": "0002-v2", "interrupted": None}, "0002-v2"),
        ("operation_start", {"interrupted": {"operation": "deploy", "release": "0001-v1", "phase": "apply"}},
         "recovers deploy of 0001-v1, interrupted in phase apply"),
        ("release_images", {"images": {"web": {}, "worker": {}}}, "web, worker"),
        ("release_images", {"msg": "Would get the images of web."}, "Would get the images of web."),
        ("database_backup", {"backup": {"id": "b1", "size": 3379}}, "b1, 3.3 KiB"),
        ("database_backup", {"backup": {"id": "b1"}}, "b1"),
        ("database_backup", {"backup": None, "msg": "There is no database yet."}, "There is no database yet."),
        ("database_migrate", {"moved": True, "head": "0002"}, "schema migrated to 0002"),
        ("database_migrate", {"moved": True, "head": None}, "schema migrated"),
        ("database_migrate", {"moved": False}, "schema unchanged"),
        ("database_migrate", {"moved": None}, "schema change unknown"),
        ("database_migrate", {"msg": "Would run it."}, "Would run it."),
        ("release_apply", {"services": ["web", "worker"]}, "web, worker"),
        ("release_apply", {"services": []}, "no running service"),
        ("release_verify", {"summary": "7 of 7 required checks passed."}, "7 of 7 required checks passed"),
        ("metrics_measure", {"summary": "40 metrics are as they should be."}, "40 metrics are as they should be"),
        ("database_check", {"sound": True}, "all tables can be read"),
        ("database_check", {"sound": True, "not_valid": ["index i"]}, "all tables can be read; index i is not valid"),
        ("database_check", {"sound": None, "not_valid": []}, ""),
        ("evidence_collect", {"path": "", "msg": "It could not be kept: full"}, "It could not be kept: full"),
        ("evidence_collect", {"path": "/state/evidence/0002-v2"}, "/state/evidence/0002-v2"),
        ("operation_finish", {"current": "0002-v2"}, "0002-v2 is current"),
        ("operation_finish", {"release": "0002-v2"}, ""),
        ("operation_finish", {"current": "0002-v2", "pruned": {"left": ["source ab: it has files"]}},
         "0002-v2 is current; not removed: source ab: it has files"),
        ("database_restore", {"backup": {"id": "b1"}}, "b1"),
        ("target_requirements", {"packages": []}, "nothing is missing"),
        ("release_resolve", {"anything": 1}, ""),
    ],
)  # fmt: skip
def test_what_is_said_of_a_phase(module: str, found: dict[str, Any], said: str) -> None:
    assert _words.note(module, found) == said


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 B"), (999, "999 B"), (3379, "3.3 KiB"), (15_000_000, "14 MiB"), (None, "")]
)
def test_sizes(number: Any, said: str) -> None:
    assert _words.size(number) == said


@pytest.mark.parametrize(
    ("step", "how", "found", "lines"),
    [
        (phase("release_apply"), "ok", {"changed": True, "services": ["web"]}, ["  apply            2.0 s  web"]),
        (LOOK, "ok", {**PASSING, "summary": "1 of 1 required checks passed."},
         ["  verify           2.0 s  1 of 1 required checks passed", "      [x] API answers    0.01 s"]),
        (LOOK, "failed", {**FAILING, "msg": "long", "phase": "soak"},
         ["  soak             2.0 s  FAILED", "      [ ] API answers    0.01 s  answered 500"]),
        (phase("metrics_measure"), "ok", {"verdict": "pass", "table": "    metric\n[x] cpu  3 %", "summary": "Fine."},
         ["  monitor          2.0 s  Fine", "          metric", "      [x] cpu  3 %"]),
        (phase("release_images"), "failed", {"msg": "The build failed.", "phase": "images", "hint": "Read build.log."},
         ["  images           2.0 s  FAILED  The build failed.", "      next: Read build.log."]),
        (phase("release_apply", "return"), "ok", {"services": ["web"]}, ["  return           2.0 s  web"]),
        (OTHER, "ok", {"changed": False}, []),
        (OTHER, "ok", {"changed": True}, ["  changed   Copy the file"]),
        (OTHER, "ok", {"msg": "hello\nworld", "_ansible_verbose_always": True}, ["  hello", "  world"]),
        (OTHER, "ok", {"version": 3, "changed": False, "_ansible_verbose_always": True}, ["  version: 3"]),
        (OTHER, "failed", {"msg": "non-zero return code", "rc": 2, "stderr": "no such file\n"},
         ["  FAILED    Copy the file: non-zero return code (exit code 2)", "      no such file"]),
        (OTHER, "failed", {"censored": "the output has been hidden"},
         ["  FAILED    Copy the file: the output has been hidden"]),
        (OTHER, "failed", {}, ["  FAILED    Copy the file: no message was given"]),
        (OTHER, "ignored", {"msg": "no"}, ["  ignored   Copy the file: no"]),
        (OTHER, "unreachable", {"msg": "no route"}, ["  UNREACHABLE Copy the file: no route"]),
        (OURS, "ok", {"changed": True}, []),
        (OURS, "failed", {"msg": "version is required.", "hint": "Give it."},
         ["  FAILED    App | Read the application model: version is required.", "      next: Give it."]),
        (Step("End red", "result", is_ours=True, is_told=True), "failed", {"msg": "said at the end"}, []),
        (Step("Gate | Ask", "result", is_ours=True), "failed", {"msg": "no such variable"},
         ["  FAILED    Gate | Ask: no such variable"]),
    ],
)  # fmt: skip
def test_each_task_has_its_lines(step: Step, how: str, found: dict[str, Any], lines: list[str]) -> None:
    screen = Screen()
    screen.begun("one", step, 10.0)
    assert texts(screen.ended("one", step, how, found, 12.0)) == lines


def test_what_lets_all_of_ours_fail_is_said_once_and_each_failure_of_others() -> None:
    screen = Screen()
    found = {"msg": "no such variable"}
    shown = [texts(screen.ended("one", step, "failed", found, 1.0)) for step in (OURS, OURS, OTHER, OTHER)]
    assert [len(lines) for lines in shown] == [1, 0, 1, 1]


def test_what_failed_after_a_good_result_is_counted_at_the_end() -> None:
    published = _result.fleet_result("deploy", {"one": ended("ok"), "two": ended("ok")})
    counts = {"ok": 3, "failures": 0, "unreachable": 0}
    shown = texts(Screen().end(published, {"one": {**counts, "failures": 1}, "two": counts}))
    assert "one: ok 3, failed 1" in shown
    assert not [line for line in shown if line.startswith("two: ok 3")]


@pytest.mark.parametrize("length", [8, 70, 105, 130])
def test_a_long_name_leaves_room_for_the_reason(length: int) -> None:
    screen = Screen(79)
    screen.play("Deploy", ["h" * length, "two"], ["h" * length, "two"], check_mode=False)
    lines = texts(screen.ended("h" * length, OTHER, "failed", {"msg": "something is wrong with the file"}, 1.0))
    assert "something is wrong" in " ".join(" ".join(lines).split())


def test_a_play_has_a_heading_once_and_only_where_it_does_something() -> None:
    screen = Screen()
    screen.play("Deploy", ["one"], ["one"], check_mode=False)
    screen.play("Report", ["one"], ["one"], check_mode=True)
    assert texts(screen.ended("one", OTHER, "ok", {"changed": False}, 1.0)) == []
    first = texts(screen.ended("one", OTHER, "ok", {"changed": True}, 1.0))
    assert first == ["", "Report: one (check mode, nothing is changed)", "  changed   Copy the file"]
    assert texts(screen.ended("one", OTHER, "ok", {"changed": True}, 1.0)) == ["  changed   Copy the file"]


def test_of_several_hosts_each_line_names_its_own() -> None:
    screen = Screen()
    screen.play("Deploy", ["one", "three"], ["one", "three"], check_mode=False)
    lines = [*screen.ended("one", OTHER, "ok", {"changed": True}, 0), *screen.ended("three", LOOK, "ok", PASSING, 0)]
    lines += screen.ended("one", OTHER, "failed", {"msg": "no", "stderr": "oh"}, 0)
    assert texts(lines)[1:] == [
        "Deploy: 2 hosts", "  changed   one    Copy the file", "  three  verify           0.0 s",
        "  three      [x] API answers    0.01 s", "  FAILED    one    Copy the file: no", "  one        oh",
    ]  # fmt: skip


def test_a_batch_of_one_host_names_it_as_its_fleet_has_more() -> None:
    screen = Screen()
    screen.play("Deploy", ["one"], ["one", "three"], check_mode=False)
    lines = texts(screen.ended("one", phase("release_apply"), "ok", {"services": ["web"]}, 0))
    assert lines == ["", "Deploy: one", "  one    apply            0.0 s  web"]


def test_what_is_long_is_wrapped_and_ends_somewhere() -> None:
    screen = Screen(width=60)
    failure = texts(screen.ended("one", phase("release_images"), "failed", {"msg": "word " * 100}, 0))
    assert failure[0].endswith("FAILED")
    note = texts(screen.ended("one", phase("release_apply"), "ok", {"services": ["web"] * 40}, 0))
    assert [len(note), len(failure)] == [3, 4]
    assert note[1].startswith(" " * 26 + "web")
    assert max(map(len, failure + note)) <= 60
    assert (failure[-1][-1], note[-1][-1]) == ("…", "…")


@pytest.mark.parametrize("text", ["\x1b[2J", "\x1b]0;title\x07", "a\x00b", "\x9b31m", "\u202eabc", "a\rb"])
def test_what_a_target_says_moves_no_cursor(text: str) -> None:
    screen = Screen()
    found = {"msg": text, "stderr": text, "hint": text, "checklist": f"[ ] {text}", "verdict": "fail"}
    shown = [
        *screen.ended("one", OTHER, "failed", found, 0),
        *screen.ended("one", LOOK, "ok", found, 0),
        *screen.ended("one", OTHER, "ok", {"msg": text, "_ansible_verbose_always": True}, 0),
    ]
    assert all(line.text.isprintable() for line in shown)


# what goes on


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("apply 1 s", 9, "apply 1 s"),
        ("apply 1 s", 8, "apply 1…"),
        ("深圳 1 s", 8, "深圳 1 s"),
        ("深圳 1 s", 6, "深圳 …"),
        ("apply", 0, ""),
    ],
)
def test_the_moving_line_never_wraps(text: str, columns: int, shown: str) -> None:
    assert fitted(text, columns) == shown


def test_the_moving_line_says_what_goes_on_on_each_host() -> None:
    screen = Screen(width=90)
    assert screen.moving(1.0) == ""
    screen.play("Deploy", ["one", "two"], ["one", "two"], check_mode=False)
    screen.begun("one", phase("release_apply"), 10.0)
    screen.begun("two", OTHER, 11.0)
    screen.waits("one", "1 of 2 services are up,\nwaiting for web")
    screen.waits("three", "nobody knows it")
    assert screen.moving(12.4) == "one apply 2 s: 1 of 2 services are up, waiting for web | two Copy the file 1 s"
    screen.ended("one", phase("release_apply"), "ok", {}, 13.0)
    screen.idle("two")
    assert screen.moving(14.0) == ""


def test_a_wait_is_told_once_and_only_to_who_listens() -> None:
    heard: list[str] = []

    def never() -> str:
        raise AssertionError("nobody listens, so nobody makes words")

    _progress.tell(never)
    with _progress.told_to(heard.append):
        for words in ("1 of 2", "1 of 2", "2 of 2"):
            _progress.tell(lambda words=words: words)  # type: ignore[misc]  # mypy cannot tell what a default makes of it
    _progress.tell(never)
    assert heard == ["1 of 2", "2 of 2"]


@pytest.mark.parametrize(
    ("message", "found"),
    [(as_message("one", "waits: for web"), ("one", "waits: for web")), ("a line", None), (3, None)],
)
def test_a_wait_travels_as_a_message(message: Any, found: Any) -> None:
    assert from_message(message) == found


@pytest.mark.parametrize(
    ("on_a_terminal", "for_programs", "options"),
    [(False, "", None), (True, "", {"log_only": True}), (False, "1", {"log_only": False})],
)
def test_a_wait_is_told_where_a_terminal_or_a_program_wants_it(
    monkeypatch: pytest.MonkeyPatch, on_a_terminal: bool, for_programs: str, options: dict[str, bool] | None
) -> None:
    shown: list[tuple[str, dict[str, bool]]] = []
    display = type("Display", (), {"display": lambda self, msg, **given: shown.append((msg, given))})
    monkeypatch.setattr(_listener, "Display", display)
    monkeypatch.setattr(_listener.SHOWN, "waits", on_a_terminal)
    monkeypatch.setenv(_listener.FOR_PROGRAMS, for_programs)
    told = _listener.listener({"inventory_hostname": "one"})
    assert (told is None) is (options is None)
    if told is not None:
        told("for web")
    assert shown == ([(as_message("one", "for web"), options)] if options else [])


class Display:
    """As much of Ansible's display as the live line needs."""

    def __init__(self, stream: io.StringIO) -> None:
        import threading

        self._lock = threading.RLock()
        self._stream = stream

    def display(self, msg: str, **_: Any) -> None:
        self._stream.write(f"{msg}\n")


def test_the_live_line_is_below_everything_else_and_gone_at_the_end() -> None:
    stream, heard = io.StringIO(), []
    display = Display(stream)
    line = LiveLine(display, stream, lambda _: "apply 1 s", lambda host, words: heard.append((host, words)))
    line.start()
    line.draw()
    display.display("a line")
    display.display(as_message("one", "waits"), log_only=True)
    line.draw()
    line.pause(True)
    line.draw()
    line.close()
    line.draw()
    display.display("after")
    assert stream.getvalue() == "\r\x1b[Kapply 1 s\r\x1b[Ka line\n\r\x1b[Kapply 1 s\r\x1b[Kafter\n"
    assert heard == [("one", "waits")]


# the end


@pytest.mark.parametrize(
    ("how", "lines"),
    [
        ("ok", ["one: OK", "  Deployed v2. 0002-v2 is running.", "  changed: web; 0001-v1 ran before",
                "  next: To roll back: playbooks/rollback.yml -e release=0001-v1"]),
        ("unchanged", ["one: UNCHANGED", "  Deploy v2: already up to date. 0001-v1 is running."]),
        ("refused", ["one: REFUSED", "  Deploy was refused: version is required. Nothing was touched.",
                     "  next: Give it."]),
        ("interrupted before",
         ["one: OK", "  Deployed v2. 0002-v2 is running.",
          "  recovered: deploy of 0001-v1, which was interrupted in phase apply", "  changed: web; 0001-v1 ran before",
          "  next: To roll back: playbooks/rollback.yml -e release=0001-v1"]),
    ],
)  # fmt: skip
def test_the_paragraph_at_the_end(how: str, lines: list[str]) -> None:
    published = _result.fleet_result("deploy", {"one": ended(how)})
    assert texts(Screen().end(published, {"one": {"ok": 3}})) == ["", *lines, ""]


@pytest.mark.parametrize("how", sorted(ENDINGS))
def test_whoever_ends_red_is_told_what_to_do_next(how: str) -> None:
    target = ended(how)
    if target["status"] not in _result.GOOD_STATUSES:
        assert _words.what_next(target)


def test_every_red_status_has_a_next_step() -> None:
    red = [status for status in _result.STATUSES if status not in _result.GOOD_STATUSES]
    assert [status for status in red if not _words.what_next({"status": status})] == []


@pytest.mark.parametrize(
    ("target", "changed", "following"),
    [
        ({"status": "ok", "changed": True, "check_mode": True, "services": ["web"]}, "would change: web",
         "Run it without --check to do it."),
        ({"status": "unchanged", "changed": False, "check_mode": True}, "", ""),
        ({"status": "ok", "operation": "backup", "changed": True, "backup": "b1"}, "changed: no running service",
         "To restore it: playbooks/restore.yml -e backup=b1 -e confirm=APPLICATION"),
        ({"status": "ok", "operation": "deploy", "changed": True, "release_before": None, "release_after": "0001-v1",
          "services": ["web"]}, "changed: web; nothing ran before", ""),
    ],
)  # fmt: skip
def test_what_changed_and_what_is_next(target: dict[str, Any], changed: str, following: str) -> None:
    assert (_words.what_changed(target), _words.what_next(target)) == (changed, following)


def test_hosts_that_ended_alike_are_said_together_and_the_worst_is_last() -> None:
    targets = {"a": ended("rolled back"), "b": ended("unchanged"), "c": ended("unchanged")}
    lines = Screen().end(_result.fleet_result("deploy", targets), {})
    heads = [line for line in texts(lines) if line and not line.startswith(" ")]
    assert heads == ["b, c: UNCHANGED", "a: ROLLED BACK", "Deploy of 3 hosts: 1 ROLLED BACK, 2 UNCHANGED"]
    assert lines[-2].tone == FAILED


def test_a_status_that_nobody_knows_is_the_worst() -> None:
    targets = {"a": {**ended("ok"), "status": "molten"}, "b": ended("rollback failed")}
    heads = [line for line in texts(Screen().end({"targets": targets, "status": "molten"}, {})) if line[:1].strip()]
    assert heads[:2] == ["b: ROLLBACK FAILED", "a: MOLTEN"]


def test_any_other_playbook_ends_with_its_counts() -> None:
    counts = {"one": {"ok": 2, "failures": 1, "changed": 0}, "two": {"ok": 0}}
    assert texts(Screen().end(None, counts)) == ["", "one: ok 2, failed 1", "two: nothing was done", ""]
