"""Transactions, refunds, products, variants and customers, in the v3 envelope."""

from decimal import Decimal

import pytest


def refund(refund_id, order_id, created, **fields):
    return {
        "id": refund_id,
        "order_id": order_id,
        "created": created,
        "total_amount": Decimal("24.36"),
        "items": [],
        "payments": [{"id": refund_id, "transaction_id": f"t{refund_id}"}],
        **fields,
    }


@pytest.fixture
def refunded(shop):
    shop.add_refund(refund(2, 10, "2026-04-02T00:00:00+00:00"))
    shop.add_refund(refund(1, 11, "2026-04-01T00:00:00+00:00"))
    shop.add_refund(refund(3, 10, "2026-04-03T00:00:00+00:00"))


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [1, 2, 3]),
        ({"order_id:in": "10,99"}, [2, 3]),
        ({"id:in": "3,1"}, [1, 3]),
        ({"created:min": "2026-04-02T00:00:00+00:00"}, [2, 3]),
        ({"created:max": "2026-04-02T00:00:00+00:00"}, [1, 2]),
        ({"transaction_id": "t3"}, [3]),
        ({"limit": "2", "page": "2"}, [3]),
        ({"limit": "2", "page": "3"}, []),
    ],
)
def test_refunds_are_filtered_and_paged_by_id(api, refunded, params, expected):
    body = api.get("/v3/orders/payment_actions/refunds", params=params).json()
    assert [row["id"] for row in body["data"]] == expected
    assert body["meta"] == {}


def test_refunds_take_no_sort_and_amounts_are_numbers(api, refunded):
    refused = api.get("/v3/orders/payment_actions/refunds", params={"sort": "created"})
    assert refused.status_code == 422
    assert refused.json()["title"] == "The filter(s): sort are not valid filter parameter(s)."
    assert '"total_amount": 24.36' in api.get("/v3/orders/payment_actions/refunds").text


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"limit": "251"}, 413),
        ({"limit": "0"}, 422),
        ({"page": "x"}, 422),
        ({"created:min": "april"}, 422),
    ],
)
def test_bad_values_are_refused_with_the_v3_object(api, refunded, params, status):
    response = api.get("/v3/orders/payment_actions/refunds", params=params)
    assert (response.status_code, response.json()["status"], response.json()["errors"]) == (status, status, {})


def test_the_settings_of_the_stock_are_the_stores_and_what_a_channel_says_otherwise(api, shop):
    store = api.get("/v3/settings/inventory").json()
    assert store["data"]["refund_order_stock_adjustment"] is False
    assert store["data"]["update_stock_behavior"] == "order_placed"
    of_channel = {"params": {"channel_id": "1"}}
    assert set(api.get("/v3/settings/inventory", **of_channel).json()["data"].values()) == {None}
    shop.channel_inventory_settings["1"] = {"refund_order_stock_adjustment": True}
    own = api.get("/v3/settings/inventory", **of_channel).json()
    assert own == {"data": {**dict.fromkeys(store["data"]), "refund_order_stock_adjustment": True}, "meta": {}}
    assert api.get("/v3/settings/inventory", params={"channel_id": "2"}).status_code == 404
    assert api.get("/v3/settings/inventory", params={"channel": "1"}).status_code == 422


def test_transactions_of_an_order_or_204(authentic, api, shop, order):
    documented = authentic("transactions.json")
    shop.add_order(order(1), transactions=documented["data"])
    shop.add_order(order(2))
    assert api.get("/v3/orders/1/transactions").json() == documented
    empty = api.get("/v3/orders/2/transactions")
    assert (empty.status_code, empty.content) == (204, b"")


@pytest.fixture
def stocked(shop):
    for number in range(1, 4):
        shop.add_product(
            sku=f"SKU-{number}", name=f"Thing {number}", price=Decimal("1.50") * number, tracked=number == 1
        )


