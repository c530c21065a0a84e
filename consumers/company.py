"""What is known of the QuickBooks company: read once, kept in the ledger for all processes, read again when it ages
or when something is not found in it. QuickBooks meters reads, so nothing is looked up one by one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from cartledger.clients.quickbooks import QuickBooks, select
from cartledger.ledger.store import Ledger
from cartledger.money import read_json, write_json
from mapping.company import Company, kept_item, read_company

NAME = "company"
AGES_AFTER = timedelta(hours=12)
NOT_AGAIN_WITHIN = timedelta(minutes=10)

_EVERY = "Active in (true, false)"

_LISTS = {
    "accounts": "Account",
    "tax_codes": "TaxCode",
    "tax_rates": "TaxRate",
    "payment_methods": "PaymentMethod",
    "classes": "Class",
    "departments": "Department",
}


def fetch_company(quickbooks: QuickBooks) -> dict[str, Any]:
    """Everything `read_company` needs, raw: 9 reads for a company of up to 1,000 items, one more each further 1,000.

    Inactive ones come too, so that a setting that names one is answered with the truth. Of an item only what is read
    is kept: there may be 50,000.
    """
    lists = {name: quickbooks.query(select(entity, _EVERY)) for name, entity in _LISTS.items()}
    items = [kept_item(row) for page in quickbooks.pages(select("Item", _EVERY)) for row in page]
    return {"info": quickbooks.company_info(), "preferences": quickbooks.preferences(), "items": items, **lists}


class CompanyBook:
    """One pair's company, shared by its desks; safe to use from any thread."""

    def __init__(self, *, pair: str, ledger: Ledger, quickbooks: QuickBooks, clock: Callable[[], datetime]) -> None:
        self._pair = pair
        self._ledger = ledger
        self._quickbooks = quickbooks
        self._clock = clock
        self._lock = threading.Lock()
        self._read: tuple[datetime, Company] | None = None

    def company(self) -> Company:
        """The company as known. Raises what the client raises when it must be read and cannot be."""
        with self._lock:
            return self._known(AGES_AFTER) or self._fetch()

    def renewed(self) -> Company | None:
        """Read anew because something was not found; None when that was done a short while ago."""
        with self._lock:
            return None if self._known(NOT_AGAIN_WITHIN) else self._fetch()

    def forget(self) -> None:
        """What is known is wrong: the next question reads again."""
        with self._lock:
            self._ledger.drop_reference(self._pair, NAME)
            self._read = None

    def _known(self, young: timedelta) -> Company | None:
        reference = self._ledger.reference(self._pair, NAME)
        if reference is None or self._clock() - reference.fetched_at > young:
            return None
        if self._read is None or self._read[0] != reference.fetched_at:
            self._read = (reference.fetched_at, read_company(**read_json(reference.content)))
        return self._read[1]

    def _fetch(self) -> Company:
        self._ledger.save_reference(self._pair, NAME, write_json(fetch_company(self._quickbooks)).encode())
        known = self._known(AGES_AFTER)
        assert known is not None, "what was saved now is young"  # noqa: S101 - says what cannot be
        return known
