"""What mapping answers about one source: a closed set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from cartledger.errors import Problem
from cartledger.records import content_hash
from mapping.item import Product

_PROGRESS = {"ShipDate", "ShipMethodRef", "TrackingNum", "CustomField"}
_SETTINGS = {"ClassRef", "DepartmentRef", "CustomerMemo", "DueDate", "AllowOnlineCreditCardPayment"}
_BESIDE = frozenset({"DocNumber", "TxnDate", "ExchangeRate", "CustomerRef", *_PROGRESS, *_SETTINGS})
"""Fields, also of lines, that make no document another one: an order goes on its way, settings change, and what stands
keeps its day."""
_BESIDE_PAYMENTS = frozenset({"Line"})
"""A payment that stands is not another one because a later look has what it settles otherwise."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """One object to be made in QuickBooks, as decided.

    `name` is unique within the source (`document`, `payment`); those of `order` 0 are sent first. `body` is the
    entity's JSON with Decimals; where it needs the id of an earlier document it says `{"$ref": "document"}` in place
    of the id. `number` is its DocNumber (empty where it has none, or QuickBooks gives it one), `marker` ends its
    private note, `amount` is the TotalAmt it must be answered with, in the document's currency.
    """

    name: str
    order: int
    entity: str
    body: dict[str, Any]
    number: str
    marker: str
    amount: Decimal

    @property
    def hash(self) -> str:
        """Tells whether a document decided again is the one that stands (whose number may have got a suffix, its
        day's exchange rate another value, and whose customer may have been merged into another one)."""
        beside = _BESIDE | _BESIDE_PAYMENTS if self.entity == "Payment" else _BESIDE
        return content_hash({"entity": self.entity, "body": _without(beside, self.body)})


@dataclass(frozen=True, kw_only=True)
class Post:
    """The source becomes these documents. `rounding` is what the rounding line took (document currency).

    While there are no items of `wants`, the documents are a trial: they name no ids for them.
    """

    documents: tuple[Document, ...]
    rounding: Decimal
    notices: tuple[Problem, ...] = ()
    wants: tuple[Product, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Held:
    """The source cannot be posted as it is."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class Excluded:
    """A rule leaves the source out; `rule` is a sentence for a person."""

    rule: str


class Fact(StrEnum):
    """What an order does not bring along and only some orders need: one call for each."""

    TAXES = "taxes"  # its tax rows, /v2/orders/{id}/taxes?details=true
    TRANSACTIONS = "transactions"  # what its payments were, /v3/orders/{id}/transactions
    SHIPMENTS = "shipments"  # its tracking numbers, /v2/orders/{id}/shipments
    EXCHANGE_RATES = "exchange_rates"  # QuickBooks' of its currency on the days that its documents bear


@dataclass(frozen=True, kw_only=True)
class Needs:
    """A fact must be read to decide; `days` are those whose exchange rates are wanted."""

    fact: Fact
    days: tuple[date, ...] = ()


Decision = Post | Held | Excluded | Needs


def _without(names: frozenset[str], value: Any) -> Any:
    """`value` without the fields of those names, at any depth."""
    if isinstance(value, dict):
        return {name: _without(names, inner) for name, inner in value.items() if name not in names}
    return [_without(names, inner) for inner in value] if isinstance(value, list) else value
