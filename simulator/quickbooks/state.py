"""Everything a company remembers: records, preferences, owners of names, the ledger. Rules live in the builders."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, NamedTuple
from unicodedata import combining, normalize

from simulator.quickbooks import errors
from simulator.quickbooks.books import Books, DocumentKey, Journal
from simulator.quickbooks.countries import COUNTRIES
from simulator.quickbooks.wire import ZERO, JsonObject, money, plain

COMPANY_ZONE = dt.timezone(dt.timedelta(hours=-8))
DELETED = " (deleted)"
UniqueKey = tuple[str, str]


class Applied(NamedTuple):
    """How much of a document a payment settles: in the document's currency, and what that was worth at home."""

    amount: Decimal
    home: Decimal


CURRENCIES = {
    "USD": "United States Dollar",
    "AUD": "Australian Dollar",
    "CAD": "Canadian Dollar",
    "EUR": "Euro",
    "GBP": "British Pound Sterling",
    "NZD": "New Zealand Dollar",
}

_SEQUENCES = {
    **dict.fromkeys(("Customer", "Vendor", "Employee"), "name"),
    **dict.fromkeys(("SalesReceipt", "Invoice", "CreditMemo", "RefundReceipt", "Payment"), "transaction"),
    **dict.fromkeys(("Purchase", "Transfer", "Deposit", "Bill", "InventoryAdjustment"), "transaction"),
}

# Seen to move the LastUpdatedTime of the items that they sell, when they are made.
_SEEN_TO_TOUCH = frozenset({"SalesReceipt", "Invoice"})

# What the API calls the list when it says that a reference does not exist (2500).
_LIST_NAMES = {
    "Customer": "Names",
    "Vendor": "Names",
    "Employee": "Names",
    "Item": "Items",
    "Account": "Accounts",
    "Class": "Klasses",
    "Department": "Departments",
    "PaymentMethod": "PaymentMethods",
    "Term": "Terms",
    "TaxCode": "TaxCodes",
    "TaxRate": "TaxRates",
}

# References that are answered with the name of what they point to; all others carry the value alone.
_NAMED = {
    "CustomerRef": "Customer",
    "ItemRef": "Item",
    "DepositToAccountRef": "Account",
    "IncomeAccountRef": "Account",
    "ExpenseAccountRef": "Account",
    "AssetAccountRef": "Account",
    "DiscountAccountRef": "Account",
    "AccountRef": "Account",
    "FromAccountRef": "Account",
    "ToAccountRef": "Account",
    "PaymentMethodRef": "PaymentMethod",
    "ClassRef": "Class",
    "DepartmentRef": "Department",
}


@dataclass(frozen=True, kw_only=True)
class Effects:
    """What a record does to the rest of the company for as long as it stands."""

    journal: Journal = field(default_factory=dict)
    foreign: Mapping[str, Decimal] = field(default_factory=dict)  # accounts in other currencies -> amount in their own
    opening: Decimal = ZERO  # units an item began with or was adjusted by
    stock: Mapping[str, Decimal] = field(default_factory=dict)  # item id -> units
    owed: Mapping[str, Decimal] = field(default_factory=dict)  # customer id -> change of the open balance
    applied: Mapping[DocumentKey, Applied] = field(default_factory=dict)  # a payment: document -> what it settles
    deposited: frozenset[DocumentKey] = frozenset()  # a deposit: what it brings to the bank


