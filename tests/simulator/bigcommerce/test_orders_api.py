"""One order and its parts: includes, consignments, sub-resources, and authentic orders added as they are."""

import json

import pytest

from simulator.orders import generate

INCLUDE = {"include": "consignments.line_items,fees", "consignment_structure": "object"}
WARNING = (
    "Not all line items of this consignment are returned with this response, only 50 are included. "
    "Please use the `/v2/orders/{order_id}/products` endpoint to fetch all line items."
)


def test_without_includes_parts_are_links(api, shop, order, line):
    shop.add_order(order(129, products=[line(12)], fees=[{"id": 1}], shipping_address_count=1))
    body = api.get("/v2/orders/129").json()
    assert body["products"] == {
        "url": f"https://api.bigcommerce.com/stores/{shop.store_hash}/v2/orders/129/products",
        "resource": "/orders/129/products",
    }
    assert {name: body[name]["resource"] for name in ("fees", "coupons", "shipping_addresses", "consignments")} == {
        "fees": "/orders/129/fees",
        "coupons": "/orders/129/coupons",
        "shipping_addresses": "/orders/129/shipping_addresses",
        "consignments": "/orders/129/consignments",
    }


def test_lines_are_sorted_into_the_four_buckets(api, shop, order, line):
    lines = [
        line(1),
        line(2, order_address_id=901),
        line(3, type="digital", order_address_id=0),
        line(4, type="giftcertificate", order_address_id=0),
        line(5, order_pickup_method_id=1, order_address_id=0),
    ]
    addresses = [{"id": 900, "order_id": 129, "base_cost": "5.1000"}, {"id": 901, "order_id": 129, "cost_tax": "n/a"}]
    shop.add_order(order(129), products=lines, shipping_addresses=addresses, fees=[{"id": 8}])
    [body] = api.get("/v2/orders", params=INCLUDE).json()
    found = body["consignments"]
    assert [[row["id"] for row in c["line_items"]] for c in found["shipping"]] == [[1], [2]]
    assert [[row["id"] for row in c["line_items"]] for c in found["downloads"]] == [[3]]
    assert [[row["id"] for row in c["line_items"]] for c in found["email"]["gift_certificates"]] == [[4]]
    assert [[row["id"] for row in c["line_items"]] for c in found["pickups"]] == [[5]]
    assert found["shipping"][0]["base_cost"] == 5.1
    assert found["shipping"][1]["cost_tax"] == "n/a"
    assert found["downloads"][0]["recipient_email"] == "ann@example.com"
    assert body["fees"] == [{"id": 8}]


def test_the_legacy_array_has_no_downloads_and_links_stand_for_lines_that_are_not_included(api, shop, order, line):
    lines = [line(12), line(13, type="digital")]
    shop.add_order(order(129, shipping_address_count=1), products=lines)
    body = api.get("/v2/orders/129", params={"include": "consignments"}).json()
    [legacy] = body["consignments"]
    assert set(legacy) == {"pickups", "shipping"}
    assert [row["resource"] for row in legacy["shipping"][0]["line_items"]] == ["/orders/129/products/12"]


def test_fifty_lines_come_with_a_consignment_and_the_51st_makes_a_warning(api, shop, order, line):
    shop.add_order(order(1, shipping_address_count=1), products=[line(n) for n in range(1, 51)])
    shop.add_order(order(2, shipping_address_count=1), products=[line(n) for n in range(101, 152)])
    whole, cut = (row["consignments"]["shipping"][0] for row in api.get("/v2/orders", params=INCLUDE).json())
    assert len(whole["line_items"]) == 50
    assert "__warning__" not in whole
    assert len(cut["line_items"]) == 50
    assert cut["__warning__"] == {"message": WARNING}
    assert len(api.get("/v2/orders/2/products").json()) == 50
    assert len(api.get("/v2/orders/2/products", params={"limit": 250}).json()) == 51
    assert [row["id"] for row in api.get("/v2/orders/2/products", params={"page": 2}).json()] == [151]
    assert api.get("/v2/orders/2/products", params={"page": 3}).status_code == 204


