"""The sign of life comes while all is well, and stays away when it is not; that it cannot be given stops nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cartledger.ledger.types import State
from daemon.watching.heartbeat import BEAT


class Listener:
    """Somebody outside who waits for signs of life; `status` is what it answers."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.status = 200
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listener.calls.append(self.path)
                self.send_response(listener.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Not on the terminal."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/ping/secret"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


def said(caplog, action):
    return [record.getMessage() for record in caplog.records if getattr(record, "action", "") == action]


def last_beat(life):
    known = life.app.ledger.reference("", BEAT)
    return None if known is None else known.fetched_at


@pytest.mark.option("heartbeat.url", "heartbeat.interval")
@pytest.mark.parametrize(
    ("interval", "beats"), [(None, 12), ("1m", 60), ("30m", 2), ("daily at 06:30", 2), ("manual", 0)]
)
def test_how_often_it_is_called(make_life, listener, interval, beats):
    """Daily times are UTC; the first beat comes at once."""
    life = make_life(heartbeat={"url": listener.url} | ({"interval": interval} if interval else {}))
    life.lives(hours=1)
    assert listener.calls == ["/ping/secret"] * beats


@pytest.mark.option("heartbeat.file")
def test_the_file_says_when_all_was_last_well(make_life):
    life = make_life(heartbeat={"file": "beat"})
    beside_the_settings = life.road.config.parent / "beat"
    life.lives(minutes=12)
    assert beside_the_settings.read_text() == f"{last_beat(life):%Y-%m-%dT%H:%M:%SZ}\n"
    assert life.now - last_beat(life) < timedelta(minutes=5)
    assert list(beside_the_settings.parent.glob("beat*")) == [beside_the_settings]


@pytest.mark.option("heartbeat.mail")
@pytest.mark.parametrize(("mail", "days", "mails"), [(False, 2, 0), (True, 2, 3)])
def test_a_mail_a_day(make_life, mail, days, mails):
    life = make_life(heartbeat={"mail": mail}, connection={"interval": "1h"}, step=timedelta(minutes=10))
    life.lives(days=days, minutes=20)
    assert life.mails() == ["heartbeat"] * mails


@pytest.mark.parametrize(
    "goes_wrong",
    [
        lambda life: life.sim.company.tokens.revoke(),
        lambda life: life.sim.faults.add(side="bigcommerce", call="*", kind="drop_before"),
        lambda life: life.sim.faults.add(side="quickbooks", call="*", kind="status", status=503),
    ],
    ids=["token", "shop", "company"],
)
def test_it_stays_away_while_something_keeps_orders_from_being_posted(make_life, listener, goes_wrong):
    life = make_life(heartbeat={"url": listener.url})
    for hour in range(12):
        life.at(hours=hour, do=life.orders)
    life.lives(hours=2)
    goes_wrong(life)
    life.lives(hours=2)
    calls, at = len(listener.calls), last_beat(life)
    life.lives(hours=2)
    assert (len(listener.calls), last_beat(life)) == (calls, at)
    life.sim.faults.clear()
    life.connect_again()
    life.lives(hours=2)
    assert len(listener.calls) > calls
    assert life.now - last_beat(life) <= timedelta(minutes=5)


def test_what_a_person_may_leave_as_it_is_keeps_it_from_nothing(make_life, listener):
    life = make_life(heartbeat={"url": listener.url})
    life.orders(clean=False, share_odd=1)
    life.lives(hours=2)
    assert life.standing() == ["held_orders"]
    assert life.now - last_beat(life) <= timedelta(minutes=5)


def test_a_loop_that_is_stuck_keeps_it_away(make_life, listener):
    life = make_life(heartbeat={"url": listener.url})
    life.lives(minutes=6)
    calls = len(listener.calls)
    with life.app.pulse.of("read-demo"):
        life.app.pulse._last["read-demo"] -= 601  # as if ten minutes had gone by without a beat
        life.lives(minutes=30)
        assert len(listener.calls) == calls
    life.lives(minutes=6)
    assert len(listener.calls) > calls


def test_a_sign_that_cannot_be_given_is_told_of_once_and_stops_nothing(make_life, listener, caplog):
    life = make_life(heartbeat={"url": listener.url, "file": "missing/beat"})
    listener.status = 500
    life.orders(3)
    life.lives(hours=2)
    assert said(caplog, "heartbeat_failed") == [
        "No sign of life could be given: heartbeat.file cannot be written: No such file or directory.",
        "No sign of life could be given: heartbeat.url answers with status 500.",
    ]
    assert last_beat(life) is None
    assert life.app.ledger.counts(life.road.pair, "order")[State.POSTED] == 3
    (life.road.config.parent / "missing").mkdir()
    listener.status = 204
    life.lives(minutes=6)
    assert said(caplog, "heartbeat_works") == ["The sign of life is given again after 7200 s."] * 2
    assert last_beat(life) > datetime(2026, 3, 5, tzinfo=UTC)
    assert (life.told(), life.mails()) == ([], [])
    assert "secret" not in caplog.text
