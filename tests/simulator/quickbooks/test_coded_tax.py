"""Tax outside the US, in cents: codes on every line, one tax line a rate, and who has the last word."""

from decimal import Decimal

import pytest

D = Decimal


@pytest.fixture
def uk(desk_of):
    return desk_of("uk")


@pytest.fixture
def ca(desk_of):
    return desk_of("ca")


def rates(document):
    """rate id -> (base, tax)"""
    lines = document["TxnTaxDetail"].get("TaxLine", [])
    return {
        line["TaxLineDetail"]["TaxRateRef"]["value"]: (line["TaxLineDetail"]["NetAmountTaxable"], line["Amount"])
        for line in lines
    }


@pytest.mark.parametrize(
    ("kind", "currency", "country", "account"),
    [("uk", "GBP", "GB", "VAT control"), ("au", "AUD", "AU", "GST payable"), ("ca", "CAD", "CA", "GST/HST payable")],
)
def test_what_a_company_of_the_country_has(desk_of, kind, currency, country, account):
    company = desk_of(kind).company
    assert company.preferences["CurrencyPrefs"]["HomeCurrency"] == {"value": currency}
    assert company.preferences["TaxPrefs"] == {"UsingSalesTax": True}
    assert company.read("CompanyInfo", "1")["Country"] == country
    assert account in company.balances()
    assert not {"TAX", "NON"} & {code["Id"] for code in company.objects("TaxCode")}
    assert all("DefaultTaxCodeRef" not in customer for customer in company.objects("Customer"))


def test_compound_codes_are_two_rates_and_share_one(ca):
    codes = {code["Name"]: code for code in ca.company.objects("TaxCode")}
    percents = {rate["Id"]: rate["RateValue"] for rate in ca.company.objects("TaxRate")}

    def of(name):
        details = codes[name]["SalesTaxRateList"]["TaxRateDetail"]
        return [percents[detail["TaxRateRef"]["value"]] for detail in details]

    assert of("HST ON") == [13]
    assert of("GST/QST QC") == [5, D("9.975")]
    assert of("GST/PST BC") == [5, 7]
    assert of("Out of Scope") == [0]


# -- what is refused


@pytest.mark.parametrize("item", ["B", "SHIPPING_ITEM_ID", "Discount"])
@pytest.mark.parametrize("mode", ["TaxExcluded", "TaxInclusive"])
def test_every_line_needs_a_code(uk, item, mode):
    lines = [uk.coded("B", "10.00", "20.0% S"), uk.line(item, "1.00")]
    with pytest.raises(uk.FaultError, match="Make sure all your transactions have a VAT rate before you save"):
        uk.receipt(*lines, GlobalTaxCalculation=mode)


def test_the_discount_line_needs_a_code_too(uk):
    discount = {"Amount": D("1.00"), "DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": False}}
    lines = [uk.coded("B", "10.00", "20.0% S"), discount]
    assert uk.refused(uk.receipt, *lines, GlobalTaxCalculation="TaxExcluded") == ["6000"]


@pytest.mark.parametrize("entity", ["SalesReceipt", "Invoice", "CreditMemo", "RefundReceipt"])
def test_the_way_of_taxing_must_be_said(uk, entity):
    body = {"Line": [uk.coded("B", "10.00", "20.0% S")], "CustomerRef": uk.customer()}
    body["DepositToAccountRef"] = uk.ref("Account", "Card clearing")
    assert uk.refused(uk.company.create, entity, body) == ["2020"]
    assert uk.company.create(entity, {**body, "GlobalTaxCalculation": "TaxExcluded"})["TotalAmt"] == 12


@pytest.mark.parametrize(
    ("header", "tax", "codes"),
    [
        ({"GlobalTaxCalculation": "Exclusive"}, "2", ["2170"]),
        ({}, "TAX", ["2500"]),
        ({}, "NON", ["2500"]),
        ({}, "4711", ["2500"]),
        ({"TxnTaxDetail": {"TxnTaxCodeRef": {"value": "2"}}}, "2", ["6000"]),
        ({"GlobalTaxCalculation": "NotApplicable"}, "2", ["6000"]),
    ],
)
def test_codes_and_modes_that_are_refused(uk, header, tax, codes):
    line = uk.line("B", "10.00", tax=tax)
    assert uk.refused(uk.receipt, line, **{"GlobalTaxCalculation": "TaxExcluded", **header}) == codes


def test_without_tax_there_is_neither_code_nor_tax_block(uk):
    line = uk.line("B", "10.00")
    receipt = uk.receipt(line, GlobalTaxCalculation="NotApplicable")
    assert (receipt["TotalAmt"], receipt["TxnTaxDetail"]) == (10, {"TotalTax": 0})
    assert "TaxCodeRef" not in receipt["Line"][0]["SalesItemLineDetail"]
    block = {"TotalTax": 0}
    assert uk.refused(uk.receipt, line, GlobalTaxCalculation="NotApplicable", TxnTaxDetail=block) == ["6170"]


