"""Panels that stand on more than one dashboard."""

from __future__ import annotations

from cartledger import metrics as m
from grafana.panels import Panel
from grafana.queries import by, instant, series

TOKEN = Panel(
    title="QuickBooks connection ends",
    help="Unless it is renewed, which posting does by itself; `cartledger connect quickbooks` makes a new one.",
    kind="stat",
    queries=[instant(m.TOKEN_EXPIRES, "connection")],
    unit="dateTimeFromNow",
    width=6,
    height=5,
)
HELD_BY_CAUSE = Panel(
    title="Held, by cause",
    help="What waits for a person. docs/RUNBOOK.md explains each cause; `cartledger held list` has the fix of each.",
    kind="bargauge",
    queries=[by("connection, cause", series(m.HELD), then=" > 0")],
    nothing="nothing is held",
    width=12,
)
