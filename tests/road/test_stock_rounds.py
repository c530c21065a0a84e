"""Stock on the whole road: QuickBooks is read, the breaker is asked, the shop is told; orders go on beside it."""

from __future__ import annotations

import logging
import signal
import threading
from datetime import timedelta
from decimal import Decimal

import pytest

from cartledger.ledger.types import Cursor, State
from cartledger.records import SourceKey
from cartledger.stock import ITEMS, LEVELS, STOCK, SWEEP
from daemon.clock import now
from daemon.running.supervisor import Crew, Producing
from simulator.quickbooks.lies import Lie

WORKFLOWS = {"workflows": ["sales", "payments", "stock"]}
ORDERS = 4
SALES_ALONE = dict.fromkeys(("sell on account", "pay", "cancel", "receive", "recount", "run low", "sell by hand"), 0)
DEAD = "http://127.0.0.1:1"


@pytest.fixture
def stocked(make_careless_sim, make_road):
    """`stocked(**sections)`: a shop and a company with the same products; nothing was read yet."""

    def make(sim=None, **sections):
        if sim is None:
            sim = make_careless_sim()
            sim.fill(orders=ORDERS, customers=2, clean=True)
            sim.shop.adjustment_time = 0
        return make_road(sim, **{"connection": WORKFLOWS, **sections})

    return make


@pytest.fixture
def followed(stocked):
    """The same after a person has approved the first levels; all of them show."""

    def make(**sections):
        road = stocked(**sections)
        road.sync()
        approve(road)
        road.sim.shop.land()
        road.sim.reset_counts()
        return road

    return make


def approve(road):
    app = road.app()
    app.ledger.permit(road.pair, app.owner, timedelta(minutes=1))
    writer = app.level_writer(app.lines[road.name])
    approved = writer.approve(app.ledger.waiting_proposal(road.pair), "somebody", lambda _: None)
    app.ledger.end_permit(road.pair, app.owner)
    return approved


def item(road, number=0):
    """The company's id of an item whose stock both sides count."""
    tracked = [product["sku"] for product in road.sim.shop.products if product["inventory_tracking"] == "product"]
    [found] = [each["Id"] for each in road.sim.company.objects("Item") if each.get("Sku") == tracked[number]]
    return found


def source(road):
    """Where the one source stands that says: look at the levels."""
    return road.ledger.standing(SourceKey(pair=road.pair, kind=STOCK, id=LEVELS))


def agree(road):
    """The shop offers what the company has, less what it has sold since."""
    proof = road.sim.stock_proof("BC-{id}")
    assert (proof["above"], proof["below"], proof["oversold"], proof["parallel"]) == (0, 0, 0, 0), proof["rows"]
    assert proof["equal"] == proof["skus"] > 0


def later(road, **much):
    """The stock was last read so long ago."""
    then = now() - timedelta(**much)
    road.ledger.set_cursor(road.pair, ITEMS, Cursor(watermark=then, polled_at=then))


def swept_long_ago(road):
    then = now() - timedelta(days=2)
    road.ledger.set_cursor(road.pair, SWEEP, Cursor(watermark=then, polled_at=then))


def test_a_first_sync_posts_the_orders_and_leaves_the_levels_to_a_person(stocked):
    road = stocked()
    synced = road.sync()
    assert (synced.posted, synced.stock_held, synced.levels_written, synced.exit_code) == (ORDERS, True, 0, 1)
    assert synced.troubles == ()
    assert road.sim.shop.adjustments == []
    road.agree()


def test_once_approved_a_sync_writes_what_differs_and_nothing_else(followed):
    road = followed()
    agree(road)
    synced = road.sync()
    assert (synced.levels_written, synced.stock_held, synced.exit_code) == (0, False, 0)
    road.sim.company.receive_units(item(road), Decimal(7))
    synced = road.sync()
    assert (synced.levels_written, synced.exit_code) == (1, 0)
    agree(road)
    assert road.sync().levels_written == 0


