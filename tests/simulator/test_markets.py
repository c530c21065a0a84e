"""Shops in other countries: money, addresses and taxes of the orders, in both price modes."""

from collections import Counter, defaultdict
from decimal import Decimal

import pytest

from simulator import Simulator
from simulator.markets import MARKETS
from simulator.orders import generate

D = Decimal

# kind -> (the shop's currency, its buyers', country codes, {names of taxes charged together: percents})
EXPECTED = {
    "us": ("USD", {"USD"}, {"US"}, {("Tax",): [{"8.2500"}]}),
    "uk": ("GBP", {"GBP"}, {"GB"}, {("VAT",): [{"20.0000"}, {"5.0000"}]}),
    "au": ("AUD", {"AUD"}, {"AU"}, {("GST",): [{"10.0000"}]}),
    "ca": (
        "CAD",
        {"CAD"},
        {"CA"},
        {
            ("HST",): [{"13.0000"}],
            ("GST", "QST"): [{"5.0000", "9.9750"}],
            ("GST", "PST"): [{"5.0000", "7.0000"}],
            ("GST",): [{"5.0000"}],
        },
    ),
    "eur": ("USD", {"USD", "EUR"}, {"US", "IE", "FR", "DE"}, {("Tax",): [{"8.2500"}]}),
}


def by_line(order):
    """Rows of the goods: line id -> rows."""
    found = defaultdict(list)
    for row in order["taxes"]:
        if row["line_item_type"] == "item":
            found[int(row["order_product_id"])].append(row)
    return found


@pytest.mark.parametrize("price_mode", ["exclusive", "inclusive"])
@pytest.mark.parametrize("kind", EXPECTED)
def test_orders_of_a_country(kind, price_mode):
    shops, buyers, countries, taxes = EXPECTED[kind]
    with Simulator(company=kind, seed=5) as sim:
        sim.fill(orders=150, customers=40, price_mode=price_mode, clean=True)
        assert (sim.shop.currency, sim.company.home_currency) == (shops, shops)
        orders = list(sim.shop.orders.values())
    headers = [order.header for order in orders]
    assert {order["currency_code"] for order in headers} == buyers
    assert {order["store_default_currency_code"] for order in headers} == {shops}
    assert {order["billing_address"]["country_iso2"] for order in headers} == countries
    assert {each["country_iso2"] for order in orders for each in order.shipping_addresses} == countries
    seen = Counter()
    for order in orders:
        for rows in by_line({"taxes": order.taxes}).values():
            names = tuple(sorted(row["name"] for row in rows))
            assert {row["rate"] for row in rows} in taxes[names]
            seen[names] += 1
    assert seen.keys() == taxes.keys()


@pytest.mark.parametrize("price_mode", ["exclusive", "inclusive"])
def test_the_rows_of_a_line_are_its_tax(price_mode):
    compound = 0
    for order in generate(3, 300, 40, price_mode, "CAD", market=MARKETS["ca"], clean=True):
        rows = by_line(order)
        for line in order["products"]:
            own = rows[line["id"]]
            assert sum((D(row["line_amount"]) for row in own), D(0)) == D(line["total_tax"])
            compound += len(own) > 1
    assert compound > 50


def test_the_shop_says_what_its_money_is_worth_in_the_buyers():
    orders = generate(1, 40, 20, "exclusive", "USD", market=MARKETS["eur"], clean=True)
    rates = {
        (
            order["billing_address"]["country_iso2"] == "US",
            order["currency_code"],
            order["store_default_to_transactional_exchange_rate"],
        )
        for order in orders
    }
    assert rates == {(True, "USD", "1.0000000000"), (False, "EUR", "0.9259260000")}
    assert round(1 / D("0.925926"), 4) == D("1.0800")


def test_what_is_foreign_is_neither_the_shops_money_nor_the_buyers():
    orders = generate(1, 60, 10, "exclusive", "USD", market=MARKETS["eur"], share_odd=1)
    odd = {order["currency_code"] for order in orders if order["staff_notes"] == "simulator: foreign currency"}
    assert odd == {"GBP"}


def test_rates_of_ones_own_stand_in_for_the_markets():
    rates = {"standard": D("19"), "reduced": D(0)}
    orders = generate(1, 60, 10, "exclusive", "GBP", market=MARKETS["uk"], rates=rates)
    assert {row["rate"] for order in orders for row in order["taxes"]} == {"19.0000"}
