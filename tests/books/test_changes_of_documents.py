"""What stands in QuickBooks is changed, voided or deleted under its lock: once, whatever becomes of answers, and never
over what the bookkeeper did there."""

from __future__ import annotations

import threading
from dataclasses import replace
from decimal import Decimal

import pytest

from cartledger.ledger.types import State
from cartledger.records import SourceKey
from simulator.bigcommerce.editing import edit_address
from simulator.bigcommerce.fulfilment import cancel
from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import Payout, decline, refund
from tests.said import REFUNDS, purchase

INVOICES = {"sales.post_as": "invoice", **REFUNDS}
LOST = ("drop_after", "drop_before", "truncated", "missing", "hang")
MOVED = "2 Mill Lane"
CHANGED = 1
"""Which of the batches to come is the change."""


@pytest.fixture
def sold(open_books, plain_order):
    """`sold(**settings) -> Books` in which order 1001 of 20.00 is posted; `order` are fields of it."""

    def sell(order=None, **settings):
        books = open_books(**{**INVOICES, **settings})
        books.add(plain_order(1001, is_tax_inclusive_pricing=False, **(order or {})))
        books.sync()
        assert books.state(1001) is State.POSTED
        books.sim.reset_counts()
        return books

    return sell


def sale(books):
    return books.documents()["BC-1001"]


def street(books):
    return sale(books)["BillAddr"].get("Line2")


def move(books, to=MOVED):
    edit_address(books.sim.shop, 1001, street_1=to)


def while_on_its_way(books, act):
    """A sync, and `act` while the next batch hangs, which then is not executed but sent again."""
    books.sim.faults.add(side="quickbooks", call="batch", kind="hang", nth=1, executed=False)
    syncing = threading.Thread(target=books.sync)
    syncing.start()
    while not books.sim.faults.held:
        assert syncing.is_alive()
        syncing.join(0.05)
    act()
    books.sim.faults.release()
    syncing.join()


def of_an_older_version(books):
    """The sale's link as versions wrote it that did not remember how it stood."""
    key = SourceKey(pair=books.pair, kind="order", id="1001")
    link = books.app.ledger.link(key, "document")
    books.app.ledger.set_link(replace(link, stood=""))


# -- the lock


@pytest.mark.parametrize("post_as", ["invoice", "sales_receipt"])
def test_a_sale_that_nobody_touched_is_changed_in_one_update(sold, post_as):
    """An invoice is read first, with all others of the batch: its payment moved its lock."""
    books = sold(**{"sales.post_as": post_as})
    move(books)
    books.sync()
    assert (books.held(), street(books)) == ({}, MOVED)
    entity = "Invoice" if post_as == "invoice" else "SalesReceipt"
    assert books.sim.company.updates(entity, sale(books)["Id"]) == 1
    report = books.sim.report()["quickbooks"]
    assert (report["reads"], report["batches"], books.sim.company.refusals) == (int(post_as == "invoice"), 1, [])


def test_what_moved_the_lock_and_changed_nothing_is_no_change(sold):
    """Between the look and the call the payment is taken off the invoice and put on again."""
    books = sold()
    move(books)
    (payment,) = books.sim.company.objects("Payment")

    def unlink_and_link():
        books.sim.company.edit_document("Payment", payment["Id"], Line=[])
        lines = [{name: line[name] for name in ("Amount", "LinkedTxn")} for line in payment["Line"]]
        books.sim.company.edit_document("Payment", payment["Id"], Line=lines)

    while_on_its_way(books, unlink_and_link)
    assert (books.held(), street(books), sale(books)["Balance"]) == ({}, MOVED, 0)
    assert books.sim.company.refusals == ["5010"]


BY_HAND = {
    "its note": {"PrivateNote": "Asked for a copy."},
    "its day": {"TxnDate": "2026-05-02"},
    "an address": {"BillAddr": {"Line1": "By hand"}},
    "what is printed on it": {"CustomerMemo": {"value": "Thanks"}},
}


@pytest.mark.parametrize("meanwhile", [False, True], ids=["before", "while it is on its way"])
@pytest.mark.parametrize("post_as", ["invoice", "sales_receipt"])
@pytest.mark.parametrize("change", list(BY_HAND.values()), ids=list(BY_HAND))
def test_what_the_bookkeeper_edited_is_left_alone(sold, post_as, change, meanwhile):
    books = sold(**{"sales.post_as": post_as})
    entity, id_ = ("Invoice" if post_as == "invoice" else "SalesReceipt"), sale(books)["Id"]

    def edit():
        books.sim.company.edit_document(entity, id_, **change)

    move(books)
    if meanwhile:
        while_on_its_way(books, edit)
    else:
        edit()
        books.sync()
    assert books.held() == {"1001": ["changed_by_hand"]}
    told = f"{entity} BC-1001 was edited in QuickBooks since it was posted, so it was not changed along with its order."
    assert books.reasons(1001) == [told]
    assert sale(books)["SyncToken"] == books.sim.company.read(entity, id_)["SyncToken"]
    for name, value in change.items():
        shown = sale(books)[name]
        assert (shown if isinstance(value, str) else {key: shown.get(key) for key in value}) == value
    assert street(books) != MOVED


