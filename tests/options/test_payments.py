"""What the settings of payments do: where the money goes, when it counts as come, and what two payments make of an
order. Order 1001 comes to 64.96: 60.00 and 4.96 tax."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mapping.facts import Standing
from mapping.transactions import read_transactions

INVOICE = {"sales.post_as": "invoice"}
VISA = {"Credit Card": {"account": "Checking", "method": "Visa"}}
BOTH = {"Credit Card": {"method": "Visa"}, "PayPal": {"account": "PayPal clearing", "method": "PayPal"}}
IN_TWO = {"payment_method": "Credit Card, PayPal"}
CAME = ("captured", "paid", "partially refunded", "refunded")
NOT_COME = ("authorized", "capture pending", "held for review", "declined", "void", "void pending")
NOT_SAID = ("pending", "", "of a later version")


def row(number, amount, *, event="purchase", gateway="stripe", day="2026-05-01", **more):
    return {
        "id": number,
        "event": event,
        "method": "credit_card",
        "amount": Decimal(amount),
        "currency": "USD",
        "gateway": gateway,
        "gateway_transaction_id": f"pay_{number}",
        "date_created": f"{day}T15:30:00+00:00",
        "test": False,
        "status": "ok",
        "reference_transaction_id": None,
        **more,
    }


def rows(*each):
    return {"transactions": read_transactions(each)}


def payments(decided):
    """Account, method, reference, day and amount of each payment."""
    return [
        (
            decided.name("Account", "DepositToAccountRef", number),
            decided.name("PaymentMethod", "PaymentMethodRef", number),
            body.get("PaymentRefNum"),
            body["TxnDate"],
            f"{body['TotalAmt']:.2f}",
        )
        for number, (kind, body) in enumerate(zip(decided.kinds, decided.documents, strict=True))
        if kind == "Payment"
    ]


# -- where the money goes


@pytest.mark.option("payments.default_account", "payments.methods.*.account", "payments.methods.*.method")
@pytest.mark.parametrize(
    ("changes", "account", "method", "notices"),
    [
        ({}, "Card clearing", None, ["unmapped_method"]),
        ({"payments.default_account": "Checking"}, "Checking", None, ["unmapped_method"]),
        ({"payments.methods": VISA}, "Checking", "Visa", []),
        ({"payments.methods": {"CREDIT card": {"method": "Visa"}}}, "Card clearing", "Visa", []),
        ({"payments.methods": {"PayPal": {"account": "PayPal clearing"}}}, "Card clearing", None, ["unmapped_method"]),
    ],
)
def test_account_and_method_of_receipts_and_payments(decide, order, changes, account, method, notices):
    raw = order(payment_provider_id="ch_1NirD82eZvKYlo2CIvbtLWuY")
    receipt = decide(raw, **changes)
    assert receipt.kinds == ["SalesReceipt"]
    assert receipt.name("Account", "DepositToAccountRef") == account
    assert receipt.name("PaymentMethod", "PaymentMethodRef") == method
    assert receipt.body["PaymentRefNum"] == "ch_1NirD82eZvKYlo2CIv"
    assert [notice.code for notice in receipt.decision.notices] == notices

    invoice = decide(raw, **INVOICE, **changes)
    assert invoice.kinds == ["Invoice", "Payment"]
    assert payments(invoice) == [(account, method, "ch_1NirD82eZvKYlo2CIv", "2026-05-01", "64.96")]
    assert [notice.code for notice in invoice.decision.notices] == notices


@pytest.mark.option("workflows")
def test_without_the_workflow_invoices_have_no_payments(decide, order):
    assert decide(order(), workflows=["sales"], **INVOICE).kinds == ["Invoice"]


# -- when it counts as come


@pytest.mark.option("payments.methods.*.paid_when", "payments.paid_statuses")
@pytest.mark.parametrize("status", [*CAME, *NOT_COME, *NOT_SAID])
@pytest.mark.parametrize("order_status", [11, 10, 14])
@pytest.mark.parametrize("when", ["captured", "status", "never"])
def test_the_whole_table(decide, order, status, order_status, when):
    """As in the docstring of mapping.payments.paid: what header and settings say, for invoices and receipts."""
    raw = order(payment_status=status, status_id=order_status)
    changes = {"payments.methods": {"Credit Card": {"paid_when": when}}}
    if when == "never":
        came, posted = False, False
    elif when == "status":
        came = posted = status in CAME or order_status in (10, 14)
    else:
        came, posted = status in CAME, status not in NOT_COME
    assert decide(raw, **INVOICE, **changes).kinds == ["Invoice"] + ["Payment"] * came
    receipt = decide(raw, **changes)
    if posted:
        assert receipt.kinds == ["SalesReceipt"]
    else:
        assert receipt.rule.startswith("A sales receipt says that the money came in: ")
    assert decide(raw, **changes, **{"sales.receipt_for_unpaid": True}).kinds == ["SalesReceipt"]


@pytest.mark.option("payments.paid_statuses")
@pytest.mark.parametrize(("statuses", "kinds"), [([10], ["Invoice"]), ([11, 10], ["Invoice", "Payment"])])
def test_the_statuses_that_say_paid(decide, order, statuses, kinds):
    changes = {"payments.methods": {"Credit Card": {"paid_when": "status"}}, "payments.paid_statuses": statuses}
    assert decide(order(payment_status="pending"), **INVOICE, **changes).kinds == kinds


@pytest.mark.option("sales.receipt_for_unpaid")
@pytest.mark.parametrize(
    ("changes", "more", "rule"),
    [
        ({}, {"payment_status": "authorized"}, 'its payment is "authorized"'),
        ({"paid_when": "never"}, {}, 'the method "Credit Card" never counts as paid'),
        (
            {"paid_when": "status"},
            {"payment_status": ""},
            '"Credit Card" is paid in payments.paid_statuses, not in Awaiting Fulfillment',
        ),
    ],
)
def test_why_a_receipt_is_left_out(decide, order, changes, more, rule):
    settings = {"payments.methods": {"Credit Card": changes}}
    left_out = decide(order(**more), **settings)
    assert left_out.rule == f"A sales receipt says that the money came in: {rule}."


def test_what_is_paid_with_credit_alone_waits_for_no_money(decide, order):
    raw = order(payment_status="authorized", store_credit_amount="64.96")
    assert (decide(raw).kinds, decide(raw).total) == (["SalesReceipt"], "0.00")
    assert decide(raw, **INVOICE).kinds == ["Invoice"]


# -- on which day


@pytest.mark.option("sales.document_date")
@pytest.mark.parametrize(
    ("modified", "facts", "day"),
    [
        ("Sat, 02 May 2026 04:59:59 +0000", None, "2026-05-01"),
        ("Sun, 03 May 2026 18:00:00 +0000", rows(row(1, "64.96", event="capture", day="2026-05-03")), "2026-05-03"),
        ("Sun, 03 May 2026 18:00:00 +0000", rows(row(1, "64.96", event="authorization")), "2026-05-01"),
        ("Sun, 03 May 2026 18:00:00 +0000", rows(), "2026-05-01"),
    ],
    ids=["changed on the same day", "captured later", "no capture told", "nothing told"],
)
def test_a_payment_bears_its_capture_day(decide, order, modified, facts, day):
    """The header tells it where the order was not changed after the day it was placed; else the transactions do."""
    raw = order(date_modified=modified)
    if facts:
        assert decide(raw, **INVOICE).needs == "transactions"
    decided = decide(raw, facts=facts, **INVOICE)
    assert (decided.body["TxnDate"], [each[3] for each in payments(decided)]) == ("2026-05-01", [day])


@pytest.mark.option("payments.methods.*.paid_when")
@pytest.mark.parametrize(("shipped", "day"), [("", "2026-05-09"), ("Tue, 05 May 2026 18:00:00 +0000", "2026-05-05")])
def test_a_status_is_of_the_day_of_shipping_or_of_the_last_change(decide, order, shipped, day):
    raw = order(
        payment_status="pending", status_id=10, date_modified="Sat, 09 May 2026 18:00:00 +0000", date_shipped=shipped
    )
    changes = {"payments.methods": {"Credit Card": {"paid_when": "status"}}}
    assert [each[3] for each in payments(decide(raw, **INVOICE, **changes))] == [day]


def test_a_payment_of_a_day_whose_books_are_closed_is_held(decide, order):
    """The document's day is open: only the money came before."""
    raw = order(
        date_modified="Sat, 09 May 2026 18:00:00 +0000", date_shipped="Sat, 09 May 2026 18:00:00 +0000", status_id=2
    )
    closed = {"AccountingInfoPrefs": {"BookCloseDate": "2026-05-03"}}
    shipped = {**INVOICE, "sales.document_date": "shipped"}
    facts = rows(row(1, "64.96", event="capture", day="2026-05-03"))
    assert decide(raw, facts=facts, preferences=closed, **shipped).reasons == {
        "books_closed": "64.96 came in on 2026-05-03; the company's books are closed up to 2026-05-03."
    }
    stands = {"document": Standing(entity="Invoice", amount=Decimal("64.96"))}
    stands |= {"payment": Standing(entity="Payment", amount=Decimal("64.96"))}
    assert decide(raw, facts={"stands": stands}, preferences=closed, **shipped).kinds == ["Invoice", "Payment"]


