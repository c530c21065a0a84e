"""Stock over HTTP: places, levels by item, and the bulk write, as strict as its schema."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from simulator.bigcommerce.api import bigcommerce_app

ABSOLUTE = "/v3/inventory/adjustments/absolute"


@pytest.fixture
def stocked(shop):
    """Product 111 LAMP, counted as a whole; 105 with variants 10105 BOWL-S and 20105 BOWL-L; 120 untracked FELT."""
    shop.adjustment_time = 0
    shop.add_product(sku="LAMP", name="Lamp", price=Decimal(9), product_id=111, tracked=True, stock=10)
    sizes = {"BOWL-S": 4, "BOWL-L": 3}
    shop.add_product(sku="", name="Bowl", price=Decimal(9), product_id=105, tracked=True, variants=sizes)
    shop.add_product(sku="FELT", name="Felt", price=Decimal(2), product_id=120)
    return shop


@pytest.fixture
def put(api):
    def write(*items, **more):
        rows = [{"location_id": 1, **item} for item in items]
        return api.put(ABSOLUTE, json={"reason": "count", "items": rows, **more})

    return write


@pytest.fixture
def on_hand(api):
    def read(**params):
        rows = api.get("/v3/inventory/items", params=params).json()["data"]
        return {row["identity"]["sku"]: [at["total_inventory_onhand"] for at in row["locations"]] for row in rows}

    return read


@pytest.fixture
def later(shop):
    """Turns the shop's clock on by seconds."""

    def turn(seconds):
        moment = shop.clock() + timedelta(seconds=seconds)
        shop.clock = lambda: moment

    return turn


# -- places


@pytest.mark.parametrize(
    ("params", "ids"),
    [
        ({}, [1, 4, 6]),
        ({"is_default": "true"}, [4]),
        ({"is_default": "false"}, [1, 6]),
        ({"is_active": "true"}, [1, 4]),
        ({"location_id:in": "6,1,9"}, [1, 6]),
        ({"location_code:in": "bc-location-4"}, [4]),
        ({"limit": 2, "page": 2}, [6]),
    ],
)
def test_locations(api, shop, params, ids):
    shop.add_location(4, "Warehouse", default=True)
    shop.add_location(6, "Old store", enabled=False)
    rows = api.get("/v3/inventory/locations", params=params).json()["data"]
    assert [row["id"] for row in rows] == ids
    assert [row["enabled"] for row in rows] == [row["id"] != 6 for row in rows]


def test_a_location_has_the_documented_fields(api):
    [row] = api.get("/v3/inventory/locations").json()["data"]
    assert (row["id"], row["code"], row["label"]) == (1, "BC-LOCATION-1", "Default location")
    assert set(row) == {
        *("id", "code", "label", "description", "managed_by_external_source", "type_id", "enabled", "operating_hours"),
        *("time_zone", "created_at", "updated_at", "address", "storefront_visibility", "special_hours"),
    }


# -- levels


def test_only_what_is_tracked_is_an_inventory_item(api, stocked):
    lamp, small, large = api.get("/v3/inventory/items").json()["data"]
    assert lamp == {
        "identity": {"sku": "LAMP", "variant_id": 10111, "product_id": 111, "sku_id": None},
        "locations": [
            {
                "location_id": 1,
                "location_code": "BC-LOCATION-1",
                "location_name": "Default location",
                "available_to_sell": 10,
                "total_inventory_onhand": 10,
                "location_enabled": True,
                "settings": {"safety_stock": 0, "is_in_stock": True, "warning_level": 0, "bin_picking_number": ""},
            }
        ],
    }
    assert [row["identity"]["variant_id"] for row in (small, large)] == [10105, 20105]
    assert [row["identity"]["product_id"] for row in (small, large)] == [105, 105]
    assert [row["identity"]["sku_id"] for row in (small, large)] == [10105, 20105]


