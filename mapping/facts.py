"""What was read of one order beside the order itself."""

from __future__ import annotations

from dataclasses import dataclass

from mapping.currency import DayRate
from mapping.tax import OrderTax


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One field for each `Fact`; None while unread."""

    taxes: tuple[OrderTax, ...] | None = None
    exchange_rates: tuple[DayRate, ...] | None = None


UNREAD = Facts()
