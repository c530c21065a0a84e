"""What the ledger believes of the shop's levels, what orders took from them, and what waits for a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cartledger.errors import Problem
from cartledger.ledger.types import Made
from cartledger.money import D
from cartledger.stock import Allocation, LevelChange, ProposalState, ShopLevel, StockItem

PAIR, OTHER = "abc123:9130", "xyz789:9130"
UNIT = "product:1"
REASONS = (Problem(code="mass_drop", text="Much would go.", fix="Look."),)


def item(clock, id_="7", sku="a", on_hand="5", **more):
    facts = {"label": sku.upper(), "on_hand": None if on_hand is None else D(on_hand), "active": True} | more
    return StockItem(item_id=id_, sku=sku, read_at=clock.now, **facts)


def level(clock, number=10, unit=UNIT, sku="a"):
    return ShopLevel(unit=unit, sku=sku, label=sku.upper(), level=number, sure=True, known_at=clock.now)


def order(clock, units=3, *, id_="1", version="v1", created=None, **more):
    """Placed and modified now. `units` of the one unit, or all of them by name."""
    by_unit = units if isinstance(units, dict) else {UNIT: units} if units else {}
    return Allocation(
        order_id=id_,
        version=version,
        created=created or clock.now,
        modified=clock.now,
        units={unit: D(number) for unit, number in by_unit.items()},
        **more,
    )


def change(new=4, *, unit=UNIT, moves=0):
    return LevelChange(
        unit=unit, sku="a", label="A", item_id="7", old=10, on_hand=D("4.5"), allocated=D(0), new=new, moves=moves
    )


@pytest.fixture
def stock(ledger, clock):
    """A level of 10, read long ago."""
    ledger.learn_levels(PAIR, [level(clock)])
    clock.step(86_400)
    return ledger


@pytest.fixture
def believed(ledger):
    """`believed()`: the level, whether it is sure."""

    def of(unit=UNIT):
        (found,) = (each for each in ledger.stock_levels(PAIR) if each.unit == unit)
        return found.level, found.sure

    return of


# What QuickBooks has


def test_items_are_remembered_as_they_were_last_read(ledger, clock):
    ledger.remember_items(PAIR, [item(clock), item(clock, "8", "b", None, active=False)])
    assert ledger.stock_items(PAIR) == [item(clock), item(clock, "8", "b", None, active=False)]
    earlier = item(clock, on_hand="9")
    clock.step(60)
    ledger.remember_items(PAIR, [newer := item(clock, on_hand="2.25")])
    ledger.remember_items(PAIR, [earlier])
    assert ledger.stock_items(PAIR)[0] == newer
    assert ledger.stock_items(OTHER) == []


def test_items_that_were_read_before_the_clock_was_set_back_are_not_the_newest(ledger, clock):
    """Else they would be believed for an hour, and what is booked meanwhile would seem to be in them."""
    clock.step(3600)
    ledger.remember_items(PAIR, [item(clock, on_hand="9")])
    clock.step(-3600)
    ledger.remember_items(PAIR, [now := item(clock, on_hand="2")])
    assert ledger.stock_items(PAIR) == [now]


def test_a_sku_is_sought_once_and_again_when_its_item_bears_another_one(ledger, clock):
    ledger.remember_items(PAIR, [item(clock), item(clock, "8", "b"), item(clock, "9", "a")])
    ledger.sought(PAIR, ["a"])
    assert [each.sought for each in ledger.stock_items(PAIR)] == [True, False, True]
    ledger.remember_items(PAIR, [item(clock, on_hand="6"), item(clock, "9", "c")])
    assert [each.sought for each in ledger.stock_items(PAIR)] == [True, False, False]


# What orders do to a level


def test_an_order_placed_well_after_the_level_was_known_moves_it_and_leaves_it_sure(stock, clock, believed):
    stock.allocate(PAIR, [order(clock, 3)])
    assert believed() == (7, True)
    stock.allocate(PAIR, [order(clock, 2, id_="2"), order(clock, 1, id_="3")])
    assert believed() == (4, True)


@pytest.mark.parametrize(
    ("after", "sure"),
    [(-3600, False), (0, False), (600, False), (601, True)],
)
def test_an_order_placed_before_or_as_the_shop_was_asked_leaves_nobody_sure(ledger, clock, believed, after, sure):
    ledger.learn_levels(PAIR, [level(clock)])
    known_at = clock.now
    clock.step(7200)
    placed = known_at + timedelta(seconds=after)
    ledger.allocate(PAIR, [replace(order(clock, 3), created=placed, modified=placed)])
    assert believed() == (7, sure)


@pytest.mark.parametrize(("minutes", "sure"), [(5, False), (10, False), (11, True)])
def test_an_order_that_took_the_same_in_another_version_near_a_write(stock, clock, believed, minutes, sure):
    """It may have been edited and edited back, with the write between the two."""
    stock.allocate(PAIR, [order(clock, 3)])
    stock.write_begins(PAIR, [UNIT])
    stock.written(PAIR, [change(4, moves=1)])
    clock.step(minutes * 60)
    stock.allocate(PAIR, [order(clock, 3, version="v2")])
    assert believed() == (4, sure)


def test_an_order_placed_near_a_write_leaves_nobody_sure(stock, clock, believed):
    stock.write_begins(PAIR, [UNIT])
    stock.written(PAIR, [change(4)])
    assert believed() == (4, True)
    clock.step(60)
    stock.allocate(PAIR, [order(clock, 3)])
    assert believed() == (1, False)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (3, 5, (5, False)),  # edited up: 3 were taken for sure, 2 perhaps
        (3, 1, (9, False)),
        (3, 0, (10, False)),  # cancelled: whether the units came back the shop's settings say
        (0, 3, (7, False)),  # it was incomplete before
        (3, 3, (7, True)),
        (3, {"product:2": 3}, (10, False)),
    ],
)
def test_a_change_of_an_order(stock, clock, believed, before, after, found):
    stock.allocate(PAIR, [order(clock, before)])
    clock.step(60)
    stock.allocate(PAIR, [order(clock, after, version="v2")])
    assert believed() == found


def test_an_order_read_twice_takes_its_units_once(stock, clock, believed):
    stock.allocate(PAIR, [order(clock, 3)])
    stock.allocate(PAIR, [order(clock, 3)])
    assert believed() == (7, True)


def test_a_stale_version_changes_nothing(stock, clock, believed):
    stale = order(clock, 9)
    clock.step(60)
    stock.allocate(PAIR, [order(clock, 3, version="v2")])
    stock.allocate(PAIR, [stale])
    assert believed() == (7, True)
    assert [each.version for each in stock.allocations(PAIR, clock.now)] == ["v2"]


@pytest.mark.parametrize("returns", [("", "2026-03-03"), ("2026-03-03", "2026-03-04"), ("2026-03-03", "")])
def test_units_that_the_shop_may_have_put_back_for_a_refund(stock, clock, believed, returns):
    before, after = returns
    stock.allocate(PAIR, [order(clock, 3, returns=before)])
    assert believed() == (7, not before)
    stock.write_begins(PAIR, [UNIT])
    stock.written(PAIR, [change(7, moves=1)])
    clock.step(60)
    stock.allocate(PAIR, [order(clock, 3, version="v2", returns=after)])
    assert believed() == (7, False)


def test_where_the_shop_takes_units_late_every_change_of_an_order_leaves_nobody_sure(stock, clock, believed):
    stock.allocate(PAIR, [order(clock, 3)], late=True)
    assert believed() == (7, False)
    stock.write_begins(PAIR, [UNIT])
    stock.written(PAIR, [change(7, moves=1)])
    stock.allocate(PAIR, [order(clock, 3)], late=True)
    assert believed() == (7, True)
    stock.allocate(PAIR, [order(clock, 3, version="shipped")], late=True)
    assert believed() == (7, False)


@pytest.mark.parametrize(("seconds", "sure"), [(0, True), (60, True), (61, False), (3600, False)])
def test_an_order_that_was_touched_before_it_was_first_read(stock, clock, believed, seconds, sure):
    """Whether the shop has moved its stock by an edit its settings say."""
    placed = clock.now
    clock.step(seconds)
    stock.allocate(PAIR, [order(clock, 3, created=placed)])
    assert believed() == (7, sure)


def test_an_order_that_counts_for_nothing_but_may_have_moved_the_stock(stock, clock, believed):
    cancelled = order(clock, 0, named=(UNIT,))
    stock.allocate(PAIR, [cancelled])
    assert believed() == (10, False)
    stock.write_begins(PAIR, [UNIT])
    stock.written(PAIR, [change(10, moves=1)])
    stock.allocate(PAIR, [cancelled])
    assert believed() == (10, True)
    stock.allocate(PAIR, [replace(cancelled, version="v2")])
    assert believed() == (10, False)


def test_parts_of_units_are_nothing_that_the_shop_counts(stock, clock, believed):
    stock.allocate(PAIR, [order(clock, "2.5")])
    assert believed() == (8, False)


def test_an_order_of_units_that_nobody_has_read_yet(ledger, clock):
    ledger.allocate(PAIR, [order(clock, {"variant:9": 1})])
    assert ledger.stock_levels(PAIR) == []
    assert ledger.allocations(PAIR, clock.now)[0].units == {"variant:9": D(1)}


# What of orders stands in QuickBooks


@pytest.fixture
def sold(shop, clock):
    """`sold("v1", 3)`: an order that is read with its units; its key."""

    def read(version="v1", units=3, **more):
        with shop.ledger.transaction():
            key = shop.read(version=version)
            shop.ledger.allocate(PAIR, [order(clock, units, version=version, **more)])
        return key

    return read


def answer(shop, claim, request_id="r-1", target_id="900"):
    """Everything planned is sent and made."""
    (sent,) = shop.send(claim, request_id=request_id)
    made = Made(target_id=target_id, sync_token="0", number="BC-1", amount=D("7.10"), currency="USD")
    shop.ledger.answered(sent.request_id, sent.bid, made)


def open_units(ledger, clock):
    """Units taken, units booked of what QuickBooks does not hold as a whole."""
    found = ledger.allocations(PAIR, clock.now + timedelta(seconds=1))
    return [(dict(each.units), each.booked and dict(each.booked)) for each in found]


def test_units_are_booked_when_the_last_answer_of_their_order_came(shop, clock, sold):
    key = sold()
    assert open_units(shop.ledger, clock) == [({UNIT: D(3)}, None)]
    claim = shop.ledger.plan(shop.claimed(key), [shop.part(), shop.part("payment", 1)], "rules")
    (sent,) = shop.send(claim, "invoice", request_id="r-1")
    clock.step(5)
    shop.ledger.answered(sent.request_id, sent.bid, shop.made("900"))
    assert open_units(shop.ledger, clock) == [({UNIT: D(3)}, None)]
    (sent,) = shop.send(shop.ledger.refresh(claim), "payment", request_id="r-2")
    at = clock.step(5)
    shop.ledger.answered(sent.request_id, sent.bid, shop.made("901"))
    assert open_units(shop.ledger, clock) == []
    (booked,) = shop.ledger.allocations(PAIR, at)
    assert (booked.booked, booked.booked_at) == ({UNIT: D(3)}, at)


def test_an_order_that_stands_as_it_is_is_booked(shop, clock, sold):
    shop.ledger.unchanged(shop.claimed(sold()), "rules")
    assert open_units(shop.ledger, clock) == []


def test_a_version_that_does_not_stand_yet_is_not_booked(shop, clock, sold):
    claim = shop.ledger.plan(shop.claimed(sold("v1", 3)), [shop.part()], "rules")
    clock.step(60)
    (sent,) = shop.send(claim, request_id="r-1")
    sold("v2", 5)
    shop.ledger.answered(sent.request_id, sent.bid, shop.made())
    assert open_units(shop.ledger, clock) == [({UNIT: D(5)}, {UNIT: D(3)})]
    shop.ledger.unchanged(shop.claimed(shop.key()), "rules")
    assert open_units(shop.ledger, clock) == []


def test_a_version_that_is_held_leaves_what_an_older_one_booked_after_it_was_read(shop, clock, sold):
    claim = shop.ledger.plan(shop.claimed(sold("v1", 3)), [shop.part()], "rules")
    (sent,) = shop.send(claim, request_id="r-1")
    clock.step(60)
    sold("v2", 5)
    shop.ledger.answered(sent.request_id, sent.bid, shop.made())
    claim = shop.ledger.plan(shop.claimed(shop.key()), [shop.part("payment")], "rules", problems=REASONS)
    (sent,) = shop.send(claim, "payment", request_id="r-2")
    shop.ledger.answered(sent.request_id, sent.bid, shop.made("901"))
    assert open_units(shop.ledger, clock) == [({UNIT: D(5)}, {UNIT: D(3)})]


@pytest.mark.parametrize("answered", [False, True])
def test_units_that_an_edit_gives_back_are_not_booked_any_more_once_it_is_sent(shop, clock, sold, answered):
    """Whether QuickBooks has given them back nobody knows; and as soon as it has, another edit may take them again."""
    shop.ledger.unchanged(shop.claimed(sold("v1", 5)), "rules")
    clock.step(60)
    claim = shop.ledger.plan(shop.claimed(sold("v2", 3)), [shop.part()], "rules")
    (sent,) = shop.send(claim, request_id="r-1")
    clock.step(60)
    sold("v3", 6)
    if answered:
        shop.ledger.answered(sent.request_id, sent.bid, shop.made())
    assert open_units(shop.ledger, clock) == [({UNIT: D(6)}, {UNIT: D(3)})]


def test_an_edit_is_missing_by_what_it_added_until_it_is_booked(shop, clock, sold):
    shop.ledger.unchanged(shop.claimed(sold("v1", 3)), "rules")
    clock.step(60)
    key = sold("v2", 5)
    assert open_units(shop.ledger, clock) == [({UNIT: D(5)}, {UNIT: D(3)})]
    shop.ledger.unchanged(shop.claimed(key), "rules")
    assert open_units(shop.ledger, clock) == []


def test_an_order_held_before_anything_stands_is_not_booked(shop, clock, sold):
    shop.ledger.hold(shop.claimed(sold()), REASONS, "rules")
    assert open_units(shop.ledger, clock) == [({UNIT: D(3)}, None)]


@pytest.mark.parametrize(("stood_before", "booked"), [(False, []), (True, [({UNIT: D(5)}, {UNIT: D(3)})])])
def test_an_order_that_is_held_for_a_part_of_it_after_the_rest_stands(shop, clock, sold, stood_before, booked):
    """What stood of an edited order before is known; what of the edit stands is not."""
    if stood_before:
        shop.ledger.unchanged(shop.claimed(sold("v1", 3)), "rules")
        clock.step(60)
    claim = shop.ledger.plan(shop.claimed(sold("v2", 5)), [shop.part()], "rules", problems=REASONS)
    answer(shop, claim)
    assert open_units(shop.ledger, clock) == booked


def test_orders_that_took_nothing_are_out_of_sight(stock, clock):
    """Most of what a shop has are carts that nobody ordered."""
    stock.allocate(PAIR, [order(clock, 0), order(clock, 3, id_="2"), order(clock, 0, id_="3", named=(UNIT,))])
    assert [each.order_id for each in stock.allocations(PAIR, clock.now)] == ["2"]


def test_orders_that_are_booked_stay_in_sight_while_quickbooks_was_read_before(shop, clock, sold):
    shop.ledger.unchanged(shop.claimed(sold()), "rules")
    at = clock.now
    assert [each.order_id for each in shop.ledger.allocations(PAIR, at)] == ["1"]
    assert shop.ledger.allocations(PAIR, at + timedelta(microseconds=1)) == []


def test_a_person_books_by_hand_what_will_never_be_posted(shop, clock, sold):
    key = sold()
    shop.ledger.exclude(shop.claimed(key), "paid in cash", "rules")
    assert [(each.order_id, rule) for each, rule in shop.ledger.never_booked(PAIR)] == [("1", "paid in cash")]
    assert shop.ledger.booked_by_hand(PAIR, "1")
    assert (shop.ledger.never_booked(PAIR), open_units(shop.ledger, clock)) == ([], [])
    assert shop.whats(key)[-1] == "stock adjusted by hand"
    assert not shop.ledger.booked_by_hand(PAIR, "1")
    assert not shop.ledger.booked_by_hand(PAIR, "2")


def test_orders_of_before_this_program_knew_of_stock_are_told_by_their_records(shop, sold):
    shop.read("2")
    sold()
    assert shop.ledger.without_allocation(PAIR) == {"2": b'{"v":"v1"}'}


# What the shop has, as it says and as it was told


def test_what_the_shop_shows_is_believed_anew(stock, clock, believed):
    stock.allocate(PAIR, [order(clock, 3, created=clock.now - timedelta(hours=1))])
    assert believed() == (7, False)
    clock.step(3600)
    stock.learn_levels(PAIR, [level(clock, 8, sku="b"), level(clock, 5, "product:2")])
    assert (believed(), believed("product:2")) == ((8, True), (5, True))
    assert [each.sku for each in stock.stock_levels(PAIR)] == ["b", "a"]


@pytest.mark.parametrize(("seconds", "found"), [(599, (4, True)), (600, (10, True))])
def test_the_shop_may_still_show_the_level_from_before_a_write(stock, clock, believed, seconds, found):
    stock.write_begins(PAIR, [UNIT])
    stock.written(PAIR, [change(4)])
    clock.step(seconds)
    stock.learn_levels(PAIR, [level(clock, 10)])
    assert believed() == found


@pytest.mark.parametrize(("seconds", "sure"), [(-600, False), (0, False), (600, False), (601, True)])
def test_a_level_that_is_learned_after_orders_of_the_same_minutes_are_remembered(stock, clock, believed, seconds, sure):
    """Whether the shop was read before it took these units or after."""
    stock.allocate(PAIR, [order(clock, 3)])
    read_at = clock.now + timedelta(seconds=seconds)
    stock.learn_levels(PAIR, [replace(level(clock, 10), known_at=read_at)])
    assert believed() == (10, sure)


def test_what_the_whole_shop_does_not_show_is_forgotten(stock, clock):
    stock.learn_levels(PAIR, [level(clock, 1, "product:2")])
    stock.learn_levels(OTHER, [level(clock, 1)])
    stock.learn_levels(PAIR, [level(clock, 1, "product:3")], whole=True)
    assert [each.unit for each in stock.stock_levels(PAIR)] == ["product:3"]
    assert [each.unit for each in stock.stock_levels(OTHER)] == [UNIT]


def test_nobody_is_sure_of_a_level_while_it_is_written(stock, believed):
    stock.write_begins(PAIR, [UNIT])
    assert believed() == (10, False)
    stock.written(PAIR, [change(4)])
    assert believed() == (4, True)


def test_a_level_that_orders_moved_since_its_change_was_worked_out_is_not_sure(stock, clock, believed):
    (worked_out_from,) = stock.stock_levels(PAIR)
    stock.allocate(PAIR, [order(clock, 3)])
    stock.write_begins(PAIR, [UNIT])
    stock.written(PAIR, [change(4, moves=worked_out_from.moves)])
    assert believed() == (4, False)
    (now,) = stock.stock_levels(PAIR)
    stock.write_begins(PAIR, [UNIT])
    stock.written(PAIR, [change(4, moves=now.moves)])
    assert believed() == (4, True)


def test_a_refused_level_is_troubled_until_it_is_learned_again(stock, clock):
    stock.write_begins(PAIR, [UNIT])
    stock.refused_levels(PAIR, {UNIT: '"no such product".'})
    assert [(each.trouble, each.sure) for each in stock.stock_levels(PAIR)] == [('"no such product".', False)]
    stock.learn_levels(PAIR, [level(clock, 10)])
    assert [(each.trouble, each.sure) for each in stock.stock_levels(PAIR)] == [("", False)]
    stock.refused_levels(PAIR, {UNIT: '"no such product".'})
    stock.written(PAIR, [change(4)])
    assert [(each.trouble, each.sure) for each in stock.stock_levels(PAIR)] == [("", True)]


def test_which_units_have_an_item(stock, clock):
    stock.learn_levels(PAIR, [level(clock, 1, "product:2")])
    stock.track(PAIR, [UNIT, "product:2"], tracked=True)
    stock.track(PAIR, ["product:2"], tracked=False)
    stock.learn_levels(PAIR, [level(clock)])
    assert [(each.unit, each.tracked) for each in stock.stock_levels(PAIR)] == [(UNIT, True), ("product:2", False)]


def test_how_many_levels_were_written_since(stock, clock):
    start = clock.now
    stock.written(PAIR, [change(4), change(5, unit="product:2")])
    clock.step(60)
    stock.written(PAIR, [change(3)])
    assert [stock.levels_written(PAIR, at) for at in (start, clock.now, clock.step(1))] == [3, 1, 0]
    assert stock.levels_written(OTHER, start) == 0


# What waits for a person


def test_a_proposal_is_kept_as_it_was_shown(ledger, clock):
    changes = [change(4), change(0, unit="product:2", moves=3)]
    number = ledger.propose(PAIR, REASONS, changes)
    found = ledger.proposal(number)
    assert found == ledger.waiting_proposal(PAIR)
    assert [found] == ledger.proposals(PAIR)
    assert (found.made_at, found.reasons, found.state) == (clock.now, REASONS, ProposalState.WAITING)
    assert (found.settled_at, found.who, found.count, found.written) == (None, "", 2, 0)
    assert ledger.proposed(number) == changes
    assert ledger.proposal(number + 1) is None
    assert ledger.waiting_proposal(OTHER) is None


def test_so_are_the_quantities_that_were_lost(ledger):
    lost = {"product:2": "MUG", "variant:7": 'Ö "1"'}
    for changes in ([change()], []):
        number = ledger.propose(PAIR, REASONS, changes, lost)
        assert ledger.proposal(number).lost == ledger.waiting_proposal(PAIR).lost == lost
    assert ledger.proposal(ledger.propose(PAIR, REASONS, [])).lost == {}


def test_one_waits_at_a_time_in_a_pair(ledger, clock):
    first, other = ledger.propose(PAIR, REASONS, [change()]), ledger.propose(OTHER, REASONS, [])
    clock.step(60)
    second = ledger.propose(PAIR, REASONS, [])
    assert [(each.id, each.state) for each in ledger.proposals(PAIR)] == [
        (second, ProposalState.WAITING),
        (first, ProposalState.WITHDRAWN),
    ]
    assert ledger.proposal(first).settled_at == clock.now
    assert ledger.waiting_proposal(OTHER).id == other


@pytest.mark.parametrize("state", [ProposalState.APPROVED, ProposalState.REJECTED, ProposalState.WITHDRAWN])
def test_the_first_to_decide_decides(ledger, clock, state):
    number = ledger.propose(PAIR, REASONS, [change()])
    at = clock.step(60)
    assert ledger.settle_proposal(number, state, "ann")
    clock.step(60)
    assert not ledger.settle_proposal(number, ProposalState.APPROVED, "bob")
    found = ledger.proposal(number)
    assert (found.state, found.settled_at, found.who) == (state, at, "ann")
    assert ledger.waiting_proposal(PAIR) is None
    assert ledger.ever_approved(PAIR) is (state is ProposalState.APPROVED)
    assert not ledger.ever_approved(OTHER)


def test_what_of_a_proposal_is_left_to_write(ledger):
    changes = [change(unit=f"product:{number}") for number in range(4)]
    number = ledger.propose(PAIR, REASONS, changes)
    ledger.proposal_written(number, ["product:0", "product:2"])
    ledger.proposal_left_out(number, ["product:3"])
    assert ledger.proposed(number) == changes
    assert ledger.proposed(number, left=True) == [changes[1]]
    assert (ledger.proposal(number).count, ledger.proposal(number).written) == (4, 2)