def test_safety_stock_is_not_for_sale(api, stocked):
    stocked.safety_stock["product:111"] = 3
    [row] = api.get("/v3/inventory/items", params={"sku:in": "LAMP"}).json()["data"]
    [level] = row["locations"]
    assert (level["total_inventory_onhand"], level["available_to_sell"]) == (10, 7)
    assert level["settings"] == {"safety_stock": 3, "is_in_stock": True, "warning_level": 0, "bin_picking_number": ""}
    stocked.safety_stock["product:111"] = 12
    [row] = api.get("/v3/inventory/items", params={"sku:in": "LAMP"}).json()["data"]
    assert row["locations"][0]["available_to_sell"] == 0
    assert row["locations"][0]["settings"]["is_in_stock"] is False


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {"LAMP": [10, 0], "BOWL-S": [4, 0], "BOWL-L": [3, 0]}),
        ({"location_id:in": "1"}, {"LAMP": [10], "BOWL-S": [4], "BOWL-L": [3]}),
        ({"location_code:in": "BC-LOCATION-2"}, {"LAMP": [0], "BOWL-S": [0], "BOWL-L": [0]}),
        ({"location_id:in": "9"}, {}),
        ({"sku:in": "lamp,BOWL-L,NONE"}, {"LAMP": [10, 0], "BOWL-L": [3, 0]}),
        ({"variant_id:in": "10105"}, {"BOWL-S": [4, 0]}),
        ({"product_id:in": "105,120"}, {"BOWL-S": [4, 0], "BOWL-L": [3, 0]}),
        ({"limit": 1, "page": 3}, {"BOWL-L": [3, 0]}),
        ({"limit": 1000, "page": 2}, {}),
    ],
)
def test_items_are_filtered_and_paged(on_hand, stocked, params, expected):
    stocked.add_location(2)
    assert on_hand(**params) == expected


def test_locations_come_by_id(api, stocked):
    for number in (7, 3):
        stocked.add_location(number)
    row = api.get("/v3/inventory/items").json()["data"][0]
    assert [at["location_id"] for at in row["locations"]] == [1, 3, 7]


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"limit": 1001}, 413),
        ({"limit": 0}, 422),
        ({"colour": "red"}, 422),
        ({"sku:in": ",".join(f"S{n}" for n in range(101))}, 414),
        ({"sku:in": "A,,B"}, 422),
    ],
)
def test_what_cannot_be_asked(api, stocked, params, status):
    assert api.get("/v3/inventory/items", params=params).status_code == status


def test_there_is_no_single_item(api, stocked):
    assert api.get("/v3/inventory/items/111").status_code == 404


# -- the bulk write


def test_a_level_that_was_accepted_shows_later(api, stocked, put, on_hand, later):
    stocked.adjustment_delay = 5
    answer = put(
        {"product_id": 111, "quantity": 7}, {"variant_id": 20105, "quantity": 0}, {"sku": "bowl-s", "quantity": 9}
    )
    assert (answer.status_code, set(answer.json())) == (200, {"transaction_id"})
    assert on_hand() == {"LAMP": [10], "BOWL-S": [4], "BOWL-L": [3]}
    later(4)
    assert on_hand(**{"sku:in": "LAMP"}) == {"LAMP": [10]}
    later(1)
    assert on_hand() == {"LAMP": [7], "BOWL-S": [9], "BOWL-L": [0]}
    fields = {"include_fields": "sku,inventory_level", "include": "variants"}
    shown = api.get("/v3/catalog/products", params=fields).json()["data"]
    assert [(row["sku"], row["inventory_level"]) for row in shown] == [("", 9), ("LAMP", 7), ("FELT", 0)]
    variants = api.get("/v3/catalog/variants", params={"include_fields": "sku,inventory_level"}).json()["data"]
    assert [(row["sku"], row["inventory_level"]) for row in variants][:3] == [("LAMP", 7), ("BOWL-S", 9), ("BOWL-L", 0)]


def test_of_two_writes_the_one_that_comes_to_show_last_stays(stocked, put, on_hand, later):
    stocked.adjustment_delay = 2
    put({"product_id": 111, "quantity": 1})
    put({"product_id": 111, "quantity": 2})
    later(2)
    assert on_hand(**{"sku:in": "LAMP"}) == {"LAMP": [2]}
    stocked.adjustment_delay = 10
    put({"product_id": 111, "quantity": 3})
    stocked.adjustment_delay = 1
    put({"product_id": 111, "quantity": 4})
    later(5)
    assert on_hand(**{"sku:in": "LAMP"}) == {"LAMP": [4]}
    later(5)
    assert on_hand(**{"sku:in": "LAMP"}) == {"LAMP": [3]}


def test_each_location_has_levels_of_its_own(api, stocked, put, on_hand, later):
    stocked.add_location(2)
    put({"product_id": 111, "quantity": 6, "location_id": 2}, {"product_id": 111, "quantity": 5})
    later(1)
    assert on_hand(**{"sku:in": "LAMP"}) == {"LAMP": [5, 6]}
    [shown] = api.get("/v3/catalog/products", params={"sku": "LAMP"}).json()["data"]
    assert shown["inventory_level"] == 5


