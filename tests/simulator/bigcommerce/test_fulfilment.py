"""Money taken later, let go or paid by hand; parcels; orders called off."""

from decimal import Decimal

import pytest

from simulator.bigcommerce.fulfilment import cancel, capture, pay, received, ship, unsent, void
from simulator.orders import generate

TWO_LINES = ((1, 2, "25", "0"), (2, 3, "10", "0"))


def shown(order):
    return order.header["status_id"], order.header["payment_status"]


def journal(order):
    return [(row["event"], f"{row['amount']}") for row in order.transactions]


def test_reserved_money_is_taken_later(shop, sold, clock):
    order = sold((1, 1, "50", "0"), pays="reserved", status_id=7)
    assert received(order) == 0
    clock.tick()
    row = capture(shop, 1001)
    assert journal(order) == [("authorization", "54.13"), ("capture", "54.13")]
    assert shown(order) == (11, "captured")
    assert row["reference_transaction_id"] == order.transactions[0]["id"] != row["id"]
    assert row["date_created"] == "2026-04-28T15:00:00+00:00"
    assert order.header["date_modified"] == "Tue, 28 Apr 2026 15:00:00 +0000"
    assert received(order) == Decimal("54.13")
    with pytest.raises(ValueError, match="no money reserved"):
        capture(shop, 1001)


def test_money_taken_of_an_order_on_its_way_leaves_the_status(shop, sold):
    order = sold((1, 1, "50", "0"), pays="reserved")
    ship(shop, 1001)
    capture(shop, 1001)
    assert shown(order) == (2, "captured")


def test_reserved_money_is_let_go(shop, sold):
    order = sold((1, 1, "50", "0"), pays="reserved", status_id=7)
    void(shop, 1001)
    assert (journal(order)[1], shown(order)) == (("void", "54.13"), (5, "void"))
    with pytest.raises(ValueError, match="no money reserved"):
        capture(shop, 1001)


def test_an_order_that_is_called_off_lets_reserved_money_go_and_keeps_what_came_in(shop, sold):
    order = sold((1, 1, "50", "0"), pays="reserved", status_id=7)
    cancel(shop, 1001)
    assert (len(order.transactions), shown(order)) == (2, (5, "void"))


@pytest.mark.parametrize(("pays", "status"), [("card", "captured"), ("by hand", "pending")])
def test_other_orders_called_off_change_their_status_alone(shop, sold, clock, pays, status):
    order = sold((1, 1, "50", "0"), pays=pays, status_id=7)
    before = list(order.transactions)
    clock.tick()
    cancel(shop, 1001)
    assert (order.transactions, shown(order)) == (before, (5, status))
    assert order.header["date_modified"] == "Tue, 28 Apr 2026 15:00:00 +0000"


def test_money_by_hand_leaves_no_transaction(shop, sold):
    order = sold((1, 1, "50", "0"), pays="by hand", status_id=7)
    pay(shop, 1001)
    assert (order.transactions, shown(order)) == ([], (11, "pending"))


def test_the_rest_of_an_order_paid_in_part(shop, sold):
    """54.13 less 12.34 of credit is 41.79, of which 20.90 came in: half, rounded up."""
    order = sold((1, 1, "50", "0"), pays="half", credit="12.34", status_id=1)
    pay(shop, 1001)
    assert journal(order) == [("purchase", "12.34"), ("purchase", "20.90"), ("purchase", "20.89")]
    assert [row["gateway"] for row in order.transactions] == ["storecredit", "stripe", "stripe"]
    assert (shown(order), order.transactions[-1]["reference_transaction_id"]) == ((11, "captured"), None)
    with pytest.raises(ValueError, match="order 1001 is paid"):
        pay(shop, 1001)


def test_parcels(shop, sold, clock):
    order = sold(*TWO_LINES)
    [first] = ship(shop, 1001, {1: 2, 2: 1}, tracking="1Z999")
    assert (first["tracking_number"], first["order_address_id"]) == ("1Z999", 900)
    assert [(item["order_product_id"], item["quantity"]) for item in first["items"]] == [(1, 2), (2, 1)]
    assert (order.header["status_id"], order.header["date_shipped"], unsent(order)) == (3, "", {2: 2})
    assert [line["quantity_shipped"] for line in order.products] == [2, 1]
    clock.tick()
    [rest] = ship(shop, 1001)
    assert [(item["order_product_id"], item["quantity"]) for item in rest["items"]] == [(2, 2)]
    assert rest["id"] != first["id"]
    assert (order.header["status_id"], order.header["date_shipped"]) == (2, "Tue, 28 Apr 2026 15:00:00 +0000")
    assert (order.header["items_shipped"], order.shipping_addresses[0]["items_shipped"]) == (5, 5)
    with pytest.raises(ValueError, match="nothing to send"):
        ship(shop, 1001)


def test_no_more_is_sent_than_was_ordered(shop, sold):
    order = sold(*TWO_LINES)
    ship(shop, 1001, {1: 1})
    for units in ({1: 2}, {1: 0}, {7: 1}):
        with pytest.raises(ValueError, match="units to send"):
            ship(shop, 1001, units)
    assert len(order.shipments) == 1


def test_each_address_gets_a_parcel_and_downloads_none(shop):
    raw = next(o for o in generate(5, 400) if len(o["shipping_addresses"]) == 2 and o["status_id"] == 11)
    order = shop.add_order(raw)
    made = ship(shop, order.id)
    assert [row["order_address_id"] for row in made] == [address["id"] for address in order.shipping_addresses]
    assert len({row["tracking_number"] for row in made}) == 2


def test_a_parcel_has_the_shape_of_generated_ones(shop, sold, api):
    generated = next(o for o in generate(5, 100) if o["shipments"])
    sold(*TWO_LINES)
    ship(shop, 1001)
    [row] = api.get("/v2/orders/1001/shipments").json()
    assert row.keys() == generated["shipments"][0].keys()
    assert row["shipping_address"].keys() == generated["shipments"][0]["shipping_address"].keys()
    again = shop.add_order({**generated, "id": 77})
    with pytest.raises(ValueError, match="nothing to send"):
        ship(shop, again.id)
