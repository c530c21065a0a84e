"""The inventory endpoints: places, levels by item, and the bulk write that sets levels."""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from starlette.requests import Request

from simulator.bigcommerce.dates import iso8601
from simulator.bigcommerce.errors import ApiError, unprocessable, v3_error
from simulator.bigcommerce.listing import envelope, v3_page
from simulator.bigcommerce.stock import Counted, Location, counted
from simulator.bigcommerce.store import Json, Store

MOST_ROWS = 1000
MOST_ITEMS = 2000
MOST_VALUES = 100
HIGHEST = 2_147_483_647
_NAMES: Mapping[str, Callable[[Counted], str]] = {
    "sku": lambda item: item.sku,
    "variant_id": lambda item: str(item.variant["id"]) if item.variant else "",
    "product_id": lambda item: str(item.product["id"]),
}
_IDENTITIES = tuple(_NAMES)
_PLACE = {"location_id", "quantity"}


def locations(store: Store, request: Request) -> Json:
    """By id. `is_default` and `is_active` take true or false."""
    params = request.query_params
    _known(params, ("location_id:in", "location_code:in", "is_default", "is_active", "page", "limit"))
    found = [store.locations[number] for number in sorted(store.locations)]
    if ids := _values(params, "location_id:in"):
        found = [place for place in found if str(place.id) in ids]
    if codes := _values(params, "location_code:in"):
        found = [place for place in found if place.code.casefold() in codes]
    if "is_default" in params:
        found = [place for place in found if (place.id == store.default_location) is _flag(params, "is_default")]
    if "is_active" in params:
        found = [place for place in found if place.enabled is _flag(params, "is_active")]
    return envelope(found, v3_page(params, MOST_ROWS), lambda place: _location(store, place))


def items(store: Store, request: Request) -> Json:
    """What is tracked, each with its levels at the locations asked for."""
    params = request.query_params
    lists = ("location_id:in", "location_code:in", *(f"{name}:in" for name in _IDENTITIES))
    _known(params, (*lists, "page", "limit"))
    store.take_in()
    found = list(counted(store.products))
    for name in _IDENTITIES:
        if wanted := _values(params, f"{name}:in"):
            named = _NAMES[name]
            found = [item for item in found if named(item).casefold() in wanted]
    places = [store.locations[number] for number in sorted(store.locations)]
    if ids := _values(params, "location_id:in"):
        places = [place for place in places if str(place.id) in ids]
    if codes := _values(params, "location_code:in"):
        places = [place for place in places if place.code.casefold() in codes]
    page = v3_page(params, MOST_ROWS)
    return envelope(found if places else [], page, lambda item: _item(store, item, places))


def adjust(store: Store, request: Request, body: bytes, *, alone: bool) -> Json:
    """Sets levels, all of them or none; they show later. `alone`: no other bulk write is on its way."""
    if not alone:
        store.parallel += 1
        raise v3_error(409, "Another adjustment is being processed")
    if request.headers.get("Content-Type", "").partition(";")[0] != "application/json":
        raise v3_error(415, "The content type is not supported.")
    payload = _payload(body)
    rows = payload["items"]
    _check_places(store, rows)
    found = _Shelves(store).find(rows)
    _refuse_twice(rows, found)
    levels = [(row["location_id"], item, row["quantity"]) for row, item in zip(rows, found, strict=True)]
    store.accept(levels, reason=payload.get("reason", ""), items=rows)
    return {"transaction_id": str(uuid.UUID(int=len(store.adjustments), version=4))}


# -- what lists show


def _location(store: Store, place: Location) -> Json:
    moment = iso8601(store.clock()).replace("+00:00", "Z")
    day = {"open": True, "opening": "09:00", "closing": "17:00"}
    return {
        "id": place.id,
        "code": place.code,
        "label": place.label,
        "description": "",
        "managed_by_external_source": False,
        "type_id": "PHYSICAL",
        "enabled": place.enabled,
        "operating_hours": dict.fromkeys(
            ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"), day
        ),
        "time_zone": store.timezone,
        "created_at": moment,
        "updated_at": moment,
        "address": {
            "address1": "1 Example Street",
            "address2": "",
            "city": "Chicago",
            "state": "IL",
            "zip": "60601",
            "email": "stock@example.com",
            "phone": "555-0100",
            "geo_coordinates": {"latitude": 41, "longitude": -87},
            "country_code": "US",
        },
        "storefront_visibility": True,
        "special_hours": [],
    }


def _identity(item: Counted) -> Json:
    return {
        "sku": item.sku,
        "variant_id": item.variant["id"] if item.variant else None,
        "product_id": item.product["id"],
        "sku_id": item.variant["id"] if item.by_variant and item.variant else None,
    }


def _item(store: Store, item: Counted, places: Iterable[Location]) -> Json:
    return {"identity": _identity(item), "locations": [_level(store, item, place) for place in places]}


def _level(store: Store, item: Counted, place: Location) -> Json:
    on_hand, safety = store.level(item, place.id), store.safety_stock.get(item.unit, 0)
    return {
        "location_id": place.id,
        "location_code": place.code,
        "location_name": place.label,
        "available_to_sell": max(0, on_hand - safety),
        "total_inventory_onhand": on_hand,
        "location_enabled": place.enabled,
        "settings": {
            "safety_stock": safety,
            "is_in_stock": on_hand > safety,
            "warning_level": 0,
            "bin_picking_number": "",
        },
    }


# -- what can be asked


def _known(params: Mapping[str, str], known: Sequence[str]) -> None:
    strange = [name for name in params if name not in known]
    if strange:
        raise v3_error(422, f"The filter(s): {', '.join(strange)} are not valid filter parameter(s).")


