"""Levels that the shop should have: decided from what the ledger knows of both sides, and written, one call after the
other.

Unlike a document a level can be written twice without harm, so what became of a call is never looked up: a level that
nobody is sure of is written again. What must not happen is that an older level arrives after a newer one. Therefore one
worker at a time writes those of a pair, and nobody while a call without an answer may still be carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from cartledger.errors import TryLater
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Claim
from cartledger.records import SourceKey
from cartledger.settings import Connection, Stock
from cartledger.stock import LevelChange, Proposal
from consumers.circuit import Breaker
from consumers.outcome import Outcome
from mapping.levels import StockPlan, plan_levels

AT_ONCE = 2000  # BigCommerce takes no more in one call
REASON = "cartledger: quantity on hand in QuickBooks"
REFUSALS_IN_A_ROW = 25
"""Of calls that do not say whom they refuse. Halving 2,000 levels finds one that is wrong with 12."""

TURN = timedelta(minutes=10)
"""Longer than one call of the client takes with all its waits."""

NOT_YOUR_TURN = timedelta(seconds=5)


class Shop(Protocol):
    """What is asked of the shop."""

    def default_location(self) -> int: ...

    def check_location(self, location_id: int) -> None: ...

    def adjust(self, location_id: int, levels: Mapping[str, int], *, reason: str) -> None: ...


class NotEnabled(TryLater):
    """The connection may not write."""

    def __init__(self) -> None:
        super().__init__("the connection is not enabled")


@dataclass(kw_only=True)
class Written:
    """How many levels the shop has taken, and by unit those that it has not, with its words."""

    count: int = 0
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Approved:
    """What became of approved levels. `left_out` are those that would be above what the shop may sell by now."""

    written: Written
    left_out: Sequence[LevelChange]


OnProgress = Callable[[Sequence[LevelChange]], None]
"""Hears, after each call, of the levels that the shop took with it."""


def planned(ledger: Ledger, pair: str, stock: Stock) -> StockPlan:
    """What the ledger's knowledge of both sides comes to. Items are read first: whatever moves meanwhile is taken off
    then, though it may be in their quantities already."""
    items = ledger.stock_items(pair)
    levels = ledger.stock_levels(pair)
    since = min((item.read_at for item in items), default=ledger.clock())
    return plan_levels(items, levels, ledger.allocations(pair, since), stock)


class LevelWriter:
    """Writes levels of one connection to the shop. Everything may raise LedgerTrouble."""

    def __init__(
        self,
        *,
        connection: Connection,
        ledger: Ledger,
        shop: Shop,
        breaker: Breaker,
        new_owner: Callable[[], str],
        clock: Callable[[], datetime],
    ) -> None:
        self.pair = connection.pair
        self._stock = connection.stock
        self._in_flight = connection.in_flight
        self._ledger = ledger
        self._shop = shop
        self._breaker = breaker
        self._owner = new_owner()
        self._clock = clock
        self._turn = f"stock:{self.pair}"
        self._call = f"stock-write:{self.pair}"

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Whoever plans and writes levels is the only one meanwhile. Raises TryLater where somebody else does, or where
        a call that was never answered may still be carried out."""
        if not self._ledger.lease(self._turn, self._owner, TURN):
            raise TryLater("Somebody else is writing levels.")
        try:
            yield
        finally:
            self._ledger.unlease(self._turn, self._owner)

    def write(self, changes: Sequence[LevelChange], on_progress: OnProgress) -> Written:
        """All of them, in calls one after the other, while the turn is ours. What a refusal names, or halving finds, is
        left out and remembered as refused.

        Raises Pause and Stop where the shop cannot be told: what it may have taken is not sure any more. Raises
        NotEnabled as soon as the connection may not write, and Refused where the shop takes nothing at all.
        """
        raise NotImplementedError

    def approve(self, proposal: Proposal, who: str, on_progress: OnProgress) -> Approved | None:
        """Write what a proposal lists, and nothing else, under a turn of its own; None where somebody has decided about
        it before. One whose writing was broken off is taken up where it stopped."""
        raise NotImplementedError


class StockDesk:
    """The desk of the one source that says: the levels of this pair have to be looked at."""

    def __init__(
        self,
        *,
        connection: Connection,
        name: str,
        ledger: Ledger,
        shop: Shop,
        breaker: Breaker,
        new_owner: Callable[[], str],
        clock: Callable[[], datetime],
    ) -> None:
        self.lease = TURN
        self._connection = connection
        self._name = name
        self._ledger = ledger
        self._shop = shop
        self._breaker = breaker
        self._new_owner = new_owner
        self._clock = clock

    def work(self, claims: Sequence[Claim]) -> Mapping[SourceKey, Outcome]:
        """Decide, and write what may be written. Raises LedgerTrouble only."""
        raise NotImplementedError
