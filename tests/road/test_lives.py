"""Orders that go on after they were posted: `kill -9` at each step of what follows. In the end each document
stands once, and the accounts are what the shop says."""

from __future__ import annotations

import signal
from collections import Counter
from decimal import Decimal
from itertools import chain

import pytest

from cartledger.ledger.types import State
from simulator.bigcommerce.editing import edit_address
from simulator.bigcommerce.fulfilment import cancel
from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import Payout, refund
from tests.said import places, purchase

UNPAID, SENT_BACK, BY_TWO, MOVED = 0, 1, 2, 3
SECTIONS = {
    "connection": {"interval": "1h", "workflows": ["sales", "payments", "refunds"]},
    "sales": {"post_as": "invoice", "statuses": ["Pending", "Awaiting Fulfillment"]},
    "refunds": {
        "number_prefix": "R",
        "no_restock_product": "Returned goods",
        "adjustment_product": "Refund adjustments",
        "cancel_unpaid": "void",
    },
}
DOCUMENTS = ("Invoice", "CreditMemo", "RefundReceipt", "Payment", "Purchase", "Transfer")


def total_of(order):
    return Decimal(order.header["total_inc_tax"]).quantize(Decimal("0.01"))


@pytest.fixture
def posted(make_careless_sim, make_road):
    """A road whose four orders are posted: unpaid, paid in part, paid by two gateways, and paid by one."""

    def make(memory=True):
        sim = make_careless_sim(requestid_memory=memory)
        sim.fill(orders=4, customers=2, clean=True)
        for place, (order_id, order) in enumerate(sorted(sim.shop.orders.items())):
            total = total_of(order)
            parts = {UNPAID: (), SENT_BACK: (Decimal(4),), BY_TWO: (Decimal(4), total - 4), MOVED: (total,)}[place]
            sim.shop.update(
                order_id,
                status_id=1 if place == SENT_BACK else 11,
                store_credit_amount="0.0000",
                gift_certificate_amount="0.0000",
                payment_method="Credit Card, PayPal" if len(parts) > 1 else "Credit Card",
                payment_status="captured" if parts else "",
                transactions=[
                    purchase(order_id * 10 + number, amount, gateway, order_id=order_id, day="2026-05-03")
                    for number, (amount, gateway) in enumerate(zip(parts, ("stripe", "paypalcommerce"), strict=False))
                ],
            )
        road = make_road(sim, **SECTIONS)
        road.sync()
        assert set(road.states().values()) == {State.POSTED}
        return road

    return make


def go_on(sim):
    """A void; a memo, an expense and what ties them; a refund and a transfer; an update."""
    unpaid, sent_back, by_two, moved = sorted(sim.shop.orders)
    cancel(sim.shop, unpaid)
    refund(sim.shop, sent_back, Asked(amount=Decimal(4)), Payout(provider="stripe"), set_status=False)
    cancel(sim.shop, sent_back)
    half = Asked(amount=Decimal(7))
    refund(sim.shop, by_two, half, Payout(provider="stripe", amount=Decimal(3)), Payout(provider="paypalcommerce"))
    edit_address(sim.shop, moved, street_1="2 Mill Lane")


def agree(road):
    """Each document once, nothing owed, and what came in less what went back on the accounts."""
    assert set(road.states().values()) == {State.POSTED}, road.report()
    objects = {entity: road.sim.company.objects(entity) for entity in DOCUMENTS}
    marks = Counter(each["PrivateNote"].rsplit("\n", 1)[-1] for each in chain(*objects.values()))
    assert set(marks.values()) == {1}
    made = {entity: len(found) for entity, found in objects.items()}
    assert made == {"Invoice": 4, "CreditMemo": 1, "RefundReceipt": 1, "Payment": 6, "Purchase": 1, "Transfer": 1}
    assert sum(road.sim.company.updates("Invoice", each["Id"]) for each in objects["Invoice"]) == 1
    _, _, by_two, moved = (total_of(order) for _, order in sorted(road.sim.shop.orders.items()))
    balances = road.sim.company.balances()
    assert balances["Accounts Receivable (A/R)"] == 0
    assert (balances["Card clearing"], balances["PayPal clearing"]) == (4 - 3 + moved, by_two - 4 - 4)
    assert sum(balances.values()) == 0


STEPS = {"send": 4, "answered": 8}


@pytest.mark.parametrize(
    ("place", "memory"), list(places(STEPS, {True: "ids remembered", False: "ids forgotten"}, first=1, seed=7))
)
def test_killed_in_what_follows_a_sale(posted, place, memory):
    road = posted(memory)
    go_on(road.sim)
    assert road.start("sync", road.name, place=place).wait() == -signal.SIGKILL, "the step was never made"
    assert road.sync().waiting == 0
    agree(road)
