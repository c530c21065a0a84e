"""Bundles: products that were chosen within another one (pick lists) and stand as lines of their own below it.

They are lines like all others, with items of their own, since their stock moves: usually at 0.00, because the money is
their parent's. QuickBooks' own bundles are not used: they would bring prices and parts of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from cartledger.money import ZERO
from cartledger.records import Money3, Order, OrderLine
from mapping.totals import fees_of


def settle_bundles(order: Order) -> Order:
    """The order with the money of each line where its subtotal counts it.

    Children that bear money bear either their own or a part of their parent's, printed once more: the subtotal is the
    sum of all lines, or of those without a parent. In the second case the children are left with 0.00.
    """
    tops = [line for line in order.lines if line.parent_id is None]
    if _off(order, order.lines) <= _off(order, tops):
        return order
    lines = (line if line.parent_id is None else replace(line, total=Money3(), discounts=()) for line in order.lines)
    return replace(order, lines=tuple(lines))


def _off(order: Order, lines: Iterable[OrderLine]) -> Decimal:
    """How far the lines are from the subtotal, on the side where they are nearest; it may hold the order's fees."""
    totals = [line.total for line in lines]
    fees = fees_of(order)
    sides = (
        (sum((total.ex for total in totals), ZERO), order.subtotal.ex, fees.ex),
        (sum((total.inc for total in totals), ZERO), order.subtotal.inc, fees.inc),
    )
    return min(abs(printed + fee - subtotal) for printed, subtotal, all_fees in sides for fee in (ZERO, all_fees))
