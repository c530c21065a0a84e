"""Books that are closed: what is known to be of a closed day is never sent, and what was on its way as they were closed
is refused once, looked at again, and held or booked on the first open day. Orders are of 2026-05-01."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cartledger.ledger.types import State
from simulator.bigcommerce.fulfilment import cancel
from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import refund
from tests.said import REFUNDS

INVOICE = {"sales.post_as": "invoice"}
ANEW = {"closed_books": "first_open_day"}
NOTE = "Of 2026-05-01, whose books are closed."
CLOSED = "The order is of 2026-05-01; the company's books are closed up to 2026-05-31."
RECEIPT_AND_INVOICE = pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])


@pytest.fixture
def open_company(open_books, plain_order):
    """Books whose company is known as it is while they are open: one order was posted."""

    def opened(**changes):
        books = open_books(**changes)
        books.add(plain_order(1001))
        books.sync()
        books.sim.reset_counts()
        return books

    return opened


def close_books(books, day="2026-05-31"):
    books.sim.company.close_books(day)


def refusals(books):
    """Why the company refused writes since it was asked last."""
    codes = list(books.sim.company.refusals)
    books.sim.reset_counts()
    return codes


def dated(books, number):
    """Day of a sale and whether its note says that it is another one."""
    document = books.documents()[number]
    return document["TxnDate"], NOTE in document["PrivateNote"]


def payments(books):
    """Day, amount, what is not applied, and whether the note tells of another day."""
    return sorted(
        (
            each["TxnDate"],
            f"{each['TotalAmt']:.2f}",
            f"{each['UnappliedAmt']:.2f}",
            "whose books are closed" in each["PrivateNote"],
        )
        for each in books.sim.company.objects("Payment")
    )


@pytest.mark.option("closed_books")
@RECEIPT_AND_INVOICE
def test_a_sale_of_a_day_that_is_known_to_be_closed_is_never_sent(open_books, plain_order, post_as):
    books = open_books(**{"sales.post_as": post_as})
    close_books(books)
    books.add(plain_order(1001))
    assert books.sync().held == 1
    assert (books.reasons(1001)[0], refusals(books), books.documents()) == (CLOSED, [], {})

    books.change(**{"sales.post_as": post_as} | ANEW)
    assert books.sync().posted == 1
    assert (dated(books, "BC-1001"), refusals(books)) == (("2026-06-01", True), [])
    books.prove()


@pytest.mark.option("closed_books")
@RECEIPT_AND_INVOICE
@pytest.mark.parametrize("policy", ["hold", "first_open_day"])
def test_books_that_are_closed_while_an_order_is_on_its_way(open_company, plain_order, post_as, policy):
    """One refusal tells of the closing date: after it nothing of that time is sent."""
    books = open_company(**{"sales.post_as": post_as, "closed_books": policy})
    close_books(books)
    books.add(plain_order(1002))
    books.sync()
    assert refusals(books) == ["6210"]
    books.add(plain_order(1003))
    books.sync()
    assert refusals(books) == []
    if policy == "hold":
        assert [books.reasons(number) for number in (1002, 1003)] == [[CLOSED], [CLOSED]]
        assert list(books.documents()) == ["BC-1001"]
        return
    assert books.held() == {}
    told = [dated(books, f"BC-{number}") for number in (1001, 1002, 1003)]
    assert told == [("2026-05-01", False), ("2026-06-01", True), ("2026-06-01", True)]
    books.prove()


def test_books_that_are_opened_again_take_what_was_held(open_books, plain_order):
    books = open_books()
    close_books(books)
    books.add(plain_order(1001))
    assert books.sync().held == 1
    close_books(books, "2026-04-30")
    books.app.lines["demo"].book.forget()
    books.app.ledger.retry(books.pair)
    assert books.sync().posted == 1
    assert (dated(books, "BC-1001"), refusals(books)) == (("2026-05-01", False), [])


@pytest.mark.option("closed_books")
@pytest.mark.parametrize("policy", ["hold", "first_open_day"])
def test_a_sale_that_stands_in_closed_books_is_paid_in_open_ones(open_books, plain_order, policy):
    """Its own document is not touched."""
    books = open_books(**INVOICE, closed_books=policy)
    books.add(plain_order(1001, payment_status="authorized"))
    books.sync()
    before = books.documents()["BC-1001"]["SyncToken"]
    close_books(books)
    books.app.lines["demo"].book.forget()
    captured = capture("2026-06-03")
    books.sim.shop.update(1001, payment_status="captured", transactions=[captured], status_id=2)
    books.sync()
    assert (books.held(), refusals(books)) == ({}, [])
    assert payments(books) == [("2026-06-03", "20.00", "0.00", False)]
    document = books.documents()["BC-1001"]
    assert (dated(books, "BC-1001"), document["Balance"], before) == (("2026-05-01", False), 0, "0")


def test_a_sale_is_paid_after_a_change_of_it_was_refused(open_books, plain_order):
    """Another plan than that of the change: the invoice is known from what was written before."""
    books = open_books(**INVOICE)
    books.add(plain_order(1001, payment_status="authorized"))
    books.sync()
    close_books(books)
    books.sim.shop.update(1001, customer_message="Please ring")
    books.sync()
    assert (books.held(), refusals(books)) == ({}, ["6210"])
    books.sim.shop.update(1001, payment_status="captured", transactions=[capture("2026-06-03")], status_id=2)
    books.sync()
    assert (books.held(), payments(books)) == ({}, [("2026-06-03", "20.00", "0.00", False)])


@pytest.mark.option("closed_books")
@pytest.mark.parametrize(("policy", "known"), [("hold", True), ("first_open_day", True), ("first_open_day", False)])
def test_money_of_a_closed_day_that_is_heard_of_later(open_books, plain_order, policy, known):
    """`known`: the closing date is, before the payment is sent."""
    books = open_books(**INVOICE, closed_books=policy)
    books.add(plain_order(1001, payment_status="authorized"))
    books.sync()
    close_books(books)
    if known:
        books.app.lines["demo"].book.forget()
    books.sim.shop.update(1001, payment_status="captured", transactions=[capture("2026-05-03")], status_id=2)
    books.sim.reset_counts()
    books.sync()
    assert refusals(books) == ([] if known else ["6210"])
    if policy == "hold":
        text = "20.00 came in on 2026-05-03; the company's books are closed up to 2026-05-31."
        assert (books.reasons(1001), payments(books)) == ([text], [])
        return
    assert (books.held(), payments(books)) == ({}, [("2026-06-01", "20.00", "0.00", True)])


def capture(day):
    return {
        "id": 2,
        "order_id": "1001",
        "event": "capture",
        "method": "credit_card",
        "amount": Decimal("20.00"),
        "currency": "USD",
        "gateway": "stripe",
        "gateway_transaction_id": "pay_2",
        "date_created": f"{day}T15:30:00+00:00",
        "test": False,
        "status": "ok",
        "fraud_review": False,
        "reference_transaction_id": None,
    }


@pytest.mark.option("closed_books")
def test_a_document_of_the_first_open_day_stays_as_it_is(open_books, plain_order):
    """When the books of its day are closed, too, and when all are opened again."""
    books = open_books(**ANEW)
    close_books(books)
    books.add(plain_order(1001))
    books.sync()
    before = books.documents()
    for closing, status in (("2026-06-30", 2), (None, 10)):
        close_books(books, closing)
        books.app.lines["demo"].book.forget()
        books.sim.shop.set_status(1001, status)
        books.sync()
        assert (books.held(), books.documents(), refusals(books)) == ({}, before, [])


# -- what happens to a sale later

SHOP = {"is_tax_inclusive_pricing": False, "store_default_to_transactional_exchange_rate": "1.0000000000"}
UNPAID = {"status_id": 7, "status": "Awaiting Payment", "payment_status": "pending"}
OPEN_INVOICE = {**INVOICE, "sales.statuses": ["Awaiting Payment", "Awaiting Fulfillment"]}


def at(books, day):
    """Sets the shop's clock, by which refunds and changes are dated."""
    books.sim.shop.clock = lambda: datetime.fromisoformat(f"{day}T16:00").replace(tzinfo=UTC)


