"""Products of the shop's catalogue as they were read, and the SKUs under which it offers them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


def item_source(sku: str) -> str:
    """The id of the source that is the item of a SKU, whose letters are folded."""
    return f"sku:{sku}"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One SKU of one product. `source` is the id of its item's source, `sku` as it is printed; `price` in the shop's
    own currency, with tax or without as the shop enters prices, None where it cannot be read; `tracking` says how its
    stock is counted: `none`, `product` or `variant`."""

    product_id: int
    name: str
    source: str
    sku: str
    price: Decimal | None
    tracking: str


@dataclass(frozen=True, kw_only=True)
class ShopProduct:
    """One product with its SKUs, each once; `without_sku` counts the variants that have none."""

    id: int
    name: str
    offers: tuple[Offer, ...]
    without_sku: int


@dataclass(frozen=True, kw_only=True)
class CatalogueCounts:
    """What the shop has: products, SKUs, those of them that have an item in QuickBooks, variants without a SKU."""

    products: int
    skus: int
    with_item: int
    without_sku: int


@dataclass(frozen=True, kw_only=True)
class LeftItem:
    """An item of QuickBooks whose SKU was in the shop and is no more; the last product that had it, and since when."""

    item_id: str
    sku: str
    product_id: int
    name: str
    gone_at: datetime
