"""What becomes of a day whose books are closed: held, or booked on the first open day with its own day in the note.
Order 1001 was placed on 2026-05-01 and comes to 64.96."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from mapping.closing import is_closed
from mapping.currency import DayRate
from mapping.facts import Standing
from mapping.transactions import read_transactions

ANEW = {"closed_books": "first_open_day"}
INVOICE = {"sales.post_as": "invoice"}
NOTE = "Of 2026-05-01, whose books are closed."
RECEIPT_AND_INVOICE = pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])


def closed(day):
    return {"AccountingInfoPrefs": {"BookCloseDate": day}}


def came(day, amount="64.96", reference="pay_1"):
    row = {
        "id": 1,
        "event": "capture",
        "method": "credit_card",
        "amount": Decimal(amount),
        "currency": "USD",
        "gateway": "stripe",
        "gateway_transaction_id": reference,
        "date_created": f"{day}T15:30:00+00:00",
        "test": False,
        "status": "ok",
        "reference_transaction_id": None,
    }
    return {"transactions": read_transactions([row])}


def days(decided):
    """Kind, day and what the note says of it, of each document."""
    rows = zip(decided.kinds, decided.documents, strict=True)
    return [(kind, body["TxnDate"], NOTE in body["PrivateNote"]) for kind, body in rows]


def notices(decided):
    return [notice.text for notice in decided.decision.notices if notice.code == "dated_anew"]


def standing(document, day):
    """As the ledger remembers a document that was written."""
    return Standing(
        entity=document.entity,
        amount=document.amount,
        target_id=f"id of {document.name}",
        hash=document.hash,
        day=date.fromisoformat(day),
    )


def as_sent(value, stands):
    """A body with the ids of what it names, as QuickBooks got it."""
    if isinstance(value, dict):
        name = value.get("$ref")
        return stands[name].target_id if name else {key: as_sent(each, stands) for key, each in value.items()}
    return [as_sent(each, stands) for each in value] if isinstance(value, list) else value


@pytest.mark.option("closed_books")
@RECEIPT_AND_INVOICE
@pytest.mark.parametrize(
    ("policy", "closing", "day"),
    [
        ("hold", None, "2026-05-01"),
        ("hold", "2026-04-30", "2026-05-01"),
        ("hold", "2026-05-01", None),
        ("hold", "2026-12-31", None),
        ("first_open_day", None, "2026-05-01"),
        ("first_open_day", "2026-04-30", "2026-05-01"),
        ("first_open_day", "2026-05-01", "2026-05-02"),
        ("first_open_day", "2026-12-31", "2027-01-01"),
    ],
)
def test_the_day_of_a_sale(decide, order, post_as, policy, closing, day):
    changes = {"closed_books": policy, "sales.post_as": post_as, "workflows": ["sales"]}
    decided = decide(order(), preferences=closed(closing) if closing else {}, **changes)
    if day is None:
        text = f"The order is of 2026-05-01; the company's books are closed up to {closing}."
        assert decided.reasons == {"books_closed": text}
        return
    anew = day != "2026-05-01"
    assert days(decided) == [("Invoice" if post_as == "invoice" else "SalesReceipt", day, anew)]
    assert decided.body.get("DueDate") == (day if post_as == "invoice" else None)
    assert decided.body["PrivateNote"].endswith("\ncartledger:abc123:order:1001")
    text = f"The order is of 2026-05-01, whose books are closed, and is booked on {day}."
    assert notices(decided) == ([text] if anew else [])


@pytest.mark.option("closed_books")
@pytest.mark.parametrize(("policy", "held"), [("hold", True), ("first_open_day", False)])
@pytest.mark.parametrize(("document_date", "own"), [("created", "2026-05-01"), ("shipped", "2026-05-03")])
def test_the_own_day_is_the_one_that_the_document_would_bear(decide, order, policy, held, document_date, own):
    shipped = order(status_id=2, date_shipped="Sun, 03 May 2026 18:00:00 +0000")
    changes = {"closed_books": policy, "sales.document_date": document_date}
    decided = decide(shipped, preferences=closed("2026-05-31"), **changes)
    if held:
        assert decided.reasons == {
            "books_closed": f"The order is of {own}; the company's books are closed up to 2026-05-31."
        }
    else:
        assert decided.body["TxnDate"] == "2026-06-01"
        assert f"Of {own}, whose books are closed." in decided.body["PrivateNote"]


@pytest.mark.option("closed_books")
@pytest.mark.parametrize(("policy", "paid_on"), [("hold", None), ("first_open_day", "2026-05-04")])
def test_a_payment_of_a_closed_day_on_an_invoice_of_an_open_one(decide, order, policy, paid_on):
    """The sale is of the day of shipping, 2026-05-09; its money came on 2026-05-03, and books close that day."""
    late = "Sat, 09 May 2026 18:00:00 +0000"
    raw = order(status_id=2, date_modified=late, date_shipped=late)
    changes = {**INVOICE, "sales.document_date": "shipped", "closed_books": policy}
    decided = decide(raw, facts=came("2026-05-03"), preferences=closed("2026-05-03"), **changes)
    if paid_on is None:
        assert decided.reasons == {
            "books_closed": "64.96 came in on 2026-05-03; the company's books are closed up to 2026-05-03."
        }
        return
    assert [body["TxnDate"] for body in decided.documents] == ["2026-05-09", paid_on]
    notes = [body["PrivateNote"] for body in decided.documents]
    assert ["Of 2026-05-03, whose books are closed." in note for note in notes] == [False, True]
    assert notices(decided) == ["64.96 came in on 2026-05-03, whose books are closed, and is booked on 2026-05-04."]


@pytest.mark.option("closed_books")
def test_money_that_comes_in_an_open_time_keeps_its_day(decide, order):
    raw = order(date_modified="Sat, 09 May 2026 18:00:00 +0000")
    decided = decide(raw, facts=came("2026-05-09"), preferences=closed("2026-05-03"), **INVOICE, **ANEW)
    assert days(decided) == [("Invoice", "2026-05-04", True), ("Payment", "2026-05-09", False)]


TENDERS = {**INVOICE, **ANEW, "sales.tenders_on_invoice": "credit_memo"}


@pytest.mark.option("closed_books")
def test_everything_of_one_sale_bears_the_first_open_day(decide, order):
    decided = decide(order(gift_certificate_amount="30.00"), preferences=closed("2026-05-31"), **TENDERS)
    assert days(decided) == [
        ("Invoice", "2026-06-01", True),
        ("CreditMemo", "2026-06-01", True),
        ("Payment", "2026-06-01", True),
        ("Payment", "2026-06-01", True),
    ]
    assert notices(decided) == [
        "The order is of 2026-05-01, whose books are closed, and is booked on 2026-06-01.",
        "34.96 came in on 2026-05-01, whose books are closed, and is booked on 2026-06-01.",
    ]


@pytest.mark.option("closed_books")
@pytest.mark.parametrize("policy", ["hold", "first_open_day"])
@pytest.mark.parametrize("made", [1, 2, 3])
def test_what_is_missing_of_a_sale_that_stands_in_books_closed_since(decide, order, policy, made):
    """The ledger knows the first documents of four when the books are closed: what stands keeps its day."""
    raw = order(gift_certificate_amount="30.00")
    before = decide(raw, **TENDERS).decision.documents
    stands = {each.name: standing(each, "2026-05-01") for each in before[:made]}
    changes = {**TENDERS, "closed_books": policy}
    again = decide(raw, preferences=closed("2026-05-31"), facts={"stands": stands}, **changes)
    if policy == "hold":
        assert set(again.reasons) == {"books_closed"}
        return
    told = [(day, noted) for _, day, noted in days(again)]
    assert told == [("2026-05-01", False)] * made + [("2026-06-01", True)] * (4 - made)
    assert [each.hash for each in again.decision.documents[:made]] == [each.hash for each in before[:made]]


@pytest.mark.option("closed_books")
@pytest.mark.parametrize("closing", [None, "2026-04-30", "2026-05-31", "2026-12-31"])
@pytest.mark.parametrize("policy", ["hold", "first_open_day"])
@pytest.mark.parametrize("document_date", ["created", "shipped", "paid"])
@pytest.mark.parametrize("later", ["created", "shipped", "paid"])
def test_what_was_dated_anew_says_so_for_ever(decide, order, closing, policy, document_date, later):
    """Whatever becomes of the closing date and the settings, under which its own day would be another one. (A payment
    that stands for the whole is not asked for its reference again, so there is none.)"""
    late = "Sun, 03 May 2026 18:00:00 +0000"
    raw = order(status_id=2, date_modified=late, date_shipped=late, gift_certificate_amount="30.00")
    changes = {**TENDERS, "sales.document_date": document_date}
    facts = came("2026-05-03", "34.96", reference="")
    before = decide(raw, facts=facts, preferences=closed("2026-05-31"), **changes).decision.documents
    stands = {each.name: standing(each, "2026-06-01") for each in before}
    assert len(stands) == 4
    changes |= {"closed_books": policy, "sales.document_date": later}
    preferences = closed(closing) if closing else {}
    again = decide(raw, preferences=preferences, facts={**facts, "stands": stands}, **changes)
    assert [each.body for each in again.decision.documents] == [as_sent(each.body, stands) for each in before]
    assert [each.hash for each in again.decision.documents] == [each.hash for each in before]
    assert notices(again) == []


@pytest.mark.option("closed_books")
def test_what_stands_on_its_own_day_says_nothing_of_it(decide, order):
    (before,) = decide(order(), **ANEW).decision.documents
    stands = {"document": standing(before, "2026-05-01")}
    again = decide(order(), preferences=closed("2026-05-31"), facts={"stands": stands}, **ANEW)
    assert (again.body, again.decision.documents[0].hash) == (before.body, before.hash)


@pytest.mark.option("closed_books")
def test_a_document_of_another_day_than_the_order_is_not_taken_for_dated_anew(decide, order):
    """Its day is that of its payment, and is none of a closed time."""
    late = "Sun, 03 May 2026 18:00:00 +0000"
    raw = order(status_id=2, date_modified=late, date_shipped=late)
    changes = {**ANEW, "sales.document_date": "paid"}
    facts = came("2026-05-03")
    (before,) = decide(raw, facts=facts, **changes).decision.documents
    stands = {"document": standing(before, "2026-05-03")}
    again = decide(raw, facts={**facts, "stands": stands}, **changes)
    assert days(again) == [("SalesReceipt", "2026-05-03", False)]
    assert again.decision.documents[0].hash == before.hash


@pytest.mark.option("closed_books")
@pytest.mark.parametrize(("policy", "asked"), [("hold", None), ("first_open_day", (date(2026, 6, 1),))])
def test_the_exchange_rate_is_of_the_day_that_the_document_bears(decide, order, policy, asked):
    raw = order(default_currency_code="EUR", store_default_currency_code="USD")
    changes = {**INVOICE, "closed_books": policy}
    decided = decide(raw, company="eur", preferences=closed("2026-05-31"), **changes)
    if asked is None:
        assert set(decided.reasons) == {"books_closed"}
        return
    assert decided.decision.days == asked
    rates = {"exchange_rates": (DayRate(day=date(2026, 6, 1), rate=Decimal("1.09")),)}
    decided = decide(raw, company="eur", preferences=closed("2026-05-31"), facts=rates, **changes)
    assert [(body["TxnDate"], body["ExchangeRate"]) for body in decided.documents] == [
        ("2026-06-01", Decimal("1.09")),
        ("2026-06-01", Decimal("1.09")),
    ]


@pytest.mark.option("closed_books")
@pytest.mark.parametrize(
    ("closing", "day", "answer"),
    [(None, 1, False), ("2026-05-31", 31, True), ("2026-05-31", 1, True), ("2026-05-30", 31, False)],
)
def test_which_days_are_closed(connect, closing, day, answer):
    _, company = connect(preferences=closed(closing) if closing else {})
    assert is_closed(date(2026, 5, day), company) is answer
