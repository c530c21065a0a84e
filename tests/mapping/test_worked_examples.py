"""The worked examples of the books, document by document, in cents."""

from __future__ import annotations

from decimal import Decimal

import pytest


def test_1a_coupon_and_taxed_shipping_as_receipt(example, decide, posted, rows):
    receipt = posted(decide(example("1")))
    assert receipt.entity == "SalesReceipt"
    assert receipt.number == receipt.body["DocNumber"] == "BC-1001"
    assert rows(receipt.body) == [
        ("A", "2 × 25.00", "50.00", "TAX"),
        ("B", "1 × 30.00", "30.00", "TAX"),
        ("SHIPPING_ITEM_ID", "", "10.00", "TAX"),
        ("DISC", "1 × -8.00", "-8.00", "TAX"),
    ]
    assert receipt.amount == Decimal("88.77")
    assert receipt.body["TxnTaxDetail"] == {
        "TxnTaxCodeRef": {"value": "2"},
        "TotalTax": Decimal("6.77"),
        "TaxLine": [
            {
                "Amount": Decimal(amount),
                "DetailType": "TaxLineDetail",
                "TaxLineDetail": {
                    "TaxRateRef": {"value": rate},
                    "PercentBased": True,
                    "TaxPercent": Decimal(percent),
                    "NetAmountTaxable": Decimal("82.00"),
                },
            }
            for rate, percent, amount in (("20", "6.25", "5.13"), ("21", "2", "1.64"))
        ],
    }
    assert receipt.body["ShippingTaxIncludedInTotalTax"] is True
    assert receipt.body["ApplyTaxAfterDiscount"] is True
    assert receipt.body["DepositToAccountRef"] == {"value": "100"}
    assert receipt.body["PaymentMethodRef"] == {"value": "7"}


def test_1a_with_quickbooks_own_discount_line(example, decide, posted, rows, make_connection):
    connection = make_connection(sales={"discount_product": None})
    receipt = posted(decide(example("1"), connection=connection))
    assert rows(receipt.body)[-1] == ("own discount", "", "8.00", "")
    assert receipt.body["Line"][-1]["DiscountLineDetail"] == {
        "PercentBased": False,
        "DiscountAccountRef": {"value": "103"},
    }
    assert receipt.body["ApplyTaxAfterDiscount"] is True
    assert receipt.body["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["NetAmountTaxable"] == Decimal("82.00")
    assert receipt.amount == Decimal("88.77")


def test_1a_with_b_untaxed_has_a_discount_line_for_each_code(make_order, line, decide, posted, rows):
    order = make_order(
        1001,
        [line("A", 2, "50.00", inc="54.1222", tax="3.71", off="5.00"), line("B", 1, "30.00", off="3.00")],
        subtotal=("80.00", "3.71", "84.12"),
        shipping=("10.00", "0.83"),
        coupon_discount="8.00",
        total=("82.00", "4.54", "86.54"),
    )
    assert rows(posted(decide(order)).body) == [
        ("A", "2 × 25.00", "50.00", "TAX"),
        ("B", "1 × 30.00", "30.00", "NON"),
        ("SHIPPING_ITEM_ID", "", "10.00", "TAX"),
        ("DISC", "1 × -5.00", "-5.00", "TAX"),
        ("DISC", "1 × -3.00", "-3.00", "NON"),
    ]


def test_1b_as_invoice_and_payment(example, decide, rows, make_connection):
    connection = make_connection(sales={"post_as": "invoice"})
    invoice, payment = decide(example("1"), connection=connection).documents
    assert (invoice.entity, invoice.name, invoice.order, invoice.amount) == (
        "Invoice",
        "document",
        0,
        Decimal("88.77"),
    )
    assert rows(invoice.body)[-1] == ("DISC", "1 × -8.00", "-8.00", "TAX")
    assert "DepositToAccountRef" not in invoice.body
    assert (payment.entity, payment.name, payment.order, payment.amount) == (
        "Payment",
        "payment",
        1,
        Decimal("88.77"),
    )
    assert payment.body == {
        "TxnDate": "2026-04-30",
        "CurrencyRef": {"value": "USD"},
        "CustomerRef": {"value": "9"},
        "TotalAmt": Decimal("88.77"),
        "DepositToAccountRef": {"value": "100"},
        "PaymentMethodRef": {"value": "7"},
        "Line": [{"Amount": Decimal("88.77"), "LinkedTxn": [{"TxnId": {"$ref": "document"}, "TxnType": "Invoice"}]}],
        "PrivateNote": "Payment of BigCommerce order 1001. Payment method: Credit Card.\n"
        "cartledger:abc123:payment:1001",
    }


@pytest.mark.parametrize(
    ("change", "workflows"),
    [
        ({"payment_status": "authorized"}, ["sales", "payments"]),
        ({"payment_status": "pending"}, ["sales", "payments"]),
        ({"payment_status": "captured"}, ["sales"]),
    ],
)
def test_1b_without_captured_money_or_workflow_has_no_payment(example, decide, make_connection, change, workflows):
    connection = make_connection(sales={"post_as": "invoice"}, workflows=workflows)
    decision = decide(example("1") | change, connection=connection)
    assert [document.name for document in decision.documents] == ["document"]


def test_4_gift_certificate_sold_is_no_revenue(example, decide, posted, rows):
    receipt = posted(decide(example("4")))
    assert rows(receipt.body) == [("GOODS", "1 × 20.00", "20.00", "TAX"), ("GIFT", "1 × 50.00", "50.00", "NON")]
    assert receipt.amount == Decimal("71.65")
    assert receipt.body["TxnTaxDetail"]["TotalTax"] == Decimal("1.65")


@pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])
def test_5_gift_certificate_redeemed_in_part_is_a_tender(example, decide, rows, make_connection, post_as):
    sale, *payment = decide(example("5"), connection=make_connection(sales={"post_as": post_as})).documents
    assert rows(sale.body) == [
        ("GOODS", "1 × 80.00", "80.00", "TAX"),
        ("SHIPPING_ITEM_ID", "", "5.00", "TAX"),
        ("GIFT", "1 × -50.00", "-50.00", "NON"),
    ]
    assert sale.amount == Decimal("42.01")
    assert sale.body["TxnTaxDetail"]["TotalTax"] == Decimal("7.01")
    assert [document.amount for document in payment] == ([Decimal("42.01")] if post_as == "invoice" else [])


@pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])
def test_6_paid_in_whole_with_store_credit(example, decide, rows, make_connection, post_as):
    connection = make_connection(
        sales={"post_as": post_as},
        payments={"default_account": "Clearing", "methods": {"Store Credit": {"method": "Card"}}},
    )
    (sale,) = decide(example("6"), connection=connection).documents
    assert rows(sale.body) == [("GOODS", "1 × 60.00", "60.00", "TAX"), ("CREDIT", "1 × -64.95", "-64.95", "NON")]
    assert sale.amount == Decimal("0.00")
    assert "PaymentMethodRef" not in sale.body
    assert ("DepositToAccountRef" in sale.body) == (post_as == "sales_receipt")


def test_7_fee_handling_and_wrapping_counted_once(example, decide, posted, rows):
    receipt = posted(decide(example("7")))
    assert rows(receipt.body) == [
        ("GOODS", "1 × 100.00", "100.00", "TAX"),
        ("SHIPPING_ITEM_ID", "", "12.00", "NON"),
        ("HANDLING", "1 × 3.00", "3.00", "TAX"),
        ("WRAPPING", "1 × 4.00", "4.00", "TAX"),
        ("FEE", "1 × 2.50", "2.50", "NON"),
    ]
    assert receipt.amount == Decimal("130.06")
    assert receipt.body["TxnTaxDetail"]["TotalTax"] == Decimal("8.56")


def test_automated_tax_sends_the_amount_and_no_tax_lines(example, decide, posted, rows, make_company):
    receipt = posted(decide(example("1"), company=make_company(automated=True)))
    assert receipt.body["TxnTaxDetail"] == {"TxnTaxCodeRef": {"value": "2"}, "TotalTax": Decimal("6.77")}
    assert receipt.body["ShippingTaxIncludedInTotalTax"] is True
    assert rows(receipt.body)[-1] == ("DISC", "1 × -8.00", "-8.00", "TAX")
