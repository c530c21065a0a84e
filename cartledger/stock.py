"""Stock as both sides tell it: quantities on hand in QuickBooks, levels in the shop, units that orders took from them.

A *unit* names what the shop counts: `product:<id>` where it counts a product as a whole, `variant:<id>` where it counts
each variant. What an order took is told by both, and by the SKU of each line, since QuickBooks takes it from the item
of that SKU whatever the shop counts. Levels of the shop are whole numbers, quantities of QuickBooks may have fractions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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


def line_unit(product_id: int, variant_id: int, sku: str) -> str:
    """What a line took from whichever unit has its `sku` (with letters folded), with the ids by which it counts for its
    product and its variant, too."""
    return f"sku:{product_id}:{variant_id}:{sku}"


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


def oldest_reading(items: Iterable[StockItem], otherwise: datetime) -> datetime:
    """Since when what orders took may be missing in the quantities of these; `otherwise` where there are none."""
    return min((item.read_at for item in items), default=otherwise)


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
    """What the shop took from its stock for one order in `version`, by unit: a line counts for its product, for its
    variant and for its SKU. (An order that was read before lines told their SKUs has none of the last.) `named` are the
    units of the lines of an order that counts for nothing. `returns` tells apart the states in which the shop may have
    put units back for refunds, "" where there are none. `booked` is what of the units stands in QuickBooks, None where
    the order never stood there; `booked_at` when its last answer came."""

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
class Sold:
    """What a shop took as `unit` for one order, which is of this SKU there."""

    sku: str
    unit: str
    allocation: Allocation


def sold(allocations: Iterable[Allocation], levels: Iterable[ShopLevel]) -> Iterator[Sold]:
    """What one shop took, by the SKUs of its `levels` and of its lines."""
    skus = {level.unit: level.sku for level in levels}
    for allocation in allocations:
        for unit in allocation.units:
            if sku := sku_taken(unit, skus):
                yield Sold(sku=sku, unit=unit, allocation=allocation)


def sku_taken(unit: str, skus: Mapping[str, str]) -> str:
    """The SKU that an order took from as `unit`, where `skus` are those of the shop's levels, by unit. "" for none, and
    for a line whose product or variant tells the same."""
    kind, _, rest = unit.partition(":")
    if kind != "sku":
        return skus.get(unit, "")
    product_id, variant_id, sku = rest.split(":", 2)
    told = skus.get(product_unit(int(product_id))), skus.get(variant_unit(int(variant_id)))
    return "" if sku in told else sku


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
    not be read as a whole: there is nothing to approve. `written` is how many of its changes the shop has taken. `lost`
    are the SKUs as printed, by unit, of which QuickBooks says no quantity any more: no level of these is written."""

    id: int
    pair: str
    made_at: datetime
    reasons: tuple[Problem, ...]
    state: ProposalState
    settled_at: datetime | None
    who: str
    count: int
    written: int
    lost: Mapping[str, str] = field(default_factory=dict)
