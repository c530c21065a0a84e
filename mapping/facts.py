"""What was read of one order beside the order itself."""

from __future__ import annotations

from dataclasses import dataclass

from mapping.tax import OrderTax


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One field for each `Fact`; None while unread."""

    taxes: tuple[OrderTax, ...] | None = None


UNREAD = Facts()
