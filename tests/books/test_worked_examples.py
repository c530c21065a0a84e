"""The worked examples through the whole road: lines, debits and credits in cents, asked of the company itself."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

import pytest

RECEIVABLE = "Accounts Receivable (A/R)"
GOODS_OF_1001 = {"Cost of Goods Sold": "24.00", "Inventory Asset": "-24.00"}
SALE_OF_1001 = {
    "Discounts given": "8.00",
    "Sales": "-80.00",
    "Shipping income": "-10.00",
    "Sales tax payable": "-6.77",
}
LINES_OF_1001 = [
    ("A", "2 × 25", "50.00", "TAX"),
    ("B", "1 × 30", "30.00", "TAX"),
    ("Shipping", "1 × 10", "10.00", "TAX"),
    ("Discount", "1 × -8", "-8.00", "TAX"),
]


def _orders(make_order, line):
    certificate = line("", 1, ("50.0000", "0.0000", "50.0000"), type="giftcertificate", order_address_id=0)
    fee = {"id": 1, "type": "custom_fee", "display_name_merchant": "Small order fee"}
    fee |= {"cost_ex_tax": "2.5000", "cost_inc_tax": "2.5000", "cost_tax": "0.0000"}
    order_1001 = make_order(
        1001,
        [
            line("A", 2, ("50.0000", "3.7100", "54.1222"), off="5.0000"),
            line("B", 1, ("30.0000", "2.2300", "32.4778"), off="3.0000"),
        ],
        subtotal=("80.0000", "5.9400", "86.6000"),
        shipping=("10.0000", "0.8300", "10.8300"),
        total=("82.0000", "6.7700", "88.7700"),
        coupon_discount="8.0000",
    )
    return (
        order_1001,
        order_1001 | {"id": 1901, "payment_status": "authorized"},
        make_order(
            1004,
            [
                line("GOODS", 1, ("20.0000", "1.6500", "21.6500")),
                certificate | {"name": "$50.00 Gift Certificate", "gift_certificate_id": 7},
            ],
            subtotal=("70.0000", "1.6500", "71.6500"),
            total=("70.0000", "1.6500", "71.6500"),
        ),
        make_order(
            1005,
            [line("GOODS", 1, ("80.0000", "6.6000", "86.6000"))],
            subtotal=("80.0000", "6.6000", "86.6000"),
            shipping=("5.0000", "0.4100", "5.4100"),
            total=("85.0000", "7.0100", "92.0100"),
            gift_certificate_amount="50.0000",
        ),
        make_order(
            1006,
            [line("GOODS", 1, ("60.0000", "4.9500", "64.9500"))],
            subtotal=("60.0000", "4.9500", "64.9500"),
            total=("60.0000", "4.9500", "64.9500"),
            store_credit_amount="64.9500",
            payment_method="Store Credit",
        ),
        make_order(
            1007,
            [line("GOODS", 1, ("100.0000", "8.0000", "108.0000"), wrapping=("4.0000", "0.3200", "4.3200"))],
            subtotal=("100.0000", "8.0000", "108.0000"),
            shipping=("12.0000", "0.0000", "12.0000"),
            handling=("3.0000", "0.2400", "3.2400"),
            wrapping=("4.0000", "0.3200", "4.3200"),
            total=("121.5000", "8.5600", "130.0600"),
            fees=[fee],
        ),
    )


@pytest.fixture(scope="module")
def posted(open_lasting_books, make_order, line):
    """`posted(company, post_as) -> Books` after all the orders; each pair of them once."""

    @cache
    def books_of(company, post_as):
        books = open_lasting_books(company=company, **{"sales.post_as": post_as})
        books.sim.company.add_item(name="A", sku="A", kind="inventory", cost=Decimal("12.00"), quantity=Decimal(100))
        books.add(*_orders(make_order, line))
        only_invoiced = {1901} if post_as == "sales_receipt" else set()
        synced = books.sync()
        assert (synced.posted, synced.excluded, books.held()) == (6 - len(only_invoiced), len(only_invoiced), {})
        books.prove()
        return books

    return books_of


@pytest.fixture(params=["us", "us_ast"])
def receipts(request, posted):
    return posted(request.param, "sales_receipt")


@pytest.fixture(params=["us", "us_ast"])
def invoices(request, posted):
    return posted(request.param, "invoice")


def facts(books, number):
    """Total, tax, and what is still owed."""
    document = books.documents()[number]
    tax = document.get("TxnTaxDetail", {}).get("TotalTax", 0)
    return tuple(f"{amount:.2f}" for amount in (document["TotalAmt"], tax, document.get("Balance", 0)))


def test_1a_coupon_and_taxed_shipping_as_a_receipt(receipts):
    assert facts(receipts, "BC-1001") == ("88.77", "6.77", "0.00")
    assert receipts.rows("BC-1001") == LINES_OF_1001
    assert receipts.entries("BC-1001") == {"Card clearing": "88.77"} | SALE_OF_1001 | GOODS_OF_1001


def test_1b_as_an_invoice_and_its_payment(invoices):
    assert facts(invoices, "BC-1001") == ("88.77", "6.77", "0.00")
    assert invoices.rows("BC-1001") == LINES_OF_1001
    assert invoices.entries("BC-1001") == {RECEIVABLE: "88.77"} | SALE_OF_1001 | GOODS_OF_1001
    assert invoices.payment_entries("BC-1001") == [{"Card clearing": "88.77", RECEIVABLE: "-88.77"}]


def test_1b_money_that_is_only_authorised_leaves_the_invoice_open(invoices):
    assert facts(invoices, "BC-1901") == ("88.77", "6.77", "88.77")
    assert invoices.rows("BC-1901") == LINES_OF_1001
    assert invoices.payment_entries("BC-1901") == []
    assert invoices.sim.company.balances()[RECEIVABLE] == Decimal("88.77")


def test_2_prices_with_tax_and_a_manual_discount(open_books, recorded):
    books = open_books(**{"sales.post_as": "invoice", "sales.statuses": [7], "tax.map": {"*": "Five and a half"}})
    books.sim.company.add_tax_code(name="Five and a half", percent=Decimal("5.5"))
    books.add(recorded("519"))
    books.sync()
    assert facts(books, "BC-519") == ("2400.00", "125.12", "2400.00")
    assert books.rows("BC-519") == [
        ("BOTTLE", "10 × 236.967", "2369.67", "TAX"),
        ("Discount", "1 × -94.79", "-94.79", "TAX"),
    ]
    (tax_line,) = books.documents()["BC-519"]["TxnTaxDetail"]["TaxLine"]
    assert tax_line["Amount"] == Decimal("125.12")
    assert tax_line["TaxLineDetail"]["NetAmountTaxable"] == Decimal("2274.88")
    assert tax_line["TaxLineDetail"]["TaxPercent"] == Decimal("5.5")
    assert books.entries("BC-519") == {
        RECEIVABLE: "2400.00",
        "Discounts given": "94.79",
        "Sales": "-2369.67",
        "Sales tax payable": "-125.12",
    }
    books.prove()


def test_4_a_gift_certificate_sold_is_no_revenue(receipts):
    assert facts(receipts, "BC-1004") == ("71.65", "1.65", "0.00")
    assert receipts.rows("BC-1004") == [
        ("GOODS", "1 × 20", "20.00", "TAX"),
        ("Gift certificate", "1 × 50", "50.00", "NON"),
    ]
    assert receipts.entries("BC-1004") == {
        "Card clearing": "71.65",
        "Sales": "-20.00",
        "Gift certificates": "-50.00",
        "Sales tax payable": "-1.65",
    }


LINES_OF_1005 = [
    ("GOODS", "1 × 80", "80.00", "TAX"),
    ("Shipping", "1 × 5", "5.00", "TAX"),
    ("Gift certificate", "1 × -50", "-50.00", "NON"),
]
SALE_OF_1005 = {
    "Gift certificates": "50.00",
    "Sales": "-80.00",
    "Shipping income": "-5.00",
    "Sales tax payable": "-7.01",
}


def test_5_a_gift_certificate_redeemed_is_a_tender_on_a_receipt(receipts):
    assert facts(receipts, "BC-1005") == ("42.01", "7.01", "0.00")
    assert receipts.rows("BC-1005") == LINES_OF_1005
    assert receipts.entries("BC-1005") == {"Card clearing": "42.01"} | SALE_OF_1005


def test_5_and_on_an_invoice_whose_payment_is_the_rest(invoices):
    assert facts(invoices, "BC-1005") == ("42.01", "7.01", "0.00")
    assert invoices.rows("BC-1005") == LINES_OF_1005
    assert invoices.entries("BC-1005") == {RECEIVABLE: "42.01"} | SALE_OF_1005
    assert invoices.payment_entries("BC-1005") == [{"Card clearing": "42.01", RECEIVABLE: "-42.01"}]


LINES_OF_1006 = [("GOODS", "1 × 60", "60.00", "TAX"), ("Store credit", "1 × -64.95", "-64.95", "NON")]
SALE_OF_1006 = {"Store credit": "64.95", "Sales": "-60.00", "Sales tax payable": "-4.95"}


def test_6_a_receipt_paid_in_whole_with_store_credit_moves_no_money(receipts):
    assert facts(receipts, "BC-1006") == ("0.00", "4.95", "0.00")
    assert receipts.rows("BC-1006") == LINES_OF_1006
    assert receipts.entries("BC-1006") == SALE_OF_1006
    assert "PaymentMethodRef" not in receipts.documents()["BC-1006"]


def test_6_and_an_invoice_has_no_payment(invoices):
    assert facts(invoices, "BC-1006") == ("0.00", "4.95", "0.00")
    assert invoices.rows("BC-1006") == LINES_OF_1006
    assert invoices.entries("BC-1006") == SALE_OF_1006
    assert invoices.payment_entries("BC-1006") == []


def test_7_fee_handling_and_wrapping_are_each_counted_once(receipts):
    assert facts(receipts, "BC-1007") == ("130.06", "8.56", "0.00")
    assert receipts.rows("BC-1007") == [
        ("GOODS", "1 × 100", "100.00", "TAX"),
        ("Shipping", "1 × 12", "12.00", "NON"),
        ("Handling", "1 × 3", "3.00", "TAX"),
        ("Wrapping", "1 × 4", "4.00", "TAX"),
        ("Fee", "1 × 2.5", "2.50", "NON"),
    ]
    assert receipts.entries("BC-1007") == {
        "Card clearing": "130.06",
        "Sales": "-100.00",
        "Shipping income": "-12.00",
        "Handling income": "-3.00",
        "Wrapping income": "-4.00",
        "Fee income": "-2.50",
        "Sales tax payable": "-8.56",
    }
