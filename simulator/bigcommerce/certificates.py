"""`GET /v2/gift_certificates`: a bare array by id, 204 where there are none."""

from collections.abc import Callable, Mapping, Sequence

from starlette.requests import Request

from simulator.bigcommerce import listing
from simulator.bigcommerce.errors import invalid_field
from simulator.bigcommerce.store import Json, Store

_TEXTS = ("code", "to_name", "to_email", "from_name", "from_email")
_NUMBERS: Mapping[str, Callable[[Json, int], bool]] = {
    "min_id": lambda row, number: row["id"] >= number,
    "max_id": lambda row, number: row["id"] <= number,
    "order_id": lambda row, number: row["order_id"] == number,
}


def gift_certificates(store: Store, request: Request) -> Sequence[Json] | None:
    params = request.query_params
    listing.only(params, (*_TEXTS, *_NUMBERS, "page", "limit", "sort", "direction"))
    if params.get("sort", "id") != "id":
        raise invalid_field("sort")
    if params.get("direction", "asc") not in ("asc", "desc"):
        raise invalid_field("direction")
    found = [row for row in store.gift_certificates if _matches(row, params)]
    found.sort(key=lambda row: row["id"], reverse=params.get("direction") == "desc")
    return listing.v2_page(params).of(found) or None


def _matches(row: Json, params: Mapping[str, str]) -> bool:
    texts = all(row[name].casefold() == params[name].casefold() for name in _TEXTS if name in params)
    return texts and all(
        admits(row, _number(name, params[name])) for name, admits in _NUMBERS.items() if name in params
    )


def _number(name: str, text: str) -> int:
    if not text.isdecimal():
        raise invalid_field(name)
    return int(text)
