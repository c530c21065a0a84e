"""What happened within a time, found among the events of years; and what the shop last said of an order."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cartledger.ledger.types import State
from cartledger.stock import Allocation

HOUR = timedelta(hours=1)


def ids(events):
    return [event.key.id for event in events]


def test_from_one_instant_until_just_before_another(shop):
    began = shop.clock.now
    for number in range(5):
        shop.read(str(number))
        shop.clock.step(3600)
    assert ids(shop.ledger.happened(shop.pair, began + HOUR, began + 3 * HOUR)) == ["1", "2"]
    assert ids(shop.ledger.happened("another:pair", began, began + 9 * HOUR)) == []
    assert ids(shop.ledger.happened(shop.pair, began + 9 * HOUR, began + 99 * HOUR)) == []


def test_an_empty_history(shop):
    assert shop.ledger.happened(shop.pair, shop.clock.now - HOUR, shop.clock.now) == []


@given(
    steps=st.lists(st.tuples(st.sampled_from([0, 1, 10, 7200]), st.integers(0, 50)), max_size=60),
    gone=st.sets(st.integers(0, 60)),
    since=st.integers(0, 60),
    hours=st.integers(0, 50),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
def test_nothing_is_overlooked_though_events_are_missing_or_a_little_out_of_order(shop, steps, gone, since, hours):
    shop.ledger._rows("DELETE FROM event")
    began, times = shop.clock.now, {}
    for number, (seconds, early) in enumerate(steps):
        shop.clock.step(seconds)
        shop.clock.step(-early)
        key = shop.key(str(number))
        shop.ledger._event(key, "read", version="v")
        times[key.id] = shop.clock.now
        shop.clock.step(early)
    for number in gone:
        shop.ledger._rows("DELETE FROM event WHERE id = :id", id=str(number))
        times.pop(str(number), None)
    first = sorted([*times.values(), began])[min(since, len(times))]
    last = first + hours * HOUR
    found = ids(shop.ledger.happened(shop.pair, first, last))
    assert found == [id_ for id_, at in times.items() if first <= at < last]


def test_only_what_a_report_tells_of(shop):
    began = shop.clock.now
    claim = shop.claimed(shop.read())
    shop.ledger.later(claim, began, "why")
    assert [event.what for event in shop.ledger.happened(shop.pair, began, began + HOUR)] == ["read"]


def test_the_orders_of_a_day(shop):
    began = shop.clock.now
    for number in range(3):
        shop.read(str(number))
        allocation = Allocation(
            order_id=str(number), version="v1", created=began + number * HOUR, modified=began, units={}
        )
        shop.ledger.allocate(shop.pair, [allocation])
    shop.ledger.exclude(shop.claimed(shop.key("1")), "a rule", "rules")
    found = shop.ledger.orders_placed(shop.pair, began + HOUR, began + 3 * HOUR)
    assert [(order.id, order.at, order.state) for order in found] == [
        ("1", began + HOUR, State.EXCLUDED),
        ("2", began + 2 * HOUR, State.QUEUED),
    ]
    assert shop.ledger.placed_at(shop.pair, ["0", "7"]) == {"0": began}


@pytest.mark.parametrize("last", [{"total": Decimal("7.10")}, {}], ids=["told", "cannot be read"])
def test_what_the_shop_last_said_of_an_order(shop, last):
    shop.read("1", "v1", told={"total": Decimal("9.00")})
    shop.clock.step(1)
    shop.read("1", "v2", told=last)
    shop.read("2", "v1")
    told = shop.ledger.told(shop.pair, ["1", "2", "3"])
    assert {id_: says["total"] for id_, says in told.items()} == {"1": last.get("total", Decimal("9.00"))}


@pytest.mark.parametrize(
    ("decided", "told"),
    [
        ([Decimal("0.02")], Decimal("0.02")),
        ([Decimal(0)], None),
        ([None], None),
        ([Decimal("-0.01"), None], Decimal("-0.01")),
    ],
    ids=["some", "none", "not said", "decided once, planned again"],
)
def test_cents_of_the_rounding_line_are_told_with_the_answer(shop, decided, told):
    began = shop.clock.now
    key = shop.read()
    claim = shop.claimed(key)
    for number, rounding in enumerate(decided):
        part = shop.part(hash=f"hash {number}", rounding=rounding)
        claim = shop.ledger.plan(claim, [part], "rules")
    shop.send(claim)
    shop.ledger.answered("request-1", "1-1", shop.made())
    (answer,) = [each for each in shop.ledger.happened(shop.pair, began, began + HOUR) if each.what == "answered"]
    assert answer.detail.get("rounding") == told


def test_documents_in_doubt_are_counted(shop):
    claim = shop.claimed(shop.read())
    claim = shop.ledger.plan(claim, [shop.part()], "rules")
    assert shop.ledger.in_doubt(shop.pair) == 0
    shop.send(claim)
    assert shop.ledger.in_doubt(shop.pair) == 1
    shop.ledger.answered("request-1", "1-1", shop.made())
    assert shop.ledger.in_doubt(shop.pair) == 0
