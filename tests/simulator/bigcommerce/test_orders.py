"""Generated orders are held to the identities that BigCommerce's printed orders obey, figure by figure."""

from collections import Counter
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import pytest

from simulator.bigcommerce.dates import parse
from simulator.orders import generate
from simulator.pricing import price, printed, split

D = Decimal


def number(row, name):
    return D(row[name])


def column(rows, name):
    return sum((D(row[name]) for row in rows), D(0))


def round_cents(amount):
    return amount.quantize(D("0.01"), ROUND_HALF_UP)


def fee_ex(fee):
    return D(fee.get("cost_ex_tax", fee.get("cost_exc_tax")))


def applied(line, kind=None):
    return sum((D(a["amount"]) for a in line["applied_discounts"] if kind in (None, a["id"])), D(0))


@pytest.fixture(scope="module", params=["exclusive", "inclusive"])
def mode(request):
    return request.param


@pytest.fixture(scope="module")
def orders(mode):
    return generate(7, 1000, 200, mode, share_odd=0, big_orders=2, big_lines=120)


@pytest.fixture
def side(mode):
    return "inc_tax" if mode == "inclusive" else "ex_tax"


def test_the_side_the_shop_enters_closes_to_the_cent_and_the_other_differs_by_the_tax(orders, side):
    for order in orders:
        fees = sum((fee_ex(f) if side == "ex_tax" else D(f["cost_inc_tax"]) for f in order["fees"]), D(0))
        charged = sum(number(order, f"{part}_cost_{side}") for part in ("shipping", "handling", "wrapping"))
        taken_off = number(order, "discount_amount") + number(order, "coupon_discount")
        assert number(order, f"subtotal_{side}") + charged + fees - taken_off == number(order, f"total_{side}"), order[
            "id"
        ]
        assert number(order, "total_ex_tax") + number(order, "total_tax") == number(order, "total_inc_tax"), order["id"]


def test_the_tax_is_the_sum_of_its_parts(orders):
    for order in orders:
        charged = sum(number(order, f"{part}_cost_tax") for part in ("shipping", "handling", "wrapping"))
        fees = column(order["fees"], "cost_tax")
        assert number(order, "subtotal_tax") + charged + fees == number(order, "total_tax"), order["id"]
        assert column(order["taxes"], "line_amount") + fees == number(order, "total_tax"), order["id"]


def test_totals_and_taxes_are_whole_cents(orders):
    for order in orders:
        for name in ("total_ex_tax", "total_inc_tax", "total_tax", "discount_amount", "coupon_discount"):
            assert number(order, name) == round_cents(number(order, name)), (order["id"], name)
        for line in order["products"]:
            assert number(line, "total_tax") == round_cents(number(line, "total_tax")), line["id"]


def test_lines_and_addresses_sum_to_the_header(orders):
    for order in orders:
        for what in ("ex_tax", "inc_tax", "tax"):
            assert column(order["products"], f"total_{what}") == number(order, f"subtotal_{what}"), order["id"]
            assert column(order["products"], f"wrapping_cost_{what}") == number(order, f"wrapping_cost_{what}")
            assert column(order["shipping_addresses"], f"cost_{what}") == number(order, f"shipping_cost_{what}")
            assert column(order["shipping_addresses"], f"handling_cost_{what}") == number(
                order, f"handling_cost_{what}"
            )
        units = sum(line["quantity"] for line in order["products"] if line["parent_order_product_id"] is None)
        assert units == order["items_total"]


SHIPMENT = {
    "id",
    "order_id",
    "customer_id",
    "order_address_id",
    "date_created",
    "tracking_number",
    "merchant_shipping_cost",
    "shipping_method",
    "shipping_provider",
    "tracking_carrier",
    "tracking_link",
    "comments",
    "billing_address",
    "shipping_address",
    "items",
    "shipping_provider_display_name",
    "generated_tracking_link",
}
"""The properties of the API's schema orderShipment."""


def test_what_was_shipped_has_a_shipment_for_each_address(orders):
    shipped = [order for order in orders if order["date_shipped"]]
    assert any(order["shipments"] for order in shipped)
    for order in orders:
        addresses = [address["id"] for address in order["shipping_addresses"]] if order in shipped else []
        assert [row["order_address_id"] for row in order["shipments"]] == addresses
        for row in order["shipments"]:
            assert set(row) == SHIPMENT
            assert row["tracking_number"]
            own = {line["id"]: line["quantity"] for line in order["products"]}
            assert all(own[item["order_product_id"]] == item["quantity"] for item in row["items"])


def test_discount_and_coupon_are_shared_out_over_the_lines_without_rest(orders):
    for order in orders:
        lines = order["products"]
        assert sum(applied(line, "manual-discount") for line in lines) == number(order, "discount_amount")
        assert sum(applied(line, "total-coupon") for line in lines) == number(order, "coupon_discount")
        assert [D(str(c["discount"])) for c in order["coupons"]] == list(
            filter(None, [number(order, "coupon_discount")])
        )


