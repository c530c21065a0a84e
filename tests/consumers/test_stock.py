"""Levels on their way to the shop: a real ledger that was told of both sides, the real client, a simulated store."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from cartledger.clients.bigcommerce import BigCommerce
from cartledger.clients.http import Http
from cartledger.errors import Problem, Refused, TryLater, Unauthorised, Unreachable
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Cursor, Read, State
from cartledger.metrics import Metrics
from cartledger.money import D
from cartledger.records import SourceKey
from cartledger.settings import Stock
from cartledger.settings.options import Connection
from cartledger.stock import ITEMS, LEVELS, STOCK, SWEEP, Allocation, ProposalState, ShopLevel, StockItem
from consumers.circuit import BIGCOMMERCE, Breaker
from consumers.outcome import Done, Excluded, Held, Later, Outcome, Unchanged
from consumers.stock import LevelWriter, NotEnabled, StockDesk, planned
from simulator import Simulator

PAIR = "sim5tore:1"
SOURCE = SourceKey(pair=PAIR, kind=STOCK, id=LEVELS)
BEGUN = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
IN_FLIGHT = timedelta(seconds=130)
UNREAD = (Problem(code="incomplete_stock", text="QuickBooks gave less than it counted."),)


@dataclass(kw_only=True)
class World:
    sim: Simulator
    http: Http
    ledger: Ledger
    stock: Stock = field(default_factory=Stock)
    workflows: tuple[str, ...] = ("sales", "stock")
    now: datetime = BEGUN
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    metrics: Metrics = field(default_factory=lambda: Metrics(CollectorRegistry()))

    def step(self, **much: float) -> datetime:
        self.now += timedelta(**much)
        return self.now

    # What both sides are known to have

    def carries(self, sku: str, level: int, on_hand: object = None, **product: Any) -> str:
        """A product of the shop with its item in QuickBooks, both read a day ago. Returns its unit."""
        added = self.sim.shop.add_product(sku=sku, name=sku, price=Decimal(1), tracked=True, stock=level, **product)
        self.ledger.learn_levels(
            PAIR,
            [
                ShopLevel(
                    unit=f"product:{added['id']}",
                    sku=sku.casefold(),
                    label=sku,
                    level=level,
                    sure=True,
                    known_at=self.now - timedelta(days=1),
                )
            ],
        )
        self.says(**{sku: level if on_hand is None else on_hand})
        return f"product:{added['id']}"

    def carries_many(self, skus: int, level: int, on_hand: object = None) -> None:
        """S0, S1, S2 …"""
        with self.ledger.transaction():
            for number in range(skus):
                self.carries(f"S{number}", level, on_hand)

    def says(self, **on_hand: object) -> None:
        """QuickBooks is read now."""
        self.ledger.remember_items(
            PAIR,
            [
                StockItem(
                    item_id=f"item-{sku}",
                    sku=sku.casefold(),
                    label=sku,
                    on_hand=None if quantity == "null" else D(quantity),
                    active=True,
                    read_at=self.now,
                )
                for sku, quantity in on_hand.items()
            ],
        )

    def sells(self, unit: str, units: int) -> None:
        """An order that was placed now, read and not posted. The shop has taken its units already."""
        order = Allocation(
            order_id=str(next(self.numbers)), version="v", created=self.now, modified=self.now, units={unit: D(units)}
        )
        self.ledger.allocate(PAIR, [order])

    def has_read(self) -> None:
        """A reading that could be relied on: the levels are to be looked at."""
        self.says()
        cursor = Cursor(watermark=self.now, polled_at=self.now)
        read = Read(id=LEVELS, version=f"v{next(self.numbers)}", record=b"{}", modified=self.now)
        self.ledger.remember(PAIR, STOCK, [read], cursor, stream=ITEMS)

    def has_swept(self) -> None:
        self.ledger.set_cursor(PAIR, SWEEP, Cursor(watermark=self.now, polled_at=self.now))

    # Who works

    def connection(self) -> Connection:
        return Connection.model_validate(
            {
                "start_date": "2026-01-01",
                "workflows": self.workflows,
                "bigcommerce": {"store_hash": "sim5tore", "access_token": "x"},
                "quickbooks": {"realm_id": "1", "client_id": "x", "client_secret": "x", "refresh_token": "x"},
                "products": {"match_by": "sku"},
                "sales": {"post_as": "invoice"},
                "payments": {"default_account": "Cash"},
                "stock": self.stock.model_dump(exclude={"interval", "sweep", "recheck"}),
            }
        )

    def shop(self) -> BigCommerce:
        return BigCommerce(
            http=self.http,
            base_url=self.sim.bigcommerce_url,
            store_hash=self.sim.shop.store_hash,
            access_token=lambda: self.sim.shop.access_token,
            clock=lambda: self.now,
            sleep=lambda _: None,
        )

    def breaker(self) -> Breaker:
        return Breaker(ledger=self.ledger, pair=PAIR, connection="main", clock=lambda: self.now, side=BIGCOMMERCE)

    def owner(self) -> str:
        return f"here:{next(self.numbers)}"

    def desk(self, shop: Any = None) -> StockDesk:
        return StockDesk(
            connection=self.connection(),
            name="main",
            ledger=self.ledger,
            breaker=self.breaker(),
            new_writer=partial(self.writer, shop),
            clock=lambda: self.now,
            metrics=self.metrics,
        )

    def writer(self, shop: Any = None) -> LevelWriter:
        return LevelWriter(
            connection=self.connection(),
            ledger=self.ledger,
            shop=shop or self.shop(),
            breaker=self.breaker(),
            new_owner=self.owner,
            clock=lambda: self.now,
        )

    def work(self, shop: Any = None) -> Outcome:
        """What comes of the source, which is due."""
        desk = self.desk(shop)
        claims = self.ledger.claim([SOURCE], "worker", desk.lease)
        (outcome,) = desk.work(claims).values()
        return outcome

    def round(self, **on_hand: object) -> Outcome:
        """QuickBooks is read again a quarter of an hour later, and the desk looks."""
        self.step(minutes=15)
        self.says(**on_hand)
        self.has_read()
        return self.work()

    def approves(self) -> Any:
        proposal = self.ledger.waiting_proposal(PAIR)
        assert proposal is not None
        return self.writer().approve(proposal, "ann", lambda _: None)

    # What came of it

    def levels(self) -> dict[str, int]:
        return self.sim.shop.levels(landed=True)

    def written(self) -> list[dict[str, int]]:
        """The levels of each call that the shop took, by the number of the product."""
        return [
            {f"product:{item['product_id']}": item["quantity"] for item in adjustment.items}
            for adjustment in self.sim.shop.adjustments
        ]

    def calls(self) -> int:
        return self.sim.shop.called["adjust"]

    def believed(self) -> dict[str, tuple[int, bool]]:
        return {level.label: (level.level, level.sure) for level in self.ledger.stock_levels(PAIR)}

    def state(self) -> State:
        standing = self.ledger.standing(SOURCE)
        assert standing is not None
        return standing.state

    def waiting(self) -> dict[str, tuple[int, int]] | None:
        """What a person is shown: from and to, by SKU."""
        proposal = self.ledger.waiting_proposal(PAIR)
        return proposal and {change.label: (change.old, change.new) for change in self.ledger.proposed(proposal.id)}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A connection that may write, whose first levels a person has approved long ago."""
    http = Http()
    with Simulator(quotas=False) as sim:
        world = World(sim=sim, http=http, ledger=Ledger.open(tmp_path / "ledger.db", clock=lambda: world.now))
        sim.shop.clock = lambda: world.now
        sim.shop.adjustment_time = 0
        world.ledger.switch(PAIR, enabled=True, who="ann")
        world.ledger.settle_proposal(world.ledger.propose(PAIR, (), ()), ProposalState.APPROVED, "ann")
        yield world
        world.ledger.close()
    http.close()


