"""The tables, and how a file becomes a ledger of this program: created, refused, or brought up to date.

Steps are forward only and never edited once released: a new one is added at the end. Statements keep to what SQLite
and PostgreSQL share but for `STRICT`. Times are UTC texts of fixed width, amounts are texts, quotas are microseconds.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sqlite_utils import Database, Migrations

from cartledger.errors import LedgerRefused
from cartledger.ledger.connection import connect, immediate, in_plain_words
from cartledger.ledger.copies import copy_ledger

APPLICATION_ID = 0x63617274  # "cart", in the file's header
_ANOTHER = "Name another file as the ledger."

SOURCE = """
CREATE TABLE source (
  pair TEXT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'claimed', 'posted', 'held', 'excluded')),
  version TEXT NOT NULL,
  versions INTEGER NOT NULL DEFAULT 1,
  posted_version TEXT NOT NULL DEFAULT '',
  record BLOB,
  modified TEXT NOT NULL,
  problems TEXT NOT NULL DEFAULT '[]',
  afterwards TEXT NOT NULL DEFAULT '[]',
  rule TEXT NOT NULL DEFAULT '',
  why TEXT NOT NULL DEFAULT '',
  fingerprint TEXT NOT NULL DEFAULT '',
  attempts INTEGER NOT NULL DEFAULT 0,
  claims INTEGER NOT NULL DEFAULT 0,
  queued_at TEXT NOT NULL,
  not_before TEXT,
  published_at TEXT,
  waits_for TEXT,
  owner TEXT NOT NULL DEFAULT '',
  fence INTEGER NOT NULL DEFAULT 0,
  lease_until TEXT,
  PRIMARY KEY (pair, kind, id),
  CHECK ((state = 'claimed') = (lease_until IS NOT NULL)),
  CHECK (state = 'posted' OR record IS NOT NULL)
) STRICT
"""
DOCUMENT = """
CREATE TABLE document (
  pair TEXT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  part TEXT NOT NULL,
  position INTEGER NOT NULL,
  version TEXT NOT NULL,
  stage TEXT NOT NULL CHECK (stage IN ('planned', 'sending', 'answered', 'refused')),
  entity TEXT NOT NULL,
  body TEXT NOT NULL,
  number TEXT NOT NULL,
  marker TEXT NOT NULL,
  amount TEXT NOT NULL,
  hash TEXT NOT NULL,
  request_id TEXT CHECK (length(request_id) <= 36),
  bid TEXT CHECK (length(bid) <= 10),
  sent BLOB,
  sent_at TEXT,
  sent_fence INTEGER NOT NULL DEFAULT 0,
  target_id TEXT NOT NULL DEFAULT '',
  sync_token TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (pair, kind, id, part),
  FOREIGN KEY (pair, kind, id) REFERENCES source (pair, kind, id),
  CHECK (stage <> 'sending' OR (request_id IS NOT NULL AND sent IS NOT NULL AND sent_at IS NOT NULL)),
  CHECK (stage <> 'answered' OR target_id <> '')
) STRICT
"""
# Sources of which something was sent and the rest must follow as planned: these are not decided anew.
BEGUN = """
CREATE VIEW begun AS
SELECT d.pair, d.kind, d.id FROM document d
WHERE d.stage = 'sending' OR (
  d.stage = 'planned'
  AND EXISTS (SELECT 1 FROM document a WHERE a.pair = d.pair AND a.kind = d.kind AND a.id = d.id
              AND a.version = d.version AND a.stage = 'answered')
  AND NOT EXISTS (SELECT 1 FROM document r WHERE r.pair = d.pair AND r.kind = d.kind AND r.id = d.id
                  AND r.version = d.version AND r.stage = 'refused'))