def test_an_order_may_bring_consignments_of_its_own(api, shop, order, line):
    own = {"pickups": [], "shipping": [], "downloads": [], "email": {"gift_certificates": []}}
    shop.add_order(order(1, consignments=own, products=[line(1)]))
    assert api.get("/v2/orders/1", params=INCLUDE).json()["consignments"] == own
    assert api.get("/v2/orders/1/consignments").json() == own


def test_coupons_fees_and_consignments_have_their_own_paths(api, shop, order, line):
    coupon = {"id": 1, "code": "SAVE"}
    shop.add_order(
        order(1, shipping_address_count=1), products=[line(5)], coupons=[coupon], fees=[{"id": 2, "cost_tax": "0.0000"}]
    )
    assert api.get("/v2/orders/1/coupons").json() == [coupon]
    assert api.get("/v2/orders/1/fees").json() == {"fees": [{"id": 2, "cost_tax": "0.0000"}]}
    response = api.get("/v2/orders/1/consignments", params={"include": "consignments.line_items"})
    assert [row["id"] for row in response.json()["shipping"][0]["line_items"]] == [5]


def test_tax_rows_come_by_line_with_details_and_by_address_without(api, shop, order):
    row = {"order_address_id": 3, "tax_rate_id": 1, "rate": "8.0000", "priority_amount": "1.0000"}
    rows = [
        {"id": 1, **row, "line_amount": "1.0000", "order_product_id": "5", "line_item_type": "item"},
        {"id": 2, **row, "line_amount": "0.4000", "order_product_id": None, "line_item_type": "shipping"},
    ]
    shop.add_order(order(1, taxes=rows))
    assert api.get("/v2/orders/1/taxes", params={"details": "true"}).json() == rows
    summed = {"id": 1, **row, "priority_amount": "2.0000", "line_amount": "1.4000"}
    assert api.get("/v2/orders/1/taxes").json() == [summed]
    assert len(api.get("/v2/orders/1/taxes", params={"details": "true", "limit": 1, "page": 2}).json()) == 1
    assert api.get("/v2/orders/1/taxes", params={"details": "yes"}).status_code == 400


def test_shipments_of_an_order_in_pages_or_204(api, shop, order):
    rows = [{"id": number, "order_id": 1, "tracking_number": f"EX{number}"} for number in (1, 2, 3)]
    shop.add_order(order(1, shipments=rows))
    shop.add_order(order(2))
    assert api.get("/v2/orders/1/shipments").json() == rows
    assert api.get("/v2/orders/1/shipments", params={"limit": 2, "page": 2}).json() == rows[2:]
    empty = api.get("/v2/orders/2/shipments")
    assert (empty.status_code, empty.content) == (204, b"")
    assert "shipments" not in api.get("/v2/orders/1").json()


def test_an_order_that_is_gone_is_404_everywhere_and_an_archived_one_stays(api, shop, order, line):
    shop.add_order(order(1, products=[line(1)]))
    shop.add_order(order(2))
    shop.archive(2)
    shop.delete(1)
    for path in ("", "/products", "/shipping_addresses", "/coupons", "/taxes", "/shipments", "/fees", "/consignments"):
        response = api.get(f"/v2/orders/1{path}")
        assert response.status_code == 404, path
        assert response.json() == [{"status": 404, "message": "The requested resource was not found."}]
    assert api.get("/v3/orders/1/transactions").status_code == 404
    assert [(row["id"], row["is_deleted"]) for row in api.get("/v2/orders").json()] == [(2, True)]


def test_changes_move_the_date_and_may_replace_parts(api, shop, order, line):
    shop.add_order(order(1, products=[line(1)]))
    shop.set_status(1, 5)
    body = api.get("/v2/orders/1").json()
    assert (body["status_id"], body["status"]) == (5, "Cancelled")
    assert body["date_modified"] == "Tue, 28 Apr 2026 14:00:00 +0000"
    shop.update(1, products=[line(2)], date_modified="Tue, 28 Apr 2026 13:59:59 +0000")
    assert [row["id"] for row in api.get("/v2/orders/1/products").json()] == [2]
    assert api.get("/v2/orders/1").json()["date_modified"] == "Tue, 28 Apr 2026 13:59:59 +0000"