@pytest.mark.parametrize("path", ["/v3/catalog/products", "/v3/catalog/variants"])
def test_the_catalogue_shows_what_is_due(api, stocked, put, later, path):
    def lamp():
        rows = api.get(path, params={"include_fields": "sku,inventory_level"}).json()["data"]
        return [row["inventory_level"] for row in rows if row["sku"] == "LAMP"]

    put({"product_id": 111, "quantity": 2})
    assert lamp() == [10]
    later(1)
    assert lamp() == [2]


def test_what_was_accepted_is_on_record(stocked, put):
    put({"product_id": 111, "quantity": 7})
    put({"product_id": 999, "quantity": 7})
    [adjustment] = stocked.adjustments
    assert (adjustment.at, adjustment.reason) == (stocked.clock(), "count")
    assert adjustment.items == [{"location_id": 1, "product_id": 111, "quantity": 7}]


REFUSED = {
    "another tracking mode, as documented": (
        {"variant_id": 10111, "quantity": 1},
        "[Item with variant_id 10111 is tracked by product, please update stock by product id]",
    ),
    "by SKU what is counted as a whole": (
        {"sku": "lamp", "quantity": 1},
        "[Item with sku lamp is tracked by product, please update stock by product id]",
    ),
    "as a whole what is counted by variant": (
        {"product_id": 105, "quantity": 1},
        "[Item with product_id 105 is tracked by variant, please update stock by variant id]",
    ),
    "an untracked product": (
        {"product_id": 120, "quantity": 1},
        "Items with identity: [product_id 120] were not found",
    ),
    "an unknown SKU": ({"sku": "NONE", "quantity": 1}, "Items with identity: [sku NONE] were not found"),
    "the same item twice": (
        {"variant_id": 10105, "quantity": 8},
        "Items with identity: [variant_id 10105] are duplicated",
    ),
    "an unknown location": ({"product_id": 111, "quantity": 1, "location_id": 9}, "Location with id 9 was not found"),
    "a disabled location": ({"product_id": 111, "quantity": 1, "location_id": 2}, "Location with id 2 is disabled"),
}


@pytest.mark.parametrize(("item", "title"), REFUSED.values(), ids=REFUSED)
def test_one_item_that_cannot_be_set_refuses_the_call(stocked, put, on_hand, later, item, title):
    stocked.add_location(2, enabled=False)
    answer = put({"sku": "BOWL-S", "quantity": 8}, item)
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert answer.json() == {
        "status": 422,
        "title": title,
        "type": "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes",
        "errors": {},
    }
    later(60)
    assert on_hand(**{"location_id:in": "1"}) == {"LAMP": [10], "BOWL-S": [4], "BOWL-L": [3]}
    assert stocked.adjustments == []


def test_the_title_of_another_tracking_mode_is_the_documented_one(authentic, stocked, put):
    documented = authentic(
        "inventory.v3__put_inventory_adjustments_absolute__422__Item_has_another_tracking_mode_error.json"
    )
    answer = put({"variant_id": 10111, "quantity": 1}).json()
    assert answer == {**documented, "title": documented["title"].replace("106", "10111")}


def test_the_documented_request_is_read(authentic, stocked, api, on_hand, later):
    request = authentic("inventory.v3__put_inventory_adjustments_absolute__request__Absolute_Adjustment.json")
    items = [
        {**item, **({"variant_id": 10105} if "variant_id" in item else {"sku": "BOWL-L"} if "sku" in item else {})}
        for item in request["items"]
    ]
    for number in (2, 3):
        stocked.add_location(number)
    assert api.put(ABSOLUTE, json={**request, "items": items}).status_code == 200
    later(1)
    assert on_hand() == {"LAMP": [7, 0, 0], "BOWL-S": [1, 1, 0], "BOWL-L": [1, 0, 1]}


@pytest.mark.parametrize(
    ("tells", "named"),
    [
        ("all", "Items with identity: [product_id 120, product_id 9] were not found"),
        ("first", "Items with identity: [product_id 120] were not found"),
        ("none", "Incorrect entity"),
    ],
)
def test_how_much_a_refusal_tells(stocked, put, tells, named):
    stocked.tells_refused = tells
    items = ({"product_id": number, "quantity": 1} for number in (111, 120, 9))
    assert put(*items).json()["title"] == named


