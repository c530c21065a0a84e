"""Refunds of receipts in US companies, each in cents: what goes back by line, amount and tender, and from where."""

from __future__ import annotations

import copy
from dataclasses import replace
from decimal import Decimal

import pytest

from cartledger.records import Operation
from cartledger.refunds import read_refunds
from mapping.identities import check_refund
from mapping.transactions import read_transactions

EXTRAS = {"shipping": ("12.00", "0.96"), "handling": ("3.00", "0.24"), "fees": (("2.50", "0"), ("1.00", "0.08"))}


def test_example_8_one_unit_of_a_line_with_its_tax(world, order, refund, product):
    life = world().decide(order(), refund(12, product(1), total="24.36", tax="1.86"))
    assert life.kinds == {"document": "SalesReceipt", "refund-12": "RefundReceipt"}
    assert life.rows("refund-12") == [("Returned goods", "1 × 22.5", "22.50", "TAX")]
    assert (life.total("refund-12"), life.tax("refund-12")) == ("24.36", "1.86")
    assert life.named("refund-12", "DepositToAccountRef") == "Card clearing"
    assert life.codes == []
    body = life.body("refund-12")
    assert (body["DocNumber"], body["TxnDate"]) == ("R-1001", "2026-05-20")
    assert body["PrivateNote"].splitlines() == [
        "Refund 12 of BigCommerce order 1001 (BC-1001). Payment method: Credit Card. Reference: ch_1001.",
        "cartledger:abc123:refund:12",
    ]
    assert [line["Description"] for line in body["Line"]] == ["1 × Product A (A)"]


def test_example_9_a_later_amount_without_tax(world, order, refund, product, item):
    life = world().decide(
        order(),
        refund(12, product(1), total="24.36", tax="1.86"),
        refund(15, item("ORDER", 1001, "10.00"), total="10.00"),
    )
    assert life.rows("refund-15") == [("Refund adjustments", "1 × 10", "10.00", "NON")]
    assert (life.total("refund-15"), life.document("refund-15").number) == ("10.00", "R-1001-2")
    assert "TxnTaxDetail" not in life.body("refund-15")


def test_everything_at_once_is_the_sale(world, order, refund, product, item):
    """45.00 + 27.00 + 10.00 of 80.00 − 8.00 + 10.00."""
    everything = refund(12, product(1, 2), product(2), item("SHIPPING", 1, "10.00"), total="88.77", tax="6.77")
    life = world().decide(order(), everything)
    assert life.rows("refund-12") == [
        ("Returned goods", "2 × 22.5", "45.00", "TAX"),
        ("Returned goods", "1 × 27", "27.00", "TAX"),
        ("Shipping", "1 × 10", "10.00", "TAX"),
    ]
    assert (life.total("refund-12"), life.tax("refund-12")) == (life.total("document"), life.tax("document"))


def test_the_last_units_of_a_line_take_the_rest(world, order, line, refund, product):
    """10.00 and 0.83 of tax over three units: 3.33, 3.34 and 3.33, of the tax 0.28, 0.27 and 0.28."""
    sold = order(line("B", 3, "10.00", "0.83"))
    life = world().decide(
        sold,
        refund(12, product(1), total="3.61", tax="0.28"),
        refund(13, product(1), total="3.61", tax="0.27"),
        refund(14, product(1), total="3.61", tax="0.28"),
    )
    assert [life.rows(f"refund-{number}")[0][2] for number in (12, 13, 14)] == ["3.33", "3.34", "3.33"]
    assert [life.document(f"refund-{number}").number for number in (12, 13, 14)] == ["R-1001", "R-1001-2", "R-1001-3"]


def test_shipping_handling_fees_and_wrapping_go_by_their_own_items(world, order, line, refund, item):
    sold = order(line("B", 1, "100.00", "8.00", wrapping=("4.00", "0.32")), **EXTRAS)
    back = refund(
        12,
        item("SHIPPING", 31, "6.00"),
        item("HANDLING", 31, "3.00"),
        item("GIFT_WRAPPING", 1),
        item("FEE", 71, "2.50"),
        item("FEE", 72, "1.00"),
        total="17.62",
        tax="1.12",
    )
    life = world().decide(sold, back)
    assert life.rows("refund-12") == [
        ("Shipping", "1 × 6", "6.00", "TAX"),
        ("Handling", "1 × 3", "3.00", "TAX"),
        ("Wrapping", "1 × 4", "4.00", "TAX"),
        ("Fee", "1 × 2.5", "2.50", "NON"),
        ("Fee", "1 × 1", "1.00", "TAX"),
    ]
    assert life.codes == []


