"""What the ledger knows of the shop's catalogue: which products offer a SKU, and which items have none any more."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cartledger.ledger.types import Link
from cartledger.products import CatalogueCounts, Offer, ShopProduct
from cartledger.records import SourceKey

PAIR = "abc123:9130"


def offer(number, sku, **more):
    facts = {"name": f"Product {number}", "price": Decimal("9.90"), "tracking": "none"} | more
    return Offer(product_id=number, source=f"sku:{sku.lower()}", sku=sku, **facts)


def product(number, *skus, without_sku=0, **more):
    offers = tuple(offer(number, sku, **more) for sku in skus)
    return ShopProduct(id=number, name=f"Product {number}", offers=offers, without_sku=without_sku)


@pytest.fixture
def link(ledger):
    """`link("CUP", "41")`: the SKU has an item in QuickBooks."""

    def linked(sku, item):
        key = SourceKey(pair=PAIR, kind="item", id=f"sku:{sku.lower()}")
        facts = {"part": "document", "entity": "Item", "sync_token": "0", "number": "", "currency": "", "hash": ""}
        ledger.set_link(Link(key=key, target_id=item, amount=Decimal(0), **facts))

    return linked


def left(ledger):
    return [(each.sku, each.item_id, each.product_id) for each in ledger.left_items(PAIR)]


def test_offers_are_as_they_were_read_last(ledger):
    assert ledger.learn_products(PAIR, [product(1, "CUP"), product(2, "cup", "MUG")]) == {"sku:cup", "sku:mug"}
    assert ledger.offers(PAIR, ["sku:cup", "sku:mug", "sku:none"]) == {
        "sku:cup": [offer(1, "CUP"), offer(2, "cup")],
        "sku:mug": [offer(2, "MUG")],
    }
    ledger.learn_products(PAIR, [product(1, "Cup", price=None, tracking="product")])
    assert ledger.offers(PAIR, ["sku:cup"])["sku:cup"][0] == offer(1, "Cup", price=None, tracking="product")
    assert ledger.offers("another:9130", ["sku:cup"]) == {}


def test_a_sku_that_a_product_has_no_more_is_told_with_those_that_it_has(ledger):
    ledger.learn_products(PAIR, [product(1, "CUP", "MUG")])
    assert ledger.learn_products(PAIR, [product(1, "MUG", "JUG")]) == {"sku:cup", "sku:mug", "sku:jug"}
    assert ledger.offers(PAIR, ["sku:cup"]) == {}
    (event,) = ledger.events(SourceKey(pair=PAIR, kind="item", id="sku:cup"))
    assert (event.what, event.detail) == ("gone in the shop", {"product": 1})


def test_counts(ledger, link):
    ledger.learn_products(PAIR, [product(1, "CUP", "MUG"), product(2, "cup", without_sku=2), product(3, without_sku=1)])
    ledger.learn_products("another:9130", [product(1, "CUP")])
    link("CUP", "41")
    assert ledger.catalogue_counts(PAIR) == CatalogueCounts(products=3, skus=2, with_item=1, without_sku=3)
    assert ledger.lose_products(PAIR, [1, 3]) == {"sku:cup", "sku:mug"}
    assert ledger.catalogue_counts(PAIR) == CatalogueCounts(products=1, skus=1, with_item=1, without_sku=2)
    assert ledger.shop_products(PAIR) == {2}


def test_an_item_is_left_once_no_product_has_its_sku(ledger, clock, link):
    ledger.learn_products(PAIR, [product(1, "CUP", "MUG", "JUG"), product(2, "CUP")])
    link("CUP", "41")
    link("MUG", "42")
    ledger.lose_products(PAIR, [1])
    assert left(ledger) == [("MUG", "42", 1)]
    clock.step(60)
    ledger.lose_products(PAIR, [2])
    assert left(ledger) == [("MUG", "42", 1), ("CUP", "41", 2)]
    assert ledger.left_items("another:9130") == []


def test_of_two_products_that_went_together_one_is_named(ledger, link):
    ledger.learn_products(PAIR, [product(1, "CUP"), product(2, "CUP")])
    link("CUP", "41")
    ledger.lose_products(PAIR, [1, 2])
    assert left(ledger) == [("CUP", "41", 2)]


@pytest.mark.parametrize("number", [1, 3], ids=["the same product", "another one"])
def test_a_sku_that_comes_back_leaves_no_item(ledger, link, number):
    ledger.learn_products(PAIR, [product(1, "CUP")])
    link("CUP", "41")
    ledger.lose_products(PAIR, [1])
    ledger.learn_products(PAIR, [product(number, "CUP")])
    assert left(ledger) == []
    assert ledger.shop_products(PAIR) == {number}