def test_each_line_is_taxed_on_what_is_paid_for_it_at_the_rate_of_its_tax_row(orders, mode, side):
    for order in orders:
        rates = {row["order_product_id"]: D(row["rate"]) for row in order["taxes"] if row["line_item_type"] == "item"}
        for line in order["products"]:
            rate, paid = rates.get(str(line["id"]), D(0)), number(line, f"total_{side}") - applied(line)
            tax = paid * rate / (100 + rate) if mode == "inclusive" else paid * rate / 100
            assert round_cents(tax) == number(line, "total_tax"), line["id"]
            expected = paid if mode == "inclusive" else paid + number(line, "total_tax")
            assert number(line, "discounted_total_inc_tax") == expected, line["id"]


def test_the_other_side_of_a_discounted_line_is_scaled_from_its_tax(orders, mode, side):
    for order in orders:
        for line in order["products"]:
            actual, tax = number(line, f"total_{side}"), number(line, "total_tax")
            scaled = tax * actual / (actual - applied(line)) if actual else D(0)
            expected = actual - scaled if mode == "inclusive" else actual + scaled
            other = "total_ex_tax" if mode == "inclusive" else "total_inc_tax"
            assert abs(number(line, other) - expected) <= D("0.0001"), line["id"]


def test_tenders_never_exceed_the_total_and_transactions_hold_what_was_charged(orders):
    for order in orders:
        redeemed = number(order, "gift_certificate_amount") + number(order, "store_credit_amount")
        due = number(order, "total_inc_tax") - redeemed
        assert 0 <= redeemed <= number(order, "total_inc_tax")
        rows = [t for t in order["transactions"] if t["method"] not in ("gift_certificate", "store_credit")]
        taken = sum(t["amount"] for t in rows if t["event"] in ("purchase", "capture"))
        if order["status_id"] == 1:
            assert 0 < taken < due
        elif order["payment_status"] == "captured" and rows:
            assert taken == due, order["id"]
        else:
            assert (taken, {t["event"] for t in rows} <= {"authorization"}) == (0, True), order["id"]


def test_money_that_was_reserved_is_taken_on_a_later_day(orders):
    later = [order for order in orders if len({t["event"] for t in order["transactions"]} & LATER) == 2]
    assert 1 < len(later) < 20
    for order in later:
        reserved, taken = (next(t for t in order["transactions"] if t["event"] == event) for event in sorted(LATER))
        assert taken["reference_transaction_id"] == reserved["id"]
        assert taken["amount"] == reserved["amount"]
        assert parse(order["date_created"]) == datetime.fromisoformat(reserved["date_created"])
        assert parse(order["date_created"]) < datetime.fromisoformat(taken["date_created"])
        assert datetime.fromisoformat(taken["date_created"]) <= parse(order["date_modified"])


LATER = {"authorization", "capture"}


def test_all_others_are_done_with_on_the_day_they_were_placed(orders):
    def day(order, name):
        return parse(order[name]).astimezone(ZoneInfo("America/Chicago")).date()

    others = [order for order in orders if "capture" not in {t["event"] for t in order["transactions"]}]
    assert all(day(order, "date_created") == day(order, "date_modified") for order in others)


def test_an_order_paid_in_two_ways_has_a_transaction_of_each(orders):
    in_two = [order for order in orders if order["payment_method"] == "Credit Card, PayPal"]
    assert 1 < len(in_two) < 20
    for order in in_two:
        gateways = [t["gateway"] for t in order["transactions"] if t["event"] == "purchase"][-2:]
        assert gateways == ["stripe", "paypalcommerce"]


def test_ids_rise_with_creation_and_nothing_is_modified_before_it_was_made(orders):
    ids = [order["id"] for order in orders]
    created = [parse(order["date_created"]) for order in orders]
    assert ids == list(range(1001, 2001))
    assert created == sorted(created)
    assert all(made <= parse(order["date_modified"]) for made, order in zip(created, orders, strict=True))
    assert len(set(created)) < len(created)
    assert max(Counter(order["date_modified"] for order in orders).values()) > 10


