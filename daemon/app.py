"""Puts the program together; the only place that names concrete classes. Building it costs no call and no connection
but the ledger's file."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry

from cartledger.broker.queues import Broker, Standing
from cartledger.clients.bigcommerce import BigCommerce
from cartledger.clients.http import Http
from cartledger.clients.oauth import Intuit, Tokens
from cartledger.clients.quickbooks import QuickBooks
from cartledger.clients.quickbooks import Quota as CallQuota
from cartledger.ledger.quota import Quota
from cartledger.ledger.store import Ledger
from cartledger.metrics import Metrics
from cartledger.money import read_json, write_json
from cartledger.records import SourceKey
from cartledger.settings import Connection, Schedule, Settings
from cartledger.stock import ITEMS, SHOP_LEVELS, STOCK, SWEEP
from consumers.circuit import BIGCOMMERCE, QUICKBOOKS, Breaker
from consumers.company import CompanyBook
from consumers.customers import Customers, OneAtATime
from consumers.facts import FactReader
from consumers.items import Items, items_fingerprint
from consumers.outcome import Outcome
from consumers.posting import Posting
from consumers.rates import RateBook
from consumers.restocking import StockSettings
from consumers.sales import Sales, rules_fingerprint
from consumers.stock import LevelWriter, StockDesk
from consumers.trial import Trial
from consumers.worker import Desk, Worker
from daemon.clock import now
from daemon.connecting.tokens import LedgerTokens, ShopToken
from daemon.owners import is_gone, new_owner
from daemon.pulse import BeatingHttp, Pulse
from daemon.schedule import next_time
from daemon.tally import INTUIT, CountingDesk, QuickBooksMeter, ShopMeter, calls_of, start_from_zero
from mapping.checks.trial import try_order
from mapping.company import Company
from mapping.item_changes import Prices, read_prices
from producers import orders, refunds
from producers.handover import KINDS, HandOver
from producers.orders import start_of
from producers.products import ProductReading, ProductWalk, read_products
from producers.reading import Reading, Walk
from producers.shop import read_shop
from producers.stock import StockReading, StockWalk, read_stock

STORE = "store"
STORE_AGES_AFTER = timedelta(hours=12)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One connection with everything that serves it."""

    name: str
    connection: Connection
    shop: BigCommerce
    quickbooks: QuickBooks
    tokens: LedgerTokens
    shop_token: ShopToken
    book: CompanyBook
    rates: RateBook
    stock: StockSettings
    breaker: Breaker
    shop_breaker: Breaker
    ledger: Ledger
    clock: Callable[[], datetime]

    def zone(self) -> ZoneInfo:
        """The zone that documents are dated in; the store is asked only where the settings do not say, and rarely."""
        if self.connection.timezone:
            return ZoneInfo(self.connection.timezone)
        return ZoneInfo(self.store()["timezone"]["name"])

    def known_zone(self, ledger: Ledger) -> ZoneInfo | None:
        """The same as the settings or an earlier answer of the store say; no call is made for it."""
        if self.connection.timezone:
            return ZoneInfo(self.connection.timezone)
        store = ledger.reference(self.connection.pair, STORE)
        return None if store is None else ZoneInfo(read_json(store.content)["timezone"]["name"])

    def store(self) -> dict[str, Any]:
        """The facts of `/v2/store`, as read within the last hours."""
        pair = self.connection.pair
        known = self.ledger.reference(pair, STORE)
        if known is not None and self.clock() - known.fetched_at < STORE_AGES_AFTER:
            facts: dict[str, Any] = read_json(known.content)
        else:
            facts = self.shop.store()
            self.ledger.save_reference(pair, STORE, write_json(facts).encode())
        return facts

    def read_shop(self, on_page: Callable[[Walk], None]) -> Walk:
        """One reading of the shop's orders into the ledger, and where these are kept in step of its refunds and its
        catalogue."""
        zone = self.zone()
        walk = read_shop(
            Reading(
                pair=self.connection.pair,
                shop=self.shop,
                memory=self.ledger,
                start=start_of(self.connection.start_date, zone),
                zone=zone,
                as_sent=self.connection.dated_later,
                refunds=self.connection.records_refunds,
                late=self.connection.keeps_stock and self.stock.takes_late(),
                clock=self.clock,
                on_page=on_page,
            )
        )
        if self.connection.products.reads_catalogue:
            self.read_products(lambda _: on_page(walk))
        return walk

    def read_products(self, on_page: Callable[[ProductWalk], None]) -> ProductWalk:
        """One reading of the shop's catalogue into the ledger."""
        return read_products(
            ProductReading(
                pair=self.connection.pair, shop=self.shop, memory=self.ledger, clock=self.clock, on_page=on_page
            )
        )

    def prices(self) -> Prices:
        """How the shop enters prices."""
        return read_prices(self.store())

    def read_stock(self, read_orders: Callable[[], timedelta], on_page: Callable[[], None]) -> StockWalk:
        """One reading of the stock on both sides into the ledger; in the middle of it `read_orders` reads the shop's
        orders, and says how far its clock is ahead. `on_page` hears of each page."""
        rules = self.connection.stock
        return read_stock(
            StockReading(
                name=self.name,
                connection=self.connection,
                zone=self.zone(),
                company=self.quickbooks,
                shop=self.shop,
                memory=self.ledger,
                sweep=self._is_due(rules.sweep, SWEEP),
                recheck=self._is_due(rules.recheck, SHOP_LEVELS),
                store_id=lambda: str(self.store()["id"]),
                read_orders=read_orders,
                clock=self.clock,
                on_page=on_page,
            )
        )

    def _is_due(self, schedule: Schedule, stream: str) -> bool:
        now = self.clock()
        due = self.next_time(schedule, self.polled_at(stream), now)
        return due is not None and due <= now

    def next_time(self, schedule: Schedule, last: datetime | None, now: datetime) -> datetime | None:
        """When something is due that was last done at `last`; None where only a person asks for it."""
        # A daily time needs the zone, which may be the store's; an interval needs none.
        return next_time(schedule, last, now, self.zone() if schedule.at else ZoneInfo("UTC"))

    def polled_at(self, stream: str) -> datetime | None:
        """When a reading of `stream` last came to its end; None where none did."""
        cursor = self.ledger.cursor(self.connection.pair, stream)
        return cursor.polled_at if cursor else None

    def last_read(self) -> datetime | None:
        """When the last reading that came to its end did so; None where there was none."""
        return self.polled_at(refunds.STREAM if self.connection.records_refunds else orders.STREAM)

    def last_stock_read(self) -> datetime | None:
        """The same of the stock."""
        return self.polled_at(ITEMS)


