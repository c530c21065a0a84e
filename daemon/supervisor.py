"""The threads of one process: reading the shop, handing over, working; one run of them, or for ever.

Every thread ends by itself when `quiet` is set. What a thread raises stops the others quietly and comes out of `wait`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cartledger import logs
from cartledger.broker.patience import patiently
from cartledger.broker.queues import Broker
from cartledger.errors import CartledgerError, LedgerTrouble
from cartledger.records import SourceKey
from consumers.outcome import Outcome
from daemon.app import App, Line
from daemon.schedule import next_time
from producers.reading import Walk

READING_LEASE = timedelta(minutes=10)
MOST_QUEUED = 20_000
TICK = 0.5
LISTEN_EVERY = 0.5  # a signal that another thread receives does not end the main thread's wait
LONGEST_NAP = timedelta(seconds=5)
FIRST_RETRY = timedelta(seconds=30)
SKEW_WORTH_A_WORD = timedelta(minutes=5)


@dataclass(kw_only=True)
class Crew:
    """Threads that live and end together."""

    quiet: threading.Event = field(default_factory=threading.Event)
    wake: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _failures: list[BaseException] = field(default_factory=list)

    def start(self, name: str, body: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._guard, args=(body,), name=name)
        self._threads.append(thread)
        thread.start()

    def _guard(self, body: Callable[[], None]) -> None:
        try:
            body()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._failures.append(error)
            self.stop()

    def stop(self) -> None:
        """Take no more; finish what is in work."""
        self.quiet.set()
        self.wake.set()

    def wait_until_quiet(self) -> None:
        """Until `stop`. For the main thread, which signals are handled on."""
        while not self.quiet.wait(LISTEN_EVERY):
            pass

    def wait(self) -> None:
        """Until every thread has ended. Raises what the first failing one raised."""
        for thread in self._threads:
            while thread.is_alive():
                thread.join(LISTEN_EVERY)
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
        patiently(broker, step, self.crew.quiet, who="Handing over")

    def read_for_ever(self, name: str) -> None:
        """The body of one thread for each connection: reads on its schedule; a time that was missed is caught up."""
        line, failures = self._app.lines[name], 0
        silent_since = self._app.clock()
        while not self.crew.quiet.is_set():
            try:
                nap = self._read_when_due(line)
            except LedgerTrouble:
                raise
            except CartledgerError as error:
                if not failures:
                    silent_since = self._app.clock()
                    logs.warning(f"The shop cannot be read: {error}", action="read_failed", connection=line.name)
                failures += 1
                nap = FIRST_RETRY * (1 << min(failures - 1, 5))
            else:
                if failures:
                    seconds = int((self._app.clock() - silent_since).total_seconds())
                    text = f"The shop is read again after {seconds} s."
                    logs.info(text, action="read_again", connection=line.name, seconds=seconds)
                failures = 0
            self.crew.quiet.wait(nap.total_seconds())

    def _read_when_due(self, line: Line) -> timedelta:
        """Read if it is time. Returns how long to wait before looking again."""
        now = self._app.clock()
        due = self._next(line, now)
        if due is None or due > now:
            return LONGEST_NAP if due is None else min(due - now, LONGEST_NAP)
        walk = self.read(line, lambda _: None)
        if walk is None:  # another process is at it
            return LONGEST_NAP
        if walk.fresh or walk.refunds:
            logs.info(
                f"{news(walk.fresh, walk.refunds)}.",
                action="read",
                connection=line.name,
                count=walk.fresh,
                refunds=walk.refunds,
            )
        return timedelta(0)

    def _next(self, line: Line, now: datetime) -> datetime | None:
        # A daily time needs the zone, which may be the store's; an interval needs none.
        zone = line.zone() if line.connection.interval.at else ZoneInfo("UTC")
        return next_time(line.connection.interval, line.last_read(), now, zone)

    def read(self, line: Line, on_page: Callable[[Walk], None]) -> Walk | None:
        """One reading, under the lease that keeps other processes from the same. None when one of them has it, or when
        this one was told to stop.

        While more sources are queued than consumers will get to soon, it waits with the next page.
        """
        lease, ledger, pair = f"read:{line.connection.pair}", self._app.ledger, line.connection.pair

        def page(walk: Walk) -> None:
            on_page(walk)
            self.crew.wake.set()
            ledger.lease(lease, self._app.owner, READING_LEASE)
            while ledger.backlog(pair, "order") > MOST_QUEUED and not self.crew.quiet.wait(TICK):
                ledger.lease(lease, self._app.owner, READING_LEASE)
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
            )
            worker.run(self.crew.quiet)

    def _heard(self, outcomes: Mapping[SourceKey, Outcome]) -> None:
        self.crew.wake.set()
        for kind, count in Counter(type(outcome).__name__ for outcome in outcomes.values()).items():
            logs.debug(f"{count} {kind.lower()}.", action="outcomes", count=count)


def news(orders: int, refunds: int) -> str:
    """What a reading brought, in words."""
    return f"{orders} orders{f' and {refunds} refunds' if refunds else ''} new or changed"


def skew_sentence(skew: timedelta) -> str:
    """The warning about two clocks that differ; positive when the shop's is ahead."""
    minutes, way = round(abs(skew).total_seconds() / 60), "behind" if skew > timedelta(0) else "ahead of"
    return f"This machine's clock is {minutes} minutes {way} BigCommerce's; set it (timedatectl set-ntp true)."
