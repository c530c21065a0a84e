"""The dashboard of what is asked of both sides, and what is left to ask."""

from __future__ import annotations

from cartledger import metrics as m
from grafana.panels import Dashboard, Panel, Query, Row
from grafana.queries import by, quantiles, rate, series
from grafana.shared import TOKEN

CIRCUITS = {0: ("answers", "green"), 1: ("does not answer", "orange"), 2: ("waits for you", "red")}
FAILED = 'class=~"401|403|429|5xx|none"'


def of_the_month(metric: m.Metric, what: str) -> Query:
    """One line for each connection."""
    return Query(expr=f"max by (connection) ({series(metric)})", legend=f"{{{{connection}}}} {what}")


CALLS = Row(
    title="Calls",
    panels=[
        Panel(
            title="Calls per minute",
            help="By service and by what was answered; none is no answer at all.",
            kind="bars",
            queries=[by("service, class", rate(m.REQUESTS), then=" * 60 > 0")],
            nothing="none in this time",
            width=12,
        ),
        Panel(
            title="Calls that failed",
            help="The share of calls that were throttled, not allowed or not answered, or that failed over there.",
            kind="timeseries",
            queries=[by("service", rate(m.REQUESTS, FAILED), then=f" / sum by (service) ({rate(m.REQUESTS)})")],
            unit="percentunit",
            width=12,
        ),
        Panel(
            title="How long calls take",
            help="QuickBooks needs about half a second for each document of a batch.",
            kind="timeseries",
            queries=quantiles(m.REQUEST_SECONDS, "service"),
            unit="s",
            width=12,
        ),
        Panel(
            title="QuickBooks and BigCommerce",
            help="Whether both sides answer. Red is where calls are refused until somebody acts: `cartledger status`.",
            kind="state-timeline",
            queries=[by("connection, side", series(m.CIRCUIT), "max")],
            says=CIRCUITS,
            width=12,
        ),
    ],
)
QUOTA = Row(
    title="Quota",
    panels=[
        Panel(
            title="Waiting for leave to call",
            help="Seconds waited in a second, by all threads: our own pacing, and what the other side asked for.",
            kind="timeseries",
            queries=[by("service", rate(m.THROTTLED))],
            unit="s",
            width=12,
        ),
        Panel(
            title="Calls left in the shop's window",
            help="As the shop last said.",
            kind="timeseries",
            queries=[by("connection, service", series(m.QUOTA_LEFT), "min")],
            width=12,
        ),
        Panel(
            title="Reads of QuickBooks this month",
            help="What Intuit meters, what it will come to by the end of the month, and what is granted.",
            kind="timeseries",
            queries=[
                of_the_month(m.READS, "so far"),
                of_the_month(m.READS_FORECAST, "forecast"),
                of_the_month(m.READS_BUDGET, "granted"),
            ],
            width=12,
        ),
        Panel(
            title="Reads used up",
            help="The share of the month's grant.",
            kind="stat",
            queries=[by("connection", f"{series(m.READS)} / {series(m.READS_BUDGET)}", "max")],
            unit="percentunit",
            decimals=1,
            width=6,
            height=5,
        ),
        TOKEN,
    ],
)

APIS = Dashboard(
    name="apis",
    title="APIs and quota",
    help="For whoever runs it: what is asked of QuickBooks and BigCommerce, how they answer, and what is left.",
    rows=[CALLS, QUOTA],
)
