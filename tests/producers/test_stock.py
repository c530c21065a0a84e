"""Reading stock: what moved on either side is seen, with few questions, and nothing is believed that is not whole."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from cartledger.clients.http import Http
from cartledger.clients.oauth import Intuit, Tokens
from cartledger.clients.quickbooks import QuickBooks
from cartledger.errors import Refused, Unreachable
from cartledger.ledger.types import Cursor, State
from cartledger.records import SourceKey, Token
from cartledger.settings import Stock
from cartledger.stock import ITEMS, LEVELS, STOCK, SWEEP, Allocation, LevelChange, ProposalState, ShopLevel
from consumers.stock import planned
from producers.orders import ORDER
from producers.stock import StockReading, StockWalk, read_stock
from simulator.quickbooks.lies import Lie
from tests.producers.conftest import BEGUN, PAIR, World

SOURCE = SourceKey(pair=PAIR, kind=STOCK, id=LEVELS)


class Unhurried:
    def take(self, bucket, *, per_second, burst):
        return 0.0


class Kept:
    """A token store."""

    def __init__(self, token: Token) -> None:
        self.token = token

    def load(self):
        return self.token

    def save(self, token):
        self.token = token

    @contextmanager
    def lock(self):
        yield


@dataclass(kw_only=True)
class Stocked:
    """A shop and a company that count the same things; `items` are the company's ids by SKU."""

    world: World
    company: QuickBooks
    items: dict[str, str] = field(default_factory=dict)
    stock: Stock = field(default_factory=Stock)
    match_by: str = "sku"
    store_id: str = "1001"
    orders_read: int = 0

    @property
    def sim(self):
        return self.world.sim

    @property
    def ledger(self):
        return self.world.ledger

    def both(self, sku: str, units: int, **shop) -> None:
        """In the shop and in the company."""
        self.sim.shop.add_product(sku=sku, name=f"A {sku}", price=Decimal(9), tracked=True, stock=units, **shop)
        self.books(sku, units)

    def books(self, sku: str, units: int, name: str = "") -> None:
        added = self.sim.company.add_item(
            name=name or f"Item {sku}", sku=sku, kind="inventory", cost=Decimal(1), quantity=Decimal(units)
        )
        self.items[sku] = added["Id"]

    def read(self, **changes) -> StockWalk:
        connection = SimpleNamespace(
            pair=PAIR,
            stock=self.stock,
            products=SimpleNamespace(match_by=self.match_by),
            start_date=BEGUN.date(),
            dated_later=False,
        )
        facts = {"name": "main", "connection": connection, "zone": ZoneInfo("UTC"), "company": self.company}
        facts |= {"shop": self.world.shop, "memory": self.ledger, "sweep": False, "recheck": False}
        facts |= {"store_id": lambda: self.store_id, "read_orders": self._read_orders, "clock": self.world.clock}
        return read_stock(StockReading(**(facts | {"on_page": lambda: None} | changes)))

    def _read_orders(self) -> timedelta:
        self.orders_read += 1
        return self.world.read().skew

    def reads(self) -> tuple[int, int]:
        """How many questions arrived at the company and at the shop since this was asked last, orders left out."""
        report = self.sim.report()
        self.sim.reset_counts()
        called = {
            name: times for name, times in report["called"].items() if "order" not in name and "refund" not in name
        }
        return report["quickbooks"]["reads"], sum(called.values())

    def on_hand(self) -> dict[str, Decimal | None]:
        return {item.label: item.on_hand for item in self.ledger.stock_items(PAIR) if item.active}

    def levels(self) -> dict[str, int]:
        return {level.label: level.level for level in self.ledger.stock_levels(PAIR)}

    def free(self) -> dict[str, int]:
        """The levels that the shop should have."""
        labels = {level.unit: level.label for level in self.ledger.stock_levels(PAIR)}
        return {labels[unit]: new for unit, new in planned(self.ledger, PAIR, self.stock).targets.items()}

    def looked(self) -> bool:
        """Whether somebody is to look at the levels; if so, somebody does."""
        claims = self.ledger.claim([SOURCE], "desk", timedelta(minutes=1))
        for claim in claims:
            self.ledger.unchanged(claim, "")
            plan = {level.unit for level in self.ledger.stock_levels(PAIR)}
            self.ledger.track(PAIR, plan, tracked=True)
        return bool(claims)

    def sell(self, order_id: int, sku: str, units: int, **more) -> None:
        """An order in the shop, placed now."""
        [product] = [each for each in self.sim.shop.products if each["sku"] == sku]
        line = {"id": order_id * 10, "product_id": product["id"], "variant_id": product["base_variant_id"], "sku": sku}
        line |= {"order_address_id": 1, "parent_order_product_id": None, "quantity": units, "name": sku}
        line |= {"type": "physical", "quantity_refunded": 0, "is_refunded": False, "applied_discounts": []}
        line |= {"total_ex_tax": "9.0000", "total_inc_tax": "9.0000", "total_tax": "0.0000"}
        self.world.order(order_id, products=[line], items_total=units, **more)

    def book(self, order_id: int) -> None:
        """The order stands in QuickBooks, as far as the ledger knows."""
        (claim,) = self.ledger.claim([SourceKey(pair=PAIR, kind=ORDER, id=str(order_id))], "desk", timedelta(minutes=1))
        self.ledger.unchanged(claim, "")


