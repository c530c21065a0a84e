"""The exactly-once protocol (ARCHITECTURE.md, "Exactly once") for one pair and one kind of source.

Claimed sources come in, outcomes go out. Whatever is about to be written stands in the ledger before the call; an
answer that was lost is looked up before the call is repeated, with the same bytes and ids. What a source becomes, and
how it is found again, is its handler's business.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, Protocol

from cartledger import logs
from cartledger.clients.faults import Fault, is_stale, verdict
from cartledger.clients.quickbooks import BatchItem, QuickBooks, Turn, batch_item_bytes
from cartledger.errors import CartledgerError, Hold, LedgerTrouble, Pause, Problem, Stop, TryLater
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Answered, Claim, Link, Made, NewPart, Part, Sending, Sent, Stage
from cartledger.metrics import POSTED, POSTED_AMOUNT, ROUNDING, Metrics
from cartledger.money import ZERO, D
from cartledger.records import Operation, SourceKey
from consumers.circuit import Breaker
from consumers.outcome import Done, Excluded, Held, Later, Outcome, Unchanged
from mapping.choice import Match
from mapping.decision import Document, Post
from mapping.standing import standing_hash

MOST_ITEMS = 30
MOST_BYTES = 900_000  # QuickBooks takes about 1 MB
LEASE_SLACK = timedelta(seconds=30)
ALONE_FROM_CLAIM = 3
HELD_FROM_CLAIM = 6
MOST_ATTEMPTS = 8
FIRST_RETRY = timedelta(seconds=5)
A_MOMENT = timedelta(seconds=1)
DISABLED_WAIT = timedelta(days=1)  # `enable` and `sync` make what waits due at once
ENDED_THE_PROCESS = Problem(
    code="ends_the_process",
    text=f"The process ended {HELD_FROM_CLAIM - 1} times while it worked on this source.",
    fix="Look at the log before each end; `cartledger held retry` tries once more.",
)

DOCUMENT = "document"
"""The part that a source is known by: its first, and of customers and items the only one."""

VOID = "void"
"""The part that takes back what QuickBooks made another one than was sent."""

VOIDABLE = frozenset({"SalesReceipt", "Invoice", "Payment"})  # what else there is QuickBooks only deletes
RATES_MOVE = Decimal("0.01")
"""The part of a rate that it may move by within a day. Companies were reported that put the day's rate in place of the
one that is sent: by more than this it is another rate, such as 1 for want of any."""


@dataclass(frozen=True, kw_only=True)
class Adopt:
    """The source stands in QuickBooks already, made by somebody else: it is linked, not made."""

    link: Link


@dataclass(frozen=True, kw_only=True)
class WaitFor:
    """The source needs another one first."""

    key: SourceKey
    why: str


Verdict = Post | Held | Excluded | Unchanged | Adopt | WaitFor | Later
AfterRefusal = Post | Made | Held | TryLater


class Handler(Protocol):
    """What one kind of source adds to the protocol."""

    def decide(self, claims: Sequence[Claim]) -> Mapping[SourceKey, Verdict]:
        """What each source becomes. Raises Pause, Stop or TryLater where something must be asked and cannot be."""

    def find(self, parts: Sequence[tuple[SourceKey, Part]]) -> Mapping[str, Made]:
        """Those of `parts` that stand in QuickBooks, by marker: one query an entity, not one a part."""

    def after_refusal(self, claim: Claim, part: Part, fault: Fault) -> AfterRefusal:
        """What follows a refusal: other documents in place of all that are still to be written, the thing that stands
        there already, a hold, or that the source is decided again."""

    def looks_first(self, claim: Claim, part: Part) -> bool:
        """Whether QuickBooks would make `part` of `claim` a second time without a word. Such a part is looked up before
        it is sent, since a ledger that was lost may have made it."""

    def fingerprint(self) -> str:
        """Tells two sets of rules apart."""


@dataclass(kw_only=True)
class _Work:
    """A claim on its way: the parts still to be sent, in order, and the ids that later parts refer to."""

    claim: Claim
    todo: list[Part]
    ids: dict[str, str]

    @classmethod
    def of(cls, claim: Claim) -> _Work:
        todo = sorted((part for part in claim.parts if part.stage is Stage.PLANNED), key=lambda part: part.order)
        return cls(claim=claim, todo=todo, ids={part.name: part.target_id for part in claim.parts if part.target_id})

    def next_parts(self) -> list[Part]:
        return [part for part in self.todo if part.order == self.todo[0].order]


_Going = tuple[_Work, Part, Sent]


class Posting:
    """One desk: `work` takes claims and says what came of each."""

    def __init__(
        self,
        *,
        connection: str,
        ledger: Ledger,
        quickbooks: QuickBooks,
        handler: Handler,
        breaker: Breaker,
        in_flight: timedelta,
        clock: Callable[[], datetime],
        metrics: Metrics,
    ) -> None:
        self.lease = in_flight + LEASE_SLACK
        self._connection = connection
        self._ledger = ledger
        self._quickbooks = quickbooks
        self._handler = handler
        self._breaker = breaker
        self._in_flight = in_flight
        self._clock = clock
        self._metrics = metrics
        self._said: set[str] = set()

    def work(self, claims: Sequence[Claim]) -> dict[SourceKey, Outcome]:
        """Take every claim as far as it goes now. Raises LedgerTrouble only. A claim that another consumer has taken
        over meanwhile has no outcome here."""
        out: dict[SourceKey, Outcome] = {}
        for group in _groups(claims):
            self._guarded(group, out)
        self._breaker.tried()
        return out

    def _guarded(self, claims: Sequence[Claim], out: dict[SourceKey, Outcome]) -> None:
        """One group; what goes wrong with one source must not touch the others."""
        try:
            if self._breaker.is_open():
                self._put_back(claims, "QuickBooks does not answer", out)
            else:
                self._group(claims, out)
        except LedgerTrouble:
            raise
        except (Pause, Stop) as error:
            self._breaker.failed(error)
            self._put_back([claim for claim in claims if claim.key not in out], str(error), out)
        except Exception as error:  # noqa: BLE001 - one source's failure must not stop the others; it is held and logged
            left = [claim for claim in claims if claim.key not in out]
            if len(left) == 1:
                self._failed_alone(left[0], error, out)
            else:
                for claim in left:
                    self._guarded([claim], out)

    def _failed_alone(self, claim: Claim, error: Exception, out: dict[SourceKey, Outcome]) -> None:
        match error:
            case Hold():
                self._hold(claim, Held(problems=error.problems), out)
            case TryLater():
                self._later(claim, Later(until=self._clock() + FIRST_RETRY, why=str(error)), out)
            case _:
                self._hold(claim, defect(claim.key, error), out)

    def _put_back(self, claims: Iterable[Claim], why: str, out: dict[SourceKey, Outcome]) -> None:
        """Back to the ledger without spending anything. The circuit holds them there, so that all are due when it
        closes, however that comes about."""
        for claim in claims:
            self._later(claim, Later(until=self._clock(), why=why), out)

    def _group(self, claims: Sequence[Claim], out: dict[SourceKey, Outcome]) -> None:
        # What was sent of it is looked up when a person retries it.
        worn = [claim for claim in claims if claim.claims >= HELD_FROM_CLAIM]
        for claim in worn:
            self._hold(claim, Held(problems=(ENDED_THE_PROCESS,)), out)
        claims = [claim for claim in claims if claim not in worn]
        works = self._resolve([claim for claim in claims if claim.sending], out)
        works += [_Work.of(claim) for claim in claims if claim.begun and not claim.sending]
        works += self._decide([claim for claim in claims if not claim.begun], out)
        while works:
            works = [left for chunk in _chunks(works) for left in self._send(chunk, out)]

    def _decide(self, claims: Sequence[Claim], out: dict[SourceKey, Outcome]) -> list[_Work]:
        """T3. Returns the claims that have something to send."""
        works = []
        for key, verdict_ in self._handler.decide(claims).items() if claims else ():
            claim = next(claim for claim in claims if claim.key == key)
            if isinstance(verdict_, Post):
                works += self._plan(claim, verdict_, out, rounding=verdict_.rounding)
            else:
                self._settle(claim, verdict_, out)
        return works

    def _plan(
        self, claim: Claim, post: Post, out: dict[SourceKey, Outcome], *, rounding: Decimal | None = None
    ) -> list[_Work]:
        """`rounding` is what the source's rounding line takes, None where it is what was decided before."""
        for notice in {str(notice) for notice in post.notices} - self._said:
            self._said.add(notice)
            logs.info(notice, action="notice", connection=self._connection, source=str(claim.key))
        parts = [_new_part(document, rounding) for document in post.documents]
        planned = self._ledger.plan(claim, parts, self._handler.fingerprint(), problems=post.problems)
        if planned is None:
            return []
        work = _Work.of(planned)
        if work.todo:
            return [work]
        self._settle(planned, Held(problems=post.problems) if post.problems else Unchanged(), out)
        return []

    def _settle(self, claim: Claim, verdict_: Verdict, out: dict[SourceKey, Outcome]) -> None:
        fingerprint = self._handler.fingerprint()
        match verdict_:
            case Held():
                self._hold(claim, verdict_, out)
            case Excluded(rule=rule):
                if self._ledger.exclude(claim, rule, fingerprint):
                    out[claim.key] = verdict_
            case Adopt(link=link):
                with self._ledger.transaction():
                    self._ledger.set_link(link)
                    self._ledger.unchanged(claim, fingerprint)
                out[claim.key] = Done()
            case WaitFor(key=key, why=why):
                # Where the other one was settled meanwhile there is nothing to wait for but this moment.
                until = self._clock() + A_MOMENT
                if self._ledger.later(claim, until, why, waits_for=key):
                    out[claim.key] = Later(until=until, why=why)
            case Later():
                self._later(claim, verdict_, out)
            case Unchanged():
                if self._ledger.unchanged(claim, fingerprint):
                    out[claim.key] = verdict_

    def _hold(self, claim: Claim, held: Held, out: dict[SourceKey, Outcome]) -> None:
        if self._ledger.hold(claim, held.problems, self._handler.fingerprint()):
            out[claim.key] = held

    def _later(self, claim: Claim, later: Later, out: dict[SourceKey, Outcome]) -> None:
        if self._ledger.later(claim, later.until, later.why):
            out[claim.key] = later

    def _resolve(self, claims: Sequence[Claim], out: dict[SourceKey, Outcome]) -> list[_Work]:
        """T7: what became of calls whose answers were lost. Not before they can no longer be executed."""
        works = {}
        for claim in claims:
            until = max(part.sent_at for part in claim.sending if part.sent_at) + self._in_flight
            if until > self._clock():
                self._later(claim, Later(until=until, why="its last call may still be executed"), out)
            else:
                works[claim.key] = _Work.of(claim)
        if not works:
            return []
        open_parts = [(work.claim.key, part) for work in works.values() for part in work.claim.sending]
        found = self._handler.find(open_parts)
        for key, part in open_parts:
            if part.marker in found:
                self._made(works[key], part, part.request_id, part.bid, found[part.marker], out)
        for request_id in sorted({part.request_id for _, part in open_parts if part.marker not in found}):
            self._send_again(request_id, works, out)
        return [work for key, work in works.items() if key not in out and work.todo]

    def _send_again(self, request_id: str, works: Mapping[SourceKey, _Work], out: dict[SourceKey, Outcome]) -> None:
        turn = self._quickbooks.turn()
        sents = self._ledger.send_again(
            [work.claim for work in works.values()],
            request_id,
            in_flight=self._in_flight,
        )
        parts = {(work.claim.key, part.name): part for work in works.values() for part in work.claim.sending}
        going = [(works[sent.key], parts[sent.key, sent.part], sent) for sent in sents]
        self._post(request_id, turn, going, out)
        for work in works.values():
            unsent = {part.name for part in work.claim.sending if part.request_id == request_id} - {
                sent.part for sent in sents if sent.key == work.claim.key
            }
            if unsent and work.claim.key not in out:
                self._not_allowed(work, out)

    def _send(self, works: Sequence[_Work], out: dict[SourceKey, Outcome]) -> list[_Work]:
        """T4 for the next parts of each work. Returns the works that have parts left."""
        parts = [(work, part) for work in works for part in work.next_parts()]
        standing = self._standing(parts)
        turn = self._quickbooks.turn()
        request_id = uuid.uuid4().hex
        items = [
            Sending(claim=work.claim, part=part.name, bid=str(bid), sent=_item(str(bid), work, part))
            for bid, (work, part) in enumerate(parts, 1)
        ]
        sents = self._ledger.send(items, request_id=request_id, in_flight=self._in_flight)
        by_bid = {str(bid): pair for bid, pair in enumerate(parts, 1)}
        going = [(*by_bid[sent.bid], sent) for sent in sents]
        for work in works:
            if all(work is not gone for gone, _, _ in going):
                self._not_allowed(work, out)
        self._post(request_id, turn, self._unmade(going, standing, out), out)
        return [
            work for work in works if work.claim.key not in out and work.todo and any(work is w for w, _, _ in going)
        ]

    def _standing(self, parts: Sequence[tuple[_Work, Part]]) -> Mapping[str, Made]:
        """Before anything is marked as sent: the in-flight limit counts from there."""
        unsure = [(work.claim.key, part) for work, part in parts if self._handler.looks_first(work.claim, part)]
        return self._handler.find(unsure) if unsure else {}

    def _unmade(
        self, going: Sequence[_Going], standing: Mapping[str, Made], out: dict[SourceKey, Outcome]
    ) -> Sequence[_Going]:
        """What stands already is answered without a call."""
        for work, part, sent in going:
            if part.marker in standing:
                self._stood(work, part, sent, standing[part.marker], out)
        return [each for each in going if each[1].marker not in standing]

    def _not_allowed(self, work: _Work, out: dict[SourceKey, Outcome]) -> None:
        """The ledger let nothing of it out: the connection may not write, or the claim is not ours any more."""
        with self._ledger.transaction():
            # Whoever allows it in this very moment hastens what waits, which this does not do yet.
            allowed = self._ledger.may_write(work.claim.key.pair)
            until = self._clock() + (A_MOMENT if allowed else DISABLED_WAIT)
            self._later(work.claim, Later(until=until, why="the connection is not enabled"), out)

    def _post(self, request_id: str, turn: Turn, going: Sequence[_Going], out: dict[SourceKey, Outcome]) -> None:
        """The call and T5 for each of its items."""
        if not going:
            return
        items = [BatchItem(bid=sent.bid, sent=sent.sent) for _, _, sent in going]
        sent_at = min(sent.sent_at for _, _, sent in going)
        try:
            answer = self._quickbooks.batch(items, request_id, turn, sent_at=sent_at)
        except LedgerTrouble:
            raise
        except CartledgerError as error:
            self._call_failed(error, going, out)
            return
        self._breaker.worked(sent_at)
        for work, part, sent in going:
            result = answer.results.get(sent.bid)
            if isinstance(result, Fault):
                self._fault(work, part, sent, result, out)
            elif result is None:
                self._in_doubt([(work, part, sent)], "the answer said nothing about it", out)
            else:
                self._made(work, part, sent.request_id, sent.bid, read_made(result), out)

    def _call_failed(self, error: CartledgerError, going: Sequence[_Going], out: dict[SourceKey, Outcome]) -> None:
        """The call as a whole brought no answer for its items."""
        if isinstance(error, Hold) and len(going) == 1:
            work, _, sent = going[0]
            self._refused(work, sent, Held(problems=error.problems), out)
            return
        # A batch refused as one spends an attempt, which makes the next groups smaller until the culprit is alone.
        spend = isinstance(error, Hold)
        if isinstance(error, Pause | Stop):
            self._breaker.failed(error)
        if error.in_doubt:
            self._in_doubt(going, str(error), out)
            return
        sents, until = [sent for _, _, sent in going], self._clock()
        self._ledger.not_executed(sents, until=until, why=str(error), spend_attempt=spend)
        out.update({work.claim.key: Later(until=until, why=str(error)) for work, _, _ in going})

    def _in_doubt(self, going: Iterable[_Going], why: str, out: dict[SourceKey, Outcome]) -> None:
        sents = [(work.claim.key, sent) for work, _, sent in going]
        self._ledger.unknown([sent for _, sent in sents], in_flight=self._in_flight, why=why)
        out.update({key: Later(until=sent.sent_at + self._in_flight, why=why) for key, sent in sents})

    def _fault(self, work: _Work, part: Part, sent: Sent, fault: Fault, out: dict[SourceKey, Outcome]) -> None:
        """T5 for one item that QuickBooks answered with a fault."""
        error = verdict(fault)
        if error.in_doubt:
            self._in_doubt([(work, part, sent)], str(error), out)
        elif isinstance(error, Pause | Stop):
            self._breaker.failed(error)
            self._again(work, sent, self._clock(), str(error), spend=False, out=out)
        elif isinstance(error, TryLater) and not (is_stale(fault) and part.operation is not Operation.CREATE):
            self._retry(work, sent, error, out)
        else:
            self._after_refusal(work, part, sent, fault, out)

    def _after_refusal(self, work: _Work, part: Part, sent: Sent, fault: Fault, out: dict[SourceKey, Outcome]) -> None:
        match self._handler.after_refusal(work.claim, part, fault):
            case Made() as made:
                self._stood(work, part, sent, made, out)
            case Post() as post:
                self._ledger.not_executed([sent], until=None, why=str(verdict(fault)))
                replanned = self._plan(work.claim, replace(post, problems=work.claim.problems), out)
                work.claim, work.todo = (replanned[0].claim, replanned[0].todo) if replanned else (work.claim, [])
            case TryLater() as error:
                self._decide_again(work, sent, error, out)
            case Held() as held if part.operation is Operation.CREATE:
                self._refused(work, sent, held, out)
            case Held() as held:
                self._left_out(work, sent, held, out)

    def _decide_again(self, work: _Work, sent: Sent, error: TryLater, out: dict[SourceKey, Outcome]) -> None:
        until = self._clock()
        if self._ledger.decide_again(sent, until=until, why=str(error)):
            out[work.claim.key] = Later(until=until, why=str(error))

    def _left_out(self, work: _Work, sent: Sent, held: Held, out: dict[SourceKey, Outcome]) -> None:
        problems = (*work.claim.problems, *held.problems)
        answered = self._ledger.left_out(sent, held.problems)
        if answered.known:
            self._go_on(work, answered, Held(problems=problems), out)

    def _retry(self, work: _Work, sent: Sent, error: CartledgerError, out: dict[SourceKey, Outcome]) -> None:
        if wears_out(work.claim):
            self._refused(work, sent, Held(problems=(keeps_failing(work.claim, error),)), out)
            return
        until = self._clock() + FIRST_RETRY * 2**work.claim.attempts
        self._again(work, sent, until, str(error), spend=True, out=out)

    def _again(
        self, work: _Work, sent: Sent, until: datetime, why: str, *, spend: bool, out: dict[SourceKey, Outcome]
    ) -> None:
        self._ledger.not_executed([sent], until=until, why=why, spend_attempt=spend)
        out[work.claim.key] = Later(until=until, why=why)

    def _refused(self, work: _Work, sent: Sent, held: Held, out: dict[SourceKey, Outcome]) -> None:
        if self._ledger.refused(sent, held.problems, self._handler.fingerprint()):
            out[work.claim.key] = held

    def _made(
        self, work: _Work, part: Part, request_id: str, bid: str, made: Made, out: dict[SourceKey, Outcome]
    ) -> None:
        """T5, T6: it stands there. What is not worth what we computed is voided at once and held."""
        wrong = _differs(part, made)
        then = [_void(part, made)] if wrong and part.operation is Operation.CREATE else []
        answered = self._answered(work, part, (request_id, bid), made, wrong, then, out)
        if answered.known and not answered.conflict:
            self._count(part, made, answered.rounding)

    def _count(self, part: Part, made: Made, rounding: Decimal) -> None:
        of = {"connection": self._connection, "entity": part.entity}
        self._metrics.add(POSTED, **of, operation=part.operation)
        if part.operation is Operation.CREATE and made.amount:
            self._metrics.add(POSTED_AMOUNT, float(made.amount), **of, currency=made.currency)
        if part.operation is Operation.CREATE:
            self._metrics.add(ROUNDING, float(abs(rounding) * 100), connection=self._connection)

    def _stood(self, work: _Work, part: Part, sent: Sent, made: Made, out: dict[SourceKey, Outcome]) -> None:
        """It stood there before, and may have been changed since; at which rate is not ours to say any more."""
        wrong = _stands_otherwise(part, made) if made.amount != part.amount else None
        self._answered(work, part, (sent.request_id, sent.bid), made, wrong, [], out)

    def _answered(
        self,
        work: _Work,
        part: Part,
        ids: tuple[str, str],
        made: Made,
        wrong: Problem | None,
        then: Sequence[NewPart],
        out: dict[SourceKey, Outcome],
    ) -> Answered:
        """`ids` are the request's and the item's, `wrong` what is not as it should be, `then` what that asks for."""
        problems = [wrong] if wrong else []
        answered = self._ledger.answered(*ids, made, then=then, problems=problems)
        if wrong:
            logs.warning(str(wrong), action=wrong.code, connection=self._connection, source=str(work.claim.key))
        if answered.conflict:
            logs.warning(
                f"{work.claim.key} has a second {part.entity} in QuickBooks: {made.target_id}.",
                action="conflict",
                connection=self._connection,
                source=str(work.claim.key),
            )
        work.ids[part.name] = made.target_id
        every = (*work.claim.problems, *problems)
        self._go_on(work, answered, Held(problems=every) if every else Done(), out)
        return answered

    def _go_on(self, work: _Work, answered: Answered, outcome: Outcome, out: dict[SourceKey, Outcome]) -> None:
        """To the next part; without one, `outcome` came of it."""
        claim = self._ledger.refresh(work.claim) if answered.more_parts else None
        work.claim, work.todo = (claim, _Work.of(claim).todo) if claim else (work.claim, [])
        if not answered.more_parts:
            out[work.claim.key] = outcome


