"""The report of a run: its data, its pictures, and a page in which nothing that a target says is markup."""

from __future__ import annotations

import contextlib
import json
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.pages import _charts, _run_data, _run_report
from ansible_collections.doppelganger.ops.plugins.plugin_utils.results import _result
from ansible_collections.doppelganger.ops.plugins.plugin_utils.results._published import Published
from tests.unit.support.results import CHECK, ENDINGS, ended

RECAP = {"one": {"ok": 3, "changed": 1, "failures": 0, "unreachable": 0}}
SAMPLES = [[1764000000 + 5 * number, 100 + number % 7] for number in range(24)]
METRIC = {"name": "p95", "title": "Slow answers", "unit": "ms", "limit": 200, "comparator": "<=", "tier": "page",
          "verdict": "pass", "reason": "never above", "samples": SAMPLES}  # fmt: skip
EVIL = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% for x in y %}",
    "</style></svg></title><b>",
    "\" onload=\"alert(1)' href='http://evil",
    "javascript:alert(1)",
    "<!-- &amp; ]]>",
]


def report(targets: dict[str, Any], **more: Any) -> dict[str, Any]:
    run = _run_data.Run("deploy", 1764000000.0, finished=1764000030.5, recap=RECAP)
    published = {"doppelganger_ops": _result.fleet_result("deploy", targets)} if targets else {}
    return _run_data.document(run, {**published, **more})


class Page(HTMLParser):
    """What a page holds: its tags in order, its text, whatever could lead outside, and whether all is closed."""

    VOID = ("meta", "br", "link", "img", "input", "hr")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.outside: list[str] = []
        self.wrong: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.wrong += self._open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self._open.append(tag)
        leading = ("src", "href", "srcset", "data", "action", "poster", "xlink:href")
        self.outside += [str(value) for name, value in attributes if name in leading and not str(value).startswith("#")]
        self.wrong += [name for name, _ in attributes if name.startswith("on")]

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)


def sound(text: str) -> Page:
    found = Page(text)
    assert (found.wrong, found.outside) == ([], [])
    assert {"script", "link", "img", "iframe", "object", "base"} & set(found.tags) == set()
    assert "url(" not in text
    assert "@import" not in text
    return found


# the document


def test_the_report_has_the_result_as_it_was_published_and_the_run() -> None:
    found = report({"one": ended("rolled back")})
    assert (found["operation"], found["status"], found["changed"]) == ("deploy", "rolled_back", True)
    assert found["targets"]["one"] == ended("rolled back")
    assert found["run"] == {"playbook": "deploy", "started": "2025-11-24T16:00:00Z", "finished": "2025-11-24T16:00:30Z",
                            "seconds": 30.5, "check_mode": False}  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "status"),
    [({"ok": 1}, "ok"), ({"failures": 1}, "failed"), ({"unreachable": 1, "failures": 1}, "unreachable")],
)
def test_a_playbook_that_publishes_nothing_has_a_report_as_well(counts: dict[str, int], status: str) -> None:
    failure = {"host": "one", "task": "Copy", "message": "no"}
    run = _run_data.Run("site", 0.0, recap={"one": counts}, failures=[failure])
    found = _run_data.document(run, {})
    # a rescue took care of what failed in a run that is well in the end
    shown = [] if status == "ok" else [failure]
    assert (found["status"], found["targets"], found["failures"]) == (status, {}, shown)
    assert ("Copy" in sound(_run_report.page(found)).text) == bool(shown)


@pytest.mark.parametrize(
    "published",
    [
        {"doppelganger_ops_lease": {"one": {"sentence": "Locked by ana, <b> & all."}}},
        {"doppelganger_ops_observe": {"one": {"summary": "Locked by ana, <b> & all.", "changed": True}}},
        {"doppelganger_ops_prepare": {"one": {"summary": "Locked by ana, <b> & all.", "packages": []}}},
    ],
    ids=["lease", "observe", "prepare"],
)
def test_what_came_of_a_run_without_a_result_is_said(published: dict[str, Any]) -> None:
    found = _run_data.document(_run_data.Run("site", 0.0, recap=RECAP), published)
    assert found["said"] == {"one": ["Locked by ana, <b> & all."]}
    shown = sound(_run_report.page(found)).text
    assert "Locked by ana, <b> & all." in shown
    assert "Tasks" not in shown