@pytest.fixture
def new_world(world: World, tmp_path: Path) -> World:
    """Nobody has approved anything yet."""
    world.ledger.close()
    world.ledger = Ledger.open(tmp_path / "new.db", clock=lambda: world.now)
    world.ledger.switch(PAIR, enabled=True, who="ann")
    return world


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Iterator[Any]:
    """`told("stock_held")`: the lines with this action since it was asked last."""
    with caplog.at_level(logging.INFO, "cartledger"):

        def lines(action: str) -> list[str]:
            found = [each.getMessage() for each in caplog.records if getattr(each, "action", "") == action]
            caplog.clear()
            return found

        yield lines


# What is written


def test_levels_that_differ_are_written_in_one_call_and_the_others_are_not(world):
    mug, hat = world.carries("MUG", 10, 8), world.carries("HAT", 5, "9.7")
    world.carries("CAP", 3)
    world.has_read()
    assert world.work() == Done()
    assert world.written() == [{mug: 8, hat: 9}]
    assert world.levels() == {"MUG": 8, "HAT": 9, "CAP": 3}
    assert world.believed() == {"MUG": (8, True), "HAT": (9, True), "CAP": (3, True)}
    assert (world.state(), world.ledger.levels_written(PAIR, BEGUN)) == (State.POSTED, 2)
    counted = "cartledger_stock_levels_written_total"
    assert world.metrics.registry.get_sample_value(counted, {"connection": "main"}) == 2


def test_units_that_quickbooks_does_not_know_to_be_sold_are_kept_back(world):
    mug = world.carries("MUG", 10, 8)
    world.sells(mug, 3)
    world.has_read()
    assert (world.work(), world.levels()) == (Done(), {"MUG": 5})