def defect(key: SourceKey, error: Exception) -> Held:
    """What becomes of a source at which the program itself fails. Called while `error` is handled: it is logged."""
    logs.exception(f"A defect of cartledger stopped {key}.", action="defect", source=str(key))
    problem = Problem(
        code="defect",
        text=f"cartledger itself failed on this source: {type(error).__name__}.",
        fix="Report it with the traceback from the log; `cartledger held retry` tries again.",
    )
    return Held(problems=(problem,))


def wears_out(claim: Claim) -> bool:
    """Whether the attempt at hand is its last."""
    return claim.attempts + 1 >= MOST_ATTEMPTS


def keeps_failing(claim: Claim, error: CartledgerError) -> Problem:
    """Why it is not tried once more."""
    text = f"It failed {claim.attempts + 1} times: {error}"
    return Problem(code="keeps_failing", text=text, fix="Mend what it says, then retry.")


def _groups(claims: Sequence[Claim]) -> Iterable[Sequence[Claim]]:
    """Together what has never failed; in smaller and smaller groups what was refused with its batch; alone what may
    have ended the process."""
    for size, same in groupby(sorted(claims, key=_group_size, reverse=True), key=_group_size):
        members = list(same)
        yield from (members[i : i + size] for i in range(0, len(members), size))


