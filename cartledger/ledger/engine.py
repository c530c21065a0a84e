"""The file under the ledger: connections, transactions, permissions, and SQLite's errors in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Self


class Engine:
    """One SQLite file, one connection per thread."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self.path = path
        self._clock = clock

    @classmethod
    def open(cls, path: Path, *, clock: Callable[[], datetime]) -> Self:
        """Create or open the ledger at `path`, bringing an older one up to date (a copy is made first).

        `clock` returns aware UTC. Raises LedgerRefused where this file must not or cannot be used.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close the connections of all threads."""
        raise NotImplementedError

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the calls inside one transaction, all or nothing. No HTTP call belongs in here."""
        raise NotImplementedError
        yield