def test_where_nothing_differs_nothing_is_asked(world):
    world.carries("MUG", 10)
    world.has_read()
    assert world.work() == Unchanged()
    assert (world.state(), world.sim.shop.calls) == (State.POSTED, 0)
    assert [level.tracked for level in world.ledger.stock_levels(PAIR)] == [True]


def test_the_second_round_writes_what_changed_since_and_nothing_twice(world):
    mug, hat = world.carries("MUG", 10, 8), world.carries("HAT", 5)
    world.has_read()
    world.work()
    assert world.round() == Unchanged()
    assert world.round(HAT=4) == Done()
    assert world.written() == [{mug: 8}, {hat: 4}]


def test_two_thousand_levels_are_as_many_as_go_into_one_call(world):
    world.carries_many(2001, 10, 9)
    world.has_read()
    assert world.work() == Done()
    assert [len(levels) for levels in world.written()] == [2000, 1]
    assert (world.sim.shop.parallel, set(world.levels().values())) == (0, {9})


@pytest.mark.option("stock.location")
@pytest.mark.parametrize(("named", "place"), [(None, 7), (7, 7), (3, 3)])
def test_the_location_that_is_kept(world, named, place):
    world.sim.shop.add_location(7, default=True)
    world.sim.shop.add_location(3)
    world.stock = Stock(location=named)
    world.carries("MUG", 10, 8)
    world.has_read()
    world.work()
    assert [item["location_id"] for each in world.sim.shop.adjustments for item in each.items] == [place]


@pytest.mark.option("stock.location")
@pytest.mark.parametrize(
    ("named", "code"),
    [(5, "no_location"), (3, "location_disabled")],
)
def test_a_location_that_cannot_be_kept_holds_the_levels(world, named, code):
    world.sim.shop.add_location(3, enabled=False)
    world.stock = Stock(location=named)
    world.carries("MUG", 10, 8)
    world.has_read()
    outcome = world.work()
    assert isinstance(outcome, Held)
    assert [problem.code for problem in outcome.problems] == [code]
    assert (world.state(), world.written(), world.believed()) == (State.HELD, [], {"MUG": (10, True)})


def test_workflow_stock_that_was_taken_out(world):
    world.carries("MUG", 10, 8)
    world.has_read()
    world.workflows = ("sales",)
    assert world.work() == Excluded(rule="workflow stock is off")
    assert (world.state(), world.written()) == (State.EXCLUDED, [])


@pytest.mark.parametrize(("seconds", "outcome"), [(300, Done()), (301, Unchanged())])
def test_levels_follow_from_what_was_read_a_moment_ago_or_not_at_all(world, seconds, outcome):
    """The shop may have sold since what nobody has read yet."""
    world.carries("MUG", 10, 8)
    world.has_read()
    world.step(seconds=seconds)
    assert (world.work(), world.state()) == (outcome, State.POSTED)
    assert world.round() == (Unchanged() if outcome == Done() else Done())
    assert world.levels() == {"MUG": 8}


def test_levels_do_not_follow_from_what_was_read_before_the_clock_was_set_back(world):
    """What is booked meanwhile would seem to be in it."""
    world.carries("MUG", 10, 8)
    world.has_read()
    world.step(seconds=-1)
    assert (world.work(), world.written()) == (Unchanged(), [])


# Who may write


def test_a_connection_that_is_not_enabled_decides_and_writes_nothing(world):
    world.ledger.switch(PAIR, enabled=False, who="ann")
    world.carries("MUG", 10, 8)
    world.has_read()
    assert world.work() == Later(until=world.now + timedelta(days=1), why="the connection is not enabled")
    assert (world.calls(), world.believed()) == (0, {"MUG": (10, True)})
    world.ledger.switch(PAIR, enabled=True, who="ann")
    world.ledger.hasten(PAIR)
    assert (world.work(), world.levels()) == (Done(), {"MUG": 8})


def test_writing_ends_where_the_connection_is_disabled_in_the_middle(world):
    world.carries_many(2001, 10, 9)
    world.has_read()

    class Disabling(BigCommerce):
        def adjust(self, *args: Any, **more: Any) -> None:
            super().adjust(*args, **more)
            world.ledger.switch(PAIR, enabled=False, who="ann")

    shop = world.shop()
    shop.__class__ = Disabling
    assert isinstance(world.work(shop), Later)
    assert [len(levels) for levels in world.written()] == [2000]
    assert sum(not sure for _, sure in world.believed().values()) == 0


def test_one_worker_at_a_time_in_a_pair(world):
    world.carries("MUG", 10, 8)
    world.has_read()
    with world.writer().turn():
        assert world.work() == Later(
            until=world.now + timedelta(seconds=5), why="Somebody else is writing levels of this shop."
        )
    world.step(seconds=5)
    assert (world.work(), world.levels()) == (Done(), {"MUG": 8})


