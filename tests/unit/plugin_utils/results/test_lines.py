"""What people read at the end."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.results import _lines, _result
from tests.unit.support.results import ended


@pytest.mark.parametrize(
    ("how", "lines"),
    [
        (
            "ok",
            [
                "one: OK",
                "why: version v1 becomes v2",
                "phases: preflight 0.2s > apply 1.5s",
                "[x] API answers    0.01 s",
                "Deployed v2. 0002-v2 is running.",
            ],
        ),
        (
            "unchanged",
            [
                "one: UNCHANGED",
                "phases: preflight 0.2s",
                "[x] API answers    0.01 s",
                "Deploy v2: already up to date. 0001-v1 is running.",
            ],
        ),
        ("refused", ["one: REFUSED"]),
        ("unreachable", ["one: UNREACHABLE", "why: version v1 becomes v2", "phases: preflight 0.2s"]),
        (
            "rolled back",
            [
                "one: ROLLED BACK",
                "why: version v1 becomes v2",
                "phases: preflight 0.2s > apply 1.5s",
                "the checklist when it failed:",
                "[ ] API answers    0.01 s  answered 500",
                "the checklist now:",
                "[x] API answers    0.01 s",
            ],
        ),
        (
            "first deploy failed",
            [
                "one: FAILED",
                "why: version v1 becomes v2",
                "phases: preflight 0.2s > apply 1.5s",
                "the checklist when it failed:",
                "[ ] API answers    0.01 s  answered 500",
            ],
        ),
        (
            "rollback failed",
            [
                "one: ROLLBACK FAILED",
                "why: version v1 becomes v2",
                "phases: preflight 0.2s > apply 1.5s",
                "the checklist when it failed:",
                "[ ] API answers    0.01 s  answered 500",
            ],
        ),
        (
            "interrupted before",
            [
                "one: OK",
                "why: version v1 becomes v2",
                "recovered: deploy of 0001-v1, interrupted in phase apply",
                "phases: preflight 0.2s > apply 1.5s",
                "[x] API answers    0.01 s",
                "Deployed v2. 0002-v2 is running.",
            ],
        ),
    ],
)
def test_each_ending_is_told(how: str, lines: list[str]) -> None:
    assert _lines.lines("one", ended(how)) == lines


def test_a_target_that_was_not_reached_says_why() -> None:
    skipped = _result.skipped("deploy", "Skipped: two could not deploy the release.")
    assert _lines.lines("one", skipped) == ["one: SKIPPED", "Skipped: two could not deploy the release."]


@pytest.mark.parametrize(
    ("phase", "line"),
    [
        ({"name": "apply", "state": "failed", "seconds": 2.04}, "phases: apply FAILED 2.0s"),
        ({"name": "apply", "state": "running"}, "phases: apply RUNNING 0.0s"),
    ],
)
def test_a_phase_that_did_not_end_well_is_marked(phase: dict[str, Any], line: str) -> None:
    assert line in _lines.lines("one", {**ended("ok"), "phases": [phase]})


@pytest.mark.parametrize(
    ("services", "line"),
    [(["db", "web"], "would change: db, web"), ([], "would change: no running service")],
)
def test_check_mode_tells_what_would_change(services: list[str], line: str) -> None:
    assert line in _lines.lines("one", {**ended("ok", check_mode=True), "services": services})
