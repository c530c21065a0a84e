"""What happened within a time, and what the orders of a day came to: for reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from cartledger.ledger import history_statements as sql
from cartledger.ledger.engine import Engine
from cartledger.ledger.rows import maybe_time, read_key, read_time, write_time
from cartledger.ledger.types import Event, Placed, State
from cartledger.money import read_json

SLACK = timedelta(minutes=1)
"""Events of several processes are numbered as they are written, which is not quite as they are timed."""


class History(Engine):
    """Questions over many sources."""

    def happened(self, pair: str, since: datetime, until: datetime) -> list[Event]:
        """What was read, answered, settled and written to the shop from `since` until just before `until`, in order."""
        first = self._first_at(since - SLACK)
        times = {"since": write_time(since), "until": write_time(until)}
        return [
            Event(at=read_time(row["at"]), key=read_key(row), what=row["what"], detail=read_json(row["detail"]))
            for row in self._rows(sql.HAPPENED, pair=pair, first=first, **times)
        ]

    def _first_at(self, at: datetime) -> int:
        """The number of the first event at `at` or later."""
        (ends,) = self._rows(sql.ENDS)
        low, high = ends["first"] or 0, (ends["last"] or 0) + 1
        while low < high:
            middle = (low + high) // 2
            row = self._row(sql.NEXT, seq=middle)
            if row is None or read_time(row["at"]) >= at:
                high = middle
            else:
                low = row["seq"] + 1
        return low

    def orders_placed(self, pair: str, since: datetime, until: datetime) -> list[Placed]:
        """The orders that were placed from `since` until just before `until`, in order."""
        times = {"since": write_time(since), "until": write_time(until)}
        return [
            Placed(id=row["id"], at=read_time(row["created"]), state=State(row["state"]))
            for row in self._rows(sql.PLACED, pair=pair, **times)
        ]

    def placed_at(self, pair: str, ids: Iterable[str]) -> dict[str, datetime]:
        """When those of the orders were placed of which that is known, by id."""
        rows = {id_: self._row(sql.PLACED_AT, pair=pair, id=id_) for id_ in ids}
        times = {id_: maybe_time(row["created"]) for id_, row in rows.items() if row is not None}
        return {id_: at for id_, at in times.items() if at is not None}

    def told(self, pair: str, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """What the shop last said that each of the orders comes to (`mapping.worth`), by id; nothing of those that were
        read by a version that did not remember it."""
        found = {}
        for id_ in ids:
            details = (read_json(row["detail"]) for row in self._rows(sql.TOLD, pair=pair, id=id_))
            if told := next((detail for detail in details if "total" in detail), None):
                found[id_] = told
        return found

    def in_doubt(self, pair: str) -> int:
        """How many documents were sent whose answer is not known."""
        (row,) = self._rows(sql.IN_DOUBT, pair=pair)
        documents: int = row["documents"]
        return documents
