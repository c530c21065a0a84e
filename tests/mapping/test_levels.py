"""Levels that the shop should have, by hand: what QuickBooks has, less what the shop has sold and QuickBooks does not
know of yet; and when nothing may be written before a person has looked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartledger.errors import Problem
from cartledger.money import D
from cartledger.settings import Stock
from cartledger.stock import Allocation, LevelChange, Proposal, ProposalState, ShopLevel, Sold, StockItem
from mapping.allocation import allocation_of
from mapping.levels import is_unread, plan_levels, still_safe, trips

NOON = datetime(2026, 4, 28, 12, 0, tzinfo=UTC)
UNIT = "product:1"


def item(on_hand, *, sku="a", id_="7", active=True, read_at=NOON):
    quantity = None if on_hand is None else D(on_hand)
    return StockItem(item_id=id_, sku=sku, label=sku.upper(), on_hand=quantity, active=active, read_at=read_at)


def level(number, *, unit=UNIT, sku="a", sure=True, tracked=True, moves=0, trouble=""):
    return ShopLevel(
        unit=unit,
        sku=sku,
        label=sku.upper(),
        level=number,
        sure=sure,
        known_at=NOON - timedelta(days=1),
        moves=moves,
        trouble=trouble,
        tracked=tracked,
    )


def lines(units, *, booked=None, answered=None):
    """An order with all of its units by name."""
    more = order("1", 0, answered=answered)
    taken = {unit: D(number) for unit, number in units.items()}
    return replace(more, units=taken, booked=booked and {unit: D(number) for unit, number in booked.items()})


def order(id_, units, *, booked=None, answered=None, unit=UNIT):
    """`booked` units stand in QuickBooks, whose answer came `answered` seconds after noon."""
    return Allocation(
        order_id=id_,
        version="v",
        created=NOON - timedelta(hours=1),
        modified=NOON - timedelta(hours=1),
        units={unit: D(units)} if D(units) else {},
        booked=None if booked is None else {unit: D(booked)},
        booked_at=None if answered is None else NOON + timedelta(seconds=answered),
    )


def target(on_hand, *orders, stock=Stock()):  # noqa: B008 - frozen
    return plan_levels([item(on_hand)], [level(1)], orders, stock).targets[UNIT]


POSTED = order("1", 3, booked=3, answered=-60)
QUEUED, HELD, IN_DOUBT, AWAITING_PAYMENT = order("2", 2), order("3", 1), order("4", 1), order("5", 4)
LATE = order("6", 5, booked=5, answered=5)
CANCELLED, BEFORE_THE_START = order("7", 0), order("8", 0)
EIGHT = (POSTED, QUEUED, HELD, IN_DOUBT, AWAITING_PAYMENT, LATE, CANCELLED, BEFORE_THE_START)


@pytest.mark.option("stock.safety_stock")
def test_worked_example():
    assert target(20, *EIGHT) == 7
    assert target(20, *EIGHT, stock=Stock(safety_stock=1)) == 6
    assert target(20, *EIGHT, stock=Stock(safety_stock=9)) == 0


def test_the_example_at_the_next_reading_writes_nothing():
    read = item(15, read_at=NOON + timedelta(minutes=15))
    assert plan_levels([read], [level(7)], EIGHT, Stock()).changes == []


@pytest.mark.parametrize(
    ("forgotten", "wrong"),
    [({"6"}, 12), ({"5"}, 11), ({"5", "6"}, 16)],
)
def test_each_order_of_the_example_counts(forgotten, wrong):
    """What would be oversold if one looked only at what is not posted at the end, or only at what is being posted."""
    assert target(20, *(each for each in EIGHT if each.order_id not in forgotten)) == wrong


@pytest.mark.parametrize(
    ("on_hand", "orders", "new"),
    [
        ("20", [], 20),
        ("2.99", [], 2),
        ("2.50", [order("1", "0.75")], 1),
        ("0.99", [], 0),
        ("-0.01", [], 0),
        ("-5", [], 0),
        ("3", [order("1", 5)], 0),
        ("2147483648", [], 2147483647),
        # booked before, at and after the instant of the reading
        ("9", [order("1", 3, booked=3, answered=-0.000001)], 9),
        ("9", [order("1", 3, booked=3, answered=0)], 6),
        ("9", [order("1", 3, booked=3, answered=1)], 6),
        # edited from 3 to 5, from 3 to 1, and to nothing, before QuickBooks heard of it
        ("9", [order("1", 5, booked=3, answered=-60)], 7),
        ("9", [order("1", 1, booked=3, answered=-60)], 9),
        ("9", [order("1", 0, booked=3, answered=-60)], 9),
        # edited from 3 to 5, and QuickBooks was told after it was read: it may hold none of it, to be safe
        ("9", [order("1", 5, booked=5, answered=60)], 4),
        # another unit's
        ("9", [order("1", 5, unit="product:2")], 9),
        ("9", [order("1", 1), order("2", 2), order("3", 3)], 3),
    ],
)
def test_what_the_shop_may_sell(on_hand, orders, new):
    assert target(on_hand, *orders) == new


ANOTHER = {"product:5": 4, "variant:50": 4, "sku:5:50:a": 4}
ITSELF = {"product:1": 4, "variant:10": 4, "sku:1:10:a": 4}


@pytest.mark.parametrize(
    ("taken", "new"),
    [
        (lines(ANOTHER), 16),  # a product that is not counted, or one that was made anew under new ids
        (lines({"sku:0:0:a": 4}), 16),  # a line of no product
        (lines(ITSELF), 16),
        (lines({**ITSELF, "sku:1:10:a": 1, "sku:1:10:b": 3}), 16),  # two lines of it, one from before it was renamed
        (lines({**ITSELF, **ANOTHER}), 12),
        (lines({"product:1": 4, "variant:10": 4}), 16),  # read before lines told their SKUs
        (lines({"product:5": 4, "variant:50": 4}), 20),
        (lines({"product:5": 4, "sku:5:50:b": 4}), 20),
        (lines({"product:5": 4, "sku:5:50:b:a": 4}), 20),
        (lines(ANOTHER, booked=ANOTHER, answered=-1), 20),
        (lines(ANOTHER, booked={**ANOTHER, "sku:5:50:a": 1}, answered=-1), 17),
        (lines(ANOTHER, booked=ANOTHER, answered=0), 16),
        # booked before lines told their SKUs, and changed since: until it is booked again
        (lines(ANOTHER, booked={"product:5": 4, "variant:50": 4}, answered=-1), 16),
    ],
)
def test_an_order_takes_what_its_lines_are_in_the_shop_and_what_they_are_in_quickbooks(taken, new):
    assert target(20, taken) == new


def test_a_line_is_kept_back_of_each_item_that_it_may_be_of():
    """A product that was renamed in the shop since it was ordered, while another one has its name."""
    items, levels = [item(20), item(20, sku="b", id_="8")], [level(1), level(1, sku="b", unit="product:2")]
    renamed = lines({"product:1": 3, "variant:10": 3, "sku:1:10:b": 3})
    assert plan_levels(items, levels, [renamed], Stock()).targets == {UNIT: 17, "product:2": 17}


ids, folded = st.integers(0, 2), st.sampled_from(["", "a", "A ", "b"])


@given(
    sold=st.lists(st.tuples(ids, ids, folded, st.integers(0, 5)), max_size=5),
    unit=st.sampled_from(["product:1", "variant:2"]),
)
def test_no_line_counts_twice_and_none_is_overlooked(sold, unit):
    rows = [{"product_id": p, "variant_id": v, "sku": sku, "quantity": units} for p, v, sku, units in sold]
    dates = dict.fromkeys(("date_created", "date_modified"), "Tue, 28 Apr 2026 11:00:00 +0000")
    raw = {"id": 1, "status_id": 11, "products": rows, **dates}
    taken = allocation_of(raw, start=NOON.date(), zone=ZoneInfo("UTC"), as_sent=False)
    mine = sum(units for p, v, sku, units in sold if unit in (f"product:{p}", f"variant:{v}") or sku in ("a", "A "))
    assert plan_levels([item(100)], [level(1, unit=unit)], [taken], Stock()).targets[unit] == 100 - mine


def test_what_other_shops_sold_is_off_the_level_until_it_is_booked():
    """By SKU: their units are others."""
    sold = [order("1", 3, unit="variant:9"), order("1", 2, unit="variant:9", booked=2, answered=5), POSTED]
    elsewhere = [Sold(sku="a", unit=next(iter(each.units)), allocation=each) for each in sold]
    elsewhere.append(Sold(sku="b", unit="variant:8", allocation=order("2", 8, unit="variant:8")))
    plan = plan_levels([item(20)], [level(20)], [QUEUED], Stock(), elsewhere)
    assert [(change.allocated, change.new) for change in plan.changes] == [(7, 13)]


def test_a_change_tells_how_it_came_about():
    plan = plan_levels([item("20")], [level(25, moves=4)], [order("1", 2), order("2", 1)], Stock())
    assert plan.changes == [
        LevelChange(unit=UNIT, sku="a", label="A", item_id="7", old=25, on_hand=D(20), allocated=D(3), new=17, moves=4)
    ]


@pytest.mark.parametrize(
    ("number", "sure", "written"),
    [(20, True, []), (20, False, [20]), (21, True, [20]), (21, False, [20]), (19, True, [20])],
)
def test_a_level_is_written_where_it_differs_or_nobody_is_sure_of_it(number, sure, written):
    plan = plan_levels([item(20)], [level(number, sure=sure)], [], Stock())
    assert [change.new for change in plan.changes] == written


def test_an_ordinary_sale_is_no_difference():
    """The shop took 3 of 20 by itself; QuickBooks holds 20, then 17."""
    sold = order("1", 3)
    booked = replace(sold, booked=sold.units, booked_at=NOON + timedelta(minutes=1))
    later = item(17, read_at=NOON + timedelta(minutes=2))
    assert plan_levels([item(20)], [level(17)], [sold], Stock()).changes == []
    assert plan_levels([item(20)], [level(17)], [booked], Stock()).changes == []
    assert plan_levels([later], [level(17)], [booked], Stock()).changes == []


SEVERAL_ITEMS = "Several QuickBooks items have this SKU."
INACTIVE = "The QuickBooks item is inactive or gone."
NO_QUANTITY = "QuickBooks says no quantity of it."
SEVERAL_PRODUCTS = "The shop counts several products with this SKU."


@pytest.mark.parametrize(
    ("items", "levels", "why"),
    [
        ([item(5), item(6, id_="8")], [level(9)], [SEVERAL_ITEMS]),
        ([item(5, active=False)], [level(9)], [INACTIVE]),
        ([item(None, active=False)], [level(9)], [INACTIVE]),
        ([item(None)], [level(9)], [NO_QUANTITY]),
        ([item(5)], [level(9), level(9, unit="variant:2")], [SEVERAL_PRODUCTS, SEVERAL_PRODUCTS]),
        ([item(5, sku="b")], [level(9)], [INACTIVE]),
        ([item(5, sku="")], [level(9)], [INACTIVE]),
    ],
)
def test_what_is_left_alone_and_why(items, levels, why):
    plan = plan_levels(items, levels, [], Stock())
    assert (plan.changes, plan.targets) == ([], {})
    assert [skipped.why for skipped in plan.skipped] == why
    assert plan.lost == {each.unit: each.label for each in levels}


def test_what_the_shop_refused_is_left_alone_and_not_lost():
    refused = '"Item with variant_id 1 is tracked by product".'
    plan = plan_levels([item(5)], [level(9, trouble=refused)], [], Stock())
    assert (plan.changes, plan.lost, plan.tracked) == ([], {}, 1)
    assert [skipped.why for skipped in plan.skipped] == [
        f"The shop refuses it: {refused} It is left alone until the shop's levels are next read."
    ]


def test_an_inactive_item_does_not_stand_beside_an_active_one():
    plan = plan_levels([item(5), item(0, id_="8", active=False)], [level(9)], [], Stock())
    assert [(change.item_id, change.new) for change in plan.changes] == [("7", 5)]


def test_what_one_side_alone_has_is_nobodys_business():
    only_here, only_there = level(9, sku="b", tracked=False), item(5)
    plan = plan_levels([only_there], [only_here, level(3, sku="", unit="product:3", tracked=False)], [], Stock())
    assert (plan.changes, plan.skipped, plan.found, plan.lost) == ([], [], [], {})


def test_what_is_found_and_what_is_lost():
    items = [item(5), item(6, sku="b", id_="8"), item(None, sku="c", id_="9"), item(None, sku="d", id_="10")]
    levels = [
        level(5, tracked=False),
        level(6, sku="b", unit="product:2"),
        level(7, sku="c", unit="product:3"),
        level(8, sku="d", unit="product:4", tracked=False),
    ]
    plan = plan_levels(items, levels, [], Stock())
    assert (plan.found, plan.lost) == ([UNIT], {"product:3": "C"})
    assert (plan.tracked, plan.stocked, plan.emptied, plan.units) == (3, 3, 1, 18)


def shop_of(*pairs):
    """SKUs with what QuickBooks and the shop have of each."""
    items = [item(on_hand, sku=f"s{n}", id_=str(n)) for n, (on_hand, _) in enumerate(pairs)]
    levels = [level(number, sku=f"s{n}", unit=f"product:{n}") for n, (_, number) in enumerate(pairs)]
    return plan_levels(items, levels, [], Stock())


def codes(plan, *, first=False, **options):
    return [reason.code for reason in trips(plan, Stock(**options), first=first)]


@pytest.mark.option("stock.max_zero_percent")
@pytest.mark.parametrize(
    ("pairs", "options", "stops"),
    [
        ([(0, 1)] * 1 + [(9, 9)] * 9, {}, False),  # 10 %
        ([(0, 1)] * 2 + [(9, 9)] * 17, {}, True),  # just over
        ([(None, 1)] * 2 + [(9, 9)] * 17, {}, True),
        ([(-3, 1)] * 2 + [(9, 9)] * 17, {}, True),
        ([(0, 0)] * 20 + [(9, 9)], {}, False),  # what the shop does not have either
        ([(0, 0)] * 20 + [(0, 1)] + [(9, 9)] * 9, {}, False),  # 1 of 10, the empty ones do not count
        ([(0, 1), (9, 9), (9, 9)], {}, True),  # 1 of 3
        ([(0, 1), (9, 9), (9, 9)], {"max_zero_percent": 33}, True),
        ([(0, 1), (9, 9), (9, 9)], {"max_zero_percent": 34}, False),
        ([(0, 1)] + [(9, 9)] * 99, {"max_zero_percent": 0}, True),
        ([(0, 1)] * 50, {"max_zero_percent": 100, "max_drop_percent": 100}, False),
        ([(1, 0)] * 50, {}, False),
    ],
)
def test_a_share_of_skus_that_turn_to_zero_stops_everything(pairs, options, stops):
    assert ("mass_zero" in codes(shop_of(*pairs), **options)) is stops


@pytest.mark.option("stock.max_drop_percent")
@pytest.mark.parametrize(
    ("pairs", "options", "stops"),
    [
        ([(70, 100)], {}, False),
        ([(69, 100)], {}, True),
        ([(4, 10), (6, 10), (900, 10)], {}, True),  # what rises elsewhere makes up for nothing: 10 of 30
        ([(4, 10), (7, 10), (10, 10)], {}, False),  # 9 of 30
        ([(1, 2)], {}, True),
        ([(1, 2)], {"max_drop_percent": 50}, False),
        ([(99, 100)], {"max_drop_percent": 0}, True),
        ([(0, 5)], {"max_drop_percent": 100, "max_zero_percent": 100}, False),
        ([(None, 50), (9, 9)], {"max_zero_percent": 100}, False),  # what QuickBooks says nothing of does not fall
    ],
)
def test_a_share_of_units_that_would_go_stops_everything(pairs, options, stops):
    assert ("mass_drop" in codes(shop_of(*pairs), **options)) is stops


@pytest.mark.parametrize(
    ("pairs", "first", "found"),
    [
        ([(9, 8)], True, ["first_stock_run"]),
        ([(9, 9)], True, []),
        ([(9, 8)], False, []),
        ([(0, 8)], True, ["first_stock_run", "mass_zero", "mass_drop"]),
        ([(None, 8)], True, ["first_stock_run", "mass_zero"]),
        ([], True, []),
    ],
)
def test_the_first_run_stops_where_anything_would_change(pairs, first, found):
    assert codes(shop_of(*pairs), first=first) == found


def test_reasons_say_how_many_and_what_to_do():
    plan = shop_of(*[(0, 4)] * 3, *[(3, 4)] * 7)
    assert [str(reason) for reason in trips(plan, Stock(), first=True)] == [
        "It would be the first time that the shop's stock follows QuickBooks: 10 levels. "
        "Make sure that QuickBooks' quantities are right, then approve.",
        "QuickBooks says zero or nothing of 3 of the 10 SKUs that the shop has units of, more than "
        "stock.max_zero_percent (10 %). If these are gone indeed, approve; else reject and look at the items in "
        "QuickBooks.",
        "19 of the 40 units in the shop would go, more than stock.max_drop_percent (30 %). If these are gone indeed, "
        "approve; else reject and look at the items in QuickBooks.",
    ]


def test_what_is_approved_is_written_where_it_is_not_above_what_may_be_sold_by_now():
    items = [item(10, sku=f"s{n}", id_=str(n)) for n in range(5)]
    before = [level(99, sku=f"s{n}", unit=f"product:{n}") for n in range(5)]
    proposed = plan_levels(items, before, [], Stock()).changes
    now = [
        replace(before[0], level=96, moves=1),  # 3 sold, and QuickBooks has 4 more by now
        replace(before[1], level=98, moves=1),  # 1 sold, and QuickBooks has as many
        replace(before[2], level=10),  # somebody set it by hand meanwhile
        replace(before[3], trouble="no"),
        before[4],
    ]
    items[0] = item(14, sku="s0", id_="0")
    items[4] = item(None, sku="s4", id_="4")
    sold = [order("1", 3, unit="product:0"), order("2", 1, unit="product:1")]
    safe, left_out = still_safe(proposed, plan_levels(items, now, sold, Stock()), now)
    assert [(change.unit, change.new, change.moves) for change in safe] == [("product:0", 10, 1), ("product:2", 10, 0)]
    assert [change.unit for change in left_out] == ["product:1", "product:3", "product:4"]


def test_what_was_approved_of_one_sku_is_not_written_to_another():
    """The product was given another one in the shop since, which QuickBooks has more of."""
    items = [item(10), item(30, sku="b", id_="8")]
    proposed = plan_levels(items, [level(99)], [], Stock()).changes
    renamed = [level(99, sku="b")]
    safe, left_out = still_safe(proposed, plan_levels(items, renamed, [], Stock()), renamed)
    assert (safe, [change.label for change in left_out]) == ([], ["A"])


@pytest.mark.parametrize(
    ("reasons", "count", "unread"),
    [
        (["incomplete_stock"], 0, True),
        (["other_company"], 0, True),
        (["first_stock_run"], 3, False),
        (["mass_zero"], 0, False),
        (["mass_zero", "mass_drop"], 9, False),
    ],
)
def test_a_proposal_of_stock_that_could_not_be_read_is_told_from_one_that_can_be_approved(reasons, count, unread):
    proposal = Proposal(
        id=1,
        pair="p",
        made_at=NOON,
        reasons=tuple(Problem(code=code, text="") for code in reasons),
        state=ProposalState.WAITING,
        settled_at=None,
        who="",
        count=count,
        written=0,
    )
    assert is_unread(proposal) is unread


moments = st.integers(-600, 600).map(lambda seconds: NOON + timedelta(seconds=seconds))
quantities = st.none() | st.decimals(-50, 200, places=2)
skus = st.sampled_from(["a", "b", "c"])
shop_units = st.sampled_from(["product:1", "product:2", "variant:3"])
whole = st.integers(0, 30).map(D)
stock_items = st.builds(
    StockItem,
    item_id=st.sampled_from("123"),
    sku=skus,
    label=skus,
    on_hand=quantities,
    active=st.booleans(),
    read_at=moments,
)
shop_levels = st.builds(
    ShopLevel,
    unit=shop_units,
    sku=skus,
    label=skus,
    level=st.integers(-5, 200),
    sure=st.booleans(),
    known_at=moments,
    tracked=st.booleans(),
)
taken = st.dictionaries(shop_units, whole, max_size=3)
allocations = st.builds(
    Allocation,
    order_id=st.text("0123456789", min_size=1, max_size=4),
    version=st.just("v"),
    created=moments,
    modified=moments,
    units=taken,
    booked=st.none() | taken,
    booked_at=st.none() | moments,
)


@given(
    items=st.lists(stock_items, max_size=4, unique_by=lambda each: each.item_id),
    levels=st.lists(shop_levels, max_size=3, unique_by=lambda each: each.unit),
    orders=st.lists(allocations, max_size=5, unique_by=lambda each: each.order_id),
    safety=st.integers(0, 5),
)
def test_no_level_is_above_what_may_be_sold_and_none_is_written_twice(items, levels, orders, safety):
    stock = Stock(safety_stock=safety)
    plan = plan_levels(items, levels, orders, stock)
    by_id = {each.item_id: each for each in items}
    for change in plan.changes:
        of = by_id[change.item_id]
        assert of.on_hand is not None
        # Whatever QuickBooks cannot have known of when it was read.
        missing = sum(
            units - min(units, (each.booked or {}).get(change.unit, D(0)) if knew(each, of) else D(0))
            for each in orders
            for units in [each.units.get(change.unit, D(0))]
        )
        assert 0 <= change.new <= max(D(0), of.on_hand - missing - safety)
        assert change.new > of.on_hand - missing - safety - 1
    written = {change.unit: change.new for change in plan.changes}
    after = [
        replace(each, level=written.get(each.unit, each.level), sure=each.sure or each.unit in written)
        for each in levels
    ]
    assert plan_levels(items, after, orders, stock).changes == []


def knew(allocation, of):
    return allocation.booked_at is not None and allocation.booked_at < of.read_at
