"""Companies with a code on every line, in cents: the worked examples and what they do not show."""

from __future__ import annotations

import pytest

from cartledger.money import D
from mapping.company import read_company


@pytest.fixture
def bottle(make_order, line):
    """Worked example 2 (order 519) at any rate: the tax, the scaled and the true net of 2400.00 paid of 2500.00."""

    def order(tax, scaled, net):
        return make_order(
            519,
            [line("BOTTLE", 10, scaled, inc="2500.00", tax=tax, off="100.00")],
            subtotal=(scaled, tax, "2500.00"),
            discount_amount="100.00",
            total=(net, tax, "2400.00"),
            payment_method="Cash on Delivery",
            payment_status="pending",
        )

    return order


@pytest.fixture
def three_rates(make_order, line):
    """Worked example 3: 10 % off goods at 20 %, at 5 % and a zero-rated book, prices with tax."""
    return make_order(
        1003,
        [
            line("A", 1, "100.00", inc="120.00", tax="18.00", off="12.00"),
            line("B", 1, "100.00", inc="105.00", tax="4.50", off="10.50"),
            line("JOURNAL", 1, "40.00", inc="40.00", tax="0.00", off="4.00"),
        ],
        subtotal=("240.00", "22.50", "265.00"),
        discount_amount="26.50",
        total=("216.00", "22.50", "238.50"),
    )


@pytest.mark.parametrize(
    ("tax", "scaled", "net", "price", "amount", "off", "code", "rate"),
    [
        ("125.12", "2369.6667", "2274.88", "236.967", "2369.67", "-94.79", "5.5% F", "5.5% F 5.5"),
        ("400.00", "2083.3333", "2000.00", "208.333", "2083.33", "-83.33", "20.0% S", "20.0% S 20"),
    ],
)
def test_2_prices_with_tax_and_a_manual_discount(
    bottle, decide_in, posted, rows, tax_lines, tax, scaled, net, price, amount, off, code, rate
):
    invoice = posted(decide_in("uk", bottle(tax, scaled, net), sections={"sales": {"post_as": "invoice"}}))
    assert invoice.entity == "Invoice"
    assert invoice.body["GlobalTaxCalculation"] == "TaxExcluded"
    assert "TxnTaxCodeRef" not in invoice.body["TxnTaxDetail"]
    assert "ShippingTaxIncludedInTotalTax" not in invoice.body
    assert rows(invoice.body) == [("BOTTLE", f"10 × {price}", amount, code), ("DISC", f"1 × {off}", off, code)]
    assert tax_lines(invoice.body) == [(rate, net, tax)]
    assert invoice.body["TxnTaxDetail"]["TotalTax"] == D(tax)
    assert invoice.amount == D("2400.00")


def test_3_one_discount_line_for_each_code(three_rates, decide_in, posted, rows, tax_lines):
    receipt = posted(decide_in("uk", three_rates))
    assert rows(receipt.body) == [
        ("A", "1 × 100.00", "100.00", "20.0% S"),
        ("B", "1 × 100.00", "100.00", "5.0% R"),
        ("JOURNAL", "1 × 40.00", "40.00", "0.0% Z"),
        ("DISC", "1 × -10.00", "-10.00", "20.0% S"),
        ("DISC", "1 × -10.00", "-10.00", "5.0% R"),
        ("DISC", "1 × -4.00", "-4.00", "0.0% Z"),
    ]
    assert tax_lines(receipt.body) == [
        ("20.0% S 20", "90.00", "18.00"),
        ("5.0% R 5", "90.00", "4.50"),
        ("0.0% Z 0", "36.00", "0.00"),
    ]
    assert receipt.amount == D("238.50")


def test_3_with_quickbooks_own_discount_line_is_held(three_rates, decide_in, codes):
    assert codes(decide_in("uk", three_rates, sections={"sales": {"discount_product": None}})) == {
        "no_discount_product"
    }


def test_quickbooks_own_discount_line_bears_the_code_of_all_lines(bottle, decide_in, posted, rows, tax_lines):
    receipt = posted(
        decide_in("uk", bottle("400.00", "2083.3333", "2000.00"), sections={"sales": {"discount_product": None}})
    )
    assert rows(receipt.body)[-1] == ("own discount", "", "83.33", "20.0% S")
    assert tax_lines(receipt.body) == [("20.0% S 20", "2000.00", "400.00")]


