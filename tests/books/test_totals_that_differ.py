"""A document that QuickBooks made with another total than was sent: it must not stand, and the order must be seen."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest


def _taxed_order(make_order, line):
    return make_order(
        1001,
        [line("GOODS", 1, ("80.0000", "6.6000", "86.6000"))],
        subtotal=("80.0000", "6.6000", "86.6000"),
        total=("80.0000", "6.6000", "86.6000"),
    )


def test_a_document_whose_total_differs_is_voided_and_its_order_held(open_books, make_order, line, plain_order):
    books = open_books(company="us_ast")
    books.sim.company.honours_tax_override = False
    books.add(_taxed_order(make_order, line) | {"billing_address": {"state": ""}}, plain_order(1002))
    synced = books.sync()
    assert (synced.posted, synced.held) == (1, 1)
    assert books.held() == {"1001": ["total_differs"]}
    (reason,) = books.reasons(1001)
    assert reason == "QuickBooks made SalesReceipt BC-1001 87.40 instead of 86.60; it was voided."
    voided = books.documents()["BC-1001"]
    assert voided["TotalAmt"] == 0
    assert voided["PrivateNote"].startswith("Voided")
    assert books.sim.proof()["posted"] == 1


def test_units_of_a_sale_that_was_voided_stay_reserved(open_books, make_order, line):
    """They are in the quantity that QuickBooks says, and gone."""
    books = open_books(company="us_ast")
    books.sim.company.honours_tax_override = False
    books.add(_taxed_order(make_order, line) | {"billing_address": {"state": ""}})
    books.sync()
    assert books.held() == {"1001": ["total_differs"]}
    assert reserved(books) == ["1001"]
    books.app.ledger.retry(books.pair)
    books.sync()
    assert reserved(books) == ["1001"]


def reserved(books):
    """The orders whose units are not in what the company says from now on."""
    return [each.order_id for each in books.app.ledger.allocations(books.pair, books.app.clock() + timedelta(days=1))]


@pytest.mark.parametrize("numbers", ["ours", "QuickBooks'"])
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_void_whose_answer_was_lost_is_done_once_the_document_is_void(open_books, make_order, line, kind, numbers):
    """That the document is found again is no proof of it."""
    books = open_books(company="us_ast", **{"sales.automatic_numbers": numbers != "ours"})
    books.sim.company.honours_tax_override = False
    books.add(_taxed_order(make_order, line))
    books.sim.faults.add(side="quickbooks", call="batch", kind=kind, nth=3)  # after the customer and the sale
    books.sync()
    assert books.held() == {"1001": ["total_differs"]}
    (document,) = books.documents().values()
    assert document["TotalAmt"] == 0


def test_a_void_of_what_a_person_deleted_meanwhile_is_held(open_books, make_order, line):
    books = open_books(company="us_ast")
    books.sim.company.honours_tax_override = False
    books.add(_taxed_order(make_order, line))
    books.sim.faults.add(side="quickbooks", call="batch", kind="hang", nth=3, executed=False)
    syncing = threading.Thread(target=books.sync)
    syncing.start()
    while not books.sim.faults.held:
        assert syncing.is_alive()
        syncing.join(0.05)
    (document,) = books.documents().values()
    books.sim.company.delete("SalesReceipt", {"Id": document["Id"], "SyncToken": document["SyncToken"]})
    books.sim.faults.release()
    syncing.join()
    assert books.held() == {"1001": ["total_differs", "deleted_by_hand"]}


def test_a_voided_document_is_never_taken_for_the_sale(open_books, make_order, line):
    books = open_books(company="us_ast")
    books.sim.company.honours_tax_override = False
    books.add(_taxed_order(make_order, line))
    books.sync()
    books.sim.company.honours_tax_override = True
    books.app.ledger.retry(books.pair)
    synced = books.sync()
    assert (synced.posted, synced.held) == (0, 1)


def test_the_payment_of_a_voided_invoice_is_not_made(open_books, make_order, line):
    books = open_books(company="us_ast", **{"sales.post_as": "invoice"})
    books.sim.company.honours_tax_override = False
    books.add(_taxed_order(make_order, line))
    books.sync()
    assert books.held() == {"1001": ["total_differs"]}
    assert books.sim.company.objects("Payment") == []
    assert books.sim.proof()["balances"] == {}
