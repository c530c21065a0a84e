"""Sources: remembered, handed over, claimed, settled, put back (T0 to T3, T8, T9 of design §5)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from cartledger.errors import Problem
from cartledger.ledger.engine import Engine
from cartledger.ledger.types import Claim, Cursor, Read, Remembered, Swept
from cartledger.records import SourceKey

PROBE_TIME = timedelta(seconds=160)


class Sources(Engine):
    """The transitions of a source."""

    def remember(
        self, pair: str, kind: str, reads: Iterable[Read], cursor: Cursor | None = None, *, stream: str = ""
    ) -> Remembered:
        """T0: a page of records and how far the stream is read, together. `cursor` None leaves the stream's cursor.

        A claimed source only notes the newer version; in any other state another version queues it. A read whose
        `modified` is older than the one known is a stale page and changes nothing.
        """
        raise NotImplementedError

    def cursor(self, pair: str, stream: str) -> Cursor | None:
        """How far `stream` is read."""
        raise NotImplementedError

    def set_cursor(self, pair: str, stream: str, cursor: Cursor) -> None:
        """Put the stream's cursor anywhere, back too."""
        raise NotImplementedError

    def known(self, pair: str, kind: str, ids: Iterable[str]) -> dict[str, str]:
        """The last version seen of each of `ids` that is known."""
        raise NotImplementedError

    def due(
        self,
        pairs: Iterable[str],
        kinds: Collection[str],
        limit: int,
        *,
        side: str = "quickbooks",
        probe: timedelta = PROBE_TIME,
    ) -> list[SourceKey]:
        """Up to `limit` queued sources that are due, wait for nothing and are not handed over; oldest first.

        While the pair's circuit to `side` is open: nothing before its `until`, then one source each `probe` (handed
        over or not) until the circuit is closed or opened again.
        """
        raise NotImplementedError

    def handed_over(self, keys: Iterable[SourceKey]) -> None:
        """T1: the broker has confirmed the messages of these."""
        raise NotImplementedError

    def next_due(self, pairs: Iterable[str], *, side: str = "quickbooks") -> datetime | None:
        """When something next needs attention: a source due, a lease ending, a circuit to be tried. Now or earlier: go."""
        raise NotImplementedError

    def claim(self, keys: Iterable[SourceKey], owner: str, lease: timedelta) -> list[Claim]:
        """T2: take those of `keys` that are queued and due, or whose lease is dead. The others are somebody else's."""
        raise NotImplementedError

    def renew(self, claims: Iterable[Claim], lease: timedelta) -> list[Claim]:
        """Those of `claims` that are still ours, their leases prolonged (never shortened)."""
        raise NotImplementedError

    def refresh(self, claim: Claim) -> Claim | None:
        """The claim with its parts as they stand now; None when it is not ours any more."""
        raise NotImplementedError

    def hold(self, claim: Claim, problems: Sequence[Problem], fingerprint: str) -> bool:
        """T3: cannot be posted as it is. Queued instead where a newer version can be decided. False: not ours."""
        raise NotImplementedError

    def exclude(self, claim: Claim, rule: str, fingerprint: str) -> bool:
        """T3: a rule leaves it out; the record is kept for changed rules. False: not ours."""
        raise NotImplementedError

    def unchanged(self, claim: Claim, fingerprint: str) -> bool:
        """T3: what stands in QuickBooks is right for this version: posted, nothing sent. False: not ours."""
        raise NotImplementedError

    def later(
        self,
        claim: Claim,
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
        raise NotImplementedError

    def release(self, claims: Iterable[Claim]) -> None:
        """Back to queued, untouched, those that are ours and have no part sending (the others keep their lease)."""
        raise NotImplementedError

    def retry(self, pair: str, *, keys: Iterable[SourceKey] | None = None, code: str | None = None) -> int:
        """T8: held -> queued: these keys, those with a problem of this code, or all. Returns how many."""
        raise NotImplementedError

    def ignore(self, keys: Iterable[SourceKey], why: str) -> int:
        """T8: held -> excluded by the rule `ignored: <why>`, which changed rules do not undo. Returns how many."""
        raise NotImplementedError

    def wake(self, pair: str, kind: str, rules_fingerprint: str) -> int:
        """Held and excluded sources that were decided under other rules -> queued. Returns how many."""
        raise NotImplementedError

    def seen_empty(self, kinds: Iterable[str], at: datetime) -> None:
        """The queue that carries `kinds` was empty at `at`."""
        raise NotImplementedError

    def sweep(self) -> Swept:
        """T9: dead leases -> queued; sources whose message must be lost -> to be handed over again."""
        raise NotImplementedError

    def forget_handed_over(self, kinds: Iterable[str]) -> None:
        """All messages are gone (`memory://` and a new process): everything queued is to be handed over again."""
        raise NotImplementedError
