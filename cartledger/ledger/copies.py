"""A copy of a ledger: whole or not there at all, and such that it may take the ledger's place one day.

What a copy says of the moment is wrong by then, and dangerous where it is believed: levels that the shop had, levels
that waited for a person, circuits, leases, alerts, who runs, mails that wait, and that the connection posts by itself.
So a copy does not say it, but that it is a copy: what has become a ledger again has to ask QuickBooks for what was made
meanwhile.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from cartledger.errors import LedgerTrouble
from cartledger.ledger.connection import connect, immediate
from cartledger.ledger.rows import write_time
from cartledger.stock import ITEMS, SHOP_LEVELS, SWEEP

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file, by the end of its name."""

_SAID_OF_THE_MOMENT = {
    "switch": "UPDATE switch SET enabled = 0",
    "lease": "DELETE FROM lease",
    "circuit": "DELETE FROM circuit",
    "queue": "DELETE FROM queue",
    "source": "UPDATE source SET published_at = NULL WHERE state = 'queued'",
    "cursor": f"DELETE FROM cursor WHERE stream IN ('{ITEMS}', '{SWEEP}', '{SHOP_LEVELS}')",  # noqa: S608 - our names
    "reference": "INSERT INTO reference (pair, name, content, fetched_at) VALUES ('', 'copy', x'', '') "
    "ON CONFLICT (pair, name) DO NOTHING",
    "stock_level": "UPDATE stock_level SET sure = 0, known_at = '1970-01-01T00:00:00.000000Z'",
    "alert": "DELETE FROM alert",
    "process": "DELETE FROM process",
    "mail": "DELETE FROM mail WHERE sent_at IS NULL",
    "stock_proposal": "UPDATE stock_proposal SET state = 'withdrawn', settled_at = made_at WHERE state = 'waiting'",
}
"""By table, and without it where the ledger is older than the table."""

_IS_A_COPY = "SELECT 1 FROM reference WHERE pair = '' AND name = 'copy'"
_CAME_BACK = """
INSERT INTO reference (pair, name, content, fetched_at) VALUES ('', 'came back', x'', :now)
ON CONFLICT (pair, name) DO UPDATE SET fetched_at = excluded.fetched_at
"""
_NO_COPY_ANY_MORE = "DELETE FROM reference WHERE pair = '' AND name = 'copy'"


def copy_ledger(source: Path, target: Path) -> None:
    """The ledger as it stands, through SQLite and while others write: a copied WAL file would be none.

    Mode 0600 whatever the umask, checked, on the disk, and only then called `target`, in place of what was there. One
    process at a time copies to `target`. Raises LedgerTrouble where `target` cannot be written, and what SQLite raises
    about `source`, SQLITE_CORRUPT where the copy is not sound.
    """
    with _beside(target) as part:
        with closing(connect(source)) as there, closing(connect(part)) as copy, _written_to(target):
            there.conn.backup(copy.conn)
            copy.conn.execute("PRAGMA journal_mode = DELETE")  # one file, which can be read where nothing can be made
            _refuse_damage(copy.conn)
            with immediate(copy.conn):
                _forget_the_moment(copy.conn)
        part.replace(target)
    sync_folder(target.parent)


def notice_a_copy(ledger: Path, clock: Callable[[], datetime]) -> None:
    """A copy that is used as the ledger, by whatever way it came there, has come back now."""
    with closing(connect(ledger)) as db:
        if db.conn.execute(_IS_A_COPY).fetchone() is not None:
            with immediate(db.conn):
                db.conn.execute(_CAME_BACK, {"now": write_time(clock())})
                db.conn.execute(_NO_COPY_ANY_MORE)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """An empty file for the time of writing. What an earlier one that was killed has left is removed."""
    part = target.with_name(f"{target.name}.part")
    _remove(part)
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise LedgerTrouble(
            f"{target} cannot be written: {error.strerror}.",
            fix=f"Make {target.parent} writable for the user that cartledger runs as, or name a file elsewhere.",
        ) from error
    try:
        yield part
    finally:
        _remove(part)


def _remove(path: Path) -> None:
    for end in ("", *BESIDE):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)


@contextmanager
def _written_to(target: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0)
        if code not in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC}:
            raise
        what = "is full" if code == sqlite3.SQLITE_FULL else "did not take it"
        raise LedgerTrouble(
            f"The disk under {target.parent} {what}: {target} was not written, and what was there is as it was.",
            fix="Free some space there, or name a file on another disk.",
        ) from error


def _refuse_damage(connection: sqlite3.Connection) -> None:
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        damage = sqlite3.DatabaseError(found)
        damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damage


def _forget_the_moment(connection: sqlite3.Connection) -> None:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table, statement in _SAID_OF_THE_MOMENT.items():
        if table in tables:
            connection.execute(statement)


def sync_folder(folder: Path) -> None:
    """What was renamed in it survives a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
