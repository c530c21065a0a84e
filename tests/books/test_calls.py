"""What the road costs in calls, as the two sides count them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import Payout, refund
from tests.said import REFUNDS

BACKLOG, PEOPLE = 500, 100


def calls(books):
    """How many calls arrived at the shop, and how many at the company: reads, batches and single writes."""
    report = books.sim.report()
    company = report["quickbooks"]
    return report["bigcommerce"]["calls"], company["reads"] + company["batches"] + company["singles"]


@pytest.mark.parametrize(("post_as", "most"), [("sales_receipt", 0.15), ("invoice", 0.20)])
def test_a_backlog_and_then_nothing_new(open_books, post_as, most):
    books = open_books(**{"sales.post_as": post_as})
    books.sim.fill(orders=BACKLOG, customers=PEOPLE, clean=True)
    assert books.sync().posted == BACKLOG
    shop, company = calls(books)
    assert shop <= 0.02 * BACKLOG
    assert company <= most * BACKLOG
    books.prove()

    books.sim.reset_counts()
    synced = books.sync()
    assert (synced.posted, synced.new_or_changed) == (BACKLOG, 0)
    shop, company = calls(books)
    assert shop <= 2
    assert company == 0


def test_a_new_order_of_a_known_customer_costs_one_read_of_the_shop_and_one_batch(open_books, plain_order):
    books = open_books()
    books.add(plain_order(1001))
    books.sync()
    books.sim.reset_counts()
    books.add(plain_order(1002))
    assert books.sync().posted == 2
    assert calls(books) == (2, 1)


def test_an_order_of_more_than_fifty_lines_costs_one_call_more(open_books, make_order, line):
    books = open_books()
    for number, lines in ((1001, 50), (1002, 51), (1003, 120)):
        total = (f"{lines}.0000", "0.0000", f"{lines}.0000")
        books.add(make_order(number, [line("A", 1, ("1", "0", "1"))] * lines, subtotal=total, total=total))
    assert books.sync().posted == 3
    shop, _ = calls(books)
    assert shop == 2 + 2
    assert [len(books.rows(f"BC-{number}")) for number in (1001, 1002, 1003)] == [50, 51, 120]
    books.prove()


def test_transactions_cost_one_call_and_only_where_the_capture_day_is_not_told(open_books, plain_order):
    """The second was changed on another day than it was placed. None is asked for again when it is shipped."""
    books = open_books(**{"sales.post_as": "invoice"})
    books.add(plain_order(1001), plain_order(1002, date_modified="Sun, 03 May 2026 18:00:00 +0000"))
    assert books.sync().posted == 2
    assert calls(books)[0] == 2 + 1
    books.sim.reset_counts()
    for order_id in (1001, 1002):
        books.sim.shop.set_status(order_id, 2)
    assert books.sync().posted == 2
    assert calls(books) == (2, 0)


def test_a_refund_of_a_posted_order_costs_one_call_more_once(open_books, plain_order):
    """What came in for it: of a unit that was added, paid and taken back nothing else tells."""
    books = open_books(**REFUNDS)
    books.add(plain_order(1001))
    assert books.sync().posted == 1
    refund(books.sim.shop, 1001, Asked(amount=Decimal("5.00")), Payout(provider="stripe"))
    for asked in (1, 0):
        books.sim.reset_counts()
        books.sync()
        assert books.sim.report()["called"].get("transactions", 0) == asked
        assert len(books.sim.company.objects("RefundReceipt")) == 1


def test_tax_rows_cost_one_call_and_only_where_the_rate_does_not_tell(open_books, make_order, line):
    """0.10 with 0.01 tax may be 8.25 % or 8.75 %; 10.00 with 0.83 can only be the first."""
    books = open_books(without=('"*"',), **{"tax.map": {"State": "State tax", "City": "City tax"}})
    told, untold = ("10.0000", "0.8300", "10.8300"), ("0.1000", "0.0100", "0.1100")
    row = {"id": 1, "name": "City", "class": "Default Tax Class", "rate": "8.7500", "line_amount": "0.0100"}
    books.add(
        make_order(1001, [line("A", 1, told)], subtotal=told, total=told),
        make_order(1002, [line("A", 1, untold)], subtotal=untold, total=untold, taxes=[row | {"order_id": 1002}]),
    )
    assert books.sync().posted == 2
    shop, _ = calls(books)
    assert shop == 2 + 1
    codes = {
        number: document["TxnTaxDetail"]["TxnTaxCodeRef"]["value"] for number, document in books.documents().items()
    }
    assert codes == {
        "BC-1001": books.sim.company.id_of("TaxCode", "State tax"),
        "BC-1002": books.sim.company.id_of("TaxCode", "City tax"),
    }


@pytest.mark.parametrize(("opening", "shop_calls", "settings"), [("zero", 1, 0), ("store", 3, 1)])
def test_new_items_cost_two_reads_and_a_batch_for_thirty_of_them(
    open_books, plain_order, opening, shop_calls, settings
):
    """The shop is asked once whether it counts them; where their stock is wanted, for its orders too, and once more,
    and twice a day when it takes units. Messages that arrive slowly make several batches of one."""
    stock = {"income": "Sales", "asset": "Inventory Asset", "cogs": "Cost of Goods Sold"}
    books = open_books(
        **{
            "products.create_missing": True,
            "products.inventory_accounts": stock,
            "products.opening_quantity": opening,
        }
    )
    books.add(plain_order(1000))
    books.sync()
    orders = []
    for number in range(1001, 1031):
        sku = f"NEW-{number}"
        books.sim.shop.add_product(sku=sku, name=sku, price=Decimal(20), product_id=number, tracked=True, stock=5)
        order = plain_order(number, sku=sku)
        order["products"][0]["product_id"] = number
        orders.append(order)
    books.sim.reset_counts()
    books.add(*orders, items=False)
    assert books.sync().posted == 31
    quickbooks = books.sim.report()["quickbooks"]
    of_items = quickbooks["reads"] // 2
    assert 1 <= of_items < quickbooks["batches"] < 30
    assert quickbooks["reads"] == 2 * of_items
    assert shop_calls <= calls(books)[0] - 2 - settings <= of_items * shop_calls
    books.prove()

    books.sim.reset_counts()
    books.add(plain_order(1031, sku="NEW-1001"), items=False)
    assert books.sync().posted == 32
    assert calls(books) == (2, 1)
