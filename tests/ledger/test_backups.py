"""Backups: whole or not there, made while others write, refused where they would do harm, and put back."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from cartledger.errors import LedgerRefused, LedgerTrouble, WrongUse
from cartledger.ledger import copies
from cartledger.ledger.backups import back_up, restore
from cartledger.ledger.connection import connect
from cartledger.ledger.schema import STEPS, prepare
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Alert, Cursor, Read
from cartledger.money import D
from cartledger.stock import ITEMS, SHOP_LEVELS, SWEEP, LevelChange, ProposalState, ShopLevel

PAIR = "abc123:9130"
SCRIPT = Path(__file__).with_name("backing_up.py")
PATIENCE = 240


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger" / "ledger.db"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "backups" / "ledger.backup"


@pytest.fixture(autouse=True)
def folders(path, file):
    path.parent.mkdir()
    file.parent.mkdir()


@pytest.fixture
def remembered(path, clock):
    """`remembered("1", "2")`: the ledger knows these orders, too, and nobody has it open."""

    def remember(*ids, record=b"{}"):
        ledger = Ledger.open(path, clock=clock)
        ledger.remember(PAIR, "order", [Read(id=id_, version="v1", record=record, modified=clock.now) for id_ in ids])
        ledger.close()

    return remember


@pytest.fixture
def umask_of_nothing():
    before = os.umask(0)
    yield
    os.umask(before)


def orders(path):
    """The ids that a file knows, as nobody but SQLite sees them; it is sound and ours."""
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA application_id").fetchone() == (0x63617274,)
        return [id_ for (id_,) in db.execute("SELECT id FROM source ORDER BY rowid")]


def damage(path):
    """One page, which nobody looks at who only opens and copies the file."""
    with closing(sqlite3.connect(path)) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'event'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as stream:
        stream.seek((page - 1) * size)
        stream.write(b"\xff" * size)


def process(*words, **options):
    command = [sys.executable, str(SCRIPT), *map(str, words)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def test_what_is_backed_up_is_told(path, file, remembered):
    remembered("1", "2")
    copied = back_up(path, file)
    assert (copied.path, copied.size, copied.step) == (file, file.stat().st_size, len(STEPS))
    assert copied.sources == {"order": {"queued": 2}}
    assert orders(file) == ["1", "2"]


def test_nobody_else_can_read_it_whatever_the_umask(umask_of_nothing, path, file, remembered):
    remembered("1")
    back_up(path, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    restore(file, path)
    assert [stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()] == [0o600, 0o600]


def test_it_is_one_file_that_can_be_read_where_nothing_can_be_made(path, file, remembered):
    remembered("1")
    back_up(path, file)
    assert names(file.parent) == [file.name]
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_while_a_process_writes_each_backup_is_all_that_was_written_until_then(path, file):
    writer, known = process("write", path), 0
    try:
        for _ in range(8):
            written = int(writer.stdout.readline())
            back_up(path, file)
            found = orders(file)
            count = len(found) // 2
            assert found == [f"{number}{half}" for number in range(1, count + 1) for half in "ab"]
            assert count >= max(written, known)
            known = count
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.communicate(timeout=PATIENCE)


def test_it_takes_the_place_of_an_earlier_one(path, file, remembered):
    remembered("1")
    back_up(path, file)
    remembered("2")
    back_up(path, file)
    assert (orders(file), names(file.parent)) == (["1", "2"], [file.name])


def test_through_a_link_it_goes_where_that_leads(path, file, remembered, tmp_path):
    remembered("1")
    back_up(path, file)
    link = tmp_path / "latest"
    link.symlink_to(file)
    remembered("2")
    assert back_up(path, link).path == file
    assert (link.is_symlink(), orders(file)) == (True, ["1", "2"])


LITTLE = 65_536
MUCH = [str(number) for number in range(40)]


def test_one_that_is_killed_in_the_middle_leaves_the_earlier_one(path, file, remembered):
    remembered("1")
    back_up(path, file)
    remembered(*MUCH, record=os.urandom(8_000))
    killed = process("die", path, file, LITTLE)
    killed.communicate(timeout=PATIENCE)
    assert killed.returncode == -signal.SIGXFSZ
    assert f"{file.name}.part" in names(file.parent)
    assert orders(file) == ["1"]
    back_up(path, file)
    assert (len(orders(file)), names(file.parent)) == (len(MUCH), [file.name])


@pytest.fixture
def full_disk(monkeypatch):
    """Takes no more than a few pages of what is copied there."""

    def connect_there(path, *more):
        db = connect(path, *more)
        if path.name.endswith(".part"):
            db.conn.execute("PRAGMA max_page_count = 5")
        return db

    monkeypatch.setattr(copies, "connect", connect_there)


def test_a_full_disk_is_said_and_leaves_the_earlier_one(path, file, remembered, full_disk):
    file.write_bytes(EARLIER)
    remembered(*MUCH)
    with pytest.raises(LedgerTrouble) as trouble:
        back_up(path, file)
    assert str(trouble.value) == (
        f"The disk under {file.parent} is full: {file} was not written, and what was there is as it was. "
        "Free some space there, or name a file on another disk."
    )
    assert (file.read_bytes(), names(file.parent)) == (EARLIER, [file.name])


def test_a_disk_that_takes_no_file_so_large_is_said_and_leaves_the_earlier_one(path, file, remembered):
    file.write_bytes(EARLIER)
    remembered(*MUCH, record=os.urandom(8_000))
    said, _ = process("backup", path, file, LITTLE).communicate(timeout=PATIENCE)
    assert said == (
        f"The disk under {file.parent} did not take it: {file} was not written, and what was there is as it was. "
        "Free some space there, or name a file on another disk."
    )
    assert (file.read_bytes(), names(file.parent)) == (EARLIER, [file.name])


EARLIER = b"SQLite format 3\0\x10\0\1\1" + bytes(48) + b"cart" + bytes(28)
"""What a backup begins with."""


def test_a_ledger_that_is_not_there_is_refused_and_not_made(path, file):
    with pytest.raises(LedgerRefused) as refused:
        back_up(path, file)
    assert str(refused.value) == (
        f"There is no ledger {path}. It is made by the first `cartledger sync`; name the settings that it belongs to "
        "with --config."
    )
    assert (names(path.parent), names(file.parent)) == ([], [])


def test_a_ledger_that_is_none_is_refused(path, file):
    path.write_text("Dear diary, today I was told to be a ledger.")
    with pytest.raises(LedgerRefused, match=r"is not a ledger\. Correct ledger.path in the settings."):
        back_up(path, file)


def test_a_damaged_ledger_is_said_and_leaves_the_earlier_backup(path, file, remembered):
    remembered(*MUCH)
    back_up(path, file)
    before = file.read_bytes()
    damage(path)
    with pytest.raises(LedgerTrouble, match=f"The ledger {path} is damaged. Stop cartledger and restore"):
        back_up(path, file)
    assert (file.read_bytes(), names(file.parent)) == (before, [file.name])


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal"])
def test_the_ledger_itself_is_no_place_for_a_backup(path, remembered, end):
    remembered("1")
    with pytest.raises(WrongUse, match=r"is the ledger itself\. Name another file, best on another disk\."):
        back_up(path, path.parent / ".." / path.parent.name / f"{path.name}{end}")
    assert orders(path) == ["1"]


def test_a_folder_that_is_not_there_is_refused(path, file, remembered):
    remembered("1")
    file.parent.rmdir()
    with pytest.raises(WrongUse) as refused:
        back_up(path, file)
    assert str(refused.value) == f"There is no folder {file.parent}. Make it with `mkdir -p {file.parent}`."


def test_a_folder_is_no_file(path, file, remembered):
    remembered("1")
    with pytest.raises(WrongUse, match=f"{file.parent} is a folder. Name a file in it."):
        back_up(path, file.parent)


def test_a_folder_where_nothing_can_be_made_is_said(path, remembered):
    remembered("1")
    with pytest.raises(LedgerTrouble, match=r"/proc/ledger cannot be written: .* Make /proc writable for the user"):
        back_up(path, Path("/proc/ledger"))


def other_ledger(file, clock):
    Ledger.open(file, clock=clock).close()


def photograph(file, _clock):
    file.write_bytes(b"\xff\xd8\xff" * 100)


def other_program(file, _clock):
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE notes (text)")
        db.commit()


def nothing(file, _clock):
    file.touch()


@pytest.mark.parametrize("make", [other_ledger, photograph, other_program, nothing])
def test_a_file_that_is_no_backup_is_left_as_it_is(path, file, remembered, clock, make):
    remembered("1")
    make(file, clock)
    before = file.read_bytes()
    with pytest.raises(WrongUse) as refused:
        back_up(path, file)
    assert str(refused.value) == (
        f"{file} is there and is no backup of a ledger; it is left as it is. Name another file."
    )
    assert file.read_bytes() == before


# -- put back


def test_a_backup_takes_the_place_of_what_stood_there_and_that_is_kept(path, file, remembered, clock):
    remembered("1")
    back_up(path, file)
    remembered("2")
    restored = restore(file, path)
    assert (restored.copied.path, restored.copied.sources) == (path, {"order": {"queued": 1}})
    assert restored.replaced == path.with_name(f"{path.name}.replaced-1")
    assert (orders(path), orders(restored.replaced), orders(file)) == (["1"], ["1", "2"], ["1"])
    assert restore(file, path).replaced == path.with_name(f"{path.name}.replaced-2")
    Ledger.open(path, clock=clock).close()


def test_a_log_that_was_left_goes_along_with_what_it_is_of(path, file, remembered):
    """A process was killed: what it wrote last stands in the log alone, and must not come into another ledger."""
    remembered("1")
    back_up(path, file)
    writer = process("write", path)
    written = int(writer.stdout.readline())
    writer.kill()
    writer.communicate(timeout=PATIENCE)
    restored = restore(file, path)
    assert orders(path) == ["1"]
    assert len(orders(restored.replaced)) >= 1 + 2 * written


def test_where_the_ledger_is_a_link_it_goes_where_that_leads(path, file, remembered, tmp_path):
    remembered("1")
    back_up(path, file)
    remembered("2")
    link = tmp_path / "cartledger.db"
    link.symlink_to(path)
    restored = restore(file, link)
    assert (link.is_symlink(), orders(link)) == (True, ["1"])
    assert (restored.copied.path, orders(restored.replaced)) == (path, ["1", "2"])


def test_where_the_ledger_is_lost_nothing_is_kept(path, file, remembered):
    remembered("1")
    back_up(path, file)
    path.unlink()
    assert restore(file, path).replaced is None
    assert (orders(path), names(path.parent)) == (["1"], [path.name])


def test_a_damaged_ledger_is_replaced(path, file, remembered):
    remembered("1")
    back_up(path, file)
    path.write_bytes(b"\xff" * 5000)
    restored = restore(file, path)
    assert orders(path) == ["1"]
    assert restored.replaced.read_bytes() == b"\xff" * 5000


def test_while_somebody_has_the_ledger_open_nothing_is_replaced(path, file, remembered):
    remembered("1")
    back_up(path, file)
    remembered("2")
    holder = process("hold", path)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(WrongUse) as refused:
        restore(file, path)
    assert str(refused.value) == (
        f"A process has the ledger {path} open. Stop cartledger (`fuser {path}` finds it), then restore again."
    )
    holder.communicate("go\n", timeout=PATIENCE)
    assert (orders(path), names(path.parent)) == (["1", "2"], [path.name])
    restore(file, path)
    assert orders(path) == ["1"]


def test_a_copy_made_before_a_change_can_be_restored(path, remembered):
    remembered("1")
    prepare(path, (*STEPS, ("CREATE TABLE novelty (id INTEGER PRIMARY KEY) STRICT",)))
    restore(path.with_name(f"{path.name}.before-{len(STEPS) + 1}"), path)
    assert orders(path) == ["1"]


ONE_OF_OURS = "Name one that `cartledger backup` has made."


@pytest.mark.parametrize("make", [photograph, other_program, nothing])
def test_what_is_no_backup_is_not_restored(path, file, remembered, clock, make):
    remembered("1")
    make(file, clock)
    with pytest.raises(WrongUse) as refused:
        restore(file, path)
    assert str(refused.value) == f"{file} is no backup of a ledger. {ONE_OF_OURS}"
    assert names(path.parent) == [path.name]


def test_a_backup_that_is_not_there_is_refused(path, file, remembered):
    remembered("1")
    with pytest.raises(WrongUse) as refused:
        restore(file, path)
    assert str(refused.value) == f"There is no file {file}. {ONE_OF_OURS}"


def test_the_ledger_itself_is_not_restored(path, remembered):
    remembered("1")
    with pytest.raises(WrongUse, match=r"is the ledger itself\. Name one that"):
        restore(path, path)


def test_a_damaged_backup_is_refused(path, file, remembered):
    remembered(*MUCH)
    back_up(path, file)
    damage(file)
    with pytest.raises(WrongUse) as refused:
        restore(file, path)
    assert str(refused.value) == f"The backup {file} is damaged. Take an earlier one."
    assert (len(orders(path)), names(path.parent)) == (len(MUCH), [path.name])


def test_a_backup_of_a_newer_program_is_refused(path, file, remembered, tmp_path):
    remembered("1")
    newer = tmp_path / "newer.db"
    shutil.copy(path, newer)
    newer.chmod(0o600)
    prepare(newer, (*STEPS, ("CREATE TABLE novelty (id INTEGER PRIMARY KEY) STRICT",)))
    back_up(newer, file)
    with pytest.raises(WrongUse) as refused:
        restore(file, path)
    assert str(refused.value) == (
        f"{file} is of a newer cartledger (step {len(STEPS) + 1}, this program knows {len(STEPS)}). "
        "Install that version again, or take an older backup."
    )


# -- what a copy does not say, since it is wrong by the time that it is used


@pytest.fixture
def copied(path, file, clock):
    """`copied(do)`: a ledger opened from the backup of one to which something was done."""
    ledgers = []

    def open_copy(do):
        ledger = Ledger.open(path, clock=clock)
        do(ledger)
        ledger.close()
        back_up(path, file)
        ledgers.append(Ledger.open(file, clock=clock))
        return ledgers[-1]

    yield open_copy
    for ledger in ledgers:
        ledger.close()


def test_it_does_not_post_by_itself(copied):
    assert not copied(lambda ledger: ledger.switch(PAIR, enabled=True, who="owner")).is_enabled(PAIR)


def test_nobody_holds_a_lease_and_no_side_is_shut_out(copied, clock):
    def hold(ledger):
        assert ledger.lease(f"read:{PAIR}", "somebody", timedelta(days=1))
        ledger.open_circuit(PAIR, "quickbooks", until=clock.now, reason="It was down.", needs_person=True)

    copy = copied(hold)
    assert copy.lease(f"read:{PAIR}", "another", timedelta(minutes=1))
    assert copy.circuits(PAIR) == []


def test_it_tells_neither_of_alerts_nor_of_processes_and_sends_no_mail_that_waited(copied, clock):
    def be_in_trouble(ledger):
        ledger.raise_alert(Alert(pair=PAIR, cause="quickbooks_down", since=clock.now, text="Down.", fix=""))
        ledger.process_started("a", "run", 0)
        ledger.queue_mail(PAIR, "alert", b"waits")

    copy = copied(be_in_trouble)
    assert (copy.alerts(PAIR), copy.processes(clock.now), copy.mails_waiting()) == ([], [], [])


def test_what_was_handed_over_is_handed_over_again(copied, clock):
    def hand_over(ledger):
        ledger.remember(PAIR, "order", [Read(id="1", version="v1", record=b"{}", modified=clock.now)])
        [key] = ledger.due([PAIR], ["order"], 10)
        ledger.handed_over([key], asked=clock.now)
        assert ledger.due([PAIR], ["order"], 10) == []

    assert [key.id for key in copied(hand_over).due([PAIR], ["order"], 10)] == ["1"]


def test_levels_of_the_shop_are_not_believed_and_both_sides_are_read_anew(copied, clock):
    def follow(ledger):
        known = ShopLevel(unit="product:1", sku="a", label="A", level=10, sure=True, known_at=clock.now)
        ledger.learn_levels(PAIR, [known])
        ledger.track(PAIR, ["product:1"], tracked=True)
        for stream in (ITEMS, SWEEP, SHOP_LEVELS, "orders"):
            ledger.set_cursor(PAIR, stream, Cursor(watermark=clock.now, polled_at=clock.now))

    copy = copied(follow)
    [level] = copy.stock_levels(PAIR)
    assert (level.sure, level.tracked) == (False, True)
    assert [copy.cursor(PAIR, stream) for stream in (ITEMS, SWEEP, SHOP_LEVELS)] == [None] * 3
    assert copy.cursor(PAIR, "orders") is not None
    shown = ShopLevel(unit="product:1", sku="a", label="A", level=4, sure=True, known_at=clock.step(1))
    copy.learn_levels(PAIR, [shown], whole=True)
    [level] = copy.stock_levels(PAIR)
    assert (level.level, level.sure) == (4, True)


def test_levels_that_waited_for_a_person_do_not_wait_any_more(copied):
    change = LevelChange(
        unit="product:1", sku="a", label="A", item_id="7", old=10, on_hand=D(4), allocated=D(0), new=4, moves=0
    )
    copy = copied(partial(Ledger.propose, pair=PAIR, reasons=[], changes=[change]))
    assert copy.waiting_proposal(PAIR) is None
    [proposal] = copy.proposals(PAIR)
    assert proposal.state is ProposalState.WITHDRAWN


def test_a_copy_of_a_ledger_from_before_stock_lacks_nothing(path, file):
    prepare(path, STEPS[:3])
    assert back_up(path, file).step == 3
    restore(file, path)
    prepare(path)


def came_back_at(path, clock):
    with closing(Ledger.open(path, clock=clock)) as ledger:
        return ledger.came_back_at()


def test_a_backup_that_is_put_back_knows_since_when_it_is_the_ledger(path, file, remembered, clock):
    remembered("1")
    back_up(path, file)
    assert came_back_at(path, clock) is None
    restore(file, path)
    first = clock.step(60)
    assert came_back_at(path, clock) == first
    clock.step(60)
    assert came_back_at(path, clock) == first
    back_up(path, file)
    restore(file, path)
    assert came_back_at(path, clock) == clock.now


def test_one_that_is_put_back_by_hand_knows_it_as_well(path, file, remembered, clock):
    remembered("1")
    back_up(path, file)
    shutil.copy(file, path)
    assert came_back_at(path, clock) == clock.now
