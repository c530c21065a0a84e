"""Lines and addresses changed after the order was placed, in cents."""

from decimal import Decimal

import pytest

from simulator.bigcommerce.editing import edit_address, edit_line, totals
from simulator.bigcommerce.fulfilment import ship
from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import refund
from simulator.orders import generate


def money(order, *names):
    return " ".join(order.header[name].removesuffix("00") for name in names)


TOTALS = ("total_ex_tax", "total_tax", "total_inc_tax")


def test_one_unit_more_loses_the_lines_coupon_and_keeps_the_others(shop, sold, clock):
    """A 3 x 25.00: 75.00, tax 6.19; B 27.00, 2.23; shipping 10.00, 0.83."""
    order = sold((1, 2, "25", "5"), (2, 1, "30", "3"), shipping="10")
    assert money(order, *TOTALS) == "82.00 6.77 88.77"
    clock.tick()
    edit_line(shop, 1001, 1, units=3)
    assert money(order, *TOTALS, "coupon_discount", "subtotal_ex_tax") == "112.00 9.25 121.25 3.00 105.00"
    assert (order.header["items_total"], order.shipping_addresses[0]["items_total"]) == (4, 4)
    assert order.header["date_modified"] == "Tue, 28 Apr 2026 15:00:00 +0000"
    assert [row["discount"] for row in order.coupons] == [3]
    line = order.products[0]
    assert (line["total_ex_tax"], line["total_tax"], line["discounted_total_inc_tax"]) == (
        "75.0000",
        "6.1900",
        "81.1900",
    )
    assert (line["price_ex_tax"], line["price_inc_tax"], line["applied_discounts"]) == ("25.0000", "27.0633", [])
    assert [row["line_amount"] for row in order.taxes] == ["6.1900", "2.2300", "0.8300"]


def test_another_price_with_tax_in_it(shop, sold):
    """2 x 30.00 at 20 %: 60.00 with 10.00 tax; shipping 6.00 with 1.00."""
    order = sold((1, 2, "60", "12"), rate="20", inclusive=True, shipping="6")
    edit_line(shop, 1001, 1, unit_price=Decimal(30))
    assert money(order, *TOTALS, "coupon_discount") == "55.00 11.00 66.00 0.00"
    assert order.coupons == []
    assert (order.products[0]["price_ex_tax"], order.products[0]["price_inc_tax"]) == ("25.0000", "30.0000")


def test_a_line_taken_away(shop, sold):
    order = sold((1, 2, "25", "5"), (2, 1, "30", "3"), shipping="10", wrapping="4")
    edit_line(shop, 1001, 1, units=0)
    assert money(order, *TOTALS, "wrapping_cost_ex_tax") == "37.00 3.06 40.06 0.00"
    assert [line["id"] for line in order.products] == [2]
    assert [(row["line_item_type"], row["order_product_id"], row["line_amount"]) for row in order.taxes] == [
        ("item", "2", "2.2300"),
        ("shipping", None, "0.8300"),
    ]


def test_bundled_children_follow_their_parent(shop, sold):
    order = sold((1, 2, "25", "0"), (2, 4, "0", "0"), (3, 1, "5", "0"))
    order.products[1]["parent_order_product_id"] = 1
    edit_line(shop, 1001, 1, units=3)
    assert ([line["quantity"] for line in order.products], order.header["items_total"]) == ([3, 6, 1], 4)
    edit_line(shop, 1001, 1, units=0)
    assert [line["id"] for line in order.products] == [3]


def test_what_went_out_or_came_back_is_not_changed(shop, sold):
    sold((1, 2, "25", "0"), (2, 1, "30", "0"), (3, 1, "5", "0"))
    ship(shop, 1001, {1: 1})
    refund(shop, 1001, Asked(products={2: 1}))
    for line in (1, 2, 9):
        with pytest.raises(ValueError, match=f"no line {line} that can be changed"):
            edit_line(shop, 1001, line, units=5)


@pytest.mark.parametrize("mode", ["exclusive", "inclusive"])
def test_totals_worked_out_anew_are_those_of_every_generated_order(shop, mode):
    for raw in generate(3, 150, price_mode=mode, share_odd=0):
        order = shop.add_order(raw)
        found = totals(order)
        assert {name: order.header[name] for name in found} == found


def test_addresses(shop, sold, clock):
    order = sold((1, 2, "25", "0"))
    before = money(order, *TOTALS)
    edit_address(shop, 1001, city="Utrecht")
    edit_address(shop, 1001, 900, city="Leiden")
    assert (order.header["billing_address"]["city"], order.shipping_addresses[0]["city"]) == ("Utrecht", "Leiden")
    assert money(order, *TOTALS) == before
