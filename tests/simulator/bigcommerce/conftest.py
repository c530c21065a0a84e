"""A store on a real socket, and raw orders written by hand."""

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from simulator.bigcommerce.api import bigcommerce_app
from simulator.bigcommerce.store import Store
from simulator.loopback import Loopback

AUTHENTIC = Path(__file__).parents[4] / "shared" / "data"


@pytest.fixture
def authentic():
    """Reads a payload that the real API sent or documents; skips by name where these are not at hand."""

    def read(name):
        path = AUTHENTIC / "bigcommerce" / name
        if not path.exists():
            pytest.skip(f"authentic payload {name} is not here")
        return json.loads(path.read_text())

    return read


@pytest.fixture
def shop():
    store = Store(clock=lambda: datetime(2026, 4, 28, 14, tzinfo=UTC))
    store.quota.limit = 10_000
    return store


class Switch:
    """One server for all tests: each puts its own store's app behind it."""

    app = None

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def switch():
    return Switch()


@pytest.fixture(scope="session")
def url(switch):
    with Loopback(switch) as server:
        yield server.url


@pytest.fixture(scope="session")
def http(url):
    with httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture
def api(shop, switch, url, http):
    """A client below the store's own path: `api.get("/v2/orders")`."""
    switch.app = bigcommerce_app(shop)
    http.base_url = f"{url}/stores/{shop.store_hash}"
    http.headers["X-Auth-Token"] = shop.access_token
    return http


@pytest.fixture
def order():
    """Builds the raw header of a small order; fields given replace its own."""

    def build(order_id, **fields):
        return {
            "id": order_id,
            "customer_id": 7,
            "date_created": "Tue, 28 Apr 2026 13:00:00 +0000",
            "date_modified": "Tue, 28 Apr 2026 13:00:00 +0000",
            "status_id": 11,
            "total_inc_tax": "10.0000",
            "payment_method": "Credit Card",
            "channel_id": 1,
            "cart_id": f"cart-{order_id}",
            "external_order_id": "",
            "external_id": None,
            "is_deleted": False,
            "items_total": 0,
            "shipping_address_count": 0,
            "billing_address": {"first_name": "Ann", "last_name": "Buyer", "email": "ann@example.com"},
            **fields,
        }

    return build


@pytest.fixture
def line():
    def build(line_id, **fields):
        return {
            "id": line_id,
            "quantity": 1,
            "type": "physical",
            "order_pickup_method_id": 0,
            "order_address_id": 900,
            **fields,
        }

    return build