def test_a_writer_whose_turn_has_passed_writes_nothing(world):
    mug = world.carries("MUG", 10, 8)
    slow = world.writer()
    with slow.turn():
        world.step(minutes=10)
        with world.writer().turn(), pytest.raises(TryLater):
            slow.write(planned(world.ledger, PAIR, world.stock).changes, lambda _: None)
    assert (world.calls(), world.ledger.stock_levels(PAIR)[0].unit) == (0, mug)


# What the shop refuses


@pytest.mark.parametrize(
    ("names", "calls"),
    [
        ("all", 2),
        ("first", 3),
        ("none", 15),
    ],
)
def test_levels_that_the_shop_refuses_do_not_keep_back_the_others(world, told, names, calls):
    """Two of ten are no longer counted."""
    world.sim.shop.tells_refused = names
    world.carries_many(10, 10, 9)
    for number in (3, 8):
        world.sim.shop.products[number]["inventory_tracking"] = "none"
    world.has_read()
    assert world.work() == Done()
    assert set(world.levels().values()) == {9}
    assert world.calls() == calls
    troubled = [level.label for level in world.ledger.stock_levels(PAIR) if level.trouble]
    assert troubled == ["S3", "S8"]
    (line,) = told("levels_refused")
    assert line.startswith("main: the shop does not take the levels of 2 SKUs, such as S3: ")
    assert line.endswith(". They are left alone until its levels are next read.")


def test_a_refusal_that_names_skus(world):
    """In whatever letters the shop prints them."""
    world.carries("Mug", 10, 8)
    hat = world.carries("HAT", 5, 4)

    class Naming(BigCommerce):
        def adjust(self, location_id: int, levels: Mapping[str, int], **more: Any) -> None:
            if len(levels) > 1:
                raise Refused([], detail="Items with identity: [sku MUG] were not found")
            super().adjust(location_id, levels, **more)

    world.has_read()
    shop = world.shop()
    shop.__class__ = Naming
    assert world.work(shop) == Done()
    assert world.written() == [{hat: 4}]


def test_one_of_two_thousand_that_no_refusal_names_is_found_by_halving(world):
    world.sim.shop.tells_refused = "none"
    world.carries_many(2000, 10, 9)
    world.sim.shop.products[1999]["inventory_tracking"] = "none"
    world.has_read()
    assert world.work() == Done()
    assert (world.calls(), len(world.levels()), set(world.levels().values())) == (23, 1999, {9})


def test_a_refused_level_is_left_alone_until_it_is_read_from_the_shop_again(world):
    mug = world.carries("MUG", 10, 8)
    hat = world.carries("HAT", 5, 4)
    product = world.sim.shop.products[0]
    product["inventory_tracking"] = "none"
    world.has_read()
    assert world.work() == Done()
    assert world.round() == Unchanged()
    product["inventory_tracking"] = "product"
    world.step(hours=1)
    (found,) = (level for level in world.ledger.stock_levels(PAIR) if level.unit == mug)
    world.ledger.learn_levels(
        PAIR, [ShopLevel(unit=mug, sku="mug", label="MUG", level=10, sure=True, known_at=world.now)]
    )
    assert found.trouble
    assert world.round() == Done()
    assert world.written() == [{hat: 4}, {mug: 8}]


def test_a_shop_that_refuses_everything_holds_the_levels(world):
    """It is not what is in them, then: no SKU is blamed."""
    world.sim.shop.tells_refused = "none"
    world.carries_many(100, 10, 9)
    for product in world.sim.shop.products:
        product["inventory_tracking"] = "none"
    world.has_read()
    outcome = world.work()
    assert isinstance(outcome, Held)
    assert [problem.code for problem in outcome.problems] == ["bigcommerce_422"]
    assert (world.calls(), world.state()) == (25, State.HELD)
    assert not [level for level in world.ledger.stock_levels(PAIR) if level.trouble]


def test_a_shop_that_refuses_answers(world):
    world.ledger.open_circuit(PAIR, BIGCOMMERCE, until=world.now, reason="down")
    world.carries("MUG", 10, 8)
    world.sim.shop.products[0]["inventory_tracking"] = "none"
    world.step(minutes=1)
    world.has_read()
    assert world.work() == Unchanged()
    assert world.ledger.circuits(PAIR) == []


# A shop that does not answer


@pytest.mark.parametrize(
    ("fault", "executed"),
    [
        ({"kind": "drop_after"}, True),
        ({"kind": "status", "status": 504, "body": "html", "executed": True}, True),
        ({"kind": "status", "status": 504, "body": "html"}, False),
    ],
)
def test_a_lost_answer_leaves_nobody_sure_and_is_written_again_when_it_can_no_longer_arrive(world, fault, executed):
    mug = world.carries("MUG", 10, 8)
    world.has_read()
    world.sim.faults.add(side="bigcommerce", call="adjust", first=1, **fault)
    outcome = world.work()
    assert isinstance(outcome, Later)
    assert outcome.until == world.now + IN_FLIGHT
    assert world.believed() == {"MUG": (10, False)}
    world.step(seconds=60)
    with pytest.raises(TryLater, match="still be taking in levels"), world.writer().turn():
        pass
    world.step(seconds=70)
    assert (world.work(), world.levels()) == (Done(), {"MUG": 8})
    assert world.written() == [{mug: 8}] * (1 + executed)
    assert world.believed() == {"MUG": (8, True)}


