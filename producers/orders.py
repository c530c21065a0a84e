"""Orders: how the shop is asked, and what tells one order's states apart.

Reading goes by modification time, ascending, from the last time seen and always on page 1: a keyset. (Offset pages
skip rows when orders move during the walk.) It starts a safe while before where it ended last time; the shop's own
clock says where that is. What was read before changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cartledger.errors import BadRecord
from cartledger.ledger.types import Cursor, Read, ReadRefund, State
from cartledger.money import ZERO, read_json, write_json
from cartledger.records import (
    GONE,
    SourceKey,
    gone_order,
    lines_are_cut,
    order_modified,
    order_version,
    read_order,
    with_lines,
    with_refunds,
)
from cartledger.stock import Allocation
from mapping.allocation import allocation_of
from mapping.case import SALE
from mapping.payments.money import INVOICE
from mapping.worth import worth_of
from producers.reading import ORDER, SURELY_SHORT, Reading, Row, Shop, Walk
from producers.refunds import learn_refunds

STREAM = "orders"
OVERLAP = timedelta(minutes=10)
PAGE = 250


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of `day` in the zone, UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def read_orders(reading: Reading, walk: Walk) -> Walk:
    """Read every order modified since the last reading into the ledger, page by page, each page with its cursor.

    Returns `walk` and what came to it. Raises what the client and `on_page` raise; what was read before stays read, and
    the cursor says that the shop was not read since the last reading that came to its end.
    """
    began = reading.memory.cursor(reading.pair, STREAM)
    since, page, longest = began.watermark - OVERLAP if began else reading.start, 1, SURELY_SHORT
    whole = began.polled_at if began else reading.start
    seen: set[tuple[str, str]] = set()
    first_answer = None
    while True:
        answer = reading.shop.orders(since, limit=PAGE, page=page)
        if first_answer is None:
            first_answer = answer.server_time
            walk = replace(walk, skew=answer.server_time - reading.clock())
        rows = [row for row in answer.rows if _state(row) not in seen]
        seen.update(_state(row) for row in rows)
        longest = max(longest, len(answer.rows))
        ended = not rows and len(answer.rows) < longest
        last = order_modified(answer.rows[-1]) if answer.rows else since
        cursor = (
            Cursor(watermark=first_answer, polled_at=reading.clock())
            if ended
            else Cursor(watermark=last, polled_at=whole)
        )
        walk = remember_orders(reading, walk, rows, cursor)
        reading.on_page(walk)
        if ended:
            return walk
        # More rows within one second than a page holds would come again and again: step through it by pages.
        since, page = (since, page + 1) if last == since else (last, 1)


def remember_orders(reading: Reading, walk: Walk, rows: Sequence[Row], cursor: Cursor | None = None) -> Walk:
    """Remember orders and the units that they took, each with all refunds that were read of it, also where refunds are
    not read any more: an order without those that it was remembered with would look like another one. Returns `walk`
    and what came to it.

    A refund that another process reads meanwhile is not overlooked: the orders are looked at again.
    """
    memory, pair, ids = reading.memory, reading.pair, [str(row["id"]) for row in rows]
    if reading.refunds:
        walk = learn_refunds(reading, walk, rows)
    while True:
        refunds = memory.refunds_of(pair, ids)
        fresh = _fresh(reading, [_with_refunds(row, refunds.get(str(row["id"]), ())) for row in rows])
        reads = [read for read, _ in fresh]
        with memory.transaction():
            if memory.refunds_of(pair, ids) == refunds:
                memory.remember(pair, ORDER, reads, cursor, stream=STREAM)
                memory.allocate(pair, _allocations(reading, fresh), late=reading.late)
                memory.refunds_taken(pair, _taken(reading, reads, refunds))
                return replace(walk, read=walk.read + len(rows), fresh=walk.fresh + len(reads))


def allocations(
    orders: Iterable[tuple[str, Row]], *, start: date, zone: ZoneInfo, as_sent: bool
) -> Iterator[Allocation]:
    """What each of these took from the shop's stock, with the version that it is remembered in. One that is gone in the
    shop says nothing: what it was known to take stays taken."""
    for version, row in orders:
        if not row.get(GONE):
            yield replace(allocation_of(row, start=start, zone=zone, as_sent=as_sent), version=version)


def _allocations(reading: Reading, fresh: Iterable[tuple[Read, Row]]) -> Iterator[Allocation]:
    start = reading.start.astimezone(reading.zone).date()
    orders = ((read.version, row) for read, row in fresh)
    return allocations(orders, start=start, zone=reading.zone, as_sent=reading.as_sent)


def follow_refunds(reading: Reading, walk: Walk) -> Walk:
    """Ask one by one for the orders of fresh refunds that the stream did not bring. Returns `walk` and what came to
    it.

    An order that is gone in the shop is remembered as such: it will be held, so that nobody overlooks its refund.
    """
    for id_ in reading.memory.orders_with_fresh_refunds(reading.pair):
        row = reading.shop.order(int(id_))
        walk = remember_orders(reading, walk, [_gone(reading, id_) if row is None else row])
        reading.on_page(walk)
    return walk


def _gone(reading: Reading, id_: str) -> Row:
    """As old as what is known of the order, so that it counts, and the order itself, too, should it come back."""
    known = reading.memory.standing(SourceKey(pair=reading.pair, kind=ORDER, id=id_))
    days = [refund.created for refund in reading.memory.refunds_of(reading.pair, [id_])[id_]]
    return gone_order(int(id_), known.modified if known else max(days))


def _with_refunds(row: Row, refunds: Iterable[ReadRefund]) -> Row:
    return with_refunds(row, [read_json(refund.row) for refund in refunds])


def _fresh(reading: Reading, rows: Sequence[Row]) -> list[tuple[Read, Row]]:
    """Those that are new or changed, and those that were touched since while they wait for something, whole."""
    known = reading.memory.known(reading.pair, ORDER, [str(row["id"]) for row in rows])
    looks = [(row, order_version(row), _waits_and_was_touched(reading, row)) for row in rows]
    return [
        _read(_whole(reading.shop, row), version, look_again=touched)
        for row, version, touched in looks
        if known.get(str(row["id"])) != version or touched
    ]


def _read(row: Row, version: str, *, look_again: bool) -> tuple[Read, Row]:
    record = write_json(row).encode()
    modified = order_modified(row)
    read = Read(
        id=str(row["id"]),
        version=version,
        record=record,
        modified=modified,
        look_again=look_again,
        told=worth_of(row),
    )
    return read, row


def _waits_and_was_touched(reading: Reading, row: Row) -> bool:
    """What it waits for may show nowhere on the order: a payment is told by transactions alone."""
    key = SourceKey(pair=reading.pair, kind=ORDER, id=str(row["id"]))
    standing = reading.memory.standing(key)
    if standing is None or standing.modified >= order_modified(row):
        return False
    return standing.state is State.HELD or (standing.state is State.POSTED and _owes(reading, key))


def _owes(reading: Reading, key: SourceKey) -> bool:
    """Whether less came in for the order's invoice than it is of."""
    links = reading.memory.links(key.pair, key.kind, [key.id]).get(key.id, {})
    sale = links.get(SALE)
    if sale is None or sale.entity != INVOICE:
        return False
    return sale.amount > sum((link.amount for link in links.values() if link.entity == "Payment"), ZERO)


def _taken(
    reading: Reading, reads: Iterable[Read], refunds: Mapping[str, Sequence[ReadRefund]]
) -> Iterator[ReadRefund]:
    """The refunds whose orders are remembered with them: none of an order that the ledger knows in a later state."""
    read = {each.id: each.version for each in reads}
    known = reading.memory.known(reading.pair, ORDER, refunds)
    for id_, some in refunds.items():
        if known.get(id_) == read.get(id_, known.get(id_)):
            yield from some


def _whole(shop: Shop, row: Row) -> Row:
    """The row with all its lines: only 50 of a consignment come with a list, so a longer order is asked for them; one
    that cannot be read, too, since the shop took its units all the same."""
    try:
        cut = read_order(row).lines_incomplete
    except BadRecord:  # it will be held with the reason
        cut = lines_are_cut(row)
    try:
        return with_lines(row, shop.order_products(int(row["id"]))) if cut else row
    except BadRecord:  # it is gone meanwhile
        return row


def _state(row: Row) -> tuple[str, str]:
    return str(row["id"]), str(row["date_modified"])
