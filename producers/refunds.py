"""Refunds: how the shop is asked, and how they come to their orders.

What a refund becomes depends on its order, so it travels inside the order's record. The shop does not move an order for
each of its refunds, nor when a payment is declined later: refunds are a stream of their own, by the day they were made.
It starts some days before where it ended last time, since the young ones may still be declined. Those that are new or
changed are fresh in the ledger until their order is remembered with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from cartledger.ledger.types import Cursor, ReadRefund
from cartledger.money import write_json
from cartledger.records import content_hash, order_version
from cartledger.refunds import kept, refund_created
from mapping.rules import PARTIALLY_REFUNDED, REFUNDED
from producers.reading import ORDER, SURELY_SHORT, Reading, Row, Walk

STREAM = "refunds"
YOUNG = timedelta(days=3)
"""Providers say no to a refund within two days or so."""


def read_refunds(reading: Reading, walk: Walk) -> Walk:
    """Read every refund made since the last reading into the ledger, and the young ones again, page by page. Returns
    `walk` and what came to it. Raises what the client and `on_page` raise; what was read before stays read."""
    began = reading.memory.cursor(reading.pair, STREAM)
    since = max(began.watermark - YOUNG, reading.start) if began else reading.start
    whole = began.polled_at if began else reading.start
    first_answer: datetime | None = None
    page, longest, ended = 0, SURELY_SHORT, False
    while not ended:
        page += 1
        answer = reading.shop.refunds(since, page=page)
        first_answer = first_answer or answer.server_time
        longest = max(longest, len(answer.rows))
        ended = len(answer.rows) < longest
        cursor = Cursor(watermark=first_answer, polled_at=whole) if ended else None
        walk = _remember(reading, walk, answer.rows, cursor)
        reading.on_page(walk)
    return walk


def learn_refunds(reading: Reading, walk: Walk, orders: Sequence[Row]) -> Walk:
    """Read the refunds of orders that say they were refunded and of which none was read: these may have been made after
    the refunds were read, a moment ago. Returns `walk` and what came to it."""
    said = {str(row["id"]): row for row in orders if row.get("status_id") in (REFUNDED, PARTIALLY_REFUNDED)}
    known = reading.memory.known(reading.pair, ORDER, said)
    read = reading.memory.refunds_of(reading.pair, said)
    unread = [int(id_) for id_, row in said.items() if id_ not in read and known.get(id_) != order_version(row)]
    return _remember(reading, walk, reading.shop.refunds_of(unread), None) if unread else walk


def say_read(reading: Reading) -> None:
    """Remember that the shop's refunds were read now, their orders with them."""
    cursor = reading.memory.cursor(reading.pair, STREAM)
    if cursor is not None:
        reading.memory.set_cursor(reading.pair, STREAM, replace(cursor, polled_at=reading.clock()))


def _remember(reading: Reading, walk: Walk, rows: Iterable[Row], cursor: Cursor | None) -> Walk:
    reads = [_read(row, reading.start) for row in rows]
    asked_for = [read for read in reads if read.created >= reading.start]
    fresh = reading.memory.remember_refunds(reading.pair, asked_for, cursor, stream=STREAM)
    return replace(walk, refunds=walk.refunds + fresh)


def _read(row: Row, start: datetime) -> ReadRefund:
    """One whose day cannot be read is remembered, too, as of `start`: its order will be held with the reason."""
    ours = kept(row)
    try:
        created = refund_created(row)
    except (KeyError, ValueError):
        created = start
    return ReadRefund(
        id=str(row["id"]),
        order_id=str(row["order_id"]),
        version=content_hash(ours),
        row=write_json(ours).encode(),
        created=created,
    )
