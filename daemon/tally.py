"""What is counted of one connection, and of the calls that are made for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from cartledger import metrics as m
from cartledger.clients.http import Heard
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Claim
from cartledger.metrics import Metrics
from cartledger.records import Operation, SourceKey
from consumers.circuit import BIGCOMMERCE, QUICKBOOKS
from consumers.outcome import Done, Excluded, Held, Later, Outcome, Unchanged
from consumers.worker import Desk
from producers.handover import KINDS

INTUIT = "intuit"
SERVICES = (QUICKBOOKS, BIGCOMMERCE, INTUIT)
SAID_BY_THEMSELVES = (401, 403, 429)
CLASSES = ("2xx", "3xx", "4xx", *map(str, SAID_BY_THEMSELVES), "5xx", "none")
OUTCOMES: Mapping[type[Outcome], str] = {
    Done: "done",
    Unchanged: "unchanged",
    Held: "held",
    Excluded: "excluded",
    Later: "later",
}
USUAL = {
    "SalesReceipt": (Operation.CREATE, Operation.UPDATE, Operation.VOID),
    "Invoice": (Operation.CREATE, Operation.UPDATE, Operation.VOID),
    "Payment": (Operation.CREATE, Operation.VOID),
    "RefundReceipt": (Operation.CREATE, Operation.DELETE),
    "CreditMemo": (Operation.CREATE, Operation.DELETE),
    "Customer": (Operation.CREATE,),
    "Item": (Operation.CREATE, Operation.UPDATE),
}
"""Documents that most connections write: they are counted from 0, others from the first on."""


class QuickBooksMeter:
    """What calls to one company cost."""

    def __init__(self, metrics: Metrics, ledger: Ledger, realm_id: str) -> None:
        self._metrics = metrics
        self._ledger = ledger
        self._realm_id = realm_id

    def read(self) -> None:
        self._ledger.count_reads(self._realm_id)

    def throttled(self, seconds: float) -> None:
        self._metrics.add(m.THROTTLED, seconds, service=QUICKBOOKS)


class ShopMeter:
    """What calls to one shop cost."""

    def __init__(self, metrics: Metrics, connection: str) -> None:
        self._metrics = metrics
        self._connection = connection

    def throttled(self, seconds: float) -> None:
        self._metrics.add(m.THROTTLED, seconds, service=BIGCOMMERCE)

    def quota_left(self, calls: int) -> None:
        self._metrics.set(m.QUOTA_LEFT, calls, connection=self._connection, service=BIGCOMMERCE)


class CountingDesk:
    """A desk whose work is counted, under the workflow whose queue the sources came by."""

    def __init__(
        self, *, desk: Desk, metrics: Metrics, connection: str, workflow: str, clock: Callable[[], datetime]
    ) -> None:
        self.lease = desk.lease
        self._desk = desk
        self._metrics = metrics
        self._labels = {"connection": connection, "workflow": workflow}
        self._clock = clock

    def work(self, claims: Sequence[Claim]) -> Mapping[SourceKey, Outcome]:
        began = time.monotonic()
        outcomes = self._desk.work(claims)
        self._metrics.observe(m.HANDLING, time.monotonic() - began, **self._labels)
        for outcome in outcomes.values():
            self._metrics.add(m.MESSAGES, **self._labels, outcome=OUTCOMES[type(outcome)])
        if any(isinstance(outcome, Done | Unchanged | Excluded) for outcome in outcomes.values()):
            self._metrics.set(m.LAST_SUCCESS, self._clock().timestamp(), **self._labels)
        return outcomes


def calls_of(metrics: Metrics, service: str) -> Heard:
    """Counts the calls to `service`."""

    def heard(status: int | None, seconds: float) -> None:
        metrics.add(m.REQUESTS, service=service, **{"class": class_of(status)})
        metrics.observe(m.REQUEST_SECONDS, seconds, service=service)

    return heard


def class_of(status: int | None) -> str:
    """The first digit, or the whole of those statuses that say what has to be done."""
    if status is None:
        return "none"
    return str(status) if status in SAID_BY_THEMSELVES else f"{status // 100}xx"


def start_from_zero(metrics: Metrics, connections: Iterable[str]) -> None:
    """Counters that are there before anything happened: the first rise of one that is not is lost to queries."""
    for service in SERVICES:
        for answered in CLASSES:
            metrics.add(m.REQUESTS, 0, service=service, **{"class": answered})
        metrics.prepare(m.REQUEST_SECONDS, service=service)
    for service in (QUICKBOOKS, BIGCOMMERCE):
        metrics.add(m.THROTTLED, 0, service=service)
    for workflow in KINDS:
        metrics.add(m.DEAD_LETTERS, 0, workflow=workflow)
    for connection in connections:
        _of_a_connection(metrics, connection)


def _of_a_connection(metrics: Metrics, connection: str) -> None:
    metrics.add(m.ROUNDING, 0, connection=connection)
    metrics.add(m.LEVELS_WRITTEN, 0, connection=connection)
    for workflow in KINDS:
        metrics.prepare(m.HANDLING, connection=connection, workflow=workflow)
        for outcome in OUTCOMES.values():
            metrics.add(m.MESSAGES, 0, connection=connection, workflow=workflow, outcome=outcome)
    for entity, operations in USUAL.items():
        for operation in operations:
            metrics.add(m.POSTED, 0, connection=connection, entity=entity, operation=operation)
