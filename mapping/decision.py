"""What mapping answers about one source: a closed set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from cartledger.errors import Problem
from cartledger.money import ZERO
from cartledger.records import Operation
from mapping.fingerprint import hash_of, of_day
from mapping.item import Product


@dataclass(frozen=True, kw_only=True)
class Document:
    """One object to be made in QuickBooks, as decided.

    `name` is unique within the source (`document`, `payment`); those of `order` 0 are sent first. `body` is the
    entity's JSON with Decimals; where it needs the id of an earlier document it says `{"$ref": "document"}` in place
    of the id. `number` is its DocNumber (empty where it has none, or QuickBooks gives it one), `marker` ends its
    private note, `amount` is the TotalAmt it must be answered with, in the document's currency (0 for what is voided or
    deleted). What changes something that stands has its Id and SyncToken in the body, and in `whole` the hash of the
    document that stands then, if that tells anything. `own_day` is `Booked.own` (`mapping.closing`), `said` what the
    shop says of a form by group (`mapping.fingerprint`).
    """

    name: str
    entity: str
    body: dict[str, Any]
    number: str
    marker: str
    amount: Decimal
    order: int = 0
    operation: Operation = Operation.CREATE
    whole: str = ""
    own_day: date | None = None
    said: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def hash(self) -> str:
        """Tells whether a document decided again is the one that stands; see `mapping.fingerprint`."""
        if self.whole or self.operation is not Operation.CREATE:
            return self.whole
        return of_day(hash_of(self.entity, self.body, self.said), self.own_day)


def in_turn(documents: Iterable[Document]) -> tuple[Document, ...]:
    """To be sent one after the other."""
    return tuple(replace(document, order=place) for place, document in enumerate(documents))


@dataclass(frozen=True, kw_only=True)
class Post:
    """The source becomes these documents; none: everything stands already. `rounding` is what the rounding line took
    (document currency). `problems` are those for which the source is held once the documents stand.

    While there are no items of `wants`, the documents are a trial: they name no ids for them.
    """

    documents: tuple[Document, ...]
    rounding: Decimal = ZERO
    problems: tuple[Problem, ...] = ()
    notices: tuple[Problem, ...] = ()
    wants: tuple[Product, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Held:
    """The source cannot be posted as it is."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class Excluded:
    """A rule leaves the source out; `rule` is a sentence for a person. `early`: it was placed before the first day that
    is kept in step."""

    rule: str
    early: bool = False


class Fact(StrEnum):
    """What an order does not bring along and only some orders need: one call for each."""

    TAXES = "taxes"  # its tax rows, /v2/orders/{id}/taxes?details=true
    TRANSACTIONS = "transactions"  # what its payments were, /v3/orders/{id}/transactions
    SHIPMENTS = "shipments"  # its tracking numbers, /v2/orders/{id}/shipments
    EXCHANGE_RATES = "exchange_rates"  # QuickBooks' of its currency on the days that its documents bear
    INVOICE = "invoice"  # its invoice as it stands in QuickBooks
    RESTOCKS = "restocks"  # whether the shop puts back to stock what is refunded, /v3/settings/inventory


@dataclass(frozen=True, kw_only=True)
class Needs:
    """A fact must be read to decide; `days` are those whose exchange rates are wanted."""

    fact: Fact
    days: tuple[date, ...] = ()


Decision = Post | Held | Excluded | Needs
