"""The threads of one process: reading the shop, handing over, working; one run of them, or for ever.

Every thread ends by itself when `quiet` is set. What a thread raises stops the others quietly and comes out of `wait`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cartledger import logs
from cartledger.broker.patience import patiently
from cartledger.broker.queues import Broker
from cartledger.errors import CartledgerError, LedgerTrouble, Stop
from cartledger.records import SourceKey
from cartledger.settings import Schedule
from consumers.circuit import READING_ORDERS, READING_STOCK
from consumers.outcome import Outcome
from daemon.app import App, Line
from daemon.pulse import Pulse
from daemon.runs import begin_run
from daemon.watching.causes import pace
from producers.reading import Walk
from producers.stock import StockWalk

READING_LEASE = timedelta(minutes=10)
UNREADABLE_WAIT = timedelta(minutes=5)
MOST_QUEUED = 20_000
TICK = 0.5
LISTEN_EVERY = 0.5  # a signal that another thread receives does not end the main thread's wait
LONGEST_NAP = timedelta(seconds=5)
FIRST_RETRY = timedelta(seconds=30)
SKEW_WORTH_A_WORD = timedelta(minutes=5)


@dataclass(kw_only=True)
class Crew:
    """Threads that live and end together. `pulse` hears their beats."""

    pulse: Pulse = field(default_factory=Pulse)
    quiet: threading.Event = field(default_factory=threading.Event)
    wake: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _failures: list[BaseException] = field(default_factory=list)

    def start(self, name: str, body: Callable[[], None]) -> None:
        """`body` has to beat at every turn, and wherever it waits for something else than a call."""
        thread = threading.Thread(target=self._guard, args=(name, body), name=name)
        self._threads.append(thread)
        thread.start()

    def beat(self, name: str = "") -> None:
        """The loop of this name, or of this thread, has turned."""
        self.pulse.beat(name)

    def stuck(self) -> list[str]:
        """The loops, and the batches in work, that have not got on for too long; none while all is well."""
        return self.pulse.stuck()

    def _guard(self, name: str, body: Callable[[], None]) -> None:
        try:
            with self.pulse.of(name):
                body()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._failures.append(error)
            self.stop()

    def stop(self) -> None:
        """Take no more; finish what is in work."""
        self.quiet.set()
        self.wake.set()

    def wait(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Until every thread has ended, calling `meanwhile` often. Raises what the first failing one raised."""
        for thread in self._threads:
            while thread.is_alive():
                thread.join(LISTEN_EVERY)
                meanwhile()
        if self._failures:
            raise self._failures[0]


class _ToldToStop(Exception):
    """Ends a reading between two pages."""


