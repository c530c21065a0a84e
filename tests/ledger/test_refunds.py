"""Refunds wait in the ledger until their order is remembered with them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Cursor, ReadRefund

PAIR = "abc123:9130"


def refund(clock, id_="1", order_id="1001", version="v1"):
    row = f'{{"id":{id_},"version":"{version}"}}'.encode()
    return ReadRefund(id=id_, order_id=order_id, version=version, row=row, created=clock.now)


@pytest.fixture
def read(ledger, clock):
    """`read("1", version="v2")`: how many were new or changed, 1 or 0."""
    return lambda *ids, **more: ledger.remember_refunds(
        PAIR, [refund(clock, id_, **more) for id_ in ids], None, stream="refunds"
    )


def test_new_and_changed_refunds_are_fresh_and_known_ones_are_not_again(ledger, clock, read):
    assert read("1", "2") == 2
    assert ledger.orders_with_fresh_refunds(PAIR) == ["1001"]
    ledger.refunds_taken(PAIR, [refund(clock, "1"), refund(clock, "2")])
    assert ledger.orders_with_fresh_refunds(PAIR) == []
    assert (read("1"), ledger.orders_with_fresh_refunds(PAIR)) == (0, [])
    assert (read("1", version="v2"), ledger.orders_with_fresh_refunds(PAIR)) == (1, ["1001"])


def test_one_that_changed_since_it_was_looked_at_stays_fresh(ledger, clock, read):
    read("1")
    seen = ledger.refunds_of(PAIR, ["1001"])["1001"]
    read("1", version="v2")
    ledger.refunds_taken(PAIR, seen)
    assert ledger.orders_with_fresh_refunds(PAIR) == ["1001"]


def test_refunds_are_given_by_order_as_they_were_read_last(ledger, clock, read):
    read("1", "2")
    read("3", order_id="1002")
    read("2", version="v2")
    assert ledger.refunds_of(PAIR, ["1001", "1002", "1003"]) == {
        "1001": [refund(clock, "1"), refund(clock, "2", version="v2")],
        "1002": [refund(clock, "3", order_id="1002")],
    }
    assert ledger.refunds_of("another:9130", ["1001"]) == {}
    assert ledger.orders_with_fresh_refunds("another:9130") == []


def test_a_page_and_its_cursor_come_together_or_not_at_all(ledger, clock):
    cursor = Cursor(watermark=clock.now, polled_at=clock.now)
    naive = ReadRefund(id="2", order_id="1001", version="v1", row=b"{}", created=clock.now.replace(tzinfo=None))
    with pytest.raises(ValueError, match="names no zone"):
        ledger.remember_refunds(PAIR, [refund(clock), naive], cursor, stream="refunds")
    assert (ledger.refunds_of(PAIR, ["1001"]), ledger.cursor(PAIR, "refunds")) == ({}, None)
    ledger.remember_refunds(PAIR, [refund(clock)], cursor, stream="refunds")
    assert ledger.cursor(PAIR, "refunds") == cursor
    clock.step(60)
    ledger.remember_refunds(PAIR, [refund(clock, "2")], None, stream="refunds")
    assert ledger.cursor(PAIR, "refunds") == cursor


def test_they_outlive_the_process(ledger, clock, read):
    read("1")
    ledger.close()
    again = Ledger.open(ledger.path, clock=lambda: clock.now + timedelta(days=1))
    assert again.orders_with_fresh_refunds(PAIR) == ["1001"]
    assert again.refunds_of(PAIR, ["1001"]) == {"1001": [refund(clock)]}
    again.close()
