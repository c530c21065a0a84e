"""Money by day: what the shop says that its orders came to, beside what stands of them in the books.

The shop's side is what its orders said when they were last read, the books' what QuickBooks answered: neither is worked
out from the other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Event, Link, Placed, State
from cartledger.money import ZERO, D
from cartledger.settings import Connection
from cartledger.settings.values import CALLED_OFF_STATUSES
from mapping.case import SALE
from mapping.life import TAKEN_BACK
from mapping.refunds.cancellation import CANCELLATION
from mapping.tenders import MEMO

MOST_DAYS = 31
"""Days that are compared, the latest."""

REFUND = re.compile(r"refund-\d+")
"""What a refund's own document is called among its order's."""

_ORDER = "order"
_INCOMPLETE = 0
_OPEN = (State.QUEUED, State.CLAIMED)


@dataclass(frozen=True, kw_only=True)
class Day:
    """What the shop's orders of one day came to in one currency, less redeemed certificates and store credit, and what
    stands of their sales in the books. `why` says by its cause what the books have less, or more: waiting, held, left
    out, refunded, differs."""

    day: date
    currency: str
    orders: int
    shop: Decimal
    books: Decimal
    why: Mapping[str, Decimal]

    @property
    def difference(self) -> Decimal:
        """What the books lack."""
        return self.shop - self.books


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The days on which orders were placed to which something happened, each with all its orders. `more` earlier ones
    are not there; `unknown` are orders of which nobody knows what they came to: an earlier version read them."""

    days: Sequence[Day]
    more: int
    unknown: int


@dataclass(frozen=True, kw_only=True)
class _Sides:
    """One order: what the shop and what the books say, and why these differ ("" where they agree). `abandoned`: it is
    none, but a checkout that was left."""

    abandoned: bool
    currency: str
    shop: Decimal
    books: Decimal
    why: str


def compare_days(ledger: Ledger, connection: Connection, zone: ZoneInfo, events: Iterable[Event]) -> Compared:
    """Of the orders of `events`; days begin in `zone`."""
    moved = {event.key.id for event in events if event.key.kind == _ORDER}
    touched = {at.astimezone(zone).date() for at in ledger.placed_at(connection.pair, moved).values()}
    days = sorted(day for day in touched if day >= connection.start_date)
    rows: list[Day] = []
    unknown = 0
    for day in days[-MOST_DAYS:]:
        begins, ends = (datetime.combine(each, time.min, zone) for each in (day, day + timedelta(days=1)))
        placed = ledger.orders_placed(connection.pair, begins, ends)
        sides = _sides(ledger, connection, placed)
        unknown += len(placed) - len(sides)
        rows += _by_currency(day, [each for each in sides if not each.abandoned])
    return Compared(days=rows, more=max(len(days) - MOST_DAYS, 0), unknown=unknown)


def _sides(ledger: Ledger, connection: Connection, placed: Sequence[Placed]) -> list[_Sides]:
    """Of those orders of which that is known."""
    ids = [order.id for order in placed]
    told, links = ledger.told(connection.pair, ids), ledger.links(connection.pair, _ORDER, ids)
    known = [order for order in placed if order.id in told]
    return [_compare(order, told[order.id], links.get(order.id, {}), connection) for order in known]


def _compare(order: Placed, says: Mapping[str, Any], stands: Mapping[str, Link], connection: Connection) -> _Sides:
    status, redeemed = says["status"], ZERO if MEMO in stands else says["redeemed"]
    called_off = status in CALLED_OFF_STATUSES and status not in connection.sales.statuses
    shop, books = ZERO if called_off else D(says["total"]) - D(redeemed), _in_the_books(stands)
    return _Sides(
        abandoned=status == _INCOMPLETE,
        currency=says["currency"],
        shop=shop,
        books=books,
        why=_why(order, shop - books, stands),
    )


def _in_the_books(stands: Mapping[str, Link]) -> Decimal:
    """What the sale still is there; what was refunded is booked by itself."""
    if SALE not in stands or TAKEN_BACK in stands:
        return ZERO
    taken = stands.get(CANCELLATION)
    if taken is None:
        return stands[SALE].amount
    return ZERO if taken.entity == stands[SALE].entity else stands[SALE].amount - taken.amount


def _why(order: Placed, lacking: Decimal, stands: Mapping[str, Link]) -> str:
    if not lacking:
        return ""
    if order.state in _OPEN:
        return "waiting"
    if order.state is State.POSTED:
        return "refunded" if lacking < 0 and any(map(REFUND.fullmatch, stands)) else "differs"
    return "held" if order.state is State.HELD else "left out"


def _by_currency(day: date, compared: Sequence[_Sides]) -> Iterable[Day]:
    for currency in sorted({each.currency for each in compared}):
        mine = [each for each in compared if each.currency == currency]
        why: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        for each in mine:
            if each.why:
                why[each.why] += each.shop - each.books
        yield Day(
            day=day,
            currency=currency,
            orders=len(mine),
            shop=sum((each.shop for each in mine), ZERO),
            books=sum((each.books for each in mine), ZERO),
            why=dict(sorted(why.items())),
        )