def test_a_process_that_ended_in_the_middle_of_a_call_keeps_the_next_one_waiting(world):
    world.carries("MUG", 10, 8)
    world.has_read()

    class Ends(BaseException):
        pass

    class Ending(BigCommerce):
        def adjust(self, *args: Any, **more: Any) -> None:
            raise Ends

    shop = world.shop()
    shop.__class__ = Ending
    with pytest.raises(Ends):
        world.work(shop)
    world.ledger.sweep(gone=[owner for owner in world.ledger.owners() if not owner.startswith("call:")])
    assert world.work() == Later(
        until=world.now + timedelta(seconds=5), why="The shop may still be taking in levels that were sent before."
    )
    world.step(seconds=130)
    assert (world.work(), world.levels()) == (Done(), {"MUG": 8})


def test_an_order_that_came_in_during_a_call_has_the_level_written_again(world):
    mug = world.carries("MUG", 10, 8)
    world.has_read()

    assert world.work(selling(world, mug, 2)) == Done()
    assert world.believed() == {"MUG": (8, False)}
    assert world.round() == Done()
    assert (world.levels(), world.believed()) == ({"MUG": 6}, {"MUG": (6, True)})


def selling(world, unit, units):
    """A shop in which an order comes, and is read, while each call is on its way."""

    class Selling(BigCommerce):
        def adjust(self, *args: Any, **more: Any) -> None:
            super().adjust(*args, **more)
            world.sells(unit, units)

    shop = world.shop()
    shop.__class__ = Selling
    return shop


def last_of_many(world, on_hand):
    """2,001 levels that differ: two calls. The unit of the second one."""
    world.carries_many(2000, 10, on_hand)
    return world.carries("T", 10, on_hand)


def test_an_order_that_is_read_during_a_call_is_in_the_next_one(world):
    unit = last_of_many(world, 9)
    world.has_read()
    assert world.work(selling(world, unit, 2)) == Done()
    assert [len(levels) for levels in world.written()] == [2000]
    assert world.round() == Done()
    assert world.written()[1:] == [{unit: 7}]


def test_an_order_that_is_read_during_a_call_of_an_approval_leaves_out_what_it_moved(new_world):
    world = new_world
    unit = last_of_many(world, 11)
    world.has_read()
    world.work()
    proposal = world.ledger.waiting_proposal(PAIR)
    approved = world.writer(selling(world, unit, 2)).approve(proposal, "ann", lambda _: None)
    assert ([change.label for change in approved.left_out], approved.written.count) == (["T"], 2000)
    assert [change.unit for change in world.ledger.proposed(proposal.id, left=True)] == []
    assert unit not in world.written()[0]


@pytest.mark.parametrize(
    ("kind", "person", "waits"),
    [("unauthorised", True, timedelta(minutes=15)), ("throttled", False, timedelta(seconds=1))],
)
def test_a_shop_that_takes_no_calls_opens_its_own_circuit(world, told, kind, person, waits):
    world.carries("MUG", 10, 8)
    world.has_read()
    world.sim.faults.add(side="bigcommerce", call="adjust", kind=kind)
    assert isinstance(world.work(), Later)
    (circuit,) = world.ledger.circuits(PAIR)
    assert (circuit.side, circuit.needs_person) == (BIGCOMMERCE, person)
    assert circuit.until == world.now + waits
    (line,) = told("circuit_open")
    assert line.startswith("BigCommerce: ")
    tried = world.calls()
    assert world.work() == Later(until=world.now, why="BigCommerce does not answer")
    assert world.calls() == tried
    world.sim.faults.clear()
    assert (world.round(), world.levels()) == (Done(), {"MUG": 8})
    assert world.ledger.circuits(PAIR) == []
    assert told("circuit_closed") == ["BigCommerce answers again after 900 s."]


def test_quickbooks_being_closed_is_nothing_to_the_levels(world):
    world.ledger.open_circuit(PAIR, "quickbooks", until=world.now + timedelta(hours=1), reason="down")
    world.carries("MUG", 10, 8)
    world.has_read()
    assert world.work() == Done()


def test_a_source_that_ended_the_process_too_often_is_held(world):
    world.carries("MUG", 10, 8)
    world.has_read()
    for _ in range(5):
        world.ledger.claim([SOURCE], "gone", timedelta(seconds=1))
        world.step(seconds=2)
    outcome = world.work()
    assert isinstance(outcome, Held)
    assert [problem.code for problem in outcome.problems] == ["ends_the_process"]
    assert world.calls() == 0


