"""The file: who may read it, which files are refused, how an older one is brought up to date, what a full disk does."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import zlib
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from cartledger.errors import LedgerRefused, LedgerTrouble
from cartledger.ledger.schema import STEPS, prepare
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Read
from cartledger.records import Operation, SourceKey

PAIR = "abc123:9130"
NEXT_STEP = ("CREATE TABLE novelty (id INTEGER PRIMARY KEY) STRICT",)


def modes(directory):
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()}


def tables(path):
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


@pytest.fixture
def usual_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def older(path, clock):
    """A ledger that knows order 1, and a program that knows one step more."""
    ledger = Ledger.open(path, clock=clock)
    ledger.remember(PAIR, "order", [Read(id="1", version="v1", record=b"{}", modified=clock.now)])
    ledger.close()
    return path


def test_nobody_else_can_read_it_whatever_the_umask(usual_umask, tmp_path, path, clock):
    ledger = Ledger.open(path, clock=clock)
    ledger.switch(PAIR, enabled=True, who="owner")
    assert modes(tmp_path) == {"ledger.db": 0o600, "ledger.db-wal": 0o600, "ledger.db-shm": 0o600}
    ledger.close()


def test_a_ledger_that_others_can_read_is_refused_with_the_command_that_mends_it(older, clock):
    older.chmod(0o644)
    with pytest.raises(LedgerRefused) as refused:
        Ledger.open(older, clock=clock)
    assert str(refused.value) == (
        f"The ledger holds names, addresses and tokens, and others can read it: {older}. "
        f"Close it with `chmod 600 {older}`."
    )
    older.chmod(0o600)
    Ledger.open(older, clock=clock).close()


def test_it_is_durable_and_strict(path, clock):
    ledger = Ledger.open(path, clock=clock)
    pragmas = [ledger._rows(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous", "foreign_keys")]
    assert pragmas == ["wal", 2, 1]
    strict = ledger._rows("SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND schema = 'main'")
    lax = {row["name"] for row in strict if not row["strict"]}
    assert lax <= {"_sqlite_migrations", "sqlite_schema"}
    ledger.close()


def test_a_missing_directory_is_refused(tmp_path, clock):
    with pytest.raises(LedgerRefused, match=r"cannot be opened: No such file or directory. Make it with `mkdir -p"):
        Ledger.open(tmp_path / "missing" / "ledger.db", clock=clock)


def test_a_directory_that_cannot_be_written_is_refused(clock):
    with pytest.raises(LedgerRefused, match=r"cannot be made: .* Make /proc writable"):
        Ledger.open(Path("/proc/ledger.db"), clock=clock)


def test_a_directory_is_no_ledger(path, clock):
    path.mkdir()
    with pytest.raises(LedgerRefused, match="is no file"):
        Ledger.open(path, clock=clock)


@pytest.mark.parametrize("content", [b"not a database, but long enough to be looked at" * 30, b"x"])
def test_a_foreign_file_is_refused_and_left_alone(path, clock, content):
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(LedgerRefused, match="is not a ledger"):
        Ledger.open(path, clock=clock)
    assert path.read_bytes() == content


def test_the_database_of_another_program_is_refused_and_left_alone(path, clock):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text)")
        connection.commit()
    path.chmod(0o600)
    with pytest.raises(LedgerRefused, match="database of another program"):
        Ledger.open(path, clock=clock)
    assert tables(path) == {"notes"}


def test_an_empty_file_becomes_a_ledger(path, clock):
    path.touch(mode=0o600)
    ledger = Ledger.open(path, clock=clock)
    assert not ledger.is_enabled(PAIR)
    ledger.close()


def test_an_older_ledger_is_copied_and_brought_up_to_date(usual_umask, older, tmp_path, clock):
    prepare(older, (*STEPS, NEXT_STEP))
    copy = tmp_path / f"ledger.db.before-{len(STEPS) + 1}"
    assert "novelty" in tables(older)
    assert "novelty" not in tables(copy)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    restored = Ledger.open(copy, clock=clock)
    assert restored.known(PAIR, "order", ["1"]) == {"1": "v1"}
    restored.close()


STEP_WITHOUT_WHAT_WAS_LOST = 5


def test_levels_that_wait_from_before_say_of_no_quantity_that_it_was_lost(path, clock):
    """So that approving agrees to none."""
    prepare(path, STEPS[:STEP_WITHOUT_WHAT_WAS_LOST])
    then = clock.now.isoformat(timespec="microseconds")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO stock_proposal (pair, made_at, reasons, state) VALUES (?, ?, '[]', 'waiting')", (PAIR, then)
        )
    ledger = Ledger.open(path, clock=clock)
    waiting = ledger.waiting_proposal(PAIR)
    assert (waiting.id, waiting.made_at, waiting.lost) == (1, clock.now, {})
    ledger.close()


STEP_OF_SALES_ALONE = 2


def test_a_ledger_of_sales_alone_goes_on_where_it_was(path, clock):
    """What it was about to take back is voided or deleted; what stands has neither a day nor a hash of what shows."""
    prepare(path, STEPS[:STEP_OF_SALES_ALONE])
    then = clock.now.isoformat(timespec="microseconds")
    with closing(sqlite3.connect(path)) as db:
        db.executemany(
            "INSERT INTO source (pair, kind, id, state, version, record, modified, queued_at) "
            "VALUES (?, 'order', ?, 'queued', 'v1', ?, ?, ?)",
            [(PAIR, id_, zlib.compress(b"{}"), then, then) for id_ in ("1", "2")],
        )
        db.executemany(
            "INSERT INTO document (pair, kind, id, part, position, version, stage, entity, body, number, marker, "
            "amount, hash, target_id) VALUES (?, 'order', ?, ?, 0, 'v1', ?, ?, '{}', '', 'm', '1.00', 'h', '9')",
            [
                (PAIR, "1", "document", "answered", "SalesReceipt"),
                (PAIR, "1", "void", "planned", "SalesReceipt"),
                (PAIR, "2", "memo", "answered", "CreditMemo"),
                (PAIR, "2", "void", "planned", "CreditMemo"),
            ],
        )
        db.execute(
            "INSERT INTO link (pair, kind, id, part, entity, target_id, sync_token, number, amount, currency, hash) "
            "VALUES (?, 'order', '1', 'document', 'SalesReceipt', '9', '0', 'BC-1', '1.00', 'USD', 'h')",
            (PAIR,),
        )
        db.commit()
    ledger = Ledger.open(path, clock=clock)
    keys = [SourceKey(pair=PAIR, kind="order", id=id_) for id_ in ("1", "2")]
    claims = ledger.claim(keys, "a", timedelta(minutes=1))
    assert {(claim.key.id, part.name): part.operation for claim in claims for part in claim.parts} == {
        ("1", "document"): Operation.CREATE,
        ("1", "void"): Operation.VOID,
        ("2", "memo"): Operation.CREATE,
        ("2", "void"): Operation.DELETE,
    }
    link = ledger.link(keys[0], "document")
    assert (link.number, link.day, link.stood) == ("BC-1", "", "")
    assert ledger.orders_with_fresh_refunds(PAIR) == []
    ledger.close()


def test_a_step_that_fails_leaves_the_ledger_as_it_was(older, clock):
    with pytest.raises(sqlite3.OperationalError, match="syntax error"):
        prepare(older, (*STEPS, (*NEXT_STEP, "CREATE NONSENSE")))
    assert "novelty" not in tables(older)
    ledger = Ledger.open(older, clock=clock)
    assert ledger.known(PAIR, "order", ["1"]) == {"1": "v1"}
    ledger.close()


def test_a_newer_ledger_is_refused_and_left_alone(older, clock):
    prepare(older, (*STEPS, NEXT_STEP))
    with pytest.raises(LedgerRefused, match=f"step {len(STEPS) + 1}, this program knows {len(STEPS)}"):
        Ledger.open(older, clock=clock)
    assert "novelty" in tables(older)


def test_opening_again_while_it_is_in_use_disturbs_nothing(path, clock):
    first = Ledger.open(path, clock=clock)
    with first.transaction():
        first.switch(PAIR, enabled=True, who="owner")
    second = Ledger.open(path, clock=clock)
    assert second.is_enabled(PAIR)
    for ledger in (first, second):
        ledger.close()


def test_a_full_disk_is_said_in_one_sentence_and_leaves_nothing_half_written(shop):
    ledger, clock = shop.ledger, shop.clock
    claim = shop.planned()
    (pages,) = ledger._rows("PRAGMA page_count")[0]
    ledger._rows(f"PRAGMA max_page_count = {pages}")
    big = os.urandom(200_000)
    reads = [Read(id=str(n), version="v1", record=big, modified=clock.now) for n in (1, 2, 3)]
    with pytest.raises(LedgerTrouble) as trouble:
        ledger.remember(PAIR, "order", [Read(id="0", version="v1", record=b"{}", modified=clock.now), *reads])
    assert str(trouble.value) == (
        f"The disk under the ledger {ledger.path} is full. Free some space there and start again; nothing is lost."
    )
    assert ledger.known(PAIR, "order", ["0", "1", "2"]) == {"1": "v1"}
    ledger._rows("PRAGMA max_page_count = 1000000")
    assert ledger.remember(PAIR, "order", reads).new == 2
    assert ledger.refresh(claim) == claim


def test_a_ledger_kept_locked_is_said_with_its_fix(ledger):
    ledger._rows("PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerTrouble, match=r"has kept the ledger .* locked for 30 seconds. Find it with `fuser"):
            ledger.switch(PAIR, enabled=True, who="owner")
    ledger.switch(PAIR, enabled=True, who="owner")
    assert ledger.is_enabled(PAIR)


def test_a_ledger_that_went_away_is_not_made_anew(path, clock):
    ledger = Ledger.open(path, clock=clock)
    ledger.close()
    path.unlink()
    with pytest.raises(LedgerTrouble, match="it was moved or deleted"):
        ledger.is_enabled(PAIR)
    assert not path.exists()


def test_a_damaged_ledger_is_said_with_its_fix(older, clock):
    ledger = Ledger.open(older, clock=clock)
    with older.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (older.stat().st_size - 4096))
    with pytest.raises(LedgerTrouble, match=r"is damaged\. Stop cartledger and restore the last backup"):
        ledger.claim([SourceKey(pair=PAIR, kind="order", id="1")], "a", timedelta(seconds=1))
    ledger.close()


def test_a_copied_file_without_its_log_is_still_a_ledger(older, tmp_path, clock):
    copy = tmp_path / "copy.db"
    shutil.copy(older, copy)
    ledger = Ledger.open(copy, clock=clock)
    assert ledger.known(PAIR, "order", ["1"]) == {"1": "v1"}
    ledger.close()