def test_the_one_fee_of_an_order_may_be_called_by_the_orders_id(world, order, line, refund, item):
    sold = order(line("B", 1, "20.00"), fees=(("2.50", "0"),))
    life = world().decide(sold, refund(12, item("FEE", 1001, "2.50"), total="2.50"))
    assert life.rows("refund-12") == [("Fee", "1 × 2.5", "2.50", "NON")]


def test_quickbooks_own_shipping_field_takes_shipping_of_all_addresses_in_one_line(world, order, refund, item):
    here = world(without=("sales.shipping_item",))
    back = refund(12, item("SHIPPING", 31, "4.00"), item("SHIPPING", 32, "6.00"), total="10.83", tax="0.83")
    assert here.decide(order(), back).rows("refund-12") == [("SHIPPING_ITEM_ID", "", "10.00", "TAX")]


def test_what_was_kept_back_is_taken_off_without_tax(world, order, refund, product):
    """22.50 and its tax 1.86, less 5.00."""
    life = world().decide(order(), refund(12, product(1, kept="5.00"), total="19.36", tax="1.86"))
    assert life.rows("refund-12") == [
        ("Returned goods", "1 × 22.5", "22.50", "TAX"),
        ("Refund adjustments", "1 × -5", "-5.00", "NON"),
    ]
    assert life.body("refund-12")["Line"][1]["Description"] == "Service fee"


@pytest.mark.parametrize(
    ("total", "tax", "rows"),
    [
        # somebody gave the goods back for less: the tax is what was typed in
        (
            "20.00",
            "1.86",
            [("Returned goods", "1 × 22.5", "22.50", "TAX"), ("Refund adjustments", "1 × -4.36", "-4.36", "NON")],
        ),
        # and for a part of both: 1.00 is the tax of 12.10
        (
            "20.00",
            "1.00",
            [("Returned goods", "1 × 12.1", "12.10", "TAX"), ("Refund adjustments", "1 × 6.9", "6.90", "NON")],
        ),
        # without tax nothing is taxed
        (
            "20.00",
            "0.00",
            [("Returned goods", "1 × 22.5", "22.50", "NON"), ("Refund adjustments", "1 × -2.5", "-2.50", "NON")],
        ),
        # a cent or two of rounding are no adjustment
        ("24.38", "1.87", [("Returned goods", "1 × 22.51", "22.51", "TAX")]),
    ],
)
def test_what_somebody_typed_in_is_booked_as_it_is(world, order, refund, product, total, tax, rows):
    back = refund(12, product(1), total=total, tax=tax, uses_merchant_override_values=True)
    life = world().decide(order(), back)
    assert life.rows("refund-12") == rows
    assert (life.total("refund-12"), life.tax("refund-12")) == (total, tax)
    assert [notice.code for notice in life.post.notices] == ["refund_adjusted"] * (len(rows) - 1)


def test_an_amount_with_tax_is_taxed_as_the_order_was(world, order, refund, item):
    """Somebody gives back what a unit less comes to, with the tax on it: 1.65 is 8.25 % of 20.00."""
    typed = {"uses_merchant_override_values": True}
    back = refund(12, item("ORDER", 1001, "21.65"), total="21.65", tax="1.65", **typed)
    life = world().decide(order(), back)
    assert life.rows("refund-12") == [("Refund adjustments", "1 × 20", "20.00", "TAX")]
    assert (life.total("refund-12"), life.tax("refund-12"), life.codes) == ("21.65", "1.65", [])
    other = refund(12, item("ORDER", 1001, "21.65"), total="21.65", tax="2.65", **typed)
    assert world().decide(order(), other).codes == ["refund_tax_differs"]


def test_an_amount_with_tax_of_an_order_of_several_rates_is_held(world, order, line, refund, item):
    sold = order(line("A", 1, "100.00", "20.00"), line("B", 1, "100.00", "5.00"))
    back = refund(12, item("ORDER", 1001, "24.00"), total="24.00", tax="4.00", uses_merchant_override_values=True)
    assert world("uk").decide(sold, back).codes == ["refund_tax_differs"]
    between = refund(12, item("ORDER", 1001, "22.50"), total="22.50", tax="2.50", uses_merchant_override_values=True)
    assert world("uk").decide(sold, between).codes == ["refund_tax_differs"]
    one_rate = order(line("A", 1, "100.00", "20.00"), line("B", 1, "100.00"))
    life = world("uk").decide(one_rate, back)
    assert life.rows("refund-12") == [("Refund adjustments", "1 × 20", "20.00", "20.0% S")]
    assert life.tax_rows("refund-12") == [("20.0% S (sales)", "20.00", "4.00")]


