"""The worked examples in a British company, which takes a tax code on every line: as receipts and as invoices."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

import pytest

RECEIVABLE = "Accounts Receivable (A/R)"
TAXES = {"Standard": "20.0% S", "Reduced": "5.0% R", "French": "5.5% F", "none": "0.0% Z"}


def _orders(make_order, line, recorded):
    goods = line("GOODS", 1, ("50.0000", "10.0000", "60.0000"))
    pounds = {"default_currency_code": "GBP", "currency_code": "GBP"}
    return (
        recorded("519") | pounds,
        make_order(
            1003,
            [
                line("LAMP", 1, ("100.0000", "18.0000", "120.0000"), off="12.0000"),
                line("FUEL", 1, ("100.0000", "4.5000", "105.0000"), off="10.5000"),
                line("BOOK", 1, ("40.0000", "0.0000", "40.0000"), off="4.0000"),
            ],
            subtotal=("240.0000", "22.5000", "265.0000"),
            total=("216.0000", "22.5000", "238.5000"),
            discount_amount="26.5000",
            **pounds,
        ),
        make_order(
            1005,
            [goods],
            subtotal=("50.0000", "10.0000", "60.0000"),
            shipping=("5.0000", "1.0000", "6.0000"),
            total=("55.0000", "11.0000", "66.0000"),
            gift_certificate_amount="50.0000",
            **pounds,
        ),
        make_order(
            1006,
            [goods],
            subtotal=("50.0000", "10.0000", "60.0000"),
            total=("50.0000", "10.0000", "60.0000"),
            store_credit_amount="60.0000",
            payment_method="Store Credit",
            **pounds,
        ),
    )


@pytest.fixture(scope="module")
def posted(open_lasting_books, make_order, line, recorded):
    """`posted(post_as) -> Books` after all the orders."""

    @cache
    def books_of(post_as):
        books = open_lasting_books(
            company="uk",
            home_currency="GBP",
            **{
                "sales.post_as": post_as,
                "sales.statuses": [7, 11],
                **({"sales.receipt_for_unpaid": True} if post_as == "sales_receipt" else {}),
                "tax.map": TAXES,
                "tax.out_of_scope": "No VAT",
            },
        )
        books.sim.company.add_tax_code(name="5.5% F", percent=Decimal("5.5"))
        books.add(*_orders(make_order, line, recorded))
        assert (books.sync().posted, books.held()) == (4, {})
        books.prove()
        return books

    return books_of


@pytest.fixture
def receipts(posted):
    return posted("sales_receipt")


@pytest.fixture
def invoices(posted):
    return posted("invoice")


def facts(books, number):
    """Total, tax, and what is still owed."""
    document = books.documents()[number]
    return tuple(
        f"{amount:.2f}"
        for amount in (document["TotalAmt"], document["TxnTaxDetail"]["TotalTax"], document.get("Balance", 0))
    )


def rows(books, number):
    """Item, quantity × price, amount and the tax code's name of each line."""
    names = {code["Id"]: code["Name"] for code in books.sim.company.objects("TaxCode")}
    return [(*row, names[code]) for *row, code in books.rows(number)]


def tax_rows(books, number):
    """Percent, what it is taken of, and its tax."""
    return [
        (
            f"{line['TaxLineDetail']['TaxPercent'].normalize():f}",
            f"{line['TaxLineDetail']['NetAmountTaxable']:.2f}",
            f"{line['Amount']:.2f}",
        )
        for line in books.documents()[number]["TxnTaxDetail"]["TaxLine"]
    ]


LINES_OF_519 = [
    ("BOTTLE", "10 × 236.967", "2369.67", "5.5% F"),
    ("Discount", "1 × -94.79", "-94.79", "5.5% F"),
]
SALE_OF_519 = {"Discounts given": "94.79", "Sales": "-2369.67", "VAT control": "-125.12"}


def test_2_a_manual_discount_as_an_invoice_that_is_not_paid(invoices):
    assert facts(invoices, "BC-519") == ("2400.00", "125.12", "2400.00")
    assert rows(invoices, "BC-519") == LINES_OF_519
    assert tax_rows(invoices, "BC-519") == [("5.5", "2274.88", "125.12")]
    assert invoices.entries("BC-519") == {RECEIVABLE: "2400.00"} | SALE_OF_519
    assert invoices.payment_entries("BC-519") == []


