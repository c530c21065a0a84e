"""How many metered reads of each company were made, by calendar month (UTC), as Intuit counts them."""

from __future__ import annotations

from datetime import UTC, datetime

from cartledger.ledger import statements as sql
from cartledger.ledger.engine import Engine


class Reads(Engine):
    """One row a company and month, counted up by every process."""

    def count_reads(self, realm: str, reads: int = 1) -> None:
        """So many more were made now."""
        self._rows(sql.COUNT_READS, realm=realm, month=month_of(self.clock()), reads=reads)

    def reads_of(self, realm: str, month: str) -> int:
        """How many were made in `month` ("2026-01")."""
        row = self._row(sql.READS_OF, realm=realm, month=month)
        return 0 if row is None else int(row["reads"])


def month_of(at: datetime) -> str:
    """The calendar month (UTC) that reads at `at` count into."""
    return at.astimezone(UTC).strftime("%Y-%m")