def test_what_the_us_says_of_tax_is_not_shown_elsewhere(uk):
    receipt = uk.receipt(
        uk.coded("B", "10.00", "20.0% S"), GlobalTaxCalculation="TaxExcluded", ApplyTaxAfterDiscount=True
    )
    assert receipt["GlobalTaxCalculation"] == "TaxExcluded"
    assert "ApplyTaxAfterDiscount" not in receipt


# -- the company's own sum

# Ten times 0.33 at 20 %: together 0.66, line by line ten times 0.07.
DIMES = ["0.33"] * 10


@pytest.mark.parametrize(("rounding", "tax"), [("rate", "0.66"), ("line", "0.70")])
def test_the_company_sums_in_one_of_two_ways(uk, rounding, tax):
    uk.company.tax_rounding = rounding
    receipt = uk.receipt(*[uk.coded("B", amount, "20.0% S") for amount in DIMES], GlobalTaxCalculation="TaxExcluded")
    assert receipt["TxnTaxDetail"]["TotalTax"] == D(tax)
    assert receipt["TotalAmt"] == D("3.30") + D(tax)


def test_every_rate_is_one_tax_line(uk):
    lines = [
        uk.coded("B", "100.00", "20.0% S"),
        uk.coded("B", "50.00", "5.0% R"),
        uk.coded("B", "40.00", "0.0% Z"),
        uk.coded("SHIPPING_ITEM_ID", "10.00", "20.0% S"),
        uk.coded("Gift certificate", "25.00", "No VAT"),
    ]
    receipt = uk.receipt(*lines, GlobalTaxCalculation="TaxExcluded")
    assert rates(receipt) == {"1": (110, 22), "2": (50, D("2.50")), "3": (40, 0), "5": (25, 0)}
    assert receipt["TotalAmt"] == D("249.50")


def test_a_compound_code_is_two_tax_lines_to_two_agencies(ca):
    lines = [ca.coded("B", "100.00", "GST/QST QC"), ca.coded("B", "20.00", "GST")]
    receipt = ca.receipt(*lines, GlobalTaxCalculation="TaxExcluded")
    assert rates(receipt) == {"2": (120, 6), "3": (100, D("9.98"))}
    entries = ca.company.entries("SalesReceipt", receipt["Id"])
    assert (entries["GST/HST payable"], entries["QST payable"]) == (-6, D("-9.98"))


def test_the_discount_line_lowers_what_its_code_is_taxed_on(uk):
    discount = uk.discount("10.00", "20.0% S")
    receipt = uk.receipt(
        uk.coded("B", "100.00", "20.0% S"),
        uk.coded("B", "100.00", "5.0% R"),
        discount,
        GlobalTaxCalculation="TaxExcluded",
    )
    assert rates(receipt) == {"1": (90, 18), "2": (100, 5)}
    assert receipt["TotalAmt"] == 213
    assert receipt["Line"][-1]["DiscountLineDetail"]["TaxCodeRef"] == {"value": "2"}


# -- tax lines that are sent


def sale(desk, block, *amounts, code="20.0% S"):
    lines = [desk.coded("B", amount, code) for amount in amounts or ("100.00",)]
    return desk.receipt(*lines, GlobalTaxCalculation="TaxExcluded", TxnTaxDetail=block)


@pytest.mark.parametrize(("sent", "stands"), [("20.05", "20.05"), ("19.95", "19.95"), ("20.06", "20"), ("19.94", "20")])
def test_an_amount_near_the_companys_own_stands(uk, sent, stands):
    assert sale(uk, uk.taxes(("1", sent)))["TxnTaxDetail"]["TotalTax"] == D(stands)


@pytest.mark.parametrize(("sent", "stands"), [("0.76", "0.76"), ("0.77", "0.66")])
def test_every_line_may_be_a_cent_off(uk, sent, stands):
    assert sale(uk, uk.taxes(("1", sent)), *DIMES)["TxnTaxDetail"]["TotalTax"] == D(stands)


def test_how_near_is_a_setting(uk):
    uk.company.tax_override_limit = None
    assert sale(uk, uk.taxes(("1", "7.00")))["TotalAmt"] == 107
    uk.company.tax_override_limit = D(0)
    assert sale(uk, uk.taxes(("1", "20.01")))["TotalAmt"] == 120


def test_a_tax_of_zero_stands_only_when_it_is_sent(uk):
    """Three cents at 20 %: 0.006, a cent by the company's own sum."""
    assert sale(uk, {}, "0.03")["TotalAmt"] == D("0.04")
    assert sale(uk, uk.taxes(("1", "0")), "0.03")["TotalAmt"] == D("0.03")


