"""How discounts, roundings and tenders come to the cent, in both price modes, beyond the worked examples."""

from __future__ import annotations

import pytest

from cartledger.money import D
from mapping.lines import fit, unit_price


@pytest.fixture
def twin(make_order, line):
    """The same sale in both price modes at 8.25 %: discount 5.00 and coupon 3.00 (both actual side), shipping 10.00.

    Exclusive: goods 80.00, taxed on 72.00. Inclusive: goods 86.60 gross, 78.60 paid, of which 5.99 tax.
    """
    exclusive = make_order(
        1,
        [line("A", 1, "80.00", inc="86.60", tax="5.94", off="8.00")],
        subtotal=("80.00", "5.94", "86.60"),
        shipping=("10.00", "0.83"),
        discount_amount="5.00",
        coupon_discount="3.00",
        total=("82.00", "6.77", "88.77"),
    )
    inclusive = make_order(
        1,
        [line("A", 1, "80.0003", inc="86.60", tax="5.99", off="8.00")],
        subtotal=("80.0003", "5.99", "86.60"),
        shipping=("10.00", "0.83"),
        discount_amount="5.00",
        coupon_discount="3.00",
        total=("82.61", "6.82", "89.43"),
    )
    return {"exclusive": exclusive, "inclusive": inclusive}.__getitem__


@pytest.mark.parametrize(
    ("mode", "discount", "net", "total"),
    [("exclusive", "-8.00", "82.00", "88.77"), ("inclusive", "-7.39", "82.61", "89.43")],
)
@pytest.mark.parametrize("hint", [True, False, None])
def test_twins_with_discount_coupon_and_shipping(twin, decide, posted, rows, mode, discount, net, total, hint):
    receipt = posted(decide(twin(mode) | {"is_tax_inclusive_pricing": hint}))
    assert rows(receipt.body) == [
        ("A", "1 × 80.00", "80.00", "TAX"),
        ("SHIPPING_ITEM_ID", "", "10.00", "TAX"),
        ("DISC", f"1 × {discount}", discount, "TAX"),
    ]
    assert sum(row["Amount"] for row in receipt.body["Line"]) == D(net)
    assert receipt.amount == D(total)


def test_inclusive_discount_falls_on_each_code_as_the_shop_gave_it(make_order, line, decide, posted, rows):
    """Goods at 20 % and untaxed goods, 10 % off: 12.00 of 120.00 gross is 10.00 net, 4.00 of 40.00 is 4.00."""
    order = make_order(
        1003,
        [
            line("A", 1, "100.00", inc="120.00", tax="18.00", off="12.00"),
            line("B", 1, "40.00", inc="40.00", tax="0.00", off="4.00"),
        ],
        subtotal=("140.00", "18.00", "160.00"),
        discount_amount="16.00",
        total=("126.00", "18.00", "144.00"),
    )
    assert rows(posted(decide(order)).body) == [
        ("A", "1 × 100.00", "100.00", "TAX"),
        ("B", "1 × 40.00", "40.00", "NON"),
        ("DISC", "1 × -10.00", "-10.00", "TAX"),
        ("DISC", "1 × -4.00", "-4.00", "NON"),
    ]


@pytest.mark.parametrize("off", [None, "1.00"])
def test_shares_that_the_shop_does_not_print_go_by_line_net(make_order, line, decide, posted, rows, off):
    order = make_order(
        1,
        [line("A", 1, "20.00", tax="1.32", off=off), line("B", 2, "10.00", tax="0")],
        subtotal=("30.00", "1.32", "31.32"),
        coupon_discount="10.00",
        total=("20.00", "1.32", "21.32"),
    )
    assert rows(posted(decide(order)).body)[2:] == [
        ("DISC", "1 × -6.67", "-6.67", "TAX"),
        ("DISC", "1 × -3.33", "-3.33", "NON"),
    ]


def test_a_discount_beyond_the_goods_falls_on_shipping_too(make_order, line, decide, posted, rows):
    order = make_order(
        1,
        [line("A", 1, "5.00", tax="0.25")],
        subtotal=("5.00", "0.25", "5.25"),
        shipping=("20.00", "0"),
        coupon_discount="10.00",
        total=("15.00", "0.25", "15.25"),
    )
    assert rows(posted(decide(order)).body)[2:] == [
        ("DISC", "1 × -2.00", "-2.00", "TAX"),
        ("DISC", "1 × -8.00", "-8.00", "NON"),
    ]