@pytest.fixture
def stocked(world: World) -> Iterator[Stocked]:
    """CUP with 10 units, LID with 5."""
    sim, clock, http = world.sim, world.clock, Http()
    sim.company.state.clock = lambda: clock().timestamp()
    refresh = Token(access="", refresh=sim.company.refresh_token, access_expires=clock(), refresh_expires=None)
    tokens = Tokens(
        intuit=Intuit(
            http=http,
            token_url=sim.token_url,
            client_id=sim.company.client_id,
            client_secret=sim.company.client_secret,
            clock=clock,
        ),
        store=Kept(refresh),
        clock=clock,
    )
    company = QuickBooks(
        http=http,
        base_url=sim.quickbooks_url,
        realm_id=sim.company.realm_id,
        tokens=tokens,
        quota=Unhurried(),
        in_flight=timedelta(seconds=130),
        clock=clock,
        sleep=lambda _: None,
    )
    stocked = Stocked(world=world, company=company)
    stocked.both("CUP", 10)
    stocked.both("LID", 5)
    clock.step(hours=1)
    yield stocked
    http.close()


def settled(stocked: Stocked) -> Stocked:
    """After a first reading that somebody has looked at, an hour ago."""
    stocked.read()
    assert stocked.looked()
    stocked.world.clock.step(hours=1)
    stocked.reads()
    return stocked


def test_a_first_reading_is_whole_and_has_somebody_look(stocked):
    walk = stocked.read()
    assert walk == StockWalk(items=2, swept=True, levels=2, changes=0, due=True)
    assert stocked.on_hand() == {"CUP": 10, "LID": 5}
    assert stocked.levels() == {"CUP": 10, "LID": 5}
    assert stocked.orders_read == 1
    assert stocked.ledger.standing(SOURCE).state is State.QUEUED


def test_a_sweep_costs_a_read_for_each_thousand_and_two_more(stocked):
    for number in range(1, 1200):
        stocked.books(f"S-{number}", number)
    stocked.reads()
    assert stocked.read().items == 1201
    assert stocked.reads()[0] == 2 + 2


def test_where_nothing_moved_one_read_tells_it_and_nothing_travels(stocked):
    """The shop is asked for its default location."""
    settled(stocked)
    assert stocked.read() == StockWalk(items=0)
    assert stocked.reads() == (1, 1)
    assert not stocked.looked()


def test_what_moved_in_quickbooks_is_read_counted_and_looked_at(stocked):
    settled(stocked)
    stocked.sim.company.receive_units(stocked.items["LID"], Decimal(7))
    assert stocked.read() == StockWalk(items=1, changes=1, due=True)
    assert stocked.reads() == (2, 1)
    assert stocked.on_hand() == {"CUP": 10, "LID": 12}
    assert stocked.looked()


