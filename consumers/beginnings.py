"""Whether a company holds documents that this ledger does not know: of one that was lost, or from after the copy that
came back. Where QuickBooks does not warn of numbers that are taken, which nothing tells, it would make them twice."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Protocol

from cartledger.ledger.store import Ledger
from cartledger.ledger.types import State
from cartledger.money import read_json, write_json
from cartledger.settings import Connection
from consumers.openings import ORDER

NAME = "strange documents"
SALES = ("SalesReceipt", "Invoice")


class Company(Protocol):
    """What is asked of the QuickBooks client."""

    def count(self, entity: str, where: str = "") -> int: ...


class Beginning:
    """The beginning of one pair's ledger."""

    def __init__(self, *, connection: Connection, ledger: Ledger, company: Company) -> None:
        self._connection = connection
        self._ledger = ledger
        self._company = company
        self._asking = threading.Lock()

    def ask(self) -> None:
        """Find out whether documents with our numbers stood there before this ledger made one: two reads, once, while
        the other threads wait. (Another process may take what this one makes for strange: then it looks in vain.)
        Raises what the client raises."""
        pair = self._connection.pair
        with self._asking:
            if self._ledger.reference(pair, NAME) is None:
                is_new = self._ledger.counts(pair, ORDER)[State.POSTED] == 0
                found = {"found": is_new and self._numbers_are_taken()}
                self._ledger.save_reference(pair, NAME, write_json(found).encode())

    def _numbers_are_taken(self) -> bool:
        """Numbers without a prefix are everybody's; those that QuickBooks gives are looked for anyway."""
        sales = self._connection.sales
        if sales.automatic_numbers:
            return False
        where = f"DocNumber LIKE '{sales.number_prefix}-%'"
        return not sales.number_prefix or any(self._company.count(entity, where) for entity in SALES)

    def until(self) -> datetime | None:
        """Documents of orders that were placed before this may stand there unknown; None: of none."""
        known = self._ledger.reference(self._connection.pair, NAME)
        began = known.fetched_at if known and read_json(known.content)["found"] else None
        return max(filter(None, (began, self._ledger.came_back_at())), default=None)