def test_what_failed_after_a_good_result_is_no_success() -> None:
    run = _run_data.Run("site", 0.0, recap={"one": {"failures": 1}, "two": {"ok": 1}})
    run.failures = [{"host": host, "task": "Copy", "message": "no"} for host in ("one", "two")]
    targets = {"one": ended("ok"), "two": ended("ok")}
    found = _run_data.document(run, {"doppelganger_ops": _result.fleet_result("deploy", targets)})
    assert (found["status"], [failure["host"] for failure in found["failures"]]) == ("failed", ["one"])
    worse = _result.fleet_result("deploy", {**targets, "two": ended("rollback failed")})
    assert _run_data.document(run, {"doppelganger_ops": worse})["status"] == "rollback_failed"


def test_of_several_playbooks_each_has_what_it_published() -> None:
    first, second = {"operation": "backup"}, {"operation": "verify"}
    stats, published = SimpleNamespace(custom={"_run": {"doppelganger_ops": first}}), Published()
    assert published.since_then(stats) == {"doppelganger_ops": first}
    assert published.since_then(stats) == {}
    stats.custom["_run"]["doppelganger_ops"] = second
    assert published.since_then(stats) == {"doppelganger_ops": second}
    assert Published().since_then(SimpleNamespace(custom=None)) == {}


def test_what_is_no_utf_8_is_written_all_the_same(tmp_path: Path) -> None:
    found = report({"one": ended("ok")}, note="caf\udce9")
    path = _run_data.write(tmp_path, {**found, "note": "caf\udce9"}, "caf\udce9")
    assert path.read_text() == "caf?"
    assert json.loads(path.with_suffix(".json").read_text())["note"] == "caf?"


def test_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = _run_data.write(tmp_path / "reports/new", report({"one": ended("ok")}), "page")
    assert {one.stat().st_mode & 0o777 for one in (path, path.with_suffix(".json"))} == {0o600}
    assert {one.stat().st_mode & 0o777 for one in (path.parent, path.parent.parent)} == {0o700}


def test_a_link_in_the_folder_of_reports_is_not_followed(tmp_path: Path) -> None:
    found = report({"one": ended("ok")})
    name = _run_data.write(tmp_path / "first", found, "page").stem
    mine = tmp_path / "mine"
    mine.write_text("mine", encoding="utf-8")
    (tmp_path / "second").mkdir()
    (tmp_path / f"second/.{name}.json").symlink_to(mine)
    with contextlib.suppress(OSError):
        _run_data.write(tmp_path / "second", found, "page")
    assert mine.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("mode", [0o770, 0o777, 0o1777])