def test_what_moved_shortly_before_the_last_reading_is_read_again(stocked):
    """Their clock is not ours."""
    settled(stocked)
    stocked.sim.company.receive_units(stocked.items["LID"], Decimal(7))
    stocked.world.clock.step(minutes=9)
    assert stocked.read().items == 1
    stocked.world.clock.step(minutes=9)
    assert stocked.read().items == 1
    stocked.world.clock.step(minutes=9)
    assert stocked.read().items == 0


def test_a_sale_that_both_sides_know_of_writes_nothing(stocked):
    settled(stocked)
    stocked.sell(1001, "CUP", 3)
    assert stocked.read().changes == 0
    assert stocked.levels() == {"CUP": 7, "LID": 5}
    stocked.sim.company.sell_units(stocked.items["CUP"], Decimal(3))
    stocked.book(1001)
    stocked.world.clock.step(minutes=15)
    assert stocked.read().changes == 0
    assert stocked.on_hand() == {"CUP": 7, "LID": 5}


def test_an_order_that_comes_while_quickbooks_is_read_is_known_before_anybody_looks(stocked):
    settled(stocked)
    stocked.sim.company.receive_units(stocked.items["CUP"], Decimal(1))

    def sell_meanwhile():
        if not stocked.sim.shop.orders:
            stocked.sell(1001, "CUP", 2)

    assert stocked.read(on_page=sell_meanwhile).changes == 1
    assert stocked.levels()["CUP"] == 8
    assert [each.units for each in stocked.ledger.allocations(PAIR, BEGUN)] == [
        {"product:1": 2, "sku:1:10001:cup": 2, "variant:10001": 2}
    ]


@pytest.mark.parametrize("total", ["100.0000", "a lot"])
def test_an_order_of_many_lines_has_taken_all_of_them_whether_or_not_it_can_be_read(stocked, total):
    """A list brings 50 of them."""
    settled(stocked)
    stocked.sell(1001, "CUP", 60, total_inc_tax=total)
    order = stocked.sim.shop.orders[1001]
    order.products = [order.products[0] | {"id": number, "quantity": 1} for number in range(60)]
    stocked.read()
    assert [each.units for each in stocked.ledger.allocations(PAIR, BEGUN)] == [
        {"product:1": 60, "sku:1:10001:cup": 60, "variant:10001": 60}
    ]


def test_an_order_that_comes_after_the_orders_were_read_is_in_no_level_that_was(stocked):
    """Else the shop would seem to lack what it has sold."""
    settled(stocked)
    [cup] = [each for each in stocked.sim.shop.products if each["sku"] == "CUP"]

    def read_and_sell():
        skew = stocked.world.read().skew
        cup["inventory_level"] = cup["variants"][0]["inventory_level"] = 8
        stocked.sell(1001, "CUP", 2)
        return skew

    assert stocked.read(recheck=True, read_orders=read_and_sell).changes == 0


def test_an_item_that_quickbooks_does_not_say_was_moved_is_asked_for_once_its_order_was_booked(stocked):
    stocked.sim.company.derived_times = False
    settled(stocked)
    stocked.sell(1001, "CUP", 3)
    stocked.read()
    receipt = stocked.sim.company.sell_units(stocked.items["CUP"], Decimal(3))
    stocked.book(1001)
    stocked.world.clock.step(hours=1)
    stocked.read()
    stocked.sim.company.void_document("SalesReceipt", receipt["Id"])
    stocked.sell(1002, "CUP", 1)
    stocked.world.clock.step(hours=1)
    stocked.read()
    stocked.book(1002)
    stocked.world.clock.step(hours=1)
    stocked.reads()
    assert stocked.read().items == 1
    assert stocked.reads()[0] == 2
    assert stocked.on_hand()["CUP"] == 10
    stocked.world.clock.step(hours=1)
    assert stocked.read().items == 0
    assert stocked.reads()[0] == 1


