"""What came of one source: a closed set. Only `worker` acks, and it acks every one of them.

`Done` all parts stand in QuickBooks · `Unchanged` they stood there already · `Held` its reasons wait for a person ·
`Excluded` a rule leaves it out · `Later` it stays queued in the ledger until a time, or until another source is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mapping.decision import Excluded, Held


@dataclass(frozen=True, kw_only=True)
class Done:
    """All parts of the source stand in QuickBooks."""


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """What would be written stands there already."""


@dataclass(frozen=True, kw_only=True)
class Later:
    """Nothing is wrong with the source; `why` says what it waits for."""

    until: datetime
    why: str


Outcome = Done | Unchanged | Held | Excluded | Later

__all__ = ["Done", "Excluded", "Held", "Later", "Outcome", "Unchanged"]
