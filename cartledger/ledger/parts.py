"""Parts: planned, let out, answered (T3 to T7 of design §5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from sqlite3 import Row
from typing import Any

from cartledger.errors import Problem
from cartledger.ledger import statements as sql
from cartledger.ledger.claims import Claims
from cartledger.ledger.keeping import Keeping
from cartledger.ledger.rows import (
    as_key,
    codes,
    read_key,
    read_part,
    read_problems,
    read_time,
    write_problems,
    write_time,
)
from cartledger.ledger.types import Answered, Claim, Made, NewPart, Part, Sending, Sent, Stage, State
from cartledger.money import ZERO, D, read_json, write_json
from cartledger.records import Operation, SourceKey

LEASE_BEYOND_FLIGHT = timedelta(seconds=30)


class Parts(Claims, Keeping):
    """The transitions of a part."""

    def plan(
        self, claim: Claim, parts: Sequence[NewPart], fingerprint: str, *, problems: Sequence[Problem] = ()
    ) -> Claim | None:
        """T3: all parts of this version together; None: the claim is not ours any more.

        The source is held with `problems` once all parts stand.

        Parts planned or refused before are replaced; an answered part of the same name and hash is kept, one of
        another hash is planned anew (its link stays, so that the body can be an update). Where every part is kept
        there is nothing to send: `unchanged`. Raises AssertionError while a part is sending.
        """
        with self.transaction():
            if self.refresh(claim) is None:
                return None
            self._assert_not_sending(claim)
            self._rows(sql.DROP_PLAN, **as_key(claim.key))
            afterwards = write_problems(problems)
            self._rows(sql.DECIDED, **as_key(claim.key), fingerprint=fingerprint, afterwards=afterwards)
            self._plan(claim.key, claim.version, parts)
            return self.refresh(claim)

    def _plan(self, key: SourceKey, version: str, parts: Iterable[NewPart]) -> None:
        for part in parts:
            self._rows(
                sql.PLAN,
                **as_key(key),
                part=part.name,
                position=part.order,
                version=version,
                entity=part.entity,
                operation=part.operation,
                body=write_json(part.body),
                number=part.number,
                marker=part.marker,
                amount=format(part.amount, "f"),
                hash=part.hash,
            )
            rounding = {} if part.rounding is None else {"rounding": part.rounding}
            self._event(
                key, "planned", **_named(part), number=part.number, amount=part.amount, hash=part.hash, **rounding
            )

    def send(
        self,
        items: Sequence[Sending],
        *,
        request_id: str,
        in_flight: timedelta,
    ) -> list[Sent]:
        """T4: let planned parts out under `request_id` (at most 36 characters). Returns those that may really go.

        A part goes when its claim is ours, all parts of earlier order are answered, and the pair may write. The lease
        becomes `in_flight` + 30 s. What goes must be on the wire within seconds of `sent_at`: `in_flight` counts from
        there.
        """
        ordered = sorted(items, key=lambda item: (item.claim.key, item.part))
        with self.transaction():
            may_write = self._may_write(item.claim.key.pair for item in ordered)
            rows = [
                self._row(
                    sql.SEND,
                    **as_key(item.claim.key),
                    part=item.part,
                    fence=item.claim.fence,
                    request_id=request_id,
                    bid=item.bid,
                    sent=item.sent,
                    now=self._now(),
                )
                for item in ordered
                if may_write[item.claim.key.pair]
            ]
            return [self._let_out(row, "sent", in_flight) for row in rows if row is not None]

    def send_again(
        self,
        claims: Iterable[Claim],
        request_id: str,
        *,
        in_flight: timedelta,
    ) -> list[Sent]:
        """T7, not found: the open parts of this request in these claims go again, same bytes and ids, under T4's rules.

        None goes before its `sent_at` + `in_flight`: until then the first sending can still be executed.
        """
        now = self.clock()
        times = {"now": write_time(now), "sent_before": write_time(now - in_flight)}
        ordered = sorted(claims, key=lambda claim: claim.key)
        with self.transaction():
            may_write = self._may_write(claim.key.pair for claim in ordered)
            rows = [
                row
                for claim in ordered
                if may_write[claim.key.pair]
                for row in self._rows(
                    sql.SEND_AGAIN, **as_key(claim.key), fence=claim.fence, request_id=request_id, **times
                )
            ]
            return [self._let_out(row, "sent again", in_flight) for row in rows]

    def _may_write(self, pairs: Iterable[str]) -> Mapping[str, bool]:
        return {pair: self.may_write(pair) for pair in set(pairs)}

    def _let_out(self, row: Row, what: str, in_flight: timedelta) -> Sent:
        sent = Sent(
            key=read_key(row),
            part=row["part"],
            version=row["version"],
            request_id=row["request_id"],
            bid=row["bid"],
            fence=row["sent_fence"],
            sent=row["sent"],
            sent_at=read_time(row["sent_at"]),
        )
        until = write_time(sent.sent_at + in_flight + LEASE_BEYOND_FLIGHT)
        self._rows(sql.RENEW, **as_key(sent.key), fence=sent.fence, lease_until=until)
        self._event(sent.key, what, part=sent.part, request_id=sent.request_id, bid=sent.bid)
        self._not_sure_any_more(sent.key, sent.version)
        return sent

    def answered(
        self,
        request_id: str,
        bid: str,
        made: Made,
        *,
        then: Sequence[NewPart] = (),
        problems: Sequence[Problem] = (),
    ) -> Answered:
        """T5 and T6: made, or found made (T7), whatever the lease says. Repeating it changes nothing.

        `then` are the parts that this answer makes necessary (a correction, a void), in place of those still planned.
        `problems` (what stands is not as it was decided: no hash tells that it is) are kept until the last part is
        answered, with those from before; the source is held with them then. Else it is posted, or queued where a newer
        version was seen.
        """
        with self.transaction():
            row = self._row(sql.ASKED, request_id=request_id, bid=bid)
            if row is None:
                return Answered(known=False)
            key, part = read_key(row), read_part(row)
            if part.stage is Stage.ANSWERED:
                return self._answered_before(key, part, made)
            self._rows(sql.ANSWER, request_id=request_id, bid=bid, target_id=made.target_id, sync_token=made.sync_token)
            if not self._add_link(key, part, made, hash_="" if problems else part.hash):
                return self._conflict(key, part, made)
            rounding = self._rounding(key, part.name)
            facts = _facts(part, made) | ({"rounding": rounding} if rounding else {})
            self._event(key, "answered", **_named(part), request_id=request_id, bid=bid, **facts)
            self._rows(sql.PROGRESS, **as_key(key))
            self._to_be_held(key, problems)
            if then:
                self._rows(sql.DROP_PLAN, **as_key(key))
                self._plan(key, part.version, then)
            return replace(self._go_on(key, part.version), rounding=rounding)

    def _rounding(self, key: SourceKey, part: str) -> Decimal:
        """What the part's rounding line took, as it was last decided; 0 where it has none."""
        planned = (read_json(row["detail"]) for row in self._rows(sql.PLANNED, **as_key(key)))
        told = (each["rounding"] for each in planned if each["part"] == part and "rounding" in each)
        return D(next(told, ZERO))

    def _to_be_held(self, key: SourceKey, problems: Sequence[Problem]) -> None:
        if problems:
            (row,) = self._rows(sql.AFTERWARDS, **as_key(key))
            every = dict.fromkeys((*read_problems(row["afterwards"]), *problems))
            self._rows(sql.TO_BE_HELD, **as_key(key), problems=write_problems(every))

    def _go_on(self, key: SourceKey, version: str) -> Answered:
        return Answered(more_parts=True) if self._open_parts(key) else self._settle(key, version)

    def _answered_before(self, key: SourceKey, part: Part, made: Made) -> Answered:
        more_parts = self._open_parts(key) > 0
        if part.target_id != made.target_id:
            return self._conflict(key, part, made)
        return Answered(settled=not more_parts, more_parts=more_parts)

    def _conflict(self, key: SourceKey, part: Part, made: Made) -> Answered:
        """Two objects for one part: a person must look, and what was linked first stays linked."""
        link = self._row(sql.LINK, **as_key(key), part=part.name)
        first = part.target_id if link is None else link["target_id"]
        problem = Problem(
            code="made_twice",
            text=f"QuickBooks holds {part.entity} {first} and {made.target_id} for the {part.name} of {key}.",
            fix="Void the one that is wrong there, then retry or ignore this source.",
        )
        self._event(key, "conflict", part=part.name, linked=first, **_facts(part, made))
        if self._row(sql.HOLD_CONFLICT, **as_key(key), problems=write_problems([problem])) is not None:
            self._settled(key, State.HELD, State.HELD, {"codes": codes([problem])})
        return Answered(conflict=True, more_parts=self._open_parts(key) > 0)

    def _add_link(self, key: SourceKey, part: Part, made: Made, *, hash_: str) -> bool:
        row = self._row(
            sql.ADD_LINK,
            **as_key(key),
            part=part.name,
            entity=part.entity,
            target_id=made.target_id,
            sync_token=made.sync_token,
            number=made.number,
            amount=format(made.amount, "f"),
            currency=made.currency,
            customer=made.customer,
            hash=hash_,
            day=made.day,
            stood=made.stood,
        )
        return row is not None

    def _open_parts(self, key: SourceKey) -> int:
        (row,) = self._rows(sql.OPEN_PARTS, **as_key(key))
        parts: int = row["parts"]
        return parts

    def _settle(self, key: SourceKey, version: str) -> Answered:
        """T6: `version` stands in QuickBooks, or was undone there for its problems."""
        (row,) = self._rows(sql.SETTLE, **as_key(key), version=version, now=self._now())
        self._rows(sql.DROP_BYTES, **as_key(key))
        became, problems = State(row["state"]), read_problems(row["problems"])
        self._booked(key, version, held=bool(problems))
        detail = {"version": version, **({"codes": codes(problems)} if problems else {})}
        self._settled(key, State.HELD if problems else State.POSTED, became, detail)
        return Answered(settled=True, newer=became is State.QUEUED)

    def refused(self, sent: Sent, problems: Sequence[Problem], fingerprint: str) -> bool:
        """T5: validation said no: the part is refused, its source held. False: a later sending has taken over."""
        with self.transaction():
            if not self._no(sql.REFUSE, sent):
                return False
            self._event(sent.key, "refused", part=sent.part, request_id=sent.request_id, bid=sent.bid)
            self.hold(sent, problems, fingerprint)
            return True

    def left_out(self, sent: Sent, problems: Sequence[Problem]) -> Answered:
        """T5: a change of what stands was refused. That stays as it is and keeps nothing else back: the other parts go
        on, and the source is held with `problems` in the end. Not `known`: a later sending has taken over.
        """
        with self.transaction():
            if not self._no(sql.REFUSE, sent):
                return Answered(known=False)
            self._event(sent.key, "refused", part=sent.part, request_id=sent.request_id, bid=sent.bid)
            link = self._row(sql.LINK, **as_key(sent.key), part=sent.part)
            facts = {name: link[name] for name in ("hash", "amount", "target_id", "sync_token")} if link else {}
            self._rows(sql.AS_IT_STOOD if link else sql.DROP_PART, **as_key(sent.key), part=sent.part, **facts)
            self._to_be_held(sent.key, problems)
            return self._go_on(sent.key, sent.version)

    def decide_again(self, sent: Sent, *, until: datetime, why: str) -> bool:
        """T5: refused for what has changed since it was decided: an attempt is spent, and the source decided anew at
        `until`. `why` is kept in the history: no personal data. False: a later sending has taken over.
        """
        with self.transaction():
            if not self._no(sql.REFUSE, sent):
                return False
            self._event(sent.key, "refused", part=sent.part, request_id=sent.request_id, bid=sent.bid)
            return self.later(sent, until, why, spend_attempt=True)

    def not_executed(
        self, sents: Iterable[Sent], *, until: datetime | None, why: str, spend_attempt: bool = False
    ) -> None:
        """T5: surely not executed: parts planned again, sources queued for `until` (None keeps the claims, to go on).

        Only for parts that no later sending has taken over. `why` is kept in the history: no personal data.
        """
        with self.transaction():
            planned = [sent for sent in sents if self._no(sql.NOT_EXECUTED, sent)]
            for sent in planned:
                self._event(sent.key, "not executed", part=sent.part, request_id=sent.request_id, bid=sent.bid)
                if until is not None:
                    self.later(sent, until, why, spend_attempt=spend_attempt)

    def unknown(self, sents: Iterable[Sent], *, in_flight: timedelta, why: str, spend_attempt: bool = False) -> None:
        """T5: nobody knows: parts stay sending, sources queued for `sent_at` + `in_flight` (then T7).

        `why` is kept in the history: no personal data.
        """
        with self.transaction():
            for sent in sents:
                self._event(sent.key, "unknown", part=sent.part, request_id=sent.request_id, bid=sent.bid)
                self.later(sent, sent.sent_at + in_flight, why, spend_attempt=spend_attempt)

    def _no(self, statement: str, sent: Sent) -> bool:
        """A *no* counts only for the sending it answers: a repetition under another claim can still be executed."""
        values = {"request_id": sent.request_id, "bid": sent.bid, "fence": sent.fence}
        return self._row(statement, **values) is not None

    def sending(self, request_id: str) -> list[tuple[SourceKey, Part]]:
        """The open parts of one request, of all sources."""
        return [(read_key(row), read_part(row)) for row in self._rows(sql.OPEN_OF_REQUEST, request_id=request_id)]


def _named(part: NewPart) -> dict[str, str]:
    """What is made is told by its name alone."""
    return {"part": part.name} | ({} if part.operation is Operation.CREATE else {"operation": part.operation})


def _facts(part: Part, made: Made) -> dict[str, Any]:
    return {
        "entity": part.entity,
        "target_id": made.target_id,
        "number": made.number,
        "amount": made.amount,
        "currency": made.currency,
    }
