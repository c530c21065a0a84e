"""Metered reads against what Intuit grants: it counts by app, whichever companies they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from cartledger.ledger.reads import month_of
from cartledger.settings import Connection

ONE_DAY = timedelta(days=1)


class Counted(Protocol):
    """Where reads were counted."""

    def reads_of(self, realm: str, month: str) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Use:
    """What one app read in this calendar month (UTC), and may read. `connections` are those that use it; two of one
    company count once."""

    connections: tuple[str, ...]
    reads: int
    forecast: int
    budget: int


def uses(connections: Mapping[str, Connection], ledger: Counted, now: datetime) -> list[Use]:
    """Of each app of `connections` (by name), in their order."""
    apps: dict[str, list[str]] = {}
    for name, connection in connections.items():
        apps.setdefault(connection.quickbooks.client_id, []).append(name)
    return [_use({name: connections[name] for name in names}, ledger, now) for names in apps.values()]


def _use(connections: Mapping[str, Connection], ledger: Counted, now: datetime) -> Use:
    realms = {connection.quickbooks.realm_id for connection in connections.values()}
    reads = sum(ledger.reads_of(realm, month_of(now)) for realm in realms)
    return Use(
        connections=tuple(connections),
        reads=reads,
        forecast=forecast(reads, now),
        budget=min(connection.quickbooks.monthly_reads for connection in connections.values()),
    )


def forecast(reads: int, now: datetime) -> int:
    """What `reads` so far will be by the end of the month. At least one day is taken to have gone by: a first reading
    of everything is no pace."""
    began = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    ends = (began + timedelta(days=31)).replace(day=1)
    return round(reads * ((ends - began) / max(now - began, ONE_DAY)))
