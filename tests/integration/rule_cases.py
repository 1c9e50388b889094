"""Unit tests for promtool, made from the catalogue: each limit fires, waits as long as it must, and does not fire."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._catalogue import Catalogue
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._metric import ABOVE, Limit, Metric
from ansible_collections.doppelganger.ops.plugins.plugin_utils.monitoring._alert_rules import JOBS, rules

EVERY = 15
HOUR = 3600
Series = dict[str, str]


def _gauge(value: float) -> str:
    return f"{value:.12g}x120"


def _counter(per_second: float) -> str:
    return f"0+{per_second * EVERY:.12g}x120"


def _growth(times: float) -> Series:
    slow, steps = 2 * EVERY, HOUR // EVERY
    return {'http_requests_total{job="studio"}': f"0+{slow}x{steps} {slow * steps}+{slow * times:.12g}x120"}


def _requests(percent: float) -> Series:
    return {
        'http_requests_total{job="studio",status="500"}': _counter(percent),
        'http_requests_total{job="studio",status="200"}': _counter(100 - percent),
    }


def _latency(ms: float) -> Series:
    """All requests are in one bucket, in which the 95th percentile is at 95 percent of the way."""
    bound = ms / 1000 / 0.95
    return {
        f'http_request_duration_seconds_bucket{{job="studio",le="{bound:.12g}"}}': _counter(10),
        'http_request_duration_seconds_bucket{job="studio",le="+Inf"}': _counter(10),
    }


def _host(name: str, rest: str = "") -> str:
    return f'{name}{{instance="one",job="node"{rest}}}'


#: by the metric's name: what must be seen for it to have a value
SERIES: dict[str, Callable[[float], Series]] = {
    "service_up": lambda v: {'up{job="studio"}': _gauge(v)},
    "error_rate": _requests,
    "latency_p95": _latency,
    "request_growth": _growth,
    "connections": lambda v: {'http_connections_active{job="studio"}': _gauge(v)},
    "cpu": lambda v: {_host("node_cpu_seconds_total", ',mode="idle"'): _counter(1 - v / 100)},
    "memory": lambda v: {
        _host("node_memory_MemAvailable_bytes"): _gauge(1e6 * (1 - v / 100)),
        _host("node_memory_MemTotal_bytes"): _gauge(1e6),
    },
    "service_memory": lambda v: {
        'container_memory_working_set_bytes{job="cadvisor",name="app"}': _gauge(v),
        'container_spec_memory_limit_bytes{job="cadvisor",name="app"}': _gauge(100),
    },
    "disk_io": lambda v: {
        _host("node_disk_read_bytes_total"): _counter(v * 5e5),
        _host("node_disk_written_bytes_total"): _counter(v * 5e5),
    },
    "network_io": lambda v: {
        _host("node_network_receive_bytes_total", ',device="eth0"'): _counter(v * 1e6),
        _host("node_network_transmit_bytes_total", ',device="eth0"'): _counter(0),
        _host("node_network_receive_bytes_total", ',device="lo"'): _counter(v * 1e9),
        _host("node_network_transmit_bytes_total", ',device="lo"'): _counter(v * 1e9),
    },
    "query_time": lambda v: {
        'pg_stat_database_active_time_seconds_total{job="postgres"}': _counter(v / 10),
        'pg_stat_database_xact_commit{job="postgres"}': _counter(100),
        'pg_stat_database_xact_rollback{job="postgres"}': _counter(0),
    },
    "pool_usage": lambda v: {
        'pg_stat_database_numbackends{job="postgres"}': _gauge(v),
        'pg_settings_max_connections{job="postgres"}': _gauge(100),
    },
    "deadlocks": lambda v: {'pg_stat_database_deadlocks{job="postgres"}': _counter(v / 300)},
    "replication_lag": lambda v: {'pg_replication_lag{job="postgres"}': _gauge(v)},
    "database_failures": lambda v: {'pg_up{job="postgres"}': _gauge(1 - v)},
}
#: the labels that an alert has from its series
LABELS: dict[str, dict[str, str]] = {
    **{name: {"instance": "one"} for name in ("cpu", "memory", "disk_io", "network_io")},
    "service_memory": {"name": "app"},
}
#: when what is to be seen begins, where that is not the beginning
BEGINS = {"request_growth": HOUR}
#: a series that has its value at once, and the labels of Prometheus itself that nothing removes
PLAIN = {"memory": {"job": "node"}, "replication_lag": {}}


def beyond(metric: Metric, limit: Limit) -> float:
    """A value that is beyond the limit, and within what the metric can be."""
    if limit.op != ABOVE:
        return limit.value - 1
    if metric.name == "database_failures":
        return 1
    return (limit.value + 100) / 2 if metric.unit == "percent" else limit.value * 1.5 or 3


def within(limit: Limit) -> float:
    """A value that is just not beyond it."""
    return limit.value * 0.98 if limit.op == ABOVE else limit.value


def cases(catalogue: Catalogue) -> list[dict[str, Any]]:
    """The tests of a file of rules."""
    made = rules(catalogue, list(JOBS))
    by_name = {rule["alert"]: rule for group in made["groups"] for rule in group["rules"]}
    found = []
    for metric in catalogue.metrics.values():
        for limit in metric.limits:
            rule = next(
                one
                for one in by_name.values()
                if one["labels"]["metric"] == metric.name and one["labels"]["severity"] == limit.tier
            )
            found += [_fires(metric, limit, rule), _does_not(metric, limit, rule)]
    found.append(_edge(by_name["ConnectionsWarning"]))
    return found + [one for job in JOBS for one in _silences(job, catalogue.words[job], made)]


def _fires(metric: Metric, limit: Limit, rule: Mapping[str, Any]) -> dict[str, Any]:
    value, begins = beyond(metric, limit), BEGINS.get(metric.name, 0)
    at = begins + math.ceil((limit.sustained + metric.window + 60) / 60) * 60
    checks = [_check(rule, at, [_alert(rule, f"{value:.4g}", LABELS.get(metric.name, {}), PLAIN.get(metric.name))])]
    if limit.sustained >= 2 * EVERY:
        checks.insert(0, _check(rule, begins + limit.sustained - EVERY, []))
    return _test(f"{rule['alert']} fires", SERIES[metric.name](value), checks)


def _does_not(metric: Metric, limit: Limit, rule: Mapping[str, Any]) -> dict[str, Any]:
    last = BEGINS.get(metric.name, 0) + limit.sustained + metric.window + 600
    checks = [_check(rule, last, [])]
    return _test(f"{rule['alert']} does not fire", SERIES[metric.name](within(limit)), checks)


def _edge(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A value that is within its limit for less than a minute and beyond it again is one alert."""
    values = "1500x60 900x2 1500x40 900x40"
    fires = [_alert(rule, "1500", {}, None)]
    checks = [_check(rule, at, fires) for at in (900, 945, 960, 1500)] + [_check(rule, 1665, [])]
    return _test(f"{rule['alert']} at the edge", {'http_connections_active{job="studio"}': values}, checks)


