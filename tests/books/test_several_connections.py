"""Several shops and companies in one daemon: each to its own books, and none in the way of another."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cartledger.ledger.types import State
from cartledger.records import SourceKey, write_message
from cartledger.settings import read_settings
from daemon.app import App
from daemon.by_hand.syncing import Synced, run_sync
from daemon.cli import main
from daemon.demos.settings import demo_settings
from daemon.running.supervisor import Consuming, Crew, Producing
from simulator import Simulator
from simulator.proof import prove

PATIENCE = 60
BOTH = ("north", "south")


class Unhurried:
    """Grants every call, and remembers which quotas were asked."""

    buckets: set[str]

    def __init__(self, ledger: object) -> None:
        self.buckets = set()

    def take(self, bucket: str, *, per_second: float, burst: int) -> float:
        self.buckets.add(bucket)
        return 0.0


@dataclass(frozen=True, kw_only=True)
class Connected:
    """A connection `name`: the shop of one simulator in the books of another, or of the same. `changes` are options."""

    name: str
    shop: Simulator
    books: Simulator
    prefix: str
    changes: Mapping[str, Any] = field(default_factory=dict)

    def settings(self) -> str:
        """Its sections."""
        shop, books = self.shop.addresses(), self.books.addresses()
        addresses = {**books, **{key: shop[key] for key in ("bigcommerce_url", "store_hash")}}
        text = demo_settings(
            company=self.books.company.kind,
            **addresses,
            broker="",
            namespace="",
            in_flight=2,
            start_date="2015-01-01",
            post_as="sales_receipt",
        )
        own = text[text.index("[connections.demo]") :].replace("connections.demo", f"connections.{self.name}")
        return own.replace('number_prefix = "BC"', f'number_prefix = "{self.prefix}"')

    def environment(self) -> dict[str, str]:
        """Its secrets, and what is changed."""
        books = self.books.addresses()
        options = {
            "bigcommerce.access_token": self.shop.addresses()["access_token"],
            "quickbooks.client_secret": books["client_secret"],
            "quickbooks.refresh_token": books["refresh_token"],
            **self.changes,
        }
        return {
            f"CARTLEDGER_CONNECTIONS__{self.name}__{key.replace('.', '__')}".upper(): value
            if isinstance(value, str)
            else json.dumps(value)
            for key, value in options.items()
        }

    def proof(self) -> dict[str, Any]:
        """What of the shop's orders stands in the books."""
        proof = prove(self.shop.shop, self.books.company, f"{self.prefix}-{{id}}")
        return {name: proof[name] for name in ("documents", "duplicates", "difference")}


@dataclass(kw_only=True)
class Daemon:
    """The program with several connections."""

    connected: Mapping[str, Connected]
    config: Path
    environment: Mapping[str, str]
    quota: Callable[[Any], Any] = Unhurried
    apps: list[App] = field(default_factory=list)

    def open(self) -> App:
        """The program as another process would open it."""
        self.apps.append(App(read_settings(self.config, self.environment), quota=self.quota))
        return self.apps[-1]

    @property
    def app(self) -> App:
        return self.apps[0]

    def pair(self, name: str) -> str:
        return self.app.lines[name].connection.pair

    def sync(self, name: str, app: App | None = None) -> Synced:
        limit = time.monotonic() + PATIENCE

        def watch(now: object) -> None:
            assert time.monotonic() < limit, now

        return run_sync(app or self.app, name, watch)

    def enable(self, *names: str) -> None:
        for name in names:
            self.app.ledger.switch(self.pair(name), enabled=True, who="test")

    def run_until(self, done: Callable[[], bool]) -> None:
        """`cartledger run`, until `done`."""
        app, crew, names = self.app, Crew(), list(self.connected)
        app.begin()
        producing = Producing(app, names, crew)
        crew.start("hand-over", producing.hand_over)
        for name in names:
            crew.start(name, partial(producing.read_for_ever, name))
        crew.start("work", Consuming(app, names, crew, threads=4).work)
        limit = time.monotonic() + PATIENCE
        try:
            while not done():
                assert time.monotonic() < limit, {name: self.counts(name) for name in names}
                crew.quiet.wait(0.05)
        finally:
            crew.stop()
            crew.wait()

    def counts(self, name: str) -> dict[State, int]:
        return self.app.ledger.counts(self.pair(name), "order")

    def posted(self, name: str) -> int:
        return self.counts(name)[State.POSTED]

    def state(self, name: str, order_id: int) -> State | None:
        standing = self.app.ledger.standing(SourceKey(pair=self.pair(name), kind="order", id=str(order_id)))
        return standing.state if standing else None

    def __call__(self, *words: str, expect: int = 0) -> str:
        """A command, and what it prints."""
        environment = {**self.environment, "COLUMNS": "200"}
        result = CliRunner().invoke(main, ["--config", str(self.config), *words], env=environment)
        assert result.exit_code == expect, (result.output, result.exception)
        return result.output


