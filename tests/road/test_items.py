"""`kill -9` of `run` while items are made: one for each SKU, which begins with what the shop has."""

from __future__ import annotations

import signal

import pytest

from tests.road.conftest import PATIENT

SHOP = {"orders": 40, "customers": 8, "items": False, "clean": True}
PRODUCTS = {
    "create_missing": True,
    "inventory_accounts": {"income": "Sales", "asset": "Inventory Asset", "cogs": "Cost of Goods Sold"},
    "noninventory_accounts": {"income": "Sales", "expense": "Cost of Goods Sold"},
    "opening_quantity": "store",
}
SECTIONS = {"products": PRODUCTS, "sales": {"post_as": "invoice"}}
IN_THE_SHOP = 500


@pytest.fixture
def kept(make_careless_sim, make_road):
    """A shop whose company has none of its items, enabled. `kept(**sections)`."""

    def make(**sections):
        sim = make_careless_sim()
        sim.fill(**SHOP)
        road = make_road(sim, connection={"interval": "1h"}, **SECTIONS, **sections)
        road.enable()
        return road

    return make


def settle(road):
    """The same settings, started again, until everything is settled; then see that nothing is there twice."""
    run = road.start("run")
    road.until_settled()
    assert run.stop() == 0
    road.agree()
    made = [item for item in road.sim.company.objects("Item") if "Sku" in item]
    assert len({item["Sku"].casefold() for item in made}) == len(made) > 10
    assert {item["QtyOnHand"] for item in made if item["Type"] == "Inventory"} == {IN_THE_SHOP}


def places():
    """The items are the first that is planned, sent and answered."""
    everywhere = [
        f"kill {when} {step} {nth}"
        for step, nth in (("plan", 3), ("send", 1), ("answered", 5), ("later", 1))
        for when in ("before", "within", "after")
    ]
    for number, place in enumerate(everywhere):
        yield pytest.param(place, marks=() if number % 4 == 1 else pytest.mark.long)


@pytest.mark.parametrize("place", list(places()))
def test_killed_at_a_step(kept, undisturbed, place):
    road = kept()
    assert road.start("run", place=place).wait() == -signal.SIGKILL, "the step was never made"
    settle(road)
    assert road.states() == undisturbed(SHOP, **SECTIONS)


@pytest.mark.parametrize("executed", [False, True], ids=["never executed", "executed"])
def test_killed_with_the_items_on_their_way(kept, undisturbed, executed):
    road = kept(quickbooks=PATIENT)
    road.hang("quickbooks", "batch", nth=1, executed=executed)
    run = road.start("run", "--threads", "1")
    road.until_held()
    run.kill()
    assert any("Sku" in item for item in road.sim.company.objects("Item")) == executed
    road.sim.faults.clear()
    settle(road)
    assert road.states() == undisturbed(SHOP, **SECTIONS)
