"""The units that the shop took from its stock for one order, whatever becomes of it in the books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cartledger.money import ZERO
from cartledger.records import REFUNDS, order_created, order_modified, order_shipped, order_units, order_version
from cartledger.stock import Allocation, line_unit, product_unit, variant_unit
from mapping.company import fold
from mapping.rules import CANCELLED, DECLINED, INCOMPLETE, PARTIALLY_REFUNDED, REFUNDED, SHIPPED

PUT_BACK = frozenset({INCOMPLETE, CANCELLED, DECLINED})
"""Statuses of orders that took nothing, or whose goods never left."""


def allocation_of(row: Mapping[str, Any], *, start: date, zone: ZoneInfo, as_sent: bool) -> Allocation:
    """What the order in a `/v2/orders` row took: nothing where it was placed before `start`, in `zone`, since it
    belongs to the quantities that QuickBooks began with; with `as_sent`, as where documents bear a later day than that
    of the order, only where it was sent before.

    An order that was refunded keeps its units: nobody knows that they came back before QuickBooks says so, whatever the
    shop did to its level. A line of no product of the catalogue counts for its SKU alone; without one it takes nothing,
    and neither do quantities that cannot be read.
    """
    created = order_created(row)
    status = row.get("status_id")
    left = _sent(row, created) if as_sent else created
    gone = status in PUT_BACK or (left is not None and left.astimezone(zone).date() < start)
    units = _units(row)
    return Allocation(
        order_id=str(row["id"]),
        version=order_version(row),
        created=created,
        modified=order_modified(row),
        units={} if gone else units,
        named=tuple(units) if gone and status != INCOMPLETE else (),
        returns=order_modified(row).isoformat() if _is_refunded(row) else "",
    )


def _sent(row: Mapping[str, Any], created: datetime) -> datetime | None:
    """When the goods left: of an order that is through, and does not say, as it was placed; None before that."""
    shipped = order_shipped(row)
    return created if shipped is None and row.get("status_id") in SHIPPED else shipped


def _is_refunded(row: Mapping[str, Any]) -> bool:
    return row.get("status_id") in (REFUNDED, PARTIALLY_REFUNDED) or bool(row.get(REFUNDS))


def _units(row: Mapping[str, Any]) -> dict[str, Decimal]:
    units: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for product_id, variant_id, sku, quantity in order_units(row):
        if product_id:
            units[product_unit(product_id)] += quantity
        if variant_id:
            units[variant_unit(variant_id)] += quantity
        if key := fold(sku):
            units[line_unit(product_id, variant_id, key)] += quantity
    return {unit: quantity for unit, quantity in sorted(units.items()) if quantity}
