"""Stock: how QuickBooks' items and the shop's levels are asked, and when the levels have to be looked at.

QuickBooks comes first, then the shop's levels, then the shop's orders: whatever was sold before the levels are decided
is known by then, and what QuickBooks got of it after it was asked is taken off all the same. Items go by modification
time, since a sale moves it, too; and since nobody has seen whether everything else that we book does, items of orders
that were booked since are asked for by id. Now and then all of them are read, and nothing is remembered of a reading
that does not bring as many as QuickBooks counts.
"""

from __future__ import annotations

import uuid
from collections import ChainMap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from cartledger import logs
from cartledger.clients.inventory import InventoryRow
from cartledger.clients.quickbooks import quote, select
from cartledger.errors import Forbidden, Problem
from cartledger.ledger.types import Cursor, Read, Reference
from cartledger.money import read_json, write_json
from cartledger.settings import Connection
from cartledger.stock import (
    ITEMS,
    LEVELS,
    SHOP_LEVELS,
    STOCK,
    SWEEP,
    Allocation,
    Proposal,
    ProposalState,
    ShopLevel,
    Sold,
    StockItem,
    oldest_reading,
)
from mapping.company import fold
from mapping.counted import booked_since, shop_levels, stock_item
from mapping.levels import plan_levels
from producers.orders import allocations
from producers.reading import ORDER

FACTS = "stock"
"""The reference that says what the stock was last read as a whole of, and by which settings."""

OVERLAP = timedelta(minutes=10)
MOST_SKEW = timedelta(minutes=5)
"""Between the shop's clock and ours; QuickBooks' is taken to be right as well. What moves on either side is told by its
own clock, and `OVERLAP` and the ledger's times bear no more."""

IDS_AT_ONCE = 100
FEW_SKUS = 500
"""So many are asked for by name; more by reading all the shop has, ten times as many with each call."""

_OF_THE_MOMENT = frozenset({"incomplete_stock", "clock_differs"})
"""What is wrong with a reading and says nothing against the levels that a person may be reading."""

EVERY_ITEM = "Type = 'Inventory' AND Active IN (true, false)"


class Company(Protocol):
    """What reading needs of the QuickBooks client."""

    def pages(self, statement: str, *, expected: int | None = None) -> Iterator[list[dict[str, Any]]]: ...

    def count(self, entity: str, where: str = "") -> int: ...

    def company_info(self) -> Mapping[str, Any]: ...


class Shop(Protocol):
    """What reading needs of the BigCommerce client."""

    def default_location(self) -> int: ...

    def check_location(self, location_id: int) -> None: ...

    def inventory(self, location_id: int, skus: Sequence[str] = ()) -> Iterator[InventoryRow]: ...

    def tracking(self, product_ids: Sequence[int] = ()) -> dict[int, str]: ...


class Memory(Protocol):
    """What reading needs of the ledger."""

    def transaction(self) -> AbstractContextManager[None]: ...

    def cursor(self, pair: str, stream: str) -> Cursor | None: ...

    def set_cursor(self, pair: str, stream: str, cursor: Cursor) -> None: ...

    def known(self, pair: str, kind: str, ids: Iterable[str]) -> dict[str, str]: ...

    def remember(self, pair: str, kind: str, reads: Iterable[Read]) -> object: ...

    def reference(self, pair: str, name: str) -> Reference | None: ...

    def save_reference(self, pair: str, name: str, content: bytes) -> None: ...

    def without_allocation(self, pair: str) -> dict[str, bytes]: ...

    def allocate(self, pair: str, allocations: Iterable[Allocation]) -> None: ...

    def allocations(self, pair: str, since: datetime) -> list[Allocation]: ...

    def sold_elsewhere(self, pair: str, since: datetime) -> list[Sold]: ...

    def stock_items(self, pair: str) -> list[StockItem]: ...

    def remember_items(self, pair: str, items: Iterable[StockItem]) -> None: ...

    def sought(self, pair: str, skus: Iterable[str]) -> None: ...

    def stock_levels(self, pair: str) -> list[ShopLevel]: ...

    def follow_anew(self, pair: str) -> None: ...

    def learn_levels(self, pair: str, levels: Iterable[ShopLevel], *, whole: bool = False) -> None: ...

    def proposals(self, pair: str, limit: int = 20) -> list[Proposal]: ...

    def waiting_proposal(self, pair: str) -> Proposal | None: ...

    def propose(self, pair: str, reasons: Sequence[Problem], changes: Sequence[Any]) -> int: ...


