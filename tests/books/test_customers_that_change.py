"""Customers that somebody renames, merges or makes inactive in QuickBooks, and settings that name others by now."""

from __future__ import annotations

import threading

import pytest

from cartledger.ledger.types import State

ADA = {"first_name": "Ada", "last_name": "Byrne", "email": "ada@example.com"}
PAID = {"payment_status": "captured"}
UNPAID = {"payment_status": ""}


@pytest.fixture
def sold(open_books, plain_order):
    """`sold(**settings) -> Books` in which order 1001 of Ada Byrne, registered as 42, is posted."""

    def sell(paid=PAID, **settings):
        books = open_books(**settings)
        books.add(plain_order(1001, customer_id=42, buyer=ADA, **paid))
        assert books.sync().posted == 1
        return books

    return sell


def customer(books, name="Ada Byrne"):
    return books.sim.company.id_of("Customer", name)


def change(books, customer_id, **fields):
    token = books.sim.company.read("Customer", customer_id)["SyncToken"]
    return books.sim.company.update("Customer", {"Id": customer_id, "SyncToken": token, "sparse": True, **fields})


def merge(books, loser, name, *, gone=False):
    """Into a new customer with another name and e-mail address; its id."""
    winner = books.sim.company.create(
        "Customer", {"DisplayName": name, "PrimaryEmailAddr": {"Address": "office@example.com"}}
    )["Id"]
    books.sim.company.merge_customer(loser, winner, gone=gone)
    return winner


def whose(books):
    return {number: document["CustomerRef"]["value"] for number, document in sorted(books.documents().items())}


def sell_again(books, plain_order, *numbers, customer_id=42, buyer=ADA):
    """Further orders are posted, and no customer is made for them."""
    before = books.customers().keys()
    books.add(*(plain_order(number, customer_id=customer_id, buyer=buyer) for number in numbers))
    books.sync()
    assert books.held() == {}
    assert books.customers().keys() == before
    books.prove()


def test_a_renamed_customer_is_the_same_one(sold, plain_order):
    books = sold()
    change(books, customer(books), DisplayName="Countess of Lovelace", PrimaryEmailAddr={"Address": "c@example.com"})
    sell_again(books, plain_order, 1002)
    assert set(whose(books).values()) == {customer(books, "Countess of Lovelace")}


@pytest.mark.parametrize("gone", [False, True], ids=["inactive", "gone"])
def test_a_merged_customer_is_followed(sold, plain_order, gone):
    books = sold()
    winner = merge(books, customer(books), "Lovelace & Co", gone=gone)
    sell_again(books, plain_order, 1002, 1003)
    assert set(whose(books).values()) == {winner}


def test_merged_twice(sold, plain_order):
    books = sold()
    first = merge(books, customer(books), "Lovelace & Co")
    last = merge(books, first, "Lovelace & Daughters")
    sell_again(books, plain_order, 1002)
    later = merge(books, last, "Lovelace Estate")
    sell_again(books, plain_order, 1003)
    assert set(whose(books).values()) == {later}


def test_merged_and_merged_back(sold, plain_order):
    books = sold()
    ada = customer(books)
    winner = merge(books, ada, "Lovelace & Co")
    sell_again(books, plain_order, 1002)
    change(books, ada, Active=True)
    books.sim.company.merge_customer(winner, ada)
    sell_again(books, plain_order, 1003)
    assert set(whose(books).values()) == {ada}


def test_following_costs_two_reads_however_many_orders_there_are(sold, plain_order):
    books = sold()
    merge(books, customer(books), "Lovelace & Co")
    books.sim.reset_counts()
    sell_again(books, plain_order, *range(1002, 1022))
    assert books.sim.report()["quickbooks"]["reads"] == 2


