"""T0, T1, T8 and T9: from which state each transition starts, and where it ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from cartledger.errors import Problem
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Claim, Cursor, Read, Remembered, State, Swept
from cartledger.records import SourceKey

PAIR = "abc123:9130"
NO_ITEM = Problem(code="no_item", text="SKU A-1 has no item.")


@pytest.fixture
def put(shop) -> Callable[[State], SourceKey]:
    """Order 1 in the state asked for, version v1."""

    def into(state: State) -> SourceKey:
        key = shop.read("1", "v1")
        if state is State.QUEUED:
            return key
        claim = shop.claimed(key)
        if state is State.HELD:
            shop.ledger.hold(claim, [NO_ITEM], "rules-1")
        elif state is State.EXCLUDED:
            shop.ledger.exclude(claim, "status", "rules-1")
        elif state is State.POSTED:
            shop.ledger.unchanged(claim, "rules-1")
        return key

    return into


def newer(shop, key):
    shop.read("1", "v2")


def same(shop, key):
    shop.read("1", "v1")


def stale(shop, key):
    read = Read(id="1", version="v0", record=b"{}", modified=shop.clock.now - timedelta(seconds=1))
    shop.ledger.remember(PAIR, "order", [read])


def retry(shop, key):
    shop.ledger.retry(PAIR)


def touched(shop, key):
    shop.clock.step(1)
    shop.read("1", "v1")


def touched_while_it_waits(shop, key):
    shop.clock.step(1)
    read = Read(id="1", version="v1", record=b"{}", modified=shop.clock.now, look_again=True)
    shop.ledger.remember(PAIR, "order", [read])


def ignore(shop, key):
    shop.ledger.ignore([key], "entered by hand")


def same_rules(shop, key):
    shop.ledger.wake(PAIR, "order", "rules-1")


def other_rules(shop, key):
    shop.ledger.wake(PAIR, "order", "rules-2")


def sweep_in_time(shop, key):
    shop.clock.step(59)
    shop.ledger.sweep()


def sweep_too_late(shop, key):
    shop.clock.step(60)
    shop.ledger.sweep()


QUEUED, CLAIMED, POSTED, HELD, EXCLUDED = State
TABLE = {
    newer: {QUEUED: QUEUED, CLAIMED: CLAIMED, POSTED: QUEUED, HELD: QUEUED, EXCLUDED: QUEUED},
    same: {state: state for state in State},
    touched: {state: state for state in State},
    touched_while_it_waits: {QUEUED: QUEUED, CLAIMED: CLAIMED, POSTED: QUEUED, HELD: QUEUED, EXCLUDED: EXCLUDED},
    stale: {state: state for state in State},
    retry: {QUEUED: QUEUED, CLAIMED: CLAIMED, POSTED: POSTED, HELD: QUEUED, EXCLUDED: EXCLUDED},
    ignore: {QUEUED: QUEUED, CLAIMED: CLAIMED, POSTED: POSTED, HELD: EXCLUDED, EXCLUDED: EXCLUDED},
    same_rules: {state: state for state in State},
    other_rules: {QUEUED: QUEUED, CLAIMED: CLAIMED, POSTED: POSTED, HELD: QUEUED, EXCLUDED: QUEUED},
    sweep_in_time: {state: state for state in State},
    sweep_too_late: {QUEUED: QUEUED, CLAIMED: QUEUED, POSTED: POSTED, HELD: HELD, EXCLUDED: EXCLUDED},
}


@pytest.mark.parametrize("act", TABLE, ids=lambda act: act.__name__)
@pytest.mark.parametrize("state", State)
def test_where_each_transition_leads(shop, put, state, act):
    key = put(state)
    act(shop, key)
    assert shop.ledger.standing(key).state is TABLE[act][state]


def test_a_page_and_its_cursor_come_together(shop):
    reads = [Read(id=str(n), version="v1", record=b"{}", modified=shop.clock.now) for n in (1, 2, 3)]
    cursor = Cursor(watermark=shop.clock.now, polled_at=shop.clock.now + timedelta(seconds=1))
    assert shop.ledger.remember(PAIR, "order", reads, cursor, stream="orders") == Remembered(
        new=3, changed=0, unchanged=0
    )
    changed = [Read(id="1", version="v2", record=b"{}", modified=shop.clock.now), *reads[1:]]
    assert shop.ledger.remember(PAIR, "order", changed, stream="orders") == Remembered(new=0, changed=1, unchanged=2)
    assert shop.ledger.cursor(PAIR, "orders") == cursor
    assert shop.ledger.known(PAIR, "order", ["1", "2", "9"]) == {"1": "v2", "2": "v1"}


def test_a_page_that_cannot_be_read_to_its_end_leaves_nothing(shop):
    def page():
        yield Read(id="1", version="v1", record=b"{}", modified=shop.clock.now)
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - the page's own
        shop.ledger.remember(PAIR, "order", page())
    assert shop.ledger.known(PAIR, "order", ["1"]) == {}


def test_a_claimed_source_keeps_its_work_and_is_queued_with_the_newer_record_after_it(shop):
    claim = shop.planned(version="v1")
    shop.read("1", "v2")
    shop.send(claim)
    answered = shop.ledger.answered("request-1", "1-1", shop.made())
    assert answered.settled
    assert answered.newer
    again = shop.claimed(shop.key())
    assert (again.version, again.record, again.posted_version) == ("v2", b'{"v":"v2"}', "v1")


def test_due_is_in_order_of_source_time_and_without_what_is_handed_over_or_not_due(shop):
    for id_ in ("3", "1", "2", "4"):
        shop.read(id_)
        shop.clock.step(1)
    shop.ledger.handed_over([shop.key("1")], asked=shop.clock.now)
    shop.ledger.later(shop.claimed(shop.key("2")), shop.clock.now + timedelta(seconds=10), "locked")
    due = shop.ledger.due([PAIR, "other:1"], ["order", "customer"], 10)
    assert [key.id for key in due] == ["3", "4"]
    assert [key.id for key in shop.ledger.due([PAIR], ["order"], 1)] == ["3"]
    assert shop.ledger.due([PAIR], ["order"], 0) == []
    shop.clock.step(10)
    assert [key.id for key in shop.ledger.due([PAIR], ["order"], 10)] == ["3", "2", "4"]


@pytest.mark.parametrize(
    ("limit", "taken"),
    [
        (3, {"a1", "b1"}),  # and one more of either
        (4, {"a1", "a2", "b1", "b2"}),
        (6, {"a1", "a2", "a3", "b1", "b2", "b3"}),
        (9, {"a1", "a2", "a3", "a4", "a5", "a6", "b1", "b2", "b3"}),
    ],
)
def test_a_shop_with_years_of_orders_does_not_keep_another_one_waiting(ledger, clock, limit, taken):
    old, new = clock.now - timedelta(days=900), clock.now
    for pair, ids, modified in (("a:1", range(1, 10), old), ("b:2", range(1, 4), new)):
        reads = [
            Read(id=f"{pair[0]}{id_}", version="v1", record=b"{}", modified=modified + timedelta(seconds=id_))
            for id_ in ids
        ]
        ledger.remember(pair, "order", reads)
    for pairs in (["a:1", "b:2"], ["b:2", "a:1"]):
        due = [key.id for key in ledger.due(pairs, ["order"], limit)]
        assert taken <= set(due)
        assert len(due) == limit
    assert [key.id for key in ledger.due(pairs, ["order"], 9)][:4] == ["b1", "b2", "b3", "a1"]


def test_handed_over_does_not_mark_what_was_taken_and_given_back_meanwhile(shop):
    key = shop.read()
    asked = shop.clock.now
    shop.clock.step(1)
    shop.ledger.release([shop.claimed(key)])
    shop.ledger.handed_over([key], asked=asked)
    assert shop.ledger.due([PAIR], ["order"], 10) == [key]


def test_an_open_circuit_gives_nothing_then_one_probe_handed_over_or_not(shop):
    keys = [shop.read(id_) for id_ in ("1", "2")]
    shop.ledger.handed_over(keys, asked=shop.clock.now)
    until = shop.clock.now + timedelta(seconds=60)
    shop.ledger.open_circuit(PAIR, "quickbooks", until=until, reason="down")
    assert shop.ledger.due([PAIR], ["order"], 10) == []
    shop.clock.now = until - timedelta(seconds=1)
    assert shop.ledger.due([PAIR], ["order"], 10) == []
    shop.clock.now = until
    assert shop.ledger.due([PAIR], ["order"], 10) == [shop.key("1")]
    assert shop.ledger.due([PAIR], ["order"], 10) == []
    shop.clock.step(160)
    assert shop.ledger.due([PAIR], ["order"], 10) == [shop.key("1")]
    shop.ledger.close_circuit(PAIR, "quickbooks")
    shop.ledger.forget_handed_over(["order"])
    assert shop.ledger.due([PAIR], ["order"], 10) == keys


def test_a_circuit_of_the_other_side_stops_nothing(shop):
    key = shop.read()
    until = shop.clock.now + timedelta(seconds=60)
    shop.ledger.open_circuit(PAIR, "bigcommerce", until=until, reason="down")
    assert shop.ledger.due([PAIR], ["order"], 10) == [key]
    assert shop.ledger.due([PAIR], ["order"], 10, side="bigcommerce") == []


@pytest.mark.parametrize(
    ("published", "empty", "lost"),
    [(0, 299, 0), (0, 300, 0), (0, 301, 1), (200, 301, 0)],
)
def test_lost_is_what_was_handed_over_five_minutes_before_its_queue_was_empty(shop, published, empty, lost):
    key = shop.read()
    start = shop.clock.now
    shop.clock.step(published)
    shop.ledger.handed_over([key], asked=shop.clock.now)
    shop.ledger.seen_empty(["order"], start + timedelta(seconds=empty))
    shop.ledger.seen_empty(["order"], start + timedelta(seconds=1))
    shop.ledger.seen_empty(["customer"], start + timedelta(days=1))
    assert shop.ledger.sweep() == Swept(dead_leases=0, lost=lost)
    assert len(shop.ledger.due([PAIR], ["order"], 10)) == lost


def test_a_new_process_on_memory_hands_everything_over_again(shop):
    key = shop.read()
    shop.ledger.handed_over([key], asked=shop.clock.now)
    shop.ledger.forget_handed_over(["customer"])
    assert shop.ledger.due([PAIR], ["order"], 10) == []
    shop.ledger.forget_handed_over(["order"])
    assert shop.ledger.due([PAIR], ["order"], 10) == [key]


def test_retry_by_key_by_cause_and_all(shop):
    for id_, code in (("1", "no_item"), ("2", "no_customer"), ("3", "no_item"), ("4", "no_tax")):
        shop.ledger.hold(shop.claimed(shop.read(id_)), [Problem(code=code, text="x")], "rules-1")
    assert shop.ledger.retry(PAIR, keys=[shop.key("2"), shop.key("9")]) == 1
    assert shop.ledger.retry(PAIR, code="no_item") == 2
    assert [standing.key.id for standing in shop.ledger.held(PAIR)] == ["4"]
    assert shop.ledger.retry(PAIR) == 1
    assert shop.ledger.retry(PAIR) == 0


def test_changed_rules_do_not_undo_what_a_person_ignored(shop, put):
    key = put(State.HELD)
    assert shop.ledger.ignore([key, shop.key("9")], "entered by hand") == 1
    assert shop.ledger.wake(PAIR, "order", "rules-2") == 0
    assert shop.ledger.standing(key).rule == "ignored: entered by hand"


def test_what_has_made_nothing_so_far_and_is_not_ignored_is_unposted(shop):
    for id_ in ("queued", "claimed", "held", "excluded", "ignored"):
        shop.read(id_)
    shop.read("bowl", kind="item")
    shop.claimed(shop.key("claimed"))
    shop.ledger.hold(shop.claimed(shop.key("held")), [Problem(code="no_item", text="x")], "rules-1")
    shop.ledger.exclude(shop.claimed(shop.key("excluded")), "Its status is not posted.", "rules-1")
    shop.ledger.hold(shop.claimed(shop.key("ignored")), [Problem(code="no_item", text="x")], "rules-1")
    shop.ledger.ignore([shop.key("ignored")], "entered by hand")
    shop.send(shop.planned(id_="posted"))
    shop.ledger.answered("request-1", "posted-1", shop.made())
    shop.read("posted", "v2")
    found = shop.ledger.unposted(PAIR, "order")
    assert found == dict.fromkeys(("queued", "claimed", "held", "excluded"), b'{"v":"v1"}')


@pytest.mark.parametrize("settle", ["posted", "held", "excluded", "ignored"])
def test_waiters_are_woken_by_whatever_settles_what_they_wait_for(shop, settle):
    customer = shop.read("7", kind="customer")
    order = shop.read("1")
    assert shop.ledger.later(shop.claimed(order), shop.clock.now, "needs its customer", waits_for=customer)
    assert shop.ledger.standing(order).waits_for == "customer:7"
    assert shop.ledger.due([PAIR], ["order"], 10) == []
    assert shop.ledger.claim([order], "b", timedelta(60)) == []
    _settle(shop.ledger, shop.claimed(customer), settle)
    assert shop.ledger.due([PAIR], ["order"], 10) == [order]


def _settle(ledger: Ledger, claim: Claim, how: str) -> None:
    if how == "posted":
        ledger.unchanged(claim, "rules-1")
    elif how == "excluded":
        ledger.exclude(claim, "status", "rules-1")
    else:
        ledger.hold(claim, [NO_ITEM], "rules-1")
    if how == "ignored":
        ledger.ignore([claim.key], "no need")


@pytest.mark.parametrize("known", [True, False])
def test_nobody_waits_for_what_is_settled_already_or_unknown(shop, known):
    customer = shop.key("7", "customer")
    if known:
        shop.ledger.unchanged(shop.claimed(shop.read("7", kind="customer")), "rules-1")
    order = shop.read("1")
    until = shop.clock.now + timedelta(seconds=5)
    shop.ledger.later(shop.claimed(order), until, "needs its customer", waits_for=customer)
    standing = shop.ledger.standing(order)
    assert (standing.not_before, standing.waits_for) == (until, "")
