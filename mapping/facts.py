"""What was read of one order beside the order itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from mapping.currency import DayRate
from mapping.tax.rows import OrderTax
from mapping.transactions import Transaction


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A document of the order that stands in QuickBooks; `amount` in its currency."""

    entity: str
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One field for each `Fact`; None while unread. `stands` is what stands of the order in QuickBooks, by document."""

    taxes: tuple[OrderTax, ...] | None = None
    transactions: tuple[Transaction, ...] | None = None
    shipments: tuple[str, ...] | None = None
    exchange_rates: tuple[DayRate, ...] | None = None
    stands: Mapping[str, Standing] = field(default_factory=dict)


UNREAD = Facts()
