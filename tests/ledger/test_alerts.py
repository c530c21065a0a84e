"""Alerts are raised once and cleared once, whoever notices; processes that end without a word are known."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Alert
from tests.ledger.conftest import PAIR

MANY = 8


@pytest.fixture
def alert(clock):
    return Alert(pair=PAIR, cause="quickbooks_down", since=clock.now, text="It is down.", fix="Wait.")


def at_once(tries):
    """What each of them answered, begun together."""
    begin, answers = threading.Barrier(len(tries)), []

    def one(attempt):
        begin.wait()
        answers.append(attempt())

    threads = [threading.Thread(target=one, args=(attempt,)) for attempt in tries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_many_that_notice_one_has_to_tell(ledger, clock, alert):
    others = [Ledger.open(ledger.path, clock=clock) for _ in range(MANY)]
    try:
        raised = at_once([lambda each=each: each.raise_alert(alert) for each in others])
        assert sorted(raised) == [False] * (MANY - 1) + [True]
        assert ledger.alerts(PAIR) == [alert]
        cleared = at_once([lambda each=each: each.clear_alert(PAIR, alert.cause) for each in others])
        assert [each for each in cleared if each] == [alert]
        assert ledger.alerts(PAIR) == []
    finally:
        for each in others:
            each.close()


def test_what_stands_is_not_raised_again_but_gets_the_newer_words(ledger, clock, alert):
    assert ledger.raise_alert(alert)
    newer = replace(alert, since=clock.step(60), text="It is still down.", fix="Call them.")
    assert not ledger.raise_alert(newer)
    assert ledger.alerts(PAIR) == [replace(newer, since=alert.since)]
    assert ledger.raise_alert(replace(alert, pair=""))
    assert [each.pair for each in ledger.alerts("")] == [""]
    assert ledger.clear_alert("another", alert.cause) is None


def test_a_process_runs_until_it_says_goodbye(ledger, clock):
    ledger.process_started("a", "consume", 3)
    ledger.process_started("b", "run", 0)
    clock.step(30)
    ledger.process_seen("a")
    ended_at = clock.step(30)
    ledger.process_ended("b")
    one, other = ledger.processes(clock.now - timedelta(minutes=1))
    assert (one.owner, one.role, one.instance, one.ended) == ("a", "consume", 3, None)
    assert one.seen_at - one.started == timedelta(seconds=30)
    assert (other.owner, other.ended) == ("b", ended_at)
    assert [each.owner for each in ledger.processes(clock.now)] == ["a", "b"]
    clock.step(1)
    ledger.process_started("c", "run", 0)
    assert [each.owner for each in ledger.processes(clock.now)] == ["a", "c"]


def test_an_order_is_ready_where_it_waits_for_nothing_but_a_consumer(shop):
    ledger, clock = shop.ledger, shop.clock
    assert ledger.oldest_ready(PAIR, "order") is None
    read_at = clock.now
    claim = shop.claimed(shop.read("1"))
    assert ledger.oldest_ready(PAIR, "order") == read_at
    until = clock.now + timedelta(minutes=5)
    ledger.later(claim, until, "not yet")
    assert ledger.oldest_ready(PAIR, "order") is None
    clock.step(301)
    assert ledger.oldest_ready(PAIR, "order") == until


def test_a_lease_is_seen_while_it_lasts(ledger, clock):
    assert not ledger.is_leased("read:p")
    ledger.lease("read:p", "a", timedelta(minutes=1))
    assert ledger.is_leased("read:p")
    clock.step(60)
    assert not ledger.is_leased("read:p")
