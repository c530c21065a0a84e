"""Which SKUs of the shop have an item in QuickBooks that counts, and what is said of the others."""

from __future__ import annotations

import pytest

from mapping.checks.stock import check_stock, check_whole_catalogue
from mapping.company import read_company

KEEPS = ["sales", "stock"]
NONE = ("warning", "No SKU of the shop has an active inventory item in QuickBooks: no level will be written.")
ITEMS = [
    {"Id": "71", "Name": "Lamp", "Sku": "LAMP-1", "Type": "Inventory", "Active": True},
    {"Id": "72", "Name": "Desk", "Sku": "DESK", "Type": "Inventory", "Active": False},
    {"Id": "73", "Name": "Plan", "Sku": "PLAN", "Type": "Service", "Active": True},
    {"Id": "74", "Name": "Tray 2", "Sku": "TRAY-2", "Type": "Inventory", "Active": True},
    {"Id": "75", "Name": "Old tray", "Sku": "tray-2", "Type": "NonInventory", "Active": False},
]


@pytest.fixture
def company(company_json):
    raw = company_json()
    return read_company(**{**raw, "items": raw["items"] + ITEMS})


def variants(*skus):
    return [{"id": number, "product_id": 1, "sku": sku} for number, sku in enumerate(skus)]


@pytest.mark.parametrize(
    ("match_by", "skus", "followed"),
    [
        ("sku", ["LAMP-1"], 1),
        ("sku", [" lamp-1 ", "Tray-2", None, ""], 2),
        ("sku", ["LAMP-1", "lamp-1"], 1),
        ("sku", ["DESK", "PLAN", "Lamp", "UNKNOWN"], 0),
        ("name", ["Lamp", "TRAY 2"], 2),
        ("name", ["LAMP-1", "Desk", "Plan"], 0),
        ("sku", [], 0),
    ],
)
def test_stock_follows_active_inventory_items(make_connection, company, match_by, skus, followed):
    connection = make_connection(workflows=KEEPS, products={"match_by": match_by})
    (said,) = check_stock(connection, company, variants(*skus), taken_late=None, approved=True)
    expected = ("note", f"Stock follows QuickBooks for {followed} SKUs, as far as the shop counts them.")
    assert (said.level, said.text) == (expected if followed else NONE)


@pytest.mark.parametrize(
    ("workflows", "late", "approved", "codes"),
    [
        (["sales"], True, False, []),
        (KEEPS, True, True, ["stock_taken_late", "stock_items"]),
        (KEEPS, False, False, ["stock_items", "first_stock_run"]),
        (KEEPS, None, True, ["stock_items"]),
    ],
)
def test_what_is_noted_of_stock(make_connection, company, workflows, late, approved, codes):
    connection = make_connection(workflows=workflows, products={"match_by": "sku"})
    found = check_stock(connection, company, variants("LAMP-1"), taken_late=late, approved=approved)
    assert [each.code for each in found] == codes


@pytest.mark.parametrize(
    ("products", "said"),
    [
        ({"create_missing": True, "sync": "all"}, "Of the 4 SKUs of the catalogue 1 have no item in QuickBooks"),
        ({"create_missing": True, "sync": "sold"}, None),
        ({}, None),
    ],
)
def test_an_item_is_made_where_there_is_none(make_connection, company, products, said):
    """One that is inactive, or not counted, is one."""
    connection = make_connection(products={"match_by": "sku", **products})
    found = check_whole_catalogue(connection, company, variants("LAMP-1", "DESK", "PLAN", "X", "", None))
    assert [each.text.partition(":")[0] for each in found] == ([said] if said else [])