def test_4_a_gift_certificate_sold_is_no_supply(make_order, line, decide_in, posted, rows, tax_lines):
    order = make_order(
        1004,
        [line("GOODS", 1, "20.00", tax="4.00"), line("", 1, "50.00", type="giftcertificate")],
        subtotal=("70.00", "4.00", "74.00"),
        total=("70.00", "4.00", "74.00"),
    )
    receipt = posted(decide_in("uk", order))
    assert rows(receipt.body) == [
        ("GOODS", "1 × 20.00", "20.00", "20.0% S"),
        ("GIFT", "1 × 50.00", "50.00", "No VAT"),
    ]
    assert tax_lines(receipt.body) == [("20.0% S 20", "20.00", "4.00"), ("No VAT 0", "50.00", "0.00")]
    assert receipt.amount == D("74.00")


@pytest.mark.parametrize(
    ("kind", "inc", "tax", "code", "outside"),
    [("uk", "102.00", "17.00", "20.0% S", "No VAT"), ("au", "93.50", "8.50", "GST", "BAS Excluded")],
)
@pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])
def test_5_redeemed_tenders_are_no_supply(
    make_order, line, decide_in, posted, rows, tax_lines, kind, inc, tax, code, outside, post_as
):
    goods_tax = "16.00" if kind == "uk" else "8.00"
    shipping_tax = "1.00" if kind == "uk" else "0.50"
    order = make_order(
        1005,
        [line("GOODS", 1, "80.00", tax=goods_tax)],
        subtotal=("80.00", goods_tax, str(D("80.00") + D(goods_tax))),
        shipping=("5.00", shipping_tax),
        total=("85.00", tax, inc),
        gift_certificate_amount="50.00",
        store_credit_amount="2.00",
    )
    decision = decide_in(kind, order, sections={"sales": {"post_as": post_as}})
    document = posted(decision)
    assert rows(document.body) == [
        ("GOODS", "1 × 80.00", "80.00", code),
        ("SHIPPING_ITEM_ID", "", "5.00", code),
        ("GIFT", "1 × -50.00", "-50.00", outside),
        ("CREDIT", "1 × -2.00", "-2.00", outside),
    ]
    assert tax_lines(document.body)[0][1:] == ("85.00", tax)
    assert tax_lines(document.body)[1:] == ([("No VAT 0", "-52.00", "0.00")] if kind == "uk" else [])
    assert document.amount == D(inc) - D("52.00")
    assert [payment.amount for payment in decision.documents[1:]] == ([document.amount] if post_as == "invoice" else [])


def test_lines_that_are_no_supply_need_their_code(make_order, line, decide_in, codes):
    order = make_order(
        1,
        [line("A", 1, "10.00", tax="2.00")],
        subtotal=("10.00", "2.00", "12.00"),
        total=("10.00", "2.00", "12.00"),
        store_credit_amount="5.00",
    )
    decision = decide_in("uk", order, tax={"out_of_scope": None})
    assert codes(decision) == {"no_out_of_scope"}
    assert "tax.out_of_scope" in decision.problems[0].text
    assert codes(decide_in("uk", order, tax={"out_of_scope": "20.0% S"})) == {"tax_code_with_rate"}
    assert codes(decide_in("uk", order, tax={"out_of_scope": "No VTA"})) == {"no_tax_code"}
    assert decide_in("uk", order | {"store_credit_amount": "0"}, tax={"out_of_scope": None}).documents


def test_handling_wrapping_and_fees_bear_codes_of_their_own(make_order, line, decide_in, posted, rows, tax_lines):
    fee = {"id": 1, "cost_ex_tax": "2.50", "cost_inc_tax": "2.50", "cost_tax": "0", "display_name_merchant": "Deposit"}
    order = make_order(
        1007,
        [line("GOODS", 1, "100.00", tax="20.00", wrapping_cost_ex_tax="4.00", wrapping_cost_inc_tax="4.80")],
        subtotal=("100.00", "20.00", "120.00"),
        shipping=("12.00", "0"),
        handling=("3.00", "0.15"),
        wrapping=("4.00", "0.80"),
        fees=[fee],
        total=("121.50", "20.95", "142.45"),
    )
    receipt = posted(decide_in("uk", order))
    assert [(item, amount, code) for item, _, amount, code in rows(receipt.body)] == [
        ("GOODS", "100.00", "20.0% S"),
        ("SHIPPING_ITEM_ID", "12.00", "0.0% Z"),
        ("HANDLING", "3.00", "5.0% R"),
        ("WRAPPING", "4.00", "20.0% S"),
        ("FEE", "2.50", "0.0% Z"),
    ]
    assert tax_lines(receipt.body) == [
        ("20.0% S 20", "104.00", "20.80"),
        ("0.0% Z 0", "14.50", "0.00"),
        ("5.0% R 5", "3.00", "0.15"),
    ]


