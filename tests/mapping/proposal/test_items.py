"""Which items stand for what is no product, and how SKUs meet items."""

from __future__ import annotations

import pytest

from mapping.proposal.items import propose_items, propose_refund_items
from mapping.proposal.products import matches, propose_item_accounts
from mapping.proposal.proposed import Open, Proposed

LIABILITY = {"Gift certificates": ("Other Current Liability",)}
EXPENSE = {"Office": ("Expense",)}


def told(found):
    """Setting and item, None where there is none."""
    return {one.key[1]: one.value if isinstance(one, Proposed) else None for one in found}


@pytest.mark.parametrize(
    ("setting", "items", "chosen"),
    [
        ("shipping_item", {"Shipping": "Sales"}, "Shipping"),
        ("shipping_item", {"SHIPPING": "Sales"}, "SHIPPING"),
        ("shipping_item", {"Freight": "Sales"}, "Freight"),
        ("shipping_item", {"Freight": "Sales", "Shipping": "Sales"}, "Shipping"),  # the best name, not the first item
        ("shipping_item", {"Shipping boxes": "Sales"}, None),  # a product, for all that is known
        ("shipping_item", {"Shipping": ("Sales", "Group"), "Postage": "Sales"}, "Postage"),
        ("shipping_item", {}, None),
        ("discount_product", {"Discounts": "Sales"}, "Discounts"),
        ("discount_product", {"Discount": "Office"}, None),  # a discount that is an expense
        ("discount_product", {"Discount": "Office", "Coupons": "Sales"}, "Coupons"),
        ("gift_card_product", {"Gift card": "Gift certificates"}, "Gift card"),
        ("gift_card_product", {"Gift card": "Sales"}, None),  # selling one earns nothing yet
        ("rounding_product", {"Rounding": "Office"}, "Rounding"),
        ("default_product", {"Unknown item": "Sales"}, "Unknown item"),
        ("fee_item", {"Order fee": "Sales"}, "Order fee"),
        ("handling_item", {"Handling fee": "Sales"}, "Handling fee"),
        ("wrapping_item", {"Gift wrap": "Sales"}, "Gift wrap"),
        ("store_credit_product", {"Store credit": "Gift certificates"}, "Store credit"),
    ],
)
def test_items_are_told_by_name_and_account(company, setting, items, chosen):
    made = company(accounts=LIABILITY | EXPENSE, items=items)
    assert told(propose_items(made))[setting] == chosen


def test_an_inactive_item_is_none(company):
    made = company(items={"Shipping": "Sales"}, inactive=("Shipping",))
    assert told(propose_items(made))["shipping_item"] is None


def test_what_is_missing_says_what_follows_and_what_to_make(company):
    made = company(accounts=LIABILITY, items={"Gift card": "Sales"})
    open_ends = {one.key[1]: one for one in propose_items(made) if isinstance(one, Open)}
    assert open_ends["fee_item"].text == "Without it orders with fees are held."
    assert open_ends["fee_item"].fix == 'Make an item in QuickBooks ("Fee"), and name it.'
    gift = open_ends["gift_card_product"]
    assert gift.text == (
        'The item "Gift card" posts to "Sales" of type Income. It must be Long Term Liability or Other Current '
        "Liability. Without it orders with gift certificates are held."
    )
    assert gift.fix == (
        'Make an item in QuickBooks ("Gift certificate", on an account of type Long Term Liability or Other Current '
        "Liability), and name it."
    )


@pytest.mark.parametrize(
    ("items", "restocking", "adjusting"),
    [
        ({"Returned goods": "Sales", "Refunds": "Sales"}, "Returned goods", "Refunds"),
        ({"Returns": ("Sales", "Inventory")}, None, None),  # its stock would be counted
        ({"Returns": "Office", "Sales returns": "Sales"}, "Sales returns", None),
    ],
)
def test_items_of_refunds(company, items, restocking, adjusting):
    made = company(accounts=EXPENSE, items=items)
    assert told(propose_refund_items(made)) == {"no_restock_product": restocking, "adjustment_product": adjusting}


@pytest.mark.parametrize(
    ("skus", "match_by", "missing"),
    [
        (["A-1", "A-2", "A-3"], "sku", 1),  # two by SKU, none by name
        (["Lamp", "Mug", "a-1"], "name", 1),  # two by name, one by SKU
        (["Lamp", "A-1"], "sku", 1),  # as many: by SKU
        (["a-1", "A-1", " A-1 ", "", " "], "sku", 0),  # letters and blanks count for nothing
        ([], "sku", 0),
    ],
)
def test_how_skus_meet_items(company, skus, match_by, missing):
    made = company(items={"Lamp": "Sales", "Mug": "Sales"}, skus={"Lamp": "A-1", "Mug": "A-2"})
    found = matches(skus, made)
    assert (found.match_by, found.missing) == (match_by, missing)


def accounts_of(made):
    return {one.key[1]: one.value if isinstance(one, Proposed) else one.text for one in propose_item_accounts(made)}


STOCK = {"Inventory Asset": ("Other Current Asset", "Inventory")}
COGS = {"Cost of Goods Sold": ("Cost of Goods Sold", "SuppliesMaterialsCogs")}


def test_accounts_of_new_items(company):
    assert accounts_of(company(accounts=STOCK | COGS)) == {
        "inventory_accounts": {"income": "Sales", "asset": "Inventory Asset", "cogs": "Cost of Goods Sold"},
        "noninventory_accounts": {"income": "Sales", "expense": "Cost of Goods Sold"},
    }


def test_accounts_are_told_by_their_kind_where_their_names_are_others(company):
    made = company(
        accounts={
            "Bestand": ("Other Current Asset", "Inventory"),
            "Wareneinsatz": ("Cost of Goods Sold", "SuppliesMaterialsCogs"),
        }
    )
    found = accounts_of(made)["inventory_accounts"]
    assert found == {"income": "Sales", "asset": "Bestand", "cogs": "Wareneinsatz"}


def test_of_two_of_a_kind_none_is_proposed(company):
    two = dict.fromkeys(("Stock north", "Stock south"), ("Other Current Asset", "Inventory"))
    assert accounts_of(company(accounts=two | COGS))["inventory_accounts"] == (
        "No account is surely the one for asset: orders of such new products are held."
    )
