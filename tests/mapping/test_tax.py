"""Which tax code a document bears, and what is read to know it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cartledger.errors import BadRecord
from cartledger.money import D
from mapping.company import read_company
from mapping.decision import Fact, Needs
from mapping.tax.rows import OrderTax, read_taxes


def row(name, *, class_name="Default Tax Class", amount="1.00"):
    return OrderTax(
        name=name,
        class_name=class_name,
        rate=D("8.25"),
        amount=D(amount),
        order_product_id=None,
        line_item_type="item",
    )


@pytest.fixture
def code_of(example, decide, make_connection, posted):
    """The code of worked example 1 (8.25 %) under a tax map."""

    def find(mapping, taxes=None, **options):
        decision = decide(example("1"), connection=make_connection(tax={"map": mapping}), taxes=taxes, **options)
        return posted(decision).body["TxnTaxDetail"]["TxnTaxCodeRef"]["value"]

    return find


@pytest.fixture
def decide_with(example, decide, make_connection):
    def find(mapping, taxes=None, **options):
        return decide(example("1"), connection=make_connection(tax={"map": mapping}), taxes=taxes, **options)

    return find


def test_one_code_for_every_tax_needs_no_look(code_of):
    assert code_of({"*": "Low"}) == "3"
    assert code_of({"*": "Low", "State": "low"}) == "3"


def test_the_code_whose_rate_gives_every_tax_to_the_cent(code_of):
    assert code_of({"State": "Texas", "County": "Low"}) == "2"
    assert code_of({"State": "Texas", "*": "Low"}) == "2"


def test_a_rate_that_gives_no_tax_to_the_cent_needs_the_rows(decide_with, code_of):
    assert decide_with({"State": "Low"}) == Needs(fact=Fact.TAXES)
    assert code_of({"State": "Low"}, [row("State")]) == "3"


def test_two_codes_of_one_rate_need_the_rows(decide_with, code_of, company_json, example, decide, make_connection):
    company = company_json()
    twin = next(code for code in company["tax_codes"] if code["Name"] == "Texas") | {"Id": "8", "Name": "Texas twin"}
    company["tax_codes"].append(twin)
    company = read_company(**company)
    mapping = {"State": "Texas", "City": "Texas twin"}
    assert decide_with(mapping, company=company) == Needs(fact=Fact.TAXES)
    assert code_of(mapping, [row("city")], company=company) == "8"


def test_unknown_shares_need_the_rows(make_order, line, decide, make_connection):
    """At 8 % on what is left of 50.00 the tax is the same as at 4 % on all of it."""
    order = make_order(
        1,
        [line("A", 1, "50.00", tax="2.00")],
        subtotal=("50.00", "2.00", "52.00"),
        coupon_discount="25.00",
        total=("25.00", "2.00", "27.00"),
    )
    assert decide(order, connection=make_connection(tax={"map": {"State": "Low"}})) == Needs(fact=Fact.TAXES)


def test_rows_are_mapped_by_name_then_class_then_every(code_of):
    assert code_of({"State": "Low", "Default Tax Class": "City"}, [row("STATE")]) == "3"
    assert code_of({"Nowhere": "Low", "default tax class": "City"}, [row("Tax")]) == "5"
    assert code_of({"Nowhere": "Low", "*": "City"}, [row("Tax")]) == "5"


def test_rows_without_tax_say_nothing(decide_with):
    rows = [row("State"), row("Elsewhere", amount="0.00")]
    assert decide_with({"State": "Low"}, rows).documents[0].body["TxnTaxDetail"]["TxnTaxCodeRef"] == {"value": "3"}


def test_unmapped_taxes_are_named_with_their_class(decide_with):
    rows = [row("County", class_name="Food"), row("County", class_name="Food"), row("State")]
    (problem,) = decide_with({"State": "Low"}, rows).problems
    assert (problem.code, problem.text) == (
        "unmapped_tax",
        'The tax "County" (class "Food", 8.25 %) is not mapped to a QuickBooks tax code.',
    )


def test_without_any_map_the_rows_tell_what_to_map(decide_with):
    assert decide_with({}) == Needs(fact=Fact.TAXES)
    assert [problem.code for problem in decide_with({}, [row("State")]).problems] == ["unmapped_tax"]


def test_a_taxed_order_without_rows(decide_with):
    assert [problem.code for problem in decide_with({"State": "Low"}, []).problems] == ["unmapped_tax"]


def test_two_codes_on_one_document_are_held(decide_with):
    (problem,) = decide_with({"State": "Low", "Town": "City"}, [row("State"), row("Town")]).problems
    assert problem.code == "mixed_tax_codes"
    assert '"City", "Low"' in problem.text


def test_two_rates_told_by_the_lines_are_held(make_order, line, decide, make_connection, codes):
    order = make_order(
        1,
        [line("A", 1, "100.00", tax="8.25"), line("B", 1, "100.00", tax="4.00")],
        subtotal=("200.00", "12.25", "212.25"),
        total=("200.00", "12.25", "212.25"),
    )
    assert codes(decide(order, connection=make_connection(tax={"map": {"State": "Texas", "Food": "Low"}}))) == {
        "mixed_tax_codes"
    }


def test_codes_that_cannot_carry_tax(decide_with, codes):
    assert codes(decide_with({"*": "Zero"})) == {"tax_code_without_rate"}
    (problem,) = decide_with({"*": "Texsa"}).problems
    assert problem.text == 'tax.map."*": QuickBooks has no tax code "Texsa". Did you mean "Texas"?'


def test_automated_companies_take_any_code_and_read_nothing(code_of, make_company):
    company = make_company(automated=True)
    assert code_of({}, company=company) == "2"
    assert code_of({"State": "Low"}, company=company) == "3"
    assert code_of({"State": "Low", "City": "Zero"}, company=company) == "2"
    assert code_of({"State": "Low", "*": "Zero"}, company=company) == "4"
    assert code_of({}, company=replace(company, default_tax_code="99")) == "2"


def test_an_automated_company_without_codes_is_held(decide_with, make_company, codes):
    company = replace(make_company(automated=True), tax_codes={})
    assert codes(decide_with({}, company=company)) == {"no_tax_code"}


def test_read_taxes():
    (first, second) = read_taxes(
        [
            {"name": "Tax", "class": "Food", "rate": "8.0000", "line_amount": "17.6400", "order_product_id": "65"}
            | {"line_item_type": "item"},
            {"name": "Tax", "class": None, "rate": 8, "line_amount": D("4.4"), "order_product_id": None},
        ]
    )
    assert (first.rate, first.amount, first.order_product_id, first.class_name) == (D("8"), D("17.64"), 65, "Food")
    assert (second.amount, second.order_product_id, second.class_name) == (D("4.4"), None, "")


@pytest.mark.parametrize("field", ["rate", "line_amount", "order_product_id"])
def test_tax_rows_that_cannot_be_read(field):
    with pytest.raises(BadRecord, match="tax row"):
        read_taxes([{"name": "Tax", field: "n/a"}])
