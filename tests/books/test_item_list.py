"""What is known of a company's items while new ones are made: asked for product by product, or of all at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cartledger.ledger.types import Read
from consumers.item_list import KEPT_FOR, ItemList
from consumers.items import ITEM
from mapping.item import SKU_FIELD, Product


@pytest.fixture
def now():
    """The time, which stands until it is moved."""
    return [datetime(2026, 5, 1, tzinfo=UTC)]


@pytest.fixture
def books(open_books):
    opened = open_books()
    opened.app.lines["demo"].book.company()
    opened.sim.reset_counts()
    return opened


@pytest.fixture
def look(books, now):
    """`look("CUP")`: ids of the items that are found for products, and how many reads that took."""

    def opened(*, alone=True, waiting=100):
        line = books.app.lines["demo"]
        reads = [Read(id=f"sku:{n}", version="v", record=b"{}", modified=now[0]) for n in range(waiting)]
        books.app.ledger.remember(books.pair, ITEM, reads)
        known = ItemList(
            ledger=books.app.ledger,
            quickbooks=line.quickbooks,
            book=line.book,
            pair=books.pair,
            alone=alone,
            clock=lambda: now[0],
        )

        def found(*skus):
            books.sim.reset_counts()
            products = [Product(sku=sku, name=f"Thing {sku}", product_id=1) for sku in skus]
            rows = known.rows(products, SKU_FIELD, kind=ITEM)
            return {row["Id"] for row in rows}, books.sim.report()["quickbooks"]["reads"]

        found.named = known.named
        return found

    return opened


def made(books, sku, name=""):
    return books.sim.company.add_item(name=name or f"Thing {sku}", sku=sku)["Id"]


def test_all_items_are_read_once_while_many_products_wait(books, look):
    cup, name = made(books, "CUP"), made(books, "OTHER", name="Thing MUG")
    found = look()
    assert found("cup", "NEW") == ({cup}, 1)
    assert found("MUG") == ({name}, 0)
    assert found("NEW") == (set(), 0)


def test_what_was_read_is_believed_for_a_while(books, look, now):
    found = look()
    assert found("CUP") == (set(), 1)
    cup = made(books, "CUP")
    now[0] += KEPT_FOR
    assert found("CUP") == (set(), 0)
    now[0] += timedelta(seconds=1)
    assert found("CUP") == ({cup}, 1)


@pytest.mark.parametrize(("alone", "waiting"), [(False, 100), (True, 30)], ids=["another shop", "few wait"])
def test_each_time_it_is_asked_where_another_shop_makes_items_or_few_wait(books, look, alone, waiting):
    found = look(alone=alone, waiting=waiting)
    assert found("CUP") == (set(), 2)
    cup = made(books, "CUP")
    assert found("CUP") == ({cup}, 2)


def test_a_name_that_a_new_item_gets_is_taken(look):
    found = look()
    assert found("CUP") == (set(), 1)
    found.named("Thing CUP")
    found.named("thing cup (CUP)")
    assert len(found("CUP")[0]) == 2
