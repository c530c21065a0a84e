"""The company: one lock around the state, the memory of request ids, tokens, quotas. Usable with or without HTTP."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from simulator.quickbooks import errors, query, writes
from simulator.quickbooks.bookkeeper import Bookkeeper
from simulator.quickbooks.books import DocumentKey
from simulator.quickbooks.countries import COUNTRIES
from simulator.quickbooks.currency import shown_rate
from simulator.quickbooks.errors import CapExceededError
from simulator.quickbooks.lies import Lie
from simulator.quickbooks.memory import RequestMemory
from simulator.quickbooks.oauth import Tokens
from simulator.quickbooks.seed import fill
from simulator.quickbooks.state import Record, State
from simulator.quickbooks.traffic import Call, Counts, Quota, Traffic
from simulator.quickbooks.wire import JsonObject

Action = Literal["create", "update", "void", "delete"]
ALLOW_DUPLICATES = "allowduplicatedocnum"
_WRITES: Mapping[str, Callable[[State, str, Any], Record]] = {
    "create": writes.create,
    "update": writes.update,
    "void": writes.void,
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One write, single or inside a batch."""

    entity: str
    action: Action
    body: Any
    allow_duplicates: bool = False


class Company(Bookkeeper):
    """One realm of a kind: "us", "us_ast" (automated sales tax), "uk", "au", "ca", "eur" (US, with customers in EUR).

    Without `home_currency` it is the country's; `multicurrency` is on in "eur" alone unless said.

    Attributes anybody may set: `cap` (seconds until the server gives up on a request), `latency` (seconds a `query`,
    `read` or `write` takes), `quota` (None switches it off), `clock_skew` (seconds), `requestid_memory` (True, False or
    how many), `remember_faults`, `warn_duplicates`, `honours_tax_override`, `honours_exchange_rate`, `carries_rates`,
    `tax_rounding`, `tax_override_limit`, `accents_count`, `liabilities_below_zero`, `guards_reconciled`,
    `frees_overpaid`, `null_clears`, `derived_times`, `type_filter`, `lie` (what is answered wrongly while the books are
    right), `preferences` (the whole object),
    `throttle_body` ("xml" or "json"), `subscription_ended` (writes are refused, 6190), `subscription_lapsed` (all calls
    are, 7001).
    """

    def __init__(
        self,
        *,
        kind: str = "us",
        home_currency: str | None = None,
        multicurrency: bool | None = None,
        realm_id: str = "4620816365000000001",
        seed: int = 1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        state = State(kind=kind, home_currency=home_currency or COUNTRIES[kind].currency, clock=clock)
        super().__init__(state, threading.RLock())
        self.kind = kind
        self.home_currency = state.home_currency
        self.realm_id = realm_id
        self.memory = RequestMemory()
        self.tokens = Tokens(realm_id=realm_id, clock=clock, seed=seed)
        self.traffic = Traffic()
        self.cap = 120.0
        self.latency: dict[str, float] = {}
        self.throttle_body: Literal["xml", "json"] = "xml"
        self.subscription_ended = False
        self.subscription_lapsed = False
        self.lie: Lie | None = None
        on = COUNTRIES[kind].foreign_currency is not None if multicurrency is None else multicurrency
        fill(self.state, multicurrency=on)

    # -- what the API does

    def change(
        self, change: Change, *, requestid: str = "", bid: str = "", deadline: float | None = None
    ) -> JsonObject:
        """Executes one write, or answers as it did the first time. `{entity: object}`; raises FaultError.

        `deadline` is on the monotonic clock: past it nothing is committed and CapExceededError is raised.
        """
        key = (requestid, bid) if requestid else None
        with self.lock:
            if deadline is not None and time.monotonic() > deadline:
                raise CapExceededError
            if self.subscription_ended:
                raise errors.subscription_ended()
            return self.memory.once(key, lambda: self._execute(change))

    def _execute(self, change: Change) -> JsonObject:
        with self.traffic.heard(), self._duplicates_allowed(change.allow_duplicates):
            if change.action == "delete":
                answer = writes.delete(self.state, change.entity, change.body)
            else:
                record = _WRITES[change.action](self.state, change.entity, change.body)
                record.updates += change.action == "update"
                answer = self.state.show(record)
        self.traffic.counts.written += 1
        return {change.entity: answer}

    @contextmanager
    def _duplicates_allowed(self, allowed: bool) -> Iterator[None]:
        warned = self.state.warn_duplicates
        self.state.warn_duplicates = warned and not allowed
        try:
            yield
        finally:
            self.state.warn_duplicates = warned

    @contextmanager
    def hidden(self, made: set[DocumentKey]) -> Iterator[None]:
        """While a batch runs an item, what its other items have made does not exist for it."""
        with self.lock:
            self.state.fresh = made
            try:
                yield
            finally:
                self.state.fresh = set()

    def create(self, entity: str, body: JsonObject, *, requestid: str = "") -> JsonObject:
        return self._object(entity, "create", body, requestid)

    def update(self, entity: str, body: JsonObject, *, requestid: str = "") -> JsonObject:
        return self._object(entity, "update", body, requestid)

    def void(self, entity: str, body: JsonObject, *, requestid: str = "") -> JsonObject:
        return self._object(entity, "void", body, requestid)

    def delete(self, entity: str, body: JsonObject, *, requestid: str = "") -> JsonObject:
        return self._object(entity, "delete", body, requestid)

    def _object(self, entity: str, action: Action, body: JsonObject, requestid: str) -> JsonObject:
        found: JsonObject = self.change(Change(entity=entity, action=action, body=body), requestid=requestid)[entity]
        return found

    def read(self, entity: str, record_id: str) -> JsonObject:
        """Raises 610."""
        with self.lock:
            shown = self.state.show(self.state.get(entity, record_id))
        return self.lie.of(entity, shown) if self.lie else shown

    def exchange_rate(self, currency: str, day: str | None = None) -> JsonObject:
        """Home units for one of `currency` on a day, today's by default. Raises 6000 while multicurrency is off."""
        with self.lock:
            return shown_rate(self.state, currency, day or self.now().date().isoformat())

    def query(self, statement: str) -> JsonObject:
        """The `QueryResponse`. Raises 4000 or 4001."""
        with self.lock:
            answer = query.run(self.state, statement)
        return self.lie.to(query.parse(statement), answer) if self.lie else answer

    # -- what it looks like from outside the API

    def objects(self, entity: str) -> list[JsonObject]:
        """All of them, inactive ones too, as the API shows them."""
        with self.lock:
            return [self.state.show(record) for record in self.state.records(entity)]

    def id_of(self, entity: str, name: str) -> str:
        """By Name or DisplayName. Raises KeyError."""
        with self.lock:
            return self.state.named(entity, name).id

    def balances(self) -> dict[str, Decimal]:
        """Account name -> balance in home currency, debit positive."""
        with self.lock:
            books = self.state.books
            return {record.shown["Name"]: books.balance(record.id) for record in self.state.records("Account")}

    def foreign_balances(self) -> dict[str, Decimal]:
        """Account name -> balance in the account's own currency, debit positive, of those not in home currency."""
        with self.lock:
            foreign = [
                record
                for record in self.state.records("Account")
                if record.shown["CurrencyRef"]["value"] != self.home_currency
            ]
            return {record.shown["Name"]: self.state.foreign.balance(record.id) for record in foreign}

    def entries(self, entity: str, record_id: str) -> dict[str, Decimal]:
        """One document's journal: account name -> amount in home currency, debit positive."""
        with self.lock:
            journal = self.state.books.entries((entity, record_id))
            return {self.state.get("Account", account).shown["Name"]: amount for account, amount in journal.items()}

    def updates(self, entity: str, record_id: str) -> int:
        """How often the API has updated a document; what its payments and the bookkeeper do to it is no update."""
        with self.lock:
            return self.state.get(entity, record_id).updates

    def report(self) -> dict[str, int]:
        return self.traffic.counts.as_json()

    def reset_counts(self) -> None:
        self.traffic.reset()

    # -- plain access to the parts

    def now(self) -> dt.datetime:
        return self.state.now()

    @property
    def client_id(self) -> str:
        return self.tokens.client_id

    @property
    def client_secret(self) -> str:
        return self.tokens.client_secret

    @property
    def refresh_token(self) -> str:
        return self.tokens.refresh_token

    @property
    def counts(self) -> Counts:
        return self.traffic.counts

    @property
    def calls(self) -> list[Call]:
        return self.traffic.calls

    @property
    def refusals(self) -> list[str]:
        """The codes of the writes that were refused since the counters were reset."""
        return self.traffic.refusals

    @property
    def quota(self) -> Quota | None:
        return self.traffic.quota

    @quota.setter
    def quota(self, quota: Quota | None) -> None:
        self.traffic.quota = quota

    @property
    def requestid_memory(self) -> bool | int:
        return self.memory.keep

    @requestid_memory.setter
    def requestid_memory(self, keep: bool | int) -> None:
        self.memory.keep = keep

    @property
    def remember_faults(self) -> bool:
        return self.memory.faults

    @remember_faults.setter
    def remember_faults(self, remember: bool) -> None:
        self.memory.faults = remember

    @property
    def honours_tax_override(self) -> bool:
        """Whether the automated engine takes an explicit amount; whether it does hangs on a setting of the company."""
        return self.state.honours_tax_override

    @honours_tax_override.setter
    def honours_tax_override(self, honours: bool) -> None:
        self.state.honours_tax_override = honours

    @property
    def honours_exchange_rate(self) -> bool:
        """Whether a rate that is sent counts, or the day's does all the same, as was reported of some companies."""
        return self.state.honours_exchange_rate

    @honours_exchange_rate.setter
    def honours_exchange_rate(self, honours: bool) -> None:
        self.state.honours_exchange_rate = honours

    @property
    def liabilities_below_zero(self) -> bool:
        """Whether a liability that is owed shows a CurrentBalance below zero, as one documented example has it."""
        return self.state.liabilities_below_zero

    @liabilities_below_zero.setter
    def liabilities_below_zero(self, below: bool) -> None:
        self.state.liabilities_below_zero = below

    @property
    def carries_rates(self) -> bool:
        """Whether a day without an exchange rate of its own has the latest one before it, or none, which is 1."""
        return self.state.carries_rates

    @carries_rates.setter
    def carries_rates(self, carries: bool) -> None:
        self.state.carries_rates = carries

    @property
    def tax_rounding(self) -> Literal["rate", "line"]:
        """Outside the US: the company's own tax is summed up by rate and then rounded, or rounded line by line."""
        return self.state.tax_rounding

    @tax_rounding.setter
    def tax_rounding(self, rounding: Literal["rate", "line"]) -> None:
        self.state.tax_rounding = rounding

    @property
    def tax_override_limit(self) -> Decimal | None:
        """Outside the US: how far from the company's own sum a tax line may be and stand, for each line with that rate.

        Fewer than five lines count as five. None: any amount stands.
        """
        return self.state.tax_override_limit

    @tax_override_limit.setter
    def tax_override_limit(self, limit: Decimal | None) -> None:
        self.state.tax_override_limit = limit

    @property
    def warn_duplicates(self) -> bool:
        return self.state.warn_duplicates

    @warn_duplicates.setter
    def warn_duplicates(self, warn: bool) -> None:
        self.state.warn_duplicates = warn

    @property
    def accents_count(self) -> bool:
        """Whether José and Jose are two names of people, or one that only one of them can have."""
        return self.state.accents_count

    @accents_count.setter
    def accents_count(self, count: bool) -> None:
        self.state.accents_count = count

    @property
    def clock_skew(self) -> float:
        return self.state.clock_skew

    @clock_skew.setter
    def clock_skew(self, seconds: float) -> None:
        self.state.clock_skew = seconds

    @property
    def frees_overpaid(self) -> bool:
        """Whether an invoice or credit memo may become smaller than what is applied to it, which then lies open."""
        return self.state.frees_overpaid

    @frees_overpaid.setter
    def frees_overpaid(self, frees: bool) -> None:
        self.state.frees_overpaid = frees

    @property
    def null_clears(self) -> bool:
        """Whether an update that sends null clears what was there, or leaves it alone."""
        return self.state.null_clears

    @null_clears.setter
    def null_clears(self, clears: bool) -> None:
        self.state.null_clears = clears

    @property
    def guards_reconciled(self) -> bool:
        """Whether what is reconciled with the bank's statement is locked (6480); it is believed not to be."""
        return self.state.guards_reconciled

    @guards_reconciled.setter
    def guards_reconciled(self, guards: bool) -> None:
        self.state.guards_reconciled = guards

    @property
    def derived_times(self) -> bool:
        """Whether all that moves an item's quantity moves its LastUpdatedTime, or new sales alone do."""
        return self.state.derived_times

    @derived_times.setter
    def derived_times(self, derived: bool) -> None:
        self.state.derived_times = derived

    @property
    def type_filter(self) -> bool:
        """Whether a query's condition on Type counts; off, items of all types are answered, as was reported."""
        return self.state.type_filter

    @type_filter.setter
    def type_filter(self, counts: bool) -> None:
        self.state.type_filter = counts