@pytest.fixture
def make_sim() -> Iterator[Callable[..., Simulator]]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(Simulator(**{"quotas": False, **options}))


@pytest.fixture
def north(make_sim) -> Simulator:
    return make_sim(seed=1, store_hash="n0rth", realm_id="1001")


@pytest.fixture
def south(make_sim) -> Simulator:
    return make_sim(seed=2, store_hash="s0uth", realm_id="2002")


@pytest.fixture
def make_daemon(tmp_path: Path) -> Iterator[Callable[..., Daemon]]:
    """`make_daemon(Connected(…), Connected(…))`."""
    made: list[Daemon] = []

    def make(*connected: Connected) -> Daemon:
        config = tmp_path / "cartledger.toml"
        broker = f'[broker]\nnamespace = "several-{connected[0].shop.url.rpartition(":")[2]}"\n'
        config.write_text("\n".join([broker, *(one.settings() for one in connected)]))
        made.append(
            Daemon(
                connected={one.name: one for one in connected},
                config=config,
                environment={name: value for one in connected for name, value in one.environment().items()},
            )
        )
        made[-1].open()
        return made[-1]

    yield make
    for app in [app for daemon in made for app in daemon.apps]:
        app.close()


def goods(sim: Simulator) -> None:
    sim.company.add_item(name="GOODS", sku="GOODS")


def customers(sim: Simulator, begin: str) -> list[str]:
    names = [each["DisplayName"] for each in sim.company.objects("Customer")]
    return sorted(name for name in names if name.startswith(begin))


def buyer(name: str, email: str = "", **more: str) -> dict[str, str]:
    first, _, last = name.partition(" ")
    return {"first_name": first, "last_name": last, "email": email, **more}


# Two shops, two companies


def test_two_shops_in_two_companies(north, make_sim, make_daemon):
    south = make_sim(company="uk", seed=2, store_hash="s0uth", realm_id="2002")
    for sim in (north, south):
        sim.fill(orders=40, customers=10, clean=True)
    daemon = make_daemon(
        Connected(name="north", shop=north, books=north, prefix="BC"),
        Connected(name="south", shop=south, books=south, prefix="BC"),
    )
    for name in BOTH:
        synced = daemon.sync(name)
        assert (synced.connection, synced.waiting, synced.held, synced.troubles) == (name, 0, 0, ())
        assert daemon.connected[name].proof() == {
            "documents": synced.posted, "duplicates": 0, "difference": "0.00",
        }  # fmt: skip
    assert daemon.connected["north"].shop.shop.orders.keys() == daemon.connected["south"].shop.shop.orders.keys()


def test_a_sync_touches_its_own_connection_only(north, south, make_daemon, plain_order):
    for sim in (north, south):
        goods(sim)
        sim.shop.add_order(plain_order(1001))
    daemon = make_daemon(
        Connected(name="north", shop=north, books=north, prefix="BC"),
        Connected(name="south", shop=south, books=south, prefix="BC"),
    )
    assert daemon.sync("north").posted == 1
    assert south.report() == {**south.report(), "bigcommerce": {"calls": 0, "throttled": 0}}
    assert south.report()["quickbooks"]["reads"] == 0
    assert daemon.state("south", 1001) is None


# Two shops, one company


@pytest.fixture
def two_shops(north, south, make_daemon) -> Daemon:
    """Both shops in the books of the north."""
    goods(north)
    return make_daemon(
        Connected(name="north", shop=north, books=north, prefix="N"),
        Connected(name="south", shop=south, books=north, prefix="S"),
    )


