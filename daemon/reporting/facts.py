"""What a report tells of one connection, gathered from the ledger alone.

It travels by mail: order numbers, amounts and causes, and nobody's name or address. What other sides said in their own
words is left out for that.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from cartledger.clients.faults import QUICKBOOKS
from cartledger.errors import Problem
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Alert, Event, Standing, State
from cartledger.money import ZERO, D
from cartledger.records import Operation
from cartledger.settings import Connection
from consumers.customers import CUSTOMER
from consumers.prerequisites import CUSTOMER_HELD
from daemon.app import App, Line
from daemon.metering import Use, uses
from daemon.reporting.days import REFUND, Compared, compare_days
from daemon.watching.causes import EVERYWHERE, HELD_ORDERS, STOCK_WAITING
from mapping.payments.applied import UNDONE
from mapping.refunds.cancellation import CANCELLATION

NAMED = 5
"""Orders that are named for a cause."""

_ORDER = "order"
_EARLY = re.compile(r"^(Placed|Shipped|Paid) on \S+, before")
_OPEN = (State.QUEUED, State.CLAIMED)

_TOLD_ANYWAY = (HELD_ORDERS, STOCK_WAITING)
"""Alerts of what a report has a section for."""

Amounts = Mapping[str, Decimal]
"""By currency."""


@dataclass(frozen=True, kw_only=True)
class Booked:
    """Documents of one kind that QuickBooks took. `amounts` are of those that were made."""

    entity: str
    operation: Operation
    count: int
    amounts: Amounts


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Why sources are held. `orders` are the first of them, `fresh` those that came to it in the time of the report."""

    code: str
    text: str
    fix: str
    count: int
    fresh: int
    orders: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Orders that a rule leaves out."""

    rule: str
    count: int
    orders: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Stock:
    """Levels that the shop took, and those that wait for a person: since when, and why."""

    written: int
    waiting: int | None
    waiting_since: datetime | None
    reasons: Sequence[Problem]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that is told, from `since` until `until` (both in the connection's zone).

    `posted` are orders whose documents came to stand as they should. What is `held`, waits or is `in_doubt` is
    so at the end.
    """

    connection: str
    zone: ZoneInfo
    since: datetime
    until: datetime
    enabled: bool
    last_read: datetime | None
    posted: int
    booked: Sequence[Booked]
    refunds: int
    refunded: Amounts
    undone: int
    taken_back: int
    rounded: int
    rounding: Amounts
    held: Sequence[Cause]
    left_out: Sequence[LeftOut]
    waiting: int
    oldest_waiting: datetime | None
    in_doubt: int
    stock: Stock | None
    compared: Compared
    alerts: Sequence[Alert]
    reads: Use

    @property
    def held_in_all(self) -> int:
        return sum(cause.count for cause in self.held)

    @property
    def something_happened(self) -> bool:
        """Whether there is anything to tell that was not so before."""
        moved = self.posted or self.booked or self.refunds or self.taken_back or self.left_out
        written = self.stock is not None and self.stock.written
        return bool(moved or written or any(cause.fresh for cause in self.held))


def gather(app: App, line: Line, zone: ZoneInfo, since: datetime, until: datetime) -> Report:
    """What there is to tell of one connection from `since` until just before `until`."""
    ledger, connection, pair = app.ledger, line.connection, line.connection.pair
    events = ledger.happened(pair, since, until)
    answered = [event for event in events if event.what == "answered"]
    rounding = [event for event in answered if "rounding" in event.detail]
    compared = compare_days(ledger, connection, zone, events)
    counts = ledger.counts(pair, _ORDER)
    return Report(
        connection=line.name,
        zone=zone,
        since=since.astimezone(zone),
        until=until.astimezone(zone),
        enabled=ledger.is_enabled(pair),
        last_read=_in(zone, line.last_read()),
        posted=len({event.key for event in events if _is_posted(event)}),
        booked=_booked(event for event in answered if _went_back(event) is None),
        refunds=sum(_went_back(event) == "refund" for event in answered),
        refunded=_sums((event for event in answered if _went_back(event) == "refund"), "amount"),
        undone=sum(_went_back(event) == "undone" for event in answered),
        taken_back=sum(_went_back(event) == CANCELLATION for event in answered),
        rounded=len({event.key for event in rounding}),
        rounding=_sums(rounding, "rounding"),
        held=_held(ledger.held(pair), events),
        left_out=_left_out(events),
        waiting=sum(counts[state] for state in _OPEN),
        oldest_waiting=_in(zone, ledger.oldest_queued(pair, _ORDER)),
        in_doubt=ledger.in_doubt(pair),
        stock=_stock(ledger, connection, zone, events),
        compared=compared,
        alerts=[
            alert for each in (EVERYWHERE, pair) for alert in ledger.alerts(each) if alert.cause not in _TOLD_ANYWAY
        ],
        reads=next(use for use in uses(app.settings.connections, ledger, until) if line.name in use.connections),
    )