def _group_size(claim: Claim) -> int:
    return 1 if claim.claims >= ALONE_FROM_CLAIM else max(1, MOST_ITEMS >> claim.attempts)


def _chunks(works: Sequence[_Work]) -> Iterable[Sequence[_Work]]:
    """Works whose next parts fit into one batch together."""
    chunk: list[_Work] = []
    items = size = 0
    for work in works:
        parts = work.next_parts()
        more = sum(len(_item("00", work, part)) for part in parts)
        if chunk and (items + len(parts) > MOST_ITEMS or size + more > MOST_BYTES):
            yield chunk
            chunk, items, size = [], 0, 0
        chunk.append(work)
        items, size = items + len(parts), size + more
    if chunk:
        yield chunk


def _item(bid: str, work: _Work, part: Part) -> bytes:
    return batch_item_bytes(bid, part.operation, part.entity, _resolved(part.body, work.ids))


def _resolved(body: Any, ids: Mapping[str, str]) -> Any:
    """The body with the ids of earlier parts in place of `{"$ref": name}`."""
    if isinstance(body, dict):
        return ids[body["$ref"]] if body.keys() == {"$ref"} else {k: _resolved(v, ids) for k, v in body.items()}
    if isinstance(body, list):
        return [_resolved(item, ids) for item in body]
    return body


