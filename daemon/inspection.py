"""One connection looked at from all sides, before anything is posted: nothing is written to shop or company."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from cartledger.clients.bigcommerce import OrdersPage
from cartledger.errors import BadRecord, CartledgerError, Forbidden, Pause, Problem, Refused, TryLater
from cartledger.ledger.types import State
from cartledger.money import read_json, write_json
from cartledger.records import Order, order_modified, read_order, with_refunds
from consumers.company import fetch_company
from consumers.posting import DOCUMENT
from daemon.app import App, Line
from daemon.running.supervisor import SKEW_WORTH_A_WORD, skew_sentence
from mapping.checks.company import check_connection
from mapping.checks.findings import Finding, Level, at, warning
from mapping.checks.opening import CERTIFICATES, CREDIT, Owed, certificates_owed, check_opening, credit_owed, to_come
from mapping.checks.refunds import check_refunds
from mapping.checks.shop import LONG_AGO, check_catalogue, check_start
from mapping.checks.stock import check_stock, check_whole_catalogue
from mapping.checks.trial import Tried, is_early, report, taxed_alike, without_customer
from mapping.company import Company, read_company
from mapping.customer import choose_generic, generic_name, listed_names
from mapping.decision import Excluded
from mapping.tax.rows import OrderTax, read_taxes
from producers.orders import STREAM, start_of

T = TypeVar("T")
EXPIRY_WORTH_A_WORD = timedelta(days=14)
NO_ANSWER = "no_answer"
"""The code of a side that could not be asked: nothing is known to be wrong."""

TAX_READS = 25
"""The most orders whose taxes are read; orders that are taxed alike share those of one of them."""

Sample = tuple[Sequence[Order], Sequence[OrderTax]]
_ANY_LOCATION = 1  # to see whether stock may be read, where it may not be asked which location there is

Say = Callable[[str], None]


@dataclass(kw_only=True)
class Inspection:
    """One look at a connection; `say` hears what is being done."""

    app: App
    line: Line
    say: Say
    _failed: dict[str, Finding] = field(default_factory=dict)
    _silent: set[str] = field(default_factory=set)
    _currency: str = ""
    _restocks: bool | None = None
    _taken_late: bool | None = None

    def findings(self) -> list[Finding]:
        """Everything at once, in the order of the settings: first what is wrong with a side itself."""
        self.say("reading the shop")
        store = self._shop(self.line.shop.store)
        self._currency = str((store or {}).get("currency", ""))
        if self.line.connection.records_refunds and self.line.connection.refunds.restock == "shop":
            self._restocks = self._shop(self.line.shop.restocks)
        page = self._shop(self.line.shop.latest_orders)
        catalogue = self._shop(self.line.shop.variants)
        if page is not None:
            self._may_read_transactions(page)
        stock = list(self._stock())
        self.say("reading the company")
        company = self._company(lambda: fetched(self.line))
        found = [*self._clock(page), *self._expiry(), *check_catalogue(catalogue or ()), *stock]
        if company is not None:
            found += check_connection(self.line.connection, company, store_currency=self._currency)
            found += check_refunds(self.line.connection, company, restocks=self._restocks)
            found += self._of_skus(company, catalogue)
            missing = self._missing_customers(company, page)
            if why := missing.get(company.home_currency):
                found.append(at(("sales", "generic_customer"), why))
            if page is not None and (zone := self._shop(self.line.zone)) is not None:
                found += self._of_orders(page, company, zone, tuple(found), missing)
        return [*self._failed.values(), *found]

    def _clock(self, page: OrdersPage | None) -> Iterator[Finding]:
        if page is not None and abs(page.skew) > SKEW_WORTH_A_WORD:
            yield warning("clock_skew", skew_sentence(page.skew))

    def _expiry(self) -> Iterator[Finding]:
        """The end of the connection to the company, which only a person puts off: renewals do so while they go on."""
        connected = self.line.tokens.connected()
        if connected is None or connected.expires is None:
            return
        left = connected.expires - self.app.clock()
        if left < EXPIRY_WORTH_A_WORD:
            yield warning(
                "token_expires",
                f"The connection to the company ends on {connected.expires:%Y-%m-%d}.",
                f"Run `cartledger connect quickbooks {self.line.name}` before that.",
                key=("quickbooks",),
            )

    def _may_read_transactions(self, page: OrdersPage) -> None:
        """Few orders need them, and a token that lacks their scope would stop the connection at the first."""
        if page.rows:
            self._shop(partial(self.line.shop.transactions, int(page.rows[0]["id"])))

    def _stock(self) -> Iterator[Finding]:
        """Whether there is a location to keep, and the token may read its stock. That it may write there shows at the
        first writing only."""
        if not self.line.connection.keeps_stock:
            return
        shop, location = self.line.shop, self._shop(self._location)
        if isinstance(location, Refused):
            yield from (at(("stock", "location"), why) for why in location.problems)
        else:
            self._shop(lambda: next(shop.inventory(location or _ANY_LOCATION), None))
            self._taken_late = self._shop(shop.takes_stock_late)

    def _location(self) -> int | Refused:
        shop, named = self.line.shop, self.line.connection.stock.location
        try:
            if named is None:
                return shop.default_location()
            shop.check_location(named)
        except Refused as refused:
            return refused
        return named

    def _of_skus(self, company: Company, catalogue: Sequence[Mapping[str, Any]] | None) -> Iterator[Finding]:
        connection = self.line.connection
        if catalogue is not None:
            approved = self.line.ledger.ever_approved(connection.pair)
            yield from check_whole_catalogue(connection, company, catalogue)
            yield from check_stock(connection, company, catalogue, taken_late=self._taken_late, approved=approved)

    def _missing_customers(self, company: Company, page: OrdersPage | None) -> dict[str, Problem]:
        """Why sales cannot go to the customer for all: in the books' currency, and in others of the last orders."""
        sales, home = self.line.connection.sales, company.home_currency
        if sales.customer != "generic" or sales.generic_customer is None:
            return {}
        currencies = {home, *(order.currency for order in _readable(page))} if page is not None else {home}
        names = {currency: generic_name(sales.generic_customer, currency, home) for currency in sorted(currencies)}
        listed = [each for name in names.values() for each in listed_names(name)]
        quickbooks, every = self.line.quickbooks, "Active IN (true, false)"
        rows = self._company(lambda: quickbooks.find("Customer", "DisplayName", listed, every))
        found = {} if rows is None else {each: choose_generic(name, each, rows) for each, name in names.items()}
        return {currency: why for currency, why in found.items() if isinstance(why, Problem)}

    def _of_orders(
        self,
        page: OrdersPage,
        company: Company,
        zone: ZoneInfo,
        known: tuple[Finding, ...],
        missing: Mapping[str, Problem],
    ) -> list[Finding]:
        rows = self._with_refunds(page.rows)
        trial = self.app.trial(
            self.line,
            company,
            zone,
            lambda done: self.say(f"trying orders: {done} of {len(rows)}"),
            restocks=self._restocks,
        )
        tried = without_customer(trial.run(rows), missing)
        for trouble in trial.troubles:
            self._fail("shop", trouble)
        today = self.app.clock().astimezone(zone).date()
        return [
            *self._start(page, zone, today),
            *report(tried, known=known, connection=self.line.connection, zone=zone),
            *self._opening(page, tried, company, zone, today),
        ]

    def _with_refunds(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The orders with all that went back of them, where that is booked and can be read."""
        asked = [int(row["id"]) for row in rows] if self.line.connection.records_refunds else []
        refunds: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
        for refund in self._shop(partial(self.line.shop.refunds_of, asked)) or ():
            refunds[int(refund["order_id"])].append(refund)
        return [with_refunds(row, refunds[int(row["id"])]) for row in rows]

    def _start(self, page: OrdersPage, zone: ZoneInfo, today: date) -> Iterator[Finding]:
        start = self.line.connection.start_date
        first = None
        if today - start > LONG_AGO and self.line.ledger.cursor(self.line.connection.pair, STREAM) is None:
            first = self._shop(lambda: self.line.shop.first_order(start_of(start, zone)))
        last = max((int(row["id"]) for row in page.rows), default=None)
        yield from check_start(start, today, first=None if first is None else int(first["id"]), last=last)

    def _opening(
        self, page: OrdersPage, tried: list[Tried], company: Company, zone: ZoneInfo, today: date
    ) -> Iterator[Finding]:
        self.say("reading gift certificates and store credit")
        try:
            owed = self._owed(company)
        except ValueError as error:
            yield warning("unreadable_balance", f"What the shop owes its customers cannot be read: {error}.")
            return
        orders, whole = self._still_to_be_posted(tried, zone), self._is_whole(page, zone)
        coming = {setting: to_come(orders, setting, company, whole=whole) for setting in (CERTIFICATES, CREDIT)}
        yield from check_opening(self.line.connection, company, owed, coming, today=today)

    def _owed(self, company: Company) -> dict[str, Owed]:
        """What can be read and is in the company's currency. Raises ValueError for an amount that is no number."""
        shop, owed = self.line.shop, {}
        certificates = self._shop(shop.gift_certificates, needed=False)
        customers = self._shop(shop.customers_with_credit, needed=False)
        if certificates is not None:
            owed[CERTIFICATES] = certificates_owed(certificates, company.home_currency)
        if customers is not None and self._currency in ("", company.home_currency):
            owed[CREDIT] = credit_owed(customers)
        return owed

    def _still_to_be_posted(self, tried: list[Tried], zone: ZoneInfo) -> list[Order]:
        connection = self.line.connection
        links = self.line.ledger.links(connection.pair, "order", [str(one.id) for one in tried])
        posted = {order_id for order_id, parts in links.items() if DOCUMENT in parts}
        return [
            one.order
            for one in tried
            if one.order is not None
            and str(one.id) not in posted
            and not isinstance(one.decision, Excluded)
            and not is_early(one.order, connection, zone)
        ]

    def _is_whole(self, page: OrdersPage, zone: ZoneInfo) -> bool:
        """Whether no order since start_date that is not on the page may still be to be posted."""
        connection, ledger = self.line.connection, self.line.ledger
        if len(page.rows) < page.limit or order_modified(page.rows[-1]) < start_of(connection.start_date, zone):
            return True
        counts = ledger.counts(connection.pair, "order")
        waiting = sum(counts[state] for state in (State.QUEUED, State.CLAIMED, State.HELD))
        return ledger.cursor(connection.pair, STREAM) is not None and not waiting

    def _shop(self, ask: Callable[[], T], *, needed: bool = True) -> T | None:
        return self._ask("shop", ask, needed=needed)

    def _company(self, ask: Callable[[], T]) -> T | None:
        return self._ask("company", ask, needed=True)

    def _ask(self, side: str, ask: Callable[[], T], *, needed: bool) -> T | None:
        """None where it is not to be had. A side that does not answer or refuses the token is not asked again; one that
        lacks a scope may have the others."""
        if side in self._silent:
            return None
        try:
            return ask()
        except BadRecord:  # an order that is gone meanwhile
            return None
        except CartledgerError as error:
            self._fail(side, error, needed=needed)
            if not isinstance(error, Forbidden):
                self._silent.add(side)
            return None

    def _fail(self, side: str, error: CartledgerError, *, needed: bool = True) -> None:
        code = NO_ANSWER if isinstance(error, Pause | TryLater) else side
        level = Level.PROBLEM if needed else Level.WARNING
        key = ("bigcommerce",) if side == "shop" else ("quickbooks",)
        self._failed.setdefault(str(error), Finding(level=level, code=code, text=error.text, fix=error.fix, key=key))


def latest_orders(line: Line) -> list[Order]:
    """The orders changed last that can be read; check tells of the others. Raises what the client raises."""
    return list(_readable(line.shop.latest_orders()))


def taxed_samples(line: Line, orders: Sequence[Order]) -> tuple[list[Sample], int]:
    """Orders that are taxed alike with the tax rows of the first, and how many orders are in none: `TAX_READS` calls at
    most."""
    groups: defaultdict[Hashable, list[Order]] = defaultdict(list)
    for order in orders:
        groups[taxed_alike(order)].append(order)
    samples: list[Sample] = []
    reads = TAX_READS
    for group in sorted(groups.values(), key=len, reverse=True):
        taxed = any(order.total.tax for order in group)
        if not taxed:
            samples.append((group, ()))
        elif reads:
            reads -= 1
            samples.append((group, read_taxes(line.shop.order_taxes(group[0].id))))
    return samples, len(orders) - sum(len(group) for group, _ in samples)


def _readable(page: OrdersPage) -> Iterator[Order]:
    for row in page.rows:
        with suppress(BadRecord):
            yield read_order(row)


def fetched(line: Line) -> Company:
    """The company as it is now, through the same writing and reading as the ledger's copy: both are the same."""
    raw: dict[str, Any] = read_json(write_json(fetch_company(line.quickbooks)))
    return read_company(**raw)
