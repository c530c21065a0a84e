"""What follows a sale in QuickBooks (voids, memos, refunds, transfers, expenses, deletions): answers that are lost at
each of its documents. In the end everything stands as if nothing had happened, once."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from cartledger.ledger.types import State
from simulator.bigcommerce.editing import edit_address
from simulator.bigcommerce.fulfilment import cancel
from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import Payout, decline, refund
from tests.said import REFUNDS, purchase

UNPAID = {"payment_status": ""}
ENTITIES = ("SalesReceipt", "Invoice", "CreditMemo", "RefundReceipt", "Payment", "Purchase", "Transfer")
LINE = 10011


BY_TWO = {
    "payment_method": "Credit Card, PayPal",
    "transactions": [purchase(1, "8.00"), purchase(2, "12.00", "paypalcommerce")],
}
IN_PART = {"status_id": 1, "status": "Pending", "transactions": [purchase(1, "8.00")]}


def give_back(shop, *payouts, **more):
    return refund(shop, 1001, Asked(products={LINE: 1}), *payouts, **more)


def give_back_by_two(shop, **more):
    give_back(shop, Payout(provider="stripe", amount=Decimal(8)), Payout(provider="paypalcommerce"), **more)


def give_back_quietly(shop):
    """A status that says Refunded would be held once the refund is none any more."""
    give_back_by_two(shop, set_status=False)


def nothing(shop):
    pass


def call_off(shop):
    cancel(shop, 1001)


def give_back_and_call_off(shop):
    refund(shop, 1001, Asked(amount=Decimal(8)), Payout(provider="stripe"))
    cancel(shop, 1001)


def give_back_and_move(shop):
    edit_address(shop, 1001, street_1="2 Mill Lane")
    give_back(shop)


def give_less(shop):
    """Of what nobody has paid."""
    refund(shop, 1001, Asked(amount=Decimal(5)), Payout(provider="custom", offline=True), set_status=False)


def say_no(shop):
    for place in range(len(shop.refunds[-1]["payments"])):
        decline(shop, shop.refunds[-1]["id"], place=place)
    shop.touch(1001)


INVOICE = {"sales.post_as": "invoice"}
# The order, the settings, what happens and is posted, and what happens then: in how many batches, and the balances.
LIVES = {
    "a void": (UNPAID, INVOICE | {"refunds.cancel_unpaid": "void"}, nothing, call_off, 1, {}),
    "a memo": (UNPAID, INVOICE | {"refunds.cancel_unpaid": "credit_memo"}, nothing, call_off, 2, {}),
    "money sent back": (
        IN_PART,
        INVOICE | {"sales.statuses": ["Pending", "Awaiting Fulfillment"]},
        nothing,
        give_back_and_call_off,
        4,
        {},
    ),
    "a refund": ({}, {}, nothing, give_back, 1, {"Sales": "-20.00", "Sales returns": "20.00"}),
    "a refund and an edit": (
        {},
        INVOICE,
        nothing,
        give_back_and_move,
        2,
        {"Sales": "-20.00", "Sales returns": "20.00"},
    ),
    "a refund by two": (BY_TWO, INVOICE, nothing, give_back_by_two, 2, {"Sales": "-20.00", "Sales returns": "20.00"}),
    "a refund that is declined": (
        BY_TWO,
        INVOICE,
        give_back_quietly,
        say_no,
        2,
        {"Sales": "-20.00", "Card clearing": "8.00", "PayPal clearing": "12.00"},
    ),
    "a refund on an invoice": (
        UNPAID,
        INVOICE,
        nothing,
        give_less,
        2,
        {"Accounts Receivable (A/R)": "15.00", "Sales": "-20.00", "Sales returns": "5.00"},
    ),
}


@pytest.fixture
def living(open_books, plain_order):
    """`living(name) -> (Books, act)`: books of that life until `act` is to happen."""

    def live(name):
        order, settings, before, then, _, _ = LIVES[name]
        books = open_books(**REFUNDS, **settings)
        line = {"quantity_refunded": 0, "quantity_shipped": 0, "discounted_total_inc_tax": "20.00"}
        raw = plain_order(1001, is_tax_inclusive_pricing=False, **order)
        books.add(raw | {"products": [each | line for each in raw["products"]]})
        books.sync()
        before(books.sim.shop)
        books.sync()
        assert (books.held(), books.state(1001)) == ({}, State.POSTED)
        return books, lambda: then(books.sim.shop)

    return live


def picture(books):
    """Every document by what it is, comes to and leaves open; how each was changed."""
    shown = Counter()
    for entity in ENTITIES:
        for each in books.sim.company.objects(entity):
            note = each["PrivateNote"].rsplit("\n", 1)[-1]
            amounts = [str(each.get(name)) for name in ("TotalAmt", "Amount", "Balance", "UnappliedAmt")]
            shown[entity, each.get("DocNumber"), note, *amounts, books.sim.company.updates(entity, each["Id"])] += 1
    return shown


@pytest.fixture(scope="module")
def undisturbed():
    """What stands at the end of each life when nothing goes wrong, as the tests find it."""
    return {}


def posted(books, name):
    """All of it stands, once, and the accounts are as the life says."""
    assert (books.held(), books.state(1001)) == ({}, State.POSTED)
    balances = {account: f"{amount:.2f}" for account, amount in books.sim.company.balances().items() if amount}
    assert balances == LIVES[name][-1]
    return picture(books)


@pytest.mark.parametrize("name", list(LIVES))
def test_a_life(living, name):
    """In as many batches as it has documents, and none of them refused."""
    books, act = living(name)
    books.sim.reset_counts()
    act()
    books.sync()
    posted(books, name)
    assert (books.sim.report()["quickbooks"]["batches"], books.sim.company.refusals) == (LIVES[name][-2], [])


LOST = ("drop_after", "drop_before", "truncated", "missing")


def losses():
    """Each document's answer, lost in one way in every run of the tests."""
    for name, (*_, batches, _) in LIVES.items():
        for nth in range(1, batches + 1):
            for kind in LOST:
                for memory in (True, False):
                    small = kind == LOST[0] and not memory
                    marks = () if small else pytest.mark.long
                    yield pytest.param(name, nth, kind, memory, marks=marks, id=f"{name} {nth} {kind} {memory}")


@pytest.mark.parametrize(("name", "nth", "kind", "memory"), list(losses()))
def test_an_answer_lost_in_a_life(living, undisturbed, name, nth, kind, memory):
    if name not in undisturbed:
        books, act = living(name)
        act()
        books.sync()
        undisturbed[name] = posted(books, name)
    books, act = living(name)
    books.sim.company.requestid_memory = memory
    books.sim.company.warn_duplicates = False
    books.sim.faults.add(side="quickbooks", call="batch", kind=kind, nth=nth)
    act()
    books.sync()
    assert posted(books, name) == undisturbed[name]
