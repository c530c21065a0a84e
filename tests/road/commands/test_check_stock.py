"""What `cartledger check` says of a connection that keeps the shop's stock or reads its whole catalogue."""

from __future__ import annotations

import pytest

from simulator.bigcommerce.store import ALL_SCOPES

KEEPS = {"workflows": ["sales", "payments", "stock"]}
FIRST = (
    "Nothing is written to the shop's stock before a person approves the first levels, which `cartledger stock plan` "
    "shows: QuickBooks' quantities must be right by then."
)
LATE = (
    "The shop takes an order's units from its stock when it is shipped or completed, not when it is placed: their "
    "levels are written again with each change of an order."
)
ACCOUNTS = {
    "inventory_accounts": {"income": "Sales", "asset": "Inventory Asset", "cogs": "Cost of Goods Sold"},
    "noninventory_accounts": {"income": "Sales", "expense": "Cost of Goods Sold"},
}


@pytest.fixture
def sim(make_sim):
    """60 products, of which the shop and the company count 43."""
    sim = make_sim()
    sim.fill(orders=6, customers=3, clean=True)
    return sim


@pytest.fixture
def told(sim, make_road, command):
    """(level, place and sentence) of all that `check` says but of orders, and the shop's calls."""

    def tell(*, expect=0, **sections):
        road = make_road(sim, **sections)
        sim.reset_counts()
        found = command(road).facts("check", expect=expect)["demo"]
        facts = [(each["level"], each["text"].partition("connections.demo")[2]) for each in found]
        said = [
            each for each, fact in zip(facts, found, strict=True) if fact["code"] not in ("trial", "start_long_ago")
        ]
        return said, sim.report()["bigcommerce"]["calls"]

    return tell


def counted(sim):
    return sum(product["inventory_tracking"] != "none" for product in sim.shop.products)


def test_stock_costs_three_calls_and_is_noted(sim, told):
    without, calls = told()
    assert without == []
    followed = f": Stock follows QuickBooks for {counted(sim)} SKUs, as far as the shop counts them."
    assert told(connection=KEEPS) == ([("note", followed), ("note", f": {FIRST}")], calls + 3)


@pytest.mark.option("stock.location")
@pytest.mark.parametrize(
    ("named", "location", "said"),
    [
        (None, {"location_id": 3, "default": True}, None),
        (3, {"location_id": 3}, None),
        (
            None,
            {"location_id": 3, "default": True, "enabled": False},
            "The store's location 3 is disabled: its stock is neither sold nor can it be changed.",
        ),
        (3, {"location_id": 3, "enabled": False}, "The store's location 3 is disabled"),
        (4, {"location_id": 3}, "The store has no location 4."),
    ],
)
def test_the_location_that_is_kept(sim, told, named, location, said):
    sim.shop.add_location(**location)
    found, _ = told(expect=2 if said else 0, connection=KEEPS, stock={} if named is None else {"location": named})
    problems = [text for level, text in found if level == "problem"]
    assert [text.partition(said)[0] for text in problems] == ([".stock.location: "] if said else [])


def test_scopes_that_are_missing_are_all_named_at_once(sim, make_road, command):
    sim.shop.scopes = ALL_SCOPES - {"store_inventory", "store_locations_read_only"}
    found = command(make_road(sim, connection=KEEPS)).facts("check", expect=2)["demo"]
    assert [each["fix"].partition("“")[2].partition("”")[0] for each in found if each["level"] == "problem"] == [
        "Store Locations: read-only",
        "Store Inventory",
    ]


def test_a_store_that_takes_stock_when_an_order_is_shipped(sim, told):
    sim.shop.inventory_settings["update_stock_behavior"] = "order_completed_or_shipped"
    assert ("note", f": {LATE}") in told(connection=KEEPS)[0]


@pytest.mark.option("products.sync")
@pytest.mark.parametrize(
    ("sync", "said"),
    [
        ("sold", []),
        (
            "all",
            [("note", ".products.sync: Of the 61 SKUs of the catalogue 1 have no item in QuickBooks: each gets one.")],
        ),
    ],
)
def test_how_many_items_a_whole_catalogue_makes(sim, told, sync, said):
    sim.shop.add_product(sku="NEW-1", name="New", price=1)
    found, _ = told(products={"create_missing": True, "sync": sync, **ACCOUNTS})
    assert found == said
