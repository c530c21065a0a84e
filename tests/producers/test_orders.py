"""Reading the shop: nothing lost while orders move, nothing asked twice for nothing."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartledger.ledger.types import State
from producers.orders import OVERLAP, PAGE, STREAM, start_of
from producers.reading import Reading
from producers.shop import read_shop

NOW = datetime(2026, 4, 28, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=30)


def row(number, modified, **fields):
    return {
        "id": number,
        "date_modified": format_datetime(modified),
        "date_created": format_datetime(modified),
        **fields,
    }


@dataclass
class Page:
    rows: list
    server_time: datetime


@dataclass
class Shop:
    """Orders by number; answers as `/v2/orders` does. `during` runs after each answer: orders move then."""

    orders: dict = field(default_factory=dict)
    most: int = 250
    now: datetime = NOW
    calls: int = 0
    during: object = lambda shop: None

    def page(self, min_modified, limit, page):
        self.calls += 1
        limit = min(limit, self.most)
        rows = sorted(
            (each for each in self.orders.values() if modified(each) >= min_modified),
            key=lambda each: (modified(each), each["id"]),
        )
        answer = Page(rows[(page - 1) * limit : page * limit], self.now)
        self.during(self)
        return answer


class Reader:
    """The client's face over a Shop."""

    def __init__(self, shop):
        self.shop = shop
        self.products_read = []

    def orders(self, min_modified, *, limit, page):
        return self.shop.page(min_modified, limit, page)

    def order_products(self, order_id):
        self.products_read.append(order_id)
        return [{"id": 1, "quantity": 60}]


@dataclass
class Memory:
    """The ledger's face, without refunds; what it remembers can be looked at."""

    seen: dict = field(default_factory=dict)
    held: dict = field(default_factory=dict)
    posted: dict = field(default_factory=dict)
    stands: dict = field(default_factory=dict)
    taken: dict = field(default_factory=dict)
    at: object = None
    pages: int = 0

    def cursor(self, pair, stream):
        assert stream == STREAM
        return self.at

    def known(self, pair, kind, ids):
        return {each: self.seen[each] for each in ids if each in self.seen}

    def standing(self, key):
        """Only what is held or posted, and since which state of it."""
        for state, known in ((State.HELD, self.held), (State.POSTED, self.posted)):
            if key.id in known:
                return SimpleNamespace(state=state, modified=known[key.id])
        return None

    def links(self, pair, kind, ids):
        return {each: self.stands[each] for each in ids if each in self.stands}

    def transaction(self):
        return nullcontext()

    def refunds_of(self, pair, ids):
        return {}

    def refunds_taken(self, pair, refunds):
        assert not list(refunds)

    def allocate(self, pair, allocations, *, late):
        self.taken |= {each.order_id: dict(each.units) for each in allocations}

    def remember(self, pair, kind, reads, cursor=None, *, stream=""):
        self.pages += 1
        self.at = cursor
        self.seen |= {read.id: read.version for read in reads}


def modified(each):
    return datetime.strptime(each["date_modified"], "%a, %d %b %Y %H:%M:%S %z")


def read(shop, memory, start=LONG_AGO, on_page=lambda walk: None):
    reader = Reader(shop)
    reading = Reading(
        pair="p",
        shop=reader,
        memory=memory,
        start=start,
        zone=ZoneInfo("UTC"),
        as_sent=False,
        refunds=False,
        late=False,
        clock=lambda: shop.now,
        on_page=on_page,
    )
    return read_shop(reading), reader


def test_a_backlog_is_read_in_pages_of_250_and_a_second_reading_costs_two_calls_at_most():
    shop = Shop({n: row(n, NOW - timedelta(days=3, minutes=-n)) for n in range(1, 501)})
    memory = Memory()
    walk, _ = read(shop, memory)
    assert (walk.read, walk.fresh, shop.calls) == (500, 500, 4)
    shop.calls = 0
    walk, _ = read(shop, memory)
    assert (walk.fresh, shop.calls) == (0, 1)


