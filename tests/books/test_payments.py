"""Payments through the whole road: what comes in after the invoice, in parts, in two ways, or to a company that applies
payments by itself. Debits and credits in cents, asked of the company."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal

import pytest

from cartledger.clients.store_calls import TRIES
from cartledger.ledger.types import State
from daemon.app import App
from daemon.by_hand.syncing import run_sync
from daemon.demos.settings import NAME
from simulator.quickbooks import writes

RECEIVABLE = "Accounts Receivable (A/R)"
LATER = "Sun, 03 May 2026 18:00:00 +0000"


def row(number, amount, *, event="purchase", day="2026-05-01", gateway="stripe", **more):
    return {
        "id": number,
        "order_id": "1001",
        "event": event,
        "method": "credit_card",
        "amount": Decimal(amount),
        "currency": "USD",
        "gateway": gateway,
        "gateway_transaction_id": f"pay_{number}",
        "date_created": f"{day}T15:30:00+00:00",
        "test": False,
        "status": "ok",
        "fraud_review": False,
        "reference_transaction_id": None,
        **more,
    }


@pytest.fixture
def invoices(open_books):
    def opened(**changes):
        return open_books(**{"sales.post_as": "invoice"} | changes)

    return opened


def payments(books, number="BC-1001"):
    """Day, amount, what of it is not applied, and reference of each payment of the order, ours and others'."""
    return sorted(
        (
            payment["TxnDate"],
            f"{payment['TotalAmt']:.2f}",
            f"{payment['UnappliedAmt']:.2f}",
            payment.get("PaymentRefNum", ""),
        )
        for payment in books.sim.company.objects("Payment")
    )


def owed(books, number="BC-1001"):
    return f"{books.documents()[number]['Balance']:.2f}"


def shop_calls(books):
    return books.sim.report()["bigcommerce"]["calls"]


# -- when the money comes


def test_an_invoice_gets_its_payment_once_the_money_was_captured_dated_that_day(invoices, plain_order):
    books = invoices()
    reserved = [row(1, "20.00", event="authorization")]
    books.add(plain_order(1001, payment_status="authorized", transactions=reserved))
    assert books.sync().posted == 1
    assert (owed(books), payments(books)) == ("20.00", [])

    captured = row(2, "20.00", event="capture", day="2026-05-03", reference_transaction_id=1)
    books.sim.shop.update(1001, payment_status="captured", transactions=[*reserved, captured], status_id=2)
    books.sim.reset_counts()
    books.sync()
    assert (owed(books), payments(books)) == ("0.00", [("2026-05-03", "20.00", "0.00", "pay_2")])
    assert books.payment_entries("BC-1001") == [{"Card clearing": "20.00", RECEIVABLE: "-20.00"}]
    assert books.held() == {}
    assert (len(books.documents()), books.sim.report()["quickbooks"]["written"]) == (1, 1)


def test_an_order_whose_payment_stands_is_asked_for_no_transactions(invoices, plain_order):
    books = invoices()
    books.add(plain_order(1001))
    books.sync()
    books.sim.shop.set_status(1001, 2)
    books.sim.reset_counts()
    books.sync()
    assert (books.state(1001), shop_calls(books)) == (State.POSTED, 2)
    assert payments(books) == [("2026-05-01", "20.00", "0.00", "")]


def test_a_receipt_waits_for_the_capture(open_books, plain_order):
    books = open_books()
    books.add(plain_order(1001, payment_status="authorized"))
    assert (books.sync().excluded, books.documents()) == (1, {})
    books.sim.shop.update(1001, payment_status="captured")
    assert books.sync().posted == 1
    assert books.entries("BC-1001") == {"Card clearing": "20.00", "Sales": "-20.00"}


def test_the_rest_of_an_order_paid_in_part_is_a_second_payment(invoices, plain_order):
    books = invoices(**{"sales.statuses": ["Pending", "Awaiting Fulfillment"]})
    first = row(1, "8.00")
    books.add(plain_order(1001, status_id=1, transactions=[first]))
    books.sync()
    assert (owed(books), payments(books)) == ("12.00", [("2026-05-01", "8.00", "0.00", "pay_1")])

    second = row(2, "12.00", gateway="paypalcommerce", day="2026-05-03")
    books.sim.shop.update(1001, status_id=11, transactions=[first, second])
    books.sync()
    assert owed(books) == "0.00"
    assert payments(books) == [
        ("2026-05-01", "8.00", "0.00", "pay_1"),
        ("2026-05-03", "12.00", "0.00", "pay_2"),
    ]
    assert books.held() == {}
    books.sync()
    assert len(payments(books)) == 2


