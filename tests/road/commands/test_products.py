"""`cartledger products`: which SKUs have an item, which cannot get one, which items are left. No call is made."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from cartledger.ledger.types import Cursor
from producers.products import WHOLE, WHOLE_EVERY


@pytest.fixture
def road(make_sim, make_road):
    """A catalogue in which two products have the same SKU and one has none; no accounts for what is counted."""
    sim = make_sim()
    shop = sim.shop
    shop.add_product(sku="BOWL", name="Oak bowl", price=Decimal(20), product_id=7, tracked=True)
    shop.add_product(sku="MUG", name="Mug", price=Decimal(8), product_id=8)
    shop.add_product(sku="mug", name="Tin mug", price=Decimal(9), product_id=9)
    shop.add_product(sku="", name="Voucher", price=Decimal(50), product_id=10)
    variants = {"LAMP-R": 0, "LAMP-B": 0}
    shop.add_product(sku="", name="Lamp", price=Decimal(35), product_id=11, variants=variants)
    accounts = {"income": "Sales", "expense": "Cost of Goods Sold"}
    products = {"create_missing": True, "sync": "all", "noninventory_accounts": accounts, "inventory_accounts": None}
    return make_road(sim, products=products)


def test_before_anything_was_read(road, command):
    facts = command(road).facts("products")["demo"]
    numbers = dict.fromkeys(("products", "skus", "with_item", "waiting", "without_sku"), 0)
    assert facts == numbers | {
        "reads_catalogue": True,
        "last_read": None,
        "last_read_whole": None,
        "held": [],
        "left": [],
    }
    assert "demo" in command(road)("products", "demo").stdout


def test_what_has_an_item_and_what_cannot_get_one(road, command):
    road.sync()
    road.sim.reset_counts()
    facts = command(road).facts("products", "demo")["demo"]
    assert {name: facts[name] for name in ("products", "skus", "with_item", "waiting", "without_sku")} == {
        "products": 5,
        "skus": 4,
        "with_item": 2,
        "waiting": 0,
        "without_sku": 1,
    }
    assert {each["code"]: each["skus"] for each in facts["held"]} == {
        "no_inventory_accounts": ["bowl"],
        "sku_of_several": ["mug"],
    }
    shown = command(road)("products").stdout
    (row,) = [line.split() for line in shown.replace("│", " ").splitlines() if line.startswith("demo ")]
    assert row[3:] == ["5", "4", "2", "0", "2", "1"]
    assert all(text in shown for text in ("no_inventory_accounts", "sku_of_several", "bowl", "mug", "retry --cause"))
    assert road.sim.report()["bigcommerce"]["calls"] == 0


def test_items_whose_products_are_gone(road, command):
    road.sync()
    shop, ledger = road.sim.shop, road.ledger
    shop.products[:] = [product for product in shop.products if product["id"] != 11]
    cursor = ledger.cursor(road.pair, WHOLE)
    long_ago = cursor.polled_at - WHOLE_EVERY - timedelta(seconds=1)
    ledger.set_cursor(road.pair, WHOLE, Cursor(watermark=cursor.watermark, polled_at=long_ago))
    road.sync()
    left = command(road).facts("products")["demo"]["left"]
    assert [(each["sku"], each["product"], each["product_id"]) for each in left] == [
        ("LAMP-B", "Lamp", 11),
        ("LAMP-R", "Lamp", 11),
    ]
    by_id = {item["Id"]: item["Sku"] for item in road.sim.company.objects("Item") if "Sku" in item}
    assert [by_id[each["item"]] for each in left] == ["LAMP-B", "LAMP-R"]
    shown = command(road)("products").stdout
    assert "The shop has no more products of these SKUs." in shown
    assert all(any(sku in line and "Lamp" in line for line in shown.splitlines()) for sku in ("LAMP-B", "LAMP-R"))


def test_a_connection_that_reads_no_catalogue_says_so(shop, make_road, command):
    said = 'demo: its catalogue is read with products.create_missing and products.sync = "all" only.'
    assert said in command(make_road(shop))("products").stdout


def test_a_connection_that_is_not_there(road, command):
    assert 'There is no connection "dmo". Did you mean "demo"?' in command(road)("products", "dmo", expect=2).stderr
