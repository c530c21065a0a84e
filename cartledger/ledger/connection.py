"""One connection to the ledger's file: how it is opened, its transactions, and SQLite's errors in plain words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from cartledger.errors import LedgerTrouble

LOCK_TIMEOUT = 30.0

_TROUBLES = {
    sqlite3.SQLITE_FULL: (
        "The disk under the ledger {path} is full.",
        "Free some space there and start again; nothing is lost.",
    ),
    sqlite3.SQLITE_BUSY: (
        f"Another program has kept the ledger {{path}} locked for {LOCK_TIMEOUT:.0f} seconds.",
        "Find it with `fuser {path}` and end it, then start again.",
    ),
    sqlite3.SQLITE_LOCKED: (
        "The ledger {path} is locked from within this process.",
        "Start again; if it comes back, report it.",
    ),
    sqlite3.SQLITE_IOERR: (
        "The disk under the ledger {path} failed to read or write, or is full.",
        "See whether it has room (`df -h`), and the system's log (`dmesg`); restore a backup on a sound disk if the "
        "file is damaged.",
    ),
    sqlite3.SQLITE_READONLY: (
        "The ledger {path} cannot be written.",
        "Make the file and its directory writable for the user that cartledger runs as.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "The ledger {path} cannot be opened: it was moved or deleted, or it or its directory is another user's.",
        "Put it back; file and directory have to belong to the user that cartledger runs as.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "The ledger {path} is damaged.",
        "Stop cartledger and restore the last backup with `cartledger restore`; documents made since are found again.",
    ),
    sqlite3.SQLITE_NOTADB: (
        "The file {path} is not a ledger any more: something has overwritten it.",
        "Stop cartledger and restore the last backup with `cartledger restore`.",
    ),
}


def connect(path: Path, synchronous: str = "FULL", mode: str = "rw") -> Database:
    """A connection to an existing file; `mode` is `rw`, or `ro` for one that cannot write.

    Raises sqlite3.DatabaseError where it cannot be opened.

    Transactions are ours alone (`isolation_level=None`), commits survive a power cut (`synchronous=FULL`; NORMAL
    survives a crash of the process only), and no plug-in of sqlite-utils runs in the daemon. The caller keeps it to
    one thread at a time.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=LOCK_TIMEOUT,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return Database(connection, execute_plugins=False)


@contextmanager
def immediate(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction that holds the write lock from its start.

    A deferred one (sqlite-utils' `atomic()`) that reads first and then writes fails at once under contention, whatever
    the timeout.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


@contextmanager
def in_plain_words(path: Path) -> Iterator[None]:
    """SQLite's troubles with the file become LedgerTrouble; errors of ours (bad SQL, a broken key) stay."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        words = _TROUBLES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
        if words is None:
            raise
        text, fix = (sentence.format(path=path) for sentence in words)
        raise LedgerTrouble(text, fix=fix) from error
