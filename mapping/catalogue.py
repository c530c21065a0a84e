"""The shop's catalogue: what a product offers under which SKU, and the product that an item is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from cartledger.money import D
from cartledger.products import Offer, ShopProduct, item_source
from mapping.company import fold
from mapping.item import Product
from mapping.text import clean

Row = Mapping[str, Any]
"""A product as `/v3/catalog/products` answers it, with its variants."""


def read_shop_product(row: Row) -> ShopProduct:
    """A product without options has one variant, which bears the product's own SKU: it counts once. So do variants of
    one product that share a SKU, the first of them."""
    variants = row.get("variants") or ()
    offers = {offer.source: offer for offer in reversed([*_offers(row, variants)])}
    several = len(variants) > 1
    return ShopProduct(
        id=int(row["id"]),
        name=_name(row),
        offers=tuple(sorted(offers.values(), key=lambda offer: offer.source)),
        without_sku=sum(not _sku(variant) for variant in variants) if several else int(not offers),
    )


def product_of_offers(offers: Sequence[Offer]) -> Product:
    """What one SKU is, by all that is offered under it, of which there is some: the first one, and the names of the
    other products."""
    first, *rest = offers
    return Product(
        sku=first.sku,
        name=first.name,
        product_id=first.product_id,
        tracking=first.tracking,
        price=first.price,
        others=tuple(f"{offer.name} (product {offer.product_id})" for offer in rest),
    )


def _offers(row: Row, variants: Sequence[Row]) -> Iterator[Offer]:
    """Of each variant, then of the product itself. A variant without a price of its own has the product's."""
    for each in (*variants, row):
        if sku := _sku(each):
            yield Offer(
                product_id=int(row["id"]),
                name=_name(row),
                source=item_source(fold(sku)),
                sku=sku,
                price=_price(row if each.get("price") is None else each),
                tracking=str(row.get("inventory_tracking") or "none"),
            )


def _name(row: Row) -> str:
    return clean(str(row.get("name") or ""))


def _sku(row: Row) -> str:
    return str(row.get("sku") or "").strip()


def _price(row: Row) -> Decimal | None:
    try:
        return D(row["price"])
    except (KeyError, ValueError):
        return None
