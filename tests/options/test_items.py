"""Items that are made for SKUs without one: when, on which accounts, and from which day their stock is counted."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mapping.item import Product, item_body

STOCK = {"income": "Sales", "asset": "Inventory Asset", "cogs": "Cost of Goods Sold"}
OTHERS = {"income": "Fee income", "expense": "Cost of Goods Sold"}
BOWL = Product(sku="BOWL-1", name="Oak bowl", product_id=7)


@pytest.fixture
def make(connect):
    """The Item made for BOWL, its accounts by name, or the reasons why there is none."""

    def made(opening, **options):
        connection, company = connect(**options)
        body = item_body(BOWL, "Oak bowl", opening=opening, connection=connection, company=company)
        if isinstance(body, tuple):
            return {problem.code: (problem.text, problem.fix) for problem in body}
        names = {account.id: account.name for account in company.accounts_by_id.values()}
        return {field: names[value["value"]] if field.endswith("Ref") else value for field, value in body.items()}

    return made


@pytest.mark.option("products.create_missing")
def test_a_sku_without_an_item_has_one_made_or_is_held(decide, order, line):
    sold = order(line("NEW", 3, "30.00"), line("A", 1, "25.00"), line("new", 1, "10.00"))
    assert decide(sold).reasons == {"no_item": 'No QuickBooks item has the SKU "new" (Product new).'}
    decided = decide(sold, **{"products.create_missing": True})
    assert [product.sku for product in decided.decision.wants] == ["NEW"]
    assert decided.rows == [
        ("to be made", "3 × 10", "30.00", "NON"),
        ("Product A", "1 × 25", "25.00", "NON"),
        ("to be made", "1 × 10", "10.00", "NON"),
    ]


@pytest.mark.option("products.create_missing", "sales.default_product")
def test_what_has_a_sku_is_made_and_what_has_none_goes_to_the_default_product(decide, order, line):
    sold = order(line("NEW", 3, "30.00"), line("", 1, "25.00"))
    options = {"products.create_missing": True, "sales.default_product": "Unknown product"}
    decided = decide(sold, **options)
    assert [row[0] for row in decided.rows] == ["to be made", "Unknown product"]
    assert list(decide(sold, **{"products.create_missing": True}).reasons) == ["blank_sku"]


@pytest.mark.option("products.create_missing")
def test_nothing_is_made_for_an_order_that_is_held(decide, order, line):
    sold = order(line("NEW", 3, "30.00"), wrapping=("4.00", "0"))
    decided = decide(sold, without=["sales.wrapping_item"], **{"products.create_missing": True})
    assert list(decided.reasons) == ["no_wrapping_item"]


@pytest.mark.option(
    "products.inventory_accounts.income", "products.inventory_accounts.asset", "products.inventory_accounts.cogs"
)
@pytest.mark.parametrize(("company", "taxable"), [("us", {"Taxable": True}), ("us_ast", {"Taxable": True}), ("uk", {})])
def test_an_item_whose_stock_the_shop_counts(make, company, taxable):
    body = make(Decimal(10), company=company, start_date="2026-05-01", **{"products.inventory_accounts": STOCK})
    assert body == taxable | {
        "Name": "Oak bowl",
        "Sku": "BOWL-1",
        "Description": "Oak bowl",
        "Type": "Inventory",
        "TrackQtyOnHand": True,
        "QtyOnHand": Decimal(10),
        "InvStartDate": "2026-05-01",
        "IncomeAccountRef": "Sales",
        "AssetAccountRef": "Inventory Asset",
        "ExpenseAccountRef": "Cost of Goods Sold",
    }


@pytest.mark.option("products.noninventory_accounts.income", "products.noninventory_accounts.expense")
@pytest.mark.parametrize(("company", "taxable"), [("us", {"Taxable": True}), ("ca", {})])
def test_an_item_whose_stock_the_shop_does_not_count(make, company, taxable):
    body = make(None, company=company, **{"products.noninventory_accounts": OTHERS})
    assert body == taxable | {
        "Name": "Oak bowl",
        "Sku": "BOWL-1",
        "Description": "Oak bowl",
        "Type": "NonInventory",
        "IncomeAccountRef": "Fee income",
        "ExpenseAccountRef": "Cost of Goods Sold",
    }


@pytest.mark.option("start_date")
@pytest.mark.parametrize(
    ("closed", "day"), [(None, "2026-05-01"), ("2026-04-30", "2026-05-01"), ("2026-05-31", "2026-06-01")]
)
def test_stock_is_counted_from_the_first_day_that_can_be_posted(make, closed, day):
    body = make(
        Decimal(0),
        start_date="2026-05-01",
        preferences={"AccountingInfoPrefs": {"BookCloseDate": closed}},
        **{"products.inventory_accounts": STOCK},
    )
    assert body["InvStartDate"] == day


@pytest.mark.option(
    "products.inventory_accounts.income", "products.inventory_accounts.asset", "products.inventory_accounts.cogs"
)
@pytest.mark.parametrize(
    ("key", "name", "code", "text", "fix"),
    [
        ("income", "Checking", "wrong_account_type", 'the account "Checking" is of type Bank.', "It must be Income."),
        (
            "asset",
            "Checking",
            "wrong_account_type",
            'the account "Checking" is of type Bank.',
            "It must be Other Current Asset.",
        ),
        (
            "cogs",
            "Sales",
            "wrong_account_type",
            'the account "Sales" is of type Income.',
            "It must be Cost of Goods Sold.",
        ),
        (
            "asset",
            "Inventory Aset",
            "no_account",
            'QuickBooks has no account "Inventory Aset". Did you mean "Inventory Asset"?',
            "Correct products.inventory_accounts.asset.",
        ),
    ],
)
def test_wrong_accounts_of_stock(make, key, name, code, text, fix):
    found = make(Decimal(0), **{"products.inventory_accounts": STOCK | {key: name}})
    assert found == {code: (f"products.inventory_accounts.{key}: {text}", fix)}


@pytest.mark.option("products.noninventory_accounts.income", "products.noninventory_accounts.expense")
@pytest.mark.parametrize(
    ("key", "name", "text", "fix"),
    [
        ("income", "Checking", 'the account "Checking" is of type Bank.', "It must be Income or Other Income."),
        (
            "expense",
            "Inventory Asset",
            'the account "Inventory Asset" is of type Other Current Asset.',
            "It must be Cost of Goods Sold or Expense or Other Expense.",
        ),
    ],
)
def test_wrong_accounts_of_other_items(make, key, name, text, fix):
    found = make(None, **{"products.noninventory_accounts": OTHERS | {key: name}})
    assert found == {"wrong_account_type": (f"products.noninventory_accounts.{key}: {text}", fix)}


@pytest.mark.parametrize(
    ("opening", "section", "counts"),
    [(Decimal(0), "inventory_accounts", "counts"), (None, "noninventory_accounts", "does not count")],
)
def test_without_accounts_nothing_is_made(make, opening, section, counts):
    text = f"products.{section} is not set: no item can be made for products whose stock the shop {counts}."
    fix = f"Set products.{section}, or create the item in QuickBooks."
    assert make(opening) == {f"no_{section}": (text, fix)}
