"""Money that the shop gives back, in cents: the refund's row, the journal, the order."""

from decimal import Decimal

import pytest

from simulator.bigcommerce.refund_bill import Asked, RefundRefusedError
from simulator.bigcommerce.refunding import Payout, decline, refund, refund_rest


@pytest.fixture
def of_example(sold):
    """Order 1001: A 2 x 25.00 less 5.00, B 30.00 less 3.00, shipping 10.00, 8.25 %."""
    return lambda **more: sold((1, 2, "25", "5"), (2, 1, "30", "3"), shipping="10", **more)


def figures(row):
    return f"{row['total_amount']} {row['total_tax']}"


def paid_back(row):
    return [(p["provider_id"], f"{p['amount']}", p["offline"], p["is_declined"]) for p in row["payments"]]


ROWS = {
    "one unit of two, the rounded half up": (Asked(products={1: 1}), "24.36 1.86"),
    "the whole line": (Asked(products={1: 2}), "48.71 3.71"),
    "two lines": (Asked(products={1: 1, 2: 1}), "53.59 4.09"),
    "the other line": (Asked(products={2: 1}), "29.23 2.23"),
    "shipping whole": (Asked(shipping={900: None}), "10.83 0.83"),
    "half the shipping": (Asked(shipping={900: Decimal("5.00")}), "5.42 0.42"),
    "a custom amount": (Asked(amount=Decimal("10.00")), "10.00 0.00"),
    "a unit and shipping": (Asked(products={1: 1}, shipping={900: None}), "35.19 2.69"),
    "a unit less a service fee": (Asked(products={1: 1}, deductions={1: Decimal("4.00")}), "20.36 1.86"),
    "tax alone": (Asked(tax_adjustment=Decimal("1.50")), "1.50 1.50"),
    "as the merchant says": (Asked(products={1: 1}, override=(Decimal("20.00"), Decimal("1.00"))), "20.00 1.00"),
    "less money, more tax": (Asked(products={1: 1}, override=(Decimal("5.00"), Decimal("-0.50"))), "5.00 -0.50"),
}


@pytest.mark.parametrize(("asked", "expected"), ROWS.values(), ids=ROWS)
def test_what_a_refund_comes_to_without_tax_in_prices(shop, of_example, asked, expected):
    of_example()
    row = refund(shop, 1001, asked)
    total, tax = map(Decimal, expected.split())
    assert (row["total_amount"], row["total_tax"]) == (total, tax)
    assert sum(p["amount"] for p in row["payments"]) == total


def test_items_name_what_was_asked_for(shop, of_example):
    of_example()
    row = refund(shop, 1001, Asked(products={1: 1}, deductions={1: Decimal("4.00")}, amount=Decimal("2.00")))
    assert row["items"] == [
        {
            "item_type": "PRODUCT",
            "item_id": 1,
            "reason": "",
            "quantity": 1,
            "requested_amount": None,
            "adjustments": [{"amount": Decimal("-4.00"), "description": "Service fee"}],
        },
        {"item_type": "ORDER", "item_id": 1001, "reason": "", "requested_amount": Decimal("2.00")},
    ]
    assert row["uses_merchant_override_values"] is False
    assert refund(shop, 1001, Asked(tax_adjustment=Decimal(1)))["items"] == []
    said = refund(shop, 1001, Asked(products={2: 1}, override=(Decimal(1), Decimal(0))))
    assert said["uses_merchant_override_values"] is True


def test_the_last_unit_takes_what_rounding_left(shop, sold):
    order = sold((1, 3, "3.33", "0"))  # 9.99, tax 0.82
    found = [figures(refund(shop, 1001, Asked(products={1: 1}))) for _ in range(3)]
    assert found == ["3.60 0.27", "3.61 0.28", "3.60 0.27"]
    assert sum(Decimal(each.split()[0]) for each in found) == Decimal(order.header["total_inc_tax"]) == Decimal("10.81")


def test_shipping_in_three_parts_sums_to_what_was_charged(shop, of_example):
    of_example()
    parts = [Decimal("3.33"), Decimal("3.33"), None]
    assert [figures(refund(shop, 1001, Asked(shipping={900: part}))) for part in parts] == [
        "3.61 0.28",
        "3.60 0.27",
        "3.62 0.28",
    ]


def test_prices_with_tax_in_them_give_back_gross_amounts(shop, sold):
    """A 2 x 60.00 at 20 % less 12.00: 108.00 with 18.00 tax; shipping 6.00 with 1.00."""
    sold((1, 2, "60", "12"), rate="20", inclusive=True, shipping="6")
    assert figures(refund(shop, 1001, Asked(products={1: 1}))) == "54.00 9.00"
    assert figures(refund(shop, 1001, Asked(shipping={900: Decimal("3.00")}))) == "3.00 0.50"
    assert figures(refund_rest(shop, 1001)) == "57.00 9.50"


