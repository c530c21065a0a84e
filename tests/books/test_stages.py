"""Orders of several documents, of which one is changed, settled or taken back while the next is on its way: held with
the reason, and nothing is paid twice."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest

from cartledger.ledger.types import State
from simulator.quickbooks import writes
from tests.said import purchase

MEMO, APPLICATION, PAYMENT = 3, 4, 5
"""Which batch makes each; the customer and the invoice come before them."""
SECTIONS = {"sales.post_as": "invoice", "sales.tenders_on_invoice": "credit_memo"}


@pytest.fixture
def books(open_books, plain_order):
    """Books with an order of 20.00: 15.00 by certificate, 5.00 by card."""
    opened = open_books(**SECTIONS)
    opened.add(plain_order(1001, gift_certificate_amount="15.0000"))
    return opened


def while_on_its_way(books, nth, act):
    """A sync, and `act` while the `nth` batch hangs, which then is not executed but sent again."""
    books.sim.faults.add(side="quickbooks", call="batch", kind="hang", nth=nth, executed=False)
    syncing = threading.Thread(target=books.sync)
    syncing.start()
    while not books.sim.faults.held:
        assert syncing.is_alive()
        syncing.join(0.05)
    act()
    books.sim.faults.release()
    syncing.join()


def invoice(books):
    return books.documents()["BC-1001"]


def paid(books):
    """What each payment that stands brought."""
    payments = books.sim.company.objects("Payment")
    return sorted(f"{each['TotalAmt']:.2f}" for each in payments if not each["PrivateNote"].startswith("Voided"))


def memos(books):
    """Number and amount of each credit memo, and what of it is left to use."""
    found = books.sim.company.objects("CreditMemo")
    return [(each["DocNumber"], f"{each['TotalAmt']:.2f}", f"{each['RemainingCredit']:.2f}") for each in found]


@pytest.mark.parametrize(("nth", "applied"), [(MEMO, []), (APPLICATION, []), (PAYMENT, ["0.00"])])
@pytest.mark.parametrize("how", ["void_document", "delete_document"])
def test_an_invoice_that_somebody_takes_back_meanwhile(books, nth, applied, how):
    while_on_its_way(books, nth, lambda: getattr(books.sim.company, how)("Invoice", invoice(books)["Id"]))
    assert books.held() == {"1001": ["taken_back"]}
    assert books.reasons(1001) == ["Invoice BC-1001 was voided or deleted before the rest of the order was booked."]
    assert (paid(books), memos(books)) == (applied, [("BC-1001-T", "15.00", "15.00")])
    assert books.sim.company.balances()["Card clearing"] == 0


def test_an_invoice_that_somebody_settles_before_its_memo_does(books):
    entered = []

    def enter():
        linked = {"TxnId": invoice(books)["Id"], "TxnType": "Invoice"}
        body = {
            "CustomerRef": invoice(books)["CustomerRef"],
            "TotalAmt": Decimal("12.00"),
            "Line": [{"Amount": Decimal("12.00"), "LinkedTxn": [linked]}],
            "PrivateNote": "By hand",
        }
        entered.append(books.sim.company.create("Payment", body)["Id"])

    while_on_its_way(books, APPLICATION, enter)
    assert books.reasons(1001) == ["Invoice BC-1001 has 8.00 open by now, less than the 15.00 to be applied to it."]
    assert (books.held(), paid(books)) == ({"1001": ["settled_already"]}, ["12.00"])

    books.sim.company.void_document("Payment", entered[0])
    books.app.ledger.retry(books.pair)
    books.sync()
    assert (books.state(1001), paid(books)) == (State.POSTED, ["0.00", "5.00"])
    assert (memos(books), invoice(books)["Balance"]) == ([("BC-1001-T", "15.00", "0.00")], 0)


def another(monkeypatch, entity, change):
    """The company makes these of what `change` makes of the body."""
    right = writes.BUILDERS[entity]
    monkeypatch.setitem(writes.BUILDERS, entity, lambda state, asked, old: right(state, change(asked), old))


def a_cent(asked):
    return {**asked, "TotalAmt": asked["TotalAmt"] + Decimal("0.01")}


def a_cent_on_its_line(asked):
    (line,) = asked["Line"]
    more = line["Amount"] + Decimal("0.01")
    detail = {**line["SalesItemLineDetail"], "UnitPrice": more}
    return {**asked, "Line": [{**line, "Amount": more, "SalesItemLineDetail": detail}]}


def a_higher_rate(asked):
    return {**asked, "ExchangeRate": Decimal("1.50")}


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
@pytest.mark.parametrize("memory", [True, False], ids=["id remembered", "id forgotten"])
def test_a_deletion_of_a_memo_whose_answer_was_lost_is_done_once_it_is_gone(books, monkeypatch, kind, memory):
    another(monkeypatch, "CreditMemo", a_cent_on_its_line)
    books.sim.company.requestid_memory = memory
    books.sim.faults.add(side="quickbooks", call="batch", kind=kind, nth=APPLICATION)
    books.sync()
    assert books.held() == {"1001": ["total_differs"]}
    assert (memos(books), paid(books), invoice(books)["Balance"]) == ([], [], 20)


def test_an_application_that_brings_money_is_voided_and_nothing_is_paid(books, monkeypatch):
    another(monkeypatch, "Payment", a_cent)
    books.sync()
    assert books.held() == {"1001": ["total_differs"]}
    assert (paid(books), invoice(books)["Balance"]) == ([], 20)
    assert memos(books) == [("BC-1001-T", "15.00", "15.00")]


@pytest.mark.parametrize(("entity", "memo"), [("CreditMemo", []), ("Payment", [("BC-1001-T", "15.00", "15.00")])])
def test_a_memo_and_what_applies_it_at_another_rate(open_books, plain_order, monkeypatch, entity, memo):
    books = open_books(company="eur", **SECTIONS)
    books.sim.company.create(
        "ExchangeRate", {"SourceCurrencyCode": "EUR", "Rate": Decimal("1.08"), "AsOfDate": "2026-05-01"}
    )
    euros = {"currency_code": "EUR", "default_currency_code": "EUR"}
    books.add(plain_order(1001, gift_certificate_amount="15.0000", **euros))
    another(monkeypatch, entity, a_higher_rate)
    books.sync()
    assert books.held() == {"1001": ["exchange_rate_differs"]}
    assert (paid(books), memos(books), invoice(books)["Balance"]) == ([], memo, 20)
    books.app.ledger.retry(books.pair)
    books.sync()
    assert books.held() == {"1001": ["voided"]}


def test_of_two_payments_the_second_waits_for_what_becomes_of_the_first(open_books, plain_order, monkeypatch):
    books = open_books(**{"sales.post_as": "invoice"})
    rows = [purchase(1, "8.00"), purchase(2, "12.00", "paypalcommerce")]
    books.add(plain_order(1001, payment_method="Credit Card, PayPal", transactions=rows))
    another(monkeypatch, "Payment", a_cent)
    books.sync()
    assert (books.held(), paid(books)) == ({"1001": ["total_differs"]}, [])
    assert len(books.sim.company.objects("Payment")) == 1
    assert invoice(books)["Balance"] == 20


def test_a_first_payment_that_the_ledger_has_forgotten_is_not_made_again_beside_the_second(open_books, plain_order):
    """It would find room on the invoice, in place of the second."""
    books = open_books(**{"sales.post_as": "invoice", "sales.statuses": ["Pending", "Awaiting Fulfillment"]})
    books.add(plain_order(1001, status_id=1, transactions=[purchase(1, "8.00")]))
    books.sync()
    books.lose_the_ledger()
    rows = [purchase(1, "8.00"), purchase(2, "12.00", "paypalcommerce")]
    books.sim.shop.update(1001, status_id=11, payment_method="Credit Card, PayPal", transactions=rows)
    books.sync()
    assert (books.held(), paid(books), invoice(books)["Balance"]) == ({}, ["12.00", "8.00"], 0)


def test_two_payments_of_an_invoice_that_an_older_one_settled(open_books, plain_order):
    books = open_books(**{"sales.post_as": "invoice"})
    books.sim.company.preferences["SalesFormsPrefs"]["AutoApplyPayments"] = True
    books.add(plain_order(1000))
    books.sync()
    customer = books.customers()["Ada Byrne"]["Id"]
    books.sim.company.clock_skew = -60
    body = {"CustomerRef": {"value": customer}, "TotalAmt": Decimal("30.00"), "TxnDate": "2026-04-01"}
    books.sim.company.create("Payment", body | {"PrivateNote": "By hand"})
    books.sim.company.clock_skew = 0
    rows = [purchase(1, "8.00"), purchase(2, "12.00", "paypalcommerce")]
    books.add(plain_order(1001, payment_method="Credit Card, PayPal", transactions=rows))
    books.sync()
    assert (books.held(), invoice(books)["Balance"]) == ({}, 0)
    assert paid(books) == ["12.00", "20.00", "30.00", "8.00"]
    balances = books.sim.company.balances()
    assert (balances["Card clearing"], balances["PayPal clearing"]) == (28, 12)
    assert balances["Accounts Receivable (A/R)"] == -30


def test_a_number_of_a_strangers_memo(books):
    customer = books.sim.company.create("Customer", {"DisplayName": "Somebody"})["Id"]
    item = books.sim.company.id_of("Item", "GOODS")
    line = {
        "Amount": Decimal("1.00"),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": item}},
    }
    books.sim.company.create(
        "CreditMemo", {"DocNumber": "BC-1001-T", "CustomerRef": {"value": customer}, "Line": [line]}
    )
    assert (books.sync().posted, books.held()) == (1, {})
    assert memos(books) == [("BC-1001-T", "1.00", "1.00"), ("BC-1001-T-S", "15.00", "0.00")]
    assert (paid(books), invoice(books)["Balance"]) == (["0.00", "5.00"], 0)
