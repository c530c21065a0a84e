"""What was read of one order beside the order itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from mapping.currency import DayRate
from mapping.tax.rows import OrderTax
from mapping.transactions import Transaction


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A document of the order that stands in QuickBooks as we last wrote it; `amount` in its currency. `day` is None
    where it was made by a version that did not remember it."""

    entity: str
    amount: Decimal
    target_id: str = ""
    sync_token: str = ""
    number: str = ""
    hash: str = ""
    customer: str = ""
    day: date | None = None


@dataclass(frozen=True, kw_only=True)
class OpenInvoice:
    """The order's invoice as it stands in QuickBooks now: `total` 0 when somebody voided it. `gone`: it was deleted."""

    total: Decimal
    balance: Decimal
    gone: bool = False


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One field for each `Fact`; None while unread. `stands` is what stands of the order in QuickBooks, by document."""

    taxes: tuple[OrderTax, ...] | None = None
    transactions: tuple[Transaction, ...] | None = None
    shipments: tuple[str, ...] | None = None
    exchange_rates: tuple[DayRate, ...] | None = None
    invoice: OpenInvoice | None = None
    restocks: bool | None = None
    stands: Mapping[str, Standing] = field(default_factory=dict)

    def ref(self, name: str) -> Any:
        """How another document's body names one of the order: what is made in the same decision has no id yet."""
        standing = self.stands.get(name)
        return standing.target_id if standing else {"$ref": name}


UNREAD = Facts()
