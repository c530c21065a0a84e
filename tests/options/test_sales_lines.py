"""What an order's parts are booked on: goods, charges, discounts, certificates, store credit and odd cents.

The order is the same but for what a table says: 2 A for 50.00 and shipping for 10.00, both with 8.25 % tax.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

A = ("Product A", "2 × 25", "50.00", "TAX")
SHIPPING = ("Shipping", "1 × 10", "10.00", "TAX")
WITHOUT_ITEM = "The order has {what}, and sales.{option} is not set."


@pytest.mark.option("sales.post_as")
@pytest.mark.parametrize(
    ("post_as", "kinds"), [("sales_receipt", ["SalesReceipt"]), ("invoice", ["Invoice", "Payment"])]
)
def test_a_sales_receipt_or_an_invoice_with_its_payment(decide, order, post_as, kinds):
    decided = decide(order(), **{"sales.post_as": post_as})
    assert decided.kinds == kinds
    assert (decided.rows, decided.total) == ([A, SHIPPING], "64.96")
    assert (decided.name("Account", "DepositToAccountRef") is None) is (post_as == "invoice")
    assert decided.name("Account", "DepositToAccountRef", -1) == "Card clearing"
    if post_as == "invoice":
        assert decided.documents[1]["TotalAmt"] == Decimal("64.96")


@pytest.mark.option("products.match_by")
@pytest.mark.parametrize(
    ("match_by", "sku", "item"),
    [("sku", "A", "Product A"), ("sku", "a", "Product A"), ("name", "Product A", "Product A"), ("name", "A", None)],
)
def test_a_sku_is_the_items_sku_or_its_name(decide, order, line, match_by, sku, item):
    decided = decide(order(line(sku, 2, "50.00")), **{"products.match_by": match_by})
    if item is None:
        assert decided.reasons == {"no_item": 'No QuickBooks item has the name "A" (Product A).'}
    else:
        assert decided.rows == [(item, "2 × 25", "50.00", "NON")]


@pytest.mark.option("sales.default_product")
@pytest.mark.parametrize(
    ("sku", "code", "reason"),
    [
        ("X-9", "no_item", 'No QuickBooks item has the SKU "X-9" (Product X-9).'),
        ("", "blank_sku", 'The line "Product " has no SKU.'),
    ],
)
def test_lines_without_a_match_go_to_the_default_product_or_are_held(decide, order, line, sku, code, reason):
    sold = order(line(sku, 3, "30.00"), line("A", 1, "25.00"))
    assert decide(sold).reasons == {code: reason.replace('"Product "', '"Product"')}
    decided = decide(sold, **{"sales.default_product": "Unknown product"})
    assert decided.rows == [
        ("Unknown product", "3 × 10", "30.00", "NON"),
        ("Product A", "1 × 25", "25.00", "NON"),
    ]
    assert decided.body["Line"][0]["Description"] == (f"{sku}: Product {sku}" if sku else "Product")


CHARGES = {
    "sales.handling_item": ("handling", "handling", ("Handling", "1 × 3", "3.00", "TAX")),
    "sales.wrapping_item": ("wrapping", "gift wrapping", ("Wrapping", "1 × 3", "3.00", "TAX")),
    "sales.fee_item": ("fee", "a fee", ("Fee", "1 × 3", "3.00", "TAX")),
}


@pytest.mark.option("sales.handling_item", "sales.wrapping_item", "sales.fee_item")
@pytest.mark.parametrize("option", CHARGES)
def test_a_charge_has_an_item_of_its_own_or_is_held(decide, order, line, option):
    charge, what, row = CHARGES[option]
    sold = order(line("A", 2, "50.00", "4.13"), **{charge: ("3.00", "0.25")})
    decided = decide(sold)
    assert (decided.rows, decided.total) == ([A, row], "57.38")
    name = option.removeprefix("sales.")
    assert decide(sold, without=[option]).reasons == {f"no_{name}": WITHOUT_ITEM.format(what=what, option=name)}


@pytest.mark.option("sales.shipping_item")
@pytest.mark.parametrize(
    ("option", "field_is_on", "row"),
    [
        ("set", True, SHIPPING),
        ("set", False, SHIPPING),
        ("unset", True, ("SHIPPING_ITEM_ID", "", "10.00", "TAX")),
        ("unset", False, None),
    ],
)
def test_shipping_goes_to_its_item_or_to_quickbooks_own_field(decide, order, option, field_is_on, row):
    without = ["sales.shipping_item"] if option == "unset" else []
    decided = decide(order(), without=without, preferences={"SalesFormsPrefs": {"AllowShipping": field_is_on}})
    if row is None:
        what = "shipping, the company's shipping field is off"
        assert decided.reasons == {"no_shipping_item": WITHOUT_ITEM.format(what=what, option="shipping_item")}
    else:
        assert (decided.rows, decided.total) == ([A, row], "64.96")


DISCOUNT_REFUSED = "The order has a discount, sales.discount_product is not set, and "


@pytest.mark.option("sales.discount_product")
def test_a_coupon_is_a_negative_line_for_each_tax_code_among_the_lines(decide, order, line):
    one = order(line("A", 2, "50.00", "3.71", off="5.00"))
    two = order(line("A", 2, "50.00", "3.71", off="5.00"), line("B", 1, "30.00", off="3.00"))
    b = ("Product B", "1 × 30", "30.00", "NON")
    taxed, untaxed = ("Discount", "1 × -5", "-5.00", "TAX"), ("Discount", "1 × -3", "-3.00", "NON")
    assert (decide(one).rows, decide(one).total) == ([A, taxed], "48.71")
    assert (decide(two).rows, decide(two).total) == ([A, b, taxed, untaxed], "75.71")


@pytest.mark.option("sales.discount_product")
def test_without_it_quickbooks_own_discount_line_where_one_code_covers_all(decide, order, line):
    own = {"without": ["sales.discount_product"]}
    one = order(line("A", 2, "50.00", "3.71", off="5.00"))
    two = order(line("A", 2, "50.00", "3.71", off="5.00"), line("B", 1, "30.00", off="3.00"))
    decided = decide(one, **own)
    assert (decided.rows, decided.total) == ([A, ("own discount", "", "5.00", "")], "48.71")
    assert decided.body["ApplyTaxAfterDiscount"] is True
    assert decide(two, **own).reasons == {
        "no_discount_product": DISCOUNT_REFUSED
        + "QuickBooks' own discount line would fall on lines with and without tax alike."
    }
    assert decide(one, **own, preferences={"SalesFormsPrefs": {"AllowDiscount": False}}).reasons == {
        "no_discount_product": DISCOUNT_REFUSED + "the company does not allow QuickBooks' own discount line."
    }


CERTIFICATE = {"type": "giftcertificate", "name": "$50.00 Gift Certificate"}


@pytest.mark.option("sales.gift_card_product")
@pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])
def test_a_certificate_is_a_liability_when_sold_and_a_negative_line_when_redeemed(decide, order, line, post_as):
    sold = order(line("A", 2, "50.00", "4.13"), line("", 1, "50.00", **CERTIFICATE))
    redeemed = order(line("A", 2, "50.00", "4.13"), gift_certificate_amount="50.0000")
    settings = {"sales.post_as": post_as}
    decided = decide(sold, **settings)
    assert (decided.rows, decided.total) == ([A, ("Gift certificate", "1 × 50", "50.00", "NON")], "104.13")
    decided = decide(redeemed, **settings)
    assert (decided.rows, decided.total) == ([A, ("Gift certificate", "1 × -50", "-50.00", "NON")], "4.13")
    for raw, what in ((sold, "a gift certificate sold"), (redeemed, "a gift certificate redeemed")):
        assert decide(raw, without=["sales.gift_card_product"], **settings).reasons == {
            "no_gift_card_product": WITHOUT_ITEM.format(what=what, option="gift_card_product")
        }


@pytest.mark.option("sales.store_credit_product")
@pytest.mark.parametrize(("post_as", "kinds"), [("sales_receipt", ["SalesReceipt"]), ("invoice", ["Invoice"])])
def test_store_credit_is_a_negative_line_and_no_money(decide, order, line, post_as, kinds):
    raw = order(line("A", 2, "50.00", "4.13"), store_credit_amount="54.1300", payment_method="Store Credit")
    decided = decide(raw, **{"sales.post_as": post_as})
    assert decided.kinds == kinds
    assert (decided.rows, decided.total) == ([A, ("Store credit", "1 × -54.13", "-54.13", "NON")], "0.00")
    assert "PaymentMethodRef" not in decided.body
    assert decide(raw, without=["sales.store_credit_product"]).reasons == {
        "no_store_credit_product": WITHOUT_ITEM.format(what="store credit redeemed", option="store_credit_product")
    }


@pytest.fixture
def uneven(order, line):
    """Lines of 25.00 and 25.00 in an order whose subtotal says so many cents more."""

    def raw(cents):
        sold = order(line("A", 1, "25.00"), line("B", 1, "25.00"))
        total = f"{Decimal('50.00') + Decimal(cents) / 100:.4f}"
        sums = {f"{name}_{side}_tax": total for name in ("subtotal", "total") for side in ("ex", "inc")}
        return sold | sums

    return raw


@pytest.mark.option("sales.rounding_product", "sales.rounding_limit")
@pytest.mark.parametrize(
    ("limit", "cents", "taken"),
    [
        ("0.05", 0, None),
        ("0.05", 5, "0.05"),
        ("0.05", -5, "-0.05"),
        ("0.05", 6, "held"),
        ("0", 1, "held"),
        ("1", 100, "1.00"),
        ("1", -101, "held"),
    ],
)
def test_cents_that_no_line_can_absorb_up_to_the_limit(decide, uneven, limit, cents, taken):
    decided = decide(uneven(cents), **{"sales.rounding_limit": limit})
    if taken == "held":
        (text,) = decided.reasons.values()
        assert f"The lines differ from the order's totals by {Decimal(cents) / 100:.2f}" in text
        assert f"more than rounding_limit {limit}:" in text
        assert set(decided.reasons) == {"lines_do_not_close"}
        return
    lines = [("Product A", "1 × 25", "25.00", "NON"), ("Product B", "1 × 25", "25.00", "NON")]
    odd = [] if taken is None else [("Rounding", f"1 × {Decimal(taken).normalize():f}", taken, "NON")]
    assert decided.rows == [*lines, *odd]
    assert decided.total == f"{Decimal('50.00') + Decimal(cents) / 100:.2f}"


@pytest.mark.option("sales.rounding_product")
def test_without_a_rounding_product_odd_cents_are_held_with_the_breakdown(decide, uneven):
    assert decide(uneven(1), without=["sales.rounding_product"]).reasons == {
        "no_rounding_product": "The order has 0.01 that no line can absorb (with tax 50.01 subtotal = 50.01, "
        "printed 50.01; without tax 50.01 subtotal = 50.01, printed 50.01; tax 0.00 = 0.00, printed 0.00.), "
        "and sales.rounding_product is not set."
    }