def test_nothing_new_with_the_last_order_a_minute_old_costs_two_calls():
    shop, memory = Shop({1: row(1, NOW - timedelta(minutes=1))}), Memory()
    read(shop, memory)
    shop.calls = 0
    walk, _ = read(shop, memory)
    assert (walk.fresh, shop.calls) == (0, 2)


def test_a_reading_that_was_broken_off_counts_as_none_and_is_gone_on_with():
    shop, memory = Shop({n: row(n, NOW - timedelta(days=3, minutes=-n)) for n in range(1, 501)}), Memory()

    def break_off(walk):
        raise ConnectionError

    with pytest.raises(ConnectionError):
        read(shop, memory, on_page=break_off)
    assert (len(memory.seen), memory.at.polled_at) == (250, LONG_AGO)
    read(shop, memory)
    assert (len(memory.seen), memory.at.polled_at) == (500, NOW)


def test_the_watermark_is_the_shops_clock_at_the_first_answer():
    shop, memory = Shop({1: row(1, NOW - timedelta(days=1))}), Memory()

    def tick(shop):
        shop.now += timedelta(seconds=5)

    shop.during = tick
    read(shop, memory)
    assert memory.at.watermark == NOW


def test_an_order_that_moves_during_the_walk_hides_no_other():
    shop = Shop({n: row(n, NOW - timedelta(days=1, seconds=-n)) for n in range(1, 601)})

    def move_one(shop):
        shop.during = lambda shop: None
        shop.orders[3] = row(3, shop.now, status_id=2)

    shop.during = move_one
    memory = Memory()
    read(shop, memory)
    assert set(memory.seen) == {str(n) for n in range(1, 601)}


def test_more_orders_within_one_second_than_a_page_holds_are_all_read():
    shop = Shop({n: row(n, NOW - timedelta(days=1)) for n in range(1, 601)})
    memory = Memory()
    read(shop, memory)
    assert len(memory.seen) == 600