def later(books):
    """Number, day and what the note says of it, of what was written after the sales."""
    kinds = ("CreditMemo", "RefundReceipt", "Payment", "Purchase", "Transfer")
    return [
        (kind, each["TxnDate"], "whose books are closed" in each["PrivateNote"])
        for kind in kinds
        for each in books.sim.company.objects(kind)
    ]


@pytest.fixture
def open_lives(open_books, plain_order):
    """Books that follow refunds, with order 1001 in them; `known`: that they were closed up to `closing` since."""

    def opened(closing, *, known, order, **changes):
        books = open_books(**REFUNDS | changes)
        at(books, "2026-05-01")
        books.add(plain_order(1001, **SHOP, **order))
        books.sync()
        close_books(books, closing)
        if known:
            books.app.lines["demo"].book.forget()
        books.sim.reset_counts()
        return books

    return opened


@pytest.mark.option("closed_books")
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("policy", ["hold", "first_open_day"])
def test_a_refund_of_a_day_whose_books_are_closed(open_lives, policy, known):
    books = open_lives("2026-05-31", known=known, order={}, closed_books=policy)
    at(books, "2026-05-20")
    made = refund(books.sim.shop, 1001, Asked(amount=Decimal("5.00")))
    books.sync()
    assert refusals(books) == ([] if known else ["6210"])
    if policy == "hold":
        text = f"Refund {made['id']} is of 2026-05-20; the company's books are closed up to 2026-05-31."
        assert (books.reasons(1001), later(books)) == ([text], [])
        return
    assert (books.held(), later(books)) == ({}, [("RefundReceipt", "2026-06-01", True)])