def test_a_sweep_that_is_due_notices_what_the_others_missed(stocked):
    stocked.sim.company.derived_times = False
    settled(stocked)
    receipt = stocked.sim.company.sell_units(stocked.items["CUP"], Decimal(3))
    stocked.world.clock.step(hours=1)
    stocked.read()
    stocked.sim.company.void_document("SalesReceipt", receipt["Id"])
    stocked.world.clock.step(hours=1)
    stocked.read()
    assert stocked.on_hand()["CUP"] == 7
    stocked.read(sweep=True)
    assert stocked.on_hand()["CUP"] == 10


def test_an_item_that_no_sweep_brings_any_more_is_gone(stocked):
    settled(stocked)
    stocked.sim.company.merge_items(stocked.items["LID"], stocked.items["CUP"], gone=True)
    assert stocked.read(sweep=True).due
    [gone] = [item for item in stocked.ledger.stock_items(PAIR) if item.label == "LID"]
    assert (gone.active, gone.on_hand) == (False, None)


def test_an_item_that_was_made_inactive_is_looked_at(stocked):
    settled(stocked)
    stocked.sim.company.edit_item(stocked.items["LID"], Active=False)
    assert stocked.read() == StockWalk(items=1, changes=0, due=True)
    assert stocked.on_hand() == {"CUP": 10}


def test_other_types_do_not_count_whatever_quickbooks_lets_through(stocked):
    stocked.sim.company.add_item(name="Ride", sku="RIDE", cost=Decimal(1))
    stocked.sim.company.type_filter = False
    assert stocked.read().problem is None
    assert stocked.on_hand() == {"CUP": 10, "LID": 5}


HALVED = Lie(kind="half_page")


@pytest.mark.parametrize("echo", ["rows", "page"])
def test_of_a_page_that_is_not_whole_nothing_is_believed(stocked, echo):
    settled(stocked)
    before = stocked.ledger.stock_items(PAIR), stocked.ledger.cursor(PAIR, ITEMS), stocked.ledger.cursor(PAIR, SWEEP)
    stocked.sim.company.count_units(stocked.items["CUP"], Decimal(1))
    stocked.sim.company.lie = Lie(kind="half_page", echo=echo)
    if echo == "page":
        with pytest.raises(Unreachable):
            stocked.read(sweep=True)
    else:
        assert stocked.read(sweep=True).problem.code == "incomplete_stock"
        # Counted, read, counted again, and the company's own facts.
        assert stocked.reads()[0] == 4
    after = stocked.ledger.stock_items(PAIR), stocked.ledger.cursor(PAIR, ITEMS), stocked.ledger.cursor(PAIR, SWEEP)
    assert after == before
    assert not stocked.looked()


@pytest.mark.parametrize("going", [1, 150])
def test_items_that_go_for_good_between_two_pages_hide_no_others(stocked, going):
    for number in range(1, 1300):
        stocked.books(f"S-{number}", number)
    settled(stocked)
    leaving = [f"S-{number}" for number in range(1, 1 + going)]

    def go():
        for sku in leaving:
            stocked.sim.company.merge_items(stocked.items[sku], stocked.items["CUP"], gone=True)
        leaving.clear()

    assert stocked.read(sweep=True, on_page=go).problem is None
    assert len(stocked.on_hand()) == 1301
    stocked.read(sweep=True)
    assert len(stocked.on_hand()) == 1301 - going


def test_a_product_that_goes_between_two_pages_hides_no_other(stocked, caplog):
    """One that is gone is told of."""
    for number in range(1, 1100):
        stocked.both(f"S-{number}", number)
    settled(stocked)
    products = stocked.sim.shop.products

    def go():
        if stocked.sim.report()["called"].get("inventory_items") and products[0]["sku"] == "CUP":
            products.pop(0)

    assert stocked.read(recheck=True, on_page=go).levels == 1101
    assert not caplog.records
    stocked.read(recheck=True)
    assert stocked.levels().keys() == {"LID", *(f"S-{number}" for number in range(1, 1100))}
    [said] = [each.message for each in caplog.records if each.action == "levels_gone"]
    assert said == "main: the shop does not count 1 SKUs any more, such as CUP. Their levels are left alone."


