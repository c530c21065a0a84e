"""The v3 endpoints that are read: transactions, refunds, settings, products, variants, customers. All answers sit in an
envelope."""

from collections.abc import Callable, Mapping, Sequence

from starlette.requests import Request

from simulator.bigcommerce import dates
from simulator.bigcommerce.errors import v3_error
from simulator.bigcommerce.listing import envelope, v3_page
from simulator.bigcommerce.store import Json, Store

Matches = Callable[[Json], bool]
Filter = Callable[[str], Matches]
"""What a parameter's text admits. ValueError where it cannot be read."""


def transactions(store: Store, request: Request) -> Json | None:
    """204 where an order has none, as documented; an order may have none although it was paid."""
    _known(request.query_params, ("page", "limit"))
    order = store.orders.get(request.path_params["order_id"])
    if order is None:
        raise v3_error(404, "The requested resource was not found.")
    return envelope(order.transactions, v3_page(request.query_params)) if order.transactions else None


def refunds(store: Store, request: Request) -> Json:
    """By refund id; `sort` is refused, and `meta` is empty: a page is the last when it is short."""
    params = request.query_params
    _known(params, (*_REFUND_FILTERS, "page", "limit"))
    found = sorted(_matching(store.refunds, params, _REFUND_FILTERS), key=lambda refund: refund["id"])
    return {"data": v3_page(params).of(found), "meta": {}}


def order_refunds(store: Store, request: Request) -> Json:
    """All of one order's, by refund id."""
    params, order_id = request.query_params, request.path_params["order_id"]
    _known(params, ("transaction_id",))
    if order_id not in store.orders:
        raise v3_error(404, "The requested resource was not found.")
    own = [row for row in store.refunds if row["order_id"] == order_id]
    return {"data": sorted(_matching(own, params, _REFUND_FILTERS), key=lambda refund: refund["id"]), "meta": {}}


def refund(store: Store, request: Request) -> Json:
    _known(request.query_params, ())
    for row in store.refunds:
        if row["id"] == request.path_params["refund_id"]:
            return {"data": row, "meta": {}}
    raise v3_error(404, "The requested resource was not found.")


def inventory_settings(store: Store, request: Request) -> Json:
    """The store's, or a channel's own: null is what the channel does not say for itself."""
    params = request.query_params
    _known(params, ("channel_id",))
    told: Json = store.inventory_settings
    if "channel_id" in params:
        own = store.channel_inventory_settings.get(params["channel_id"])
        if own is None:
            raise v3_error(404, "The requested resource was not found.")
        told = dict.fromkeys(told) | own
    return {"data": told, "meta": {}}


def products(store: Store, request: Request) -> Json:
    params = request.query_params
    _known(params, (*_PRODUCT_FILTERS, *_CATALOG_PARAMS, "include", "sort", "direction"))
    hidden = () if "variants" in params.get("include", "").split(",") else ("variants",)
    store.take_in()
    found = _sorted(_matching(store.products, params, _PRODUCT_FILTERS), params)
    return envelope(found, v3_page(params), lambda row: _fields(row, params, hidden))


def variants(store: Store, request: Request) -> Json:
    params = request.query_params
    _known(params, (*_VARIANT_FILTERS, *_CATALOG_PARAMS))
    store.take_in()
    every = [variant for product in store.products for variant in product["variants"]]
    found = _matching(every, params, _VARIANT_FILTERS)
    return envelope(found, v3_page(params), lambda row: _fields(row, params, ()))


def customers(store: Store, request: Request) -> Json:
    params = request.query_params
    _known(params, (*_CUSTOMER_FILTERS, "include", "page", "limit"))
    included = set(filter(None, params.get("include", "").split(",")))
    if not included <= {"storecredit"}:
        raise v3_error(422, "The filter(s): include are not valid filter parameter(s).")
    hidden = () if included else ("store_credit_amounts",)
    found = _matching(store.customers, params, _CUSTOMER_FILTERS)
    return envelope(found, v3_page(params), lambda row: _fields(row, {}, hidden))


def _among(name: str) -> Filter:
    def admit(text: str) -> Matches:
        wanted = frozenset(text.casefold().split(","))
        return lambda row: str(row[name]).casefold() in wanted

    return admit


def _equals(name: str) -> Filter:
    def admit(text: str) -> Matches:
        wanted = text.casefold()
        return lambda row: str(row[name]).casefold() == wanted

    return admit


def _above(name: str) -> Filter:
    def admit(text: str) -> Matches:
        bound = int(text)
        return lambda row: bool(row[name] > bound)

    return admit


def _from(name: str) -> Filter:
    def admit(text: str) -> Matches:
        bound = dates.parse(text)
        return lambda row: dates.parse(row[name]) >= bound

    return admit


def _until(name: str) -> Filter:
    def admit(text: str) -> Matches:
        bound = dates.parse(text)
        return lambda row: dates.parse(row[name]) <= bound

    return admit


def _paid_with(text: str) -> Matches:
    return lambda row: any(payment.get("transaction_id") == text for payment in row["payments"])


_REFUND_FILTERS: dict[str, Filter] = {
    "id:in": _among("id"),
    "order_id:in": _among("order_id"),
    "created:min": _from("created"),
    "created:max": _until("created"),
    "transaction_id": _paid_with,
}
_PRODUCT_FILTERS = {
    "id": _equals("id"),
    "id:in": _among("id"),
    "id:greater": _above("id"),
    "sku": _equals("sku"),
    "sku:in": _among("sku"),
    "type": _equals("type"),
    "date_modified:min": _from("date_modified"),
    "date_modified:max": _until("date_modified"),
}
_VARIANT_FILTERS = {
    "id": _equals("id"),
    "sku": _equals("sku"),
    "sku:in": _among("sku"),
    "product_id:in": _among("product_id"),
}
_CUSTOMER_FILTERS = {
    "id:in": _among("id"),
    "email:in": _among("email"),
    "company:in": _among("company"),
    "date_modified:min": _from("date_modified"),
}
_CATALOG_PARAMS = ("page", "limit", "include_fields", "exclude_fields")
_SORTABLE = ("id", "name", "sku", "price", "date_modified", "inventory_level")


def _known(params: Mapping[str, str], known: Sequence[str]) -> None:
    strange = [name for name in params if name not in known]
    if strange:
        raise v3_error(422, f"The filter(s): {', '.join(strange)} are not valid filter parameter(s).")


def _matching(rows: list[Json], params: Mapping[str, str], filters: Mapping[str, Filter]) -> list[Json]:
    try:
        for admits in [filters[name](text) for name, text in params.items() if name in filters]:
            rows = [row for row in rows if admits(row)]
    except ValueError as error:
        raise v3_error(422, f"The filter(s): {error}") from error
    return rows


def _sorted(rows: list[Json], params: Mapping[str, str]) -> list[Json]:
    name = params.get("sort", "id")
    if name not in _SORTABLE:
        raise v3_error(422, "The filter(s): sort are not valid filter parameter(s).")
    return sorted(rows, key=lambda row: row[name], reverse=params.get("direction") == "desc")


def _fields(row: Json, params: Mapping[str, str], hidden: Sequence[str]) -> Json:
    """`include_fields` keeps what it names and the id, `exclude_fields` drops what it names."""
    kept = params["include_fields"].split(",") if "include_fields" in params else list(row)
    dropped = {*params.get("exclude_fields", "").split(","), *hidden}
    return {name: row[name] for name in row if name == "id" or (name in kept and name not in dropped)}
