"""The loop that takes keys from the broker, lets a desk work on them, and acks.

The I/O thread owns the link to the broker: it drains, gathers keys into batches and acks. Worker threads claim the
sources in the ledger and run the protocol. Every message is acked whatever became of its source: the ledger remembers,
the broker only hands over. The one exception is a ledger that cannot be written: nothing is acked, the process stops.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Protocol

from cartledger import logs
from cartledger.broker.patience import patiently
from cartledger.broker.queues import Broker, Delivery
from cartledger.errors import BrokerDown
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Claim
from cartledger.metrics import DEAD_LETTERS, Metrics
from cartledger.records import NotAMessage, SourceKey, read_message
from consumers.outcome import Outcome
from consumers.posting import ALONE_FROM_CLAIM

BATCH = 30
LINGER = 0.2
DRAIN = 0.05


class Pulse(Protocol):
    """Hears that the worker gets on."""

    def beat(self) -> None:
        """This thread has turned."""

    def of(self, name: str) -> AbstractContextManager[None]:
        """Expect beats of the thread of this name while the body runs."""


class Desk(Protocol):
    """Works on claimed sources of one pair and kind. Raises LedgerTrouble only."""

    lease: timedelta

    def work(self, claims: Sequence[Claim]) -> Mapping[SourceKey, Outcome]: ...


Desks = Mapping[tuple[str, str], Desk]
"""By pair and kind."""

Turns = Mapping[tuple[str, str], str]
"""By pair and kind: what one batch of a process is at, at a time. Others would find their desk taken, one after the
other, and all of a backlog would go back to the ledger for each batch of it."""


class Worker:
    """Takes from `workflows` until told to be quiet. `turns` are the desks that work one batch at a time; `on_outcomes`
    hears what came of each batch, on its thread, `pulse` that the loop turns and each batch gets on."""

    def __init__(
        self,
        *,
        broker: Broker,
        ledger: Ledger,
        desks: Desks,
        turns: Turns,
        workflows: Sequence[str],
        owner: str,
        threads: int,
        on_outcomes: Callable[[Mapping[SourceKey, Outcome]], None],
        pulse: Pulse,
        metrics: Metrics,
    ) -> None:
        self._broker = broker
        self._ledger = ledger
        self._desks = desks
        self._turns = turns
        self._workflows = workflows
        self._owner = owner
        self._threads = threads
        self._on_outcomes = on_outcomes
        self._pulse = pulse
        self._metrics = metrics
        self._waiting: dict[str, list[Delivery]] = defaultdict(list)
        self._first_at: dict[str, float] = {}
        self._running: dict[Future[None], frozenset[str]] = {}
        self._suspects: deque[tuple[Desk, SourceKey]] = deque()

    def run(self, quiet: threading.Event) -> None:
        """Until `quiet` is set; then nothing more is taken, what is in work is finished, and it returns.

        Raises LedgerTrouble when the ledger cannot be written: what was claimed is free again when its lease ends.
        """
        with ThreadPoolExecutor(self._threads, thread_name_prefix="desk") as pool:
            self._with_broker(self._start, quiet)
            while not quiet.is_set():
                self._with_broker(self._turn, quiet)
                self._dispatch(pool)
                self._reap()
            self._finish()

    def _start(self) -> None:
        self._pulse.beat()
        self._broker.declare(self._workflows)
        self._broker.consume(self._workflows, BATCH * self._threads, self._take)

    def _turn(self) -> None:
        self._pulse.beat()
        self._broker.drain(DRAIN)

    def _with_broker(self, step: Callable[[], None], quiet: threading.Event) -> None:
        """The link comes back with its consumers, and unacked messages with it."""
        patiently(self._broker, step, quiet, who="Taking messages", on_loss=self._waiting.clear)

    def _take(self, workflow: str, delivery: Delivery) -> None:
        self._first_at.setdefault(workflow, time.monotonic())
        self._waiting[workflow].append(delivery)

    def _dispatch(self, pool: ThreadPoolExecutor) -> None:
        """Full batches at once, the rest when it has waited long enough; no more than there are threads. What may have
        ended the process comes first, and nothing beside it: else what is in hand with it would bear the blame too."""
        if self._suspects:
            if not self._running:
                self._running[pool.submit(self._in_sight, self._work_alone, *self._suspects.popleft())] = frozenset()
            return
        for workflow, waiting in self._waiting.items():
            while len(self._running) < self._threads and (batch := self._next(workflow, waiting)):
                turns = frozenset(map(self._turn_of, batch)) - {""}
                waiting[:] = [delivery for delivery in waiting if delivery not in batch]
                self._first_at[workflow] = time.monotonic()
                self._running[pool.submit(self._in_sight, self._work, workflow, batch)] = turns
            if not waiting:
                self._first_at.pop(workflow, None)

    def _next(self, workflow: str, waiting: Sequence[Delivery]) -> Sequence[Delivery]:
        """What may be worked on now: a full batch, or what has waited long enough, of those whose turn nobody has."""
        if not waiting:
            return []
        taken = frozenset[str]().union(*self._running.values())
        batch = [delivery for delivery in waiting if not taken or self._turn_of(delivery) not in taken][:BATCH]
        lingered = time.monotonic() - self._first_at[workflow] >= LINGER
        return batch if len(batch) == BATCH or lingered else []

    def _turn_of(self, delivery: Delivery) -> str:
        """Empty where any number of batches may be at it."""
        try:
            key = read_message(delivery.body)
        except NotAMessage:
            return ""
        return self._turns.get((key.pair, key.kind), "")

    def _reap(self) -> None:
        for future in [future for future in self._running if future.done()]:
            del self._running[future]
            future.result()

    def _finish(self) -> None:
        try:
            self._broker.cancel()
        except BrokerDown as error:
            logs.warning(f"Broker: {error}", action="broker_down")
        for future in list(self._running):
            future.result()
        try:
            self._broker.drain(0)
        except BrokerDown as error:
            logs.warning(f"Broker: {error}", action="broker_down")

    def _in_sight(self, body: Callable[..., None], *arguments: object) -> None:
        """On a worker thread: a batch that never ends is seen."""
        with self._pulse.of(threading.current_thread().name):
            body(*arguments)

    def _work(self, workflow: str, deliveries: Sequence[Delivery]) -> None:
        """On a worker thread: one batch, then its acks."""
        keys = self._keys(workflow, deliveries)
        for desk, group in self._by_desk(keys):
            claims = self._ledger.claim(group, self._owner, desk.lease)
            suspects = [claim for claim in claims if claim.claims >= ALONE_FROM_CLAIM and not claim.sending]
            self._ledger.release(suspects)
            self._suspects.extend((desk, claim.key) for claim in suspects)
            self._desk_work(desk, [claim for claim in claims if claim not in suspects])
        for delivery in deliveries:
            self._broker.ack(delivery)

    def _work_alone(self, desk: Desk, key: SourceKey) -> None:
        """On a worker thread, the only one in work: one source that has been claimed too often."""
        self._desk_work(desk, self._ledger.claim([key], self._owner, desk.lease))

    def _desk_work(self, desk: Desk, claims: Sequence[Claim]) -> None:
        if claims:
            self._on_outcomes(desk.work(claims))

    def _keys(self, workflow: str, deliveries: Iterable[Delivery]) -> set[SourceKey]:
        keys = set()
        for delivery in deliveries:
            try:
                keys.add(read_message(delivery.body))
            except NotAMessage as error:
                text = f"Bytes in the queue {workflow} are no message: {error}. They are kept in the ledger."
                logs.warning(text, action="dead_letter")
                self._metrics.add(DEAD_LETTERS, workflow=workflow)
                self._ledger.dead(delivery.body, why=str(error), workflow=workflow)
        return keys

    def _by_desk(self, keys: Iterable[SourceKey]) -> list[tuple[Desk, list[SourceKey]]]:
        """Keys of a pair that these settings do not know stay in the ledger for whoever knows it."""
        groups: dict[tuple[str, str], list[SourceKey]] = defaultdict(list)
        for key in sorted(keys):
            groups[key.pair, key.kind].append(key)
        return [(self._desks[name], group) for name, group in groups.items() if name in self._desks]
