"""What orders do to the shop's stock, as its settings say."""

from decimal import Decimal

import pytest

from simulator.bigcommerce import fulfilment
from simulator.bigcommerce.editing import edit_line
from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import refund, refund_rest
from simulator.bigcommerce.stock import counted

TAKEN_LATE = {"update_stock_behavior": "order_completed_or_shipped"}
PUT_BACK = {"refund_order_stock_adjustment": True}


@pytest.fixture
def stocked(shop):
    shop.add_product(sku="P1", name="Lamp", price=Decimal(9), product_id=1, tracked=True, stock=10)
    sizes = {"BOWL-S": 4, "BOWL-L": 3}
    shop.add_product(sku="", name="Bowl", price=Decimal(9), product_id=5, tracked=True, variants=sizes)
    shop.add_product(sku="FELT", name="Felt", price=Decimal(2), product_id=8)
    return shop


@pytest.fixture
def sell(stocked, order, line):
    """An order of lines (product id, variant id, units)."""

    def place(order_id, *lines, **fields):
        rows = [
            line(order_id * 10 + place, product_id=product, variant_id=variant, quantity=units)
            for place, (product, variant, units) in enumerate(lines)
        ]
        return stocked.sell(order(order_id, **fields), products=rows)

    return place


@pytest.fixture
def sold_in_full(stocked, sold):
    """Order 1001, whole: so many P1, taken from the stock."""

    def place(units, **more):
        made = sold((1, units, "9", "0"), **more)
        stocked.placed(made.id, made.header, made.products)
        return made

    return place


def test_an_order_takes_what_is_tracked(stocked, sell):
    sell(1, (1, 10_001, 3), (5, 20_005, 2), (8, 10_008, 7), (0, 0, 1), (77, 1, 1))
    assert stocked.levels() == {"P1": 7, "BOWL-S": 4, "BOWL-L": 1}
    assert [product["inventory_level"] for product in stocked.products] == [7, 5, 0]
    assert stocked.products[0]["variants"][0]["inventory_level"] == 7


def test_two_lines_of_one_product_take_both(stocked, sell):
    sell(1, (1, 10_001, 3), (1, 10_001, 2))
    assert stocked.levels()["P1"] == 5


def test_an_order_that_was_only_added_takes_nothing(stocked, order, line):
    stocked.add_order(order(1), products=[line(1, product_id=1, variant_id=10_001, quantity=3)])
    fulfilment.cancel(stocked, 1)
    stocked.set_status(1, 2)
    assert stocked.levels()["P1"] == 10


def test_no_level_is_below_zero_and_what_was_not_there_is_on_record(stocked, sell):
    sell(1, (1, 10_001, 8))
    sell(2, (1, 10_001, 5), (5, 10_005, 4))
    assert stocked.levels() == {"P1": 0, "BOWL-S": 0, "BOWL-L": 3}
    assert stocked.oversold == {"P1": 3}
    stocked.inventory_settings |= PUT_BACK
    stocked.set_status(2, 5)
    assert stocked.levels() == {"P1": 2, "BOWL-S": 4, "BOWL-L": 3}


@pytest.mark.parametrize(
    ("settings", "statuses", "levels"),
    [
        ({}, (0,), [10]),
        ({}, (0, 11), [10, 7]),
        ({}, (7, 11, 2, 10), [7, 7, 7, 7]),
        (TAKEN_LATE, (11, 3, 2, 10), [10, 10, 7, 7]),
        (TAKEN_LATE, (11, 10), [10, 7]),
        ({}, (11, 5), [7, 7]),
        (PUT_BACK, (11, 5), [7, 10]),
        (PUT_BACK, (11, 6), [7, 10]),
        (PUT_BACK, (11, 4), [7, 10]),
        (PUT_BACK, (11, 14), [7, 7]),
        (PUT_BACK, (11, 5, 11), [7, 10, 7]),
        ({}, (11, 5, 11), [7, 7, 7]),
        (PUT_BACK | TAKEN_LATE, (11, 5), [10, 10]),
        (PUT_BACK | TAKEN_LATE, (11, 2, 5), [10, 7, 10]),
    ],
)
def test_statuses_take_and_put_back(stocked, sell, settings, statuses, levels):
    stocked.inventory_settings |= settings
    first, *later = statuses
    sell(1, (1, 10_001, 3), status_id=first)
    found = [stocked.levels()["P1"]]
    for status in later:
        stocked.set_status(1, status)
        found.append(stocked.levels()["P1"])
    assert found == levels


def test_a_channel_may_say_otherwise_than_the_store(stocked, sell):
    stocked.channel_inventory_settings["1"] = TAKEN_LATE
    sell(1, (1, 10_001, 3))
    sell(2, (1, 10_001, 4), channel_id=2)
    assert stocked.levels()["P1"] == 6


