"""The Management API over one store: routes, and what every request meets before its handler.

The order of the checks is the gateway's: store hash, token, scope, quota. Handlers are plain functions
`(store, request) -> Response` that run under the store's lock; the v2 ones are in orders_v2.py and certificates.py, the
v3 ones in v3.py and inventory.py.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, compile_path

from simulator.bigcommerce import certificates, inventory, orders_v2, v3
from simulator.bigcommerce.dates import http_date
from simulator.bigcommerce.errors import ApiError, v2_error, v2_not_found, v3_error
from simulator.bigcommerce.store import Store

Handler = Callable[[Store, Request], Any]

_ORDERS = frozenset({"store_v2_orders_read_only"})
_TRANSACTIONS = frozenset({"store_v2_transactions_read_only"})
_PRODUCTS = frozenset({"store_v2_products_read_only"})
_CUSTOMERS = frozenset({"store_v2_customers_read_only"})
_INFORMATION = frozenset({"store_v2_information_read_only"})
_MARKETING = frozenset({"store_v2_marketing_read_only"})
_INVENTORY = frozenset({"store_inventory"})
_LOCATIONS = frozenset({"store_locations_read_only", "store_locations"})


@dataclass(frozen=True)
class _Endpoint:
    """A call's name, its path below the store, its handler, and the scopes of which one is enough."""

    name: str
    path: str
    handler: Handler
    scopes: frozenset[str]


_ENDPOINTS = (
    _Endpoint("store", "v2/store", orders_v2.store_information, _INFORMATION),
    _Endpoint("time", "v2/time", orders_v2.server_time, _INFORMATION),
    _Endpoint("order_statuses", "v2/order_statuses", orders_v2.order_statuses, _ORDERS),
    _Endpoint("orders", "v2/orders", orders_v2.list_orders, _ORDERS),
    _Endpoint("order", "v2/orders/{order_id:int}", orders_v2.get_order, _ORDERS),
    _Endpoint("products", "v2/orders/{order_id:int}/products", orders_v2.products, _ORDERS),
    _Endpoint(
        "shipping_addresses", "v2/orders/{order_id:int}/shipping_addresses", orders_v2.shipping_addresses, _ORDERS
    ),
    _Endpoint("coupons", "v2/orders/{order_id:int}/coupons", orders_v2.coupons, _ORDERS),
    _Endpoint("taxes", "v2/orders/{order_id:int}/taxes", orders_v2.taxes, _ORDERS),
    _Endpoint("shipments", "v2/orders/{order_id:int}/shipments", orders_v2.shipments, _ORDERS),
    _Endpoint("fees", "v2/orders/{order_id:int}/fees", orders_v2.fees, _ORDERS),
    _Endpoint("consignments", "v2/orders/{order_id:int}/consignments", orders_v2.consignments, _ORDERS),
    _Endpoint("transactions", "v3/orders/{order_id:int}/transactions", v3.transactions, _TRANSACTIONS),
    _Endpoint("refunds", "v3/orders/payment_actions/refunds", v3.refunds, _TRANSACTIONS | _ORDERS),
    _Endpoint("refund", "v3/orders/payment_actions/refunds/{refund_id:int}", v3.refund, _TRANSACTIONS | _ORDERS),
    _Endpoint(
        "order_refunds", "v3/orders/{order_id:int}/payment_actions/refunds", v3.order_refunds, _TRANSACTIONS | _ORDERS
    ),
    _Endpoint("inventory_settings", "v3/settings/inventory", v3.inventory_settings, _INFORMATION),
    _Endpoint("catalog_products", "v3/catalog/products", v3.products, _PRODUCTS),
    _Endpoint("catalog_variants", "v3/catalog/variants", v3.variants, _PRODUCTS),
    _Endpoint("customers", "v3/customers", v3.customers, _CUSTOMERS),
    _Endpoint("locations", "v3/inventory/locations", inventory.locations, _LOCATIONS),
    _Endpoint("inventory_items", "v3/inventory/items", inventory.items, _INVENTORY | {"store_inventory_read_only"}),
    _Endpoint("gift_certificates", "v2/gift_certificates", certificates.gift_certificates, _MARKETING),
)
_ADJUST = "v3/inventory/adjustments/absolute"
_PATTERNS = [
    *(("GET", compile_path(f"/stores/{{store_hash}}/{e.path}")[0], e.name) for e in _ENDPOINTS),
    ("PUT", compile_path(f"/stores/{{store_hash}}/{_ADJUST}")[0], "adjust"),
]


