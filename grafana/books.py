"""The dashboard of whoever answers for the books."""

from __future__ import annotations

from cartledger import metrics as m
from grafana.panels import Dashboard, Panel, Row
from grafana.queries import by, increase, series
from grafana.shared import HELD_BY_CAUSE

WRITTEN = Row(
    title="Written",
    panels=[
        Panel(
            title="Documents per hour",
            help="What QuickBooks took, by what it is and what was done with it; customers and items, too.",
            kind="bars",
            queries=[by("connection, entity, operation", increase(m.POSTED, "1h"), then=" > 0")],
            nothing="nothing in this time",
            step="1h",
            width=12,
        ),
        Panel(
            title="Amounts per hour",
            help="What documents that were made come to, in the currency they bear.",
            kind="bars",
            queries=[by("connection, entity, currency", increase(m.POSTED_AMOUNT, "1h"), then=" > 0")],
            nothing="nothing in this time",
            step="1h",
            decimals=2,
            width=12,
        ),
        Panel(
            title="Amounts in the time shown",
            help="The sum over the time at the top right, as far as Prometheus was there. The books themselves are "
            "exact; Prometheus estimates between two looks.",
            kind="stat",
            queries=[by("entity, currency", increase(m.POSTED_AMOUNT, "$__range"))],
            decimals=2,
            width=12,
            height=5,
        ),
        Panel(
            title="Cents to the rounding item, per 24 hours",
            help="Whatever their sign. Many of them are a rule that does not fit: `cartledger check`.",
            kind="bars",
            queries=[by("connection", increase(m.ROUNDING, "1d"))],
            step="1d",
            width=12,
            height=5,
        ),
    ],
)
NOT_RIGHT = Row(
    title="Not as it should be",
    panels=[
        Panel(
            title="QuickBooks totalled otherwise",
            help="Orders whose documents came to something else there; each is voided and its order held.",
            kind="stat",
            queries=[by("connection", series(m.DIFFERENCE))],
            alarming=True,
            width=6,
            height=5,
        ),
        Panel(
            title="In doubt",
            help="Documents that were sent and whose answer is not known; each is looked for before it is sent again.",
            kind="stat",
            queries=[by("connection", series(m.IN_DOUBT))],
            width=6,
            height=5,
        ),
        HELD_BY_CAUSE,
    ],
)
STANDING = Row(
    title="Where everything stands",
    panels=[
        Panel(
            title="In the ledger",
            help="Orders, customers, items, stock, by where they stand; those of which there are any.",
            kind="timeseries",
            queries=[by("connection, kind, state", series(m.SOURCES), then=" > 0")],
            width=12,
        ),
        Panel(
            title="Held, over time",
            help="By the code of the first reason.",
            kind="timeseries",
            queries=[by("cause", series(m.HELD))],
            nothing="nothing is held",
            decimals=0,
            width=12,
        ),
    ],
)

BOOKS = Dashboard(
    name="books",
    title="books and money",
    help="For whoever answers for the books: what was written, what it comes to, and what is not as it should be.",
    since="now-7d",
    rows=[WRITTEN, NOT_RIGHT, STANDING],
)
