"""What a dashboard knows: nothing that cannot be seen is fine, and what it showed before is kept with its age."""

from __future__ import annotations

from typing import Any

import pytest

from doppelganger_ops import board, events, schemas
from doppelganger_ops.result import Target
from doppelganger_ops.status import Status
from tests.unit.api.looked import BEGAN, LOST, RELEASE, Watched, known, measured, metric, outcome, verified
from tests.unit.api.scripted import check, failure, target


def iso(seconds: float) -> str | None:
    return board._iso(BEGAN + seconds)


def test_before_the_first_look_nothing_is_known() -> None:
    found = Watched().board.to_dict()
    assert (found["revision"], found["targets"]) == (0, {})
    assert schemas.problems("dashboard", found) == []


STATES = [
    ({}, "fine", []),
    ({"verify": verified(check(state="fail", name="Page"))}, "critical", ["failed: Page"]),
    (
        {"verify": verified(check(state="fail", severity="advisory", name="Page"))},
        "warning",
        ["failed, advisory: Page"],
    ),
    ({"verify": verified(check(state="error", name="Page"))}, "unseen", ["checks that cannot be seen: Page"]),
    ({"verify": verified(check(state="inconclusive", name="P"))}, "unseen", ["checks that cannot be seen: P"]),
    ({"verify": verified(check(state="skipped"))}, "fine", []),
    ({"monitor": measured(metric(value=20.0, tier="critical"))}, "critical", ["critical: Error rate"]),
    ({"monitor": measured(metric(value=2.0, tier="warning"))}, "warning", ["warning: Error rate"]),
    ({"monitor": measured(metric(value=2.0, tier="info", limits={"info": {"above": 1.0}}))}, "fine", []),
    ({"monitor": measured(metric(value=None))}, "unseen", ["metrics that cannot be seen: Error rate"]),
    ({"monitor": measured(metric(state="inconclusive"))}, "fine", []),
    ({"monitor": LOST["monitor"]}, "unseen", ["monitor: No route to host."]),
    (LOST, "unseen", ["releases, verify, monitor: No route to host."]),
    ({"releases": known(current=None, releases=[])}, "warning", ["Nothing was deployed yet."]),
    (
        {"releases": known(drift=["web has 1 of 3 containers", "db is paused, none"])},
        "critical",
        ["not as recorded: web has 1 of 3 containers; db is paused, none"],
    ),
    ({"releases": known(unseen="No engine.")}, "unseen", ["what runs: No engine."]),
    (
        {"releases": known(interrupted={"operation": "deploy", "release": "0002-v2"})},
        "warning",
        ["deploy of 0002-v2 was interrupted; the next run recovers it."],
    ),
    (
        {"verify": verified(check(state="fail", name="Page")), "monitor": LOST["monitor"]},
        "critical",
        ["failed: Page", "monitor: No route to host."],
    ),
]


@pytest.mark.parametrize(("looks", "state", "reasons"), STATES)
def test_the_state_of_a_target_is_that_of_the_worst_and_says_why(
    looks: dict[str, Any], state: str, reasons: list[str]
) -> None:
    watched = Watched()
    found = watched.round(**looks)
    assert (found["state"], found["reasons"]) == (state, reasons)
    assert schemas.problems("dashboard", watched.board.to_dict()) == []


def test_what_was_seen_is_kept_with_its_time_when_a_look_fails() -> None:
    watched = Watched()
    watched.round()
    found = watched.round(**LOST)
    assert [(look["seen"], look["at"], look["is_current"]) for look in found["looks"].values()] == [
        (iso(10), iso(20), False)
    ] * 3
    assert (found["current"], len(found["checks"]), len(found["metrics"])) == ("0001-v1", 1, 1)
    assert watched.round()["state"] == "fine", "and is over when it is seen again"


def test_looks_that_fail_alike_say_so_once() -> None:
    refused = {"kind": "refused", "phase": "preflight", "error": "No model.", "hint": "Mend it.", "checks": []}
    published = target(status="refused", checks=[], message="Verify was refused: No model.", failure=failure(**refused))
    looks: dict[str, Any] = {verb: Target.from_dict(published) for verb in ("verify", "monitor")}
    found = Watched().round(**looks)
    assert found["reasons"] == ["verify, monitor: No model."]
    assert found["looks"]["verify"]["hint"] == "Mend it."


def test_what_is_old_is_not_fine() -> None:
    watched = Watched()
    assert watched.round()["state"] == "fine"
    watched.clock.now += 59
    assert watched.target()["state"] == "fine"
    watched.clock.now += 2
    found = watched.target()
    assert (found["state"], found["reasons"]) == (
        "unseen", ["releases, verify, monitor: The last check is too old."],
    )  # fmt: skip


@pytest.mark.parametrize("how", ["raised", "no hosts"])
def test_a_run_that_cannot_look_at_all_leaves_no_target_fine(how: str) -> None:
    watched = Watched()
    watched.round()
    if how == "raised":
        watched.board.failed("verify", "It so ended.", "Mend it.")
    else:
        watched.board.took("verify", outcome("verify", {}, Status.NO_HOSTS))
    found = watched.board.to_dict()
    assert found["looks"]["verify"]["error"] == "It so ended."
    assert found["targets"]["app"]["reasons"] == ["verify: It so ended."]
    assert schemas.problems("dashboard", found) == []
    assert watched.round()["state"] == "fine"