# -- several payments


@pytest.mark.option("payments.multi_tender")
def test_two_methods_with_two_accounts_make_an_invoice_or_are_held(decide, order):
    facts = rows(row(1, "40.00"), row(2, "24.96", gateway="paypalcommerce"))
    assert decide(order(**IN_TWO), **{"payments.methods": BOTH}).needs == "transactions"

    invoice = decide(order(**IN_TWO), facts=facts, **{"payments.methods": BOTH})
    assert invoice.kinds == ["Invoice", "Payment", "Payment"]
    assert payments(invoice) == [
        ("Card clearing", "Visa", "pay_1", "2026-05-01", "40.00"),
        ("PayPal clearing", "PayPal", "pay_2", "2026-05-01", "24.96"),
    ]
    documents = invoice.decision.documents
    assert [(each.name, each.marker.partition(":abc123:")[2]) for each in documents] == [
        ("document", "order:1001"),
        ("payment", "payment:1001"),
        ("payment-2", "payment:1001-2"),
    ]

    held = decide(order(**IN_TWO), facts=facts, **{"payments.methods": BOTH, "payments.multi_tender": "hold"})
    assert held.reasons == {
        "several_payments": 'The order comes to 64.96, and 64.96 came in: 40.00 by "Credit Card", 24.96 by "PayPal". '
        "A sales receipt has one account for the whole."
    }