def test_the_same_order_id_in_two_shops_is_two_sales(two_shops, north, south, plain_order):
    for sim, amount in ((north, "20.00"), (south, "30.00")):
        sim.shop.add_order(plain_order(1001, amount))
    for name in BOTH:
        two_shops.sync(name)
    receipts = {each["DocNumber"]: each for each in north.company.objects("SalesReceipt")}
    assert {number: f"{each['TotalAmt']:.2f}" for number, each in receipts.items()} == {
        "N-1001": "20.00",
        "S-1001": "30.00",
    }
    markers = {number: each["PrivateNote"].splitlines()[-1] for number, each in receipts.items()}
    assert markers == {"N-1001": "cartledger:n0rth:order:1001", "S-1001": "cartledger:s0uth:order:1001"}
    assert south.company.objects("SalesReceipt") == []


def test_two_whole_shops_in_one_company(two_shops, north, south):
    for sim in (north, south):
        sim.fill(orders=40, customers=10, clean=True)
    for product in south.company.objects("Item"):
        if product.get("Sku") and product["Sku"] not in {item.get("Sku") for item in north.company.objects("Item")}:
            north.company.add_item(name=product["Sku"], sku=product["Sku"])
    for name in BOTH:
        synced = two_shops.sync(name)
        assert (synced.waiting, synced.troubles) == (0, ())
    for one in two_shops.connected.values():
        proof = one.proof()
        assert (proof["duplicates"], proof["difference"]) == (0, "0.00")
        assert proof["documents"] == two_shops.posted(one.name) >= 30
    assert len(north.company.objects("SalesReceipt")) == sum(map(two_shops.posted, BOTH))


def test_one_e_mail_address_is_one_customer_of_the_company(two_shops, north, south, plain_order):
    ada = buyer("Ada Byrne", "ada@example.com")
    north.shop.add_order(plain_order(1001, customer_id=7, buyer=ada))
    south.shop.add_order(plain_order(2001, customer_id=99, buyer={**ada, "email": "ADA@example.com"}))
    for name in BOTH:
        assert two_shops.sync(name).posted == 1
    (customer,) = [each for each in north.company.objects("Customer") if each["DisplayName"].startswith("Ada")]
    assert {each["CustomerRef"]["value"] for each in north.company.objects("SalesReceipt")} == {customer["Id"]}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (buyer("Ada Byrne", "ada@example.com"), buyer("Ada Byrne", "ada.byrne@example.net")),
        (buyer("Ada Byrne", "ada@example.com"), buyer("Ada Byrne")),
        (buyer("Ada Byrne"), buyer("Ada Byrne", "ada@example.com")),
        (buyer("Ada Byrne"), buyer("Ada Byrne")),
    ],
    ids=["other address", "none in the second", "none in the first", "none at all"],
)
def test_two_people_of_one_name_are_two_customers_though_each_is_of_another_shop(
    two_shops, north, south, plain_order, first, second
):
    north.shop.add_order(plain_order(1001, customer_id=7, buyer=first))
    south.shop.add_order(plain_order(2001, customer_id=7, buyer=second))
    for name in BOTH:
        assert two_shops.sync(name).posted == 1
    of_north, of_south = [each["CustomerRef"]["value"] for each in north.company.objects("SalesReceipt")]
    assert of_north != of_south
    assert customers(north, "Ada") == ["Ada Byrne", "Ada Byrne (7)"]


def test_customers_of_both_shops_are_made_one_at_a_time_in_a_company(two_shops, north, south, plain_order):
    people = [buyer(f"Person{number} Smith", f"p{number}@example.com") for number in range(40)]
    for sim in (north, south):
        for number, who in enumerate(people):
            sim.shop.add_order(plain_order(1001 + number, customer_id=number + 1, buyer=who))
    two_shops.enable(*BOTH)
    two_shops.run_until(lambda: [two_shops.posted(name) for name in BOTH] == [40, 40])
    assert customers(north, "Person") == sorted(f"Person{number} Smith" for number in range(40))
    assert len(north.company.objects("SalesReceipt")) == 80


def test_an_item_that_both_shops_sell_is_made_once(north, south, make_daemon, plain_order):
    creating = {
        "products.create_missing": True,
        "products.noninventory_accounts": {"income": "Sales", "expense": "Cost of goods sold"},
    }
    for sim in (north, south):
        sim.shop.add_order(plain_order(1001, sku="MUG-1"))
    daemon = make_daemon(
        Connected(name="north", shop=north, books=north, prefix="N", changes=creating),
        Connected(name="south", shop=south, books=north, prefix="S", changes=creating),
    )
    for name in BOTH:
        assert daemon.sync(name).posted == 1
    assert [each.get("Sku") for each in north.company.objects("Item")].count("MUG-1") == 1