@pytest.mark.parametrize("echo", ["rows", "page"])
def test_of_what_moved_nothing_is_believed_that_is_not_whole(stocked, echo):
    settled(stocked)
    for sku in ("CUP", "LID"):
        stocked.sim.company.count_units(stocked.items[sku], Decimal(1))
    stocked.world.clock.step(minutes=14)
    before = stocked.ledger.stock_items(PAIR), stocked.ledger.cursor(PAIR, ITEMS)
    stocked.sim.company.lie = Lie(kind="half_page", echo=echo)
    if echo == "page":
        with pytest.raises(Unreachable):
            stocked.read()
    else:
        assert stocked.read().problem.code == "incomplete_stock"
    assert (stocked.ledger.stock_items(PAIR), stocked.ledger.cursor(PAIR, ITEMS)) == before
    assert not stocked.looked()
    stocked.sim.company.lie = None
    stocked.world.clock.step(minutes=15)
    stocked.read()
    assert stocked.on_hand() == {"CUP": 1, "LID": 1}


def test_what_moves_while_it_is_read_is_no_reading_that_is_not_whole(stocked):
    settled(stocked)
    stocked.sim.company.receive_units(stocked.items["CUP"], Decimal(1))
    moving = ["LID"]

    def move():
        for sku in moving:
            stocked.sim.company.receive_units(stocked.items[sku], Decimal(1))
        moving.clear()

    assert stocked.read(on_page=move) == StockWalk(items=2, changes=2, due=True)


@pytest.mark.parametrize(("minutes", "code"), [(5, None), (-5, None), (6, "clock_differs"), (-6, "clock_differs")])
def test_with_a_clock_that_is_not_the_shops_nothing_is_believed(stocked, minutes, code):
    settled(stocked)
    stocked.sim.company.count_units(stocked.items["CUP"], Decimal(3))
    clock = stocked.world.clock
    stocked.sim.shop.clock = lambda: clock() + timedelta(minutes=minutes)
    walk = stocked.read()
    assert (walk.problem and walk.problem.code, stocked.on_hand()["CUP"]) == (code, 10 if code else 3)
    assert stocked.looked() is not bool(code)
    stocked.sim.shop.clock = clock
    stocked.read()
    assert stocked.on_hand()["CUP"] == 3


def test_levels_that_a_person_may_be_reading_stay_while_the_clock_differs(stocked):
    settled(stocked)
    number = stocked.ledger.propose(PAIR, [], [A_CHANGE])
    clock = stocked.world.clock
    stocked.sim.shop.clock = lambda: clock() + timedelta(hours=1)
    assert stocked.read().problem.code == "clock_differs"
    assert stocked.ledger.waiting_proposal(PAIR).id == number


def test_what_is_not_whole_is_told_once_and_again_after_a_good_reading(stocked, caplog):
    settled(stocked)

    def told() -> list[str]:
        found = [each.message for each in caplog.records if getattr(each, "action", "") == "stock_held"]
        caplog.clear()
        return found

    stocked.sim.company.lie = HALVED
    stocked.read(sweep=True)
    [text] = told()
    assert text.startswith("The shop's stock is left as it is. QuickBooks counts 2 inventory items and gave 1;")
    stocked.world.clock.step(minutes=5)
    stocked.read(sweep=True)
    assert told() == []
    waiting = stocked.ledger.waiting_proposal(PAIR)
    assert (waiting.count, [reason.code for reason in waiting.reasons]) == (0, ["incomplete_stock"])

    stocked.sim.company.lie = None
    stocked.world.clock.step(minutes=5)
    assert stocked.read(sweep=True).due  # so that somebody gives the all-clear
    stocked.ledger.settle_proposal(waiting.id, ProposalState.WITHDRAWN, "")
    stocked.sim.company.lie = HALVED
    stocked.world.clock.step(minutes=5)
    stocked.read(sweep=True)
    assert len(told()) == 1


A_CHANGE = LevelChange(
    unit="product:1",
    sku="cup",
    label="CUP",
    item_id="1",
    old=1,
    on_hand=Decimal(2),
    allocated=Decimal(0),
    new=2,
    moves=0,
)


