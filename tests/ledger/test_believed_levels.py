"""What the ledger believes of the shop's levels, walked by a state machine against a shop that takes writes in late.

Buyers order, change and cancel at any moment; the shop's clock is not ours; orders and levels are remembered long after
they were read; answers are lost. Whenever the ledger says that it is sure of a level, the shop has that level once it
has taken in what it accepted and all orders are read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from cartledger.ledger.store import Ledger
from cartledger.money import D
from cartledger.stock import Allocation, LevelChange, ShopLevel

PAIR = "abc123:9130"
UNITS = ("product:1", "variant:2")
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SKEW = 120  # seconds by which the shop's clock may be off
LANDS_WITHIN = 300  # seconds after the shop has accepted a level
IN_FLIGHT = 130

units = st.sampled_from(UNITS)
quantities = st.integers(0, 4)
seconds = st.sampled_from([1, 60, 300, 500, 700, 900, 5000])


class FastLedger(Ledger):
    """Nothing here needs to survive a power cut."""

    synchronous: ClassVar[str] = "OFF"


@dataclass(frozen=True)
class Order:
    """As the shop tells it."""

    id: str
    created: datetime
    modified: datetime
    taken: dict[str, int]
    versions: int = 1
    returns: str = ""

    def allocation(self) -> Allocation:
        return Allocation(
            order_id=self.id,
            version=str(self.versions),
            created=self.created,
            modified=self.modified,
            units={unit: D(number) for unit, number in self.taken.items() if number},
            named=() if any(self.taken.values()) else tuple(self.taken),
            returns=self.returns,
        )


class BelievedLevels(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.now = START
        self.ledger = FastLedger.open(Path(self.directory.name) / "ledger.db", clock=lambda: self.now)
        self.ids = count(1)
        self.levels = dict.fromkeys(UNITS, 10)
        self.orders: dict[str, Order] = {}
        self.events: list[tuple[datetime, int, Callable[[], None]]] = []
        self.accepted: list[tuple[datetime, dict[str, int]]] = []
        self.pages: list[list[Order]] = []
        self.looks: list[list[ShopLevel]] = []
        self.remembered: set[str] = set()
        self.worked_out: list[LevelChange] = []
        self.quiet_from = START

    def teardown(self) -> None:
        self.poll()
        self.ledger.close()
        self.directory.cleanup()

    @initialize(skew=st.integers(-SKEW, SKEW), looked=st.booleans(), edits_move_stock=st.booleans())
    def begin(self, skew: int, looked: bool, edits_move_stock: bool) -> None:
        self.skew, self.edits_move_stock = timedelta(seconds=skew), edits_move_stock
        if looked:
            self.look()
            self.learn(0, whole=True)
            self.wait(5000)

    # Time

    @rule(seconds=seconds)
    def wait(self, seconds: int) -> None:
        until = self.now + timedelta(seconds=seconds)
        while self.events and min(self.events)[0] <= until:
            event = min(self.events)
            self.events.remove(event)
            self._reach(event[0])
            event[2]()
        self._reach(until)

    def _reach(self, at: datetime) -> None:
        self.now = at
        while self.accepted and self.accepted[0][0] <= at:
            self.levels |= self.accepted.pop(0)[1]

    def _later(self, seconds: int, what: Callable[[], None]) -> None:
        self.events.append((self.now + timedelta(seconds=seconds), next(self.ids), what))

    # The shop

    @rule(unit=units, number=st.integers(1, 4))
    def buy(self, unit: str, number: int) -> None:
        told = self.now + self.skew
        id_ = str(next(self.ids))
        self.orders[id_] = Order(id_, told, told, {unit: number})
        self.levels[unit] -= number

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), unit=units, number=quantities)
    def edit(self, data: st.DataObject, unit: str, number: int) -> None:
        """To nothing, too, which is what a cancellation does, for good. A line that is gone is no longer told of: that
        it ever was cannot be known where the order was not read before."""
        order = self._one(data)
        gone = not number and any(taken for other, taken in order.taken.items() if other != unit)
        if not any(order.taken.values()) or (gone and order.id not in self.remembered):
            return
        if self.edits_move_stock:
            self.levels[unit] += order.taken.get(unit, 0) - number
        self._changed(order, taken=order.taken | {unit: number})

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), puts_back=st.booleans())
    def refund(self, data: st.DataObject, puts_back: bool) -> None:
        order = self._one(data)
        if puts_back:
            for unit, number in order.taken.items():
                self.levels[unit] += number
        self._changed(order, returns=str(next(self.ids)))

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def ship(self, data: st.DataObject) -> None:
        self._changed(self._one(data))

    def _one(self, data: st.DataObject) -> Order:
        """Nobody touches an order while it is being placed."""
        order = self.orders[data.draw(st.sampled_from(sorted(self.orders)))]
        self.wait(max(0, 61 + int((order.created - self.now - self.skew).total_seconds())))
        return order

    def _changed(self, order: Order, **more: object) -> None:
        told = self.now + self.skew
        self.orders[order.id] = replace(order, modified=told, versions=order.versions + 1, **more)

    # What is read of it

    @rule()
    def read_orders(self) -> None:
        self.pages.append(list(self.orders.values()))

    @precondition(lambda self: self.pages)
    @rule(which=st.integers(0, 9))
    def remember_orders(self, which: int) -> None:
        page = self.pages.pop(which % len(self.pages))
        self._remember(page)

    def _remember(self, orders: Collection[Order]) -> None:
        self.ledger.allocate(PAIR, [order.allocation() for order in orders])
        self.remembered |= {order.id for order in orders}

    @rule()
    def look(self) -> None:
        self.looks.append(
            [
                ShopLevel(unit=unit, sku=unit, label=unit, level=level, sure=True, known_at=self.now)
                for unit, level in self.levels.items()
            ]
        )

    @precondition(lambda self: self.looks)
    @rule(which=st.integers(0, 9), whole=st.booleans())
    def learn(self, which: int, *, whole: bool) -> None:
        self.ledger.learn_levels(PAIR, self.looks.pop(which % len(self.looks)), whole=whole)

    # What is written to it

    @rule(wanted=st.dictionaries(units, st.integers(0, 30), min_size=1))
    def work_out(self, wanted: dict[str, int]) -> None:
        self.worked_out = [
            LevelChange(
                unit=level.unit,
                sku=level.sku,
                label=level.label,
                item_id="7",
                old=level.level,
                on_hand=D(0),
                allocated=D(0),
                new=wanted[level.unit],
                moves=level.moves,
            )
            for level in self.ledger.stock_levels(PAIR)
            if level.unit in wanted
        ]

    @precondition(lambda self: self.worked_out and self.now >= self.quiet_from)
    @rule(
        arrives=st.integers(0, IN_FLIGHT - 10),
        lands=st.integers(0, LANDS_WITHIN),
        answer=st.sampled_from(["at once", "at once", "late", "lost", "never executed"]),
    )
    def write(self, arrives: int, lands: int, answer: str) -> None:
        changes, self.worked_out = self.worked_out, []
        self.ledger.write_begins(PAIR, [change.unit for change in changes])
        self.quiet_from = self.now + timedelta(seconds=IN_FLIGHT)
        if answer == "at once":
            self._accept(changes, lands)
            self._answer(changes)
        elif answer != "never executed":
            self._later(arrives, lambda: self._accept(changes, lands))
        if answer == "late":
            self._later(IN_FLIGHT - 5, lambda: self._answer(changes))

    def _accept(self, changes: list[LevelChange], lands: int) -> None:
        """First in, first out."""
        lands_at = max([self.now + timedelta(seconds=lands), *(at for at, _ in self.accepted)])
        self.accepted.append((lands_at, {change.unit: change.new for change in changes}))
        self._reach(self.now)

    def _answer(self, changes: list[LevelChange]) -> None:
        self.ledger.written(PAIR, changes)
        self.quiet_from = self.now

    @precondition(lambda self: self.now >= self.quiet_from)
    @rule(lands=st.integers(0, LANDS_WITHIN))
    def follow(self, lands: int) -> None:
        """Whatever is unsure is written, as the program does each time."""
        unsure = {level.unit: level.level for level in self.ledger.stock_levels(PAIR) if not level.sure}
        if unsure:
            self.work_out(unsure)
            self.write(0, lands, "at once")

    # What must hold

    @rule()
    def poll(self) -> None:
        """All orders are read and remembered."""
        self._remember(self.orders.values())
        shown = dict(self.levels)
        for _, levels in self.accepted:
            shown |= levels
        believed = {level.unit: level.level for level in self.ledger.stock_levels(PAIR) if level.sure}
        assert believed == {unit: shown[unit] for unit in believed}


TestBelievedLevels = BelievedLevels.TestCase
TestBelievedLevels.settings = settings(max_examples=max(100, settings.default.max_examples), stateful_step_count=50)
