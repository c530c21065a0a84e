"""What the process that reads the shops does beside it, each in its own time: alerts, mails, signs of life, tidying up.

None of it may get in the way of a sync: a chore that fails is logged once, tried again at its next time, and told of
when it works again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cartledger import logs
from cartledger.errors import LedgerTrouble

LOOK_EVERY = 1.0


@dataclass(frozen=True, kw_only=True)
class Chore:
    """Something done every `every`, in no more than a minute or so. What it raises is logged, whatever it is."""

    name: str
    every: timedelta
    do: Callable[[], None]


class Upkeep:
    """Does its chores one after the other, for as long as it is let."""

    def __init__(self, chores: Sequence[Chore], clock: Callable[[], datetime]) -> None:
        self._chores = chores
        self._clock = clock
        self._due: dict[str, datetime] = {}
        self._failing_since: dict[str, datetime] = {}

    def run(self, quiet: threading.Event, beat: Callable[[], None] = lambda: None) -> None:
        """The body of one thread, until `quiet` is set; `beat` hears of each turn. Raises LedgerTrouble only."""
        while not quiet.is_set():
            beat()
            self.once()
            quiet.wait(LOOK_EVERY)

    def once(self) -> None:
        """Every chore whose time has come; a clock that was set back makes none wait for longer than its time."""
        for chore in self._chores:
            now = self._clock()
            if chore.name not in self._due or not now < self._due[chore.name] <= now + chore.every:
                self._due[chore.name] = now + chore.every
                self._do(chore)

    def _do(self, chore: Chore) -> None:
        try:
            chore.do()
        except LedgerTrouble:
            raise
        except Exception as error:  # noqa: BLE001 - no chore stops a sync
            if chore.name not in self._failing_since:
                self._failing_since[chore.name] = self._clock()
                logs.exception(f"{chore.name}: {error}", action="chore_failed")
        else:
            if since := self._failing_since.pop(chore.name, None):
                seconds = int((self._clock() - since).total_seconds())
                logs.info(f"{chore.name} works again after {seconds} s.", action="chore_works", seconds=seconds)