def test_a_defect_holds_the_source_and_ends_nothing(world, told):
    world.carries("MUG", 10, 8)
    world.has_read()

    class Broken(BigCommerce):
        def adjust(self, *args: Any, **more: Any) -> None:
            raise ZeroDivisionError

    shop = world.shop()
    shop.__class__ = Broken
    outcome = world.work(shop)
    assert isinstance(outcome, Held)
    assert [problem.code for problem in outcome.problems] == ["defect"]
    assert told("defect") == [f"A defect of cartledger stopped {SOURCE}."]


# When a person has to look


def test_the_first_run_is_held_back_told_once_and_written_when_it_is_approved(new_world, told):
    world = new_world
    mug, hat = world.carries("MUG", 10, 8), world.carries("HAT", 5, 9)
    world.has_read()
    assert world.work() == Unchanged()
    assert (world.state(), world.calls()) == (State.POSTED, 0)
    assert world.waiting() == {"HAT": (5, 9), "MUG": (10, 8)}
    assert told("stock_held") == [
        "main: nothing is written to the shop's stock before you approve it. It would be the first time that the "
        "shop's stock follows QuickBooks: 2 levels. Make sure that QuickBooks' quantities are right, then approve. "
        "See `cartledger stock show 1`."
    ]
    assert world.round(HAT=7) == Unchanged()
    assert (world.waiting(), told("stock_held")) == ({"HAT": (5, 9), "MUG": (10, 8)}, [])
    world.round(HAT=9)
    approved = world.approves()
    assert (approved.written.count, approved.written.refused, approved.left_out) == (2, {}, [])
    assert world.written() == [{hat: 9, mug: 8}]
    assert all(level.tracked for level in world.ledger.stock_levels(PAIR))
    assert world.round(MUG=7) == Done()
    assert world.levels() == {"HAT": 9, "MUG": 7}


def test_a_lie_of_quickbooks_is_held_back_and_over_by_itself(world, told):
    world.carries_many(20, 10)
    assert world.round(**{f"S{number}": 0 for number in range(9)}) == Unchanged()
    proposal = world.ledger.waiting_proposal(PAIR)
    assert {reason.code for reason in proposal.reasons} == {"mass_zero", "mass_drop"}
    assert (len(told("stock_held")), world.calls()) == (1, 0)
    assert world.round(**{f"S{number}": 0 for number in range(10)}) == Unchanged()
    assert world.ledger.waiting_proposal(PAIR) == proposal
    assert world.round(**{f"S{number}": 10 for number in range(19)}, S19=9) == Done()
    assert told("stock_released") == [
        "main: the shop's stock follows QuickBooks again; nobody has to approve anything."
    ]
    assert world.ledger.proposal(proposal.id).state is ProposalState.WITHDRAWN
    assert (world.calls(), world.levels()["S19"]) == (1, 9)


def test_quantities_that_are_gone_are_held_back_even_where_nothing_would_be_written(world):
    world.carries_many(20, 10)
    world.round()
    assert world.round(**{f"S{number}": "null" for number in range(20)}) == Unchanged()
    assert world.waiting() == {}
    assert world.approves().written.count == 0
    assert not any(level.tracked for level in world.ledger.stock_levels(PAIR))
    assert world.round() == Unchanged()
    assert world.ledger.waiting_proposal(PAIR) is None


def test_a_few_quantities_that_are_gone_are_let_go(world):
    world.carries_many(20, 10)
    world.round()
    assert world.round(S0="null", S1="null", S2=9) == Done()
    assert [level.label for level in world.ledger.stock_levels(PAIR) if not level.tracked] == ["S0", "S1"]
    assert world.levels()["S0"] == 10


def test_what_a_person_has_rejected_is_not_shown_again_before_every_item_was_read(world, told):
    world.carries_many(20, 10)
    zeros = {f"S{number}": 0 for number in range(3)}
    world.round(**zeros)
    world.ledger.settle_proposal(world.ledger.waiting_proposal(PAIR).id, ProposalState.REJECTED, "ann")
    told("stock_held")
    for _ in range(2):
        assert world.round(**zeros) == Unchanged()
        assert (world.ledger.waiting_proposal(PAIR), told("stock_held"), world.calls()) == (None, [], 0)
    # More goes wrong.
    world.round(**{f"S{number}": 0 for number in range(9)})
    assert len(told("stock_held")) == 1
    world.ledger.settle_proposal(world.ledger.waiting_proposal(PAIR).id, ProposalState.REJECTED, "ann")
    world.step(minutes=15)
    world.has_swept()
    assert world.round() == Unchanged()
    assert (len(told("stock_held")), len(world.waiting())) == (1, 9)


def test_stock_that_could_not_be_read_keeps_an_earlier_source_from_writing(world):
    world.ledger.switch(PAIR, enabled=False, who="ann")
    world.carries("MUG", 10, 8)
    world.has_read()
    world.work()
    world.step(minutes=2)
    world.ledger.propose(PAIR, UNREAD, [])
    world.ledger.switch(PAIR, enabled=True, who="ann")
    world.ledger.hasten(PAIR)
    assert world.work() == Unchanged()
    assert (world.calls(), world.ledger.waiting_proposal(PAIR).reasons) == (0, UNREAD)
    assert world.round() == Done()
    assert (world.ledger.waiting_proposal(PAIR), world.levels()) == (None, {"MUG": 8})