def test_what_is_sold_and_bought_meanwhile_is_followed(followed):
    road = followed()
    for seed in range(3):
        road.sim.trade(steps=12, seed=seed)
        assert road.sync().exit_code == 0
        road.sim.shop.land()
        agree(road)


def test_a_company_that_says_zero_of_everything_changes_nothing(followed):
    road = followed()
    before = len(road.sim.shop.adjustments)
    road.sim.company.lie = Lie(kind="zero")
    swept_long_ago(road)
    synced = road.sync()
    assert (synced.stock_held, synced.exit_code, len(road.sim.shop.adjustments)) == (True, 1, before)
    road.sim.company.lie = None
    swept_long_ago(road)
    assert road.sync().exit_code == 0
    agree(road)


def test_a_stock_that_cannot_be_read_as_a_whole_is_told_of(followed):
    road = followed()
    road.sim.company.lie = Lie(kind="half_page")
    swept_long_ago(road)
    synced = road.sync()
    [trouble] = synced.troubles
    assert trouble.startswith("The stock cannot be read: QuickBooks counts ")
    assert (synced.stock_held, synced.exit_code) == (True, 1)
    road.sim.company.lie = None
    assert road.sync().exit_code == 0


def test_orders_are_posted_while_the_shop_takes_no_levels(followed):
    road = followed()
    road.sim.trade(steps=6, seed=1, rates=SALES_ALONE)
    road.sim.company.receive_units(item(road), Decimal(7))
    road.sim.faults.add(side="bigcommerce", call="adjust", kind="status", every=1, status=403)
    synced = road.sync()
    assert (synced.posted, synced.waiting) == (len(road.sim.shop.orders), 0)
    [trouble] = synced.troubles
    assert trouble.startswith("BigCommerce: ")
    assert [circuit.side for circuit in road.ledger.circuits(road.pair)] == ["bigcommerce"]
    road.sim.faults.clear()
    assert road.sync().troubles == ()
    agree(road)


def test_levels_are_written_while_quickbooks_takes_no_documents(followed, make_road):
    """Selling goes on, and what QuickBooks does not hold of it is taken off what it has said before."""
    road = followed()
    road.sim.company.receive_units(item(road), Decimal(7))
    app = road.app()
    assert Producing(app, [road.name], Crew()).read_stock(app.lines[road.name]).changes == 1
    road.sim.trade(steps=6, seed=1, rates=SALES_ALONE)
    dead = {"api_url": DEAD, "token_url": DEAD}
    closed = make_road(road.sim, folder=road.folder, connection=WORKFLOWS, quickbooks=dead)
    synced = closed.sync(sleep=lambda _: None)
    assert (synced.levels_written > 0, synced.waiting) == (True, len(road.sim.shop.orders) - ORDERS)
    assert [trouble.partition(":")[0] for trouble in synced.troubles] == ["The stock cannot be read", "QuickBooks"]
    road.sim.shop.land()
    agree(road)


def test_only_one_process_at_a_time_reads_the_stock(stocked):
    road = stocked()
    app = road.app()
    assert app.ledger.lease(f"stock-read:{road.pair}", "another", timedelta(minutes=1))
    assert Producing(app, [road.name], Crew()).read_stock(app.lines[road.name]) is None
    app.ledger.unlease(f"stock-read:{road.pair}", "another")
    assert Producing(app, [road.name], Crew()).read_stock(app.lines[road.name]).swept


def test_a_reading_of_stock_waits_for_another_thread_that_reads_the_orders(stocked):
    road = stocked()
    app = road.app()
    line, producing = app.lines[road.name], Producing(app, [road.name], Crew())
    inside, walks, heard = threading.Event(), [], []

    def read_stock():
        walks.append(producing.read_stock(line, heard.append))

    def on_page(_):
        if not inside.is_set():
            inside.set()
            other.start()
            # Both of its questions of stock are over, and it waits for the orders.
            road.until(lambda: road.sim.report()["called"].get("inventory_items", 0) > 0)

    other = threading.Thread(target=read_stock)
    assert producing.read(line, on_page) is not None
    other.join()
    [walk] = walks
    assert walk.due
    assert heard, "it went on without the orders"


