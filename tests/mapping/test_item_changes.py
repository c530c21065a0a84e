"""What of an item follows the shop: what has changed there since it was said last, and how QuickBooks is told."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from mapping.item import Product, read_product, write_product
from mapping.item_changes import (
    Prices,
    changed,
    fields_of,
    foreign_prices,
    read_prices,
    read_said,
    said_of,
    said_when_made,
    write_said,
)
from simulator.quickbooks.company import Company
from tests.known import known

BOWL = Product(sku="BOWL", name="Oak bowl", product_id=7, tracking="product", price=Decimal("20.50"))
BOTH = ("price", "description")
DOLLARS = Prices(currency="USD", with_tax=False)


def hashed(product, update=BOTH):
    return read_said(write_said(said_when_made(product, update)))


@pytest.mark.parametrize(
    ("now", "update", "names"),
    [
        ({}, BOTH, set()),
        ({"price": Decimal("20.5")}, BOTH, set()),
        ({"sku": "bowl", "product_id": 8, "tracking": "none"}, BOTH, set()),
        ({"price": Decimal("20.51")}, BOTH, {"price"}),
        ({"price": Decimal("20.51")}, ("description",), set()),
        ({"price": Decimal(0)}, BOTH, {"price"}),
        ({"price": None}, BOTH, set()),
        ({"name": "Bowl"}, BOTH, {"description"}),
        ({"name": "Bowl"}, ("price",), set()),
        ({"name": "Bowl", "price": Decimal(1)}, BOTH, {"price", "description"}),
        ({"name": "Bowl", "price": Decimal(1)}, (), set()),
    ],
)
def test_what_has_changed_in_the_shop(now, update, names):
    assert changed(hashed(BOWL), said_of(replace(BOWL, **now)), update) == names


def test_of_what_was_never_said_nothing_has_changed():
    """Links of earlier versions, and of items that somebody else has made."""
    for text in ("", "3f0a9c", "price:"):
        assert read_said(text) == {}
        assert changed(read_said(text), said_of(BOWL), BOTH) == frozenset()


def test_a_price_that_should_have_been_on_a_new_item_changes_when_it_is_known():
    unknown = replace(BOWL, price=None)
    assert changed(hashed(unknown), said_of(BOWL), BOTH) == {"price"}
    assert changed(hashed(unknown, ()), said_of(BOWL), BOTH) == frozenset()


def test_the_same_price_again_is_another_change():
    assert write_said(said_of(BOWL), "3") != write_said(said_of(BOWL), "4")
    assert read_said(write_said(said_of(BOWL), "3")) == said_of(BOWL)


@pytest.mark.parametrize(
    ("price", "unit_price"),
    [("20.50", "20.5"), ("0", "0"), ("100", "100"), ("0.12345678", "0.1234568"), ("0.00000005", "0.0000001")],
)
def test_a_price_has_at_most_seven_places(price, unit_price):
    found = fields_of(replace(BOWL, price=Decimal(price)), BOTH, known(Company()), DOLLARS)
    assert found == {"UnitPrice": Decimal(unit_price), "Description": "Oak bowl"}


@pytest.mark.parametrize(
    ("kind", "with_tax", "told"),
    [
        ("us", True, {}),
        ("us_ast", False, {}),
        ("uk", True, {"SalesTaxIncluded": True}),
        ("ca", False, {"SalesTaxIncluded": False}),
    ],
)
def test_only_outside_the_us_a_price_says_whether_tax_is_in_it(kind, with_tax, told):
    company = known(Company(kind=kind))
    prices = Prices(currency=company.home_currency, with_tax=with_tax)
    assert fields_of(BOWL, ("price",), company, prices) == {"UnitPrice": Decimal("20.5"), **told}


def test_a_price_in_another_currency_is_none():
    prices = Prices(currency="EUR", with_tax=False)
    assert fields_of(BOWL, BOTH, known(Company()), prices) == {"Description": "Oak bowl"}
    assert foreign_prices(known(Company()), prices).text == (
        "products.update names the price, but the shop enters prices in EUR and the books are in USD: items get no "
        "price."
    )


def test_a_long_name_is_cut():
    (description,) = fields_of(replace(BOWL, name="B " * 3000), ("description",), known(Company()), DOLLARS).values()
    assert len(description) <= 4000


def test_how_the_store_enters_prices():
    assert read_prices({"currency": "GBP", "is_price_entered_with_tax": True}) == Prices(currency="GBP", with_tax=True)
    assert read_prices({"currency": "USD"}) == DOLLARS


@pytest.mark.parametrize("product", [BOWL, Product(sku="X", name="", product_id=0), replace(BOWL, others=("Tin mug",))])
def test_a_product_comes_back_from_the_ledger_as_it_was(product):
    assert read_product(write_product(product)) == product


def test_what_an_order_wants_is_written_as_before_there_was_a_catalogue():
    assert write_product(Product(sku="X", name="Y", product_id=3)) == {"sku": "X", "name": "Y", "product_id": 3}