def _in(zone: ZoneInfo, at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(zone)


def _sums(events: Iterable[Event], figure: str) -> Amounts:
    sums: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for event in events:
        sums[str(event.detail["currency"])] += D(str(event.detail[figure]))
    return dict(sorted(sums.items()))


# -- what was booked


def _is_posted(event: Event) -> bool:
    return event.what == "posted" and event.key.kind == _ORDER and not event.detail.get("unchanged")


def _went_back(event: Event) -> str | None:
    """What of an order went back with this document: `refund` for a refund's own, `undone` where that was deleted,
    `cancellation`; "" for what goes with one of these; None for what is sold."""
    part = str(event.detail["part"])
    if REFUND.fullmatch(part):
        return "refund"
    if REFUND.fullmatch(part.removesuffix(UNDONE)):
        return "undone"
    if part == CANCELLATION:
        return CANCELLATION
    return "" if part.startswith(("refund-", f"{CANCELLATION}-")) else None


def _booked(answered: Iterable[Event]) -> Sequence[Booked]:
    groups: defaultdict[tuple[str, Operation], list[Event]] = defaultdict(list)
    for event in answered:
        operation = Operation(event.detail.get("operation", Operation.CREATE))
        groups[str(event.detail["entity"]), operation].append(event)
    return [
        Booked(
            entity=entity,
            operation=operation,
            count=len(events),
            amounts={} if operation is not Operation.CREATE or entity in _LISTS else _sums(events, "amount"),
        )
        for (entity, operation), events in sorted(groups.items())
    ]


_LISTS = ("Customer", "Item")


# -- what was not


def _held(standings: Iterable[Standing], events: Iterable[Event]) -> Sequence[Cause]:
    """By the first reason, the most frequent cause first."""
    fresh = {event.key for event in events if event.what == "held"}
    groups: defaultdict[str, list[Standing]] = defaultdict(list)
    for standing in standings:
        groups[standing.problems[0].code].append(standing)
    causes = [
        Cause(
            code=code,
            text=plainly(ones[0].problems[0]),
            fix=ones[0].problems[0].fix,
            count=len(ones),
            fresh=sum(one.key in fresh for one in ones),
            orders=[one.key.id for one in ones if one.key.kind != CUSTOMER][:NAMED],
        )
        for code, ones in groups.items()
    ]
    return sorted(causes, key=lambda cause: (-cause.count, cause.code))


def plainly(problem: Problem) -> str:
    """What is wrong, without the words of others, which may name people."""
    side, _, code = problem.code.partition("_")
    if problem.code == CUSTOMER_HELD:
        return "Its customer cannot be made in QuickBooks."
    if side == "quickbooks":
        row = QUICKBOOKS.get(code)
        return f"{row.cause if row and row.cause else 'QuickBooks refused it.'} (QuickBooks {code})"
    if side == "bigcommerce":
        return f"BigCommerce refused it. (BigCommerce {code})"
    return problem.text


def _left_out(events: Iterable[Event]) -> Sequence[LeftOut]:
    """By the rule as it last was for each order, the most frequent first."""
    rules: dict[str, str] = {}
    for event in events:
        if event.key.kind == _ORDER and event.what in ("posted", "held", "excluded", "ignored"):
            rules.pop(event.key.id, None)
            if "rule" in event.detail:
                rules[event.key.id] = _rule(str(event.detail["rule"]))
    return [
        LeftOut(rule=rule, count=count, orders=[id_ for id_, its in rules.items() if its == rule][:NAMED])
        for rule, count in Counter(rules.values()).most_common()
    ]


def _rule(rule: str) -> str:
    """One sentence for all orders of a rule; the words of whoever ignored an order are theirs."""
    return "Ignored by a person." if rule.startswith("ignored:") else _EARLY.sub(r"\1 before", rule)


def _stock(ledger: Ledger, connection: Connection, zone: ZoneInfo, events: Iterable[Event]) -> Stock | None:
    if not connection.keeps_stock:
        return None
    waiting = ledger.waiting_proposal(connection.pair)
    return Stock(
        written=sum(int(event.detail["levels"]) for event in events if event.what == "levels written"),
        waiting=waiting.id if waiting else None,
        waiting_since=_in(zone, waiting.made_at) if waiting else None,
        reasons=waiting.reasons if waiting else (),
    )