def _values(params: Mapping[str, str], name: str) -> frozenset[str]:
    """The values of a list, folded; none where it is not asked for. 414 on more than a URL is sure to hold."""
    if name not in params:
        return frozenset()
    values = params[name].casefold().split(",")
    if len(values) > MOST_VALUES:
        raise v3_error(414, f"The filter {name} has more than {MOST_VALUES} values.")
    if "" in values:
        raise v3_error(422, f"The filter(s): {name} has an empty value.")
    return frozenset(values)


def _flag(params: Mapping[str, str], name: str) -> bool:
    if params[name] not in ("true", "false"):
        raise v3_error(422, f"The filter(s): {name} must be true or false.")
    return params[name] == "true"


# -- what can be written


def _payload(body: bytes) -> Json:
    try:
        payload: Any = json.loads(body)
    except ValueError:
        raise v3_error(400, "Input is invalid") from None
    rows = payload.get("items") if isinstance(payload, dict) else None
    if not isinstance(rows, list) or not rows or not payload.keys() <= {"reason", "items"}:
        raise _invalid({"items": "an object with a reason and items is required"})
    if not isinstance(payload.get("reason", ""), str):
        raise _invalid({"reason": "must be a text"})
    if len(rows) > MOST_ITEMS:
        raise _invalid({"items": f"at most {MOST_ITEMS} items"})
    wrong = {f"items.{place}": reason for place, row in enumerate(rows) if (reason := _wrong(row))}
    if wrong:
        raise _invalid(wrong)
    return dict(payload)


def _invalid(errors: dict[str, str]) -> ApiError:
    return unprocessable("Payload contains invalid fields", errors)


def _wrong(row: Any) -> str:
    """Why it is no item of an absolute adjustment, "" where it is one."""
    if not isinstance(row, dict) or not row.keys() <= {*_PLACE, *_IDENTITIES}:
        return "an item has a location_id, a quantity and one of sku, variant_id and product_id"
    if sum(name in row for name in _IDENTITIES) != 1:
        return "exactly one of sku, variant_id and product_id is required"
    kinds = {"sku": str}
    if any(type(value) is not kinds.get(name, int) for name, value in row.items()) or not row.keys() >= _PLACE:
        return "location_id, quantity and ids are whole numbers, a sku is a text"
    return "" if 0 <= row["quantity"] <= HIGHEST else f"quantity must be from 0 to {HIGHEST}"


def _check_places(store: Store, rows: Sequence[Json]) -> None:
    for number in {row["location_id"] for row in rows}:
        place = store.locations.get(number)
        if place is None:
            raise unprocessable(f"Location with id {number} was not found")
        if not place.enabled:
            raise unprocessable(f"Location with id {number} is disabled")


def _refuse_twice(rows: Sequence[Json], found: Sequence[Counted]) -> None:
    seen: set[tuple[int, str]] = set()
    for row, item in zip(rows, found, strict=True):
        key = (row["location_id"], item.unit)
        if key in seen:
            raise unprocessable(f"Items with identity: [{_named(row)}] are duplicated")
        seen.add(key)


class _Shelves:
    """The catalogue by what an adjustment names items by."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @cached_property
    def _by_product(self) -> Mapping[int, Counted]:
        return {item.product["id"]: item for item in counted(self._store.products) if not item.by_variant}

    @cached_property
    def _by_variant(self) -> Mapping[int, Counted]:
        return {item.variant["id"]: item for item in counted(self._store.products) if item.by_variant and item.variant}

    @cached_property
    def _by_sku(self) -> Mapping[str, Counted]:
        return {item.sku.casefold(): item for item in counted(self._store.products)}

    @cached_property
    def _modes(self) -> Mapping[str, str]:
        """How products are counted, by how adjustments name them and their variants."""
        products = self._store.products
        return {
            f"{name} {each['id']}": product["inventory_tracking"]
            for product in products
            for name, each in (("product_id", product), *(("variant_id", v) for v in product["variants"]))
        }

    def find(self, rows: Sequence[Json]) -> list[Counted]:
        """422 as soon as one cannot be set: first for what is counted otherwise, then for what is not counted."""
        found = [self._found(row) for row in rows]
        missing = [row for row, item in zip(rows, found, strict=True) if item is None]
        if otherwise := [text for row in missing if (text := self._otherwise(row))]:
            raise self._refusal("[{}]", otherwise)
        if missing:
            raise self._refusal("Items with identity: [{}] were not found", [_named(row) for row in missing])
        return [item for item in found if item]

    def _found(self, row: Json) -> Counted | None:
        if "product_id" in row:
            return self._by_product.get(row["product_id"])
        if "variant_id" in row:
            return self._by_variant.get(row["variant_id"])
        item = self._by_sku.get(row["sku"].casefold())
        return item if item and item.by_variant else None

    def _otherwise(self, row: Json) -> str:
        """How the item is counted, where that is another way than the one it was named in."""
        by_sku = "product" if "sku" in row and row["sku"].casefold() in self._by_sku else "none"
        mode = self._modes.get(_named(row), by_sku)
        if mode == "none":
            return ""
        return f"Item with {_named(row)} is tracked by {mode}, please update stock by {mode} id"

    def _refusal(self, title: str, named: list[str]) -> ApiError:
        told = {"all": named, "first": named[:1], "none": []}[self._store.tells_refused]
        return unprocessable(title.format(", ".join(told)) if told else "Incorrect entity")


def _named(row: Json) -> str:
    name = next(each for each in _IDENTITIES if each in row)
    return f"{name} {row[name]}"
