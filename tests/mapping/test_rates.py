"""The tax of each rate: cents laid where QuickBooks' own two sums give the shop's tax, and sent as it is elsewhere."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest

from cartledger.money import D
from mapping.tax.rows import OrderTax

TWO_RATES = {"map": {"Standard": "20.0% S", "Reduced": "5.0% R"}}
PERCENTS = {"20.0% S": D("0.2"), "5.0% R": D("0.05"), "0.0% Z": D(0)}


def cent(amount):
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def own_sums(rows):
    """QuickBooks' two ways for all rates together: each rate at once, and each line alone."""
    at_once = {code: sum(D(amount) for *_, amount, of in rows if of == code) for code in PERCENTS}
    return (
        sum(cent(at_once[code] * percent) for code, percent in PERCENTS.items()),
        sum(cent(D(amount) * PERCENTS[code]) for *_, amount, code in rows),
    )


@pytest.fixture
def discounted(make_order, line):
    """Lines at 20 %, prices with tax, 10 % off: (gross, share, scaled net, tax) of each."""

    def order(*lines, scaled, tax, net, off, gross):
        return make_order(
            1,
            [line("A", 1, ex, inc=inc, tax=line_tax, off=share) for inc, share, ex, line_tax in lines],
            subtotal=(scaled, tax, gross),
            discount_amount=off,
            total=(net, tax, str(D(gross) - D(off))),
        )

    return order


def test_a_cent_goes_where_both_sums_give_the_tax(discounted, decide_in, posted, rows, tax_lines):
    """The nearest cents are 11.11 and 37.32: 2.22 + 7.46 − 0.97 = 8.71. Laid as 11.10 and 37.33 they are taxed 8.72."""
    order = discounted(
        ("13.33", "1.33", "11.1083", "2.00"),
        ("44.79", "4.48", "37.3231", "6.72"),
        scaled="48.4314",
        tax="8.72",
        net="43.59",
        off="5.81",
        gross="58.12",
    )
    receipt = posted(decide_in("uk", order))
    assert [amount for _, _, amount, _ in rows(receipt.body)] == ["11.10", "37.33", "-4.84"]
    assert own_sums(rows(receipt.body)) == (D("8.72"), D("8.72"))
    assert tax_lines(receipt.body) == [("20.0% S 20", "43.59", "8.72")]


def test_nearest_cents_stay_where_they_give_the_tax(discounted, decide_in, posted, rows):
    order = discounted(("2500.00", "100.00", "2083.3333", "400.00"), scaled="2083.3333", tax="400.00", net="2000.00",
                       off="100.00", gross="2500.00")  # fmt: skip
    receipt = posted(decide_in("uk", order))
    assert [amount for _, _, amount, _ in rows(receipt.body)] == ["2083.33", "-83.33"]
    assert own_sums(rows(receipt.body)) == (D("400.00"), D("400.00"))


def test_cents_move_between_rates_too(make_order, line, decide_in, posted, rows, tax_lines):
    """Nets below the cent: 0.1146 at 20 % is taxed 0.02 and 10.4954 at 5 % 0.52; together they come to 10.61.

    The nearest cents, 0.11 and 10.50, would be taxed 0.02 and 0.53.
    """
    order = make_order(
        1,
        [line("A", 1, "0.1146", tax="0.02"), line("B", 1, "10.4954", tax="0.52")],
        subtotal=("10.6100", "0.54", "11.1500"),
        total=("10.61", "0.54", "11.15"),
    )
    receipt = posted(decide_in("uk", order, tax=TWO_RATES))
    assert [amount for _, _, amount, _ in rows(receipt.body)] == ["0.12", "10.49"]
    assert tax_lines(receipt.body) == [("20.0% S 20", "0.12", "0.02"), ("5.0% R 5", "10.49", "0.52")]