def test_cents_that_are_left_over_go_onto_goods_never_onto_certificates(world, order, line, refund, product):
    sold = order(line("B", 1, "20.00", "1.65"), line("", 1, "50.00", type="giftcertificate"))
    life = world().decide(sold, refund(12, product(1), product(2), total="71.63", tax="1.65"))
    assert [row[2] for row in life.rows("refund-12")] == ["19.98", "50.00"]


def test_a_tax_that_rounds_to_nothing_leaves_nothing_taxable(world, order, line, refund, product):
    """QuickBooks would work out a tax of its own on what is taxable."""
    life = world("us_ast").decide(order(line("B", 3, "0.30", "0.01")), refund(12, product(1), total="0.10"))
    assert life.rows("refund-12") == [("Returned goods", "1 × 0.1", "0.10", "NON")]


def test_a_charge_without_an_amount_goes_back_as_far_as_it_is_left(world, order, refund, item):
    rows = (
        refund(12, item("SHIPPING", 1, "10.00"), total="10.83", tax="0.83", declined=("stripe",)),
        refund(13, item("SHIPPING", 1, "4.00"), total="4.33", tax="0.33"),
        refund(14, item("SHIPPING", 1), total="6.50", tax="0.50"),
    )
    assert world().decide(order(), *rows).rows("refund-14") == [("Shipping", "1 × 6", "6.00", "TAX")]


def test_a_discount_that_the_shop_does_not_share_out_falls_on_goods_as_in_the_sale(world, order, line, refund, product):
    """8.00 off 50.00 and 30.00: 3.00 of it on the latter."""
    sold = order(line("A", 2, "50.00"), line("B", 1, "30.00"))
    sold |= {"coupon_discount": "8.0000", "total_ex_tax": "72.0000", "total_inc_tax": "72.0000"}
    life = world().decide(sold, refund(12, product(2), total="27.00"))
    assert (life.rows("refund-12"), life.post.notices) == ([("Returned goods", "1 × 27", "27.00", "NON")], ())


def test_goods_that_the_order_no_longer_has_are_an_adjustment(world, order, refund, product):
    life = world().decide(order(), refund(12, product(99), total="20.00"))
    assert life.rows("refund-12") == [("Refund adjustments", "1 × 20", "20.00", "NON")]


def test_an_order_that_was_free_gives_back_nothing(world, order, line, refund, product):
    free = order(line("A", 2, "50.00", off="50.00"))
    life = world(**{"refunds.restock": "always"}).decide(free, refund(12, product(1), total="0.00", paid=()))
    assert life.rows("refund-12") == [("A", "1 × 0", "0.00", "NON")]
    assert life.total("refund-12") == "0.00"


def test_bundled_goods_come_back_with_the_line_that_they_belong_to(world, order, line, refund, product):
    sold = order(line("B", 2, "40.00"), line("A", 6, "0.00", parent_order_product_id=1), line("C", 1, "5.00"))
    back = refund(12, product(1), total="20.00")
    restocked = world(**{"refunds.restock": "always"}).decide(sold, back)
    assert restocked.rows("refund-12") == [("B", "1 × 20", "20.00", "NON"), ("A", "3 × 0", "0.00", "NON")]
    assert world().decide(sold, back).rows("refund-12") == [("Returned goods", "1 × 20", "20.00", "NON")]
    both = refund(12, product(1), product(2, 3), total="20.00")
    assert world(**{"refunds.restock": "always"}).decide(sold, both).rows("refund-12") == restocked.rows("refund-12")


def test_a_certificate_that_was_sold_goes_back_by_its_liability(world, order, line, refund, product):
    sold = order(line("B", 1, "20.00", "1.65"), line("", 1, "50.00", type="giftcertificate"))
    life = world().decide(sold, refund(12, product(2), total="50.00"))
    assert life.rows("refund-12") == [("Gift certificate", "1 × 50", "50.00", "NON")]


def test_goods_of_no_item_of_their_own_follow_the_sale(world, order, line, refund, product):
    sold = order(line("NEW", 1, "20.00"))
    life = world(**{"refunds.restock": "always"}).decide(sold, refund(12, product(1), total="20.00"))
    assert life.rows("refund-12") == [("Unknown product", "1 × 20", "20.00", "NON")]