@dataclass(frozen=True, kw_only=True)
class SeenQueues:
    """How the broker's queues stood then, by workflow."""

    at: datetime
    standing: Mapping[str, Standing]


class App:
    """All connections of the settings on one ledger and one broker."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = now,
        sleep: Callable[[float], None] = time.sleep,
        open_ledger: Callable[..., Ledger] = Ledger.open,
        quota: Callable[[Ledger], CallQuota] = Quota,
        metrics: Metrics | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        self.settings = settings
        self.settings_wrong = ""  # every problem of a file that was not taken over
        self.metrics = metrics or Metrics(CollectorRegistry())
        self.clock = clock
        self._sleep = sleep
        self._quota = quota
        self.owner = new_owner()
        self.ledger = open_ledger(settings.ledger.path, clock=clock)
        self.pulse = pulse or Pulse()
        self.links: list[Broker] = []
        self.queues: SeenQueues | None = None
        self._http: Http = BeatingHttp(self.pulse)
        start_from_zero(self.metrics, settings.connections)
        self.lines = {name: self._line(name, connection) for name, connection in settings.connections.items()}

    def close(self) -> None:
        self._http.close()
        self.ledger.close()

    def _line(self, name: str, connection: Connection) -> Line:
        pair, http, qbo = connection.pair, self._http, connection.quickbooks
        here = connection.bigcommerce
        shop_token = ShopToken(
            ledger=self.ledger,
            store_hash=here.store_hash,
            from_settings=None if here.access_token is None else here.access_token.get_secret_value(),
            connection=name,
        )
        store = LedgerTokens(
            ledger=self.ledger,
            realm_id=qbo.realm_id,
            client_id=qbo.client_id,
            first_refresh=self._refresh_token(connection),
            new_owner=new_owner,
            clock=self.clock,
            sleep=self._sleep,
        )
        tokens = Tokens(
            intuit=self.intuit(connection),
            store=store,
            clock=self.clock,
            connect=f"Run `cartledger connect quickbooks {name}`, as an administrator of the company.",
        )
        quickbooks = QuickBooks(
            http=http.heard_by(calls_of(self.metrics, QUICKBOOKS)),
            base_url=qbo.api_url,
            realm_id=qbo.realm_id,
            tokens=tokens,
            quota=self._quota(self.ledger),
            in_flight=connection.in_flight,
            clock=self.clock,
            sleep=self._sleep,
            meter=QuickBooksMeter(self.metrics, self.ledger, qbo.realm_id),
        )
        shop = self.shop(name, connection, shop_token)
        return Line(
            name=name,
            connection=connection,
            shop=shop,
            quickbooks=quickbooks,
            tokens=store,
            shop_token=shop_token,
            book=CompanyBook(pair=pair, ledger=self.ledger, quickbooks=quickbooks, clock=self.clock),
            rates=RateBook(pair=pair, ledger=self.ledger, quickbooks=quickbooks, clock=self.clock),
            stock=StockSettings(pair=pair, ledger=self.ledger, shop=shop, clock=self.clock),
            breaker=Breaker(ledger=self.ledger, pair=pair, connection=name, clock=self.clock),
            shop_breaker=Breaker(ledger=self.ledger, pair=pair, connection=name, clock=self.clock, side=BIGCOMMERCE),
            ledger=self.ledger,
            clock=self.clock,
        )

    def shop(self, name: str, connection: Connection, access_token: Callable[[], str]) -> BigCommerce:
        """The store of a connection, called with this token."""
        return BigCommerce(
            http=self._http.heard_by(calls_of(self.metrics, BIGCOMMERCE)),
            base_url=connection.bigcommerce.api_url,
            store_hash=connection.bigcommerce.store_hash,
            access_token=access_token,
            clock=self.clock,
            sleep=self._sleep,
            meter=ShopMeter(self.metrics, name),
        )

    def intuit(self, connection: Connection) -> Intuit:
        """Intuit's server of tokens, for the app of a connection."""
        qbo = connection.quickbooks
        return Intuit(
            http=self._http.heard_by(calls_of(self.metrics, INTUIT)),
            token_url=qbo.token_url,
            client_id=qbo.client_id,
            client_secret=qbo.client_secret.get_secret_value(),
            clock=self.clock,
        )

    def begin(self) -> None:
        """What a run begins with: what ended processes of this machine held is free, nothing waits for a clock that was
        set back, what had to wait for a person is tried again, and what was held or excluded under other settings is
        decided again."""
        self.ledger.forget_the_future()
        self.ledger.sweep(gone=filter(is_gone, self.ledger.owners()))
        for line in self.lines.values():
            if any(circuit.needs_person for circuit in self.ledger.circuits(line.connection.pair)):
                self.ledger.hasten(line.connection.pair)
        for line in self.lines.values():
            self.ledger.wake(line.connection.pair, "order", rules_fingerprint(line.connection))
            self.ledger.wake(line.connection.pair, "item", items_fingerprint(line.connection))

    def broker(self) -> Broker:
        """A link of its own for each thread that needs one."""
        broker = Broker(self.settings.broker.url, self.settings.broker.namespace)
        self.links.append(broker)
        return broker

    def _saw_queues(self, queues: Mapping[str, Standing]) -> None:
        self.queues = SeenQueues(at=self.clock(), standing=queues)

    def hand_over(self, names: Sequence[str], broker: Broker) -> HandOver:
        pairs = [self.lines[name].connection.pair for name in names]
        return HandOver(
            broker=broker,
            ledger=self.ledger,
            pairs=pairs,
            clock=self.clock,
            is_gone=is_gone,
            on_queues=self._saw_queues,
        )

    def worker(
        self,
        names: Sequence[str],
        broker: Broker,
        *,
        threads: int,
        on_outcomes: Callable[[Mapping[SourceKey, Outcome]], None],
        pulse: Pulse,
    ) -> Worker:
        desks: dict[tuple[str, str], Desk] = {}
        turns: dict[tuple[str, str], str] = {}
        for name in names:
            desks |= self._desks(self.lines[name])
            turns |= {(self.lines[name].connection.pair, kind): _lists(self.lines[name]) for kind in KINDS["lists"]}
        return Worker(
            broker=broker,
            ledger=self.ledger,
            desks=desks,
            turns=turns,
            workflows=list(KINDS),
            owner=self.owner,
            threads=threads,
            on_outcomes=on_outcomes,
            pulse=pulse,
            metrics=self.metrics,
        )

    def level_writer(self, line: Line) -> LevelWriter:
        """Writes levels to the shop of one connection."""
        return LevelWriter(
            connection=line.connection,
            ledger=self.ledger,
            shop=line.shop,
            breaker=line.shop_breaker,
            new_owner=new_owner,
            clock=self.clock,
        )

    def trial(
        self,
        line: Line,
        company: Company,
        zone: ZoneInfo,
        on_order: Callable[[int], None],
        *,
        restocks: bool | None = None,
    ) -> Trial:
        """A trial of orders of one connection, in `company` as it is now. `restocks`: whether the store puts refunded
        goods back to stock, None where it is not known."""
        return Trial(
            decide=partial(try_order, connection=line.connection, company=company, zone=zone, restocks=restocks),
            facts=FactReader(line.shop, line.rates, line.stock),
            shop=line.shop,
            on_order=on_order,
        )

    def _refresh_token(self, connection: Connection) -> str | None:
        """That of the settings for an app at a company: one of the shops that post there may have it for all."""
        here = connection.quickbooks
        told = (
            other.quickbooks.refresh_token
            for other in self.settings.connections.values()
            if (other.quickbooks.realm_id, other.quickbooks.client_id) == (here.realm_id, here.client_id)
        )
        return next((token.get_secret_value() for token in told if token is not None), None)

    def _is_alone(self, connection: Connection) -> bool:
        """Whether no other shop posts to its company."""
        realms = [each.quickbooks.realm_id for each in self.settings.connections.values()]
        return realms.count(connection.quickbooks.realm_id) == 1

    def _desks(self, line: Line) -> dict[tuple[str, str], Desk]:
        connection, pair = line.connection, line.connection.pair
        sales = Sales(
            connection=connection,
            zone=line.zone,
            ledger=self.ledger,
            quickbooks=line.quickbooks,
            shop=line.shop,
            book=line.book,
            rates=line.rates,
            stock=line.stock,
            clock=self.clock,
        )
        customers = Customers(
            store_hash=connection.bigcommerce.store_hash, ledger=self.ledger, quickbooks=line.quickbooks
        )
        items = Items(
            connection=connection,
            zone=line.zone,
            ledger=self.ledger,
            quickbooks=line.quickbooks,
            shop=line.shop,
            book=line.book,
            prices=line.prices,
            stock=line.stock,
            alone=self._is_alone(connection),
            clock=self.clock,
        )
        orders_desk, *lists_desks = (
            Posting(
                connection=line.name,
                ledger=self.ledger,
                quickbooks=line.quickbooks,
                handler=handler,
                breaker=line.breaker,
                in_flight=connection.in_flight,
                clock=self.clock,
                metrics=self.metrics,
            )
            for handler in (sales, customers, items)
        )
        customers_desk, items_desk = (
            OneAtATime(
                desk=desk,
                ledger=self.ledger,
                name=_lists(line),
                new_owner=new_owner,
                clock=self.clock,
                sleep=self._sleep,
            )
            for desk in lists_desks
        )
        stock_desk = StockDesk(
            connection=connection,
            name=line.name,
            ledger=self.ledger,
            breaker=line.shop_breaker,
            new_writer=partial(self.level_writer, line),
            clock=self.clock,
            metrics=self.metrics,
        )
        desks: Mapping[str, Desk] = {
            "order": orders_desk,
            "customer": customers_desk,
            "item": items_desk,
            STOCK: stock_desk,
        }
        return {
            (pair, kind): CountingDesk(
                desk=desks[kind], metrics=self.metrics, connection=line.name, workflow=workflow, clock=self.clock
            )
            for workflow, kinds in KINDS.items()
            for kind in kinds
        }


def _lists(line: Line) -> str:
    """The lease for the lists of a company."""
    return f"lists:{line.connection.quickbooks.realm_id}"
