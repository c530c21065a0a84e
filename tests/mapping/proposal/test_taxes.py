"""Rows of tax.map from the last orders, the code of no supply, and what nobody can tell."""

from __future__ import annotations

import pytest

from cartledger.money import D
from cartledger.records import read_order
from mapping.proposal.proposed import Proposed
from mapping.proposal.taxes import propose_taxes
from mapping.tax.rows import OrderTax

PER_LINE = {"UsingSalesTax": True}
UK = {"20.0% S": ["20"], "20.0% RC": ["20"], "5.0% R": ["5"], "0.0% Z": ["0"], "Exempt": ["0"], "No VAT": ["0"]}


@pytest.fixture
def proposed(company, make_connection, make_order, line):
    """Values by setting, and the open ends by setting, for samples of (place, (tax, rate)…)."""

    def look(*samples, tax_settings=None, **facts):
        found = []
        for number, (country, *taxes) in enumerate(samples, 1):
            bears = "1" if taxes else "0"
            raw = make_order(
                number,
                [line("A", 1, "5.00", tax=bears)],
                subtotal=("5", bears, str(5 + int(bears))),
                total=("5", bears, str(5 + int(bears))),
            )
            raw["billing_address"] = raw["billing_address"] | {"country_iso2": country}
            rows = [
                OrderTax(
                    name=name,
                    class_name="Default",
                    rate=D(rate),
                    amount=D(1),
                    order_product_id=1,
                    line_item_type="item",
                )
                for name, rate in taxes
            ]
            found.append(([read_order(raw)], rows))
        connection = make_connection(tax=tax_settings or {"map": {}})
        every = list(propose_taxes(found, connection, company(**facts)))
        values = {".".join(one.key): one.value for one in every if isinstance(one, Proposed)}
        return values, {".".join(one.key): one.text for one in every if not isinstance(one, Proposed)}

    return look


def us(codes):
    return {"codes": codes}


def test_a_row_for_each_tax(proposed):
    values, left = proposed(("US", ("State tax", "8.25")), ("US", ("City", "2")), **us({"TX": ["8.25"], "Town": ["2"]}))
    assert (values, left) == ({"tax.map": {"State tax": "TX", "City": "Town"}}, {})


def test_what_no_code_fits_is_left_to_a_person(proposed):
    values, left = proposed(("US", ("State tax", "8.25")), ("US", ("City", "2")), **us({"TX": ["8.25"]}))
    assert values == {"tax.map": {"State tax": "TX"}}
    assert left == {
        "tax.map.City": "The company has no tax code, or several, for this: your tax code of 2 %.",
    }


def test_of_several_codes_none_is_guessed(proposed):
    values, left = proposed(("US", ("State tax", "8")), **us({"Here": ["8"], "There": ["8"]}))
    assert (values, list(left)) == ({}, ["tax.map.State tax"])


@pytest.mark.parametrize(
    ("tax", "codes"),
    [({"PartnerTaxEnabled": True}, {"TX": ["8.25"]}), ({"UsingSalesTax": False}, {})],
    ids=["automated", "no sales tax"],
)
def test_companies_that_need_no_rows(proposed, tax, codes):
    assert proposed(("US", ("State tax", "8.25")), codes=codes, tax=tax) == ({}, {})


def test_without_a_taxed_order_the_companys_own_code_is_that_of_all(proposed):
    mine = {"UsingSalesTax": True, "TaxGroupCodeRef": {"value": "TX"}}
    assert proposed(("US",), codes={"TX": ["8.25"], "City": ["2"]}, tax=mine)[0] == {"tax.map": {"*": "TX"}}
    values, left = proposed(("US",), codes={"TX": ["0"]}, tax=mine)
    assert (values, left) == ({}, {"tax.map": "None of the last orders bears a tax."})


def test_where_every_line_has_a_code(proposed):
    values, left = proposed(
        ("GB", ("VAT", "20")), ("GB", ("VAT", "5")), ("GB",), codes=UK, tax=PER_LINE, country="GB", home="GBP"
    )
    assert values == {
        "tax.out_of_scope": "No VAT",
        "tax.map": {"VAT": "20.0% S", "VAT 5 %": "5.0% R", "none": "0.0% Z"},
    }
    assert left == {}


def test_no_supply_that_nobody_named(proposed):
    _, left = proposed(("GB", ("VAT", "20")), codes={"Standard": ["20"]}, tax=PER_LINE, country="GB", home="GBP")
    assert list(left) == ["tax.out_of_scope"]


def test_a_code_of_no_supply_bears_nothing(proposed):
    codes = {"Standard": ["20"], "No VAT": ["5"], "BAS Excluded": ["0"]}
    values, _ = proposed(("GB", ("VAT", "20")), codes=codes, tax=PER_LINE, country="GB", home="GBP")
    assert values["tax.out_of_scope"] == "BAS Excluded"


def test_what_was_mapped_stays(proposed):
    codes = {"TX": ["8.25"], "Town": ["2"]}
    assert proposed(("US", ("City", "2")), tax_settings={"map": {"*": "TX"}}, **us(codes)) == ({}, {})
