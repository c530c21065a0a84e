"""Sales tax in the two kinds of US company."""

from decimal import Decimal

import pytest

D = Decimal


@pytest.fixture
def goods(desk):
    return desk.line("B", "100.00", qty="1", price="100", tax="TAX")


# -- without automated tax


@pytest.mark.parametrize(
    "without",
    [{"TaxLine"}, {"TotalTax"}, {"TaxLine", "TotalTax"}, {"TxnTaxCodeRef"}],
    ids=lambda names: "no " + " and ".join(sorted(names)),
)
def test_an_incomplete_block_leaves_the_sale_untaxed(desk, goods, without):
    block = {name: each for name, each in desk.tax("8.25").items() if name not in without}
    receipt = desk.receipt(goods, TxnTaxDetail=block)
    assert (receipt["TotalAmt"], receipt["TxnTaxDetail"]) == (100, {"TotalTax": 0})


def test_the_senders_amount_stands_whatever_the_rate_says(desk, goods):
    receipt = desk.receipt(goods, TxnTaxDetail=desk.tax("8.24"))
    assert receipt["TotalAmt"] == D("108.24")


@pytest.mark.parametrize(
    ("block", "code"),
    [
        ({"code": "4711"}, "2500"),
        ({"code": "TAX"}, "2500"),
        ({"rate": "4711"}, "2500"),
        ({"code": "3", "rate": "6"}, "6000"),
    ],
)
def test_codes_and_rates_must_exist_and_belong_together(desk, goods, block, code):
    assert desk.refused(desk.receipt, goods, TxnTaxDetail=desk.tax("8.25", **block)) == [code]


def test_tax_lines_must_add_up(desk, goods):
    block = {**desk.tax("8.25"), "TotalTax": D("8.26")}
    assert desk.refused(desk.receipt, goods, TxnTaxDetail=block) == ["6000"]


def test_a_foreign_rate_is_rewritten_to_the_codes_own(desk, goods):
    receipt = desk.receipt(goods, TxnTaxDetail=desk.tax("8.25", rate="6"))
    assert receipt["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["TaxRateRef"] == {"value": "3"}


def test_tax_needs_a_taxable_line(desk):
    exempt = desk.line("B", "100.00", tax="NON")
    assert desk.refused(desk.receipt, exempt, TxnTaxDetail=desk.tax("8.25")) == ["6470"]


def test_old_tax_stays_when_a_sparse_update_sends_none(desk, goods, company):
    receipt = desk.receipt(goods, TxnTaxDetail=desk.tax("8.25"))
    change = {"Id": receipt["Id"], "SyncToken": "0", "sparse": True}
    smaller = {**goods, "Amount": D("50.00"), "SalesItemLineDetail": {**goods["SalesItemLineDetail"], "UnitPrice": 50}}
    assert company.update("SalesReceipt", {**change, "Line": [smaller]})["TotalAmt"] == D("58.25")


# -- with automated tax; the engine's rate at home is 9.25 %


@pytest.fixture
def taxed(automated_desk):
    return automated_desk.line("B", "100.00", qty="1", price="100", tax="TAX")


def override(total):
    return {"TxnTaxCodeRef": {"value": "2"}, "TotalTax": D(total)}


def test_the_engine_computes_where_nothing_is_sent(automated_desk, taxed):
    receipt = automated_desk.receipt(taxed)
    assert (receipt["TotalAmt"], receipt["TxnTaxDetail"]["TotalTax"]) == (D("109.25"), D("9.25"))


def test_an_amount_with_a_code_is_honoured_and_prorated(automated_desk, taxed):
    block = automated_desk.receipt(taxed, TxnTaxDetail=override("8.00"))["TxnTaxDetail"]
    assert (block["TotalTax"], block["TxnTaxCodeRef"]) == (D("8.00"), {"value": "5"})
    assert [line["Amount"] for line in block["TaxLine"]] == [D("5.19"), D("2.81")]


@pytest.mark.parametrize(
    "block", [{"TotalTax": D("8.00")}, override("0"), {**override("8.00"), "UseAutomatedSalesTax": True}]
)
def test_what_is_no_override(automated_desk, taxed, block):
    assert automated_desk.receipt(taxed, TxnTaxDetail=block)["TxnTaxDetail"]["TotalTax"] == D("9.25")


@pytest.mark.parametrize(("included", "tax"), [(True, "8.00"), (False, "8.93")])
def test_the_engine_taxes_shipping_on_top_unless_told(automated_desk, taxed, included, tax):
    shipping = automated_desk.line("SHIPPING_ITEM_ID", "10.00", tax="TAX")
    receipt = automated_desk.receipt(
        taxed, shipping, TxnTaxDetail=override("8.00"), ShippingTaxIncludedInTotalTax=included
    )
    assert receipt["TxnTaxDetail"]["TotalTax"] == D(tax)
    assert receipt["TotalAmt"] == 110 + D(tax)


def test_a_line_without_a_code_is_taxed_as_its_item_says(automated_desk, automated):
    taxable = automated_desk.receipt(automated_desk.line("B", "100.00"))
    assert taxable["TxnTaxDetail"]["TotalTax"] == D("9.25")
    assert taxable["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"] == {"value": "TAX"}
    exempt = automated_desk.receipt(automated_desk.line("Shipping", "100.00"))
    assert exempt["TxnTaxDetail"] == {"TotalTax": 0}


def test_all_lines_exempt_and_no_block_is_no_tax(automated_desk):
    receipt = automated_desk.receipt(automated_desk.line("B", "100.00", tax="NON"))
    assert (receipt["TotalAmt"], receipt["TxnTaxDetail"]) == (100, {"TotalTax": 0})


def test_tax_on_exempt_lines_is_refused(automated_desk):
    exempt = automated_desk.line("B", "100.00", tax="NON")
    assert automated_desk.refused(automated_desk.receipt, exempt, TxnTaxDetail=override("8.00")) == ["6470"]


def test_tax_lines_are_refused(automated_desk, taxed):
    block = automated_desk.tax("8.25")
    assert automated_desk.refused(automated_desk.receipt, taxed, TxnTaxDetail=block) == ["6000"]


def test_no_tax_where_the_company_is_not(automated_desk, taxed):
    away = {"Line1": "5 Main Street", "CountrySubDivisionCode": "NV"}
    assert automated_desk.receipt(taxed, ShipAddr=away)["TxnTaxDetail"] == {"TotalTax": 0}
    assert automated_desk.receipt(taxed, ShipAddr=away, TxnTaxDetail=override("8.00"))["TotalAmt"] == D("108.00")


def test_tax_is_computed_anew_only_when_the_block_is_removed(automated_desk, automated, taxed):
    receipt = automated_desk.receipt(taxed, TxnTaxDetail=override("8.00"))
    change = {"Id": receipt["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "Edited"}
    assert automated.update("SalesReceipt", change)["TxnTaxDetail"]["TotalTax"] == D("8.00")
    anew = {"Id": receipt["Id"], "SyncToken": "1", "Line": [taxed]}
    assert automated.update("SalesReceipt", anew)["TxnTaxDetail"]["TotalTax"] == D("9.25")


def test_preferences_tell_the_two_apart(company, automated):
    assert "PartnerTaxEnabled" not in company.preferences["TaxPrefs"]
    assert automated.preferences["TaxPrefs"]["PartnerTaxEnabled"] is True
