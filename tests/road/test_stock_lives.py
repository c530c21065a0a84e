"""Stock while both sides trade, in every kind of company, with answers lost and lies told in between: after each sync
the shop offers what the company has and nobody was promised, and no unit was sold twice."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
from decimal import Decimal

import pytest

from cartledger.stock import SWEEP
from simulator.markets import MARKETS
from simulator.quickbooks.lies import Lie

LONG = os.environ.get("CARTLEDGER_TEST_PROFILE") == "long"
SEEDS, TURNS = (40, 6) if LONG else (3, 3)
NO_MORE_THAN_THERE_IS = {"edit a line": 0}
"""Somebody in the control panel may add units to an order that the shop has not got; nobody can prevent that."""


@pytest.fixture
def life(make_sim, make_road):
    """A road drawn from `source`, whose first levels a person has approved."""

    def begin(source, seed):
        sim = make_sim(seed=seed + 1, company=source.choice(list(MARKETS)))
        sim.shop.adjustment_delay = source.choice((0, 0.1, 0.5))
        sim.shop.inventory_settings |= {
            "refund_order_stock_adjustment": source.random() < 0.5,
            "edit_order_stock_adjustment": source.random() < 0.7,
        }
        sim.fill(orders=12, clean=True, price_mode=source.choice(("exclusive", "inclusive")))
        for number in range(3):
            sizes = {f"BOWL-{number}-S": 3, f"BOWL-{number}-L": 9}
            sim.shop.add_product(sku="", name=f"Bowl {number}", price=Decimal(9), tracked=True, variants=sizes)
            for sku, units in sizes.items():
                sim.company.add_item(name=sku, sku=sku, kind="inventory", quantity=Decimal(4 * units))
        road = make_road(
            sim,
            connection={"workflows": ["sales", "payments", "stock"]},
            sales={"post_as": source.choice(("sales_receipt", "invoice"))},
        )
        assert road.sync().stock_held
        approved = road.run_cli("stock", "approve", "1")
        assert approved.returncode == 0, approved.stderr
        return road

    return begin


def go_on(source, sim, number):
    sim.trade(steps=25, seed=number)
    sim.live(steps=source.choice((0, 10)), seed=number, rates=NO_MORE_THAN_THERE_IS)


def sweep_is_due(road):
    """As if the last one was long ago."""
    with contextlib.closing(sqlite3.connect(road.settings().ledger.path)) as db, db:
        db.execute("UPDATE cursor SET polled_at = '2020-01-01T00:00:00.000000Z' WHERE stream = ?", [SWEEP])


def sync_through(source, road):
    """One sync, during which a write of levels may fail, and another one where it may have."""
    if source.random() < 0.5:
        sweep_is_due(road)
    kind = source.choice(("", "drop_after", "drop_before", "throttled"))
    if kind:
        road.sim.faults.add(side="bigcommerce", call="adjust", kind=kind, nth=1)
        road.sync()
        road.sim.faults.clear()
    road.sync()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_unit_is_sold_twice_and_every_level_is_right(life, seed):
    source = random.Random(seed)
    road = life(source, seed)
    sim = road.sim
    for turn in range(TURNS):
        go_on(source, sim, 100 * seed + turn)
        sync_through(source, road)
        proof = sim.stock_proof()
        assert (proof["above"], proof["oversold"], proof["parallel"]) == (0, 0, 0), proof
    road.sync()
    proof = sim.stock_proof()
    assert (proof["equal"], proof["rows"]) == (proof["skus"], [])
    road.sync()
    assert sim.stock_proof()["written"] == proof["written"]


@pytest.mark.parametrize("kind", ["zero", "null", "half_page", "empty", "other_company"])
def test_nothing_is_written_on_what_the_company_only_says(life, kind):
    source = random.Random(kind)
    road = life(source, 1)
    sim = road.sim
    road.sync()
    before = sim.stock_proof()["written"]
    go_on(source, sim, 1)
    sim.company.lie = Lie(kind=kind)
    sweep_is_due(road)
    assert road.sync().stock_held
    assert sim.stock_proof()["written"] == before
    sim.company.lie = None
    road.sync()
    proof = sim.stock_proof()
    assert (proof["equal"], proof["oversold"], proof["rows"]) == (proof["skus"], 0, [])