def test_a_shop_that_cuts_pages_shorter_than_asked_is_read_to_the_end():
    shop = Shop({n: row(n, NOW - timedelta(days=1, seconds=-n // 80)) for n in range(1, 401)}, most=100)
    memory = Memory()
    read(shop, memory)
    assert len(memory.seen) == 400


def test_reading_starts_a_while_before_the_last_watermark():
    shop, memory = Shop({1: row(1, NOW - timedelta(days=1))}), Memory()
    read(shop, memory)
    late = memory.at.watermark - OVERLAP + timedelta(seconds=1)
    shop.orders[2] = row(2, late)
    read(shop, memory)
    assert "2" in memory.seen


def test_a_changed_order_is_read_again_and_an_unchanged_one_changes_nothing():
    shop, memory = Shop({1: row(1, NOW, status_id=11), 2: row(2, NOW, status_id=11)}), Memory()
    read(shop, memory)
    shop.orders[2] = row(2, NOW + timedelta(minutes=1), status_id=2)
    walk, _ = read(shop, memory)
    assert walk.fresh == 1


def test_an_order_that_is_held_is_read_again_once_it_was_touched():
    """What it waits for may be told by its transactions alone."""
    shop, memory = Shop({1: row(1, NOW, status_id=11), 2: row(2, NOW, status_id=11)}), Memory()
    read(shop, memory)
    memory.held = {"1": NOW, "2": NOW}
    assert read(shop, memory)[0].fresh == 0
    shop.orders[2] = row(2, NOW + timedelta(minutes=1), status_id=11)
    shop.orders[2]["date_created"] = shop.orders[1]["date_created"]
    assert read(shop, memory)[0].fresh == 1


@pytest.mark.parametrize(
    ("entity", "paid", "fresh"),
    [("Invoice", "88.76", 1), ("Invoice", "88.77", 0), ("Invoice", None, 1), ("SalesReceipt", None, 0)],
)
def test_an_order_that_owes_is_read_again_once_it_was_touched(entity, paid, fresh):
    """Further payments are told by its transactions alone."""
    shop, memory = Shop({1: row(1, NOW, status_id=11)}), Memory()
    read(shop, memory)
    memory.posted = {"1": NOW}
    memory.stands = {"1": {"document": SimpleNamespace(entity=entity, amount=Decimal("88.77"))}}
    if paid:
        memory.stands["1"]["payment"] = SimpleNamespace(entity="Payment", amount=Decimal(paid))
    assert read(shop, memory)[0].fresh == 0
    created = shop.orders[1]["date_created"]
    shop.orders[1] = row(1, NOW + timedelta(minutes=1), status_id=11, date_created=created)
    assert read(shop, memory)[0].fresh == fresh


def test_a_long_order_is_asked_for_its_lines_once():
    long_order = row(1, NOW, items_total=60, consignments={"shipping": [{"line_items": [{"id": 1, "quantity": 50}]}]})
    shop, memory = Shop({1: long_order}), Memory()
    assert read(shop, memory)[1].products_read == [1]
    assert read(shop, memory)[1].products_read == []


def test_every_page_is_remembered_with_how_far_it_reached():
    shop = Shop({n: row(n, NOW - timedelta(days=1, seconds=-n)) for n in range(1, PAGE + 11)})
    memory, reached = Memory(), []
    original = memory.remember

    def watch(*arguments, **named):
        original(*arguments, **named)
        reached.append(memory.at.watermark)

    memory.remember = watch
    read(shop, memory)
    assert reached == [NOW - timedelta(days=1, seconds=-PAGE), NOW - timedelta(days=1, seconds=-PAGE - 10), NOW]


# Each walk reads up to 700 orders, so the long profile takes a tenth of its usual number.
@settings(max_examples=max(50, settings.default.max_examples // 10))
@given(
    st.lists(st.tuples(st.integers(1, 900), st.integers(0, 300)), max_size=8), st.integers(1, 700), st.integers(1, 40)
)
def test_no_order_is_lost_however_orders_move(moves, count, a_second):
    shop = Shop({n: row(n, NOW - timedelta(days=1, seconds=-(n // a_second))) for n in range(1, count + 1)})
    left = list(moves)

    def move(shop):
        if left:
            number, later = left.pop()
            shop.now += timedelta(seconds=1)
            if number in shop.orders:
                shop.orders[number] = row(number, shop.now, status_id=later)

    shop.during = move
    memory = Memory()
    read(shop, memory)
    shop.during = lambda shop: None
    read(shop, memory)
    assert set(memory.seen) == {str(n) for n in range(1, count + 1)}


def test_the_first_reading_starts_with_the_day_in_the_shops_zone():
    day = datetime(2026, 3, 8, tzinfo=UTC).date()
    assert start_of(day, ZoneInfo("America/Los_Angeles")) == datetime(2026, 3, 8, 8, 0, tzinfo=UTC)


CUPS = {"product_id": 7, "variant_id": 70, "quantity": 3}
TWO_MUGS = {"product_id": 8, "variant_id": 80, "quantity": 2}


def sold(number, modified, *lines, **fields):
    units = sum(line["quantity"] for line in lines)
    return row(number, modified, **{"status_id": 11, "items_total": units, "products": list(lines), **fields})


def test_what_orders_took_from_the_shops_stock_is_remembered_with_them():
    shop, memory = Shop({1: sold(1, NOW, CUPS, TWO_MUGS), 2: sold(2, NOW, CUPS, status_id=5)}), Memory()
    read(shop, memory)
    assert memory.taken == {"1": {"product:7": 3, "variant:70": 3, "product:8": 2, "variant:80": 2}, "2": {}}


def test_an_order_that_was_placed_before_the_first_day_took_nothing_that_quickbooks_has():
    placed = format_datetime(LONG_AGO - timedelta(days=2))
    shop, memory = Shop({1: sold(1, NOW, CUPS, date_created=placed)}), Memory()
    read(shop, memory)
    assert memory.taken == {"1": {}}


def test_an_order_that_cannot_be_read_took_its_units_all_the_same():
    shop, memory = Shop({1: sold(1, NOW, CUPS, total_inc_tax="a lot")}), Memory()
    read(shop, memory)
    assert memory.taken == {"1": {"product:7": 3, "variant:70": 3}}
