"""How much a company lets through, and what it has counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import NamedTuple

from simulator.quickbooks.errors import FaultError


@dataclass(frozen=True, kw_only=True)
class Quota:
    """Per realm. Nobody says whether batches count among the 500, so they do: the stricter reading."""

    per_second: int = 10
    per_minute: int = 500
    batches_per_minute: int = 40


@dataclass(kw_only=True)
class Counts:
    """`reads` holds the queries inside batches too; `written` is objects made or changed, replays left out."""

    reads: int = 0
    batches: int = 0
    singles: int = 0
    written: int = 0
    throttled: int = 0
    token_refreshes: int = 0
    invalid_grants: int = 0

    def as_json(self) -> dict[str, int]:
        return asdict(self)


class Call(NamedTuple):
    number: int
    name: str
    requestid: str
    status: int


class Window:
    """At most `limit` events in any `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._events: deque[float] = deque()

    def full(self, limit: int, now: float) -> bool:
        while self._events and self._events[0] <= now - self._seconds:
            self._events.popleft()
        return len(self._events) >= limit

    def add(self, now: float) -> None:
        self._events.append(now)


class Traffic:
    """Admission, counters and the log of calls. Refused calls do not fill the windows."""

    def __init__(self) -> None:
        self.quota: Quota | None = Quota()
        self.counts = Counts()
        self.calls: list[Call] = []
        self.refusals: list[str] = []
        self._second = Window(1)
        self._minute = Window(60)
        self._batches = Window(60)

    def admit(self, name: str, now: float) -> bool:
        if self.quota is None:
            return True
        wanted = [(self._second, self.quota.per_second), (self._minute, self.quota.per_minute)]
        if name == "batch":
            wanted.append((self._batches, self.quota.batches_per_minute))
        if any(window.full(limit, now) for window, limit in wanted):
            self.counts.throttled += 1
            return False
        for window, _ in wanted:
            window.add(now)
        return True

    def log(self, name: str, requestid: str, status: int) -> None:
        self.calls.append(Call(len(self.calls) + 1, name, requestid, status))

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Around one write: why it is refused is noted."""
        try:
            yield
        except FaultError as refused:
            self.refusals += [error.code for error in refused.errors]
            raise

    def reset(self) -> None:
        self.counts = Counts()
        self.calls.clear()
        self.refusals.clear()