def test_stock_that_could_not_be_read_gives_way_to_what_a_person_has_to_look_at(world, told):
    world.carries("MUG", 10)
    world.ledger.propose(PAIR, UNREAD, [])
    world.round(MUG=0)
    assert (world.waiting(), len(told("stock_held"))) == ({"MUG": (10, 0)}, 1)


# What is approved


def test_an_approval_leaves_out_what_was_sold_meanwhile(new_world):
    world = new_world
    mug, hat = world.carries("MUG", 10, 8), world.carries("HAT", 5, 9)
    world.has_read()
    world.work()
    world.step(minutes=20)
    world.sells(mug, 1)
    approved = world.approves()
    assert [change.label for change in approved.left_out] == ["MUG"]
    assert world.writer().approve(world.ledger.proposal(1), "ann", lambda _: None) is None
    assert world.written() == [{hat: 9}]
    assert world.round() == Done()
    assert world.levels() == {"MUG": 7, "HAT": 9}


def nulls(*numbers: int) -> dict[str, str]:
    """QuickBooks says no quantity of these."""
    return {f"S{number}": "null" for number in numbers}


def followed_no_more(world: World) -> set[str]:
    return {level.label for level in world.ledger.stock_levels(PAIR) if not level.tracked}


@pytest.fixture
def losing(world):
    """Of 20 SKUs five have lost their quantity, and of one more the level is to be written; a person has to look."""
    world.carries_many(20, 10)
    world.round()
    assert world.round(**nulls(0, 1, 2, 3, 4), S19=9) == Unchanged()
    assert set(world.ledger.waiting_proposal(PAIR).lost.values()) == {"S0", "S1", "S2", "S3", "S4"}
    world.step(minutes=15)
    return world


def test_an_approval_agrees_to_the_lost_quantities_that_were_shown(losing):
    approved = losing.approves()
    assert (approved.written.count, approved.lost) == (1, [])
    assert followed_no_more(losing) == {"S0", "S1", "S2", "S3", "S4"}
    assert losing.round() == Unchanged()
    assert losing.ledger.waiting_proposal(PAIR) is None


def test_where_more_are_lost_by_then_it_tells_them_and_they_are_asked_about(losing, told):
    losing.says(**nulls(5, 6, 7, 8, 9, 19))
    approved = losing.approves()
    assert (approved.written.count, [each.label for each in approved.left_out]) == (0, ["S19"])
    assert sorted(approved.lost) == ["S19", "S5", "S6", "S7", "S8", "S9"]
    assert followed_no_more(losing) == {"S0", "S1", "S2", "S3", "S4"}
    told("stock_held")
    assert losing.round() == Unchanged()
    again = losing.ledger.waiting_proposal(PAIR)
    assert (sorted(again.lost.values()), len(told("stock_held"))) == (sorted(approved.lost), 1)
    assert "of 6 of the 15 SKUs" in again.reasons[0].text
    assert losing.calls() == 0


def test_one_more_is_told_and_let_go_as_ever(losing):
    losing.says(**nulls(5))
    assert losing.approves().lost == ["S5"]
    assert followed_no_more(losing) == {"S0", "S1", "S2", "S3", "S4"}
    losing.round()
    assert losing.ledger.waiting_proposal(PAIR) is None
    assert followed_no_more(losing) == {"S0", "S1", "S2", "S3", "S4", "S5"}


def test_a_quantity_that_came_back_before_the_approval_is_not_let_go(losing):
    losing.says(S0=10)
    assert losing.approves().lost == []
    assert followed_no_more(losing) == {"S1", "S2", "S3", "S4"}


def test_an_approval_that_is_taken_up_agrees_to_no_more_than_before(losing):
    losing.sim.faults.add(side="bigcommerce", call="adjust", kind="drop_before", nth=1)
    proposal = losing.ledger.waiting_proposal(PAIR)
    with pytest.raises(Unreachable):
        losing.approves()
    losing.now += IN_FLIGHT
    losing.says(**nulls(5))
    again = losing.writer().approve(losing.ledger.proposal(proposal.id), "ann", lambda _: None)
    assert (again.written.count, again.lost) == (1, ["S5"])
    assert followed_no_more(losing) == {"S0", "S1", "S2", "S3", "S4"}


def test_an_approval_writes_nothing_that_was_not_shown(new_world):
    world = new_world
    world.carries("MUG", 10, 8)
    world.has_read()
    world.work()
    world.carries("HAT", 5, 9)
    world.says(MUG=20)
    world.approves()
    assert world.levels() == {"MUG": 8, "HAT": 5}


