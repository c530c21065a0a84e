from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Claim, Made, NewPart, Read, Sending, Sent
from cartledger.records import SourceKey

PAIR = "abc123:9130"
LEASE = timedelta(seconds=60)
IN_FLIGHT = timedelta(seconds=130)


class Clock:
    """The time of a test: stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def step(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


class Shop:
    """Short words for what most tests need: orders read, claimed, planned and sent in one line each."""

    pair = PAIR
    in_flight = IN_FLIGHT

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self.ledger = ledger
        self.clock = clock

    def key(self, id_: str = "1", kind: str = "order") -> SourceKey:
        return SourceKey(pair=PAIR, kind=kind, id=id_)

    def read(self, id_: str = "1", version: str = "v1", *, kind: str = "order", **more: Any) -> SourceKey:
        read = Read(id=id_, version=version, record=f'{{"v":"{version}"}}'.encode(), modified=self.clock.now, **more)
        self.ledger.remember(PAIR, kind, [read])
        return self.key(id_, kind)

    def claimed(self, key: SourceKey, owner: str = "a") -> Claim:
        (claim,) = self.ledger.claim([key], owner, LEASE)
        return claim

    def part(self, name: str = "invoice", order: int = 0, **more: Any) -> NewPart:
        facts = {"entity": "Invoice", "body": {"Total": Decimal("7.10")}, "number": "BC-1", "hash": f"{name}-hash"}
        facts |= {"marker": f"cartledger:abc123:order:1:{name}", "amount": Decimal("7.10")} | more
        return NewPart(name=name, order=order, **facts)

    def planned(self, *parts: NewPart, id_: str = "1", version: str = "v1") -> Claim:
        claim = self.ledger.plan(self.claimed(self.read(id_, version)), parts or [self.part()], "rules-1")
        assert claim is not None
        return claim

    def send(self, claim: Claim, *names: str, request_id: str = "request-1", **more: Any) -> list[Sent]:
        wanted = names or [part.name for part in claim.parts]
        bids = range(1, len(wanted) + 1)
        items = [
            Sending(claim=claim, part=n, bid=f"{claim.key.id}-{b}", sent=n.encode())
            for n, b in zip(wanted, bids, strict=True)
        ]
        return self.ledger.send(items, request_id=request_id, in_flight=IN_FLIGHT, **more)

    def made(self, target_id: str = "900") -> Made:
        return Made(target_id=target_id, sync_token="0", number="BC-1", amount=Decimal("7.10"), currency="USD")

    def whats(self, key: SourceKey) -> list[str]:
        return [event.what for event in self.ledger.events(key)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    ledger = Ledger.open(tmp_path / "ledger.db", clock=clock)
    yield ledger
    ledger.close()


@pytest.fixture
def shop(ledger: Ledger, clock: Clock) -> Shop:
    """A pair that is enabled."""
    ledger.switch(PAIR, enabled=True, who="owner")
    return Shop(ledger, clock)