def test_a_product_discount_that_is_in_the_price_already_is_not_taken_off_twice(make_order, line, decide, posted, rows):
    order = make_order(
        1,
        [line("A", 1, "20.00", tax="1.24", off="5.00"), line("B", 1, "10.00")],
        subtotal=("30.00", "1.24", "31.24"),
        coupon_discount="5.00",
        total=("25.00", "1.24", "26.24"),
    )
    order["products"][1]["applied_discounts"] = [{"id": "9", "amount": "2.00", "target": "product"}]
    assert rows(posted(decide(order)).body)[2:] == [("DISC", "1 × -5.00", "-5.00", "TAX")]


def test_a_gift_certificate_takes_no_part_in_a_discount(make_order, line, decide, posted, rows):
    order = make_order(
        1,
        [line("A", 1, "20.00", tax="1.24"), line("", 1, "50.00", type="giftcertificate")],
        subtotal=("70.00", "1.24", "71.24"),
        discount_amount="5.00",
        total=("65.00", "1.24", "66.24"),
    )
    assert rows(posted(decide(order)).body)[2:] == [("DISC", "1 × -5.00", "-5.00", "TAX")]


def test_everything_off(make_order, line, decide, posted, rows):
    order = make_order(
        1,
        [line("A", 1, "20.00", inc="20.00", tax="0", off="20.00")],
        subtotal=("20.00", "0", "20.00"),
        coupon_discount="20.00",
        total=("0", "0", "0"),
    )
    receipt = posted(decide(order))
    assert rows(receipt.body)[1:] == [("DISC", "1 × -20.00", "-20.00", "NON")]
    assert receipt.amount == 0
    assert "TxnTaxDetail" not in receipt.body


@pytest.mark.parametrize(
    ("discount", "total", "code"),
    [
        ("10.00", ("80.00", "18.00", "98.00"), "totals_do_not_close"),
        ("22.00", ("80.00", "18.00", "98.00"), "discount_shares_disagree"),
    ],
)
def test_an_inclusive_discount_that_the_lines_contradict(make_order, line, decide, codes, discount, total, code):
    order = make_order(
        1,
        [line("A", 1, "100.00", inc="120.00", tax="18.00", off=discount)],
        subtotal=("100.00", "18.00", "120.00"),
        discount_amount=discount,
        total=total,
    )
    order["products"][0]["total_ex_tax"] = order["subtotal_ex_tax"] = "101.50"
    assert codes(decide(order)) == {code}


def test_an_inclusive_discount_beyond_its_gross_is_held(make_order, line, decide, codes):
    order = make_order(
        1,
        [line("A", 1, "115.00", inc="120.00", tax="18.00", off="10.00")],
        subtotal=("115.00", "18.00", "120.00"),
        discount_amount="10.00",
        total=("92.00", "18.00", "110.00"),
    )
    assert codes(decide(order)) == {"discount_out_of_bounds"}


def test_sub_cent_lines_take_their_cents_by_largest_remainder(make_order, line, decide, posted, rows):
    """3 × 0.3333 = 0.9999, twice, and 0.5022: printed to four decimals, 2.50 together."""
    order = make_order(
        1,
        [line("A", 3, "0.9999"), line("B", 3, "0.9999"), line("GOODS", 1, "0.5022")],
        subtotal=("2.5020", "0", "2.5020"),
        total=("2.50", "0", "2.50"),
    )
    assert rows(posted(decide(order)).body) == [
        ("A", "3 × 0.33333", "1.00", "NON"),
        ("B", "3 × 0.33333", "1.00", "NON"),
        ("GOODS", "1 × 0.50", "0.50", "NON"),
    ]


@pytest.mark.parametrize(("header", "rounding"), [("100.00", "0.01"), ("99.98", "-0.01")])
def test_what_no_line_can_absorb_goes_to_the_rounding_product(
    make_order, line, decide, make_connection, rows, header, rounding
):
    order = make_order(
        1,
        [line("A", 1, "33.33"), line("B", 1, "66.66")],
        subtotal=(header, "0", header),
        total=(header, "0", header),
    )
    decision = decide(order, connection=make_connection(sales={"rounding_product": "ROUND"}))
    assert rows(decision.documents[0].body)[-1] == ("ROUND", f"1 × {rounding}", rounding, "NON")
    assert decision.rounding == D(rounding)
    assert decision.documents[0].amount == D(header)


