"""The dashboard of whoever keeps the books."""

from __future__ import annotations

from cartledger import metrics as m
from grafana.panels import Dashboard, Panel, Query, Row
from grafana.queries import by, increase, instant, series
from grafana.shared import HELD_BY_CAUSE, TOKEN

ON_OFF = {1: ("on", "green"), 0: ("off", "orange")}
ALERTS = f'{m.ALERTS.name}{{connection=~"$connection|"}}'
"""Of the connections that are chosen, and of the whole installation, whose alerts name none."""

WAITS = {0: ("no", "green"), 1: ("yes", "red")}


def orders(states: str) -> Query:
    """How many orders stand in one of `states`."""
    return by("connection", series(m.SOURCES, 'kind="order"', f'state=~"{states}"'))


NOW = Row(
    title="Now",
    panels=[
        Panel(
            title="Alerts",
            help="What cartledger itself has raised and not cleared.",
            kind="stat",
            queries=[Query(expr=f"sum({ALERTS}) or vector(0)")],
            alarming=True,
            width=4,
            height=5,
        ),
        Panel(
            title="Orders in the books",
            help="Orders whose documents stand in QuickBooks.",
            kind="stat",
            queries=[orders("posted")],
            width=5,
            height=5,
        ),
        Panel(
            title="Orders held",
            help="Orders that cannot be posted as they are and wait for a person.",
            kind="stat",
            queries=[orders("held")],
            alarming=True,
            width=5,
            height=5,
        ),
        Panel(
            title="Orders waiting",
            help="Orders that are to be posted, or are being posted.",
            kind="stat",
            queries=[orders("queued|claimed")],
            width=5,
            height=5,
        ),
        Panel(
            title="Posts by itself",
            help="`cartledger enable` and `cartledger disable` switch it.",
            kind="stat",
            queries=[by("connection", series(m.ENABLED), "max")],
            says=ON_OFF,
            width=5,
            height=5,
        ),
        Panel(
            title="Last read",
            help="When a reading of orders, refunds, stock last came to its end.",
            kind="stat",
            queries=[instant(m.LAST_READ, "connection, stream")],
            unit="dateTimeFromNow",
            width=12,
            height=5,
        ),
        Panel(
            title="Next reading",
            help="When the next reading is due; nothing where only `cartledger sync` reads.",
            kind="stat",
            queries=[instant(m.NEXT_READ, "connection, stream")],
            unit="dateTimeFromNow",
            nothing="only when you ask",
            width=12,
            height=5,
        ),
    ],
)
NEEDS_YOU = Row(
    title="What needs you",
    panels=[
        HELD_BY_CAUSE,
        Panel(
            title="Alerts, by cause",
            help="docs/RUNBOOK.md says of each what it means and what to do.",
            kind="table",
            queries=[by("connection, cause", ALERTS, "max")],
            hidden=["Value"],
            nothing="no alerts",
            width=12,
        ),
    ],
)
MONEY = Row(
    title="Money",
    panels=[
        Panel(
            title="Documents, per 24 hours",
            help="What QuickBooks took: made, changed, voided, deleted. Customers and items are not among them.",
            kind="bars",
            queries=[by("entity, operation", increase(m.POSTED, "1d", 'entity!~"Customer|Item"'), then=" > 0")],
            nothing="nothing in this time",
            step="1d",
            decimals=0,
            width=12,
        ),
        Panel(
            title="Amounts, per 24 hours",
            help="What documents that were made come to, in the currency they bear.",
            kind="bars",
            queries=[by("entity, currency", increase(m.POSTED_AMOUNT, "1d"), then=" > 0")],
            nothing="nothing in this time",
            step="1d",
            decimals=2,
            width=12,
        ),
    ],
)
STOCK_AND_LIFE = Row(
    title="Stock and signs of life",
    panels=[
        Panel(
            title="Levels written, per hour",
            help="Stock levels that the shop took.",
            kind="bars",
            queries=[by("connection", increase(m.LEVELS_WRITTEN, "1h"))],
            step="1h",
            decimals=0,
            width=12,
        ),
        Panel(
            title="Stock levels wait for you",
            help="So many would fall, or fall to zero, that a person has to look: `cartledger stock show`.",
            kind="stat",
            queries=[by("connection", series(m.STOCK_WAITING), "max")],
            says=WAITS,
            width=6,
            height=5,
        ),
        TOKEN,
        Panel(
            title="Mails not sent yet",
            help="Reports and alerts that the mail server did not take so far.",
            kind="stat",
            queries=[Query(expr=f"max({series(m.MAILS_WAITING)})")],
            alarming=True,
            width=6,
            height=3,
        ),
        Panel(
            title="All was last well",
            help="When the heartbeat last beat, and when it is to beat next.",
            kind="stat",
            queries=[
                Query(expr=f"max({series(m.HEARTBEAT)}) * 1000", legend="last"),
                Query(expr=f"max({series(m.HEARTBEAT_NEXT)}) * 1000", legend="next"),
            ],
            unit="dateTimeFromNow",
            nothing="no heartbeat is set up",
            width=6,
            height=3,
        ),
    ],
)

OVERVIEW = Dashboard(
    name="overview",
    title="overview",
    help="For whoever keeps the books: what is posted, what waits, what is held and why.",
    since="now-7d",
    rows=[NOW, NEEDS_YOU, MONEY, STOCK_AND_LIFE],
)
