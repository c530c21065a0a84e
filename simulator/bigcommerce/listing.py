"""What a list can be asked: filters, sort and page of `GET /v2/orders`, and the page of any v2 or v3 list."""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from simulator.bigcommerce import dates
from simulator.bigcommerce.errors import invalid_field, unsupported_field, v2_error, v3_error
from simulator.bigcommerce.store import Json, Order

MAX_LIMIT = 250

Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True)
class Page:
    number: int
    limit: int

    def of(self, rows: Sequence[Row]) -> Sequence[Row]:
        start = (self.number - 1) * self.limit
        return rows[start : start + self.limit]


def v2_page(params: Mapping[str, str]) -> Page:
    """`page` and `limit` of a v2 list: 50 unless told, 413 above 250, 400 on anything that is no number from 1."""
    limit = _from_one(params, "limit", 50)
    if limit > MAX_LIMIT:
        raise v2_error(413, f"The limit parameter exceeded the maximum of {MAX_LIMIT}.")
    return Page(number=_from_one(params, "page", 1), limit=limit)


def v3_page(params: Mapping[str, str], most: int = MAX_LIMIT) -> Page:
    try:
        page = Page(number=int(params.get("page", 1)), limit=int(params.get("limit", 50)))
    except ValueError:
        raise v3_error(422, "The filter(s): page, limit must be whole numbers.") from None
    if page.limit > most:
        raise v3_error(413, f"The limit parameter exceeded the maximum of {most}.")
    if page.limit < 1 or page.number < 1:
        raise v3_error(422, "The filter(s): page, limit must be at least 1.")
    return page


def envelope(rows: Sequence[Row], page: Page, shown: Callable[[Row], Any] = lambda row: row) -> Json:
    """A v3 list: the page of the rows, each as `shown`, and where it stands among the others."""
    shown_rows = [shown(row) for row in page.of(rows)]
    pages = max(1, math.ceil(len(rows) / page.limit))
    links = {"current": f"?page={page.number}&limit={page.limit}"}
    if page.number > 1:
        links["previous"] = f"?page={page.number - 1}&limit={page.limit}"
    if page.number < pages:
        links["next"] = f"?page={page.number + 1}&limit={page.limit}"
    return {
        "data": shown_rows,
        "meta": {
            "pagination": {
                "total": len(rows),
                "count": len(shown_rows),
                "per_page": page.limit,
                "current_page": page.number,
                "total_pages": pages,
                "links": links,
            }
        },
    }


def only(params: Mapping[str, str], known: Sequence[str]) -> None:
    """400 with the v2 body on the first parameter that is not known."""
    for name in params:
        if name not in known:
            raise unsupported_field(name)


def _from_one(params: Mapping[str, str], name: str, default: int) -> int:
    text = params.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise invalid_field(name)
    return int(text)


@dataclass(frozen=True, kw_only=True)
class _Filter:
    """One parameter: how its text is read, which value of an order it looks at, how the two are compared."""

    read: Callable[[str], Any]
    value: Callable[[Json], Any]
    holds: Callable[[Any, Any], bool] = operator.eq

    def admits(self, header: Json, wanted: Any) -> bool:
        try:
            return self.holds(self.value(header), wanted)
        except (KeyError, TypeError, ValueError, InvalidOperation):  # a raw order may lack the field or garble it
            return False


def _lower(text: str) -> str:
    return text.casefold()


def _flag(text: str) -> bool:
    if text not in ("true", "false", "1", "0"):
        raise ValueError(text)
    return text in ("true", "1")


def _field(name: str) -> Callable[[Json], Any]:
    return operator.itemgetter(name)


def _date(name: str) -> Callable[[Json], Any]:
    return lambda header: dates.parse(header[name])


_FILTERS = {
    "min_id": _Filter(read=int, value=_field("id"), holds=operator.ge),
    "max_id": _Filter(read=int, value=_field("id"), holds=operator.le),
    "min_total": _Filter(read=Decimal, value=lambda h: Decimal(h["total_inc_tax"]), holds=operator.ge),
    "max_total": _Filter(read=Decimal, value=lambda h: Decimal(h["total_inc_tax"]), holds=operator.le),
    "customer_id": _Filter(read=int, value=_field("customer_id")),
    "email": _Filter(read=_lower, value=lambda h: _lower(h["billing_address"]["email"])),
    "status_id": _Filter(read=int, value=_field("status_id")),
    "cart_id": _Filter(read=str, value=_field("cart_id")),
    "payment_method": _Filter(read=str, value=_field("payment_method")),
    "channel_id": _Filter(read=int, value=_field("channel_id")),
    "external_order_id": _Filter(read=str, value=_field("external_order_id")),
    "min_date_created": _Filter(read=dates.parse, value=_date("date_created"), holds=operator.ge),
    "max_date_created": _Filter(read=dates.parse, value=_date("date_created"), holds=operator.le),
    "min_date_modified": _Filter(read=dates.parse, value=_date("date_modified"), holds=operator.ge),
    "max_date_modified": _Filter(read=dates.parse, value=_date("date_modified"), holds=operator.le),
    "is_deleted": _Filter(read=_flag, value=lambda h: bool(h.get("is_deleted", False))),
}

_SORTS: dict[str, Callable[[Json], Any]] = {
    "id": lambda h: h["id"],
    "customer_id": lambda h: h["customer_id"],
    "date_created": _date("date_created"),
    "date_modified": _date("date_modified"),
    "status_id": lambda h: h["status_id"],
    "channel_id": lambda h: h.get("channel_id") or 0,
    "external_id": lambda h: str(h.get("external_id") or ""),
}

INCLUDES = frozenset({"consignments", "consignments.line_items", "fees"})
_LIST_PARAMS = (*_FILTERS, "page", "limit", "sort", "include", "consignment_structure")


def select_orders(orders: Mapping[int, Order], params: Mapping[str, str]) -> list[Order]:
    """The page of orders asked for. 400 on an unknown parameter or a value that cannot be read, 413 on a limit."""
    only(params, _LIST_PARAMS)
    page = v2_page(params)
    wanted = [(_FILTERS[name], _read(name, text)) for name, text in params.items() if name in _FILTERS]
    found = [o for o in orders.values() if all(rule.admits(o.header, value) for rule, value in wanted)]
    return list(page.of(_sorted(found, params.get("sort", "id:asc"))))


def _read(name: str, text: str) -> Any:
    try:
        return _FILTERS[name].read(text)
    except (ValueError, InvalidOperation):
        raise invalid_field(name) from None


def _sorted(orders: list[Order], sort: str) -> list[Order]:
    name, _, direction = sort.partition(":")
    if name not in _SORTS or direction not in ("", "asc", "desc"):
        raise invalid_field("sort")
    by_id = sorted(orders, key=lambda o: o.id)
    return sorted(by_id, key=lambda o: _SORTS[name](o.header), reverse=direction == "desc")


def read_include(params: Mapping[str, str]) -> frozenset[str]:
    """The comma-separated `include`. 400 on a name that is not offered."""
    asked = frozenset(filter(None, params.get("include", "").split(",")))
    if not asked <= INCLUDES:
        raise invalid_field("include")
    return asked


def read_structure(params: Mapping[str, str]) -> bool:
    """Whether consignments are asked for as an object rather than the legacy array."""
    value = params.get("consignment_structure")
    if value not in (None, "object"):
        raise invalid_field("consignment_structure")
    return value == "object"
