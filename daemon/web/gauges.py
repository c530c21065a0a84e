"""What is looked up when metrics are asked for: how the ledger and the broker's queues stand.

One process alone says these, the one that reads the shops. Nothing is asked of either API. What cannot be looked up now
is left out, so that a ledger in trouble makes gaps and no failed scrape.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from prometheus_client import Metric as Family
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from cartledger import metrics as m
from cartledger.errors import CartledgerError
from cartledger.ledger.store import Glance, Ledger
from cartledger.ledger.types import Circuit, Standing, State
from cartledger.metrics import Metric
from cartledger.settings import Schedule
from cartledger.stock import ITEMS
from consumers.circuit import NAMES
from daemon.app import App, Line
from daemon.metering import uses
from daemon.schedule import next_time
from daemon.watching.causes import EVERYWHERE, TOTALLED_OTHERWISE
from daemon.watching.heartbeat import BEAT
from producers import orders, refunds
from producers.handover import KINDS

QUEUES_AGE_AFTER = timedelta(minutes=1)

Say = Callable[..., None]
"""`say(metric, value, **labels)`; values that are None are not said."""


class LookedUp(Collector):
    """The looked-up metrics of the program that `app` gives."""

    def __init__(self, app: Callable[[], App]) -> None:
        self._app = app

    def describe(self) -> Iterable[Family]:
        """Registering asks for nothing."""
        return []

    def collect(self) -> Iterator[Family]:
        families = {each: GaugeMetricFamily(each.name, each.help, labels=each.labels) for each in m.LOOKED_UP}

        def say(metric: Metric, value: float | datetime | None, **labels: str) -> None:
            if value is not None:
                number = value.timestamp() if isinstance(value, datetime) else float(value)
                families[metric].add_metric([labels[name] for name in metric.labels], number)

        app = self._app()
        with contextlib.suppress(CartledgerError), contextlib.closing(Glance(app.ledger.path, app.clock)) as ledger:
            _say_of_all(app, ledger, say)
            for line in app.lines.values():
                _say_of_one(line, ledger, app.clock(), say)
        _say_of_queues(app, say)
        yield from families.values()


def _say_of_all(app: App, ledger: Ledger, say: Say) -> None:
    now = app.clock()
    for use in uses(app.settings.connections, ledger, now):
        first = use.connections[0]
        say(m.READS, use.reads, connection=first)
        say(m.READS_FORECAST, use.forecast, connection=first)
        say(m.READS_BUDGET, use.budget, connection=first)
    say(m.MAILS_WAITING, sum(mail.attempts > 0 for mail in ledger.mails_waiting()))
    for alert in ledger.alerts(EVERYWHERE):
        say(m.ALERTS, 1, connection="", cause=alert.cause)
    _say_of_heartbeat(app, ledger, now, say)


def _say_of_heartbeat(app: App, ledger: Ledger, now: datetime, say: Say) -> None:
    wanted = app.settings.heartbeat
    if wanted.file is None and wanted.url is None and not wanted.mail:
        return
    beat = ledger.reference(EVERYWHERE, BEAT)
    last = beat.fetched_at if beat else None
    say(m.HEARTBEAT, last)
    say(m.HEARTBEAT_NEXT, next_time(wanted.interval, last, now, ZoneInfo("UTC")))


def _say_of_one(line: Line, ledger: Ledger, now: datetime, say: Say) -> None:
    pair, name = line.connection.pair, line.name
    say(m.ENABLED, ledger.is_enabled(pair), connection=name)
    counts = ledger.all_counts(pair)
    for kind in (kind for kinds in KINDS.values() for kind in kinds):
        for state in State:
            say(m.SOURCES, counts.get((kind, state), 0), connection=name, kind=kind, state=state.value)
        say(m.OLDEST_QUEUED, ledger.oldest_ready(pair, kind), connection=name, kind=kind)
    _say_of_held(name, ledger.held(pair), say)
    say(m.IN_DOUBT, ledger.in_doubt(pair), connection=name)
    say(m.STOCK_WAITING, ledger.waiting_proposal(pair) is not None, connection=name)
    _say_of_circuits(name, ledger.circuits(pair), say)
    qbo = line.connection.quickbooks
    token = ledger.token(f"{qbo.realm_id}:{qbo.client_id}")
    say(m.TOKEN_EXPIRES, token.refresh_expires if token else None, connection=name)
    for alert in ledger.alerts(pair):
        say(m.ALERTS, 1, connection=name, cause=alert.cause)
    _say_of_readings(line, ledger, now, say)


def _say_of_held(name: str, held: Iterable[Standing], say: Say) -> None:
    codes = [[problem.code for problem in standing.problems] for standing in held if standing.problems]
    for cause, sources in Counter(_label(first) for first, *_ in codes).items():
        say(m.HELD, sources, connection=name, cause=cause)
    say(m.DIFFERENCE, sum(not TOTALLED_OTHERWISE.isdisjoint(each) for each in codes), connection=name)


def _label(code: str) -> str:
    """A code that QuickBooks gave may be anything."""
    return code if re.fullmatch("[a-z0-9_]{1,40}", code) else "other"


def _say_of_circuits(name: str, circuits: Iterable[Circuit], say: Say) -> None:
    standing = {circuit.side: circuit for circuit in circuits}
    for side in NAMES:
        circuit = standing.get(side)
        say(m.CIRCUIT, 0 if circuit is None else 1 + circuit.needs_person, connection=name, side=side)


def _say_of_readings(line: Line, ledger: Ledger, now: datetime, say: Say) -> None:
    connection = line.connection
    zone = line.known_zone(ledger)

    def reading(stream: str, asked: str, schedule: Schedule) -> None:
        """Of `stream`, whose next time counts from the last one of `asked`."""
        say(m.LAST_READ, _polled_at(ledger, connection.pair, stream), connection=line.name, stream=NAMED[stream])
        if zone is not None or not schedule.at:
            last = _polled_at(ledger, connection.pair, asked)
            due = next_time(schedule, last, now, zone or ZoneInfo("UTC"))
            say(m.NEXT_READ, due, connection=line.name, stream=NAMED[stream])

    last = _last_stream(line)
    reading(orders.STREAM, last, connection.interval)
    if connection.records_refunds:
        reading(refunds.STREAM, last, connection.interval)
    if connection.keeps_stock:
        reading(ITEMS, ITEMS, connection.stock.interval)


NAMED = {orders.STREAM: "orders", refunds.STREAM: "refunds", ITEMS: "stock"}


def last_read(line: Line, ledger: Ledger) -> datetime | None:
    """When the shop was last read to the end."""
    return _polled_at(ledger, line.connection.pair, _last_stream(line))


def _last_stream(line: Line) -> str:
    return refunds.STREAM if line.connection.records_refunds else orders.STREAM


def _polled_at(ledger: Ledger, pair: str, stream: str) -> datetime | None:
    cursor = ledger.cursor(pair, stream)
    return None if cursor is None else cursor.polled_at


def _say_of_queues(app: App, say: Say) -> None:
    seen = app.queues
    if app.settings.broker.url.startswith("memory:") or seen is None or app.clock() - seen.at > QUEUES_AGE_AFTER:
        return
    for workflow, standing in seen.standing.items():
        say(m.QUEUE_DEPTH, standing.messages, workflow=workflow)
        say(m.QUEUE_CONSUMERS, standing.consumers, workflow=workflow)
        say(m.QUEUE_DEAD, standing.dead, workflow=workflow)
