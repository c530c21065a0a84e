"""A trial of recent orders: each decided as it would be, and nothing posted. Few calls: orders that are alike share
what was read of one of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar

from cartledger.errors import BadRecord, CartledgerError, Forbidden
from cartledger.records import Order, order_version, read_order, with_lines
from mapping.checks.trial import Tried, alike
from mapping.decision import Decision, Excluded, Held, Needs, Post
from mapping.facts import UNREAD, Facts

T = TypeVar("T")
Read = tuple[Mapping[str, Any], Order]
"""An order, raw and read."""

READS = 25
"""The most orders of which facts are read."""


class FactReader(Protocol):
    """What tells facts of an order. Raises what the clients raise."""

    def with_fact(self, facts: Facts, needs: Needs, order: Order, version: str) -> Facts: ...


class Shop(Protocol):
    """What a trial needs of the BigCommerce client."""

    def order_products(self, order_id: int) -> Sequence[Mapping[str, Any]]: ...


@dataclass(kw_only=True)
class Trial:
    """One trial. `decide` has no side effects; `on_order` hears how many orders are decided.

    `troubles` are errors of the sides that kept facts from being read, one for each fact.
    """

    decide: Callable[[Order, Facts], Decision]
    facts: FactReader
    shop: Shop
    on_order: Callable[[int], None] = lambda _: None
    reads: int = READS
    troubles: list[CartledgerError] = field(default_factory=list)
    _refused: set[str] = field(default_factory=set)

    def run(self, rows: Sequence[Mapping[str, Any]]) -> list[Tried]:
        """`rows` are raw orders; what became of each, in their order. Raises nothing."""
        found: dict[int, Tried] = {}
        waiting: defaultdict[Hashable, list[Read]] = defaultdict(list)
        for row in rows:
            tried, needs = self._first(row)
            if needs is None or tried.order is None:
                found[tried.id] = tried
            else:
                waiting[alike(tried.order, needs.fact)].append((row, tried.order))
            self.on_order(len(found))
        for group in sorted(waiting.values(), key=len, reverse=True):
            found |= self._of_group(group)
            self.on_order(len(found))
        return [found[int(row["id"])] for row in rows]

    def _of_group(self, group: Sequence[Read]) -> dict[int, Tried]:
        """All as the first one that is still there."""
        found: dict[int, Tried] = {}
        for n, (row, order) in enumerate(group):
            try:
                decision = self._with_facts(row, order)
            except BadRecord as error:
                found[order.id] = Tried(id=order.id, order=order, decision=Held(problems=error.problems))
                continue
            return found | {each.id: Tried(id=each.id, order=each, decision=decision) for _, each in group[n:]}
        return found

    def _first(self, row: Mapping[str, Any]) -> tuple[Tried, Needs | None]:
        try:
            order = read_order(self._whole(row))
        except BadRecord as error:
            return Tried(id=int(row["id"]), order=None, decision=Held(problems=error.problems)), None
        decision = None if order.lines_incomplete else self.decide(order, UNREAD)
        needs = decision if isinstance(decision, Needs) else None
        return Tried(id=order.id, order=order, decision=_settled(decision)), needs

    def _whole(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """With all its lines, where a list does not bring them and they can be read."""
        if not read_order(row).lines_incomplete:
            return row
        lines = self._ask("lines", partial(self.shop.order_products, int(row["id"])))
        return row if lines is None else with_lines(row, lines)

    def _with_facts(self, row: Mapping[str, Any], order: Order) -> Post | Held | Excluded | None:
        """Raises BadRecord."""
        facts, decision = UNREAD, self.decide(order, UNREAD)
        while isinstance(decision, Needs):
            read = partial(self.facts.with_fact, facts, decision, order, order_version(row))
            known = self._ask(decision.fact, read)
            if known is None:
                return None
            facts, decision = known, self.decide(order, known)
        return decision

    def _ask(self, what: str, read: Callable[[], T]) -> T | None:
        """None where there is no read left or it is not to be had. What a scope is missing for is not asked for again,
        and after another trouble nothing is. Raises BadRecord."""
        if not self.reads or what in self._refused:
            return None
        self.reads -= 1
        try:
            return read()
        except BadRecord:
            raise
        except CartledgerError as error:
            self.troubles.append(error)
            self._refused.add(what)
            if not isinstance(error, Forbidden):
                self.reads = 0
            return None


def _settled(decision: Decision | None) -> Post | Held | Excluded | None:
    return None if isinstance(decision, Needs) else decision