def test_an_order_is_added_once(shop, order):
    shop.add_order(order(1))
    with pytest.raises(ValueError, match="order 1 is there already"):
        shop.add_order(order(1))
    with pytest.raises(TypeError, match="line_items"):
        shop.add_order(order(2), line_items=[])


LINKS = ("products", "shipping_addresses", "coupons", "fees", "consignments")


@pytest.mark.parametrize(
    "name",
    [
        "order_113_coupon_untaxed.json",
        "order_218_inclusive_coupon_discount.json",
        "order_247_us_exclusive.json",
        "order_519_inclusive_manual_discount.json",
        "orders_100_101_102_au.json",
        "orders_100_overridden_total.json",
    ],
)
def test_authentic_orders_come_out_as_they_went_in(authentic, api, shop, name):
    given = authentic(name)
    given = given if isinstance(given, list) else [given]
    for raw in given:
        shop.add_order(raw)
    served = api.get("/v2/orders").json()
    assert [{k: v for k, v in row.items() if k not in LINKS} for row in served] == [
        {k: v for k, v in raw.items() if k not in LINKS} for raw in given
    ]
    assert all(row["products"]["resource"] == f"/orders/{row['id']}/products" for row in served)
    included = api.get("/v2/orders", params=INCLUDE).json()
    assert [len(row["consignments"]["shipping"]) for row in included] == [1] * len(given)


def test_the_authentic_order_519_with_its_lines_and_addresses(authentic, api, shop):
    lines, addresses = authentic("order_519_products.json"), authentic("order_519_shipping_addresses.json")
    shop.add_order(authentic("order_519_inclusive_manual_discount.json"), products=lines, shipping_addresses=addresses)
    [shipping] = api.get("/v2/orders/519", params=INCLUDE).json()["consignments"]["shipping"]
    assert shipping["line_items"] == lines
    assert shipping["cost_inc_tax"] == 0
    assert api.get("/v2/orders/519/products").json() == lines
    assert api.get("/v2/orders/519/shipping_addresses").json() == addresses


def test_the_documented_shipping_consignment_has_the_same_keys(authentic, api, shop):
    documented = authentic("example_consignments_shipping.json")
    shop.add_order(
        authentic("order_218_inclusive_coupon_discount.json"),
        shipping_addresses=authentic("order_229_shipping_addresses.json"),
    )
    found = api.get("/v2/orders/218", params=INCLUDE).json()["consignments"]
    assert set(found) == set(documented)
    assert set(found["shipping"][0]) == set(documented["shipping"][0])


def test_numbers_keep_their_text_and_null_its_many_shapes(api, shop, order):
    shop.add_order(order(1, subtotal_ex_tax="924.47", credit_card_type={}, external_id=None, date_shipped=""))
    text = api.get("/v2/orders/1").text
    assert '"subtotal_ex_tax": "924.47"' in text
    assert json.loads(text)["credit_card_type"] == {}


def test_a_generated_order_has_the_keys_of_a_real_one(authentic, api, shop):
    [generated] = generate(1, 1, clean=True)
    shop.add_order(generated)
    real, lines = authentic("order_519_inclusive_manual_discount.json"), authentic("order_519_products.json")
    found = api.get("/v2/orders/1001").json()
    assert set(real) <= set(found)
    assert set(found) - set(real) == {"ip_address", *LINKS}
    assert {frozenset(line) for line in api.get("/v2/orders/1001/products").json()} == {frozenset(lines[0])}
    addresses = authentic("order_519_shipping_addresses.json")
    assert set(addresses[0]) <= set(api.get("/v2/orders/1001/shipping_addresses").json()[0])


@pytest.mark.parametrize("part", ["fees", "coupons", "taxes", "transactions"])
def test_generated_parts_have_documented_keys(authentic, part):
    documented = {
        "fees": authentic("example_order_fees.json")["fees"],
        "coupons": authentic("example_order_coupons.json"),
        "taxes": authentic("example_order_taxes.json"),
        "transactions": authentic("transactions.json")["data"],
    }[part]
    details = {"order_product_id", "line_item_type"} if part == "taxes" else set()
    known = {name for row in documented for name in row}
    found = {name for order in generate(1, 300) for row in order[part] for name in row}
    assert found == known | details