def test_two_catalogues_with_the_same_skus_are_one_list_of_items(north, south, make_daemon):
    """Under other names, so that no name that is taken tells the second shop of the first one's item."""
    products = {
        "products.create_missing": True,
        "products.sync": "all",
        "products.noninventory_accounts": {"income": "Sales", "expense": "Cost of Goods Sold"},
    }
    for sim, name in ((north, "Cup"), (south, "Mug")):
        for number in range(1, 121):
            sim.shop.add_product(sku=f"S-{number}", name=f"{name} {number}", price=Decimal(5), product_id=number)
    daemon = make_daemon(
        Connected(name="north", shop=north, books=north, prefix="N", changes=products),
        Connected(name="south", shop=south, books=north, prefix="S", changes=products),
    )
    for name in BOTH:
        daemon.app.lines[name].read_products(lambda _: None)
    daemon.enable("north", "south")
    daemon.run_until(lambda: all(daemon.app.ledger.catalogue_counts(daemon.pair(n)).with_item == 120 for n in BOTH))
    made = [item["Sku"] for item in north.company.objects("Item") if item.get("Sku", "").startswith("S-")]
    assert len(made) == len(set(made)) == 120


def test_the_quotas_of_a_company_are_shared_by_its_shops(two_shops, north, south, plain_order):
    for sim in (north, south):
        sim.shop.add_order(plain_order(1001))
    asked: list[Unhurried] = []

    def counting(ledger: object) -> Unhurried:
        asked.append(Unhurried(ledger))
        return asked[-1]

    two_shops.quota = counting
    app = two_shops.open()
    for name in BOTH:
        two_shops.sync(name, app)
    assert {frozenset(one.buckets) for one in asked} == {
        frozenset({"quickbooks:1001:batches", "quickbooks:1001:calls"})
    }


def test_two_processes_that_sync_two_shops_of_one_company_at_the_same_time(two_shops, north, south, plain_order):
    for sim in (north, south):
        for number in range(30):
            who = buyer(f"Person{number % 15} Smith", f"p{number % 15}@example.com")
            sim.shop.add_order(plain_order(1001 + number, customer_id=number % 15 + 1, buyer=who))
    north.company.latency = {"write": 0.05}  # each asks for customers while the other one's are being made
    apps = {"north": two_shops.app, "south": two_shops.open()}
    with ThreadPoolExecutor() as pool:
        synced = list(pool.map(two_shops.sync, apps.keys(), apps.values()))
    assert [(one.connection, one.posted, one.waiting) for one in synced] == [("north", 30, 0), ("south", 30, 0)]
    assert customers(north, "Person") == sorted(f"Person{number} Smith" for number in range(15))
    for one in two_shops.connected.values():
        assert one.proof() == {"documents": 30, "duplicates": 0, "difference": "0.00"}


# One shop, two companies


def test_one_shop_in_two_companies(north, south, make_daemon, plain_order):
    goods(north)
    goods(south)
    north.shop.add_order(plain_order(1001))
    daemon = make_daemon(
        Connected(name="north", shop=north, books=north, prefix="BC"),
        Connected(name="south", shop=north, books=south, prefix="BC"),
    )
    for name in BOTH:
        assert daemon.sync(name).posted == 1
        assert daemon.connected[name].proof() == {"documents": 1, "duplicates": 0, "difference": "0.00"}


# One of them is broken


@pytest.fixture
def two_of_each(north, south, make_daemon, plain_order) -> Daemon:
    """Two shops in their own companies, both enabled, ten orders each."""
    for sim in (north, south):
        goods(sim)
        for order_id in range(1001, 1011):
            sim.shop.add_order(plain_order(order_id))
    daemon = make_daemon(
        Connected(name="north", shop=north, books=north, prefix="BC"),
        Connected(name="south", shop=south, books=south, prefix="BC"),
    )
    daemon.enable(*BOTH)
    return daemon


def test_a_dead_shop_leaves_the_other_connection_alone(two_of_each, north, south, caplog):
    north.faults.add(side="bigcommerce", call="*", kind="status", status=401, body="empty", every=1)
    two_of_each.run_until(lambda: two_of_each.posted("south") == 10)
    assert sum(two_of_each.counts("north").values()) == 0
    assert two_of_each.connected["south"].proof() == {"documents": 10, "duplicates": 0, "difference": "0.00"}
    said = {record.connection for record in caplog.records if getattr(record, "action", "") == "read_failed"}
    assert said == {"north"}


