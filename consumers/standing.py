"""The documents of orders as they stand in QuickBooks now: read where a decision needs it, a query an entity for all
orders that are decided together, and never kept beyond that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Any

from cartledger.clients.quickbooks import QuickBooks, quote, select
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Link
from cartledger.money import ZERO, D
from cartledger.records import SourceKey
from mapping.case import SALE
from mapping.facts import OpenInvoice


def read_rows(quickbooks: QuickBooks, links: Iterable[Link]) -> dict[tuple[str, str], dict[str, Any]]:
    """What these links name, by entity and id; deleted ones are left out. Raises what the client raises."""
    found = {}
    for entity, group in groupby(sorted(links, key=attrgetter("entity")), key=attrgetter("entity")):
        ids = ", ".join(sorted({quote(link.target_id) for link in group}))
        for row in quickbooks.query(select(entity, f"Id IN ({ids})")):
            found[entity, str(row["Id"])] = row
    return found


class StandingDocuments:
    """Those of the orders `keys`, of one pair and kind."""

    def __init__(self, quickbooks: QuickBooks, ledger: Ledger, keys: Sequence[SourceKey]) -> None:
        self._quickbooks = quickbooks
        self._links = ledger.links(keys[0].pair, keys[0].kind, [key.id for key in keys]) if keys else {}

    def links(self, key: SourceKey) -> Mapping[str, Link]:
        """What was written of an order, by part; somebody may have deleted it since."""
        return self._links.get(key.id, {})

    def sale(self, key: SourceKey) -> Link | None:
        """Its receipt or invoice."""
        return self.links(key).get(SALE)

    def row(self, sale: Link) -> dict[str, Any] | None:
        """The same as QuickBooks shows it; None: it is gone. Raises what the client raises."""
        return self._rows.get((sale.entity, sale.target_id))

    def invoice(self, key: SourceKey) -> OpenInvoice:
        """The same, as what is owed on it. Raises KeyError for an order without one, and what the client raises."""
        row = self.row(self.links(key)[SALE])
        if row is None:
            return OpenInvoice(total=ZERO, balance=ZERO, gone=True)
        return OpenInvoice(total=D(row["TotalAmt"]), balance=D(row.get("Balance", ZERO)))

    @cached_property
    def _rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        return read_rows(self._quickbooks, [parts[SALE] for parts in self._links.values() if SALE in parts])
