"""What is looked up: how a ledger stands, as Prometheus is told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cartledger.broker.queues import Standing
from cartledger.errors import Problem
from cartledger.ledger.types import Alert, Cursor, Read
from cartledger.records import SourceKey, Token
from cartledger.stock import ITEMS
from daemon.app import SeenQueues
from daemon.web.gauges import LookedUp

NOW = datetime(2026, 4, 16, 12, 0, tzinfo=UTC)
LEASE = timedelta(minutes=5)
REFUNDS = {"number_prefix": "R", "no_restock_product": "Returned goods"}
QUEUES = {"sales": Standing(messages=7, consumers=2, dead=1)}


class Looked:
    """A program in this process whose clock stands, and what is looked up of it."""

    def __init__(self, road, **options):
        self.now = NOW
        self.app = road.app(clock=lambda: self.now, **options)
        self.ledger, self.pair, self.name = self.app.ledger, road.pair, road.name

    def __call__(self, name, **labels):
        """The values of one metric, by the labels that are not asked for."""
        return {
            tuple(value for label, value in sample.labels.items() if label not in labels): sample.value
            for family in LookedUp(lambda: self.app).collect()
            for sample in family.samples
            if sample.name == f"cartledger_{name}" and labels.items() <= sample.labels.items()
        }

    def one(self, name, **labels):
        """The only one; None where it is not said."""
        found = self(name, **{"connection": self.name, **labels})
        assert len(found) <= 1
        return next(iter(found.values()), None)

    def read(self, *ids, kind="order"):
        self.ledger.remember(
            self.pair, kind, [Read(id=id_, version="v1", record=b"{}", modified=self.now) for id_ in ids]
        )

    def holds(self, id_, *codes):
        (claim,) = self.ledger.claim([SourceKey(pair=self.pair, kind="order", id=id_)], "a", LEASE)
        problems = [Problem(code=code, text=f"Order {id_} of Jane") for code in codes]
        assert self.ledger.hold(claim, problems, "rules")

    def polled(self, stream, at):
        self.ledger.remember(self.pair, "order", [], Cursor(watermark=at, polled_at=at), stream=stream)


@pytest.fixture
def look(make_sim, make_road):
    def make(**sections):
        return Looked(make_road(make_sim(), **sections))

    return make


def test_a_new_ledger_says_where_nothing_is(look):
    looked = look()
    assert set(looked("sources").values()) == {0}
    assert len(looked("sources")) == 4 * 5
    for name in ("enabled", "in_doubt", "stock_waiting", "difference_documents"):
        assert looked.one(name) == 0
    assert looked("circuit_open", connection="demo") == {
        ("quickbooks",): 0,
        ("bigcommerce",): 0,
        ("reading orders",): 0,
        ("reading stock",): 0,
        ("signing in",): 0,
    }
    for name in ("held", "alert", "oldest_queued_timestamp_seconds", "token_expires_timestamp_seconds"):
        assert looked(name) == {}
    assert looked("last_read_timestamp_seconds") == {}
    assert looked.one("next_read_timestamp_seconds", stream="orders") == NOW.timestamp(), "it was never read"


def test_held_orders_count_by_their_first_reason(look):
    looked = look()
    looked.read("1", "2", "3", "4")
    looked.holds("1", "no_item", "no_tax_code")
    looked.holds("2", "no_item")
    looked.holds("3", "quickbooks_6190")
    looked.holds("4", "quickbooks_Jane Doe, 12 Mill Lane")
    assert looked("held") == {("demo", "no_item"): 2, ("demo", "quickbooks_6190"): 1, ("demo", "other"): 1}
    assert looked("sources", connection="demo", kind="order") == {
        ("queued",): 0,
        ("claimed",): 0,
        ("posted",): 0,
        ("held",): 4,
        ("excluded",): 0,
    }


@pytest.mark.parametrize("code", ["total_differs", "stands_otherwise", "exchange_rate_differs"])
def test_documents_that_quickbooks_totalled_otherwise_are_a_difference(look, code):
    looked = look()
    looked.read("1", "2")
    looked.holds("1", "no_item", code)
    looked.holds("2", "no_item")
    assert looked.one("difference_documents") == 1


def test_the_oldest_that_could_be_worked_on_is_since_when_it_waits(look):
    looked = look()
    looked.read("1")
    looked.now += timedelta(hours=1)
    looked.read("2")
    assert looked.one("oldest_queued_timestamp_seconds", kind="order") == NOW.timestamp()
    (claim,) = looked.ledger.claim([SourceKey(pair=looked.pair, kind="order", id="1")], "a", LEASE)
    looked.ledger.later(claim, looked.now + timedelta(days=1), "the connection is not enabled")
    assert looked.one("oldest_queued_timestamp_seconds", kind="order") == looked.now.timestamp()


def test_circuits_say_whether_a_person_is_needed(look):
    looked = look()
    until = looked.now + timedelta(minutes=1)
    looked.ledger.open_circuit(looked.pair, "quickbooks", until=until, reason="down")
    looked.ledger.open_circuit(looked.pair, "bigcommerce", until=until, reason="no scope", needs_person=True)
    assert looked.one("circuit_open", side="quickbooks") == 1
    assert looked.one("circuit_open", side="bigcommerce") == 2


def test_readings_are_said_by_stream(look):
    looked = look(connection={"workflows": ["sales", "payments", "refunds", "stock"]}, refunds=REFUNDS)
    for stream, minutes in (("orders", 9), ("refunds", 8), (ITEMS, 7)):
        looked.polled(stream, NOW - timedelta(minutes=minutes))
    seconds = NOW.timestamp()
    assert looked("last_read_timestamp_seconds", connection="demo") == {
        ("orders",): seconds - 9 * 60,
        ("refunds",): seconds - 8 * 60,
        ("stock",): seconds - 7 * 60,
    }
    assert looked("next_read_timestamp_seconds", connection="demo") == {
        ("orders",): seconds - 7 * 60,
        ("refunds",): seconds - 7 * 60,
        ("stock",): seconds + 8 * 60,
    }


def test_only_a_person_asks_for_it(look):
    looked = look(connection={"interval": "manual"})
    assert looked("next_read_timestamp_seconds") == {}


def test_a_daily_time_is_said_once_the_zone_is_known_and_nobody_is_asked_for_it(make_sim, make_road):
    sim = make_sim()
    looked = Looked(make_road(sim, connection={"interval": "daily at 02:30", "timezone": None}))
    looked.polled("orders", NOW)
    assert looked("next_read_timestamp_seconds") == {}
    assert sim.report()["bigcommerce"]["calls"] == 0
    zone = looked.app.lines["demo"].zone()
    calls = sim.report()["bigcommerce"]["calls"]
    looked.now += timedelta(days=3)  # what the store said is older than it is otherwise believed
    due = datetime.fromtimestamp(looked.one("next_read_timestamp_seconds", stream="orders"), zone)
    assert (due.hour, due.minute, due.date()) == (2, 30, (NOW + timedelta(days=1)).date())
    assert sim.report()["bigcommerce"]["calls"] == calls


def test_the_token_and_the_switch(look):
    looked = look()
    token = Token(access="a", refresh="r", access_expires=NOW, refresh_expires=NOW + timedelta(days=99))
    qbo = looked.app.lines["demo"].connection.quickbooks
    looked.ledger.save_token(f"{qbo.realm_id}:{qbo.client_id}", token)
    looked.ledger.switch(looked.pair, enabled=True, who="test")
    assert looked.one("token_expires_timestamp_seconds") == (NOW + timedelta(days=99)).timestamp()
    assert looked.one("enabled") == 1


def test_reads_against_the_budget(look):
    looked = look(quickbooks={"monthly_reads": 1000})
    looked.ledger.count_reads(looked.app.lines["demo"].connection.quickbooks.realm_id, 31)
    assert looked.one("quickbooks_reads_month") == 31
    assert looked.one("quickbooks_reads_forecast") == 60
    assert looked.one("quickbooks_reads_budget") == 1000


def test_alerts_and_mails_that_fail(look):
    looked = look()
    for pair, cause in ((looked.pair, "held_orders"), ("", "broker_down")):
        looked.ledger.raise_alert(Alert(pair=pair, cause=cause, since=NOW, text="Jane", fix=""))
    looked.ledger.queue_mail("", "alert", b"waits")
    failed = looked.ledger.queue_mail("", "alert", b"fails")
    looked.ledger.mail_failed(failed, not_before=NOW, why="no")
    assert looked("alert") == {("demo", "held_orders"): 1, ("", "broker_down"): 1}
    assert looked("mails_waiting") == {(): 1}


@pytest.mark.parametrize(
    ("heartbeat", "said"),
    [({}, False), ({"file": "beat"}, True), ({"url": "https://beat.example/x"}, True)],
)
def test_a_heartbeat_is_said_where_one_is_wanted(look, heartbeat, said):
    looked = look(heartbeat=heartbeat)
    looked.ledger.save_reference("", "heartbeat", b"")
    assert looked("heartbeat_timestamp_seconds") == ({(): NOW.timestamp()} if said else {})
    assert looked("heartbeat_next_timestamp_seconds") == ({(): NOW.timestamp() + 300} if said else {})


def test_queues_are_said_while_they_are_seen(look):
    looked = look(broker={"url": "pika://guest:guest@127.0.0.1:1/%2F"})
    assert looked("queue_depth") == {}
    looked.app.queues = SeenQueues(at=NOW, standing=QUEUES)
    found = [looked(name) for name in ("queue_depth", "queue_consumers", "queue_dead")]
    assert found == [{("sales",): 7}, {("sales",): 2}, {("sales",): 1}]
    looked.now += timedelta(minutes=1, seconds=1)
    assert looked("queue_depth") == {}


def test_a_broker_within_the_process_has_no_queues_to_look_at(look):
    looked = look()
    looked.app.queues = SeenQueues(at=NOW, standing=QUEUES)
    assert looked("queue_depth") == {}


def test_looking_writes_nothing_and_leaves_no_connection(look):
    looked = look()
    looked("sources")
    opened = len(looked.ledger._opened)
    size = looked.ledger.path.with_name(f"{looked.ledger.path.name}-wal").stat().st_size
    for _ in range(3):
        looked("sources")
    assert len(looked.ledger._opened) == opened
    assert looked.ledger.path.with_name(f"{looked.ledger.path.name}-wal").stat().st_size == size
