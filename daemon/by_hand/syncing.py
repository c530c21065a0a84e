"""One run, now: read and post in this process, whether or not the connection posts by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from cartledger import logs
from cartledger.errors import CartledgerError, LedgerTrouble
from cartledger.ledger.types import State
from consumers.circuit import NAMES
from daemon.app import App, Line
from daemon.by_hand.permit import Permit
from daemon.console import bar
from daemon.running.supervisor import Consuming, Crew, Producing
from daemon.runs import BY_A_PERSON, in_the_ledger, nothing_due
from producers.reading import Walk

T = TypeVar("T")

THREADS = 8
LOOK_EVERY = 0.2
SAY_EVERY = 10.0


@dataclass(kw_only=True)
class Progressed:
    """How far a sync is: of the orders in the ledger, which `counts` has by state, `open` are not settled."""

    read: int = 0
    fresh: int = 0
    refunds: int = 0
    open: int = 0
    counts: dict[State, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Synced:
    """What a sync came to. `levels_written` are those that the shop took meanwhile, `stock_held` says that levels wait
    for a person, or for a reading of the stock that is whole."""

    connection: str
    read: int
    new_or_changed: int
    refunds: int
    posted: int
    held: int
    excluded: int
    waiting: int
    levels_written: int
    stock_held: bool
    troubles: tuple[str, ...]
    seconds: float

    @property
    def exit_code(self) -> int:
        return 1 if self.held or self.waiting or self.stock_held or self.troubles else 0


def sync_with_progress(app: App, name: str) -> Synced:
    """`run_sync` with a bar on a terminal, a log line now and then elsewhere."""
    with bar(f"{name}: settled") as show:
        return run_sync(app, name, partial(_show, show) if show else _log_now_and_then(name))


def _show(show: Callable[[int, int], None], now: Progressed) -> None:
    total = sum(now.counts.values())
    show(total - now.open, total)


def _log_now_and_then(name: str) -> Callable[[Progressed], None]:
    next_at = time.monotonic() + SAY_EVERY

    def say_so(now: Progressed) -> None:
        nonlocal next_at
        if time.monotonic() >= next_at:
            next_at = time.monotonic() + SAY_EVERY
            text = f"{now.read} orders read, {now.counts[State.POSTED]} posted, {now.open} to go."
            logs.info(text, action="progress", connection=name)

    return say_so


def run_sync(app: App, name: str, on_progress: Callable[[Progressed], None]) -> Synced:
    """Read the shop, post everything that can be posted now, and return when nothing more is due.

    Joins a reading of another process instead of doubling it. Orders in doubt are waited for; a side that does not
    answer is given up after a few tries, and its orders stay queued for the next sync. Stock is read once the orders
    are settled: what QuickBooks holds then needs no correction.
    """
    line = app.lines[name]
    pair = line.connection.pair
    started, began = time.monotonic(), app.clock()
    app.begin()
    permit = Permit(app, pair)
    app.ledger.hasten(pair)
    crew, now = Crew(), Progressed()
    troubles: list[str] = []
    producing = Producing(app, [name], crew)
    reading = _Reading(producing, line, now, troubles)
    left = [reading.read_stock] if line.connection.keeps_stock else []
    run = app.ledger.start_run(pair, "sales", {"by": BY_A_PERSON})
    crew.start("hand-over", producing.hand_over)
    # Connections share the queues: what other processes hand over for another one is worked on, not thrown away.
    crew.start("work", Consuming(app, list(app.lines), crew, threads=THREADS).work)
    reading.begin(reading.read_shop)
    try:
        while not crew.quiet.wait(LOOK_EVERY):
            now.counts = app.ledger.counts(pair, "order")
            now.open = now.counts[State.QUEUED] + now.counts[State.CLAIMED]
            on_progress(now)
            permit.keep()
            if reading.over and nothing_due(app, line):
                if not left:
                    break
                reading.begin(left.pop())
    finally:
        crew.stop()
        crew.wait()
        troubles += permit.end()
    troubles += [f"{NAMES[circuit.side]}: {circuit.reason}" for circuit in app.ledger.circuits(pair)]
    synced = _result(app, line, now, troubles, began, time.monotonic() - started)
    told = {name: value for name, value in vars(synced).items() if name != "troubles"}
    app.ledger.end_run(run, {"by": BY_A_PERSON, **told})
    return synced


class _Reading:
    """The readings of one sync, one after the other; `over` while none goes on, however it ended."""

    def __init__(self, producing: Producing, line: Line, now: Progressed, troubles: list[str]) -> None:
        self.over = True
        self._producing = producing
        self._line = line
        self._now = now
        self._troubles = troubles

    def begin(self, read: Callable[[], None]) -> None:
        """In a thread of its own."""

        def body() -> None:
            try:
                read()
            finally:
                self.over = True

        self.over = False
        self._producing.crew.start("read", body)

    def read_shop(self) -> None:
        self._until_read("shop", lambda: self._producing.read(self._line, self._heard))

    def read_stock(self) -> None:
        """Where the shop could not be read, its levels cannot be known either."""
        if self._troubles:
            return
        before = replace(self._now)

        def more(walk: Walk) -> None:
            self._now.read, self._now.fresh = before.read + walk.read, before.fresh + walk.fresh
            self._now.refunds = before.refunds + walk.refunds

        walk = self._until_read("stock", lambda: self._producing.read_stock(self._line, more))
        if walk is not None and walk.problem is not None:
            self._troubles.append(f"The stock cannot be read: {walk.problem}")

    def _until_read(self, what: str, read: Callable[[], T | None]) -> T | None:
        quiet, name = self._producing.crew.quiet, self._line.name
        try:
            while (walk := read()) is None and not quiet.is_set():
                logs.info(f"Another process reads the {what}; waiting for it.", action="joined", connection=name)
                quiet.wait(1.0)
        except LedgerTrouble:
            raise
        except CartledgerError as error:
            self._troubles.append(f"The {what} cannot be read: {error}")
            return None
        return walk

    def _heard(self, walk: Walk) -> None:
        self._now.read, self._now.fresh, self._now.refunds = walk.read, walk.fresh, walk.refunds


def _result(app: App, line: Line, now: Progressed, troubles: list[str], began: datetime, seconds: float) -> Synced:
    pair, keeps_stock = line.connection.pair, line.connection.keeps_stock
    return Synced(
        connection=line.name,
        read=now.read,
        new_or_changed=now.fresh,
        refunds=now.refunds,
        **in_the_ledger(app, line),
        levels_written=app.ledger.levels_written(pair, began) if keeps_stock else 0,
        stock_held=keeps_stock and app.ledger.waiting_proposal(pair) is not None,
        troubles=tuple(troubles),
        seconds=round(seconds, 1),
    )