def test_levels_that_a_person_may_be_reading_stay_where_a_reading_is_not_whole(stocked):
    settled(stocked)
    number = stocked.ledger.propose(PAIR, [], [A_CHANGE])
    stocked.sim.company.lie = HALVED
    stocked.read(sweep=True)
    assert stocked.ledger.waiting_proposal(PAIR).id == number


@pytest.mark.parametrize("side", ["company", "store"])
def test_the_stock_of_another_company_or_store_is_never_taken_for_ours(stocked, side):
    settled(stocked)
    stocked.ledger.propose(PAIR, [], [A_CHANGE])
    if side == "company":
        stocked.sim.company.lie = Lie(kind="other_company")
    else:
        stocked.store_id = "1002"
    assert stocked.read(sweep=True).problem.code == f"other_{side}"
    waiting = stocked.ledger.waiting_proposal(PAIR)
    assert (waiting.count, waiting.reasons[0].code) == (0, f"other_{side}")
    assert stocked.on_hand() == {"CUP": 10, "LID": 5}


def test_a_company_that_does_not_let_us_in_is_told_of_too(stocked):
    settled(stocked)
    stocked.sim.faults.add(side="quickbooks", call="query", kind="status", nth=1, status=403)
    assert stocked.read().problem.text == "The app has no permission for this company. (QuickBooks 3100)"
    assert stocked.ledger.waiting_proposal(PAIR).reasons[0].code == "other_company"


def test_a_store_that_does_not_let_us_in_is_told_of_as_such(stocked):
    settled(stocked)
    stocked.sim.shop.scopes -= {"store_v2_information_read_only"}
    walk = stocked.read(sweep=True, store_id=lambda: str(stocked.world.shop.store()["id"]))
    assert walk.problem.code == "other_store"


def test_a_new_sku_is_asked_for_once_whether_the_shop_has_it_or_not(stocked):
    settled(stocked)
    stocked.both("JAR", 4)
    stocked.books("BOX", 4)
    walk = stocked.read()
    assert (walk.items, walk.levels) == (2, 1)
    # What moved and its count; one call each for the default location, the levels of both and how their products are
    # counted.
    assert stocked.reads() == (2, 3)
    assert stocked.levels() == {"CUP": 10, "JAR": 4, "LID": 5}
    stocked.world.clock.step(hours=1)
    assert stocked.read().levels == 0
    assert stocked.reads()[1] == 1


def test_an_item_with_another_sku_is_asked_for_again(stocked):
    settled(stocked)
    stocked.sim.shop.add_product(sku="MUG", name="Mug", price=Decimal(1), tracked=True, stock=2)
    stocked.sim.company.edit_item(stocked.items["CUP"], Sku="mug")
    stocked.read()
    assert stocked.levels()["MUG"] == 2


def test_many_new_skus_are_read_with_all_the_shop_has(stocked):
    settled(stocked)
    for number in range(501):
        stocked.books(f"S-{number}", 1)
    stocked.read()
    # The default location, one page of levels, one of products.
    assert stocked.reads() == (2, 3)


def test_a_recheck_notices_new_skus_and_levels_changed_by_hand(stocked):
    stocked.books("JAR", 4)
    settled(stocked)
    stocked.sim.shop.add_product(sku="JAR", name="Jar", price=Decimal(1), tracked=True, stock=9)
    [cup] = [each for each in stocked.sim.shop.products if each["sku"] == "CUP"]
    cup["inventory_level"] = cup["variants"][0]["inventory_level"] = 12
    stocked.read()
    assert stocked.levels() == {"CUP": 10, "LID": 5}
    walk = stocked.read(recheck=True)
    assert stocked.levels() == {"CUP": 12, "JAR": 9, "LID": 5}
    assert (walk.levels, walk.changes) == (3, 2)


def test_products_that_the_shop_does_not_count_have_no_level(stocked):
    stocked.sim.shop.add_product(sku="FELT", name="Felt", price=Decimal(1), stock=3)
    stocked.books("FELT", 3)
    stocked.read()
    assert "FELT" not in stocked.levels()


