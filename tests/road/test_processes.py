"""`run` and `sync` as processes: started, told to stop, enabled, disabled, joined, two on one ledger."""

from __future__ import annotations

import signal
from datetime import timedelta

import pytest

from cartledger.ledger.types import Cursor, State
from daemon.clock import now
from tests.road.conftest import PATIENT

THREADS, BATCH = 2, 30


@pytest.fixture
def shop(make_sim, make_road):
    """A shop with some of everything. `shop(orders, **sections)`."""

    def make(orders=40, **sections):
        sim = make_sim()
        sim.fill(orders=orders, customers=8)
        return make_road(sim, connection={"interval": "1h"}, **sections)

    return make


@pytest.fixture
def busy(make_careless_sim, make_road):
    """An enabled shop of 200 orders whose customers stand in the books already, and a `run` that has two batches of
    them out, unanswered; nothing else can go out. `busy(post_as, **fault)`."""

    def make(post_as="sales_receipt", **fault):
        sim = make_careless_sim()
        sim.fill(orders=25, customers=1, clean=True)
        road = make_road(sim, sales={"post_as": post_as}, connection={"interval": "1h"}, quickbooks=PATIENT)
        assert road.sync().waiting == 0
        sim.fill(orders=200, customers=1, clean=True)
        long_ago = now() - timedelta(days=30)
        road.ledger.set_cursor(road.pair, "orders", Cursor(watermark=long_ago, polled_at=long_ago))
        road.enable()
        sim.reset_counts()
        road.hang("quickbooks", "batch", executed=True, **fault)
        run = road.start("run", "--threads", str(THREADS))
        road.until_held(THREADS)
        return road, run

    return make


def batches(road):
    return road.sim.report()["quickbooks"]["batches"]


def written(road):
    return road.sim.report()["quickbooks"]["written"]


def test_run_reads_a_shop_it_has_never_read_posts_it_and_stops_when_told(shop):
    road = shop()
    road.enable()
    run = road.start("run")
    road.until_settled()
    assert run.stop() == 0
    road.agree()
    assert run.said("stopped") == ["Stopped; nothing is in flight."]


def test_told_to_stop_it_takes_no_more_and_finishes_what_is_in_flight(busy):
    road, run = busy()
    run.tell(signal.SIGTERM)
    road.until(lambda: run.said("stopping"))
    road.sim.faults.clear()
    assert run.wait() == 0
    assert batches(road) == THREADS
    counts = road.counts()
    assert (counts[State.POSTED], counts[State.QUEUED]) == (25 + THREADS * BATCH, 200 - THREADS * BATCH)
    assert road.sim.proof()["documents"] == counts[State.POSTED]


def test_told_twice_it_ends_at_once_and_the_next_start_looks_up_what_was_sent(busy):
    road, run = busy()
    run.tell(signal.SIGTERM)
    road.until(lambda: run.said("stopping"))
    run.tell(signal.SIGTERM)
    assert run.wait() == 130
    assert road.sim.faults.held == THREADS
    road.sim.faults.clear()
    road.start("run")
    road.until_settled()
    road.agree()


def test_disabled_it_sends_nothing_more_and_still_takes_the_answers(busy):
    road, run = busy("invoice")
    payments = len(road.sim.company.objects("Payment"))
    assert road.run_cli("disable", road.name).returncode == 0
    road.sim.faults.clear()
    invoices = THREADS * BATCH
    road.until(lambda: len(road.sim.company.objects("Invoice")) == 25 + invoices and road.counts()[State.CLAIMED] == 0)
    assert run.stop() == 0
    assert batches(road) == THREADS
    assert len(road.sim.company.objects("Payment")) == payments
    assert road.run_cli("enable", road.name).returncode == 0
    road.start("run")
    road.until_settled()
    road.agree()


def test_disabled_it_still_looks_up_what_was_sent(make_careless_sim, make_road):
    sim = make_careless_sim()
    sim.fill(orders=20, customers=1, clean=True)
    road = make_road(sim, connection={"interval": "1h"}, quickbooks=PATIENT)
    road.enable()
    road.hang("quickbooks", "batch", kind="commit_late", nth=2)
    run = road.start("run")
    road.until_held()
    road.ledger.switch(road.pair, enabled=False, who="test")
    sim.faults.release()
    road.until_settled()
    assert batches(road) == 2
    assert run.stop() == 0
    road.agree()


def test_not_enabled_it_reads_and_decides_and_writes_nothing_until_it_is(shop, undisturbed):
    road = shop()
    run = road.start("run")
    expected = undisturbed({"orders": 40, "customers": 8}, connection={"interval": "1h"})
    settled = {each: state for each, state in expected.items() if state in {State.HELD, State.EXCLUDED}}
    assert settled
    road.until(lambda: settled.items() <= road.states().items() and road.counts()[State.CLAIMED] == 0)
    assert road.counts()[State.POSTED] == 0
    assert written(road) == 0
    assert road.run_cli("enable", road.name).returncode == 0
    road.until_settled()
    assert road.states() == expected
    assert run.stop() == 0
    road.agree()


def test_sync_posts_although_the_connection_does_not_post_by_itself(shop):
    road = shop()
    assert road.start("sync", road.name).wait() == 1  # some orders are held
    road.until_settled()
    road.agree()


def test_sync_posts_although_a_run_that_may_not_is_going(shop):
    road = shop(orders=200)
    run = road.start("run")
    road.until(lambda: run.said("read"))
    assert road.start("sync", road.name).wait() == 1
    road.until_settled()
    road.agree()
    assert run.stop() == 0


def test_sync_joins_the_reading_of_a_run(shop):
    road = shop()
    road.enable()
    road.hang("bigcommerce", "orders", executed=True)
    run = road.start("run")
    road.until_held()
    sync = road.start("sync", road.name)
    road.until(lambda: sync.said("joined"))
    road.sim.faults.clear()
    road.sim.faults.release()
    assert sync.wait() == 1
    road.until_settled()
    road.agree()
    assert run.stop() == 0


def test_killed_in_mid_reading_it_reads_the_rest_at_the_next_start(shop):
    road = shop(orders=600)
    road.hang("bigcommerce", "orders", nth=3)
    run = road.start("run")
    road.until_held()
    run.kill()
    road.sim.faults.clear()
    assert sum(road.counts().values()) < 600
    road.start("run")
    road.until(lambda: sum(road.counts().values()) == 600)


def test_told_to_stop_in_mid_reading_it_ends_after_the_page(shop):
    road = shop(orders=600)
    road.hang("bigcommerce", "orders", nth=2, executed=True)
    run = road.start("run")
    road.until_held()
    run.tell(signal.SIGTERM)
    road.until(lambda: run.said("stopping"))
    road.sim.faults.clear()
    assert run.wait() == 0
    assert road.sim.report()["bigcommerce"]["calls"] == 2
    road.start("run")
    road.until(lambda: sum(road.counts().values()) == 600)
