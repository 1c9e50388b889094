# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A dashboard for Grafana, made from the catalogue: each metric as a chart with its limits, and what fires now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._catalogue import Catalogue
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._metric import ABOVE, GROUPS, Metric

from ._alert_rules import expression

#: the data source that comes with the dashboard
SOURCE = {"type": "prometheus", "uid": "doppelganger-ops"}
#: a unit of the catalogue, as Grafana calls it
_UNITS = {"percent": "percent", "ms": "ms", "s": "s", "MB/s": "MBs", "requests/s": "reqps"}
_COLOURS = {"critical": "red", "warning": "orange", "info": "yellow"}
_FINE = "green"
_COLUMNS, _WIDTH, _HEIGHT, _TABLE_HEIGHT = 24, 8, 7, 6


def dashboard(catalogue: Catalogue) -> dict[str, Any]:
    """The dashboard as Grafana's provisioning takes it."""
    app = catalogue.words["name"]
    return {
        "uid": f"ops-{app}"[:40],
        "title": f"{app}: metrics and limits",
        "tags": ["doppelganger-ops", app],
        "schemaVersion": 38,
        "version": 1,
        "editable": False,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "utc",
        "panels": _panels(catalogue, app),
    }


def provisioning(prometheus: str) -> dict[str, dict[str, Any]]:
    """Grafana's own files, by path: where the metrics are, and where the dashboards lie."""
    source = {"name": "Prometheus", "access": "proxy", "url": prometheus, "isDefault": True, **SOURCE}
    provider = {
        "name": "doppelganger-ops",
        "type": "file",
        "allowUiUpdates": False,
        "options": {"path": "/etc/grafana-dashboards"},
    }
    return {
        "datasources/prometheus.yml": {"apiVersion": 1, "datasources": [source]},
        "dashboards/doppelganger-ops.yml": {"apiVersion": 1, "providers": [provider]},
    }


def _panels(catalogue: Catalogue, app: str) -> list[dict[str, Any]]:
    panels = [_firing(app)]
    top = _TABLE_HEIGHT
    for group in GROUPS:
        metrics = [one for one in catalogue.metrics.values() if one.group == group and "prometheus" in one.sources]
        if not metrics:
            continue
        panels.append({"type": "row", "title": group.capitalize(), "collapsed": False, "gridPos": _at(0, top, 24, 1)})
        top += 1
        for place, metric in enumerate(metrics):
            across = _COLUMNS // _WIDTH
            left, down = place % across * _WIDTH, place // across * _HEIGHT
            panels.append(_chart(metric, _at(left, top + down, _WIDTH, _HEIGHT)))
        top += -(-len(metrics) // (_COLUMNS // _WIDTH)) * _HEIGHT
    return [{**panel, "id": number} for number, panel in enumerate(panels, 1)]


def _at(left: int, top: int, width: int, height: int) -> dict[str, int]:
    return {"x": left, "y": top, "w": width, "h": height}


def _firing(app: str) -> dict[str, Any]:
    columns = {"Time": True, "Value": True, "__name__": True, "alertstate": True, "app": True}
    return {
        "type": "table",
        "title": "Alerts that fire",
        "datasource": SOURCE,
        "gridPos": _at(0, 0, _COLUMNS, _TABLE_HEIGHT),
        "targets": [
            {
                "refId": "A",
                "datasource": SOURCE,
                "expr": f'ALERTS{{app="{app}",alertstate="firing"}}',
                "instant": True,
                "format": "table",
            }
        ],
        "transformations": [{"id": "organize", "options": {"excludeByName": columns}}],
    }


def _chart(metric: Metric, place: Mapping[str, int]) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": metric.title,
        "description": metric.remedy.strip(),
        "datasource": SOURCE,
        "gridPos": dict(place),
        "targets": [{"refId": "A", "datasource": SOURCE, "expr": expression(metric)}],
        "fieldConfig": {
            "defaults": {
                "unit": _UNITS.get(metric.unit, "short"),
                "min": 0,
                "custom": {"thresholdsStyle": {"mode": "line" if metric.limits else "off"}},
                "thresholds": {"mode": "absolute", "steps": _steps(metric)},
            },
            "overrides": [],
        },
        "options": {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}},
    }


def _steps(metric: Metric) -> list[dict[str, Any]]:
    """Colours from the lowest value up; Grafana's first step has no value."""
    if metric.op == ABOVE:
        rising = [(one.value, _COLOURS[one.tier]) for one in reversed(metric.limits)]
        return [{"color": _FINE, "value": None}, *({"color": colour, "value": value} for value, colour in rising)]
    colours = [*(_COLOURS[one.tier] for one in metric.limits), _FINE]
    values = [None, *(one.value for one in metric.limits)]
    return [{"color": colour, "value": value} for colour, value in zip(colours, values, strict=True)]