def test_items_that_are_still_to_be_made_are_waited_for_only_by_goods_that_are_put_back(
    world, order, line, refund, product
):
    early = order(line("NEW", 1, "20.00"), date_created="Mon, 15 Dec 2025 15:30:00 +0000")
    back = refund(12, product(1), total="20.00")
    options = {"without": ("sales.default_product",), "products.create_missing": True}
    assert world(**options).decide(early, back).post.wants == ()
    wants = world(**options, **{"refunds.restock": "always"}).decide(early, back).post.wants
    assert [product.sku for product in wants] == ["NEW"]


@pytest.mark.parametrize(
    ("paid", "rows", "total"),
    [
        ((("storecredit", "24.36"),), [("Store credit", "1 × -24.36", "-24.36", "NON")], "0.00"),
        ((("giftcertificate", "24.36"),), [("Gift certificate", "1 × -24.36", "-24.36", "NON")], "0.00"),
        ((("stripe", "4.36"), ("storecredit", "20.00")), [("Store credit", "1 × -20", "-20.00", "NON")], "4.36"),
    ],
)
def test_what_became_credit_is_owed_instead_of_paid(world, order, refund, product, paid, rows, total):
    life = world().decide(order(), refund(12, product(1), total="24.36", tax="1.86", paid=paid))
    assert life.rows("refund-12") == [("Returned goods", "1 × 22.5", "22.50", "TAX"), *rows]
    assert (life.total("refund-12"), life.tax("refund-12")) == (total, "1.86")
    assert ("PaymentMethodRef" in life.body("refund-12")) == (total != "0.00")


def test_two_accounts_are_a_receipt_and_a_transfer(world, order, refund, product):
    back = refund(12, product(1), total="24.36", tax="1.86", paid=(("stripe", "20.00"), ("paypal", "4.36")))
    life = world().decide(order(), back)
    assert list(life.kinds) == ["document", "refund-12", "refund-12-transfer"]
    assert (life.total("refund-12"), life.named("refund-12", "DepositToAccountRef")) == ("24.36", "Card clearing")
    transfer = life.body("refund-12-transfer")
    assert life.named("refund-12-transfer", "FromAccountRef") == "PayPal clearing"
    assert life.named("refund-12-transfer", "ToAccountRef") == "Card clearing"
    assert (transfer["Amount"], transfer["TxnDate"]) == (Decimal("4.36"), "2026-05-20")
    assert transfer["PrivateNote"].splitlines() == [
        "Refund 12 of BigCommerce order 1001 (BC-1001).",
        "cartledger:abc123:refund-transfer:12",
    ]


def test_two_providers_of_one_account_are_one_receipt(world, order, refund, product):
    back = refund(12, product(1), total="24.36", tax="1.86", paid=(("stripe", "20.00"), ("custom", "4.36")))
    assert list(world().decide(order(), back).kinds) == ["document", "refund-12"]


def test_of_two_methods_the_transactions_tell_whose_a_provider_is(world, order, refund, product):
    rows = [
        {"id": 1, "event": "purchase", "amount": 50, "currency": "USD", "gateway": "stripe"},
        {"id": 2, "event": "purchase", "amount": Decimal("38.77"), "currency": "USD", "gateway": "braintree"},
    ]
    came = read_transactions([{**row, "date_created": "2026-05-01T15:30:00+00:00"} for row in rows])
    sold = order(payment_method="Credit Card, PayPal")
    back = refund(12, product(1), total="24.36", tax="1.86", paid=(("braintree", "24.36"),))
    here = world(**{"sales.post_as": "sales_receipt"})
    assert here.decide(sold, back, transactions=None).needs == "transactions"
    early = {"date_created": "Mon, 15 Dec 2025 15:30:00 +0000"}
    assert here.decide(sold | early, back, transactions=None).needs == "transactions"
    life = here.decide(sold, back, transactions=came)
    assert life.named("refund-12", "DepositToAccountRef") == "PayPal clearing"


def test_declined_then_retried(world, order, refund, product):
    """What was declined is no refund and has no rank."""
    life = world().decide(
        order(),
        refund(12, product(1), total="24.36", tax="1.86", declined=("stripe",)),
        refund(13, product(1), total="24.36", tax="1.86"),
    )
    assert list(life.kinds) == ["document", "refund-13"]
    assert life.document("refund-13").number == "R-1001"
    assert life.rows("refund-13") == [("Returned goods", "1 × 22.5", "22.50", "TAX")]


