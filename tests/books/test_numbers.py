"""Document numbers that somebody else has already, and our own documents that the ledger has forgotten."""

from __future__ import annotations

import pytest


@pytest.fixture
def foreign(open_books):
    """Books whose company has documents of its own: `foreign("SalesReceipt", "BC-1001") -> (books, document)`."""

    def made(entity, *numbers, **changes):
        books = open_books(**{"sales.post_as": "invoice" if entity == "Invoice" else "sales_receipt"} | changes)
        return books, [_by_hand(books.sim.company, entity, number) for number in numbers]

    return made


def _by_hand(company, entity, number):
    line = {
        "Amount": 5,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": company.id_of("Item", "Fee")}, "Qty": 1, "UnitPrice": 5},
    }
    customer = {"value": company.id_of("Customer", "Harbor Lane Stationers")}
    return company.create(entity, {"DocNumber": number, "CustomerRef": customer, "Line": [line]})


@pytest.mark.parametrize("entity", ["SalesReceipt", "Invoice"])
def test_a_strangers_document_is_never_touched_and_ours_gets_a_suffix(foreign, plain_order, entity):
    books, (theirs,) = foreign(entity, "BC-1001")
    books.add(plain_order(1001), plain_order(1002))
    assert books.sync().posted == 2
    assert books.documents().keys() == {"BC-1001", "BC-1001-S", "BC-1002"}
    assert books.sim.company.read(entity, theirs["Id"]) == theirs
    assert books.documents()["BC-1001-S"]["TotalAmt"] == 20


def test_the_suffix_stays(foreign, plain_order):
    """Also when the order is shipped and decided again."""
    books, _ = foreign("SalesReceipt", "BC-1001")
    books.add(plain_order(1001))
    books.sync()
    before = books.documents()
    books.sim.shop.set_status(1001, 2)
    assert books.sync().new_or_changed == 1
    assert books.documents() == before
    assert books.held() == {}


def test_the_suffix_is_reported(foreign, plain_order, caplog):
    books, _ = foreign("SalesReceipt", "BC-1001")
    books.add(plain_order(1001))
    with caplog.at_level("INFO", logger="cartledger"):
        books.sync()
    assert "BC-1001 is another document's number, so BC-1001-S is used." in caplog.messages


def test_an_order_whose_suffixed_number_is_taken_too_is_held(foreign, plain_order):
    books, theirs = foreign("SalesReceipt", "BC-1001", "BC-1001-S")
    books.add(plain_order(1001))
    books.sync()
    assert books.held() == {"1001": ["quickbooks_6140"]}
    assert len(books.documents()) == len(theirs)


@pytest.mark.parametrize("warned", [True, False])
@pytest.mark.parametrize("prefix", ["BC", ""])
@pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])
def test_our_own_document_is_found_again_by_its_number(open_books, plain_order, post_as, prefix, warned):
    """The ledger is lost: what stands in the company is recognised, not made again, whether or not QuickBooks warns of
    numbers that are taken."""
    books = open_books(**{"sales.post_as": post_as, "sales.number_prefix": prefix})
    books.sim.company.state.warn_duplicates = warned
    books.add(plain_order(1001), plain_order(1002, "30.00"))
    books.sync()
    before = (books.documents(), books.customers(), books.sim.company.balances())
    books.lose_the_ledger()
    assert books.sync().posted == 2
    assert (books.documents(), books.customers(), books.sim.company.balances()) == before
    assert len(books.sim.company.objects("Payment")) == 2 * (post_as == "invoice")
    books.lose_the_ledger()
    books.sync()
    assert (books.documents(), books.customers(), books.sim.company.balances()) == before


def test_our_own_document_with_a_suffix_is_found_again(foreign, plain_order):
    books, _ = foreign("SalesReceipt", "BC-1001")
    books.add(plain_order(1001))
    books.sync()
    before = books.documents()
    books.lose_the_ledger()
    assert books.sync().posted == 1
    assert books.documents() == before


def test_without_a_prefix_the_number_is_the_orders(open_books, plain_order):
    books = open_books(**{"sales.number_prefix": ""})
    books.add(plain_order(1001))
    books.sync()
    assert books.documents().keys() == {"1001"}


# -- numbers that QuickBooks gives

OWN = {"sales.automatic_numbers": True}
COMPANY_READS = 10


