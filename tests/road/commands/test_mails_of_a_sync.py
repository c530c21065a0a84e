"""A shop that is synced by hand or by cron, and has no process that stays: its mails."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from tests.post_office import PostOffice, silent_server
from tests.road.conftest import CONSOLE_SCRIPT

TO = ["books@shop.example"]
NOW = datetime.now(UTC)


@pytest.fixture
def office():
    with PostOffice() as office:
        yield office


@pytest.fixture
def make_mailing(make_sim, make_road):
    """`make_mailing(port, **report)`: a connection with five orders that is not enabled, whose mails go there."""

    def make(port, **report):
        sim = make_sim()
        sim.fill(orders=5, customers=2, clean=True)
        smtp = {"host": "localhost", "port": port, "security": "none", "sender": "cartledger@shop.example"}
        return make_road(sim, connection={"interval": "manual"}, smtp=smtp, report={"to": TO, **report})

    return make


def one_more(road):
    road.sim.fill(orders=1, customers=1, clean=True)
    road.sim.shop.touch(max(road.sim.shop.orders))


def subjects(office):
    return [letter.subject for letter in office.mails]


def test_each_run_that_did_something_is_told_of(make_mailing, command, office):
    road = make_mailing(office.port, when="each_run")
    sync = command(road)
    sync("sync", "demo")
    assert subjects(office) == ["cartledger demo: 5 posted"]
    sync("sync", "demo")
    assert len(office.mails) == 1
    one_more(road)
    sync("sync", "demo")
    assert subjects(office) == ["cartledger demo: 5 posted", "cartledger demo: 1 posted"]
    assert office.mails[0].recipients == TO
    assert road.ledger.mails_waiting() == []


@pytest.mark.parametrize("when", ["never", "on_problem"])
def test_where_no_run_is_to_be_told_of_none_is(make_mailing, command, office, when):
    command(make_mailing(office.port, when=when))("sync", "demo")
    assert office.mails == []


def test_the_daily_one_comes_with_the_first_sync_after_its_time(make_mailing, command, office):
    half_a_day_ahead = NOW.astimezone(ZoneInfo("America/Chicago")) + timedelta(hours=12)
    road = make_mailing(office.port, when="daily", daily_at=f"{half_a_day_ahead:%H:%M}")
    sync = command(road)
    sync("sync", "demo")
    one_more(road)
    sync("sync", "demo")
    assert office.mails == []
    for hours in (25, 26):
        with time_machine.travel(NOW + timedelta(hours=hours), tick=True):
            sync("sync", "demo")
    assert subjects(office) == ["cartledger demo: 1 posted"]


def test_what_does_not_go_waits_for_the_next_sync_and_changes_nothing_about_this_one(make_mailing, command, office):
    with PostOffice() as away:
        road = make_mailing(away.port, when="each_run")
    failed = command(road)("sync", "demo")
    assert failed.stdout.startswith("demo: 5 orders new or changed. In the ledger: 5 posted,")
    assert "Mails wait; they are tried again until they go." in failed.stderr
    road.environment = {**road.environment, "CARTLEDGER_SMTP__PORT": str(office.port)}
    with time_machine.travel(NOW + timedelta(minutes=30), tick=True):
        command(road)("sync", "demo")
    assert subjects(office) == ["cartledger demo: 5 posted"]


def test_the_result_does_not_wait_for_the_mail_server(make_mailing):
    with silent_server() as port:
        road = make_mailing(port, when="each_run")
        command = [str(CONSOLE_SCRIPT), "--config", str(road.config), "sync", "demo"]
        with subprocess.Popen(command, env=road._environment(), stdout=subprocess.PIPE, text=True) as process:
            said = process.stdout.readline()
            road.until(lambda: road.ledger.is_leased("mails"))
            running = process.poll() is None
            process.kill()
    assert (said.startswith("demo: 5 orders new or changed."), running) == (True, True)
    road.agree()


def test_a_daemon_tells_of_it_where_one_runs(make_mailing, command, office):
    road = make_mailing(office.port, when="each_run")
    running = road.start("run")
    road.until(lambda: bool(running.said("started")))
    synced = command(road)("sync", "demo")
    office.wait_for(bool)
    assert running.stop() == 0
    assert subjects(office) == ["cartledger demo: 5 posted"]
    assert (running.said("report_made"), "A report was made." in synced.stderr) == (["A report was made."], False)


def test_a_daemon_that_was_killed_tells_of_nothing(make_mailing, command, office):
    road = make_mailing(office.port, when="each_run")
    running = road.start("run")
    road.until(lambda: bool(running.said("started")))
    running.kill()
    command(road)("sync", "demo")
    assert subjects(office) == ["cartledger demo: 5 posted"]