def _silences(job: str, selector: str, made: Mapping[str, Any]) -> list[dict[str, Any]]:
    name = f"{job.capitalize()}MetricsMissing"
    rule = next(one for group in made["groups"] for one in group["rules"] if one["alert"] == name)
    label = {"job": selector.split('"')[1]}
    tests = [
        _test(f"{name} fires", {}, [_check(rule, 285, []), _check(rule, 600, [_alert(rule, "", label, None)])]),
        _test(f"{name} does not fire", {f"up{{{selector}}}": _gauge(1)}, [_check(rule, 900, [])]),
    ]
    down = [] if job == "app" else [_alert(rule, "", {}, None)]
    return [*tests, _test(f"{name} of one that is down", {f"up{{{selector}}}": _gauge(0)}, [_check(rule, 600, down)])]


def _alert(
    rule: Mapping[str, Any], value: str, labels: Mapping[str, str], more: Mapping[str, str] | None
) -> dict[str, Any]:
    written = {name: text.replace('{{ $value | printf "%.4g" }}', value) for name, text in rule["annotations"].items()}
    return {"exp_labels": {**rule["labels"], **labels, **(more or {})}, "exp_annotations": written}


def _check(rule: Mapping[str, Any], at: float, expected: list[dict[str, Any]]) -> dict[str, Any]:
    return {"eval_time": f"{math.floor(at)}s", "alertname": rule["alert"], "exp_alerts": expected}


def _test(name: str, series: Series, checks: list[dict[str, Any]]) -> dict[str, Any]:
    given = [{"series": one, "values": values} for one, values in series.items()]
    return {"name": name, "interval": f"{EVERY}s", "input_series": given, "alert_rule_test": checks}
