"""Everything that the life of one order is decided from."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cartledger.records import Order
from cartledger.settings import Connection
from mapping.company import Company
from mapping.facts import Facts

SALE = "document"
"""What the sale itself is called among an order's documents."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One order and what is known beside it. `zone` is the one that documents are dated in; `customer_id` QuickBooks'
    id, "" for a trial before the customer exists; `facts` what was read beside the order."""

    order: Order
    connection: Connection
    company: Company
    zone: ZoneInfo
    customer_id: str
    facts: Facts