def test_an_alert_is_there_from_the_first_look_that_saw_it_to_the_first_that_saw_its_end() -> None:
    watched, seen = Watched(), []
    for value, tier in (
        (0.0, ""),
        (2.0, "warning"),
        (20.0, "critical"),
        (20.0, "critical"),
        (3.0, "warning"),
        (0.0, ""),
    ):
        found = watched.round(monitor=measured(metric(value=value, tier=tier)))["alerts"]
        seen.append([(alert["tier"], alert["state"], alert["since"], alert["value"]) for alert in found])
    assert seen == [
        [],
        [("warning", "firing", iso(20), 2.0)],
        [("critical", "firing", iso(30), 20.0)],
        [("critical", "firing", iso(30), 20.0)],
        [("warning", "firing", iso(20), 3.0)],  # beyond the lower limit it has been all the time
        [],
    ]


@pytest.mark.parametrize(
    "then",
    [
        LOST["monitor"],
        measured(metric(value=None)),
        measured(metric(value=None, state="inconclusive")),
    ],
)
def test_an_alert_that_cannot_be_seen_any_more_has_not_ended(then: Any) -> None:
    watched = Watched()
    watched.round(monitor=measured(metric(value=20.0, tier="critical")))
    found = watched.round(monitor=then)
    (alert,) = found["alerts"]
    assert (alert["state"], alert["seen"], alert["value"]) == ("unknown", iso(10), 20.0)
    assert found["state"] == "unseen"
    assert "was beyond a limit: Error rate" in found["reasons"]
    assert watched.round()["alerts"] == []


def test_what_the_catalogue_does_not_have_any_more_is_forgotten() -> None:
    watched = Watched()
    watched.round(monitor=measured(metric("gone", 20.0, "critical")))
    found = watched.round(monitor=measured(metric()))
    assert (found["alerts"], list(found["points"]), found["state"]) == ([], ["error_rate"], "fine")


def test_the_worst_alert_is_the_first() -> None:
    many = [
        metric("b", 2.0, "warning"), metric("a", 2.0, "warning"), metric("z", 20.0, "critical"),
        metric("i", 2.0, "info", limits={"info": {"above": 1.0}}),
    ]  # fmt: skip
    assert [alert["metric"] for alert in Watched().round(monitor=measured(*many))["alerts"]] == ["z", "a", "b", "i"]


def test_all_samples_of_all_rounds_are_points_and_only_the_last_are_kept() -> None:
    watched = Watched()
    for number in range(board.MOST_POINTS):
        found = watched.round(monitor=measured(metric(value=float(number))))
    points = found["points"]["error_rate"]
    assert len(points) == board.MOST_POINTS
    assert points[-2:] == [[watched.clock.now - 1, number], [watched.clock.now, number]]
    assert points == sorted(points)


def test_what_the_source_remembers_comes_before_what_was_seen() -> None:
    history = [[BEGAN - 60, 5.0], [BEGAN, 6.0], [BEGAN + 9.5, 9.0]]
    watched = Watched()
    for _ in range(2):
        found = watched.round(monitor=measured(metric(value=1.0, history=history)))
    assert [at - BEGAN for at, _ in found["points"]["error_rate"]] == [-60, 0, 9, 10, 19, 20]


def test_a_look_is_of_the_time_at_which_its_host_was_looked_at() -> None:
    measured_at: dict[str, Any] = {"name": "m", "state": "pass", "value": 1.0, "unit": "", "tier": "", "limit": ""}
    told: list[events.Event] = [
        events.PhaseStarted(at="2026-09-21T14:13:20+00:00", host="one", phase="monitor"),
        events.MetricMeasured(at="2026-09-21T14:13:21+00:00", host="one", **measured_at),
        events.MetricMeasured(at="2026-09-21T14:13:25+00:00", host="one", **measured_at),
        events.CheckFailed(at="2026-09-21T14:13:27+00:00", host="two", name="c", state="fail", reason="r"),
    ]
    assert board.moments_of(told) == {"one": BEGAN + 1, "two": BEGAN + 7}


def test_a_table_of_releases_says_which_is_the_current_and_which_the_last_good_one() -> None:
    bad = {**RELEASE, "id": "0002-v2", "status": "bad", "activated": None, "gates": ["long"]}
    found = Watched().round(releases=known(current="0002-v2", releases=[RELEASE, bad]))
    assert [(one["id"], one["role"]) for one in found["releases"]] == [("0001-v1", "last good"), ("0002-v2", "current")]
    assert "gates" not in found["releases"][1]


def test_readers_are_told_of_news_and_of_the_end() -> None:
    watched = Watched()
    assert watched.board.wait(0, 0) == (0, True)
    watched.round()
    assert watched.board.wait(0, 5) == (3, True)
    watched.board.close()
    assert watched.board.wait(3, 5) == (3, False)
