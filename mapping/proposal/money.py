"""Where the money of the shop's payment methods goes, by the names of the company's accounts and payment methods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cartledger.settings import Connection
from mapping.checks.methods_seen import SeenMethod
from mapping.checks.named import check_money_account
from mapping.company import Account, Company, Miss, find, fold
from mapping.proposal.proposed import Found, Open, Proposed

_UNDEPOSITED = "UndepositedFunds"
_DEFAULT_ACCOUNTS = (
    "Card clearing",
    "Credit card clearing",
    "Merchant clearing",
    "Payment clearing",
    "Payments clearing",
    "BigCommerce clearing",
    "Stripe clearing",
    "Clearing",
    "Clearing account",
)
_CARDS = ("Credit Card", "Card", "Visa", "MasterCard")


@dataclass(frozen=True, kw_only=True)
class _Way:
    """Methods of the shop that have one of `words` in their name: what their account and QuickBooks' method may be
    called, and whether the shop is never told that the money came."""

    words: tuple[str, ...]
    accounts: tuple[str, ...] = ()
    quickbooks: tuple[str, ...] = ()
    offline: bool = False


_WAYS = (
    _Way(words=("paypal",), accounts=("PayPal clearing", "PayPal"), quickbooks=("PayPal",)),
    _Way(words=("amazon pay",), accounts=("Amazon Pay clearing", "Amazon Pay"), quickbooks=("Amazon Pay",)),
    _Way(
        words=("cash", "pay in store", "pay on"),
        accounts=("Cash clearing", "Cash on hand", "Till"),
        quickbooks=("Cash",),
        offline=True,
    ),
    _Way(words=("check", "cheque", "money order"), quickbooks=("Check", "Cheque"), offline=True),
    _Way(
        words=("bank", "transfer", "deposit", "wire"),
        accounts=("Bank clearing", "Bank transfers", "Bank deposits"),
        quickbooks=("Bank transfer", "Wire transfer", "Direct credit", "EFT", "Check", "Cheque"),
        offline=True,
    ),
    _Way(words=("card", "visa", "mastercard", "stripe", "square", "braintree", "authorize"), quickbooks=_CARDS),
)
_LEFT_OUT = frozenset({"", "test payment gateway", "gift certificate", "store credit", "amazon", "ebay"})
"""Methods of orders that rules leave out, or whose money is no provider's."""


def propose_money(seen: Sequence[SeenMethod], connection: Connection, company: Company) -> Iterator[Found]:
    """The account of all methods that are not listed, then each method that was seen. What `connection` says already
    stays. Where receipts are made, `sales.statuses` say when an offline method was paid."""
    home, currencies = company.home_currency, _others(seen, company)
    default = connection.payments.default_account or _default_account(company)
    if default is None:
        yield Open(
            key=("payments", "default_account"),
            text="No account is called as one for payments on their way is.",
            fix='Name an account of type Bank or Other Current Asset, or make one ("Card clearing").',
        )
    elif not connection.payments.default_account:
        yield Proposed(key=("payments", "default_account"), value=default, why="by its name, or what it is for")
    others = {currency: name for currency in currencies if (name := _named([default or ""], currency, company))}
    if others and not connection.payments.default_accounts:
        yield Proposed(key=("payments", "default_accounts"), value=others, why="by name and currency")
    methods = {
        name: row
        for name in _methods(seen)
        if (row := _row(name, connection, company, default=default, home=home, currencies=currencies))
    }
    if methods and not connection.payments.methods:
        yield Proposed(key=("payments", "methods"), value=methods, why="as the last orders were paid")


def _methods(seen: Iterable[SeenMethod]) -> list[str]:
    """Each once, in any case of letters, the most used first."""
    names: dict[str, str] = {}
    for one in seen:
        names.setdefault(fold(one.method), one.method)
    return [name for key, name in names.items() if key not in _LEFT_OUT]


def _others(seen: Iterable[SeenMethod], company: Company) -> list[str]:
    if not company.multicurrency:
        return []
    return sorted({one.currency for one in seen} - {"", company.home_currency})


def _row(
    name: str, connection: Connection, company: Company, *, default: str | None, home: str, currencies: Sequence[str]
) -> dict[str, Any]:
    """Empty where nothing about it differs from what counts for all."""
    way = next((way for way in _WAYS if any(word in fold(name) for word in way.words)), _Way(words=()))
    names = (f"{name} clearing", name, *way.accounts)
    account = _named(names, home, company) or (way.offline and _undeposited(company)) or default
    row: dict[str, Any] = {}
    if account and account != default:
        row["account"] = account
        own = (*names, f"{account}")
        if accounts := {currency: found for currency in currencies if (found := _named(own, currency, company))}:
            row["accounts"] = accounts
    if method := _payment_method((name, *way.quickbooks), company):
        row["method"] = method
    if way.offline and connection.sales.post_as == "invoice":
        row["paid_when"] = "status"
    return row


def _default_account(company: Company) -> str | None:
    return _named(_DEFAULT_ACCOUNTS, company.home_currency, company) or _undeposited(company)


def _named(names: Iterable[str], currency: str, company: Company) -> str | None:
    """The name of the first of these accounts that takes money in `currency`; of another one than the books' it bears
    that, too ("Card clearing EUR")."""
    foreign = currency != company.home_currency
    for name in (f"{name} {currency}" if foreign else name for name in names):
        account = find(company.accounts, name)
        if not isinstance(account, Miss) and _takes(account, currency, company):
            return account.name
    return None


def _undeposited(company: Company) -> str | None:
    """QuickBooks' own account for money that is not in the bank yet, whatever its language calls it."""
    found = (account for account in company.accounts_by_id.values() if account.subtype == _UNDEPOSITED)
    return next((each.name for each in found if each.active and _takes(each, company.home_currency, company)), None)


def _takes(account: Account, currency: str, company: Company) -> bool:
    return not list(check_money_account((), account.name, currency, company))


def _payment_method(names: Iterable[str], company: Company) -> str | None:
    found = (find(company.payment_methods, name) for name in names)
    return next((each.name for each in found if not isinstance(each, Miss)), None)
