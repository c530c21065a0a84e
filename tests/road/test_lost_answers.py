"""Calls that end badly: whatever the shop or the company answers, or does not, one document stands for each order."""

from __future__ import annotations

import os

import pytest

LONG = os.environ.get("CARTLEDGER_TEST_PROFILE") == "long"
SHOP = {"orders": 1500 if LONG else 200, "customers": 25}
ONCE_A_DAY = 1000  # refreshes between two refresh tokens; the real one changes about once a day


@pytest.fixture
def posted_in_spite_of(make_sim, make_road, undisturbed):
    """Add the faults, sync until nothing waits, and see that books and shop agree; in how many syncs."""

    def post(*faults, memory=True, sections=None, syncs=1):
        sections = {"sales": {"post_as": "invoice"}, "connection": {"interval": "1h"}, **(sections or {})}
        sim = make_sim(requestid_memory=memory)
        sim.fill(**SHOP)
        sim.company.tokens.rotate_every = ONCE_A_DAY
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
    {"kind": "commit_late", "late_calls": 1},
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
