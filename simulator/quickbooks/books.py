"""The double-entry ledger behind the documents: each has one balanced journal, and none is ever half written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

DocumentKey = tuple[str, str]
Journal = Mapping[str, Decimal]
"""Account id -> amount in home currency, debit positive; sums to zero."""


def journal(postings: Iterable[tuple[str, Decimal]]) -> Journal:
    """Adds up postings by account. Raises ValueError when debits and credits differ."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for account, amount in postings:
        sums[account] += amount
    if sum(sums.values()):
        raise ValueError(f"journal does not balance: {dict(sums)}")
    return {account: amount for account, amount in sums.items() if amount}


class Books:
    """Journals by document, and the balances they add up to."""

    def __init__(self) -> None:
        self._journals: dict[DocumentKey, Journal] = {}
        self._balances: dict[str, Decimal] = defaultdict(Decimal)

    def write(self, key: DocumentKey, entries: Journal) -> None:
        """Replaces the document's journal."""
        self.erase(key)
        self._journals[key] = entries
        for account, amount in entries.items():
            self._balances[account] += amount

    def erase(self, key: DocumentKey) -> None:
        for account, amount in self._journals.pop(key, {}).items():
            self._balances[account] -= amount

    def entries(self, key: DocumentKey) -> Journal:
        return self._journals.get(key, {})

    def balance(self, account: str) -> Decimal:
        return self._balances[account]
