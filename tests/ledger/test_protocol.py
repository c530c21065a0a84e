"""The exactly-once protocol (design §5), walked by a state machine against a real ledger file.

Around the ledger stand a shop whose orders change, a broker that loses and doubles messages, consumers and producers
that are killed between any two steps or go on long after their leases have ended, and a QuickBooks that loses answers,
commits late, refuses, and forgets request ids. At no time may two live documents bear one marker. When the weather has
cleared everything must have come out: nothing lost, doubled, stuck, or left on an old version.

One thing is left out because no client can exclude it: a call that reaches the socket long after its last check. The
client's total deadline forbids it; here `WIRE` does. For the same reason the clock is only set forward while no call
is in the air.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cartledger.errors import Problem
from cartledger.ledger.rows import read_time
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Claim, Cursor, Made, NewPart, Part, Read, Sending, Sent, Stage, Standing, State
from cartledger.records import Operation, SourceKey

PAIR = "abc123:9130"
KINDS = ("order", "customer")
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WIRE = 5.0  # a call that is not on the wire so soon after T4 is not made
CAP = 120.0  # QuickBooks ends a request after this
IN_FLIGHT = timedelta(seconds=130)
LEASE = IN_FLIGHT + timedelta(seconds=30)
OVERLAP = timedelta(minutes=10)
WEATHERS = ("fine", "fine", "fine", "lost", "late", "halfway", "missing", "throttled", "whole refused", "never")

DRY_STEP = 360.0  # what was handed over and lost is noticed after five minutes

NEXT_DUE = """
SELECT min(CASE state WHEN 'claimed' THEN lease_until ELSE coalesce(not_before, queued_at) END) AS at FROM source
WHERE state = 'claimed' OR (state = 'queued' AND waits_for IS NULL AND published_at IS NULL)
"""

PLACES = (
    *("taken", "claimed", "looked at", "found", "adopted", "let out again", "asked", "remembered", "decided"),
    *("let out", "called", "paused", "answered", "end"),
)

Steps = Generator[str, None, None]


class ProcessEnded(Exception):
    """A source that ends the process which works on it."""


class FastLedger(Ledger):
    """Kills here are of generators, not of machines: nothing needs to survive a power cut."""

    synchronous: ClassVar[str] = "OFF"


@dataclass(frozen=True)
class Order:
    """What the shop says; `note` changes the version but no document."""

    amount: int = 1
    note: int = 0
    customer: str = ""
    stages: int = 1
    verdict: str = "post"
    refuse: str = ""
    wrong_total: bool = False


@dataclass
class Document:
    id: str
    marker: str
    content: str
    live: bool = True


@dataclass
class Books:
    """A fake QuickBooks. An operation is `{op, marker, content, …}`; `pending` ones are executed late, or never."""

    memory_on: bool = True
    documents: dict[str, Document] = field(default_factory=dict)
    memory: dict[tuple[str, str], Made] = field(default_factory=dict)
    pending: list[tuple[float, str, str, bytes]] = field(default_factory=list)
    ids: Iterable[int] = field(default_factory=lambda: count(100))
    refusing: bool = True
    mended: bool = False

    def execute(self, request_id: str, bid: str, sent: bytes) -> Made | str:
        """Made, or the code of a refusal."""
        if self.memory_on and (request_id, bid) in self.memory:
            return self.memory[request_id, bid]
        operation = json.loads(sent)
        if operation["refuse"] and self.refusing:
            return "refused"
        document = self._apply(operation)
        made = _made(document, wrong_total=operation["wrong_total"])
        self.memory[request_id, bid] = made
        return made

    def _apply(self, operation: dict[str, Any]) -> Document:
        if operation["needs"]:
            assert self.documents[operation["needs"]].live
        if operation["op"] == "create":
            document = Document(str(next(self.ids)), operation["marker"], operation["content"])
            self.documents[document.id] = document
            assert len(self.by_marker(document.marker)) == 1, f"two documents bear {document.marker}"
            return document
        document = self.documents[operation["target"]]
        document.live = operation["op"] != "void"
        document.content = operation["content"]
        return document

    def by_marker(self, marker: str) -> list[Document]:
        return [d for d in self.documents.values() if d.marker == marker and d.live]

    def find(self, part: Part) -> Made | None:
        """T7's query: what `part` would have made, recognised by its marker."""
        operation = json.loads(part.sent)
        if operation["op"] == "void":
            target = self.documents[operation["target"]]
            return None if target.live else _made(target)
        for document in self.by_marker(part.marker):
            if document.content == operation["content"]:
                return _made(document, wrong_total=operation["wrong_total"])
        return None

    def run_until(self, now: float) -> None:
        """Execute what is pending and has reached its time."""
        for late in sorted(item for item in self.pending if item[0] <= now):
            self.pending.remove(late)
            self.execute(*late[1:])


