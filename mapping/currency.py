"""Orders in another currency than the company's: which can be posted, and at which rate. An exchange rate is home units
for one of the order's currency, as QuickBooks has it; the shop prints the opposite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from typing import Any

from cartledger.errors import Problem
from cartledger.money import cents
from cartledger.records import Order
from cartledger.settings import Connection
from mapping.company import Account, Company
from mapping.decision import Fact, Needs

PAR = Decimal(1)

_DIGITS = Context(prec=6)  # significant ones that the shop prints, and that a rate turned round is worth
_LEAST, _MOST = Decimal("1e-8"), Decimal("1e8")
_FAR = Decimal("1.25")
"""How many times QuickBooks' rate the shop's may be, or the other way round: shops add margins and update rarely."""

_AT_PAR = (
    frozenset({"USD", "BMD", "BSD", "PAB"}),
    frozenset({"GBP", "FKP", "GIP", "SHP"}),
    frozenset({"ZAR", "LSL", "NAD", "SZL"}),
    frozenset({"SGD", "BND"}),
    frozenset({"INR", "BTN"}),
)
"""Currencies pegged one to one. Of others QuickBooks answers 1 where it holds no rate."""


@dataclass(frozen=True, kw_only=True)
class DayRate:
    """The company's rate of a currency on a day; None where it knows none."""

    day: date
    rate: Decimal | None


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What an order's documents are in. `rates` are those of their days; empty in home currency."""

    currency: str
    rates: Mapping[date, Decimal]

    def fields(self, day: date) -> dict[str, Any]:
        """What a document of `day` says of its currency. A foreign one without a rate might be booked at 1."""
        rate = {"ExchangeRate": self.rates[day]} if self.rates else {}
        return {"CurrencyRef": {"value": self.currency}, **rate}


def currency_problems(order: Order, connection: Connection, company: Company) -> Iterator[Problem]:
    """What keeps an order in its currency from being posted, whatever the rate."""
    if order.currency == company.home_currency:
        return
    if not order.currency or not company.multicurrency:
        yield Problem(
            code="foreign_currency",
            text=f"The order is in {order.currency or 'no currency'}, the company's books are in "
            f"{company.home_currency}.",
            fix="Switch on multicurrency in QuickBooks (for ever), or enter the sale by hand and ignore the order.",
        )
    elif connection.sales.exchange_rate == "shop" and order.store_currency != company.home_currency:
        yield Problem(
            code="shop_rate_unusable",
            text=f"The shop's exchange rates are of {order.store_currency or 'no currency'}, the company's books are "
            f"in {company.home_currency}.",
            fix='Set sales.exchange_rate = "company".',
        )


def thousandths(order: Order) -> Iterator[Problem]:
    """QuickBooks has two decimals in every currency; some currencies have three."""
    total, tax = order.total.inc, order.total.tax
    if total != cents(total) or tax != cents(tax):
        yield Problem(
            code="below_a_cent",
            text=f"The order comes to {total} {order.currency}, {tax} of it tax; QuickBooks takes two decimals.",
            fix="Enter the sale by hand, then ignore the order.",
        )


def decide_exchange(
    order: Order, days: Iterable[date], rates: Iterable[DayRate] | None, connection: Connection, company: Company
) -> Exchange | Needs | Problem:
    """Currency and rates of documents that bear `days`, the sale's first. `rates` are None while unread; where one of
    the days is not among them, all are asked for."""
    if order.currency == company.home_currency:
        return Exchange(currency=order.currency, rates={})
    every, by_shop = tuple(dict.fromkeys(days)), connection.sales.exchange_rate == "shop"
    asked = every[:1] if by_shop else every
    told = {each.day: each.rate for each in rates or ()}
    if not told.keys() >= set(asked):
        return Needs(fact=Fact.EXCHANGE_RATES, days=tuple(dict.fromkeys((*told, *asked))))
    known = {day: rate for day in asked if (rate := _rate(told.get(day), order.currency, company.home_currency))}
    for day in asked:
        if day not in known:
            return _no_rate(order.currency, day)
    if not by_shop:
        return Exchange(currency=order.currency, rates=known)
    rate = _shops_rate(order.exchange_rate, known[every[0]])
    if rate is None:
        return _implausible(order, known[every[0]], company.home_currency)
    return Exchange(currency=order.currency, rates=dict.fromkeys(every, rate))


def check_account(account: Account, currency: str, company: Company) -> Problem | None:
    """QuickBooks takes money only into accounts in home currency or the document's."""
    if account.currency in ("", company.home_currency, currency):
        return None
    return Problem(
        code="account_currency",
        text=f'The account "{account.name}" is in {account.currency}; money in {currency} can go to one in {currency} '
        f"or {company.home_currency}.",
        fix=f"Name one in payments.default_accounts.{currency}, or in the accounts of the payment method.",
    )


def _rate(told: Decimal | None, currency: str, home: str) -> Decimal | None:
    """What QuickBooks told, unless it stands for no rate at all."""
    if told is None or told <= 0:
        return None
    return told if told != PAR or any({currency, home} <= pegged for pegged in _AT_PAR) else None


def _shops_rate(printed: Decimal, known: Decimal) -> Decimal | None:
    """The shop's rate turned round, None where it is nowhere near the one that QuickBooks knows.

    The shop's documentation does not say which way its figure goes. By its name and example it is units of the order's
    currency for one of the store's. Where it lies nearer to QuickBooks' rate as it stands, it is taken as it stands:
    what is booked is then never further from that rate than what the shop meant.
    """
    if not _LEAST <= printed <= _MOST:
        return None
    nearer = min((PAR / printed, printed), key=lambda rate: _times(rate, known))
    return _DIGITS.create_decimal(nearer).normalize() if _times(nearer, known) <= _FAR else None


def _times(rate: Decimal, other: Decimal) -> Decimal:
    return max(rate / other, other / rate)


def _no_rate(currency: str, day: date) -> Problem:
    return Problem(
        code="no_exchange_rate",
        text=f"QuickBooks holds no exchange rate of {currency} for {day}.",
        fix=f"Add {currency} to the company's currencies and enter the rate of that day, then retry.",
    )


def _implausible(order: Order, known: Decimal, home: str) -> Problem:
    return Problem(
        code="implausible_exchange_rate",
        text=f"The shop's exchange rate of {home} to {order.currency} is {order.exchange_rate:f}; in QuickBooks one "
        f"{order.currency} is {known:f} {home}.",
        fix='Correct the rate in the shop\'s currency settings, or set sales.exchange_rate = "company".',
    )
