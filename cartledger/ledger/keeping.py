"""What is kept beside the sources: leases, links, switches, circuits, tokens, references."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from cartledger.ledger import statements as sql
from cartledger.ledger.engine import Engine
from cartledger.ledger.rows import (
    as_key,
    maybe_time,
    maybe_write_time,
    pack,
    read_circuit,
    read_key,
    read_link,
    read_time,
    unpack,
    write_time,
)
from cartledger.ledger.types import Circuit, Link, Reference, Switch
from cartledger.records import SourceKey, Token


class Keeping(Engine):
    """Small tables, one row a fact."""

    def lease(self, name: str, owner: str, ttl: timedelta) -> bool:
        """Take or prolong a named lease (`lists:<realm>`, `token:<pair>`). False: another owner has it."""
        now = self.clock()
        times = {"now": write_time(now), "lease_until": write_time(now + ttl)}
        return self._row(sql.LEASE, name=name, owner=owner, **times) is not None

    def unlease(self, name: str, owner: str) -> None:
        """Give the lease back, if it is ours."""
        self._rows(sql.UNLEASE, name=name, owner=owner)

    def link(self, key: SourceKey, part: str) -> Link | None:
        """What stands in QuickBooks for this part."""
        row = self._row(sql.LINK, **as_key(key), part=part)
        return None if row is None else read_link(row)

    def links(self, pair: str, kind: str, ids: Iterable[str]) -> dict[str, dict[str, Link]]:
        """By id, then by part, for those of `ids` that have any."""
        rows = {id_: self._rows(sql.LINKS, pair=pair, kind=kind, id=id_) for id_ in set(ids)}
        return {id_: {row["part"]: read_link(row) for row in found} for id_, found in rows.items() if found}

    def link_by_target(self, pair: str, entity: str, target_id: str) -> Link | None:
        """The first source that stands behind an object of QuickBooks."""
        row = self._row(sql.LINK_BY_TARGET, pair=pair, entity=entity, target_id=target_id)
        return None if row is None else read_link(row)

    def links_of_customer(self, pair: str, customer: str, limit: int) -> list[Link]:
        """Some of the documents that were made for a customer of QuickBooks (its id)."""
        return [read_link(row) for row in self._rows(sql.LINKS_OF_CUSTOMER, pair=pair, customer=customer, limit=limit)]

    def set_link(self, link: Link) -> None:
        """Write a link for something found and adopted, or changed since."""
        with self.transaction():
            self._rows(
                sql.SET_LINK,
                **as_key(link.key),
                part=link.part,
                entity=link.entity,
                target_id=link.target_id,
                sync_token=link.sync_token,
                number=link.number,
                amount=format(link.amount, "f"),
                currency=link.currency,
                customer=link.customer,
                hash=link.hash,
                day=link.day,
                stood=link.stood,
            )
            self._event(link.key, "linked", part=link.part, entity=link.entity, target_id=link.target_id)

    def forget_link(self, key: SourceKey, part: str) -> None:
        """The object is gone (a merged customer): the next `remember` queues its source, whatever the version."""
        with self.transaction():
            row = self._row(sql.FORGET_LINK, **as_key(key), part=part)
            if row is None:
                return
            self._rows(sql.FORGET_PART, **as_key(key), part=part)
            self._rows(sql.FORGET_VERSION, **as_key(key))
            self._event(key, "link forgotten", part=part, target_id=row["target_id"])

    def merged(self, pair: str, customer: str, into: str) -> None:
        """A customer of QuickBooks went into another one: whoever is linked to it, and its documents, go along."""
        with self.transaction():
            self._rows(sql.MERGED_DOCUMENTS, pair=pair, customer=customer, into=into)
            for row in self._rows(sql.MERGED_CUSTOMER, pair=pair, customer=customer, into=into):
                self._event(read_key(row), "merged", part=row["part"], target_id=customer, into=into)

    def switch(self, pair: str, *, enabled: bool, who: str) -> None:
        """`enable` and `disable`. Disabling what is not enabled counts too: it takes back all permits."""
        with self.transaction():
            self._rows(sql.SWITCH, pair=pair, enabled=int(enabled), who=who, now=self._now())
            if not enabled:
                self._rows(sql.END_PERMITS, permits=_permits(pair))

    def switched(self, pair: str) -> Switch | None:
        """How the switch stands; None when it was never turned (not enabled)."""
        row = self._row(sql.SWITCHED, pair=pair)
        if row is None:
            return None
        return Switch(enabled=bool(row["enabled"]), turned_at=read_time(row["turned_at"]), who=row["who"])

    def is_enabled(self, pair: str) -> bool:
        """Whether the pair writes by itself."""
        switch = self.switched(pair)
        return switch is not None and switch.enabled

    def permit(self, pair: str, owner: str, ttl: timedelta) -> None:
        """A person asks for it: the pair may write now, enabled or not, whoever works on it, until `ttl` is over."""
        self.lease(_permits(pair) + owner, owner, ttl)

    def prolong_permit(self, pair: str, owner: str, ttl: timedelta) -> bool:
        """False: it was taken back."""
        until = write_time(self.clock() + ttl)
        return self._row(sql.RENEW_LEASE, name=_permits(pair) + owner, owner=owner, lease_until=until) is not None

    def end_permit(self, pair: str, owner: str) -> None:
        """What was permitted is done."""
        self.unlease(_permits(pair) + owner, owner)

    def may_write(self, pair: str) -> bool:
        """Whether anything new of the pair may go out now: it is enabled, or a person has permitted it."""
        return self._row(sql.MAY_WRITE, pair=pair, permits=_permits(pair), now=self._now()) is not None

    def open_circuit(
        self, pair: str, side: str, *, until: datetime, reason: str, kind: str = "", needs_person: bool = False
    ) -> Circuit:
        """The side does not answer: one failure more, nothing before `until`. `kind` is the class of the error."""
        values = {"until": write_time(until), "kind": kind, "reason": reason, "now": self._now()}
        (row,) = self._rows(sql.OPEN_CIRCUIT, pair=pair, side=side, **values, needs_person=int(needs_person))
        return read_circuit(row)

    def probe_over(self, pair: str, side: str) -> None:
        """The source that was to try the side is done with, whether it called or not: the next one may try."""
        self._rows(sql.PROBE_OVER, pair=pair, side=side)

    def close_circuit(self, pair: str, side: str) -> Circuit | None:
        """The side answers again. Returns the circuit that stood, None when none did."""
        row = self._row(sql.CLOSE_CIRCUIT, pair=pair, side=side)
        return None if row is None else read_circuit(row)

    def circuits(self, pair: str) -> list[Circuit]:
        """The open circuits of a pair."""
        return [read_circuit(row) for row in self._rows(sql.CIRCUITS, pair=pair)]

    def token(self, pair: str) -> Token | None:
        """The tokens saved last."""
        row = self._row(sql.TOKENS, pair=pair)
        if row is None:
            return None
        return Token(
            access=row["access"],
            refresh=row["refresh"],
            access_expires=read_time(row["access_expires"]),
            refresh_expires=maybe_time(row["refresh_expires"]),
        )

    def save_token(self, pair: str, token: Token) -> None:
        """Save before use: a rotated refresh token exists only once."""
        self._rows(
            sql.SAVE_TOKENS,
            pair=pair,
            access=token.access,
            refresh=token.refresh,
            access_expires=write_time(token.access_expires),
            refresh_expires=maybe_write_time(token.refresh_expires),
        )

    def drop_token(self, pair: str) -> None:
        """Forget it: the company is not connected any more."""
        self._rows(sql.FORGET_TOKENS, pair=pair)

    def reference(self, pair: str, name: str) -> Reference | None:
        """Something looked up earlier, with its age."""
        row = self._row(sql.REFERENCE, pair=pair, name=name)
        if row is None:
            return None
        return Reference(content=unpack(row["content"]), fetched_at=read_time(row["fetched_at"]))

    def save_reference(self, pair: str, name: str, content: bytes) -> None:
        """Keep what was looked up now."""
        self._rows(sql.SAVE_REFERENCE, pair=pair, name=name, content=pack(content), now=self._now())

    def drop_reference(self, pair: str, name: str) -> None:
        """Forget it, so that it is looked up again."""
        self._rows(sql.DROP_REFERENCE, pair=pair, name=name)

    def came_back_at(self) -> datetime | None:
        """When this ledger was last put back from a copy: others may have made documents that it does not know, until
        then. None: it never was."""
        row = self._row(sql.CAME_BACK_AT)
        return None if row is None else read_time(row["at"])


def _permits(pair: str) -> str:
    """What the names of the pair's permits begin with; they are leases, so that they end with their owner."""
    return f"permit:{pair}:"