def test_a_tax_that_no_cents_give_is_sent_as_the_shop_charged_it(make_order, line, decide_in, posted, rows, tax_lines):
    """Three lines of 1.02 are taxed 0.20 each; on 3.06 at once it would be 0.61."""
    order = make_order(
        1,
        [line(sku, 1, "1.02", tax="0.20") for sku in ("A", "B", "GOODS")],
        subtotal=("3.06", "0.60", "3.66"),
        total=("3.06", "0.60", "3.66"),
    )
    receipt = posted(decide_in("uk", order))
    assert own_sums(rows(receipt.body)) == (D("0.61"), D("0.60"))
    assert tax_lines(receipt.body) == [("20.0% S 20", "3.06", "0.60")]


@pytest.mark.parametrize(
    ("total_tax", "standard", "reduced"),
    [("0.66", "0.60", "0.06"), ("0.67", "0.61", "0.06"), ("0.65", "0.60", "0.05")],
)
def test_a_cent_between_the_lines_and_the_total_goes_where_quickbooks_would_put_it(
    make_order, line, decide_in, posted, tax_lines, total_tax, standard, reduced
):
    """3.06 at 20 % is 0.612, of which the lines have 0.60; 1.08 at 5 % is 0.054, of which its lines have 0.06."""
    lines = [line(sku, 1, "1.02", tax="0.20") for sku in ("A", "B", "GOODS")]
    lines += [line(sku, 1, "0.54", tax="0.03") for sku in ("MUG", "BOWL")]
    inc = str(D("4.14") + D(total_tax))
    order = make_order(1, lines, subtotal=("4.14", total_tax, inc), total=("4.14", total_tax, inc))
    receipt = posted(decide_in("uk", order, tax=TWO_RATES))
    assert tax_lines(receipt.body) == [("20.0% S 20", "3.06", standard), ("5.0% R 5", "1.08", reduced)]
    assert receipt.body["TxnTaxDetail"]["TotalTax"] == D(total_tax)


def row(name, rate, amount, line):
    return OrderTax(
        name=name, class_name="", rate=D(rate), amount=D(amount), order_product_id=line, line_item_type="item"
    )


@pytest.fixture
def unknown_shares(make_order, line):
    """20.00 off 100.00 at 20 % and 100.00 at 5 %, on lines that the shop does not name: by line net 10.00 each."""

    def order(standard, reduced):
        tax = str(D(standard) + D(reduced))
        return make_order(
            1,
            [line("A", 1, "100.00", tax=standard), line("B", 1, "100.00", tax=reduced)],
            subtotal=("200.00", tax, str(D("200.00") + D(tax))),
            coupon_discount="20.00",
            total=("180.00", tax, str(D("180.00") + D(tax))),
        )

    return order


def test_a_discount_of_unknown_shares_that_fits_the_taxes(unknown_shares, decide_in, posted, rows, tax_lines):
    taxes = [row("Standard", "20", "18.00", 1), row("Reduced", "5", "4.50", 2)]
    receipt = posted(decide_in("uk", unknown_shares("18.00", "4.50"), taxes=taxes))
    assert [(amount, code) for *_, amount, code in rows(receipt.body)[2:]] == [
        ("-10.00", "20.0% S"),
        ("-10.00", "5.0% R"),
    ]
    assert tax_lines(receipt.body) == [("20.0% S 20", "90.00", "18.00"), ("5.0% R 5", "90.00", "4.50")]


def test_a_discount_of_unknown_shares_that_fell_otherwise_is_held(unknown_shares, decide_in):
    """All of it was given on the goods at 20 %: the tax of both rates is explained by no rounding."""
    taxes = [row("Standard", "20", "16.00", 1), row("Reduced", "5", "5.00", 2)]
    (problem,) = decide_in("uk", unknown_shares("16.00", "5.00"), taxes=taxes).problems
    assert problem.code == "tax_rate_differs"
    assert problem.text == "The shop charged 16.00 tax where the rate of 20 % gives 18.00."


def test_tax_on_an_order_whose_lines_bear_none(make_order, line, decide_in):
    """A cent that is within the rounding of its lines, and no rate to book it at."""
    order = make_order(1, [line("A", 1, "9.00")], subtotal=("9.00", "0.01", "9.01"), total=("9.00", "0.01", "9.01"))
    (problem,) = decide_in("uk", order).problems
    assert (problem.code, problem.text) == (
        "line_taxes_do_not_sum",
        "The order has 0.01 tax, and no line that bears any.",
    )