def test_an_australian_order_with_prices_with_tax(make_order, line, decide_in, posted, rows, tax_lines):
    """2 × 24.95 = 49.90 with 4.54 GST, a fresh food line of 7.00 without, shipping 9.95 with 0.90; total 66.85."""
    order = make_order(
        2,
        [line("A", 2, "45.36", inc="49.90", tax="4.54"), line("B", 1, "7.00")],
        subtotal=("52.36", "4.54", "56.90"),
        shipping=("9.05", "0.90"),
        total=("61.41", "5.44", "66.85"),
        is_tax_inclusive_pricing=True,
    )
    receipt = posted(decide_in("au", order))
    assert rows(receipt.body) == [
        ("A", "2 × 22.68", "45.36", "GST"),
        ("B", "1 × 7.00", "7.00", "GST free"),
        ("SHIPPING_ITEM_ID", "", "9.05", "GST"),
    ]
    assert tax_lines(receipt.body) == [("GST 10", "54.41", "5.44"), ("GST free 0", "7.00", "0.00")]
    assert receipt.amount == D("66.85")


@pytest.fixture
def quebec(make_order, line):
    """One line of one net amount and tax, delivered to Quebec."""

    def order(net, tax, **more):
        total = str(D(net) + D(tax))
        raw = make_order(3, [line("A", 1, net, tax=tax)], subtotal=(net, tax, total), total=(net, tax, total), **more)
        raw["billing_address"]["state"] = "Quebec"
        return raw

    return order


@pytest.mark.parametrize(
    ("net", "tax", "gst", "qst"),
    [
        ("100.00", "14.98", "5.00", "9.98"),
        ("1.30", "0.20", "0.07", "0.13"),  # each rounded by itself: 0.065 and 0.129675
        ("1.30", "0.19", "0.06", "0.13"),  # together 0.194675, then by largest remainder
    ],
)
def test_compound_taxes_are_split_exactly(quebec, decide_in, posted, rows, tax_lines, net, tax, gst, qst):
    receipt = posted(decide_in("ca", quebec(net, tax)))
    assert rows(receipt.body) == [("A", f"1 × {net}", net, "GST/QST QC")]
    assert tax_lines(receipt.body) == [("GST/QST QC 5", net, gst), ("GST/QST QC 9.975", net, qst)]
    assert receipt.amount == D(net) + D(tax)


def test_a_canadian_order_of_several_codes(make_order, line, decide_in, posted, rows, tax_lines):
    """Taxed at GST and QST, at GST alone (as a shop may say), and zero-rated; a coupon of 10 % on everything."""
    order = make_order(
        4,
        [
            line("A", 3, "59.97", inc="68.95", tax="8.08", off="6.00"),
            line("B", 1, "20.00", inc="21.00", tax="0.90", off="2.00"),
            line("BOWL", 1, "4.00", off="0.40"),
        ],
        subtotal=("83.97", "8.98", "93.95"),
        shipping=("10.00", "1.50"),
        coupon_discount="8.40",
        total=("85.57", "10.48", "96.05"),
    )
    order["billing_address"]["state"] = "Quebec"
    table = {"GST": "GST", "QST @ CA-Quebec": "GST/QST QC", "none": "Zero-rated"}
    receipt = posted(decide_in("ca", order, tax={"map": table}))
    assert [(item, amount, code) for item, _, amount, code in rows(receipt.body)] == [
        ("A", "59.97", "GST/QST QC"),
        ("B", "20.00", "GST"),
        ("BOWL", "4.00", "Zero-rated"),
        ("SHIPPING_ITEM_ID", "10.00", "GST/QST QC"),
        ("DISC", "-6.00", "GST/QST QC"),
        ("DISC", "-2.00", "GST"),
        ("DISC", "-0.40", "Zero-rated"),
    ]
    assert tax_lines(receipt.body) == [
        ("GST/QST QC 5", "63.97", "3.20"),
        ("GST/QST QC 9.975", "63.97", "6.38"),
        ("GST 5", "18.00", "0.90"),
        ("Zero-rated 0", "3.60", "0.00"),
    ]


@pytest.mark.parametrize(("iso", "code"), [("FR", "0.0% E"), ("US", "0.0% E"), ("GB", "0.0% Z"), ("", "0.0% Z")])
def test_a_tax_free_order_takes_the_row_of_its_destination(
    make_order, line, decide_in, posted, rows, tax_lines, iso, code
):
    order = make_order(5, [line("A", 1, "30.00")], subtotal=("30.00", "0", "30.00"), total=("30.00", "0", "30.00"))
    order["billing_address"]["country_iso2"] = iso
    receipt = posted(decide_in("uk", order))
    assert rows(receipt.body) == [("A", "1 × 30.00", "30.00", code)]
    assert tax_lines(receipt.body) == [(f"{code} 0", "30.00", "0.00")]
    assert receipt.body["TxnTaxDetail"]["TotalTax"] == 0
    assert receipt.body["GlobalTaxCalculation"] == "TaxExcluded"


