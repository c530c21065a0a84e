"""Cents that no line can take: the rounding product within its limit, else a person."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.demos.settings import NAME


@pytest.fixture
def uneven(make_order, line):
    """An order of 20.00 and 1.65 tax by its totals, whose two lines come to `amount` and 10.00."""

    def order(amount, order_id=1001):
        lines = [
            line("A", 1, (amount, "0.8200", str(Decimal(amount) + Decimal("0.82")))),
            line("B", 1, ("10.0000", "0.8300", "10.8300")),
        ]
        totals = ("20.0000", "1.6500", "21.6500")
        return make_order(order_id, lines, subtotal=totals, total=totals)

    return order


@pytest.mark.parametrize("company", ["us", "us_ast"])
def test_cents_within_the_limit_go_to_the_rounding_product(open_books, uneven, company):
    books = open_books(company=company)
    cases = {1001: ("9.99", "0.01"), 1002: ("10.01", "-0.01"), 1003: ("9.95", "0.05")}
    books.add(*(uneven(amount, order_id) for order_id, (amount, _) in cases.items()))
    assert books.sync().posted == len(cases)
    for order_id, (amount, rounding) in cases.items():
        assert books.rows(f"BC-{order_id}") == [
            ("A", f"1 × {amount}", amount, "TAX"),
            ("B", "1 × 10", "10.00", "TAX"),
            ("Rounding", f"1 × {rounding}", rounding, "NON"),
        ]
        journal = books.entries(f"BC-{order_id}")
        assert (journal["Card clearing"], journal["Sales tax payable"]) == ("21.65", "-1.65")
        assert journal["Rounding"] == str(-Decimal(rounding))
    books.prove()
    counted = books.app.metrics.registry.get_sample_value
    assert counted("cartledger_rounding_cents_total", {"connection": NAME}) == 7


def test_more_than_the_limit_is_held_with_its_breakdown(open_books, uneven):
    books = open_books()
    books.add(uneven("9.94"), uneven("9.99", order_id=1002))
    synced = books.sync()
    assert (synced.posted, synced.held) == (1, 1)
    assert books.held() == {"1001": ["lines_do_not_close"]}
    assert books.reasons(1001) == [
        "The lines differ from the order's totals by 0.06, more than rounding_limit 0.05: "
        "with tax 21.65 subtotal = 21.65, printed 21.65; without tax 20.00 subtotal = 20.00, printed 20.00; "
        "tax 1.65 subtotal = 1.65, printed 1.65."
    ]


def test_the_limit_is_a_setting(open_books, uneven):
    books = open_books(**{"sales.rounding_limit": "0.06"})
    books.add(uneven("9.94"))
    assert books.sync().posted == 1
    assert books.rows("BC-1001")[-1] == ("Rounding", "1 × 0.06", "0.06", "NON")


def test_without_a_rounding_product_the_order_is_held_naming_the_setting(open_books, uneven):
    books = open_books(without=("rounding_product",))
    books.add(uneven("9.99"))
    books.sync()
    assert books.held() == {"1001": ["no_rounding_product"]}
    (reason,) = books.reasons(1001)
    assert "sales.rounding_product" in reason
    assert "20.00 subtotal" in reason


def test_sub_cent_lines_are_laid_so_that_they_sum_without_a_rounding_line(open_books, make_order, line):
    """Three lines of 3.3333 printed: 10.00 in all, 3.33 + 3.33 + 3.34."""
    totals = ("10.0000", "0.0000", "10.0000")
    books = open_books()
    books.add(
        make_order(1001, [line(sku, 1, ("3.3333", "0", "3.3333")) for sku in "ABC"], subtotal=totals, total=totals)
    )
    assert books.sync().posted == 1
    assert sorted(row[2] for row in books.rows("BC-1001")) == ["3.33", "3.33", "3.34"]
    books.prove()
