"""What every request meets: store hash, token, scopes, quota, clock, and the store's own facts."""

import httpx
import pytest

from simulator.bigcommerce.api import call_name

GATEWAY = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes"


def test_a_wrong_token_is_401_and_a_missing_one_too(api, url, shop):
    for headers in ({"X-Auth-Token": "wrong"}, {}):
        response = httpx.get(f"{url}/stores/{shop.store_hash}/v2/time", headers=headers)
        assert response.status_code == 401
        assert response.json()["status"] == 401


def test_another_stores_hash_is_404(api, url, shop):
    response = httpx.get(f"{url}/stores/other/v2/time", headers={"X-Auth-Token": shop.access_token})
    assert response.status_code == 404


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        ("store_v2_orders_read_only", "/v2/orders"),
        ("store_v2_transactions_read_only", "/v3/orders/1/transactions"),
        ("store_v2_products_read_only", "/v3/catalog/products"),
        ("store_v2_customers_read_only", "/v3/customers"),
        ("store_v2_marketing_read_only", "/v2/gift_certificates"),
        ("store_v2_information_read_only", "/v2/store"),
        ("store_v2_information_read_only", "/v3/settings/inventory"),
    ],
)
def test_a_scope_that_is_missing_is_403(api, shop, scope, path):
    shop.scopes -= {scope}
    response = api.get(path)
    assert response.status_code == 403
    assert response.json() == {
        "status": 403,
        "title": "You don't have a required scope to access the endpoint",
        "type": GATEWAY,
        "errors": {},
    }


def test_refunds_are_read_with_either_scope(api, shop):
    shop.scopes = frozenset({"store_v2_orders_read_only"})
    assert api.get("/v3/orders/payment_actions/refunds").status_code == 200
    shop.scopes = frozenset({"store_v2_products_read_only"})
    assert api.get("/v3/orders/payment_actions/refunds").status_code == 403


def test_unknown_paths_and_methods(api):
    assert api.get("/v2/nothing").json() == [{"status": 404, "message": "The requested resource was not found."}]
    assert api.get("/v3/nothing").json()["status"] == 404
    assert api.get("/v2/orders/").status_code == 404
    assert api.delete("/v2/nothing").status_code == 405
    assert api.post("/v2/orders", json={}).status_code == 405


def test_every_answer_tells_the_quota_and_the_servers_time(api, shop):
    now = [0.0]
    shop.quota.clock, shop.quota.limit = lambda: now[0], 2
    first = api.get("/v2/time")
    assert first.headers["Date"] == "Tue, 28 Apr 2026 14:00:00 GMT"
    assert first.json() == {"time": 1777384800}
    now[0] = 12.5
    assert api.get("/v2/nothing").headers["X-Rate-Limit-Requests-Left"] == "0"
    refused = api.get("/v2/time")
    told = {name: value for name, value in refused.headers.items() if name.startswith(("x-rate", "x-retry"))}
    assert refused.status_code == 429
    assert refused.json()["status"] == 429
    assert told == {
        "x-rate-limit-time-window-ms": "30000",
        "x-rate-limit-time-reset-ms": "17500",
        "x-rate-limit-requests-quota": "2",
        "x-rate-limit-requests-left": "0",
        "x-retry-after": "18",
    }
    now[0] = 30.0
    assert api.get("/v2/time").status_code == 200
    assert (shop.calls, shop.throttled) == (4, 1)
    shop.reset_counts()
    assert (shop.calls, shop.throttled) == (0, 0)


def test_an_overloaded_platform_says_429_without_headers(api, shop):
    shop.quota.limit, shop.quota.silent = 0, True
    refused = api.get("/v2/time")
    assert refused.status_code == 429
    assert not [name for name in refused.headers if name.startswith(("x-rate", "x-retry"))]


def test_other_apps_of_the_store_use_up_the_same_quota(api, shop):
    shop.quota.limit = 10
    shop.quota.take(9)
    assert api.get("/v2/time").headers["X-Rate-Limit-Requests-Left"] == "0"
    assert api.get("/v2/time").status_code == 429


def test_the_store_tells_currency_zone_and_price_mode(authentic, api, shop):
    shop.price_mode = "inclusive"
    body = api.get("/v2/store").json()
    assert (body["id"], body["currency"], body["decimal_places"]) == (shop.store_hash, "USD", 2)
    assert body["timezone"]["name"] == "America/Chicago"
    assert body["is_price_entered_with_tax"] is True
    missing = set(authentic("store_no_logo.json")) - set(body)
    assert missing == {"account_uuid", "favicon_url"}


def test_statuses_have_the_documented_ids_and_keys(authentic, api):
    documented, found = authentic("order_statuses.json"), api.get("/v2/order_statuses").json()
    assert {row["id"]: row["name"] for row in found} == {row["id"]: row["name"] for row in documented}
    assert {frozenset(row) for row in found} == {frozenset(row) for row in documented}


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/bigcommerce/stores/abc/v2/orders", "orders"),
        ("GET", "/stores/abc/v2/orders/12", "order"),
        ("GET", "/stores/abc/v2/orders/12/products", "products"),
        ("GET", "/stores/abc/v3/orders/12/transactions", "transactions"),
        ("GET", "/stores/abc/v3/orders/payment_actions/refunds", "refunds"),
        ("GET", "/stores/abc/v3/orders/payment_actions/refunds/3", "refund"),
        ("GET", "/stores/abc/v3/orders/12/payment_actions/refunds", "order_refunds"),
        ("GET", "/stores/abc/v3/catalog/variants", "catalog_variants"),
        ("GET", "/stores/abc/v2/orders/", "unknown"),
        ("PUT", "/stores/abc/v2/orders", "unknown"),
    ],
)
def test_calls_have_names(method, path, name):
    assert call_name(method, path) == name
