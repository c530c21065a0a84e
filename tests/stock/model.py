"""Which levels the shop may show, told from the two sides alone: quantities on hand, orders, and documents of these.

What an order takes counts until the company's document of it holds it and the answer that said so has come; what it
gives back counts when the company says so. Nothing here knows of the program's ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from typing import Any

ZERO = Decimal(0)
CALLED_OFF = frozenset({0, 5, 6})
"""Incomplete, Cancelled, Declined: such an order has taken nothing."""

Units = Mapping[str, Decimal]
"""By what the shop counts, `product:111` or `variant:74`."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the company said of one item, and what it held of each order by then, as far as it had answered so.
    `dropped` is the walk's tally by then."""

    on_hand: Decimal
    held: Mapping[int, Units]
    dropped: int = 0


@dataclass(kw_only=True)
class Seen:
    """The shop's orders as one reading of them found them: units by order. `taken` and `aside` are the walk's tallies
    by then."""

    orders: Mapping[int, Units] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)
    aside: Counter[str] = field(default_factory=Counter)


def units(order: Any, tracked: Iterable[str]) -> dict[str, Decimal]:
    """What an order takes from the stock as it is now."""
    found: Counter[str] = Counter()
    if order.header["status_id"] not in CALLED_OFF:
        for line in order.products:
            for unit in (f"product:{line['product_id']}", f"variant:{line['variant_id']}"):
                found[unit] += line["quantity"]
    return {unit: Decimal(found[unit]) for unit in tracked if found[unit]}


def missing(unit: str, orders: Mapping[int, Units], held: Mapping[int, Units]) -> Decimal:
    """Units of orders that the company does not hold. An order of which it holds more brings nothing."""
    return sum(
        (
            max(ZERO, taken[unit] - held.get(number, {}).get(unit, ZERO))
            for number, taken in orders.items()
            if unit in taken
        ),
        ZERO,
    )


def level(unit: str, reading: Reading, orders: Mapping[int, Units], safety: int) -> int:
    """The highest level that may be set."""
    return floor(reading.on_hand - missing(unit, orders, reading.held) - safety)


def floor(quantity: Decimal) -> int:
    return max(0, int(quantity.to_integral_value(ROUND_FLOOR)))


def lesser(one: Units, other: Units) -> dict[str, Decimal]:
    """What both hold."""
    return {unit: min(one[unit], other[unit]) for unit in one.keys() & other.keys()}
