"""A long-running process and whoever runs it: what systemd is told, the watchdog, settings read anew."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cartledger.ledger.types import State
from tests.road.conftest import CONSOLE_SCRIPT, PATIENCE, PATIENT

INTERVAL = {"interval": "1m"}
PROGRAM = Path(__file__).parent / "program.py"


class Systemd:
    """The end of a notify socket that systemd has."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(path)
        self._heard: list[str] = []

    @property
    def heard(self) -> list[str]:
        """Every line that was said so far."""
        while True:
            try:
                self._heard += self._socket.recv(65536).decode().splitlines()
            except BlockingIOError:
                return list(self._heard)

    def statuses(self) -> list[str]:
        return [line.removeprefix("STATUS=") for line in self.heard if line.startswith("STATUS=")]

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def shop(make_sim, make_road):
    """An enabled shop of some plain orders. `shop(orders, **sections)`."""

    def make(orders=20, **sections):
        sim = make_sim()
        sim.fill(orders=orders, customers=4, clean=True)
        road = make_road(sim, connection=INTERVAL, **sections)
        road.enable()
        return road

    return make


@pytest.fixture
def under_systemd(tmp_path):
    """`under_systemd(road)`: what its processes from now on tell systemd."""
    listening = []

    def listen(road) -> Systemd:
        path = str(tmp_path / "notify")
        road.environment = {**road.environment, "NOTIFY_SOCKET": path}
        listening.append(Systemd(path))
        return listening[-1]

    yield listen
    for each in listening:
        each.close()


def edit(road, old, new):
    text = road.config.read_text()
    assert old in text
    road.config.write_text(text.replace(old, new))


def entities(road):
    return {entity: len(road.sim.company.objects(entity)) for entity in ("SalesReceipt", "Invoice")}


def test_systemd_is_told_when_it_is_ready_that_it_goes_on_and_when_it_stops(shop, under_systemd):
    road = shop()
    systemd = under_systemd(road)
    run = road.start("run")
    road.until(lambda: systemd.heard.count("WATCHDOG=1") >= 2)
    assert systemd.heard[:2] == ["READY=1", f"STATUS=Reads and posts: {road.name}."]
    assert run.stop() == 0
    assert [line for line in systemd.heard if line != "WATCHDOG=1"][2:] == [
        "STOPPING=1",
        "STATUS=Finishing what is in flight.",
    ]


def test_the_status_names_connections_that_do_not_post(make_sim, make_road, under_systemd):
    road = make_road(make_sim(), connection=INTERVAL)
    systemd = under_systemd(road)
    road.start("run")
    road.until(systemd.statuses)
    assert systemd.statuses()[0] == f"Reads and posts: {road.name} (disabled)."


def test_a_batch_that_never_ends_starves_the_watchdog_and_is_named(shop, under_systemd):
    road = shop()
    road.environment = {**road.environment, "CARTLEDGER_TEST_SILENCE": "7"}
    systemd = under_systemd(road)
    run = road.start("run", place="stall before plan 1")
    road.until(lambda: any("desk_0" in status for status in systemd.statuses()))
    fed = systemd.heard.count("WATCHDOG=1")
    assert fed
    assert any("desk_0" in said for said in run.said("stuck"))
    run.tell(signal.SIGABRT)  # what the watchdog does
    assert run.wait() == -signal.SIGABRT
    assert systemd.heard.count("WATCHDOG=1") == fed
    assert " in stall\n" in run.log.read_text(), "where each thread was"


def test_new_settings_are_taken_over_while_batches_are_in_flight_and_nothing_is_lost(shop, under_systemd):
    road = shop(orders=60, sales={"post_as": "sales_receipt"}, quickbooks=PATIENT)
    systemd = under_systemd(road)
    road.hang("quickbooks", "batch", executed=True, nth=1)
    run = road.start("run", "--threads", "1")
    road.until_held()
    edit(road, '"post_as" = "sales_receipt"', '"post_as" = "invoice"')
    run.tell(signal.SIGHUP)
    road.until(lambda: run.said("reloading"))
    assert not run.said("reloaded"), "a batch is still out"
    road.sim.faults.clear()
    road.until(lambda: run.said("reloaded"))
    road.until_settled()
    road.agree()
    made = entities(road)
    assert made["Invoice"] > 0
    assert made["Invoice"] + made["SalesReceipt"] == 60
    told = [line for line in systemd.heard if not line.startswith(("WATCHDOG", "MONOTONIC", "STATUS"))]
    assert told == ["READY=1", "RELOADING=1", "READY=1"]
    assert len(run.said("started")) == 1
    assert run.stop() == 0