@pytest.mark.parametrize(
    ("row", "code", "fix"),
    [
        (
            {"total": "10.00", "tax": "-2.00"},
            "negative_refund_tax",
            "Enter it by hand (debit Sales returns 12.00, credit sales tax 2.00, credit Card clearing 10.00), "
            "then use `cartledger held ignore`.",
        ),
        (
            {"total": "1.86", "tax": "1.86", "items": []},
            "refund_of_tax",
            "Enter it by hand (debit sales tax 1.86, credit Card clearing 1.86), then use `cartledger held ignore`.",
        ),
        (
            {"total": "1.00", "tax": "1.86"},
            "refund_of_tax",
            "Enter it by hand (debit sales tax 1.86, credit Sales returns 0.86, credit Card clearing 1.00), "
            "then use `cartledger held ignore`.",
        ),
        (
            {"total": "1.005", "tax": "0"},
            "refund_below_a_cent",
            "Enter it by hand (debit Sales returns 1.005, credit Card clearing 1.005), "
            "then use `cartledger held ignore`.",
        ),
        (
            {"total": "24.36", "tax": "9.36"},
            "refund_tax_differs",
            "Enter it by hand (debit Sales returns 15.00, debit sales tax 9.36, credit Card clearing 24.36), "
            "then use `cartledger held ignore`.",
        ),
        (
            {"total": "5.00", "items": []},
            "refund_without_items",
            "Enter it by hand (debit Sales returns 5.00, credit Card clearing 5.00), "
            "then use `cartledger held ignore`.",
        ),
        (
            {
                "total": "24.36",
                "tax": "1.86",
                "paid": (("stripe", "14.36"), ("paypal", "10.00")),
                "declined": ("paypal",),
            },
            "refund_partly_declined",
            "Enter what went back by hand, then use `cartledger held ignore`.",
        ),
        (
            {"total": "24.36", "tax": "1.86", "paid": (("stripe", "14.36"),)},
            "refund_payments_differ",
            "Enter it by hand, then use `cartledger held ignore`.",
        ),
        (
            {"total": "88.78", "tax": "6.77"},
            "refund_exceeds_sale",
            "Correct it in BigCommerce, or book it by hand and use `cartledger held ignore`.",
        ),
    ],
)
def test_what_no_document_can_say_keeps_nothing_else_back(world, order, refund, product, item, row, code, fix):
    """The sale and the other refund are posted; the order is held for the one."""
    row = {"items": [product(1)], **row}
    bad = {
        **refund(13, total=row.pop("total"), **{k: v for k, v in row.items() if k != "items"}),
        "items": row["items"],
    }
    life = world().decide(order(), bad, refund(14, item("ORDER", 1001, "1.00"), total="1.00"))
    assert list(life.kinds) == ["document", "refund-14"]
    assert [(problem.code, problem.fix) for problem in life.post.problems] == [(code, fix)]
    assert life.post.problems[0].text.startswith("Refund 13 ") or "refund 13" in life.post.problems[0].text


def test_refunds_beyond_the_sale_are_held_and_the_earlier_ones_posted(world, order, refund, product, item):
    life = world().decide(
        order(),
        refund(12, product(1), total="24.36", tax="1.86"),
        refund(13, item("ORDER", 1001, "64.42"), total="64.42"),
        refund(14, item("ORDER", 1001, "64.41"), total="64.41"),
    )
    assert list(life.kinds) == ["document", "refund-12", "refund-14"]
    assert [problem.text for problem in life.post.problems] == [
        "Refund 13 gives back 64.42, and 64.41 of the sale is left."
    ]


def test_what_can_go_back_is_what_the_document_says_once_an_edit_made_the_order_less(world, order, line, refund, item):
    stands = world().decide(order(line("B", 2, "50.00"))).stands()
    back = refund(12, item("ORDER", 1001, "25.00"), total="25.00")
    rest = refund(13, item("ORDER", 1001, "25.00"), total="25.00")
    life = world().decide(order(line("B", 1, "25.00")), back, rest, stands=stands)
    assert {"refund-12", "refund-13"} <= {*life.kinds}


def test_redeemed_certificates_can_go_back_too(world, order, line, refund, product):
    sold = order(line("B", 1, "92.00"), gift_certificate_amount="50.0000")
    ways = (("stripe", "42.00"), ("giftcertificate", "50.00"))
    stands = world().decide(sold).stands()
    life = world().decide(sold, refund(12, product(1), total="92.00", paid=ways), stands=stands)
    assert life.rows("refund-12") == [
        ("Returned goods", "1 × 92", "92.00", "NON"),
        ("Gift certificate", "1 × -50", "-50.00", "NON"),
    ]
    assert life.total("refund-12") == "42.00"