def test_what_somebody_has_decided_about_is_not_approved_again(new_world):
    world = new_world
    world.carries("MUG", 10, 8)
    world.has_read()
    world.work()
    proposal = world.ledger.waiting_proposal(PAIR)
    world.writer().approve(proposal, "ann", lambda _: None)
    assert world.writer().approve(proposal, "bob", lambda _: None) is None
    assert (world.calls(), world.ledger.proposal(proposal.id).who) == (1, "ann")


def test_what_was_rejected_or_could_not_be_read_is_not_approved(world):
    world.carries("MUG", 10, 8)
    rejected = world.ledger.propose(PAIR, (Problem(code="mass_drop", text=""),), [])
    world.ledger.settle_proposal(rejected, ProposalState.REJECTED, "ann")
    unread = world.ledger.propose(PAIR, UNREAD, [])
    for number in (rejected, unread):
        assert world.writer().approve(world.ledger.proposal(number), "bob", lambda _: None) is None
    assert world.calls() == 0
    assert world.ledger.proposal(unread).state is ProposalState.WAITING


def test_an_approval_that_was_broken_off_is_taken_up_where_it_stopped(new_world):
    world = new_world
    world.carries_many(2003, 10, 9)
    world.has_read()
    world.work()
    proposal = world.ledger.waiting_proposal(PAIR)
    world.sim.faults.add(side="bigcommerce", call="adjust", kind="drop_after", nth=2)
    heard: list[int] = []
    with pytest.raises(Unreachable):
        world.writer().approve(proposal, "ann", lambda taken: heard.append(len(taken)))
    assert heard == [2000]
    found = world.ledger.proposal(proposal.id)
    assert (found.state, found.written, found.count) == (ProposalState.APPROVED, 2000, 2003)
    with pytest.raises(TryLater):
        world.writer().approve(proposal, "ann", lambda _: None)
    world.now += IN_FLIGHT
    again = world.writer().approve(found, "ann", lambda taken: heard.append(len(taken)))
    assert (again.written.count, heard) == (3, [2000, 3])
    assert world.writer().approve(found, "ann", lambda _: None) is None
    assert set(world.levels().values()) == {9}


def broken_off(world):
    """A proposal that was approved, of which the shop has taken nothing."""
    world.carries("MUG", 10, 8)
    world.has_read()
    world.work()
    proposal = world.ledger.waiting_proposal(PAIR)
    world.sim.faults.add(side="bigcommerce", call="adjust", kind="unauthorised", first=1)
    with pytest.raises(Unauthorised):
        world.writer().approve(proposal, "ann", lambda _: None)
    return proposal


def test_an_approval_is_not_taken_up_after_a_later_one(new_world):
    world = new_world
    proposal = broken_off(world)
    world.ledger.settle_proposal(world.ledger.propose(PAIR, (), ()), ProposalState.APPROVED, "ann")
    assert world.writer().approve(proposal, "ann", lambda _: None) is None
    assert world.written() == []


def test_an_approval_is_not_taken_up_once_the_levels_are_of_another_location(new_world):
    world = new_world
    proposal = broken_off(world)
    world.step(minutes=15)
    world.ledger.follow_anew(PAIR)
    assert world.writer().approve(proposal, "ann", lambda _: None) is None
    assert world.round() == Unchanged()
    assert (world.written(), world.waiting()) == ([], {"MUG": (10, 8)})


def test_what_the_shop_refuses_of_an_approval_is_told_and_over(new_world):
    world = new_world
    mug = world.carries("MUG", 10, 8)
    world.carries("HAT", 5, 9)
    world.sim.shop.products[0]["inventory_tracking"] = "none"
    world.has_read()
    world.work()
    proposal = world.ledger.waiting_proposal(PAIR)
    approved = world.approves()
    assert (approved.written.count, list(approved.written.refused)) == (1, [mug])
    assert world.writer().approve(proposal, "ann", lambda _: None) is None


def test_an_approval_needs_leave_to_write(new_world):
    world = new_world
    world.ledger.switch(PAIR, enabled=False, who="ann")
    world.carries("MUG", 10, 8)
    world.has_read()
    world.work()
    proposal = world.ledger.waiting_proposal(PAIR)
    with pytest.raises(NotEnabled):
        world.writer().approve(proposal, "ann", lambda _: None)
    assert world.ledger.proposal(proposal.id).state is ProposalState.WAITING
    world.ledger.permit(PAIR, "ann", timedelta(minutes=5))
    assert world.writer().approve(proposal, "ann", lambda _: None).written.count == 1


def test_two_who_approve_at_once_write_once(new_world):
    world = new_world
    world.carries("MUG", 10, 8)
    world.has_read()
    world.work()
    proposal = world.ledger.waiting_proposal(PAIR)
    with world.writer().turn(), pytest.raises(TryLater):
        world.writer().approve(proposal, "bob", lambda _: None)
    assert world.calls() == 0
