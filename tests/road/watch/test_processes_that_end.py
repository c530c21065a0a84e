"""Processes that are killed again and again, or whose disk is full: told of once by mail and in the log, and once that
it is over. Real processes, a real mail server, a real full disk; only what lies ahead of now is looked at by a clock of
the test's.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import timedelta

import pytest

from cartledger.ledger.types import Cursor, State
from daemon.clock import now
from daemon.running.chores import mail_chores
from daemon.running.upkeep import Upkeep
from daemon.watching.alerts import Watch
from daemon.watching.outside import ledger_trouble_since
from tests.post_office import PostOffice

ROOM = "32m"


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with PostOffice() as office:
        yield office


def settings_with(office):
    return {
        "report": {"when": "on_problem", "to": ["books@shop.example"]},
        "smtp": {"host": "127.0.0.1", "port": office.port, "security": "none", "sender": "c@shop.example"},
        "connection": {"interval": "1h"},
    }


def alerts(*runs):
    return [line["cause"] for run in runs for line in run.lines if line.get("action") == "alert"]


def looks_ahead(road, *minutes):
    """The causes that stand after each look, so many minutes from now; mails go out meanwhile."""
    began, at = now(), [timedelta(0)]
    app = road.app(clock=lambda: began + at[0])
    watch, mails = Watch(app, [road.name]), Upkeep(mail_chores(app), app.clock)
    standing = []
    for each in minutes:
        at[0] = timedelta(minutes=each)
        watch.look()
        mails.once()
        standing.append([alert.cause for alert in road.ledger.alerts("")])
    return standing


def test_killed_three_times_within_a_quarter_of_an_hour(make_careless_sim, make_road, office, caplog):
    caplog.set_level("INFO", logger="cartledger")
    sim = make_careless_sim()
    sim.fill(orders=3, customers=3, clean=True)
    road = make_road(sim, **settings_with(office))
    road.enable()
    killed = []
    for _ in range(3):
        killed.append(road.start("run"))
        road.until(lambda: killed[-1].said("started"))
        killed[-1].kill()
    run = road.start("run")
    road.until(lambda: bool(office.mails))
    road.until_settled()  # the mail may be faster than the orders
    assert run.stop() == 0
    assert alerts(*killed, run) == ["crash_loop"]
    assert run.said("alert") == [
        "A process ends again and again. cartledger run ended 3 times within 15 minutes without being told to. Its "
        "last lines say why: `journalctl -u 'cartledger*' -p warning -n 50`."
    ]
    assert looks_ahead(road, 1, 16, 30, 31, 32) == [["crash_loop"]] * 3 + [[], []]
    assert [record.cause for record in caplog.records if record.action == "alert_over"] == ["crash_loop"]
    assert [record.cause for record in caplog.records if record.action == "alert"] == []
    title = "a process ends again and again"
    assert [mail.subject for mail in office.mails] == [f"cartledger: {title}", f"cartledger: over: {title}"]
    road.agree()


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of its own. Only root may make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=700", "cartledger-test", folder]
    made = subprocess.run(command, check=False, capture_output=True)
    if made.returncode:
        pytest.skip(f"no disk of its own without root: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill_up(folder):
    filler = folder / "something else"
    with pytest.raises(OSError, match="No space left"):
        filler.write_bytes(bytes(64 * 2**20))
    return filler


def test_the_disk_under_the_ledger_is_full(make_sim, make_road, office, small_disk, caplog):
    caplog.set_level("INFO", logger="cartledger")
    sim = make_sim()
    sim.fill(orders=3, customers=3, clean=True)
    road = make_road(sim, ledger={"path": str(small_disk / "ledger.db")}, **settings_with(office))
    road.enable()
    first = road.start("run")
    road.until_settled()
    assert first.stop() == 0
    sim.fill(orders=200, customers=20, clean=True)
    long_ago = now() - timedelta(days=30)
    road.ledger.set_cursor(road.pair, "orders", Cursor(watermark=long_ago, polled_at=long_ago))
    filler = fill_up(small_disk)
    in_vain = [road.start("run") for _ in range(3)]
    assert [run.wait() for run in in_vain] == [1, 1, 1]
    assert alerts(*in_vain) == ["ledger_trouble"]
    assert [mail.subject for mail in office.mails] == ["cartledger: the ledger cannot be written"]
    assert "is full" in office.mails[0].text()

    filler.unlink()
    again = road.start("run")
    road.until(lambda: road.counts()[State.POSTED] == 203)
    assert again.stop() == 0
    assert alerts(again) == []
    assert looks_ahead(road, 3, 4, 19) == [["ledger_trouble"], ["ledger_trouble"], []]
    assert ledger_trouble_since(road.ledger) is None
    assert [record.cause for record in caplog.records if record.action == "alert_over"] == ["ledger_trouble"]
    title = "the ledger cannot be written"
    assert [mail.subject for mail in office.mails] == [f"cartledger: {title}", f"cartledger: over: {title}"]
    road.agree()
