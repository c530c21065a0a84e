"""Panels and dashboards as data, and the JSON that Grafana imports.

The JSON is the classic model (v1), which every Grafana since 11 takes, by import and by provisioning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cartledger.metrics import BUILD, ENABLED, Metric

Json = dict[str, Any]
Kind = Literal["stat", "timeseries", "bars", "bargauge", "table", "state-timeline"]

SCHEMA = 41  # Grafana 11.6; newer ones migrate it themselves
COLUMNS = 24
SOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
RED_FROM_ONE: Json = {"mode": "absolute", "steps": [{"color": "green", "value": None}, {"color": "red", "value": 1}]}
PLAIN: Json = {"mode": "absolute", "steps": [{"color": "green", "value": None}]}


@dataclass(frozen=True, kw_only=True)
class Query:
    """One PromQL expression and how its series are called; `{{label}}` is the label's value."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One panel. `width` of 24 columns; `unit` as Grafana names it; `says` shows values as words with a colour."""

    title: str
    help: str
    kind: Kind
    queries: Sequence[Query]
    unit: str = "short"
    width: int = 8
    height: int = 8
    decimals: int | None = None
    alarming: bool = False
    says: Mapping[int, tuple[str, str]] | None = None
    nothing: str = ""
    step: str = ""
    hidden: Sequence[str] = ()

    @property
    def instant(self) -> bool:
        """Whether it shows how things stand, not how they went."""
        return self.kind in {"stat", "bargauge", "table"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """Panels under one heading, from left to right."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """A page of rows. `name` is its file's, and with `cartledger-` before it its uid."""

    name: str
    title: str
    help: str
    rows: Sequence[Row]
    since: str = "now-24h"

    def json(self) -> Json:
        """As Grafana imports it."""
        return {
            "uid": f"cartledger-{self.name}",
            "title": f"cartledger: {self.title}",
            "description": self.help,
            "tags": ["cartledger"],
            "editable": True,
            "graphTooltip": 1,
            "refresh": "1m",
            "schemaVersion": SCHEMA,
            "time": {"from": self.since, "to": "now"},
            "timezone": "browser",
            "annotations": {"list": []},
            "links": [_links_to_the_others()],
            "templating": {"list": [_data_source(), _variable(ENABLED, "connection"), _variable(BUILD, "instance")]},
            "panels": _placed(self.rows),
        }


def _links_to_the_others() -> Json:
    return {
        "type": "dashboards",
        "title": "cartledger",
        "tags": ["cartledger"],
        "asDropdown": False,
        "icon": "external link",
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "tooltip": "",
        "url": "",
    }


def _data_source() -> Json:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
        "multi": False,
        "includeAll": False,
    }


def _variable(metric: Metric, label: str) -> Json:
    query = f"label_values({metric.name}, {label})"
    return {
        "name": label,
        "label": label.capitalize(),
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _placed(rows: Sequence[Row]) -> list[Json]:
    """Rows from above, panels from the left; a panel that finds no room goes below."""
    placed: list[Json] = []
    y = 0
    for row in rows:
        placed.append(_row(row, len(placed) + 1, y))
        y, x, lowest = y + 1, 0, 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                y, x, lowest = y + lowest, 0, 0
            placed.append(_panel(panel, len(placed) + 1, {"x": x, "y": y, "w": panel.width, "h": panel.height}))
            x, lowest = x + panel.width, max(lowest, panel.height)
        y += lowest
    return placed


def _row(row: Row, number: int, y: int) -> Json:
    return {
        "id": number,
        "type": "row",
        "title": row.title,
        "collapsed": False,
        "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
        "panels": [],
    }


def _panel(panel: Panel, number: int, place: Json) -> Json:
    return {
        "id": number,
        "type": "timeseries" if panel.kind == "bars" else panel.kind,
        "title": panel.title,
        "description": panel.help,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": _options(panel),
        "targets": [_target(panel, query, chr(ord("A") + at)) for at, query in enumerate(panel.queries)],
        **({"interval": panel.step} if panel.step else {}),
        **({"transformations": [_without(panel.hidden)]} if panel.kind == "table" else {}),
    }


def _field(panel: Panel) -> Json:
    field: Json = {
        "unit": panel.unit,
        "thresholds": RED_FROM_ONE if panel.alarming else PLAIN,
        "mappings": _mappings(panel.says or {}),
        "color": {"mode": "thresholds" if panel.instant or panel.says else "palette-classic"},
        "custom": _drawn(panel.kind),
    }
    if panel.nothing:
        field["noValue"] = panel.nothing
    if panel.decimals is not None:
        field["decimals"] = panel.decimals
    return field


def _mappings(says: Mapping[int, tuple[str, str]]) -> list[Json]:
    if not says:
        return []
    options = {
        str(value): {"text": text, "color": color, "index": at}
        for at, (value, (text, color)) in enumerate(says.items())
    }
    return [{"type": "value", "options": options}]


def _drawn(kind: Kind) -> Json:
    match kind:
        case "bars":
            return {
                "drawStyle": "bars",
                "fillOpacity": 60,
                "lineWidth": 1,
                "stacking": {"mode": "normal", "group": "A"},
            }
        case "timeseries":
            return {"drawStyle": "line", "fillOpacity": 10, "lineWidth": 1, "showPoints": "never", "spanNulls": False}
        case "state-timeline":
            return {"fillOpacity": 70, "lineWidth": 0}
        case _:
            return {}


def _options(panel: Panel) -> Json:
    last: Json = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    legend: Json = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
    match panel.kind:
        case "stat":
            return {
                "reduceOptions": last,
                "colorMode": "value",
                "graphMode": "none",
                "textMode": "auto",
                "wideLayout": True,
            }
        case "bargauge":
            return {"reduceOptions": last, "displayMode": "basic", "orientation": "horizontal", "valueMode": "color"}
        case "table":
            return {"showHeader": True, "cellHeight": "sm"}
        case "state-timeline":
            return {"legend": legend, "showValue": "auto", "mergeValues": True, "rowHeight": 0.9}
        case _:
            return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}


def _target(panel: Panel, query: Query, letter: str) -> Json:
    return {
        "refId": letter,
        "datasource": SOURCE,
        "editorMode": "code",
        "expr": query.expr,
        "legendFormat": query.legend or panel.title,
        "format": "table" if panel.kind == "table" else "time_series",
        "instant": panel.instant,
        "range": not panel.instant,
    }


def _without(columns: Sequence[str]) -> Json:
    return {"id": "organize", "options": {"excludeByName": dict.fromkeys(["Time", *columns], True)}}