def test_mixed_rates_with_a_coupon_on_prices_without_tax(make_order, line, decide_in, posted, rows, tax_lines):
    """30.00 at 20 %: 6.00; 17.99 at 5 %: 0.8995; a book without; shipping 4.99 at 20 %: 0.998."""
    order = make_order(
        6,
        [
            line("A", 1, "33.33", inc="40.00", tax="6.00", off="3.33"),
            line("B", 1, "19.99", inc="20.99", tax="0.90", off="2.00"),
            line("JOURNAL", 1, "12.50", off="1.25"),
        ],
        subtotal=("65.82", "6.90", "73.49"),
        shipping=("4.99", "1.00"),
        coupon_discount="6.58",
        total=("64.23", "7.90", "72.13"),
        is_tax_inclusive_pricing=False,
    )
    receipt = posted(decide_in("uk", order))
    assert [(item, amount, code) for item, _, amount, code in rows(receipt.body)] == [
        ("A", "33.33", "20.0% S"),
        ("B", "19.99", "5.0% R"),
        ("JOURNAL", "12.50", "0.0% Z"),
        ("SHIPPING_ITEM_ID", "4.99", "20.0% S"),
        ("DISC", "-3.33", "20.0% S"),
        ("DISC", "-2.00", "5.0% R"),
        ("DISC", "-1.25", "0.0% Z"),
    ]
    assert tax_lines(receipt.body) == [
        ("20.0% S 20", "34.99", "7.00"),
        ("5.0% R 5", "17.99", "0.90"),
        ("0.0% Z 0", "11.25", "0.00"),
    ]
    assert receipt.amount == D("72.13")


def test_a_sale_that_costs_nothing(make_order, line, decide_in, posted, rows, tax_lines):
    """Everything off: no tax tells the line's code, and any code gives the right tax."""
    order = make_order(
        7,
        [line("A", 1, "20.00", inc="20.00", off="20.00")],
        subtotal=("20.00", "0", "20.00"),
        coupon_discount="20.00",
        total=("0", "0", "0"),
    )
    receipt = posted(decide_in("uk", order, tax={"map": {"*": "20.0% S"}, "out_of_scope": None}))
    assert rows(receipt.body) == [
        ("A", "1 × 20.00", "20.00", "20.0% S"),
        ("DISC", "1 × -20.00", "-20.00", "20.0% S"),
    ]
    assert tax_lines(receipt.body) == [("20.0% S 20", "0.00", "0.00")]


def test_a_bundled_child_takes_a_code_of_its_order(make_order, line, decide_in, posted, rows):
    order = make_order(
        8,
        [line("B", 2, "20.00", tax="1.00"), line("A", 4, "0.00", parent_order_product_id=1)],
        subtotal=("20.00", "1.00", "21.00"),
        total=("20.00", "1.00", "21.00"),
    )
    receipt = posted(decide_in("uk", order | {"items_total": 2}, tax={"map": {"*": "5.0% R"}}))
    assert rows(receipt.body) == [("B", "2 × 10.00", "20.00", "5.0% R"), ("A", "4 × 0.00", "0.00", "5.0% R")]


@pytest.mark.parametrize("discount_product", ["DISC", None])
def test_a_company_that_is_not_registered_for_tax_takes_no_codes(
    make_order, line, decide, make_connection, elsewhere_json, posted, codes, discount_product
):
    company = elsewhere_json("au")
    company["preferences"]["TaxPrefs"] = {"UsingSalesTax": False}
    order = make_order(
        9,
        [line("A", 1, "30.00", off="3.00")],
        subtotal=("30.00", "0", "30.00"),
        coupon_discount="3.00",
        total=("27.00", "0", "27.00"),
        store_credit_amount="5.00",
        default_currency_code="AUD",
    )
    options = {
        "company": read_company(**company),
        "connection": make_connection(sales={"discount_product": discount_product}, tax={}),
    }
    receipt = posted(decide(order, **options))
    assert receipt.body["GlobalTaxCalculation"] == "NotApplicable"
    assert "TxnTaxDetail" not in receipt.body
    assert all("TaxCodeRef" not in line[line["DetailType"]] for line in receipt.body["Line"])
    assert receipt.amount == D("22.00")
    taxed = order | {"total_tax": "2.70", "subtotal_tax": "2.70", "total_inc_tax": "29.70"}
    assert codes(decide(taxed, **options)) == {"sales_tax_off"}