@dataclass(frozen=True, kw_only=True)
class StockReading:
    """One reading of the stock on both sides of `connection`, called `name`. `sweep` and `recheck` say that all items,
    all levels of the shop are due; both are read as a whole where they never were. `store_id` tells which store the
    shop is, `read_orders` reads its orders into the ledger and says how far its clock is ahead of ours. `on_page` hears
    of each page and may raise to end it."""

    name: str
    connection: Connection
    zone: ZoneInfo
    company: Company
    shop: Shop
    memory: Memory
    sweep: bool
    recheck: bool
    store_id: Callable[[], str]
    read_orders: Callable[[], timedelta]
    clock: Callable[[], datetime]
    on_page: Callable[[], None]

    @property
    def pair(self) -> str:
        return self.connection.pair


@dataclass(frozen=True, kw_only=True)
class StockWalk:
    """What one reading brought: `items` read, of them `swept` all; `levels` of the shop read. `changes` would be
    written by now; `due` whether somebody has to look. With a `problem` nothing was remembered."""

    items: int = 0
    swept: bool = False
    levels: int = 0
    changes: int = 0
    due: bool = False
    problem: Problem | None = None


class _Unreadable(Exception):
    """The stock cannot be read as a whole or in time, or is another one's."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(kw_only=True)
class _Round:
    """What a reading knows before, and gathers; `known` and `items` by id."""

    facts: dict[str, Any]
    known: dict[str, StockItem]
    location: int
    began: datetime
    sweep: bool
    recheck: bool
    items: dict[str, StockItem] = field(default_factory=dict)
    sought: Collection[str] = ()
    levels: int = 0

    def skus(self) -> set[str]:
        """Those of all items as they are known by now."""
        return {item.sku for item in ChainMap(self.items, self.known).values() if item.sku}

    def unsought(self) -> dict[str, str]:
        """Of active items, by SKU, the SKUs as printed that the shop was never asked for."""
        active = (item for item in ChainMap(self.items, self.known).values() if item.active and item.sku)
        return {item.sku: item.label for item in active if not self._was_sought(item)}

    def _was_sought(self, item: StockItem) -> bool:
        before = self.known.get(item.item_id)
        return before is not None and before.sought and before.sku == item.sku


def read_stock(reading: StockReading) -> StockWalk:
    """Read what has moved on both sides into the ledger, and have the levels looked at if they differ.

    A stock that cannot be read as a whole, or is another company's or store's, is told of once, as a proposal that
    has nothing to approve. Raises what the clients, `read_orders` and `on_page` raise: nothing is remembered then but
    levels and orders of the shop.
    """
    _allocate_what_is_known(reading)
    round_ = _begin(reading)
    try:
        _read_items(reading, round_)
        _read_levels(reading, round_)
        _check_clock(reading.read_orders())
    except _Unreadable as unreadable:
        _propose_nothing(reading, unreadable.problem)
        return StockWalk(problem=unreadable.problem)
    return _remember(reading, round_)


def _allocate_what_is_known(reading: StockReading) -> None:
    """Orders that were read before anybody kept account of their units."""
    memory, pair, connection = reading.memory, reading.pair, reading.connection
    with memory.transaction():
        records = memory.without_allocation(pair)
        versions = memory.known(pair, ORDER, records)
        rows = ((versions[id_], read_json(record)) for id_, record in records.items())
        found = allocations(rows, start=connection.start_date, zone=reading.zone, as_sent=connection.dated_later)
        memory.allocate(pair, found)


def _begin(reading: StockReading) -> _Round:
    memory, pair, connection = reading.memory, reading.pair, reading.connection
    reference = memory.reference(pair, FACTS)
    facts = read_json(reference.content) if reference else {}
    new = memory.cursor(pair, SWEEP) is None or facts.get("match_by") != connection.products.match_by
    # Asked each time: the store may sell from another place since.
    location = connection.stock.location or reading.shop.default_location()
    moved = memory.cursor(pair, SHOP_LEVELS) is None or facts.get("location") != location
    if facts and (facts.get("location"), facts.get("match_by")) != (location, connection.products.match_by):
        memory.follow_anew(pair)
    return _Round(
        facts=facts,
        location=location,
        known={item.item_id: item for item in memory.stock_items(pair)},
        began=reading.clock(),
        sweep=reading.sweep or new,
        recheck=reading.recheck or moved,
    )


def _read_items(reading: StockReading, round_: _Round) -> None:
    with _shut_out("other_company"):
        if round_.sweep:
            _sweep(reading, round_)
        else:
            _read_what_moved(reading, round_)


@contextmanager
def _shut_out(code: str) -> Iterator[None]:
    """A side that lets nobody in may be another one."""
    try:
        yield
    except Forbidden as error:
        raise _Unreadable(Problem(code=code, text=error.text, fix=error.fix)) from error


def _sweep(reading: StockReading, round_: _Round) -> None:
    """What is known and does not come is gone, once it was asked for by id: where one goes for good between two pages,
    another one comes on neither."""
    round_.facts = _identities(reading, round_.facts)
    counted = reading.company.count("Item", EVERY_ITEM)
    read = _ask(reading, round_, EVERY_ITEM, expected=counted)
    if read < counted:
        still = reading.company.count("Item", EVERY_ITEM)
        if read < still:
            raise _Unreadable(_incomplete(read, still))
    _ask_for(
        reading, round_, [id_ for id_, item in round_.known.items() if id_ not in round_.items and not _is_gone(item)]
    )
    for id_ in round_.known.keys() - round_.items.keys():
        round_.items[id_] = replace(round_.known[id_], on_hand=None, active=False, read_at=round_.began)


def _is_gone(item: StockItem) -> bool:
    return not item.active and item.on_hand is None


def _read_what_moved(reading: StockReading, round_: _Round) -> None:
    """More may move while it is read, and nothing goes from what has moved: it is whole where it is as much as is
    counted later, or once more was read than was counted before."""
    cursor = reading.memory.cursor(reading.pair, ITEMS)
    since = (cursor.watermark if cursor else round_.began) - OVERLAP
    moved = f"{EVERY_ITEM} AND MetaData.LastUpdatedTime > {quote(since.isoformat(timespec='seconds'))}"
    if read := _ask(reading, round_, moved):
        counted = reading.company.count("Item", moved)
        if read < counted and (again := _ask(reading, round_, moved)) < counted:
            raise _Unreadable(_incomplete(again, counted))
    _ask_for(reading, round_, sorted(_booked_since(reading, round_) - round_.items.keys()))


def _ask_for(reading: StockReading, round_: _Round, ids: Sequence[str]) -> None:
    for first in range(0, len(ids), IDS_AT_ONCE):
        some = ", ".join(map(quote, ids[first : first + IDS_AT_ONCE]))
        _ask(reading, round_, f"{EVERY_ITEM} AND Id IN ({some})")


def _booked_since(reading: StockReading, round_: _Round) -> set[str]:
    levels = reading.memory.stock_levels(reading.pair)
    since = oldest_reading(round_.known.values(), reading.clock())
    return set(booked_since(round_.known, levels, reading.memory.allocations(reading.pair, since)))


def _ask(reading: StockReading, round_: _Round, where: str, *, expected: int | None = None) -> int:
    """How many items came, those of another type included: a filter by type was seen to let them through."""
    ids = set()
    for page in reading.company.pages(select("Item", where), expected=expected):
        for row in page:
            ids.add(str(row["Id"]))
            item = stock_item(row, match_by=reading.connection.products.match_by, read_at=round_.began)
            if item is not None:
                round_.items[item.item_id] = item
        reading.on_page()
    return len(ids)


def _identities(reading: StockReading, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Which company and store these are; a realm or a hash may come to stand for another one by a mistake elsewhere."""
    created = (reading.company.company_info().get("MetaData") or {}).get("CreateTime", "")
    with _shut_out("other_store"):
        now = {"company": str(created), "store": reading.store_id()}
    for side, who in (("company", "QuickBooks company"), ("store", "BigCommerce store")):
        if facts.get(side, now[side]) != now[side]:
            raise _Unreadable(
                Problem(
                    code=f"other_{side}",
                    text=f"This is another {who} than the one whose stock was read before.",
                    fix="Correct the connection's settings, or give it a ledger of its own.",
                )
            )
    return {**facts, **now, "match_by": reading.connection.products.match_by}


