"""What people, metrics and reports ask the ledger, and the small histories: events, runs, dead letters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from cartledger.ledger import statements as sql
from cartledger.ledger.engine import Engine
from cartledger.ledger.rows import (
    as_key,
    maybe_time,
    read_key,
    read_part,
    read_run,
    read_standing,
    read_time,
    unpack,
    write_time,
)
from cartledger.ledger.types import DeadLetter, Event, Part, Run, Standing, State
from cartledger.money import read_json
from cartledger.records import SourceKey


class Facts(Engine):
    """Questions, and histories that only grow."""

    def counts(self, pair: str, kind: str) -> dict[State, int]:
        """How many sources stand in each state; every state has a number."""
        rows = self._rows(sql.COUNTS, pair=pair, kind=kind)
        return dict.fromkeys(State, 0) | {State(row["state"]): row["sources"] for row in rows}

    def all_counts(self, pair: str) -> dict[tuple[str, State], int]:
        """How many sources of each kind stand in each state; what there is none of is left out."""
        rows = self._rows(sql.ALL_COUNTS, pair=pair)
        return {(row["kind"], State(row["state"])): row["sources"] for row in rows}

    def standing(self, key: SourceKey) -> Standing | None:
        """One source; None when it was never read."""
        row = self._row(sql.STANDING, **as_key(key))
        return None if row is None else read_standing(row)

    def held(self, pair: str) -> list[Standing]:
        """The held sources of a pair, oldest first."""
        return [read_standing(row) for row in self._rows(sql.HELD, pair=pair)]

    def unposted(self, pair: str, kind: str) -> dict[str, bytes]:
        """The records, by id, of all sources that have made nothing in QuickBooks and that nobody has ignored."""
        return {row["id"]: unpack(row["record"]) for row in self._rows(sql.UNPOSTED, pair=pair, kind=kind)}

    def backlog(self, pair: str, kind: str) -> int:
        """How many sources are queued or claimed."""
        (row,) = self._rows(sql.BACKLOG, pair=pair, kind=kind)
        sources: int = row["sources"]
        return sources

    def pending(self, pair: str, kinds: Iterable[str], until: datetime) -> int:
        """How many sources are in work, or can be without waiting for another source or for a time after `until`."""
        rows = [row for kind in kinds for row in self._rows(sql.PENDING, pair=pair, kind=kind, until=write_time(until))]
        return sum(row["sources"] for row in rows)

    def oldest_queued(self, pair: str, kind: str) -> datetime | None:
        """The source time of the oldest source that is queued or claimed."""
        (row,) = self._rows(sql.OLDEST_QUEUED, pair=pair, kind=kind)
        return maybe_time(row["at"])

    def parts(self, key: SourceKey) -> list[Part]:
        """What is to be written for a source, or was, in the order of sending."""
        return [read_part(row) for row in self._rows(sql.PARTS, **as_key(key))]

    def events(self, key: SourceKey) -> list[Event]:
        """The history of one source, oldest first."""
        return [
            Event(at=read_time(row["at"]), key=read_key(row), what=row["what"], detail=read_json(row["detail"]))
            for row in self._rows(sql.EVENTS, **as_key(key))
        ]

    def start_run(
        self, pair: str, workflow: str, facts: Mapping[str, Any] | None = None, *, started: datetime | None = None
    ) -> int:
        """A run begins, or began at `started`; returns its number."""
        begun = self._now() if started is None else write_time(started)
        (row,) = self._rows(
            sql.START_RUN, pair=pair, workflow=workflow, started=begun, facts=json.dumps(facts or {}, default=str)
        )
        number: int = row["id"]
        return number

    def end_run(self, run: int, facts: Mapping[str, Any]) -> None:
        """A run ended, with its counts (anything JSON has no word for becomes text)."""
        self._rows(sql.END_RUN, id=run, now=self._now(), facts=json.dumps(facts, default=str))

    def runs(self, pair: str, limit: int = 20) -> list[Run]:
        """The last runs, newest first."""
        return [read_run(row) for row in self._rows(sql.RUNS, pair=pair, limit=limit)]

    def open_runs(self, pair: str) -> list[Run]:
        """The runs that go on, or were cut off, oldest first."""
        return [read_run(row) for row in self._rows(sql.OPEN_RUNS, pair=pair)]

    def dead(self, body: bytes, *, why: str, workflow: str) -> None:
        """Keep bytes that are no message."""
        self._rows(sql.DEAD, body=body, why=why, workflow=workflow, now=self._now())

    def dead_letters(self) -> list[DeadLetter]:
        """All of them, oldest first."""
        return [
            DeadLetter(at=read_time(row["at"]), workflow=row["workflow"], body=row["body"], why=row["why"])
            for row in self._rows(sql.DEAD_LETTERS)
        ]
