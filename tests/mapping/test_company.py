"""The company's lists as mapping reads them from QuickBooks' JSON."""

from __future__ import annotations

from datetime import date

import pytest

from cartledger.money import D
from mapping.company import Miss, TaxMode, find, kept_item, read_company, read_item


def test_facts(company_json):
    raw = company_json()
    raw["preferences"]["AccountingInfoPrefs"] = {"BookCloseDate": "2025-12-31"}
    company = read_company(
        **raw | {"info": {"CompanyInfo": raw["info"]}, "preferences": {"Preferences": raw["preferences"]}}
    )
    assert (company.home_currency, company.book_close_date, company.default_tax_code) == (
        "USD",
        date(2025, 12, 31),
        "2",
    )
    assert (company.custom_numbers, company.allows_shipping, company.allows_discount) == (True, True, True)
    assert company.tax_code("texas").percent == D("8.25")
    assert company.payment_method("card").id == "7"


@pytest.mark.parametrize(
    ("prefs", "codes", "country", "mode"),
    [
        ({"UsingSalesTax": True, "PartnerTaxEnabled": True}, [], "US", TaxMode.AUTOMATED),
        ({"UsingSalesTax": True, "PartnerTaxEnabled": False}, [], "US", TaxMode.NONE),
        ({"UsingSalesTax": False}, [], "US", TaxMode.NONE),
        ({"UsingSalesTax": False}, [], "AU", TaxMode.UNTAXED),
        ({"UsingSalesTax": True}, [], "US", TaxMode.PLAIN),
        ({"UsingSalesTax": True, "TaxGroupCodeRef": {"value": "2"}}, [], "AU", TaxMode.PLAIN),
        ({"UsingSalesTax": True}, [{"Id": "TAX", "Name": "TAX"}], "AU", TaxMode.PLAIN),
        ({"UsingSalesTax": True}, [{"Id": "5", "Name": "GST"}], "AU", TaxMode.PER_LINE),
    ],
)
def test_tax_mode_follows_preferences_before_the_country(company_json, prefs, codes, country, mode):
    raw = company_json(country=country) | {"tax_codes": codes}
    raw["preferences"]["TaxPrefs"] = prefs
    company = read_company(**raw)
    assert company.tax_mode is mode
    assert company.automated_tax is (mode is TaxMode.AUTOMATED)


def test_paths_win_over_bare_names_of_accounts(company_json):
    raw = company_json()
    raw["accounts"] += [
        {"Id": "900", "Name": "Clearing", "FullyQualifiedName": "Old bank:Clearing", "AccountType": "Bank"},
        {"Id": "901", "Name": "Till", "FullyQualifiedName": "North:Till", "AccountType": "Bank"},
        {"Id": "902", "Name": "Till", "FullyQualifiedName": "South:Till", "AccountType": "Bank"},
    ]
    company = read_company(**raw)
    assert company.account("clearing").id == "100"
    assert company.account("Old Bank:Clearing").id == "900"
    assert company.account("till").code == "ambiguous_account"
    assert company.account("south:till").id == "902"


def test_items_by_name_and_sku(company_json):
    raw = company_json()
    raw["items"] += [
        {"Id": "900", "Name": "Cup", "FullyQualifiedName": "Cups:Cup", "Sku": "C-1", "Type": "Inventory"},
        {"Id": "901", "Name": "Cups", "Type": "Category"},
        {"Id": "902", "Name": "Saucer (deleted)", "Sku": "S-1", "Type": "Service", "Active": False},
        {"Id": "903", "Name": "Saucer", "Sku": "c-1", "Type": "Service"},
    ]
    company = read_company(**raw)
    assert company.item(" cup ").id == company.item("cups:cup").id == "900"
    assert company.item("Cups").code == "no_item"
    assert company.item("saucer").id == "903"
    assert find(company.items_by_sku, "C-1") is Miss.AMBIGUOUS
    assert find(company.items_by_sku, "s-1") is Miss.INACTIVE
    assert find(company.items_by_sku, "") is Miss.NONE


def test_matching_by_sku(example, decide, make_connection, posted, rows):
    order = example("1")
    for line, sku in zip(order["products"], ("sku-a", "SKU-B"), strict=True):
        line["sku"] = sku
    connection = make_connection(products={"match_by": "sku"})
    assert [row[0] for row in rows(posted(decide(order, connection=connection)).body)][:2] == ["A", "B"]
    (first, second) = decide(order, connection=make_connection()).problems
    assert first.text == 'No QuickBooks item has the name "sku-a" (Product A).'
    assert second.code == "no_item"


@pytest.mark.parametrize(
    "item",
    [
        {"Id": "7"},
        {"Id": "7", "Name": "Lamp", "Type": "Service", "Active": False},
        {
            "Id": "7",
            "SyncToken": "3",
            "Name": "Lamp (deleted)",
            "FullyQualifiedName": "Lights:Lamp (deleted)",
            "Sku": "LAMP",
            "Type": "Inventory",
            "Active": True,
            "IncomeAccountRef": {"value": "79", "name": "Sales"},
            "Description": "A lamp",
            "QtyOnHand": D("4"),
            "MetaData": {"LastUpdatedTime": "2026-01-01T00:00:00-08:00"},
        },
    ],
)
def test_what_is_kept_of_an_item_tells_the_same(item):
    assert read_item(kept_item(item)) == read_item(item)
    assert not {"SyncToken", "Description", "QtyOnHand", "MetaData"} & kept_item(item).keys()