def customer_of(entity: Mapping[str, Any]) -> str:
    """QuickBooks' id of the customer of a transaction, "" where it has none."""
    return str((entity.get("CustomerRef") or entity.get("EntityRef") or {}).get("value", ""))


def read_made(entity: Mapping[str, Any]) -> Made:
    """The facts of an object that QuickBooks answered; lists (customers, items) have no amount: 0. What was deleted has
    no sync token."""
    return Made(
        target_id=str(entity["Id"]),
        sync_token=str(entity.get("SyncToken", "")),
        number=str(entity.get("DocNumber") or ""),
        amount=D(entity.get("TotalAmt", entity.get("Amount", ZERO))),  # a transfer has no total
        currency=str(entity.get("CurrencyRef", {}).get("value", "")),
        customer=customer_of(entity),
        exchange_rate=D(entity["ExchangeRate"]) if "ExchangeRate" in entity else None,
        day=str(entity.get("TxnDate", "")),
        stood=standing_hash(entity) if "TxnDate" in entity else "",
    )


def adopted(key: SourceKey, entity: str, found: Match) -> Adopt:
    """A list's entry that stands for the source from now on."""
    return Adopt(
        link=Link(
            key=key,
            part=DOCUMENT,
            entity=entity,
            target_id=found.id,
            sync_token=found.sync_token,
            number="",
            amount=ZERO,
            currency="",
            hash="",
        )
    )


