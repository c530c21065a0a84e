"""Orders: how the shop is asked, and what tells one order's states apart.

Reading goes by modification time, ascending, from the last time seen and always on page 1: a keyset. (Offset pages
skip rows when orders move during the walk.) It starts a safe while before where it ended last time; the shop's own
clock says where that is. What was read before changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from cartledger.errors import BadRecord
from cartledger.ledger.types import Cursor, Read
from cartledger.money import write_json
from cartledger.records import order_modified, order_version, read_order, with_lines

STREAM = "orders"
OVERLAP = timedelta(minutes=10)
PAGE = 250
SURELY_SHORT = 50
"""No answer of fewer rows than this is taken for one that the shop has cut: its own default page is 50."""


class OrdersPage(Protocol):
    """One answer of `/v2/orders`: rows in order of modification, and the shop's clock when it answered."""

    @property
    def rows(self) -> Sequence[Mapping[str, Any]]: ...

    @property
    def server_time(self) -> datetime: ...


class Shop(Protocol):
    """What reading orders needs of the BigCommerce client."""

    def orders(self, min_modified: datetime, *, limit: int, page: int) -> OrdersPage: ...

    def order_products(self, order_id: int) -> Sequence[Mapping[str, Any]]: ...


class Memory(Protocol):
    """What reading orders needs of the ledger."""

    def cursor(self, pair: str, stream: str) -> Cursor | None: ...

    def known(self, pair: str, kind: str, ids: Iterable[str]) -> dict[str, str]: ...

    def remember(
        self, pair: str, kind: str, reads: Iterable[Read], cursor: Cursor | None = None, *, stream: str = ""
    ) -> object: ...


@dataclass(frozen=True, kw_only=True)
class Walk:
    """What one reading brought: orders seen, those new or changed, and how far the shop's clock is ahead of ours."""

    read: int
    fresh: int
    skew: timedelta


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of `day` in the zone, UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def read_orders(
    *,
    pair: str,
    shop: Shop,
    memory: Memory,
    start: datetime,
    clock: Callable[[], datetime],
    on_page: Callable[[Walk], None],
) -> Walk:
    """Read every order modified since the last reading into the ledger, page by page, each page with its cursor.

    `start` is where a first reading begins. `on_page` hears the walk so far, and may block to let consumers catch
    up, or raise to end it. Raises what the client and `on_page` raise; what was read before stays read, and the cursor
    says that the shop was not read since the last reading that came to its end.
    """
    began = memory.cursor(pair, STREAM)
    since, page, longest = began.watermark - OVERLAP if began else start, 1, SURELY_SHORT
    whole = began.polled_at if began else start
    seen: set[tuple[str, str]] = set()
    walk, first_answer = Walk(read=0, fresh=0, skew=timedelta(0)), None
    while True:
        answer = shop.orders(since, limit=PAGE, page=page)
        if first_answer is None:
            first_answer = answer.server_time
            walk = replace(walk, skew=answer.server_time - clock())
        rows = [row for row in answer.rows if _state(row) not in seen]
        seen.update(_state(row) for row in rows)
        longest = max(longest, len(answer.rows))
        ended = not rows and len(answer.rows) < longest
        last = order_modified(answer.rows[-1]) if answer.rows else since
        cursor = Cursor(watermark=first_answer, polled_at=clock()) if ended else Cursor(watermark=last, polled_at=whole)
        fresh = _remember(pair, shop, memory, rows, cursor)
        walk = replace(walk, read=walk.read + len(rows), fresh=walk.fresh + fresh)
        on_page(walk)
        if ended:
            return walk
        # More rows within one second than a page holds would come again and again: step through it by pages.
        since, page = (since, page + 1) if last == since else (last, 1)


def _remember(pair: str, shop: Shop, memory: Memory, rows: Sequence[Mapping[str, Any]], cursor: Cursor) -> int:
    known = memory.known(pair, "order", [str(row["id"]) for row in rows])
    versions = [(row, order_version(row)) for row in rows]
    fresh = [(row, version) for row, version in versions if known.get(str(row["id"])) != version]
    reads = [
        Read(
            id=str(row["id"]),
            version=version,
            record=write_json(_whole(shop, row)).encode(),
            modified=order_modified(row),
        )
        for row, version in fresh
    ]
    memory.remember(pair, "order", reads, cursor, stream=STREAM)
    return len(reads)


def _whole(shop: Shop, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row with all its lines: only 50 of a consignment come with a list, so a longer order is asked for them."""
    try:
        return with_lines(row, shop.order_products(int(row["id"]))) if read_order(row).lines_incomplete else row
    except BadRecord:  # it cannot be read, or is gone meanwhile: it will be held with the reason
        return row


def _state(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["id"]), str(row["date_modified"])
