"""Refunds of an invoice that is not wholly paid: what they take off it and what was sent back. Order 1001 is example
1b, an invoice of 88.77; 40.00 of it came in unless told otherwise."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mapping.facts import OpenInvoice
from mapping.transactions import read_transactions

PENDING = {"status_id": 1, "status": "Pending"}
INVOICE = {"sales.post_as": "invoice", "sales.statuses": [1, 7, 11]}
NEVER = INVOICE | {"payments.methods": {"Credit Card": {"paid_when": "never"}}}


def row(amount, number=1, gateway="stripe"):
    return {
        "id": number,
        "event": "purchase",
        "method": "credit_card",
        "amount": Decimal(amount),
        "currency": "USD",
        "gateway": gateway,
        "date_created": "2026-05-02T15:30:00+00:00",
        "status": "ok",
    }


@pytest.fixture
def paid_in_part(world, order):
    """`paid_in_part(*rows) -> decide(*refunds, owed=…)` of an invoice with the payments of `rows`."""

    def opened(*rows, **settings):
        here, facts = world(**INVOICE | settings), {"transactions": read_transactions(rows or [row("40.00")])}
        stands = here.decide(order(**PENDING), **facts).stands()

        def decide(*refunds, owed="48.77", more=None, **others):
            return here.decide(order(**PENDING), *refunds, stands=stands | (more or {}), owed=owed, **facts, **others)

        return decide

    return opened


def settled(life, name):
    """What a payment of nothing takes from which document."""
    return [(f"{line['Amount']:.2f}", line["LinkedTxn"][0]["TxnType"]) for line in life.body(name)["Line"]]


def test_money_that_came_in_goes_back_by_an_expense(paid_in_part, refund, product):
    life = paid_in_part()(refund(12, product(1), total="24.36", tax="1.86"))
    assert life.kinds == {
        "refund-12": "CreditMemo",
        "refund-12-cash": "Purchase",
        "refund-12-cash-application": "Payment",
    }
    assert life.rows("refund-12") == [("Returned goods", "1 × 22.5", "22.50", "TAX")]
    assert (life.total("refund-12"), life.tax("refund-12"), life.total("refund-12-cash")) == ("24.36", "1.86", "24.36")
    assert settled(life, "refund-12-cash-application") == [("24.36", "Expense"), ("24.36", "CreditMemo")]
    assert life.named("refund-12-cash", "AccountRef") == "Card clearing"
    assert {name: life.body(name)["TxnDate"] for name in life.kinds} == dict.fromkeys(life.kinds, "2026-05-20")
    assert [life.document(name).marker for name in life.kinds] == [
        "cartledger:abc123:refund:12",
        "cartledger:abc123:refund-cash:12",
        "cartledger:abc123:refund-cash-application:12",
    ]
    assert life.document("refund-12").number == "R-1001"
    assert life.codes == []


@pytest.mark.parametrize(
    ("came", "total", "cash", "off"),
    [("40.00", "60.00", "40.00", "20.00"), ("40.00", "40.00", "40.00", None), ("0.01", "88.76", "0.01", "88.75")],
)
def test_what_did_not_come_in_is_owed_no_more(paid_in_part, refund, item, came, total, cash, off):
    owed = str(Decimal("88.77") - Decimal(came))
    life = paid_in_part(row(came))(refund(12, item("ORDER", 1001, total), total=total), owed=owed)
    assert (life.total("refund-12"), life.total("refund-12-cash")) == (total, cash)
    if off is None:
        assert "refund-12-application" not in life.kinds
    else:
        assert settled(life, "refund-12-application") == [(off, "Invoice"), (off, "CreditMemo")]


def test_nothing_is_sent_back_of_what_nobody_paid(world, order, refund, product):
    here = world(**NEVER)
    stands = here.decide(order()).stands()
    life = here.decide(order(), refund(12, product(1), total="24.36", tax="1.86"), stands=stands, owed="88.77")
    assert life.kinds == {"refund-12": "CreditMemo", "refund-12-application": "Payment"}
    assert settled(life, "refund-12-application") == [("24.36", "Invoice"), ("24.36", "CreditMemo")]


def test_several_refunds_share_what_came_in(paid_in_part, refund, item):
    one, two = (refund(n, item("ORDER", 1001, "30.00"), total="30.00") for n in (12, 15))
    life = paid_in_part()(one, two)
    assert (life.total("refund-12-cash"), life.total("refund-15-cash")) == ("30.00", "10.00")
    assert settled(life, "refund-15-application") == [("20.00", "Invoice"), ("20.00", "CreditMemo")]
    assert [life.document(name).number for name in ("refund-12", "refund-15")] == ["R-1001", "R-1001-2"]


def test_one_refund_leaves_less_for_the_next(paid_in_part, refund, item):
    """Of an invoice that was settled by hand in part, the second one is more than it owes."""
    by_hand = {"invoice": OpenInvoice(total=Decimal("88.77"), balance=Decimal("30.00"))}
    one, two = (refund(n, item("ORDER", 1001, amount), total=amount) for n, amount in ((12, "58.77"), (15, "30.00")))
    life = paid_in_part()(one, two, owed=None, **by_hand)
    assert (life.total("refund-12-cash"), life.total("refund-15"), life.codes) == ("58.77", "30.00", [])
    assert settled(life, "refund-15-application") == [("30.00", "Invoice"), ("30.00", "CreditMemo")]


def test_what_stands_of_earlier_ones_counts_as_sent_back(paid_in_part, refund, item):
    decide = paid_in_part()
    one, two = (refund(n, item("ORDER", 1001, "30.00"), total="30.00") for n in (12, 15))
    later = decide(one, two, more=decide(one).stands())
    assert list(later.kinds) == ["refund-15", "refund-15-cash", "refund-15-cash-application", "refund-15-application"]
    assert (later.total("refund-15-cash"), later.codes) == ("10.00", [])


@pytest.mark.parametrize("made", range(5))
def test_what_is_missing_is_written_wherever_it_ended(paid_in_part, refund, item, made):
    decide, back = paid_in_part(), refund(12, item("ORDER", 1001, "60.00"), total="60.00")
    whole = decide(back)
    names = list(whole.kinds)
    stands = {name: each for name, each in whole.stands().items() if name in names[:made]}
    life = decide(back, more=stands, owed="48.77" if made < 4 else "28.77")
    assert (list(life.kinds), life.codes) == (names[made:], [])
    for name in names[made:]:
        assert life.total(name) == whole.total(name)
        if life.document(name).entity == "Payment":
            assert settled(life, name) == settled(whole, name)


@pytest.mark.parametrize(("rest", "codes"), [("28.77", []), ("48.77", ["paid_too_much"])])
def test_what_a_refund_took_off_the_invoice_was_not_to_be_paid_any_more(
    world, paid_in_part, order, refund, item, rest, codes
):
    """Of 60.00 40.00 were sent back and 20.00 were owed no more."""
    one, two = (refund(n, item("ORDER", 1001, amount), total=amount) for n, amount in ((12, "60.00"), (15, "5.00")))
    made = paid_in_part()(one).stands()
    here, came = world(**INVOICE), read_transactions([row("40.00"), row(rest, 2)])
    before = here.decide(order(**PENDING), transactions=came[:1]).stands()
    life = here.decide(order(), one, two, stands=before | made, transactions=came, owed="28.77")
    assert life.codes[-1:] == codes
    assert ("refund-15" in life.kinds) == (not codes)


def test_a_refund_to_store_credit_moves_no_money(paid_in_part, refund, item):
    back = refund(12, item("ORDER", 1001, "10.00"), total="10.00", paid=[("storecredit", "10.00")])
    life = paid_in_part()(back)
    assert life.kinds == {"refund-12": "CreditMemo"}
    assert life.rows("refund-12") == [
        ("Refund adjustments", "1 × 10", "10.00", "NON"),
        ("Store credit", "1 × -10", "-10.00", "NON"),
    ]
    assert life.total("refund-12") == "0.00"


def test_what_is_paid_in_whole_by_now_is_a_refund_receipt(paid_in_part, refund, product):
    life = paid_in_part(row("88.77"))(refund(12, product(1), total="24.36", tax="1.86"), owed="0.00")
    assert life.kinds == {"refund-12": "RefundReceipt"}


def test_money_that_left_two_accounts(paid_in_part, refund, item):
    """An expense leaves one; a transfer gives it back what left the other."""
    decide = paid_in_part(
        row("25.00"), row("15.00", 2, "PayPal"), **{"payments.methods": {"PayPal": {"account": "PayPal clearing"}}}
    )
    ways = [("stripe", "25.00"), ("PayPal", "15.00")]
    life = decide(refund(12, item("ORDER", 1001, "40.00"), total="40.00", paid=ways))
    assert list(life.kinds.values()) == ["CreditMemo", "Transfer", "Purchase", "Payment"]
    assert (life.total("refund-12-cash"), life.total("refund-12-transfer")) == ("40.00", "15.00")
    assert life.named("refund-12-transfer", "FromAccountRef") == "PayPal clearing"
    assert life.named("refund-12-transfer", "ToAccountRef") == life.named("refund-12-cash", "AccountRef")


def test_only_what_was_sent_back_left_the_second_account(paid_in_part, refund, item):
    decide = paid_in_part(row("30.00"), **{"payments.methods": {"PayPal": {"account": "PayPal clearing"}}})
    ways = [("stripe", "25.00"), ("PayPal", "15.00")]
    life = decide(refund(12, item("ORDER", 1001, "40.00"), total="40.00", paid=ways), owed="58.77")
    assert (life.total("refund-12-cash"), life.total("refund-12-transfer")) == ("30.00", "5.00")
    assert settled(life, "refund-12-application") == [("10.00", "Invoice"), ("10.00", "CreditMemo")]


def test_more_than_an_earlier_refund_left_is_a_persons_to_book(paid_in_part, refund, item):
    """The invoice was made smaller by hand: 30.00 of 70.00 were paid."""
    by_hand = {"invoice": OpenInvoice(total=Decimal("70.00"), balance=Decimal("40.00"))}
    one, two = (refund(n, item("ORDER", 1001, amount), total=amount) for n, amount in ((12, "50.00"), (15, "30.00")))
    life = paid_in_part()(one, two, owed=None, **by_hand)
    assert ("refund-12" in life.kinds, "refund-15" in life.kinds) == (True, False)
    assert life.codes == ["refund_exceeds_invoice"]


def test_more_than_the_invoice_owes_is_a_persons_to_book(paid_in_part, refund, item):
    """Somebody has paid by hand what the shop does not know of."""
    by_hand = {"invoice": OpenInvoice(total=Decimal("70.00"), balance=Decimal("10.00"))}
    back = refund(12, item("ORDER", 1001, "88.00"), total="88.00")
    life = paid_in_part()(back, owed=None, **by_hand)
    assert (life.kinds, life.codes) == ({}, ["refund_exceeds_invoice"])


@pytest.mark.parametrize("gone", [True, False])
def test_an_invoice_that_was_taken_out_by_hand_is_left_alone(paid_in_part, refund, item, gone):
    out = {"invoice": OpenInvoice(total=Decimal(0), balance=Decimal(0), gone=gone)}
    life = paid_in_part()(refund(12, item("ORDER", 1001, "10.00"), total="10.00"), owed=None, **out)
    assert (life.kinds, life.codes) == ({}, ["deleted_by_hand" if gone else "voided_by_hand"])


def test_the_invoice_is_asked_for_once_something_goes_back(paid_in_part, refund, item):
    assert paid_in_part()(refund(12, item("ORDER", 1001, "10.00"), total="10.00"), owed=None).needs == "invoice"


@pytest.mark.parametrize(("company", "fields"), [("us", set()), ("uk", {"GlobalTaxCalculation"})])
def test_what_an_expense_says_of_tax(world, order, line, refund, item, company, fields):
    here = world(company, **INVOICE)
    plain = order(line("B", 1, "60.00"), **PENDING)
    facts = {"transactions": read_transactions([row("40.00") | {"currency": "GBP" if company == "uk" else "USD"}])}
    stands = here.decide(plain, **facts).stands()
    back = refund(12, item("ORDER", 1001, "10.00"), total="10.00")
    body = here.decide(plain, back, stands=stands, owed="20.00", **facts).body("refund-12-cash")
    assert body.keys() & {"GlobalTaxCalculation", "TxnTaxDetail"} == fields
    assert [line["AccountBasedExpenseLineDetail"].keys() for line in body["Line"]] == [{"AccountRef"}]


def test_what_goes_back_waits_for_a_payment_that_is_kept_back(world, order, refund, product):
    """The money came in on a day whose books are closed; once they are open, the refund is one of a paid invoice."""
    here, back = world(**INVOICE), refund(12, product(1), total="24.36", tax="1.86")
    stands = here.decide(order(payment_status="pending")).stands()
    closed = here.decide(order(), back, stands=stands, owed="88.77", closed="2026-05-10")
    assert (closed.kinds, closed.codes) == ({}, ["books_closed", "payment_kept_back"])
    opened = here.decide(order(), back, stands=stands, owed="88.77")
    assert opened.kinds == {"payment": "Payment", "refund-12": "RefundReceipt"}
    gone = order(status_id=5, status="Cancelled")
    called_off = here.decide(gone, stands=stands, owed="88.77", closed="2026-05-10", transactions=())
    assert (called_off.kinds, called_off.codes) == ({}, ["books_closed", "payment_kept_back"])
