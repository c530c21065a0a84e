"""Which processes run on this ledger, and which ended without a word."""

from __future__ import annotations

from datetime import datetime

from cartledger.ledger import watching_statements as sql
from cartledger.ledger.engine import Engine
from cartledger.ledger.rows import maybe_time, read_time, write_time
from cartledger.ledger.types import Process


class Processes(Engine):
    """One row a process, from its start on."""

    def process_started(self, owner: str, role: str, instance: int) -> None:
        """`role` is run, produce, consume or sync; `instance` tells those of a role apart."""
        self._rows(sql.PROCESS_STARTED, owner=owner, role=role, instance=instance, now=self._now())

    def process_seen(self, owner: str) -> None:
        """It still runs."""
        self._rows(sql.PROCESS_SEEN, owner=owner, now=self._now())

    def process_ended(self, owner: str) -> None:
        """It ended as it should."""
        self._rows(sql.PROCESS_ENDED, owner=owner, now=self._now())

    def processes(self, since: datetime) -> list[Process]:
        """Those that run, those that ended without a word, those that ended properly after `since`, and in any case the
        last one of each role and instance; by start."""
        return [
            Process(
                owner=row["owner"],
                role=row["role"],
                instance=row["instance"],
                started=read_time(row["started"]),
                seen_at=read_time(row["seen_at"]),
                ended=maybe_time(row["ended"]),
            )
            for row in self._rows(sql.PROCESSES, since=write_time(since))
        ]