"""
STEPS: tuple[tuple[str, ...], ...] = (
    (
        SOURCE,
        "CREATE INDEX source_due ON source (pair, kind, modified, id) WHERE state = 'queued'",
        "CREATE INDEX source_state ON source (pair, state, kind)",
        "CREATE INDEX source_lease ON source (lease_until) WHERE state = 'claimed'",
        "CREATE INDEX source_waits ON source (pair, waits_for) WHERE waits_for IS NOT NULL",
        DOCUMENT,
        "CREATE UNIQUE INDEX document_request ON document (request_id, bid) WHERE request_id IS NOT NULL",
        BEGUN,
        """
        CREATE TABLE link (
          pair TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, part TEXT NOT NULL,
          entity TEXT NOT NULL, target_id TEXT NOT NULL, sync_token TEXT NOT NULL, number TEXT NOT NULL,
          amount TEXT NOT NULL, currency TEXT NOT NULL, hash TEXT NOT NULL,
          PRIMARY KEY (pair, kind, id, part)
        ) STRICT
        """,
        "CREATE INDEX link_target ON link (pair, entity, target_id)",
        """
        CREATE TABLE cursor (
          pair TEXT NOT NULL, stream TEXT NOT NULL, watermark TEXT NOT NULL, polled_at TEXT NOT NULL,
          PRIMARY KEY (pair, stream)
        ) STRICT
        """,
        "CREATE TABLE queue (kind TEXT PRIMARY KEY, empty_at TEXT NOT NULL, lost_before TEXT NOT NULL) STRICT",
        "CREATE TABLE lease (name TEXT PRIMARY KEY, owner TEXT NOT NULL, lease_until TEXT NOT NULL) STRICT",
        """
        CREATE TABLE switch (
          pair TEXT PRIMARY KEY, enabled INTEGER NOT NULL, turned_at TEXT NOT NULL, who TEXT NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE circuit (
          pair TEXT NOT NULL, side TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL, probe_until TEXT,
          failures INTEGER NOT NULL, reason TEXT NOT NULL, needs_person INTEGER NOT NULL,
          PRIMARY KEY (pair, side)
        ) STRICT
        """,
        """
        CREATE TABLE token (
          pair TEXT PRIMARY KEY, access TEXT NOT NULL, refresh TEXT NOT NULL,
          access_expires TEXT NOT NULL, refresh_expires TEXT
        ) STRICT
        """,
        """
        CREATE TABLE reference (
          pair TEXT NOT NULL, name TEXT NOT NULL, content BLOB NOT NULL, fetched_at TEXT NOT NULL,
          PRIMARY KEY (pair, name)
        ) STRICT
        """,
        "CREATE TABLE quota (bucket TEXT PRIMARY KEY, full_at INTEGER NOT NULL, closed_until INTEGER NOT NULL) STRICT",
        """
        CREATE TABLE event (
          seq INTEGER PRIMARY KEY, at TEXT NOT NULL, pair TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
          what TEXT NOT NULL, detail TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX event_key ON event (pair, kind, id, seq)",
        """
        CREATE TABLE run (
          id INTEGER PRIMARY KEY, pair TEXT NOT NULL, workflow TEXT NOT NULL, started TEXT NOT NULL, ended TEXT,
          facts TEXT NOT NULL DEFAULT '{}'
        ) STRICT
        """,
        """
        CREATE TABLE dead (
          id INTEGER PRIMARY KEY, at TEXT NOT NULL, workflow TEXT NOT NULL, body BLOB NOT NULL, why TEXT NOT NULL
        ) STRICT
        """,
    ),
    (
        "ALTER TABLE link ADD COLUMN customer TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX link_customer ON link (pair, customer) WHERE customer <> ''",
    ),
    (
        "ALTER TABLE document ADD COLUMN operation TEXT NOT NULL DEFAULT 'create'",
        "UPDATE document SET operation = CASE entity WHEN 'CreditMemo' THEN 'delete' ELSE 'void' END "
        "WHERE part = 'void'",
        "ALTER TABLE link ADD COLUMN day TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE link ADD COLUMN stood TEXT NOT NULL DEFAULT ''",
        """
        CREATE TABLE refund (
          pair TEXT NOT NULL, id TEXT NOT NULL, order_id TEXT NOT NULL, version TEXT NOT NULL, created TEXT NOT NULL,
          content BLOB NOT NULL, fresh INTEGER NOT NULL,
          PRIMARY KEY (pair, id)
        ) STRICT
        """,
        "CREATE INDEX refund_order ON refund (pair, order_id)",
        "CREATE INDEX refund_fresh ON refund (pair) WHERE fresh = 1",
    ),
    (
        """
        CREATE TABLE stock_item (
          pair TEXT NOT NULL, item_id TEXT NOT NULL, sku TEXT NOT NULL, label TEXT NOT NULL, on_hand TEXT,
          active INTEGER NOT NULL, read_at TEXT NOT NULL, sought INTEGER NOT NULL,
          PRIMARY KEY (pair, item_id)
        ) STRICT
        """,
        "CREATE INDEX stock_item_sku ON stock_item (pair, sku)",
        """
        CREATE TABLE stock_level (
          pair TEXT NOT NULL, unit TEXT NOT NULL, sku TEXT NOT NULL, label TEXT NOT NULL, level INTEGER NOT NULL,
          sure INTEGER NOT NULL, known_at TEXT NOT NULL, moves INTEGER NOT NULL DEFAULT 0,
          trouble TEXT NOT NULL DEFAULT '', tracked INTEGER NOT NULL DEFAULT 0,
          PRIMARY KEY (pair, unit)
        ) STRICT
        """,
        """
        CREATE TABLE allocation (
          pair TEXT NOT NULL, order_id TEXT NOT NULL, version TEXT NOT NULL, created TEXT NOT NULL,
          modified TEXT NOT NULL, units TEXT NOT NULL, returns TEXT NOT NULL, booked TEXT, booked_at TEXT,
          claimed TEXT, claimed_version TEXT,
          PRIMARY KEY (pair, order_id)
        ) STRICT
        """,
        "CREATE INDEX allocation_open ON allocation (pair) WHERE units <> '{}' AND (booked IS NULL OR booked <> units)",
        "CREATE INDEX allocation_booked ON allocation (pair, booked_at)",
        "CREATE INDEX allocation_modified ON allocation (pair, modified)",
        """
        CREATE TABLE stock_proposal (
          id INTEGER PRIMARY KEY, pair TEXT NOT NULL, made_at TEXT NOT NULL, reasons TEXT NOT NULL,
          state TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'rejected', 'withdrawn')),
          settled_at TEXT, who TEXT NOT NULL DEFAULT ''
        ) STRICT
        """,
        "CREATE UNIQUE INDEX stock_proposal_waiting ON stock_proposal (pair) WHERE state = 'waiting'",
        """
        CREATE TABLE stock_change (
          proposal INTEGER NOT NULL REFERENCES stock_proposal (id), position INTEGER NOT NULL, unit TEXT NOT NULL,
          sku TEXT NOT NULL, label TEXT NOT NULL, item_id TEXT NOT NULL, old INTEGER NOT NULL, on_hand TEXT NOT NULL,
          allocated TEXT NOT NULL, new INTEGER NOT NULL, moves INTEGER NOT NULL, written INTEGER NOT NULL DEFAULT 0,
          PRIMARY KEY (proposal, position)
        ) STRICT
        """,
        "CREATE INDEX stock_change_unit ON stock_change (proposal, unit)",
        """
        CREATE TABLE shop_product (
          pair TEXT NOT NULL, product_id INTEGER NOT NULL, name TEXT NOT NULL, without_sku INTEGER NOT NULL,
          gone_at TEXT,
          PRIMARY KEY (pair, product_id)
        ) STRICT
        """,
        """
        CREATE TABLE shop_sku (
          pair TEXT NOT NULL, product_id INTEGER NOT NULL, source TEXT NOT NULL, sku TEXT NOT NULL,
          price TEXT NOT NULL, tracking TEXT NOT NULL, gone_at TEXT,
          PRIMARY KEY (pair, product_id, source)
        ) STRICT
        """,
        "CREATE INDEX shop_sku_source ON shop_sku (pair, source, product_id)",
    ),
    (
        """
        CREATE TABLE alert (
          pair TEXT NOT NULL, cause TEXT NOT NULL, since TEXT NOT NULL, text TEXT NOT NULL, fix TEXT NOT NULL,
          PRIMARY KEY (pair, cause)
        ) STRICT
        """,
        """
        CREATE TABLE api_use (
          realm TEXT NOT NULL, month TEXT NOT NULL, reads INTEGER NOT NULL,
          PRIMARY KEY (realm, month)
        ) STRICT
        """,
        """
        CREATE TABLE process (
          owner TEXT PRIMARY KEY, role TEXT NOT NULL, instance INTEGER NOT NULL, started TEXT NOT NULL,
          seen_at TEXT NOT NULL, ended TEXT
        ) STRICT
        """,
        """
        CREATE TABLE mail (
          id INTEGER PRIMARY KEY, pair TEXT NOT NULL, kind TEXT NOT NULL, made_at TEXT NOT NULL, content BLOB NOT NULL,
          attempts INTEGER NOT NULL DEFAULT 0, not_before TEXT NOT NULL, sent_at TEXT, why TEXT NOT NULL DEFAULT ''
        ) STRICT
        """,
        "CREATE INDEX mail_waiting ON mail (not_before) WHERE sent_at IS NULL",
        "CREATE INDEX document_sending ON document (pair) WHERE stage = 'sending'",
        "ALTER TABLE circuit ADD COLUMN kind TEXT NOT NULL DEFAULT ''",
    ),
    ("ALTER TABLE stock_proposal ADD COLUMN lost TEXT NOT NULL DEFAULT '{}'",),
)


