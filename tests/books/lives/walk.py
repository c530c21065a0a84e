"""One walk: a shop's orders live, people touch the books, syncs fail in between, and whenever all is quiet the books
are compared with the model."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from simulator.lives import settle
from tests.books.lives import model
from tests.books.lives.events import Bookkeeper, Shopkeeper
from tests.books.lives.papers import Paper, papers
from tests.books.lives.world import CLOSED, World

ROUNDS = 6
THE_COMPANY_IS_READ_AGAIN = timedelta(hours=13)
STEPS = 20
STORMS: tuple[dict[str, Any], ...] = (
    {"side": "quickbooks", "call": "batch", "kind": "drop_after"},
    {"side": "quickbooks", "call": "batch", "kind": "drop_after"},
    {"side": "quickbooks", "call": "batch", "kind": "drop_before"},
    {"side": "quickbooks", "call": "batch", "kind": "truncated"},
    {"side": "quickbooks", "call": "batch", "kind": "missing"},
    {"side": "quickbooks", "call": "batch", "kind": "html"},
    {"side": "quickbooks", "call": "batch", "kind": "status", "status": 503, "executed": True},
    {"side": "quickbooks", "call": "batch", "kind": "status", "status": 500, "executed": False},
    {"side": "quickbooks", "call": "batch", "kind": "hang", "executed": True},
    {"side": "quickbooks", "call": "batch", "kind": "commit_late", "late_calls": 1},
    {"side": "quickbooks", "call": "query", "kind": "drop_before"},
    {"side": "bigcommerce", "call": "*", "kind": "drop_before"},
    {"side": "bigcommerce", "call": "*", "kind": "status", "status": 503},
)


@dataclass(kw_only=True)
class Walk:
    """`deeds` are what the bookkeeper may do, `closes` whether the books are closed now and then, `dies` whether the
    process does."""

    world: World
    rules: model.Rules
    seed: int
    rates: Mapping[str, int] = field(default_factory=dict)
    deeds: tuple[str, ...] = ()
    closes: bool = True
    dies: bool = True
    forgets: bool = False
    steps: int = STEPS
    booked: dict[int, Decimal] = field(default_factory=dict)
    held: dict[int, list[str]] = field(default_factory=dict)
    storms: int = 0

    def __post_init__(self) -> None:
        self.source = random.Random(f"walk {self.seed}")
        self.keeper = Shopkeeper(world=self.world, source=self.source, rates=self.rates)
        self.bookkeeper = Bookkeeper(world=self.world, source=self.source, keeper=self.keeper, deeds=self.deeds)

    def go(self, orders: int) -> None:
        half = orders // 2
        self.fill(half)
        self.rest()
        for number in range(ROUNDS):
            if number == ROUNDS // 3:
                self.fill(orders - half)
            for _ in range(self.source.randrange(1, 4)):
                self.keeper.steps(self.source.randrange(self.steps))
                self.happen()
                self.storm()
            self.rest()
        self.end()

    def fill(self, orders: int) -> None:
        """Orders of the last days. They come to be changed now: the shop may have been read since."""
        shop, before = self.world.shop, set(self.world.shop.orders)
        self.world.books.sim.fill(orders=orders, customers=orders // 3, price_mode=shop.price_mode, days=5)
        for number in shop.orders.keys() - before:
            shop.touch(number)

    def happen(self) -> None:
        """Time goes by, people work on the books."""
        if self.source.random() < 0.4:
            self.world.skip(timedelta(days=self.source.randrange(1, 9)))
        for _ in range(self.source.randrange(3) if self.deeds else 0):
            self.bookkeeper.step()
        if self.closes and self.source.random() < 0.2:
            self.close()
        if self.forgets and self.source.random() < 0.3:
            self.world.books.lose_the_ledger()

    def close(self) -> None:
        """The books, up to a day that is later than before."""
        last = self.world.clock().date() - timedelta(days=self.source.randrange(1, 9))
        if last.isoformat() > self.world.closed:
            self.world.company.close_books(last.isoformat())

    def storm(self) -> None:
        for _ in range(self.source.randrange(3)):
            self.storms += 1
            self.world.faults.add(**self.source.choice(STORMS), nth=self.source.randrange(1, 4))
        if self.dies and self.source.random() < 0.5:
            self.storms += 1
            self.world.die_at(self.source.randrange(1, 30))
        self.world.sync()

    def rest(self) -> None:
        self.world.come_to_rest()
        self.check()
        self.keeper.all_is_known()

    def end(self) -> None:
        """Whatever only waits for a person to do the obvious is done."""
        self.world.company.close_books(None)
        self.world.skip(THE_COMPANY_IS_READ_AGAIN)
        for told in settle(self.world.shop):
            number, _, what = told.removeprefix("order ").partition(": ")
            self.keeper.tell(int(number), what)
        for _ in range(2):
            self.world.books.app.ledger.retry(self.world.books.pair)
            self.world.come_to_rest()
        self.check(over=True)

    # -- asking the books

    def check(self, *, over: bool = False) -> None:
        found = papers(self.world, self.bookkeeper.known)
        held = self.world.books.held()
        said = [*self._doubled(found), *self._strangers(found), *self._closed(), *self._left_alone()]
        for number, order in sorted(self.world.shop.orders.items()):
            own = [paper for paper in found if paper.order_id == number]
            said += self._order(self._life(order, own), held.get(str(number), []), over=over)
        if sum(self.world.company.balances().values()):
            said.append("the books do not balance")
        if said:
            raise AssertionError("\n".join(["", *said]))
        self.held = {int(number): codes for number, codes in held.items()}

    def _life(self, order: Any, own: list[Paper]) -> model.Life:
        rows = [row for row in self.world.shop.refunds if row["order_id"] == order.id]
        return model.Life(rules=self.rules, order=order, rows=rows, papers=own)

    def _order(self, life: model.Life, held: list[str], *, over: bool) -> Iterator[str]:
        number = life.order.id
        verdict = model.judge(life, self.booked.get(number))
        if life.sale and life.sale.total:
            self.booked[number] = life.booked
        if number in self.bookkeeper.touched:
            yield from self._touched(life, held)
        elif over or not (model.short(life) or any("closed" in code for code in held)):
            yield from (self._tell(life, held, what) for what in _wrong(life, held, verdict))

    def _touched(self, life: model.Life, held: list[str]) -> Iterator[str]:
        """An order whose document the bookkeeper has changed waits for a person only if it was to change, too."""
        number, touch = life.order.id, self.bookkeeper.touched[life.order.id]
        if held and not self.held.get(number) and len(self.keeper.told.get(number, [])) == touch.told:
            yield self._tell(life, held, f"is held since the bookkeeper {touch.what} {touch.paper}")

    def _tell(self, life: model.Life, held: list[str], what: str) -> str:
        number = life.order.id
        header = life.order.header
        reasons = self.world.books.reasons(number) if held else []
        names = ("status_id", "payment_method", "payment_status", "total_inc_tax", "total_tax")
        facts = {name: header[name] for name in names}
        return "\n    ".join(
            [
                f"order {number} {what}",
                f"{facts} redeemed {life.tenders} taken {life.taken}",
                f"held {held} {reasons}",
                *self.keeper.told.get(number, []),
                *map(str, life.papers),
            ]
        )

    def _doubled(self, found: list[Paper]) -> Iterator[str]:
        marks = Counter((p.entity, p.kind, p.number, _suffix(p)) for p in found if not p.voided)
        sales = Counter(p.number for p in found if p.is_sale and not p.voided)
        yield from (f"{mark} is there {count} times" for mark, count in marks.items() if count > 1)
        yield from (f"order {number} is booked {count} times" for number, count in sales.items() if count > 1)

    def _strangers(self, found: list[Paper]) -> Iterator[str]:
        known = {(paper.entity, paper.id) for paper in found}
        for entity in ("SalesReceipt", "Invoice", "CreditMemo", "RefundReceipt", "Payment", "Purchase", "Transfer"):
            for shown in self.world.company.objects(entity):
                if (entity, shown["Id"]) not in known and shown.get("PrivateNote") != "By hand":
                    yield f"{entity} {shown['Id']} says not of which order it is: {shown.get('PrivateNote')}"

    def _closed(self) -> Iterator[str]:
        for write in self.world.writes:
            if write.in_closed_books and not write.code:
                yield f"written in closed books: {write}"
        refused = Counter(
            (write.closed, write.entity, write.id or write.mark) for write in self.world.writes if write.code == CLOSED
        )
        # A refusal that nobody heard tells nothing.
        often = {what: count for what, count in refused.items() if count > 1 + self.storms}
        yield from (f"{what} was tried {count} times in closed books" for what, count in often.items())

    def _left_alone(self) -> Iterator[str]:
        standing = {(p.entity, p.id): p for p in papers(self.world, self.bookkeeper.known)}
        for touch in self.bookkeeper.touches:
            now = standing.get((touch.paper.entity, touch.paper.id))
            left = now.lasting if now else None
            if left != touch.left and touch.what not in ("reconciles", "enters a payment of"):
                yield f"the bookkeeper {touch.what} {touch.paper}, and now: {now}"


def _wrong(life: model.Life, held: list[str], verdict: model.Verdict) -> Iterator[str]:
    if held and not verdict.may | verdict.must:
        yield "is held for nothing that is wrong with it"
    if verdict.must and not held:
        yield f"is not held: {sorted(verdict.must)}"
    if model.overdrawn(life):
        yield "gave back more than is booked of it"
    if life.is_sale and life.sale is None and not held:
        yield "is not booked"
    if off := dict(_differences(life, verdict.wanted)) if verdict.wanted is not None else {}:
        yield f"differs: {off}"


def _differences(life: model.Life, wanted: Mapping[str, Decimal]) -> Iterator[tuple[str, str]]:
    stands = model.stands(life)
    for name in sorted(model.watched(life)):
        is_, should = stands.get(name, model.ZERO), wanted.get(name, model.ZERO)
        if is_ != should:
            yield name, f"{is_:.2f} instead of {should:.2f}"


def _suffix(paper: Paper) -> str:
    note = str(paper.shown.get("PrivateNote") or "")
    return note.rpartition(":")[2].strip()