def test_wrong_settings_are_refused_with_every_problem_and_the_earlier_ones_stay(shop, under_systemd):
    road = shop()
    systemd = under_systemd(road)
    run = road.start("run")
    road.until_settled()
    before = road.config.read_text()
    edit(road, '"post_as" = "sales_receipt"', '"post_as" = "reciept"\n"clas" = "Web"')
    run.tell(signal.SIGHUP)
    road.until(lambda: run.said("reload_refused"))
    [said] = run.said("reload_refused")
    assert "post_as" in said
    assert "clas" in said
    road.until(lambda: systemd.heard.count("READY=1") == 2)
    assert systemd.statuses()[-1].endswith("the settings file is wrong, those from before are in force.")
    road.config.write_text(before)
    run.tell(signal.SIGHUP)
    road.until(lambda: run.said("reloaded"))
    road.until(lambda: systemd.heard.count("READY=1") == 3)
    assert systemd.statuses()[-1] == f"Reads and posts: {road.name}."
    assert run.said("reloaded") == ["The settings were read anew; nothing to take over has changed."]
    assert run.stop() == 0
    assert road.counts()[State.POSTED] == 20


def test_what_is_open_already_stays_until_a_restart_and_the_rest_is_taken_over(shop):
    road = shop()
    run = road.start("run")
    road.until_settled()
    edit(road, '"namespace" = "', '"namespace" = "other-')
    edit(road, '"post_as" = "sales_receipt"', '"post_as" = "invoice"')
    run.tell(signal.SIGHUP)
    road.until(lambda: run.said("reloaded"))
    assert run.said("needs_restart") == ["[broker] has changed, which takes effect after a restart."]
    assert run.said("reloaded") == ["The new settings are in force."]
    assert run.stop() == 0


def test_at_a_terminal_that_is_closed_it_stops(shop):
    road = shop()
    ours, theirs = os.openpty()
    command = [sys.executable, str(PROGRAM), "--config", str(road.config), "run"]
    run = subprocess.Popen(command, env=os.environ | dict(road.environment), stdout=theirs, stderr=theirs)
    try:
        road.until_settled()
        run.send_signal(signal.SIGHUP)
        assert run.wait(PATIENCE) == 0
    finally:
        run.kill()
        os.close(theirs)
        os.close(ours)


def test_told_to_stop_while_it_reloads_it_stops(shop):
    road = shop(orders=60, quickbooks=PATIENT)
    road.hang("quickbooks", "batch", executed=True, nth=1)
    run = road.start("run", "--threads", "1")
    road.until_held()
    edit(road, '"post_as" = "sales_receipt"', '"post_as" = "invoice"')
    run.tell(signal.SIGHUP)
    road.until(lambda: run.said("reloading"))
    run.tell(signal.SIGTERM)
    road.sim.faults.clear()
    assert run.wait() == 0
    assert run.said("stopped") == ["Stopped; nothing is in flight."]
    assert not run.said("reloaded")


def test_systemd_hears_of_a_connection_that_is_enabled_or_disabled_meanwhile(shop, under_systemd):
    road = shop(orders=0)
    systemd = under_systemd(road)
    road.start("run")
    road.until(lambda: systemd.statuses() == ["Reads and posts: demo."])
    assert road.run_cli("disable", "demo").returncode == 0
    road.until(lambda: systemd.statuses()[-1] == "Reads and posts: demo (disabled).")
    assert road.run_cli("enable", "demo").returncode == 0
    road.until(lambda: systemd.statuses()[-1] == "Reads and posts: demo.")


def test_in_the_journal_a_line_has_the_priority_of_its_level(shop):
    road = shop(orders=2)
    road.sim.shop.update(next(iter(road.sim.shop.orders)), status_id=15)
    road.sync()
    journal = road.folder / "journal"
    with journal.open("wb") as stream:
        where = os.fstat(stream.fileno())
        road.environment = {**road.environment, "JOURNAL_STREAM": f"{where.st_dev}:{where.st_ino}"}
        run = subprocess.Popen(
            [CONSOLE_SCRIPT, "--config", road.config, "run"], env=dict(road.environment), stdout=stream, stderr=stream
        )
    road.until(lambda: '"action": "alert"' in journal.read_text() and '"action": "started"' in journal.read_text())
    run.terminate()
    assert run.wait() == 0
    marks = {(line[:4], json.loads(line[3:])["level"]) for line in journal.read_text().splitlines()}
    assert marks == {("<4>{", "warning"), ("<6>{", "info")}
