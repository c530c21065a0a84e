"""The last pass over documents, and what `check` finds in settings, company and catalogue."""

from __future__ import annotations

import pytest

from mapping.checks import WARNINGS, check_catalogue, check_connection
from mapping.company import read_company


@pytest.fixture
def checked(make_connection, company_json):
    """(code, text) of what `check` says of these settings."""

    def check(*, company=None, store_currency="USD", extra_items=(), **sections):
        raw = company_json()
        raw["items"] += extra_items
        found = check_connection(
            make_connection(**sections), "main", company or read_company(**raw), store_currency=store_currency
        )
        return [(problem.code, problem.text) for problem in found]

    return check


def test_nothing_to_say_of_a_right_connection(checked):
    assert checked() == []


def test_every_name_at_once_with_the_nearest(checked):
    found = checked(
        sales={"discount_product": "DSIC", "fee_item": "FEES", "default_product": "NOTHING LIKE IT"},
        payments={"default_account": "Clering", "methods": {"Card": {"account": "Office", "method": "Crad"}}},
        tax={"map": {"State": "Texsa"}},
    )
    assert found == [
        (
            "no_account",
            'connections.main: payments.default_account: QuickBooks has no account "Clering". Did you mean "Clearing"?',
        ),
        (
            "wrong_account_type",
            'connections.main: payments.methods."Card".account: the account "Office" is of type Expense.',
        ),
        (
            "no_payment_method",
            'connections.main: payments.methods."Card".method: QuickBooks has no payment method'
            ' "Crad". Did you mean "Card"?',
        ),
        ("no_item", 'connections.main: sales.default_product: QuickBooks has no item "NOTHING LIKE IT".'),
        ("no_item", 'connections.main: sales.discount_product: QuickBooks has no item "DSIC". Did you mean "DISC"?'),
        ("no_item", 'connections.main: sales.fee_item: QuickBooks has no item "FEES". Did you mean "FEE"?'),
        ("no_tax_code", 'connections.main: tax.map."State": QuickBooks has no tax code "Texsa". Did you mean "Texas"?'),
    ]


@pytest.mark.parametrize(
    ("setting", "item", "code"),
    [
        ("gift_card_product", "A", "wrong_account_type"),
        ("store_credit_product", "DISC", "wrong_account_type"),
        ("discount_product", "GIFT", "wrong_account_type"),
        ("discount_product", "ORPHAN", "wrong_account_type"),
        ("default_product", "KIT", "bundle_item"),
        ("default_product", "OLD", "inactive_item"),
        ("rounding_product", "ROUND", None),
        ("gift_card_product", "CREDIT", None),
    ],
)
def test_items_of_the_wrong_kind(checked, setting, item, code):
    extra = [
        {"Id": "900", "Name": "ORPHAN", "Type": "Service"},
        {"Id": "901", "Name": "KIT", "Type": "Group"},
        {"Id": "902", "Name": "OLD (deleted)", "Type": "Service", "Active": False},
    ]
    assert [code for code, _ in checked(sales={setting: item}, extra_items=extra)] == ([code] if code else [])


@pytest.mark.parametrize(
    ("forms", "sections", "code", "blocks"),
    [
        ({"AllowShipping": False}, {}, "no_shipping_item", True),
        ({"AllowDiscount": False}, {"sales": {"discount_product": None}}, "no_discount_product", True),
        ({"CustomTxnNumbers": False}, {}, "custom_numbers_off", False),
        ({}, {"sales": {"number_prefix": ""}}, "no_number_prefix", False),
        ({}, {"tax": {"map": {}}}, "unmapped_tax", False),
        ({}, {"tax": {"map": {"*": "Zero"}}}, "tax_code_without_rate", True),
        ({"currency": "AUD"}, {}, "foreign_currency", True),
    ],
)
def test_company_and_settings_that_do_not_fit(checked, make_company, forms, sections, code, blocks):
    assert [found for found, _ in checked(company=make_company(**forms), **sections)] == [code]
    assert (code not in WARNINGS) is blocks


def test_no_field_is_missed_where_an_item_stands_in(checked, make_company):
    company = make_company(AllowShipping=False, AllowDiscount=False)
    assert checked(company=company, sales={"shipping_item": "SHIP"}) == []


@pytest.mark.parametrize(
    ("tax", "found"),
    [
        ({"map": {"VAT": "20.0% S", "Books": "0.0% Z", "none @ export": "0.0% E"}}, []),
        ({"map": {}}, [("unmapped_tax", "tax.map is empty: orders with tax will be held.")]),
        (
            {"map": {"none": "20.0% S"}},
            [("tax_code_with_rate", 'tax.map."none": the tax code "20.0% S" has a rate of 20 %.')],
        ),
        (
            {"map": {"VAT @ DE": "Reverse"}},
            [("tax_code_with_rate", 'tax.map."VAT @ DE": the tax code "Reverse" has a rate of 20 % and -20 %.')],
        ),
        (
            {"map": {"VAT": "20 S"}},
            [("no_tax_code", 'tax.map."VAT": QuickBooks has no tax code "20 S". Did you mean "20.0% S"?')],
        ),
        (
            {"map": {"*": "20.0% S"}, "out_of_scope": "5.0% R"},
            [("tax_code_with_rate", 'tax.out_of_scope: the tax code "5.0% R" has a rate of 5 %.')],
        ),
        (
            {"map": {"*": "20.0% S"}, "out_of_scope": "No VTA"},
            [("no_tax_code", 'tax.out_of_scope: QuickBooks has no tax code "No VTA". Did you mean "No VAT"?')],
        ),
        (
            {"map": {"*": "20.0% S"}, "out_of_scope": None},
            [
                (
                    "no_out_of_scope",
                    "tax.out_of_scope is not set: orders with lines of sales.gift_card_product, "
                    "sales.store_credit_product will be held.",
                )
            ],
        ),
    ],
)
def test_taxes_where_every_line_has_a_code(checked, elsewhere_json, tax, found):
    told = checked(
        company=read_company(**elsewhere_json("uk")), store_currency="GBP", tax={"out_of_scope": "No VAT"} | tax
    )
    assert told == [(code, f"connections.main: {text}") for code, text in found]


def test_a_missing_code_of_no_supply_keeps_nothing_else_from_posting():
    assert "no_out_of_scope" in WARNINGS


def test_blank_and_twin_skus():
    variants = [
        {"id": 1, "product_id": 10, "sku": "MUG"},
        {"id": 2, "product_id": 11, "sku": "mug "},
        {"id": 3, "product_id": 12, "sku": ""},
        {"id": 4, "product_id": 13, "sku": None},
        {"id": 5, "product_id": 14, "sku": "BOWL"},
    ]
    assert [(problem.code, problem.text) for problem in check_catalogue(variants)] == [
        ("blank_sku", "No SKU: variant 3 of product 12."),
        ("blank_sku", "No SKU: variant 4 of product 13."),
        ("twin_skus", 'The SKU "MUG" is shared by variant 1 of product 10, variant 2 of product 11.'),
    ]