def test_what_the_bookkeeper_voided_stays_void(sold):
    books = sold(order={"payment_status": ""})
    books.sim.company.void_document("Invoice", sale(books)["Id"])
    move(books)
    books.sync()
    told = "Invoice BC-1001 was voided in QuickBooks since it was posted, so it was not changed along with its order."
    assert (books.held(), books.reasons(1001)) == ({"1001": ["changed_by_hand"]}, [told])
    assert sale(books)["TotalAmt"] == 0


def test_what_the_bookkeeper_deleted_stays_deleted(sold):
    books = sold(**{"sales.post_as": "sales_receipt"})
    books.sim.company.delete_document("SalesReceipt", sale(books)["Id"])
    move(books)
    books.sync()
    told = "SalesReceipt BC-1001 was deleted in QuickBooks, so it was not changed along with its order."
    assert (books.held(), books.reasons(1001)) == ({"1001": ["deleted_by_hand"]}, [told])
    assert books.documents() == {}


def test_a_change_that_the_bookkeeper_made_himself_is_made(sold):
    books = sold()
    before = sale(books)["BillAddr"]
    move(books)
    books.sim.company.edit_document("Invoice", sale(books)["Id"], BillAddr={**before, "Line2": "3 Mill Lane"})
    books.sync()
    assert books.held() == {"1001": ["changed_by_hand"]}
    books.sim.company.edit_document("Invoice", sale(books)["Id"], BillAddr={**before, "Line2": MOVED})
    books.app.ledger.retry(books.pair)
    books.sync()
    assert (books.held(), books.state(1001)) == ({}, State.POSTED)


def test_what_an_older_version_wrote_is_changed_while_its_lock_holds(sold):
    books = sold(**{"sales.post_as": "sales_receipt"})
    of_an_older_version(books)
    move(books)
    books.sync()
    assert (books.held(), street(books)) == ({}, MOVED)


def test_whether_anybody_changed_what_an_older_version_wrote_is_not_known_once_its_lock_is_gone(sold):
    books = sold()
    of_an_older_version(books)
    move(books)
    books.sync()
    assert (books.held(), street(books)) == ({"1001": ["changed_by_hand"]}, "1 Mill Lane")


def test_a_merged_customer_is_no_change_of_a_document(sold):
    books = sold()
    other = books.sim.company.create("Customer", {"DisplayName": "Ada B."})["Id"]
    books.sim.company.merge_customer(sale(books)["CustomerRef"]["value"], other)
    move(books)
    books.sync()
    assert (books.held(), street(books), sale(books)["CustomerRef"]["value"]) == ({}, MOVED, other)


# -- what QuickBooks does not let anybody change


def test_what_is_deposited_is_left_alone(sold):
    books = sold(**{"sales.post_as": "sales_receipt", "payments.default_account": "Undeposited Funds"})
    books.sim.company.deposit(("SalesReceipt", sale(books)["Id"]))
    move(books)
    books.sync()
    assert books.held() == {"1001": ["quickbooks_6540"]}
    (told,) = books.reasons(1001)
    assert told.startswith("SalesReceipt BC-1001 was not changed along with its order: It is already deposited.")
    assert street(books) == "1 Mill Lane"


def test_what_is_reconciled_is_left_alone_where_the_company_guards_it(sold):
    books = sold(**{"sales.post_as": "sales_receipt"})
    books.sim.company.guards_reconciled = True
    books.sim.company.reconcile("SalesReceipt", sale(books)["Id"])
    move(books)
    books.sync()
    assert (books.held(), street(books)) == ({"1001": ["quickbooks_6480"]}, "1 Mill Lane")


# -- answers that are lost