WRONG = {
    "no identity": {"quantity": 1},
    "two identities": {"product_id": 111, "variant_id": 10111, "quantity": 1},
    "no quantity": {"product_id": 111},
    "no location": {"product_id": 111, "quantity": 1, "location_id": None},
    "less than nothing": {"product_id": 111, "quantity": -1},
    "too much": {"product_id": 111, "quantity": 2_147_483_648},
    "a fraction": {"product_id": 111, "quantity": 1.5},
    "a whole number as a fraction": {"product_id": 111, "quantity": 1.0},
    "a text": {"product_id": 111, "quantity": "1"},
    "a truth": {"product_id": 111, "quantity": True},
    "a number as a SKU": {"sku": 111, "quantity": 1},
    "a text as an id": {"product_id": "111", "quantity": 1},
    "more than is known": {"product_id": 111, "quantity": 1, "comment": ""},
}


@pytest.mark.parametrize("item", WRONG.values(), ids=WRONG)
def test_items_are_as_the_schema_has_them(stocked, put, item):
    answer = put({"sku": "BOWL-S", "quantity": 1}, item)
    assert (answer.status_code, answer.json()["title"]) == (422, "Payload contains invalid fields")
    assert list(answer.json()["errors"]) == ["items.1"]
    assert stocked.adjustments == []


def test_the_highest_level(stocked, put, on_hand, later):
    assert put({"product_id": 111, "quantity": 2_147_483_647}).status_code == 200
    later(1)
    assert on_hand(**{"sku:in": "LAMP"}) == {"LAMP": [2_147_483_647]}


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ({"json": []}, 422),
        ({"json": {"items": []}}, 422),
        ({"json": {"reason": "count"}}, 422),
        ({"json": {"reason": 1, "items": [{"location_id": 1, "product_id": 111, "quantity": 1}]}}, 422),
        ({"json": {"items": [{"location_id": 1, "product_id": 111, "quantity": 1}], "dry_run": True}}, 422),
        ({"json": {"items": [{"location_id": 1, "product_id": 111, "quantity": 1}]}}, 200),
    ],
)
def test_bodies(api, stocked, request_, status):
    assert api.put(ABSOLUTE, **request_).status_code == status


def test_two_thousand_items_and_no_more(shop, put):
    shop.adjustment_time = 0
    for number in range(1, 2002):
        shop.add_product(sku=f"S{number}", name=f"Thing {number}", price=Decimal(1), product_id=number, tracked=True)
    rows = [{"product_id": number, "quantity": 1} for number in range(1, 2002)]
    assert put(*rows).status_code == 422
    assert put(*rows[:2000]).status_code == 200


def test_a_bulk_write_is_not_taken_before_the_one_before_it_is_answered(stocked):
    async def both():
        transport = httpx.ASGITransport(app=bigcommerce_app(stocked))
        headers = {"X-Auth-Token": stocked.access_token}
        base = f"http://shop/stores/{stocked.store_hash}"
        async with httpx.AsyncClient(transport=transport, headers=headers, base_url=base) as client:
            writes = [
                client.put(ABSOLUTE, json={"items": [{"location_id": 1, "product_id": 111, "quantity": number}]})
                for number in (1, 2)
            ]
            together = await asyncio.gather(*writes)
            after = await client.put(ABSOLUTE, json={"items": [{"location_id": 1, "product_id": 111, "quantity": 3}]})
            return [*(answer.status_code for answer in together), after.status_code]

    assert asyncio.run(both()) == [200, 409, 200]
    assert (stocked.parallel, stocked.adjusting) == (1, 0)
    assert [adjustment.items[0]["quantity"] for adjustment in stocked.adjustments] == [1, 3]


# -- who may


@pytest.mark.parametrize(
    ("scopes", "statuses"),
    [
        ({"store_inventory"}, (200, 403, 200)),
        ({"store_inventory_read_only"}, (200, 403, 403)),
        ({"store_locations_read_only"}, (403, 200, 403)),
        ({"store_locations"}, (403, 200, 403)),
    ],
)
def test_scopes(api, stocked, put, scopes, statuses):
    stocked.scopes = frozenset(scopes)
    reads = [api.get(f"/v3/inventory/{what}").status_code for what in ("items", "locations")]
    assert (*reads, put({"product_id": 111, "quantity": 1}).status_code) == statuses


def test_calls_are_counted_by_name(api, stocked, put):
    put({"product_id": 111, "quantity": 1})
    api.get("/v3/inventory/items")
    api.get("/v3/inventory/items")
    api.get("/v3/nothing")
    assert stocked.called == {"adjust": 1, "inventory_items": 2, "unknown": 1}
    stocked.reset_counts()
    assert stocked.called == {}