def test_a_receipt_paid_in_two_ways_is_an_invoice_with_two_payments(open_books, plain_order):
    books = open_books()
    rows = [row(1, "8.00"), row(2, "12.00", gateway="paypalcommerce")]
    books.add(plain_order(1001, payment_method="Credit Card, PayPal", transactions=rows))
    assert (books.sync().posted, books.held()) == (1, {})
    assert books.entries("BC-1001") == {RECEIVABLE: "20.00", "Sales": "-20.00"}
    assert sorted(books.payment_entries("BC-1001"), key=str) == [
        {"Card clearing": "8.00", RECEIVABLE: "-8.00"},
        {"PayPal clearing": "12.00", RECEIVABLE: "-12.00"},
    ]
    books.prove()

    books.sim.shop.set_status(1001, 2)
    books.sync()
    assert (books.state(1001), len(books.documents()), len(payments(books))) == (State.POSTED, 1, 2)


def test_the_ledger_lost_between_two_payments_makes_neither_twice(invoices, plain_order):
    books = invoices()
    rows = [row(1, "8.00"), row(2, "8.00")]
    books.add(plain_order(1001, payment_method="Credit Card, PayPal", transactions=rows))
    books.sync()
    assert owed(books) == "4.00"
    books.lose_the_ledger()
    books.sync()
    assert (owed(books), len(payments(books)), books.held()) == ("4.00", 2, {})


def test_transactions_that_cannot_be_read_now_are_no_missing_payments(invoices, plain_order):
    """The shop's ledger of payments is down: these orders wait without another question, and the others go on."""
    books = invoices()
    captured = {"date_modified": LATER, "transactions": [row(1, "20.00", day="2026-05-02")]}
    books.add(*(plain_order(number, **captured) for number in (1001, 1003)), plain_order(1002))
    books.sim.faults.add(side="bigcommerce", call="transactions", kind="status", status=503, first=TRIES)
    with closing(App(books.app.settings, sleep=lambda _: None)) as app:
        synced = run_sync(app, NAME, lambda now: None)
        assert (synced.posted, synced.waiting, synced.held, synced.troubles) == (1, 2, 0, ())
        assert payments(books) == [("2026-05-01", "20.00", "0.00", "")]
    assert books.sync().posted == 3
    assert [day for day, *_ in payments(books)] == ["2026-05-01", "2026-05-02", "2026-05-02"]


# -- companies that apply payments by themselves


