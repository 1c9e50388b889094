"""The page of the dashboard: everything has its words, and nothing that a target says is markup."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.pages import _charts, _dashboard
from tests.unit.api.looked import LOST, RELEASE, Watched, known, measured, metric, verified
from tests.unit.api.scripted import check
from tests.unit.plugin_utils.pages.test_run_report import EVIL, Page

#: what the page may ask for
OWN = {"/board.css", "/board.js", "/board.svg", "/data.json"}


def sound(text: str) -> Page:
    """The page, with nothing in it that leads outside or runs."""
    found = Page(text)
    assert found.wrong == []
    assert set(found.outside) <= OWN
    assert {"iframe", "object", "base", "form", "style", "img"} & set(found.tags) == set()
    assert found.tags.count("script") == 1
    assert "style=" not in text
    return found


def shown(watched: Watched) -> str:
    """The words of the page."""
    return " ".join(sound(_dashboard.page(watched.board.to_dict())).text.split())


def test_before_the_first_look_it_says_so() -> None:
    text = shown(Watched())
    assert "Nothing is known yet" in text
    assert "The first look is under way." in text
    assert "Of what can be seen, no metric is beyond a limit." in text


def test_what_is_fine_says_so() -> None:
    watched = Watched()
    watched.round()
    text = shown(watched)
    for said in (
        "1 fine", "0001-v1 runs", "No metric is beyond a limit.", "✓ Page", "Application", "✓ within its limits",
        "limit: critical > 10, warning > 1", "0 percent", "by ann@desk",
    ):  # fmt: skip
        assert said in text


@pytest.mark.parametrize("look", [known(drift=["web is exited, none"]), known(unseen="No engine."), LOST["releases"]])
def test_that_a_release_runs_is_said_where_somebody_has_seen_it(look: Any) -> None:
    watched = Watched()
    watched.round()
    watched.round(releases=look)
    text = shown(watched)
    assert "0001-v1 is current" in text
    assert "0001-v1 runs" not in text


METRICS = [
    (metric(value=20.0, tier="critical"), ["✗ critical", "Go back.", "docs/metrics.md#error_rate", "critical P1"]),
    (metric(value=2.0, tier="warning"), ["✗ warning", "warning P1"]),
    (metric(value=None, reason="nobody listens"), ["Error rate cannot be seen nobody listens", "1 cannot be seen"]),
    (metric(value=None, state="inconclusive", reason="0/0"), ["Error rate is unknown 0/0"]),
    (metric(value=None, state="skipped", reason="no source"), ["Error rate does not apply no source"]),
    (metric(limits={}), ["✓ no limit"]),
    (metric(limits={"critical": {"below": 1.0}}, value=3.0), ["limit: critical < 1"]),
]


@pytest.mark.parametrize(("found", "said"), METRICS)
def test_the_verdict_on_a_metric_is_in_words(found: dict[str, Any], said: list[str]) -> None:
    watched = Watched()
    watched.round(monitor=measured(found))
    text = shown(watched)
    assert [words for words in said if words not in text] == []


def test_what_cannot_be_seen_is_never_shown_as_fine() -> None:
    watched = Watched()
    watched.round(monitor=measured(metric(value=20.0, tier="critical")))
    watched.round(**LOST)
    text = shown(watched)
    for said in (
        "1 cannot be seen", "releases, verify, monitor: No route to host. See the network.",
        "What is shown of it was seen", "beyond its limit when it was last seen",
    ):  # fmt: skip
        assert said in text
    assert "No metric is beyond a limit" not in text
    assert _dashboard.page(watched.board.to_dict()).count('class="old"') == 3


def test_of_what_was_never_seen_nothing_is_said() -> None:
    watched = Watched()
    watched.round(**LOST)
    text = shown(watched)
    assert "never seen" in text
    assert [word for word in ("Releases", "Checks", "Application", "No metric is") if word in text] == []


def test_a_run_that_could_not_look_is_told_once() -> None:
    watched = Watched()
    for verb in ("releases", "verify", "monitor"):
        watched.board.failed(verb, "There is no inventory.", "Give one.")
    text = shown(watched)
    assert text.count("There is no inventory.") == 1
    assert "(releases, verify, monitor)" in text


def test_several_targets_are_told_apart_and_the_worst_counts() -> None:
    watched = Watched()
    watched.round("one")
    watched.round("two", monitor=measured(metric(value=20.0, tier="critical", series="pod x")))
    text = shown(watched)
    assert "1 critical, 1 fine" in text
    assert "on two, pod x" in text


@pytest.mark.parametrize("evil", EVIL)
def test_what_targets_say_is_text(evil: str) -> None:
    watched = Watched()
    bad = metric(value=20.0, tier="critical", title=evil, unit=evil, reason=evil, remedy=evil, page=evil, series=evil)
    looks: dict[str, Any] = {
        "monitor": measured(bad, metric(evil, None, title=evil, reason=evil)),
        "verify": verified(check(name=evil, reason=evil, state="fail")),
        "releases": known(
            current=evil,
            releases=[{**RELEASE, "id": evil, "operator": evil, "reason": evil}],
            lease={"holder": evil, "purpose": evil},
        ),
    }
    watched.round(evil, **looks)
    watched.board.failed("verify", evil, evil)
    found = sound(_dashboard.page(watched.board.to_dict()))
    assert evil in found.text


@pytest.mark.parametrize(
    ("page", "is_link"),
    [("https://runbooks.example.com/x", True), ("docs/metrics.md#x", False), ("javascript:alert(1)", False)],
)
def test_only_an_address_is_a_link(page: str, is_link: bool) -> None:
    watched = Watched(grafana="https://grafana.example.com/")
    watched.round(monitor=measured(metric(value=20.0, tier="critical", page=page)))
    links = Page(_dashboard.page(watched.board.to_dict())).outside
    assert (page in links) is is_link
    assert "https://grafana.example.com/" in links


# the charts


def chart(points: list[tuple[float, float]], now: float = 100, gap: float = 60, **limits: Any) -> dict[str, Any]:
    found = _charts.live_chart(points, limits or {"warning": {"above": 10.0}}, now, gap)
    assert found is not None
    return found


def test_a_line_ends_where_the_last_value_was_seen_and_not_now() -> None:
    found = chart([(0, 0.0), (50, 5.0)])
    assert found["lines"][0].split()[0].startswith("0.0,")
    assert found["lines"][0].split()[-1].startswith("500.0,")


def test_a_line_is_broken_where_nothing_was_seen() -> None:
    found = chart([(0, 1.0), (10, 1.0), (90, 1.0), (95, 1.0), (100, 2.0)], now=200)
    assert [len(line.split()) for line in found["lines"]] == [2, 3]
    assert [len(chart([(0, 1.0), (90, 1.0)])[name]) for name in ("lines", "dots")] == [0, 2]


def test_every_limit_is_a_line_and_the_side_beyond_it_is_shown() -> None:
    found = chart([(0, 5.0), (1, 5.0)], critical={"above": 20.0}, warning={"above": 10.0})
    assert [limit["tier"] for limit in found["limits"]] == ["critical", "warning"]
    above, below = found["limits"][0], chart([(0, 5.0)], critical={"below": 1.0})["limits"][0]
    assert (above["bad"]["y"], above["bad"]["height"]) == (0.0, above["y"])
    assert below["bad"]["y"] == below["y"]
    assert below["y"] + below["bad"]["height"] == pytest.approx(100)


def test_of_many_points_none_that_stands_out_is_lost() -> None:
    points = [(float(at), 1.0) for at in range(480)]
    points[333] = (333.0, 9.0)
    points[200] = (200.0, 0.5)
    found = chart(points, now=480)
    drawn = found["lines"][0].split()
    assert len(drawn) <= 200
    assert (found["low"], found["high"]) == (0.5, 9.0)
    heights = {float(point.split(",")[1]) for point in drawn}
    assert len(heights) == 3


def test_without_a_value_there_is_no_chart() -> None:
    assert _charts.live_chart([], {}, 100, 60) is None
