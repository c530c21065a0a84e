"""Levels that the shop should have: decided from what the ledger knows of both sides, and written, one call after the
other.

Unlike a document a level can be written twice without harm, so what became of a call is never looked up: a level that
nobody is sure of is written again. What must not happen is that an older level arrives after a newer one. Therefore one
worker at a time writes those of a pair, and nobody while a call without an answer may still be carried out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from cartledger import logs
from cartledger.clients.faults import units_named
from cartledger.errors import CartledgerError, Hold, LedgerTrouble, Pause, Problem, Refused, Stop, TryLater
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Claim
from cartledger.metrics import LEVELS_WRITTEN, Metrics
from cartledger.records import SourceKey
from cartledger.settings import Connection, Stock
from cartledger.stock import ITEMS, SWEEP, LevelChange, Proposal, ProposalState, oldest_reading
from consumers.circuit import Breaker
from consumers.outcome import Done, Excluded, Held, Later, Outcome, Unchanged
from consumers.posting import A_MOMENT, DISABLED_WAIT, ENDED_THE_PROCESS, HELD_FROM_CLAIM, defect
from mapping.company import fold
from mapping.levels import StockPlan, is_unread, plan_levels, still_safe, trips

AT_ONCE = 2000  # BigCommerce takes no more in one call
REASON = "cartledger: quantity on hand in QuickBooks"
REFUSALS_IN_A_ROW = 25
"""Of calls that do not say whom they refuse. Halving 2,000 levels finds one that is wrong with 12."""

TURN = timedelta(minutes=10)
"""Longer than one call of the client takes with all its waits."""

FRESH_FOR = timedelta(minutes=5)
"""How long after a reading of both sides levels may follow from it: what the shop has sold since is not in them."""

NOT_YOUR_TURN = timedelta(seconds=5)
RULES = "stock"


class Shop(Protocol):
    """What is asked of the shop."""

    def default_location(self) -> int: ...

    def check_location(self, location_id: int) -> None: ...

    def adjust(self, location_id: int, levels: Mapping[str, int], *, reason: str) -> None: ...


class NotEnabled(TryLater):
    """The connection may not write."""

    def __init__(self) -> None:
        super().__init__("the connection is not enabled")


@dataclass(kw_only=True)
class Written:
    """How many levels the shop has taken, and by unit those that it has not, with its words. Those that orders `moved`
    before their turn came were not sent."""

    count: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    moved: list[LevelChange] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Approved:
    """What became of approved levels. `left_out` are those that would be above what the shop may sell by now; `lost`
    the SKUs of which QuickBooks says no quantity any more though that was not shown: nobody has agreed to it."""

    written: Written
    left_out: Sequence[LevelChange]
    lost: Sequence[str] = ()


OnProgress = Callable[[Sequence[LevelChange]], None]
"""Hears, after each call, of the levels that the shop took with it."""


def planned(ledger: Ledger, pair: str, stock: Stock) -> StockPlan:
    """What the ledger's knowledge of both sides comes to. Items are read first: whatever moves meanwhile is taken off
    then, though it may be in their quantities already."""
    items = ledger.stock_items(pair)
    levels = ledger.stock_levels(pair)
    since = oldest_reading(items, ledger.clock())
    return plan_levels(items, levels, ledger.allocations(pair, since), stock, ledger.sold_elsewhere(pair, since))


class LevelWriter:
    """Writes levels of one connection to the shop, for one piece of work. Everything may raise LedgerTrouble."""

    def __init__(
        self,
        *,
        connection: Connection,
        ledger: Ledger,
        shop: Shop,
        breaker: Breaker,
        new_owner: Callable[[], str],
        clock: Callable[[], datetime],
    ) -> None:
        self.pair = connection.pair
        self._stock = connection.stock
        self._in_flight = connection.in_flight
        self._ledger = ledger
        self._shop = shop
        self._breaker = breaker
        self._owner = new_owner()
        self._caller = f"call:{self._owner}"
        self._clock = clock
        self._turn = f"stock:{self.pair}"
        self._call = f"stock-call:{self.pair}"

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Whoever plans and writes levels is the only one meanwhile. Raises TryLater where somebody else does, or where
        a call that was never answered may still be carried out."""
        if not self._ledger.lease(self._turn, self._owner, TURN):
            raise _not_your_turn()
        try:
            if not self._ledger.lease(self._call, self._caller, timedelta(0)):
                raise TryLater("The shop may still be taking in levels that were sent before.")
            yield
        finally:
            self._ledger.unlease(self._turn, self._owner)

    def write(self, changes: Sequence[LevelChange], on_progress: OnProgress) -> Written:
        """All of them, in calls one after the other, while the turn is ours. What a refusal names, or halving finds, is
        left out and remembered as refused; what orders that were read during the calls before have moved is left to the
        next round.

        Raises Pause and Stop where the shop cannot be told: what it may have taken is not sure any more. Raises
        NotEnabled as soon as the connection may not write, and Refused where the shop takes nothing at all.
        """
        try:
            return self._write(changes, on_progress) if changes else Written()
        except (Pause, Stop) as error:
            self._breaker.failed(error)
            raise

    def _write(self, changes: Sequence[LevelChange], on_progress: OnProgress) -> Written:
        written, silent = Written(), 0
        location = self._location()
        waiting = deque(changes[first : first + AT_ONCE] for first in range(0, len(changes), AT_ONCE))
        while waiting:
            chunk = self._unmoved(waiting.popleft(), written)
            if not chunk:
                continue
            try:
                self._tell(location, chunk)
            except Refused as refused:
                wrong = _named(chunk, units_named(refused))
                silent = 0 if wrong else silent + 1
                if silent == REFUSALS_IN_A_ROW:
                    raise
                if not wrong and len(chunk) == 1:
                    wrong = {chunk[0].unit}
                written.refused |= dict.fromkeys(wrong, _words(refused))
                waiting.extendleft(reversed(_without(chunk, wrong)))
            else:
                silent = 0
                written.count += len(chunk)
                on_progress(chunk)
        self._ledger.refused_levels(self.pair, written.refused)
        return written

    def _unmoved(self, chunk: Sequence[LevelChange], written: Written) -> Sequence[LevelChange]:
        unmoved = self._ledger.unmoved(self.pair, chunk)
        units = {change.unit for change in unmoved}
        written.moved += [change for change in chunk if change.unit not in units]
        return unmoved

    def _location(self) -> int:
        if self._stock.location is None:
            return self._shop.default_location()
        self._shop.check_location(self._stock.location)
        return self._stock.location

    def _tell(self, location: int, chunk: Sequence[LevelChange]) -> None:
        self._begin(chunk)
        sent_at = self._clock()
        try:
            self._shop.adjust(location, {change.unit: change.new for change in chunk}, reason=REASON)
        except CartledgerError as error:
            if not error.in_doubt:
                self._ledger.unlease(self._call, self._caller)
            if isinstance(error, Refused):
                self._breaker.worked(sent_at)
            raise
        with self._ledger.transaction():
            self._ledger.written(self.pair, chunk)
            self._ledger.unlease(self._call, self._caller)
        self._breaker.worked(sent_at)

    def _begin(self, chunk: Sequence[LevelChange]) -> None:
        with self._ledger.transaction():
            if not self._ledger.lease(self._turn, self._owner, TURN):
                raise _not_your_turn()
            if not self._ledger.may_write(self.pair):
                raise NotEnabled
            self._ledger.lease(self._call, self._caller, self._in_flight)
            self._ledger.write_begins(self.pair, [change.unit for change in chunk])

    def approve(self, proposal: Proposal, who: str, on_progress: OnProgress) -> Approved | None:
        """Write what a proposal lists, and nothing else, under a turn of its own, and let the quantities go that it
        tells to be lost; None where somebody has decided about it before. One whose writing was broken off is taken up
        where it stopped. Raises as `turn` and `write` do."""
        with self.turn():
            if not self._ledger.may_write(self.pair):
                raise NotEnabled
            levels = self._ledger.stock_levels(self.pair)
            plan = planned(self._ledger, self.pair, self._stock)
            with self._ledger.transaction():
                left = self._taken_up(proposal, who)
                if left is None:
                    return None
                safe, left_out = still_safe(left, plan, levels)
                self._ledger.proposal_left_out(proposal.id, [change.unit for change in left_out])
                agreed(self._ledger, self.pair, plan, plan.lost.keys() & proposal.lost.keys())

            def taken(chunk: Sequence[LevelChange]) -> None:
                self._ledger.proposal_written(proposal.id, [change.unit for change in chunk])
                on_progress(chunk)

            written = self.write(safe, taken)
            self._ledger.proposal_left_out(proposal.id, [*written.refused, *(change.unit for change in written.moved)])
            more = [label for unit, label in plan.lost.items() if unit not in proposal.lost]
            return Approved(written=written, left_out=[*left_out, *written.moved], lost=more)

    def _taken_up(self, proposal: Proposal, who: str) -> list[LevelChange] | None:
        """The changes of a proposal that nobody has written or left out; None where there is nothing to do about it."""
        if is_unread(proposal):
            return None
        if self._ledger.settle_proposal(proposal.id, ProposalState.APPROVED, who):
            return self._ledger.proposed(proposal.id)
        (last,) = self._ledger.proposals(self.pair, limit=1)
        if last.id != proposal.id or last.state is not ProposalState.APPROVED:
            return None
        if not self._ledger.ever_approved(self.pair):
            return None
        return self._ledger.proposed(proposal.id, left=True) or None