def test_a_cent_that_inclusive_lines_lack_is_rounding_and_no_discount(make_order, line, decide, make_connection, rows):
    order = make_order(
        1,
        [line("A", 1, "100.00", inc="120.00", tax="18.00", off="12.00")],
        subtotal=("100.01", "18.00", "120.01"),
        discount_amount="12.00",
        total=("90.01", "18.00", "108.01"),
    )
    decision = decide(order, connection=make_connection(sales={"rounding_product": "ROUND"}))
    assert rows(decision.documents[0].body) == [
        ("A", "1 × 100.00", "100.00", "TAX"),
        ("DISC", "1 × -10.00", "-10.00", "TAX"),
        ("ROUND", "1 × 0.01", "0.01", "NON"),
    ]


def test_what_no_discount_falls_on_is_its_price_less_its_tax_whatever_net_is_printed(
    make_order, line, decide, posted, rows
):
    order = make_order(
        1214,
        [line("A", 1, "100.00", tax="10.00")],
        subtotal=("100.00", "10.00", "110.00"),
        handling=("5.00", "0.50"),
        total=("105.00", "10.50", "115.50"),
        handling_cost_ex_tax="5.0300",
    )
    decision = decide(order)
    assert rows(posted(decision).body) == [
        ("A", "1 × 100.00", "100.00", "TAX"),
        ("HANDLING", "1 × 5.00", "5.00", "TAX"),
    ]
    assert decision.rounding == 0


def test_tax_below_a_cent_is_no_tax(make_order, line, decide, posted, rows):
    order = make_order(
        1, [line("A", 1, "0.05", tax="0.0041")], subtotal=("0.05", "0.0041", "0.0541"), total=("0.05", "0", "0.05")
    )
    receipt = posted(decide(order))
    assert rows(receipt.body) == [("A", "1 × 0.05", "0.05", "NON")]
    assert "TxnTaxDetail" not in receipt.body


def test_lines_off_by_more_than_the_limit_are_held_with_the_breakdown(make_order, line, decide, make_connection):
    order = make_order(1, [line("A", 1, "99.94")], subtotal=("100", "0", "100"), total=("100", "0", "100"))
    (problem,) = decide(order, connection=make_connection(sales={"rounding_product": "ROUND"})).problems
    assert problem.code == "lines_do_not_close"
    assert problem.text == (
        "The lines differ from the order's totals by 0.06, more than rounding_limit 0.05: "
        "with tax 100.00 subtotal = 100.00, printed 100.00; "
        "without tax 100.00 subtotal = 100.00, printed 100.00; tax 0.00 = 0.00, printed 0.00."
    )


def test_fees_inside_the_subtotal_are_told_from_fees_beside_it(make_order, line, decide, rows):
    fee = {"id": 1, "cost_exc_tax": "2.50", "cost_inc_tax": "2.50", "cost_tax": "0", "display_name_merchant": "Deposit"}
    order = make_order(
        1, [line("A", 1, "20.00")], subtotal=("22.50", "0", "22.50"), total=("22.50", "0", "22.50"), fees=[fee]
    )
    decision = decide(order)
    assert rows(decision.documents[0].body) == [
        ("A", "1 × 20.00", "20.00", "NON"),
        ("FEE", "1 × 2.50", "2.50", "NON"),
    ]
    assert decision.documents[0].body["Line"][1]["Description"] == "Deposit"
    assert [notice.code for notice in decision.notices] == ["fees_inside_subtotal"]


def test_a_fee_of_nothing_leaves_no_trace(make_order, line, decide, rows):
    fee = {"id": 1, "cost_ex_tax": "0.0000", "cost_inc_tax": "0.0000", "cost_tax": "0.0000"}
    amounts = ("20.00", "0", "20.00")
    decision = decide(make_order(1, [line("A", 1, "20.00")], subtotal=amounts, total=amounts, fees=[fee]))
    assert rows(decision.documents[0].body) == [("A", "1 × 20.00", "20.00", "NON")]
    assert decision.notices == ()


