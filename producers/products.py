"""The catalogue: every SKU of the shop becomes the source of an item.

Reading goes by modification time like that of orders (`producers.orders`): wholly at first and once a day, in between
from the last time on. Nobody says that a product is touched when one of its variants changes, and one that is deleted
shows in no list: both are noticed by the whole reading, which costs as many calls as one of the ids alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Protocol

from cartledger.errors import Unreachable
from cartledger.ledger.types import Cursor, Read
from cartledger.money import write_json
from cartledger.products import Offer, ShopProduct
from cartledger.records import content_hash
from mapping.catalogue import product_of_offers, read_shop_product
from mapping.item import write_product

ITEM = "item"
"""The kind of an item's source."""

STREAM = "products"
WHOLE = "whole catalogue"
OVERLAP = timedelta(minutes=10)
WHOLE_EVERY = timedelta(hours=24)
PAGE = 250

_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)

Row = Mapping[str, Any]


class Page(Protocol):
    """One answer: products, whether more come after them, and the shop's clock. It may be cut into smaller pages than
    was asked for: `page` counts in those of `limit`."""

    @property
    def rows(self) -> Sequence[Row]: ...

    @property
    def more(self) -> bool: ...

    @property
    def limit(self) -> int: ...

    @property
    def page(self) -> int: ...

    @property
    def server_time(self) -> datetime: ...


class Shop(Protocol):
    """What reading needs of the BigCommerce client."""

    def catalogue(self, modified: datetime, *, page: int, limit: int) -> Page:
        """In order of modification."""


class Memory(Protocol):
    """What reading needs of the ledger."""

    def transaction(self) -> AbstractContextManager[None]: ...

    def cursor(self, pair: str, stream: str) -> Cursor | None: ...

    def set_cursor(self, pair: str, stream: str, cursor: Cursor) -> None: ...

    def known(self, pair: str, kind: str, ids: Iterable[str]) -> dict[str, str]: ...

    def remember(
        self, pair: str, kind: str, reads: Iterable[Read], cursor: Cursor | None = None, *, stream: str = ""
    ) -> object: ...

    def shop_products(self, pair: str) -> set[int]: ...

    def learn_products(self, pair: str, products: Iterable[ShopProduct]) -> set[str]: ...

    def lose_products(self, pair: str, product_ids: Iterable[int]) -> set[str]: ...

    def offers(self, pair: str, sources: Iterable[str]) -> dict[str, list[Offer]]: ...


@dataclass(frozen=True, kw_only=True)
class ProductReading:
    """One reading of the catalogue of `pair`. `on_page` hears what it brought so far; it may block, or raise to end
    it."""

    pair: str
    shop: Shop
    memory: Memory
    clock: Callable[[], datetime]
    on_page: Callable[[ProductWalk], None]


@dataclass(frozen=True, kw_only=True)
class ProductWalk:
    """What one reading brought: products seen, SKUs new or changed, products that are gone."""

    read: int = 0
    fresh: int = 0
    gone: int = 0


def read_products(reading: ProductReading) -> ProductWalk:
    """Read every product that was modified since the last reading into the ledger, page by page; all of them where that
    was not done for a day. Raises what the client and `on_page` raise; what was read before stays read, and the next
    reading begins where this one did.
    """
    began, whole = reading.memory.cursor(reading.pair, STREAM), _whole_is_due(reading)
    pages = _pages(reading, _BEFORE_ALL if whole or began is None else began.watermark - OVERLAP)
    first = last = next(pages)
    walk, seen = ProductWalk(), set[int]()
    for last in chain([first], pages):
        walk = _remember(reading, walk, last)
        seen.update(int(row["id"]) for row in last.rows)
        reading.on_page(walk)
    if whole:
        walk = _lose(reading, walk, seen, last.server_time)
    cursor = Cursor(watermark=first.server_time, polled_at=reading.clock())
    with reading.memory.transaction():
        for stream in (STREAM, WHOLE) if whole else (STREAM,):
            reading.memory.set_cursor(reading.pair, stream, cursor)
    return walk


def _pages(reading: ProductReading, since: datetime) -> Iterator[Page]:
    page, limit, more = 1, PAGE, True
    while more:
        answer = reading.shop.catalogue(since, page=page, limit=limit)
        yield answer
        more, limit = answer.more, answer.limit
        if more:
            last = _last_modified(answer.rows)
            # More products within one second than a page holds would come again and again: step through it by pages.
            since, page = (since, answer.page + 1) if last <= since else (last, 1)


def _whole_is_due(reading: ProductReading) -> bool:
    last = reading.memory.cursor(reading.pair, WHOLE)
    return last is None or reading.clock() - last.polled_at >= WHOLE_EVERY


def _remember(reading: ProductReading, walk: ProductWalk, answer: Page) -> ProductWalk:
    """One page, in one transaction."""
    products = [read_shop_product(row) for row in answer.rows]
    with reading.memory.transaction():
        sources = reading.memory.learn_products(reading.pair, products)
        fresh = _remember_items(reading, sources, answer.server_time)
    return replace(walk, read=walk.read + len(products), fresh=walk.fresh + fresh)


def _remember_items(reading: ProductReading, sources: Iterable[str], at: datetime) -> int:
    """The sources of items as all products together say what they are. How many are new or changed. What nobody offers
    any more stays as it is."""
    memory, pair = reading.memory, reading.pair
    offers = memory.offers(pair, sources)
    known = memory.known(pair, ITEM, offers)
    reads = [_read(source, offers[source], at) for source in sorted(offers)]
    fresh = [read for read in reads if known.get(read.id) != read.version]
    memory.remember(pair, ITEM, fresh)
    return len(fresh)


def _read(source: str, offers: Sequence[Offer], at: datetime) -> Read:
    """As of the reading: a product may have been modified long before an order that wanted its item."""
    facts = write_product(product_of_offers(offers))
    return Read(id=source, version=content_hash(facts), record=write_json(facts).encode(), modified=at)


def _lose(reading: ProductReading, walk: ProductWalk, seen: set[int], at: datetime) -> ProductWalk:
    """What a whole reading, which ended `at`, did not see is gone."""
    memory, pair = reading.memory, reading.pair
    with memory.transaction():
        gone = memory.shop_products(pair) - seen
        # Where one of two products with the same SKU is gone, its item is that of the other one.
        fresh = _remember_items(reading, memory.lose_products(pair, gone), at)
    return replace(walk, fresh=walk.fresh + fresh, gone=len(gone))


def _last_modified(rows: Sequence[Row]) -> datetime:
    try:
        return datetime.fromisoformat(str(rows[-1]["date_modified"])).astimezone(UTC)
    except (IndexError, KeyError, ValueError) as error:
        raise Unreachable("BigCommerce told of a product without saying when it was modified.") from error
