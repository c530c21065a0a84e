"""What several processes do at once to one ledger: says `ready`, waits for a line, does it, prints what came of it."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cartledger.ledger.quota import Quota
from cartledger.ledger.store import Ledger
from cartledger.records import SourceKey


def now() -> datetime:
    return datetime.now(UTC)


def opened(path: Path) -> list[str]:
    ledger = Ledger.open(path, clock=now)
    ledger.switch("abc123:9130", enabled=True, who="owner")
    return [str(ledger.is_enabled("abc123:9130"))]


def claimed(path: Path) -> list[str]:
    ledger = Ledger.open(path, clock=now)
    keys = [SourceKey(pair="abc123:9130", kind="order", id=str(n)) for n in range(300)]
    won = []
    for start in range(0, len(keys), 30):
        won += ledger.claim(keys[start : start + 30], "somebody", timedelta(minutes=5))
    return [claim.key.id for claim in won]


def granted(path: Path) -> list[str]:
    quota = Quota(Ledger.open(path, clock=now))
    return [str(n) for n in range(50) if quota.take("qbo:9130", per_second=0.001, burst=20) == 0.0]


def counted(path: Path) -> list[str]:
    ledger = Ledger.open(path, clock=lambda: datetime(2026, 3, 2, tzinfo=UTC))
    for _ in range(100):
        ledger.count_reads("9130")
    return []


if __name__ == "__main__":
    act = {"open": opened, "claim": claimed, "take": granted, "count": counted}[sys.argv[1]]
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(act(Path(sys.argv[2]))))