def test_a_rate_that_is_not_sent_is_computed(ca):
    receipt = sale(ca, ca.taxes(("2", "5.01")), code="GST/PST BC")
    assert rates(receipt) == {"2": (100, D("5.01")), "4": (100, 7)}
    assert receipt["TxnTaxDetail"]["TotalTax"] == D("12.01")


def test_a_total_alone_is_no_override(uk):
    assert sale(uk, {"TotalTax": D("19.99")})["TxnTaxDetail"]["TotalTax"] == 20


@pytest.mark.parametrize(
    ("block", "codes"),
    [
        ([("1", "10.00"), ("1", "10.00")], ["6000"]),
        ([("2", "20.00")], ["6000"]),
        ([("4711", "20.00")], ["2500"]),
    ],
)
def test_each_rate_once_and_only_the_lines_own(uk, block, codes):
    assert uk.refused(sale, uk, uk.taxes(*block)) == codes


def test_tax_lines_must_add_up_and_fit_the_lines(uk):
    assert uk.refused(sale, uk, {**uk.taxes(("1", "20.00")), "TotalTax": D("20.01")}) == ["6000"]
    wrong_base = uk.taxes(("1", "20.00"))
    wrong_base["TaxLine"][0]["TaxLineDetail"]["NetAmountTaxable"] = D("90.00")
    assert uk.refused(sale, uk, wrong_base) == ["6000"]
    incomplete = uk.taxes(("1", "20.00"))
    del incomplete["TaxLine"][0]["TaxLineDetail"]["TaxRateRef"]
    assert uk.refused(sale, uk, incomplete) == ["2020"]


# -- prices with tax


def test_a_recorded_invoice_with_prices_with_tax(ca):
    """A Canadian company's, 13 %, 20 % off: the tax is 9.60 - 8.49, and not 13 % of 8.49, which is 1.10."""
    lines = [
        ca.coded("B", "7.96", "HST ON", qty="15", price="0.5306667", gross="9.00"),
        ca.coded("B", "2.65", "HST ON", qty="24", price="0.1104167", gross="3.00"),
        ca.discount(None, "HST ON", percent=20),
    ]
    invoice = ca.invoice(*lines, CustomerRef=ca.customer(), GlobalTaxCalculation="TaxInclusive")
    assert [line["Amount"] for line in invoice["Line"]] == [D("7.96"), D("2.65"), D("10.61"), D("2.12")]
    assert invoice["Line"][0]["SalesItemLineDetail"]["TaxInclusiveAmt"] == D("9.00")
    assert rates(invoice) == {"1": (D("8.49"), D("1.11"))}
    assert (invoice["TotalAmt"], invoice["GlobalTaxCalculation"]) == (D("9.60"), "TaxInclusive")


def test_a_line_without_its_amount_with_tax_gets_the_companys(ca):
    invoice = ca.receipt(ca.coded("B", "7.96", "HST ON"), GlobalTaxCalculation="TaxInclusive")
    assert invoice["Line"][0]["SalesItemLineDetail"]["TaxInclusiveAmt"] == D("8.99")
    assert invoice["TotalAmt"] == D("8.99")


def test_an_amount_with_tax_must_be_the_amount_and_its_tax(ca):
    line = ca.coded("B", "7.96", "HST ON", gross="9.96")
    assert ca.refused(ca.receipt, line, GlobalTaxCalculation="TaxInclusive") == ["6000"]


def test_with_compound_codes_the_difference_is_shared(ca):
    line = ca.coded("B", "100.00", "GST/QST QC", gross="114.98")
    receipt = ca.receipt(line, GlobalTaxCalculation="TaxInclusive")
    assert rates(receipt) == {"2": (100, D("5.00")), "3": (100, D("9.98"))}
    assert receipt["TotalAmt"] == D("114.98")


# -- later


def test_a_refund_gives_the_tax_back(uk):
    refund = uk.company.create(
        "RefundReceipt",
        {
            "Line": [uk.coded("Returned", "10.00", "20.0% S")],
            "DepositToAccountRef": uk.ref("Account", "Card clearing"),
            "GlobalTaxCalculation": "TaxExcluded",
        },
    )
    assert uk.company.entries("RefundReceipt", refund["Id"]) == {
        "Sales returns": 10,
        "VAT control": 2,
        "Card clearing": -12,
    }


def test_voided_documents_owe_no_tax(uk):
    receipt = sale(uk, {})
    voided = uk.company.void("SalesReceipt", {"Id": receipt["Id"], "SyncToken": "0"})
    assert (voided["TotalAmt"], voided["TxnTaxDetail"]["TotalTax"], uk.company.balances()["VAT control"]) == (0, 0, 0)