def test_handling_wrapping_and_fees(shop, sold):
    """8 %: handling 3.00 (0.24), wrapping 4.00 (0.32), fee 2.50 (0.20), goods 100.00 (8.00)."""
    sold((1, 1, "100", "0"), rate="8", handling="3", wrapping="4", fee="2.50")
    row = refund(shop, 1001, Asked(wrapping=[1], handling={900: None}, fees={3: Decimal("2.50")}))
    assert figures(row) == "10.26 0.76"
    assert [(item["item_type"], item["item_id"], item["requested_amount"]) for item in row["items"]] == [
        ("GIFT_WRAPPING", 1, None),
        ("HANDLING", 900, Decimal("3.0000")),
        ("FEE", 3, Decimal("2.50")),
    ]
    assert figures(refund_rest(shop, 1001)) == "108.00 8.00"


def test_a_line_without_price_comes_back_for_nothing(shop, sold):
    sold((1, 1, "40", "40"), pays="by hand")
    row = refund(shop, 1001, Asked(products={1: 1}))
    assert (row["total_amount"], row["total_tax"], row["payments"]) == (0, 0, [])
    assert shop.orders[1001].header["status_id"] == 4


def test_a_bundle_comes_back_with_its_children(shop, sold):
    order = sold((1, 2, "25", "0"), (2, 4, "0", "0"))
    order.products[1]["parent_order_product_id"] = 1
    row = refund(shop, 1001, Asked(products={1: 1}))
    assert [item["item_id"] for item in row["items"]] == [1]
    assert [(line["quantity_refunded"], line["is_refunded"]) for line in order.products] == [(1, False), (2, False)]
    with pytest.raises(RefundRefusedError, match="there is no 2"):
        refund(shop, 1001, Asked(products={2: 1}))


def test_what_the_order_shows_afterwards(shop, of_example, clock):
    order = of_example()
    clock.tick()
    refund(shop, 1001, Asked(products={1: 1}))
    first = order.header["date_modified"]
    assert (order.header["status_id"], order.header["payment_status"]) == (14, "partially refunded")
    assert first == "Tue, 28 Apr 2026 15:00:00 +0000"
    clock.tick()
    refund(shop, 1001, Asked(amount=Decimal("10.00")))
    assert order.header["date_modified"] == first
    clock.tick()
    refund_rest(shop, 1001)
    assert order.header["date_modified"] == "Tue, 28 Apr 2026 17:00:00 +0000"
    assert (order.header["status_id"], order.header["payment_status"]) == (4, "refunded")
    assert [(line["quantity_refunded"], line["is_refunded"]) for line in order.products] == [(2, True), (1, True)]
    assert (order.header["refunded_amount"], order.header["total_inc_tax"]) == ("0.0000", "88.7700")
    assert [(row["id"], row["created"]) for row in shop.refunds] == [
        (1, "2026-04-28T15:00:00+00:00"),
        (2, "2026-04-28T16:00:00+00:00"),
        (3, "2026-04-28T17:00:00+00:00"),
    ]


def test_what_is_more_than_is_left_of_the_order_is_cut_down_to_it(shop, of_example):
    """The rest of goods and shipping would be 24.35 + 29.23 + 10.83 = 64.41, but 54.41 is left."""
    of_example()
    refund(shop, 1001, Asked(products={1: 1}))
    refund(shop, 1001, Asked(amount=Decimal("10.00")))
    assert figures(refund_rest(shop, 1001)) == "54.41 4.91"
    with pytest.raises(RefundRefusedError, match="of order 1001 0"):
        refund(shop, 1001, Asked(amount=Decimal("0.01")))


REFUSED = {
    "nothing": (Asked(), "nothing is asked for"),
    "more units than there are": (Asked(products={1: 3}), "line 1 has 2 units left, not 3"),
    "no units": (Asked(products={1: 0}), "line 1 has 2 units left, not 0"),
    "a line of another order": (Asked(products={7: 1}), "there is no 7"),
    "more shipping than was charged": (Asked(shipping={900: Decimal("10.01")}), "10.0000 is left, not 10.01"),
    "handling that was not charged": (Asked(handling={900: None}), "HANDLING 900 0.0000 is left"),
    "wrapping that was not charged": (Asked(wrapping=[1]), "no wrapping left"),
    "parts of a cent": (Asked(amount=Decimal("1.005")), "not 1.005"),
    "less than nothing": (Asked(products={1: 1}, deductions={1: Decimal(30)}), "not -5.64"),
}


