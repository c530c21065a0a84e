"""`GET /v2/orders`: filters, sorts, pages, refusals, and reading by modification while orders move."""

from datetime import UTC, datetime, timedelta

import pytest

WATERMARK = "Tue, 28 Apr 2026 13:00:00 +0000"


def ids(response):
    if response.status_code == 204:
        assert response.content == b""
        return []
    assert response.status_code == 200, response.text
    return [row["id"] for row in response.json()]


@pytest.fixture
def three(shop, order):
    shop.add_order(order(1, status_id=7, customer_id=1, date_modified="Tue, 28 Apr 2026 15:00:00 +0000"))
    shop.add_order(order(2, total_inc_tax="99.9900", payment_method="PayPal", is_deleted=True))
    shop.add_order(
        order(
            3,
            date_created="Tue, 28 Apr 2026 16:00:00 +0000",
            date_modified="Tue, 28 Apr 2026 16:00:00 +0000",
            billing_address={"email": "Other@Example.com"},
            channel_id=5,
            external_order_id="EXT-3",
        )
    )


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [1, 2, 3]),
        ({"min_id": "2"}, [2, 3]),
        ({"max_id": "2"}, [1, 2]),
        ({"min_total": "50"}, [2]),
        ({"max_total": "50"}, [1, 3]),
        ({"customer_id": "1"}, [1]),
        ({"email": "other@example.com"}, [3]),
        ({"status_id": "11"}, [2, 3]),
        ({"cart_id": "cart-2"}, [2]),
        ({"payment_method": "PayPal"}, [2]),
        ({"channel_id": "5"}, [3]),
        ({"external_order_id": "EXT-3"}, [3]),
        ({"is_deleted": "false"}, [1, 3]),
        ({"is_deleted": "true"}, [2]),
        ({"min_date_created": "Tue, 28 Apr 2026 12:00:00 -0400"}, [3]),
        ({"max_date_created": "2026-04-28T15:59:59.999+00:00"}, [1, 2]),
        ({"min_date_modified": "2026-04-28T15:00:00Z"}, [1, 3]),
        ({"max_date_modified": "2026-04-28T15:00:00+00:00"}, [1, 2]),
        ({"min_date_modified": "2026-04-28T15:00:01+00:00", "max_date_modified": "2026-04-28T15:59:59+00:00"}, []),
        ({"sort": "id:desc"}, [3, 2, 1]),
        ({"sort": "date_modified:asc"}, [2, 1, 3]),
        ({"sort": "date_modified:desc"}, [3, 1, 2]),
        ({"sort": "date_created"}, [1, 2, 3]),
        ({"sort": "customer_id:asc"}, [1, 2, 3]),
        ({"sort": "status_id:desc"}, [2, 3, 1]),
        ({"sort": "channel_id:desc"}, [3, 1, 2]),
        ({"sort": "external_id:asc"}, [1, 2, 3]),
        ({"limit": "2"}, [1, 2]),
        ({"limit": "2", "page": "2"}, [3]),
        ({"limit": "2", "page": "3"}, []),
    ],
)
def test_filters_and_sorts(api, three, params, expected):
    assert ids(api.get("/v2/orders", params=params)) == expected


def test_fifty_rows_unless_told_and_250_at_most(api, shop, order):
    for order_id in range(1, 261):
        shop.add_order(order(order_id))
    assert len(ids(api.get("/v2/orders"))) == 50
    assert len(ids(api.get("/v2/orders", params={"limit": 250}))) == 250
    refused = api.get("/v2/orders", params={"limit": 251})
    assert (refused.status_code, refused.json()[0]["status"]) == (413, 413)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"min_date": "x"}, "The field 'min_date' is not supported by this resource."),
        ({"id": "1"}, "The field 'id' is not supported by this resource."),
        ({"status_id:in": "1,2"}, "The field 'status_id:in' is not supported by this resource."),
        ({"min_id": "one"}, "The field 'min_id' is invalid."),
        ({"min_total": "much"}, "The field 'min_total' is invalid."),
        ({"is_deleted": "no"}, "The field 'is_deleted' is invalid."),
        ({"min_date_modified": "yesterday"}, "The field 'min_date_modified' is invalid."),
        ({"min_date_modified": "2026-04-28T15:00:00"}, "The field 'min_date_modified' is invalid."),
        ({"min_date_modified": "Tue, 28 Apr 2026 15:00:00"}, "The field 'min_date_modified' is invalid."),
        ({"sort": "total"}, "The field 'sort' is invalid."),
        ({"sort": "id:down"}, "The field 'sort' is invalid."),
        ({"page": "0"}, "The field 'page' is invalid."),
        ({"limit": "-1"}, "The field 'limit' is invalid."),
        ({"include": "line_items"}, "The field 'include' is invalid."),
        ({"consignment_structure": "array"}, "The field 'consignment_structure' is invalid."),
    ],
)
def test_what_cannot_be_read_is_refused(api, params, message):
    response = api.get("/v2/orders", params=params)
    assert (response.status_code, response.json()) == (400, [{"status": 400, "message": message}])


def test_a_plus_that_was_not_escaped_arrives_as_a_space_and_is_refused(api):
    assert api.get("/v2/orders?min_date_modified=2026-04-28T15:00:00+00:00").status_code == 400
    assert api.get("/v2/orders?min_date_modified=2026-04-28T15:00:00%2B00:00").status_code == 204


def test_an_order_whose_figures_are_garbled_is_listed_but_matches_no_filter_on_them(api, shop, order):
    shop.add_order(order(1, total_inc_tax={}))
    assert ids(api.get("/v2/orders")) == [1]
    assert ids(api.get("/v2/orders", params={"min_total": "0"})) == []


def test_a_keyset_walk_by_modification_sees_every_order_although_some_move(api, shop, order):
    start = datetime(2026, 4, 28, 13, tzinfo=UTC)
    for order_id in range(1, 31):
        moment = start + timedelta(seconds=order_id)
        shop.add_order(order(order_id, date_modified=moment.strftime("%a, %d %b %Y %H:%M:%S +0000")))
    seen, since = set(), WATERMARK
    while True:
        params = {"min_date_modified": since, "sort": "date_modified:asc", "limit": 10}
        rows = api.get("/v2/orders", params=params).json()
        fresh = [row for row in rows if (row["id"], row["date_modified"]) not in seen]
        seen.update((row["id"], row["date_modified"]) for row in fresh)
        if not fresh:
            break
        since = rows[-1]["date_modified"]
        if len(seen) == 10:
            shop.touch(3)
            shop.touch(15)
            shop.delete(20)
    counted = [order_id for order_id, _ in seen]
    assert set(counted) == set(range(1, 31)) - {20}
    assert counted.count(3) == 2
    assert counted.count(15) == 1
