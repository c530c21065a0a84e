"""`kill -9` of `run` at every step of the protocol, and with a full queue: nothing lost, nothing made twice."""

from __future__ import annotations

import os
import random
import signal

import pytest

from cartledger.ledger.types import State
from tests.road.conftest import PATIENT

SHOP = {"orders": 40, "customers": 8}
LONG = os.environ.get("CARTLEDGER_TEST_PROFILE") == "long"

# The transitions of the protocol, and how often each is made at least while this shop is posted.
STEPS = {
    "remember": 4,  # T0
    "handed_over": 3,  # T1
    "claim": 3,  # T2
    "later": 20,  # T3, for orders whose customer is made first
    "plan": 20,  # T3
    "send": 3,  # T4
    "answered": 40,  # T5 and T6
}


def places():
    """42 of them, a few in every run of the tests."""
    chance = random.Random(2)
    everywhere = [
        (post_as, f"kill {when} {step} {chance.randint(1, most)}")
        for step, most in STEPS.items()
        for when in ("before", "within", "after")
        for post_as in ("sales_receipt", "invoice")
    ]
    for number, place in enumerate(everywhere):
        yield pytest.param(*place, marks=() if number % 7 == 0 else pytest.mark.long, id=" ".join(place))


@pytest.fixture
def kept(make_careless_sim, make_road):
    """A shop with some of everything, enabled. `kept(post_as)`."""

    def make(post_as, **sections):
        sim = make_careless_sim()
        sim.fill(**SHOP)
        road = make_road(sim, sales={"post_as": post_as}, connection={"interval": "1h"}, **sections)
        road.enable()
        return road

    return make


def restarted(road):
    """The same settings, started again, until everything is settled."""
    run = road.start("run")
    road.until_settled()
    assert run.stop() == 0
    return run


@pytest.mark.parametrize(("post_as", "place"), list(places()))
def test_killed_at_a_step(kept, undisturbed, post_as, place):
    road = kept(post_as)
    assert road.start("run", place=place).wait() == -signal.SIGKILL, "the step was never made"
    restarted(road)
    road.agree()
    assert road.states() == undisturbed(SHOP, sales={"post_as": post_as})


@pytest.mark.parametrize("executed", [False, True], ids=["never executed", "executed"])
@pytest.mark.parametrize(
    ("post_as", "nth", "entity"),
    [
        pytest.param("sales_receipt", 1, "Customer", marks=pytest.mark.long),
        ("sales_receipt", 2, "SalesReceipt"),
        pytest.param("invoice", 2, "Invoice", marks=pytest.mark.long),
        ("invoice", 3, "Payment"),
    ],
)
def test_killed_with_a_call_unanswered(kept, undisturbed, post_as, nth, entity, executed):
    road = kept(post_as, quickbooks=PATIENT)
    road.hang("quickbooks", "batch", nth=nth, executed=executed)
    run = road.start("run", "--threads", "1")
    road.until_held()
    run.kill()
    made = [each for each in road.sim.company.objects(entity) if each.get("PrivateNote") or each.get("Notes")]
    assert bool(made) == executed
    road.sim.faults.clear()
    restarted(road)
    road.agree()
    assert road.states() == undisturbed(SHOP, sales={"post_as": post_as})


def test_a_full_queue_is_not_read_again(make_sim, make_road):
    orders = 10_000 if LONG else 1000
    sim = make_sim()
    sim.fill(orders=orders, customers=20, clean=True)
    road = make_road(sim, connection={"interval": "1h"})
    road.enable()
    run = road.start("run", place="stall before claim 1")
    road.until(lambda: run.said("read"))
    assert road.counts()[State.QUEUED] == orders
    run.kill()
    sim.reset_counts()
    restarted(road)
    road.agree()
    assert sim.report()["bigcommerce"]["calls"] == 0