class StockDesk:
    """The desk of the one source that says: the levels of this pair have to be looked at."""

    def __init__(
        self,
        *,
        connection: Connection,
        name: str,
        ledger: Ledger,
        breaker: Breaker,
        new_writer: Callable[[], LevelWriter],
        clock: Callable[[], datetime],
        metrics: Metrics,
    ) -> None:
        self.lease = TURN
        self._connection = connection
        self._name = name
        self._ledger = ledger
        self._breaker = breaker
        self._new_writer = new_writer
        self._clock = clock
        self._metrics = metrics

    def work(self, claims: Sequence[Claim]) -> dict[SourceKey, Outcome]:
        """Decide, and write what may be written. Raises LedgerTrouble only."""
        out: dict[SourceKey, Outcome] = {}
        for claim in claims:
            self._guarded(claim, out)
        self._breaker.tried()
        return out

    def _guarded(self, claim: Claim, out: dict[SourceKey, Outcome]) -> None:
        try:
            self._settle(claim, self._look(claim), out)
        except LedgerTrouble:
            raise
        except NotEnabled as error:
            self._not_enabled(claim, error, out)
        except (Pause, Stop, TryLater) as error:
            self._settle(claim, Later(until=self._clock() + self._wait(error), why=str(error)), out)
        except Hold as error:
            self._settle(claim, Held(problems=error.problems), out)
        except Exception as error:  # noqa: BLE001 - it must not end the worker, which serves others; it is held and logged
            self._settle(claim, defect(claim.key, error), out)

    def _settle(self, claim: Claim, outcome: Outcome, out: dict[SourceKey, Outcome]) -> None:
        match outcome:
            case Held(problems=problems):
                ours = self._ledger.hold(claim, problems, RULES)
            case Excluded(rule=rule):
                ours = self._ledger.exclude(claim, rule, RULES)
            case Later(until=until, why=why):
                ours = self._ledger.later(claim, until, why)
            case _:
                ours = self._ledger.unchanged(claim, RULES)
        if ours:
            out[claim.key] = outcome

    def _not_enabled(self, claim: Claim, error: NotEnabled, out: dict[SourceKey, Outcome]) -> None:
        with self._ledger.transaction():
            # Whoever allows it in this very moment hastens what waits, which this does not do yet.
            allowed = self._ledger.may_write(claim.key.pair)
            until = self._clock() + (A_MOMENT if allowed else DISABLED_WAIT)
            self._settle(claim, Later(until=until, why=str(error)), out)

    def _wait(self, error: CartledgerError) -> timedelta:
        """Of a side that does not answer the circuit knows how long to leave it alone."""
        if error.in_doubt:
            return self._connection.in_flight
        return NOT_YOUR_TURN if isinstance(error, TryLater) else timedelta(0)

    def _look(self, claim: Claim) -> Outcome:
        if claim.claims >= HELD_FROM_CLAIM:
            return Held(problems=(ENDED_THE_PROCESS,))
        if not self._connection.keeps_stock:
            return Excluded(rule="workflow stock is off")
        if self._breaker.is_open():
            return Later(until=self._clock(), why="BigCommerce does not answer")
        writer = self._new_writer()
        with writer.turn():
            return self._follow(claim, writer)

    def _follow(self, claim: Claim, writer: LevelWriter) -> Outcome:
        pair, stock = claim.key.pair, self._connection.stock
        if not self._may_rely_on_what_was_read(pair):
            return Unchanged()  # the next reading has the levels looked at again
        plan = planned(self._ledger, pair, stock)
        if reasons := trips(plan, stock, first=not self._ledger.ever_approved(pair)):
            self._stop(pair, plan, reasons)
            return Unchanged()
        self._release(pair, plan)
        written = writer.write(plan.changes, lambda chunk: self._get_on(claim, chunk))
        if written.refused:
            self._tell_refused(plan, written)
        return Done() if written.count else Unchanged()

    def _may_rely_on_what_was_read(self, pair: str) -> bool:
        """False where the source is of a reading that was long ago, since when the clock was set back, or since when
        one found stock that is not whole."""
        waiting, read = self._ledger.waiting_proposal(pair), self._ledger.cursor(pair, ITEMS)
        if read is None or not timedelta(0) <= self._clock() - read.polled_at <= FRESH_FOR:
            return False
        return waiting is None or not is_unread(waiting) or read.polled_at >= waiting.made_at

    def _stop(self, pair: str, plan: StockPlan, reasons: Sequence[Problem]) -> None:
        """A person has to look. What is shown to them already stays as it is, and what they said no to is not shown
        again before it is another matter or all items were read again."""
        with self._ledger.transaction():
            last = next(iter(self._ledger.proposals(pair, limit=1)), None)
            if last is not None and self._is_told(pair, last, reasons):
                return
            number = self._ledger.propose(pair, reasons, plan.changes, plan.lost)
        why = " ".join(str(reason) for reason in reasons)
        logs.warning(
            f"{self._name}: nothing is written to the shop's stock before you approve it. {why} "
            f"See `cartledger stock show {number}`.",
            action="stock_held",
            connection=self._name,
            proposal=number,
        )

    def _is_told(self, pair: str, last: Proposal, reasons: Sequence[Problem]) -> bool:
        if last.state is ProposalState.WAITING:
            return not is_unread(last)
        if last.state is not ProposalState.REJECTED or last.settled_at is None:
            return False
        swept = self._ledger.cursor(pair, SWEEP)
        again = swept is not None and swept.polled_at > last.settled_at
        return _codes(last.reasons) == _codes(reasons) and not again

    def _release(self, pair: str, plan: StockPlan) -> None:
        with self._ledger.transaction():
            agreed(self._ledger, pair, plan, plan.lost)
            waiting = self._ledger.waiting_proposal(pair)
            if waiting is None:
                return
            self._ledger.settle_proposal(waiting.id, ProposalState.WITHDRAWN, "")
        logs.info(
            f"{self._name}: the shop's stock follows QuickBooks again; nobody has to approve anything.",
            action="stock_released",
            connection=self._name,
            proposal=waiting.id,
        )

    def _get_on(self, claim: Claim, taken: Sequence[LevelChange]) -> None:
        self._metrics.add(LEVELS_WRITTEN, len(taken), connection=self._name)
        self._ledger.renew([claim], self.lease)

    def _tell_refused(self, plan: StockPlan, written: Written) -> None:
        first = next(change for change in plan.changes if change.unit in written.refused)
        logs.warning(
            f"{self._name}: the shop does not take the levels of {len(written.refused)} SKUs, such as {first.label}: "
            f"{written.refused[first.unit]} They are left alone until its levels are next read.",
            action="levels_refused",
            connection=self._name,
            levels=len(written.refused),
        )


def agreed(ledger: Ledger, pair: str, plan: StockPlan, lost: Iterable[str]) -> None:
    """Which units have an item in QuickBooks; of those that have none any more, as far as the breaker or a person lets
    it pass."""
    ledger.track(pair, plan.found, tracked=True)
    ledger.track(pair, lost, tracked=False)


def _named(chunk: Sequence[LevelChange], names: set[str]) -> set[str]:
    skus = {fold(name) for name in names}
    return {change.unit for change in chunk if change.unit in names or change.sku in skus}


def _without(chunk: Sequence[LevelChange], wrong: set[str]) -> list[Sequence[LevelChange]]:
    """What goes out again after a refusal of these; in halves, where nobody knows which they are."""
    if not wrong:
        half = len(chunk) // 2
        return [chunk[:half], chunk[half:]]
    rest = [change for change in chunk if change.unit not in wrong]
    return [rest] if rest else []


def _words(refused: Refused) -> str:
    return f'"{refused.detail}".' if refused.detail else str(refused)


def _codes(problems: Sequence[Problem]) -> set[str]:
    return {problem.code for problem in problems}


def _not_your_turn() -> TryLater:
    return TryLater("Somebody else is writing levels of this shop.")