def test_everybody_who_is_that_customer_goes_along(sold, plain_order):
    """The guest was linked to Ada's customer by her e-mail address."""
    books = sold()
    sell_again(books, plain_order, 1002, customer_id=0)
    winner = merge(books, customer(books), "Lovelace & Co")
    sell_again(books, plain_order, 1003)
    sell_again(books, plain_order, 1004, customer_id=0)
    assert set(whose(books).values()) == {winner}


def test_a_customer_whose_documents_tell_nothing_is_matched_anew(sold, plain_order):
    """Its one receipt was deleted; the survivor has its e-mail address."""
    books = sold()
    (receipt,) = books.documents().values()
    books.sim.company.delete("SalesReceipt", {"Id": receipt["Id"], "SyncToken": receipt["SyncToken"]})
    loser = customer(books)
    winner = merge(books, loser, "Lovelace & Co")
    change(books, winner, PrimaryEmailAddr={"Address": "ada@example.com"})
    books.add(plain_order(1002, customer_id=42, buyer=ADA))
    books.sync()
    assert (books.held(), whose(books)) == ({}, {"BC-1002": winner})


def test_an_inactive_customer_holds_the_order_until_a_person_decides(sold, plain_order):
    books = sold()
    ada = customer(books)
    before = books.customers().keys()
    change(books, ada, Active=False)
    books.add(plain_order(1002, customer_id=42, buyer=ADA), plain_order(1003, customer_id=42, buyer=ADA))
    books.sync()
    assert books.held() == {"1002": ["customer_inactive"], "1003": ["customer_inactive"]}
    assert books.reasons(1002) == [f"The order's customer was made inactive in QuickBooks (its id is {ada})."]

    change(books, ada, Active=True)
    books.app.ledger.retry(books.pair)
    books.sync()
    assert (books.held(), set(whose(books).values())) == ({}, {ada})
    assert books.customers().keys() == before


def test_an_inactive_customer_that_is_merged_then_is_followed(sold, plain_order):
    books = sold()
    change(books, customer(books), Active=False)
    books.add(plain_order(1002, customer_id=42, buyer=ADA))
    books.sync()
    winner = merge(books, customer(books, "Ada Byrne (deleted)"), "Lovelace & Co")
    books.app.ledger.retry(books.pair)
    books.sync()
    assert (books.held(), set(whose(books).values())) == ({}, {winner})


def test_what_else_is_inactive_is_not_blamed_on_the_customer(sold, plain_order):
    books = sold()
    item = books.sim.company.read("Item", books.sim.company.id_of("Item", "GOODS"))
    books.sim.company.update(
        "Item", {"Id": item["Id"], "SyncToken": item["SyncToken"], "sparse": True, "Active": False}
    )
    books.add(plain_order(1002, customer_id=42, buyer=ADA), items=False)
    books.sync()
    assert books.held() == {"1002": ["inactive_item"]}
    link = books.app.ledger.links(books.pair, "customer", ["c42"])["c42"]["document"]
    assert link.target_id == customer(books)


def test_a_payment_goes_to_the_customer_that_its_invoice_has_by_now(sold, plain_order):
    books = sold(UNPAID, **{"sales.post_as": "invoice"})
    winner = merge(books, customer(books), "Lovelace & Co")
    books.sim.shop.orders[1001].header |= PAID
    books.sim.shop.touch(1001)
    books.sync()
    (payment,) = books.sim.company.objects("Payment")
    assert (books.held(), payment["CustomerRef"]["value"]) == ({}, winner)
    books.prove()


def merge_while_a_call_hangs(books):
    """During a sync; the id of the customer that Ada's was merged into."""
    syncing = threading.Thread(target=books.sync)
    syncing.start()
    while not books.sim.faults.held:
        assert syncing.is_alive()
        syncing.join(0.05)
    winner = merge(books, customer(books), "Lovelace & Co")
    books.sim.faults.release()
    syncing.join()
    return winner


