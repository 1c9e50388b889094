"""Monitoring on a host: what is judged of Prometheus' answers, and which files differ."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils import _monitoring
from ansible_collections.doppelganger.ops.plugins.module_utils._monitoring_checks import (
    missing_rules,
    no_alertmanager,
    targets_down,
    wait_for,
)
from ansible_collections.doppelganger.ops.plugins.module_utils._monitoring_files import File, differences, wanted_files
from tests.unit.plugins.making import container


def rule(name: str, app: str = "shop", health: str = "ok", error: str = "") -> dict[str, Any]:
    return {"name": name, "labels": {"app": app}, "health": health, "lastError": error}


RULES: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "all": ([rule("One"), rule("Two")], []),
    "not evaluated yet": ([rule("One", health="unknown"), rule("Two")], []),
    "one is gone": ([rule("One")], ["1 of 2 rules are not loaded: Two"]),
    "of another application": (
        [rule("One", "other"), rule("Two", "other")], ["2 of 2 rules are not loaded: One, Two"],
    ),
    "one is broken": (
        [rule("One", health="err", error="many-to-many"), rule("Two")],
        ["the rule One cannot be evaluated: many-to-many"],
    ),
    "a rule without labels": ([{"name": "One"}, rule("Two")], ["1 of 2 rules are not loaded: One"]),
    "none": ([], ["2 of 2 rules are not loaded: One, Two"]),
}  # fmt: skip


@pytest.mark.parametrize(("loaded", "expected"), RULES.values(), ids=RULES.keys())
def test_rules_that_are_not_at_work_are_named(loaded: list[dict[str, Any]], expected: list[str]) -> None:
    answer = {"data": {"groups": [{"rules": loaded[:1]}, {"rules": loaded[1:]}]}}
    assert missing_rules(answer, ["One", "Two"], "shop") == expected


def target(job: str, health: str = "up", error: str = "") -> dict[str, Any]:
    return {"labels": {"job": job}, "health": health, "lastError": error, "scrapeUrl": f"http://{job}/metrics"}


TARGETS: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "up": ([target("shop"), target("node")], []),
    "another one is down": ([target("shop"), target("node"), target("else", "down", "refused")], []),
    "no target": ([target("shop")], ["there is no target of the job node"]),
    "one of several is down": (
        [target("shop"), target("node"), target("node", "down", "refused")],
        ["the target http://node/metrics of the job node is down: refused"],
    ),
    "not scraped yet": (
        [target("shop", "unknown"), target("node")],
        ["the target http://shop/metrics of the job shop is unknown: not scraped yet"],
    ),
}


@pytest.mark.parametrize(("active", "expected"), TARGETS.values(), ids=TARGETS.keys())
def test_targets_that_are_not_up_are_named(active: list[dict[str, Any]], expected: list[str]) -> None:
    assert targets_down({"data": {"activeTargets": active}}, ["shop", "node"]) == expected


def test_a_prometheus_that_tells_nobody_is_not_as_it_should_be() -> None:
    assert no_alertmanager({"data": {"activeAlertmanagers": [{"url": "http://am"}]}}) == []
    assert "nobody is told" in no_alertmanager({"data": {"activeAlertmanagers": []}})[0]


def test_waiting_ends_when_all_is_well_and_not_before() -> None:
    answers = iter([["starting"], ["starting"], []])
    assert wait_for(lambda: next(answers), 5, lambda: None) == []


def test_only_what_restarts_from_now_on_makes_waiting_hopeless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [container("prometheus", restart_count=5, health="none")]
    monkeypatch.setattr(_monitoring, "Project", lambda _name: SimpleNamespace(containers=lambda: found))
    monkeypatch.setattr(_monitoring, "gateway", lambda: "172.17.0.1")
    given = {"folder": str(tmp_path), "files": [], "secrets": {}, "cache_address": ""}
    servers = {"prometheus": "http://127.0.0.1:9090", "alertmanager": ""}
    setup = _monitoring.Setup({"app": "shop", "project": "shop-monitoring", **given, **servers})
    assert setup.hopeless() is None
    found[:] = [container("prometheus", restart_count=8, health="none")]
    assert setup.hopeless() == "prometheus keeps restarting (exit code 0, 3 restarts)"


def test_waiting_ends_with_what_is_still_wrong() -> None:
    assert wait_for(lambda: ["down"], 0, lambda: None) == ["down"]


def test_waiting_ends_at_once_where_it_is_of_no_use() -> None:
    assert wait_for(lambda: ["starting"], 600, lambda: "it keeps restarting") == ["it keeps restarting"]


# files


def test_only_what_differs_is_shown(tmp_path: Path) -> None:
    (tmp_path / "same").write_text("a\n")
    (tmp_path / "other").write_text("old\n")
    found = differences(tmp_path, [File("same", "a\n"), File("other", "new\n"), File("sub/fresh", "b\n")])
    assert [(one["before"], one["after"]) for one in found] == [("old\n", "new\n"), ("", "b\n")]


@pytest.mark.parametrize("before", [None, "first-secret"])
def test_a_secret_is_never_shown(tmp_path: Path, before: str | None) -> None:
    if before:
        (tmp_path / "token").write_text(before)
    (found,) = differences(tmp_path, [File("token", "second-secret", is_secret=True)])
    assert "-secret" not in str(found).replace(str(tmp_path), "")


def test_secrets_are_files_and_that_of_the_cache_says_where_it_belongs() -> None:
    params = {
        "files": [{"path": "a", "content": "b"}],
        "secrets": {"smtp_password": "one", "cache_password": "two", "webhook_token": ""},
        "cache_address": "redis://redis:6379",
    }
    assert wanted_files(params) == [
        File("a", "b"),
        File("secrets/cache_password.json", '{"redis://redis:6379": "two"}', True),
        File("secrets/smtp_password", "one", True),
    ]
