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
from simulator.quickbooks import writes

RECEIVABLE = "Accounts Receivable (A/R)"
REFUNDS = {
    "workflows": ["sales", "payments", "refunds"],
    "refunds.number_prefix": "R",
    "refunds.no_restock_product": "Returned goods",
    "refunds.adjustment_product": "Refund adjustments",
}
UNPAID = {"status_id": 7, "status": "Awaiting Payment", "payment_status": "pending"}
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


def refundable(paid_for):
    """What the shop works refunds of a line out from."""
    return {"quantity_refunded": 0, "is_refunded": False, "discounted_total_inc_tax": paid_for}


@pytest.fixture
def order_1001(make_order, line):
    """The order of the first worked example: 88.77, 6.77 of it tax. Unpaid unless told otherwise."""

    def order(order_id=1001, **more):
        return make_order(
            order_id,
            [
                line("A", 2, ("50.0000", "3.7100", "54.1222"), off="5.0000", **refundable("48.7100")),
                line("B", 1, ("30.0000", "2.2300", "32.4778"), off="3.0000", **refundable("29.2300")),
            ],
            subtotal=("80.0000", "5.9400", "86.6000"),
            shipping=("10.0000", "0.8300", "10.8300"),
            total=("82.0000", "6.7700", "88.7700"),
            coupon_discount="8.0000",
            **UNPAID | {"is_tax_inclusive_pricing": False} | more,
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


# -- what stays a person's decision


def test_money_that_stays_is_told_of_until_it_goes_back(open_invoices, order_1001):
    books = open_invoices()
    books.add(order_1001(status_id=11, payment_status="captured", transactions=[paid("88.77")]))
    books.sync()
    at(books, "2026-05-20T16:00")
    cancel(books.sim.shop, 1001)
    books.sync()
    assert books.held() == {"1001": ["cancelled_money_kept"]}
    assert books.reasons(1001) == [
        "The order is Cancelled, and 88.77 that came in for Invoice BC-1001 did not go back."
    ]
    assert len(written(books)) == 2

    at(books, "2026-06-03T16:00")
    refund_rest(books.sim.shop, 1001, set_status=False)
    books.sync()
    assert books.held() == {}
    assert written(books)[2:] == [("RefundReceipt", "R-1001", "2026-06-03", "88.77")]
    assert open_amounts(books) == ["0.00", "0.00"]
    assert balances(books)["Card clearing"] == "0.00"


def test_money_that_goes_back_bit_by_bit_is_taken_off_the_memo(open_invoices, order_1001):
    """The first refund has a memo of its own, since the order could not be taken back yet."""
    books = open_invoices()
    books.add(order_1001(status_id=1, status="Pending", payment_status="captured", transactions=[paid("40.00")]))
    books.sync()
    at(books, "2026-05-20T16:00")
    line = books.sim.shop.orders[1001].products[0]
    refund(books.sim.shop, 1001, Asked(products={line["id"]: 1}), set_status=False)
    cancel(books.sim.shop, 1001)
    books.sync()
    assert books.held() == {"1001": ["cancelled_money_kept"]}
    assert books.reasons(1001) == ["The order is Cancelled, and 15.64 that came in for Invoice BC-1001 did not go back."]
    assert written(books)[2:] == [
        ("CreditMemo", "R-1001", "2026-05-20", "24.36"),
        ("Purchase", "", "2026-05-20", "24.36"),
        ("Payment", "", "2026-05-20", "0.00"),
    ]
    assert open_amounts(books) == ["48.77", "0.00", "48.77"]

    at(books, "2026-06-03T16:00")
    refund(books.sim.shop, 1001, Asked(amount=Decimal("15.64")), set_status=False)
    books.sync()
    assert books.held() == {}
    assert written(books)[5:] == [
        ("CreditMemo", "R-1001-3", "2026-05-20", "64.41"),
        ("Purchase", "", "2026-06-03", "15.64"),
        ("Payment", "", "2026-06-03", "0.00"),
        ("Payment", "", "2026-05-20", "0.00"),
    ]
    assert entries(books, "CreditMemo")[1] == {
        **TAKEN_BACK,
        RECEIVABLE: "-64.41",
        "Sales returns": "-22.50",
        "Sales tax payable": "4.91",
    }
    assert open_amounts(books) == ["0.00", "0.00", "0.00", "0.00"]
    assert nothing_is_left(books)


def balances(books):
    return {account: f"{amount:.2f}" for account, amount in books.sim.company.balances().items()}


def nothing_is_left(books):
    """Whether all that was ever booked of sales is undone. Stock was there before."""
    before = {"Inventory Asset", "Opening Balance Equity"}
    return not any(amount for name, amount in books.sim.company.balances().items() if name not in before)


def test_archiving_says_nothing_about_money(open_invoices, order_1001):
    books = open_invoices()
    books.add(order_1001())
    books.sync()
    books.sim.shop.archive(1001)
    books.sync()
    assert books.held() == {"1001": ["left_after_posting"]}
    assert books.reasons(1001) == ["Invoice BC-1001 stands in QuickBooks, and now: Archived (deleted) in BigCommerce."]
    assert open_amounts(books) == ["88.77", "88.77"]


def test_an_order_that_was_given_back_whole_may_be_archived(open_invoices, order_1001):
    books = open_invoices()
    books.add(order_1001(status_id=11, payment_status="captured", transactions=[paid("88.77")]))
    books.sync()
    refund_rest(books.sim.shop, 1001)
    books.sync()
    books.sim.shop.archive(1001)
    books.sync()
    assert books.held() == {}
    assert [kind for kind, *_ in written(books)] == ["Invoice", "Payment", "RefundReceipt"]


@pytest.mark.parametrize("moment", ["2026-05-20T16:00", "2026-06-02T16:00"])
def test_an_order_that_comes_back_is_a_persons_to_enter(open_invoices, order_1001, moment):
    books = open_invoices()
    books.add(order_1001())
    books.sync()
    at(books, moment)
    cancel(books.sim.shop, 1001)
    books.sync()
    before = written(books)
    books.sim.shop.set_status(1001, 11)
    books.sync()
    assert books.held() == {"1001": ["reopened"]}
    assert (written(books), set(open_amounts(books))) == (before, {"0.00"})
    books.sim.shop.set_status(1001, 5)
    books.sync()
    assert (books.held(), written(books)) == ({}, before)


# -- what the bookkeeper did


def test_an_invoice_that_was_voided_by_hand_is_as_it_should_be(open_invoices, order_1001):
    books = open_invoices()
    books.add(order_1001())
    books.sync()
    (invoice,) = books.sim.company.objects("Invoice")
    books.sim.company.void_document("Invoice", invoice["Id"])
    cancel(books.sim.shop, 1001)
    books.sync()
    assert (books.held(), books.state(1001)) == ({}, State.POSTED)
    assert written(books) == [("Invoice", "BC-1001", "2026-05-01", "0.00")]


def test_an_invoice_that_was_changed_by_hand_is_left_alone(open_invoices, order_1001):
    books = open_invoices()
    books.add(order_1001())
    books.sync()
    (invoice,) = books.sim.company.objects("Invoice")
    lines = [{**line, "Amount": Decimal("51.00")} if line.get("Id") == "1" else line for line in invoice["Line"]]
    lines[0]["SalesItemLineDetail"] |= {"UnitPrice": Decimal("25.50")}
    books.sim.company.edit_document("Invoice", invoice["Id"], Line=lines)
    at(books, "2026-05-20T16:00")
    cancel(books.sim.shop, 1001)
    books.sync()
    assert books.held() == {"1001": ["changed_by_hand"]}
    assert written(books) == [("Invoice", "BC-1001", "2026-05-01", "89.77")]


def test_a_payment_that_was_entered_by_hand_is_money_that_came_in(open_invoices, order_1001):
    books = open_invoices()
    books.add(order_1001())
    books.sync()
    (invoice,) = books.sim.company.objects("Invoice")
    writes.create(books.sim.company.state, "Payment", by_hand(invoice, "40.00"))
    cancel(books.sim.shop, 1001)
    books.sync()
    assert books.reasons(1001) == ["The order is Cancelled, and 40.00 that came in for Invoice BC-1001 did not go back."]


def by_hand(invoice, amount):
    link = {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    return {"CustomerRef": invoice["CustomerRef"], "TotalAmt": Decimal(amount), "Line": [link]}