class Producing:
    """Reads the shops when their time has come, and hands over what is due."""

    def __init__(self, app: App, names: Sequence[str], crew: Crew) -> None:
        self._app = app
        self._names = names
        self.crew = crew
        self._reading = {name: threading.Lock() for name in app.lines}

    def hand_over(self) -> None:
        """The body of one thread: hands over whenever something may be due."""
        with self._app.broker() as broker:
            handing = self._app.hand_over(self._names, broker)
            gone = self._app.settings.broker.url.startswith("memory:")
            self._patiently(broker, lambda: handing.start(messages_are_gone=gone))
            while not self.crew.quiet.is_set():
                self.crew.wake.clear()
                self._patiently(broker, handing.once)
                self.crew.wake.wait(TICK)

    def _patiently(self, broker: Broker, step: Callable[[], object]) -> None:
        def turn() -> None:
            self.crew.beat()
            step()

        patiently(broker, turn, self.crew.quiet, who="Handing over")

    def read_for_ever(self, name: str) -> None:
        """The body of one thread for each connection: reads on its schedule; a time that was missed is caught up."""
        self._for_ever(name, self._read_when_due, "The shop", READING_ORDERS)

    def read_stock_for_ever(self, name: str) -> None:
        """The same for the stock of a connection that keeps it."""
        self._for_ever(name, self._read_stock_when_due, "The stock", READING_STOCK)

    def _for_ever(self, name: str, read_when_due: Callable[[Line], timedelta], what: str, side: str) -> None:
        """`side` is what stands in the ledger as a circuit while readings fail."""
        line, failures = self._app.lines[name], 0
        silent_since = self._app.clock()
        while not self.crew.quiet.is_set():
            self.crew.beat()
            try:
                nap = read_when_due(line)
            except LedgerTrouble:
                raise
            except CartledgerError as error:
                if not failures:
                    silent_since = self._app.clock()
                    logs.warning(f"{what} cannot be read: {error}", action="read_failed", connection=line.name)
                failures += 1
                nap = min(FIRST_RETRY * (1 << min(failures - 1, 5)), pace(line.connection.interval))
                self._app.ledger.open_circuit(
                    line.connection.pair,
                    side,
                    until=self._app.clock() + nap,
                    kind=type(error).__name__,
                    reason=str(error),
                    needs_person=isinstance(error, Stop),
                )
            else:
                if failures:
                    seconds = int((self._app.clock() - silent_since).total_seconds())
                    text = f"{what} is read again after {seconds} s."
                    logs.info(text, action="read_again", connection=line.name, seconds=seconds)
                failures = 0
            self.crew.quiet.wait(nap.total_seconds())

    def _read_when_due(self, line: Line) -> timedelta:
        """Read if it is time. Returns how long to wait before looking again."""
        wait = self._until_due(line, line.connection.interval, line.last_read())
        if wait:
            return wait
        with self._run_of_orders(line) as heard:
            walk = self.read(line, heard)
        return LONGEST_NAP if walk is None else timedelta(0)  # None: another process is at it

    def _read_stock_when_due(self, line: Line) -> timedelta:
        wait = self._until_due(line, line.connection.stock.interval, line.last_stock_read())
        if wait:
            return wait
        started = self._app.clock()
        with self._run_of_orders(line) as heard:
            walk = self.read_stock(line, heard)
        if walk is None:
            return LONGEST_NAP
        if walk.problem:
            return UNREADABLE_WAIT
        if walk.changes:
            begin_run(self._app, line, "stock", started, {"items": walk.items, "levels": walk.changes})
            logs.info(
                f"{walk.items} items read from QuickBooks; {walk.changes} levels of the shop are to be written.",
                action="stock_read",
                connection=line.name,
                count=walk.changes,
            )
        return timedelta(0)

    @contextmanager
    def _run_of_orders(self, line: Line) -> Iterator[Callable[[Walk], None]]:
        """Hears of each page, and makes a run of what they brought, also where the shop failed after some."""
        started, last = self._app.clock(), Walk()

        def heard(walk: Walk) -> None:
            nonlocal last
            last = walk

        try:
            yield heard
        finally:
            if last.fresh or last.refunds:
                logs.info(f"{news(last.fresh, last.refunds)}.", action="read", connection=line.name, count=last.fresh)
                brought = {"read": last.read, "new_or_changed": last.fresh, "refunds": last.refunds}
                begin_run(self._app, line, "sales", started, brought)

    def _until_due(self, line: Line, schedule: Schedule, last: datetime | None) -> timedelta:
        """How long to nap; 0 when it is time."""
        now = self._app.clock()
        due = line.next_time(schedule, last, now)
        return LONGEST_NAP if due is None else min(max(due - now, timedelta(0)), LONGEST_NAP)

    def read_stock(self, line: Line, on_orders: Callable[[Walk], None] = lambda _: None) -> StockWalk | None:
        """One reading of the stock on both sides, and in it one of the shop's orders, which `on_orders` hears of. Under
        a lease of its own; None as `read` does."""
        lease, ledger = f"stock-read:{line.connection.pair}", self._app.ledger

        def go_on() -> None:
            self.crew.beat()
            ledger.lease(lease, self._app.owner, READING_LEASE)
            if self.crew.quiet.is_set():
                raise _ToldToStop

        def heard(walk: Walk) -> None:
            on_orders(walk)
            go_on()

        def read_orders() -> timedelta:
            while (walk := self.read(line, heard)) is None:
                go_on()
                self.crew.quiet.wait(TICK)
            return walk.skew

        if not ledger.lease(lease, self._app.owner, READING_LEASE):
            return None
        try:
            walk = line.read_stock(read_orders, go_on)
        except _ToldToStop:
            return None
        finally:
            ledger.unlease(lease, self._app.owner)
        ledger.close_circuit(line.connection.pair, READING_STOCK)
        self.crew.wake.set()
        return walk

    def read(self, line: Line, on_page: Callable[[Walk], None]) -> Walk | None:
        """One reading, under the lease that keeps other processes from the same. None when one of them has it or
        another thread is at it, or when this one was told to stop.

        While more sources are queued than consumers will get to soon, it waits with the next page.
        """
        mine = self._reading[line.name]
        if not mine.acquire(blocking=False):
            return None
        try:
            return self._read(line, on_page)
        finally:
            mine.release()

    def _read(self, line: Line, on_page: Callable[[Walk], None]) -> Walk | None:
        lease, ledger, pair = f"read:{line.connection.pair}", self._app.ledger, line.connection.pair

        def go_on() -> None:
            self.crew.beat()
            ledger.lease(lease, self._app.owner, READING_LEASE)

        def page(walk: Walk) -> None:
            on_page(walk)
            self.crew.wake.set()
            go_on()
            while ledger.backlog(pair, "order") > MOST_QUEUED and not self.crew.quiet.wait(TICK):
                go_on()
            if self.crew.quiet.is_set():
                raise _ToldToStop

        if not ledger.lease(lease, self._app.owner, READING_LEASE):
            return None
        try:
            walk = line.read_shop(page)
        except _ToldToStop:
            return None
        finally:
            ledger.unlease(lease, self._app.owner)
        ledger.close_circuit(pair, READING_ORDERS)
        if abs(walk.skew) > SKEW_WORTH_A_WORD:
            logs.warning(skew_sentence(walk.skew), action="clock_skew", connection=line.name)
        return walk


class Consuming:
    """Works on what is handed over."""

    def __init__(self, app: App, names: Sequence[str], crew: Crew, *, threads: int) -> None:
        self._app = app
        self._names = names
        self.crew = crew
        self._threads = threads

    def work(self) -> None:
        """The body of one thread, which runs the worker's own."""
        with self._app.broker() as broker:
            worker = self._app.worker(
                self._names,
                broker,
                threads=self._threads,
                on_outcomes=self._heard,
                pulse=self.crew.pulse,
            )
            worker.run(self.crew.quiet)

    def _heard(self, outcomes: Mapping[SourceKey, Outcome]) -> None:
        self.crew.wake.set()
        for kind, count in Counter(type(outcome).__name__ for outcome in outcomes.values()).items():
            logs.debug(f"{count} {kind.lower()}.", action="outcomes", count=count)


def news(orders: int, refunds: int) -> str:
    """What a reading brought, in words."""
    return f"{orders} orders{f' and {refunds} refunds' if refunds else ''} new or changed"


def skew_sentence(skew: timedelta, whose: str = "BigCommerce") -> str:
    """The warning about two clocks that differ; positive when theirs is ahead."""
    minutes, way = round(abs(skew).total_seconds() / 60), "behind" if skew > timedelta(0) else "ahead of"
    return f"This machine's clock is {minutes} minutes {way} {whose}'s; set it (timedatectl set-ntp true)."
