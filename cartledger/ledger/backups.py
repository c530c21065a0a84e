"""Backups: a ledger copied to another file while it is used, and copied back while it is not."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cartledger.errors import LedgerRefused, WrongUse
from cartledger.ledger.connection import connect, in_plain_words
from cartledger.ledger.copies import BESIDE, copy_ledger, sync_folder
from cartledger.ledger.schema import APPLICATION_ID, STEPS, alone_in, step_of

_SHARED_FIRST, _SHARED_SIZE = 0x40000002, 510
"""The bytes that SQLite locks in a file for as long as a connection has it open (in WAL mode)."""


@dataclass(frozen=True, kw_only=True)
class Copied:
    """A copy that was made: `sources` counts what the ledger knows, by kind and state."""

    path: Path
    size: int
    step: int
    sources: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, kw_only=True)
class Restored:
    """`replaced` is what the ledger that stood there is called now; None where none did."""

    copied: Copied
    replaced: Path | None


def back_up(ledger: Path, file: Path) -> Copied:
    """Copy the ledger to `file`, in place of an earlier backup. Nobody who uses the ledger waits for it.

    Raises LedgerRefused where there is no ledger, WrongUse where `file` must not be written, and LedgerTrouble where it
    cannot be, or where the ledger is damaged; an earlier backup is as it was then.
    """
    if not ledger.exists():
        raise LedgerRefused(
            f"There is no ledger {ledger}.",
            fix="It is made by the first `cartledger sync`; name the settings that it belongs to with --config.",
        )
    file = file.resolve()  # a link keeps leading where it leads
    _refuse_target(ledger.resolve(), file)
    with in_plain_words(ledger):
        if not _is_ledger(ledger):
            raise LedgerRefused(f"{ledger} is not a ledger.", fix="Correct ledger.path in the settings.")
        with alone_in(file.parent):
            copy_ledger(ledger, file)
    return _copied(file)


def restore(file: Path, ledger: Path) -> Restored:
    """Have a copy of the backup `file` in place of the ledger, and keep what stood there under another name.

    Raises WrongUse where `file` is no sound backup of a version that this program knows, or where somebody has the
    ledger open, and LedgerTrouble where it cannot be written; nothing is changed then.
    """
    ledger = ledger.resolve()  # its log stands where a link leads
    _refuse_backup(file, ledger)
    with alone_in(ledger.parent):
        fresh = ledger.with_name(f"{ledger.name}.restored")
        with in_plain_words(file), _refusing_damage(file):
            copy_ledger(file, fresh)
        try:
            with _nobody_at(ledger):
                replaced = _put_aside(ledger)
                fresh.replace(ledger)
                sync_folder(ledger.parent)
        finally:
            fresh.unlink(missing_ok=True)
    return Restored(copied=_copied(ledger), replaced=replaced)


def _is_ledger(path: Path) -> bool:
    try:
        with closing(connect(path)) as db:
            (application,) = db.conn.execute("PRAGMA application_id").fetchone()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
            raise
        return False
    return bool(application == APPLICATION_ID)


def _refuse_target(ledger: Path, file: Path) -> None:
    if not file.parent.is_dir():
        raise WrongUse(f"There is no folder {file.parent}.", fix=f"Make it with `mkdir -p {file.parent}`.")
    if file.is_dir():
        raise WrongUse(f"{file} is a folder.", fix="Name a file in it.")
    if file in {ledger, *(ledger.with_name(f"{ledger.name}{end}") for end in BESIDE)}:
        raise WrongUse(f"{file} is the ledger itself.", fix="Name another file, best on another disk.")
    if file.exists() and not _is_backup(file):
        raise WrongUse(f"{file} is there and is no backup of a ledger; it is left as it is.", fix="Name another file.")


def _is_backup(file: Path) -> bool:
    """By its first bytes; a ledger that is in use says there that it is one with a log beside it."""
    with file.open("rb") as stream:
        head = stream.read(100)
    return head[:16] == b"SQLite format 3\0" and head[18:20] == b"\1\1" and head[68:72] == APPLICATION_ID.to_bytes(4)


def _refuse_backup(file: Path, ledger: Path) -> None:
    if not file.is_file():
        raise WrongUse(f"There is no file {file}.", fix="Name one that `cartledger backup` has made.")
    if ledger.exists() and file.samefile(ledger):
        raise WrongUse(f"{file} is the ledger itself.", fix="Name one that `cartledger backup` has made.")
    with in_plain_words(file), _refusing_damage(file):
        if not _is_ledger(file):
            raise WrongUse(f"{file} is no backup of a ledger.", fix="Name one that `cartledger backup` has made.")
        with closing(connect(file)) as db:
            step = step_of(db)
    if step > len(STEPS):
        raise WrongUse(
            f"{file} is of a newer cartledger (step {step}, this program knows {len(STEPS)}).",
            fix="Install that version again, or take an older backup.",
        )


@contextmanager
def _refusing_damage(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        raise WrongUse(f"The backup {file} is damaged.", fix="Take an earlier one.") from error


@contextmanager
def _nobody_at(ledger: Path) -> Iterator[None]:
    """Nobody has the ledger open, and nobody can open it meanwhile. Asks for the lock itself, not through SQLite: what
    has to be replaced may be damaged."""
    if not ledger.exists():
        yield
        return
    handle = os.open(ledger, os.O_RDWR)
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, _SHARED_SIZE, _SHARED_FIRST)
        yield
    except BlockingIOError as error:
        raise WrongUse(
            f"A process has the ledger {ledger} open.",
            fix=f"Stop cartledger (`fuser {ledger}` finds it), then restore again.",
        ) from error
    finally:
        os.close(handle)


def _put_aside(ledger: Path) -> Path | None:
    """The ledger itself goes first: without its log it would lack what was written last, and nobody would notice."""
    there = [end for end in ("", *BESIDE) if ledger.with_name(f"{ledger.name}{end}").exists()]
    if not there:
        return None
    number = 1
    while any(ledger.with_name(f"{ledger.name}.replaced-{number}{end}").exists() for end in ("", *BESIDE)):
        number += 1
    replaced = ledger.with_name(f"{ledger.name}.replaced-{number}")
    for end in there:
        ledger.with_name(f"{ledger.name}{end}").rename(replaced.with_name(f"{replaced.name}{end}"))
    return replaced


def _copied(file: Path) -> Copied:
    with in_plain_words(file), closing(connect(file)) as db:
        counted = db.conn.execute("SELECT kind, state, count(*) FROM source GROUP BY kind, state ORDER BY kind, state")
        sources: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for kind, state, count in counted.fetchall():
            sources[kind][state] = count
        return Copied(path=file, size=file.stat().st_size, step=step_of(db), sources=dict(sources))