@pytest.mark.option("payments.multi_tender")
@pytest.mark.parametrize("setting", ["invoice", "hold"])
@pytest.mark.parametrize(
    ("methods", "method"), [({"Credit Card": {"method": "Visa"}, "PayPal": {"method": "PayPal"}}, None), (None, "Visa")]
)
def test_two_payments_into_one_account_are_one_receipt(decide, order, setting, methods, method):
    """Its payment method is named where it is one."""
    listed = methods or {"Credit Card": {"method": "Visa"}, "PayPal": {"method": "Visa"}}
    facts = rows(row(1, "40.00"), row(2, "24.96", gateway="paypalcommerce"))
    changes = {"payments.methods": listed, "payments.multi_tender": setting}
    receipt = decide(order(**IN_TWO), facts=facts, **changes)
    assert (receipt.kinds, receipt.total) == (["SalesReceipt"], "64.96")
    assert receipt.name("Account", "DepositToAccountRef") == "Card clearing"
    assert receipt.name("PaymentMethod", "PaymentMethodRef") == method
    assert receipt.body["PaymentRefNum"] == "pay_1"


@pytest.mark.option("payments.multi_tender")
def test_an_order_paid_in_part(decide, order):
    facts = rows(row(1, "40.00"))
    invoice = decide(order(**IN_TWO), facts=facts, **{"payments.methods": BOTH})
    assert (invoice.kinds, [each[4] for each in payments(invoice)]) == (["Invoice", "Payment"], ["40.00"])
    held = decide(order(**IN_TWO), facts=facts, **{"payments.methods": BOTH, "payments.multi_tender": "hold"})
    assert held.reasons["several_payments"].startswith("The order comes to 64.96, and 40.00 came in: ")


