"""The catalogue of metrics: what is in it, and how an inventory changes it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics import _catalogue
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._metric import Limit, parse_metric
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._observation import query_of
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs._catalogue_file import FILE, ours


def read(overrides: dict[str, Any] | None = None, words: dict[str, Any] | None = None) -> _catalogue.Catalogue:
    return _catalogue.catalogue(ours(), "shop", overrides, words)


#: each number of the written runbook: metric, tier, limit
RUNBOOK = [
    # key metrics
    ("cpu", "warning", "> 80"),
    ("memory", "warning", "> 85"),
    ("disk_io", "warning", "> 100"),
    ("network_io", "warning", "> 500"),
    ("latency_p95", "warning", "> 500"),
    ("error_rate", "warning", "> 1"),
    ("connections", "warning", "> 1000"),
    ("query_time", "warning", "> 100"),
    ("pool_usage", "warning", "> 80"),
    ("deadlocks", "warning", "> 0"),
    ("replication_lag", "warning", "> 5"),
    # the tiers of alerts
    ("service_up", "critical", "< 1"),
    ("error_rate", "critical", "> 10"),
    ("memory", "critical", "> 95"),
    ("database_failures", "critical", "> 0"),
    ("memory", "info", "> 75"),
    ("cpu", "info", "> 60"),
]


@pytest.mark.parametrize(("name", "tier", "limit"), RUNBOOK)
def test_it_has_the_number_of_the_runbook(name: str, tier: str, limit: str) -> None:
    found = read().metrics[name].limit(tier)
    assert found is not None
    assert found.words == limit


def test_a_trend_has_no_limit() -> None:
    assert read().metrics["request_rate"].limits == ()


def test_a_number_is_written_once() -> None:
    limits = re.findall(r"(?:above|below): \S+", FILE.read_text(encoding="utf-8"))
    stated = sum(
        len(entry.get("limits", {})) for entry in ours()["metrics"].values() if "like" not in entry.get("limits", {})
    )
    assert len(limits) == stated


def test_limits_may_be_those_of_another_metric() -> None:
    found = read({"memory": {"limits": {"critical": {"above": 97}}}})
    assert found.metrics["service_memory"].limits == found.metrics["memory"].limits
    assert found.metrics["service_memory"].limits[0] == Limit("critical", "above", 97, 60, "P1")


def test_our_own_part_is_in_order() -> None:
    assert _catalogue.checked(ours()) == []
    assert [one for one in read().metrics.values() if not one.remedy] == []


def test_plain_data_reads_back() -> None:
    metrics, plain = list(read().metrics.values()), list(read().as_data())
    assert len(metrics) == len(plain)
    for metric, data in zip(metrics, plain):
        problems: list[str] = []
        assert parse_metric(data["name"], data, problems) == metric, problems


def test_words_and_window_are_filled_in() -> None:
    found = read(words={"requests": "shop_requests_total", "app": 'job="web",env="$name"'}).metrics["request_rate"]
    query = query_of(found.sources["prometheus"]["query"], 59.2)
    assert query == 'sum(rate(shop_requests_total{job="web",env="shop"}[60s]))'
    assert found.sources["openmetrics"]["family"] == "shop_requests_total"


def test_a_word_may_be_a_label() -> None:
    assert read(words={"status": "code"}).metrics["error_rate"].sources["openmetrics"]["where"] == {"code": "5.."}


def test_null_takes_out() -> None:
    found = read({"network_io": None, "memory": {"limits": {"info": None}, "sources": {"host": None}}}).metrics
    assert "network_io" not in found
    assert [one.tier for one in found["memory"].limits] == ["critical", "warning"]
    assert list(found["memory"].sources) == ["prometheus"]


def test_a_metric_can_be_added_and_a_limit_turned_round() -> None:
    found = read(
        {
            "queue": {
                "title": "Queue",
                "limits": {"info": {"above": 5}},
                "sources": {"json": {"path": "queue.length"}},
            },
            "cpu": {"limits": {"warning": {"below": 80}, "info": None}},
        }
    ).metrics
    assert list(found)[-1] == "queue"
    assert found["cpu"].limits == (Limit("warning", "below", 80, 300, "P2"),)


WRONG = [
    ({"cpu": 3}, "metric 'cpu': expected a dictionary, found 3 (int)"),
    ({"cpu": {"limit": {}}}, "unknown option limit, did you mean 'limits'?"),
    ({"cpu": {"limits": {"worning": {"above": 1}}}}, "unknown tier 'worning' in limits"),
    ({"cpu": {"limits": {"warning": {"above": "80"}}}}, "limits.warning.above must be a number, found '80' (str)"),
    ({"cpu": {"limits": {"warning": {"above": True}}}}, "limits.warning.above must be a number, found True (bool)"),
    ({"cpu": {"limits": {"warning": {"above": 1, "below": 2}}}}, "needs either above or below, found above and below"),
    ({"cpu": {"limits": {"critical": {"priority": "P0"}}}}, "needs either above or below, found neither"),
    (
        {"cpu": {"limits": {"critical": {"above": 70}}}},
        "a worse tier must have the worse limit: critical > 70, warning > 80",
    ),
    ({"cpu": {"limits": {"critical": {"below": 1}}}}, "must all be above or all be below"),
    ({"cpu": {"limits": {"warning": {"priority": "P9"}}}}, "limits.warning.priority must be one of P0, P1, P2, P3"),
    ({"cpu": {"limits": {"warning": {"sustained": -1}}}}, "sustained must not be negative"),
    ({"cpu": {"limits": {"warning": 80}}}, "limits.warning must be a dictionary, found 80 (int)"),
    ({"cpu": {"sources": {"promteheus": {}}}}, "unknown source 'promteheus'"),
    ({"cpu": {"sources": {"host": {"field": "cpu"}}}}, "sources.host.field must be one of cpu_percent"),
    ({"cpu": {"sources": {"host": None, "prometheus": None}}}, "it has no source"),
    ({"cpu": {"source": "redis"}}, "source is redis, and sources has none of that kind"),
    ({"cpu": {"sources": {"prometheus": {"query": "rate($cqu)"}}}}, "unknown word $cqu"),
    ({"cpu": {"sources": {"prometheus": {"query": "a$"}}}}, "write $$ for the sign itself"),
    ({"cpu": {"window": 0}}, "window must be more than 0, found 0"),
    ({"new": {"sources": {"host": {"field": "cpu_percent"}}}}, "title is missing"),
    ({"service_memory": {"limits": {"like": "memoir"}}}, "limits.like must name a metric with limits of its own"),
    ({"latency_p95": {"sources": {"openmetrics": {"quantile": 95}}}}, "quantile must be between 0 and 1, found 95"),
    ({"cache_hits": {"sources": {"redis": {"over": None}}}}, "a ratio needs what it is over"),
    ({"error_rate": {"sources": {"openmetrics": {"family": None}}}}, "sources.openmetrics.family is missing"),
]


@pytest.mark.parametrize(("overrides", "said"), WRONG)
def test_what_is_wrong_is_named(overrides: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused) as refused:
        read(overrides)
    assert said in refused.value.message


def test_a_word_must_be_text() -> None:
    with pytest.raises(Refused, match="the word 'app' must be an identifier and its text a string, found 3"):
        read(words={"app": 3})


def test_a_name_that_nobody_knows_is_refused() -> None:
    with pytest.raises(Refused, match="no metric 'latency', did you mean 'latency_p95'"):
        _catalogue.chosen(read().metrics, ["latency"])
