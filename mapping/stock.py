"""How many units a new item begins with: what the shop has, and what it has sold that the books will still sell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cartledger.errors import Problem
from cartledger.money import ZERO, D
from cartledger.records import Order
from cartledger.settings import Connection
from mapping.company import fold
from mapping.decision import Excluded
from mapping.facts import UNREAD
from mapping.item import Product
from mapping.rules import CANCELLED, DECLINED, INCOMPLETE, REFUNDED, screen

_WITHOUT_STOCK = frozenset({INCOMPLETE, REFUNDED, CANCELLED, DECLINED})
"""Statuses of orders for which the shop has taken no stock, or has put it back."""

_SOME_DAY = datetime(9000, 1, 1, tzinfo=UTC)

Row = Mapping[str, Any]
"""A product or a variant as `/v3/catalog` answers it."""


def is_counted(row: Row | None) -> bool:
    """Whether the shop counts the stock of a product; it does not where there is none (custom, or deleted since)."""
    return row is not None and row.get("inventory_tracking") in ("product", "variant")


def level_of(product: Product, row: Row, variants: Iterable[Row]) -> Decimal | Problem:
    """The shop's stock of one SKU: of the product `row`, or of its variants with that SKU (none: 0)."""
    if row.get("inventory_tracking") == "variant":
        mine = (variant for variant in variants if fold(str(variant.get("sku") or "")) == product.key)
        return sum((D(variant.get("inventory_level") or 0) for variant in mine), ZERO)
    if row.get("base_variant_id") is None:
        return Problem(
            code="stock_of_several",
            text=f'The shop counts "{product.name}" for all its variants together, so that the stock of '
            f'"{product.sku}" alone is not known, and products.opening_quantity is "store".',
            fix="Let the shop count by variant, or create the item in QuickBooks with its quantity.",
        )
    return D(row.get("inventory_level") or 0)


def units_to_come(
    orders: Sequence[Order], connection: Connection, zone: ZoneInfo, taken_back: Collection[int] = ()
) -> dict[str, Decimal]:
    """Units of each SKU, by its key, that the shop has taken from its stock and that `orders` will take from
    QuickBooks' when they are posted. None of `orders` stands in QuickBooks; refunded goods of those whose ids are in
    `taken_back` come back there with their refunds."""
    units: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for order in orders:
        if _will_be_posted(order, connection, zone):
            for line in order.lines:
                back = line.refunded if order.id in taken_back else ZERO
                units[fold(line.sku)] += line.quantity - back
    return dict(units)


def _will_be_posted(order: Order, connection: Connection, zone: ZoneInfo) -> bool:
    """Now, when a person has mended what holds it, or when it is paid or shipped: a sale that waits for that has taken
    stock. (Where it is cancelled instead, the shop gets back what was counted here.)"""
    statuses = connection.sales.statuses
    if order.status_id in _WITHOUT_STOCK - {*statuses}:
        return False
    finished = replace(order, status_id=statuses[0], shipped=order.shipped or _SOME_DAY)
    return not isinstance(screen(finished, connection, zone, UNREAD), Excluded)