@pytest.mark.parametrize(("asked", "words"), REFUSED.values(), ids=REFUSED)
def test_what_the_shop_refuses_changes_nothing(shop, of_example, asked, words):
    order = of_example()
    with pytest.raises(RefundRefusedError, match=words):
        refund(shop, 1001, asked)
    assert (shop.refunds, len(order.transactions)) == ([], 1)
    assert (order.header["status_id"], order.products[0]["quantity_refunded"]) == (11, 0)


def test_wrapping_comes_back_once(shop, sold):
    sold((1, 1, "10", "0"), wrapping="4")
    refund(shop, 1001, Asked(wrapping=[1]))
    with pytest.raises(RefundRefusedError, match="no wrapping left"):
        refund(shop, 1001, Asked(wrapping=[1]))


def test_the_journal_points_back_to_the_payment(shop, of_example):
    order = of_example()
    row = refund(shop, 1001, Asked(products={1: 1}))
    assert paid_back(row) == [("stripe", "24.36", False, False)]
    paid, back = order.transactions
    assert (back["event"], back["status"], back["amount"]) == ("refund", "ok", Decimal("24.36"))
    assert back["reference_transaction_id"] == paid["id"]
    assert row["payments"][0]["transaction_id"] == str(back["id"]) != str(paid["id"])
    assert back.keys() == paid.keys()


def test_money_goes_back_to_the_providers_it_came_from(shop, sold):
    """54.13 was due: 27.07 by card, 27.06 by PayPal."""
    sold((1, 2, "25", "0"), pays="two ways")
    assert paid_back(refund(shop, 1001, Asked(products={1: 1}))) == [("stripe", "27.07", False, False)]
    assert paid_back(refund(shop, 1001, Asked(products={1: 1}))) == [("paypalcommerce", "27.06", False, False)]


def test_two_providers_share_one_refund(shop, sold):
    sold((1, 2, "25", "0"), pays="two ways")
    row = refund(shop, 1001, Asked(products={1: 2}))
    assert paid_back(row) == [("stripe", "27.07", False, False), ("paypalcommerce", "27.06", False, False)]


def test_gateways_give_back_before_the_shops_own_credit(shop, sold):
    sold((1, 1, "50", "0"), credit="12.34")  # 54.13, 41.79 of it by card
    row = refund(shop, 1001, Asked(products={1: 1}))
    assert paid_back(row) == [("stripe", "41.79", False, False), ("storecredit", "12.34", False, False)]
    assert shop.customers[0]["store_credit_amounts"] == [{"amount": Decimal("13.34")}]


def test_credit_that_gave_back_more_than_it_brought_gives_nothing_more(shop, sold):
    sold((1, 2, "25", "0"), credit="12.34")
    assert paid_back(refund(shop, 1001, Asked(products={1: 1}), Payout(provider="storecredit"))) == [
        ("storecredit", "27.07", False, False)
    ]
    assert paid_back(refund(shop, 1001, Asked(products={1: 1}))) == [("stripe", "27.06", False, False)]


def test_money_that_no_transaction_brought_goes_back_by_hand(shop, sold):
    order = sold((1, 1, "50", "0"), pays="by hand")
    row = refund(shop, 1001, Asked(products={1: 1}))
    assert paid_back(row) == [("custom", "54.13", True, False)]
    assert ("transaction_id" in row["payments"][0], order.transactions) == (False, [])
    with pytest.raises(ValueError, match="cannot be declined"):
        decline(shop, row["id"])


def test_store_credit_in_the_shops_own_currency(shop, sold):
    sold((1, 1, "50", "0"), currency="EUR", exchange="0.925926")
    row = refund(shop, 1001, Asked(products={1: 1}), Payout(provider="storecredit"))
    assert figures(row) == "54.13 4.13"
    assert shop.customers[0]["store_credit_amounts"] == [{"amount": Decimal("59.46")}]  # 1.00 + 54.13 / 0.925926


def test_a_guest_has_no_store_credit(shop, of_example):
    of_example(guest=True)
    with pytest.raises(RefundRefusedError, match="a guest has no store credit"):
        refund(shop, 1001, Asked(products={1: 1}), Payout(provider="storecredit"))


def test_a_gift_certificate_for_what_came_back(shop, of_example):
    order = of_example(guest=True)
    row = refund(shop, 1001, Asked(products={1: 1}), Payout(provider="giftcertificate"))
    assert paid_back(row) == [("giftcertificate", "24.36", False, False)]
    [certificate] = shop.gift_certificates
    assert (certificate["balance"], certificate["order_id"]) == ("24.3600", 0)
    assert order.transactions[-1]["method"] == "gift_certificate"