@pytest.fixture
def applying(invoices, plain_order):
    """Books in which the order's customer stands, and `pay(amount)` makes a payment that nobody links."""
    books = invoices()
    books.sim.company.preferences["SalesFormsPrefs"]["AutoApplyPayments"] = True
    books.add(plain_order(1000))
    books.sync()
    customer = books.customers()["Ada Byrne"]

    def pay(amount, *, ago=0):
        """`ago` in seconds."""
        books.sim.company.clock_skew = -ago
        body = {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": Decimal(amount), "TxnDate": "2026-04-01"}
        made = books.sim.company.create("Payment", body)
        books.sim.company.clock_skew = 0
        return made["Id"]

    return books, pay


@pytest.mark.parametrize(
    ("before", "unapplied"),
    [("50.00", "20.00"), ("20.00", "20.00"), ("5.00", "5.00")],
    ids=["more than the invoice", "as much", "less"],
)
def test_what_an_older_payment_settled_is_not_paid_twice(applying, plain_order, before, unapplied):
    books, pay = applying
    pay(before, ago=60)
    books.add(plain_order(1001))
    assert (books.sync().posted, books.held()) == (2, {})
    assert owed(books) == "0.00"
    assert ("2026-05-01", "20.00", unapplied, "") in payments(books)
    balances = books.sim.company.balances()
    assert balances["Card clearing"] == Decimal("40.00")
    assert balances[RECEIVABLE] == -Decimal(before)
    books.sim.shop.set_status(1001, 2)
    books.sync()
    assert (books.state(1001), books.held()) == (State.POSTED, {})


def test_what_is_left_goes_to_the_next_invoice_and_its_payment_stands_too(applying, plain_order):
    books, pay = applying
    pay("20.00", ago=60)
    for order_id in (1001, 1002, 1003):
        books.add(plain_order(order_id))
        books.sync()
    assert books.held() == {}
    assert [owed(books, f"BC-{number}") for number in (1001, 1002, 1003)] == ["0.00"] * 3
    balances = books.sim.company.balances()
    assert (balances["Card clearing"], balances[RECEIVABLE]) == (Decimal("80.00"), Decimal("-20.00"))


def test_a_payment_made_after_the_invoice_may_be_the_same_money(applying, plain_order):
    books, pay = applying
    books.add(plain_order(1001, payment_status="authorized"))
    books.sync()
    entered = pay("20.00")
    assert owed(books) == "0.00"
    books.sim.shop.update(1001, payment_status="captured")
    books.sync()
    assert books.held() == {"1001": ["paid_already"]}
    assert f"(payment {entered})" in books.reasons(1001)[0]
    assert books.sim.company.balances()[RECEIVABLE] == 0


def test_other_companies_take_no_payment_of_what_is_paid(invoices, plain_order):
    books = invoices()
    books.add(plain_order(1001, payment_status="authorized"))
    books.sync()
    invoice = books.documents()["BC-1001"]
    body = {
        "CustomerRef": invoice["CustomerRef"],
        "TotalAmt": Decimal("20.00"),
        "Line": [{"Amount": Decimal("20.00"), "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}],
    }
    books.sim.company.create("Payment", body)
    books.sim.shop.update(1001, payment_status="captured")
    books.sync()
    assert books.held() == {"1001": ["quickbooks_6000"]}
    assert len(payments(books)) == 1


# -- redeemed certificates and store credit as a credit memo


@pytest.fixture(params=["us", "us_ast"])
def with_memo(request, invoices, make_order, line):
    books = invoices(company=request.param, **{"sales.tenders_on_invoice": "credit_memo"})
    books.add(
        make_order(
            1005,
            [line("GOODS", 1, ("80.0000", "6.6000", "86.6000"))],
            subtotal=("80.0000", "6.6000", "86.6000"),
            shipping=("5.0000", "0.4100", "5.4100"),
            total=("85.0000", "7.0100", "92.0100"),
            gift_certificate_amount="50.0000",
        )
    )
    return books


def test_5_with_the_full_invoice_a_credit_memo_and_two_payments(with_memo):
    books = with_memo
    assert (books.sync().posted, books.held()) == (1, {})
    assert f"{books.documents()['BC-1005']['TotalAmt']:.2f}" == "92.01"
    assert books.entries("BC-1005") == {
        RECEIVABLE: "92.01",
        "Sales": "-80.00",
        "Shipping income": "-5.00",
        "Sales tax payable": "-7.01",
    }
    (memo,) = books.sim.company.objects("CreditMemo")
    assert (memo["DocNumber"], f"{memo['TotalAmt']:.2f}", memo["RemainingCredit"]) == ("BC-1005-T", "50.00", 0)
    entries = books.sim.company.entries("CreditMemo", memo["Id"])
    assert {name: f"{amount:.2f}" for name, amount in entries.items()} == {
        "Gift certificates": "50.00",
        RECEIVABLE: "-50.00",
    }
    assert payments(books) == [("2026-05-01", "0.00", "0.00", ""), ("2026-05-01", "42.01", "0.00", "")]
    assert books.payment_entries("BC-1005") == [{}, {"Card clearing": "42.01", RECEIVABLE: "-42.01"}]
    assert owed(books, "BC-1005") == "0.00"
    balances = {name: f"{amount:.2f}" for name, amount in books.sim.company.balances().items() if amount}
    assert balances == {
        "Card clearing": "42.01",
        "Gift certificates": "50.00",
        "Sales": "-80.00",
        "Shipping income": "-5.00",
        "Sales tax payable": "-7.01",
    }


def test_the_parts_of_a_memo_are_found_again_when_the_ledger_is_lost(with_memo):
    books = with_memo
    books.sync()
    books.lose_the_ledger()
    books.sync()
    assert (len(books.sim.company.objects("CreditMemo")), len(payments(books)), books.held()) == (1, 2, {})
    assert owed(books, "BC-1005") == "0.00"


ELSEWHERE = {
    "uk": ("GBP", {"country": "United Kingdom", "country_iso2": "GB"}, "20.00", "20.0% S", "No VAT"),
    "au": ("AUD", {"country": "Australia", "country_iso2": "AU"}, "10.00", "GST", "BAS Excluded"),
    "ca": ("CAD", {"country": "Canada", "country_iso2": "CA", "state": "Ontario"}, "13.00", "HST ON", "Out of Scope"),
}


@pytest.mark.parametrize("company", ELSEWHERE)
def test_a_credit_memo_where_lines_bear_codes(open_books, make_order, line, company):
    currency, address, tax, code, outside = ELSEWHERE[company]
    memos = {"sales.post_as": "invoice", "sales.tenders_on_invoice": "credit_memo"}
    taxes = {"tax.map": {"*": code, "none": outside}, "tax.out_of_scope": outside}
    books = open_books(company=company, home_currency=currency, without=('"*"',), **memos, **taxes)
    goods = ("100.00", tax, f"{100 + Decimal(tax)}")
    raw = make_order(
        1005,
        [line("GOODS", 1, goods)],
        subtotal=goods,
        total=goods,
        gift_certificate_amount="30.0000",
        currency_code=currency,
        default_currency_code=currency,
    )
    books.add(raw | {"billing_address": raw["billing_address"] | address})
    assert (books.sync().posted, books.held()) == (1, {})
    assert owed(books, "BC-1005") == "0.00"
    balances = books.sim.company.balances()
    assert balances["Gift certificates"] == Decimal("30.00")
    assert balances["Card clearing"] == Decimal(goods[2]) - 30
    assert balances[RECEIVABLE] == 0


def test_two_redeemed_tenders_are_one_memo_and_no_money(invoices, plain_order):
    books = invoices(**{"sales.tenders_on_invoice": "credit_memo"})
    books.add(plain_order(1001, gift_certificate_amount="15.0000", store_credit_amount="5.0000"))
    assert (books.sync().posted, books.held()) == (1, {})
    assert (owed(books), payments(books)) == ("0.00", [("2026-05-01", "0.00", "0.00", "")])
    balances = {name: f"{amount:.2f}" for name, amount in books.sim.company.balances().items() if amount}
    assert balances == {"Sales": "-20.00", "Gift certificates": "15.00", "Store credit": "5.00"}


def test_a_memo_of_another_total_is_taken_back_and_the_order_held(invoices, plain_order, monkeypatch):
    """QuickBooks voids no credit memo: it is deleted. What settles the invoice is not made."""
    right = writes.BUILDERS["CreditMemo"]

    def a_cent_more(state, asked, old):
        (line,) = asked["Line"]
        more = line["Amount"] + Decimal("0.01")
        detail = {**line["SalesItemLineDetail"], "UnitPrice": more}
        return right(state, {**asked, "Line": [{**line, "Amount": more, "SalesItemLineDetail": detail}]}, old)

    monkeypatch.setitem(writes.BUILDERS, "CreditMemo", a_cent_more)
    books = invoices(**{"sales.tenders_on_invoice": "credit_memo"})
    books.add(plain_order(1001, gift_certificate_amount="15.0000"))
    books.sync()
    assert books.held() == {"1001": ["total_differs"]}
    assert books.reasons(1001) == ["QuickBooks made CreditMemo BC-1001-T 15.01 instead of 15.00; it was voided."]
    assert (books.sim.company.objects("CreditMemo"), payments(books), owed(books)) == ([], [], "20.00")
    books.app.ledger.retry(books.pair)
    books.sync()
    assert books.reasons(1001) == [
        "CreditMemo BC-1001-T was made with another total or exchange rate than was sent, and voided."
    ]