def test_2_as_a_receipt(receipts):
    assert facts(receipts, "BC-519") == ("2400.00", "125.12", "0.00")
    assert rows(receipts, "BC-519") == LINES_OF_519
    assert tax_rows(receipts, "BC-519") == [("5.5", "2274.88", "125.12")]
    assert receipts.entries("BC-519") == {"Cash clearing": "2400.00"} | SALE_OF_519


LINES_OF_1003 = [
    ("LAMP", "1 × 100", "100.00", "20.0% S"),
    ("FUEL", "1 × 100", "100.00", "5.0% R"),
    ("BOOK", "1 × 40", "40.00", "0.0% Z"),
    ("Discount", "1 × -10", "-10.00", "20.0% S"),
    ("Discount", "1 × -10", "-10.00", "5.0% R"),
    ("Discount", "1 × -4", "-4.00", "0.0% Z"),
]
TAXES_OF_1003 = [("20", "90.00", "18.00"), ("5", "90.00", "4.50"), ("0", "36.00", "0.00")]
SALE_OF_1003 = {"Discounts given": "24.00", "Sales": "-240.00", "VAT control": "-22.50"}


def test_3_one_discount_line_for_each_code_on_a_receipt(receipts):
    assert facts(receipts, "BC-1003") == ("238.50", "22.50", "0.00")
    assert rows(receipts, "BC-1003") == LINES_OF_1003
    assert tax_rows(receipts, "BC-1003") == TAXES_OF_1003
    assert receipts.entries("BC-1003") == {"Card clearing": "238.50"} | SALE_OF_1003


def test_3_and_on_an_invoice_with_its_payment(invoices):
    assert facts(invoices, "BC-1003") == ("238.50", "22.50", "0.00")
    assert rows(invoices, "BC-1003") == LINES_OF_1003
    assert tax_rows(invoices, "BC-1003") == TAXES_OF_1003
    assert invoices.entries("BC-1003") == {RECEIVABLE: "238.50"} | SALE_OF_1003
    assert invoices.payment_entries("BC-1003") == [{"Card clearing": "238.50", RECEIVABLE: "-238.50"}]


LINES_OF_1005 = [
    ("GOODS", "1 × 50", "50.00", "20.0% S"),
    ("Shipping", "1 × 5", "5.00", "20.0% S"),
    ("Gift certificate", "1 × -50", "-50.00", "No VAT"),
]
SALE_OF_1005 = {
    "Gift certificates": "50.00",
    "Sales": "-50.00",
    "Shipping income": "-5.00",
    "VAT control": "-11.00",
}


def test_5_a_certificate_redeemed_is_no_supply_on_a_receipt(receipts):
    assert facts(receipts, "BC-1005") == ("16.00", "11.00", "0.00")
    assert rows(receipts, "BC-1005") == LINES_OF_1005
    assert tax_rows(receipts, "BC-1005") == [("20", "55.00", "11.00"), ("0", "-50.00", "0.00")]
    assert receipts.entries("BC-1005") == {"Card clearing": "16.00"} | SALE_OF_1005


def test_5_and_on_an_invoice_whose_payment_is_the_rest(invoices):
    assert facts(invoices, "BC-1005") == ("16.00", "11.00", "0.00")
    assert rows(invoices, "BC-1005") == LINES_OF_1005
    assert invoices.entries("BC-1005") == {RECEIVABLE: "16.00"} | SALE_OF_1005
    assert invoices.payment_entries("BC-1005") == [{"Card clearing": "16.00", RECEIVABLE: "-16.00"}]


LINES_OF_1006 = [("GOODS", "1 × 50", "50.00", "20.0% S"), ("Store credit", "1 × -60", "-60.00", "No VAT")]
SALE_OF_1006 = {"Store credit": "60.00", "Sales": "-50.00", "VAT control": "-10.00"}


def test_6_a_receipt_paid_in_whole_with_store_credit_moves_no_money(receipts):
    assert facts(receipts, "BC-1006") == ("0.00", "10.00", "0.00")
    assert rows(receipts, "BC-1006") == LINES_OF_1006
    assert receipts.entries("BC-1006") == SALE_OF_1006
    assert "PaymentMethodRef" not in receipts.documents()["BC-1006"]


def test_6_and_an_invoice_has_no_payment(invoices):
    assert facts(invoices, "BC-1006") == ("0.00", "10.00", "0.00")
    assert rows(invoices, "BC-1006") == LINES_OF_1006
    assert invoices.entries("BC-1006") == SALE_OF_1006
    assert invoices.payment_entries("BC-1006") == []
