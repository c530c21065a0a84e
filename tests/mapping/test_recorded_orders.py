"""Orders as real shops printed them (people invented, lines invented where the recordings lack them), in cents."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mapping.decision import Held

SOURCES = ["www", "manual", "external", "test"]


@pytest.fixture
def post(recorded, decide, make_connection, make_company, posted):
    connection = make_connection(sales={"post_as": "invoice", "sources": SOURCES})

    def sale(name, currency="USD"):
        company = make_company(currency=currency)
        return posted(decide(recorded(name), connection=connection, company=company, transactions=()))

    return sale


def facts(document):
    tax = document.body.get("TxnTaxDetail", {}).get("TotalTax")
    return document.number, document.body["TxnDate"], str(document.amount), tax and str(tax)


def test_247_tax_exclusive_without_discount(post, rows):
    invoice = post("247")
    assert facts(invoice) == ("BC-247", "2019-06-20", "1008.74", "76.88")
    assert rows(invoice.body) == [
        ("JOURNAL", "1 × 41.57", "41.57", "TAX"),
        ("CHAIR", "10 × 88.29", "882.90", "TAX"),
        ("SHIPPING_ITEM_ID", "", "7.39", "TAX"),
    ]


def test_247_captured_has_its_payment(recorded, decide, make_connection):
    connection = make_connection(sales={"post_as": "invoice", "sources": SOURCES})
    decision = decide(recorded("247"), connection=connection)
    assert [(d.entity, d.amount) for d in decision.documents] == [
        ("Invoice", Decimal("1008.74")),
        ("Payment", Decimal("1008.74")),
    ]
    assert [notice.code for notice in decision.notices] == ["unmapped_method"]


def test_218_inclusive_although_its_flag_says_exclusive(post, rows):
    invoice = post("218")
    assert facts(invoice) == ("BC-218", "2019-03-05", "69.84", "5.31")
    assert rows(invoice.body) == [
        ("MUG", "2 × 15.67", "31.34", "TAX"),
        ("BOWL", "2 × 15.67", "31.34", "TAX"),
        ("SHIPPING_ITEM_ID", "", "11.09", "TAX"),
        ("DISC", "1 × -9.24", "-9.24", "TAX"),
    ]
    assert invoice.body["Line"][-1]["Description"] == "Discount and coupon SPRING"


def test_519_inclusive_with_manual_discount(post, rows):
    invoice = post("519")
    assert facts(invoice) == ("BC-519", "2026-04-28", "2400.00", "125.12")
    assert rows(invoice.body) == [
        ("BOTTLE", "10 × 236.967", "2369.67", "TAX"),
        ("DISC", "1 × -94.79", "-94.79", "TAX"),
    ]


def test_113_untaxed_with_coupon_has_no_tax_block(post, rows):
    invoice = post("113")
    assert facts(invoice) == ("BC-113", "2018-01-17", "138.95", None)
    assert rows(invoice.body) == [
        ("LAMP", "1 × 100.00", "100.00", "NON"),
        ("TRAY", "1 × 43.95", "43.95", "NON"),
        ("DISC", "1 × -5.00", "-5.00", "NON"),
    ]


@pytest.mark.parametrize(
    ("name", "expected", "lines"),
    [
        ("101", ("BC-101", "2020-08-27", "109.00", None), [("LAMP", "1 × 109.00", "109.00", "NON")]),
        ("102", ("BC-102", "2020-08-27", "10.83", "0.83"), [("MUG", "1 × 10.00", "10.00", "TAX")]),
    ],
)
def test_101_and_102_in_their_own_currency(post, rows, name, expected, lines):
    invoice = post(name, currency="AUD")
    assert facts(invoice) == expected
    assert rows(invoice.body) == lines
    assert invoice.body["CurrencyRef"] == {"value": "AUD"}


@pytest.mark.parametrize("name", ["101", "102"])
def test_101_and_102_are_held_by_a_company_of_another_currency(recorded, decide, name):
    (problem,) = decide(recorded(name)).problems
    assert problem.code == "foreign_currency"
    assert problem.text == "The order is in AUD, the company's books are in USD."


def test_100_with_overridden_total_is_held_with_its_breakdown(recorded, decide):
    decision = decide(recorded("100_overridden"))
    assert isinstance(decision, Held)
    assert [(problem.code, problem.text) for problem in decision.problems] == [
        (
            "totals_do_not_close",
            "The order's totals do not close: with tax 361.95 subtotal = 361.95, printed 361.95; "
            "without tax 336.32 subtotal = 336.32, printed 361.95; tax 25.63 subtotal = 25.63, printed 0.00.",
        )
    ]
