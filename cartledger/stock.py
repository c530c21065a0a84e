"""Stock as both sides tell it: quantities on hand in QuickBooks, levels in the shop, units that orders took from them.

A *unit* names what the shop counts: `product:<id>` where it counts a product as a whole, `variant:<id>` where it counts
each variant. Levels of the shop are whole numbers, quantities of QuickBooks may have fractions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from cartledger.errors import Problem

STOCK, LEVELS = "stock", "levels"
"""The kind and the id of the one source of a pair that says: its levels have to be looked at."""

ITEMS, SWEEP = "stock", "stock sweep"
"""The streams whose cursors say how far QuickBooks' items were read, and when all of them were."""

SHOP_LEVELS = "shop levels"
"""The stream whose cursor says when all levels of the shop were read."""

ANEW = "stock anew"
"""The stream whose cursor says since when levels are of the location, and follow the items, that they do now."""


def product_unit(product_id: int) -> str:
    return f"product:{product_id}"


def variant_unit(variant_id: int) -> str:
    return f"variant:{variant_id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class StockItem:
    """An inventory item of QuickBooks. `sku` is what it is matched by, with letters folded ("" where it has none), and
    `label` the same as printed; `on_hand` None where QuickBooks does not say; `read_at` when the question that it was
    read with began; `sought`: the shop was asked for its SKU since the item has it."""

    item_id: str
    sku: str
    label: str
    on_hand: Decimal | None
    active: bool
    read_at: datetime
    sought: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ShopLevel:
    """What the shop is believed to hold of one unit at the location that is kept.

    `level` is what was last read there or written to it, less what new orders took since. It is not `sure` where
    something happened whose outcome nobody can tell: a write without an answer, an order as the shop was taking a write
    in, a cancellation. `known_at` is when it was read or written; `moves` counts what orders did to it; `trouble` says
    why the shop refused the last write, "" where it did not. `tracked`: it had an item in QuickBooks that said a
    quantity, as far as a person has agreed with.
    """

    unit: str
    sku: str
    label: str
    level: int
    sure: bool
    known_at: datetime
    moves: int = 0
    trouble: str = ""
    tracked: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Allocation:
    """What the shop took from its stock for one order in `version`, by unit: a line counts for its product and for its
    variant. `named` are the units of the lines of an order that counts for nothing. `returns` tells apart the states in
    which the shop may have put units back for refunds, "" where there are none. `booked` is what of the units stands in
    QuickBooks, None where the order never stood there; `booked_at` when its last answer came."""

    order_id: str
    version: str
    created: datetime
    modified: datetime
    units: Mapping[str, Decimal]
    named: Collection[str] = ()
    returns: str = ""
    booked: Mapping[str, Decimal] | None = None
    booked_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SoldElsewhere:
    """What another shop of the company took of `unit`, which has this SKU there, for one order."""

    sku: str
    unit: str
    allocation: Allocation


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelChange:
    """One level that is to be written: `new` in place of `old`, from `on_hand` in QuickBooks less the units that are
    `allocated` to orders, of whichever shop, that it does not hold. `moves` is the level's count as this was worked
    out."""

    unit: str
    sku: str
    label: str
    item_id: str
    old: int
    on_hand: Decimal
    allocated: Decimal
    new: int
    moves: int


class ProposalState(StrEnum):
    """What became of levels that a person has to look at."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"  # what it was stopped for has passed by itself


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Levels that are not written before a person approves them, and why. One without `count` says that the stock could
    not be read as a whole: there is nothing to approve. `written` is how many of its changes the shop has taken."""

    id: int
    pair: str
    made_at: datetime
    reasons: tuple[Problem, ...]
    state: ProposalState
    settled_at: datetime | None
    who: str
    count: int
    written: int