@pytest.mark.parametrize("made", [False, True], ids=["not made", "made"])
@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
def test_merged_between_invoice_and_payment_of_one_order(open_books, plain_order, later, made):
    """The payment's call is cut off, before it was made or after; meanwhile its customer is merged."""
    books = open_books(**{"sales.post_as": "invoice"})
    books.sim.company.requestid_memory = False
    books.sim.faults.add(side="quickbooks", call="batch", kind="hang", nth=3, executed=made)
    books.add(plain_order(1001, customer_id=42, buyer=ADA, **UNPAID if later else PAID))
    if later:
        books.sync()
        books.sim.shop.orders[1001].header |= PAID
        books.sim.shop.touch(1001)
    winner = merge_while_a_call_hangs(books)
    (payment,) = books.sim.company.objects("Payment")
    assert (books.state(1001), payment["CustomerRef"]["value"]) == (State.POSTED, winner)
    assert set(whose(books).values()) == {winner}
    books.prove()


def test_a_receipt_without_a_number_whose_answer_was_lost_before_the_merge(open_books, plain_order):
    books = open_books(**{"sales.automatic_numbers": True})
    books.sim.company.requestid_memory = False
    books.sim.faults.add(side="quickbooks", call="batch", kind="hang", nth=2, executed=True)
    books.add(plain_order(1001, customer_id=42, buyer=ADA))
    winner = merge_while_a_call_hangs(books)
    assert (books.state(1001), list(whose(books).values())) == (State.POSTED, [winner])


OTHER_CUSTOMERS = (
    {"sales.customer": "organisation"},
    {"sales.customer": "generic", "sales.generic_customer": "Web sales"},
)


@pytest.mark.parametrize("settings", OTHER_CUSTOMERS, ids=["organisation", "generic"])
def test_an_order_that_stands_keeps_its_customer_under_other_settings(sold, plain_order, settings):
    books = sold(UNPAID, **{"sales.post_as": "invoice"})
    ada, before = customer(books), books.customers().keys()
    books.change(**settings)
    books.sim.reset_counts()
    for header in ({"status_id": 2, "status": "Shipped"}, PAID):
        books.sim.shop.orders[1001].header |= header
        books.sim.shop.touch(1001)
        books.sync()
        assert (books.held(), books.state(1001)) == ({}, State.POSTED)
    assert books.sim.report()["quickbooks"]["reads"] == 1  # of the invoice, for the payment
    (payment,) = books.sim.company.objects("Payment")
    assert (payment["CustomerRef"]["value"], whose(books), books.customers().keys()) == (ada, {"BC-1001": ada}, before)
    books.prove()


def test_an_invoice_that_is_gone_gets_no_payment(sold):
    books = sold(UNPAID, **{"sales.post_as": "invoice"})
    (invoice,) = books.documents().values()
    books.sim.company.delete("Invoice", {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"]})
    books.sim.shop.orders[1001].header |= PAID
    books.sim.shop.touch(1001)
    books.sync()
    assert books.held() == {"1001": ["document_gone"]}
    assert books.sim.company.objects("Payment") == []


def test_the_customer_for_all_is_looked_up_once_and_again_when_it_was_refused(open_books, plain_order):
    books = open_books(**{"sales.customer": "generic", "sales.generic_customer": "Web sales"})
    first = books.sim.company.create("Customer", {"DisplayName": "Web sales"})["Id"]
    books.add(*(plain_order(number) for number in range(1001, 1071)))
    books.sync()
    reads = books.sim.report()["quickbooks"]["reads"]
    books.add(plain_order(1071))
    books.sync()
    assert books.sim.report()["quickbooks"]["reads"] == reads
    assert set(whose(books).values()) == {first}

    change(books, first, DisplayName="Old web sales", Active=False)
    second = books.sim.company.create("Customer", {"DisplayName": "Web sales"})["Id"]
    books.add(plain_order(1072))
    books.sync()
    assert (books.held(), whose(books)["BC-1072"]) == ({}, second)