def test_a_refund_bears_its_own_day_in_the_zone_of_the_documents(world, order, refund, product):
    back = refund(12, product(1), total="24.36", tax="1.86", created="2026-07-01T03:00:00+00:00")
    assert world().decide(order(), back).body("refund-12")["TxnDate"] == "2026-06-30"


def test_closed_books_hold_a_refund_or_date_it_anew(world, order, refund, product, item):
    stands = _stands(world, order)
    rows = [
        refund(12, product(1), total="24.36", tax="1.86"),
        refund(13, item("ORDER", 1001, "1.00"), total="1.00", created="2026-06-02T15:00:00+00:00"),
    ]
    held = world().decide(order(), *rows, stands=stands, closed="2026-05-31")
    assert (list(held.kinds), held.codes) == (["refund-13"], ["books_closed"])
    assert held.post.problems[0].text == (
        "Refund 12 is of 2026-05-20; the company's books are closed up to 2026-05-31."
    )
    anew = world(closed_books="first_open_day").decide(order(), *rows, stands=stands, closed="2026-05-31")
    body = anew.body("refund-12")
    assert (body["TxnDate"], anew.codes) == ("2026-06-01", [])
    assert "Of 2026-05-20, whose books are closed." in body["PrivateNote"]


def test_a_refund_of_a_sale_before_the_first_day_is_posted_and_says_so(world, order, refund, product):
    placed = "Mon, 15 Dec 2025 15:30:00 +0000"
    life = world().decide(order(date_created=placed), refund(12, product(1), total="24.36", tax="1.86"))
    assert list(life.kinds) == ["refund-12"]
    assert life.body("refund-12")["PrivateNote"].splitlines()[0] == (
        "Refund 12 of BigCommerce order 1001. Its sale was before 2026-01-01, the first day that is kept here. "
        "Payment method: Credit Card. Reference: ch_1001."
    )
    assert "refund_of_early_sale" in {notice.code for notice in life.post.notices}
    assert life.body("refund-12")["CustomerRef"] == {"value": "1"}


# What stands already


def _stands(world, order):
    return world().decide(order()).stands()


def test_what_stands_is_not_written_again_and_keeps_its_number(world, order, refund, product, item):
    first = refund(12, product(1), total="24.36", tax="1.86")
    stands = world().decide(order(), first).stands()
    life = world().decide(order(), first, stands=stands)
    assert (life.kinds, life.codes) == ({}, [])
    # an earlier one that is told of later gets the next free number
    late = refund(11, item("ORDER", 1001, "1.00"), total="1.00")
    assert world().decide(order(), late, first, stands=stands).document("refund-11").number == "R-1001-2"


def test_the_refund_goes_to_the_customer_of_the_sale(world, order, refund, product):
    stands = {"document": replace(_stands(world, order)["document"], customer="77")}
    life = world().decide(order(), refund(12, product(1), total="24.36", tax="1.86"), stands=stands)
    assert life.body("refund-12")["CustomerRef"] == {"value": "77"}


def test_other_settings_change_no_refund_that_stands(world, order, refund, product):
    back = refund(12, product(1), total="24.36", tax="1.86", paid=(("stripe", "20.00"), ("custom", "4.36")))
    stands = world().decide(order(), back).stands()
    methods = {"custom": {"account": "Cash clearing"}, "Credit Card": {"method": "Visa"}}
    later = world(**{"refunds.restock": "always", "payments.methods": methods})
    assert (later.decide(order(), back, stands=stands).kinds, later.decide(order(), back, stands=stands).codes) == (
        {},
        [],
    )


def test_a_transfer_that_is_missing_is_written_later(world, order, refund, product):
    back = refund(12, product(1), total="24.36", tax="1.86", paid=(("stripe", "20.00"), ("paypal", "4.36")))
    stands = world().decide(order(), back).stands()
    del stands["refund-12-transfer"]
    assert list(world().decide(order(), back, stands=stands).kinds) == ["refund-12-transfer"]
    other = world(**{"payments.methods": {"paypal": {"account": "Cash clearing"}}})
    life = other.decide(order(), back, stands=stands)
    assert (life.kinds, life.codes) == ({}, ["refund_transfer_missing"])


def test_a_part_that_is_declined_after_posting_is_told_of_and_nothing_is_changed(world, order, refund, product):
    ways = {"paid": (("stripe", "20.00"), ("paypal", "4.36"))}
    stands = world().decide(order(), refund(12, product(1), total="24.36", tax="1.86", **ways)).stands()
    now = refund(12, product(1), total="24.36", tax="1.86", **ways, declined=("paypal",))
    life = world().decide(order(), now, stands=stands)
    assert (life.kinds, life.codes) == ({}, ["refund_changed"])
    assert life.post.problems[0].text == (
        "RefundReceipt R-1001 stands with 24.36, and of refund 12 now 20.00 in money and 0.00 in credit went back."
    )