@pytest.mark.parametrize("memory", [True, False], ids=["ids remembered", "ids forgotten"])
@pytest.mark.parametrize("kind", LOST)
def test_an_update_whose_answer_is_lost_is_made_once(sold, kind, memory):
    books = sold()
    books.sim.company.requestid_memory = memory
    books.sim.faults.add(side="quickbooks", call="batch", kind=kind, nth=CHANGED)
    move(books)
    books.sync()
    books.sim.faults.release()
    assert (books.held(), books.state(1001), street(books)) == ({}, State.POSTED, MOVED)
    assert books.sim.company.updates("Invoice", sale(books)["Id"]) == 1
    move(books, "3 Mill Lane")
    books.sync()
    assert (books.held(), street(books)) == ({}, "3 Mill Lane")
    books.prove()


@pytest.mark.parametrize(
    ("change", "held"), [({"PrivateNote": "Mine"}, {}), (BY_HAND["an address"], {"1001": ["changed_by_hand"]})]
)
def test_what_the_bookkeeper_did_before_a_lost_answer_is_looked_up_survives(sold, change, held):
    """Beside the update, or on top of it."""
    books = sold()
    books.sim.company.requestid_memory = False
    books.sim.faults.add(side="quickbooks", call="batch", kind="drop_after", nth=CHANGED)
    move(books)
    syncing = threading.Thread(target=books.sync)
    syncing.start()
    while street(books) != MOVED:
        assert syncing.is_alive()
        syncing.join(0.05)
    books.sim.company.edit_document("Invoice", sale(books)["Id"], **change)
    syncing.join()
    assert books.held() == held
    ((name, value),) = change.items()
    shown = sale(books)[name]
    assert (shown if isinstance(value, str) else {"Line1": shown["Line1"]}) == value


# -- a change that cannot be made


def test_a_change_that_cannot_be_made_keeps_nothing_else_back(sold):
    books = sold()
    books.sim.company.edit_document("Invoice", sale(books)["Id"], PrivateNote="Mine")
    move(books)
    refund(books.sim.shop, 1001, Asked(amount=Decimal(5)), set_status=False)
    books.sync()
    assert books.held() == {"1001": ["changed_by_hand"]}
    (receipt,) = books.sim.company.objects("RefundReceipt")
    assert (receipt["DocNumber"], receipt["TotalAmt"], street(books)) == ("R-1001", 5, "1 Mill Lane")
    books.app.ledger.retry(books.pair)
    books.sync()
    assert books.held() == {"1001": ["changed_by_hand"]}
    assert len(books.sim.company.objects("RefundReceipt")) == 1


# -- what is taken back


@pytest.fixture
def unpaid(sold):
    """Books with an invoice that nobody paid, which a cancellation voids."""
    return sold(order={"payment_status": ""}, **{"refunds.cancel_unpaid": "void"})