NOTHING = Effects()


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A record as a builder wants it: `asked` is what later sparse updates start from, `keys` must be unique."""

    asked: JsonObject
    shown: JsonObject
    effects: Effects = NOTHING
    keys: tuple[UniqueKey, ...] = ()


@dataclass(kw_only=True)
class Record:
    entity: str
    id: str
    created: dt.datetime
    updated: dt.datetime
    sync_token: int = 0
    updates: int = 0  # by the API; what a person changed and payments moved counts in sync_token alone
    asked: JsonObject = field(default_factory=dict)
    shown: JsonObject = field(default_factory=dict)
    effects: Effects = NOTHING
    keys: tuple[UniqueKey, ...] = ()
    running: Decimal = ZERO  # units on hand of an item, open balance of a customer
    links: dict[str, Applied] = field(default_factory=dict)  # by payment id, on what payments settle
    deposit: str | None = None  # the id of the one it is in
    reconciled: bool = False

    @property
    def key(self) -> DocumentKey:
        return self.entity, self.id

    @property
    def active(self) -> bool:
        return self.shown.get("Active") is not False

    @property
    def open_amount(self) -> Decimal:
        """What is left to settle of an invoice, a credit memo or money sent back."""
        return self._on_account - sum((link.amount for link in self.links.values()), ZERO)

    @property
    def open_at_home(self) -> Decimal:
        """The same as it stands in the receivables, in home currency."""
        total = money(self._on_account * self.shown.get("ExchangeRate", 1))
        return total - sum((link.home for link in self.links.values()), ZERO)

    @property
    def _on_account(self) -> Decimal:
        """What of it stands in the receivables, whichever side it is on."""
        return abs(sum(self.effects.owed.values(), ZERO))


class State:
    """`clock` gives epoch seconds; `fresh` holds what the running batch has made, which its other items cannot see."""

    def __init__(self, *, kind: str, home_currency: str, clock: Callable[[], float] = time.time) -> None:
        self.kind = kind
        self.country = COUNTRIES[kind]
        self.home_currency = home_currency
        self.clock = clock
        self.clock_skew = 0.0
        self.books = Books()
        self.foreign = Books()  # the accounts kept in other currencies, in their own; it does not balance by itself
        self.preferences: JsonObject = {}
        self.roles: dict[str, str] = {}  # receivable, undeposited, tax agency 1, … -> account id
        self.warn_duplicates = True
        self.accents_count = True
        self.honours_tax_override = True
        self.honours_exchange_rate = True
        self.carries_rates = True
        self.liabilities_below_zero = False
        self.guards_reconciled = False
        self.frees_overpaid = False
        self.null_clears = True
        self.derived_times = True
        self.type_filter = True
        self.tax_rounding: Literal["rate", "line"] = "rate"
        self.tax_override_limit: Decimal | None = Decimal("0.01")
        self.last_number = "1000"
        self.user = "Sam Example"
        self.fresh: set[DocumentKey] = set()
        self._records: dict[str, dict[str, Record]] = {}
        self._owners: dict[UniqueKey, list[DocumentKey]] = {}
        self._last_ids: dict[str, int] = {}
        self._jobs: dict[str, set[str]] = {}  # customer id -> ids of its sub-customers

    def now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.clock() + self.clock_skew, COMPANY_ZONE)

    @property
    def multicurrency(self) -> bool:
        return bool(self.preference("CurrencyPrefs", "MultiCurrencyEnabled"))

    def preference(self, section: str, name: str) -> Any:
        return self.preferences.get(section, {}).get(name)

    def same_name(self, name: str) -> str:
        """What two names of people are told apart by."""
        folded = name.casefold()
        if self.accents_count:
            return folded
        return "".join(letter for letter in normalize("NFD", folded) if not combining(letter))

    # -- records

    def records(self, entity: str) -> Iterator[Record]:
        yield from self._records.get(entity, {}).values()

    def find(self, entity: str, record_id: str) -> Record | None:
        return self._records.get(entity, {}).get(record_id)

    def get(self, entity: str, record_id: str) -> Record:
        """Raises 610."""
        record = self.find(entity, record_id)
        if record is None:
            raise errors.not_found()
        return record

    def refer(self, entity: str, reference: JsonObject) -> Record:
        """The active record that a reference of a new document points to. Raises 2500 or 610."""
        value = reference["value"]
        record = self.find(entity, value)
        if record is None or (entity, value) in self.fresh:
            raise errors.no_such_reference(_LIST_NAMES[entity], value)
        if not record.active:
            raise errors.not_found()
        return record

    def named(self, entity: str, name: str) -> Record:
        """Raises KeyError."""
        for record in self.records(entity):
            if name in (record.shown.get("Name"), record.shown.get("DisplayName")):
                return record
        raise KeyError(f"{entity} {name!r}")

    def owner(self, key: UniqueKey) -> Record | None:
        owners = self._owners.get(key)
        return self.find(*owners[0]) if owners else None

    def new_id(self, entity: str) -> str:
        sequence = _SEQUENCES.get(entity, entity)
        self._last_ids[sequence] = self._last_ids.get(sequence, 0) + 1
        return str(self._last_ids[sequence])

    def put(self, record: Record, draft: Draft) -> None:
        """The one place where a record changes: contents, unique keys, ledger, stock, balances and links together."""
        self._records.setdefault(record.entity, {})[record.id] = record
        self._replace_effects(record, draft.effects)
        self._disown(record)
        record.asked, record.shown, record.keys = draft.asked, draft.shown, draft.keys
        for key in record.keys:
            self._owners.setdefault(key, []).append(record.key)
        if record.entity == "Customer" and "ParentRef" in record.shown:
            self._jobs.setdefault(record.shown["ParentRef"]["value"], set()).add(record.id)
        record.updated = self.now()

    def remove(self, record: Record) -> None:
        self._replace_effects(record, NOTHING)
        self._disown(record)
        del self._records[record.entity][record.id]

    def _disown(self, record: Record) -> None:
        for key in record.keys:
            self._owners[key].remove(record.key)

    def _replace_effects(self, record: Record, new: Effects) -> None:
        old = record.effects
        record.running += new.opening - old.opening
        made = not record.shown
        touching = self.derived_times or (made and record.entity in _SEEN_TO_TOUCH)
        self._move("Item", old.stock, new.stock, touching=touching)
        self._move("Customer", old.owed, new.owed, touching=True)
        self._link(record.id, old.applied, new.applied)
        self._bring_to_the_bank(record.id, old.deposited, new.deposited)
        self.books.write(record.key, new.journal)
        self.foreign.write(record.key, new.foreign)
        record.effects = new

    def _move(self, entity: str, old: Mapping[str, Decimal], new: Mapping[str, Decimal], *, touching: bool) -> None:
        """Derived amounts leave the SyncToken alone, as recorded for items and customers; `touching`: they move
        LastUpdatedTime."""
        for record_id in {**old, **new}:
            record = self.get(entity, record_id)
            record.running += new.get(record_id, ZERO) - old.get(record_id, ZERO)
            if touching:
                record.updated = self.now()

    def _link(self, payment: str, old: Mapping[DocumentKey, Applied], new: Mapping[DocumentKey, Applied]) -> None:
        """A payment moves the SyncToken of what it settles."""
        for key in {**old, **new}:
            record = self.find(*key)
            if record is None or old.get(key) == new.get(key):
                continue
            record.links.pop(payment, None)
            if key in new:
                record.links[payment] = new[key]
            record.sync_token += 1
            record.updated = self.now()

    def _bring_to_the_bank(self, deposit: str, old: frozenset[DocumentKey], new: frozenset[DocumentKey]) -> None:
        for key in old ^ new:
            record = self.get(*key)
            record.deposit = deposit if key in new else None
            record.sync_token += 1
            record.updated = self.now()

    # -- what the API shows

    def bare(self, record: Record) -> JsonObject:
        """The record as the API shows it, references without names."""
        if record.entity == "ExchangeRate":
            return {
                **record.shown,
                "domain": "QBO",
                "sparse": False,
                "SyncToken": str(record.sync_token),
                "MetaData": {"LastUpdatedTime": stamp(record.updated)},
            }
        return {
            **record.shown,
            **self._derived(record),
            "domain": "QBO",
            "sparse": False,
            "Id": record.id,
            "SyncToken": str(record.sync_token),
            "MetaData": {"CreateTime": stamp(record.created), "LastUpdatedTime": stamp(record.updated)},
        }

    def value(self, record: Record, name: str) -> Any:
        """One top-level property as a query sees it; cheaper than the whole record."""
        if name in record.shown and name not in _DERIVED_NAMES:
            return record.shown[name]
        return self.bare(record).get(name)

    def jobs(self, customer: Record) -> Iterator[Record]:
        for job in self._jobs.get(customer.id, ()):
            record = self.get("Customer", job)
            if record.shown.get("ParentRef", {}).get("value") == customer.id:
                yield record

    def show(self, record: Record) -> JsonObject:
        """The record as the API shows it; the answer shares nothing with the state."""
        shown: JsonObject = self._named_copy(self.bare(record))
        if record.entity == "Payment":
            _drop_names(shown, ("DepositToAccountRef", "PaymentMethodRef"))
        return shown

    def _named_copy(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._reference(key, each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._named_copy(each) for each in value]
        return value

    def _reference(self, key: str, value: Any) -> Any:
        if key == "CurrencyRef":
            return {**value, "name": CURRENCIES.get(value["value"], value["value"])}
        if key == "EntityRef":
            party = self.find(value["type"], value["value"])
            return {**value, "name": party.shown["DisplayName"]} if party else value
        if key not in _NAMED:
            return self._named_copy(value)
        record = self.find(_NAMED[key], value["value"])
        if record is None:
            return {"value": value["value"]}
        name = record.shown.get("FullyQualifiedName") or record.shown.get("Name")
        return {"value": value["value"], "name": name}

    def _derived(self, record: Record) -> JsonObject:
        derive = _DERIVED.get(record.entity)
        return derive(self, record) if derive else {}


def stamp(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _drop_names(shown: JsonObject, references: tuple[str, ...]) -> None:
    for name in references:
        if name in shown:
            shown[name] = {"value": shown[name]["value"]}


def _item(_: State, record: Record) -> JsonObject:
    return {"QtyOnHand": plain(record.running)} if record.shown["Type"] == "Inventory" else {}


def _customer(state: State, record: Record) -> JsonObject:
    family = record.running + sum((_customer(state, job)["BalanceWithJobs"] for job in state.jobs(record)), ZERO)
    return {"Balance": money(record.running), "BalanceWithJobs": money(family)}


def _account(state: State, record: Record) -> JsonObject:
    sign = 1 if record.shown["Classification"] in {"Asset", "Expense"} else -1
    if record.shown["Classification"] == "Liability" and state.liabilities_below_zero:
        sign = 1
    foreign = record.shown["CurrencyRef"]["value"] != state.home_currency
    balance = money(sign * (state.foreign if foreign else state.books).balance(record.id))
    return {"CurrentBalance": balance, "CurrentBalanceWithSubAccounts": balance}


def _invoice(_: State, record: Record) -> JsonObject:
    return {"Balance": money(record.open_amount), **_home_balance(record), "LinkedTxn": _links(record)}


def _credit_memo(state: State, record: Record) -> JsonObject:
    left = money(record.open_amount)
    return {"Balance": left, **_home_balance(record), "RemainingCredit": left, **_linked(state, record)}


def _linked(_: State, record: Record) -> JsonObject:
    links = _links(record)
    return {"LinkedTxn": links} if links else {}


def _links(record: Record) -> list[JsonObject]:
    """The payments that settle it, and the deposit that it is in: by that alone a locked one is known."""
    found = [{"TxnId": payment, "TxnType": "Payment"} for payment in record.links]
    return [*found, {"TxnId": record.deposit, "TxnType": "Deposit"}] if record.deposit else found


def _home_balance(record: Record) -> JsonObject:
    return {"HomeBalance": money(record.open_at_home)} if "HomeTotalAmt" in record.shown else {}


_DERIVED: Mapping[str, Callable[[State, Record], JsonObject]] = {
    "Item": _item,
    "Customer": _customer,
    "Account": _account,
    "Invoice": _invoice,
    "CreditMemo": _credit_memo,
    **dict.fromkeys(("SalesReceipt", "RefundReceipt", "Payment", "Purchase"), _linked),
}
_DERIVED_NAMES = frozenset(
    {"Balance", "HomeBalance", "BalanceWithJobs", "RemainingCredit", "QtyOnHand", "CurrentBalance"}
)
