"""Sources: remembered, handed over, put back (T0, T1, T8 and T9 of design §5)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain
from math import ceil
from sqlite3 import Row

from cartledger.ledger import statements as sql
from cartledger.ledger.claims import Claims
from cartledger.ledger.rows import as_key, codes, pack, read_key, read_problems, read_refund, read_time, write_time
from cartledger.ledger.types import Cursor, Read, ReadRefund, Remembered, Swept
from cartledger.records import SourceKey

PROBE_TIME = timedelta(seconds=160)
LOST_AFTER = timedelta(minutes=5)


class Sources(Claims):
    """The transitions of a source that no consumer holds."""

    def remember(
        self, pair: str, kind: str, reads: Iterable[Read], cursor: Cursor | None = None, *, stream: str = ""
    ) -> Remembered:
        """T0: a page of records and how far the stream is read, together. `cursor` None leaves the stream's cursor.

        A claimed source only notes the newer version; in any other state another version queues it. One that is held is
        queued by any later `modified`: what it is held for may be told elsewhere, such as by its transactions. A read
        whose `modified` is older than the one known is a stale page and changes nothing.
        """
        with self.transaction():
            seen = [self._remember(SourceKey(pair=pair, kind=kind, id=read.id), read) for read in reads]
            if cursor is not None:
                self.set_cursor(pair, stream, cursor)
        new, unchanged = seen.count(1), seen.count(0)
        return Remembered(new=new, changed=len(seen) - new - unchanged, unchanged=unchanged)

    def _remember(self, key: SourceKey, read: Read) -> int:
        """How many versions of the source were seen, or 0 where this read says nothing new."""
        known = self._row(sql.VERSION, **as_key(key))
        if known is not None and known["version"] == read.version and not read.look_again:
            return 0
        row = self._row(
            sql.REMEMBER,
            **as_key(key),
            version=read.version,
            record=pack(read.record),
            modified=write_time(read.modified),
            look_again=int(read.look_again),
            now=self._now(),
        )
        if row is None:
            return 0
        self._event(key, "read", version=read.version, **read.told)
        versions: int = row["versions"]
        return versions

    def remember_refunds(self, pair: str, reads: Iterable[ReadRefund], cursor: Cursor | None, *, stream: str) -> int:
        """A page of refunds and how far their stream is read, together. How many were new or changed: these are fresh
        until `refunds_taken`."""
        with self.transaction():
            rows = [
                self._row(
                    sql.REMEMBER_REFUND,
                    pair=pair,
                    id=read.id,
                    order_id=read.order_id,
                    version=read.version,
                    created=write_time(read.created),
                    content=pack(read.row),
                )
                for read in reads
            ]
            if cursor is not None:
                self.set_cursor(pair, stream, cursor)
        return sum(row is not None for row in rows)

    def refunds_of(self, pair: str, order_ids: Iterable[str]) -> dict[str, list[ReadRefund]]:
        """The refunds read of those orders that have any, by order."""
        found = {id_: self._rows(sql.REFUNDS_OF, pair=pair, order_id=id_) for id_ in set(order_ids)}
        return {id_: [read_refund(row) for row in rows] for id_, rows in found.items() if rows}

    def orders_with_fresh_refunds(self, pair: str) -> list[str]:
        """The orders that have to be remembered with refunds that they were not remembered with yet."""
        return [row["order_id"] for row in self._rows(sql.FRESH_REFUNDS, pair=pair)]

    def refunds_taken(self, pair: str, refunds: Iterable[ReadRefund]) -> None:
        """The orders of these are remembered with them. One that has changed meanwhile stays fresh."""
        with self.transaction():
            for refund in refunds:
                self._rows(sql.REFUND_TAKEN, pair=pair, id=refund.id, version=refund.version)

    def cursor(self, pair: str, stream: str) -> Cursor | None:
        """How far `stream` is read."""
        row = self._row(sql.CURSOR, pair=pair, stream=stream)
        if row is None:
            return None
        return Cursor(watermark=read_time(row["watermark"]), polled_at=read_time(row["polled_at"]))

    def set_cursor(self, pair: str, stream: str, cursor: Cursor) -> None:
        """Put the stream's cursor anywhere, back too."""
        with self.transaction():
            self._rows(
                sql.SET_CURSOR,
                pair=pair,
                stream=stream,
                watermark=write_time(cursor.watermark),
                polled_at=write_time(cursor.polled_at),
            )

    def known(self, pair: str, kind: str, ids: Iterable[str]) -> dict[str, str]:
        """The last version seen of each of `ids` that is known."""
        rows = ((id_, self._row(sql.VERSION, pair=pair, kind=kind, id=id_)) for id_ in ids)
        return {id_: row["version"] for id_, row in rows if row is not None}

    def due(
        self,
        pairs: Iterable[str],
        kinds: Collection[str],
        limit: int,
        *,
        side: str = "quickbooks",
        probe: timedelta = PROBE_TIME,
    ) -> list[SourceKey]:
        """Up to `limit` queued sources that are due, wait for nothing and are not handed over.

        Each pair has an equal share of them, its oldest first, and the pair with the fewest comes first: a shop that
        brings years of orders must not keep another one's waiting. While the pair's circuit to `side` is open: nothing
        before its `until`, then one source each `probe` (handed over or not) until it is closed or opened again.
        """
        if limit <= 0:
            return []
        now = self.clock()
        by_pair = [
            sorted(self._due(pair, kinds, limit, now, side, probe), key=lambda row: (row["modified"], row["id"]))
            for pair in pairs
        ]
        return [read_key(row) for row in _shared_out(by_pair, limit)]

    def _due(
        self, pair: str, kinds: Iterable[str], limit: int, now: datetime, side: str, probe: timedelta
    ) -> Iterable[Row]:
        if self._row(sql.CIRCUIT, pair=pair, side=side) is not None:
            return self._probe(pair, kinds, now, side, probe)
        values = {"pair": pair, "now": write_time(now), "limit": limit}
        return chain.from_iterable(self._rows(sql.DUE, kind=kind, **values) for kind in kinds)

    def _probe(self, pair: str, kinds: Iterable[str], now: datetime, side: str, probe: timedelta) -> list[Row]:
        times = {"now": write_time(now), "probe_until": write_time(now + probe)}
        with self.transaction():
            rows = [row for kind in kinds for row in self._rows(sql.PROBE, pair=pair, kind=kind, **times)]
            if rows and self._row(sql.TAKE_PROBE, pair=pair, side=side, **times) is not None:
                return [min(rows, key=lambda row: (row["modified"], row["id"]))]
        return []

    def handed_over(self, keys: Iterable[SourceKey], *, asked: datetime) -> None:
        """T1: the broker has confirmed the messages of these, which `due` gave at `asked` or later.

        One that a consumer has taken and given back since then is not marked: its message is used up.
        """
        with self.transaction():
            for key in sorted(keys):
                self._rows(sql.HANDED_OVER, **as_key(key), now=self._now(), asked=write_time(asked))

    def retry(self, pair: str, *, keys: Iterable[SourceKey] | None = None, code: str | None = None) -> int:
        """T8: held -> queued: these keys, those with a problem of this code, or all. Returns how many."""
        wanted = None if keys is None else set(keys)
        with self.transaction():
            held = [
                read_key(row)
                for row in self._rows(sql.HELD, pair=pair)
                if code is None or code in codes(read_problems(row["problems"]))
            ]
            chosen = sorted(key for key in held if wanted is None or key in wanted)
            for key in chosen:
                self._rows(sql.RETRY, **as_key(key), now=self._now())
                self._event(key, "retried")
        return len(chosen)

    def ignore(self, keys: Iterable[SourceKey], why: str) -> int:
        """T8: held -> excluded by the rule `ignored: <why>`, which changed rules do not undo. Returns how many."""
        rule = f"ignored: {why}"
        ignored = 0
        with self.transaction():
            for key in sorted(set(keys)):
                if self._row(sql.IGNORE, **as_key(key), rule=rule) is not None:
                    self._event(key, "ignored", rule=rule)
                    self._wake_waiters(key)
                    ignored += 1
        return ignored

    def wake(self, pair: str, kind: str, rules_fingerprint: str) -> int:
        """Held and excluded sources that were decided under other rules -> queued. Returns how many."""
        with self.transaction():
            values = {"pair": pair, "kind": kind, "fingerprint": rules_fingerprint, "now": self._now()}
            return self._tell(self._rows(sql.WAKE, **values), "queued", why="the rules have changed")

    def hasten(self, pair: str) -> None:
        """A person asked for it now: queued sources wait for no time (those in doubt are put back), and a side that
        did not answer is tried at once."""
        with self.transaction():
            self._rows(sql.HASTEN, pair=pair, now=self._now())
            self._rows(sql.TRY_NOW, pair=pair, now=self._now())

    def seen_empty(self, kinds: Iterable[str], at: datetime) -> None:
        """The queue that carries `kinds` was empty at `at`."""
        times = {"empty_at": write_time(at), "lost_before": write_time(at - LOST_AFTER)}
        with self.transaction():
            for kind in kinds:
                self._rows(sql.SEEN_EMPTY, kind=kind, **times)

    def owners(self) -> set[str]:
        """Whoever holds a claim or a lease, ended ones included."""
        return {row["owner"] for row in self._rows(sql.OWNERS)}

    def sweep(self, gone: Iterable[str] = ()) -> Swept:
        """T9: dead leases -> queued; sources whose message must be lost -> to be handed over again.

        What the owners in `gone` hold is free at once: their processes have ended.
        """
        with self.transaction():
            dead = self._tell(self._rows(sql.DEAD_LEASES, now=self._now()), "lease ended")
            dead += sum(self._free(owner) for owner in sorted(gone))
            lost = self._tell(self._rows(sql.LOST), "message lost")
        return Swept(dead_leases=dead, lost=lost)

    def _free(self, owner: str) -> int:
        self._rows(sql.GONE_LEASES, owner=owner)
        return self._tell(self._rows(sql.GONE_CLAIMS, owner=owner, now=self._now()), "owner gone")

    def forget_handed_over(self, kinds: Iterable[str]) -> None:
        """All messages are gone (`memory://` and a new process): everything queued is to be handed over again."""
        with self.transaction():
            for kind in kinds:
                self._rows(sql.FORGET_HANDED_OVER, kind=kind)

    def _tell(self, rows: list[Row], what: str, **detail: str) -> int:
        for row in rows:
            self._event(read_key(row), what, **detail)
        return len(rows)


def _shared_out(groups: Iterable[Sequence[Row]], limit: int) -> list[Row]:
    """Equal shares of the groups; what the small ones leave over goes to the larger ones."""
    fewest_first = sorted(groups, key=len)
    shared: list[Row] = []
    for left, rows in zip(range(len(fewest_first), 0, -1), fewest_first, strict=True):
        shared += rows[: ceil((limit - len(shared)) / left)]
    return shared
