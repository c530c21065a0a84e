"""What panels ask: PromQL over the catalogue of metrics, narrowed by the variables of the dashboard."""

from __future__ import annotations

from cartledger.metrics import Metric
from grafana.panels import Query

INTERVAL = "$__rate_interval"
PROCESS = '{job="cartledger", instance=~"$instance"}'


def series(metric: Metric, *matchers: str, suffix: str = "") -> str:
    """Those series of the metric that the variables choose. What is looked up stands at one process, whichever
    instances are chosen."""
    chosen = ['connection=~"$connection"'] if "connection" in metric.labels else []
    if not metric.looked_up:
        chosen.append('instance=~"$instance"')
    wanted = ", ".join([*chosen, *matchers])
    return f"{metric.name}{suffix}{{{wanted}}}" if wanted else f"{metric.name}{suffix}"


def rate(metric: Metric, *matchers: str, suffix: str = "") -> str:
    """A second's worth."""
    return f"rate({series(metric, *matchers, suffix=suffix)}[{INTERVAL}])"


def increase(metric: Metric, time: str, *matchers: str) -> str:
    """What came in `time`."""
    return f"increase({series(metric, *matchers)}[{time}])"


def by(labels: str, expr: str, how: str = "sum", then: str = "") -> Query:
    """One line for each combination of `labels`, called by their values."""
    return Query(expr=f"{how} by ({labels}) ({expr}){then}", legend=_legend(labels))


def instant(metric: Metric, labels: str) -> Query:
    """An instant as Grafana says it ("3 minutes ago"): in milliseconds."""
    return by(labels, series(metric), "max", " * 1000")


def ago(labels: str, expr: str, how: str) -> Query:
    """The seconds since the instant `expr`."""
    return Query(expr=f"time() - {how} by ({labels}) ({expr})", legend=_legend(labels))


def quantiles(metric: Metric, labels: str) -> list[Query]:
    """The median and the slow end of a histogram."""
    rates = f"sum by (le, {labels}) ({rate(metric, suffix='_bucket')})"
    return [
        Query(expr=f"histogram_quantile({share}, {rates})", legend=f"{_legend(labels)} {name}")
        for share, name in ((0.5, "median"), (0.95, "95 %"), (0.99, "99 %"))
    ]


def _legend(labels: str) -> str:
    return " ".join(f"{{{{{label}}}}}" for label in labels.split(", "))
