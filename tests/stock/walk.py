"""One walk: a shop and a company trade, the program reads, posts and sets levels in between, answers are lost and
processes die; each level that goes out is held against the model."""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from itertools import count
from typing import Any

from cartledger.clients.http import Answer, Http
from cartledger.errors import CartledgerError
from cartledger.ledger.stock import PLACED_WITHIN
from cartledger.stock import ProposalState
from consumers.outcome import Done, Outcome
from daemon.by_hand.approving import approve_with_progress
from daemon.demos.settings import NAME
from daemon.running.supervisor import Crew, Producing
from mapping.levels import is_unread
from producers.handover import KINDS, SIDES
from simulator.bigcommerce import editing, fulfilment, refunding
from simulator.bigcommerce.refund_bill import Asked, RefundRefusedError
from simulator.bigcommerce.stock import counted
from simulator.drafts import Destination, Draft, Item, Payment
from simulator.goods import Product
from simulator.people import people
from simulator.pricing import price
from simulator.printing import print_order
from tests.books.conftest import Books
from tests.books.lives.world import A_DEAD_PROCESS_IS_GONE, Killed
from tests.stock.model import ZERO, Reading, Seen, Units, floor, lesser, level, missing, units

BEGAN = datetime(2026, 5, 4, 15, tzinfo=UTC)
CARD = Payment(name="Credit Card", status="captured", gateway="stripe", event="purchase")
BANK = Payment(name="Bank Deposit", status="pending")
A_ROUND = timedelta(minutes=15)
IN_FLIGHT = 30
"""Seconds, of the walk's clock."""

RATES: Mapping[str, int] = {
    "sell": 30,
    "sell on account": 8,
    "sell what is held": 4,
    "mend": 3,
    "pay": 5,
    "edit": 6,
    "cancel": 4,
    "refund": 4,
    "ship": 3,
    "receive": 6,
    "recount": 4,
    "sell by hand": 4,
    "poll": 14,
    "post": 14,
    "follow": 16,
    "wait": 10,
}
"""How often each thing happens where it can, against the others."""

TRADED = ("sell", "sell", "sell on account", "receive", "recount", "sell by hand")
BETWEEN: Mapping[str, Sequence[str]] = {
    "items": TRADED,
    "orders": (*TRADED, "post what is known", "post what is known", "post what is known"),
    "levels": (*TRADED, "sell and poll", "sell and poll"),
}
"""What may happen in the middle of a round, before either side is asked or told."""

STORMS: Sequence[Mapping[str, Any]] = (
    {"side": "quickbooks", "call": "batch", "kind": "drop_after"},
    {"side": "quickbooks", "call": "batch", "kind": "drop_after"},
    {"side": "quickbooks", "call": "batch", "kind": "drop_before"},
    {"side": "quickbooks", "call": "batch", "kind": "truncated"},
    {"side": "quickbooks", "call": "batch", "kind": "missing"},
    {"side": "quickbooks", "call": "batch", "kind": "commit_late", "late_calls": 2},
    {"side": "quickbooks", "call": "batch", "kind": "status", "status": 503, "executed": True},
    {"side": "quickbooks", "call": "query", "kind": "drop_before"},
    {"side": "quickbooks", "call": "query", "kind": "truncated"},
    {"side": "bigcommerce", "call": "adjust", "kind": "drop_before"},
    {"side": "bigcommerce", "call": "adjust", "kind": "drop_after"},
    {"side": "bigcommerce", "call": "adjust", "kind": "truncated"},
    {"side": "bigcommerce", "call": "adjust", "kind": "commit_late", "late_calls": 4},
    {"side": "bigcommerce", "call": "adjust", "kind": "status", "status": 503},
    {"side": "bigcommerce", "call": "adjust", "kind": "throttled"},
    {"side": "bigcommerce", "call": "orders", "kind": "status", "status": 503},
    {"side": "bigcommerce", "call": "orders", "kind": "drop_before"},
)


