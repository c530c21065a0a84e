"""Tax by rate: what counts as the shop's tax, and what as a difference."""

from __future__ import annotations

from decimal import Decimal

import pytest

from simulator.bigcommerce.store import Store
from simulator.quickbooks.company import Company
from simulator.tax_proof import Taxes

RATES = {"20": "1", "5": "2", "0": "3"}
"""Ids of the UK company's rates."""


@pytest.fixture
def off():
    """By how much a document with these taxes by percent differs from an order with these rows and fees."""

    def differs(books, rows, fees=(), kind="uk", taken_back="0"):
        shop = Store(currency="GBP")
        shop.add_order(
            {
                "id": 1,
                "taxes": [{"rate": f"{rate}.0000", "line_amount": f"{amount}00"} for rate, amount in rows],
                "fees": [{"cost_inc_tax": inc, "cost_tax": tax} for inc, tax in fees],
            }
        )
        lines = [
            {"Amount": Decimal(amount), "TaxLineDetail": {"TaxRateRef": {"value": RATES[rate]}}}
            for rate, amount in books.items()
        ]
        return Taxes(Company(kind=kind)).off_by_rate(
            shop.orders[1], {"TxnTaxDetail": {"TaxLine": lines}}, Decimal(taken_back)
        )

    return differs


@pytest.mark.parametrize(
    ("books", "rows", "by"),
    [
        ({"20": "18.00", "5": "4.50", "0": "0"}, [("20", "18.00"), ("5", "4.50")], "0.00"),
        ({"20": "18.00"}, [("20", "10.00"), ("20", "8.00")], "0.00"),
        ({"20": "18.01", "5": "4.49"}, [("20", "18.00"), ("5", "4.50")], "0.02"),
        ({"20": "22.50"}, [("20", "18.00"), ("5", "4.50")], "9.00"),
        ({}, [("20", "18.00")], "18.00"),
        ({"5": "1.00"}, [], "1.00"),
        ({}, [], "0.00"),
    ],
)
def test_each_rates_tax_is_compared_with_its_rows(off, books, rows, by):
    assert off(books, rows) == Decimal(by)


@pytest.mark.parametrize(
    ("books", "by"),
    [
        ({"20": "18.42"}, "0.00"),  # 0.42 is what 20 % takes of 2.08
        ({"20": "18.00"}, "0.42"),
        ({"20": "18.00", "5": "0.42"}, "0.316"),  # where 5 % takes 0.104, and a cent may be rounded
        ({"20": "18.43"}, "0.024"),
    ],
)
def test_the_tax_of_fees_has_no_row_and_must_be_what_a_rate_takes_of_them(off, books, by):
    assert off(books, [("20", "18.00")], fees=[("2.50", "0.42"), ("1.00", "0.00")]) == Decimal(by)


def test_a_company_that_splits_tax_by_itself_is_not_compared(off):
    assert off({"20": "1.00"}, [("5", "3.00")], kind="us_ast") == 0


def test_of_tax_that_was_taken_back_only_the_sum_is_known(off):
    assert off({"20": "18.00", "5": "2.00"}, [("20", "15.00")], taken_back="5.00") == 0
    assert off({"20": "18.00"}, [("20", "15.00")], fees=[("2.50", "0.42")], taken_back="2.58") == 0
    assert off({"20": "18.00"}, [("20", "15.00")], taken_back="2.99") == Decimal("0.01")
