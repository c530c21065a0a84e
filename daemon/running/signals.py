"""What a person or systemd tells a running process: to stop, or to read its settings anew."""

from __future__ import annotations

import os
import signal
import sys
from enum import Enum, auto
from queue import Empty, SimpleQueue
from types import FrameType


class Told(Enum):
    """What a signal asks for."""

    STOP = auto()
    RELOAD = auto()


class Signals:
    """SIGTERM and SIGINT: stop; the second one ends the process at once. SIGHUP: reload, or stop where it comes from a
    terminal that was closed. Made and waited for on the main thread.

    A handler interrupts the main thread anywhere, so it may take no lock, and `Event.set` takes one: were the main
    thread just holding it, the process would never end. `SimpleQueue.put` is reentrant.
    """

    def __init__(self) -> None:
        self.stopping = False
        self._told: SimpleQueue[Told] = SimpleQueue()
        self._hangs_up = sys.stderr.isatty()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._hear)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP and not self._hangs_up:
            self._told.put(Told.RELOAD)
            return
        if self.stopping:
            os._exit(130)
        self.stopping = True
        self._told.put(Told.STOP)

    def wait(self, seconds: float) -> Told | None:
        """What was told first, for at most so long; None when it was nothing."""
        try:
            return self._told.get(timeout=seconds)
        except Empty:
            return None
