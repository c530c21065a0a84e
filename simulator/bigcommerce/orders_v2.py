"""The v2 endpoints: store, time, statuses, orders and their sub-resources. Lists are bare arrays, empty ones 204."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from starlette.requests import Request

from simulator.bigcommerce import listing
from simulator.bigcommerce.errors import invalid_field, v2_not_found
from simulator.bigcommerce.shapes import consignments_json, order_json
from simulator.bigcommerce.store import STATUS_NAMES, Json, Order, Store

_SYMBOLS = {"USD": "$", "AUD": "$", "CAD": "$", "GBP": "£", "EUR": "€"}


def store_information(store: Store, request: Request) -> Json:
    listing.only(request.query_params, ())
    return {
        "id": store.store_hash,
        "domain": "shop.example.com",
        "secure_url": "https://shop.example.com",
        "control_panel_base_url": f"https://store-{store.store_hash}.mybigcommerce.com",
        "status": "live",
        "name": "Simulated Shop",
        "first_name": "Ada",
        "last_name": "Example",
        "address": "1 Example Street",
        "country": "United States",
        "country_code": "US",
        "phone": "",
        "admin_email": "owner@example.com",
        "order_email": "orders@example.com",
        "timezone": _timezone(store),
        "language": "en",
        "currency": store.currency,
        "currency_symbol": _SYMBOLS.get(store.currency, store.currency),
        "decimal_separator": ".",
        "thousands_separator": ",",
        "decimal_places": 2,
        "currency_symbol_location": "left",
        "weight_units": "Ounces",
        "dimension_units": "Inches",
        "dimension_decimal_places": 2,
        "dimension_decimal_token": ".",
        "dimension_thousands_token": ",",
        "plan_name": "Standard",
        "plan_level": "Standard",
        "plan_is_trial": False,
        "industry": "",
        "logo": [],
        "is_price_entered_with_tax": store.price_mode == "inclusive",
        "store_id": 1000001,
        "default_channel_id": 1,
        "default_site_id": 1000,
        "active_comparison_modules": [],
        "features": {"stencil_enabled": True, "checkout_type": "optimized", "multi_storefront_enabled": True},
    }


def _timezone(store: Store) -> Json:
    return {
        "name": store.timezone,
        "raw_offset": -21600,
        "dst_offset": -18000,
        "dst_correction": True,
        "date_format": {"display": "M jS Y", "export": "M jS Y", "extended_display": "M jS Y @ g:i A"},
    }


def server_time(store: Store, request: Request) -> Json:
    listing.only(request.query_params, ())
    return {"time": int(store.clock().timestamp())}


def order_statuses(_store: Store, request: Request) -> list[Json]:
    listing.only(request.query_params, ())
    return [
        {
            "id": number,
            "name": name,
            "system_label": name,
            "custom_label": name,
            "system_description": "",
            "order": number,
        }
        for number, name in STATUS_NAMES.items()
    ]


def list_orders(store: Store, request: Request) -> list[Json] | None:
    params = request.query_params
    found = listing.select_orders(store.orders, params)
    includes, as_object = listing.read_include(params), listing.read_structure(params)
    return [
        order_json(order, store_hash=store.store_hash, includes=includes, as_object=as_object) for order in found
    ] or None


def get_order(store: Store, request: Request) -> Json:
    params = request.query_params
    listing.only(params, ("include", "consignment_structure"))
    return order_json(
        _order(store, request),
        store_hash=store.store_hash,
        includes=listing.read_include(params),
        as_object=listing.read_structure(params),
    )


def products(store: Store, request: Request) -> Sequence[Json] | None:
    return _page_of(_order(store, request).products, request)


def shipping_addresses(store: Store, request: Request) -> Sequence[Json] | None:
    return _page_of(_order(store, request).shipping_addresses, request)


def coupons(store: Store, request: Request) -> Sequence[Json] | None:
    return _page_of(_order(store, request).coupons, request)


def shipments(store: Store, request: Request) -> Sequence[Json] | None:
    return _page_of(_order(store, request).shipments, request)


def taxes(store: Store, request: Request) -> Sequence[Json] | None:
    """One row a rate and line with `details=true`, else one a rate and address."""
    details = request.query_params.get("details", "false")
    if details not in ("true", "false"):
        raise invalid_field("details")
    rows = _order(store, request).taxes
    return _page_of(rows if details == "true" else _summed(rows), request, "details")


def fees(store: Store, request: Request) -> Json:
    listing.only(request.query_params, ())
    return {"fees": _order(store, request).fees}


def consignments(store: Store, request: Request) -> Json:
    listing.only(request.query_params, ("include",))
    whole = "consignments.line_items" in listing.read_include(request.query_params)
    return consignments_json(_order(store, request), store_hash=store.store_hash, whole=whole)


def _order(store: Store, request: Request) -> Order:
    try:
        return store.orders[request.path_params["order_id"]]
    except KeyError:
        raise v2_not_found() from None


def _page_of(rows: list[Json], request: Request, *more: str) -> Sequence[Json] | None:
    listing.only(request.query_params, ("page", "limit", *more))
    return listing.v2_page(request.query_params).of(rows) or None


def _summed(rows: list[Json]) -> list[Json]:
    sums: dict[tuple[Any, ...], Json] = {}
    for row in rows:
        plain = {k: v for k, v in row.items() if k not in ("order_product_id", "line_item_type")}
        key = (row.get("order_address_id"), row.get("tax_rate_id"), row["rate"])
        if key not in sums:
            sums[key] = plain
            continue
        for amount in ("priority_amount", "line_amount"):
            sums[key][amount] = f"{Decimal(sums[key][amount]) + Decimal(row[amount]):.4f}"
    return list(sums.values())
