"""Which items of QuickBooks there are for products that have none yet, at the price of few reads.

A few products are asked about by their SKUs and the names that they could get. While many wait, such as a whole
catalogue, all items are read at once and looked up here for a while; whoever makes one by hand with the SKU of a
product that is on its way, within that while, has made a second one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cartledger.clients.quickbooks import PAGE, QuickBooks, select
from cartledger.ledger.store import Ledger
from consumers.company import CompanyBook
from mapping.company import fold
from mapping.item import NAME_FIELD, Product, borne, names

ENTITY = "Item"
EVERY = "Active in (true, false)"
"""Inactive ones hold their names, too."""

KEPT_FOR = timedelta(minutes=5)
_AT_ONCE = 30
_KEPT = ("Id", "SyncToken", "Name", "Sku", "Type", "Active", "ParentRef")

Row = Mapping[str, Any]
"""An Item as QuickBooks answers it."""


@dataclass(frozen=True, kw_only=True)
class _Whole:
    read_at: datetime
    by_sku: Mapping[str, list[Row]]
    by_name: defaultdict[str, list[Row]]


class ItemList:
    """The items of one company, for the products of one shop. One thread at a time.

    `alone`: no other shop makes items in the company, so that what was read stays true.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        quickbooks: QuickBooks,
        book: CompanyBook,
        pair: str,
        alone: bool,
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._book = book
        self._quickbooks = quickbooks
        self._pair = pair
        self._alone = alone
        self._clock = clock
        self._whole: _Whole | None = None

    def rows(self, products: Collection[Product], field: str, *, kind: str) -> list[Row]:
        """Whatever bears one of the SKUs in `field`, or a name that an item could get. `kind` is the sources'.

        A name that the query language cannot say is not asked for: it turns out to be taken when it is.
        """
        if self._alone and self._are_many(self._ledger.backlog(self._pair, kind)):
            return self._known(products, field)
        self._whole = None
        rows = self.find(field, {product.sku for product in products})
        if field == NAME_FIELD:
            return rows
        wanted = {name for product in products for name in names(product, field)}
        return rows + self.find(NAME_FIELD, {name for name in wanted if max(name) <= "\xff"})

    def _are_many(self, waiting: int) -> bool:
        """Whether asking about each portion of them costs more reads than all items of the company."""
        portions = -(-waiting // _AT_ONCE)
        return portions > 1 and 2 * portions > 2 + len(self._book.company().items_by_id) // PAGE

    def find(self, field: str, values: Iterable[str]) -> list[Row]:
        """Asked now. Raises what the client raises."""
        return [*self._quickbooks.find(ENTITY, field, sorted(values), EVERY)]

    def named(self, name: str) -> None:
        """A new item gets this name."""
        if self._whole is not None:
            self._whole.by_name[fold(name)].append({"Id": f"that of {name}", "Name": name})

    def _known(self, products: Iterable[Product], field: str) -> list[Row]:
        if self._whole is None or self._clock() - self._whole.read_at > KEPT_FOR:
            self._whole = self._read(field)
        whole = self._whole
        rows: list[Row] = []
        for product in products:
            rows += whole.by_sku.get(product.key, ())
            for name in names(product, field):
                rows += whole.by_name.get(fold(name), ())
        return rows

    def _read(self, field: str) -> _Whole:
        read_at = self._clock()
        by_sku: defaultdict[str, list[Row]] = defaultdict(list)
        by_name: defaultdict[str, list[Row]] = defaultdict(list)
        for page in self._quickbooks.pages(select(ENTITY, EVERY)):
            for row in page:
                kept = {name: row[name] for name in _KEPT if name in row}
                by_sku[borne(row, field)].append(kept)
                by_name[borne(row, NAME_FIELD)].append(kept)
        return _Whole(read_at=read_at, by_sku=by_sku, by_name=by_name)
