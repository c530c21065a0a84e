"""Refunds come to their orders, whatever moves or does not move in the shop, and whenever the program dies."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from cartledger.clients.bigcommerce import RefundsPage
from cartledger.errors import BadRecord
from cartledger.ledger.types import ReadRefund
from cartledger.records import read_order
from producers.orders import STREAM as ORDERS
from producers.orders import remember_orders
from producers.reading import Walk
from producers.refunds import STREAM, YOUNG
from simulator.bigcommerce.refunding import decline
from tests.producers.conftest import BEGUN, PAIR


def test_a_refund_comes_with_its_order_in_the_same_round(world):
    world.order(1001)
    world.order(1002)
    row = world.refund(1001)
    walk = world.read()
    assert (walk.read, walk.fresh, walk.refunds) == (2, 2, 1)
    assert (world.refunds(1001), world.refunds(1002)) == ([row["id"]], [])
    assert world.calls() == 1 + 2
    (refund,) = read_order(world.record(1001)).refunds
    assert (refund.order_id, refund.total, refund.created) == (1001, 10, BEGUN)


def test_a_round_without_news_costs_one_call_more_with_refunds_than_without(world):
    world.order(1001)
    world.refund(1001)
    world.clock.step(hours=1)
    world.read()
    world.calls()
    assert world.read(refunds=False).fresh == 0
    without = world.calls()
    walk = world.read()
    assert (walk.fresh, walk.refunds, world.calls()) == (0, 0, without + 1)


def test_an_order_that_does_not_move_with_its_refund_is_asked_for(world):
    world.order(1001)
    world.read()
    world.clock.step(hours=1)
    rows = [world.refund(1001, moves=False)["id"] for _ in range(2)]
    world.calls()
    walk = world.read()
    assert (walk.read, walk.fresh, walk.refunds) == (1, 1, 2)
    assert (world.refunds(1001), world.calls()) == (rows, 1 + 1 + 1)
    assert world.ledger.orders_with_fresh_refunds(PAIR) == []


def test_an_order_of_long_ago_comes_with_its_refund(world):
    """It was placed before anything is kept in step, so no stream brings it."""
    world.order(1001)
    world.clock.step(days=30)
    later = world.clock()
    row = world.refund(1001, moves=False)
    walk = world.read(start=later)
    assert (walk.read, world.refunds(1001)) == (1, [row["id"]])


def test_a_refund_before_the_first_day_is_none(world):
    world.order(1001)
    before = world.refund(1001)
    world.clock.step(days=1)
    start = world.clock()
    world.sim.shop.touch(1001)
    assert world.read(start=start).refunds == 0
    assert world.refunds(1001) == []
    after = world.refund(1001, moves=False)
    world.read(start=start)
    assert world.refunds(1001) == [after["id"]] != [before["id"]]


@pytest.mark.parametrize(("before", "after"), [(timedelta(0), YOUNG), (YOUNG, YOUNG * 10)])
def test_a_refund_that_is_declined_while_it_is_young_is_read_again(world, before, after):
    """Young is what it was when the shop was last read, however long ago that is."""
    world.order(1001)
    row = world.refund(1001)
    world.clock.step(seconds=before.total_seconds())
    world.read()
    version = world.ledger.known(PAIR, "order", ["1001"])
    decline(world.sim.shop, row["id"])
    world.clock.step(seconds=after.total_seconds())
    assert world.read().refunds == 1
    assert world.ledger.known(PAIR, "order", ["1001"]) != version
    assert read_order(world.record(1001)).refunds[0].declined


def test_the_young_are_read_again_for_as_long_as_that_costs_little(world):
    world.read()
    begun = []

    def watch(name, arguments):
        if name == "refunds":
            begun.append(arguments[0])

    for _ in range(3):
        world.read(shop=Watched(world.shop, watch))
        world.clock.step(seconds=YOUNG.total_seconds() + 1)
    assert begun == [BEGUN, BEGUN, BEGUN + timedelta(seconds=1)]


@dataclass
class Watched:
    """A side that somebody looks at: `before` is told of every call and its arguments, and may raise."""

    side: object
    before: object = lambda name, arguments: None

    def __getattr__(self, name):
        method = getattr(self.side, name)

        def call(*arguments, **named):
            self.before(name, arguments)
            return method(*arguments, **named)

        return call


@dataclass
class Pages:
    """A shop of these refunds, which gives at most so many a page."""

    side: object
    rows: list
    most: int = 250
    asked: list = field(default_factory=list)

    def refunds(self, created_min, *, page):
        self.asked.append(page)
        return RefundsPage(rows=self.rows[(page - 1) * self.most : page * self.most], server_time=BEGUN)

    def __getattr__(self, name):
        return getattr(self.side, name)


@pytest.mark.parametrize(
    ("count", "most", "pages"),
    [(0, 250, 1), (49, 250, 1), (50, 250, 2), (250, 250, 2), (251, 250, 2), (300, 250, 2), (300, 50, 7), (120, 100, 2)],
)
def test_refunds_are_read_to_the_last_page_also_where_the_shop_cuts_them_shorter(world, count, most, pages):
    world.order(1001)
    rows = [
        {"id": number, "order_id": 1001, "created": BEGUN.isoformat(), "total_amount": 1, "total_tax": 0}
        for number in range(1, count + 1)
    ]
    shop = Pages(world.shop, rows, most)
    assert world.read(shop=shop).refunds == count
    assert (world.refunds(1001), shop.asked) == (list(range(1, count + 1)), list(range(1, pages + 1)))


def test_a_walk_that_breaks_off_is_walked_again(world):
    world.order(1001)
    rows = [{"id": n, "order_id": 1001, "created": BEGUN.isoformat(), "total_amount": 1} for n in range(1, 101)]

    def break_off(walk):
        assert (walk.read, walk.refunds) == (0, 50)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        world.read(shop=Pages(world.shop, rows, 50), on_page=break_off)
    assert world.ledger.cursor(PAIR, STREAM) is None
    assert world.read(shop=Pages(world.shop, rows, 50)).refunds == 50
    assert world.refunds(1001) == list(range(1, 101))


def test_people_are_not_remembered(world):
    world.order(1001)
    row = world.refund(1001)
    row["reason"] = "Ada Byrne sent it back"
    row["items"][0]["reason"] = "as Ada Byrne asked"
    row["payments"][0]["declined_message"] = "no card of Ada Byrne"
    world.read()
    (refund,) = world.ledger.refunds_of(PAIR, ["1001"])["1001"]
    assert b"Byrne" not in refund.row
    assert refund.row.count(b"item_type") == refund.row.count(b"provider_id") == 1
    row["reason"] = "Ada Byrne did not"
    assert world.read().refunds == 0


@pytest.mark.parametrize(
    "change", [{"total_amount": "much"}, {"created": "yesterday"}, {"items": [7]}, {"payments": 1}]
)
def test_a_refund_that_cannot_be_read_holds_its_order(world, change):
    world.order(1001)
    world.refund(1001).update(change)
    world.order(1002)
    assert world.read(shop=Pages(world.shop, world.sim.shop.refunds)).fresh == 2
    with pytest.raises(BadRecord) as caught:
        read_order(world.record(1001))
    assert [problem.code for problem in caught.value.problems] == ["unreadable_refund"]
    assert read_order(world.record(1002)).id == 1002


def test_an_order_that_is_gone_is_held_for_its_refund_and_asked_for_once(world):
    world.order(1001)
    world.read()
    world.clock.step(days=2)
    world.refund(1001, "24.36", moves=False)
    decline(world.sim.shop, world.refund(1001, "5.00", moves=False)["id"])
    gone = world.sim.shop.orders.pop(1001)
    assert world.read().fresh == 1
    with pytest.raises(BadRecord) as caught:
        read_order(world.record(1001))
    (problem,) = caught.value.problems
    assert (problem.code, problem.text) == (
        "order_gone",
        "Order 1001 does not exist in BigCommerce any more, and 24.36 of it went back on 2026-05-03 (refund 1).",
    )
    world.calls()
    assert (world.read().fresh, world.calls()) == (0, 2)
    world.sim.shop.orders[1001] = gone
    decline(world.sim.shop, 1)
    assert world.read().fresh == 1
    assert read_order(world.record(1001)).refunds[0].declined


def test_an_order_that_is_gone_keeps_the_units_that_it_took(world):
    world.order(1001)
    world.read()
    world.clock.step(days=2)
    world.refund(1001, moves=False)
    world.sim.shop.delete(1001)
    assert world.read().fresh == 1
    (allocation,) = world.ledger.allocations(PAIR, BEGUN)
    assert allocation.units == {"product:7": 10, "variant:70": 10, "sku:7:70:cup": 10}


def test_a_refund_of_an_order_that_nobody_has_seen_is_not_lost_either(world):
    world.order(1001)
    world.refund(1001)
    world.sim.shop.delete(1001)
    world.read()
    with pytest.raises(BadRecord, match="does not exist"):
        read_order(world.record(1001))


def test_a_refund_made_while_the_shop_is_read_comes_with_the_order_that_says_so(world):
    """Else the order would be Refunded without a refund until the next round."""
    world.order(1001)
    world.read()
    world.clock.step(hours=1)
    made = []

    def buy_back(name, _):
        if name == "orders" and not made:
            made.append(world.refund(1001)["id"])

    world.calls()
    walk = world.read(shop=Watched(world.shop, buy_back))
    assert (walk.fresh, walk.refunds, world.refunds(1001)) == (1, 1, made)
    assert world.calls() == 1 + 2 + 1


def test_an_order_that_only_says_that_it_was_refunded_is_asked_about_once(world):
    world.order(1001)
    world.sim.shop.set_status(1001, 4)
    world.read()
    assert (world.refunds(1001), world.calls()) == ([], 1 + 2 + 1)
    world.read()
    assert world.calls() == 1 + 2
    world.sim.shop.set_status(1001, 14)
    world.read(refunds=False)
    assert world.calls() == 2


def test_without_refunds_none_is_asked_for_and_switched_on_later_all_are(world):
    for number in (1001, 1002):
        world.order(number)
        world.refund(number)
    world.read(refunds=False)
    assert (world.calls(), world.refunds(1001), world.ledger.cursor(PAIR, STREAM)) == (2, [], None)
    world.clock.step(days=30)
    walk = world.read()
    assert (walk.read, walk.fresh, walk.refunds) == (2, 2, 2)
    assert (world.refunds(1001), world.refunds(1002)) == ([1], [2])


def test_switched_off_orders_stay_what_they_are(world):
    world.order(1001)
    world.refund(1001)
    world.read()
    world.sim.shop.touch(1001)
    assert world.read(refunds=False).fresh == 0
    world.refund(1001, moves=False)
    world.sim.shop.set_status(1001, 14)
    world.read(refunds=False)
    assert world.refunds(1001) == [1]
    world.clock.step(days=30)
    world.read()
    assert world.refunds(1001) == [1, 2]


def test_a_long_order_keeps_lines_and_refunds(world):
    world.order(1001, products=[])
    order = world.sim.shop.orders[1001]
    order.header["items_total"] = 60
    order.products = [
        {"id": n, "order_address_id": 1, "parent_order_product_id": None, "quantity": 1, "type": "physical"}
        | {"quantity_refunded": 0}
        for n in range(60)
    ]
    world.read()
    world.refund(1001, moves=False)
    world.read()
    assert (len(read_order(world.record(1001)).lines), world.refunds(1001)) == (60, [1])


def late_refund(number):
    row = f'{{"id":{number},"order_id":1001,"created":"2026-05-01T12:00:00+00:00","total_amount":5}}'.encode()
    return ReadRefund(id=str(number), order_id="1001", version="late", row=row, created=BEGUN)


def test_a_refund_that_another_process_reads_in_between_is_not_overlooked(world):
    """It may be over with a whole round while this one is about to remember the order without that refund."""
    world.order(1001)
    late = []

    def read_by_another(name, arguments):
        if name == "known" and "1001" in arguments[-1] and not late:
            late.append(world.refund(1001, moves=False)["id"])
            world.read()

    world.read(memory=Watched(world.ledger, read_by_another))
    assert (world.refunds(1001), world.ledger.orders_with_fresh_refunds(PAIR)) == (late, [])


def test_a_slow_process_with_an_old_state_of_the_order_does_not_use_up_its_refund(world):
    world.order(1001)
    old = world.shop.order(1001)
    world.clock.step(minutes=1)
    world.sim.shop.set_status(1001, 2)
    world.read()
    world.ledger.remember_refunds(PAIR, [late_refund(7)], None, stream=STREAM)
    remember_orders(world.reading(), Walk(), [old])
    assert world.ledger.orders_with_fresh_refunds(PAIR) == ["1001"]
    world.read()
    assert (world.refunds(1001), world.record(1001)["status_id"]) == ([7], 2)


class Died(Exception):
    """The process, in the middle of something."""


@dataclass
class Mortal:
    """Dies before the `left`th call to whichever side."""

    left: int

    def __call__(self, name, _):
        self.left -= 1
        if not self.left:
            raise Died


def lives_of_a_shop(world):
    """What may happen to three orders between two rounds."""
    world.refund(1001)
    world.refund(1002, moves=False)
    decline(world.sim.shop, world.refund(1003, moves=False)["id"])
    world.sim.shop.set_status(1003, 10)


def told(world):
    return {number: (world.refunds(number), world.times_read(number)) for number in (1001, 1002, 1003, 1004)}


def test_wherever_the_program_dies_nothing_is_lost_and_nothing_doubled(world):
    for number in (1001, 1002, 1003, 1004):
        world.order(number)
    world.read()
    world.ledger.close()
    world.clock.step(hours=1)
    lives_of_a_shop(world)
    world.new_ledger("undisturbed", like="ledger")
    world.read()
    expected = told(world)
    assert expected == {1001: ([1], 2), 1002: ([2], 2), 1003: ([3], 2), 1004: ([], 1)}
    steps = 0
    while True:
        world.ledger.close()
        steps += 1
        world.new_ledger(f"dying {steps}", like="ledger")
        calls = Mortal(steps)
        try:
            world.read(shop=Watched(world.shop, calls), memory=Watched(world.ledger, calls))
            break
        except Died:
            assert last_read(world) == BEGUN
        world.read()
        assert world.ledger.orders_with_fresh_refunds(PAIR) == []
        assert (told(world), last_read(world)) == (expected, world.clock())
    assert steps > 25


def last_read(world):
    return min(world.ledger.cursor(PAIR, stream).polled_at for stream in (ORDERS, STREAM))
