"""A clock that was set back: what was put off, taken or seen at a time that is yet to come counts as of now."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cartledger.ledger.types import Process
from tests.ledger.conftest import IN_FLIGHT, LEASE, PAIR

AHEAD = timedelta(days=400)
HOUR = timedelta(hours=1)


@pytest.fixture
def set_back(ledger, clock):
    """The clock is set back, and the ledger looked after, or not yet."""

    def back(*, looked_after=True):
        clock.step(-AHEAD.total_seconds())
        if looked_after:
            ledger.forget_the_future()

    return back


def due(shop):
    return shop.ledger.due([PAIR], ["order"], 10)


@pytest.mark.parametrize("looked_after", [False, True])
def test_what_was_put_off_is_due(shop, set_back, looked_after):
    key = shop.read()
    shop.ledger.later(shop.claimed(key), shop.clock.now + HOUR, "It does not answer.")
    set_back(looked_after=looked_after)
    assert due(shop) == [key] * looked_after


def test_what_was_put_off_on_a_clock_that_is_right_is_not_due(shop):
    shop.ledger.later(shop.claimed(shop.read()), shop.clock.now + HOUR, "It does not answer.")
    shop.ledger.forget_the_future()
    assert due(shop) == []


def test_what_was_handed_over_is_handed_over_again_once(shop, set_back):
    key = shop.read()
    shop.ledger.handed_over([key], asked=shop.clock.now)
    shop.ledger.seen_empty(["order"], shop.clock.now)
    set_back()
    assert due(shop) == [key]
    shop.ledger.handed_over([key], asked=shop.clock.now)
    assert shop.ledger.sweep().lost == 0
    shop.clock.step(360)
    shop.ledger.seen_empty(["order"], shop.clock.now)
    assert shop.ledger.sweep().lost == 1


def test_claims_are_free_at_the_next_sweep(shop, set_back):
    key = shop.read()
    shop.claimed(key)
    set_back()
    assert shop.ledger.sweep().dead_leases == 1
    assert shop.claimed(key, "b").key == key


def test_claims_and_leases_of_now_stay(shop):
    key = shop.read()
    shop.claimed(key)
    assert shop.ledger.lease("read", "a", HOUR)
    shop.ledger.forget_the_future()
    assert shop.ledger.claim([key], "b", LEASE) == []
    assert not shop.ledger.lease("read", "b", HOUR)


@pytest.mark.parametrize("looked_after", [False, True])
def test_leases_are_free(ledger, set_back, looked_after):
    assert ledger.lease("read", "a", HOUR)
    set_back(looked_after=looked_after)
    assert ledger.lease("read", "b", HOUR) == looked_after


def test_a_document_on_its_way_is_waited_for_from_now_on(shop, set_back):
    claim = shop.planned()
    shop.send(claim)
    set_back()
    shop.ledger.sweep()
    taken = shop.claimed(claim.key, "b")
    assert shop.ledger.send_again([taken], "request-1", in_flight=IN_FLIGHT) == []
    shop.clock.step(IN_FLIGHT.total_seconds())
    assert len(shop.ledger.send_again([taken], "request-1", in_flight=IN_FLIGHT)) == 1


def test_a_side_that_did_not_answer_is_tried(shop, set_back):
    key = shop.read()
    shop.ledger.open_circuit(PAIR, "quickbooks", until=shop.clock.now, reason="It is down.")
    assert due(shop) == [key]  # the one that tries
    shop.ledger.open_circuit(PAIR, "bigcommerce", until=shop.clock.now + HOUR, reason="It is down.")
    set_back()
    assert [(circuit.since, circuit.until) for circuit in shop.ledger.circuits(PAIR)] == [(shop.clock.now,) * 2] * 2
    assert due(shop) == [key]


def test_a_side_that_has_not_answered_since_before_is_tried_within_an_hour(shop, set_back):
    since = shop.clock.now
    shop.ledger.open_circuit(PAIR, "quickbooks", until=since, reason="It is down.")
    shop.clock.step(AHEAD.total_seconds() + 60)
    shop.ledger.open_circuit(PAIR, "quickbooks", until=shop.clock.now + HOUR, reason="It is down.")
    set_back()
    (circuit,) = shop.ledger.circuits(PAIR)
    assert (circuit.since, circuit.until) == (since, shop.clock.now + HOUR)


@pytest.mark.parametrize("looked_after", [False, True])
def test_mails_go_out(ledger, clock, set_back, looked_after):
    number = ledger.queue_mail(PAIR, "alert", b"Subject: x\n\n")
    ledger.mail_failed(number, not_before=clock.now + HOUR, why="refused")
    set_back(looked_after=looked_after)
    assert len(ledger.mails_due(clock.now)) == looked_after


def test_a_mail_that_was_put_off_on_a_clock_that_is_right_waits(ledger, clock):
    number = ledger.queue_mail(PAIR, "alert", b"Subject: x\n\n")
    ledger.mail_failed(number, not_before=clock.now + 2 * HOUR, why="refused")
    ledger.forget_the_future()
    assert ledger.mails_due(clock.now) == []


def test_what_was_looked_up_and_who_was_seen_is_of_now(ledger, clock, set_back):
    ledger.save_reference(PAIR, "store", b"{}")
    ledger.process_started("a", "run", 0)
    ledger.switch(PAIR, enabled=True, who="owner")
    set_back()
    assert ledger.reference(PAIR, "store").fetched_at == clock.now
    assert ledger.switched(PAIR).turned_at == clock.now
    seen = Process(owner="a", role="run", instance=0, started=clock.now, seen_at=clock.now, ended=None)
    assert ledger.processes(clock.now) == [seen]