@pytest.mark.option("sales.post_as")
@pytest.mark.parametrize("status", [1, 7])
def test_a_checkout_that_was_paid_in_part_stays_pending(decide, order, status):
    raw, changes = order(status_id=status), {**INVOICE, "sales.statuses": [1, 7]}
    assert decide(raw, **changes).needs == "transactions"
    assert [each[4] for each in payments(decide(raw, facts=rows(row(1, "40.00")), **changes))] == ["40.00"]
    assert [each[4] for each in payments(decide(raw, facts=rows(), **changes))] == ["64.96"]


@pytest.mark.option("payments.methods.*.account")
@pytest.mark.parametrize(
    ("told", "account"),
    [
        ({"gateway": "stripe"}, "Card clearing"),
        ({"gateway": "squarev2", "payment_method_id": "squarev2.card"}, "Checking"),
        ({"gateway": "custom", "custom": {"payment_method": "till"}}, "Cash clearing"),
        ({"gateway": "cod", "offline": {"display_name": "Till"}}, "Cash clearing"),
    ],
)
def test_transactions_find_their_method_by_any_name_they_bear(decide, order, told, account):
    listed = {
        "PayPal": {"account": "PayPal clearing"},
        "squarev2.card": {"account": "Checking"},
        "Till": {"account": "Cash clearing"},
    }
    facts = rows(row(1, "40.00", **told), row(2, "24.96", gateway="paypalcommerce"))
    raw = order(payment_method="Elsewhere, PayPal")
    decided = decide(raw, facts=facts, **INVOICE, **{"payments.methods": listed})
    assert payments(decided)[0][0] == account


def test_one_payment_has_the_reference_of_the_header_and_several_their_own(decide, order):
    raw, listed = order(**IN_TWO, payment_provider_id="ch_1"), {"payments.methods": BOTH}
    alone = decide(raw, facts=rows(row(1, "64.96")), **INVOICE, **listed)
    both = decide(raw, facts=rows(row(1, "40.00"), row(2, "24.96", gateway="paypalcommerce")), **INVOICE, **listed)
    assert [each[2] for each in payments(alone)] == ["ch_1"]
    assert [each[2] for each in payments(both)] == ["pay_1", "pay_2"]


def test_more_money_than_the_order_comes_to_is_held(decide, order):
    held = decide(order(**IN_TWO), facts=rows(row(1, "64.96"), row(2, "0.01")), **{"payments.methods": BOTH})
    assert held.reasons == {"paid_too_much": "The shop's transactions say that 64.97 came in for an order of 64.96."}


def test_the_money_of_one_payment_taken_in_two(decide, order):
    """Captures of one authorisation on several days are payments of their own."""
    facts = rows(
        row(1, "64.96", event="authorization"),
        row(2, "40.00", event="capture", day="2026-05-02", reference_transaction_id=1),
        row(3, "24.96", event="capture", day="2026-05-04", reference_transaction_id=1),
        row(4, "10.00", event="refund", day="2026-05-05", reference_transaction_id=3),
    )
    decided = decide(order(date_modified="Sat, 09 May 2026 18:00:00 +0000"), facts=facts, **INVOICE)
    assert [each[2:] for each in payments(decided)] == [
        ("pay_2", "2026-05-02", "40.00"),
        ("pay_3", "2026-05-04", "24.96"),
    ]


# -- redeemed certificates and store credit


