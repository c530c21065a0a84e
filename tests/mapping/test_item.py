"""Names of new items, which item is taken for a SKU, and the stock it begins with."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from cartledger.errors import Problem
from cartledger.money import D
from cartledger.records import read_order
from mapping.choice import Create, Match
from mapping.item import NAME_FIELD, SKU_FIELD, Product, choose_item, names
from mapping.stock import is_counted, level_of, units_to_come

LONG = "Handwoven blanket of undyed highland wool with fringes on two sides, moth-proofed, colour may vary, large"


def product(sku="BOWL-1", name="Oak bowl"):
    return Product(sku=sku, name=name, product_id=7)


def row(number, name="", sku="", **more):
    return {
        "Id": str(number),
        "SyncToken": "3",
        "Name": name,
        "Sku": sku,
        "Type": "NonInventory",
        "Active": True,
    } | more


@pytest.mark.parametrize(
    ("name", "sku", "first"),
    [
        ("Oak bowl", "BOWL-1", ("Oak bowl", "Oak bowl (BOWL-1)", "BOWL-1", "BOWL-1 (2)")),
        ("Shelf: oak", "A:B", ("Shelf oak", "Shelf oak (A B)", "A B", "A B (2)")),
        ('Poster "Sea"', 'P"1', ("Poster 'Sea'", "Poster 'Sea' (P'1)", "P'1", "P'1 (2)")),
        ("", "BOWL-1", ("BOWL-1", "BOWL-1 (2)")),
        ("BOWL-1", "BOWL-1", ("BOWL-1", "BOWL-1 (BOWL-1)", "BOWL-1 (2)")),
    ],
)
def test_names_to_try(name, sku, first):
    assert names(product(sku, name), SKU_FIELD)[: len(first)] == first


@pytest.mark.parametrize("sku", ["BOWL-1", "S" * 60, "S" * 100])
def test_names_are_at_most_a_hundred_characters_and_all_different(sku):
    found = names(product(sku, LONG), SKU_FIELD)
    assert all(0 < len(name) <= 100 for name in found)
    assert len({name.casefold() for name in found}) == len(found)
    assert found[0].endswith("…")


def test_where_the_name_is_matched_it_is_the_sku():
    assert names(product(), NAME_FIELD) == ("BOWL-1",)


@pytest.mark.parametrize(
    ("field", "rows", "choice"),
    [
        (SKU_FIELD, [row(4, "Bowl", "bowl-1")], Match(id="4", sync_token="3")),
        (NAME_FIELD, [row(4, "bowl-1")], Match(id="4", sync_token="3")),
        (SKU_FIELD, [row(4, "Bowl", "BOWL-1"), row(4, "Bowl", "BOWL-1")], Match(id="4", sync_token="3")),
        (
            SKU_FIELD,
            [row(4, "Bowl", "BOWL-1"), row(5, "Old", "BOWL-1", Active=False)],
            Match(id="4", sync_token="3"),
        ),
        (SKU_FIELD, [], Create(name="Oak bowl")),
        (SKU_FIELD, [row(4, "OAK BOWL", "BOWL-2")], Create(name="Oak bowl (BOWL-1)")),
        (SKU_FIELD, [row(4, "Oak bowl (deleted)", "BOWL-2", Active=False)], Create(name="Oak bowl (BOWL-1)")),
        (SKU_FIELD, [row(4, "Oak bowl", Type="Category")], Create(name="Oak bowl (BOWL-1)")),
        (SKU_FIELD, [row(4, "Oak bowl", ParentRef={"value": "9"})], Create(name="Oak bowl")),
        (SKU_FIELD, [row(4, "BOWL-1")], Create(name="Oak bowl")),
    ],
)
def test_which_item_is_taken(field, rows, choice):
    assert choose_item(product(), rows, field) == choice


def test_a_name_that_was_refused_or_is_anothers_is_not_tried_again():
    assert choose_item(product(), [], SKU_FIELD, taken=["oak bowl"]) == Create(name="Oak bowl (BOWL-1)")


@pytest.mark.parametrize(
    ("field", "sku", "rows", "code"),
    [
        (SKU_FIELD, "BOWL-1", [row(4, "Bowl", "BOWL-1", Active=False)], "inactive_item"),
        (NAME_FIELD, "BOWL-1", [row(4, "BOWL-1 (deleted)", Active=False)], "inactive_item"),
        (SKU_FIELD, "BOWL-1", [row(4, "Bowl", "BOWL-1"), row(5, "Bowl, big", "bowl-1")], "ambiguous_item"),
        (SKU_FIELD, "BOWL-1", [row(4, "Bowls", "BOWL-1", Type="Group")], "bundle_item"),
        (NAME_FIELD, "BOWL-1", [row(4, "BOWL-1", Type="Category")], "item_name_taken"),
        (SKU_FIELD, "S" * 101, [], "unfit_sku"),
        (SKU_FIELD, "BOWL 🥣", [], "unfit_sku"),
        (SKU_FIELD, "BOWL  1", [], "unfit_sku"),
        (NAME_FIELD, "BOWL:1", [], "unfit_sku"),
    ],
)
def test_why_there_is_none(field, sku, rows, code):
    found = choose_item(product(sku), rows, field)
    assert isinstance(found, Problem)
    assert (found.code, bool(found.fix)) == (code, True)


def test_an_item_of_two_products_is_neither_found_nor_made():
    twice = Product(sku="BOWL-1", name="Oak bowl", product_id=7, others=("Tin bowl (product 9)",))
    for rows in ([], [row(4, "Bowl", "BOWL-1")]):
        found = choose_item(twice, rows, SKU_FIELD)
        assert isinstance(found, Problem)
        assert (found.code, found.text) == (
            "sku_of_several",
            'Several products of the shop have the SKU "BOWL-1": Oak bowl (product 7) and Tin bowl (product 9).',
        )


def test_a_colon_is_fit_for_a_sku():
    assert choose_item(product("BOWL:1"), [], SKU_FIELD) == Create(name="Oak bowl")


def counted(tracking, level, *, several=False):
    return {
        "id": 7,
        "inventory_tracking": tracking,
        "inventory_level": level,
        "base_variant_id": None if several else 9,
    }


VARIANTS = [
    {"product_id": 7, "sku": "BOWL-1", "inventory_level": 4},
    {"product_id": 7, "sku": "BOWL-2", "inventory_level": 9},
    {"product_id": 7, "sku": "bowl-1", "inventory_level": 3},
]


@pytest.mark.parametrize(
    ("catalogue", "is_so"),
    [
        (None, False),
        (counted("none", 5), False),
        (counted("product", 0), True),
        (counted("variant", 0, several=True), True),
    ],
)
def test_whether_the_shop_counts_the_stock(catalogue, is_so):
    assert is_counted(catalogue) is is_so


@pytest.mark.parametrize(
    ("catalogue", "level"),
    [
        (counted("product", 12), "12"),
        (counted("variant", 16, several=True), "7"),
        (counted("product", 12, several=True), "stock_of_several"),
    ],
)
def test_the_stock_of_a_sku(catalogue, level):
    found = level_of(product(), catalogue, VARIANTS)
    assert found.code == level if isinstance(found, Problem) else found == D(level)


@pytest.mark.parametrize(
    ("change", "units"),
    [
        ({}, 3),
        ({"status_id": 7}, 3),
        ({"status_id": 12}, 3),
        ({"status_id": 14}, 3),
        ({"status_id": 0}, 0),
        ({"status_id": 4}, 0),
        ({"status_id": 5}, 0),
        ({"status_id": 6}, 0),
        ({"order_source": "amazon"}, 0),
        ({"is_deleted": True}, 0),
        ({"date_created": "Fri, 01 May 2009 03:30:00 +0000"}, 0),
    ],
)
def test_units_that_the_books_will_still_sell(make_order, line, make_connection, change, units):
    """A bundle's children, the same SKU in other letters, and held orders count; what is never posted does not."""
    lines = [line("BOWL-1", 1, "9.00"), line("bowl-1", 2, "0.00", parent_order_product_id=1), line("MUG", 5, "1.00")]
    same = ("10.00", "0.00", "10.00")
    order = read_order(make_order(1, lines, subtotal=same, total=same) | change)
    found = units_to_come([order], make_connection(sales={"statuses": [2, 11]}), ZoneInfo("America/Chicago"))
    assert found.get("bowl-1", 0) == units


def test_what_is_not_shipped_yet_will_be(make_order, line, make_connection):
    same = ("9.00", "0.00", "9.00")
    order = read_order(make_order(1, [line("BOWL-1", 2, "9.00")], subtotal=same, total=same))
    connection = make_connection(sales={"document_date": "shipped"})
    assert units_to_come([order, order], connection, ZoneInfo("UTC")) == {"bowl-1": D(4)}