def _incomplete(read: int, counted: int) -> Problem:
    return Problem(
        code="incomplete_stock",
        text=f"QuickBooks counts {counted} inventory items and gave {read}; none of these is believed.",
        fix="It is read again by itself. If it comes back, report it.",
    )


def _check_clock(skew: timedelta) -> None:
    if abs(skew) > MOST_SKEW:
        raise _Unreadable(
            Problem(
                code="clock_differs",
                text=f"This machine's clock and the shop's differ by {round(abs(skew).total_seconds() / 60)} minutes: "
                "nobody can tell what was sold or booked after which reading.",
                fix="Set it: timedatectl set-ntp true.",
            )
        )


def _propose_nothing(reading: StockReading, problem: Problem) -> None:
    """Once for each time that it comes up, and never in place of levels that a person may be reading; these must not
    reach another store, though."""
    memory, pair = reading.memory, reading.pair
    with memory.transaction():
        last = next(iter(memory.proposals(pair, 1)), None)
        if last is not None and _is_told(reading, last, problem):
            return
        memory.propose(pair, [problem], [])
    logs.warning(f"The shop's stock is left as it is. {problem}", action="stock_held", connection=reading.name)


def _is_told(reading: StockReading, last: Proposal, problem: Problem) -> bool:
    same = {reason.code for reason in last.reasons} == {problem.code}
    if last.state is ProposalState.WAITING:
        return same or (last.count > 0 and problem.code in _OF_THE_MOMENT)
    cursor = reading.memory.cursor(reading.pair, ITEMS)
    since = cursor is None or last.settled_at is None or cursor.polled_at <= last.settled_at
    return last.state is ProposalState.REJECTED and same and since


