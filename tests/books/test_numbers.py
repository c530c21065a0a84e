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


@pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])
def test_our_own_document_is_found_again_by_its_number(open_books, plain_order, post_as):
    """The ledger is lost: what stands in the company is recognised, not made again."""
    books = open_books(**{"sales.post_as": post_as})
    books.add(plain_order(1001), plain_order(1002, "30.00"))
    books.sync()
    before = (books.documents(), books.customers(), books.sim.company.balances())
    books.lose_the_ledger()
    assert books.sync().posted == 2
    assert (books.documents(), books.customers(), books.sim.company.balances()) == before
    books.prove()


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