def test_credit_that_is_taken_back_after_posting_is_told_of(world, order, refund, product):
    ways = {"paid": (("stripe", "20.00"), ("storecredit", "4.36"))}
    stands = world().decide(order(), refund(12, product(1), total="24.36", tax="1.86", **ways)).stands()
    assert world().decide(order(), refund(12, product(1), total="24.36", tax="1.86", **ways), stands=stands).codes == []
    now = refund(12, product(1), total="24.36", tax="1.86", **ways, declined=("storecredit",))
    assert world().decide(order(), now, stands=stands).codes == ["refund_changed"]


def test_a_sale_that_was_edited_down_before_it_was_posted_is_held(world, order, refund, item):
    """More came in than it comes to now: what was given back for that would be booked of what never was."""
    back = refund(12, item("ORDER", 1001, "10.00"), total="10.00")
    assert world().decide(order(), back, transactions=None).needs == "transactions"
    row = {"id": 1, "event": "purchase", "amount": Decimal("98.77"), "currency": "USD", "gateway": "stripe"}
    told = read_transactions([row | {"date_created": "2026-05-01T10:00:00+00:00"}])
    held = world().decide(order(), back, transactions=told).decision
    assert [problem.code for problem in held.problems] == ["paid_too_much"]


def came_in(*amounts):
    row = {"event": "purchase", "currency": "USD", "gateway": "stripe", "date_created": "2026-05-01T10:00:00+00:00"}
    return read_transactions(row | {"id": number, "amount": Decimal(each)} for number, each in enumerate(amounts, 1))


@pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])
@pytest.mark.parametrize(
    ("amounts", "codes"),
    [
        ((), []),
        (("88.77",), []),
        (("44.00", "44.77"), []),
        (("88.77", "0.01"), ["paid_too_much"]),
        (("88.77", "24.36"), ["paid_too_much"]),
    ],
)
def test_what_was_added_paid_and_taken_back_is_not_booked_as_a_refund_alone(
    world, order, refund, product, post_as, amounts, codes
):
    """The order is again what was booked: only its transactions tell that more came in."""
    here, back = world(**{"sales.post_as": post_as}), refund(12, product(1), total="24.36", tax="1.86")
    stands, facts = here.decide(order()).stands(), {"owed": "0.00"} if post_as == "invoice" else {}
    assert here.decide(order(), back, stands=stands, transactions=None, **facts).needs == "transactions"
    life = here.decide(order(), back, stands=stands, transactions=came_in(*amounts), **facts)
    assert (life.kinds, life.codes) == ({} if codes else {"refund-12": "RefundReceipt"}, codes)


def test_money_that_is_not_booked_is_told_with_its_amounts_and_once(world, order, refund, product):
    stands = world().decide(order()).stands()
    two = [refund(number, product(1), total="24.36", tax="1.86") for number in (12, 13)]
    (problem,) = world().decide(order(), *two, stands=stands, transactions=came_in("88.77", "24.36")).post.problems
    assert (problem.text, problem.fix) == (
        "The shop's transactions say that 113.13 came in for the order, and 88.77 of it can be booked for SalesReceipt "
        "BC-1001: no refund is booked of what the books do not have.",
        "Enter by hand what came in beside it (24.36) and what went back, then use `cartledger held ignore`.",
    )


def test_what_came_in_is_asked_only_where_money_of_a_posted_sale_goes_back(world, order, refund, product):
    """Not again for a refund that stands, not for one of nothing, nor where nobody is said to have paid."""
    back, nothing = refund(12, product(1), total="24.36", tax="1.86"), refund(13, product(2), total="0.00")
    stands = world().decide(order(), back).stands()
    assert world().decide(order(), back, stands=stands, transactions=None).kinds == {}
    assert "refund-13" in world().decide(order(), back, nothing, stands=stands, transactions=None).kinds
    more = refund(15, product(2), total="29.23", tax="2.23")
    assert world().decide(order(), back, more, stands=stands, transactions=None).needs == "transactions"
    never = world(**{"payments.methods": {"Credit Card": {"paid_when": "never"}}, "sales.receipt_for_unpaid": True})
    assert list(never.decide(order(), back, stands={"document": stands["document"]}, transactions=None).kinds) == [
        "refund-12"
    ]


