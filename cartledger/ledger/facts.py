"""What people, metrics and reports ask the ledger, and the small histories: events, runs, dead letters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cartledger.ledger.engine import Engine
from cartledger.ledger.types import DeadLetter, Event, Run, Standing, State
from cartledger.records import SourceKey


class Facts(Engine):
    """Questions, and histories that only grow."""

    def counts(self, pair: str, kind: str) -> dict[State, int]:
        """How many sources stand in each state; every state has a number."""
        raise NotImplementedError

    def standing(self, key: SourceKey) -> Standing | None:
        """One source; None when it was never read."""
        raise NotImplementedError

    def held(self, pair: str) -> list[Standing]:
        """The held sources of a pair, oldest first."""
        raise NotImplementedError

    def backlog(self, pair: str, kind: str) -> int:
        """How many sources are queued or claimed."""
        raise NotImplementedError

    def oldest_queued(self, pair: str) -> datetime | None:
        """The source time of the oldest source that is queued or claimed."""
        raise NotImplementedError

    def events(self, key: SourceKey) -> list[Event]:
        """The history of one source, oldest first."""
        raise NotImplementedError

    def start_run(self, pair: str, workflow: str) -> int:
        """A run begins; returns its number."""
        raise NotImplementedError

    def end_run(self, run: int, facts: Mapping[str, Any]) -> None:
        """A run ended, with its counts."""
        raise NotImplementedError

    def runs(self, pair: str, limit: int = 20) -> list[Run]:
        """The last runs, newest first."""
        raise NotImplementedError

    def dead(self, body: bytes, *, why: str, workflow: str) -> None:
        """Keep bytes that are no message."""
        raise NotImplementedError

    def dead_letters(self) -> list[DeadLetter]:
        """All of them, oldest first."""
        raise NotImplementedError