def _made(document: Document, *, wrong_total: bool = False) -> Made:
    amount = Decimal(2 if wrong_total else 1)
    return Made(target_id=document.id, sync_token="0", number="", amount=amount, currency="USD")


@dataclass
class Broker:
    """Queues by kind; what a killed consumer had is delivered again, or gone (`memory://`)."""

    durable: bool = True
    queues: dict[str, list[SourceKey]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def take(self, kind: str, most: int) -> list[SourceKey]:
        queue = self.queues[kind]
        taken, queue[:] = queue[:most], queue[most:]
        return taken

    def give_back(self, keys: Iterable[SourceKey]) -> None:
        if self.durable:
            for key in keys:
                self.queues[key.kind].insert(0, key)


@dataclass
class World:
    ledger: Ledger = field(init=False)
    books: Books = field(default_factory=Books)
    broker: Broker = field(default_factory=Broker)
    elapsed: float = 0.0
    wall_offset: float = 0.0
    sent_last: float = -1000.0
    orders: dict[str, tuple[datetime, Order]] = field(default_factory=dict)
    killers: dict[SourceKey, str] = field(default_factory=dict)
    voided: set[str] = field(default_factory=set)
    strict_rules: bool = True
    weather: str = "fine"
    mask: int = 0
    requests: Iterable[int] = field(default_factory=lambda: count(1))

    def clock(self) -> datetime:
        return START + timedelta(seconds=self.elapsed + self.wall_offset)

    def shop_time(self) -> datetime:
        """The shop's own clock, which nobody sets."""
        return START + timedelta(seconds=self.elapsed)

    def until_due(self) -> float:
        """Seconds until a source may be handed over, or its lease ends; a second where that is now or nothing is."""
        [row] = self.ledger._rows(NEXT_DUE)
        due = self.clock() if row["at"] is None else read_time(row["at"])
        return max(1.0, (due - self.clock()).total_seconds())

    def pass_time(self, seconds: float) -> None:
        self.elapsed += seconds
        self.books.run_until(self.elapsed)

    def fingerprint(self) -> str:
        return f"strict={self.strict_rules}"

    def kill_at(self, key: SourceKey, place: str) -> None:
        if self.killers.get(key) == place:
            raise ProcessEnded


def version(order: Order) -> str:
    return str(order)


def order_key(id_: str) -> SourceKey:
    return SourceKey(pair=PAIR, kind="order", id=id_)


def producer(world: World) -> Steps:
    """T0, T1 and T9."""
    ledger = world.ledger
    cursor = ledger.cursor(PAIR, "orders")
    since = cursor.watermark - OVERLAP if cursor else START - OVERLAP
    watermark = world.shop_time()
    reads = [
        Read(id=id_, version=version(order), record=json.dumps(order.__dict__).encode(), modified=modified)
        for id_, (modified, order) in world.orders.items()
        if modified >= since
    ]
    yield "read"
    ledger.remember(PAIR, "order", reads, Cursor(watermark=watermark, polled_at=world.clock()), stream="orders")
    yield "remembered"
    for kind in KINDS:
        if not world.broker.queues[kind]:
            ledger.seen_empty([kind], world.clock())
        asked = world.clock()
        keys = ledger.due([PAIR], [kind], 4)
        yield "asked"
        world.broker.queues[kind].extend(keys)
        yield "published"
        ledger.handed_over(keys, asked=asked)
        yield "handed over"
    ledger.sweep()


@dataclass
class Consumer:
    """The reference driver: the order of steps that design §5 prescribes, and a place to be killed after each."""

    world: World
    kind: str
    name: str
    deliveries: list[SourceKey] = field(default_factory=list)

    @property
    def ledger(self) -> Ledger:
        return self.world.ledger

    def steps(self) -> Steps:
        if self.kind == "customer" and not self.ledger.lease("lists:9130", self.name, LEASE):
            return
        self.deliveries = self.world.broker.take(self.kind, 3)
        yield "taken"
        claims = self.ledger.claim(self.deliveries, self.name, LEASE)
        yield "claimed"
        for group in _groups(claims):
            yield from self._group(group)
        self.deliveries = []
        self.ledger.unlease("lists:9130", self.name)

    def _group(self, claims: list[Claim]) -> Steps:
        circuits = self.ledger.circuits(PAIR)
        if circuits and circuits[0].until > self.world.clock():
            self.ledger.release(claims)
            for claim in claims:
                self.ledger.later(claim, circuits[0].until, "QuickBooks does not answer")
            return
        ready = yield from self._resolve(self._hold_killers(claims))
        works = []
        for claim in ready:
            decided = claim if claim.begun else (yield from self._decide(claim))
            if decided is not None:
                works.append(decided)
            yield "decided"
        while works:
            works = yield from self._stage(works)

    def _hold_killers(self, claims: list[Claim]) -> list[Claim]:
        for claim in claims:
            if claim.claims >= 6:
                self.ledger.hold(claim, [_problem("ends_the_process")], self.world.fingerprint())
        return [claim for claim in claims if claim.claims < 6]

    def _resolve(self, claims: list[Claim]) -> Generator[str, None, list[Claim]]:
        """T7: what may be on its way is looked up, and goes again with the same bytes and ids if it is not there."""
        for claim in claims:
            times = [part.sent_at + IN_FLIGHT for part in claim.sending if part.sent_at]
            if times and max(times) > self.world.clock():
                self.ledger.later(claim, max(times), "not known yet")
        yield "looked at"
        for request_id in sorted({part.request_id for claim in claims for part in claim.sending}):
            mine = [fresh for claim in claims if (fresh := self.ledger.refresh(claim))]
            parts = [(c.key, part) for c in mine for part in c.sending if part.request_id == request_id]
            found = [(key, part, made) for key, part in parts if (made := self.world.books.find(part))]
            yield "found"
            for key, part, made in found:
                self._answer(request_id, part.bid, key, part.name, made)
                yield "adopted"
            started = self.world.elapsed
            sents = self.ledger.send_again(mine, request_id, in_flight=IN_FLIGHT)
            yield "let out again"
            yield from self._post(request_id, sents, started)
        mine = [fresh for claim in claims if (fresh := self.ledger.refresh(claim))]
        for claim in mine:
            if claim.sending:
                self.ledger.later(claim, self.world.clock() + timedelta(minutes=1), "not enabled")
        return [claim for claim in mine if not claim.sending]

    def _decide(self, claim: Claim) -> Generator[str, None, Claim | None]:
        """T3. None where nothing is to be sent now."""
        self.world.kill_at(claim.key, "decide")
        if self.kind == "customer":
            return self.ledger.plan(claim, [_part(claim.key, "customer", 0, "c", "")], self.world.fingerprint())
        order = Order(**json.loads(claim.record))
        if order.verdict == "exclude":
            self.ledger.exclude(claim, "status", self.world.fingerprint())
            return None
        if order.verdict == "hold" or (order.verdict == "rule" and self.world.strict_rules):
            self.ledger.hold(claim, [_problem("no_item")], self.world.fingerprint())
            return None
        if order.customer and not (yield from self._has_customer(claim, order.customer)):
            return None
        return self._plan(claim, order)

    def _has_customer(self, claim: Claim, customer: str) -> Generator[str, None, bool]:
        key = SourceKey(pair=PAIR, kind="customer", id=customer)
        if self.ledger.link(key, "customer"):
            return True
        standing = self.ledger.standing(key)
        yield "asked"
        if standing and standing.state is State.HELD:
            self.ledger.hold(claim, [_problem("customer_held")], self.world.fingerprint())
            return False
        if standing is None:
            read = Read(id=customer, version="c", record=b"{}", modified=START)
            self.ledger.remember(PAIR, "customer", [read])
            yield "remembered"
        self.ledger.later(claim, self.world.clock(), "needs its customer", waits_for=key)
        return False

    def _plan(self, claim: Claim, order: Order) -> Claim | None:
        parts = [
            _part(claim.key, name, position, _content(order, name), _refusal(order, name), order.wrong_total)
            for position, name in enumerate(("invoice", "payment")[: order.stages])
        ]
        links = self.ledger.links(PAIR, "order", [claim.key.id]).get(claim.key.id, {})
        if all(part.name in links and links[part.name].hash == part.hash for part in parts):
            self.ledger.unchanged(claim, self.world.fingerprint())
            return None
        aimed = [_aimed(part, links[part.name].target_id if part.name in links else "") for part in parts]
        return self.ledger.plan(claim, aimed, self.world.fingerprint())

    def _stage(self, claims: list[Claim]) -> Generator[str, None, list[Claim]]:
        """T4, the call, T5 for the next stage of each; returns those that have another."""
        request_id = f"request-{next(self.world.requests)}"
        items = [
            Sending(claim=claim, part=part.name, bid=f"{claim.key.id}.{part.name}"[:10], sent=_bytes(claim, part))
            for claim in claims
            for part in _next_parts(claim)
        ]
        started = self.world.elapsed
        sents = self.ledger.send(items, request_id=request_id, in_flight=IN_FLIGHT)
        yield "let out"
        yield from self._post(request_id, sents, started)
        sent = {one.key for one in sents}
        again = []
        for claim in claims:
            fresh = self.ledger.refresh(claim)
            if fresh is not None and claim.key in sent:
                again.append(fresh)
            elif fresh is not None:
                self.ledger.later(fresh, self.world.clock() + timedelta(minutes=1), "not enabled")
        return again

    def _post(self, request_id: str, sents: list[Sent], started: float) -> Steps:
        """The call with its total deadline, and T5 for what came back."""
        if not sents:
            return
        if self.world.elapsed > started + WIRE:
            self.ledger.not_executed(sents, until=self.world.clock(), why="not on the wire in time")
            return
        for sent in sents:
            self.world.kill_at(sent.key, "send")
        outcome, results = post(self.world, request_id, sents, started)
        yield "called"
        for sent in sents:
            self.world.kill_at(sent.key, "answer")
        if outcome == "not executed":
            until = self.world.clock() + timedelta(minutes=1)
            self.ledger.open_circuit(PAIR, "quickbooks", until=until, reason="throttled")
            yield "paused"
            self.ledger.not_executed(sents, until=until, why="throttled")
            return
        if outcome == "whole refused":
            self.ledger.not_executed(sents, until=self.world.clock(), why="halved", spend_attempt=True)
            return
        self.ledger.close_circuit(PAIR, "quickbooks")
        for sent in sents:
            result = results.get(sent.bid)
            if isinstance(result, Made):
                self._answer(sent.request_id, sent.bid, sent.key, sent.part, result)
            elif result is None:
                self.ledger.unknown([sent], in_flight=IN_FLIGHT, why="no answer")
            else:
                self._refused(sent, result)
            yield "answered"

    def _refused(self, sent: Sent, code: str) -> None:
        """What stands stays as it is where a change of it is refused, and keeps nothing else back."""
        if json.loads(sent.sent)["op"] == Operation.CREATE:
            self.ledger.refused(sent, [_problem(code)], self.world.fingerprint())
        else:
            self.ledger.left_out(sent, [_problem(code)])

    def _answer(self, request_id: str, bid: str, key: SourceKey, part: str, made: Made) -> None:
        """T5 and T6. A document with another total than the one decided is voided at once, and its source held."""
        wrong = made.amount != 1
        then = [_aimed(_part(key, "void", 9, "void", ""), made.target_id, "void")] if wrong else []
        problems = [_problem("total_differs")] if wrong else []
        with self.ledger.transaction():
            answered = self.ledger.answered(request_id, bid, made, then=then, problems=problems)
            if part == "void":
                for name, link in self.ledger.links(PAIR, key.kind, [key.id]).get(key.id, {}).items():
                    if link.target_id == made.target_id:
                        self.ledger.forget_link(key, name)
        assert not answered.conflict
        if not answered.known:  # somebody else has had this answer long ago, and the part was decided anew since
            assert made.target_id in [event.detail.get("target_id") for event in self.ledger.events(key)]


def post(world: World, request_id: str, sents: list[Sent], started: float) -> tuple[str, dict[str, Made | str]]:
    """The call under the weather of the moment: what the client learns, item by item."""
    weather, books = world.weather, world.books
    world.sent_last = world.elapsed
    if weather == "throttled":
        return "not executed", {}
    if weather == "whole refused" and len(sents) > 1:
        return "whole refused", {}
    chosen = [bool(world.mask >> i & 1) for i in range(len(sents))]
    results: dict[str, Made | str] = {}
    for sent, bit in zip(sents, chosen, strict=True):
        later = weather == "late" or (weather == "halfway" and bit)
        if later:
            books.pending.append((started + CAP * (world.mask % 8) / 7, request_id, sent.bid, sent.sent))
        elif weather != "never":
            results[sent.bid] = books.execute(request_id, sent.bid, sent.sent)
    known = {"missing": {s.bid for s, bit in zip(sents, chosen, strict=True) if bit}, "halfway": set(results)}
    silent = {"lost": set(results), "late": set(results)}
    hidden = silent.get(weather, set(results) - known.get(weather, set(results)))
    return "answered", {bid: result for bid, result in results.items() if bid not in hidden}


def _groups(claims: list[Claim]) -> list[list[Claim]]:
    """What may have ended the process is tried alone."""
    alone = [[claim] for claim in claims if claim.claims >= 3]
    return [[claim for claim in claims if claim.claims < 3], *alone]


def _problem(code: str) -> Problem:
    return Problem(code=code, text=f"{code} of Ann Example.")


def _content(order: Order, name: str) -> str:
    return f"{name} {order.amount}{_refusal(order, name)}{' wrong' * order.wrong_total}"


def _refusal(order: Order, name: str) -> str:
    return "refuse" if order.refuse == name else ""


def _part(key: SourceKey, name: str, position: int, content: str, refuse: str, wrong: bool = False) -> NewPart:
    body = {"op": "create", "content": content, "refuse": refuse, "wrong_total": wrong, "target": ""}
    return NewPart(
        name=name,
        order=position,
        entity=name,
        body=body,
        number="",
        marker=f"cartledger:abc123:{key.kind}:{key.id}:{name}",
        amount=Decimal(1),
        hash=content,
    )


def _aimed(part: NewPart, target: str, operation: str = "update") -> NewPart:
    if not target:
        return part
    return replace(part, operation=Operation(operation), body={**part.body, "op": operation, "target": target})


def _next_parts(claim: Claim) -> list[Part]:
    planned = [part for part in claim.parts if part.stage is Stage.PLANNED]
    return [part for part in planned if part.order == min(p.order for p in planned)]


def _bytes(claim: Claim, part: Part) -> bytes:
    """The body with the ids of earlier parts in it."""
    ids = {p.name: p.target_id for p in claim.parts if p.stage is Stage.ANSWERED}
    needs = ids["invoice"] if part.name == "payment" else ""
    return json.dumps({**part.body, "marker": part.marker, "needs": needs}).encode()


ORDERS = st.builds(
    Order,
    amount=st.integers(1, 3),
    note=st.integers(0, 1),
    customer=st.sampled_from(["", "7", "7", "8"]),
    stages=st.sampled_from([1, 2, 2]),
    verdict=st.sampled_from(["post"] * 7 + ["hold", "exclude", "rule"]),
    refuse=st.sampled_from([""] * 8 + ["invoice", "payment"]),
    wrong_total=st.sampled_from([False] * 9 + [True]),
)


HAPPENINGS = (
    *("clock is set", "message is lost", "message is doubled", "request ids are forgotten"),
    *("books take what they refused", "switch is turned", "person retries", "person cannot wait", "person ignores"),
    *("rules change", "order ends the process", "everything starts anew"),
)
PICKS = st.integers(0, 5)
STOPS = st.sampled_from(PLACES)
BEFORE_A_STEP_THAT_COUNTS = st.sampled_from(["claimed", "found", "decided", "let out", "called", "end"])
DANGEROUS = st.sampled_from([("decided", "decided", "end"), ("found", "called", "end"), ("called", "called", "end")])
MASKS = st.integers(0, 7)


class Protocol(RuleBasedStateMachine):
    """Everything that can happen, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.numbers = count(1)
        self.consumers: list[tuple[Consumer, Steps]] = []
        self.producers: list[Steps] = []
        self.ignored: dict[SourceKey, str] = {}
        self.directory = tempfile.TemporaryDirectory()
        path = Path(self.directory.name) / "ledger.db"
        shutil.copy(_template(), path)
        self.world.ledger = FastLedger(path, self.world.clock)
        self.world.ledger.switch(PAIR, enabled=True, who="owner")

    @initialize(memory=st.booleans(), durable=st.booleans(), orders=st.lists(ORDERS, min_size=1, max_size=4))
    def open_shop(self, memory: bool, durable: bool, orders: list[Order]) -> None:
        self.world.books.memory_on = memory
        self.world.broker.durable = durable
        for order in orders:
            self.order(order)
        self.produce()

    @precondition(lambda self: len(self.world.orders) < 6)
    @rule(order=ORDERS)
    def order(self, order: Order) -> None:
        self.world.pass_time(1)
        self.world.orders[str(next(self.numbers))] = (self.world.shop_time(), order)

    @rule(order=ORDERS, pick=PICKS)
    def change(self, order: Order, pick: int) -> None:
        self.world.pass_time(1)
        id_ = list(self.world.orders)[pick % len(self.world.orders)]
        stages = max(order.stages, self.world.orders[id_][1].stages)
        self.world.orders[id_] = (self.world.shop_time(), replace(order, stages=stages))

    def produce(self) -> None:
        for _step in producer(self.world):
            pass

    @precondition(lambda self: len(self.producers) < 2)
    @rule(steps=st.integers(1, 8))
    def produce_partly(self, steps: int) -> None:
        self.producers.append(producer(self.world))
        self._advance_producer(len(self.producers) - 1, steps)

    @precondition(lambda self: self.producers)
    @rule(pick=PICKS, steps=st.integers(1, 8))
    def produce_on(self, pick: int, steps: int) -> None:
        self._advance_producer(pick % len(self.producers), steps)

    @precondition(lambda self: len(self.consumers) < 3)
    @rule(kind=st.sampled_from(KINDS), stop=STOPS, weather=st.sampled_from(WEATHERS), mask=MASKS)
    def consume(self, kind: str, stop: str, weather: str, mask: int) -> None:
        if not self.world.broker.queues[kind]:
            self.produce()
        consumer = Consumer(self.world, kind, f"consumer-{next(self.numbers)}")
        self.consumers.append((consumer, consumer.steps()))
        self._advance(len(self.consumers) - 1, stop, weather, mask)

    @precondition(lambda self: self.consumers)
    @rule(pick=PICKS, stop=STOPS, weather=st.sampled_from(WEATHERS), mask=MASKS)
    def consume_on(self, pick: int, stop: str, weather: str, mask: int) -> None:
        self._advance(pick % len(self.consumers), stop, weather, mask)

    @precondition(lambda self: len(self.consumers) < 2)
    @rule(
        changed=st.booleans(),
        kind=st.sampled_from(["order", "order", "order", "customer"]),
        stops=DANGEROUS | st.tuples(BEFORE_A_STEP_THAT_COUNTS, BEFORE_A_STEP_THAT_COUNTS, STOPS),
        weathers=st.tuples(st.sampled_from(WEATHERS), st.sampled_from(WEATHERS)),
        waits=st.tuples(st.sampled_from([0, 161]), st.sampled_from([0, 131, 161])),
        mask=MASKS,
    )
    def overtake(
        self,
        changed: bool,
        kind: str,
        stops: tuple[str, str, str],
        weathers: tuple[str, str],
        waits: tuple[int, int],
        mask: int,
    ) -> None:
        """One consumer stops somewhere, a second goes on in its place, then the first comes to life again."""
        if not self.world.ledger.backlog(PAIR, "order"):
            self._other_amount(self._pick(mask))
        self.consume(kind, stops[0], weathers[0], mask)
        first = self.consumers[-1:]
        self.world.pass_time(waits[0])
        for key in {key for consumer, _ in first for key in consumer.deliveries if key.kind == "order" and changed}:
            self._other_amount(key)
        self.produce()
        self.consume(kind, stops[1], weathers[1], mask)
        self.world.pass_time(waits[1])
        for consumer in first:
            if consumer in self.consumers:
                self._advance(self.consumers.index(consumer), stops[2], weathers[1], mask)

    def _other_amount(self, key: SourceKey) -> None:
        order = self.world.orders[key.id][1]
        self.world.orders[key.id] = (self.world.shop_time(), replace(order, amount=order.amount % 3 + 1))

    @precondition(lambda self: self.consumers)
    @rule(pick=PICKS)
    def kill(self, pick: int) -> None:
        self._kill(pick % len(self.consumers))

    @rule(weather=st.sampled_from(WEATHERS), mask=MASKS)
    def whole_round(self, weather: str, mask: int) -> None:
        """Producer and consumers from end to end; then the next thing is due."""
        if len(self.consumers) > 2:
            return
        self.consume("order", "end", weather, mask)
        self.consume("customer", "end", weather, mask)
        self.time_passes(None)

    @rule(seconds=st.sampled_from([None, 1, 4, 61, 131, 161, 400]))
    def time_passes(self, seconds: int | None) -> None:
        """None: until something is due."""
        self.world.pass_time(seconds or self.world.until_due())

    @rule(what=st.sampled_from(HAPPENINGS), pick=PICKS)
    def something_happens(self, what: str, pick: int) -> None:
        getattr(self, what.replace(" ", "_"))(pick)

    def clock_is_set(self, pick: int) -> None:
        """Forward only while no call is in the air (see above)."""
        seconds = (-600, -60, -1, 1, 60, 600)[pick]
        in_the_air = self.world.books.pending or self.world.elapsed <= self.world.sent_last + CAP
        if seconds < 0 or not (in_the_air or any(consumer.deliveries for consumer, _ in self.consumers)):
            self.world.wall_offset += seconds

    def message_is_lost(self, pick: int) -> None:
        del self.world.broker.queues[KINDS[pick % 2]][:1]

    def message_is_doubled(self, pick: int) -> None:
        queue = self.world.broker.queues[KINDS[pick % 2]]
        queue.extend(queue[:1])

    def request_ids_are_forgotten(self, pick: int) -> None:
        self.world.books.memory.clear()
        self.world.books.memory_on = pick % 2 == 0

    def books_take_what_they_refused(self, pick: int) -> None:
        self.world.books.refusing = pick % 2 == 0
        self.world.books.mended = True

    def switch_is_turned(self, pick: int) -> None:
        self.world.ledger.switch(PAIR, enabled=pick > 1, who="owner")

    def person_retries(self, _pick: int) -> None:
        self.world.ledger.retry(PAIR)

    def person_cannot_wait(self, _pick: int) -> None:
        self.world.ledger.hasten(PAIR)

    def person_ignores(self, pick: int) -> None:
        key = self._pick(pick)
        standing = self.world.ledger.standing(key)
        if self.world.ledger.ignore([key], "entered by hand") and standing:
            self.ignored[key] = standing.version

    def rules_change(self, _pick: int) -> None:
        self.world.strict_rules = not self.world.strict_rules
        self.world.ledger.wake(PAIR, "order", self.world.fingerprint())

    def order_ends_the_process(self, pick: int) -> None:
        self.world.killers[self._pick(pick)] = ("decide", "send", "answer")[pick % 3]

    def everything_starts_anew(self, _pick: int) -> None:
        while self.consumers:
            self._kill(0)
        self.producers.clear()
        if not self.world.broker.durable:
            self.world.broker.queues = {kind: [] for kind in KINDS}
            self.world.ledger.forget_handed_over(KINDS)

    def _pick(self, pick: int) -> SourceKey:
        ids = list(self.world.orders)
        return order_key(ids[pick % len(ids)])

    @invariant()
    def no_marker_twice(self) -> None:
        markers = [document.marker for document in self.world.books.documents.values() if document.live]
        assert len(markers) == len(set(markers))

    def teardown(self) -> None:
        try:
            self._drain()
            self._everything_came_out()
        finally:
            self.world.ledger.close()
            self.directory.cleanup()

    def _advance_producer(self, index: int, steps: int) -> None:
        for _ in range(steps):
            if next(self.producers[index], "ended") == "ended":
                del self.producers[index]
                return

    def _advance(self, index: int, stop: str, weather: str, mask: int) -> None:
        """Let a consumer go on to the next place of this name, or to its end."""
        self.world.weather, self.world.mask = weather, mask
        try:
            for place in self.consumers[index][1]:
                if place == stop:
                    return
        except ProcessEnded:
            self._kill(index)
            return
        del self.consumers[index]

    def _kill(self, index: int) -> None:
        consumer, _ = self.consumers.pop(index)
        self.world.broker.give_back(consumer.deliveries)

    def _drain(self) -> None:
        """The weather clears, whatever was broken is mended, and zombies run to their end."""
        world = self.world
        world.killers.clear()
        world.weather = "fine"
        world.books.refusing = True
        world.ledger.switch(PAIR, enabled=True, who="owner")
        while self.producers:
            self._advance_producer(0, 100)
        while self.consumers:
            self._advance(0, "end", "fine", 0)
        world.pass_time(CAP)
        self._run_dry()
        self._nothing_rests_on_an_old_version()
        for _ in range(3):
            world.ledger.retry(PAIR)
            self._run_dry()

    def _run_dry(self) -> None:
        world, ledger = self.world, self.world.ledger
        for _ in range(200):
            for _step in producer(world):
                pass
            for kind in KINDS * 4:
                for _step in Consumer(world, kind, "last").steps():
                    pass
            if not any(ledger.backlog(PAIR, kind) for kind in KINDS):
                return
            world.pass_time(max(DRY_STEP, world.until_due()))
        stuck = ledger._rows("SELECT * FROM source WHERE state IN ('queued', 'claimed')")
        raise AssertionError(f"stuck: {[{**row, 'record': None} for row in stuck]}")

    def _nothing_rests_on_an_old_version(self) -> None:
        """What has come to rest was decided at its newest version, unless something older of it is on its way."""
        ledger = self.world.ledger
        for id_ in self.world.orders:
            standing = ledger.standing(order_key(id_))
            assert standing is not None
            decided = [event for event in ledger.events(standing.key) if event.what == standing.state]
            on_its_way = ledger._rows("SELECT 1 FROM begun WHERE kind = 'order' AND id = :id", id=id_)
            ignored = standing.rule.startswith("ignored")
            assert ignored or on_its_way or decided[-1].detail["version"] == standing.version

    def _everything_came_out(self) -> None:
        ledger = self.world.ledger
        counts = ledger.counts(PAIR, "order")
        assert counts[State.POSTED] + counts[State.HELD] + counts[State.EXCLUDED] == len(self.world.orders)
        for id_, (_, order) in self.world.orders.items():
            standing = ledger.standing(order_key(id_))
            assert standing is not None
            assert standing.version == version(order)
            assert standing.waits_for == ""
            self._as_expected(standing, order)
        for id_ in {link for _, order in self.world.orders.values() for link in [order.customer] if link}:
            standing = ledger.standing(SourceKey(pair=PAIR, kind="customer", id=id_))
            assert standing is None or standing.state is State.POSTED

    def _as_expected(self, standing: Standing, order: Order) -> None:
        if standing.rule.startswith("ignored"):
            assert self.ignored[standing.key] == standing.version
            return
        assert standing.state in self._expected(order), (standing, order)
        if standing.state is State.POSTED:
            for name in ("invoice", "payment")[: order.stages]:
                (document,) = self.world.books.by_marker(f"cartledger:abc123:order:{standing.key.id}:{name}")
                assert document.content == _content(order, name)
                link = self.world.ledger.link(standing.key, name)
                assert link is not None
                assert link.target_id == document.id

    def _expected(self, order: Order) -> set[State]:
        if order.verdict == "exclude":
            return {State.EXCLUDED}
        if order.verdict == "hold":
            return {State.HELD}
        if order.verdict == "rule" and self.world.strict_rules:
            return {State.HELD, State.POSTED}  # rules that have become strict unmake nothing
        names = ("invoice", "payment")[: order.stages]
        if order.wrong_total:
            return {State.HELD}
        if order.refuse in names:
            return {State.HELD, State.POSTED} if self.world.books.mended else {State.HELD}
        return {State.POSTED}


@pytest.fixture(scope="module", autouse=True)
def _ledger_template() -> Iterable[None]:
    yield
    if _made_template:
        shutil.rmtree(_made_template.pop().parent)


_made_template: list[Path] = []


def _template() -> Path:
    """A new ledger, made once and copied: making one is slow."""
    if not _made_template:
        path = Path(tempfile.mkdtemp()) / "template.db"
        Ledger.open(path, clock=lambda: START).close()
        _made_template.append(path)
    return _made_template[0]


TestProtocol = Protocol.TestCase
TestProtocol.settings = settings(max_examples=max(300, settings.default.max_examples), stateful_step_count=60)
