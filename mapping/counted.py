"""What both sides count, as the API's answers say it: inventory items of QuickBooks, units of the shop."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, Protocol

from cartledger.money import D
from cartledger.stock import Allocation, ShopLevel, StockItem, product_unit, sku_taken, variant_unit
from mapping.company import fold, read_item

INVENTORY = "Inventory"


class InventoryRow(Protocol):
    """What a location of the shop has `on_hand`; `variant_id` None where the shop tells the product alone."""

    @property
    def sku(self) -> str: ...

    @property
    def variant_id(self) -> int | None: ...

    @property
    def product_id(self) -> int: ...

    @property
    def on_hand(self) -> int: ...


def stock_item(raw: Mapping[str, Any], *, match_by: Literal["name", "sku"], read_at: datetime) -> StockItem | None:
    """An Item as QuickBooks answers it; None for one that it does not count."""
    item = read_item(raw)
    if item.type != INVENTORY:
        return None
    on_hand = raw.get("QtyOnHand")
    label = item.name if match_by == "name" else item.sku
    return StockItem(
        item_id=item.id,
        sku=fold(label),
        label=label,
        on_hand=None if on_hand is None else D(on_hand),
        active=item.active,
        read_at=read_at,
    )


def shop_levels(
    rows: Iterable[InventoryRow], tracking: Mapping[int, str], *, skus: Collection[str], known_at: datetime
) -> list[ShopLevel]:
    """The units of the shop that have one of `skus` (folded). `tracking` says by product how it is counted.

    A product that is counted as a whole under several SKUs is none: which item its level follows nobody can tell.
    """
    found: dict[str, ShopLevel | None] = {}
    for row in rows:
        unit, sku = _unit(row, tracking), fold(row.sku)
        if unit is None or sku not in skus:
            continue
        other = found.get(unit, _level(row, unit, known_at))
        found[unit] = other if other is not None and other.sku == sku else None
    return [level for level in found.values() if level is not None]


def booked_since(
    items: Mapping[str, StockItem], levels: Iterable[ShopLevel], allocations: Iterable[Allocation]
) -> Iterator[str]:
    """The ids of `items` (by id) whose quantity an order of ours has moved since they were read."""
    by_sku: dict[str, list[StockItem]] = {}
    for item in items.values():
        by_sku.setdefault(item.sku, []).append(item)
    skus = {level.unit: level.sku for level in levels}
    for allocation in allocations:
        if allocation.booked_at is None:
            continue
        for unit in {*allocation.units, *(allocation.booked or {})}:
            sku = sku_taken(unit, skus)
            for item in by_sku.get(sku, ()) if sku else ():
                if item.read_at <= allocation.booked_at:
                    yield item.item_id


def _unit(row: InventoryRow, tracking: Mapping[int, str]) -> str | None:
    match tracking.get(row.product_id):
        case "product":
            return product_unit(row.product_id)
        case "variant" if row.variant_id is not None:
            return variant_unit(row.variant_id)
    return None


def _level(row: InventoryRow, unit: str, known_at: datetime) -> ShopLevel:
    return ShopLevel(unit=unit, sku=fold(row.sku), label=row.sku, level=row.on_hand, sure=True, known_at=known_at)
