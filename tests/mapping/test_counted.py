"""What both sides count: which item has which SKU, which unit of the shop has which, and what was booked since."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cartledger.stock import Allocation, ShopLevel, StockItem
from mapping.counted import booked_since, shop_levels, stock_item

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Row:
    sku: str
    product_id: int
    variant_id: int | None = None
    on_hand: int = 1


def told(**fields):
    return {"Id": "7", "Name": "Cup", "Sku": "CUP-1", "Type": "Inventory", "Active": True, "QtyOnHand": "2.50"} | fields


@pytest.mark.parametrize(
    ("fields", "match_by", "sku", "label", "on_hand", "active"),
    [
        ({}, "sku", "cup-1", "CUP-1", Decimal("2.50"), True),
        ({}, "name", "cup", "Cup", Decimal("2.50"), True),
        ({"Name": "Cup (deleted)", "Active": False}, "name", "cup", "Cup", Decimal("2.50"), False),
        ({"Sku": None}, "sku", "", "", Decimal("2.50"), True),
        ({"QtyOnHand": None}, "sku", "cup-1", "CUP-1", None, True),
        ({"QtyOnHand": Decimal(-3)}, "sku", "cup-1", "CUP-1", Decimal(-3), True),
        ({"QtyOnHand": 0}, "sku", "cup-1", "CUP-1", Decimal(0), True),
    ],
)
def test_an_item_as_quickbooks_tells_it(fields, match_by, sku, label, on_hand, active):
    assert stock_item(told(**fields), match_by=match_by, read_at=NOW) == StockItem(
        item_id="7", sku=sku, label=label, on_hand=on_hand, active=active, read_at=NOW
    )


@pytest.mark.parametrize("kind", ["NonInventory", "Service", "Group", "Category"])
def test_what_quickbooks_does_not_count_is_no_item(kind):
    assert stock_item(told(Type=kind), match_by="sku", read_at=NOW) is None


@pytest.mark.parametrize(
    ("rows", "tracking", "units"),
    [
        ([Row(sku="CUP", product_id=1, variant_id=10)], {1: "product"}, {"product:1": "cup"}),
        ([Row(sku="CUP", product_id=1)], {1: "product"}, {"product:1": "cup"}),
        ([Row(sku="CUP", product_id=1, variant_id=10)], {1: "variant"}, {"variant:10": "cup"}),
        ([Row(sku="CUP", product_id=1)], {1: "variant"}, {}),
        ([Row(sku="CUP", product_id=1, variant_id=10)], {1: "none"}, {}),
        ([Row(sku="CUP", product_id=1, variant_id=10)], {}, {}),
        ([Row(sku="", product_id=1)], {1: "product"}, {}),
        ([Row(sku="MUG", product_id=1)], {1: "product"}, {}),
        # Counted as a whole under two SKUs, or under one that is told of twice.
        (
            [Row(sku="CUP", product_id=1, variant_id=10), Row(sku="LID", product_id=1, variant_id=11)],
            {1: "product"},
            {},
        ),
        (
            [Row(sku="CUP", product_id=1, variant_id=10), Row(sku="cup", product_id=1)],
            {1: "product"},
            {"product:1": "cup"},
        ),
        # Two units with one SKU are both told of: nothing is written to either.
        (
            [Row(sku="CUP", product_id=1), Row(sku="CUP", product_id=2, variant_id=20)],
            {1: "product", 2: "variant"},
            {"product:1": "cup", "variant:20": "cup"},
        ),
    ],
)
def test_which_unit_has_which_sku(rows, tracking, units):
    levels = shop_levels(rows, tracking, skus={"cup", "lid"}, known_at=NOW)
    assert {level.unit: level.sku for level in levels} == units
    assert all((level.level, level.sure, level.known_at) == (1, True, NOW) for level in levels)


def item(item_id, sku, read_at=NOW):
    return StockItem(item_id=item_id, sku=sku, label=sku, on_hand=Decimal(1), active=True, read_at=read_at)


def level(unit, sku):
    return ShopLevel(unit=unit, sku=sku, label=sku, level=1, sure=True, known_at=NOW)


def allocation(units, booked=None, booked_at=None):
    return Allocation(
        order_id="1", version="v", created=NOW, modified=NOW, units=units, booked=booked, booked_at=booked_at
    )


ONE = Decimal(1)


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        (allocation({"product:1": ONE}), []),
        (allocation({"product:1": ONE}, {"product:1": ONE}, NOW - MINUTE), []),
        (allocation({"product:1": ONE}, {"product:1": ONE}, NOW), ["7"]),
        (allocation({"product:1": ONE}, {"product:1": ONE}, NOW + MINUTE), ["7"]),
        # An edit took all of it off again, or part of it; or it is of no item.
        (allocation({}, {"product:1": ONE}, NOW + MINUTE), ["7"]),
        (allocation({"variant:20": ONE}, {"product:1": ONE}, NOW + MINUTE), ["7", "8"]),
        (allocation({"product:9": ONE}, {"product:9": ONE}, NOW + MINUTE), []),
        # By the SKU of its line, where what was sold is not counted; once, where it is.
        (allocation({"sku:9:90:lid": ONE}, {"sku:9:90:lid": ONE}, NOW + MINUTE), ["8"]),
        (allocation({"product:1": ONE, "sku:1:10:cup": ONE}, {"product:1": ONE}, NOW + MINUTE), ["7"]),
        (allocation({"sku:9:90:jar": ONE}, {"sku:9:90:jar": ONE}, NOW + MINUTE), []),
    ],
)
def test_items_that_orders_moved_since_they_were_read(order, ids):
    items = {"7": item("7", "cup"), "8": item("8", "lid"), "9": item("9", "")}
    levels = [level("product:1", "cup"), level("variant:20", "lid")]
    assert sorted(booked_since(items, levels, [order])) == ids
