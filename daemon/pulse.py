"""Which threads still turn: each says so by a beat, and one that has said nothing for too long is stuck."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from cartledger.clients.http import Answer, Http

LONGEST_SILENCE = timedelta(minutes=10)
"""Between two beats lie at most one call (125 s), waits for leave to make it (a minute each) and the ledger."""


class Pulse:
    """Beats by thread name. Safe to call from any thread; `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Expect beats of this name while the body runs."""
        with self._lock:
            self._last[name] = self._clock()
        try:
            yield
        finally:
            with self._lock:
                self._last.pop(name, None)

    def beat(self, name: str = "") -> None:
        """This thread, or the one of that name, has got on. Nothing where no beats of it are expected."""
        name = name or threading.current_thread().name
        with self._lock:
            if name in self._last:
                self._last[name] = self._clock()

    def stuck(self) -> list[str]:
        """Whose beats have been missing for longer than LONGEST_SILENCE, by name."""
        with self._lock:
            latest = self._clock() - LONGEST_SILENCE.total_seconds()
            return sorted(name for name, at in self._last.items() if at < latest)


class BeatingHttp(Http):
    """Each call that is over, however it ended, is a beat of its thread: many calls may lie between two turns."""

    def __init__(self, pulse: Pulse) -> None:
        super().__init__()
        self._pulse = pulse

    def call(self, method: str, url: str, **options: Any) -> Answer:
        try:
            return super().call(method, url, **options)
        finally:
            self._pulse.beat()
