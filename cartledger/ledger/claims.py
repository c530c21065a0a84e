"""Claims: a source taken by one consumer, and how it is given back (T2 and T3 of design §5)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from cartledger.errors import Problem
from cartledger.ledger import statements as sql
from cartledger.ledger import stock_statements as stock_sql
from cartledger.ledger.engine import Engine
from cartledger.ledger.rows import (
    as_key,
    codes,
    read_claim,
    read_key,
    read_part,
    read_units,
    waiting_for,
    write_problems,
    write_time,
    write_units,
)
from cartledger.ledger.types import Claim, Sent, State
from cartledger.records import SourceKey


class Claims(Engine):
    """The transitions of a claimed source. All of them compare the claim's fence: a late owner changes nothing."""

    def claim(self, keys: Iterable[SourceKey], owner: str, lease: timedelta) -> list[Claim]:
        """T2: take those of `keys` that are queued and due, or whose lease is dead. The others are somebody else's."""
        now = self.clock()
        times = {"now": write_time(now), "lease_until": write_time(now + lease)}
        with self.transaction():
            rows = [self._row(sql.CLAIM, **as_key(key), owner=owner, **times) for key in sorted(set(keys))]
            claims = [self._read_claim(row) for row in rows if row is not None]
            for claim in claims:
                self._event(claim.key, "claimed", fence=claim.fence, claims=claim.claims, version=claim.version)
        return claims

    def renew(self, claims: Iterable[Claim], lease: timedelta) -> list[Claim]:
        """Those of `claims` that are still ours, their leases prolonged (never shortened)."""
        until = write_time(self.clock() + lease)
        with self.transaction():
            return [claim for claim in _in_order(claims) if self._ours(sql.RENEW, claim, lease_until=until)]

    def refresh(self, claim: Claim) -> Claim | None:
        """The claim as it stands now, of the newest version if it can still be decided; None: not ours any more."""
        with self.transaction():
            row = self._row(sql.CLAIMED, **as_key(claim.key), fence=claim.fence)
            return None if row is None else self._read_claim(row)

    def hold(self, claim: Claim | Sent, problems: Sequence[Problem], fingerprint: str) -> bool:
        """T3: cannot be posted as it is. Queued instead where a newer version can be decided. False: not ours.

        `fingerprint` says under which rules it was decided, so that changed ones put it back (`wake`).
        """
        with self.transaction():
            values = {"problems": write_problems(problems), "fingerprint": fingerprint}
            return self._decided(sql.HOLD, claim, State.HELD, {"codes": codes(problems)}, values)

    def exclude(self, claim: Claim, rule: str, fingerprint: str) -> bool:
        """T3: a rule leaves it out; the record is kept for changed rules. False: not ours.

        Raises AssertionError while a part is sending.
        """
        with self.transaction():
            self._assert_not_sending(claim)
            values = {"rule": rule, "fingerprint": fingerprint}
            return self._decided(sql.EXCLUDE, claim, State.EXCLUDED, {"rule": rule}, values)

    def unchanged(self, claim: Claim, fingerprint: str) -> bool:
        """T3: what stands in QuickBooks is right for this version: posted, nothing sent. False: not ours.

        Raises AssertionError while a part is sending.
        """
        with self.transaction():
            self._assert_not_sending(claim)
            values = {"fingerprint": fingerprint}
            is_ours = self._decided(sql.UNCHANGED, claim, State.POSTED, {"unchanged": True}, values)
            if is_ours:
                self._booked(claim.key, claim.version)
            return is_ours

    def later(
        self,
        claim: Claim | Sent,
        until: datetime,
        why: str,
        *,
        spend_attempt: bool = False,
        waits_for: SourceKey | None = None,
    ) -> bool:
        """T3: back to queued, due at `until`, or once `waits_for` is settled (posted, held or excluded).

        A `waits_for` that is settled already, or that the ledger does not know, is nothing to wait for: due at `until`.
        `why` is shown to people and kept in the history: no personal data. False: not ours.
        """
        with self.transaction():
            waits = waits_for is not None and self._row(sql.IS_OPEN, **as_key(waits_for)) is not None
            values = {
                "now": self._now(),
                "why": why,
                "not_before": None if waits else write_time(until),
                "waits_for": waiting_for(waits_for) if waits and waits_for else None,
                "spent": int(spend_attempt),
            }
            before = self._row(sql.STANDING, **as_key(claim.key))
            if not self._ours(sql.LATER, claim, **values):
                return False
            told = {"waits_for": values["waits_for"]} if waits else {"until": values["not_before"]}
            # A try that ended as the one before it leaves nothing: an outage of hours would fill the ledger.
            if before is None or before["why"] != why or not self._rows(sql.FORGET_CLAIM, **as_key(claim.key)):
                self._event(claim.key, "later", why=why, **told)
            return True

    def release(self, claims: Iterable[Claim]) -> None:
        """Back to queued, untouched, those that are ours and have no part sending (the others keep their lease)."""
        with self.transaction():
            for claim in _in_order(claims):
                if self._ours(sql.RELEASE, claim, now=self._now()):
                    self._event(claim.key, "released")

    def _decided(
        self, statement: str, claim: Claim | Sent, wanted: State, detail: dict[str, Any], values: dict[str, str]
    ) -> bool:
        values |= {"version": claim.version, "now": self._now()}
        row = self._row(statement, **as_key(claim.key), fence=claim.fence, **values)
        if row is None:
            return False
        self._settled(claim.key, wanted, State(row["state"]), {"version": claim.version, **detail})
        return True

    def _settled(self, key: SourceKey, wanted: State, became: State, detail: dict[str, Any]) -> None:
        self._event(key, wanted, **detail)
        if became is State.QUEUED:
            self._event(key, "queued", why="a newer version was seen")
        if became is not State.QUEUED or wanted is State.POSTED:
            self._wake_waiters(key)

    def _booked(self, key: SourceKey, version: str, *, held: bool = False) -> None:
        """`version` of an order stands in QuickBooks, its units too; `held` for something of it that does not."""
        if key.kind == "order":
            values = {"pair": key.pair, "order_id": key.id, "version": version, "held": int(held)}
            self._rows(stock_sql.BOOK, **values, now=self._now())

    def _not_sure_any_more(self, key: SourceKey, version: str) -> None:
        """`version` of an order is on its way: until it stands, only units that QuickBooks held before and will hold
        then, too, are sure to be booked."""
        row = self._row(stock_sql.ALLOCATION, pair=key.pair, order_id=key.id) if key.kind == "order" else None
        if row is None or row["booked"] is None:
            return
        booked = read_units(row["booked"])
        then = read_units(row["claimed"]) if row["claimed_version"] == version else {}
        both = {unit: min(units, then[unit]) for unit, units in booked.items() if unit in then}
        if both != booked:
            self._rows(stock_sql.LOWER_BOOKED, pair=key.pair, order_id=key.id, booked=write_units(both))

    def _wake_waiters(self, key: SourceKey) -> None:
        for row in self._rows(sql.WAKE_WAITERS, pair=key.pair, waits_for=waiting_for(key), now=self._now()):
            self._event(read_key(row), "woken", by=waiting_for(key))

    def _assert_not_sending(self, claim: Claim) -> None:
        """A caller that still holds the claim must have looked up first what is on its way."""
        sending = self._ours(sql.IS_SENDING, claim)
        assert not sending, f"{claim.key} has parts on their way: they are looked up first"  # noqa: S101 - the caller's bug

    def _ours(self, statement: str, claim: Claim | Sent, **values: Any) -> bool:
        return self._row(statement, **as_key(claim.key), fence=claim.fence, **values) is not None

    def _read_claim(self, row: sqlite3.Row) -> Claim:
        claim = read_claim(row, [read_part(part) for part in self._rows(sql.PARTS, **as_key(read_key(row)))])
        if claim.key.kind == "order":
            self._rows(stock_sql.CLAIM_UNITS, pair=claim.key.pair, order_id=claim.key.id, version=claim.version)
        return claim


def _in_order(claims: Iterable[Claim]) -> list[Claim]:
    return sorted(claims, key=lambda claim: claim.key)
