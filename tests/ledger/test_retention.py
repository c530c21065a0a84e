"""What is forgotten after a while, and what never is."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta

import pytest

from cartledger.ledger.retention import CHUNK, CHUNKS_AT_ONCE, HISTORY
from cartledger.ledger.store import Ledger
from cartledger.records import Token
from cartledger.stock import ProposalState
from tests.ledger.conftest import PAIR

DECIDES = {
    "alert", "allocation", "api_use", "circuit", "cursor", "document", "link", "queue", "quota", "reference", "refund",
    "shop_product", "shop_sku", "source", "stock_item", "stock_level", "switch", "token",
}  # fmt: skip
"""Tables of which nothing is forgotten."""
YEAR = timedelta(days=365)


def content(ledger: Ledger, tables: set[str] | tuple[str, ...]) -> dict[str, list[tuple]]:
    with closing(sqlite3.connect(ledger.path)) as db:
        return {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in sorted(tables)}  # noqa: S608


def pages(ledger: Ledger) -> int:
    """Of the file, those that are free included."""
    with closing(sqlite3.connect(ledger.path)) as db:
        (count,) = db.execute("PRAGMA page_count").fetchone()
        return int(count)


def remembered(ledger: Ledger, table: str) -> int:
    return len(content(ledger, (table,))[table])


def test_every_table_either_decides_or_is_history(ledger):
    with closing(sqlite3.connect(ledger.path)) as db:
        found = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    ours = {name for (name,) in found if not name.startswith(("sqlite_", "_"))}
    assert ours == DECIDES | set(HISTORY)
    assert not DECIDES & set(HISTORY)


@pytest.fixture
def lived(shop) -> datetime:
    """Something in every table, and when it was over."""
    ledger, clock = shop.ledger, shop.clock
    claim = shop.planned()
    shop.send(claim)
    ledger.answered("request-1", "1-1", shop.made())
    ledger.hold(shop.claimed(shop.read("2")), [], "rules-1")
    shop.read("3")
    shop.send(shop.planned(id_="4"), request_id="request-4")
    ledger.lease("lists:9130", "a", timedelta(minutes=1))
    ledger.save_token(PAIR, Token(access="a", refresh="r", access_expires=clock.now, refresh_expires=None))
    ledger.save_reference(PAIR, "items", b"[]")
    ledger.open_circuit(PAIR, "quickbooks", until=clock.now, reason="down")
    for facts in ({"posted": 1}, {"posted": 2}):
        ledger.end_run(ledger.start_run(PAIR, "sales"), facts)
    ledger.dead(b"?", why="no message", workflow="sales")
    for kind in ("report", "alert"):
        ledger.mail_sent(ledger.queue_mail(PAIR, kind, b"sent long ago"))
        ledger.queue_mail(PAIR, kind, b"waits")
        ledger.mail_sent(ledger.queue_mail(PAIR, kind, b"sent"))
    ledger.process_started("host:1:a", "run", 0)
    for state in (ProposalState.APPROVED, ProposalState.APPROVED, ProposalState.REJECTED, ProposalState.REJECTED):
        ledger.settle_proposal(ledger.propose(PAIR, [], []), state, "owner")
    ledger.propose(PAIR, [], [])
    return clock.now


def test_what_decides_is_as_it_was_and_the_history_is_short(shop, lived):
    ledger = shop.ledger
    before = content(ledger, DECIDES)
    shop.clock.step(YEAR.total_seconds())
    newest = shop.read("9")
    before = content(ledger, DECIDES)
    assert ledger.forget_history(shop.clock.now - timedelta(days=30))["event"] > 10
    assert content(ledger, DECIDES) == before
    assert shop.whats(newest) == ["read"]
    assert shop.whats(shop.key("1")) == []
    assert ledger.dead_letters() == []
    assert [run.facts for run in ledger.runs(PAIR)] == [{"posted": 2}]
    assert {table: remembered(ledger, table) for table in ("process", "lease")} == {"process": 0, "lease": 0}


def test_of_mails_those_that_wait_stay(shop, lived):
    ledger = shop.ledger
    shop.clock.step(YEAR.total_seconds())
    assert ledger.forget_history(shop.clock.now)["mail"] == 4
    assert [mail.content for mail in ledger.mails_waiting()] == [b"waits", b"waits"]
    assert remembered(ledger, "mail") == 2


def test_of_proposals_what_was_decided_last_stays(shop, lived):
    ledger = shop.ledger
    waiting = ledger.waiting_proposal(PAIR)
    shop.clock.step(YEAR.total_seconds())
    assert ledger.forget_history(shop.clock.now)["stock_proposal"] == 3
    assert ledger.ever_approved(PAIR)
    assert ledger.waiting_proposal(PAIR) == waiting
    ledger.settle_proposal(waiting.id, ProposalState.REJECTED, "owner")
    shop.clock.step(YEAR.total_seconds())
    ledger.forget_history(shop.clock.now)
    (last, _) = ledger.proposals(PAIR)
    assert (last.id, last.state) == (waiting.id, ProposalState.REJECTED)
    assert ledger.propose(PAIR, [], []) > waiting.id


def test_what_is_younger_stays(shop, lived):
    before = content(shop.ledger, DECIDES | set(HISTORY))
    assert set(shop.ledger.forget_history(lived).values()) == {0}
    assert content(shop.ledger, DECIDES | set(HISTORY)) == before


def test_a_clock_that_was_set_back_forgets_nothing(shop, lived):
    shop.clock.step(-20 * YEAR.total_seconds())
    shop.read("9")
    assert set(shop.ledger.forget_history(shop.clock.now - YEAR).values()) == {0}


def test_much_is_forgotten_bit_by_bit(shop):
    ledger, orders = shop.ledger, CHUNK * CHUNKS_AT_ONCE + CHUNK
    with ledger.transaction():
        for number in range(orders):
            shop.read(str(number))
    shop.clock.step(YEAR.total_seconds())
    shop.read("last")
    most = CHUNK * CHUNKS_AT_ONCE
    assert [ledger.forget_history(shop.clock.now)["event"] for _ in range(3)] == [most, orders - most, 0]


def test_others_write_between_two_bits(shop):
    """What goes in one transaction is little, however much there is."""
    ledger = shop.ledger
    with ledger.transaction():
        for number in range(CHUNK * 3):
            shop.read(str(number))
    shop.clock.step(YEAR.total_seconds())
    shop.read("last")
    changed: list[int] = []
    connection = ledger._connection()
    connection.set_trace_callback(
        lambda statement: changed.append(connection.total_changes) if "DELETE FROM event" in statement else None
    )
    ledger.forget_history(shop.clock.now)
    assert not connection.in_transaction
    steps = [after - before for before, after in itertools.pairwise(changed)]
    assert steps == [CHUNK, CHUNK, CHUNK]


def test_the_file_does_not_grow_for_ever(shop):
    """Ten years of the same, of which one is kept."""
    ledger, sizes = shop.ledger, []
    for month in range(120):
        with ledger.transaction():
            for number in range(300):
                shop.read("1", f"version {month}/{number}")
        shop.clock.step(YEAR.total_seconds() / 12)
        ledger.forget_history(shop.clock.now - YEAR)
        sizes.append(pages(ledger))
    assert remembered(ledger, "event") == pytest.approx(3600, abs=300)
    assert max(sizes) <= sizes[14] * 1.1
    assert sizes[11] > sizes[0] * 1.5  # it grew fast as long as nothing was old enough
