"""Quotas shared by all processes: GCRA, one row a bucket, one statement a grant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar

from cartledger.ledger import statements as sql
from cartledger.ledger.engine import Engine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# A caller's "now" is as old as its wait for the file (at most 30 s), and the clocks of several hosts differ.
_CLOCKS_APART = 60_000_000


class Quota(Engine):
    """Grants calls. A bucket is named by what the other side counts (`qbo:<realm>:batch`).

    It has connections of its own to the ledger's file: a grant need not survive a power cut, so it waits for no disk.
    """

    synchronous: ClassVar[str] = "NORMAL"

    def __init__(self, ledger: Engine) -> None:
        super().__init__(ledger.path, ledger.clock)

    def take(self, bucket: str, *, per_second: float, burst: int) -> float:
        """0.0: granted. Else the seconds after which to ask again; nothing was taken.

        At most `burst` calls at once and `per_second` in the long run, over all processes on this ledger.
        """
        interval = round(1_000_000 / per_second)
        capacity = burst * interval
        now = _microseconds(self.clock())
        values = {"bucket": bucket, "now": now, "interval": interval, "capacity": capacity}
        values["impossible"] = now + capacity + _CLOCKS_APART
        if self._row(sql.TAKE, **values) is not None:
            return 0.0
        (row,) = self._rows(sql.BUCKET, bucket=bucket)
        free_at = max(row["full_at"] + interval - capacity, now + 1)
        return float(free_at - now) / 1_000_000


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
