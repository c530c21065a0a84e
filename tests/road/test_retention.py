"""Years of history are forgotten; what is posted stays posted, once, and what follows finds it."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import timedelta

import pytest

from cartledger.ledger.retention import HISTORY
from daemon.clock import now
from daemon.running.chores import chores
from daemon.running.upkeep import Upkeep

LIVES = {
    "connection": {"workflows": ["sales", "payments", "refunds", "stock"]},
    "refunds": {
        "number_prefix": "R",
        "no_restock_product": "Returned goods",
        "adjustment_product": "Refund adjustments",
    },
}
ORDERS = 30
TIMES = {
    "event": "at",
    "run": "started",
    "mail": "made_at",
    "process": "seen_at",
    "lease": "lease_until",
    "dead": "at",
    "stock_proposal": "settled_at",
}


def grow_old(road, years):
    """As if all that happened had happened so long ago."""
    with contextlib.closing(sqlite3.connect(road.settings().ledger.path)) as db, db:
        for table, column in TIMES.items():
            older = f"printf('%04d', substr({column}, 1, 4) - {years}) || substr({column}, 5)"
            db.execute(f"UPDATE {table} SET {column} = {older} WHERE {column} IS NOT NULL")  # noqa: S608


def rows(road):
    with contextlib.closing(sqlite3.connect(road.settings().ledger.path)) as db:
        return {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in HISTORY}  # noqa: S608


def look_after(road, **options):
    app = road.app(**options)
    Upkeep(chores(app, list(app.lines)), app.clock).once()


def proven(road):
    proof = road.sim.proof()
    return proof["duplicates"], proof["difference"], proof["refunds"]["difference"], proof["edits"]["difference"]


@pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])
def test_nothing_is_posted_twice_and_edits_and_refunds_find_their_orders(make_careless_sim, make_road, post_as):
    sim = make_careless_sim()
    sim.fill(orders=ORDERS, customers=10, clean=True)
    road = make_road(sim, **LIVES, sales={"post_as": post_as})
    road.sync()
    sim.live(steps=20, seed=1)
    sim.settle()
    road.sync()
    grow_old(road, years=3)
    sim.live(steps=20, seed=2)
    sim.settle()
    road.sync()
    states, documents, before = road.states(), sim.proof()["documents"], rows(road)
    look_after(road)
    after = rows(road)
    assert before["event"] - after["event"] > ORDERS * 5
    assert after["run"] == 1
    for number in sim.shop.orders:
        sim.shop.touch(number)
    road.sync()
    assert (road.states(), sim.proof()["documents"]) == (states, documents)
    sim.live(steps=60, seed=3)
    sim.settle()
    road.sync()
    assert proven(road) == (0, "0.00", "0.00", "0.00")


@pytest.mark.option("ledger.history_days")
@pytest.mark.parametrize(
    ("setting", "days", "kept"), [(None, 729, True), (None, 731, False), (30, 29, True), (30, 31, False)]
)
def test_how_long_the_history_is_kept(make_careless_sim, make_road, setting, days, kept):
    road = make_road(make_careless_sim(), **({"ledger": {"history_days": setting}} if setting else {}))
    road.ledger.dead(b"no message", why="no JSON", workflow="sales")
    look_after(road, clock=lambda: now() + timedelta(days=days))
    assert bool(road.ledger.dead_letters()) is kept