@pytest.mark.parametrize(("came", "codes"), [("68.77", []), ("88.77", ["paid_too_much"])])
@pytest.mark.parametrize("tenders", ["line", "credit_memo"])
def test_redeemed_tenders_are_no_money_that_came_in(world, order, refund, product, tenders, came, codes):
    here = world(**{"sales.post_as": "invoice", "sales.tenders_on_invoice": tenders})
    raw, back = order(gift_certificate_amount="20.00"), refund(12, product(1), total="24.36", tax="1.86")
    stands = here.decide(raw, transactions=came_in("68.77")).stands()
    assert here.decide(raw, back, stands=stands, transactions=came_in(came), owed="0.00").codes == codes


def test_what_is_declined_after_posting_is_deleted(world, order, refund, product):
    ways = {"paid": (("stripe", "20.00"), ("paypal", "4.36"))}
    stands = world().decide(order(), refund(12, product(1), total="24.36", tax="1.86", **ways)).stands()
    now = refund(12, product(1), total="24.36", tax="1.86", **ways, declined=("stripe", "paypal"))
    retried = refund(13, product(1), total="24.36", tax="1.86")
    life = world().decide(order(), now, retried, stands=stands)
    assert list(life.kinds) == ["refund-12-transfer-undone", "refund-12-undone", "refund-13"]
    undone = life.document("refund-12-undone")
    assert (undone.operation, undone.entity, undone.amount) == (Operation.DELETE, "RefundReceipt", 0)
    assert undone.body == {"Id": "101", "SyncToken": "0"}
    assert undone.hash == stands["refund-12"].hash
    assert life.document("refund-13").number == "R-1001-2"  # the deleted one was R-1001
    done = stands | dict.fromkeys(("refund-12-undone", "refund-12-transfer-undone"), stands["refund-12"])
    assert list(world().decide(order(), now, stands=done).kinds) == []


def test_nothing_is_deleted_in_closed_books(world, order, refund, product):
    stands = world().decide(order(), refund(12, product(1), total="24.36", tax="1.86")).stands()
    now = refund(12, product(1), total="24.36", tax="1.86", declined=("stripe",))
    life = world().decide(order(), now, stands=stands, closed="2026-05-20")
    assert (life.kinds, life.codes) == ({}, ["declined_in_closed_books"])


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"amount": Decimal("24.35")}, "lines and tax total"),
        ({"TotalTax": Decimal("1.85")}, "lines and tax tax tax by rate"),
        ({"Amount": Decimal("22.49")}, "lines and tax"),
    ],
)
def test_a_document_that_says_another_thing_than_the_refund_is_never_posted(
    world, order, refund, product, change, what
):
    row = refund(12, product(1), total="24.36", tax="1.86")
    document = world("us_ast").decide(order(), row).document("refund-12")
    (told,) = read_refunds([row])
    assert check_refund([document], told, money=Decimal("24.36")) == ()
    body = copy.deepcopy(document.body)
    if "TotalTax" in change:
        body["TxnTaxDetail"].update(change)
    if "Amount" in change:
        body["Line"][0].update(change)
    wrong = replace(document, body=body, amount=change.get("amount", document.amount))
    violated = check_refund([wrong], told, money=Decimal("24.36"))
    assert " ".join(problem.text.split(" of refund 12")[0].removeprefix("The ") for problem in violated) == what


# What the status alone says


@pytest.mark.parametrize("status", [4, 14])
def test_refunded_without_a_refund_is_held_where_it_is_looked_at(world, order, refund, product, status):
    raw = order(status_id=status, status="Refunded")
    life = world().decide(raw)
    assert [problem.code for problem in life.decision.problems] == ["refunded_without_refunds"]
    declined = refund(12, product(1), total="24.36", tax="1.86", declined=("stripe",))
    (problem,) = world().decide(raw, declined).decision.problems
    assert (problem.code, problem.text.partition(", and ")[2]) == (
        "refunded_without_refunds",
        "all refunds of it were declined.",
    )
    told = refund(12, product(1), total="24.36", tax="1.86")
    assert list(world().decide(raw, told).kinds) == ["document", "refund-12"]
    assert list(world(**{"refunds.statuses": [5]}).decide(raw).kinds) == ["document"]


def test_without_the_workflow_refunds_are_not_booked(world, order, refund, product):
    here = world(workflows=["sales", "payments"])
    raw, back = order(status_id=14), refund(12, product(1), total="24.36", tax="1.86")
    assert list(here.decide(raw, back).kinds) == ["document"]
    assert here.decide(order(status_id=4), back).decision.problems[0].code == "refunded"
