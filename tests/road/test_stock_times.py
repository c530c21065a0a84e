"""How often stock is read: what moved, every item of QuickBooks, and the shop's own levels."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from cartledger.stock import ITEMS
from daemon.clock import now
from daemon.running.supervisor import Crew, Producing

WORKFLOWS = {"workflows": ["sales", "payments", "stock"]}


class Naps(threading.Event):
    """What a run sleeps on: time passes at once, and ends at `until`."""

    def __init__(self, until: timedelta) -> None:
        super().__init__()
        self.slept, self._until = timedelta(0), until

    def wait(self, timeout: float | None = None) -> bool:
        self.slept += timedelta(seconds=timeout or 0)
        if self.slept >= self._until:
            self.set()
        return self.is_set()


@pytest.fixture
def make(make_careless_sim, make_road):
    """`make(**stock)`: a road whose stock was read once, and when that was over."""

    def made(**stock):
        sim = make_careless_sim()
        sim.fill(orders=1, customers=1, clean=True)
        road = make_road(sim, connection=WORKFLOWS, stock=stock)
        app = road.app()
        assert Producing(app, [road.name], Crew()).read_stock(app.lines[road.name]) is not None
        return road, now()

    return made


def after(road, ended, **much):
    """What is read by then."""
    app = road.app(clock=lambda: ended + timedelta(**much))
    road.sim.shop.clock = app.clock
    return Producing(app, [road.name], Crew()).read_stock(app.lines[road.name])


@pytest.mark.option("stock.sweep", "stock.recheck")
@pytest.mark.parametrize(
    ("setting", "hours", "due"),
    [(None, 23, False), (None, 25, True), ("2h", 1, False), ("2h", 3, True), ("manual", 9999, False)],
)
def test_everything_is_read_once_in_a_while(make, setting, hours, due):
    road, ended = make(**({"sweep": setting, "recheck": setting} if setting else {}))
    walk = after(road, ended, hours=hours)
    assert (walk.swept, walk.levels > 0) == (due, due)


@pytest.mark.option("stock.interval")
@pytest.mark.parametrize(("setting", "readings"), [(None, 4), ("5m", 12), ("30m", 2), ("manual", 0)])
def test_what_moved_is_read_so_often_in_an_hour(make, setting, readings):
    road, ended = make(**({"interval": setting} if setting else {}))
    naps = Naps(timedelta(hours=1, minutes=1))
    app = road.app(clock=lambda: ended + naps.slept)
    road.sim.shop.clock = app.clock
    read_at = set()

    class Watching(Producing):
        def read_stock(self, line, *on_orders):
            walk = super().read_stock(line, *on_orders)
            read_at.add(app.ledger.cursor(road.pair, ITEMS).polled_at)
            return walk

    Watching(app, [road.name], Crew(quiet=naps)).read_stock_for_ever(road.name)
    assert len(read_at) == readings