@pytest.mark.parametrize("mode", ["exclusive", "inclusive"])
def test_totals_printed_after_tenders_are_told_from_totals_before(twin, decide, rows, mode):
    before = twin(mode) | {"gift_certificate_amount": "20.00", "store_credit_amount": "1.50"}
    after = before | {name: str(D(before[name]) - D("21.50")) for name in ("total_ex_tax", "total_inc_tax")}
    first, second = decide(before), decide(after)
    assert first.documents == second.documents
    assert rows(first.documents[0].body)[-2:] == [
        ("GIFT", "1 × -20.00", "-20.00", "NON"),
        ("CREDIT", "1 × -1.50", "-1.50", "NON"),
    ]
    assert first.documents[0].amount == D(before["total_inc_tax"]) - D("21.50")
    assert [notice.code for notice in first.notices] == []
    assert [notice.code for notice in second.notices] == ["totals_after_tenders"]


def test_fees_and_tenders_of_one_amount_are_told_apart_by_the_lines(make_order, line, decide, rows):
    """Printed 20.00: either 20.00 of goods, fees of 5.00 and 5.00 redeemed before printing, or the fee inside."""
    fee = {"id": 1, "cost_ex_tax": "5.00", "cost_inc_tax": "5.00", "cost_tax": "0"}
    amounts = ("20.00", "0", "20.00")

    def order(goods):
        return make_order(
            1, [line("A", 1, goods)], subtotal=amounts, total=amounts, fees=[fee], gift_certificate_amount="5.00"
        )

    beside, inside = decide(order("20.00")), decide(order("15.00"))
    assert [notice.code for notice in beside.notices] == ["totals_after_tenders"]
    assert [notice.code for notice in inside.notices] == ["fees_inside_subtotal"]
    assert (beside.documents[0].amount, inside.documents[0].amount) == (D("20.00"), D("15.00"))


def test_a_tender_that_is_what_the_sides_differ_by_is_not_guessed(make_order, line, decide, codes):
    """20.00 off 100.00 at 20 %, with 4.00 redeemed: 96.00 if prices are without tax, 100.00 if with tax and after."""

    def order(redeemed):
        return make_order(
            1,
            [line("A", 1, "100.00", inc="120.00", tax="16.00", off="20.00")],
            subtotal=("100.00", "16.00", "120.00"),
            discount_amount="20.00",
            total=("80.00", "16.00", "96.00"),
            store_credit_amount=redeemed,
        )

    assert codes(decide(order("4.00"))) == {"totals_ambiguous"}
    assert decide(order("4.01")).documents[0].amount == D("91.99")


def test_bundled_children_stay_for_their_stock(make_order, line, decide, posted, rows):
    order = make_order(
        1,
        [line("B", 2, "20.00", tax="1.65"), line("A", 4, "0.00", parent_order_product_id=1)],
        subtotal=("20.00", "1.65", "21.65"),
        total=("20.00", "1.65", "21.65"),
    )
    receipt = posted(decide(order | {"items_total": 2}))
    assert rows(receipt.body) == [("B", "2 × 10.00", "20.00", "TAX"), ("A", "4 × 0.00", "0.00", "NON")]


@pytest.mark.parametrize(
    ("amount", "quantity", "price"),
    [
        ("50.00", "2", "25.00"),
        ("0.00", "3", "0.00"),
        ("2369.67", "10", "236.967"),
        ("1.00", "3", "0.33333"),
        ("7.96", "15", "0.53067"),
        ("100000.01", "30000", "3.3333337"),
        ("-8.00", "1", "-8.00"),
        ("1861.08", "128.350", "14.50"),
        ("0.01", "1000000000", None),
        ("10.00", "0", None),
    ],
)
def test_unit_price_is_the_shortest_that_gives_the_amount(amount, quantity, price):
    found = unit_price(D(amount), D(quantity))
    assert (None if found is None else str(found)) == price


@pytest.mark.parametrize(
    ("parts", "total", "amounts", "left"),
    [
        (["1.004", "1.004", "1.004"], "3.01", ["1.01", "1.00", "1.00"], "0.00"),
        (["1.001", "1.009"], "2.01", ["1.00", "1.01"], "0.00"),
        (["1.00", "1.00"], "2.01", ["1.00", "1.00"], "0.01"),
        (["1.005", "1.00"], "1.99", ["1.00", "1.00"], "-0.01"),
        ([], "0.03", [], "0.03"),
    ],
)
def test_fit(parts, total, amounts, left):
    assert fit([D(part) for part in parts], D(total)) == ([D(amount) for amount in amounts], D(left))