@pytest.mark.option("closed_books", "refunds.cancel_unpaid")
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("policy", ["hold", "first_open_day"])
@pytest.mark.parametrize(("called_off", "booked"), [("2026-05-20", "2026-06-01"), ("2026-06-10", "2026-06-10")])
def test_an_invoice_of_closed_books_is_taken_back_in_open_ones(open_lives, policy, called_off, booked, known):
    """It could have been voided in May: in closed books nothing is."""
    books = open_lives("2026-05-31", known=known, order=UNPAID, closed_books=policy, **OPEN_INVOICE)
    at(books, called_off)
    cancel(books.sim.shop, 1001)
    books.sync()
    anew = called_off != booked
    tried = anew and not known
    assert refusals(books) == (["6210"] if tried else [])
    if anew and policy == "hold":
        text = f"The order was called off on {called_off}; the company's books are closed up to 2026-05-31."
        assert (books.reasons(1001), later(books)) == ([text], [])
        return
    assert (books.held(), later(books)) == ({}, [("CreditMemo", booked, anew), ("Payment", booked, anew)])
    (invoice,) = books.sim.company.objects("Invoice")
    assert (invoice["TotalAmt"], invoice["Balance"]) == (20, 0)


@pytest.mark.parametrize("known", [True, False])
def test_an_invoice_that_is_to_be_voided_stays_where_its_books_are_closed(open_lives, known):
    changes = {"refunds.cancel_unpaid": "void", **OPEN_INVOICE, **ANEW}
    books = open_lives("2026-05-31", known=known, order=UNPAID, **changes)
    at(books, "2026-06-10")
    cancel(books.sim.shop, 1001)
    books.sync()
    assert refusals(books) == ([] if known else ["6210"])
    assert (books.held(), later(books)) == ({"1001": ["books_closed"]}, [])
    (invoice,) = books.sim.company.objects("Invoice")
    assert (invoice["TotalAmt"], invoice["SyncToken"]) == (20, "0")


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("policy", ["hold", "first_open_day"])
@pytest.mark.parametrize(
    "change", [{"customer_message": "Please ring"}, {"date_shipped": "Wed, 10 Jun 2026 18:00:00 +0000"}]
)
def test_what_is_no_money_holds_no_order_of_closed_books(open_lives, policy, known, change):
    books = open_lives("2026-05-31", known=known, order={}, closed_books=policy)
    before = books.documents()
    at(books, "2026-06-10")
    books.sim.shop.update(1001, status_id=2, status="Shipped", **change)
    books.sync()
    assert refusals(books) == ([] if known else ["6210"])
    assert (books.held(), books.documents(), later(books)) == ({}, before, [])


