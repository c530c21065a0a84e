"""What one reading of a shop goes by, and what it brought."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from cartledger.ledger.types import Cursor, Link, Read, ReadRefund, Standing
from cartledger.records import SourceKey
from cartledger.stock import Allocation

Row = Mapping[str, Any]
ORDER = "order"
"""The kind of an order's source."""

SURELY_SHORT = 50
"""No answer of fewer rows than this is taken for one that the shop has cut: its own default page is 50."""


class Page(Protocol):
    """One answer: some rows, and the shop's clock when it answered."""

    @property
    def rows(self) -> Sequence[Row]: ...

    @property
    def server_time(self) -> datetime: ...


class Shop(Protocol):
    """What reading needs of the BigCommerce client."""

    def orders(self, min_modified: datetime, *, limit: int, page: int) -> Page:
        """In order of modification."""

    def order(self, order_id: int) -> Row | None: ...

    def order_products(self, order_id: int) -> Sequence[Row]: ...

    def refunds(self, created_min: datetime, *, page: int) -> Page:
        """In order of their numbers."""

    def refunds_of(self, order_ids: Sequence[int]) -> Sequence[Row]: ...


class Memory(Protocol):
    """What reading needs of the ledger."""

    def transaction(self) -> AbstractContextManager[None]: ...

    def cursor(self, pair: str, stream: str) -> Cursor | None: ...

    def set_cursor(self, pair: str, stream: str, cursor: Cursor) -> None: ...

    def known(self, pair: str, kind: str, ids: Iterable[str]) -> dict[str, str]: ...

    def standing(self, key: SourceKey) -> Standing | None: ...

    def links(self, pair: str, kind: str, ids: Iterable[str]) -> Mapping[str, Mapping[str, Link]]: ...

    def remember(
        self, pair: str, kind: str, reads: Iterable[Read], cursor: Cursor | None = None, *, stream: str = ""
    ) -> object: ...

    def remember_refunds(
        self, pair: str, reads: Iterable[ReadRefund], cursor: Cursor | None, *, stream: str
    ) -> int: ...

    def refunds_of(self, pair: str, order_ids: Iterable[str]) -> dict[str, list[ReadRefund]]: ...

    def refunds_taken(self, pair: str, refunds: Iterable[ReadRefund]) -> None: ...

    def orders_with_fresh_refunds(self, pair: str) -> list[str]: ...

    def allocate(self, pair: str, allocations: Iterable[Allocation], *, late: bool) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Walk:
    """What one reading brought so far: orders seen, those new or changed, refunds new or changed, and how far the
    shop's clock is ahead of ours."""

    read: int = 0
    fresh: int = 0
    refunds: int = 0
    skew: timedelta = timedelta(0)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One reading of the shop of `pair`. `start` is where a first one begins, in `zone` the day from which on orders
    take from QuickBooks' stock, `as_sent` those that are sent from then on; `refunds` says whether these are kept in
    step, `late` whether units leave the shop's stock when an order is shipped, not when it is placed. `on_page` hears
    the walk so far, and may block to let consumers catch up, or raise to end it."""

    pair: str
    shop: Shop
    memory: Memory
    start: datetime
    zone: ZoneInfo
    as_sent: bool
    refunds: bool
    late: bool
    clock: Callable[[], datetime]
    on_page: Callable[[Walk], None]