@pytest.mark.parametrize(
    ("params", "skus"),
    [
        ({}, ["SKU-1", "SKU-2", "SKU-3"]),
        ({"id:in": "1,3"}, ["SKU-1", "SKU-3"]),
        ({"id:greater": "1"}, ["SKU-2", "SKU-3"]),
        ({"sku": "sku-2"}, ["SKU-2"]),
        ({"sku:in": "SKU-3,SKU-9"}, ["SKU-3"]),
        ({"sort": "price", "direction": "desc"}, ["SKU-3", "SKU-2", "SKU-1"]),
        ({"limit": "2", "page": "2"}, ["SKU-3"]),
    ],
)
def test_products(api, stocked, params, skus):
    body = api.get("/v3/catalog/products", params=params).json()
    assert [row["sku"] for row in body["data"]] == skus
    assert all("variants" not in row for row in body["data"])


def test_the_envelope_counts_and_links_pages(api, stocked):
    middle = api.get("/v3/catalog/products", params={"limit": "1", "page": "2"}).json()["meta"]["pagination"]
    assert middle == {
        "total": 3,
        "count": 1,
        "per_page": 1,
        "current_page": 2,
        "total_pages": 3,
        "links": {
            "previous": "?page=1&limit=1",
            "current": "?page=2&limit=1",
            "next": "?page=3&limit=1",
        },
    }


def test_fields_and_variants_are_included_when_asked_for(authentic, api, stocked):
    body = api.get("/v3/catalog/products", params={"include_fields": "sku,inventory_tracking"}).json()["data"]
    assert body[0] == {"id": 1, "sku": "SKU-1", "inventory_tracking": "product"}
    [first, *_] = api.get("/v3/catalog/products", params={"include": "variants"}).json()["data"]
    assert first["variants"][0]["id"] == first["base_variant_id"]
    assert set(first) <= set(authentic("catalog_products.json")["data"][0])


def test_variants_carry_the_sku_of_simple_products(authentic, api, stocked):
    rows = api.get("/v3/catalog/variants", params={"sku:in": "SKU-1,SKU-2"}).json()["data"]
    assert [(row["sku"], row["product_id"]) for row in rows] == [("SKU-1", 1), ("SKU-2", 2)]
    assert set(rows[0]) <= set(authentic("catalog_variants.json")["data"][0])
    assert api.get("/v3/catalog/variants", params={"colour": "red"}).status_code == 422


def test_a_product_of_several_variants_is_counted_by_variant(authentic, api, shop):
    shop.add_product(sku="", name="Bowl", price=Decimal(9), tracked=True, variants={"BOWL-S": 4, "BOWL-L": 3})
    shop.add_product(sku="CUP", name="Cup", price=Decimal(5), tracked=True, stock=8)
    fields = {"include_fields": "inventory_tracking,inventory_level,base_variant_id"}
    rows = api.get("/v3/catalog/products", params=fields).json()["data"]
    assert rows == [
        {"id": 1, "inventory_tracking": "variant", "inventory_level": 7, "base_variant_id": None},
        {"id": 2, "inventory_tracking": "product", "inventory_level": 8, "base_variant_id": 10_002},
    ]
    variants = api.get("/v3/catalog/variants", params={"product_id:in": "1"}).json()["data"]
    assert [(row["sku"], row["inventory_level"]) for row in variants] == [("BOWL-S", 4), ("BOWL-L", 3)]
    documented = authentic("catalog_variants.json")["data"][0]
    assert set(variants[0]) <= set(documented)
    assert set(variants[0]["option_values"][0]) == set(documented["option_values"][0])


def test_customers(api, shop):
    billing = {"email": "ann@example.com", "first_name": "Ann", "last_name": "Buyer", "company": "Blue", "phone": ""}
    shop.add_customer(customer_id=4, billing=billing)
    shop.add_customer(customer_id=5, billing={**billing, "email": "bob@example.com"})
    body = api.get("/v3/customers", params={"id:in": "5,6"}).json()
    assert [(row["id"], row["email"]) for row in body["data"]] == [(5, "bob@example.com")]
    assert [row["id"] for row in api.get("/v3/customers", params={"email:in": "ANN@example.com"}).json()["data"]] == [4]
