"""A shop, a company and the program between them, on a clock that is moved, with a process that can be made to die, and
a list of all that was written to the company."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from cartledger.ledger.store import Ledger
from daemon.by_hand.syncing import Synced, run_sync
from daemon.demos.settings import NAME
from simulator.quickbooks.company import Change
from simulator.quickbooks.errors import FaultError
from tests.books.conftest import PATIENCE, Books

BEGAN = datetime(2026, 4, 27, 15, tzinfo=UTC)
"""A Monday noon in the shop, a few days before a month ends."""

A_DEAD_PROCESS_IS_GONE = timedelta(minutes=11)
"""Longer than every lease: a process that died here cannot be told from this one, which lives."""

CLOSED = "6210"


HURRY = 50
"""How much faster than ours the clock goes, for what is tried again after seconds."""

IN_FLIGHT = 100
CAP = 1.5
"""Seconds, of that clock and of ours: what a call may still do is over before it is looked up."""


class Clock:
    """The time of shop, company and program alike, from `BEGAN`; spans of it can be left out."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._skipped = timedelta()

    def __call__(self) -> datetime:
        return BEGAN + self._skipped + HURRY * timedelta(seconds=time.monotonic() - self._began)

    def skip(self, span: timedelta) -> None:
        self._skipped += span


class Killed(BaseException):
    """What no handler of the program catches, as little as it could catch its own end."""


class Mortal(Ledger):
    """Ends the process that it belongs to at its `left`-th transaction, before or after that is there for good. A dead
    process does nothing more."""

    synchronous: ClassVar[str] = "OFF"
    left: int | None = None
    dead = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        outermost = not self._connection().in_transaction
        with super().transaction():
            yield
            if outermost:
                self._beat()
        if outermost:
            self._beat()

    def _connection(self) -> sqlite3.Connection:
        if self.dead:
            raise Killed
        return super()._connection()

    def _beat(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                self.dead = True
                raise Killed


@dataclass(frozen=True, kw_only=True)
class Write:
    """One write of the program. `mark` ends the note that was sent, `days` are those that the document bore before and
    after, `closed` is the last day of the closed books then, `code` the refusal's, "" where it was done."""

    entity: str
    mark: str
    id: str
    action: str
    days: tuple[str, ...]
    closed: str
    code: str = ""

    @property
    def in_closed_books(self) -> bool:
        return bool(self.closed) and any(day <= self.closed for day in self.days)


@dataclass(kw_only=True)
class World:
    """`books` on `clock`. `writes` are the program's, oldest first."""

    books: Books
    clock: Clock
    writes: list[Write] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.company.cap = self.faults.cap = CAP
        self._tell_the_time()
        self._watch()

    @property
    def shop(self) -> Any:
        return self.books.sim.shop

    @property
    def company(self) -> Any:
        return self.books.sim.company

    @property
    def faults(self) -> Any:
        return self.books.sim.faults

    @property
    def closed(self) -> str:
        """The last day of the closed books, "" while all are open."""
        return self.company.preferences["AccountingInfoPrefs"].get("BookCloseDate") or ""

    def skip(self, span: timedelta) -> None:
        self.clock.skip(span)
        self._tell_the_time()

    def sync(self) -> Synced | None:
        """One sync, whatever comes of it; None where the process died in it."""
        give_up_at = time.monotonic() + PATIENCE

        def watch(now: object) -> None:
            assert time.monotonic() < give_up_at, now

        try:
            return run_sync(self.books.app, NAME, watch)
        except Killed:
            self.restart()
            return None

    def restart(self) -> None:
        """Another process with the same ledger, after the leases of the dead one."""
        self.books.app.close()
        self.skip(A_DEAD_PROCESS_IS_GONE)
        self.books.app = self.books.open_app()

    def die_at(self, transaction: int | None) -> None:
        """The process ends at this transaction from now on."""
        self.books.app.ledger.left = transaction

    def come_to_rest(self) -> None:
        """Syncs without faults until nothing waits."""
        self.faults.clear()
        self.die_at(None)
        for _ in range(5):
            synced = self.sync()
            if synced and not synced.waiting and not any("shop" in trouble for trouble in synced.troubles):
                return
            self.skip(timedelta(minutes=5))
        raise AssertionError(synced)

    def _tell_the_time(self) -> None:
        self.shop.clock = self.clock
        self.company.clock_skew = (self.clock() - datetime.now(UTC)).total_seconds()

    @contextmanager
    def by_hand(self) -> Iterator[None]:
        """What is written meanwhile is a person's, not the program's."""
        with self.company.lock:
            seen = len(self.writes)
            yield
            del self.writes[seen:]

    def _watch(self) -> None:
        """What is executed, that is: an answer from the company's memory writes nothing."""
        execute: Callable[[Change], dict[str, Any]] = self.company._execute

        def watched(change: Change) -> dict[str, Any]:
            closed, before, shown, code = self.closed, self._day(change), {}, ""
            try:
                answer = execute(change)
                shown = answer[change.entity]
            except FaultError as refused:
                code = refused.errors[0].code
                raise
            finally:
                after = str(shown.get("TxnDate") or "")
                self.writes.append(
                    Write(
                        entity=change.entity,
                        mark=str(change.body.get("PrivateNote") or "").rpartition("\n")[2],
                        id=str(shown.get("Id") or change.body.get("Id") or ""),
                        action=change.action,
                        days=tuple(filter(None, (before, after))),
                        closed=closed,
                        code=code,
                    )
                )
            return answer

        self.company._execute = watched

    def _day(self, change: Change) -> str:
        """Of what is changed, as it is before."""
        record = self.company.state.find(change.entity, str(change.body.get("Id") or ""))
        return str(record.shown.get("TxnDate") or "") if record else ""
