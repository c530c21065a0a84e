"""What the ledger forgets after a while: histories.

Never what decides: sources, documents, links, cursors, tokens, what waits, and of what people decided about stock the
last word.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cartledger.ledger.engine import Engine
from cartledger.ledger.rows import write_time

CHUNK = 500
"""Rows that go in one transaction, so that whoever writes waits for some milliseconds only."""
CHUNKS_AT_ONCE = 20

# Events are not indexed by time, but nearly in its order: this finds out where to stop without looking at all of them.
_FIRST_YOUNG = "SELECT seq FROM event WHERE at BETWEEN :before AND :now ORDER BY seq LIMIT 1"

_OLD_PROPOSALS = """
SELECT id FROM stock_proposal
WHERE state <> 'waiting' AND settled_at < :before
  AND id NOT IN (SELECT max(id) FROM stock_proposal GROUP BY pair)
  AND id NOT IN (SELECT max(id) FROM stock_proposal WHERE state = 'approved' GROUP BY pair)
"""
_STATEMENTS: Mapping[str, str] = {
    "event": """
        DELETE FROM event WHERE seq IN (
          SELECT seq FROM event WHERE seq < :young AND at < :before ORDER BY seq LIMIT :chunk)
        RETURNING seq
        """,
    "run": """
        DELETE FROM run WHERE id IN (
          SELECT id FROM run WHERE started < :before AND id NOT IN (SELECT max(id) FROM run GROUP BY pair) LIMIT :chunk)
        RETURNING id
        """,
    "mail": """
        DELETE FROM mail WHERE id IN (
          SELECT id FROM mail WHERE made_at < :before AND length(content) = 0 LIMIT :chunk)
        RETURNING id
        """,
    "process": """
        DELETE FROM process WHERE owner IN (SELECT owner FROM process WHERE seen_at < :before LIMIT :chunk)
        RETURNING owner
        """,
    "lease": """
        DELETE FROM lease WHERE name IN (SELECT name FROM lease WHERE lease_until < :before LIMIT :chunk)
        RETURNING name
        """,
    "dead": "DELETE FROM dead WHERE id IN (SELECT id FROM dead WHERE at < :before LIMIT :chunk) RETURNING id",
    "stock_change": f"""
        DELETE FROM stock_change WHERE (proposal, position) IN (
          SELECT proposal, position FROM stock_change WHERE proposal IN ({_OLD_PROPOSALS}) LIMIT :chunk)
        RETURNING proposal
        """,  # noqa: S608 - our own words
    "stock_proposal": f"""
        DELETE FROM stock_proposal WHERE id IN ({_OLD_PROPOSALS} LIMIT :chunk)
          AND id NOT IN (SELECT proposal FROM stock_change)
        RETURNING id
        """,  # noqa: S608 - our own words
}
HISTORY = tuple(_STATEMENTS)
"""The tables of which rows are forgotten."""


class Retention(Engine):
    """Forgets, in small transactions. What is freed is filled again, so that the file stops growing."""

    def forget_history(self, before: datetime) -> dict[str, int]:
        """Forget what is older than `before`, by table how many rows; called again for what is left where that is much.

        Times that lie ahead (the clock was set back) are not old.
        """
        gone = dict.fromkeys(HISTORY, 0)
        values = {"before": write_time(before), "chunk": CHUNK}
        young = self._row(_FIRST_YOUNG, before=values["before"], now=self._now())
        values["young"] = young["seq"] if young else 0
        left = CHUNKS_AT_ONCE
        for name, statement in _STATEMENTS.items():
            while left:
                forgotten = len(self._rows(statement, **values))
                gone[name] += forgotten
                if forgotten < CHUNK:
                    break
                left -= 1
        return gone
