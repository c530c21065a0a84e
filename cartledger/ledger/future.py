"""What stands in the ledger for a time that is yet to come, though it was written: the clock was set back since.

A machine may run for hours on a wrong clock before it is told the time. What was put off then, and who held what, would
else wait until the clock has caught up, for days or years and without a word.
"""

from __future__ import annotations

from datetime import timedelta

from cartledger.ledger.engine import Engine
from cartledger.ledger.rows import write_time

SOON = timedelta(minutes=1)
"""Further ahead than two processes, or two threads, may read one clock."""

LONGEST_LEASE = timedelta(hours=1)
"""Longer than anybody takes a lease, and as long as a side is left alone at most."""

LONGEST_PUT_OFF = timedelta(hours=3)
"""Longer than a mail waits for its next try."""

_STATEMENTS = (
    """
    UPDATE source SET queued_at = :now, not_before = NULL, published_at = NULL
    WHERE state = 'queued' AND queued_at > :soon
    """,
    "UPDATE source SET lease_until = :now WHERE state = 'claimed' AND lease_until > :longest",
    "DELETE FROM lease WHERE lease_until > :longest",
    # Nobody knows how much of the time that a document may be on its way has gone by: it begins anew.
    "UPDATE document SET sent_at = :now WHERE stage = 'sending' AND sent_at > :soon",
    "UPDATE circuit SET since = :now, until = :now WHERE since > :soon",
    # One that stood before: the other side may have asked for it, but for no year.
    "UPDATE circuit SET until = :longest WHERE until > :longest",
    "UPDATE circuit SET probe_until = NULL WHERE probe_until > :longest",
    "DELETE FROM queue WHERE empty_at > :soon",
    "UPDATE reference SET fetched_at = :now WHERE fetched_at > :soon",
    "UPDATE mail SET not_before = :now WHERE not_before > :put_off AND sent_at IS NULL",
    "UPDATE process SET started = :now WHERE started > :soon",
    "UPDATE process SET seen_at = :now WHERE seen_at > :soon",
    "UPDATE switch SET turned_at = :now WHERE turned_at > :soon",
)


class Future(Engine):
    """One transition, for whoever looks after the ledger."""

    def forget_the_future(self) -> None:
        """Whatever was written at a time that is yet to come counts as written now."""
        now = self.clock()
        times = {"now": now, "soon": now + SOON, "longest": now + LONGEST_LEASE, "put_off": now + LONGEST_PUT_OFF}
        with self.transaction():
            for statement in _STATEMENTS:
                used = {name: write_time(at) for name, at in times.items() if f":{name}" in statement}
                self._rows(statement, **used)