class Clock:
    """The time of shop, company and program alike. It stands until it is moved."""

    def __init__(self) -> None:
        self.now = BEGAN
        self.before: Callable[[timedelta], None] = lambda _: None

    def __call__(self) -> datetime:
        return self.now

    def skip(self, span: timedelta) -> None:
        self.before(span)
        self.now += span

    def sleep(self, seconds: float) -> None:
        self.skip(timedelta(seconds=seconds))


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A level on its way: the walk's tallies by the readings that it was worked out from."""

    taken: int
    aside: int
    dropped: int


@dataclass(kw_only=True)
class Walk:
    """`books` on `clock`. `late`: the shop takes units when it ships them; nobody asks then whether it oversells.

    `said` is the story. `excused` counts units sold beyond what was there of which the program could not know: sold
    between its reading of the orders and the moment that its level showed, or gone in the company since it asked.
    """

    books: Books
    clock: Clock
    seed: int
    safety: int = 0
    dies: bool = True
    late: bool = False
    said: list[str] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    excused: int = 0
    levels: int = 0

    def __post_init__(self) -> None:
        self.source = random.Random(f"walk {self.seed}")
        self.people = [
            replace(each, customer_id=0, email="ada@example.com") for each in people(1, 8, self.sim.market.places)
        ]
        self.lines, self.addresses, self.orders = count(5001), count(3001), count(1001)
        self.placed: dict[int, datetime] = {}
        self.edited: list[int] = []
        self.just_edited: set[int] = set()
        self.docs: dict[int, Units] = {}
        self.answered: dict[int, Units] = {}
        self.seen = [Seen()]
        self.readings: list[dict[str, Reading]] = [{}]
        self.asked: list[str] = []
        self.page: Seen | None = None
        self.read: dict[str, Reading] = {}
        self.taken: Counter[str] = Counter()
        self.aside: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.on_the_way: defaultdict[str, deque[Sent]] = defaultdict(deque)
        self.sent: dict[str, Sent] = {}
        self.base: dict[str, Sent] = {}
        self.landed: Counter[str] = Counter()
        self.last_due = BEGAN
        self.between: dict[str, list[str]] = {}
        self.wrong: list[str] = []
        self._listen()

    @property
    def sim(self) -> Any:
        return self.books.sim

    @property
    def shop(self) -> Any:
        return self.sim.shop

    @property
    def company(self) -> Any:
        return self.sim.company

    @property
    def app(self) -> Any:
        return self.books.app

    @property
    def pair(self) -> str:
        return self.books.pair

    # -- what both sides have

    def stock_up(self, levels: Mapping[str, int]) -> None:
        """Products counted as a whole, and one that is counted by variant."""
        *whole, one, two, three = levels.items()
        for sku, stock in whole:
            self.shop.add_product(sku=sku, name=sku, price=Decimal(10), tracked=True, stock=stock)
        self.shop.add_product(sku="", name="Shirt", price=Decimal(20), tracked=True, variants=dict((one, two, three)))
        for sku, stock in levels.items():
            self.company.add_item(
                name=f"Item {sku}", sku=sku, kind="inventory", cost=Decimal(1), quantity=Decimal(stock + 3)
            )
        self.units = {item.sku: item.unit for item in counted(self.shop.products)}
        self.skus = {unit: sku for sku, unit in self.units.items()}
        self.items = {each["Sku"]: each["Id"] for each in self.company.objects("Item") if each.get("Sku") in levels}
        self.of_item = {item_id: self.units[sku] for sku, item_id in self.items.items()}
        self.base = {unit: Sent(taken=0, aside=0, dropped=0) for unit in self.skus}

    def on_hand(self, sku: str) -> Decimal:
        found: Decimal = self.company.state.get("Item", self.items[sku]).running
        return found

    def standing(self) -> dict[int, Units]:
        """What each order takes now."""
        return {number: units(order, self.skus) for number, order in self.shop.orders.items()}

    def free(self, unit: str) -> Decimal:
        """Units that are there and that no order has taken, whatever the books say."""
        held = sum((found.get(unit, ZERO) for found in self.docs.values()), ZERO)
        taken = sum((found.get(unit, ZERO) for found in self.standing().values()), ZERO)
        return self.on_hand(self.skus[unit]) + held - taken

    # -- the wire

    def _listen(self) -> None:
        self.shop.clock = self.clock
        self.company.state.clock = lambda: self.clock().timestamp()
        self.clock.before = self._time_goes_by
        self._watch_the_company()
        self._watch_the_shop()
        self.tap()

    def _time_goes_by(self, span: timedelta) -> None:
        """Whatever is carried out late is carried out within the in-flight limit."""
        if self.sim.faults.held and span > timedelta(seconds=IN_FLIGHT / 4):
            self.sim.faults.release()

    def tap(self) -> None:
        """Hear each call of the program and each answer that it gets."""
        line = self.app.lines[NAME]
        for http in (line.quickbooks._http, line.shop._http):
            self._tap(http)

    def _tap(self, http: Http) -> None:
        call = http.call

        def heard(method: str, url: str, **request: Any) -> Answer:
            body = request.get("body") or b""
            self._asks(url, body)
            held = {number: lesser(found, self.docs.get(number, {})) for number, found in self.answered.items()}
            answer: Answer = call(method, url, **request)
            if "/quickbooks/" in url and answer.status == 200:
                self._is_told(answer, held, stock=b"Type = 'Inventory'" in body)
            return answer

        http.call = heard

    def _asks(self, url: str, body: bytes) -> None:
        path = url.partition("?")[0]
        if path.endswith("/v2/orders"):
            self.asked.append("orders")
            self._happens_between("orders")
            if self.page is None:
                self.page = Seen(orders=self.standing(), taken=self.taken.copy(), aside=self.aside.copy())
        elif b"Type = 'Inventory'" in body:
            self.asked.append("items")
            self._happens_between("items")
        elif path.endswith("/absolute"):
            self.believe()
            self._check(json.loads(body)["items"])
            self._happens_between("levels")

    def _is_told(self, answer: Answer, held: Mapping[int, Units], *, stock: bool) -> None:
        try:
            told = answer.json()
        except ValueError:
            return
        for number in map(int, re.findall(rb'"DocNumber":\s*"BC-(\d+)"', answer.body)):
            self.answered[number] = self.docs.get(number, {})
        for row in told["QueryResponse"].get("Item", []) if stock else []:
            if row["Id"] in self.of_item and "QtyOnHand" in row:
                dropped = self.dropped[self.of_item[row["Id"]]]
                self.read[row["Id"]] = Reading(on_hand=row["QtyOnHand"], held=held, dropped=dropped)

    def _happens_between(self, place: str) -> None:
        """Things that happen at this very moment of a round."""
        for name in self.between.pop(place, ()):
            self.do(name, f" (before the {place})")

    def _watch_the_company(self) -> None:
        execute = self.company._execute

        def watched(change: Any) -> Any:
            answer = execute(change)
            shown = answer.get(change.entity) or {}
            if change.entity in ("SalesReceipt", "Invoice") and str(shown.get("DocNumber") or "").startswith("BC-"):
                gone = change.action in ("void", "delete")
                self.docs[int(shown["DocNumber"][3:])] = {} if gone else self._sold(shown)
            return answer

        self.company._execute = watched

    def _sold(self, shown: Mapping[str, Any]) -> dict[str, Decimal]:
        found: Counter[str] = Counter()
        for line in shown["Line"]:
            detail = line.get("SalesItemLineDetail") or {}
            unit = self.of_item.get((detail.get("ItemRef") or {}).get("value", ""))
            if unit:
                found[unit] += Decimal(str(detail.get("Qty") or 0))
        return dict(found)

    def _watch_the_shop(self) -> None:
        accept, set_ = self.shop.accept, self.shop._set

        def accepts(levels: Any, **facts: Any) -> None:
            """Levels show one call after the other, however long each takes."""
            rows = list(levels)
            due = max(self.last_due, self.clock() + timedelta(seconds=self._delay()))
            self.shop.adjustment_delay = (due - self.clock()).total_seconds()
            self.last_due = due
            self.levels += len(rows)
            for _, item, _ in rows:
                self.on_the_way[item.unit].append(self.sent[item.unit])
            accept(rows, **facts)

        def sets(item: Any, location: int, level: int) -> None:
            self.base[item.unit] = self.on_the_way[item.unit].popleft()
            self.landed[item.unit] = self.taken[item.unit]
            set_(item, location, level)

        self.shop.accept, self.shop._set = accepts, sets

    def _delay(self) -> float:
        return self.source.choice((0, 0, 1, 5, 20, 60, 200, 400))

    # -- what is checked

    def _check(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """No level goes out that is above what the readings allow."""
        for row in rows:
            unit = f"product:{row['product_id']}" if "product_id" in row else f"variant:{row['variant_id']}"
            most = self.most(unit)
            self.sent[unit] = Sent(
                taken=min(seen.taken[unit] for seen in self.seen),
                aside=min(seen.aside[unit] for seen in self.seen),
                dropped=min(reading.dropped for reading in self.readings_of(unit)),
            )
            self.tell(f"    {self.skus[unit]} is set to {row['quantity']}, at most {most}")
            if row["quantity"] > most:
                self.fail(f"{self.skus[unit]} is set to {row['quantity']}, which is more than {most}")

    def most(self, unit: str) -> int:
        """The highest level that the readings allow; where one broke off, what either allows."""
        found = (level(unit, each, seen.orders, self.safety) for each in self.readings_of(unit) for seen in self.seen)
        return max(found)

    def readings_of(self, unit: str) -> list[Reading]:
        item_id = self.items[self.skus[unit]]
        return [readings[item_id] for readings in self.readings if item_id in readings]

    def check_offered(self) -> None:
        """All that was to be written is: once it shows, the shop offers nothing more."""
        for sku, now in self.shop.levels(landed=True).items():
            if now > self.most(self.units[sku]):
                self.fail(f"the shop shows {now} of {sku}, which is more than {self.most(self.units[sku])}")

    def _check_sold(self, bought: Mapping[str, int]) -> None:
        """Nothing is sold that is not there, unless nobody could know."""
        for unit, number in bought.items():
            short = min(number, int(max(ZERO, -self.free(unit)).to_integral_value(ROUND_CEILING)))
            base = self.base[unit]
            unknown = (
                max(0, self.landed[unit] - base.taken)
                + max(0, self.aside[unit] - base.aside)
                + max(0, self.dropped[unit] - base.dropped)
            )
            if short > unknown:
                self.fail(f"{short} of {self.skus[unit]} are sold and not there, {unknown} of them for a reason")
            self.excused += short

    def fail(self, what: str) -> None:
        """A worker would take it for a defect in a source: it is raised at the end of the step."""
        self.wrong.append(what)

    def tell(self, what: str) -> None:
        self.said.append(what)

    # -- one thing after the other

    def go(self, steps: int) -> None:
        self.begin()
        for _ in range(steps):
            self.clock.skip(timedelta(seconds=self.source.choice((1, 2, 5, 20, 60))))
            able = [name for name in RATES if THINGS[name].can(self)]
            self.do(self.source.choices(able, [RATES[name] for name in able])[0])
            self.look()
        self.rest()

    def begin(self) -> None:
        """The first levels, with a person's leave."""
        self.app.begin()
        self.app.ledger.switch(self.pair, enabled=True, who="ann")
        self.follow()
        self.decide(approves=True)
        self.clock.skip(A_ROUND)
        self.shop.land()
        self.check_equal()
        self.look()

    def do(self, name: str, where: str = "") -> None:
        self.happened[name] += 1
        self.tell(f"{self.clock():%d. %H:%M:%S} {name}{where}")
        with self.putting_back() if name in ("edit", "cancel", "refund") else nullcontext():
            told = THINGS[name].do(self)
        if told:
            self.tell(f"    {told}")

    @contextmanager
    def putting_back(self) -> Iterator[None]:
        """What the shop puts back by itself may not be there: a refund is not booked yet, or more was sold before."""
        levels, there = self.shop.levels(), {unit: self.there(unit) for unit in self.skus}
        yield
        for sku, now in self.shop.levels().items():
            unit = self.units[sku]
            self.aside[unit] += max(0, now - levels[sku] - max(0, self.there(unit) - there[unit]))

    def there(self, unit: str) -> int:
        return floor(self.free(unit))

    def look(self) -> None:
        if self.wrong:
            raise AssertionError("\n".join([f"seed {self.seed}", *self.said[-400:], *self.wrong]))

    # -- the program

    def line(self) -> Any:
        return self.app.lines[NAME]

    @contextmanager
    def alive(self) -> Iterator[None]:
        """As long as the process lives."""
        try:
            yield
        except Killed:
            self.tell("    it dies")
            self.restart()
        except CartledgerError as error:
            self.tell(f"    {error}")

    def restart(self) -> None:
        self.app.close()
        self.clock.skip(A_DEAD_PROCESS_IS_GONE)
        self.books.app = self.books.open_app()
        self.tap()
        self.app.begin()

    def poll(self) -> None:
        with self._reading():
            self.producing().read(self.line(), lambda _: None)

    def follow(self) -> None:
        """One reading of the stock, and the writing that follows from it."""
        walk = None
        with self._reading():
            walk = self.producing().read_stock(self.line())
            if walk is None or walk.problem:
                self.tell(f"    not read: {walk}")
        known = self.seen
        outcomes = self.work("stock")
        if self.seen is known and walk and not walk.problem and (not walk.due or Done() in outcomes):
            self.check_offered()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """What comes is believed when all of it has come; of a reading that breaks off either may be."""
        self.page, self.read, self.asked = None, {}, []
        with self.alive():
            try:
                yield
            except BaseException:
                self.seen += [self.page] if self.page else []
                self.readings.append({**self.readings[-1], **self.read})
                raise
            self.believe()

    def believe(self) -> None:
        if self.page and self.asked[-1:] == ["items"]:
            self.fail("the company was asked after the shop's orders were read")
        if self.page:
            self.seen = [self.page]
            self.just_edited.clear()
        self.readings = [{**self.readings[-1], **self.read}] if self.read else self.readings
        self.page, self.read, self.asked = None, {}, []

    def producing(self) -> Producing:
        return Producing(self.app, [NAME], Crew())

    def work(self, *workflows: str, portion: int = 100) -> list[Outcome]:
        """All that is due, as the worker does it."""
        came: list[Outcome] = []
        with self.alive():
            desks = self.app._desks(self.line())
            for _ in range(6):
                keys = [
                    key
                    for workflow in workflows
                    for key in self.app.ledger.due([self.pair], KINDS[workflow], portion, side=SIDES[workflow])
                ]
                for kind in sorted({key.kind for key in keys}):
                    desk = desks[self.pair, kind]
                    own = [key for key in keys if key.kind == kind]
                    claims = self.app.ledger.claim(own, self.app.owner, desk.lease)
                    outcomes = desk.work(claims) if claims else {}
                    told = (f"{key.id} {type(outcome).__name__}" for key, outcome in outcomes.items())
                    self.tell(f"    {kind}: {', '.join(told)}")
                    came += outcomes.values()
        return came

    def storm(self) -> None:
        """Something goes wrong with the calls that follow, or the process dies in them."""
        self.sim.faults.clear()
        self.app.ledger.left = None
        if self.source.random() < 0.25:
            fault = {**self.source.choice(STORMS), "nth": self.source.randrange(1, 3)}
            self.sim.faults.add(**fault)
            self.tell(f"    {fault}")
        if self.dies and self.source.random() < 0.07:
            self.app.ledger.left = self.source.randrange(1, 25)

    def decide(self, *, approves: bool) -> None:
        """A person looks at what waits."""
        waiting = self.app.ledger.waiting_proposal(self.pair)
        if waiting is None:
            return
        if approves and not is_unread(waiting):
            self.tell(f"    approves {waiting.id}: {[reason.code for reason in waiting.reasons]}")
            with self._reading():
                approve_with_progress(self.app, self.line(), waiting)
        else:
            self.tell(f"    rejects {waiting.id}")
            with self.alive():
                self.app.ledger.settle_proposal(waiting.id, ProposalState.REJECTED, "ann")

    # -- the end

    def rest(self) -> None:
        """Nothing goes wrong any more and nobody does anything: the shop shows what the company has."""
        self.sim.faults.release()
        self.sim.faults.clear()
        self.app.ledger.left = None
        self.between = {}
        self.tell("rest")
        for _ in range(4):
            self.clock.skip(A_ROUND)
            self.poll()
            self.work("lists", "sales")
            self.clock.skip(timedelta(seconds=IN_FLIGHT + 60))
            self.work("lists", "sales")
            self.follow()
            self.decide(approves=True)
            self.look()
        (last,) = self.app.ledger.proposals(self.pair, limit=1)
        if last.state is ProposalState.REJECTED or not self.company.derived_times:
            self.tell("    until everything is read once more")
            self.clock.skip(timedelta(hours=25))
        self.follow()
        self.decide(approves=True)
        self.look()
        self.check_equal()
        before = self.levels
        self.clock.skip(A_ROUND)
        self.follow()
        if self.levels != before:
            self.fail("levels are written though nothing has changed")
        self.look()

    def check_equal(self) -> None:
        shown, orders = self.shop.levels(landed=True), self.standing()
        for sku, unit in self.units.items():
            wanted = floor(self.on_hand(sku) - missing(unit, orders, self.docs) - self.safety)
            if shown[sku] != wanted:
                self.fail(f"at rest the shop shows {shown[sku]} of {sku} and not {wanted}: on hand {self.on_hand(sku)}")


# -- what happens


@dataclass(frozen=True, kw_only=True)
class Thing:
    can: Callable[[Walk], object]
    do: Callable[[Walk], str | None]


def sell(walk: Walk, payment: Payment, status_id: int, *, held: bool = False) -> str:
    levels = walk.shop.levels()
    offered = [sku for sku, level in levels.items() if level > 0]
    if not offered:
        return "nothing is offered"
    wanted = sorted(set(walk.source.choices(offered, k=walk.source.choice((1, 1, 2, 3)))))
    bought = {sku: min(levels[sku], walk.source.choice((1, 1, 2, 4))) for sku in wanted}
    raw = order(walk, bought, payment, status_id)
    if held:
        raw["total_inc_tax"] = "0.0100"
    walk.shop.sell(raw)
    walk.placed[raw["id"]] = walk.clock()
    takes(walk, {walk.units[sku]: units for sku, units in bought.items()})
    return f"order {raw['id']}: {bought}"


def takes(walk: Walk, bought: Mapping[str, int], *, from_the_level: bool = True) -> None:
    """`from_the_level`: the shop's level has gone down with it."""
    tally = walk.taken if from_the_level else walk.aside
    tally.update(bought)
    if not walk.late:
        walk._check_sold(bought)


def order(walk: Walk, bought: Mapping[str, int], payment: Payment, status_id: int) -> dict[str, Any]:
    person, now = walk.source.choice(walk.people), walk.clock()
    levies = person.place.levies["standard"]
    rate = sum((levy.percent for levy in levies), ZERO)
    destination = Destination(
        address_id=next(walk.addresses),
        base=Decimal(5),
        shipping=price(Decimal(5), rate, inclusive=False),
        handling=price(ZERO, rate, inclusive=False),
    )
    goods = {item.sku: item for item in counted(walk.shop.products)}
    draft = Draft(
        order_id=next(walk.orders),
        person=person,
        created=now,
        modified=now,
        status_id=status_id,
        inclusive=False,
        currency=walk.shop.currency,
        store_currency=walk.shop.currency,
        exchange=Decimal(1),
        charge_rate=rate,
        rates={"standard": rate},
        levies={rate: levies},
        payment=payment,
        destinations=[destination],
        items=[
            Item(
                line_id=next(walk.lines),
                product=Product(
                    product_id=goods[sku].product["id"],
                    variant_id=goods[sku].variant["id"],
                    sku=sku,
                    name=sku,
                    price=Decimal(10),
                    tax="standard",
                    kind="physical",
                    tracked=True,
                ),
                quantity=quantity,
                unit=Decimal(10),
                rate=rate,
                inclusive=False,
                address_id=destination.address_id,
            )
            for sku, quantity in bought.items()
        ],
    )
    return print_order(draft)


def live_orders(walk: Walk, *statuses: int) -> list[Any]:
    """The last ones: of old ones nobody thinks any more."""
    recent = sorted(walk.shop.orders)[-25:]
    return [each for number in recent if (each := walk.shop.orders[number]).header["status_id"] in statuses]


def choose(walk: Walk, orders: Sequence[Any]) -> Any:
    return walk.source.choice(orders)


def editable(walk: Walk) -> list[tuple[Any, Any]]:
    """Nobody edits an order while the shop itself still does, or twice between two readings."""
    return [
        (each, line)
        for each in live_orders(walk, 7, 11)
        if walk.clock() - walk.placed[each.id] > PLACED_WITHIN and each.id not in walk.just_edited
        for line in each.products
        if not line["quantity_refunded"] and not line["quantity_shipped"] and each.header["total_inc_tax"] != "0.0100"
    ]


def edit(walk: Walk) -> str:
    able = editable(walk)
    again = [each for each in able if each[0].id in walk.edited[-2:]]
    found, line = walk.source.choice(again or able)
    walk.edited.append(found.id)
    walk.just_edited.add(found.id)
    unit = next(
        unit for unit in (f"product:{line['product_id']}", f"variant:{line['variant_id']}") if unit in walk.skus
    )
    more = max(0, min(2, walk.shop.levels()[walk.skus[unit]]))
    wanted = walk.source.randrange(1, line["quantity"] + more + 1)
    change = wanted - line["quantity"]
    editing.edit_line(walk.shop, found.id, line["id"], units=wanted)
    if change > 0:
        takes(walk, {unit: change}, from_the_level=walk.shop.inventory_settings["edit_order_stock_adjustment"])
    return f"order {found.id}: {change:+d} {walk.skus[unit]}"


def pay(walk: Walk) -> str:
    found = choose(walk, live_orders(walk, 7))
    fulfilment.pay(walk.shop, found.id)
    return f"order {found.id}"


def cancel(walk: Walk) -> str:
    found = choose(walk, live_orders(walk, 7))
    fulfilment.cancel(walk.shop, found.id)
    return f"order {found.id}"


def refundable(walk: Walk) -> list[tuple[Any, Any]]:
    return [
        (each, line)
        for each in live_orders(walk, 11, 2, 14)
        for line in each.products
        if each.transactions
        and line["quantity_refunded"] < line["quantity"]
        and each.header["total_inc_tax"] != "0.0100"
    ]


def refund(walk: Walk) -> str:
    found, line = walk.source.choice(refundable(walk))
    try:
        refunding.refund(walk.shop, found.id, Asked(products={line["id"]: 1}), refunding.Payout(provider="stripe"))
    except RefundRefusedError as refused:
        return f"refused: {refused}"
    return f"order {found.id}: 1 {line['sku']}"


def ship(walk: Walk) -> str:
    found = choose(walk, live_orders(walk, 11))
    fulfilment.ship(walk.shop, found.id)
    return f"order {found.id}"


def mend(walk: Walk) -> str:
    found = choose(walk, broken(walk))
    walk.shop.update(found.id, **editing.totals(found))
    return f"order {found.id}"


def broken(walk: Walk) -> list[Any]:
    return [each for each in live_orders(walk, 7, 11) if each.header["total_inc_tax"] == "0.0100"]


def some_sku(walk: Walk) -> str:
    return walk.source.choice(sorted(walk.items))


def receive(walk: Walk) -> str:
    sku, quantity = some_sku(walk), walk.source.randrange(1, 15)
    walk.company.receive_units(walk.items[sku], Decimal(quantity))
    return f"{quantity} {sku}"


def recount(walk: Walk) -> str:
    sku = some_sku(walk)
    change = walk.source.choice((Decimal(-2), Decimal(-1), Decimal("-0.5"), Decimal("0.5"), Decimal(2)))
    found = max(ZERO, walk.on_hand(sku) + change)
    fewer = walk.on_hand(sku) - found
    walk.company.count_units(walk.items[sku], found)
    walk.dropped[walk.units[sku]] += int(max(ZERO, fewer).to_integral_value(ROUND_CEILING))
    return f"{sku} {-fewer}"


def sell_by_hand(walk: Walk) -> str:
    sku = some_sku(walk)
    walk.company.sell_units(walk.items[sku], Decimal(1))
    walk.dropped[walk.units[sku]] += 1
    return sku


def wait(walk: Walk) -> str:
    span = walk.source.choice((2, 10, 20, 20, 60, 600))
    if walk.source.random() < 0.05:
        span = 25 * 60
    walk.clock.skip(timedelta(minutes=span))
    return f"{span} minutes"


def follow(walk: Walk) -> None:
    walk.storm()
    for place, names in BETWEEN.items():
        if walk.source.random() < 0.4:
            walk.between[place] = [walk.source.choice(names)]
    walk.follow()
    walk.between = {}
    if walk.source.random() < 0.5:
        walk.decide(approves=walk.source.random() < 0.7)


def poll(walk: Walk) -> None:
    walk.storm()
    walk.poll()


def post(walk: Walk) -> None:
    walk.storm()
    walk.work("lists", "sales", portion=walk.source.choice((1, 3, 100)))


@contextmanager
def by_another(walk: Walk) -> Iterator[None]:
    """Another process does something while this one does something else; it does not die."""
    left, walk.app.ledger.left = walk.app.ledger.left, None
    yield
    walk.app.ledger.left = left


def post_what_is_known(walk: Walk) -> None:
    with by_another(walk):
        walk.work("lists", "sales")


def sell_and_poll(walk: Walk) -> str:
    """What is decided already does not follow from it."""
    told, before = sell(walk, CARD, fulfilment.AWAITING_FULFILMENT), walk.seen
    with by_another(walk):
        walk.poll()
    walk.seen = [*before, *walk.seen]
    return told


THINGS: Mapping[str, Thing] = {
    "sell": Thing(can=lambda _: True, do=lambda w: sell(w, CARD, fulfilment.AWAITING_FULFILMENT)),
    "sell on account": Thing(can=lambda _: True, do=lambda w: sell(w, BANK, fulfilment.AWAITING_PAYMENT)),
    "sell what is held": Thing(
        can=lambda _: True, do=lambda w: sell(w, CARD, fulfilment.AWAITING_FULFILMENT, held=True)
    ),
    "mend": Thing(can=broken, do=mend),
    "pay": Thing(can=lambda w: live_orders(w, 7), do=pay),
    "edit": Thing(can=editable, do=edit),
    "cancel": Thing(can=lambda w: live_orders(w, 7), do=cancel),
    "refund": Thing(can=refundable, do=refund),
    "ship": Thing(can=lambda w: live_orders(w, 11), do=ship),
    "receive": Thing(can=lambda _: True, do=receive),
    "recount": Thing(can=lambda _: True, do=recount),
    "sell by hand": Thing(can=lambda _: True, do=sell_by_hand),
    "poll": Thing(can=lambda _: True, do=poll),
    "post": Thing(can=lambda _: True, do=post),
    "follow": Thing(can=lambda _: True, do=follow),
    "sell and poll": Thing(can=lambda _: True, do=sell_and_poll),
    "post what is known": Thing(can=lambda _: True, do=post_what_is_known),
    "wait": Thing(can=lambda _: True, do=wait),
}