def test_what_is_counted_by_variant_has_a_level_for_each(stocked):
    sizes = {"BOWL-S": 4, "BOWL-L": 3}
    stocked.sim.shop.add_product(sku="", name="Bowl", price=Decimal(9), product_id=105, tracked=True, variants=sizes)
    for sku, units in sizes.items():
        stocked.books(sku, units)
    stocked.read()
    units = {level.unit: level.level for level in stocked.ledger.stock_levels(PAIR) if "BOWL" in level.label}
    assert units == {"variant:10105": 4, "variant:20105": 3}


def test_names_can_be_what_items_are_matched_by(stocked):
    stocked.match_by = "name"
    stocked.books("another", 8, name="CUP")
    stocked.read()
    assert stocked.levels() == {"CUP": 10}
    stocked.match_by = "sku"
    assert stocked.read().swept
    assert stocked.levels() == {"CUP": 10, "LID": 5}


def test_another_location_has_levels_of_its_own(stocked):
    settled(stocked)
    stocked.sim.shop.add_location(7)
    stocked.stock = Stock(location=7)
    stocked.read()
    assert stocked.levels() == {"CUP": 0, "LID": 0}
    stocked.stock = Stock(location=8)
    with pytest.raises(Refused, match="has no location 8"):
        stocked.read()


def test_a_store_that_sells_from_another_location_since_is_noticed(stocked):
    settled(stocked)
    stocked.sim.shop.add_location(7, default=True)
    walk = stocked.read()
    assert (walk.levels, walk.due) == (2, True)


def another_location(stocked):
    stocked.sim.shop.add_location(7)
    stocked.stock = Stock(location=7)


def another_default(stocked):
    stocked.sim.shop.add_location(7, default=True)


def other_items(stocked):
    stocked.match_by = "name"


@pytest.mark.parametrize("change", [another_location, another_default, other_items])
def test_levels_of_another_location_or_of_other_items_wait_for_a_person_again(stocked, change):
    """Nobody has approved these, nor is anybody shown what waited before."""
    settled(stocked)
    approved = stocked.ledger.propose(PAIR, [], [A_CHANGE])
    stocked.ledger.settle_proposal(approved, ProposalState.APPROVED, "ann")
    waiting = stocked.ledger.propose(PAIR, [], [A_CHANGE])
    stocked.world.clock.step(minutes=15)
    stocked.read()
    assert (stocked.ledger.ever_approved(PAIR), stocked.ledger.waiting_proposal(PAIR).id) == (True, waiting)
    change(stocked)
    for _ in range(2):
        stocked.world.clock.step(minutes=15)
        stocked.read()
        assert (stocked.ledger.ever_approved(PAIR), stocked.ledger.waiting_proposal(PAIR)) == (False, None)
    stocked.ledger.settle_proposal(stocked.ledger.propose(PAIR, [], [A_CHANGE]), ProposalState.APPROVED, "ann")
    stocked.world.clock.step(minutes=15)
    stocked.read()
    assert stocked.ledger.ever_approved(PAIR)


@pytest.mark.parametrize(("pair", "days", "left"), [("second:1", 0, 7), ("second:2", 0, 10), ("second:1", 8, 10)])
def test_what_another_shop_of_the_company_sold_and_did_not_book_is_not_offered(stocked, pair, days, left):
    """Another company's is nothing to it, nor is that of a shop that nobody follows any more."""
    settled(stocked)
    ledger, now = stocked.ledger, stocked.world.clock()
    cup = ShopLevel(unit="variant:9", sku="cup", label="Cup", level=10, sure=True, known_at=now)
    ledger.learn_levels(pair, [cup])
    then = now - timedelta(days=days)
    ledger.set_cursor(pair, ITEMS, Cursor(watermark=then, polled_at=then))
    units = {"product:1": Decimal(3), "variant:9": Decimal(3)}
    ledger.allocate(pair, [Allocation(order_id="1", version="v", created=now, modified=now, units=units)])
    walk = stocked.read()
    assert (walk.changes, planned(ledger, PAIR, Stock()).targets) == (
        int(left != 10),
        {"product:1": left, "product:2": 5},
    )


