"""Settings against the company: what only a look at its lists tells. (Each finding's sentence stands in
tests/road/commands/test_check_findings.py.)"""

from __future__ import annotations

import pytest

from mapping.checks.company import check_connection
from mapping.company import read_company


@pytest.fixture
def checked(make_connection, company_json):
    """(level, key, code) of what `check` says of these settings."""

    def check(*, company=None, store_currency="USD", extra_items=(), **sections):
        raw = company_json()
        raw["items"] += extra_items
        company = company or read_company(**raw)
        found = check_connection(make_connection(**sections), company, store_currency=store_currency)
        return [(one.level, ".".join(one.key), one.code) for one in found]

    return check


def test_nothing_to_say_of_a_right_connection(checked):
    assert checked() == []


def test_every_name_at_once(checked):
    assert checked(
        sales={"discount_product": "DSIC", "fee_item": "FEES", "default_product": "NOTHING LIKE IT", "class": "Web"},
        payments={"default_account": "Clering", "methods": {"Card": {"account": "Office", "method": "Crad"}}},
        tax={"map": {"State": "Texsa"}},
    ) == [
        ("problem", "payments.default_account", "no_account"),
        ("problem", "payments.methods.Card.account", "wrong_account_type"),
        ("problem", "payments.methods.Card.method", "no_payment_method"),
        ("problem", "sales.default_product", "no_item"),
        ("problem", "sales.discount_product", "no_item"),
        ("problem", "sales.fee_item", "no_item"),
        ("problem", "sales.class", "no_class"),
        ("problem", "sales.class", "class_not_tracked"),
        ("problem", "tax.map.State", "no_tax_code"),
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
    found = checked(sales={setting: item}, extra_items=extra)
    assert found == ([("problem", f"sales.{setting}", code)] if code else [])


@pytest.mark.parametrize(
    ("forms", "sections", "found"),
    [
        ({"AllowShipping": False}, {}, [("problem", "", "no_shipping_item")]),
        (
            {"AllowDiscount": False},
            {"sales": {"discount_product": None}},
            [("problem", "", "no_discount_product")],
        ),
        ({"AllowShipping": False, "AllowDiscount": False}, {"sales": {"shipping_item": "SHIP"}}, []),
        ({"CustomTxnNumbers": False}, {}, [("warning", "", "custom_numbers_off")]),
        ({"CustomTxnNumbers": False}, {"sales": {"automatic_numbers": True}}, []),
        ({}, {"sales": {"number_prefix": ""}}, [("warning", "", "no_number_prefix")]),
        ({}, {"tax": {"map": {}}}, [("warning", "", "unmapped_tax")]),
        ({}, {"tax": {"map": {"*": "Zero"}}}, [("problem", "tax.map.*", "tax_code_without_rate")]),
        ({"automated": True}, {"tax": {"map": {"*": "Zero"}}}, []),
        ({"automated": True}, {"tax": {"map": {}}}, []),
        ({"currency": "AUD"}, {}, [("problem", "", "foreign_currency")]),
        (
            {"AutoApplyCredit": True},
            {"sales": {"tenders_on_invoice": "credit_memo"}},
            [("problem", "sales.tenders_on_invoice", "applies_credits")],
        ),
        ({"AutoApplyCredit": True}, {}, []),
        ({}, {"sales": {"tenders_on_invoice": "credit_memo"}}, []),
        ({"ETransactionPaymentEnabled": True}, {"sales": {"allow_credit_card_payments": True}}, []),
        ({"DefaultCustomerMessage": "Thanks."}, {"sales": {"use_default_customer_message": True}}, []),
    ],
)
def test_company_and_settings_that_do_or_do_not_fit(checked, make_company, forms, sections, found):
    assert checked(company=make_company(**forms), **sections) == found


@pytest.mark.parametrize(
    ("tax", "found"),
    [
        ({"map": {"VAT": "20.0% S", "Books": "0.0% Z", "none @ export": "0.0% E"}}, []),
        ({"map": {}}, [("warning", "", "unmapped_tax")]),
        ({"map": {"none": "20.0% S"}}, [("problem", "tax.map.none", "tax_code_with_rate")]),
        ({"map": {"VAT @ DE": "Reverse"}}, [("problem", "tax.map.VAT @ DE", "tax_code_with_rate")]),
        ({"map": {"VAT": "20 S"}}, [("problem", "tax.map.VAT", "no_tax_code")]),
        ({"map": {"*": "20.0% S"}, "out_of_scope": "5.0% R"}, [("problem", "tax.out_of_scope", "tax_code_with_rate")]),
        ({"map": {"*": "20.0% S"}, "out_of_scope": "No VTA"}, [("problem", "tax.out_of_scope", "no_tax_code")]),
        ({"map": {"*": "20.0% S"}, "out_of_scope": None}, [("warning", "", "no_out_of_scope")]),
    ],
)
def test_taxes_where_every_line_has_a_code(checked, elsewhere_json, tax, found):
    company = read_company(**elsewhere_json("uk"))
    assert checked(company=company, store_currency="GBP", tax={"out_of_scope": "No VAT"} | tax) == found


def test_amounts_that_went_back_without_goods_are_no_supply_either(make_connection, elsewhere_json):
    company = read_company(**elsewhere_json("uk"))
    beside = dict.fromkeys(("gift_card_product", "store_credit_product", "rounding_product"))
    refunds = {"adjustment_product": "ADJUSTMENT"}
    connection = make_connection(tax={"map": {"*": "20.0% S"}}, sales=beside, refunds=refunds)
    texts = {one.code: one.text for one in check_connection(connection, company, store_currency="GBP")}
    assert texts["no_out_of_scope"] == (
        "tax.out_of_scope is not set: orders with lines of refunds.adjustment_product will be held."
    )


@pytest.mark.option("closed_books")
@pytest.mark.parametrize(
    ("policy", "start", "warned"),
    [("hold", "2026-03-31", True), ("hold", "2026-04-01", False), ("first_open_day", "2026-03-31", False)],
)
def test_closed_books_end_before_the_start(checked, company_json, policy, start, warned):
    raw = company_json()
    raw["preferences"]["AccountingInfoPrefs"]["BookCloseDate"] = "2026-03-31"
    noted, *found = checked(company=read_company(**raw), start_date=start, closed_books=policy)
    assert noted == ("note", "closed_books", "closing_date")
    assert found == ([("warning", "start_date", "books_closed")] if warned else [])


@pytest.mark.parametrize(
    ("prefs", "section", "found"),
    [
        ({"ClassTrackingPerTxn": True}, {"class": "Web"}, []),
        ({"ClassTrackingPerTxnLine": True}, {"class": "Parent:Web"}, []),
        ({"TrackDepartments": True}, {"class": "Web"}, [("problem", "sales.class", "class_not_tracked")]),
        ({"TrackDepartments": True}, {"location": "High Street"}, []),
        (
            {"ClassTrackingPerTxn": True},
            {"location": "High Street"},
            [("problem", "sales.location", "location_not_tracked")],
        ),
    ],
)
def test_what_the_company_tracks(checked, company_json, prefs, section, found):
    raw = company_json() | {
        "classes": [{"Id": "1", "Name": "Web", "FullyQualifiedName": "Parent:Web", "Active": True}],
        "departments": [{"Id": "1", "Name": "High Street", "FullyQualifiedName": "High Street", "Active": True}],
    }
    raw["preferences"]["AccountingInfoPrefs"] = prefs
    assert checked(company=read_company(**raw), sales=section) == found


def in_euros(company_json, *, multicurrency=True):
    """A company with an account in dollars, one in euros and one in pounds."""
    raw = company_json()
    raw["preferences"]["CurrencyPrefs"]["MultiCurrencyEnabled"] = multicurrency
    for number, currency in enumerate(("EUR", "GBP"), 900):
        account = {"Id": str(number), "Name": currency, "FullyQualifiedName": currency, "AccountType": "Bank"}
        raw["accounts"].append(account | {"Active": True, "CurrencyRef": {"value": currency}})
    return read_company(**raw)


@pytest.mark.parametrize(
    ("payments", "found"),
    [
        ({"default_accounts": {"EUR": "EUR"}}, []),
        ({"default_accounts": {"EUR": "Clearing"}}, []),
        ({"default_accounts": {"EUR": "GBP"}}, [("problem", "payments.default_accounts.EUR", "account_currency")]),
        ({"default_account": "EUR"}, [("problem", "payments.default_account", "account_currency")]),
        (
            {"methods": {"PayPal": {"account": "PayPal", "accounts": {"EUR": "EUR", "GBP": "EUR"}}}},
            [("problem", "payments.methods.PayPal.accounts.GBP", "account_currency")],
        ),
    ],
)
def test_accounts_by_currency(checked, company_json, payments, found):
    assert checked(company=in_euros(company_json), payments=payments) == found


def test_a_company_with_one_currency_needs_no_accounts_in_others(checked, company_json):
    payments = {
        "default_accounts": {"EUR": "Clearing"},
        "methods": {"PayPal": {"account": "PayPal", "accounts": {"GBP": "Clearing"}}},
    }
    found = checked(company=in_euros(company_json, multicurrency=False), payments=payments)
    assert found == [
        ("warning", "payments.default_accounts.EUR", "one_currency"),
        ("warning", "payments.methods.PayPal.accounts.GBP", "one_currency"),
    ]


def test_a_shop_of_another_currency_than_a_company_that_has_several(checked, company_json):
    assert checked(company=in_euros(company_json), store_currency="EUR") == []


@pytest.mark.option("sales.exchange_rate")
@pytest.mark.parametrize(("store_currency", "codes"), [("EUR", ["shop_rate_unusable"]), ("USD", []), ("", [])])
def test_the_rates_of_such_a_shop_are_of_no_use(checked, company_json, store_currency, codes):
    sales = {"exchange_rate": "shop"}
    found = checked(company=in_euros(company_json), store_currency=store_currency, sales=sales)
    assert found == [("problem", "sales.exchange_rate", code) for code in codes]