def _new_part(document: Document, rounding: Decimal | None) -> NewPart:
    return NewPart(
        name=document.name,
        order=document.order,
        entity=document.entity,
        operation=document.operation,
        body=document.body,
        number=document.number,
        marker=document.marker,
        amount=document.amount,
        hash=document.hash,
        rounding=rounding if document.name == DOCUMENT else None,
    )


def _void(part: Part, made: Made) -> NewPart:
    body = {"Id": made.target_id, "SyncToken": made.sync_token, "sparse": True}
    return NewPart(
        name=VOID,
        order=part.order + 1,
        entity=part.entity,
        operation=Operation.VOID if part.entity in VOIDABLE else Operation.DELETE,
        body=body,
        number=part.number,
        marker=part.marker,
        amount=ZERO,
        hash=part.hash,
    )


def _differs(part: Part, made: Made) -> Problem | None:
    """Whether QuickBooks made it worth something else. A change is not taken back for that: it was there before."""
    if part.operation is Operation.UPDATE and made.amount != part.amount:
        return Problem(
            code="total_differs",
            text=f"QuickBooks changed {part.entity} {made.number} to {made.amount} instead of {part.amount}.",
            fix="Look at the company's tax settings, correct the document there, then use `cartledger held ignore`.",
        )
    if part.operation is not Operation.CREATE:
        return None
    if made.amount != part.amount:
        return Problem(
            code="total_differs",
            text=f"QuickBooks made {part.entity} {made.number} {made.amount} instead of {part.amount}; it was voided.",
            fix="Look at the company's tax settings; enter the sale by hand and use `cartledger held ignore`.",
        )
    sent = D(part.body.get("ExchangeRate", made.exchange_rate or 1))
    if made.exchange_rate is None or abs(made.exchange_rate - sent) <= sent * RATES_MOVE:
        return None
    return Problem(
        code="exchange_rate_differs",
        text=f"QuickBooks booked {part.entity} {made.number} at the exchange rate {made.exchange_rate} instead of "
        f"{sent}; it was voided.",
        fix='Set sales.exchange_rate = "company", for the company takes no rate but its own; enter this sale by hand '
        "and use `cartledger held ignore`.",
    )


def _stands_otherwise(part: Part, made: Made) -> Problem:
    return Problem(
        code="stands_otherwise",
        text=f"{part.entity} {made.number} stands in QuickBooks with {made.amount} instead of {part.amount}; it was "
        "left as it is.",
        fix="Correct it there if need be, then use `cartledger held ignore`.",
    )