def test_what_another_shop_sold_and_does_not_count_is_not_offered_either(stocked):
    settled(stocked)
    ledger, now = stocked.ledger, stocked.world.clock()
    ledger.set_cursor("second:1", ITEMS, Cursor(watermark=now, polled_at=now))
    units = {"product:8": Decimal(3), "sku:8:80:cup": Decimal(3), "sku:9:90:jar": Decimal(1)}
    ledger.allocate("second:1", [Allocation(order_id="1", version="v", created=now, modified=now, units=units)])
    assert stocked.read().changes == 1
    assert stocked.free() == {"CUP": 7, "LID": 5}


@pytest.mark.parametrize("match_by", ["sku", "name"])
def test_a_product_that_the_shop_does_not_count_takes_from_the_item_of_its_sku(stocked, match_by):
    """It shares the SKU of one that is counted, but for the case of letters."""
    stocked.match_by = match_by
    stocked.sim.shop.add_product(sku="JAR", name="Jar", price=Decimal(9), tracked=True, stock=11)
    stocked.books({"sku": "JAR", "name": "J-1"}[match_by], 11, name={"sku": "", "name": "JAR"}[match_by])
    settled(stocked)
    stocked.sim.shop.add_product(sku="jar", name="Jar, made to order", price=Decimal(9))
    stocked.sell(1001, "jar", 4)
    assert stocked.read().changes == 1
    assert stocked.free()["JAR"] == 7
    stocked.world.clock.step(minutes=5)
    stocked.sim.company.sell_units(stocked.items[{"sku": "JAR", "name": "J-1"}[match_by]], Decimal(4))
    stocked.book(1001)
    assert stocked.free()["JAR"] == 7
    stocked.world.clock.step(minutes=15)
    stocked.read()
    assert (stocked.on_hand()["JAR"], stocked.free()["JAR"]) == (7, 7)


def test_a_product_that_was_made_anew_lacks_what_was_ordered_under_its_old_ids(stocked):
    settled(stocked)
    stocked.sell(1001, "CUP", 3)
    stocked.read()
    products = stocked.sim.shop.products
    products[:] = [each for each in products if each["sku"] != "CUP"]
    stocked.sim.shop.add_product(sku="CUP", name="Cup", price=Decimal(9), tracked=True, variants={"CUP": 10})
    stocked.world.clock.step(minutes=15)
    stocked.read(recheck=True)
    assert stocked.levels() == {"CUP": 10, "LID": 5}
    assert stocked.free() == {"CUP": 7, "LID": 5}


def test_orders_read_by_an_older_version_are_accounted_for_at_the_first_reading(stocked):
    stocked.sell(1001, "CUP", 3)
    stocked.world.read()
    with closing(sqlite3.connect(stocked.ledger.path)) as db, db:
        db.execute("DELETE FROM allocation")
    stocked.read()
    [allocation] = stocked.ledger.allocations(PAIR, BEGUN)
    assert allocation.order_id == "1001"
    assert allocation.units == {"product:1": 3, "sku:1:10001:cup": 3, "variant:10001": 3}
    stocked.book(1001)
    [booked] = stocked.ledger.allocations(PAIR, BEGUN)
    assert booked.booked == booked.units


class Died(Exception):
    pass


@pytest.mark.parametrize("step", ["learn_levels", "read_orders", "remember_items", "set_cursor", "remember"])
def test_a_reading_that_dies_is_done_again_as_if_it_had_never_begun(stocked, step):
    settled(stocked)
    stocked.both("JAR", 4)
    stocked.sim.company.receive_units(stocked.items["LID"], Decimal(7))
    stocked.sell(1001, "CUP", 2)

    def die(*_, **__):
        raise Died

    ends = {"read_orders": die} if step == "read_orders" else {"memory": _Mortal(stocked.ledger, step, die)}
    with pytest.raises(Died):
        stocked.read(**ends)
    assert not stocked.looked()
    assert stocked.read() == StockWalk(items=2, levels=1, changes=1, due=True)


class _Mortal:
    """A ledger that ends at one call."""

    def __init__(self, ledger, step: str, end: Callable[..., None]) -> None:
        self._ledger = ledger
        self._step = step
        self._end = end

    def __getattr__(self, name):
        return self._end if name == self._step else getattr(self._ledger, name)