def test_payments_that_do_not_make_the_refund_are_refused(shop, of_example):
    of_example()
    for ways in (["24.35"], ["24.37", None], ["24.36", "0.01"], [None, None]):
        payouts = [Payout(provider="stripe", amount=amount and Decimal(amount)) for amount in ways]
        with pytest.raises(RefundRefusedError, match=r"do not make 24\.36"):
            refund(shop, 1001, Asked(products={1: 1}), *payouts)
    row = refund(
        shop,
        1001,
        Asked(products={1: 1}),
        Payout(provider="stripe", amount=Decimal(20)),
        Payout(provider="storecredit"),
    )
    assert paid_back(row) == [("stripe", "20", False, False), ("storecredit", "4.36", False, False)]


def test_a_refund_that_is_declined_at_once_gives_nothing_back(shop, of_example):
    order = of_example()
    row = refund(shop, 1001, Asked(products={1: 1}), Payout(provider="stripe", declined="Expired card"))
    assert paid_back(row) == [("stripe", "24.36", False, True)]
    assert row["payments"][0]["declined_message"] == "Expired card"
    assert order.transactions[-1]["status"] == "error"
    assert (order.header["status_id"], order.products[0]["quantity_refunded"]) == (11, 0)
    refund(shop, 1001, Asked(products={1: 1}), Payout(provider="giftcertificate", declined="Out of order"))
    assert shop.gift_certificates == []


def test_a_refund_declined_later_is_made_again(shop, of_example):
    order = of_example()
    first = refund(shop, 1001, Asked(products={1: 1}))
    decline(shop, first["id"])
    assert (paid_back(first), order.transactions[-1]["status"]) == ([("stripe", "24.36", False, True)], "error")
    assert (order.header["status_id"], order.products[0]["quantity_refunded"]) == (14, 0)
    with pytest.raises(ValueError, match="cannot be declined"):
        decline(shop, first["id"])
    again = refund(shop, 1001, Asked(products={1: 1}))
    assert (again["id"], figures(again), order.products[0]["quantity_refunded"]) == (2, "24.36 1.86", 1)
    assert figures(refund_rest(shop, 1001)) == "64.41 4.91"


def test_one_of_two_payments_declined_leaves_the_units_given_back(shop, sold):
    order = sold((1, 1, "50", "0"), pays="two ways")
    row = refund(shop, 1001, Asked(products={1: 1}))
    decline(shop, row["id"], place=1)
    assert (order.products[0]["quantity_refunded"], [p["is_declined"] for p in row["payments"]]) == (1, [False, True])


def test_a_refund_may_leave_the_header_alone(shop, of_example, clock):
    order = of_example()
    header = dict(order.header)
    clock.tick()
    refund(shop, 1001, Asked(products={1: 1}), set_status=False)
    assert order.header == header


def test_a_status_set_by_hand_has_no_refund(shop, of_example):
    of_example()
    shop.set_status(1001, 4)
    assert shop.refunds == []


def test_rows_have_the_documented_names_and_types(authentic, shop, of_example, api):
    of_example()
    refund(shop, 1001, Asked(products={1: 1}), Payout(provider="storecredit"), reason="Too small")
    recorded = authentic("refund_12_store_credit.json")["data"]
    row = api.get("/v3/orders/payment_actions/refunds/1").json()["data"]
    assert recorded.keys() <= row.keys()
    assert recorded["payments"][0].keys() <= row["payments"][0].keys()
    assert recorded["items"][0].keys() <= row["items"][0].keys()
    assert {name: type(row[name]) for name in ("total_amount", "total_tax")} == dict.fromkeys(
        ("total_amount", "total_tax"), float
    )
    documented = authentic("refunds.json")["data"][0]
    assert documented.keys() <= row.keys()
    [_, back] = api.get("/v3/orders/1001/transactions").json()["data"]
    assert authentic("transactions.json")["data"][0].keys() == back.keys()


def test_refunds_of_one_order_and_one_refund(shop, of_example, order, api):
    of_example()
    shop.add_order(order(1002))
    for _ in range(2):
        refund(shop, 1001, Asked(amount=Decimal("1.00")))
    every = api.get("/v3/orders/payment_actions/refunds").json()
    assert api.get("/v3/orders/1001/payment_actions/refunds").json() == every
    assert [row["id"] for row in every["data"]] == [1, 2]
    assert api.get("/v3/orders/1002/payment_actions/refunds").json() == {"data": [], "meta": {}}
    wanted = {"transaction_id": every["data"][1]["payments"][0]["transaction_id"]}
    assert api.get("/v3/orders/1001/payment_actions/refunds", params=wanted).json()["data"] == every["data"][1:]
    assert api.get("/v3/orders/payment_actions/refunds/2").json() == {"data": every["data"][1], "meta": {}}
    assert api.get("/v3/orders/9/payment_actions/refunds").status_code == 404
    assert api.get("/v3/orders/payment_actions/refunds/9").status_code == 404
    assert api.get("/v3/orders/1001/payment_actions/refunds", params={"sort": "id"}).status_code == 422