@pytest.mark.parametrize(("adjusts", "more", "fewer", "none"), [(True, 4, 9, 10), (False, 7, 7, 7)])
def test_an_edited_line_moves_the_stock_where_the_store_says_so(stocked, sold_in_full, adjusts, more, fewer, none):
    stocked.inventory_settings["edit_order_stock_adjustment"] = adjusts
    sold_in_full(3)
    edit_line(stocked, 1001, 1, units=6)
    assert stocked.levels()["P1"] == more
    edit_line(stocked, 1001, 1, units=1)
    assert stocked.levels()["P1"] == fewer
    edit_line(stocked, 1001, 1, units=0)
    assert stocked.levels()["P1"] == none


def test_whoever_changes_lines_or_status_moves_the_stock(stocked, sell):
    stocked.inventory_settings |= PUT_BACK
    [line] = sell(1, (1, 10_001, 3)).products
    stocked.update(1, products=[line | {"quantity": 1}])
    assert stocked.levels()["P1"] == 9
    stocked.update(1, customer_message="Thank you")
    assert stocked.levels()["P1"] == 9
    stocked.update(1, status_id=5)
    assert stocked.levels()["P1"] == 10


def test_an_edited_order_that_was_cancelled_gives_back_what_it_had_in_the_end(stocked, sold_in_full):
    stocked.inventory_settings |= PUT_BACK
    sold_in_full(3, pays="by hand", status_id=7)
    edit_line(stocked, 1001, 1, units=5)
    assert stocked.levels()["P1"] == 5
    fulfilment.cancel(stocked, 1001)
    assert stocked.levels()["P1"] == 10


def test_an_edit_puts_back_no_more_than_the_order_took(stocked, sold_in_full):
    sold_in_full(12)
    edit_line(stocked, 1001, 1, units=0)
    assert (stocked.levels()["P1"], stocked.oversold) == (10, {"P1": 2})


def test_shipping_takes_the_stock_where_the_store_says_so(stocked, sold_in_full):
    stocked.inventory_settings |= TAKEN_LATE
    sold_in_full(3)
    fulfilment.ship(stocked, 1001, {1: 1})
    assert stocked.levels()["P1"] == 10
    fulfilment.ship(stocked, 1001)
    assert stocked.levels()["P1"] == 7


@pytest.mark.parametrize(("settings", "after"), [({}, 7), (PUT_BACK, 10)])
def test_an_order_refunded_in_full_is_put_back_where_the_store_says_so(stocked, sold_in_full, settings, after):
    stocked.inventory_settings |= settings
    sold_in_full(3)
    refund(stocked, 1001, Asked(products={1: 1}))
    assert stocked.levels()["P1"] == 7
    refund_rest(stocked, 1001)
    assert stocked.levels()["P1"] == after


def test_a_write_that_was_on_its_way_overwrites_what_an_order_took_meanwhile(stocked, sell, clock):
    lamp = next(item for item in counted(stocked.products) if item.sku == "P1")
    stocked.accept([(1, lamp, 8)], reason="", items=[])
    sell(1, (1, 10_001, 3))
    assert (stocked.levels()["P1"], stocked.levels(landed=True)["P1"]) == (7, 8)
    clock.tick()
    assert stocked.levels()["P1"] == 8


def test_an_order_finds_what_has_come_to_show_before_it(stocked, sell, clock):
    lamp = next(item for item in counted(stocked.products) if item.sku == "P1")
    stocked.accept([(1, lamp, 2)], reason="", items=[])
    clock.tick()
    sell(1, (1, 10_001, 3))
    assert (stocked.levels()["P1"], stocked.oversold) == (0, {"P1": 1})


def test_all_that_was_accepted_can_be_made_to_show(stocked):
    lamp = next(item for item in counted(stocked.products) if item.sku == "P1")
    stocked.adjustment_delay = 60
    stocked.accept([(1, lamp, 4)], reason="", items=[])
    stocked.adjustment_delay = 30
    stocked.accept([(1, lamp, 5)], reason="", items=[])
    stocked.land()
    assert stocked.levels()["P1"] == 4


def test_levels_are_those_of_the_default_location(stocked):
    lamp = next(item for item in counted(stocked.products) if item.sku == "P1")
    stocked.add_location(2)
    stocked.accept([(2, lamp, 4)], reason="", items=[])
    assert stocked.levels(landed=True)["P1"] == 10
    stocked.land()
    assert (stocked.levels()["P1"], stocked.level(lamp, 2)) == (10, 4)


@pytest.mark.parametrize(
    ("settings", "status", "taken"),
    [
        *(({}, status, True) for status in (11, 7, 2, 10, 14, 4)),
        *(({}, status, False) for status in (0, 5, 6)),
        *((TAKEN_LATE, status, False) for status in (11, 7, 0, 5, 6)),
        *((TAKEN_LATE, status, True) for status in (2, 10)),
    ],
)
def test_which_orders_have_taken_their_units(stocked, order, settings, status, taken):
    stocked.inventory_settings |= settings
    stocked.add_order(order(1, status_id=status))
    assert stocked.has_taken(1, stocked.orders[1].header) is taken
