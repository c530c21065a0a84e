"""What is watched of several connections, and of a process that is busy."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.clock import now
from daemon.running.chores import chores
from daemon.running.upkeep import Upkeep
from daemon.watching.alerts import Watch
from tests.road.commands.conftest import with_second_shop

NAMES = ["demo", "second"]


@pytest.fixture
def watched(make_sim, make_road):
    """`watched(ahead, **sections)`: the shops, and a program on both whose clock is `ahead[0]` ahead."""

    def make(ahead, **sections):
        shops = make_sim(), make_sim()
        road = with_second_shop(*shops, make_road, **sections)
        began = now()
        app = road.app(clock=lambda: began + ahead[0])
        app.ledger.process_started(app.owner, "run", 0)
        return *shops, app

    return make


def enable(app, *names):
    for name in names:
        app.ledger.switch(app.lines[name].connection.pair, enabled=True, who="test")


@pytest.mark.parametrize(("enabled", "told"), [([], []), (NAMES, ["demo"]), (["second"], ["second"])])
def test_the_reads_of_an_app_are_told_of_for_one_that_posts(watched, enabled, told):
    *_, app = watched([timedelta(0)])
    enable(app, *enabled)
    quickbooks = app.lines["demo"].connection.quickbooks
    app.ledger.count_reads(quickbooks.realm_id, quickbooks.monthly_reads)
    names = {line.connection.pair: name for name, line in app.lines.items()}
    found = [(alert.cause, names[alert.pair]) for alert in Watch(app, NAMES).found()]
    assert found == [("reads_near_budget", name) for name in told]


def test_a_process_that_was_busy_for_long_does_not_miss_itself(watched):
    ahead = [timedelta(0)]
    *_, app = watched(ahead)
    watch = Watch(app, NAMES)
    ahead[0] = timedelta(minutes=10)
    watch.look()
    assert app.ledger.alerts("") == []


def test_a_shop_that_was_never_reached_keeps_no_other_from_its_report(watched):
    ahead = [timedelta(0)]
    report = {"report": {"when": "daily", "daily_at": "02:30", "to": ["books@shop.example"]}}
    smtp = {"smtp": {"host": "127.0.0.1", "port": 1, "security": "none", "sender": "c@shop.example"}}
    first, _, app = watched(ahead, connection={"timezone": None}, **report, **smtp)
    first.faults.add(side="bigcommerce", call="*", kind="drop_before")
    upkeep = Upkeep(chores(app, NAMES), app.clock)
    for hours in (0, 12, 24, 36):
        ahead[0] = timedelta(hours=hours)
        upkeep.once()
    pairs = [mail.pair for mail in app.ledger.mails_waiting() if mail.kind == "report"]
    assert set(pairs) == {app.lines["second"].connection.pair}