# -- the stock that an item begins with

MAKE = {
    "products.create_missing": True,
    "products.opening_quantity": "store",
    "products.inventory_accounts": {"income": "Sales", "asset": "Inventory Asset", "cogs": "Cost of Goods Sold"},
}


def bowl(order_id, make_order, line):
    same = ("20.00", "0", "20.00")
    rows = [line("BOWL", 1, same, product_id=7, name="Oak bowl")]
    return make_order(order_id, rows, subtotal=same, total=same)


def stock(books):
    """First day and units on hand of the item that was made."""
    (item,) = [each for each in books.sim.company.objects("Item") if each.get("Sku") == "BOWL"]
    return item["InvStartDate"], item["QtyOnHand"]


@pytest.mark.option("closed_books")
@pytest.mark.parametrize("policy", ["hold", "first_open_day"])
@pytest.mark.parametrize("opening", ["store", "zero"])
@pytest.mark.parametrize("known", [True, False])
def test_an_opening_quantity_is_of_the_first_open_day(
    open_company, plain_order, make_order, line, policy, opening, known
):
    """No sale can be of an earlier day, whatever the policy. A quantity of 0 is no entry, and is refused by nobody."""
    books = open_company(**MAKE | {"closed_books": policy, "products.opening_quantity": opening})
    books.sim.shop.add_product(sku="BOWL", name="Oak bowl", price=Decimal(20), product_id=7, tracked=True, stock=7)
    close_books(books)
    if known:
        books.app.lines["demo"].book.forget()
    placed = "Fri, 05 Jun 2026 15:30:00 +0000"
    late = bowl(1002, make_order, line) | {"date_created": placed, "date_modified": placed}
    books.add(late, items=False)
    books.sync()
    refused = [] if known or opening == "zero" else ["6210"]
    assert (books.held(), refusals(books)) == ({}, refused)
    assert dated(books, "BC-1002") == ("2026-06-05", False)
    units = 7 if opening == "store" else -1
    assert stock(books) == ("2026-06-01" if known or refused else "2015-01-01", units)


@pytest.mark.option("closed_books")
def test_an_order_of_a_closed_day_sells_what_is_counted_from_the_first_open_one(open_books, make_order, line):
    books = open_books(**MAKE, **ANEW)
    books.sim.shop.add_product(sku="BOWL", name="Oak bowl", price=Decimal(20), product_id=7, tracked=True, stock=7)
    close_books(books)
    books.add(bowl(1001, make_order, line), items=False)
    books.sync()
    assert (books.held(), refusals(books), dated(books, "BC-1001")) == ({}, [], ("2026-06-01", True))
    assert stock(books) == ("2026-06-01", 7)


def test_nothing_is_made_for_an_order_of_a_closed_day_that_is_held(open_books, make_order, line):
    books = open_books(**MAKE)
    books.sim.shop.add_product(sku="BOWL", name="Oak bowl", price=Decimal(20), product_id=7, tracked=True, stock=7)
    close_books(books)
    books.add(bowl(1001, make_order, line), items=False)
    books.sync()
    assert books.reasons(1001) == [CLOSED]
    assert "BOWL" not in {each.get("Sku") for each in books.sim.company.objects("Item")}


@pytest.mark.option("closed_books")
def test_an_order_before_the_first_day_of_a_product_that_books_opened_again_brought(open_books, make_order, line):
    """The product is counted from the day that was open first when it was made: that day is a person's to move."""
    books = open_books(**MAKE, **ANEW)
    books.sim.shop.add_product(sku="BOWL", name="Oak bowl", price=Decimal(20), product_id=7, tracked=True, stock=7)
    close_books(books)
    books.add(bowl(1001, make_order, line), items=False)
    books.sync()
    close_books(books, "2026-04-30")
    books.app.lines["demo"].book.forget()
    books.add(bowl(1002, make_order, line), items=False)
    books.sync()
    assert (books.held(), books.state(1002)) == ({"1002": ["quickbooks_6270"]}, State.HELD)
