"""Bundles: what is chosen within another product has a line of its own, and no cent is booked twice or lost."""

from __future__ import annotations

import pytest

CHILD = {"parent_order_product_id": 1}
GRANDCHILD = {"parent_order_product_id": 2}


@pytest.fixture
def bundle(make_order, line):
    """A bundle for 20.00 without tax and 24.00 with, of which a coupon takes a tenth off the parent: 18.00 + 3.60.

    `children` are (SKU, units, without tax, with tax, tax[, more]).
    """

    def order(mode, parent, *children, sku="B", **more):
        ex, inc, tax = parent
        off = {"exclusive": "2.00", "inclusive": "2.40"}[mode]
        lines = [line(sku, 1, ex, inc=inc, tax=tax, off=off)]
        for child_sku, units, child_ex, child_inc, child_tax, *details in children:
            lines.append(line(child_sku, units, child_ex, inc=child_inc, tax=child_tax, **(details or [CHILD])[0]))
        printed = {
            "subtotal": ("20.00", "3.60", "24.00"),
            "total": ("18.00", "3.60", "21.60"),
            "coupon_discount": off,
        }
        return make_order(1, lines, **(printed | more))

    return order


MODES = pytest.mark.parametrize("mode", ["exclusive", "inclusive"])
WHOLE = ("20.00", "24.00", "3.60")
PART = ("12.00", "14.40", "2.00")
S = "20.0% S"


@MODES
def test_children_at_nothing_stay_for_their_stock(bundle, decide_in, posted, rows, mode):
    order = bundle(mode, WHOLE, ("A", 2, "0.00", "0.00", "0.00"), ("MUG", 1, "0.00", "0.00", "0.00"))
    receipt = posted(decide_in("uk", order))
    assert rows(receipt.body) == [
        ("B", "1 × 20.00", "20.00", S),
        ("A", "2 × 0.00", "0.00", "0.0% Z"),
        ("MUG", "1 × 0.00", "0.00", "0.0% Z"),
        ("DISC", "1 × -2.00", "-2.00", S),
    ]
    assert str(receipt.amount) == "21.60"


@MODES
def test_children_that_bear_their_own_money(bundle, decide_in, posted, rows, mode):
    order = bundle(mode, PART, ("A", 2, "8.00", "9.60", "1.60"))
    receipt = posted(decide_in("uk", order))
    assert rows(receipt.body) == [
        ("B", "1 × 12.00", "12.00", S),
        ("A", "2 × 4.00", "8.00", S),
        ("DISC", "1 × -2.00", "-2.00", S),
    ]
    assert str(receipt.amount) == "21.60"


@MODES
def test_children_whose_money_is_their_parents_printed_once_more(bundle, decide_in, posted, rows, mode):
    order = bundle(
        mode, WHOLE, ("A", 2, "8.00", "9.60", "1.44"), ("MUG", 1, "12.00", "14.40", "2.16", CHILD | {"off": "1.20"})
    )
    receipt = posted(decide_in("uk", order))
    assert rows(receipt.body) == [
        ("B", "1 × 20.00", "20.00", S),
        ("A", "2 × 0.00", "0.00", "0.0% Z"),
        ("MUG", "1 × 0.00", "0.00", "0.0% Z"),
        ("DISC", "1 × -2.00", "-2.00", S),
    ]
    assert str(receipt.amount) == "21.60"


@MODES
def test_children_of_children(bundle, decide_in, posted, rows, mode):
    order = bundle(mode, PART, ("A", 2, "0.00", "0.00", "0.00"), ("MUG", 4, "8.00", "9.60", "1.60", GRANDCHILD))
    receipt = posted(decide_in("uk", order))
    assert [row[:3] for row in rows(receipt.body)] == [
        ("B", "1 × 12.00", "12.00"),
        ("A", "2 × 0.00", "0.00"),
        ("MUG", "4 × 2.00", "8.00"),
        ("DISC", "1 × -2.00", "-2.00"),
    ]


def test_a_parent_without_a_price_and_children_with_theirs(make_order, line, decide, posted, rows):
    children = [line("A", 1, "12.00", tax="0.99", **CHILD), line("MUG", 2, "8.00", tax="0.66", **CHILD)]
    totals = ("20.00", "1.65", "21.65")
    receipt = posted(decide(make_order(1, [line("B", 1, "0.00"), *children], subtotal=totals, total=totals)))
    assert rows(receipt.body) == [
        ("B", "1 × 0.00", "0.00", "NON"),
        ("A", "1 × 12.00", "12.00", "TAX"),
        ("MUG", "2 × 4.00", "8.00", "TAX"),
    ]


@pytest.mark.parametrize("child", ["0.00", "3.00"])
def test_fees_within_the_subtotal_are_no_money_of_the_children(make_order, line, decide, posted, rows, child):
    fee = {"id": 1, "name": "Small order", "cost_ex_tax": "2.00", "cost_inc_tax": "2.00", "cost_tax": "0.00"}
    totals = ("22.00", "0.00", "22.00")
    order = make_order(
        1,
        [line("B", 1, "20.00"), line("A", 1, child, **CHILD)],
        subtotal=totals,
        total=totals,
        fees=[fee | {"display_name_merchant": "Small order fee"}],
    )
    assert [row[:3] for row in rows(posted(decide(order)).body)] == [
        ("B", "1 × 20.00", "20.00"),
        ("A", "1 × 0.00", "0.00"),
        ("FEE", "1 × 2.00", "2.00"),
    ]


@pytest.mark.parametrize("units", [1, 4])
def test_units_may_be_counted_with_or_without_the_children(bundle, decide_in, posted, units):
    order = bundle("inclusive", WHOLE, ("A", 3, "0.00", "0.00", "0.00"), items_total=units)
    assert str(posted(decide_in("uk", order)).amount) == "21.60"


def test_lines_that_are_neither_sum_are_held(bundle, decide_in, codes):
    order = bundle("exclusive", PART, ("A", 2, "5.00", "6.00", "1.00"))
    assert codes(decide_in("uk", order)) == {"lines_do_not_close", "line_taxes_do_not_sum"}


def test_a_child_is_a_line_like_others_where_it_has_no_item(bundle, decide_in, posted, rows, codes):
    """Its stock moves: an order that does not say which is not posted without it."""
    order = bundle("exclusive", WHOLE, ("NEW", 2, "0.00", "0.00", "0.00"))
    assert codes(decide_in("uk", order)) == {"no_item"}
    default = posted(decide_in("uk", order, sections={"sales": {"default_product": "DEFAULT"}}))
    assert rows(default.body)[1] == ("DEFAULT", "2 × 0.00", "0.00", "0.0% Z")
    assert default.body["Line"][1]["Description"] == "NEW: Product NEW"
    made = decide_in("uk", order, sections={"products": {"match_by": "name", "create_missing": True}})
    assert [(product.sku, product.product_id) for product in made.wants] == [("NEW", 1)]


def test_a_parent_without_a_sku_goes_to_the_default_product(bundle, decide_in, posted, rows, codes):
    order = bundle("exclusive", WHOLE, ("A", 2, "0.00", "0.00", "0.00"), sku="")
    assert codes(decide_in("uk", order)) == {"blank_sku"}
    default = posted(decide_in("uk", order, sections={"sales": {"default_product": "DEFAULT"}}))
    assert [row[:3] for row in rows(default.body)] == [
        ("DEFAULT", "1 × 20.00", "20.00"),
        ("A", "2 × 0.00", "0.00"),
        ("DISC", "1 × -2.00", "-2.00"),
    ]
