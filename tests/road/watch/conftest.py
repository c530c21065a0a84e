"""A connection that is watched for days in a few seconds: time is the test's, shop and company live in it, too.

life = make_life(sections…)
life.at(hours=3, do=life.orders)          # three hours after it began
life.lives(hours=6)                       # reads, posts and looks, a step at a time
life.reads = False                        # whoever reads hangs; the others go on
life.stops_posting()                      # whoever posts is gone
assert life.told() == ["token_refused", "over token_refused"]
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from cartledger.errors import BrokerDown
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import State
from daemon.running.chores import chores
from daemon.running.supervisor import Crew, Producing
from daemon.running.upkeep import Upkeep
from simulator.quickbooks.oauth import LOOPBACK
from tests.road.conftest import PATIENCE

BEGAN = datetime(2026, 3, 5, 6, 0, tzinfo=UTC)
STEP = timedelta(minutes=1)


class Undurable(Ledger):
    """Days of commits that wait for no disk."""

    synchronous = "OFF"


class Nap(threading.Event):
    """What a reader sleeps on: a step of the life goes by instead."""

    def __init__(self, goes_by: Callable[[], bool]) -> None:
        super().__init__()
        self._goes_by = goes_by

    def wait(self, timeout: float | None = None) -> bool:
        if not self._goes_by():
            self.set()
        return self.is_set()


class Life:
    """One program on one connection, in one thread but for the worker's."""

    def __init__(self, road: Any, caplog: pytest.LogCaptureFixture, step: timedelta) -> None:
        self.road, self.sim, self.now, self._step = road, road.sim, BEGAN, step
        self._caplog = caplog
        self._plans: list[tuple[datetime, Callable[[], object]]] = []
        self.sim.shop.clock = self._clock
        self.sim.company.state.clock = self.sim.company.tokens._clock = lambda: self._clock().timestamp()
        self.app = road.app(clock=self._clock, sleep=self._sleep, open_ledger=Undurable.open)
        self.line = self.app.lines[road.name]
        self.reads = True
        self._posts = True
        self._outcomes = 0
        self._heard = threading.Condition()
        self._crew = Crew(pulse=self.app.pulse)
        self._stack = ExitStack()
        self._begin()

    def _begin(self) -> None:
        road, app = self.road, self.app
        app.begin()
        app.ledger.process_started(app.owner, "run", 0)
        self._handing = app.hand_over([road.name], self._stack.enter_context(app.broker()))
        self._handing.start(messages_are_gone=True)
        self._upkeep = Upkeep(chores(app, [road.name]), app.clock)
        self._work()

    def _work(self, threads: int = 2, until_posted: int | None = None) -> None:
        crew = self._crew = Crew(pulse=self.app.pulse)

        def hear(outcomes: Any) -> None:
            self._hear(outcomes)
            if until_posted is not None and self._posted() >= until_posted:
                crew.stop()

        worker = self.app.worker(
            [self.road.name],
            self._stack.enter_context(self.app.broker()),
            threads=threads,
            on_outcomes=hear,
            pulse=self.app.pulse,
        )
        crew.start("work", lambda: worker.run(crew.quiet))

    def _stop_working(self) -> None:
        self._crew.stop()
        self._crew.wait()

    def stops_posting(self) -> None:
        """Whoever posts is gone, without a word."""
        self._posts = False
        self._stop_working()

    def posts_again(self) -> None:
        """Everything that waits, and what comes."""
        self._posts = True
        self._handing.start(messages_are_gone=True)
        self._work()
        self.road.until(lambda: self._hands_over() == 0 and self._nothing_due())

    def posts_some(self) -> None:
        """One batch or two, while nobody posts else."""
        self._handing.start(messages_are_gone=True)
        self._hands_over()
        self._work(threads=1, until_posted=self._posted() + 1)
        self._crew.wait()

    def _nothing_due(self) -> bool:
        return not self.app.ledger.pending(self.road.pair, ["customer", "item", "order"], self.now)

    def watched_anew(self) -> None:
        """As after a start of the process: what it knew from looking is gone."""
        self._upkeep = Upkeep(chores(self.app, [self.road.name]), self.app.clock)

    def end(self) -> None:
        self._stop_working()
        self._stack.close()

    def _clock(self) -> datetime:
        return self.now

    def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def _hear(self, outcomes: Any) -> None:
        with self._heard:
            self._outcomes += len(outcomes)
            self._heard.notify()

    def at(self, *, do: Callable[[], object], **after: float) -> None:
        """Have something done so long after it began."""
        self._plans.append((BEGAN + timedelta(**after), do))

    def comes_to_rest(self) -> None:
        """Nothing more happens, and what has is read and posted."""
        self._plans.clear()
        self.lives(hours=2)

    def lives(self, **much: float) -> None:
        """Read when it is time, post what is due, do the chores, for so long."""
        until = self.now + timedelta(**much)

        def goes_by() -> bool:
            self.now += self._step
            due = [do for at, do in self._plans if at <= self.now]
            self._plans = [(at, do) for at, do in self._plans if at > self.now]
            for do in due:
                do()
            self._post()
            self._upkeep.once()
            return self.now < until

        nap = Nap(goes_by)
        while not self.reads and not nap.wait():
            pass
        if not nap.is_set():
            Producing(self.app, [self.road.name], Crew(quiet=nap, pulse=self.app.pulse)).read_for_ever(self.road.name)

    def _post(self) -> None:
        """Until nothing is due in this minute."""
        if not self._posts:
            self._hands_over()
            return
        expected = self._outcomes
        while handed := self._hands_over():
            expected += handed
            with self._heard:
                assert self._heard.wait_for(partial(self._has_heard_of, expected), PATIENCE), self.road.report()

    def _posted(self) -> int:
        return self.app.ledger.counts(self.road.pair, "order")[State.POSTED]

    def _hands_over(self) -> int:
        with suppress(BrokerDown):
            return self._handing.once()
        return 0

    def until_the_broker_is_reached(self) -> None:
        """Links are tried again in time of their own."""

        def all_up() -> bool:
            self._hands_over()
            return all(link.is_up for link in self.app.links)

        self.road.until(all_up)

    def _has_heard_of(self, expected: int) -> bool:
        return self._outcomes >= expected

    def orders(self, count: int = 1, **options: Any) -> None:
        """So many are placed now."""
        usual = {"orders": count, "customers": 3, "clean": True, "now": self.now, "days": 1 / 1000}
        self.sim.fill(**usual | options)

    def enable(self) -> None:
        self.app.ledger.switch(self.road.pair, enabled=True, who="test")

    def connect_again(self) -> None:
        """As `cartledger connect quickbooks` does."""
        tokens = self.sim.company.tokens
        code, client = tokens.issue_code(), (tokens.client_id, tokens.client_secret)
        tokens.exchange(client, {"grant_type": "authorization_code", "code": code, "redirect_uri": LOOPBACK})
        intuit = self.app.intuit(self.line.connection)
        token, _ = intuit.exchange(tokens.issue_code(), LOOPBACK)
        self.line.tokens.connect(token, "test")

    def told(self) -> list[str]:
        """The causes that were told of in the log, and that they are over, in their order."""
        words = {"alert": "", "alert_over": "over "}
        return [
            words[record.action] + record.cause
            for record in self._caplog.records
            if getattr(record, "action", "") in words
        ]

    def standing(self) -> list[str]:
        """The causes that stand."""
        return [alert.cause for pair in ("", self.road.pair) for alert in self.app.ledger.alerts(pair)]

    def mails(self) -> list[str]:
        """The kinds of the mails that wait, in their order."""
        return [mail.kind for mail in self.app.ledger.mails_waiting()]

    def all_posted(self) -> None:
        counts = self.app.ledger.counts(self.road.pair, "order")
        assert counts[State.POSTED] == len(self.sim.shop.orders), counts
        self.road.agree()


@pytest.fixture
def make_life(make_sim, make_road, caplog) -> Iterator[Callable[..., Life]]:
    """`make_life(sim=None, step=a minute, **sections)`: an enabled connection that mails on problems."""
    caplog.set_level("INFO", logger="cartledger")
    made: list[Life] = []

    def make(sim: Any = None, *, step: timedelta = STEP, **sections: Any) -> Life:
        sim = sim or make_sim()
        usual = {
            "report": {"when": "on_problem", "to": ["books@shop.example"]},
            "smtp": {"host": "127.0.0.1", "port": 1, "security": "none", "sender": "c@shop.example"},
            "connection": {"interval": "1h"},
        }
        made.append(Life(make_road(sim, **usual | sections), caplog, step))
        made[-1].enable()
        return made[-1]

    yield make
    for life in made:
        life.end()
