"""What `cartledger check` notes of refunds and closed books where all is well, and what it asks the shop for it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import refund

LAST = 1006
REFUNDS = {
    "connection": {"workflows": ["sales", "payments", "refunds"]},
    "refunds": {
        "number_prefix": "R",
        "no_restock_product": "Returned goods",
        "adjustment_product": "Refund adjustments",
    },
}
WHOLE = "Of the last 6 orders 6 would be posted, 0 held, 0 left out."


@pytest.fixture
def sim(make_sim):
    sim = make_sim()
    sim.fill(orders=6, customers=3, clean=True)
    return sim


@pytest.fixture
def told(sim, make_road, command):
    """(level, code, sentence) of all that `check` says, but how many orders there are; and the shop's calls."""

    def tell(*, expect=0, **sections):
        road = make_road(sim, **sections)
        sim.reset_counts()
        found = command(road).facts("check", expect=expect)["demo"]
        facts = [(each["level"], each["code"], each["text"].partition("connections.demo")[2]) for each in found]
        return [each for each in facts if each[1] != "start_long_ago"], sim.report()["bigcommerce"]["calls"]

    return tell


def test_refunds_of_the_last_orders_cost_one_call_for_fifty_of_them(sim, told):
    refund(sim.shop, LAST, Asked(amount=Decimal("5.00")))
    without, calls = told(**REFUNDS | {"refunds": {}, "connection": {}})
    assert (without[-1][1], calls) == ("trial", 7)
    assert told(**REFUNDS) == ([("note", "trial", f": {WHOLE}")], 8)


def test_a_refund_that_would_be_held_holds_its_order(sim, told):
    """The order's other documents would be posted all the same."""
    refund(sim.shop, LAST, Asked(tax_adjustment=Decimal("0.50")))
    (warning, trial), _ = told(**REFUNDS)
    assert warning[0] == "warning"
    assert warning[2].startswith(f": One of the last 6 orders ({LAST}) would be held: Refund ")
    assert trial[2] == ": Of the last 6 orders 5 would be posted, 1 held, 0 left out."


def test_refunds_that_cannot_be_read(sim, told):
    sim.faults.add(side="bigcommerce", call="refunds", kind="status", status=403)
    (problem, trial), _ = told(expect=2, **REFUNDS)
    assert problem[:2] == ("problem", "shop")
    assert problem[2].startswith(".bigcommerce: The token may not read refunds. (BigCommerce 403")
    assert trial[2] == f": {WHOLE}"


@pytest.mark.option("refunds.restock")
@pytest.mark.parametrize(
    ("restock", "store", "noted"),
    [
        ("never", True, ""),
        ("always", False, ""),
        ("shop", True, "The store puts refunded goods back to stock, and so do their refunds in QuickBooks."),
        (
            "shop",
            False,
            "The store puts no refunded goods back to stock: their refunds name refunds.no_restock_product.",
        ),
    ],
)
def test_what_the_store_does_with_refunded_goods(sim, told, restock, store, noted):
    sim.shop.inventory_settings["refund_order_stock_adjustment"] = store
    line = sim.shop.orders[LAST].products[0]["id"]
    refund(sim.shop, LAST, Asked(products={line: 1}))
    named = {"no_restock_product": None} if restock == "always" else {}
    found, calls = told(**REFUNDS | {"refunds": REFUNDS["refunds"] | named | {"restock": restock}})
    assert found[:-1] == ([("note", "restocking", f".refunds.restock: {noted}")] if noted else [])
    assert (found[-1][2], calls) == (f": {WHOLE}", 9 if restock == "shop" else 8)


@pytest.mark.option("closed_books")
@pytest.mark.parametrize(
    ("policy", "what"),
    [("hold", "is held"), ("first_open_day", "is booked on 2026-01-01, with its own day in the note")],
)
def test_the_closing_date_and_what_it_means(sim, told, policy, what):
    sim.company.close_books("2025-12-31")
    found, _ = told(connection={"closed_books": policy, "start_date": "2026-01-01"})
    text = f"The company's books are closed up to 2025-12-31: what is heard of a day up to then {what}."
    assert found[0] == ("note", "closing_date", f".closed_books: {text}")


def test_a_company_whose_books_are_open_has_no_closing_date(told):
    assert told() == ([("note", "trial", f": {WHOLE}")], 7)