class Naps(threading.Event):
    """What a run sleeps on: time passes at once, and `then` happens after each nap."""

    def __init__(self, *then):
        super().__init__()
        self.slept, self._then = timedelta(0), iter(then)

    def wait(self, timeout=None):
        self.slept += timedelta(seconds=timeout)
        next(self._then, self.set)()
        return self.is_set()


def test_a_run_says_once_that_the_stock_cannot_be_read_and_once_that_it_can(stocked, caplog):
    began, road = now(), stocked()
    sim = road.sim
    sim.faults.add(side="quickbooks", call="query", kind="status", every=1, status=500)
    naps = Naps(lambda: None, sim.faults.clear, lambda: None)
    app = road.app(clock=lambda: began + naps.slept)
    with caplog.at_level(logging.INFO, "cartledger"):
        Producing(app, [road.name], Crew(quiet=naps)).read_stock_for_ever(road.name)
    said = [record.getMessage() for record in caplog.records if getattr(record, "action", "").startswith("read_")]
    assert [sentence.partition(": ")[0] for sentence in said] == [
        "The stock cannot be read",
        "The stock is read again after 90 s.",
    ]


def test_a_run_keeps_the_levels_in_step(followed):
    road = followed()
    road.enable()
    later(road, hours=1)
    road.sim.company.receive_units(item(road), Decimal(7))
    written = len(road.sim.shop.adjustments)
    run = road.start("run")
    road.until(lambda: len(road.sim.shop.adjustments) > written)
    assert run.stop() == 0
    agree(road)


def test_a_run_that_is_not_enabled_writes_nothing(followed):
    road = followed()
    later(road, hours=1)
    road.sim.company.receive_units(item(road), Decimal(7))
    written = len(road.sim.shop.adjustments)
    run = road.start("run")
    road.until(lambda: "not enabled" in source(road).why)
    assert run.stop() == 0
    assert len(road.sim.shop.adjustments) == written


@pytest.mark.parametrize(
    "place",
    [
        "kill before remember_items 1",
        "kill within learn_levels 1",
        "kill after remember_items 1",
        "kill before write_begins 1",
        "kill after write_begins 1",
        "kill before written 1",
        "kill after written 1",
    ],
)
def test_killed_at_a_step(followed, place):
    road = followed()
    road.sim.company.receive_units(item(road), Decimal(7))
    road.sim.shop.add_product(sku="NEW", name="New", price=Decimal(1), tracked=True, stock=3)
    road.sim.company.add_item(name="New", sku="NEW", kind="inventory", cost=Decimal(1), quantity=Decimal(9))
    assert road.start("sync", road.name, place=place).wait() == -signal.SIGKILL, "the step was never made"
    assert road.start("sync", road.name).wait() == 0
    road.sim.shop.land()
    agree(road)


def test_a_connection_that_keeps_stock_no_more_waits_for_nothing(followed, make_road):
    road = followed()
    road.sim.company.receive_units(item(road), Decimal(7))
    app = road.app()
    Producing(app, [road.name], Crew()).read_stock(app.lines[road.name])
    written = len(road.sim.shop.adjustments)
    without = make_road(road.sim, folder=road.folder, connection={"workflows": ["sales", "payments"]})
    assert without.sync().exit_code == 0
    assert source(without).state is State.EXCLUDED
    assert len(road.sim.shop.adjustments) == written


def test_a_shop_that_cannot_be_read_is_told_of_once(followed, make_road):
    road = followed()
    dead = make_road(road.sim, folder=road.folder, connection=WORKFLOWS, bigcommerce={"api_url": DEAD})
    [trouble] = dead.sync(sleep=lambda _: None).troubles
    assert trouble.startswith("The shop cannot be read: ")
