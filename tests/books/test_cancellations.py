"""Orders that are called off after they were posted, through the whole road: what is voided, what a memo takes back and
what it settles, in debits and credits asked of the company. Orders were placed on 2026-05-01."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cartledger.ledger.types import State
from simulator.bigcommerce.fulfilment import cancel
from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import Payout, decline, refund, refund_rest

RECEIVABLE = "Accounts Receivable (A/R)"
REFUNDS = {
    "workflows": ["sales", "payments", "refunds"],
    "refunds.number_prefix": "R",
    "refunds.no_restock_product": "Returned goods",
    "refunds.adjustment_product": "Refund adjustments",
}
SALE = {
    RECEIVABLE: "88.77",
    "Cost of Goods Sold": "24.00",
    "Discounts given": "8.00",
    "Inventory Asset": "-24.00",
    "Sales": "-80.00",
    "Sales tax payable": "-6.77",
    "Shipping income": "-10.00",
}
TAKEN_BACK = {account: amount.removeprefix("-") if amount[0] == "-" else f"-{amount}" for account, amount in SALE.items()}


def at(books, moment):
    """Sets the shop's clock, by which orders and refunds are dated."""
    books.sim.shop.clock = lambda: datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.fixture
def open_invoices(open_books):
    """`open_invoices(**changes) -> Books` that post invoices and follow refunds, on the day of the orders."""

    def opened(**changes):
        statuses = ["Pending", "Awaiting Payment", "Awaiting Fulfillment"]
        books = open_books(**REFUNDS | {"sales.post_as": "invoice", "sales.statuses": statuses} | changes)
        at(books, "2026-05-01T16:00")
        books.sim.company.add_item(name="A", sku="A", kind="inventory", cost=Decimal("12.00"), quantity=Decimal(100))
        return books

    return opened


@pytest.fixture
def order_1001(make_order, line):
    """The order of the first worked example: 88.77, 6.77 of it tax. Unpaid unless told otherwise."""

    def order(order_id=1001, **more):
        return make_order(
            order_id,
            [
                line("A", 2, ("50.0000", "3.7100", "54.1222"), off="5.0000", quantity_refunded=0),
                line("B", 1, ("30.0000", "2.2300", "32.4778"), off="3.0000", quantity_refunded=0),
            ],
            subtotal=("80.0000", "5.9400", "86.6000"),
            shipping=("10.0000", "0.8300", "10.8300"),
            total=("82.0000", "6.7700", "88.7700"),
            coupon_discount="8.0000",
            **{"status_id": 7, "status": "Awaiting Payment", "payment_status": "pending", **more},
        )

    return order


def paid(amount, *, number=1, day="2026-05-01"):
    """A transaction of the card's gateway."""
    return {
        "id": number,
        "order_id": "1001",
        "event": "purchase",
        "method": "credit_card",
        "amount": Decimal(amount),
        "currency": "USD",
        "gateway": "stripe",
        "gateway_transaction_id": f"pay_{number}",
        "date_created": f"{day}T15:30:00+00:00",
        "test": False,
        "status": "ok",
        "fraud_review": False,
        "reference_transaction_id": None,
    }


KINDS = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt", "Payment", "Purchase", "Transfer")


def written(books):
    """Entity, number, day and total of every document, in the order in which they were made."""
    found = [(int(each["Id"]), kind, each) for kind in KINDS for each in books.sim.company.objects(kind)]
    return [
        (kind, each.get("DocNumber", ""), each["TxnDate"], f"{each.get('TotalAmt', each.get('Amount')):.2f}")
        for _, kind, each in sorted(found, key=lambda one: one[0])
    ]


def entries(books, entity):
    """The journals of all documents of that kind."""
    return [
        {account: f"{amount:.2f}" for account, amount in journal.items() if amount}
        for each in books.sim.company.objects(entity)
        if (journal := books.sim.company.entries(entity, each["Id"])) is not None
    ]


def open_amounts(books):
    """What invoices owe and credit memos have left, and what the customers owe in all."""
    company = books.sim.company
    rest = [each["Balance"] for each in company.objects("Invoice")]
    rest += [each["RemainingCredit"] for each in company.objects("CreditMemo")]
    return [f"{each:.2f}" for each in (*rest, sum(company.balances()[name] for name in receivables(books)))]


def receivables(books):
    return [name for name in books.sim.company.balances() if name.startswith(RECEIVABLE)]


def test_an_unpaid_invoice_is_voided_in_its_own_month(open_invoices, order_1001):
    books = open_invoices()
    books.add(order_1001())
    books.sync()
    assert entries(books, "Invoice") == [SALE]
    at(books, "2026-05-20T16:00")
    cancel(books.sim.shop, 1001)
    books.sync()
    assert written(books) == [("Invoice", "BC-1001", "2026-05-01", "0.00")]
    assert (entries(books, "Invoice"), open_amounts(books)) == ([{}], ["0.00", "0.00"])
    assert (books.state(1001), books.held()) == (State.POSTED, {})


def test_an_unpaid_invoice_of_an_earlier_month_is_taken_back_by_a_memo(open_invoices, order_1001):
    books = open_invoices()
    books.add(order_1001())
    books.sync()
    at(books, "2026-06-02T16:00")
    cancel(books.sim.shop, 1001)
    books.sync()
    assert books.held() == {}
    assert written(books) == [
        ("Invoice", "BC-1001", "2026-05-01", "88.77"),
        ("CreditMemo", "R-1001", "2026-06-02", "88.77"),
        ("Payment", "", "2026-06-02", "0.00"),
    ]
    assert (entries(books, "CreditMemo"), entries(books, "Payment")) == ([TAKEN_BACK], [{}])
    assert open_amounts(books) == ["0.00", "0.00", "0.00"]


def test_what_was_paid_in_part_and_sent_back_leaves_by_an_expense(open_invoices, order_1001):
    books = open_invoices()
    books.add(order_1001(status_id=1, status="Pending", payment_status="captured", transactions=[paid("40.00")]))
    books.sync()
    assert entries(books, "Payment") == [{"Card clearing": "40.00", RECEIVABLE: "-40.00"}]
    at(books, "2026-05-20T16:00")
    refund(books.sim.shop, 1001, Asked(amount=Decimal("40.00")), set_status=False)
    cancel(books.sim.shop, 1001)
    books.sync()
    assert books.held() == {}
    assert written(books) == [
        ("Invoice", "BC-1001", "2026-05-01", "88.77"),
        ("Payment", "", "2026-05-01", "40.00"),
        ("CreditMemo", "R-1001-2", "2026-05-20", "88.77"),
        ("Purchase", "", "2026-05-20", "40.00"),
        ("Payment", "", "2026-05-20", "0.00"),
        ("Payment", "", "2026-05-20", "0.00"),
    ]
    assert entries(books, "CreditMemo") == [TAKEN_BACK]
    assert entries(books, "Purchase") == [{RECEIVABLE: "40.00", "Card clearing": "-40.00"}]
    assert open_amounts(books) == ["0.00", "0.00", "0.00"]
