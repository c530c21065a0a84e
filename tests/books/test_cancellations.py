"""Orders that are called off after they were posted, through the whole road: what is voided, what a memo takes back and
what it settles, in debits and credits asked of the company. Orders were placed on 2026-05-01."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cartledger.ledger.types import State
from simulator.bigcommerce.fulfilment import cancel
from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import Payout, refund, refund_rest
from simulator.quickbooks import writes
from tests.said import REFUNDS, purchase

RECEIVABLE = "Accounts Receivable (A/R)"
SHOP = {"is_tax_inclusive_pricing": False, "store_default_to_transactional_exchange_rate": "1.0000000000"}
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
TAKEN_BACK = {
    account: amount.removeprefix("-") if amount[0] == "-" else f"-{amount}" for account, amount in SALE.items()
}


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
            **UNPAID | SHOP | more,
        )

    return order


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
    books.add(order_1001(status_id=1, status="Pending", payment_status="captured", transactions=[purchase(1, "40.00")]))
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
    books.add(order_1001(status_id=11, payment_status="captured", transactions=[purchase(1, "88.77")]))
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
    books.add(order_1001(status_id=1, status="Pending", payment_status="captured", transactions=[purchase(1, "40.00")]))
    books.sync()
    at(books, "2026-05-20T16:00")
    line = books.sim.shop.orders[1001].products[0]
    refund(books.sim.shop, 1001, Asked(products={line["id"]: 1}), set_status=False)
    cancel(books.sim.shop, 1001)
    books.sync()
    assert books.held() == {"1001": ["cancelled_money_kept"]}
    assert books.reasons(1001) == [
        "The order is Cancelled, and 15.64 that came in for Invoice BC-1001 did not go back."
    ]
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
    books.add(order_1001(status_id=11, payment_status="captured", transactions=[purchase(1, "88.77")]))
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
    assert books.reasons(1001) == [
        "The order is Cancelled, and 40.00 that came in for Invoice BC-1001 did not go back."
    ]


def by_hand(invoice, amount):
    link = {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    return {"CustomerRef": invoice["CustomerRef"], "TotalAmt": Decimal(amount), "Line": [link]}


# -- refunds on invoices that are not wholly paid


def test_what_goes_back_before_all_was_paid(open_invoices, order_1001):
    """After each step the books say of the customer what the shop does: what is still to be paid."""
    books = open_invoices()
    books.add(order_1001(status_id=1, status="Pending", payment_status="captured", transactions=[purchase(1, "40.00")]))
    books.sync()
    shop, line = books.sim.shop, books.sim.shop.orders[1001].products[0]
    at(books, "2026-05-20T16:00")
    refund(shop, 1001, Asked(products={line["id"]: 1}), set_status=False)
    books.sync()
    assert written(books)[2:] == [
        ("CreditMemo", "R-1001", "2026-05-20", "24.36"),
        ("Purchase", "", "2026-05-20", "24.36"),
        ("Payment", "", "2026-05-20", "0.00"),
    ]
    assert open_amounts(books) == ["48.77", "0.00", "48.77"]
    assert balances(books)["Card clearing"] == "15.64"

    refund(shop, 1001, Asked(amount=Decimal("20.00")), Payout(provider="custom", offline=True), set_status=False)
    books.sync()
    assert written(books)[5:] == [
        ("CreditMemo", "R-1001-2", "2026-05-20", "20.00"),
        ("Purchase", "", "2026-05-20", "15.64"),
        ("Payment", "", "2026-05-20", "0.00"),
        ("Payment", "", "2026-05-20", "0.00"),
    ]
    assert open_amounts(books) == ["44.41", "0.00", "0.00", "44.41"]
    assert balances(books)["Card clearing"] == "0.00"
    books.sync()
    assert len(written(books)) == 9


def test_what_goes_back_once_the_rest_was_paid_is_a_refund_receipt(open_invoices, order_1001):
    books = open_invoices()
    first, rest = purchase(1, "40.00"), purchase(2, "48.77", day="2026-05-21")
    books.add(order_1001(status_id=1, status="Pending", payment_status="captured", transactions=[first]))
    books.sync()
    shop, line = books.sim.shop, books.sim.shop.orders[1001].products[0]
    at(books, "2026-05-20T16:00")
    refund(shop, 1001, Asked(products={line["id"]: 1}), set_status=False)
    books.sync()
    at(books, "2026-05-21T16:00")
    shop.update(1001, status_id=11, status="Awaiting Fulfillment", transactions=[first, rest])
    books.sync()
    assert (open_amounts(books), balances(books)["Card clearing"]) == (["0.00", "0.00", "0.00"], "64.41")
    refund_rest(shop, 1001, set_status=False)
    books.sync()
    assert written(books)[5:] == [
        ("Payment", "", "2026-05-21", "48.77"),
        ("RefundReceipt", "R-1001-2", "2026-05-21", "64.41"),
    ]
    assert (open_amounts(books), books.held()) == (["0.00", "0.00", "0.00"], {})
    assert balances(books)["Card clearing"] == "0.00"


def test_what_becomes_store_credit_settles_nothing(open_invoices, order_1001):
    books = open_invoices()
    books.add(order_1001(status_id=1, status="Pending", payment_status="captured", transactions=[purchase(1, "40.00")]))
    books.sync()
    at(books, "2026-05-20T16:00")
    refund(books.sim.shop, 1001, Asked(amount=Decimal("10.00")), Payout(provider="storecredit"), set_status=False)
    books.sync()
    assert written(books)[2:] == [("CreditMemo", "R-1001", "2026-05-20", "0.00")]
    assert entries(books, "CreditMemo") == [{"Sales returns": "10.00", "Store credit": "-10.00"}]
    assert (open_amounts(books), books.held()) == (["48.77", "0.00", "48.77"], {})

    refund(books.sim.shop, 1001, Asked(amount=Decimal("30.00")), set_status=False)
    cancel(books.sim.shop, 1001)
    books.sync()
    assert books.held() == {}
    assert written(books)[3:] == [
        ("CreditMemo", "R-1001-3", "2026-05-20", "78.77"),
        ("Purchase", "", "2026-05-20", "30.00"),
        ("Payment", "", "2026-05-20", "0.00"),
        ("Payment", "", "2026-05-20", "0.00"),
    ]
    assert open_amounts(books) == ["0.00", "0.00", "0.00", "0.00"]
    left = {name: amount for name, amount in balances(books).items() if amount not in ("0.00",)}
    assert (left["Card clearing"], left["Store credit"]) == ("10.00", "-10.00")


NEVER = {"payments.methods": {"Credit Card": {"paid_when": "never"}}}


def test_an_invoice_that_was_refunded_whole_before_anything_was_paid_is_voided(open_invoices, order_1001):
    books = open_invoices(**NEVER)
    books.add(order_1001())
    books.sync()
    at(books, "2026-05-20T16:00")
    refund_rest(books.sim.shop, 1001)
    books.sync()
    assert (written(books), books.held()) == ([("Invoice", "BC-1001", "2026-05-01", "0.00")], {})
    books.sim.shop.touch(1001)
    books.sim.shop.update(1001, staff_notes="Sorry.", customer_message="Please hurry.")
    books.sync()
    assert (written(books), books.held()) == ([("Invoice", "BC-1001", "2026-05-01", "0.00")], {})


@pytest.mark.parametrize(
    ("changes", "moment"),
    [({}, "2026-06-02T16:00"), ({"refunds.cancel_unpaid": "credit_memo"}, "2026-05-20T16:00")],
)
def test_a_whole_refund_of_an_unpaid_invoice_is_a_memo_otherwise(open_invoices, order_1001, changes, moment):
    books = open_invoices(**NEVER, **changes)
    books.add(order_1001())
    books.sync()
    at(books, moment)
    refund_rest(books.sim.shop, 1001)
    books.sync()
    assert books.held() == {}
    assert written(books)[1:] == [
        ("CreditMemo", "R-1001", moment[:10], "88.77"),
        ("Payment", "", moment[:10], "0.00"),
    ]
    assert open_amounts(books) == ["0.00", "0.00", "0.00"]


def test_a_part_of_an_unpaid_invoice_that_is_refunded_is_owed_no_more(open_invoices, order_1001):
    books = open_invoices(**NEVER)
    books.add(order_1001())
    books.sync()
    at(books, "2026-05-20T16:00")
    line = books.sim.shop.orders[1001].products[0]
    refund(books.sim.shop, 1001, Asked(products={line["id"]: 1}), set_status=False)
    books.sync()
    assert written(books)[1:] == [
        ("CreditMemo", "R-1001", "2026-05-20", "24.36"),
        ("Payment", "", "2026-05-20", "0.00"),
    ]
    assert open_amounts(books) == ["64.41", "0.00", "64.41"]
    cancel(books.sim.shop, 1001)
    books.sync()
    assert books.held() == {}
    assert written(books)[3:] == [
        ("CreditMemo", "R-1001-2", "2026-05-20", "64.41"),
        ("Payment", "", "2026-05-20", "0.00"),
    ]
    assert open_amounts(books) == ["0.00", "0.00", "0.00", "0.00"]
    assert nothing_is_left(books)


def test_all_that_happened_between_two_looks(open_invoices, order_1001):
    """Paid in part, called off, and sent back, while nobody looked."""
    books = open_invoices()
    books.add(order_1001())
    books.sync()
    at(books, "2026-05-20T16:00")
    books.sim.shop.update(1001, payment_status="captured", transactions=[purchase(1, "40.00", day="2026-05-10")])
    refund(books.sim.shop, 1001, Asked(amount=Decimal("40.00")))
    cancel(books.sim.shop, 1001)
    books.sync()
    assert books.held() == {}
    assert written(books)[1:] == [
        ("Payment", "", "2026-05-10", "40.00"),
        ("CreditMemo", "R-1001-2", "2026-05-20", "88.77"),
        ("Purchase", "", "2026-05-20", "40.00"),
        ("Payment", "", "2026-05-20", "0.00"),
        ("Payment", "", "2026-05-20", "0.00"),
    ]
    assert open_amounts(books) == ["0.00", "0.00", "0.00"]
    assert nothing_is_left(books)


# -- redeemed certificates and store credit


@pytest.fixture
def order_1005(make_order, line):
    """92.01, 50.00 of it paid with a gift certificate; the rest, 42.01, is open."""

    def order(**more):
        return make_order(
            1005,
            [line("GOODS", 1, ("80.0000", "6.6000", "86.6000"), **refundable("86.6000"))],
            subtotal=("80.0000", "6.6000", "86.6000"),
            shipping=("5.0000", "0.4100", "5.4100"),
            total=("85.0000", "7.0100", "92.0100"),
            gift_certificate_amount="50.0000",
            **UNPAID | SHOP | more,
        )

    return order


WITH_MEMO = {"sales.tenders_on_invoice": "credit_memo"}


@pytest.mark.parametrize("changes", [{}, WITH_MEMO])
def test_a_certificate_that_was_redeemed_counts_as_money_that_came_in(open_invoices, order_1005, changes):
    books = open_invoices(**changes)
    books.add(order_1005())
    books.sync()
    at(books, "2026-05-20T16:00")
    cancel(books.sim.shop, 1005)
    books.sync()
    assert books.reasons(1005) == [
        "The order is Cancelled, and 50.00 that came in for Invoice BC-1005 did not go back."
    ]
    before = len(written(books))

    credit = Payout(provider="giftcertificate")
    refund(books.sim.shop, 1005, Asked(amount=Decimal("50.00")), credit, set_status=False)
    books.sync()
    assert books.held() == {}
    assert written(books)[before:] == [
        ("CreditMemo", "R-1005-2", "2026-05-20", "42.01"),
        ("Payment", "", "2026-05-20", "0.00"),
    ]
    assert set(open_amounts(books)) == {"0.00"}
    assert entries(books, "CreditMemo")[-1] == {
        "Sales": "80.00",
        "Shipping income": "5.00",
        "Sales tax payable": "7.01",
        "Gift certificates": "-50.00",
        RECEIVABLE: "-42.01",
    }
    assert nothing_is_left(books)


@pytest.mark.parametrize("changes", [{}, WITH_MEMO])
def test_certificate_and_money_go_back_each_its_way(open_invoices, order_1005, changes):
    """20.00 of the 42.01 were paid by card."""
    books = open_invoices(**changes)
    books.add(order_1005(status_id=1, status="Pending", payment_status="captured", transactions=[purchase(1, "20.00")]))
    books.sync()
    before = len(written(books))
    at(books, "2026-05-20T16:00")
    ways = (Payout(provider="giftcertificate", amount=Decimal("50.00")), Payout(provider="stripe"))
    refund(books.sim.shop, 1005, Asked(amount=Decimal("70.00")), *ways, set_status=False)
    cancel(books.sim.shop, 1005)
    books.sync()
    assert books.held() == {}
    assert written(books)[before:] == [
        ("CreditMemo", "R-1005-2", "2026-05-20", "42.01"),
        ("Purchase", "", "2026-05-20", "20.00"),
        ("Payment", "", "2026-05-20", "0.00"),
        ("Payment", "", "2026-05-20", "0.00"),
    ]
    assert set(open_amounts(books)) == {"0.00"}
    assert nothing_is_left(books)


# -- elsewhere


UK = {
    "company": "uk",
    "home_currency": "GBP",
    "tax.map": {"Standard": "20.0% S", "Reduced": "5.0% R", "none": "0.0% Z"},
    "tax.out_of_scope": "No VAT",
}
POUNDS = {"default_currency_code": "GBP", "currency_code": "GBP"}


@pytest.fixture
def order_1003(make_order, line):
    """Three rates and a discount: 238.50, 22.50 of it tax."""

    def order(**more):
        return make_order(
            1003,
            [
                line("LAMP", 2, ("100.0000", "18.0000", "120.0000"), off="12.0000", **refundable("108.0000")),
                line("FUEL", 1, ("100.0000", "4.5000", "105.0000"), off="10.5000", **refundable("94.5000")),
                line("BOOK", 1, ("40.0000", "0.0000", "40.0000"), off="4.0000", **refundable("36.0000")),
            ],
            subtotal=("240.0000", "22.5000", "265.0000"),
            total=("216.0000", "22.5000", "238.5000"),
            discount_amount="26.5000",
            **UNPAID | SHOP | POUNDS | {"is_tax_inclusive_pricing": True} | more,
        )

    return order


def tax_lines(document):
    return [
        (
            str(line["TaxLineDetail"]["TaxPercent"]),
            f"{line['TaxLineDetail']['NetAmountTaxable']:.2f}",
            f"{line['Amount']:.2f}",
        )
        for line in document["TxnTaxDetail"]["TaxLine"]
    ]


def test_a_memo_bears_the_taxes_of_its_sale_rate_by_rate(open_invoices, order_1003):
    books = open_invoices(**UK)
    books.add(order_1003())
    books.sync()
    at(books, "2026-06-02T16:00")
    cancel(books.sim.shop, 1003)
    books.sync()
    assert books.held() == {}
    (invoice,), (memo,) = books.sim.company.objects("Invoice"), books.sim.company.objects("CreditMemo")
    assert (
        tax_lines(memo)
        == tax_lines(invoice)
        == [("20", "90.00", "18.00"), ("5", "90.00", "4.50"), ("0", "36.00", "0.00")]
    )
    assert open_amounts(books) == ["0.00", "0.00", "0.00"]
    assert nothing_is_left(books)


def test_what_is_left_of_several_rates_is_taken_back_rate_by_rate(open_invoices, order_1003):
    books = open_invoices(**UK)
    first = purchase(1, "100.00") | {"currency": "GBP"}
    books.add(order_1003(status_id=1, status="Pending", payment_status="captured", transactions=[first]))
    books.sync()
    at(books, "2026-05-20T16:00")
    shop, lines = books.sim.shop, books.sim.shop.orders[1003].products
    refund(shop, 1003, Asked(products={lines[0]["id"]: 1}), set_status=False)
    books.sync()
    refund(shop, 1003, Asked(amount=Decimal("46.00")), set_status=False)
    cancel(shop, 1003)
    books.sync()
    assert books.held() == {}
    one, rest = books.sim.company.objects("CreditMemo")
    assert tax_lines(one) == [("20", "45.00", "9.00")]
    assert tax_lines(rest) == [("20", "45.00", "9.00"), ("5", "90.00", "4.50"), ("0", "36.00", "0.00")]
    assert f"{rest['TotalAmt']:.2f}" == "184.50"
    assert set(open_amounts(books)) == {"0.00"}
    assert nothing_is_left(books)


def test_money_in_another_currency_leaves_at_the_rate_of_its_day(open_invoices, order_1001):
    books = open_invoices(
        company="eur", **{"payments.default_accounts": {"EUR": "Card clearing EUR"}, "payments.methods": {}}
    )
    for day, rate in (("2026-05-01", "1.08"), ("2026-05-10", "1.10"), ("2026-05-20", "1.12")):
        held = {"SourceCurrencyCode": "EUR", "Rate": Decimal(rate), "AsOfDate": day}
        books.sim.company.create("ExchangeRate", held)
    euro = {"default_currency_code": "EUR", "currency_code": "USD", "store_default_currency_code": "USD"}
    first = purchase(1, "40.00", day="2026-05-10") | {"currency": "EUR"}
    books.add(order_1001(status_id=1, status="Pending", payment_status="captured", transactions=[first], **euro))
    books.sync()
    books.app.lines["demo"].book.forget()  # the receivables in euro are there since the invoice is
    at(books, "2026-05-20T16:00")
    refund(books.sim.shop, 1001, Asked(amount=Decimal("40.00")), set_status=False)
    cancel(books.sim.shop, 1001)
    books.sync()
    assert books.held() == {}
    (memo,), (sent,) = books.sim.company.objects("CreditMemo"), books.sim.company.objects("Purchase")
    assert (memo["CurrencyRef"]["value"], memo["ExchangeRate"], f"{memo['TotalAmt']:.2f}") == (
        "EUR",
        Decimal("1.12"),
        "88.77",
    )
    assert (sent["ExchangeRate"], entries(books, "Purchase")) == (
        Decimal("1.12"),
        [{f"{RECEIVABLE} - EUR": "44.80", "Card clearing EUR": "-44.80"}],
    )
    assert open_amounts(books) == ["0.00", "0.00", "0.00"]


def test_what_was_refunded_before_anything_was_paid_is_not_paid(open_invoices, plain_order):
    """By hand, on delivery: the second refund makes the order Partially Refunded, which says that it was paid."""
    books = open_invoices()
    more = {**SHOP, "status_id": 11, "payment_status": "pending", "payment_method": "Cash on Delivery"}
    books.add(plain_order(1001, "100.00", **more))
    books.sync()
    at(books, "2026-05-20T16:00")
    refund(books.sim.shop, 1001, Asked(amount=Decimal("20.00")), set_status=False)
    books.sync()
    assert open_amounts(books) == ["80.00", "0.00", "80.00"]
    refund(books.sim.shop, 1001, Asked(amount=Decimal("10.00")))
    books.sync()
    assert books.held() == {}
    assert written(books)[3:] == [
        ("Payment", "", "2026-05-01", "80.00"),
        ("RefundReceipt", "R-1001-2", "2026-05-20", "10.00"),
    ]
    assert (open_amounts(books), balances(books)["Cash clearing"]) == (["0.00", "0.00", "0.00"], "70.00")
    books.sync()
    assert len(written(books)) == 5

    cancel(books.sim.shop, 1001)
    books.sync()
    assert books.reasons(1001) == [
        "The order is Cancelled, and 70.00 that came in for Invoice BC-1001 did not go back."
    ]
    refund(books.sim.shop, 1001, Asked(amount=Decimal("70.00")), set_status=False)
    books.sync()
    assert (books.held(), balances(books)["Cash clearing"]) == ({}, "0.00")