def test_the_variety_that_was_promised_is_there(orders):
    lines = [line for order in orders for line in order["products"]]
    assert {"physical", "digital", "giftcertificate"} == {line["type"] for line in lines}
    assert {"8.2500"} == {row["rate"] for order in orders for row in order["taxes"]}
    assert {"item", "shipping", "handling", "gift-wrapping"} == {
        row["line_item_type"] for order in orders for row in order["taxes"]
    }
    assert any(order["total_tax"] == "0.0000" for order in orders)
    assert any(D(line["price_ex_tax"]) % D("0.01") for line in lines)
    assert any(line["is_bundled_product"] for line in lines)
    assert any(line["order_pickup_method_id"] for line in lines)
    assert {len(order["shipping_addresses"]) for order in orders} == {0, 1, 2}
    assert any(D(order["base_shipping_cost"]) > D(order["shipping_cost_inc_tax"]) for order in orders)
    assert {"cost_ex_tax", "cost_exc_tax"} <= {name for order in orders for fee in order["fees"] for name in fee}
    assert any(order["gift_certificate_amount"] == order["total_inc_tax"] for order in orders)
    assert any(order["store_credit_amount"] != "0.0000" for order in orders)
    assert any(order["customer_id"] == 0 and order["billing_address"]["email"] == "" for order in orders)
    assert any(":" in order["billing_address"]["first_name"] for order in orders)
    assert any(order["billing_address"]["company"] for order in orders)
    assert max(Counter(order["customer_id"] for order in orders if order["customer_id"]).values()) > 2
    assert [len(order["products"]) >= 120 for order in orders[-3:]] == [False, True, True]
    assert {order["payment_status"] for order in orders} == {"captured", "authorized", "pending", "declined"}
    assert {order["order_source"] for order in orders} >= {"www", "amazon", "ebay"}


def test_nine_in_ten_have_a_status_that_is_booked(orders):
    statuses = Counter(order["status_id"] for order in orders)
    assert set(statuses) == {11, 9, 2, 10, 3, 8, 0, 1, 5, 6, 7}
    assert 880 <= sum(statuses[status] for status in (11, 9, 2, 10, 3, 8)) <= 960


def test_clean_orders_are_all_fit_to_be_booked(mode):
    orders = generate(3, 300, 50, mode, clean=True, share_odd=0.5)
    assert {order["status_id"] for order in orders} <= {11, 9, 2, 10, 3, 8}
    assert {order["order_source"] for order in orders} <= {"www", "manual", "mobile"}
    assert {order["payment_method"] for order in orders}.isdisjoint({"Test Payment Gateway", "Credit Card, PayPal"})
    assert "authorized" not in {order["payment_status"] for order in orders}
    assert {order["staff_notes"] for order in orders} == {""}
    assert all(line["sku"] for order in orders for line in order["products"] if line["type"] != "giftcertificate")


def test_odd_orders_say_what_is_odd_about_them(mode):
    odd = [order for order in generate(3, 500, 50, mode, share_odd=0.1) if order["staff_notes"]]
    by_kind = {order["staff_notes"]: order for order in odd}
    assert 30 <= len(odd) <= 75
    assert by_kind["simulator: foreign currency"]["default_currency_code"] == "GBP"
    assert by_kind["simulator: unknown status"]["status_id"] == 15
    assert by_kind["simulator: missing SKU"]["products"][0]["sku"] == ""
    assert by_kind["simulator: price no number"]["products"][0]["total_ex_tax"] == "n/a"
    overridden = by_kind["simulator: overridden total"]
    assert overridden["total_ex_tax"] == overridden["total_inc_tax"]


def test_the_same_seed_gives_the_same_orders_and_another_seed_others():
    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert generate(5, 40, now=now) == generate(5, 40, now=now)
    assert generate(5, 40, now=now) != generate(6, 40, now=now)


def test_another_price_mode_is_a_mistake():
    with pytest.raises(ValueError, match="mixed"):
        generate(1, 1, price_mode="mixed")


@pytest.mark.parametrize(
    ("actual", "rate", "price_mode", "discount", "ex_inc_tax"),
    [
        ("50.00", "8.25", "exclusive", "5.00", ("50.0000", "54.1222", "3.7100")),
        ("30.00", "8.25", "exclusive", "3.00", ("30.0000", "32.4778", "2.2300")),
        ("10.00", "8.25", "exclusive", "0", ("10.0000", "10.8300", "0.8300")),
        ("2500.00", "5.5", "inclusive", "100.00", ("2369.6667", "2500.0000", "125.1200")),
        ("120.00", "20", "inclusive", "12.00", ("100.0000", "120.0000", "18.0000")),
        ("105.00", "5", "inclusive", "10.50", ("100.0000", "105.0000", "4.5000")),
        ("12.00", "8.2", "inclusive", "0", ("11.0900", "12.0000", "0.9100")),
        ("5.00", "20", "inclusive", "5.00", ("5.0000", "5.0000", "0.0000")),
    ],
)
def test_prices_of_printed_orders(actual, rate, price_mode, discount, ex_inc_tax):
    amounts = price(D(actual), D(rate), inclusive=price_mode == "inclusive", discount=D(discount))
    assert (printed(amounts.ex), printed(amounts.inc), printed(amounts.tax)) == ex_inc_tax


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        ("8.00", ["50", "30"], ["5.00", "3.00"]),
        ("10.00", ["1", "1", "1"], ["3.34", "3.33", "3.33"]),
        ("0.02", ["5", "90", "5"], ["0.00", "0.02", "0.00"]),
        ("0.00", ["1", "2"], ["0.00", "0.00"]),
    ],
)
def test_a_total_is_split_by_largest_remainder(total, weights, shares):
    assert split(D(total), [D(w) for w in weights]) == [D(s) for s in shares]
