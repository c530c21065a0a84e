"""Mails that are to be sent, and when which of them was made."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from cartledger.ledger import mail_statements as sql
from cartledger.ledger.engine import Engine
from cartledger.ledger.rows import pack, read_time, unpack, write_time
from cartledger.ledger.types import Mail

MOST_AT_ONCE = 20


class Mails(Engine):
    """An outbox: what is put in is sent by whoever looks after it, whatever happens to the server meanwhile."""

    def queue_mail(self, pair: str, kind: str, content: bytes) -> int:
        """Have a mail sent. `kind` says what it is (`report`, `alert` …), `content` is the whole message.

        Returns its number.
        """
        (row,) = self._rows(sql.QUEUE, pair=pair, kind=kind, content=pack(content), now=self._now())
        number: int = row["id"]
        return number

    def mails_due(self, now: datetime) -> list[Mail]:
        """Some of those that are to be sent now, the oldest first."""
        return [_read(row) for row in self._rows(sql.DUE, now=write_time(now), limit=MOST_AT_ONCE)]

    def mails_waiting(self) -> list[Mail]:
        """All that were not sent yet, the oldest first."""
        return [_read(row) for row in self._rows(sql.WAITING)]

    def mail_sent(self, number: int) -> None:
        """The server took it; its text is dropped."""
        self._rows(sql.SENT, id=number, now=self._now(), nothing=b"")

    def mail_failed(self, number: int, *, not_before: datetime, why: str) -> None:
        """It is to be tried again, not before then."""
        self._rows(sql.FAILED, id=number, not_before=write_time(not_before), why=why)

    def mail_given_up(self, number: int) -> None:
        """It waited for too long to be worth sending; its text is dropped."""
        self._rows(sql.GIVEN_UP, id=number, nothing=b"")


def _read(row: sqlite3.Row) -> Mail:
    return Mail(
        id=row["id"],
        pair=row["pair"],
        kind=row["kind"],
        made_at=read_time(row["made_at"]),
        content=unpack(row["content"]),
        attempts=row["attempts"],
        not_before=read_time(row["not_before"]),
        why=row["why"],
    )