@pytest.mark.parametrize("custom", [True, False])
@pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])
def test_quickbooks_gives_the_next_numbers_and_the_ledger_remembers_them(open_books, plain_order, post_as, custom):
    books = open_books(**OWN, **{"sales.post_as": post_as})
    books.sim.company.preferences["SalesFormsPrefs"]["CustomTxnNumbers"] = custom
    entity = "Invoice" if post_as == "invoice" else "SalesReceipt"
    _by_hand(books.sim.company, entity, "2041")
    books.add(plain_order(1001), plain_order(1002))
    assert books.sync().posted == 2
    assert books.documents().keys() == {"2041", "2042", "2043"}
    notes = [books.documents()[number]["PrivateNote"].partition(".")[0] for number in ("2042", "2043")]
    assert sorted(notes) == ["BigCommerce order 1001", "BigCommerce order 1002"]
    links = books.app.ledger.links(books.pair, "order", ["1001", "1002"])
    assert {links[order]["document"].number for order in ("1001", "1002")} == {"2042", "2043"}


@pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])
def test_what_quickbooks_numbered_is_found_again_after_the_ledger_was_lost(open_books, plain_order, post_as):
    """All of one customer, day and amount: the note alone tells them apart."""
    books = open_books(**OWN, **{"sales.post_as": post_as})
    books.add(*(plain_order(number) for number in (1001, 1002, 1003)))
    books.sync()
    before = (books.documents(), books.sim.company.objects("Payment"), books.sim.company.balances())
    books.lose_the_ledger()
    books.add(plain_order(1004))
    books.sim.reset_counts()
    assert books.sync().posted == 4
    after = books.documents()
    assert {number: after[number] for number in before[0]} == before[0]
    assert len(after) == 4
    assert len(books.sim.company.objects("Payment")) == len(before[1]) + (post_as == "invoice")
    books.prove()


def test_a_document_of_another_total_that_stands_under_our_marker_is_left_as_it_is(open_books, plain_order):
    """The order was changed while there was no ledger, or the document by hand: nothing tells which."""
    books = open_books(**OWN)
    books.add(plain_order(1001))
    books.sync()
    books.lose_the_ledger()
    books.sim.shop.update(1001, **{k: v for k, v in plain_order(1001, "30.00").items() if k != "date_modified"})
    assert books.sync().held == 1
    assert books.held() == {"1001": ["stands_otherwise"]}
    (document,) = books.documents().values()
    assert document["TotalAmt"] == 20


def test_a_number_that_is_taken_is_not_taken_for_ours(open_books, plain_order):
    """A company whose own sequence runs into a number that somebody gave by hand."""
    books = open_books(**OWN)
    for number in ("2043", "2042"):
        _by_hand(books.sim.company, "SalesReceipt", number)
    books.add(plain_order(1001))
    books.sync()
    assert books.held() == {"1001": ["quickbooks_6140"]}
    assert books.documents().keys() == {"2042", "2043"}


def test_looking_for_what_has_no_number_costs_a_read_a_batch_as_customers_cost_two(open_books):
    """However many orders come together."""
    books = open_books(**OWN)
    books.sim.fill(orders=120, customers=30, clean=True)
    assert books.sync().posted == 120
    report = books.sim.report()["quickbooks"]
    assert report["reads"] <= COMPANY_READS + 2 * report["batches"], report
    books.prove()


def test_a_payment_that_leaves_room_for_another_one_is_not_made_twice(open_books, plain_order):
    """The ledger is lost, and QuickBooks would take the same 5.00 of 20.00 once more."""
    books = open_books(**{"sales.post_as": "invoice", "sales.statuses": ["Pending"]})
    capture = {
        "id": 1,
        "event": "capture",
        "amount": 5,
        "currency": "USD",
        "date_created": "2026-05-01T16:00:00+00:00",
        "gateway": "stripe",
        "method": "credit_card",
        "status": "ok",
    }
    books.add(plain_order(1001, status_id=1, status="Pending", payment_status="pending", transactions=[capture]))
    books.sync()
    before = books.sim.company.objects("Payment")
    assert [payment["TotalAmt"] for payment in before] == [5]
    books.lose_the_ledger()
    assert books.sync().posted == 1
    assert books.sim.company.objects("Payment") == before
    assert [invoice["Balance"] for invoice in books.documents().values()] == [15]