def test_a_folder_that_others_may_write_gets_no_report(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(Refused) as error:
        _run_data.write(folder, report({"one": ended("ok")}), "page")
    assert f"chmod 700 {folder}" in error.value.hint
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_a_link_gets_no_report(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "reports").symlink_to("real")
    with pytest.raises(Refused) as error:
        _run_data.write(tmp_path / "reports", report({"one": ended("ok")}), "page")
    assert "ops_report_dir" in error.value.hint
    assert list((tmp_path / "real").iterdir()) == []


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space"):
        _run_data.write(tmp_path, report({"one": ended("ok")}), "page")
    assert list(tmp_path.iterdir()) == []


def test_it_is_written_twice_and_never_over_another_one(tmp_path: Path) -> None:
    found = report({"one": ended("ok")})
    paths = [_run_data.write(tmp_path / "new", found, "page") for _ in range(3)]
    assert [path.name for path in paths] == [f"20251124T160000Z-deploy{end}.html" for end in ("", "-2", "-3")]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(
        name for path in paths for name in (path.name, f"{path.stem}.json")
    )
    assert json.loads(paths[0].with_suffix(".json").read_text()) == found


@pytest.mark.parametrize(
    ("found", "names"),
    [
        (None, []),
        ([METRIC], ["p95"]),
        ({"metrics": [METRIC], "verdict": "pass"}, ["p95"]),
        ({"p95": METRIC}, ["p95"]),
        ([METRIC, "text", None, 3, {"name": "empty"}], ["p95"]),
        ("text", []),
        (7, []),
        ([{"name": "no samples", "verdict": "inconclusive"}], ["no samples"]),
    ],
)
def test_metrics_are_read_with_tolerance(found: Any, names: list[str]) -> None:
    assert [each["name"] for each in _run_data.metrics_of({"metrics": found})] == names


@pytest.mark.parametrize(
    ("samples", "read"),
    [
        ([[2, 5], [1, 4]], [(1.0, 4.0), (2.0, 5.0)]),
        ([[1, None], [2, "x"], [3, True], [float("nan"), 1], [4, float("inf")], [5], "ab", 6, [7, 8]], [(7.0, 8.0)]),
        (None, []),
        ("text", []),
        ([{"at": 1, "value": 5}, {"at": 2, "state": "error", "reason": "no"}], [(1.0, 5.0)]),
    ],
)
def test_samples_that_cannot_be_drawn_are_left_out(samples: Any, read: list[tuple[float, float]]) -> None:
    (found,) = _run_data.metrics_of({"metrics": [{**METRIC, "samples": samples}]})
    assert found["samples"] == read


@pytest.mark.parametrize(
    ("found", "limit", "comparator"),
    [
        ({"limit": 3, "comparator": "<"}, 3.0, "<"),
        ({"limit": "above 3", "limits": {"warning": {"above": 3, "sustained": 60}}}, 3.0, "<="),
        ({"limits": {"warning": {"above": 3}, "critical": {"above": 9}}}, 9.0, "<="),
        ({"limits": {"warning": {"above": 3}, "critical": {"above": 9}}, "tier": "warning"}, 3.0, "<="),
        ({"limits": {"critical": {"below": 1}}}, 1.0, ">="),
        ({"limits": {"critical": "text", "info": {}}}, None, ""),
        ({"limits": "text"}, None, ""),
    ],
)
def test_the_limit_of_a_metric_is_a_number_or_that_of_its_tier(
    found: dict[str, Any], limit: float | None, comparator: str
) -> None:
    (metric,) = _run_data.metrics_of({"metrics": [{"name": "m", "state": "pass", **found}]})
    assert (metric["limit"], metric["comparator"]) == (limit, comparator)


@pytest.mark.parametrize(("samples", "used"), [([[1, 5]], 3), ([[1, 5], [2, 5]], 2), ([], 3)])
def test_one_look_is_shown_with_how_it_was_before(samples: list[list[float]], used: int) -> None:
    given = {**METRIC, "samples": samples, "history": [[1, 1], [2, 2], [3, 3]]}
    (metric,) = _run_data.metrics_of({"metrics": [given]})
    assert len(metric["samples"]) == used


# the pictures


@pytest.mark.parametrize(
    ("phases", "bars"),
    [
        ([], []),
        ([("a", None, 5), ("b", None, 5)], [(0.0, 500.0), (500.0, 500.0)]),
        # starts are known to the second: nothing overlaps, and no gap is made up
        ([("a", "2026-11-23T20:00:00Z", 1.5), ("b", "2026-11-23T20:00:01Z", 0.5), ("c", "2026-11-23T20:00:02Z", 2)],
         [(0.0, 375.0), (375.0, 125.0), (500.0, 500.0)]),
        ([("a", "2026-11-23T20:00:00Z", 1), ("b", "2026-11-23T20:00:09Z", 1)], [(0.0, 100.0), (900.0, 100.0)]),
        # the first has no start: what comes after it counts from its end
        ([("a", None, 2), ("b", "2026-11-23T20:00:00Z", 2)], [(0.0, 500.0), (500.0, 500.0)]),
        ([("a", None, 0), ("b", None, 1000)], [(0.0, 4.0), (0.0, 1000.0)]),
        ([("a", "no time", None)], [(0.0, 4.0)]),
    ],
)  # fmt: skip
def test_the_time_line(phases: list[tuple[str, Any, Any]], bars: list[tuple[float, float]]) -> None:
    given = [{"name": name, "state": "ok", "started": at, "seconds": took} for name, at, took in phases]
    found = _charts.time_line(given)
    assert [(bar["x"], bar["width"]) for bar in found["bars"]] == bars


@pytest.mark.parametrize(("size", "step"), [(0.02, 0.02), (0.3, 0.5), (1, 1), (1.1, 2), (4, 5), (7, 10), (240, 500)])
def test_axes_count_as_people_do(size: float, step: float) -> None:
    assert _charts.nice(size) == pytest.approx(step)


@pytest.mark.parametrize(
    ("comparator", "bad_is_above", "worst"), [("<=", True, 106.0), ("<", True, 106.0), (">=", False, 100.0)]
)
def test_a_chart_shows_the_side_of_the_limit_that_is_bad(comparator: str, bad_is_above: bool, worst: float) -> None:
    (metric,) = _run_data.metrics_of({"metrics": [{**METRIC, "comparator": comparator}]})
    found = _charts.chart(metric)
    assert found is not None
    assert (found["bad"]["y"] == 0.0) is bad_is_above
    assert (found["worst"], found["seconds"]) == (worst, 115.0)
    assert all(0 <= float(part) <= 1000 for point in found["points"].split() for part in point.split(","))


@pytest.mark.parametrize("samples", [[[1, 0]], [[1, 0], [1, 0]], [[1, -5], [2, 5]], [[0, 1e308], [1, 1]]])
def test_every_chart_can_be_drawn(samples: list[list[float]]) -> None:
    (metric,) = _run_data.metrics_of({"metrics": [{**METRIC, "samples": samples, "limit": None}]})
    found = _charts.chart(metric)
    assert found is not None
    assert "nan" not in found["points"]
    assert "inf" not in found["points"]


# the page


@pytest.mark.parametrize("how", sorted(ENDINGS))
def test_every_ending_has_a_page(how: str) -> None:
    target = ended(how)
    found = sound(_run_report.page(report({"one": target})))
    words = " ".join(found.text.split())
    assert target["message"] in words
    assert target["status"].replace("_", " ").upper() in words


def test_what_a_target_says_is_text_wherever_it_stands() -> None:
    evil = " ".join(EVIL)
    target = {
        **ended("rolled back"), "message": evil, "hint": evil, "reasons": [evil], "services": [evil], "evidence": evil,
        "version": evil, "release_after": evil, "backup": evil,
        "phases": [{"name": evil, "state": "failed", "seconds": 1, "message": evil}],
        "checks": [{**CHECK, "name": evil, "state": evil, "reason": evil}],
        "metrics": [{**METRIC, "title": evil, "unit": evil, "reason": evil, "verdict": evil, "tier": evil,
                     "comparator": evil}],
    }  # fmt: skip
    known = {evil: {"current": evil, "releases": [{"id": evil, "message": evil, "status": evil}], "table": [evil]}}
    found = report({evil: target}, doppelganger_ops_releases=known)
    found["failures"] = [{"host": evil, "task": evil, "message": evil}]
    found["recap"] = {f"{evil} two": {"ok": 1}}
    page = sound(_run_report.page(found))
    words = " ".join(page.text.split())
    assert words.count(" ".join(evil.split())) >= 15
    assert "49" not in words.replace("{{ 7 * 7 }}", "")


def test_control_characters_do_not_get_into_the_page() -> None:
    text = _run_report.page(report({"one": {**ended("ok"), "message": "a\x00b\x1b[31mc\u202ed"}}))
    assert [char for char in text if not char.isprintable() and char != "\n"] == []


def test_metrics_releases_and_several_hosts_are_shown() -> None:
    # as they are kept, the oldest first
    kept = [{"id": "0001-v1", "status": "bad"}, {"id": "0002-v2", "status": "good"}]
    lease = {"holder": "me", "purpose": "a new disk"}
    seen = {"drift": ["web has no container"], "unseen": "no engine"}
    known = {"one": {"current": "0002-v2", "releases": kept, "lease": lease, **seen}}
    targets = {"one": {**ended("ok"), "metrics": [METRIC]}, "two": ended("unchanged")}
    page = sound(_run_report.page(report(targets, doppelganger_ops_releases=known)))
    words = " ".join(page.text.split())
    for part in (
        "Slow answers",
        "limit <= 200 ms",
        "never above",
        "Releases of one",
        "Hosts",
        "UNCHANGED",
        "Held by me for a new disk.",
        "not as recorded: web has no container",
        "what runs could not be checked: no engine",
    ):
        assert part in words
    assert "polyline" in page.tags
    assert words.index("0002-v2 is current") < words.index("0001-v1 bad"), "the newest first"


@pytest.mark.parametrize(
    ("value", "said"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (61, "1 min 1 s"), (3700, "1 h 1 min"), (None, "0.0 s")]
)
def test_durations(value: Any, said: str) -> None:
    assert _run_report.seconds(value) == said


@pytest.mark.parametrize(("value", "said"), [(0.1234567, "0.123"), (200, "200"), (1234.5, "1,234"), (1e6, "1,000,000")])
def test_figures(value: float, said: str) -> None:
    assert _run_report.figure(value) == said
