"""Stored orders in the shapes of the API: links or included parts, and the four buckets of consignments."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from simulator.bigcommerce.store import Json, Order

# bigcommerce/docs issue 960: no more lines than this come with a consignment, and the answer says so in these words.
INCLUDED_LINES = 50
WARNING = (
    "Not all line items of this consignment are returned with this response, only 50 are included. "
    "Please use the `/v2/orders/{order_id}/products` endpoint to fetch all line items."
)

_ADDRESS_NUMBERS = (
    "base_cost",
    "cost_ex_tax",
    "cost_inc_tax",
    "cost_tax",
    "base_handling_cost",
    "handling_cost_ex_tax",
    "handling_cost_inc_tax",
    "handling_cost_tax",
)
_LOCATION = {
    "id": 1,
    "name": "Location 1",
    "code": "LOCATION-1",
    "address_line_1": "123 Main Street",
    "address_line_2": "Suite 101",
    "city": "Austin",
    "state": "Texas",
    "postal_code": "78726",
    "country_alpha2": "US",
    "email": "location1@example.com",
    "phone": "+1 111-111-1111",
}


def order_json(order: Order, *, store_hash: str, includes: frozenset[str], as_object: bool) -> Json:
    """The order as listed: header and links, with `fees` and `consignments` filled in where included."""
    links = _Links(store_hash, order.id)
    body = {**order.header, **{name: links.to(name) for name in _LINKED}}
    if "fees" in includes:
        body["fees"] = order.fees
    if includes & {"consignments", "consignments.line_items"}:
        whole = "consignments.line_items" in includes
        consignments = order.consignments or _consignments(order, links, whole=whole)
        body["consignments"] = consignments if as_object else _legacy(consignments)
    return body


def consignments_json(order: Order, *, store_hash: str, whole: bool) -> Json:
    return order.consignments or _consignments(order, _Links(store_hash, order.id), whole=whole)


_LINKED = ("products", "shipping_addresses", "coupons", "fees", "consignments")


class _Links:
    def __init__(self, store_hash: str, order_id: int) -> None:
        self._root = f"https://api.bigcommerce.com/stores/{store_hash}/v2"
        self._order = f"/orders/{order_id}"

    def to(self, resource: str) -> Json:
        return {"url": f"{self._root}{self._order}/{resource}", "resource": f"{self._order}/{resource}"}


def _consignments(order: Order, links: _Links, *, whole: bool) -> Json:
    buckets = _buckets(order)

    def lines(found: list[Json]) -> Json:
        if not whole:
            return {"line_items": [links.to(f"products/{line['id']}") for line in found]}
        shown: Json = {"line_items": found[:INCLUDED_LINES]}
        if len(found) > INCLUDED_LINES:
            shown["__warning__"] = {"message": WARNING}
        return shown

    recipient = {"recipient_email": (order.header.get("billing_address") or {}).get("email", "")}
    return {
        "pickups": [{**_pickup(method), **lines(found)} for method, found in _by_pickup(buckets["pickup"])],
        "shipping": [
            {**_shipping(address, links), **lines(found)} for address, found in _by_address(order, buckets["shipping"])
        ],
        "downloads": [{**recipient, **lines(found)} for found in _group(buckets["digital"])],
        "email": {"gift_certificates": [{**recipient, **lines(found)} for found in _group(buckets["gift"])]},
    }


def _legacy(consignments: Json) -> list[Json]:
    """The array of old has no place for downloads and gift certificates."""
    return [{"pickups": consignments["pickups"], "shipping": consignments["shipping"]}]


def _buckets(order: Order) -> dict[str, list[Json]]:
    buckets: dict[str, list[Json]] = {"pickup": [], "shipping": [], "digital": [], "gift": []}
    for line in order.products:
        buckets[_bucket(line)].append(line)
    return buckets


def _bucket(line: Json) -> str:
    if line.get("type") == "giftcertificate":
        return "gift"
    if line.get("type") == "digital":
        return "digital"
    return "pickup" if line.get("order_pickup_method_id") else "shipping"


def _group(lines: list[Json]) -> list[list[Json]]:
    return [lines] if lines else []


def _by_pickup(lines: list[Json]) -> list[tuple[int, list[Json]]]:
    methods = dict.fromkeys(line["order_pickup_method_id"] for line in lines)
    return [(m, [line for line in lines if line["order_pickup_method_id"] == m]) for m in methods]


def _by_address(order: Order, lines: list[Json]) -> Iterable[tuple[Json, list[Json]]]:
    """A line that names no known address goes to the first; without any address it is in no consignment."""
    if not order.shipping_addresses:
        return
    known = {address["id"] for address in order.shipping_addresses}
    first = order.shipping_addresses[0]["id"]
    for address in order.shipping_addresses:
        own = [
            line for line in lines if address["id"] == (a if (a := line.get("order_address_id")) in known else first)
        ]
        yield address, own


def _pickup(method: int) -> Json:
    return {
        "id": method,
        "pickup_method_id": method,
        "pickup_method_display_name": "Pick Up",
        "collection_instructions": "Bring your ID",
        "collection_time_description": "9am - 6pm",
        "location": _LOCATION,
    }


def _shipping(address: Json, links: _Links) -> Json:
    """An address as a consignment. Its money is numbers here, strings in `/shipping_addresses`."""
    body = {name: value for name, value in address.items() if name != "order_id"}
    body.update({name: _number(address[name]) for name in _ADDRESS_NUMBERS if name in address})
    body["shipping_quotes"] = links.to(f"consignments/shipping/{address['id']}/shipping_quotes")
    return body


def _number(value: Any) -> Any:
    try:
        return Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        return value
