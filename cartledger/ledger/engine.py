"""The file under the ledger as its transitions see it: one connection a thread, transactions, statements, history."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Self

from sqlite_utils import Database

from cartledger.ledger import statements as sql
from cartledger.ledger.connection import connect, immediate, in_plain_words
from cartledger.ledger.copies import notice_a_copy
from cartledger.ledger.rows import as_key, write_detail, write_time
from cartledger.ledger.schema import prepare
from cartledger.records import SourceKey


class Engine:
    """One SQLite file, one connection per thread."""

    synchronous: ClassVar[str] = "FULL"
    mode: ClassVar[str] = "rw"

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self.path = path
        self.clock = clock
        self._mine = threading.local()
        self._opened: list[Database] = []
        self._opening = threading.Lock()

    @classmethod
    def open(cls, path: Path, *, clock: Callable[[], datetime]) -> Self:
        """Create or open the ledger at `path`, bringing an older one up to date (a copy is made first).

        `clock` returns aware UTC. Raises LedgerRefused where this file must not or cannot be used.
        """
        prepare(path)
        with in_plain_words(path):
            notice_a_copy(path, clock)
        return cls(path, clock)

    def close(self) -> None:
        """Close the connections of all threads; no other call may be going on. A later call opens anew."""
        with self._opening:
            for db in self._opened:
                db.close()
            self._opened.clear()
            self._mine = threading.local()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the calls inside one transaction, all or nothing. No HTTP call belongs in here."""
        connection = self._connection()
        if connection.in_transaction:
            yield
            return
        with in_plain_words(self.path), immediate(connection):
            yield

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._mine, "connection"):
            with in_plain_words(self.path):
                db = connect(self.path, self.synchronous, self.mode)
            db.conn.row_factory = sqlite3.Row
            with self._opening:
                self._opened.append(db)
            self._mine.connection = db.conn
        connection: sqlite3.Connection = self._mine.connection
        return connection

    def _rows(self, statement: str, **values: Any) -> list[sqlite3.Row]:
        """All rows at once: a half-read cursor would keep a lock."""
        with in_plain_words(self.path):
            return self._connection().execute(statement, values).fetchall()

    def _row(self, statement: str, **values: Any) -> sqlite3.Row | None:
        rows = self._rows(statement, **values)
        return rows[0] if rows else None

    def _now(self) -> str:
        return write_time(self.clock())

    def _event(self, key: SourceKey, what: str, **detail: Any) -> None:
        """One line of history, in the transaction of what it tells. No personal data, no secrets in `detail`."""
        self._rows(sql.ADD_EVENT, **as_key(key), at=self._now(), what=what, detail=write_detail(detail))
