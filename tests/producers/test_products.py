"""The catalogue is read whole once a day and by modification in between: no SKU is missed, none is remembered twice."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cartledger.ledger.types import Read
from cartledger.money import read_json
from cartledger.records import SourceKey
from producers.products import ITEM, ProductReading, read_products
from simulator.bigcommerce.dates import iso8601

PAIR = "sim5tore:1"


class Killed(Exception):
    """The process ends."""


@pytest.fixture
def add(world):
    """`add(7, "CUP", name="Cup", stock={"CUP-S": 3})`: a product, as of now."""

    def added(number, sku="", *, name="", price="10.00", stock=None):
        return world.sim.shop.add_product(
            sku=sku, name=name or f"Product {number}", price=Decimal(price), product_id=number, variants=stock
        )

    return added


@pytest.fixture
def read(world):
    def reading(on_page=lambda _: None):
        return read_products(
            ProductReading(pair=PAIR, shop=world.shop, memory=world.ledger, clock=world.clock, on_page=on_page)
        )

    return reading


def touch(world, row, **fields):
    row.update(fields, date_modified=iso8601(world.clock()))


def known(world):
    """The SKUs that have a source."""
    counted = world.ledger.unposted(PAIR, ITEM)
    return {read_json(record)["sku"] for record in counted.values()}


def record(world, sku):
    return read_json(world.ledger.unposted(PAIR, ITEM)[f"sku:{sku.lower()}"])


def counts(walk):
    return walk.read, walk.fresh, walk.gone


def test_every_sku_becomes_a_source_and_a_second_look_finds_nothing(world, add, read):
    add(7, "CUP", name="Cup")
    add(8, stock={"LAMP-R": 1, "LAMP-B": 2}, name="Lamp")
    add(9)
    assert counts(read()) == (3, 3, 0)
    assert known(world) == {"CUP", "LAMP-R", "LAMP-B"}
    assert record(world, "cup") == {"sku": "CUP", "name": "Cup", "product_id": 7, "tracking": "none", "price": 10}
    assert world.calls() == 1
    assert counts(read()) == (3, 0, 0)
    assert world.calls() == 1


@pytest.mark.parametrize(
    ("seconds", "calls"), [(1, 3), (0, 4)], ids=["touched one after the other", "all in one second"]
)
def test_a_catalogue_of_several_pages_is_read_to_its_end(world, add, read, seconds, calls):
    for number in range(1, 601):
        world.clock.step(seconds=seconds)
        add(number, f"S-{number}")
    walk = read()
    assert (walk.fresh, len(known(world)), world.calls()) == (600, 600, calls)


def test_between_two_whole_readings_only_what_was_touched_is_asked_for(world, add, read):
    rows = [add(number, f"S-{number}") for number in range(1, 301)]
    world.clock.step(hours=1)
    read()
    world.clock.step(hours=2)
    world.calls()
    touch(world, rows[4], price=Decimal(12))
    add(999, "NEW")
    assert counts(read()) == (2, 2, 0)
    assert world.calls() == 1
    assert record(world, "S-5")["price"] == 12


def test_what_was_touched_shortly_before_the_last_reading_is_not_missed(world, add, read):
    """The shop may show it a while later, under the time at which it happened."""
    row = add(7, "CUP")
    world.clock.step(hours=1)
    touched = iso8601(world.clock())
    world.clock.step(minutes=5)
    read()
    row["date_modified"], row["price"] = touched, Decimal(11)
    world.clock.step(minutes=5)
    read()
    assert record(world, "CUP")["price"] == 11


def test_products_that_are_touched_or_deleted_during_the_reading_hide_no_others(world, add, read):
    rows = []
    for number in range(1, 601):
        world.clock.step(seconds=1)
        rows.append(add(number, f"S-{number}"))
    world.clock.step(seconds=1)

    def meanwhile(walk):
        if walk.read == 250:
            touch(world, rows[0], price=Decimal(3))
            world.sim.shop.products.remove(rows[1])

    read(meanwhile)
    assert len(known(world)) == 600
    assert record(world, "S-1")["price"] == 3


def test_a_variant_whose_product_was_not_touched_is_noticed_within_a_day(world, add, read):
    row = add(8, stock={"LAMP-R": 1, "LAMP-B": 2})
    world.clock.step(hours=1)
    read()
    world.clock.step(hours=2)
    row["variants"][0]["price"] = Decimal(44)
    assert read().fresh == 0
    world.clock.step(hours=22)
    assert read().fresh == 1
    assert record(world, "LAMP-R")["price"] == 44


def test_what_is_deleted_is_noticed_within_a_day_and_stays_a_source(world, add, read):
    add(7, "CUP")
    world.sim.shop.products.remove(add(8, "LAMP"))
    gone = add(9, "MUG")
    read()
    world.sim.shop.products.remove(gone)
    world.clock.step(hours=23)
    assert read().gone == 0
    world.clock.step(hours=1)
    assert read().gone == 1
    assert world.ledger.shop_products(PAIR) == {7}
    assert known(world) == {"CUP", "MUG"}
    events = world.ledger.events(SourceKey(pair=PAIR, kind=ITEM, id="sku:mug"))
    assert [event.what for event in events] == ["read", "gone in the shop"]
    assert read().gone == 0


def test_a_sku_of_two_products_is_one_source_that_names_both(world, add, read):
    add(7, "CUP", name="Cup")
    read()
    world.clock.step(hours=1)
    second = add(8, "cup", name="Tin cup")
    assert read().fresh == 1
    assert record(world, "CUP")["others"] == ["Tin cup (product 8)"]
    world.clock.step(hours=1)
    touch(world, second, sku="TIN", variants=[])
    assert read().fresh == 2
    assert "others" not in record(world, "CUP")
    assert known(world) == {"CUP", "TIN"}


def test_a_product_that_changes_as_the_other_one_with_its_sku_goes_is_the_only_one(world, add, read):
    for number in range(1, 301):
        add(number, f"S-{number}")
    first, second = add(400, "CUP", name="Cup"), add(401, "cup", name="Tin cup")
    read()
    assert record(world, "CUP")["others"] == ["Tin cup (product 401)"]
    world.clock.step(days=1)
    touch(world, first, name="Big cup")
    world.sim.shop.products.remove(second)
    read(lambda _: world.clock.step(seconds=5))
    assert record(world, "CUP")["name"] == "Big cup"
    assert "others" not in record(world, "CUP")


def test_a_reading_that_is_cut_off_begins_again_where_it_began(world, add, read):
    for number in range(1, 601):
        world.clock.step(seconds=1)
        add(number, f"S-{number}")

    def die(walk):
        if walk.read > 250:
            raise Killed

    with pytest.raises(Killed):
        read(die)
    assert len(known(world)) == 499
    assert read().fresh == 101
    assert len(known(world)) == 600
    events = world.ledger.events(SourceKey(pair=PAIR, kind=ITEM, id="sku:s-1"))
    assert [event.what for event in events] == ["read"]


def test_the_catalogue_says_more_than_an_order_that_wanted_the_item_before(world, add, read):
    add(7, "CUP", name="Cup")
    world.clock.step(days=1)
    wanted = Read(id="sku:cup", version="v", record=b'{"sku":"CUP"}', modified=world.clock())
    world.ledger.remember(PAIR, ITEM, [wanted])
    assert read().fresh == 1
    assert record(world, "CUP")["name"] == "Cup"
