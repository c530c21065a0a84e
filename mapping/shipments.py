"""When and how an order was shipped, as its document says it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from cartledger.records import Order
from cartledger.settings import Connection
from mapping.decision import Fact, Needs
from mapping.facts import Facts
from mapping.text import clean, cut

_TEXT_LIMIT = 31  # of QuickBooks' short texts; for these two no limit is documented
_NO_METHOD = "none"  # what the shop calls it


def read_shipments(rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Tracking numbers of `/v2/orders/{id}/shipments`, each once, oldest shipment first."""
    numbers = (clean(str(row.get("tracking_number") or "")) for row in rows)
    return tuple(dict.fromkeys(number for number in numbers if number))


def shipping_fields(order: Order, connection: Connection, facts: Facts, zone: ZoneInfo) -> dict[str, Any] | Needs:
    """The fields of a shipped order; none of one that was not shipped, or not all of it. Nothing is read for a document
    that stands."""
    if order.shipped is None:
        return {}
    if connection.sales.tracking_numbers and facts.shipments is None and "document" not in facts.stands:
        return Needs(fact=Fact.SHIPMENTS)
    method = cut(clean(order.shipping_method), _TEXT_LIMIT)
    numbers = _listed(facts.shipments or ())
    return {
        "ShipDate": order.shipped.astimezone(zone).date().isoformat(),
        **({"ShipMethodRef": {"value": method, "name": method}} if method and method.casefold() != _NO_METHOD else {}),
        **({"TrackingNum": numbers} if numbers else {}),
    }


def _listed(numbers: tuple[str, ...]) -> str:
    """As many as fit, each whole: a cut number leads nowhere. Where some are left out an ellipsis says so."""
    text = ", ".join(numbers)
    while len(text) > _TEXT_LIMIT and numbers:
        numbers = numbers[:-1]
        text = ", ".join((*numbers, "…"))
    return text if numbers else ""