def prepare(path: Path, steps: Sequence[Sequence[str]] = STEPS) -> None:
    """Make the file at `path` a ledger of this program, or raise LedgerRefused and leave it alone.

    A missing or empty file becomes a new ledger, mode 0600 whatever the umask (SQLite gives -wal and -shm the same).
    An older ledger is copied to `<name>.before-<step>` and brought up to date in one transaction.
    """
    with alone_in(path.parent):
        _create(path)
        if not path.is_file():
            raise LedgerRefused(f"{path} is no file.", fix=_ANOTHER)
        _refuse_open_permissions(path)
        with in_plain_words(path), _refusing_other_bytes(path), closing(connect(path)) as db:
            _refuse_foreign(db, path)
            db.conn.execute("PRAGMA journal_mode = WAL")
            with immediate(db.conn):
                _migrate(db, path, steps)


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """Only one process at a time prepares a ledger in `directory`, or a copy of one.

    Switching a file to WAL fails at once where another process reads it, whatever the timeout. The lock stands on the
    directory, because closing any other handle on the file itself would drop SQLite's own locks.
    """
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise LedgerRefused(
            f"The ledger's directory {directory} cannot be opened: {error.strerror}.",
            fix=f"Make it with `mkdir -p {directory}`, for the user that cartledger runs as.",
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _create(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise LedgerRefused(
            f"The ledger {path} cannot be made: {error.strerror}.",
            fix=f"Make {path.parent} writable for the user that cartledger runs as.",
        ) from error


def _refuse_open_permissions(path: Path) -> None:
    files = [path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")]
    readable = [file for file in files if file.exists() and file.stat().st_mode & 0o077]
    if readable:
        names = " ".join(str(file) for file in readable)
        raise LedgerRefused(
            f"The ledger holds names, addresses and tokens, and others can read it: {names}.",
            fix=f"Close it with `chmod 600 {names}`.",
        )


@contextmanager
def _refusing_other_bytes(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
            raise
        raise LedgerRefused(f"{path} is not a ledger.", fix=_ANOTHER) from error


def _refuse_foreign(db: Database, path: Path) -> None:
    (application,) = db.conn.execute("PRAGMA application_id").fetchone()
    (pages,) = db.conn.execute("PRAGMA page_count").fetchone()
    if not pages and path.stat().st_size:  # SQLite takes a file of a few bytes for an empty one
        raise LedgerRefused(f"{path} is not a ledger.", fix=_ANOTHER)
    if pages and application != APPLICATION_ID:
        raise LedgerRefused(f"{path} is the database of another program, not a ledger.", fix=_ANOTHER)


def _migrate(db: Database, path: Path, steps: Sequence[Sequence[str]]) -> None:
    migrations = _migrations(steps)
    applied = step_of(db)
    pending = migrations.pending(db)
    if applied > len(steps):
        raise LedgerRefused(
            f"The ledger {path} was written by a newer cartledger (step {applied}, this program knows {len(steps)}).",
            fix="Install that version again, or restore the copy that it made before the change.",
        )
    if pending and applied:
        copy_ledger(path, path.with_name(f"{path.name}.before-{int(pending[0].name)}"))
    if pending:
        migrations.apply(db)
        db.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def step_of(db: Database) -> int:
    """The last step that was applied; 0 where none was."""
    applied = _migrations(STEPS).applied(db)
    return max((int(migration.name) for migration in applied), default=0)


def _migrations(steps: Sequence[Sequence[str]]) -> Migrations:
    migrations = Migrations("cartledger")
    for number, statements in enumerate(steps, start=1):
        migrations(name=_name(number))(lambda db, statements=statements: _run(db, statements))
    return migrations


def _run(db: Database, statements: Sequence[str]) -> None:
    for statement in statements:
        db.conn.execute(statement)


def _name(number: int) -> str:
    return f"{number:04}"
