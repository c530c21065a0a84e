"""Quotas shared by all processes: GCRA, one row a bucket, one statement a grant."""

from __future__ import annotations

from datetime import datetime

from cartledger.ledger.store import Ledger


class Quota:
    """Grants calls. A bucket is named by what the other side counts (`qbo:<realm>:batch`)."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def take(self, bucket: str, *, per_second: float, burst: int) -> float:
        """0.0: granted. Else the seconds after which to ask again; nothing was taken."""
        raise NotImplementedError

    def penalise(self, bucket: str, until: datetime) -> None:
        """The other side said 429: nothing is granted before `until`."""
        raise NotImplementedError