@pytest.mark.option("sales.tenders_on_invoice")
@pytest.mark.parametrize("company", ["us", "us_ast"])
def test_redeemed_tenders_as_lines_or_as_a_credit_memo(decide, order, company):
    raw = order(gift_certificate_amount="30.00", store_credit_amount="10.00")
    as_lines = decide(raw, company=company, **INVOICE)
    assert (as_lines.kinds, as_lines.total) == (["Invoice", "Payment"], "24.96")
    assert [row[0] for row in as_lines.rows] == ["Product A", "Shipping", "Gift certificate", "Store credit"]

    full = decide(raw, company=company, **INVOICE, **{"sales.tenders_on_invoice": "credit_memo"})
    assert (full.kinds, full.total) == (["Invoice", "CreditMemo", "Payment", "Payment"], "64.96")
    assert [row[0] for row in full.rows] == ["Product A", "Shipping"]
    memo, application, payment = full.documents[1:]
    assert (memo["DocNumber"], memo["TxnDate"]) == ("BC-1001-T", "2026-05-01")
    assert [(line["Amount"], line["SalesItemLineDetail"]["TaxCodeRef"]) for line in memo["Line"]] == [
        (Decimal("30.00"), {"value": "NON"}),
        (Decimal("10.00"), {"value": "NON"}),
    ]
    assert (application["TotalAmt"], [line["Amount"] for line in application["Line"]]) == (0, [Decimal("40.00")] * 2)
    assert [line["LinkedTxn"][0]["TxnType"] for line in application["Line"]] == ["Invoice", "CreditMemo"]
    assert payment["TotalAmt"] == Decimal("24.96")
    assert [document.order for document in full.decision.documents] == [0, 1, 2, 3]


@pytest.mark.option("sales.tenders_on_invoice")
@pytest.mark.parametrize(("company", "code"), [("uk", "No VAT"), ("au", "BAS Excluded"), ("ca", "Out of Scope")])
def test_a_credit_memo_elsewhere_is_out_of_scope(decide, order, line, company, code):
    rate = {"uk": "20.00", "au": "10.00", "ca": "13.00"}[company]
    lines = [line("A", 1, "100.00", rate)]
    raw = order(*lines, gift_certificate_amount="30.00")
    decided = decide(raw, company=company, **INVOICE, **{"sales.tenders_on_invoice": "credit_memo"})
    assert decided.kinds == ["Invoice", "CreditMemo", "Payment", "Payment"]
    memo = decided.documents[1]
    (memo_line,) = memo["Line"]
    assert decided.names["TaxCode", memo_line["SalesItemLineDetail"]["TaxCodeRef"]["value"]] == code
    assert (memo["GlobalTaxCalculation"], memo["TxnTaxDetail"]["TotalTax"]) == ("TaxExcluded", 0)


@pytest.mark.option("sales.tenders_on_invoice")
def test_what_keeps_a_credit_memo_from_being_made(decide, order):
    raw, changes = order(gift_certificate_amount="30.00"), {**INVOICE, "sales.tenders_on_invoice": "credit_memo"}
    applying = {"SalesFormsPrefs": {"AutoApplyCredit": True}}
    assert list(decide(raw, preferences=applying, **changes).reasons) == ["credits_applied"]
    long = decide(
        order(id=1234567890, gift_certificate_amount="30.00"), **changes, **{"sales.number_prefix": "SHOP12345"}
    )
    assert long.reasons["number_too_long"] == (
        "The credit memo's number SHOP12345-1234567890-T is longer than QuickBooks' 21 characters."
    )
    receipt = decide(raw, **{"sales.tenders_on_invoice": "credit_memo"})
    assert (receipt.kinds, receipt.total) == (["SalesReceipt"], "34.96")


# -- what stands already


@pytest.mark.parametrize(("post_as", "stands"), [("invoice", "SalesReceipt"), ("sales_receipt", "Invoice")])
def test_what_stands_is_no_other_document_under_other_settings(decide, order, post_as, stands):
    facts = {"stands": {"document": Standing(entity=stands, amount=Decimal("64.96"))}}
    assert decide(order(), facts=facts, **{"sales.post_as": post_as}).kinds[0] == stands


def test_an_order_whose_payments_stand_in_parts_is_asked_for_again(decide, order):
    """Its header alone would make them one."""
    stands = {"document": Standing(entity="Invoice", amount=Decimal("64.96"))}
    stands |= {"payment": Standing(entity="Payment", amount=Decimal("40.00"))}
    assert decide(order(), facts={"stands": stands}, **INVOICE).needs == "transactions"
    both = rows(row(1, "40.00"), row(2, "24.96"))
    decided = decide(order(), facts={"stands": stands, **both}, **INVOICE)
    assert [each[4] for each in payments(decided)] == ["40.00", "24.96"]