def test_an_invoice_that_somebody_pays_while_its_void_is_on_its_way_is_not_voided(unpaid):
    """What came in is decided about: it is kept of an order that was called off."""
    cancel(unpaid.sim.shop, 1001)
    invoice = sale(unpaid)
    link = {"Amount": Decimal(20), "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    body = {"CustomerRef": {"value": invoice["CustomerRef"]["value"]}, "TotalAmt": Decimal(20), "Line": [link]}
    while_on_its_way(unpaid, lambda: unpaid.sim.company.create("Payment", body))
    assert unpaid.held() == {"1001": ["cancelled_money_kept"]}
    assert (sale(unpaid)["TotalAmt"], sale(unpaid)["Balance"]) == (20, 0)


def test_an_invoice_that_the_bookkeeper_edits_while_its_void_is_on_its_way_is_not_voided(unpaid):
    cancel(unpaid.sim.shop, 1001)
    while_on_its_way(
        unpaid, lambda: unpaid.sim.company.edit_document("Invoice", sale(unpaid)["Id"], PrivateNote="Mine")
    )
    told = "Invoice BC-1001 was edited in QuickBooks since it was posted, so it was not voided."
    assert (unpaid.held(), unpaid.reasons(1001)) == ({"1001": ["changed_by_hand"]}, [told])
    assert sale(unpaid)["TotalAmt"] == 20


def test_an_invoice_that_the_bookkeeper_voids_meanwhile_is_void(unpaid):
    cancel(unpaid.sim.shop, 1001)
    while_on_its_way(unpaid, lambda: unpaid.sim.company.void_document("Invoice", sale(unpaid)["Id"]))
    assert (unpaid.held(), unpaid.state(1001), sale(unpaid)["TotalAmt"]) == ({}, State.POSTED, 0)


def test_an_invoice_that_the_bookkeeper_deletes_meanwhile_is_told_of(unpaid):
    cancel(unpaid.sim.shop, 1001)
    while_on_its_way(unpaid, lambda: unpaid.sim.company.delete_document("Invoice", sale(unpaid)["Id"]))
    told = "Invoice BC-1001 was deleted in QuickBooks, so it was not voided."
    assert (unpaid.held(), unpaid.reasons(1001)) == ({"1001": ["deleted_by_hand"]}, [told])


@pytest.fixture
def declined(sold):
    """Books with a receipt and what was refunded on it, which the provider declines after all."""
    books = sold(**{"sales.post_as": "sales_receipt"})
    row = refund(books.sim.shop, 1001, Asked(amount=Decimal(5)), Payout(provider="stripe"), set_status=False)
    books.sync()
    assert [each["DocNumber"] for each in books.sim.company.objects("RefundReceipt")] == ["R-1001"]
    decline(books.sim.shop, row["id"])
    books.sim.shop.touch(1001)
    return books


def test_what_was_declined_is_deleted(declined):
    declined.sync()
    assert (declined.held(), declined.sim.company.objects("RefundReceipt")) == ({}, [])


def test_what_was_declined_and_the_bookkeeper_deleted_is_gone(declined):
    (receipt,) = declined.sim.company.objects("RefundReceipt")
    declined.sim.company.delete_document("RefundReceipt", receipt["Id"])
    declined.sync()
    assert (declined.held(), declined.state(1001)) == ({}, State.POSTED)


def test_what_was_declined_and_the_bookkeeper_edited_is_left_alone(declined):
    (receipt,) = declined.sim.company.objects("RefundReceipt")
    declined.sim.company.edit_document("RefundReceipt", receipt["Id"], PrivateNote="Mine")
    declined.sync()
    told = "RefundReceipt R-1001 was edited in QuickBooks since it was posted, so it was not deleted."
    assert (declined.held(), declined.reasons(1001)) == ({"1001": ["changed_by_hand"]}, [told])
    assert [each["PrivateNote"] for each in declined.sim.company.objects("RefundReceipt")] == ["Mine"]


# -- a ledger that is lost


def give_back(books, amount, *payouts):
    return refund(books.sim.shop, 1001, Asked(amount=Decimal(amount)), *payouts, set_status=False)


def refunds(books):
    return sorted((each["DocNumber"], each["TotalAmt"]) for each in books.sim.company.objects("RefundReceipt"))


def test_refunds_whose_rank_moved_up_while_the_ledger_was_lost_are_found_again(sold):
    books = sold(**{"sales.post_as": "sales_receipt"})
    first = give_back(books, "5.00", Payout(provider="stripe"))
    give_back(books, "3.00")
    books.sync()
    decline(books.sim.shop, first["id"])
    books.sim.shop.touch(1001)
    books.sync()
    assert refunds(books) == [("R-1001-2", 3)]
    books.lose_the_ledger()
    books.sync()
    assert (books.held(), refunds(books)) == ({}, [("R-1001-2", 3)])
    give_back(books, "2.00")
    books.sync()
    assert (books.held(), refunds(books)) == ({}, [("R-1001-2", 3), ("R-1001-3", 2)])


def test_a_transfer_that_the_ledger_forgot_is_not_made_again(sold):
    rows = [purchase(1, "8.00"), purchase(2, "12.00", "paypalcommerce")]
    books = sold(order={"payment_method": "Credit Card, PayPal", "transactions": rows})
    give_back(books, "20.00", Payout(provider="stripe", amount=Decimal(8)), Payout(provider="paypalcommerce"))
    books.sync()
    books.lose_the_ledger()
    books.sync()
    assert (books.held(), refunds(books)) == ({}, [("R-1001", 20)])
    assert [each["Amount"] for each in books.sim.company.objects("Transfer")] in ([8], [12])
    balances = books.sim.company.balances()
    assert (balances["Card clearing"], balances["PayPal clearing"]) == (0, 0)


def test_what_was_sent_back_on_an_invoice_that_the_ledger_forgot_is_not_sent_again(sold):
    """Paid in part, and a part of that given back: a memo, an expense, and the payment of nothing between them."""
    pending = {"status_id": 1, "status": "Pending", "transactions": [purchase(1, "8.00")]}
    books = sold(order=pending, **{"sales.statuses": ["Pending", "Awaiting Fulfillment"]})
    give_back(books, "5.00", Payout(provider="stripe"))
    books.sync()
    entities = ("CreditMemo", "Purchase", "Payment", "RefundReceipt")
    made = {entity: len(books.sim.company.objects(entity)) for entity in entities}
    assert made == {"CreditMemo": 1, "Purchase": 1, "Payment": 2, "RefundReceipt": 0}
    books.lose_the_ledger()
    books.sync()
    assert (books.held(), books.state(1001)) == ({}, State.POSTED)
    assert {entity: len(books.sim.company.objects(entity)) for entity in entities} == made
