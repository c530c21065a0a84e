"""Documents that QuickBooks numbers, so that no number tells them apart: as much exactly once as the others."""

from __future__ import annotations

import signal

import pytest

from tests.road.conftest import PATIENT

SHOP = {"orders": 40, "customers": 4}
"""Few people, so that several documents are of the same customer and day."""


@pytest.fixture
def numbered(make_careless_sim, make_road):
    """A company that numbers the documents: `numbered("invoice", custom=True, memory=False) -> (road, sections)`."""

    def make(post_as, *, custom=True, memory=False, **more):
        sim = make_careless_sim(requestid_memory=memory)
        sim.company.preferences["SalesFormsPrefs"]["CustomTxnNumbers"] = custom
        sim.fill(**SHOP)
        sections = {
            "sales": {"post_as": post_as, "automatic_numbers": True},
            "connection": {"interval": "1h"},
        }
        return make_road(sim, **sections, **more), sections

    return make


def agree(road):
    """Shop and books agree to the cent, and every document has a number of its own, none with our prefix."""
    road.agree()
    documents = [each for entity in ("SalesReceipt", "Invoice") for each in road.sim.company.objects(entity)]
    numbers = [document["DocNumber"] for document in documents]
    assert len(set(numbers)) == len(numbers) > 0
    assert all(number.isdecimal() for number in numbers)


@pytest.mark.parametrize(
    ("post_as", "custom", "kind"),
    [
        ("sales_receipt", True, "drop_after"),
        ("invoice", False, "drop_after"),
        ("sales_receipt", False, "missing"),
        pytest.param("sales_receipt", True, "drop_before", marks=pytest.mark.long),
        pytest.param("invoice", True, "missing", marks=pytest.mark.long),
    ],
)
def test_lost_answers(numbered, undisturbed, post_as, custom, kind):
    road, sections = numbered(post_as, custom=custom)
    road.sim.faults.add(side="quickbooks", call="batch", kind=kind, every=3)
    road.sync()
    agree(road)
    assert road.states() == undisturbed(SHOP, **sections)


@pytest.mark.parametrize(
    "place",
    ["kill after send 2", "kill within answered 12", pytest.param("kill before send 2", marks=pytest.mark.long)],
)
def test_killed_at_a_step(numbered, undisturbed, place):
    road, sections = numbered("sales_receipt")
    road.enable()
    assert road.start("run", place=place).wait() == -signal.SIGKILL
    run = road.start("run")
    road.until_settled()
    assert run.stop() == 0
    agree(road)
    assert road.states() == undisturbed(SHOP, **sections)


@pytest.mark.parametrize("executed", [False, True], ids=["never executed", "executed"])
def test_killed_with_a_call_unanswered(numbered, undisturbed, executed):
    road, sections = numbered("sales_receipt", quickbooks=PATIENT)
    road.enable()
    road.hang("quickbooks", "batch", nth=2, executed=executed)
    first = road.start("run", "--threads", "1")
    road.until_held()
    first.kill()
    assert bool([each for each in road.sim.company.objects("SalesReceipt") if each.get("PrivateNote")]) == executed
    road.sim.faults.clear()
    run = road.start("run")
    road.until_settled()
    assert run.stop() == 0
    agree(road)
    assert road.states() == undisturbed(SHOP, **sections)
