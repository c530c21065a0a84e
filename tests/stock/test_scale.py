"""Fifty thousand SKUs: what a reading of all of them asks, what a change of one in a hundred writes, and which memory
that takes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cartledger.ledger.types import Cursor
from cartledger.stock import SWEEP
from daemon.clock import now
from tests.road.conftest import Road, make_road, make_sim  # noqa: F401 - fixtures

THOUSANDS = (5, pytest.param(50, marks=pytest.mark.long))
MOST = 2000
"""Levels of one call."""

MEMORY = 200
"""MB of the whole process."""

PROGRAM = Path(__file__).parent / "measured.py"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a command came to: calls of the shop by name, levels of each call that it took."""

    said: str
    memory: float
    reads: int
    called: dict[str, int]
    written: list[int]


@pytest.fixture
def make_shop(make_sim, make_road):  # noqa: F811 - pytest's way
    """`make_shop(5000)`: with so many SKUs, of which the company has more than the shop says."""

    def make(skus: int) -> Road:
        sim = make_sim(cap=60)
        sim.shop.adjustment_time = 0
        for number in range(skus):
            sku = f"S-{number:05d}"
            sim.shop.add_product(sku=sku, name=sku, price=Decimal(10), tracked=True, stock=10)
            sim.company.add_item(name=sku, sku=sku, kind="inventory", quantity=Decimal(12))
        return make_road(sim, connection={"workflows": ["sales", "payments", "stock"]})

    return make


def run(road: Road, *words: str, expect: int = 0) -> Ran:
    sim, told = road.sim, road.folder / "memory"
    sim.reset_counts()
    before = len(sim.shop.adjustments)
    command = [sys.executable, str(PROGRAM), "--config", str(road.config), *words]
    environment = road._environment() | {"CARTLEDGER_TEST_MEMORY": str(told), "PYTHONPATH": str(PROGRAM.parents[2])}
    ended = subprocess.run(command, env=environment, cwd=road.folder, capture_output=True, text=True, check=False)
    assert ended.returncode == expect, ended.stderr
    report = sim.report()
    return Ran(
        said=ended.stdout,
        memory=int(told.read_text()) / 1024,
        reads=report["quickbooks"]["reads"],
        called=report["called"],
        written=[len(each.items) for each in sim.shop.adjustments[before:]],
    )


def sweep_is_due(road: Road) -> None:
    then = now() - timedelta(days=2)
    road.ledger.set_cursor(road.pair, SWEEP, Cursor(watermark=then, polled_at=then))


LEVELS_OF_THE_SHOP = ("inventory_items", "catalog_products")


@pytest.mark.parametrize("thousands", THOUSANDS)
def test_many_skus(make_shop, thousands):
    skus = thousands * 1000
    road = make_shop(skus)
    first = run(road, "sync", road.name, "--json", expect=1)
    assert (json.loads(first.said)["stock_held"], first.written) == (True, [])
    assert [first.called[name] for name in LEVELS_OF_THE_SHOP] == [thousands, 4 * thousands]
    waiting = road.ledger.waiting_proposal(road.pair)
    assert waiting.count == skus

    approved = run(road, "stock", "approve", str(waiting.id))
    assert approved.written == [MOST] * (skus // MOST) + [skus % MOST] * (skus % MOST > 0)

    items = [each["Id"] for each in road.sim.company.objects("Item") if each.get("Sku")]
    for item_id in items[::100]:
        road.sim.company.count_units(item_id, Decimal(7))
    sweep_is_due(road)
    second = run(road, "sync", road.name, "--json")
    assert second.written == [skus // 100]

    sweep_is_due(road)
    third = run(road, "sync", road.name, "--json")
    assert third.written == []

    # Pages of items, their count, and the company's facts.
    assert [each.reads for each in (first, second, third)] == [thousands + 2] * 3
    assert not any(name in each.called for name in LEVELS_OF_THE_SHOP for each in (approved, second, third))
    memory = [each.memory for each in (first, approved, second, third)]
    assert max(memory) <= MEMORY, memory
