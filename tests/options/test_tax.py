"""Which QuickBooks tax code a tax of the shop becomes, and what it comes to rate by rate."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mapping.tax.rows import read_taxes


def row(name, rate, amount, line=None, *, kind="item", of_class=""):
    """A row of the order's taxes; `line` is the shop's id of the order line."""
    return {
        "name": name,
        "class": of_class,
        "rate": rate,
        "line_amount": amount,
        "order_product_id": line,
        "line_item_type": kind,
    }


def rows(*each):
    return {"taxes": read_taxes(each)}


@pytest.mark.option("tax.map")
@pytest.mark.parametrize(
    ("table", "code", "rates"),
    [
        ({"*": "State tax"}, "State tax", [("State tax", "60.00", "4.96")]),
        ({"Texas": "State tax"}, "State tax", [("State tax", "60.00", "4.96")]),
        ({"texas": "State tax", "Ohio": "Eight percent"}, "State tax", [("State tax", "60.00", "4.96")]),
    ],
)
def test_plain_us_tax_is_one_code_of_the_document_and_a_line_for_each_of_its_rates(decide, order, table, code, rates):
    decided = decide(order(), **{"tax.map": table})
    assert decided.rows == [("Product A", "2 × 25", "50.00", "TAX"), ("Shipping", "1 × 10", "10.00", "TAX")]
    assert decided.body["TxnTaxDetail"]["TotalTax"] == Decimal("4.96")
    assert decided.names["TaxCode", decided.body["TxnTaxDetail"]["TxnTaxCodeRef"]["value"]] == code
    assert (decided.tax_rows, decided.total) == (rates, "64.96")


@pytest.mark.option("tax.map")
def test_a_code_of_two_rates_shares_the_shops_tax(decide, order, line):
    decided = decide(order(line("A", 1, "100.00", "8.75")), **{"tax.map": {"*": "City tax"}})
    assert decided.tax_rows == [("State share", "100.00", "7.25"), ("City share", "100.00", "1.50")]


@pytest.mark.option("tax.map")
def test_where_the_rate_does_not_tell_the_tax_its_name_or_class_does(decide, order, line):
    settings = {"tax.map": {"Texas": "State tax", "Alameda": "California"}}
    odd = order(line("A", 1, "50.00", "9.99"))
    assert decide(odd, **settings).needs == "taxes"
    by_name = decide(odd, facts=rows(row("Texas", "8.25", "9.99", 1)), **settings)
    by_class = decide(odd, facts=rows(row("Sales tax", "8.25", "9.99", 1, of_class="Texas")), **settings)
    assert by_name.tax_rows == by_class.tax_rows == [("State tax", "50.00", "9.99")]
    assert decide(odd, facts=rows(row("Ohio", "8", "9.99", 1, of_class="Food")), **settings).reasons == {
        "unmapped_tax": 'The tax "Ohio" (class "Food", 8 %) is not mapped to a QuickBooks tax code.'
    }


@pytest.mark.option("tax.map")
@pytest.mark.parametrize("table", [{"*": "State tax"}, {}])
def test_automated_us_tax_is_the_shops_amount_whatever_the_map_says(decide, order, table):
    decided = decide(order(), company="us_ast", **{"tax.map": table})
    block = decided.body["TxnTaxDetail"]
    assert (block["TotalTax"], set(block)) == (Decimal("4.96"), {"TxnTaxCodeRef", "TotalTax"})
    assert decided.body["ShippingTaxIncludedInTotalTax"] is True
    assert (decided.rows[1], decided.total) == (("Shipping", "1 × 10", "10.00", "TAX"), "64.96")


@pytest.mark.option("tax.map")
@pytest.mark.parametrize("company", ["us", "us_ast"])
def test_a_us_order_without_tax_has_no_taxable_line_and_no_tax_block(decide, order, line, company):
    decided = decide(order(line("A", 2, "50.00"), shipping=("10.00", "0")), company=company)
    assert [code for *_, code in decided.rows] == ["NON", "NON"]
    assert "TxnTaxDetail" not in decided.body
    assert decided.total == "60.00"


@pytest.mark.option("tax.map")
def test_in_the_uk_every_line_has_a_code_and_every_rate_its_tax(decide, order, line):
    sold = order(line("A", 2, "50.00", "10.00"), line("B", 1, "30.00", "1.50"), line("A", 1, "8.00"))
    decided = decide(sold | {"billing_address": {"country_iso2": "GB"}}, company="uk")
    assert decided.rows == [
        ("Product A", "2 × 25", "50.00", "20.0% S"),
        ("Product B", "1 × 30", "30.00", "5.0% R"),
        ("Product A", "1 × 8", "8.00", "0.0% Z"),
    ]
    assert decided.tax_rows == [
        ("20.0% S (sales)", "50.00", "10.00"),
        ("5.0% R (sales)", "30.00", "1.50"),
        ("0.0% Z (sales)", "8.00", "0.00"),
    ]
    assert (decided.body["GlobalTaxCalculation"], decided.total) == ("TaxExcluded", "99.50")


FREE = {"none": "0.0% Z", "none @ export": "Exempt", "none @ DE": "No VAT", "Standard": "20.0% S"}


@pytest.mark.option("tax.map")
@pytest.mark.parametrize(
    ("table", "country", "code"),
    [
        (FREE, "GB", "0.0% Z"),
        (FREE, "US", "Exempt"),
        (FREE, "DE", "No VAT"),
        (FREE, "", "0.0% Z"),
        (FREE | {"Books": "Exempt"}, "GB", "Exempt"),
        (FREE | {"Books @ domestic": "Exempt"}, "US", "Exempt"),
        ({"Books @ domestic": "Exempt", "none": "0.0% Z"}, "FR", "0.0% Z"),
        ({"Books @ eu": "Exempt", "none": "0.0% Z"}, "FR", "Exempt"),
    ],
)
def test_lines_without_tax_by_their_class_and_where_they_go(decide, order, line, table, country, code):
    sold = order(line("A", 1, "8.00")) | {"billing_address": {"country_iso2": country}}
    facts = rows(row("No tax", "0", "0", 1, of_class="Books"))
    decided = decide(sold, company="uk", facts=facts, **{"tax.map": table})
    assert decided.rows == [("Product A", "1 × 8", "8.00", code)]


@pytest.mark.option("tax.map")
def test_a_line_without_tax_and_without_a_row_is_held(decide, order, line):
    sold = order(line("A", 1, "8.00")) | {"billing_address": {"country_iso2": "GB"}}
    decided = decide(sold, company="uk", **{"tax.map": {"Standard": "20.0% S"}})
    assert decided.reasons == {
        "unmapped_tax": '"Product A" to GB bears no tax, and tax.map has no row for lines without tax there.'
    }


@pytest.mark.option("tax.map")
@pytest.mark.parametrize(
    ("taxes", "state", "code", "rates"),
    [
        (("HST", "13", "13.00"), "Ontario", "HST ON", [("HST (ON)", "100.00", "13.00")]),
        (("GST", "5", "5.00"), "Alberta", "GST", [("GST", "100.00", "5.00")]),
        (
            ("GST/QST", "14.975", "14.98"),
            "Quebec",
            "GST/QST QC",
            [("GST", "100.00", "5.00"), ("QST", "100.00", "9.98")],
        ),
        (
            ("GST/PST", "12", "12.00"),
            "British Columbia",
            "GST/PST BC",
            [("GST", "100.00", "5.00"), ("PST (BC)", "100.00", "7.00")],
        ),
    ],
)
def test_canadian_taxes_charged_together_are_one_code_of_two_rates(decide, order, line, taxes, state, code, rates):
    _, _, tax = taxes
    sold = order(line("A", 1, "100.00", tax)) | {"billing_address": {"country_iso2": "CA", "state": state}}
    decided = decide(sold, company="ca")
    assert decided.rows == [("Product A", "1 × 100", "100.00", code)]
    assert (decided.tax_rows, decided.total) == (rates, f"{100 + Decimal(tax):.2f}")


OUTSIDE = {"uk": "No VAT", "au": "BAS Excluded", "ca": "Out of Scope"}
TENTH = {"uk": ("10.00", "2.00", "20.0% S"), "au": ("10.00", "1.00", "GST"), "ca": ("10.00", "1.30", "HST ON")}
NO_CODE = (
    "The order has lines that are no supply (a gift certificate, store credit or rounding), "
    "and tax.out_of_scope is not set."
)


@pytest.mark.option("tax.out_of_scope")
@pytest.mark.parametrize("company", OUTSIDE)
def test_outside_the_us_what_is_no_supply_has_a_code_of_its_own(decide, order, line, company):
    net, tax, code = TENTH[company]
    certificate = line("", 1, "50.00", type="giftcertificate", name="Certificate")
    sold = order(line("A", 1, net, tax), certificate, gift_certificate_amount="20.0000", store_credit_amount="5.0000")
    decided = decide(sold, company=company)
    outside = OUTSIDE[company]
    assert decided.rows == [
        ("Product A", "1 × 10", "10.00", code),
        ("Gift certificate", "1 × 50", "50.00", outside),
        ("Gift certificate", "1 × -20", "-20.00", outside),
        ("Store credit", "1 × -5", "-5.00", outside),
    ]
    assert decided.total == f"{Decimal('35.00') + Decimal(tax):.2f}"
    assert decide(sold, company=company, without=["tax.out_of_scope"]).reasons == {"no_out_of_scope": NO_CODE}


@pytest.mark.option("tax.out_of_scope")
def test_it_must_be_a_code_of_nothing(decide, order, line):
    sold = order(line("A", 1, "10.00", "2.00"), gift_certificate_amount="5.0000")
    decided = decide(sold, company="uk", **{"tax.out_of_scope": "20.0% S"})
    assert decided.reasons == {"tax_code_with_rate": 'tax.out_of_scope: the tax code "20.0% S" has a rate of 20 %.'}


@pytest.mark.option("tax.out_of_scope")
def test_in_the_us_what_is_no_supply_is_non(decide, order, line):
    sold = order(line("A", 1, "10.00", "0.83"), gift_certificate_amount="5.0000")
    decided = decide(sold, **{"tax.out_of_scope": "Out of state"})
    assert decided.rows == [("Product A", "1 × 10", "10.00", "TAX"), ("Gift certificate", "1 × -5", "-5.00", "NON")]
