"""A trial of recent orders: each decided as it would be, and nothing posted. Few calls: orders that are alike share
what was read of one of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar

from cartledger.errors import BadRecord, CartledgerError
from cartledger.records import Order, order_version, read_order, with_lines
from mapping.decision import Decision, Excluded, Fact, Held, Needs, Post
from mapping.facts import UNREAD, Facts
from mapping.trial import Tried, alike

T = TypeVar("T")
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

    `troubles` are errors of the sides that kept facts from being read, each once.
    """

    decide: Callable[[Order, Facts], Decision]
    facts: FactReader
    shop: Shop
    on_order: Callable[[int], None] = lambda _: None
    reads: int = READS
    troubles: list[CartledgerError] = field(default_factory=list)

    def run(self, rows: Sequence[Mapping[str, Any]]) -> list[Tried]:
        """`rows` are raw orders; what became of each, in their order. Raises nothing."""
        found: dict[int, Tried] = {}
        waiting: defaultdict[Hashable, list[tuple[Mapping[str, Any], Order]]] = defaultdict(list)
        for row in rows:
            tried, needs = self._first(row)
            if needs is None or tried.order is None:
                found[tried.id] = tried
            else:
                waiting[alike(tried.order, needs.fact)].append((row, tried.order))
            self.on_order(len(found))
        for group in sorted(waiting.values(), key=len, reverse=True):
            decision = self._with_facts(*group[0])
            found |= {order.id: Tried(id=order.id, order=order, decision=decision) for _, order in group}
            self.on_order(len(found))
        return [found[int(row["id"])] for row in rows]

    def _first(self, row: Mapping[str, Any]) -> tuple[Tried, Needs | None]:
        try:
            order = read_order(self._whole(row))
        except BadRecord as error:
            return Tried(id=int(row["id"]), order=None, decision=Held(problems=error.problems)), None
        decision = None if order.lines_incomplete else self.decide(order, UNREAD)
        needs = decision if isinstance(decision, Needs) else None
        return Tried(id=order.id, order=order, decision=_settled(decision)), needs

    def _whole(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """With all its lines, where a list does not bring them and there is a read left."""
        if not read_order(row).lines_incomplete or not self.reads:
            return row
        lines = self._read(partial(self.shop.order_products, int(row["id"])))
        return row if lines is None else with_lines(row, lines)

    def _with_facts(self, row: Mapping[str, Any], order: Order) -> Post | Held | Excluded | None:
        facts, decision = UNREAD, self.decide(order, UNREAD)
        for _ in Fact:
            if not isinstance(decision, Needs) or not self.reads:
                break
            read = partial(self.facts.with_fact, facts, decision, order, order_version(row))
            try:
                known = self._read(read)
            except BadRecord as error:
                return Held(problems=error.problems)
            if known is None:
                break
            facts, decision = known, self.decide(order, known)
        return _settled(decision)

    def _read(self, read: Callable[[], T]) -> T | None:
        """None where the side does not let us; the reason is kept once. Raises BadRecord."""
        self.reads -= 1
        try:
            return read()
        except BadRecord:
            raise
        except CartledgerError as error:
            if str(error) not in map(str, self.troubles):
                self.troubles.append(error)
            return None


def _settled(decision: Decision | None) -> Post | Held | Excluded | None:
    return None if isinstance(decision, Needs) else decision
