"""An order in stages (invoice, credit memo, what applies it, payments): calls that end badly and `kill -9` at each of
them. In the end each document stands once, in full."""

from __future__ import annotations

import os
import signal
from decimal import Decimal

import pytest

from tests.said import places, purchase

LONG = os.environ.get("CARTLEDGER_TEST_PROFILE") == "long"
AGAIN = 4 if LONG else 1
WHOLE = "whole"

# Redeemed by certificate, and what came in by card before the rest came by PayPal; all of some, None where nothing did.
ORDERS = [
    ("0.00", "0.00"),
    ("3.00", "0.00"),
    (WHOLE, "0.00"),
    ("0.00", "4.00"),
    ("3.00", "4.00"),
    ("3.00", None),
]
CLEARING = ("Card clearing", "PayPal clearing")
LIABILITY = "Gift certificates"
SECTIONS = {
    "sales": {"post_as": "invoice", "tenders_on_invoice": "credit_memo"},
    "connection": {"interval": "1h"},
}


def in_stages(sim):
    """The shop's orders, paid as ORDERS has them; what must stand of each: total, memo, payments, balance."""
    stands = {}
    for (redeemed, first), order_id in zip(ORDERS * AGAIN, sorted(sim.shop.orders), strict=True):
        total = Decimal(sim.shop.orders[order_id].header["total_inc_tax"]).quantize(Decimal("0.01"))
        memo = total if redeemed == WHOLE else Decimal(redeemed)
        due = total - memo
        came = [] if first is None else [each for each in (Decimal(first), due - Decimal(first)) if each]
        sim.shop.update(
            order_id,
            status_id=11,
            store_credit_amount="0.0000",
            gift_certificate_amount=f"{memo:.4f}",
            payment_method="Credit Card, PayPal" if len(came) > 1 else "Credit Card",
            payment_status="authorized" if first is None else "captured",
            transactions=[
                purchase(order_id * 10 + number, amount, gateway, order_id=order_id, day="2026-05-03")
                for number, (amount, gateway) in enumerate(zip(came, ("stripe", "paypalcommerce"), strict=False), 1)
            ],
        )
        stands[order_id] = (total, [memo] if memo else [], sorted(came), due - sum(came))
    return stands


def linked(objects, invoice):
    """Of `objects` those that settle this invoice."""
    wanted = {"TxnId": invoice["Id"], "TxnType": "Invoice"}
    return [each for each in objects if any(wanted in line["LinkedTxn"] for line in each["Line"])]


def found(sim):
    """What stands of each order, as `in_stages` says it; a memo counts where it is used up by a payment of nothing."""
    payments, memos = sim.company.objects("Payment"), sim.company.objects("CreditMemo")
    stands = {}
    for invoice in sim.company.objects("Invoice"):
        paid = linked(payments, invoice)
        links = [link for each in paid for line in each["Line"] for link in line["LinkedTxn"]]
        applied = {link["TxnId"] for link in links if link["TxnType"] == "CreditMemo"}
        order_id = int(invoice["DocNumber"].removeprefix("BC-"))
        assert order_id not in stands
        stands[order_id] = (
            invoice["TotalAmt"],
            [each["TotalAmt"] for each in memos if each["Id"] in applied and not each["RemainingCredit"]],
            sorted(each["TotalAmt"] for each in paid if each["TotalAmt"]),
            invoice["Balance"],
        )
    return stands


def agree(sim, stands):
    """Each document once, and the accounts to the cent."""
    assert found(sim) == stands
    memos = sum(len(memo) for _, memo, _, _ in stands.values())
    money = [each for _, _, payments, _ in stands.values() for each in payments]
    made = {entity: len(sim.company.objects(entity)) for entity in ("CreditMemo", "Payment", "SalesReceipt")}
    assert made == {"CreditMemo": memos, "Payment": memos + len(money), "SalesReceipt": 0}
    balances = sim.company.balances()
    assert balances[LIABILITY] == sum(sum(memo) for _, memo, _, _ in stands.values())
    assert sum(balances[name] for name in CLEARING) == sum(money)
    assert balances["Accounts Receivable (A/R)"] == sum(balance for *_, balance in stands.values())
    assert sum(balances.values()) == 0


@pytest.fixture
def shop(make_careless_sim):
    """A simulator and what must stand in it in the end. `shop(memory=False)` forgets the ids of requests."""

    def make(*, memory=True):
        sim = make_careless_sim(requestid_memory=memory)
        sim.fill(orders=len(ORDERS) * AGAIN, customers=3, clean=True)
        return sim, in_stages(sim)

    return make


@pytest.fixture
def forgotten(make_road):
    """Another ledger for the same shop and company, which knows of nothing; the company tells numbers that it has."""

    def make(sim):
        sim.company.warn_duplicates = True
        road = make_road(sim, **SECTIONS)
        road.enable()
        return road

    return make


def settled(road):
    road.start("run")
    road.until_settled()


# -- answers that are lost

STAGES = {2: "invoice", 3: "memo", 4: "application", 5: "payment", 6: "second payment"}
LOST = ("drop_after", "drop_before", "truncated", "missing", "commit_late")


def losses():
    """One of each stage in every run of the tests."""
    for number, (nth, stage) in enumerate(STAGES.items()):
        for kind in LOST:
            for memory in (True, False):
                small = kind == LOST[0] and memory == (number % 2 == 1)
                marks = () if small else pytest.mark.long
                names = (stage, kind, "id remembered" if memory else "id forgotten")
                yield pytest.param(nth, kind, memory, marks=marks, id=" ".join(names))


@pytest.mark.parametrize(("nth", "kind", "memory"), list(losses()))
def test_an_answer_lost_in_a_stage(shop, make_road, forgotten, nth, kind, memory):
    sim, stands = shop(memory=memory)
    road = make_road(sim, **SECTIONS)
    late = {"late_calls": 3} if kind == "commit_late" else {}
    sim.faults.add(side="quickbooks", call="batch", kind=kind, nth=nth, **late)
    synced = road.sync()
    sim.faults.release()
    agree(sim, stands)
    assert (synced.posted, synced.waiting) == (len(stands), 0)
    assert forgotten(sim).sync().posted == len(stands)
    agree(sim, stands)


# -- kill -9

# How often each is made: a batch of each stage, and an answer for each document.
STEPS = {"send": 6, "answered": 20}


@pytest.mark.parametrize(
    ("place", "lost"), list(places(STEPS, {False: "ledger kept", True: "ledger lost"}, first=2, seed=3))
)
def test_killed_in_a_stage(shop, make_road, forgotten, place, lost):
    sim, stands = shop()
    road = make_road(sim, **SECTIONS)
    road.enable()
    assert road.start("run", "--threads", "1", place=place).wait() == -signal.SIGKILL, "the step was never made"
    settled(forgotten(sim) if lost else road)
    agree(sim, stands)