def call_name(method: str, path: str) -> str:
    """The name of the call that a request makes, "unknown" for one that no endpoint has."""
    below = "/stores/" + path.partition("/stores/")[2]
    return next((name for known, pattern, name in _PATTERNS if known == method and pattern.match(below)), "unknown")


def bigcommerce_app(store: Store) -> Starlette:
    """The API of one store, below `/stores/{store_hash}/`."""
    routes = [
        *(Route(f"/stores/{{store_hash}}/{e.path}", _reading(store, e), methods=["GET"]) for e in _ENDPOINTS),
        Route(f"/stores/{{store_hash}}/{_ADJUST}", _adjusting(store), methods=["PUT"]),
    ]
    every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    nothing = _Endpoint("unknown", "", _no_such_endpoint, frozenset())
    fallback = Route("/{rest:path}", _reading(store, nothing), methods=every)
    app = Starlette(routes=[*routes, fallback])
    app.router.redirect_slashes = False
    return app


def _reading(store: Store, endpoint: _Endpoint) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        return _answer(store, request, endpoint)

    return answer


def _adjusting(store: Store) -> Callable[[Request], Any]:
    """A bulk write takes a while; one that comes in meanwhile is not alone."""

    async def answer(request: Request) -> Response:
        body, alone = await request.body(), not store.adjusting
        endpoint = _Endpoint(
            "adjust", _ADJUST, lambda _, asked: inventory.adjust(store, asked, body, alone=alone), _INVENTORY
        )
        store.adjusting += 1
        try:
            await asyncio.sleep(store.adjustment_time)
            return _answer(store, request, endpoint)
        finally:
            store.adjusting -= 1

    return answer


def _answer(store: Store, request: Request, endpoint: _Endpoint) -> Response:
    with store.lock:
        store.calls += 1
        store.called[endpoint.name] += 1
        refused = not store.quota.take()
        store.throttled += refused
        try:
            _pass_gateway(store, request, endpoint.scopes, refused=refused)
            response = _as_response(endpoint.handler(store, request))
        except ApiError as error:
            response = json_response(error.body, error.status, error.media_type)
        response.headers["Date"] = http_date(store.clock())
        response.headers.update(store.quota.headers(refused=refused))
        return response


def _pass_gateway(store: Store, request: Request, scopes: frozenset[str], *, refused: bool) -> None:
    if request.path_params.get("store_hash", store.store_hash) != store.store_hash:
        raise v3_error(404, "The requested store was not found.")
    if request.headers.get("X-Auth-Token") != store.access_token:
        raise v3_error(401, "X-Auth-Client and X-Auth-Token headers are required and must match")
    if scopes and not scopes & store.scopes:
        raise v3_error(403, "You don't have a required scope to access the endpoint")
    if refused:
        raise v3_error(429, "Too many requests")


def _no_such_endpoint(_store: Store, request: Request) -> Any:
    if "/v2/" in request.url.path:
        raise v2_not_found() if request.method == "GET" else v2_error(405, "The method is not supported.")
    raise v3_error(404 if request.method == "GET" else 405, "The requested resource was not found.")


def _as_response(body: Any) -> Response:
    """None is how a v2 list says that it has no rows: 204 and not a byte."""
    return Response(status_code=204) if body is None else json_response(body, 200)


def json_response(body: Any, status: int, media_type: str = "application/json") -> Response:
    return Response(json.dumps(body, default=float), status, media_type=media_type)