def test_a_revoked_token_leaves_the_other_connection_alone(two_of_each, north, south):
    north.company.tokens.revoke()
    two_of_each.run_until(
        lambda: two_of_each.posted("south") == 10 and bool(two_of_each.app.ledger.circuits(two_of_each.pair("north")))
    )
    assert two_of_each.counts("north")[State.QUEUED] == 10
    (circuit,) = two_of_each.app.ledger.circuits(two_of_each.pair("north"))
    assert circuit.needs_person
    assert two_of_each.app.ledger.circuits(two_of_each.pair("south")) == []
    shown = two_of_each("status")
    assert "north: QuickBooks since" in shown
    assert "south: QuickBooks" not in shown


def test_a_company_that_hangs_leaves_the_other_connection_alone(two_of_each, north):
    north.faults.add(side="quickbooks", call="*", kind="hang", every=1)
    two_of_each.run_until(lambda: two_of_each.posted("south") == 10)
    assert two_of_each.counts("north")[State.POSTED] == 0


def test_orders_that_are_held_leave_the_other_connection_alone(two_of_each, north):
    for order_id in range(1001, 1011):
        north.shop.update(order_id, status_id=15)
    two_of_each.run_until(lambda: two_of_each.posted("south") == 10 and two_of_each.counts("north")[State.HELD] == 10)


def test_a_connection_that_is_disabled_posts_nothing_beside_one_that_is_enabled(two_of_each, north):
    two_of_each("disable", "north")
    two_of_each.run_until(lambda: two_of_each.posted("south") == 10 and sum(two_of_each.counts("north").values()) == 10)
    assert two_of_each.posted("north") == 0
    assert north.company.objects("SalesReceipt") == []


def test_a_sync_works_on_what_another_process_has_handed_over_for_another_connection(two_of_each):
    """Connections share the queues: what a sync takes out of them is not lost to the process that put it in."""
    line = two_of_each.app.lines["south"]
    line.read_shop(lambda _: None)
    pair = line.connection.pair
    with two_of_each.app.broker() as broker:
        broker.declare(["sales"])
        keys = two_of_each.app.ledger.due([pair], ["order"], 100)
        broker.publish("sales", [write_message(key) for key in keys])
        two_of_each.app.ledger.handed_over(keys, asked=two_of_each.app.clock())
    assert two_of_each.sync("north").posted == 10
    for key in keys:
        assert "claimed" in [event.what for event in two_of_each.app.ledger.events(key)]


# Commands


def test_every_command_names_the_connection(two_of_each, north, south):
    for sim in (north, south):
        sim.shop.update(1001, status_id=15)
    for name in BOTH:
        assert f"{name}: 10 orders new or changed." in two_of_each("sync", name, expect=1)
    status = two_of_each("status")
    assert [line.replace("│", " ").split()[0] for line in status.splitlines() if " yes " in line] == ["north", "south"]
    held = two_of_each("held", "list")
    assert [line.strip() for line in held.splitlines() if ": held" in line] == ["north: held", "south: held"]
    assert two_of_each("held", "show", "1001", expect=2).strip() == (
        "1001 is held in north and in south. Say which with --connection NAME."
    )
    assert "order 1001 of south" in two_of_each("held", "show", "1001", "--connection", "south")
    assert two_of_each("held", "retry", "--all", "--connection", "south") == "1 queued again.\n"
    assert [two_of_each.state(name, 1001) for name in BOTH] == [State.HELD, State.QUEUED]


def test_check_tells_each_connection(two_of_each, north):
    north.company.tokens.revoke()
    found = json.loads(two_of_each("check", "--json", expect=2))
    assert set(found) == set(BOTH)
    assert [one["code"] for one in found["north"] if one["blocks"]] == ["company"]
    assert [one for one in found["south"] if one["blocks"]] == []


def test_enable_and_disable_are_of_one_connection(two_of_each):
    two_of_each("disable", "north")
    facts = json.loads(two_of_each("status", "--json"))["connections"]
    assert {name: one["enabled"] for name, one in facts.items()} == {"north": False, "south": True}
    assert two_of_each("enable", "nroth", expect=2).strip() == (
        'There is no connection "nroth". Did you mean "north"? Connections in the file: north, south.'
    )
