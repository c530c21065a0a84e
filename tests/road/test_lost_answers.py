"""Calls that end badly: whatever the shop or the company answers, or does not, one document stands for each order."""

from __future__ import annotations

import os
import signal

import pytest

from cartledger.ledger.types import State
from tests.road.conftest import PATIENT

LONG = os.environ.get("CARTLEDGER_TEST_PROFILE") == "long"
SHOP = {"orders": 1500 if LONG else 200, "customers": 25}


@pytest.fixture
def posted_in_spite_of(make_careless_sim, make_road, undisturbed):
    """Add the faults, sync until nothing waits, and see that books and shop agree; in how many syncs."""

    def post(*faults, memory=True, sections=None, syncs=1):
        sections = {"sales": {"post_as": "invoice"}, "connection": {"interval": "1h"}, **(sections or {})}
        sim = make_careless_sim(requestid_memory=memory)
        sim.fill(**SHOP)
        road = make_road(sim, **sections)
        for fault in faults:
            sim.faults.add(**{"side": "quickbooks", "call": "batch", **fault})
        for _ in range(syncs):
            synced = road.sync()
        sim.faults.release()
        road.agree()
        assert synced.waiting == 0, road.report()
        assert road.states() == undisturbed(SHOP, **sections)
        return sim

    return post


FAULTS = [
    {"kind": "drop_after"},
    {"kind": "drop_before"},
    {"kind": "truncated"},
    {"kind": "html"},
    {"kind": "missing"},
    {"kind": "commit_late", "late_calls": 3},
    {"kind": "status", "status": 504, "body": "html", "executed": True},
    {"kind": "status", "status": 500, "executed": False},
    {"kind": "unauthorised"},
]
remembered_or_not = pytest.mark.parametrize("memory", [True, False], ids=["ids remembered", "ids forgotten"])


def each_fault():
    for fault in FAULTS:
        lost = fault["kind"] == "drop_after"
        yield pytest.param(fault, id=" ".join(map(str, fault.values())), marks=() if lost else pytest.mark.long)


@remembered_or_not
@pytest.mark.parametrize("fault", list(each_fault()))
def test_every_fifth_batch(posted_in_spite_of, fault, memory):
    posted_in_spite_of({**fault, "every": 5}, memory=memory)


@remembered_or_not
def test_one_of_each(posted_in_spite_of, memory):
    """Never three in a row, which would be an outage."""
    posted_in_spite_of(*({**fault, "nth": 2 + index * 3 // 2} for index, fault in enumerate(FAULTS)), memory=memory)


@pytest.fixture
def running(make_careless_sim, make_road):
    """An enabled shop with some of everything and a `run`. `running(place, **fault)`."""

    def start(place="", rotate_every=None, **fault):
        sim = make_careless_sim(requestid_memory=False)
        sim.company.tokens.rotate_every = rotate_every or sim.company.tokens.rotate_every
        sim.fill(orders=100, customers=8)
        hangs = fault.get("kind") == "hang"
        road = make_road(sim, connection={"interval": "1h"}, quickbooks=PATIENT if hangs else {})
        road.enable()
        if hangs:
            road.hang("quickbooks", "batch", **fault)
        elif fault:
            sim.faults.add(**{"side": "quickbooks", "call": "batch", **fault})
        return road, road.start("run", place=place)

    return start


def test_throttled_it_waits_and_says_so_once(running):
    road, run = running(kind="throttled", nth=3)
    road.until(lambda: run.said("circuit_open"))  # a batch sent by then may close it at once
    road.ledger.hasten(road.pair)
    road.until_settled()
    road.agree()
    assert (len(run.said("circuit_open")), len(run.said("circuit_closed"))) == (1, 1)


def test_after_an_outage_a_source_that_needs_no_call_does_not_use_up_the_probe(running):
    road, _ = running(call="query", kind="throttled", nth=1)
    road.until(lambda: road.ledger.circuits(road.pair))
    road.ledger.hasten(road.pair)
    road.until_settled()
    road.agree()


def test_taken_back_it_stops_and_goes_on_with_the_next_token(running):
    """The batch that hangs may be the last one: without an answer there is still a call to make."""
    road, run = running(kind="hang", nth=3)
    road.until_held()
    road.sim.company.tokens.revoke()
    road.sim.faults.clear()
    road.until(lambda: run.said("circuit_open"))
    assert run.stop() == 0
    posted = road.counts()[State.POSTED]
    assert road.sim.proof()["documents"] >= posted
    road.connect_again()
    road.start("run")
    road.until_settled()
    road.agree()


def test_a_refresh_token_that_was_lost_with_its_process_needs_a_person_and_nothing_else_is_lost(running):
    road, first = running("kill before save_token 1", rotate_every=1)
    first.wait()
    run = road.start("run")
    road.until(lambda: run.said("circuit_open"))
    assert run.stop() == 0
    road.connect_again()
    road.start("run")
    road.until_settled()
    road.agree()


@pytest.mark.parametrize("place", ["stop before send 2", "stop after send 2", "stop before answered 20"])
def test_two_processes_of_which_one_sleeps_until_the_other_has_done_its_work(running, place):
    road, sleeper = running(place)
    road.until(lambda: sleeper.suspended)
    road.end_leases()
    road.start("run")
    road.until_settled()
    sleeper.tell(signal.SIGCONT)
    assert sleeper.stop() == 0
    road.agree()


def test_two_processes_of_which_one_sleeps_over_an_answer(running):
    road, sleeper = running(kind="hang", nth=2, executed=True)
    road.until_held()
    road.suspend(sleeper)
    road.sim.faults.clear()
    road.end_leases()
    road.start("run")
    road.until_settled()
    sleeper.tell(signal.SIGCONT)
    assert sleeper.stop() == 0
    road.agree()