def _read_levels(reading: StockReading, round_: _Round) -> None:
    """What the shop has of SKUs that it was never asked for, or of all. Remembered at once: orders that are read later
    move it."""
    unsought = round_.unsought()
    whole = round_.recheck or len(unsought) > FEW_SKUS
    if not whole and not unsought:
        return
    shop, memory, known_at, location = reading.shop, reading.memory, reading.clock(), round_.location
    if reading.connection.stock.location is not None:
        shop.check_location(location)
    if whole:
        skus: Collection[str] = round_.skus()
        tracking = shop.tracking()
        levels = shop_levels(_every_row(reading, round_), tracking, skus=skus, known_at=known_at)
    else:
        skus = unsought.keys()
        rows = list(_heard(reading, shop.inventory(location, list(unsought.values()))))
        tracking = shop.tracking(sorted({row.product_id for row in rows})) if rows else {}
        levels = shop_levels(rows, tracking, skus=skus, known_at=known_at)
    with memory.transaction():
        if round_.facts.get("location") != location:
            memory.learn_levels(reading.pair, (), whole=True)
        elif whole:
            _tell_gone(reading, levels)
        memory.learn_levels(reading.pair, levels, whole=whole)
    round_.recheck, round_.sought, round_.levels = whole, skus, len(levels)


def _every_row(reading: StockReading, round_: _Round) -> Iterator[InventoryRow]:
    """SKUs that are known and do not come are asked for once more: where a product goes between two pages, another one
    comes on neither."""
    shop, location, here = reading.shop, round_.location, set()
    for row in _heard(reading, shop.inventory(location)):
        here.add(fold(row.sku))
        yield row
    missing = [level.label for level in reading.memory.stock_levels(reading.pair) if level.sku not in here]
    if missing:
        yield from _heard(reading, shop.inventory(location, missing))


def _tell_gone(reading: StockReading, levels: Iterable[ShopLevel]) -> None:
    units = {level.unit for level in levels}
    known = reading.memory.stock_levels(reading.pair)
    gone = [level.label for level in known if level.tracked and level.unit not in units]
    if gone:
        logs.warning(
            f"{reading.name}: the shop does not count {len(gone)} SKUs any more, such as {gone[0]}. Their levels are "
            "left alone.",
            action="levels_gone",
            connection=reading.name,
            levels=len(gone),
        )


def _heard(reading: StockReading, rows: Iterable[InventoryRow]) -> Iterator[InventoryRow]:
    for number, row in enumerate(rows):
        if number % 1000 == 0:
            reading.on_page()
        yield row


def _remember(reading: StockReading, round_: _Round) -> StockWalk:
    memory, pair, stock = reading.memory, reading.pair, reading.connection.stock
    done = Cursor(watermark=round_.began, polled_at=reading.clock())
    with memory.transaction():
        memory.remember_items(pair, round_.items.values())
        memory.sought(pair, round_.sought)
        memory.save_reference(pair, FACTS, write_json(round_.facts | {"location": round_.location}).encode())
        streams = {ITEMS: True, SWEEP: round_.sweep, SHOP_LEVELS: round_.recheck}
        for stream in (stream for stream, whole in streams.items() if whole):
            memory.set_cursor(pair, stream, done)
        items = memory.stock_items(pair)
        since = oldest_reading(items, reading.clock())
        allocations, elsewhere = memory.allocations(pair, since), memory.sold_elsewhere(pair, since)
        plan = plan_levels(items, memory.stock_levels(pair), allocations, stock, elsewhere)
        due = bool(plan.changes or plan.found or plan.lost or memory.waiting_proposal(pair))
        if due:
            look = Read(id=LEVELS, version=uuid.uuid4().hex, record=b"{}", modified=round_.began)
            memory.remember(pair, STOCK, [look])
    return StockWalk(
        items=len(round_.items), swept=round_.sweep, levels=round_.levels, changes=len(plan.changes), due=due
    )
