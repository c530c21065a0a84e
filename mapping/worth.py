"""What the shop says that an order comes to, for whoever compares its days with those of the books."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cartledger.errors import BadRecord, Problem
from cartledger.money import cents
from cartledger.records import read_order
from mapping.totals import read_totals


def worth_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of an order in a `/v2/orders` row, in its currency: its total with tax, before redeemed certificates
    and store credit are taken off, and these; when it was placed, and its status. Nothing where it cannot be read
    or reckoned with.
    """
    try:
        order = read_order(row)
        totals = read_totals(order)
        total = cents(order.total.inc) if isinstance(totals, Problem) else totals.total_inc
        redeemed = cents(order.tenders)
    except (BadRecord, ArithmeticError):
        return {}
    return {
        "placed": order.created.isoformat(),
        "status": order.status_id,
        "currency": order.currency,
        "total": total,
        "redeemed": redeemed,
    }
