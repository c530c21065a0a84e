"""What products of the catalogue offer under which SKUs, and the product that an item is made of."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cartledger.products import Offer
from mapping.catalogue import product_of_offers, read_shop_product


def variant(sku, price=None):
    return {"id": 70, "product_id": 7, "sku": sku, "price": price}


def row(sku="", *variants, **more):
    return {
        "id": 7,
        "name": "Oak bowl",
        "sku": sku,
        "price": Decimal("20.5"),
        "inventory_tracking": "product",
        "date_modified": "2026-05-01T12:00:00+00:00",
        "variants": list(variants),
    } | more


@pytest.mark.parametrize(
    ("product", "offers", "without_sku"),
    [
        (row("BOWL", variant("BOWL")), [("sku:bowl", "BOWL", "20.5")], 0),
        (row("BOWL", variant("")), [("sku:bowl", "BOWL", "20.5")], 0),
        (row("BOWL", variant("bowl ", Decimal(19))), [("sku:bowl", "bowl", "19")], 0),
        (row("", variant("")), [], 1),
        (row(""), [], 1),
        (row("", variant("L-R"), variant("L-B", 0)), [("sku:l-b", "L-B", "0"), ("sku:l-r", "L-R", "20.5")], 0),
        (row("", variant("L-R"), variant(""), variant(" ")), [("sku:l-r", "L-R", "20.5")], 2),
        (row("", variant("L-R", 1), variant("l-r", 2)), [("sku:l-r", "L-R", "1")], 0),
        # The product's own SKU is one of the catalogue like those of its variants.
        (row("L", variant("L-R"), variant("L-B")), [(f"sku:{s.lower()}", s, "20.5") for s in ("L", "L-B", "L-R")], 0),
        (row("BOWL", variant("BOWL"), price="?"), [("sku:bowl", "BOWL", None)], 0),
        (row(None, variant(None)), [], 1),
    ],
    ids=lambda value: "" if isinstance(value, dict | list) else str(value),
)
def test_each_sku_counts_once(product, offers, without_sku):
    found = read_shop_product(product)
    assert [(o.source, o.sku, None if o.price is None else str(o.price)) for o in found.offers] == offers
    assert found.without_sku == without_sku


@pytest.mark.parametrize(
    ("told", "tracking"), [("product", "product"), ("variant", "variant"), ("none", "none"), (None, "none")]
)
def test_how_the_stock_is_counted(told, tracking):
    (offer,) = read_shop_product(row("BOWL", inventory_tracking=told)).offers
    assert (offer.tracking, offer.product_id, offer.name) == (tracking, 7, "Oak bowl")


def test_names_are_cleaned_of_what_quickbooks_does_not_take():
    assert read_shop_product(row("BOWL", name=" Oak\tbowl 🥣")).name == "Oak bowl"


def offer(number, name):
    return Offer(product_id=number, name=name, source="sku:mug", sku="MUG", price=Decimal(number), tracking="none")


def test_a_sku_of_several_products_is_the_first_ones_and_names_the_others():
    found = product_of_offers([offer(3, "Mug"), offer(5, "Tin mug"), offer(9, "Mug")])
    assert (found.sku, found.product_id, found.name, found.price) == ("MUG", 3, "Mug", 3)
    assert found.others == ("Tin mug (product 5)", "Mug (product 9)")
    assert product_of_offers([offer(3, "Mug")]).others == ()
