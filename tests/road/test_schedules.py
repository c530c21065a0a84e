"""Automatic sync on a clock of the test's own: intervals, fixed times, clocks that are changed, and what a run is."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from daemon.by_hand.syncing import run_sync
from daemon.clock import now
from daemon.running.chores import chores
from daemon.running.supervisor import Consuming, Crew, Producing
from daemon.running.upkeep import Upkeep
from daemon.runs import nothing_due

CHICAGO = ZoneInfo("America/Chicago")
STEP = timedelta(minutes=5)


class Days(threading.Event):
    """What a process sleeps on, and its clock: a nap of five seconds is as many minutes, until `days` are over.
    `changes` are what happens to the clock when it first shows the time."""

    def __init__(self, start: datetime, days: float, changes: dict[datetime, timedelta] | None = None) -> None:
        super().__init__()
        self.now = start
        self._left = timedelta(days=days)
        self._changes = changes or {}

    def clock(self) -> datetime:
        return self.now

    def wait(self, timeout: float | None = None) -> bool:
        step = timedelta(seconds=timeout or 0) if (timeout or 0) < 5 else STEP
        self.now += step
        self._left -= step
        for at in [at for at in self._changes if at <= self.now]:
            self.now += self._changes.pop(at)
        if self._left <= timedelta(0):
            self.set()
        return self.is_set()


def at(text: str, zone: ZoneInfo = CHICAGO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.fixture
def readings(make_careless_sim, make_road):
    """`readings(days, interval=…)`: when the shop is read by a process that starts at `days.now`, on the clock of
    Chicago. `road` is one that has been at it before."""

    def run(days, road=None, *, sim=None, edits=(), **connection):
        if road is None:
            sim = sim or make_careless_sim()
            road = make_road(sim, connection=connection, edits=edits)
        app, found = road.app(clock=days.clock), []

        class Watching(Producing):
            def read(self, line, on_page):
                found.append(days.now.astimezone(CHICAGO).strftime("%d %H:%M"))
                return super().read(line, on_page)

        days.clear()
        Watching(app, [road.name], Crew(quiet=days)).read_for_ever(road.name)
        return found

    return run


def test_an_interval(readings):
    assert readings(Days(at("2026-06-15T10:00"), 0.2), interval="2h") == ["15 10:00", "15 12:00", "15 14:00"]


def test_fixed_times(readings):
    found = readings(Days(at("2026-06-15T10:00"), 2), interval="daily at 02:30 and 14:30")
    assert found == ["15 10:00", "15 14:30", "16 02:30", "16 14:30", "17 02:30"]


def test_by_hand_only(readings):
    assert readings(Days(at("2026-06-15T10:00"), 2), interval="manual") == []


@pytest.mark.parametrize(
    ("interval", "then"),
    [("1h", ["20 10:20", "20 11:20", "20 12:20"]), ("daily at 02:30 and 12:00", ["20 10:20", "20 12:00"])],
)
def test_what_was_missed_is_caught_up_once(make_careless_sim, make_road, readings, interval, then):
    road = make_road(make_careless_sim(), connection={"interval": interval})
    readings(Days(at("2026-06-15T10:00"), 0.01), road)
    assert readings(Days(at("2026-06-20T10:20"), 0.1), road) == then


def test_a_time_in_the_gap_is_an_hour_later(readings):
    """8 March 2026: 02:00 to 03:00 is left out."""
    found = readings(Days(at("2026-03-07T12:00"), 2), interval="daily at 02:30")
    assert found == ["07 12:00", "08 03:30", "09 02:30"]


def test_a_time_that_comes_twice_is_read_at_once(readings):
    """1 November 2026: 01:00 to 02:00 comes twice; an interval takes no notice."""
    assert readings(Days(at("2026-10-31T12:00"), 2), interval="daily at 01:30") == ["31 12:00", "01 01:30", "02 01:30"]
    found = readings(Days(at("2026-10-31T23:30"), 0.2), interval="1h")
    assert found == ["31 23:30", "01 00:30", "01 01:30", "01 01:30", "01 02:30"]


def test_the_time_is_that_of_the_store_where_the_settings_name_no_zone(make_careless_sim, readings):
    sim = make_careless_sim()
    sim.shop.timezone = "Australia/Sydney"
    found = readings(Days(at("2026-06-15T10:00"), 1), sim=sim, interval="daily at 02:30", timezone=None)
    assert found == ["15 10:00", "15 11:30"]  # half past two in Sydney


def test_a_clock_that_is_set_back_silences_nothing(readings):
    """A year ahead for an hour, as after a battery that was empty, then right."""
    wrong = {at("2026-06-15T11:05"): timedelta(days=365), at("2027-06-15T12:05"): timedelta(days=-365)}
    found = readings(Days(at("2026-06-15T10:00"), 0.2, wrong), interval="1h")
    assert found == ["15 10:00", "15 11:00", "15 11:05", "15 12:05", "15 13:05", "15 14:05"]


def test_a_clock_that_is_set_forward_reads_once(readings):
    found = readings(Days(at("2026-06-15T10:00"), 0.1, {at("2026-06-15T10:30"): timedelta(hours=10)}), interval="1h")
    assert found == ["15 10:00", "15 20:30", "15 21:30"]


# -- runs


@pytest.fixture
def process(make_careless_sim, make_road):
    """`process(days, road)`: what one process does until `days` are over: it reads when it is time, and posts."""

    def run(days, road):
        app = road.app(clock=days.clock)
        app.begin()
        upkeep = Upkeep(chores(app, [road.name]), days.clock)

        class Posting(Producing):
            def read(self, line, on_page):
                walk = super().read(line, on_page)
                post(app, road)
                return walk

        days.clear()
        Posting(app, [road.name], Crew(quiet=days)).read_for_ever(road.name)
        upkeep.once()
        return app

    return run


def post(app, road):
    """Everything that is due, as the threads of a process do it."""
    crew = Crew()
    producing = Producing(app, [road.name], crew)
    crew.start("hand-over", producing.hand_over)
    crew.start("work", Consuming(app, [road.name], crew, threads=2).work)
    try:
        road.until(lambda: nothing_due(app, app.lines[road.name]))
    finally:
        crew.stop()
        crew.wait()


def test_a_run_is_a_reading_that_brought_something_until_that_is_settled(make_careless_sim, make_road, process):
    sim = make_careless_sim()
    sim.fill(orders=3, customers=3, clean=True)
    road = make_road(sim, connection={"interval": "1h"})
    road.enable()
    start = now()
    process(Days(start, 0.2), road)
    (run,) = road.ledger.runs(road.pair)
    assert (run.workflow, run.facts["by"], run.facts["new_or_changed"], run.facts["posted"]) == (
        "sales",
        "schedule",
        3,
        3,
    )
    assert (run.facts["held"], run.facts["waiting"]) == (0, 0)
    assert run.started == start <= run.ended
    road.agree()


def test_what_cannot_be_posted_ends_with_its_run_too(make_careless_sim, make_road, process):
    """The company has no subscription: the run ends, and its orders wait."""
    sim = make_careless_sim()
    sim.fill(orders=2, customers=2, clean=True)
    road = make_road(sim, connection={"interval": "1h"})
    road.enable()
    sim.company.subscription_ended = True
    process(Days(now(), 0.02), road)
    (run,) = road.ledger.runs(road.pair)
    assert (run.ended is not None, run.facts["posted"], run.facts["waiting"]) == (True, 0, 2)


# -- the switch


def test_without_leave_it_reads_and_decides_and_posts_nothing(make_careless_sim, make_road, process):
    sim = make_careless_sim()
    sim.fill(orders=3, customers=3, clean=True)
    road = make_road(sim, connection={"interval": "1h"})
    app = process(Days(now(), 0.02), road)
    assert sum(road.counts().values()) == 3
    assert sim.company.report()["written"] == 0
    (run,) = road.ledger.runs(road.pair)
    assert (run.ended is not None, run.facts["waiting"]) == (True, 3)
    road.enable()
    app.ledger.hasten(road.pair)
    post(app, road)
    road.agree()


def test_a_sync_by_hand_is_no_run_of_the_schedule(make_careless_sim, make_road, process):
    sim = make_careless_sim()
    sim.fill(orders=1, customers=1, clean=True)
    road = make_road(sim, connection={"interval": "manual"})
    run_sync(road.app(), road.name, lambda _: None)
    road.ledger.start_run(road.pair, "sales", {"by": "sync"})  # one that was killed
    process(Days(now(), 0.02), road)
    assert [(run.facts["by"], run.ended is None) for run in road.ledger.runs(road.pair)] == [
        ("sync", True),
        ("sync", False),
    ]
