"""The text in which programs show their metrics."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.doppelganger.ops.plugins.module_utils.core import _patterns
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._metric import SOURCES
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._values import sample
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._exposition import (
    Point,
    Unreadable,
    matches,
    parse,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._openmetrics import (
    OpenMetrics,
    families_of,
    observed,
)
from tests.unit.support.metric_sources import plain_project, server, wait_for

TEXT = """\
# HELP requests_total Requests
# TYPE requests_total counter
requests_total{method="GET",status="200"} 90
requests_total{method="GET",status="500"} 10
requests_total_created 1.7e9
seconds_bucket{path="/",le="0.1"} 5
seconds_bucket{path="/",le="+Inf"} 10
seconds_sum{path="/"} 3.2
open 7
odd{text="a \\"quoted\\" } brace, and a \\\\ and a \\n"} 1 1760000000000
"""


def test_points_are_read() -> None:
    found = parse(TEXT, ["requests_total", "open", "odd", "missing"])
    assert found["requests_total"][1] == Point({"method": "GET", "status": "500"}, 10)
    assert found["open"] == [Point({}, 7)]
    assert found["odd"] == [Point({"text": 'a "quoted" } brace, and a \\ and a \n'}, 1, 1760000000)]
    assert found["missing"] == []


@pytest.mark.parametrize(
    ("line", "value"),
    [("x 1", 1), ("x\t1.5", 1.5), ("x -2e3", -2000), ("x +Inf", math.inf), ("x -Inf", -math.inf), ("x{} 3", 3),
     ("x{ a = \"b\" , } 3", 3), ("x 4 # {trace_id=\"1\"} 0.5", 4)],
)  # fmt: skip
def test_a_value_in_each_form(line: str, value: float) -> None:
    assert parse(line, ["x"])["x"][0].value == value


def test_not_a_number_is_one_of_the_forms() -> None:
    assert math.isnan(parse("x NaN", ["x"])["x"][0].value)


@pytest.mark.parametrize("line", ["x one", 'x{a="b} 1', "x 1 2 3", "x{a=b} 1 y", "x 1 e.e", "x 1 1e"])
def test_a_line_that_cannot_be_read_is_named(line: str) -> None:
    with pytest.raises(Unreadable, match="x"):
        parse(line, ["x"])


def test_lines_of_nobody_do_not_matter() -> None:
    assert parse("y is not a metric at all\nx 1", ["x"])["x"] == [Point({}, 1)]


def test_open_metrics_has_an_end_and_seconds() -> None:
    assert parse("x 1 1760000000.5\n# EOF\n", ["x"], open_metrics=True)["x"] == [Point({}, 1, 1760000000.5)]
    with pytest.raises(Unreadable, match="cut off"):
        parse("x 1\n", ["x"], open_metrics=True)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.text(max_size=12), max_size=4))
def test_labels_survive(labels: dict[str, str]) -> None:
    def written(text: str) -> str:
        return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')

    # a stream has no other line ends
    labels = {name: value.replace("\r", "").replace("\x0b", "") for name, value in labels.items()}
    text = ",".join(f'{name}="{written(value)}"' for name, value in labels.items())
    assert parse(f"x{{{text}}} 1", ["x"])["x"][0].labels == labels


def test_where_is_about_whole_values_and_missing_ones() -> None:
    assert matches({"status": "503"}, {"status": "5.."})
    assert not matches({"status": "1503"}, {"status": "5.."})
    assert matches({}, {"status": ""})
    assert not matches({}, {"status": "5.."})


# as a source


def options(calc: str, **more: Any) -> dict[str, Any]:
    return {**{name: option.default for name, option in SOURCES["openmetrics"].items()}, "calc": calc, **more}


def of(text: str, options: dict[str, Any], at: float = 10, now: float = 0) -> Any:
    families = parse(text, families_of(options))
    return observed(at, {"a": families}, options, now or time.time())


def test_a_ratio_is_of_all_series_of_a_container() -> None:
    asked = options("ratio", family="requests_total", where={"status": "5.."}, scale=100.0)
    before = of(TEXT, asked, at=5)
    after = of(TEXT.replace("} 90", "} 180").replace("} 10\nrequests", "} 20\nrequests"), asked)
    assert after.series == {"a": (20, 200)}
    assert sample(after, before, asked, "above").value == pytest.approx(10)


def test_a_quantile_is_of_all_paths() -> None:
    asked = options("quantile", family="seconds", quantile=0.5, scale=1000.0)
    before, after = of('seconds_bucket{le="+Inf"} 0\nseconds_bucket{le="0.1"} 0', asked, at=5), of(TEXT, asked)
    assert after.bounds == (0.1, math.inf)
    assert sample(after, before, asked, "above").value == pytest.approx(100)


def test_a_value_may_be_a_share_of_another_family() -> None:
    asked = options("value", family="open", over="limit", scale=100.0)
    assert sample(of("open 7\nlimit 10", asked), None, asked, "above").value == pytest.approx(70)
    assert sample(of("open 7\nlimit 0", asked), None, asked, "above").state == "inconclusive"


def test_a_family_that_is_not_shown_is_named() -> None:
    asked = options("value", family="opened")
    found = sample(of(TEXT, asked), None, asked, "above")
    assert (found.state, found.reason) == ("inconclusive", "no data: opened is not among what is shown")


def test_what_is_stale_is_no_data() -> None:
    asked = options("value", family="odd")
    assert sample(of(TEXT, asked, now=1760000010), None, asked, "above").value == 1
    found = sample(of(TEXT, asked, now=1760000400), None, asked, "above")
    assert (found.state, "older than 300 s" in found.reason) == ("inconclusive", True)


def test_a_time_ahead_of_ours_is_taken() -> None:
    asked = options("value", family="odd")
    assert sample(of(TEXT, asked, now=1750000000), None, asked, "above").value == 1


def ask(asked: dict[str, dict[str, Any]], project: Any = None, **config: Any) -> Any:
    source = OpenMetrics({"path": "/metrics", **config}, project or plain_project())
    return wait_for(source.look({name: (one, 60.0) for name, one in asked.items()}, 2))


def address(url: str) -> tuple[str, int]:
    return "127.0.0.1", int(url.rpartition(":")[2])


VALUE, UP = options("value", family="open"), options("up")


def test_each_container_is_asked_once_for_all() -> None:
    times = []

    def answer(path: str) -> tuple[int, str, str]:
        times.append(path)
        return 200, "text/plain", TEXT

    with server(answer) as url:
        project = plain_project(addresses=[("a", address(url)), ("b", address(url))])
        found = ask({"open": VALUE, "up": UP}, project, service="app", port=1)
    assert times == ["/metrics", "/metrics"]
    assert found["open"].series == {"a": (7,), "b": (7,)}
    assert found["up"].series == {"a": (1,), "b": (1,)}


def test_one_that_is_silent_is_down_and_makes_the_rest_unknown() -> None:
    with server(lambda _: (200, "text/plain", TEXT)) as url:
        project = plain_project(addresses=[("a", address(url)), ("b", ("127.0.0.1", 9))])
        found = ask({"open": VALUE, "up": UP}, project, service="app", port=1)
    assert found["up"].series == {"a": (1,), "b": (0,)}
    assert "127.0.0.1:9" in found["open"].error


ODD = {
    "an error": (lambda _: (503, "text/plain", "busy"), "answered 503: busy"),
    "something else": (lambda _: (200, "text/plain", "open x"), "cannot be read"),
    "more than can be read": (lambda _: (200, "text/plain", "y 1\n" * 300_000), "more than 1 MB"),
    "half of it": (lambda _: (200, "application/openmetrics-text", "open 7\n"), "cut off"),
}


@pytest.mark.parametrize(("answer", "said"), ODD.values(), ids=ODD.keys())
def test_an_answer_that_is_none(answer: Any, said: str) -> None:
    with server(answer) as url:
        assert said in ask({"open": VALUE}, url=url)["open"].error


def test_nobody_there_is_down() -> None:
    found = ask({"open": VALUE, "up": UP}, plain_project(addresses=[]), service="app", port=1)
    assert "no container of app is running" in found["open"].error
    assert found["up"].series == {"": (0,)}


def test_a_pattern_that_does_not_end_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_patterns, "SECONDS", 0.3)
    found = of(f'x{{a="{"a" * 900}!"}} 1', options("value", family="x", where={"a": "(a+)+"}))
    assert found.final
    assert "(a+)+" in found.error


def test_a_bound_that_is_no_number_is_an_error() -> None:
    found = of('x_bucket{le="wide"} 1', options("quantile", family="x"))
    assert (found.series, bool(found.error)) == ({}, True)
